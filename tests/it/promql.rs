//! What a PromQL expression asks for: metrics, and the labels it chooses and groups them by. No evaluation: that is a
//! real Prometheus's.

use std::collections::{BTreeMap, BTreeSet};

use orderflow::metrics::{ALL, Kind};

/// Behind these a list of labels stands in brackets.
const GROUPING: [&str; 7] = ["by", "without", "on", "ignoring", "group_left", "group_right", "offset"];
/// Words of the language that are no metric.
const WORDS: [&str; 9] = ["and", "or", "unless", "bool", "atan2", "inf", "nan", "start", "end"];
/// Labels that Prometheus gives to whatever it scrapes: deploy/prometheus.
const SCRAPED: [&str; 3] = ["service", "instance", "job"];

/// What an expression asks for.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// What is chosen of which metric.
    pub chosen: Vec<Selector>,
    /// The labels it groups or joins by.
    pub grouped: BTreeSet<String>,
}

/// A metric and the labels it is chosen by.
#[derive(Debug, PartialEq, Eq)]
pub struct Selector {
    pub metric: String,
    pub labels: BTreeSet<String>,
    /// As it stands there.
    pub text: String,
}

/// Finds what this expression asks for.
pub fn asked(expression: &str) -> Asked {
    let mut asked = Asked::default();
    let mut rest = expression;
    while let Some(begin) = rest.find(|c: char| c.is_ascii_alphabetic() || "_:[\"'".contains(c)) {
        // A number with a unit, or an exponent, is no word.
        let behind_number = rest[..begin].ends_with(|c: char| c.is_ascii_digit() || c == '.');
        rest = &rest[begin..];
        if let Some(quote) = rest.chars().next().filter(|c| "\"'[".contains(*c)) {
            let close = if quote == '[' { ']' } else { quote };
            rest = rest[1..].split_once(close).map_or("", |(_, behind)| behind);
            continue;
        }
        let end =
            rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != ':').unwrap_or(rest.len());
        let (word, behind) = rest.split_at(end);
        rest = behind;
        let next = behind.trim_start();
        if behind_number || WORDS.contains(&word) {
            continue;
        }
        if GROUPING.contains(&word) {
            if let Some((labels, behind)) = next.strip_prefix('(').and_then(|list| list.split_once(')')) {
                let labels = labels.split(',').map(str::trim).filter(|label| !label.is_empty());
                asked.grouped.extend(labels.map(str::to_owned));
                rest = behind;
            }
        } else if let Some((labels, after)) = behind.strip_prefix('{').and_then(braces) {
            let text = format!("{word}{}", &behind[..behind.len() - after.len()]);
            asked.chosen.push(Selector { metric: word.to_owned(), labels, text });
            rest = after;
        } else if !next.starts_with('(') && !is_grouped_function(next) {
            let (metric, text) = (word.to_owned(), word.to_owned());
            asked.chosen.push(Selector { metric, labels: BTreeSet::new(), text });
        }
    }
    asked
}

/// `sum by (…) (…)`: the function's own brackets come later.
fn is_grouped_function(next: &str) -> bool {
    ["by (", "by(", "without (", "without("].iter().any(|word| next.starts_with(word))
}

/// The labels that are matched, and what stands behind the brace. No value of ours has a brace in it, but a variable of
/// Grafana's may.
fn braces(inside: &str) -> Option<(BTreeSet<String>, &str)> {
    let (mut labels, mut rest) = (BTreeSet::new(), inside);
    loop {
        rest = rest.trim_start_matches([',', ' ', '\n']);
        if let Some(behind) = rest.strip_prefix('}') {
            return Some((labels, behind));
        }
        let end = rest.find(['=', '!'])?;
        labels.insert(rest[..end].trim().to_owned());
        rest = rest.split_once('"')?.1.split_once('"')?.1;
    }
}

/// Every series there may be: its name and its labels, without those that Prometheus gives. Recorded ones keep what
/// their rule groups by.
pub fn known(recorded: &[(String, String)]) -> BTreeMap<String, BTreeSet<String>> {
    let mut known: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for metric in ALL {
        for series in metric.series() {
            let own = metric.labels.iter().map(|label| label.name.to_owned());
            let le = (matches!(metric.kind, Kind::Histogram(_)) && series.ends_with("_bucket"))
                .then(|| "le".to_owned());
            known.insert(series, own.chain(le).collect());
        }
    }
    known.insert("up".to_owned(), BTreeSet::new());
    known.insert("ALERTS".to_owned(), ["alertname", "alertstate", "severity"].map(str::to_owned).into());
    for (name, expression) in recorded {
        known.insert(name.clone(), asked(expression).grouped);
    }
    known
}

/// What is wrong with an expression: metrics and labels that there are not.
pub fn mistakes(expression: &str, known: &BTreeMap<String, BTreeSet<String>>) -> Vec<String> {
    let Asked { chosen, grouped } = asked(expression);
    let mut mistakes = Vec::new();
    let mut labels: BTreeSet<&str> = SCRAPED.into();
    for Selector { metric, labels: by, .. } in &chosen {
        let Some(own) = known.get(metric) else {
            mistakes.push(format!("no metric is called {metric}"));
            continue;
        };
        labels.extend(own.iter().map(String::as_str));
        let is_there = |label: &&String| own.contains(*label) || SCRAPED.contains(&label.as_str());
        let wrong = by.iter().filter(|label| !is_there(label));
        mistakes.extend(wrong.map(|label| format!("{metric} has no label {label}")));
    }
    if chosen.is_empty() {
        mistakes.push("it asks for no metric".to_owned());
    }
    let wrong = grouped.iter().filter(|label| !labels.contains(label.as_str()));
    mistakes.extend(wrong.map(|label| format!("nothing has a label {label} to group by")));
    mistakes
}

#[test]
fn what_an_expression_asks_for_is_found_in_it() {
    let found = asked(
        r#"histogram_quantile(0.99, sum by (service, le) (rate(a_bucket{x=~"y|z", service="$service"}[5m])))
           > 1e3 unless on () b:c:d offset 5m and 0.5 * max without(instance) (e) == 2"#,
    );
    let set = |labels: &[&str]| labels.iter().map(|label| (*label).to_owned()).collect::<BTreeSet<_>>();
    let selector = |metric: &str, by: &[&str], text: &str| Selector {
        metric: metric.to_owned(),
        labels: set(by),
        text: format!("{metric}{text}"),
    };
    let first = selector("a_bucket", &["service", "x"], r#"{x=~"y|z", service="$service"}"#);
    let chosen = vec![first, selector("b:c:d", &[], ""), selector("e", &[], "")];
    assert_eq!(found, Asked { chosen, grouped: set(&["instance", "le", "service"]) });
}

#[test]
fn what_there_is_not_is_told() {
    let known = known(&[("a:b:c".to_owned(), "sum by (step) (orderflow_step_records_total)".to_owned())]);
    let mistakes = |expression| mistakes(expression, &known);
    for right in [
        "rate(orderflow_step_records_total{step=\"x\"}[5m])",
        "sum by (service, step) (orderflow_step_records_total)",
        "histogram_quantile(0.5, sum by (le) (rate(orderflow_order_duration_seconds_bucket[1m])))",
        "a:b:c{step=\"x\"}",
    ] {
        assert_eq!(mistakes(right), Vec::<String>::new(), "{right}");
    }
    for wrong in [
        "rate(orderflow_steps_total[5m])",
        "orderflow_step_records_total{hop=\"x\"}",
        "sum by (code) (orderflow_step_records_total)",
        "orderflow_order_duration_seconds",
        "sum by (le) (orderflow_order_duration_seconds_sum)",
        "a:b:d",
        "a:b:c{code=\"x\"}",
        "vector(0)",
    ] {
        assert!(!mistakes(wrong).is_empty(), "{wrong}");
    }
}
