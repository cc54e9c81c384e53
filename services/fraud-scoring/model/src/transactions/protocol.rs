//! Which days train and which test, as in the Handbook's chapter 3.4
//! (<https://fraud-detection-handbook.github.io/fraud-detection-handbook/Chapter_3_GettingStarted/BaselineModeling.html>):
//! seven days of training, seven in which labels come in, seven of test.

use std::collections::HashSet;

use super::{
    Transaction,
    features::{DELAY, LONGEST},
};

/// Days of training.
pub const TRAINING: i64 = 7;
/// Days of test.
pub const TEST: i64 = 7;
/// Days of all three.
pub const DAYS: i64 = TRAINING + DELAY + TEST;

/// Where the windows lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Protocol {
    /// The first day of training, counted from 1970.
    pub start: i64,
}

/// What a transaction is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The model learns by it.
    Training,
    /// The model is asked.
    Test,
}

impl Protocol {
    /// The test ends with this day.
    #[must_use]
    pub fn ending_on(day: i64) -> Self {
        Self { start: day + 1 - DAYS }
    }

    /// The last day of the test.
    #[must_use]
    pub fn last(&self) -> i64 {
        self.start + DAYS - 1
    }

    /// The first day any feature knows of.
    #[must_use]
    pub fn first_known(&self) -> i64 {
        self.start - LONGEST
    }

    /// Whether features or windows need what happened on a day.
    #[must_use]
    pub fn needs(&self, day: i64) -> bool {
        (self.first_known()..=self.last()).contains(&day)
    }
}

/// Sorts transactions by what they are for. The test leaves out customers whose cards are known to be compromised: by
/// fraud since the training began, on days before the day of the test by more than the delay.
#[derive(Debug)]
pub struct Sorter {
    protocol: Protocol,
    frauds: Vec<(i64, u32)>,
    /// How many of the frauds have become known.
    reported: usize,
    compromised: HashSet<u32>,
    /// Transactions of the test days that were left out.
    pub left_out: u64,
}

impl Sorter {
    /// At the beginning of the data.
    #[must_use]
    pub fn new(protocol: Protocol) -> Self {
        Self { protocol, frauds: Vec::new(), reported: 0, compromised: HashSet::new(), left_out: 0 }
    }

    /// The day, counted from the first of training, and what the transaction is for, if anything. They must come in the
    /// sequence of time.
    pub fn sort(&mut self, transaction: &Transaction) -> Option<(i64, Part)> {
        let day = transaction.day() - self.protocol.start;
        if !(0..DAYS).contains(&day) {
            return None;
        }
        if transaction.fraud {
            self.frauds.push((day, transaction.customer));
        }
        if day < TRAINING {
            return Some((day, Part::Training));
        }
        if day < TRAINING + DELAY {
            return None;
        }
        self.learn_until(day - DELAY);
        if self.compromised.contains(&transaction.customer) {
            self.left_out += 1;
            return None;
        }
        Some((day, Part::Test))
    }

    /// Fraud of the days before this one is known.
    fn learn_until(&mut self, day: i64) {
        let waiting = self.frauds.get(self.reported..).unwrap_or_default();
        let known = waiting.iter().take_while(|(happened, _)| *happened < day);
        let customers: Vec<u32> = known.map(|(_, customer)| *customer).collect();
        self.reported += customers.len();
        self.compromised.extend(customers);
    }
}

#[cfg(test)]
mod tests;
