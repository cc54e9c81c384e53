//! The services an order passes, in the order in which it does.

use orderflow::topics::{FRAUD, INVENTORY, ORDERS, PAYMENTS, REVIEWS, SHIPPING, Topic};

/// A service on the path.
pub struct Hop {
    /// Its name, which is its group's.
    pub service: &'static str,
    /// What it reads of orders.
    pub reads: &'static [Topic],
    /// Where its answers go.
    pub writes: &'static [Topic],
}

/// Who takes orders in.
pub const INTAKE: &str = "order-intake";

/// All of them. What each reads beside orders (stock, labels, models) holds no order up.
pub const HOPS: [Hop; 5] = [
    Hop { service: INTAKE, reads: &[], writes: &[ORDERS] },
    Hop { service: "fraud-scoring", reads: &[ORDERS, REVIEWS], writes: &[FRAUD] },
    Hop { service: "inventory", reads: &[FRAUD, PAYMENTS, SHIPPING], writes: &[INVENTORY] },
    Hop { service: "payment", reads: &[INVENTORY, ORDERS, SHIPPING], writes: &[PAYMENTS] },
    Hop { service: "shipping", reads: &[PAYMENTS, ORDERS, SHIPPING], writes: &[SHIPPING] },
];

/// Which of them has made an event, by the step that is its source.
pub fn index_of(source: &str) -> Option<usize> {
    let service = source.split('.').next()?;
    HOPS.iter().position(|hop| hop.service == service)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use orderflow::{catalogue::Catalogue, order_state::PATH};

    use super::*;

    #[test]
    fn the_hops_are_the_path_and_read_what_the_catalogue_says() {
        let services: Vec<&str> = HOPS.iter().map(|hop| hop.service).collect();
        assert_eq!(services, [&[INTAKE], &PATH[..]].concat());
        let catalogue = Catalogue::load().unwrap();
        for hop in &HOPS[1..] {
            let of_orders = [ORDERS, REVIEWS, FRAUD, INVENTORY, PAYMENTS, SHIPPING].into_iter();
            let read = of_orders.filter(|topic| {
                catalogue.topics[topic.name()].read_by.iter().any(|reader| reader == hop.service)
            });
            let told: BTreeSet<Topic> = hop.reads.iter().copied().collect();
            assert_eq!(told, read.collect(), "{}", hop.service);
        }
        assert_eq!(index_of("fraud-scoring.on_order_placed"), Some(1));
        assert_eq!(index_of("operator"), None);
    }
}
