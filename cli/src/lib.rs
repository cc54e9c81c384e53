//! The `orderflow` command, and what it shares with the integration tests.
//!
//! | module | answers |
//! |---|---|
//! | [`environment`] | the whole pipeline as processes on given servers |
//! | [`log`] | the topics, read to their end or followed, decoded |
//! | [`invoices`] | a shop's invoices, read from a file |
//! | [`load`] | orders of simulated customers, sent on schedule |
//! | [`audit`] | whether the promises held: log, ledgers and state against each other |
//! | [`contracts`] | this build's schemas against a registry |
//! | [`recovery`] | Redis against the fold of the log |
//! | [`rerun`] | a range of a service's log through its steps once more |
//! | [`commands`] | one file per command |

pub mod audit;
pub mod commands;
pub mod connection;
pub mod contracts;
mod delimited;
pub mod environment;
pub mod invoices;
pub mod load;
pub mod log;
pub mod recovery;
pub mod rerun;
