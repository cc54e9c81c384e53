//! From turns to medians, and to ratios of medians with their intervals.

use rand::{RngExt, SeedableRng, rngs::StdRng};

use super::{
    contestants::Contestant,
    measured::{Measured, quantile},
    numbers::Number,
};

/// Draws of the bootstrap.
const DRAWS: usize = 10_000;

/// All measurements of a run.
pub struct Summary<'m>(pub &'m [Measured]);

impl Summary<'_> {
    /// The contestants that were measured, in the sequence of their first turns.
    pub fn contestants(&self) -> Vec<&str> {
        self.distinct(|one| &one.contestant)
    }

    /// The steady rates that were measured.
    pub fn rates(&self) -> Vec<&str> {
        let mut modes = self.distinct(|one| &one.mode);
        modes.retain(|mode| mode.ends_with("/s"));
        modes
    }

    fn distinct<'m>(&'m self, of: impl Fn(&'m Measured) -> &'m String) -> Vec<&'m str> {
        let mut distinct: Vec<&str> = Vec::new();
        for one in self.0.iter().map(of) {
            if !distinct.contains(&one.as_str()) {
                distinct.push(one);
            }
        }
        distinct
    }

    /// This number of each turn of a contestant in a mode.
    pub fn values(&self, contestant: &str, mode: &str, number: Number) -> Vec<f64> {
        let its = self.0.iter().filter(|one| one.contestant == contestant && one.mode == mode);
        its.filter_map(number).collect()
    }

    /// The median of [`Self::values`].
    pub fn median(&self, contestant: &str, mode: &str, number: Number) -> Option<f64> {
        median(&self.values(contestant, mode, number))
    }

    /// Of these the one that is best in this number: with the greatest median, or the least.
    pub fn best(
        &self,
        of: &[Contestant],
        mode: &str,
        number: Number,
        greatest: bool,
    ) -> Option<(String, Vec<f64>)> {
        let known = of.iter().filter_map(|one| {
            let values = self.values(&one.name(), mode, number);
            Some((median(&values)?, one.name(), values))
        });
        let better = |a: f64, b: f64| if greatest { a.total_cmp(&b) } else { b.total_cmp(&a) };
        known.max_by(|a, b| better(a.0, b.0)).map(|(_, name, values)| (name, values))
    }
}

/// The middle value; of two middle ones the mean. None of none.
pub fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let upper = *sorted.get(sorted.len() / 2)?;
    let lower = sorted[(sorted.len() - 1) / 2];
    Some(f64::midpoint(lower, upper))
}

/// A ratio of two medians, and where it lies with 95 % confidence.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ratio {
    pub of_medians: f64,
    pub from: f64,
    pub to: f64,
}

/// The ratio of the medians of `ours` and `theirs`, with the percentile bootstrap's interval (Efron and Tibshirani, An
/// Introduction to the Bootstrap, 1993, §13.3). With few turns it is no wider than they happen to differ.
pub fn ratio(ours: &[f64], theirs: &[f64]) -> Option<Ratio> {
    let of_medians = median(ours)? / median(theirs)?;
    // The same draws for the same turns.
    let mut random = StdRng::seed_from_u64(1);
    let mut draw = |from: &[f64]| -> Option<f64> {
        let drawn: Vec<f64> = from.iter().map(|_| from[random.random_range(0..from.len())]).collect();
        median(&drawn)
    };
    let mut ratios: Vec<f64> = (0..DRAWS).filter_map(|_| Some(draw(ours)? / draw(theirs)?)).collect();
    ratios.sort_by(f64::total_cmp);
    Some(Ratio { of_medians, from: quantile(&ratios, 0.025)?, to: quantile(&ratios, 0.975)? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rivals::numbers::PER_SECOND;

    #[test]
    fn a_median_stands_in_the_middle() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), Some(2.5));
        assert_eq!(median(&[]), None);
    }

    #[test]
    fn a_ratio_lies_within_its_interval() {
        let ours = [20.0, 22.0, 21.0, 19.0, 23.0];
        let theirs = [10.0, 11.0, 9.0, 10.5, 9.5];
        let found = ratio(&ours, &theirs).unwrap();
        assert_eq!(found.of_medians, 2.1);
        assert!(found.from < 2.1 && 2.1 < found.to, "{found:?}");
        assert!(found.from > 1.6 && found.to < 2.7, "{found:?}");
        assert_eq!(ratio(&ours, &theirs), Some(found), "the same draws each time");
        assert_eq!(ratio(&[], &theirs), None);
    }

    #[test]
    fn the_best_rival_is_the_one_that_is_hardest_to_beat() {
        let burst =
            |contestant, per_second| Measured { per_second, ..Measured::new(contestant, "burst", 1, 1.0) };
        let all = [
            burst(Contestant::Streams5, Some(5.0)),
            burst(Contestant::Streams100, Some(9.0)),
            burst(Contestant::ExactlyOnce, Some(20.0)),
        ];
        let best =
            |of: &[Measured], greatest| Summary(of).best(&Contestant::RIVALS, "burst", PER_SECOND, greatest);
        assert_eq!(best(&all, true).unwrap().0, "kstreams-100ms");
        assert_eq!(best(&all, false).unwrap().0, "kstreams-5ms");
        assert_eq!(best(&all[2..], true), None);
    }
}
