use proptest::prelude::*;

use super::*;

/// The same by going through everything again.
fn naive(all: &[Transaction], index: usize) -> [f64; LEN] {
    let now = all[index];
    let before = &all[..=index];
    let mut vector = [0.0; LEN];
    vector[0] = now.amount as f64 / UNIT;
    let time = jiff::Timestamp::from_microsecond(now.at).unwrap().to_zoned(jiff::tz::TimeZone::UTC);
    vector[1] = f64::from(time.weekday().to_monday_zero_offset() >= 5);
    vector[2] = f64::from(time.hour() <= 6);
    for (index, days) in WINDOWS.into_iter().enumerate() {
        let age = |other: &&Transaction| now.at - other.at;
        let own: Vec<&Transaction> =
            before.iter().filter(|other| other.customer == now.customer && age(other) < days * DAY).collect();
        vector[3 + 2 * index] = own.len() as f64;
        vector[4 + 2 * index] =
            own.iter().map(|other| other.amount as f64 / UNIT).sum::<f64>() / own.len() as f64;
        let known: Vec<&Transaction> = before
            .iter()
            .filter(|other| other.terminal == now.terminal)
            .filter(|other| (DELAY * DAY..(DELAY + days) * DAY).contains(&age(other)))
            .collect();
        let frauds = known.iter().filter(|other| other.fraud).count();
        vector[9 + 2 * index] = known.len() as f64;
        vector[10 + 2 * index] = frauds as f64 / known.len().max(1) as f64;
    }
    vector
}

prop_compose! {
    fn transaction()(
        // Quarters of days, so that windows end exactly on transactions.
        quarter in 0..240_i64, second in prop_oneof![Just(0), 0..86_400_i64], customer in 0..3_u32,
        terminal in 0..3_u32, cents in 0..100_000_i64, fraud in any::<bool>(),
    ) -> Transaction {
        let at = quarter * DAY / 4 + second * 1_000_000;
        Transaction { at, customer, terminal, amount: cents * 10_000, fraud }
    }
}

proptest! {
    #[test]
    fn windows_hold_what_going_through_everything_again_finds(mut all in prop::collection::vec(transaction(), 1..80)) {
        all.sort_by_key(|transaction| transaction.at);
        let mut past = Past::default();
        for index in 0..all.len() {
            let vector = past.see(&all[index]);
            for ((name, is), expected) in NAMES.iter().zip(vector).zip(naive(&all, index)) {
                prop_assert!((f64::from(is) - expected).abs() <= 1e-6 * expected.abs().max(1.0), "{name} {is} {expected}");
            }
        }
    }
}

#[test]
fn fraud_at_a_terminal_counts_from_seven_days_on_and_not_before() {
    let at = |day, fraud| Transaction { at: day * DAY, customer: 0, terminal: 0, amount: 1_000_000, fraud };
    let mut past = Past::default();
    past.see(&at(0, true));
    let share = |vector: [f32; LEN]| (vector[9], vector[10]);
    assert_eq!(share(past.see(&Transaction { at: 7 * DAY - 1, ..at(0, false) })), (0.0, 0.0));
    assert_eq!(share(past.see(&at(7, false))), (1.0, 1.0));
    // The window of one day has passed it, the longer ones have not.
    let later = past.see(&at(8, false));
    assert_eq!((share(later), later[12]), ((0.0, 0.0), 1.0));
}

#[test]
fn a_transaction_does_not_change_by_what_comes_after_it() {
    let first = Transaction { at: 9 * DAY, customer: 1, terminal: 1, amount: 5, fraud: false };
    let (mut one, mut other) = (Past::default(), Past::default());
    assert_eq!(one.see(&first), other.see(&Transaction { fraud: true, ..first }));
}
