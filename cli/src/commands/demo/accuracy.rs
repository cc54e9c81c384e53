//! How well fraud was told from honest orders: the load generator knows which is which.

use std::{collections::BTreeMap, fmt};

use serde::Serialize;
use uuid::Uuid;

use crate::{
    audit::{Count, Ending, Evidence},
    load::Kind,
};

/// What became of the simulated customers' orders. An order that was held counts as the reviewer ended it.
#[derive(Debug, Default, PartialEq, Serialize)]
pub(super) struct Accuracy {
    /// Refused, and meant as fraud.
    caught: usize,
    /// Let through, and meant as fraud.
    missed: usize,
    /// Refused, and honest.
    wronged: usize,
    /// Taken back while they were held, or without an end: neither right nor wrong.
    uncounted: usize,
    /// Of the refused, those meant as fraud; none without any.
    precision: Option<f64>,
    /// Of the fraud, that which was refused; none without any.
    recall: Option<f64>,
    /// What was decided at first, by kind of customer.
    by_customers: BTreeMap<Kind, Count>,
}

impl Accuracy {
    /// Of the orders whose customers are known.
    pub(super) fn of(evidence: &Evidence, customers: &BTreeMap<Uuid, Kind>) -> Self {
        let mut accuracy = Self::default();
        for (id, kind) in customers {
            let Some(order) = evidence.orders.get(id) else { continue };
            accuracy.by_customers.entry(*kind).or_default().add(&order.judged);
            match (kind.is_fraud(), order.judged.ending) {
                (true, Some(Ending::Refused)) => accuracy.caught += 1,
                (true, Some(Ending::LetThrough)) => accuracy.missed += 1,
                (false, Some(Ending::Refused)) => accuracy.wronged += 1,
                (false, Some(Ending::LetThrough)) => {}
                (_, Some(Ending::TakenBack) | None) => accuracy.uncounted += 1,
            }
        }
        let Self { caught, missed, wronged, .. } = accuracy;
        accuracy.precision = share(caught, caught + wronged);
        accuracy.recall = share(caught, caught + missed);
        accuracy
    }
}

fn share(part: usize, all: usize) -> Option<f64> {
    (all > 0).then(|| part as f64 / all as f64)
}

impl fmt::Display for Accuracy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { caught, missed, wronged, uncounted, precision, recall, .. } = self;
        let number = |share: &Option<f64>| share.map_or("none".to_owned(), |share| format!("{share:.3}"));
        write!(
            f,
            "against what the customers meant: precision {} ({} refused, {wronged} of them honest), recall {} ({caught} \
             of {} frauds refused)\n  held orders count as the reviewer ended them",
            number(precision),
            caught + wronged,
            number(recall),
            caught + missed,
        )?;
        if *uncounted > 0 {
            write!(f, "; {uncounted} without an end do not")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::{Judged, Order};

    fn accuracy(orders: &[(Kind, bool, Option<Ending>)]) -> Accuracy {
        let ids = || (0..).map(Uuid::from_u128);
        let order = |(_, held, ending): &(Kind, bool, Option<Ending>)| Order {
            judged: Judged { decision: None, held: *held, ending: *ending },
            ..Order::default()
        };
        let evidence =
            Evidence { orders: ids().zip(orders.iter().map(order)).collect(), ..Evidence::default() };
        Accuracy::of(&evidence, &ids().zip(orders.iter().map(|(kind, ..)| *kind)).collect())
    }

    #[test]
    fn held_orders_count_as_the_reviewer_ended_them() {
        let found = accuracy(&[
            (Kind::CardTesting, false, Some(Ending::Refused)),
            (Kind::CardTesting, true, Some(Ending::Refused)),
            (Kind::NewAccountAbroad, true, Some(Ending::LetThrough)),
            (Kind::NewAccountAbroad, false, Some(Ending::Refused)),
            (Kind::Traveller, true, Some(Ending::Refused)),
            (Kind::Ordinary, true, Some(Ending::LetThrough)),
            (Kind::Regretted, true, Some(Ending::TakenBack)),
        ]);
        assert_eq!((found.caught, found.missed, found.wronged, found.uncounted), (3, 1, 1, 1));
        assert_eq!((found.precision, found.recall), (Some(0.75), Some(0.75)));
        assert_eq!(found.by_customers[&Kind::CardTesting], Count { let_through: 0, held: 1, refused: 1 });
    }

    #[test]
    fn without_any_fraud_there_is_neither_precision_nor_recall() {
        let found = accuracy(&[(Kind::Ordinary, false, Some(Ending::LetThrough))]);
        assert_eq!((found.precision, found.recall), (None, None));
        assert!(found.to_string().contains("precision none (0 refused"), "{found}");
    }
}
