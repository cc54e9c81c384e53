//! Made-up orders. The low half of an order's id is its number, so that a sink can tick it off.

use anyhow::Result;
use jiff::{SignedDuration, Timestamp};
use orderflow::{
    envelope::ids,
    events::{Line, Order, OrderPlaced},
    sealed::{Address, DataKey, Person, seal},
};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use uuid::Uuid;

/// Different goods.
pub const SKUS: u32 = 1_000;
/// Different customers, unless somebody wants more or fewer; each orders again, at times that no rule finds too quick.
const CUSTOMERS: u64 = 200_000;

/// Makes orders, the same ones for every contestant but for their ids.
pub struct Orders {
    key: DataKey,
    key_id: Uuid,
    turn: u64,
    random: StdRng,
    customers: u64,
}

impl Orders {
    /// Sealed with this key.
    pub fn new(key: DataKey, key_id: Uuid) -> Self {
        Self {
            key,
            key_id,
            turn: Uuid::new_v4().as_u64_pair().0,
            random: StdRng::seed_from_u64(1),
            customers: CUSTOMERS,
        }
    }

    /// The orders from now on are those of so many customers.
    pub fn customers(&mut self, customers: u64) {
        self.customers = customers;
    }

    /// The order with this number.
    pub fn order(&mut self, number: usize, placed_at: Timestamp) -> Result<OrderPlaced> {
        let order_id = Uuid::from_u64_pair(self.turn, number as u64);
        let customer = number as u64 % self.customers;
        let lines = self.lines();
        let total = lines.iter().map(|line| i64::from(line.quantity) * line.unit_price).sum();
        let hash = |what: &str| ids::from_parts(&[what, &customer.to_string()]).simple().to_string();
        let order = Order {
            order_id,
            customer_id: format!("customer-{customer:06}"),
            total,
            lines,
            currency: "EUR".to_owned(),
            payment_token: format!("tok_{}", hash("token")),
            billing_country: "DE".to_owned(),
            delivery_country: "DE".to_owned(),
            ip_country: Some("DE".to_owned()),
            card_hash: hash("card"),
            device_hash: Some(hash("device")),
            address_hash: hash("address"),
            ip_hash: Some(hash("ip")),
            account_age_days: 400,
            priority: "standard".to_owned(),
            placed_at,
            sealed: seal(&self.key, self.key_id, order_id, &person(customer))?,
        };
        let request_hash = hash("request");
        let principal = "anonymous".to_owned();
        Ok(OrderPlaced { order: order.into(), principal, idempotency_key_hash: None, request_hash })
    }

    fn lines(&mut self) -> Vec<Line> {
        let first = self.random.random_range(0..SKUS);
        let count = self.random.random_range(1..=4_u32);
        let line = |nth| Line {
            sku: sku((first + nth * 7) % SKUS),
            quantity: self.random.random_range(1..=3),
            unit_price: self.random.random_range(199..=9_999),
        };
        (0..count).map(line).collect()
    }
}

/// The name of a good.
pub fn sku(number: u32) -> String {
    format!("SKU-{number:05}")
}

/// The number of the order with this key.
pub fn number(key: &[u8]) -> Option<usize> {
    let number = Uuid::try_parse_ascii(key).ok()?.as_u64_pair().1;
    usize::try_from(number).ok()
}

/// When the orders of a burst of so many were placed: a backlog of a shop with 20 orders a second, until now.
pub fn in_backlog(nth: usize, of: usize, now: Timestamp) -> Timestamp {
    let before = SignedDuration::from_millis(50 * i64::try_from(of - nth).unwrap_or(i64::MAX));
    now.checked_sub(before).unwrap_or(now)
}

fn person(customer: u64) -> Person {
    Person {
        name: format!("Customer {customer}"),
        email: format!("customer-{customer}@shop.example"),
        address: Address {
            line1: format!("Station Street {}", customer % 200),
            line2: None,
            city: "Sampletown".to_owned(),
            postal_code: Some(format!("{:05}", customer % 100_000)),
            region: None,
            country: "DE".to_owned(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_orders_key_tells_its_number() {
        let key = Uuid::from_u64_pair(u64::MAX, 300_001).to_string();
        assert_eq!(number(key.as_bytes()), Some(300_001));
        assert_eq!(number(b"SKU-00001"), None);
    }

    #[test]
    fn a_backlog_ends_now() {
        let now = Timestamp::from_second(1_000).unwrap();
        assert_eq!(in_backlog(10, 10, now), now);
        assert_eq!(in_backlog(0, 20, now), Timestamp::from_second(999).unwrap());
    }
}
