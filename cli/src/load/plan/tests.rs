use std::collections::{BTreeMap, HashSet};

use serde_json::json;

use super::*;

fn shop() -> Shop {
    serde_json::from_value(json!({ "products": [
        { "sku": "TEA", "prices": { "EUR": 795, "GBP": 695 } },
        { "sku": "MUG", "prices": { "EUR": 1290, "GBP": 1090 } },
        { "sku": "LENS", "prices": { "EUR": 46900 } },
        { "sku": "LAPTOP", "prices": { "EUR": 139_900, "GBP": 121_900 } },
    ] }))
    .unwrap()
}

fn planned(orders: usize, seed: u64) -> Vec<Shot> {
    plan(&shop(), orders, 50.0, seed, "run", &Mix::default())
}

fn total(shot: &Shot) -> i64 {
    let currency = shot.body["currency"].as_str().unwrap();
    let lines = shot.body["lines"].as_array().unwrap();
    let price = |sku: &str| shop().products.into_iter().find(|p| p.sku == sku).unwrap().prices[currency];
    lines.iter().map(|line| price(line["sku"].as_str().unwrap()) * line["quantity"].as_i64().unwrap()).sum()
}

#[test]
fn the_same_seed_gives_the_same_orders_and_another_one_others() {
    let text = |shots: &[Shot]| format!("{shots:?}");
    assert_eq!(text(&planned(300, 7)), text(&planned(300, 7)));
    assert_ne!(text(&planned(300, 7)), text(&planned(300, 8)));
}

#[test]
fn orders_are_due_at_the_rate_whatever_their_kind() {
    let shots = planned(500, 1);
    let due: Vec<_> = shots.iter().filter(|shot| !shot.duplicate).map(|shot| shot.due).collect();
    assert_eq!(due.len(), 500);
    assert!(due.iter().enumerate().all(|(n, due)| *due == Duration::from_millis(20).mul_f64(n as f64)));
    assert!(shots.is_sorted_by_key(|shot| shot.due));
}

#[test]
fn every_kind_of_customer_comes_even_in_a_short_run() {
    let mut kinds: BTreeMap<Kind, usize> = BTreeMap::new();
    for shot in planned(200, 1) {
        *kinds.entry(shot.kind).or_default() += 1;
    }
    assert_eq!(kinds.len(), 10, "{kinds:?}");
    assert!(kinds[&Kind::Ordinary] > 70, "{kinds:?}");
}

#[test]
fn a_duplicate_repeats_key_and_body() {
    let shots = planned(500, 3);
    let duplicates: Vec<_> = shots.iter().filter(|shot| shot.duplicate).collect();
    assert!(!duplicates.is_empty());
    for duplicate in duplicates {
        let first = shots.iter().find(|shot| !shot.duplicate && shot.key == duplicate.key).unwrap();
        assert!(first.key.is_some() && first.body == duplicate.body && first.due < duplicate.due);
    }
}

#[test]
fn a_card_test_is_small_charges_of_one_card_and_then_a_large_one() {
    let tests: Vec<Shot> = planned(2_000, 5)
        .into_iter()
        .filter(|shot| shot.kind == Kind::CardTesting && !shot.duplicate)
        .collect();
    assert!(!tests.is_empty() && tests.len().is_multiple_of(orders::CARD_TEST));
    for test in tests.chunks(orders::CARD_TEST) {
        let tokens: HashSet<_> = test.iter().map(|shot| shot.body["payment_token"].to_string()).collect();
        assert_eq!(tokens.len(), 1);
        let totals: Vec<i64> = test.iter().map(total).collect();
        let (large, small) = totals.split_last().unwrap();
        assert!(*large >= 10_000 && small.iter().all(|total| *total <= 1_000), "{totals:?}");
    }
}

#[test]
fn no_customer_comes_so_often_that_it_looks_like_an_attack() {
    let mut orders: BTreeMap<String, usize> = BTreeMap::new();
    for shot in planned(3_000, 9).iter().filter(|shot| shot.kind != Kind::CardTesting && !shot.duplicate) {
        *orders.entry(shot.body["device_id"].to_string()).or_default() += 1;
    }
    assert!(orders.values().all(|count| *count <= 3));
}

#[test]
fn a_tested_card_belongs_mostly_to_somebody_in_another_country() {
    let shots = planned(3_000, 5);
    let tests = shots.iter().filter(|shot| shot.kind == Kind::CardTesting && !shot.duplicate);
    let (mut all, mut abroad) = (0, 0);
    for shot in tests {
        let billed = shot.body["billing_country"].as_str().unwrap();
        all += 1;
        abroad += usize::from(shot.body["delivery_address"]["country"] != billed);
    }
    assert!(abroad * 2 > all && abroad < all, "{abroad} of {all}");
}

#[test]
fn travellers_order_home_through_one_address_abroad() {
    let shots = planned(500, 4);
    let travellers: Vec<_> = shots.iter().filter(|shot| shot.kind == Kind::Traveller).collect();
    assert!(travellers.len() > 1);
    for shot in &travellers {
        assert!(shot.body["billing_country"].is_null());
        assert_ne!(shot.body["delivery_address"]["country"], shot.country.as_str());
        assert_eq!(shot.ip, travellers[0].ip);
    }
}

#[test]
fn whoever_comes_back_wants_one_small_thing() {
    let shots = planned(500, 6);
    let repeats: Vec<_> = shots.iter().filter(|shot| shot.kind == Kind::Repeat).collect();
    assert!(!repeats.is_empty() && repeats.iter().all(|shot| total(shot) <= 3_000));
}
