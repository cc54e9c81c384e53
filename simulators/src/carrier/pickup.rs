//! `POST /v1/pickups`: book a van for a window; whoever asks for the same window joins it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::book::{Decision, Moment};
use crate::call::Change;
use crate::carrier::{Carrier, Entry, problem};

const LONGEST_DEPOT: usize = 100;

/// When and where: the request, and what makes two pickups the same.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Window {
    /// From when on.
    pub window_start: Timestamp,
    /// Until when.
    pub window_end: Timestamp,
    /// The shop's loading door.
    pub depot: String,
}

impl Change for Window {}

/// A booked pickup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pickup {
    /// `pku_…`
    pub pickup_id: String,
    /// When and where.
    #[serde(flatten)]
    pub window: Window,
}

/// Books the window, or joins the booking there is.
pub fn decide(carrier: &Carrier, window: Window, moment: &Moment) -> Decision<Entry> {
    if window.window_start >= window.window_end {
        return Decision::Answer(problem::invalid("window_end", "The window ends before it starts."));
    }
    if !(1..=LONGEST_DEPOT).contains(&window.depot.len()) {
        return Decision::Answer(problem::invalid("depot", "A depot has 1 to 100 characters."));
    }
    if let Some(booked) = carrier.pickups.get(&window) {
        return Decision::Answer(<Carrier as crate::book::Simulator>::answer(booked));
    }
    let pickup_id = moment.id("pku", &window.depot);
    Decision::Record(Entry::Pickup(Pickup { pickup_id, window }))
}
