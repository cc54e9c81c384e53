//! Rules about how fast orders come: of the customer, and of all customers together by what they share. The shared
//! ones speak only where others add to the customer's own orders, so that one burst is not counted twice.

use super::{Rule, when};
use crate::features::{Features, Sharing};

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: "velocity_60s",
        text: "{} orders of this customer within 60 s",
        ladder: &[(3.0, 0.15), (4.0, 0.40), (5.0, 0.70), (6.0, 0.88)],
        measure: |features, _| features.orders_60s as f64,
    },
    Rule {
        code: "velocity_24h",
        text: "{} orders of this customer within 24 h",
        ladder: &[(10.0, 0.15), (20.0, 0.35), (40.0, 0.60)],
        measure: |features, _| features.orders_24h as f64,
    },
    Rule {
        code: "cards_24h",
        text: "{} cards used by this customer within 24 h",
        ladder: &[(3.0, 0.25), (5.0, 0.60)],
        measure: |features, _| features.cards_24h as f64,
    },
    Rule {
        code: "device_velocity_60s",
        text: "{} orders on this device within 60 s",
        ladder: &[(3.0, 0.15), (4.0, 0.40), (5.0, 0.70), (6.0, 0.88)],
        measure: |features, _| others_60s(features, &features.by_device),
    },
    Rule {
        code: "device_velocity_24h",
        text: "{} orders on this device within 24 h",
        ladder: &[(10.0, 0.15), (20.0, 0.35)],
        measure: |features, _| others_24h(features, &features.by_device),
    },
    Rule {
        code: "card_velocity_60s",
        text: "{} orders with this card within 60 s",
        // Lower than for a device: some ways of payment share one token among many customers.
        ladder: &[(3.0, 0.15), (4.0, 0.25), (6.0, 0.40)],
        measure: |features, _| others_60s(features, &features.by_card),
    },
    Rule {
        code: "card_velocity_24h",
        text: "{} orders with this card within 24 h",
        ladder: &[(10.0, 0.10), (20.0, 0.20)],
        measure: |features, _| others_24h(features, &features.by_card),
    },
    Rule {
        code: "address_velocity_60s",
        text: "{} orders to this address within 60 s",
        ladder: &[(4.0, 0.10), (8.0, 0.20)],
        measure: |features, _| others_60s(features, &features.by_address),
    },
    Rule {
        code: "ip_velocity_60s",
        text: "{} orders from this network address within 60 s",
        // Very low: offices, schools and mobile carriers put many honest customers behind one address.
        ladder: &[(10.0, 0.04), (30.0, 0.08)],
        measure: |features, _| others_60s(features, &features.by_ip),
    },
];

fn others_60s(features: &Features, shared: &Sharing) -> f64 {
    when(shared.orders_60s > features.orders_60s, shared.orders_60s)
}

fn others_24h(features: &Features, shared: &Sharing) -> f64 {
    when(shared.orders_24h > features.orders_24h, shared.orders_24h)
}
