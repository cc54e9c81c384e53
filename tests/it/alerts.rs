//! What operators are told is about metrics that there are, and leads to something to do.

use std::collections::BTreeSet;

use orderflow_tests::{
    Request, Shop, eventually, options, raw,
    sources::{self, between, text, workspace},
};
use serde_json::{Value, json};

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
    let rules = rules().into_iter().filter(|(file, _)| file != "fraud-scoring.yml");
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
