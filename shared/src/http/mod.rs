//! What every service with routes of its own stands on: who calls, within which limits, and how a refusal looks.
//!
//! A service adds its own [kinds](kind) of problems, its routes and its layers; see `routes.rs` of order-intake.

pub mod body;
pub mod callers;
mod correlation;
mod in_flight;
pub mod kind;
mod meters;
mod mistakes;
pub mod object;
pub mod operator;
mod principal;
mod problem;
mod problems;
pub mod query;
mod token_settings;
mod tokens;
#[cfg(test)]
mod tokens_tests;

pub use correlation::{Correlation, Outermost, random_id};
pub use in_flight::InFlight;
pub use kind::Kind;
pub use mistakes::{Mistake, Mistakes};
pub use principal::Principal;
pub use problem::Problem;
pub use problems::served;
pub use token_settings::TokenSettings;
pub use tokens::{Expected, Tokens};
