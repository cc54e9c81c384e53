//! What came out, for people and machines.

use std::fmt;

use fraud_model::transactions::{
    card_precision::{self, TOP},
    prepare::Prepared,
};
use serde::Serialize;

use super::{Answer, Ranked};
use crate::commands::table::table;

/// A training on a table of transactions.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    file: String,
    #[serde(flatten)]
    prepared: Prepared,
    trees: u64,
    methods: Vec<Row>,
    /// The card precision of whoever knows all labels.
    best_card_precision: f64,
}

/// A method.
#[derive(Debug, Serialize)]
struct Row {
    name: String,
    auc: f64,
    average_precision: f64,
    card_precision: f64,
    card_precision_by_day: Vec<f64>,
}

impl Report {
    /// Of what was read and answered; `scores` has those of each method.
    pub fn of(file: &str, prepared: Prepared, answer: Answer, scores: &[Vec<f64>]) -> Self {
        let asked = &prepared.asked;
        let methods = answer.methods.into_iter().zip(scores).map(|(ranked, scores)| {
            let Ranked { name, auc, average_precision } = ranked;
            let by_day = card_precision::by_day(asked, scores, TOP);
            let card_precision = card_precision::mean(&by_day);
            Row { name, auc, average_precision, card_precision, card_precision_by_day: by_day }
        });
        let methods = methods.collect();
        let labels: Vec<f64> = asked.iter().map(|asked| f64::from(asked.fraud)).collect();
        let best = card_precision::mean(&card_precision::by_day(asked, &labels, TOP));
        Self { file: file.to_owned(), prepared, trees: answer.trees, methods, best_card_precision: best }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rows =
            table(["method", "AUC ROC", "average precision", &format!("card precision top-{TOP}")]);
        for row in &self.methods {
            let numbers = [row.auc, row.average_precision, row.card_precision];
            let mut cells = vec![row.name.clone()];
            cells.extend(numbers.map(|number| format!("{number:.3}")));
            rows.add_row(cells);
        }
        writeln!(f, "{rows}\n")?;
        let Prepared { rows, fraud, days: (first, last), training_from, training, test, left_out, .. } =
            &self.prepared;
        writeln!(f, "{}: {rows} transactions from {first} to {last}, {fraud} of them fraud.", self.file)?;
        writeln!(
            f,
            "Training: seven days from {training_from}, {} transactions, {} of them fraud; {} trees.",
            training.transactions, training.fraud, self.trees
        )?;
        writeln!(
            f,
            "Test: seven days, seven days later, {} transactions, {} of them fraud; {left_out} left out, whose cards \
             were known to be compromised.",
            test.transactions, test.fraud
        )?;
        if !self.prepared.windows_are_full {
            writeln!(
                f,
                "The file does not reach back 37 days before the training: some windows are not full."
            )?;
        }
        write!(
            f,
            "Card precision is the mean over the days of the test; whoever knew all labels would reach {:.3}.",
            self.best_card_precision
        )
    }
}
