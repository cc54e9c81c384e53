//! Promises of a model as a whole: its folder, its engines, its replacement.
#![allow(clippy::unwrap_used, reason = "helper functions of tests, too, may panic")]

mod agreement;
mod fixtures;
mod mutate;
mod mutations;
mod packages;
mod swap;
