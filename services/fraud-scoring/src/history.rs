//! What earlier orders say about an order: counts and sums over the windows, the order itself not included.

use orderflow::fault::Fault;

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

impl History {
    /// Reads what `look_back()` in `windows.lua` writes: its shape, then whole numbers between spaces, in the fields'
    /// sequence. −1 stands for none.
    ///
    /// # Errors
    /// `Fatal` when the text is of another shape: scripts answer with this version's only.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        let numbers = text.strip_prefix(SHAPE).ok_or_else(unreadable)?;
        let numbers: Result<Vec<i64>, _> = numbers.split(' ').map(str::parse).collect();
        let numbers = numbers.map_err(|error| unreadable().caused_by(error))?;
        let (own, shared) = numbers.split_at_checked(OWN).ok_or_else(unreadable)?;
        let shared: Option<Vec<Shared>> = shared.chunks(SHARED).map(Shared::parse).collect();
        let shared: Option<[Shared; 4]> = shared.and_then(|shared| shared.try_into().ok());
        let [card, device, address, ip] = shared.ok_or_else(unreadable)?;
        let own = Self::parse_own(own).ok_or_else(unreadable)?;
        Ok(Self { card, device, address, ip, ..own })
    }

    /// The fields before those of [`Shared`].
    fn parse_own(numbers: &[i64]) -> Option<Self> {
        let &[
            known,
            same_currency,
            same_currency_total,
            spread,
            orders_60s,
            orders_1h,
            orders_24h,
            total_24h,
            largest_24h,
            small_300s,
            small_1h,
            other_cards_24h,
            with_this_card,
            with_device,
            on_this_device,
            to_this_address,
            to_this_country,
            near_this_hour,
            since_last,
        ] = numbers
        else {
            return None;
        };
        Some(Self {
            known,
            same_currency,
            same_currency_total,
            spread,
            orders_60s,
            orders_1h,
            orders_24h,
            total_24h,
            largest_24h: some(largest_24h),
            small_300s,
            small_1h,
            other_cards_24h,
            with_this_card,
            with_device,
            on_this_device,
            to_this_address,
            to_this_country,
            near_this_hour,
            since_last: some(since_last),
            ..Self::default()
        })
    }
}

impl Shared {
    fn parse(numbers: &[i64]) -> Option<Self> {
        let &[orders_60s, orders_1h, orders_24h, small_300s, small_1h, other_cards_24h, others_7d] = numbers
        else {
            return None;
        };
        Some(Self { orders_60s, orders_1h, orders_24h, small_300s, small_1h, other_cards_24h, others_7d })
    }
}

/// How a history of this shape begins; moves with every change of its fields, here and in `windows.lua`.
const SHAPE: &str = "2 ";
/// Numbers of the customer's own orders, and of those that share one thing.
const OWN: usize = 19;
const SHARED: usize = 7;

fn some(number: i64) -> Option<i64> {
    (number >= 0).then_some(number)
}

fn unreadable() -> Fault {
    Fault::fatal("stored_history_unreadable", "a history is not of this version's shape")
}

#[cfg(test)]
#[path = "history_tests.rs"]
mod tests;
