//! Fraud scoring: judges each order by the customer's profile, by velocity and by rules, and says why.
//!
//! One hop, [`on_order_placed`]: look back (Redis, one round trip), score (a [`scorer::Scorer`]), [`domain::decide`],
//! keep the first decision (Redis, one round trip). `README.md` lists the reason codes, the state and the settings.

pub mod config;
pub mod domain;
pub mod features;
pub mod history;
pub mod on_order_placed;
pub mod profiles;
pub mod rebuild;
pub mod rules;
pub mod scorer;
pub mod sighting;
pub mod windows;
