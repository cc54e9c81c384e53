//! One catalogue of metrics: what the code counts, what the page says and what a running shop shows.

use std::collections::{BTreeMap, BTreeSet};

use orderflow::metrics::{ALL, Kind, Metric, page};
use orderflow_tests::{
    Request, Shop, eventually, options,
    sources::{self, text, workspace},
};

use crate::exposition::{Sample, labels_of, samples};

/// An instance has fewer series than this after every kind of order; Prometheus takes millions.
const SERIES: usize = 1500;

#[test]
fn the_page_is_made_from_the_catalogue() {
    let (made, path) = (page(), "docs/metrics.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(workspace().join(path), &made).unwrap();
    }
    let again = "UPDATE_DOCS=1 cargo test -p tests --test it metrics::the_page";
    assert!(text(path) == made, "{path} is not what shared/src/metrics.rs says; make it anew: {again}");
}

/// What is counted in the code: the constant, and the labels that are given.
fn counted() -> Vec<(String, BTreeSet<String>)> {
    let services = sources::services().into_iter().map(|service| format!("services/{service}/src"));
    let folders = services.chain(["shared/src".to_owned(), "letters/src".to_owned()]);
    let mut counted = Vec::new();
    // Where descriptions are made, nothing is counted.
    let sources = folders.flat_map(|folder| sources::rust(&folder)).filter(|source| source.name != "metric");
    for source in sources {
        for kind in ["counter!(", "gauge!(", "histogram!("] {
            for call in source.text.split(kind).skip(1) {
                let arguments = arguments(call);
                let (name, rest) = arguments.split_once(',').unwrap_or((arguments, ""));
                let name = name.trim().rsplit("::").next().unwrap_or_default().to_owned();
                let labels = rest.split("=>").filter_map(|before| before.rsplit('"').nth(1));
                let labels = labels.take(rest.matches("=>").count()).map(str::to_owned).collect();
                counted.push((name, labels));
            }
        }
    }
    assert!(counted.len() > 40, "the code is not found any more: {counted:?}");
    counted
}

/// What stands in the brackets of a macro.
fn arguments(call: &str) -> &str {
    let mut depth = 1;
    let end = call.find(|c: char| {
        depth += i32::from(c == '(') - i32::from(c == ')');
        depth == 0
    });
    &call[..end.unwrap_or(call.len())]
}

#[test]
fn the_code_counts_with_the_labels_that_the_catalogue_names() {
    let catalogue = text("shared/src/metrics.rs");
    // Of two, the name comes as an argument: who calls them names it.
    let by_argument = ["requests", "*metric"];
    for (constant, labels) in counted().into_iter().filter(|(name, _)| !by_argument.contains(&name.as_str()))
    {
        let entry = catalogue.split_once(&format!(" {constant}: "));
        let name = entry.and_then(|(_, rest)| rest.split('"').nth(1));
        let name = name.unwrap_or_else(|| panic!("{constant} is counted, but not in shared/src/metrics.rs"));
        let metric = ALL.iter().find(|metric| metric.name == name).unwrap();
        let known: BTreeSet<String> = metric.labels.iter().map(|label| label.name.to_owned()).collect();
        assert_eq!(labels, known, "{name} is counted with the first and has the second in the catalogue");
    }
}

#[test]
fn everything_in_the_catalogue_is_counted_somewhere() {
    let folders = sources::services().into_iter().map(|service| format!("services/{service}/src"));
    let folders = folders.chain(["shared/src".to_owned(), "letters/src".to_owned()]);
    let sources: Vec<_> = folders.flat_map(|folder| sources::rust(&folder)).collect();
    let catalogue = text("shared/src/metrics.rs");
    for metric in ALL {
        let before = catalogue.split_once(&format!("\"{}\"", metric.name)).unwrap().0;
        let constant = before.lines().last().unwrap().trim().split(':').next().unwrap();
        let used = sources.iter().any(|source| source.name != "metrics" && has_word(&source.text, constant));
        assert!(used, "{constant} ({}) is counted nowhere", metric.name);
    }
}

fn has_word(text: &str, word: &str) -> bool {
    let is_of_it = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(word)
        .any(|(at, _)| !text[..at].ends_with(is_of_it) && !text[at + word.len()..].starts_with(is_of_it))
}

/// A shop in which orders have come to several ends shows what the catalogue has, and nothing else: names, kinds,
/// labels, and no more values of a label than it allows.
#[tokio::test]
async fn a_running_shop_shows_what_the_catalogue_has_and_its_series_are_bounded() {
    let shop = Shop::open(options()).await;
    let mut placed = Vec::new();
    for request in [Request::good(), Request::good(), Request::short(), Request::declined()] {
        placed.push(shop.place(&request).await);
    }
    shop.settled(&placed).await;
    let wanted = BTreeMap::from([("Fulfilled", 2.0), ("OutOfStock", 1.0), ("Declined", 1.0)]);
    let exposed = eventually("every final state to be counted", async || {
        let mut exposed = Vec::new();
        for instance in shop.environment().instances() {
            exposed.push((instance.name().to_owned(), shop.metrics(instance.name()).await));
        }
        let all: Vec<Sample> = exposed.iter().flat_map(|(_, text)| samples(text)).collect();
        let mut finished = BTreeMap::new();
        for sample in all.iter().filter(|sample| sample.name == "orderflow_orders_finished_total") {
            *finished.entry(sample.labels["state"].as_str()).or_insert(0.0) += sample.value;
        }
        if finished == wanted { Ok(exposed) } else { Err(format!("{finished:?}")) }
    })
    .await;
    for (instance, text) in &exposed {
        holds_to_catalogue(instance, text);
    }
    let all: Vec<Sample> = exposed.iter().flat_map(|(_, text)| samples(text)).collect();
    let sum =
        |name: &str| all.iter().filter(|sample| sample.name == name).map(|sample| sample.value).sum::<f64>();
    assert_eq!(sum("orderflow_orders_accepted_total"), 4.0);
    assert_eq!(sum("orderflow_order_duration_seconds_count"), 4.0);
    let captured = sum("orderflow_money_captured_minor_units_total");
    assert!(captured > 0.0);
    assert_eq!(captured, sum("orderflow_money_fulfilled_minor_units_total"), "nothing was given back");
    assert_eq!(sum("orderflow_decisions_total"), 4.0);
    eventually("nobody to be behind, as seen from outside", async || {
        let behind = samples(&shop.metrics("order-status-0").await);
        let behind = behind.into_iter().filter(|sample| sample.name.starts_with("orderflow_group_lag_"));
        match behind
            .filter(|sample| sample.value != 0.0)
            .map(|sample| format!("{sample:?}"))
            .collect::<String>()
        {
            none if none.is_empty() => Ok(()),
            some => Err(some),
        }
    })
    .await;
    shop.close(&placed).await;
}

fn holds_to_catalogue(instance: &str, text: &str) {
    let samples = samples(text);
    assert!(samples.len() < SERIES, "{instance} has {} series", samples.len());
    let mut values: BTreeMap<(&str, String), BTreeSet<String>> = BTreeMap::new();
    for sample in &samples {
        let metric = metric_of(&sample.name)
            .unwrap_or_else(|| panic!("{instance}: {} is in no catalogue", sample.name));
        let own: BTreeSet<&str> =
            sample.labels.keys().map(String::as_str).filter(|label| *label != "le").collect();
        assert_eq!(own, labels_of(metric), "{instance}: {}", sample.name);
        for (label, value) in &sample.labels {
            values.entry((metric.name, label.clone())).or_default().insert(value.clone());
        }
    }
    let bare = samples.iter().filter_map(|sample| metric_of(&sample.name)).map(|metric| metric.name);
    for ((name, label), values) in values.iter().filter(|((_, label), _)| label != "le") {
        let metric = metric_of(name).unwrap();
        let most = metric.labels.iter().find(|known| known.name == label).unwrap().most;
        assert!(
            values.len() <= most,
            "{instance}: {name} has {} values of {label}: {values:?}",
            values.len()
        );
    }
    let shown: BTreeSet<&str> = values.keys().map(|(name, _)| *name).chain(bare).collect();
    for Metric { name, kind, meaning, .. } in ALL.iter().filter(|metric| shown.contains(metric.name)) {
        assert!(text.contains(&format!("# TYPE {name} {}\n", kind.name())), "{instance}: the kind of {name}");
        assert!(text.contains(&format!("# HELP {name} {meaning}\n")), "{instance}: the meaning of {name}");
    }
}

/// The metric that a series belongs to.
fn metric_of(series: &str) -> Option<&'static Metric> {
    ALL.iter().find(|metric| match metric.kind {
        Kind::Histogram(_) => metric.series().iter().any(|own| own == series) || metric.name == series,
        Kind::Counter | Kind::Gauge => metric.name == series,
    })
}
