//! What came out, for people and machines.

use std::fmt;

use comfy_table::Table;
use serde::Serialize;

use super::{
    bars::{Judgement, judge, with},
    measured::{MODEL, Measured, Scores},
    numbers::Mean,
};
use crate::commands::table::table;

/// The methods, in the sequence they are shown.
const METHODS: [&str; 4] = [MODEL, "rules", "tuned_rule", "seeds_rule"];

/// Several simulations, or the shop's own orders.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    /// The simulations' seeds, or that of the training.
    pub seeds: Vec<u64>,
    /// Whether the model does as well as it must; nothing is known of what it must on a shop's own orders.
    pub good: bool,
    /// Whether the truth is known, with scenarios and with which labels come late.
    simulated: bool,
    methods: Vec<Row>,
    scenarios: Vec<Scenario>,
    bars: Vec<Judgement>,
    runs: Vec<Measured>,
}

/// A method, with or without the fraud whose labels come late.
#[derive(Debug, Serialize)]
struct Row {
    method: &'static str,
    delayed_labels: bool,
    auc: Mean,
    average_precision: Mean,
    precision: Mean,
    recall: Mean,
    calibration_error: Mean,
}

/// A scenario.
#[derive(Debug, Serialize)]
struct Scenario {
    name: String,
    orders: u64,
    refused: Mean,
    stopped: Mean,
    stopped_by_rules: Mean,
}

impl Report {
    /// Of simulations with these seeds.
    pub fn of(seeds: Vec<u64>, runs: Vec<Measured>) -> Self {
        let bars = judge(&runs);
        Self { good: bars.iter().all(|bar| bar.good), bars, ..Self::new(seeds, runs, &[false, true]) }
    }

    /// Of a training on the shop's own orders: against what labels say, and held to nothing but the gate.
    pub fn recorded(seed: u64, run: Measured) -> Self {
        Self::new(vec![seed], vec![run], &[true])
    }

    fn new(seeds: Vec<u64>, runs: Vec<Measured>, with_delayed: &[bool]) -> Self {
        let rows =
            METHODS.into_iter().flat_map(|method| with_delayed.iter().map(move |delayed| (method, *delayed)));
        Self {
            seeds,
            good: true,
            simulated: with_delayed.len() > 1,
            methods: rows.map(|(method, delayed)| row(&runs, method, delayed)).collect(),
            scenarios: scenarios(&runs),
            bars: Vec::new(),
            runs,
        }
    }

    fn method_table(&self) -> Table {
        let header = [
            "method",
            "leaked cards",
            "AUC",
            "average precision",
            "precision",
            "recall",
            "calibration error",
        ];
        let mut table = table(header.into_iter().filter(|name| self.simulated || *name != "leaked cards"));
        for row in &self.methods {
            let means = [row.auc, row.average_precision, row.precision, row.recall, row.calibration_error];
            let scope = self.simulated.then(|| with(row.delayed_labels).to_owned());
            let mut cells: Vec<String> = [row.method.to_owned()].into_iter().chain(scope).collect();
            cells.extend(means.map(|mean| mean.to_string()));
            table.add_row(cells);
        }
        table
    }

    fn scenario_table(&self) -> Table {
        let mut table = table(["scenario", "orders", "refused", "refused or held", "so by the rules"]);
        for scenario in &self.scenarios {
            table.add_row([
                scenario.name.clone(),
                scenario.orders.to_string(),
                scenario.refused.to_string(),
                scenario.stopped.to_string(),
                scenario.stopped_by_rules.to_string(),
            ]);
        }
        table
    }
}

fn row(runs: &[Measured], method: &'static str, with_delayed: bool) -> Row {
    let scores: Vec<&Scores> =
        runs.iter().filter_map(|run| run.methods.get(method)?.scores(with_delayed)).collect();
    let mean = |of: fn(&Scores) -> f64| Mean::of(scores.iter().map(|scores| of(scores)));
    Row {
        method,
        delayed_labels: with_delayed,
        auc: mean(|s| s.auc),
        average_precision: mean(|s| s.average_precision),
        precision: mean(|s| s.precision),
        recall: mean(|s| s.recall),
        calibration_error: mean(|s| s.calibration_error),
    }
}

fn scenarios(runs: &[Measured]) -> Vec<Scenario> {
    let fates = |method: &'static str, name: &str| -> Vec<_> {
        let all = runs.iter().filter_map(|run| run.methods.get(method)?.scenarios.get(name));
        // Of a scenario that did not happen nothing was missed.
        all.filter(|fate| fate.orders > 0).copied().collect()
    };
    let names = runs.first().and_then(|run| run.methods.get(MODEL)).map(|model| model.scenarios.keys());
    names
        .into_iter()
        .flatten()
        .map(|name| {
            let (model, rules) = (fates(MODEL, name), fates("rules", name));
            Scenario {
                name: name.clone(),
                orders: model.iter().map(|fate| fate.orders).sum(),
                refused: Mean::of(model.iter().map(|fate| fate.refused)),
                stopped: Mean::of(model.iter().map(|fate| fate.stopped)),
                stopped_by_rules: Mean::of(rules.iter().map(|fate| fate.stopped)),
            }
        })
        .collect()
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n", self.method_table())?;
        if self.simulated {
            writeln!(f, "{}\n", self.scenario_table())?;
        }
        for bar in &self.bars {
            writeln!(f, "{}  {}", if bar.good { "good" } else { "BAD " }, bar.text)?;
        }
        let (orders, fraud) =
            self.runs.iter().fold((0, 0), |(orders, fraud), run| (orders + run.orders, fraud + run.fraud));
        if !self.simulated {
            return write!(
                f,
                "{orders} orders of the test window, {fraud} of them labelled as fraud. Precision and recall are of \
                 refusals.\nLabels are what was reported: fraud that nobody has reported counts as honest here."
            );
        }
        write!(
            f,
            "\n{orders} orders of test windows, {fraud} of them fraud; {} simulation(s), ± is a 95 % interval over them. \
             Precision and recall are of refusals.\nNumbers are properties of the simulator, not of the real world.",
            self.seeds.len()
        )
    }
}
