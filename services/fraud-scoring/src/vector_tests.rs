use proptest::prelude::*;
use rstest::rstest;

use super::*;

fn number(name: &str, features: &Features) -> f32 {
    let place = names().iter().position(|other| *other == name).unwrap();
    vector(features)[place]
}

#[test]
fn names_are_stable_words_and_unique() {
    let mut names = names().to_vec();
    for name in &names {
        assert!(name.len() <= 40 && !name.is_empty(), "{name}");
        assert!(name.bytes().all(|b| b == b'_' || b.is_ascii_lowercase() || b.is_ascii_digit()), "{name}");
    }
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), LEN);
}

#[test]
fn what_an_order_does_not_say_is_unknown_and_not_zero() {
    let nothing = Features::default();
    for name in ["device_orders_60s", "device_customers_7d", "device_new", "ip_orders_1h", "ip_elsewhere"] {
        assert!(number(name, &nothing).is_nan(), "{name}");
    }
    for name in ["amount_to_average", "amount_deviation", "customer_since_last_log", "hour_usual_share"] {
        assert!(number(name, &nothing).is_nan(), "{name}");
    }
}

#[rstest]
#[case::morning(6 * 3_600, 1.0, 0.0)]
#[case::midnight(0, 0.0, 1.0)]
#[case::noon(12 * 3_600, 0.0, -1.0)]
fn the_day_is_a_circle(#[case] second_of_day: i64, #[case] sine: f32, #[case] cosine: f32) {
    let features = Features { second_of_day, ..Features::default() };
    assert_eq!((number("hour_sine", &features), number("hour_cosine", &features)), (sine, cosine));
}

#[rstest]
#[case::a_spread_above(6_000, 3, 1_000, 1.0)]
#[case::far_above(9_000_000_000, 3, 1_000, 100.0)]
#[case::equal_amounts_have_a_least_spread(5_250, 9, 0, 1.0)]
#[case::two_are_not_enough(6_000, 2, 1_000, f32::NAN)]
fn a_deviation_is_counted_in_spreads(
    #[case] amount: i64,
    #[case] average_of: i64,
    #[case] spread: i64,
    #[case] expected: f32,
) {
    let features =
        Features { amount, average_of, spread, average_amount: Some(5_000.0), ..Features::default() };
    assert_eq!(number("amount_deviation", &features).to_bits(), expected.to_bits());
}

proptest! {
    #[test]
    fn a_number_is_finite_or_the_one_nan_and_survives_json(value in any::<f64>()) {
        let kept = kept(value);
        if kept.is_nan() {
            prop_assert_eq!(kept.to_bits(), f32::NAN.to_bits());
        } else {
            prop_assert!(kept.is_finite());
            let text = serde_json::to_string(&kept).unwrap();
            prop_assert_eq!(serde_json::from_str::<f32>(&text).unwrap().to_bits(), kept.to_bits());
        }
    }
}

/// Features of any numbers, also of such as no order has.
fn extreme() -> impl Strategy<Value = Features> {
    let numbers = prop::collection::vec(prop_oneof![any::<i64>(), -1i64..300], 19);
    (numbers, prop::option::of(any::<f64>()), any::<bool>()).prop_map(|(n, average_amount, yes)| Features {
        amount: n[0],
        average_amount,
        average_of: n[1],
        spread: n[2],
        largest_24h: yes.then_some(n[3]),
        orders_60s: n[4],
        since_last: yes.then_some(n[5]),
        near_this_hour: n[6],
        known_orders: n[7],
        amount_24h: n[8],
        small_1h: n[9],
        by_device: Sharing { orders_24h: n[10], others_7d: n[11], ..Sharing::default() },
        account_age_days: n[12],
        second_of_day: n[13],
        lines: n[14],
        units: n[15],
        lines_total: n[16],
        costliest_line: n[17],
        cards_24h: n[18],
        ..Features::default()
    })
}

proptest! {
    #[test]
    fn every_number_is_finite_or_the_one_nan(features in extreme()) {
        for (name, number) in names().iter().zip(vector(&features)) {
            let unknown = number.to_bits() == f32::NAN.to_bits();
            prop_assert!(number.is_finite() || unknown, "{name} is {number}");
        }
    }
}
