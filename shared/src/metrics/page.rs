//! The catalogue as a page of the documentation.

use std::{collections::BTreeMap, fmt::Write};

use super::{ALL, Kind, Label, Metric};

const HEAD: &str = "\
# Metrics
<!-- Made from shared/src/metrics.rs: UPDATE_DOCS=1 cargo test -p tests --test it metrics::the_page -->
Every process has them at `/metrics` of its operator address; Prometheus adds `service` and `instance` when it scrapes \
([observability.md](observability.md)). A process shows those it has something to say about.

A counter starts at 0 with its process: ask for `rate` or `increase`, never for its value. Business numbers (orders, \
money, decisions) are counted once what they tell of is committed, so a batch that was taken back counts once. A crash \
between a commit and its count loses the count: metrics are for looking and for alerts, the log is for accounts \
(`orderflow audit`).

| metric | kind | unit | labels | |
|---|---|---|---|---|
";

/// `docs/metrics.md`.
#[must_use]
pub fn page() -> String {
    let mut page = HEAD.to_owned();
    for metric in ALL {
        page += &row(metric);
    }
    page += "\n## Labels\nNone is an id, a customer or a text: what a label can be is known before. No process shows \
             more values of one than stand here; a test counts those of a running shop.\n\n\
             | label | of | values | at most |\n|---|---|---|---|\n";
    for ((name, values), (most, metrics)) in labels() {
        let of = if metrics.len() > 6 {
            format!("{} metrics", metrics.len())
        } else {
            metrics.iter().map(|metric| format!("`{metric}`")).collect::<Vec<_>>().join(", ")
        };
        let _ = writeln!(page, "| `{name}` | {of} | {values} | {most} |"); // a String takes everything
    }
    page
}

fn row(Metric { name, kind, unit, labels, meaning }: &Metric) -> String {
    let labels: Vec<String> = labels.iter().map(|label| format!("`{}`", label.name)).collect();
    let kind = match kind {
        Kind::Counter | Kind::Gauge => kind.name().to_owned(),
        Kind::Histogram(buckets) => {
            let bounds = buckets.bounds();
            let ends =
                (bounds.first().copied().unwrap_or_default(), bounds.last().copied().unwrap_or_default());
            format!("histogram, {} buckets from {} to {}", bounds.len(), ends.0, ends.1)
        }
    };
    format!("| `{name}` | {kind} | {} | {} | {meaning} |\n", unit.name(), labels.join(", "))
}

/// Each label as often as it has other values, with the metrics that have it.
fn labels() -> BTreeMap<(&'static str, &'static str), (usize, Vec<&'static str>)> {
    let mut labels: BTreeMap<_, (usize, Vec<&str>)> = BTreeMap::new();
    for metric in ALL {
        for Label { name, values, most } in metric.labels {
            let entry = labels.entry((*name, *values)).or_insert((*most, Vec::new()));
            entry.1.push(metric.name);
        }
    }
    labels
}
