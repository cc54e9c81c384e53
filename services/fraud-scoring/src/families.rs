//! Reasons for a model's score: what single features added, told as the few things people can act on.

use orderflow::events::Reason;

use crate::vector;

/// So many reasons are told; what is left is small.
const TOLD: usize = 4;

/// Features that mean one thing to a person.
pub struct Family {
    /// Stable: it stands in events, and `README.md` explains it.
    pub code: &'static str,
    /// For people. Never holds personal data.
    pub text: &'static str,
    /// The features, by name.
    pub features: &'static [&'static str],
}

/// Every family. Each feature is in one of them.
pub const ALL: &[Family] = &[
    Family {
        code: "amount_unusual",
        text: "the amount, beside what this customer usually spends",
        features: &["amount_log", "amount_to_average", "amount_deviation", "amount_24h_log"],
    },
    Family {
        code: "after_small_charges",
        text: "small charges before, or a total far above those of the day",
        features: &["small_charges_1h", "amount_to_largest_24h"],
    },
    Family {
        code: "customer_pace",
        text: "how fast this customer's orders come",
        features: &[
            "customer_orders_60s",
            "customer_orders_1h",
            "customer_orders_24h",
            "customer_since_last_log",
        ],
    },
    Family {
        code: "card_pace",
        text: "how fast orders with this card come",
        features: &["card_orders_60s", "card_orders_1h", "card_orders_24h"],
    },
    Family {
        code: "device_pace",
        text: "how fast orders on this device come",
        features: &["device_orders_60s", "device_orders_1h", "device_orders_24h"],
    },
    Family {
        code: "address_pace",
        text: "how fast orders to this address come",
        features: &["address_orders_60s", "address_orders_1h", "address_orders_24h"],
    },
    Family {
        code: "ip_pace",
        text: "how fast orders from this network address come",
        features: &["ip_orders_60s", "ip_orders_1h", "ip_orders_24h"],
    },
    Family {
        code: "many_cards",
        text: "how many cards this customer or device has used",
        features: &["customer_cards_24h", "device_cards_24h"],
    },
    Family {
        code: "shared_with_others",
        text: "a card, device or address that other customers use too",
        features: &["card_customers_7d", "device_customers_7d", "address_customers_7d", "ip_customers_7d"],
    },
    Family {
        code: "little_known",
        text: "how long the customer has been known, and by how many orders",
        features: &["customer_known_orders", "account_age_log"],
    },
    Family {
        code: "not_seen_before",
        text: "a card, device, address or country that this customer's earlier orders did not have",
        features: &["card_new", "device_new", "address_new", "country_new"],
    },
    Family {
        code: "countries_differ",
        text: "the countries of billing, delivery and caller",
        features: &["delivery_abroad", "ip_elsewhere"],
    },
    Family {
        code: "hour_unusual",
        text: "the time of day, beside when this customer usually orders",
        features: &["hour_sine", "hour_cosine", "hour_usual_share"],
    },
    Family {
        code: "basket_unusual",
        text: "what is ordered: lines, units and prices",
        features: &["line_count", "units_log", "costliest_line_share", "mean_unit_price_log"],
    },
];

/// The heaviest reasons for a score. Each feature's contribution is what it added to the margin, in log-odds, in the
/// sequence of the vector; a reason's weight is its family's share of all that raised the score, times the score.
#[must_use]
pub fn reasons(score: f64, contributions: &[f64]) -> Vec<Reason> {
    let added = |family: &Family| -> f64 {
        let of_family = vector::names().into_iter().zip(contributions);
        of_family.filter(|(name, _)| family.features.contains(name)).map(|(_, added)| added).sum()
    };
    let mut raised: Vec<(&Family, f64)> =
        ALL.iter().map(|family| (family, added(family))).filter(|(_, added)| *added > 0.0).collect();
    raised.sort_by(|(_, a), (_, b)| b.total_cmp(a));
    let all: f64 = raised.iter().map(|(_, added)| added).sum();
    let reason = |(family, added): (&Family, f64)| Reason {
        code: family.code.to_owned(),
        text: family.text.to_owned(),
        weight: score * added / all,
    };
    raised.into_iter().take(TOLD).map(reason).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_feature_is_in_one_family_and_codes_are_unique() {
        let mut told: Vec<&str> = ALL.iter().flat_map(|family| family.features).copied().collect();
        told.sort_unstable();
        let mut names = vector::names();
        names.sort_unstable();
        assert_eq!(told, names);
        let codes: BTreeSet<&str> = ALL.iter().map(|family| family.code).collect();
        assert_eq!(codes.len(), ALL.len());
    }

    #[test]
    fn what_raised_the_score_most_comes_first_and_what_lowered_it_is_no_reason() {
        let mut contributions = [0.0; vector::LEN];
        for (name, added) in [("card_orders_60s", 2.0), ("card_orders_1h", 1.0), ("amount_log", 1.0)] {
            contributions[vector::names().iter().position(|other| *other == name).unwrap()] = added;
        }
        contributions[vector::names().iter().position(|other| *other == "account_age_log").unwrap()] = -5.0;
        let reasons = reasons(0.8, &contributions);
        let told: Vec<(&str, f64)> = reasons.iter().map(|r| (r.code.as_str(), r.weight)).collect();
        assert_eq!(told, [("card_pace", 0.8 * 3.0 / 4.0), ("amount_unusual", 0.8 * 1.0 / 4.0)]);
    }

    #[test]
    fn few_reasons_are_told_and_they_explain_no_more_than_the_score() {
        let reasons = reasons(0.9, &[1.0; vector::LEN]);
        assert_eq!(reasons.len(), TOLD);
        assert!(reasons.iter().map(|reason| reason.weight).sum::<f64>() < 0.9);
        assert!(super::reasons(0.1, &[-1.0; vector::LEN]).is_empty());
    }
}
