//! A report for people.

use orderflow_versions::{
    Judgement, Numbers,
    numbers::{Labelled, Moved, OUTCOMES, Scores},
};

use crate::commands::table::table;

/// Reasons that would make too long a table.
const SHOWN: usize = 10;

const NO_LABELS: &str = "none of these orders has a label, so precision and recall are not known";

pub(super) fn text(version: &str, numbers: &Numbers, judgement: &Judgement) -> String {
    let mut parts = told(version, numbers);
    parts.push(gate(judgement));
    parts.join("\n\n")
}

/// What the numbers say, paragraph by paragraph.
pub(in crate::commands) fn told(version: &str, numbers: &Numbers) -> Vec<String> {
    let mut parts = vec![format!("version {version} has scored {} orders", numbers.orders)];
    if numbers.orders > 0 {
        let decided: Vec<String> =
            numbers.decided_by.iter().map(|(who, orders)| format!("{who} ({orders})")).collect();
        parts[0].push_str(&format!("; decided by {}", decided.join(", ")));
        parts.push(outcomes(numbers));
        parts.extend(numbers.scores.as_ref().map(scores));
        parts.extend((!numbers.reasons.is_empty()).then(|| reasons(&numbers.reasons)));
    }
    if let Some(micros) = numbers.micros {
        let (p50, p95, p99) = (micros.p50, micros.p95, micros.p99);
        parts.push(format!("microseconds an order: p50 {p50:.1}, p95 {p95:.1}, p99 {p99:.1}"));
    }
    parts.push(numbers.labelled.as_ref().map_or_else(|| NO_LABELS.to_owned(), labelled));
    parts
}

fn outcomes(numbers: &Numbers) -> String {
    let header = ["decided \\ this version"].into_iter().chain(OUTCOMES);
    let mut table = table(header.collect::<Vec<_>>());
    for (decided, would_be) in &numbers.outcomes {
        let counts = OUTCOMES.map(|outcome| would_be.get(outcome).copied().unwrap_or_default().to_string());
        table.add_row([decided.clone()].into_iter().chain(counts).collect::<Vec<_>>());
    }
    match numbers.agreement {
        Some(share) => format!("{table}\nthe same outcome: {:.2} %", share * 1e2),
        None => table.to_string(),
    }
}

fn scores(scores: &Scores) -> String {
    let header = (1..=9).map(|tenth| format!("{}0 %", tenth));
    let mut table = table(["scores up to".to_owned()].into_iter().chain(header).collect::<Vec<_>>());
    for (who, deciles) in [("decided", &scores.decided), ("this version", &scores.candidate)] {
        let cells = deciles.iter().map(|score| format!("{score:.3}"));
        table.add_row([who.to_owned()].into_iter().chain(cells).collect::<Vec<_>>());
    }
    table.to_string()
}

fn labelled(labelled: &Labelled) -> String {
    let mut table = table(["held or refused", "orders", "of them fraud", "precision", "recall"]);
    for (who, caught) in [("decided", labelled.decided), ("this version", labelled.candidate)] {
        let share = |share: Option<f64>| share.map_or_else(|| "-".to_owned(), |share| format!("{share:.3}"));
        let counts = [caught.stopped, caught.frauds].map(|count| count.to_string());
        let cells = counts.into_iter().chain([share(caught.precision), share(caught.recall)]);
        table.add_row([who.to_owned()].into_iter().chain(cells).collect::<Vec<_>>());
    }
    format!("{table}\nof {} orders with a label, {} of them fraud", labelled.orders, labelled.frauds)
}

fn reasons(moved: &[Moved]) -> String {
    let mut table = table(["reason", "decided for it", "this version", "moved by"]);
    for one in moved.iter().take(SHOWN) {
        let difference = one.candidate as i64 - one.decided as i64;
        let (decided, candidate) = (one.decided.to_string(), one.candidate.to_string());
        table.add_row([one.code.clone(), decided, candidate, format!("{difference:+}")]);
    }
    table.to_string()
}

fn gate(judgement: &Judgement) -> String {
    let mut table = table(["gate", "found", "wanted", ""]);
    for line in &judgement.lines {
        let kept = if line.passed { "passed" } else { "NOT PASSED" };
        table.add_row([line.what, &line.found, &line.wanted, kept]);
    }
    table.to_string()
}
