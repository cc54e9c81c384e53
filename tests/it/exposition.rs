//! Metrics as an instance shows them, read without a client of Prometheus.

use std::collections::{BTreeMap, BTreeSet};

use orderflow::metrics::Metric;

/// One series and its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    pub name: String,
    pub labels: BTreeMap<String, String>,
    pub value: f64,
}

/// Every series of a text in Prometheus's format. None of our values has a quote in it.
pub fn samples(text: &str) -> Vec<Sample> {
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| {
            let (series, value) = line.rsplit_once(' ').unwrap();
            let (name, rest) = series.split_once('{').unwrap_or((series, "}"));
            let inside = rest.strip_suffix('}').unwrap();
            let pairs = inside.split("\",").filter(|pair| !pair.is_empty());
            let label = |pair: &str| {
                let (label, value) = pair.split_once("=\"").unwrap();
                (label.to_owned(), value.trim_end_matches('"').to_owned())
            };
            Sample {
                name: name.to_owned(),
                labels: pairs.map(label).collect(),
                value: value.parse().unwrap(),
            }
        })
        .collect()
}

/// The labels that a metric has by the catalogue.
pub fn labels_of(metric: &Metric) -> BTreeSet<&'static str> {
    metric.labels.iter().map(|label| label.name).collect()
}

#[test]
fn series_are_read_with_their_labels_and_values() {
    let text = "# HELP a b\n\na 1\nb{x=\"1\",y=\"a, b\"} NaN\nc_bucket{le=\"+Inf\"} 2.5\n";
    let read = samples(text);
    assert_eq!((read[0].name.as_str(), read[0].labels.len(), read[0].value), ("a", 0, 1.0));
    assert_eq!((read[1].labels["x"].as_str(), read[1].labels["y"].as_str()), ("1", "a, b"));
    assert!(read[1].value.is_nan());
    assert_eq!((read[2].labels["le"].as_str(), read[2].value), ("+Inf", 2.5));
}
