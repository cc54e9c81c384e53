//! Features of how fast orders come: of the customer, and of all customers by what they share.

use super::{Feature, log, shared};
use crate::windows::SECOND;

pub(super) const FEATURES: &[Feature] = &[
    Feature::new("customer_orders_60s", "orders", "of the customer within 60 s", |f| f.orders_60s as f64),
    Feature::new("customer_orders_1h", "orders", "of the customer within 1 h", |f| f.orders_1h as f64),
    Feature::new("customer_orders_24h", "orders", "of the customer within 24 h", |f| f.orders_24h as f64),
    Feature::new(
        "customer_since_last_log",
        "ln of seconds",
        "ln(1 + seconds since the customer's order before, within 90 d)",
        |f| f.since_last.map_or(f64::NAN, |us| log(us as f64 / SECOND as f64)),
    ),
    Feature::new("card_orders_60s", "orders", "with this card within 60 s", |f| {
        shared(&f.by_card, |by| by.orders_60s)
    }),
    Feature::new("card_orders_1h", "orders", "with this card within 1 h", |f| {
        shared(&f.by_card, |by| by.orders_1h)
    }),
    Feature::new("card_orders_24h", "orders", "with this card within 24 h", |f| {
        shared(&f.by_card, |by| by.orders_24h)
    }),
    Feature::new("device_orders_60s", "orders", "on this device within 60 s", |f| {
        shared(&f.by_device, |by| by.orders_60s)
    }),
    Feature::new("device_orders_1h", "orders", "on this device within 1 h", |f| {
        shared(&f.by_device, |by| by.orders_1h)
    }),
    Feature::new("device_orders_24h", "orders", "on this device within 24 h", |f| {
        shared(&f.by_device, |by| by.orders_24h)
    }),
    Feature::new("address_orders_60s", "orders", "to this address within 60 s", |f| {
        shared(&f.by_address, |by| by.orders_60s)
    }),
    Feature::new("address_orders_1h", "orders", "to this address within 1 h", |f| {
        shared(&f.by_address, |by| by.orders_1h)
    }),
    Feature::new("address_orders_24h", "orders", "to this address within 24 h", |f| {
        shared(&f.by_address, |by| by.orders_24h)
    }),
    Feature::new("ip_orders_60s", "orders", "from this network address within 60 s", |f| {
        shared(&f.by_ip, |by| by.orders_60s)
    }),
    Feature::new("ip_orders_1h", "orders", "from this network address within 1 h", |f| {
        shared(&f.by_ip, |by| by.orders_1h)
    }),
    Feature::new("ip_orders_24h", "orders", "from this network address within 24 h", |f| {
        shared(&f.by_ip, |by| by.orders_24h)
    }),
];
