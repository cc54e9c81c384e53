use fraud_scoring::windows::SECOND;
use orderflow::events::{Line, Order, Sealed};
use proptest::prelude::*;
use uuid::Uuid;

use super::micros;

/// 2026-03-01T12:00:00Z, in microseconds.
pub const NOON: i64 = 1_772_366_400 * SECOND;

/// An order of an honest customer, at noon, of 50.00.
pub fn order(number: u128, customer: &str) -> Order {
    Order {
        order_id: Uuid::from_u128(number),
        customer_id: customer.into(),
        lines: vec![Line { sku: "TEA-01".into(), quantity: 1, unit_price: 5_000 }],
        total: 5_000,
        currency: "EUR".into(),
        payment_token: format!("tok_{customer}"),
        billing_country: "DE".into(),
        delivery_country: "DE".into(),
        ip_country: Some("DE".into()),
        card_hash: format!("card of {customer}"),
        device_hash: Some(format!("device of {customer}")),
        address_hash: format!("address of {customer}"),
        ip_hash: Some(format!("ip of {customer}")),
        account_age_days: 400,
        priority: "standard".into(),
        placed_at: micros(NOON),
        sealed: Sealed { key_id: Uuid::nil(), nonce: Vec::new(), ciphertext: Vec::new() },
    }
}

/// The same order this many seconds after noon.
pub fn at(seconds: i64, order: Order) -> Order {
    Order { placed_at: micros(NOON + seconds * SECOND), ..order }
}

/// An order of the same customer, some seconds later, of this total.
pub fn again(number: u128, customer: &str, seconds: i64, total: i64) -> Order {
    Order { total, ..at(seconds, order(number, customer)) }
}

/// Orders of few customers who share few cards, devices and addresses, near each window's edge, in any sequence.
pub fn crowd(most: usize) -> impl Strategy<Value = Vec<Order>> {
    prop::collection::vec(one(), 1..=most).prop_map(|orders| {
        let numbered =
            |(i, order): (usize, Order)| Order { order_id: Uuid::from_u128(i as u128 + 1), ..order };
        orders.into_iter().enumerate().map(numbered).collect()
    })
}

/// Seconds between which every window has an edge.
const EDGES: [i64; 10] = [0, 1, 60, 300, 3_600, 10_800, 86_400, 7 * 86_400, 8 * 86_400, 91 * 86_400];

fn one() -> impl Strategy<Value = Order> {
    let when = (prop::sample::select(&EDGES), 0i64..3, -1i64..=1);
    let who = (0u8..3, 0u8..3, prop::option::of(0u8..2), 0u8..2, prop::option::of(0u8..2));
    let total = prop::sample::select(vec![0, 999, 1_000, 1_001, 10_000, 250_000]);
    let what = (total, any::<bool>(), any::<bool>());
    (when, who, what).prop_map(|((edge, step, off), (customer, card, device, address, ip), what)| {
        let (total, euro, abroad) = what;
        Order {
            placed_at: micros(NOON + (edge + step * 60) * SECOND + off),
            card_hash: format!("c{card}"),
            device_hash: device.map(|device| format!("d{device}")),
            address_hash: format!("a{address}"),
            ip_hash: ip.map(|ip| format!("i{ip}")),
            total,
            delivery_country: if abroad { "FR" } else { "DE" }.into(),
            currency: if euro { "EUR" } else { "GBP" }.into(),
            ..order(0, &format!("customer {customer}"))
        }
    })
}
