//! Rules about who orders: devices and addresses against the profile, what strangers share, very young accounts.

use super::{Limits, Rule, yes};
use crate::features::{Familiarity, Features};

/// An account of at most this many days is very young; a guest's is 0 days old.
const VERY_YOUNG_DAYS: i64 = 2;

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: "device_new",
        text: "a device this customer has not used before",
        ladder: &[(1.0, 0.06)],
        measure: |features, _| yes(is_new(features.device) && !is_new(features.address)),
    },
    Rule {
        code: "address_new",
        text: "a delivery address this customer has not used before",
        ladder: &[(1.0, 0.05)],
        measure: |features, _| yes(is_new(features.address) && !is_new(features.device)),
    },
    Rule {
        code: "device_and_address_new",
        text: "a device and a delivery address this customer has not used before",
        ladder: &[(1.0, 0.20)],
        measure: |features, _| yes(is_new(features.device) && is_new(features.address)),
    },
    Rule {
        code: "address_shared",
        text: "{} other customers ordered to this address within 7 days",
        ladder: &[(4.0, 0.10), (8.0, 0.20)],
        measure: |features, _| features.by_address.others_7d as f64,
    },
    Rule {
        code: "device_shared",
        text: "{} other customers ordered on this device within 7 days",
        ladder: &[(2.0, 0.10), (4.0, 0.35)],
        measure: |features, _| features.by_device.others_7d as f64,
    },
    Rule {
        code: "card_shared",
        text: "{} other customers paid with this card within 7 days",
        ladder: &[(2.0, 0.10), (5.0, 0.25)],
        measure: |features, _| features.by_card.others_7d as f64,
    },
    Rule {
        code: "young_account_high_amount",
        text: "a high amount from a very young account",
        ladder: &[(1.0, 0.35)],
        measure: |features, limits| yes(is_young_and_high(features, limits)),
    },
    Rule {
        code: "young_account_abroad",
        text: "a high amount from a very young account, three different countries and a device not seen before",
        ladder: &[(1.0, 0.70)],
        measure: |features, limits| {
            let unseen = features.device != Familiarity::Known;
            yes(is_young_and_high(features, limits) && features.countries >= 3 && unseen)
        },
    },
];

fn is_new(familiarity: Familiarity) -> bool {
    familiarity == Familiarity::New
}

fn is_young_and_high(features: &Features, limits: &Limits) -> bool {
    features.account_age_days <= VERY_YOUNG_DAYS && features.amount >= limits.high
}
