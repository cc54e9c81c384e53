//! What earlier orders say about an order: counts and sums over the windows, the order itself not included.

use orderflow::fault::Fault;

/// What the customer's own earlier orders say, and those that share something with this one.
///
/// Only orders placed at or before this one count. "60 s", "300 s", "24 h", "7 d" and "90 d" are windows over
/// `placed_at`, exact to the microsecond: an order exactly 60 s earlier is outside the 60 s.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct History {
    /// The customer's orders in 90 d, at most 256: the profile.
    pub known: i64,
    /// Those of the profile in this order's currency.
    pub same_currency: i64,
    /// Their sum, minor units.
    pub same_currency_total: i64,
    /// The customer's orders in 60 s.
    pub orders_60s: i64,
    /// The customer's orders in 24 h.
    pub orders_24h: i64,
    /// Their sum in this order's currency, minor units.
    pub total_24h: i64,
    /// The customer's small charges in 300 s.
    pub small_300s: i64,
    /// How many other cards the customer used in 24 h.
    pub other_cards_24h: i64,
    /// Those of the profile that name a device.
    pub with_device: i64,
    /// Those of the profile on this order's device.
    pub on_this_device: i64,
    /// Those of the profile to this order's address.
    pub to_this_address: i64,
    /// All customers' orders with this card.
    pub card: Shared,
    /// All customers' orders on this device.
    pub device: Shared,
    /// All customers' orders to this address.
    pub address: Shared,
    /// All customers' orders from this network address.
    pub ip: Shared,
}

/// What the orders of all customers say that share a card, a device, an address or a network address; the newest 32
/// are remembered, so no count exceeds that.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shared {
    /// Orders in 60 s.
    pub orders_60s: i64,
    /// Orders in 24 h.
    pub orders_24h: i64,
    /// Small charges in 300 s.
    pub small_300s: i64,
    /// Customers in 7 d other than this order's.
    pub others_7d: i64,
}

impl History {
    /// Reads what `look_back()` in `windows.lua` writes: whole numbers between spaces, in the fields' sequence.
    ///
    /// # Errors
    /// `Fatal` when the text is of another shape: the state was written by another version.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        let numbers: Result<Vec<i64>, _> = text.split(' ').map(str::parse).collect();
        let numbers = numbers.map_err(|_| unreadable())?;
        let [
            known,
            same_currency,
            same_currency_total,
            orders_60s,
            orders_24h,
            total_24h,
            small_300s,
            other_cards_24h,
            with_device,
            on_this_device,
            to_this_address,
            shared @ ..,
        ] = numbers.as_slice()
        else {
            return Err(unreadable());
        };
        let shared: Option<Vec<Shared>> = shared.chunks(4).map(Shared::parse).collect();
        let shared: Option<[Shared; 4]> = shared.and_then(|shared| shared.try_into().ok());
        let [card, device, address, ip] = shared.ok_or_else(unreadable)?;
        Ok(Self {
            known: *known,
            same_currency: *same_currency,
            same_currency_total: *same_currency_total,
            orders_60s: *orders_60s,
            orders_24h: *orders_24h,
            total_24h: *total_24h,
            small_300s: *small_300s,
            other_cards_24h: *other_cards_24h,
            with_device: *with_device,
            on_this_device: *on_this_device,
            to_this_address: *to_this_address,
            card,
            device,
            address,
            ip,
        })
    }
}

impl Shared {
    fn parse(numbers: &[i64]) -> Option<Self> {
        let &[orders_60s, orders_24h, small_300s, others_7d] = numbers else { return None };
        Some(Self { orders_60s, orders_24h, small_300s, others_7d })
    }
}

fn unreadable() -> Fault {
    Fault::fatal("stored_history_unreadable", "a stored history is not of this version's shape")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_land_in_the_fields_in_sequence() {
        let text: Vec<String> = (1..=27).map(|n| n.to_string()).collect();
        let history = History::parse(&text.join(" ")).unwrap();
        assert_eq!((history.known, history.to_this_address), (1, 11));
        assert_eq!(history.card, Shared { orders_60s: 12, orders_24h: 13, small_300s: 14, others_7d: 15 });
        assert_eq!(history.ip.others_7d, 27);
    }

    #[test]
    fn a_text_of_another_shape_is_a_fault() {
        for text in
            ["", "1 2 3", "1 2 x", &"1 ".repeat(30), &vec!["1"; 28].join(" "), &vec!["1"; 31].join(" ")]
        {
            assert!(History::parse(text).is_err(), "{text}");
        }
    }
}
