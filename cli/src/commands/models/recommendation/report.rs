//! What came out, for people and machines.

use std::fmt;

use jiff::{Timestamp, tz::TimeZone};
use recommendation::decay::Decay;
use serde::Serialize;

use super::{
    baskets::Sales,
    methods::{BASELINE, NAMES},
    metrics::{Scores, Tally},
    trial::{Split, Trial},
};
use crate::commands::table::table;

/// An evaluation.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    rows: u64,
    passed_over: u64,
    trained_by_baskets: usize,
    products: usize,
    customers: usize,
    test_begins: Timestamp,
    test_ends: Timestamp,
    half_life_days: i64,
    pub questions: Vec<Question>,
}

/// One question, and how each method answered it.
#[derive(Debug, Serialize)]
pub(super) struct Question {
    pub name: &'static str,
    about: &'static str,
    pub cases: usize,
    pub methods: Vec<Method>,
}

/// How a method answered.
#[derive(Debug, Serialize)]
pub(super) struct Method {
    pub name: &'static str,
    pub scores: Vec<Scores>,
    /// The hit rate at the last cut, by popularity's.
    pub times_popularity: f64,
}

impl Report {
    pub(super) fn of(sales: &Sales, split: Split, decay: Decay, trial: Trial) -> Self {
        let item = "a product new to the customer, from the past and the lines above it";
        let basket = "any product of the basket that is new to the customer, from the past alone";
        Self {
            rows: sales.rows,
            passed_over: sales.passed_over,
            trained_by_baskets: trial.trained_by,
            products: trial.products,
            customers: trial.customers,
            test_begins: split.at,
            test_ends: split.end,
            half_life_days: decay.half_life().as_hours() / 24,
            questions: vec![
                Question::of("next item", item, &trial.next_item, trial.products),
                Question::of("next basket", basket, &trial.next_basket, trial.products),
            ],
        }
    }
}

impl Question {
    fn of(name: &'static str, about: &'static str, tallies: &[Tally], products: usize) -> Self {
        let scores: Vec<[Scores; 2]> = tallies.iter().map(|tally| tally.scores(products)).collect();
        let baseline = scores[BASELINE][1].hit_rate;
        let methods = NAMES.into_iter().zip(scores).map(|(name, scores)| Method {
            name,
            times_popularity: if baseline > 0.0 { scores[1].hit_rate / baseline } else { 0.0 },
            scores: scores.to_vec(),
        });
        Self { name, about, cases: tallies[BASELINE].cases(), methods: methods.collect() }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let day = |time: Timestamp| time.to_zoned(TimeZone::UTC).date();
        let mut table = table([
            "question",
            "method",
            "HR@10",
            "HR@20",
            "MRR@10",
            "MRR@20",
            "NDCG@10",
            "NDCG@20",
            "coverage@10",
            "coverage@20",
            "HR@20 by popularity's",
        ]);
        for question in &self.questions {
            for method in &question.methods {
                let mut row = vec![question.name.to_owned(), method.name.to_owned()];
                let numbers = [
                    |s: &Scores| s.hit_rate,
                    |s: &Scores| s.mrr,
                    |s: &Scores| s.ndcg,
                    |s: &Scores| s.coverage,
                ];
                for number in numbers {
                    row.extend(method.scores.iter().map(|scores| format!("{:.4}", number(scores))));
                }
                row.push(format!("{:.2}", method.times_popularity));
                table.add_row(row);
            }
        }
        writeln!(f, "{table}\n")?;
        for question in &self.questions {
            writeln!(f, "{}: {} ({} cases)", question.name, question.about, question.cases)?;
        }
        writeln!(
            f,
            "trained by {} baskets before {}; asked about {} customers' baskets up to {}; {} products; half-life {} days",
            self.trained_by_baskets,
            day(self.test_begins),
            self.customers,
            day(self.test_ends),
            self.products,
            self.half_life_days
        )?;
        write!(f, "{} rows, of which {} sell no product", self.rows, self.passed_over)
    }
}
