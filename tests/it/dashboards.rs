//! Dashboards ask for metrics that there are, in a language that Prometheus understands, and get answers.

use std::collections::BTreeSet;

use orderflow_tests::{
    Request, Shop, eventually, options,
    prometheus::{Prometheus, program_or_skip},
    sources::{text, workspace},
};
use serde_json::Value;

use crate::{promql, rules};

/// Every dashboard: its file's name, and what it is.
fn dashboards() -> Vec<(String, Value)> {
    let folder = std::fs::read_dir(workspace().join("deploy/grafana/dashboards")).unwrap();
    let name = |file: std::io::Result<std::fs::DirEntry>| file.unwrap().file_name().into_string().unwrap();
    let read = |name: String| {
        let content = serde_json::from_str(&text(&format!("deploy/grafana/dashboards/{name}"))).unwrap();
        (name, content)
    };
    let dashboards: Vec<_> = folder.map(name).map(read).collect();
    assert_eq!(dashboards.len(), 5);
    dashboards
}

/// The queries of all panels, with where they stand; variables stand for everything, intervals for half a minute.
fn queries() -> Vec<(String, String)> {
    let mut queries = Vec::new();
    for (file, dashboard) in dashboards() {
        let variables: Vec<String> =
            list(&dashboard["templating"]["list"]).map(|one| format!("${}", word(&one["name"]))).collect();
        for panel in list(&dashboard["panels"]) {
            for target in list(&panel["targets"]) {
                let expression = word(&target["expr"]).replace("$__rate_interval", "30s");
                let filled = variables.iter().fold(expression, |text, variable| text.replace(variable, ".*"));
                assert!(!filled.contains('$'), "{file}: an unknown variable in {filled}");
                queries.push((format!("{file}: {}", word(&panel["title"])), filled));
            }
        }
    }
    assert!(queries.len() > 60, "{}", queries.len());
    queries
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn word(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

#[test]
fn every_panel_asks_for_metrics_and_labels_that_there_are() {
    let known = promql::known(&rules::recorded());
    for (panel, query) in queries() {
        let mistakes = promql::mistakes(&query, &known);
        assert!(mistakes.is_empty(), "{panel}: {mistakes:?}, in: {query}");
    }
}

/// Legends name labels that the query leaves.
#[test]
fn every_legend_names_what_its_query_groups_by() {
    for (file, dashboard) in dashboards() {
        for target in list(&dashboard["panels"]).flat_map(|panel| list(&panel["targets"])) {
            let (query, legend) = (word(&target["expr"]), word(&target["legendFormat"]));
            let grouped = promql::asked(query).grouped;
            let named =
                legend.split("{{").skip(1).filter_map(|rest| rest.split_once("}}")).map(|(name, _)| name);
            for name in named {
                // What a rule has recorded has its labels without being grouped again.
                let recorded = rules::recorded();
                let is_recorded = recorded.iter().any(|(rule, by)| {
                    query.contains(rule.as_str()) && promql::asked(by).grouped.contains(name)
                });
                assert!(grouped.contains(name) || is_recorded, "{file}: {legend}, of {query}");
            }
        }
    }
}

#[test]
fn every_dashboard_has_its_own_name_and_the_provisioned_source() {
    let (mut names, mut titles) = (BTreeSet::new(), BTreeSet::new());
    let sources = text("deploy/grafana/provisioning/datasources/orderflow.yml");
    for (file, dashboard) in dashboards() {
        assert_eq!(format!("{}.json", word(&dashboard["uid"])), file);
        assert!(names.insert(file.clone()) && titles.insert(word(&dashboard["title"]).to_owned()));
        let of_panels = list(&dashboard["panels"]).filter(|panel| panel["type"] != "row");
        let ids: Vec<u64> = list(&dashboard["panels"]).filter_map(|panel| panel["id"].as_u64()).collect();
        assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "{file}: an id twice");
        for panel in of_panels {
            let source = word(&panel["datasource"]["uid"]);
            assert!(sources.contains(&format!("uid: {source},")), "{file}: {panel}");
        }
    }
}

/// A real Prometheus understands every query of dashboards and rules, and finds something wherever all that is asked for
/// is there: a join or a group by what does not match finds nothing.
#[tokio::test]
async fn a_prometheus_that_scrapes_a_shop_answers_every_query() {
    let Some(program) = program_or_skip(&["prometheus"]) else { return };
    let shop = Shop::open(options()).await;
    let shipped: Vec<(String, String)> = rules::files()
        .into_iter()
        .map(|(name, content)| (name.replace(".yml", ".rules.yml"), content))
        .collect();
    let prometheus = Prometheus::start(program, &shop, &shipped, None).await;
    let mut placed = vec![shop.place(&Request::good()).await, shop.place(&Request::short()).await];
    shop.settled(&placed).await;
    // What has just begun has no rate yet: a second time.
    placed.extend([shop.place(&Request::good()).await, shop.place(&Request::declined()).await]);
    shop.settled(&placed).await;
    eventually("the last of them to be scraped", async || {
        let found = prometheus.query("sum(orderflow_orders_finished_total) >= 4").await?;
        if found.is_empty() { Err("fewer are finished".to_owned()) } else { Ok(()) }
    })
    .await;
    let mut answered = 0;
    for (place, query) in queries().into_iter().chain(rules::expressions()) {
        let found =
            prometheus.query(&query).await.unwrap_or_else(|error| panic!("{place}: {error}: {query}"));
        // Whether something is beyond a limit now is another question.
        let is_of_limits =
            [" > ", " < ", " == ", ">= ", "unless", "absent("].iter().any(|word| query.contains(word));
        if !found.is_empty() || is_of_limits {
            answered += usize::from(!found.is_empty());
            continue;
        }
        if !all_there(&prometheus, &query).await {
            continue; // nobody has given up a record, nothing was given back
        }
        eventually(&format!("{place} to be answered: {query}"), async || {
            match prometheus.query(&query).await.unwrap() {
                found if found.is_empty() => Err("nothing, although all it asks for is there"),
                _ => Ok(()),
            }
        })
        .await;
        answered += 1;
    }
    // How many depends on how long it has looked; none would mean that it sees nothing.
    assert!(answered > 10, "only {answered} queries found something");
    shop.close(&placed).await;
}

/// Whether there are series of everything a query chooses.
async fn all_there(prometheus: &Prometheus, query: &str) -> bool {
    for selector in promql::asked(query).chosen {
        // A rate needs two.
        let there = format!("count_over_time({}[10s]) > 3", selector.text);
        if prometheus.query(&there).await.unwrap_or_else(|error| panic!("{error}: {there}")).is_empty() {
            return false;
        }
    }
    true
}
