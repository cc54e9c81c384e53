//! Windows of recent orders, and what they say of the next one: of what Redis held before a batch, or from a log without
//! Redis. The twin of `windows.lua`, which keeps them.

use std::collections::HashMap;

use crate::{
    history::History,
    sighting::{Fingerprint, Mark, Sighting},
};

mod counts;
mod touched;

pub(crate) use touched::Touched;

/// One second, in the microseconds of `placed_at`.
pub const SECOND: i64 = 1_000_000;
/// One hour, in microseconds.
pub const HOUR: i64 = 3_600 * SECOND;
/// One day, in microseconds.
pub const DAY: i64 = 24 * HOUR;
/// How much later than its successors an order may arrive and still find its windows whole, in microseconds.
pub const LATE: i64 = DAY;

/// How far back a window reaches (microseconds) and how many orders it holds.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// An order this much earlier, or more, is outside.
    pub span: i64,
    /// The newest so many are kept.
    pub cap: usize,
}

/// Of a customer's own orders: the profile.
pub const OWN: Bounds = Bounds { span: 90 * DAY, cap: 256 };
/// Of orders that share a card, a device, an address or a network address.
pub const SHARED: Bounds = Bounds { span: 7 * DAY, cap: 32 };

/// Every window there is.
#[derive(Debug, Default)]
pub struct Windows {
    by_key: HashMap<(Kind, Fingerprint), Vec<Seen>>,
}

/// What the orders of a window have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    Customer,
    Card,
    Device,
    Address,
    Ip,
}

/// An order in a window: what an entry in Redis says. Windows hold them by time, then by order. Those of what is shared
/// know only who ordered, with which card.
#[derive(Debug, Clone, Copy, Default)]
struct Seen {
    placed: i64,
    order: u64,
    amount: i64,
    customer: Mark,
    currency: Mark,
    card: Mark,
    device: Option<Mark>,
    address: Mark,
    country: Mark,
}

impl Windows {
    /// What the orders seen before say about this one, which is then seen too. Charges up to `small` (minor units)
    /// are small ones.
    pub fn look_back(&mut self, order: &Sighting, small: i64) -> History {
        let this = Seen::of(order);
        let mut see = |kind: Kind| self.see(kind, kind.of(order), this);
        let own = see(Kind::Customer);
        let mut look = |kind| counts::shared_history(&see(kind), &this, small);
        History {
            card: look(Kind::Card),
            device: look(Kind::Device),
            address: look(Kind::Address),
            ip: look(Kind::Ip),
            ..counts::own_history(&own, &this, small)
        }
    }

    /// How many windows there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.by_key.len()
    }

    /// Forgets the windows that ended before `now` (microseconds): in Redis their keys have ended too. An order that is
    /// at most a day late still finds all it would have found.
    pub fn forget_ended(&mut self, now: i64) {
        self.by_key.retain(|(kind, _), window| {
            window.last().is_some_and(|newest| newest.placed > now - kind.bounds().span - 2 * LATE)
        });
    }

    /// The orders of a window within its span before this one; then this one is added and the window trimmed.
    fn see(&mut self, kind: Kind, key: Option<Fingerprint>, this: Seen) -> Vec<Seen> {
        let Some(key) = key else { return Vec::new() };
        let Bounds { span, cap } = kind.bounds();
        let window = self.by_key.entry((kind, key)).or_default();
        let within = |earlier: &&Seen| {
            earlier.order != this.order
                && earlier.placed <= this.placed
                && this.placed - earlier.placed < span
        };
        let seen = window.iter().filter(within).copied().collect();
        if let Err(place) = window.binary_search_by_key(&this.key(), Seen::key) {
            window.insert(place, this);
        }
        let past = window.last().map_or(i64::MIN, |newest| newest.placed - span - LATE);
        let older = window.partition_point(|earlier| earlier.placed <= past);
        window.drain(..older.max(window.len().saturating_sub(cap)));
        seen
    }
}

impl Kind {
    const ALL: [Self; 5] = [Self::Customer, Self::Card, Self::Device, Self::Address, Self::Ip];

    fn bounds(self) -> Bounds {
        if self == Self::Customer { OWN } else { SHARED }
    }

    /// Names its keys.
    fn name(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Card => "card",
            Self::Device => "device",
            Self::Address => "address",
            Self::Ip => "ip",
        }
    }

    /// What an order has of this kind.
    fn of(self, order: &Sighting) -> Option<Fingerprint> {
        match self {
            Self::Customer => Some(order.customer),
            Self::Card => Some(order.card),
            Self::Device => order.device,
            Self::Address => Some(order.address),
            Self::Ip => order.ip,
        }
    }
}

impl Seen {
    fn of(order: &Sighting) -> Self {
        Self {
            placed: order.placed,
            order: order.order,
            amount: order.amount,
            customer: order.customer.mark(),
            currency: order.currency.mark(),
            card: order.card.mark(),
            // In an entry nothing is written as zero.
            device: order.device.as_ref().map(|device| device.mark().max(1)),
            address: order.address.mark(),
            country: order.country.mark(),
        }
    }

    fn key(&self) -> (i64, u64) {
        (self.placed, self.order)
    }
}
