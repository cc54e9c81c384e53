//! What operators are told is about metrics that there are, and leads to something to do.

use std::collections::BTreeSet;

use orderflow_tests::sources::{self, between, text, workspace};
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
fn asked(expression: &str) -> impl Iterator<Item = &str> {
    let words = expression.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words.filter(|word| word.starts_with("orderflow_") || word.starts_with("messaging_"))
}

#[test]
fn every_alert_is_about_a_metric_that_there_is() {
    let known = metrics();
    for (_, rule) in rules() {
        let expression = rule["expr"].as_str().unwrap();
        assert!(asked(expression).next().is_some(), "{rule}");
        for metric in asked(expression) {
            assert!(known.contains(metric), "{metric}, which no service tells, in {rule}");
        }
    }
}

#[test]
fn every_alert_has_a_runbook_that_there_is() {
    for (_, rule) in rules() {
        let runbook = rule["annotations"]["runbook_url"].as_str().unwrap_or_default();
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

/// The metrics that are named in the code, with what Prometheus makes of histograms.
fn metrics() -> BTreeSet<String> {
    let services = sources::services().into_iter().map(|service| format!("services/{service}/src"));
    let folders: Vec<String> = services.chain(["shared/src".to_owned()]).collect();
    let mut names = BTreeSet::new();
    for source in folders.iter().flat_map(|folder| sources::rust(folder)) {
        for name in between(&source.text, ": &str = \"", "\"") {
            names.insert(name.to_owned());
            names.extend(["_bucket", "_sum", "_count"].map(|end| format!("{name}{end}")));
        }
    }
    names
}
