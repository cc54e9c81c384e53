//! The vectors of orders that are read again from the log, as the service had them when it decided, without Redis.

use std::collections::{HashMap, VecDeque};

use orderflow::events::Order;
use uuid::Uuid;

use crate::{
    features::Features,
    sighting::Sighting,
    vector::{self, LEN},
    windows::{DAY, Windows},
};

/// So many orders are remembered by their event: a repeat within them gets the vector it got first.
const REMEMBERED: usize = 100_000;

/// Recomputes vectors by the code that decides: the same [`Windows`] as the scripts', the same [`Features::of`], the
/// same [`vector()`](vector::vector()). Orders must come in the sequence in which the service read them.
///
/// Keeps in memory what Redis keeps: of each customer at most 256 orders of 91 d, of each card, device, address and
/// network address at most 32 of 8 d, 56 bytes for each of them; windows that have ended are forgotten once a day of
/// `placed_at`. So it grows with the customers of three months, not with the length of the log. Vectors of the last
/// 100,000 orders come on top, about 20 MB.
#[derive(Debug)]
pub struct Replay {
    windows: Windows,
    small: i64,
    /// The newest `placed_at` there was when windows were last forgotten, microseconds.
    swept: i64,
    answered: HashMap<Uuid, [f32; LEN]>,
    sequence: VecDeque<Uuid>,
}

impl Replay {
    /// A replay that has seen nothing. Charges up to `small` (minor units) are small ones: the service's
    /// `FRAUD_SMALL_AMOUNT`.
    #[must_use]
    pub fn new(small: i64) -> Self {
        Self {
            windows: Windows::default(),
            small,
            swept: i64::MIN,
            answered: HashMap::new(),
            sequence: VecDeque::new(),
        }
    }

    /// The vector of the order that came by this event, by what was seen before; then the order is seen too. A repeat
    /// of the event gets the same and is not seen again.
    pub fn vector(&mut self, event: Uuid, order: &Order) -> [f32; LEN] {
        if let Some(answered) = self.answered.get(&event) {
            return *answered;
        }
        let history = self.windows.look_back(&Sighting::of(event, order), self.small);
        self.forget_ended(order.placed_at.as_microsecond());
        let vector = vector::vector(&Features::of(order, &history));
        self.remember(event, vector);
        vector
    }

    /// How many customers, cards, devices, addresses and network addresses are remembered, all together.
    #[must_use]
    pub fn remembered(&self) -> usize {
        self.windows.count()
    }

    fn forget_ended(&mut self, placed: i64) {
        if placed >= self.swept.saturating_add(DAY) {
            self.windows.forget_ended(placed);
            self.swept = placed;
        }
    }

    fn remember(&mut self, event: Uuid, vector: [f32; LEN]) {
        self.answered.insert(event, vector);
        self.sequence.push_back(event);
        if self.sequence.len() > REMEMBERED
            && let Some(oldest) = self.sequence.pop_front()
        {
            self.answered.remove(&oldest);
        }
    }
}
