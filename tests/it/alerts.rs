//! What operators are told is about metrics that there are, and leads to something to do.

use std::collections::BTreeSet;

use orderflow_tests::sources::{text, workspace};
use serde_json::Value;

/// The rules of every file in `deploy/alerts`, with the file's name.
fn rules() -> Vec<(String, Value)> {
    let mut rules = Vec::new();
    for file in std::fs::read_dir(workspace().join("deploy/alerts")).unwrap() {
        let name = file.unwrap().file_name().into_string().unwrap();
        let content: Value = serde_yaml_ng::from_str(&text(&format!("deploy/alerts/{name}"))).unwrap();
        for group in content["groups"].as_array().unwrap() {
            rules.extend(group["rules"].as_array().unwrap().iter().map(|rule| (name.clone(), rule.clone())));
        }
    }
    assert!(!rules.is_empty());
    rules
}

/// The words of an expression that are ours to name.
fn metrics(expression: &str) -> impl Iterator<Item = &str> {
    let words = expression.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words.filter(|word| word.starts_with("orderflow_") || word.starts_with("messaging_"))
}

#[test]
fn every_alert_is_about_a_metric_that_there_is() {
    let known = text("shared/src/metrics.rs");
    for (_, rule) in rules() {
        let expression = rule["expr"].as_str().unwrap();
        assert!(metrics(expression).next().is_some(), "{rule}");
        for metric in metrics(expression) {
            // A histogram's series have endings of their own.
            let name = ["_bucket", "_sum", "_count"].iter().find_map(|end| metric.strip_suffix(end));
            let is_there = |name: &str| known.contains(&format!("\"{name}\""));
            assert!(
                is_there(metric) || name.is_some_and(is_there),
                "{metric} is not in shared/src/metrics.rs"
            );
        }
    }
}

#[test]
fn every_alert_has_a_runbook_that_there_is() {
    for (_, rule) in rules() {
        let runbook = rule["annotations"]["runbook"].as_str().unwrap_or_default();
        let (file, anchor) = runbook.split_once('#').unwrap_or_else(|| panic!("{rule}"));
        let anchors: BTreeSet<String> = text(file).lines().filter_map(anchor_of).collect();
        assert!(anchors.contains(anchor), "{runbook}: {anchors:?}");
        assert!(rule["labels"]["severity"].is_string(), "{rule}");
    }
}

#[test]
fn every_file_of_alerts_is_given_to_prometheus() {
    let (prometheus, compose) = (text("deploy/prometheus/prometheus.yml"), text("docker-compose.yml"));
    assert!(prometheus.contains("/etc/prometheus/alerts/*.yml"));
    for name in rules().into_iter().map(|(name, _)| name).collect::<BTreeSet<_>>() {
        assert!(compose.contains(&format!("{{file: deploy/alerts/{name}}}")), "{name}");
        assert!(compose.contains(&format!("/etc/prometheus/alerts/{name}")), "{name}");
    }
}

/// How a heading is linked to: in small letters, with hyphens.
fn anchor_of(line: &str) -> Option<String> {
    let heading = line.trim_start_matches('#');
    let anchor = heading.trim().to_lowercase().replace(' ', "-");
    let kept = |c: &char| c.is_alphanumeric() || "-_".contains(*c);
    line.starts_with('#').then(|| anchor.chars().filter(kept).collect())
}
