//! The twin of `windows.lua`: the same windows as plain data. Redis decides in production; this states what it must
//! answer, and computes the same histories from a log without Redis.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::{
    history::{History, Shared},
    sighting::{Fingerprint, Sighting},
};

/// One second, in the microseconds of `placed_at`.
pub const SECOND: i64 = 1_000_000;
/// One day, in microseconds.
pub const DAY: i64 = 86_400 * SECOND;
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
    by_key: HashMap<(&'static str, Fingerprint), Window>,
}

/// Orders by time, then by entry text, as a sorted set of Redis has them.
type Window = BTreeMap<(i64, String), Sighting>;

impl Windows {
    /// What the orders seen before say about this one, which is then seen too. Charges up to `small` (minor units)
    /// are small ones.
    pub fn look_back(&mut self, order: &Sighting, small: i64) -> History {
        let (currency, card, address) = (order.currency.mark(), order.card.mark(), order.address.mark());
        let device = order.device.as_ref().map(Fingerprint::mark).unwrap_or("--------");
        let entry = format!("{}|{currency}|{card}|{device}|{address}|{}", order.order, order.amount);
        let own = self.see("customer", Some(&order.customer), order, entry, OWN);
        let shared = format!("{}|{}|{}", order.order, order.customer.mark(), order.amount);
        let mut look = |kind, key: Option<&Fingerprint>| {
            shared_history(&self.see(kind, key, order, shared.clone(), SHARED), order, small)
        };
        History {
            card: look("card", Some(&order.card)),
            device: look("device", order.device.as_ref()),
            address: look("address", Some(&order.address)),
            ip: look("ip", order.ip.as_ref()),
            ..own_history(&own, order, small)
        }
    }

    /// The orders of a window within its span before this one; then this one is added and the window trimmed.
    fn see(
        &mut self,
        kind: &'static str,
        key: Option<&Fingerprint>,
        order: &Sighting,
        entry: String,
        bounds: Bounds,
    ) -> Vec<Sighting> {
        let Some(key) = key else { return Vec::new() };
        let window = self.by_key.entry((kind, key.clone())).or_default();
        let within = |earlier: &&Sighting| {
            earlier.order != order.order
                && earlier.placed <= order.placed
                && since(earlier, order) < bounds.span
        };
        let seen = window.values().filter(within).cloned().collect();
        window.insert((order.placed, entry), order.clone());
        while window.len() > bounds.cap {
            window.pop_first();
        }
        if let Some(((newest, _), _)) = window.last_key_value() {
            let past = newest - bounds.span - LATE;
            window.retain(|(placed, _), _| *placed > past);
        }
        seen
    }
}

fn since(earlier: &Sighting, order: &Sighting) -> i64 {
    order.placed - earlier.placed
}

/// How many there are, as histories count.
fn count<'a>(orders: impl IntoIterator<Item = &'a Sighting>, which: impl Fn(&'a Sighting) -> bool) -> i64 {
    orders.into_iter().filter(|order| which(order)).map(|_| 1).sum()
}

fn own_history(seen: &[Sighting], order: &Sighting, small: i64) -> History {
    let within = |span: i64| seen.iter().filter(move |earlier| since(earlier, order) < span);
    let same_currency = |earlier: &&Sighting| earlier.currency == order.currency;
    let cards: BTreeSet<&Fingerprint> = within(DAY).map(|earlier| &earlier.card).collect();
    History {
        known: count(seen, |_| true),
        same_currency: count(seen.iter().filter(same_currency), |_| true),
        same_currency_total: seen.iter().filter(same_currency).map(|earlier| earlier.amount).sum(),
        orders_60s: count(within(60 * SECOND), |_| true),
        orders_24h: count(within(DAY), |_| true),
        total_24h: within(DAY).filter(same_currency).map(|earlier| earlier.amount).sum(),
        small_300s: count(within(300 * SECOND), |earlier| earlier.amount <= small),
        other_cards_24h: cards.into_iter().filter(|card| **card != order.card).map(|_| 1).sum(),
        with_device: count(seen, |earlier| earlier.device.is_some()),
        on_this_device: count(seen, |earlier| earlier.device.is_some() && earlier.device == order.device),
        to_this_address: count(seen, |earlier| earlier.address == order.address),
        ..History::default()
    }
}

fn shared_history(seen: &[Sighting], order: &Sighting, small: i64) -> Shared {
    let within = |span: i64| seen.iter().filter(move |earlier| since(earlier, order) < span);
    let others: BTreeSet<&Fingerprint> = seen
        .iter()
        .map(|earlier| &earlier.customer)
        .filter(|customer| **customer != order.customer)
        .collect();
    Shared {
        orders_60s: count(within(60 * SECOND), |_| true),
        orders_24h: count(within(DAY), |_| true),
        small_300s: count(within(300 * SECOND), |earlier| earlier.amount <= small),
        others_7d: others.into_iter().map(|_| 1).sum(),
    }
}
