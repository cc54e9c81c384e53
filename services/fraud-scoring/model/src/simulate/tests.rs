use std::collections::{BTreeMap, HashSet};

use super::*;

const SETTINGS: Settings = Settings { seed: 7, days: 40, customers: 800 };

fn placed() -> Vec<Placed> {
    Simulation::new(SETTINGS).collect()
}

#[test]
fn equal_seeds_place_equal_orders_and_others_do_not() {
    let some = |seed| -> Vec<Placed> { Simulation::new(Settings { seed, ..SETTINGS }).take(500).collect() };
    assert_eq!(some(1), some(1));
    assert_ne!(some(1), some(2));
}

#[test]
fn orders_come_by_time_and_none_after_the_last_day() {
    let times: Vec<i64> = placed().iter().map(|placed| placed.order.placed_at.as_microsecond()).collect();
    assert!(times.is_sorted());
    let end = START + i64::from(SETTINGS.days) * DAY;
    assert!(times.first().unwrap() >= &START && times.last().unwrap() < &end);
    assert!(times.last().unwrap() >= &(end - DAY));
}

#[test]
fn about_one_order_in_a_hundred_is_fraud_and_every_scenario_has_its_share() {
    let settings = Settings { seed: 3, days: 80, customers: 4_000 };
    let (mut orders, mut by_scenario) = (0.0, BTreeMap::new());
    for placed in Simulation::new(settings) {
        orders += 1.0;
        if let Some(fraud) = placed.fraud {
            *by_scenario.entry(fraud).or_insert(0.0) += 1.0;
        }
    }
    let fraud: f64 = by_scenario.values().sum();
    assert!((0.007..0.016).contains(&(fraud / orders)), "{} of {orders}", fraud);
    for scenario in Scenario::ALL {
        let share = by_scenario.get(&scenario).copied().unwrap_or_default() / fraud;
        assert!((0.02..0.45).contains(&share), "{}: {share}", scenario.name());
    }
}

#[test]
fn labels_come_late_and_some_never() {
    let placed = placed();
    assert!(placed.iter().all(|placed| placed.fraud.is_some() || placed.reported_at.is_none()));
    let fraud: Vec<&Placed> = placed.iter().filter(|placed| placed.fraud.is_some()).collect();
    let never =
        fraud.iter().filter(|placed| placed.reported_at.is_none()).count() as f64 / fraud.len() as f64;
    assert!((0.001..0.10).contains(&never), "{never}");
    for placed in fraud {
        let Some(reported) = placed.reported_at else { continue };
        let days = reported.duration_since(placed.order.placed_at).as_secs_f64() / 86_400.0;
        let least = if placed.fraud == Some(Scenario::LeakedCards) { 20.0 } else { 0.5 };
        assert!(days >= least, "{:?} after {days} days", placed.fraud);
    }
}

#[test]
fn an_order_is_one_intake_could_have_accepted() {
    let mut ids = HashSet::new();
    for Placed { order, .. } in Simulation::new(SETTINGS).take(20_000) {
        assert!(ids.insert(order.order_id), "an id twice");
        assert_eq!(order.order_id.get_version_num(), 7);
        let sum: i64 = order.lines.iter().map(|line| i64::from(line.quantity) * line.unit_price).sum();
        assert!(order.total == sum && sum > 0);
        let skus: HashSet<&str> = order.lines.iter().map(|line| line.sku.as_str()).collect();
        assert_eq!(skus.len(), order.lines.len(), "a product stands on one line");
        assert_eq!(order.ip_country.is_some(), order.ip_hash.is_some());
        assert!(order.account_age_days >= 0);
    }
}

#[test]
fn honest_orders_have_what_makes_fraud_look_honest() {
    let mut shared = BTreeMap::<String, HashSet<String>>::new();
    let (mut abroad, mut young, mut honest) = (0, 0, 0);
    for Placed { order, .. } in placed().into_iter().filter(|placed| placed.fraud.is_none()) {
        honest += 1;
        abroad += usize::from(order.ip_country.as_ref().is_some_and(|ip| *ip != order.billing_country));
        young += usize::from(order.account_age_days <= 2);
        shared.entry(order.address_hash).or_default().insert(order.customer_id);
    }
    assert!(abroad * 200 > honest, "journeys: {abroad} of {honest}");
    assert!(young * 100 > honest, "young accounts and guests: {young} of {honest}");
    assert!(
        shared.values().filter(|customers| customers.len() >= 3).count() > 10,
        "places of many customers"
    );
}
