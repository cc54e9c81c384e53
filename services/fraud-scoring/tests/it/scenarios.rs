//! Stories, each judged by its last order.

use orderflow::events::Order;
use rstest::rstest;

use crate::support::{
    judge,
    orders::{again, at, order},
};

const HOUR: i64 = 3_600;

fn abroad(order: Order) -> Order {
    Order { delivery_country: "PL".into(), ip_country: Some("NG".into()), ..order }
}

fn on_device(device: &str, order: Order) -> Order {
    Order { device_hash: Some(device.into()), ..order }
}

fn to_address(address: &str, order: Order) -> Order {
    Order { address_hash: address.into(), ..order }
}

/// Two orders a day for ten days.
fn regular() -> Vec<Order> {
    (0..20u8)
        .map(|i| again(u128::from(i) + 1_000, "regular", i64::from(i) * 12 * HOUR - 240 * HOUR, 5_000))
        .collect()
}

/// The regular customer's ten days, then these.
fn then(orders: impl IntoIterator<Item = Order>) -> Vec<Order> {
    regular().into_iter().chain(orders).collect()
}

/// Charges of these totals, some seconds apart, by one customer.
fn charges(totals: &[i64], apart: i64) -> Vec<Order> {
    totals
        .iter()
        .zip(0u8..)
        .map(|(total, i)| again(u128::from(i) + 1, "tester", i64::from(i) * apart, *total))
        .collect()
}

/// The same as guests: another customer and another card each time, one device.
fn guests(orders: Vec<Order>) -> Vec<Order> {
    let guest = |(i, order): (usize, Order)| Order {
        customer_id: format!("guest {i}"),
        card_hash: format!("card {i}"),
        account_age_days: 0,
        ..order
    };
    orders.into_iter().enumerate().map(guest).collect()
}

/// An order of a very young account, of 1,500.00.
fn young(order: Order) -> Order {
    Order { total: 150_000, account_age_days: 0, ..order }
}

#[rstest]
#[case::first_order(vec![order(1, "new")])]
#[case::first_order_of_a_guest(guests(vec![order(1, "new")]))]
#[case::the_same_again(then([again(1, "regular", 0, 5_000)]))]
#[case::five_orders_in_a_day(then((0..5u8).map(|i| again(u128::from(i), "regular", i64::from(i) * 4 * HOUR, 5_000))))]
#[case::a_forgotten_item_within_a_minute(then([again(1, "regular", 0, 5_000), again(2, "regular", 30, 900)]))]
#[case::a_new_address(then([to_address("aunt", again(1, "regular", 0, 5_000))]))]
#[case::a_new_phone(then([on_device("phone", again(1, "regular", 0, 5_000))]))]
#[case::travelling(then([Order { ip_country: Some("ES".into()), ..again(1, "regular", 0, 5_000) }]))]
#[case::travelling_with_a_new_phone_to_a_new_address(then([on_device("phone", to_address("hotel", Order {
    ip_country: Some("ES".into()), ..again(1, "regular", 0, 5_000)
}))]))]
#[case::a_present_abroad(then([to_address("friend", Order { delivery_country: "FR".into(), ..again(1, "regular", 0, 9_000) })]))]
#[case::a_dear_thing_once(then([again(1, "regular", 0, 24_000)]))]
#[case::a_high_first_order_of_an_old_account(vec![Order { total: 120_000, ..order(1, "old") }])]
#[case::no_device_and_no_ip(vec![Order { device_hash: None, ip_hash: None, ip_country: None, ..order(1, "shy") }])]
#[case::a_family_on_one_device((0..3u8).map(|i| on_device("tablet", again(u128::from(i), &format!("f{i}"), i64::from(i) * HOUR, 4_000))).collect())]
#[case::many_from_one_office((0..60u8).map(|i| Order {
    ip_hash: Some("office".into()), ..again(u128::from(i), &format!("o{i}"), i64::from(i), 4_000)
}).collect())]
fn an_ordinary_order_stays_below_the_band(#[case] story: Vec<Order>) {
    let decision = judge(&story).pop().unwrap();
    assert!(decision.score < 0.30, "{decision:#?}");
}

#[rstest]
#[case::card_testing(charges(&[100, 250, 99, 80_000], 15), "small_then_large")]
#[case::card_testing_over_minutes(charges(&[100, 250, 99, 300, 80_000], 60), "small_then_large")]
#[case::card_testing_as_guests(guests(on_one_device(charges(&[100, 250, 99, 80_000], 15))), "small_then_large")]
#[case::card_testing_by_a_known_customer(then((0..3u8).map(|i| again(u128::from(i), "regular", i64::from(i) * 10, 100))
    .chain([again(9, "regular", 40, 60_000)])), "small_then_large")]
#[case::a_burst(charges(&[5_000; 6], 11), "velocity_60s")]
#[case::a_burst_as_guests(guests(on_one_device(charges(&[5_000; 6], 11))), "device_velocity_60s")]
#[case::a_stolen_identity(vec![abroad(young(order(1, "stolen")))], "young_account_abroad")]
#[case::a_stolen_identity_after_a_try(vec![
    Order { account_age_days: 0, ..at(-HOUR, order(1, "stolen")) },
    on_device("other", abroad(young(order(2, "stolen")))),
], "young_account_abroad")]
fn clear_fraud_is_refused(#[case] story: Vec<Order>, #[case] first_reason: &str) {
    let decision = judge(&story).pop().unwrap();
    assert!(decision.score > 0.85, "{decision:#?}");
    assert_eq!(decision.reasons[0].code, first_reason, "{decision:#?}");
}

fn on_one_device(orders: Vec<Order>) -> Vec<Order> {
    orders.into_iter().map(|order| on_device("bot", order)).collect()
}

#[rstest]
#[case::five_in_a_minute(charges(&[5_000; 5], 10), "velocity_60s")]
#[case::two_small_then_large(charges(&[100, 250, 80_000], 20), "small_then_large")]
#[case::a_high_amount_from_a_new_account(vec![young(order(1, "keen"))], "young_account_high_amount")]
#[case::three_countries(then([abroad(again(1, "regular", 0, 5_000))]), "countries_all_differ")]
#[case::five_cards_in_a_day(charges(&[5_000; 5], 4 * HOUR).into_iter().zip(0..)
    .map(|(order, i)| Order { card_hash: format!("c{i}"), ..order }).collect(), "cards_24h")]
#[case::far_above_the_usual_on_a_new_device_to_a_new_address(
    then([on_device("x", to_address("y", again(1, "regular", 0, 90_000)))]), "amount_above_average")]
#[case::the_twentieth_order_of_a_day(charges(&[5_000; 20], HOUR), "velocity_24h")]
#[case::a_device_of_many_customers((0..5u8).map(|i| on_device("farm", again(u128::from(i), &format!("f{i}"), i64::from(i) * HOUR, 4_000)))
    .collect(), "device_shared")]
fn an_odd_order_is_in_the_band(#[case] story: Vec<Order>, #[case] first_reason: &str) {
    let decision = judge(&story).pop().unwrap();
    assert!((0.30..=0.85).contains(&decision.score), "{decision:#?}");
    assert_eq!(decision.reasons[0].code, first_reason, "{decision:#?}");
}

#[rstest]
#[case::just_inside(-1, true)]
#[case::exactly_60_s(0, false)]
fn a_minute_ends_at_the_microsecond(#[case] off: i64, #[case] inside: bool) {
    let mut story = charges(&[5_000; 6], 0);
    let last = story.last_mut().unwrap();
    last.placed_at = crate::support::micros(last.placed_at.as_microsecond() + 60_000_000 + off);
    let decision = judge(&story).pop().unwrap();
    assert_eq!(decision.reasons.iter().any(|reason| reason.code == "velocity_60s"), inside);
}

#[test]
fn a_shared_token_alone_refuses_nobody() {
    let story: Vec<Order> = (0..60u8)
        .map(|i| Order {
            card_hash: "token of all".into(),
            ..again(u128::from(i), &format!("s{i}"), i64::from(i), 4_000)
        })
        .collect();
    assert!(judge(&story).iter().all(|decision| decision.score < 0.70));
}

#[test]
fn reasons_add_up_to_the_score_and_name_nobody() {
    let story = vec![abroad(young(order(1, "stolen")))];
    let decision = judge(&story).pop().unwrap();
    let sum: f64 = decision.reasons.iter().map(|reason| reason.weight).sum();
    assert!((sum - decision.score).abs() < 1e-5);
    assert!(decision.reasons.len() > 2);
    assert!(
        decision.reasons.iter().all(|reason| !reason.text.contains("stolen") && !reason.text.contains("{}"))
    );
}
