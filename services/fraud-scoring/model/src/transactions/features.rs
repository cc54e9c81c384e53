//! What is known of a transaction when it comes: the features of the Handbook's chapter 3.3
//! (<https://fraud-detection-handbook.github.io/fraud-detection-handbook/Chapter_3_GettingStarted/BaselineFeatureTransformation.html>).
//!
//! Windows end with the transaction itself, which counts. Those of a terminal end seven days before it: of the fraud since
//! then nobody knows yet. A window of n days holds what is older than its end by less than n days.

use std::collections::{HashMap, VecDeque};

use super::Transaction;
use crate::simulate::DAY;

/// How many features there are.
pub const LEN: usize = 15;
/// Their names, in the sequence of the vector.
pub const NAMES: [&str; LEN] = [
    "amount",
    "weekend",
    "night",
    "customer_count_1d",
    "customer_mean_amount_1d",
    "customer_count_7d",
    "customer_mean_amount_7d",
    "customer_count_30d",
    "customer_mean_amount_30d",
    "terminal_count_1d",
    "terminal_fraud_share_1d",
    "terminal_count_7d",
    "terminal_fraud_share_7d",
    "terminal_count_30d",
    "terminal_fraud_share_30d",
];
/// Days of each window.
pub const WINDOWS: [i64; 3] = [1, 7, 30];
/// Days until a label is known.
pub const DELAY: i64 = 7;
/// Days of which features know.
pub const LONGEST: i64 = WINDOWS[2] + DELAY;

/// Night in the Handbook's code: the hours 0 to 6.
const LAST_HOUR_OF_NIGHT: i64 = 6;
const HOUR: i64 = DAY / 24;
/// The first of January 1970 was a Thursday; weeks begin with Monday.
const FIRST_WEEKDAY: i64 = 3;
const UNIT: f64 = 1e6;

/// Transactions so far, by customer and by terminal: 32 bytes for each of the last 30, or 37, days.
#[derive(Debug, Default)]
pub struct Past {
    customers: HashMap<u32, History>,
    terminals: HashMap<u32, History>,
}

impl Past {
    /// The features of a transaction, which then is part of the past. They must come in the sequence of time.
    pub fn see(&mut self, transaction: &Transaction) -> [f32; LEN] {
        let Transaction { at, customer, terminal, .. } = *transaction;
        let customer = self.customers.entry(customer).or_default();
        customer.add(transaction, WINDOWS[2]);
        let terminal = self.terminals.entry(terminal).or_default();
        terminal.add(transaction, LONGEST);

        let mut vector = [0.0; LEN];
        vector[0] = (transaction.amount as f64 / UNIT) as f32;
        vector[1] = f32::from((transaction.day() + FIRST_WEEKDAY).rem_euclid(7) >= 5);
        vector[2] = f32::from(at.rem_euclid(DAY) / HOUR <= LAST_HOUR_OF_NIGHT);
        for (index, days) in WINDOWS.into_iter().enumerate() {
            let spent = customer.between(at - days * DAY, at);
            vector[3 + 2 * index] = spent.count as f32;
            vector[4 + 2 * index] = (spent.amount as f64 / UNIT / spent.count as f64) as f32;
            let known = at - DELAY * DAY;
            let charged = terminal.between(known - days * DAY, known);
            vector[9 + 2 * index] = charged.count as f32;
            vector[10 + 2 * index] = (charged.frauds as f64 / charged.count.max(1) as f64) as f32;
        }
        vector
    }
}

/// Transactions of one customer or terminal, by time: each with the sums up to it, so that a window is a difference.
#[derive(Debug, Default)]
struct History {
    entries: VecDeque<(i64, Sums)>,
    /// Up to the newest that was forgotten.
    forgotten: Sums,
}

#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    count: u64,
    /// Millionths. It may run over in ages; differences stay right.
    amount: i64,
    frauds: u64,
}

impl History {
    fn add(&mut self, transaction: &Transaction, days: i64) {
        while let Some((at, sums)) = self.entries.front()
            && *at <= transaction.at - days * DAY
        {
            self.forgotten = *sums;
            self.entries.pop_front();
        }
        let last = self.entries.back().map_or(self.forgotten, |(_, sums)| *sums);
        let sums = Sums {
            count: last.count + 1,
            amount: last.amount.wrapping_add(transaction.amount),
            frauds: last.frauds + u64::from(transaction.fraud),
        };
        self.entries.push_back((transaction.at, sums));
    }

    /// Sums over what came after `begin` and not after `end`.
    fn between(&self, begin: i64, end: i64) -> Sums {
        let (begin, end) = (self.until(begin), self.until(end));
        Sums {
            count: end.count - begin.count,
            amount: end.amount.wrapping_sub(begin.amount),
            frauds: end.frauds - begin.frauds,
        }
    }

    fn until(&self, time: i64) -> Sums {
        let behind = self.entries.partition_point(|(at, _)| *at <= time);
        behind
            .checked_sub(1)
            .and_then(|last| self.entries.get(last))
            .map_or(self.forgotten, |(_, sums)| *sums)
    }
}

#[cfg(test)]
mod tests;
