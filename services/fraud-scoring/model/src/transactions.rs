//! Any table of transactions with labels, to try the training on other data than the simulator's: features, windows and
//! measures of the Fraud Detection Handbook (Le Borgne, Siblini, Lebichot, Bontempi, Reproducible Machine Learning for
//! Credit Card Fraud Detection, 2022, <https://fraud-detection-handbook.github.io/fraud-detection-handbook/>).
//!
//! | module | answers |
//! |---|---|
//! | [`mapping`] | which column means what |
//! | [`read`] | the rows of a CSV file, and where one cannot be read |
//! | [`features`] | what is known of a transaction when it comes |
//! | [`protocol`] | which days train, which test, whose cards are known to be compromised |
//! | [`prepare`] | rows, features and labels as a file for the training |
//! | [`card_precision`] | how many of the most suspicious cards are compromised |
//! | [`handbook`] | a table to try it all on, simulated as the Handbook describes |
//!
//! None of it has to do with the features of the service, which see more of an order than any such table holds.

pub mod card_precision;
pub mod features;
pub mod handbook;
pub mod mapping;
pub mod prepare;
pub mod protocol;
pub mod read;

/// One transaction. Customers and terminals are numbered as they first come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transaction {
    /// When, in microseconds since 1970, by the clock of the file.
    pub at: i64,
    /// Who pays, which the Handbook takes for a card.
    pub customer: u32,
    /// Who is paid.
    pub terminal: u32,
    /// Millionths of whatever the file counts.
    pub amount: i64,
    /// Whether it is fraud, as is known in the end.
    pub fraud: bool,
}

impl Transaction {
    /// The day it came on, counted from 1970.
    #[must_use]
    pub fn day(&self) -> i64 {
        self.at.div_euclid(crate::simulate::DAY)
    }
}
