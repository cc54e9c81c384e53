//! What earlier orders say about an order: counts and sums over the windows, the order itself not included.

use crate::labels::Learned;

/// What the customer's own earlier orders say, and those that share something with this one.
///
/// Only orders placed at or before this one count. "60 s", "300 s", "1 h", "24 h", "7 d" and "90 d" are windows over
/// `placed_at`, exact to the microsecond: an order exactly 60 s earlier is outside the 60 s.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct History {
    /// The customer's orders in 90 d, at most 256: the profile.
    pub known: i64,
    /// Those of the profile in this order's currency.
    pub same_currency: i64,
    /// Their sum, minor units.
    pub same_currency_total: i64,
    /// Their standard deviation, rounded down to whole minor units.
    pub spread: i64,
    /// The customer's orders in 60 s.
    pub orders_60s: i64,
    /// The customer's orders in 1 h.
    pub orders_1h: i64,
    /// The customer's orders in 24 h.
    pub orders_24h: i64,
    /// Their sum in this order's currency, minor units.
    pub total_24h: i64,
    /// The largest of them in this order's currency, minor units; none without any.
    pub largest_24h: Option<i64>,
    /// The customer's small charges in 300 s.
    pub small_300s: i64,
    /// The customer's small charges in 1 h.
    pub small_1h: i64,
    /// How many other cards the customer used in 24 h.
    pub other_cards_24h: i64,
    /// Those of the profile with this order's card.
    pub with_this_card: i64,
    /// Those of the profile that name a device.
    pub with_device: i64,
    /// Those of the profile on this order's device.
    pub on_this_device: i64,
    /// Those of the profile to this order's address.
    pub to_this_address: i64,
    /// Those of the profile to this order's country.
    pub to_this_country: i64,
    /// Those of the profile placed within 3 h of this order's time of day.
    pub near_this_hour: i64,
    /// Microseconds since the newest of the profile; none without any.
    pub since_last: Option<i64>,
    /// All customers' orders with this card.
    pub card: Shared,
    /// All customers' orders on this device.
    pub device: Shared,
    /// All customers' orders to this address.
    pub address: Shared,
    /// All customers' orders from this network address.
    pub ip: Shared,
    /// What was learned later about earlier orders; nothing where the history is computed without labels.
    pub labels: Learned,
}

/// What the orders of all customers say that share a card, a device, an address or a network address; the newest 32
/// are remembered, so no count exceeds that.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shared {
    /// Orders in 60 s.
    pub orders_60s: i64,
    /// Orders in 1 h.
    pub orders_1h: i64,
    /// Orders in 24 h.
    pub orders_24h: i64,
    /// Small charges in 300 s.
    pub small_300s: i64,
    /// Small charges in 1 h.
    pub small_1h: i64,
    /// Cards in 24 h other than this order's.
    pub other_cards_24h: i64,
    /// Customers in 7 d other than this order's.
    pub others_7d: i64,
}
