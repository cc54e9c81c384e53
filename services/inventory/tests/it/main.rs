//! Inventory on a real Redis.

// The workspace allows it in test functions; this crate is nothing else than tests and what they stand on.
#![allow(clippy::unwrap_used)]

mod against_model;
mod at_once;
mod batches;
mod model;
mod repeats;
mod service;
mod snapshots;
