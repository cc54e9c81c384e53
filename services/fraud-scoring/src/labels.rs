//! What was learned later about which orders were fraud: in Redis, and the twin of its scripts in plain Rust. A property
//! test holds the two to each other. The keys are listed in `README.md`.

use std::{collections::BTreeMap, sync::LazyLock};

use orderflow::{
    events::FraudLabelled,
    fault::Fault,
    state::{Args, EffectScript, State},
};
use uuid::Uuid;

use crate::{
    sighting::{Fingerprint, Sighting},
    windows::DAY,
};

/// How long a label counts for later orders, in microseconds of their `placed_at`.
pub const COUNTS: i64 = 365 * DAY;
/// How many labels of one customer, card, device or address count: the newest.
pub const NEWEST: usize = 64;
/// How long a label is kept, in seconds: a backlog of orders still finds those that counted when they were placed.
const KEPT: i64 = 400 * 86_400;

static LABEL: LazyLock<EffectScript> = LazyLock::new(|| EffectScript::new(include_str!("label.lua")));
static LEARNED: LazyLock<EffectScript> = LazyLock::new(|| EffectScript::new(include_str!("learned.lua")));

/// A label as it is kept. Holds no id of a customer in clear.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// The order.
    pub order: Uuid,
    /// The event that labels it.
    pub event: Uuid,
    /// When it was labelled, microseconds since 1970 UTC.
    pub at: i64,
    /// Whether it was fraud.
    pub fraud: bool,
    /// Customer, card, device and address of the order; none where it names none.
    named: [Option<Fingerprint>; 4],
}

/// What labels say of whom and what an order names.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Learned {
    /// Of its customer's orders.
    pub customer: Tally,
    /// Of orders with its card.
    pub card: Tally,
    /// Of orders on its device; zeroes where the device is unknown.
    pub device: Tally,
    /// Of orders to its address.
    pub address: Tally,
}

/// How many orders turned out to be what.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Fraud.
    pub fraud: i64,
    /// Honest.
    pub honest: i64,
}

impl Label {
    /// The label that came by this event.
    #[must_use]
    pub fn of(event: Uuid, label: &FraudLabelled) -> Self {
        let device = label.device_hash.as_deref().map(|hash| Fingerprint::of("device", hash));
        let named = [
            Some(Fingerprint::of("customer", &label.customer_id)),
            Some(Fingerprint::of("card", &label.card_hash)),
            device,
            Some(Fingerprint::of("address", &label.address_hash)),
        ];
        let at = label.labelled_at.as_microsecond();
        Self { order: label.order_id, event, at, fraud: label.fraud, named }
    }

    /// How many seconds ago it was, at this time (seconds since 1970 UTC); 0 for one of the future.
    #[must_use]
    pub fn age(&self, now: i64) -> i64 {
        now.saturating_sub(self.at.div_euclid(1_000_000)).max(0)
    }

    fn push_to(&self, age: i64, args: &mut Args) {
        args.push(age)
            .push(self.order.simple().to_string())
            .push(self.event.simple().to_string())
            .push(self.at)
            .push(if self.fraud { "f" } else { "h" });
        for named in &self.named {
            args.push(named.as_ref().map(Fingerprint::key).unwrap_or_default());
        }
    }
}

/// Labels in Redis.
#[derive(Clone)]
pub struct Labels(State);

impl Labels {
    /// Those in this state, which may be under construction.
    #[must_use]
    pub fn new(state: State) -> Self {
        Self(state)
    }

    /// Takes note of labels, each with its age in seconds, in one call: in any sequence and any number of times, the
    /// newest of an order counts. Orders that are observed from then on hear of it.
    ///
    /// # Errors
    /// As [`State::call`].
    pub async fn take_note(&self, labels: &[(i64, Label)]) -> Result<(), Fault> {
        let mut args = Args::new();
        args.push(KEPT).push(labels.len());
        for (age, label) in labels {
            label.push_to(*age, &mut args);
        }
        self.0.call(&LABEL, args).await
    }

    /// What labels say of these orders, in their sequence.
    ///
    /// # Errors
    /// As [`State::call`].
    pub async fn learned(&self, orders: &[&Sighting]) -> Result<Vec<Learned>, Fault> {
        let mut args = Args::new();
        args.push(orders.len());
        for order in orders {
            args.push(order.placed - COUNTS);
            for named in order.named() {
                args.push(named.as_ref().map(Fingerprint::key).unwrap_or_default());
            }
        }
        let counts: Vec<[i64; 8]> = self.0.call(&LEARNED, args).await?;
        let learned = |[a, b, c, d, e, f, g, h]: [i64; 8]| Learned {
            customer: Tally { fraud: a, honest: b },
            card: Tally { fraud: c, honest: d },
            device: Tally { fraud: e, honest: f },
            address: Tally { fraud: g, honest: h },
        };
        Ok(counts.into_iter().map(learned).collect())
    }
}

/// Labels in memory: states what Redis must answer.
#[derive(Debug, Default)]
pub struct Labelled(BTreeMap<Uuid, Label>);

impl Labelled {
    /// Takes note of a label.
    pub fn take_note(&mut self, label: Label) {
        let newest = |label: &Label| (label.at, label.event);
        match self.0.get(&label.order) {
            Some(known) if newest(known) >= newest(&label) => {}
            _ => drop(self.0.insert(label.order, label)),
        }
    }

    /// What labels say of this order.
    #[must_use]
    pub fn learned(&self, order: &Sighting) -> Learned {
        let named = order.named();
        let tally =
            |kind: usize| named[kind].map(|named| self.tally(kind, named, order.placed)).unwrap_or_default();
        Learned { customer: tally(0), card: tally(1), device: tally(2), address: tally(3) }
    }

    fn tally(&self, kind: usize, named: Fingerprint, placed: i64) -> Tally {
        let counts = |label: &&Label| label.named[kind] == Some(named) && label.at > placed - COUNTS;
        let mut labels: Vec<&Label> = self.0.values().filter(counts).collect();
        labels.sort_by_key(|label| std::cmp::Reverse((label.at, !label.fraud, label.order)));
        let fraud = |tally: Tally, label: &&Label| match label.fraud {
            true => Tally { fraud: tally.fraud + 1, ..tally },
            false => Tally { honest: tally.honest + 1, ..tally },
        };
        labels.iter().take(NEWEST).fold(Tally::default(), fraud)
    }
}
