//! The shipping service's promises, on a real Redis and the carrier simulator.

#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed; the lint's exception covers #[test] functions only"
)]

mod cancels;
mod documents;
mod interleavings;
mod labels;
mod setup;
mod twins;
