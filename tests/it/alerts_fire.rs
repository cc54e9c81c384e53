//! Trouble in a running shop lights up the alert about it, from the service's metric to what Alertmanager hands on: the
//! rules as they are shipped, but for their times, which are a twentieth.

use std::collections::BTreeMap;

use orderflow_tests::{
    Request, Shop, eventually, options,
    prometheus::{Alertmanager, Prometheus, program_or_skip},
    raw,
};
use serde_json::{Value, json};

use crate::{promql, rules};

/// How much shorter a test's times are.
const FASTER: f64 = 20.0;

/// A rule file with its times a twentieth: how long something must last, over which time is looked at, and from which age
/// on it is too old.
fn faster(content: &str) -> String {
    let lines = content.lines().map(|line| {
        let is_of_time =
            line.trim_start().starts_with("for:") || line.contains('[') || line.contains(" offset ");
        let line = if is_of_time { times(line) } else { line.to_owned() };
        older_than(&line)
    });
    lines.collect::<Vec<_>>().join("\n") + "\n"
}

/// Every duration of this line that stands alone, shorter.
fn times(line: &str) -> String {
    let mut shorter = String::new();
    for piece in line.split_inclusive([' ', '[', ']']) {
        let word = piece.trim_end_matches([' ', '[', ']', ')']);
        let (number, unit) = word.split_at(word.find(|c: char| !c.is_ascii_digit()).unwrap_or(word.len()));
        let seconds = match (number.parse::<f64>(), unit) {
            (Ok(number), "s") => number,
            (Ok(number), "m") => number * 60.0,
            (Ok(number), "h") => number * 3600.0,
            _ => {
                shorter += piece;
                continue;
            }
        };
        shorter += &format!("{:.0}ms{}", seconds * 1000.0 / FASTER, &piece[word.len()..]);
    }
    shorter
}

/// An age in seconds that is asked for, shorter.
fn older_than(line: &str) -> String {
    let Some((before, age)) = line.split_once(" > ").filter(|(before, _)| before.contains("_seconds")) else {
        return line.to_owned();
    };
    age.trim().parse::<f64>().map_or_else(|_| line.to_owned(), |age| format!("{before} > {}", age / FASTER))
}

fn shipped_but_faster() -> Vec<(String, String)> {
    let name = |name: String| name.replace(".yml", ".rules.yml");
    rules::files().into_iter().map(|(file, content)| (name(file), faster(&content))).collect()
}

/// A shop, what watches it, and whom that tells.
struct Watched {
    shop: Shop,
    alertmanager: Alertmanager,
    prometheus: Prometheus,
}

impl Watched {
    /// Nothing, where one of the programs is not installed.
    async fn open() -> Option<Self> {
        let prometheus = program_or_skip(&["prometheus"])?;
        let alertmanager = program_or_skip(&["alertmanager", "prometheus-alertmanager"])?;
        let shop = Shop::open(options()).await;
        let alertmanager = Alertmanager::start(alertmanager).await;
        let rules = shipped_but_faster();
        let prometheus = Prometheus::start(prometheus, &shop, &rules, Some(&alertmanager)).await;
        Some(Self { shop, alertmanager, prometheus })
    }

    /// Waits until an alert of this name, with these labels, was handed on.
    async fn told(&self, name: &str, labels: Value) -> Value {
        let labels: BTreeMap<String, String> = serde_json::from_value(labels).unwrap();
        let is_it = |alert: &Value| {
            alert["labels"]["alertname"] == name
                && labels.iter().all(|(label, value)| alert["labels"][label] == value.as_str())
        };
        eventually(&format!("{name} {labels:?}"), async || {
            let told = self.alertmanager.told();
            let seen = || told.iter().map(|alert| alert["labels"].to_string()).collect::<Vec<_>>().join(", ");
            told.iter().find(|alert| is_it(alert)).cloned().ok_or_else(|| format!("told: [{}]", seen()))
        })
        .await
    }

    fn was_told(&self, name: &str) -> bool {
        self.alertmanager.told().iter().any(|alert| alert["labels"]["alertname"] == name)
    }

    /// Waits until Prometheus sees this.
    async fn sees(&self, query: &str) {
        eventually(query, async || match self.prometheus.query(query).await {
            Ok(found) if !found.is_empty() => Ok(()),
            Ok(_) => Err("nothing".to_owned()),
            Err(error) => Err(error),
        })
        .await;
    }
}

#[tokio::test]
async fn a_gateway_that_is_down_is_told() {
    let Some(watched) = Watched::open().await else { return };
    let shop = &watched.shop;
    watched.sees("up{service=\"payment\"} == 1").await;
    let mut placed = vec![shop.place(&Request::good()).await];
    shop.settled(&placed).await;
    watched.sees("state:orderflow_orders_finished:rate5m{state=\"Fulfilled\"} >= 0").await;
    assert!(!watched.was_told("DependencyOut"));
    shop.switch(shop.environment().gateway(), json!({ "error_rate": 1.0 })).await;
    for _ in 0..20 {
        placed.push(shop.place(&Request::good()).await);
    }
    let alert = watched.told("DependencyOut", json!({ "service": "payment", "breaker": "gateway" })).await;
    assert_eq!(alert["labels"]["severity"], "critical");
    assert!(
        alert["annotations"]["summary"].as_str().unwrap().contains("payment leaves gateway alone"),
        "{alert}"
    );
    shop.switch(shop.environment().gateway(), json!({ "error_rate": 0.0 })).await;
    shop.settled(&placed).await;
    watched.shop.close(&placed).await;
}

#[tokio::test]
async fn records_that_nobody_can_handle_are_told() {
    let Some(watched) = Watched::open().await else { return };
    let shop = &watched.shop;
    watched.sees("up{service=\"inventory\"} == 1").await;
    shop.terminate("fraud-scoring-0").await;
    let mut placed = Vec::new();
    for _ in 0..12 {
        let order = shop.place(&Request::good()).await;
        shop.refuse("inventory-0", &order.order_id.to_string(), true).await;
        placed.push(order);
    }
    assert!(!watched.was_told("DeadLettersPourIn"));
    shop.start_again("fraud-scoring-0").await;
    let alert =
        watched.told("DeadLettersPourIn", json!({ "service": "inventory", "code": "injected" })).await;
    assert_eq!(alert["annotations"]["runbook_url"], "docs/dead-letters.md#dead-letters-pour-in");
    let letters = shop.environment().names().dead_letters("inventory");
    eventually("all dead letters", async || match raw::read(&shop.kafka(), &letters).await.len() {
        12 => Ok(()),
        other => Err(other),
    })
    .await;
    for order in &placed {
        shop.refuse("inventory-0", &order.order_id.to_string(), false).await;
    }
    shop.orderflow(&["dlq", "redrive", "inventory", "--all"]).await;
    watched.shop.close_with_dead_letters(&placed, &["injected"; 12]).await;
}

#[tokio::test]
async fn a_service_that_stands_still_under_load_is_told_although_it_says_nothing_itself() {
    let Some(watched) = Watched::open().await else { return };
    let shop = &watched.shop;
    let mut placed = vec![shop.place(&Request::good()).await];
    shop.settled(&placed).await;
    watched.sees("group:orderflow_group_lag_seconds:max{group=\"payment\"} == 0").await;
    assert!(!watched.was_told("GroupFallsBehind"));
    shop.terminate("payment-0").await;
    placed.extend(shop.load(5).all().await);
    let alert = watched.told("GroupFallsBehind", json!({ "group": "payment" })).await;
    assert_eq!(alert["labels"]["severity"], "warning");
    watched.told("InstanceDown", json!({ "service": "payment" })).await;
    shop.start_again("payment-0").await;
    shop.settled(&placed).await;
    watched.sees("group:orderflow_group_lag_seconds:max{group=\"payment\"} == 0").await;
    watched.shop.close(&placed).await;
}

#[test]
fn a_rule_s_times_are_shorter_and_nothing_else_is_other() {
    let rule = "        expr: sum(rate(a_total{b=\"5m\"}[5m])) > 10 or (c unless c offset 1h) > 3\n        for: 30s\n";
    let wanted = "        expr: sum(rate(a_total{b=\"5m\"}[15000ms])) > 10 or (c unless c offset 180000ms) > 3\n        for: 1500ms\n";
    assert_eq!(faster(rule), wanted);
    let age = "expr: max by (group) (orderflow_oldest_dead_letter_seconds{standing=\"open\"}) > 3600\n";
    assert_eq!(
        faster(age),
        "expr: max by (group) (orderflow_oldest_dead_letter_seconds{standing=\"open\"}) > 180\n"
    );
    for (file, content) in rules::files() {
        let of = |content: &str| serde_yaml_ng::from_str::<Value>(content).unwrap();
        let (before, after) = (of(&content), of(&faster(&content)));
        let names = |rules: &Value| rules.to_string().matches("\"expr\"").count();
        assert_eq!(names(&before), names(&after), "{file}");
        for group in after["groups"].as_array().unwrap() {
            for rule in group["rules"].as_array().unwrap() {
                let expression = rule["expr"].as_str().unwrap();
                let known = promql::known(&rules::recorded());
                assert_eq!(promql::mistakes(expression, &known), Vec::<String>::new(), "{expression}");
            }
        }
    }
}
