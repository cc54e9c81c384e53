//! Card precision top-k: of the k cards that look most suspicious on a day, the share that is compromised, as in the
//! Handbook's chapter 4.4
//! (<https://fraud-detection-handbook.github.io/fraud-detection-handbook/Chapter_4_PerformanceMetrics/TopKBased.html>,
//! after Dal Pozzolo, Adaptive Machine Learning for Credit Card Fraud Detection, 2015).
//!
//! A card is as suspicious as its most suspicious transaction of the day, and compromised if any of them is fraud. A
//! compromised card that was among the k is blocked: it does not count on later days. The share is of k, also on a day
//! with fewer cards. Of equally suspicious cards those with the smaller number come first.

use std::collections::{BTreeMap, HashSet};

/// So many cards can people look at in a day.
pub const TOP: usize = 100;

/// A transaction of the test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked {
    /// On which day.
    pub day: i64,
    /// By which card.
    pub card: u32,
    /// The truth.
    pub fraud: bool,
}

/// The share for each day there is, for transactions with these scores.
#[must_use]
pub fn by_day(asked: &[Asked], scores: &[f64], top: usize) -> Vec<f64> {
    let mut days: BTreeMap<i64, BTreeMap<u32, (f64, bool)>> = BTreeMap::new();
    for (transaction, score) in asked.iter().zip(scores) {
        let card = days.entry(transaction.day).or_default().entry(transaction.card);
        let (highest, compromised) = card.or_insert((f64::NEG_INFINITY, false));
        *highest = highest.max(*score);
        *compromised |= transaction.fraud;
    }
    let mut blocked = HashSet::new();
    days.into_values().map(|cards| of_a_day(cards, &mut blocked, top)).collect()
}

fn of_a_day(cards: BTreeMap<u32, (f64, bool)>, blocked: &mut HashSet<u32>, top: usize) -> f64 {
    let mut cards: Vec<(u32, (f64, bool))> =
        cards.into_iter().filter(|(card, _)| !blocked.contains(card)).collect();
    // Stable: equals stay by their numbers.
    cards.sort_by(|(_, (one, _)), (_, (other, _))| other.total_cmp(one));
    let found: Vec<u32> = cards
        .into_iter()
        .take(top)
        .filter(|(_, (_, compromised))| *compromised)
        .map(|(card, _)| card)
        .collect();
    let share = found.len() as f64 / top as f64;
    blocked.extend(found);
    share
}

/// The mean of a list; zero of none.
#[must_use]
pub fn mean(shares: &[f64]) -> f64 {
    shares.iter().sum::<f64>() / shares.len().max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Day, card, fraud, score.
    fn measured(rows: &[(i64, u32, bool, f64)], top: usize) -> Vec<f64> {
        let asked: Vec<Asked> =
            rows.iter().map(|&(day, card, fraud, _)| Asked { day, card, fraud }).collect();
        let scores: Vec<f64> = rows.iter().map(|row| row.3).collect();
        by_day(&asked, &scores, top)
    }

    #[test]
    fn a_day_is_measured_by_cards_not_by_transactions() {
        // By hand: the two most suspicious cards are 3 (0.9) and 1 (0.8). Card 1 is compromised by its other transaction.
        let day = [
            (0, 1, false, 0.8),
            (0, 1, true, 0.1),
            (0, 2, true, 0.3),
            (0, 3, false, 0.9),
            (0, 3, false, 0.85),
        ];
        assert_eq!(measured(&day, 2), [0.5]);
    }

    #[test]
    fn a_card_that_was_found_is_blocked_and_one_that_was_not_is_looked_for_again() {
        let days = [
            (0, 1, true, 0.9),
            (0, 2, true, 0.2),
            (0, 3, false, 0.5),
            // Card 1 is blocked: cards 2 and 3 are left. Unblocked, both places would be compromised.
            (1, 1, true, 0.9),
            (1, 2, true, 0.6),
            (1, 3, false, 0.5),
            // An honest card is never blocked.
            (2, 3, false, 0.5),
            (2, 4, true, 0.4),
            (2, 5, true, 0.3),
        ];
        assert_eq!(measured(&days, 2), [0.5, 0.5, 0.5]);
        assert_eq!(mean(&measured(&days, 2)), 0.5);
    }

    #[test]
    fn fewer_cards_than_places_still_divide_by_the_places() {
        assert_eq!(measured(&[(4, 1, true, 0.1)], 4), [0.25]);
        assert_eq!(measured(&[], 4), [0.0_f64; 0]);
    }
}
