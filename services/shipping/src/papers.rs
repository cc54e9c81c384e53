//! What was stored and booked for each order, so that a repeat says the same.
//!
//! | key | holds |
//! |---|---|
//! | `papers:<order id>` | hash: `stored` (µs), `pickup` ([`Pickup`] as JSON) |

use std::sync::LazyLock;

use jiff::Timestamp;
use orderflow::{
    fault::Fault,
    state::{Args, EffectScript, State},
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    standing::micros,
    states::{LIFE, unknown},
};

static PAPERS: LazyLock<EffectScript> = LazyLock::new(|| EffectScript::new(include_str!("papers.lua")));

/// What is done for one order so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Papers {
    /// When the documents were stored.
    pub stored_at: Option<Timestamp>,
    /// The pickup that was booked.
    pub pickup: Option<Pickup>,
}

/// A booked pickup: the fields of `PickupScheduled`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Pickup {
    pub pickup_id: String,
    #[serde(with = "micros")]
    pub window_start: Timestamp,
    #[serde(with = "micros")]
    pub window_end: Timestamp,
    #[serde(with = "micros")]
    pub scheduled_at: Timestamp,
}

/// The papers of all orders.
#[derive(Clone)]
pub struct Folder(State);

impl Folder {
    /// Those in this service's Redis state.
    #[must_use]
    pub fn new(state: State) -> Self {
        Self(state)
    }

    /// Keeps what was done, and answers what holds for each order, in their order: the first of everything. Empty
    /// papers only ask.
    ///
    /// # Errors
    /// Those of [`State::call`]; `Fatal` when a state is not one of ours.
    pub async fn keep(&self, done: &[(Uuid, Papers)]) -> Result<Vec<Papers>, Fault> {
        let mut args = Args::new();
        args.push(LIFE).push(done.len());
        for (order, papers) in done {
            let stored = papers.stored_at.map(|at| at.as_microsecond().to_string()).unwrap_or_default();
            let pickup = papers.pickup.as_ref().map(serde_json::to_string).transpose();
            let pickup = pickup.map_err(|error| unknown().caused_by(error))?.unwrap_or_default();
            args.push(order.to_string()).push(stored).push(pickup);
        }
        let held: Vec<String> = self.0.call(&PAPERS, args).await?;
        held.chunks(2).map(read).collect()
    }
}

fn read(held: &[String]) -> Result<Papers, Fault> {
    let [stored, pickup] = held else { return Err(unknown()) };
    let stored_at = match stored.as_str() {
        "" => None,
        us => {
            let us = us.parse().map_err(|_| unknown())?;
            Some(Timestamp::from_microsecond(us).map_err(|_| unknown())?)
        }
    };
    let pickup = match pickup.as_str() {
        "" => None,
        json => Some(serde_json::from_str(json).map_err(|error| unknown().caused_by(error))?),
    };
    Ok(Papers { stored_at, pickup })
}
