//! A table in the layout of the Handbook's data, simulated by the procedure of its chapter 3.2
//! (<https://fraud-detection-handbook.github.io/fraud-detection-handbook/Chapter_3_GettingStarted/SimulatedDataset.html>),
//! in code of its own and with other random numbers.
//!
//! Customers and terminals lie on a square of 100 by 100; a customer pays at terminals within a radius. Amounts and times
//! are normal, the number of payments of a day is Poisson's. Fraud is: any amount above 220 (scenario 1); all that
//! happens for 28 days at two terminals drawn each day (2); a third of what three customers drawn each day pay in 14
//! days, with amounts five times as high (3).

use std::io::Write;

use anyhow::Result;
use jiff::{SignedDuration, civil::DateTime};
use rand::{RngExt, SeedableRng, seq::index::sample};

use crate::simulate::random::{Dice, how_many, normal};

/// When the Handbook's data begin.
const START: DateTime = DateTime::constant(2018, 4, 1, 0, 0, 0, 0);
const DAY: i64 = 86_400;
const SIDE: f64 = 100.0;

/// How much to simulate.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// Equal seeds, equal tables.
    pub seed: u64,
    /// How many pay.
    pub customers: usize,
    /// Where they can.
    pub terminals: usize,
    /// For how long.
    pub days: i64,
    /// How far terminals may be from whoever uses them.
    pub radius: f64,
}

impl Default for Settings {
    /// As in the Handbook, which gets 1,754,155 transactions, 14,681 of them fraud.
    fn default() -> Self {
        Self { seed: 1, customers: 5_000, terminals: 10_000, days: 183, radius: 5.0 }
    }
}

/// One payment; times in seconds from the start.
struct Payment {
    at: i64,
    customer: usize,
    terminal: usize,
    amount: f64,
    /// 0 is honest.
    scenario: u8,
}

/// Writes the table as CSV with a header; says how many transactions there are, and how many are fraud.
///
/// # Errors
/// When it cannot be written.
pub fn write(to: impl Write, settings: Settings) -> Result<(usize, usize)> {
    let mut dice = Dice::seed_from_u64(settings.seed);
    let mut payments = honest(&mut dice, settings);
    payments.sort_by_key(|payment| payment.at);
    add_fraud(&mut dice, settings, &mut payments);
    let mut csv = csv::Writer::from_writer(to);
    csv.write_record([
        "TRANSACTION_ID",
        "TX_DATETIME",
        "CUSTOMER_ID",
        "TERMINAL_ID",
        "TX_AMOUNT",
        "TX_TIME_SECONDS",
        "TX_TIME_DAYS",
        "TX_FRAUD",
        "TX_FRAUD_SCENARIO",
    ])?;
    for (number, payment) in payments.iter().enumerate() {
        let at = START.checked_add(SignedDuration::from_secs(payment.at))?;
        csv.write_record([
            number.to_string(),
            at.strftime("%Y-%m-%d %H:%M:%S").to_string(),
            payment.customer.to_string(),
            payment.terminal.to_string(),
            format!("{:.2}", payment.amount),
            payment.at.to_string(),
            (payment.at / DAY).to_string(),
            u8::from(payment.scenario > 0).to_string(),
            payment.scenario.to_string(),
        ])?;
    }
    csv.flush()?;
    Ok((payments.len(), payments.iter().filter(|payment| payment.scenario > 0).count()))
}

fn honest(dice: &mut Dice, settings: Settings) -> Vec<Payment> {
    let place = |dice: &mut Dice| [dice.random_range(0.0..SIDE), dice.random_range(0.0..SIDE)];
    let terminals: Vec<[f64; 2]> = (0..settings.terminals).map(|_| place(dice)).collect();
    let mut payments = Vec::new();
    for customer in 0..settings.customers {
        let home = place(dice);
        let distance = |terminal: &[f64; 2]| (home[0] - terminal[0]).hypot(home[1] - terminal[1]);
        let near: Vec<usize> =
            (0..terminals.len()).filter(|index| distance(&terminals[*index]) < settings.radius).collect();
        let (mean, often) = (dice.random_range(5.0..100.0), dice.random_range(0.0..4.0));
        for day in 0..settings.days {
            for _ in 0..how_many(dice, often) {
                let second = normal(dice, DAY as f64 / 2.0, 20_000.0) as i64;
                // What falls out of the day does not happen, nor does anything where there is no terminal.
                if second <= 0 || second >= DAY || near.is_empty() {
                    continue;
                }
                let terminal = near[dice.random_range(0..near.len())];
                let amount = amount(dice, mean);
                payments.push(Payment { at: day * DAY + second, customer, terminal, amount, scenario: 0 });
            }
        }
    }
    payments
}

fn amount(dice: &mut Dice, mean: f64) -> f64 {
    let amount = normal(dice, mean, mean / 2.0);
    let amount = if amount < 0.0 { dice.random_range(0.0..2.0 * mean) } else { amount };
    (amount * 100.0).round() / 100.0
}

fn add_fraud(dice: &mut Dice, settings: Settings, payments: &mut [Payment]) {
    for payment in payments.iter_mut().filter(|payment| payment.amount > 220.0) {
        payment.scenario = 1;
    }
    let at_terminal = places(payments, settings.terminals, |payment| payment.terminal);
    for (day, terminal) in drawn(dice, settings.days, settings.terminals, 2) {
        for index in within(payments, &at_terminal[terminal], day, 28) {
            payments[index].scenario = 2;
        }
    }
    let of_customer = places(payments, settings.customers, |payment| payment.customer);
    for (day, customer) in drawn(dice, settings.days, settings.customers, 3) {
        let all = within(payments, &of_customer[customer], day, 14);
        for chosen in sample(dice, all.len(), all.len() / 3) {
            let payment = &mut payments[all[chosen]];
            payment.amount *= 5.0;
            payment.scenario = 3;
        }
    }
}

/// Each day so many of `all`: pairs of day and which.
fn drawn(dice: &mut Dice, days: i64, all: usize, count: usize) -> Vec<(i64, usize)> {
    (0..days)
        .flat_map(|day| sample(dice, all, count.min(all)).into_iter().map(move |one| (day, one)))
        .collect()
}

/// For each of `all`, where its payments stand.
fn places(payments: &[Payment], all: usize, of: impl Fn(&Payment) -> usize) -> Vec<Vec<usize>> {
    let mut places = vec![Vec::new(); all];
    for (index, payment) in payments.iter().enumerate() {
        places[of(payment)].push(index);
    }
    places
}

/// Those of the payments that fall into so many days from `day` on.
fn within(payments: &[Payment], places: &[usize], day: i64, days: i64) -> Vec<usize> {
    let is_in = |index: &&usize| (day..day + days).contains(&(payments[**index].at / DAY));
    places.iter().filter(is_in).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(seed: u64) -> String {
        let mut text = Vec::new();
        let settings = Settings { seed, customers: 300, terminals: 600, days: 60, radius: 10.0 };
        write(&mut text, settings).unwrap();
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn equal_seeds_write_equal_tables() {
        assert!(text(1) == text(1) && text(1) != text(2));
    }

    #[test]
    fn fraud_is_what_the_scenarios_say() {
        let (mut high, mut scenarios) = (0, [0; 4]);
        let text = text(1);
        for row in text.lines().skip(1) {
            let fields: Vec<&str> = row.split(',').collect();
            let (amount, scenario): (f64, usize) = (fields[4].parse().unwrap(), fields[8].parse().unwrap());
            assert_eq!(fields[7] == "1", scenario > 0);
            scenarios[scenario] += 1;
            if amount > 220.0 {
                high += 1;
                assert!(scenario > 0, "{row}");
            }
        }
        // About two payments a day of each customer, and in each scenario some fraud.
        assert!((28_000..38_000).contains(&scenarios.iter().sum::<i32>()), "{scenarios:?}");
        assert!(high > 0 && scenarios.iter().all(|count| *count > 0), "{scenarios:?}");
    }
}
