//! Rules about countries: of the bill, of the delivery, of the caller.

use super::{Rule, yes};

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: "country_delivery",
        text: "billing and delivery are in different countries",
        ladder: &[(1.0, 0.08)],
        measure: |features, _| yes(features.delivery_abroad && features.countries < 3),
    },
    Rule {
        code: "country_ip",
        text: "the order came from another country than billing and delivery",
        ladder: &[(1.0, 0.12)],
        measure: |features, _| yes(features.ip_elsewhere && features.countries < 3),
    },
    Rule {
        code: "countries_all_differ",
        text: "billing, delivery and the caller are in three different countries",
        ladder: &[(1.0, 0.35)],
        measure: |features, _| yes(features.countries >= 3),
    },
];
