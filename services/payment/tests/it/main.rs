//! The payment service against a real Redis, a small HTTP server, and the gateway simulator.

#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed; the lint's exception covers #[test] functions only"
)]

mod batches;
mod bench;
mod http_gateway;
mod http_refunds;
mod refunds;
mod saga;
mod simulator;
mod states;
mod step;
mod support;
mod waits;
mod webhook;
