//! What confirmed fraud makes of a score, whoever scored: the definition of the features knows no labels, so that no
//! model has to be trained anew for them. They come on top, as rules, and the decision says so by its reasons.

use orderflow::events::Reason;
use orderflow_model::manifest::Thresholds;

use crate::{
    domain::Policy,
    features::{Features, Sharing},
    labels::Tally,
    rules::{Limits, Rule, add},
    scorer::Score,
};

/// A card or a device that more other customers use within 7 days is a way of payment, or a kiosk, that strangers share:
/// one fraud says nothing of the next who comes.
const MANY: i64 = 10;
/// Labels are no amounts.
const NO_AMOUNTS: Limits = Limits { high: 0, small: 0 };
/// Fraud at an address says little of its other inhabitants: by itself it holds nothing.
const ADDRESS: &str = "known_fraud_address";

/// What confirmed fraud weighs. Those of what is shared speak only where it knows of more than the customer does, so that
/// one fraud is not counted twice.
pub const RULES: &[Rule] = &[
    Rule {
        code: "known_fraud_customer",
        text: "earlier orders of this customer that turned out to be fraud: {}",
        ladder: &[(1.0, 0.60), (3.0, 0.88)],
        measure: |features, _| features.labels.customer.fraud as f64,
    },
    Rule {
        code: "known_fraud_card",
        text: "earlier orders with this card that turned out to be fraud: {}",
        ladder: &[(1.0, 0.60), (3.0, 0.88)],
        measure: |features, _| of_others(features, features.labels.card, &features.by_card),
    },
    Rule {
        code: "known_fraud_device",
        text: "earlier orders on this device that turned out to be fraud: {}",
        ladder: &[(1.0, 0.50), (3.0, 0.80)],
        measure: |features, _| of_others(features, features.labels.device, &features.by_device),
    },
    Rule {
        code: ADDRESS,
        text: "earlier orders to this address that turned out to be fraud: {}",
        ladder: &[(1.0, 0.10), (3.0, 0.20)],
        measure: |features, _| {
            let Tally { fraud, honest } = features.labels.address;
            if fraud > features.labels.customer.fraud && fraud > honest { fraud as f64 } else { 0.0 }
        },
    },
];

fn of_others(features: &Features, known: Tally, shared: &Sharing) -> f64 {
    let others = known.fraud > features.labels.customer.fraud && shared.others_7d <= MANY;
    if others { known.fraud as f64 } else { 0.0 }
}

/// The score of an order with these features once labels have had their say. It never falls. Confirmed fraud of the
/// customer, the card or the device reaches the hold threshold, however harmless the order looks; where the policy holds
/// nothing, because that threshold is beyond the one that refuses, it does not.
#[must_use]
pub fn raised(score: Score, features: &Features, policy: &Policy) -> Score {
    let hits: Vec<(f64, Reason)> = RULES.iter().filter_map(|rule| rule.says(features, &NO_AMOUNTS)).collect();
    if hits.is_empty() {
        return score;
    }
    let Thresholds { refuse, hold } = policy.thresholds(&score);
    let (mut value, mut added) = add(score.value, hits);
    let lacks = hold - value;
    if lacks > 0.0
        && hold <= refuse
        && let Some(heaviest) = added.iter_mut().find(|reason| reason.code != ADDRESS)
    {
        heaviest.weight += lacks;
        value = hold;
    }
    let reasons = score.reasons.into_iter().chain(added).collect();
    Score { value, reasons, ..score }
}

#[cfg(test)]
#[path = "known_fraud_tests.rs"]
mod tests;
