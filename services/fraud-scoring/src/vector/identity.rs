//! Features of who orders: what the profile knows, what is shared with others, and how old the account is.

use super::{Feature, is_new, log, shared};

pub(super) const FEATURES: &[Feature] = &[
    Feature::new(
        "customer_known_orders",
        "orders",
        "the customer's earlier ones within 90 d, at most 256",
        |f| f.known_orders as f64,
    ),
    Feature::new("customer_cards_24h", "cards", "used by the customer within 24 h", |f| f.cards_24h as f64),
    Feature::new("device_cards_24h", "cards", "used on this device within 24 h", |f| {
        shared(&f.by_device, |by| by.cards_24h)
    }),
    Feature::new("card_customers_7d", "customers", "others who paid with this card within 7 d", |f| {
        shared(&f.by_card, |by| by.others_7d)
    }),
    Feature::new("device_customers_7d", "customers", "others on this device within 7 d", |f| {
        shared(&f.by_device, |by| by.others_7d)
    }),
    Feature::new("address_customers_7d", "customers", "others who ordered to this address within 7 d", |f| {
        shared(&f.by_address, |by| by.others_7d)
    }),
    Feature::new("ip_customers_7d", "customers", "others at this network address within 7 d", |f| {
        shared(&f.by_ip, |by| by.others_7d)
    }),
    Feature::new("card_new", "0 or 1", "the profile knows other cards, never this", |f| is_new(f.card)),
    Feature::new("device_new", "0 or 1", "the profile knows other devices, never this", |f| is_new(f.device)),
    Feature::new("address_new", "0 or 1", "the profile knows other delivery addresses, never this", |f| {
        is_new(f.address)
    }),
    Feature::new("country_new", "0 or 1", "the profile knows other delivery countries, never this", |f| {
        is_new(f.country)
    }),
    Feature::new(
        "account_age_log",
        "ln of days",
        "ln(1 + days since the account was made); 0 for a guest",
        |f| log(f.account_age_days as f64),
    ),
];
