//! Temporary.
#![allow(clippy::unwrap_used)]
#[path = "../it/waiting.rs"]
mod waiting;
