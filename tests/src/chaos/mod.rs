//! A shop under a load, with faults from a seeded schedule, and what is left of it for a checker.
//!
//! | module | answers |
//! |---|---|
//! | [`args`] | what a run is asked for |
//! | [`run`](mod@run) | a run from its begin to its result |
//! | [`ground`] | servers, proxies and a shop of one's own |
//! | [`proxy`] | withholds, delays and cuts what passes, and knows Kafka's frames |
//! | [`faults`] | what can go wrong, one kind a file |
//! | [`schedule`] | which fault comes when, by the seed |
//! | [`dice`] | chance by the seed |
//! | [`customers`], [`reviewer`] | the load |
//! | [`journal`] | what was sent, and what was answered |
//! | [`tally`] | how far the orders have come, while the run lasts |
//! | [`quiet`] | waiting until nothing moves any more |
//! | [`evidence`] | what a run leaves behind for the checker |
//! | [`collect`] | takes it |
//! | [`report`] | says what came out |
//! | [`totals`] | what all runs so far come to |

pub mod args;
pub mod collect;
pub mod customers;
pub mod dice;
pub mod evidence;
pub mod faults;
pub mod ground;
pub mod journal;
pub mod proxy;
pub mod quiet;
pub mod report;
pub mod reviewer;
pub mod run;
pub mod schedule;
pub mod tally;
pub mod totals;

pub use args::Args;
pub use run::run;
