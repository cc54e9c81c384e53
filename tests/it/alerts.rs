//! What operators are told is about metrics that there are, and leads to something to do.

use std::collections::BTreeSet;

use orderflow_tests::{
    Request, Shop, eventually, options, prometheus, raw,
    sources::{text, workspace},
};
use serde_json::json;

use crate::{
    promql,
    rules::{self, alerts},
};

/// The words of an expression that are ours to name.
fn asked(expression: &str) -> impl Iterator<Item = &str> {
    let words = expression.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words.filter(|word| word.starts_with("orderflow_") || word.starts_with("messaging_"))
}

#[test]
fn every_rule_asks_for_metrics_and_labels_that_there_are() {
    let known = promql::known(&rules::recorded());
    for (rule, expression) in rules::expressions() {
        let mistakes = promql::mistakes(&expression, &known);
        assert!(mistakes.is_empty(), "{rule}: {mistakes:?}, in: {expression}");
    }
}

#[test]
fn every_alert_has_a_runbook_that_there_is() {
    for (_, rule) in alerts() {
        let runbook = rule["annotations"]["runbook_url"].as_str().unwrap_or_default();
        let (file, anchor) = runbook.split_once('#').unwrap_or_else(|| panic!("{rule}"));
        let anchors: BTreeSet<String> = text(file).lines().filter_map(anchor_of).collect();
        assert!(anchors.contains(anchor), "{runbook}: {anchors:?}");
        assert!(
            text(file).contains(&format!("`{}`", rule["alert"].as_str().unwrap())),
            "{runbook} does not name it"
        );
        let severity = rule["labels"]["severity"].as_str().unwrap_or_default();
        assert!(["critical", "warning", "info"].contains(&severity), "{rule}");
    }
}

/// A test that does not say when an alert fires is not one.
#[test]
fn every_alert_has_a_test_in_which_it_fires() {
    let folder = std::fs::read_dir(workspace().join("deploy/alerts/tests")).unwrap();
    let tests: Vec<String> =
        folder.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap()).collect();
    for (_, rule) in alerts() {
        let (name, runbook) = (&rule["alert"], &rule["annotations"]["runbook_url"]);
        let (name, runbook) = (name.as_str().unwrap(), runbook.as_str().unwrap());
        let named = format!("alertname: {name}\n");
        let fires = tests.iter().any(|test| {
            let named = test.split(&named).skip(1);
            named.filter_map(|rest| rest.split("alertname").next()).any(|own| own.contains(runbook))
        });
        assert!(fires, "no test of deploy/alerts/tests has {name} fire");
    }
}

/// What Prometheus itself says of rules, their tests and its configuration.
#[tokio::test]
async fn promtool_finds_nothing_wrong() {
    let Some(promtool) = prometheus::program_or_skip(&["promtool"]) else { return };
    let deploy = workspace().join("deploy");
    let inside = |folder: &str| -> Vec<String> {
        let files = std::fs::read_dir(deploy.join(folder)).unwrap();
        let names = files.map(|file| format!("{folder}/{}", file.unwrap().file_name().to_str().unwrap()));
        names.filter(|name| name.ends_with(".yml")).collect()
    };
    let run = async |mut arguments: Vec<&str>, files: &[String]| {
        arguments.extend(files.iter().map(String::as_str));
        prometheus::runs(&promtool, &arguments, &deploy).await;
    };
    run(vec!["check", "rules"], &inside("alerts")).await;
    run(vec!["test", "rules"], &inside("alerts/tests")).await;
    // Without the files it names, which are where it runs.
    run(vec!["check", "config", "--syntax-only"], &["prometheus/prometheus.yml".to_owned()]).await;
}

#[tokio::test]
async fn amtool_finds_nothing_wrong() {
    let Some(amtool) = prometheus::program_or_skip(&["amtool"]) else { return };
    prometheus::runs(
        &amtool,
        &["check-config", "alertmanager.yml"],
        &workspace().join("deploy/alertmanager"),
    )
    .await;
}

#[test]
fn every_file_of_alerts_is_given_to_prometheus() {
    let (prometheus, compose) = (text("deploy/prometheus/prometheus.yml"), text("docker-compose.yml"));
    assert!(prometheus.contains("/etc/prometheus/alerts/*.yml"));
    for (name, _) in rules::files() {
        assert!(compose.contains(&format!("{{file: deploy/alerts/{name}}}")), "{name}");
        assert!(compose.contains(&format!("/etc/prometheus/alerts/{name}")), "{name}");
    }
}

/// A metric that is asked for, with the labels it is chosen by: `name{label="value"}`.
fn chosen(expression: &str) -> Vec<(String, Vec<String>)> {
    let label = |matcher: &str| matcher.split(['=', '!']).next().unwrap_or_default().trim().to_owned();
    asked(expression)
        .map(|metric| {
            let behind = expression.split_once(metric).unwrap().1;
            let braces = behind.strip_prefix('{').and_then(|rest| rest.split_once('}'));
            let labels = braces.map(|(inside, _)| inside.split(',').map(label).collect());
            (metric.to_owned(), labels.unwrap_or_default())
        })
        .collect()
}

/// Labels that Prometheus gives to whatever it scrapes: deploy/prometheus.
const SCRAPED: [&str; 2] = ["service", "instance"];

/// The labels that an expression sums by.
fn summed_by(expression: &str) -> BTreeSet<String> {
    let lists = expression.split("by (").skip(1).filter_map(|rest| rest.split_once(')'));
    lists.flat_map(|(list, _)| list.split(',').map(|label| label.trim().to_owned())).collect()
}

/// Each rule about dead letters and dependencies finds what it asks for in the metrics of a shop in which that has
/// happened: by its name, with the labels it is chosen and summed by.
#[tokio::test]
async fn what_alerts_ask_for_is_what_services_tell() {
    let shop = Shop::open(options()).await;
    let placed = shop.place(&Request::good()).await;
    shop.settled(&[placed]).await;
    shop.terminate("fraud-scoring-0").await;
    let rests = shop.place(&Request::good()).await;
    let key = rests.order_id.to_string();
    shop.refuse("inventory-0", &key, true).await;
    shop.start_again("fraud-scoring-0").await;
    let letters = async |count: usize| {
        let topic = shop.environment().names().dead_letters("inventory");
        eventually(&format!("{count} dead letters"), async || {
            match raw::read(&shop.kafka(), &topic).await.len() {
                found if found >= count => Ok(()),
                found => Err(found),
            }
        })
        .await;
    };
    letters(1).await;
    shop.orderflow(&["dlq", "redrive", "inventory", "--all"]).await;
    letters(2).await;
    let ours = ["dead-letters.yml", "dependencies.yml"];
    let rules = alerts().into_iter().filter(|(file, _)| ours.contains(&file.as_str()));
    let rules: Vec<String> = rules.map(|(_, rule)| rule["expr"].as_str().unwrap().to_owned()).collect();
    eventually("every metric with its labels", async || {
        let mut told = String::new();
        for instance in shop.environment().instances() {
            told.push_str(&shop.metrics(instance.name()).await);
        }
        for expression in &rules {
            for (metric, mut labels) in chosen(expression) {
                labels.extend(summed_by(expression));
                labels.retain(|label| !SCRAPED.contains(&label.as_str()));
                let is_told = |line: &&str| {
                    line.strip_prefix(metric.as_str()).is_some_and(|rest| rest.starts_with(['{', ' ']))
                        && labels.iter().all(|label| line.contains(&format!("{label}=\"")))
                };
                if !told.lines().any(|line| is_told(&line)) {
                    return Err(format!("{metric} with {labels:?}, of: {expression}"));
                }
            }
        }
        Ok(())
    })
    .await;
    shop.refuse("inventory-0", &key, false).await;
    let again = shop.orderflow(&["dlq", "redrive", "inventory", "--all"]).await;
    assert_ne!(again, json!([]));
    shop.close_with_dead_letters(&[placed, rests], &["injected"; 2]).await;
}

#[test]
fn what_an_expression_asks_for_is_found_in_it() {
    let expression = r#"sum by (service) (increase(orderflow_redrives_total{outcome="given_up"}[15m]))
        > 0.5 * max by (group) (orderflow_oldest_dead_letter_seconds)"#;
    let found = chosen(expression);
    assert_eq!(found[0], ("orderflow_redrives_total".to_owned(), vec!["outcome".to_owned()]));
    assert_eq!(found[1], ("orderflow_oldest_dead_letter_seconds".to_owned(), Vec::new()));
    assert_eq!(summed_by(expression), ["group", "service"].map(str::to_owned).into());
}

/// How a heading is linked to: in small letters, with hyphens.
fn anchor_of(line: &str) -> Option<String> {
    let heading = line.trim_start_matches('#');
    let anchor = heading.trim().to_lowercase().replace(' ', "-");
    let kept = |c: &char| c.is_alphanumeric() || "-_".contains(*c);
    line.starts_with('#').then(|| anchor.chars().filter(kept).collect())
}
