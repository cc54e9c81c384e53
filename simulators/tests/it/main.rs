//! What the simulators promise to whoever builds on them.

#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed; the lint's exception covers #[test] functions only"
)]

mod bench;
mod callbacks;
mod carrier;
mod crash;
mod faults;
mod gateway;
mod interleavings;
mod process;
