//! The harness of the integration tests: real servers, real processes, one shop per test.
//!
//! | module | answers |
//! |---|---|
//! | [`alone`] | one service, on servers where things are missing or wrong |
//! | [`servers`] | servers for the whole test binary, or a test's own to break |
//! | [`shop`] | one environment per test: place orders, hear what becomes of them |
//! | [`operate`] | break its processes, move their clocks, read what they say of themselves |
//! | [`desk`] | look at orders, cancel, review, label |
//! | [`bucket`] | a real S3 server |
//! | [`collector`] | what services send to an OpenTelemetry collector |
//! | [`command`] | run `orderflow` as an operator does |
//! | [`requests`] | orders of customers, by what must become of them |
//! | [`load`] | many such orders while something breaks |
//! | [`chaos`] | faults from a seeded schedule under load, and what they leave behind |
//! | [`checker`] | whether that is as promised |
//! | [`whole`] | what a test ends with: nothing lost, nothing doubled |
//! | [`prometheus`] | a Prometheus that scrapes a shop, and an Alertmanager that tells |
//! | [`raw`] | records as bytes, written and read without the services' own code |
//! | [`groups`] | who is a member of a consumer group |
//! | [`sources`] | the project's own files, to hold code and documents to each other |
//! | [`waiting`] | waiting for a condition, and saying what was seen instead |

// Here a failure is a failed test, and its message is for a person.
#![allow(clippy::unwrap_used, clippy::missing_panics_doc)]

pub mod alone;
pub mod bucket;
pub mod chaos;
pub mod checker;
pub mod collector;
pub mod command;
pub mod desk;
pub mod groups;
pub mod load;
pub mod operate;
pub mod prometheus;
pub mod raw;
pub mod requests;
pub mod servers;
pub mod shop;
pub mod sources;
pub mod waiting;
pub mod whole;

pub use load::Load;
pub use requests::Request;
pub use shop::{Shop, options};
pub use waiting::eventually;
