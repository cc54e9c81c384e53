//! How good lists are: hit rate, mean reciprocal rank, normalised discounted cumulative gain, coverage.

use std::collections::HashSet;

use serde::Serialize;

/// Where lists are cut off.
pub(super) const CUTS: [usize; 2] = [10, 20];

/// The longest list needed.
pub(super) const LONGEST: usize = CUTS[1];

/// Collects what becomes of lists.
#[derive(Debug, Default)]
pub(super) struct Tally {
    cases: usize,
    sums: [Sums; CUTS.len()],
}

#[derive(Debug, Default)]
struct Sums {
    hits: usize,
    reciprocal_ranks: f64,
    gains: f64,
    shown: HashSet<String>,
}

/// What came out, at one cut.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(super) struct Scores {
    /// Where the list is cut off.
    pub at: usize,
    /// Share of cases with a target in the list.
    pub hit_rate: f64,
    /// Mean of one by the rank of the first target; 0 where there is none.
    pub mrr: f64,
    /// Mean of the gain of all targets, discounted by the logarithm of their ranks, by what the best list would gain
    /// (Järvelin, Kekäläinen, 2002).
    pub ndcg: f64,
    /// Share of all products that were in any list.
    pub coverage: f64,
}

impl Tally {
    /// Counts a list, best first, that should have these products in it, at least one.
    pub fn count(&mut self, list: &[String], targets: &HashSet<&str>) {
        self.cases += 1;
        for (cut, sums) in CUTS.into_iter().zip(&mut self.sums) {
            let list = &list[..list.len().min(cut)];
            let ranks: Vec<usize> = (1..)
                .zip(list)
                .filter(|(_, sku)| targets.contains(sku.as_str()))
                .map(|(rank, _)| rank)
                .collect();
            sums.hits += usize::from(!ranks.is_empty());
            sums.reciprocal_ranks += ranks.first().map_or(0.0, |rank| 1.0 / *rank as f64);
            let best: f64 = (1..=cut.min(targets.len())).map(gain).sum();
            sums.gains += ranks.into_iter().map(gain).sum::<f64>() / best;
            for sku in list {
                if !sums.shown.contains(sku) {
                    sums.shown.insert(sku.clone());
                }
            }
        }
    }

    /// How many lists were counted.
    pub fn cases(&self) -> usize {
        self.cases
    }

    /// What came out, where there are so many products.
    pub fn scores(&self, products: usize) -> [Scores; CUTS.len()] {
        let share = |sum: f64, of: usize| if of == 0 { 0.0 } else { sum / of as f64 };
        let mut index = 0;
        CUTS.map(|at| {
            let sums = &self.sums[index];
            index += 1;
            Scores {
                at,
                hit_rate: share(sums.hits as f64, self.cases),
                mrr: share(sums.reciprocal_ranks, self.cases),
                ndcg: share(sums.gains, self.cases),
                coverage: share(sums.shown.len() as f64, products),
            }
        })
    }
}

/// What a target at this rank, from 1, adds.
fn gain(rank: usize) -> f64 {
    1.0 / (rank as f64 + 1.0).log2()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(skus: &str) -> Vec<String> {
        skus.chars().map(String::from).collect()
    }

    #[test]
    fn a_known_list_has_the_known_numbers() {
        let mut tally = Tally::default();
        tally.count(&list("abcd"), &["b"].into());
        tally.count(&list("abcd"), &["x"].into());
        let [ten, twenty] = tally.scores(8);
        assert_eq!(ten, Scores { at: 20, ..twenty }.at_ten());
        assert_eq!((ten.hit_rate, ten.mrr, ten.coverage), (0.5, 0.25, 0.5));
        assert!((ten.ndcg - 0.5 / 3f64.log2()).abs() < 1e-12);
    }

    #[test]
    fn of_several_targets_the_first_has_the_rank_and_all_have_a_gain() {
        let mut tally = Tally::default();
        tally.count(&list("abcd"), &["b", "d", "x"].into());
        let [ten, _] = tally.scores(4);
        assert_eq!((ten.hit_rate, ten.mrr), (1.0, 0.5));
        let (gained, best) = (1.0 / 3f64.log2() + 1.0 / 5f64.log2(), 1.0 + 1.0 / 3f64.log2() + 0.5);
        assert!((ten.ndcg - gained / best).abs() < 1e-12);
    }

    #[test]
    fn a_target_behind_the_cut_does_not_count() {
        let mut tally = Tally::default();
        tally.count(&list("abcdefghijklmno"), &["l"].into());
        let [ten, twenty] = tally.scores(15);
        assert_eq!((ten.hit_rate, ten.mrr, ten.ndcg), (0.0, 0.0, 0.0));
        assert_eq!((twenty.hit_rate, twenty.mrr), (1.0, 1.0 / 12.0));
        assert_eq!((ten.coverage, twenty.coverage), (10.0 / 15.0, 1.0));
    }

    impl Scores {
        fn at_ten(self) -> Self {
            Self { at: 10, ..self }
        }
    }
}
