//! Fraud scoring: judges each order by the customer's profile, by velocity and by rules, and says why.
//!
//! [`on_order_placed`]: look back (Redis, one round trip), score (a [`scorer::Scorer`]), [`known_fraud::raised`],
//! [`domain::decide`], keep the first decision (Redis, one round trip). An order it holds for review is closed by
//! whatever comes first:
//! [`on_review_decided`], [`on_order_cancel_requested`] or [`at_review_deadline`], each in one script.
//!
//! Who scores: [`served`] has those in [`serving`] score, each run under its breaker ([`guard`]); [`keeper`] follows
//! `models.state`, has them fetched and verified ([`loader`]) and puts them in use between two batches. [`drift`] watches
//! whether orders and scores still are what they were in training.
//!
//! [`on_fraud_labelled`]: what was learned about an order counts from the next one on ([`labels`]).
//! [`wiring`] puts it all together. `README.md` lists the reason codes, the state and the settings.

pub mod at_review_deadline;
pub mod canary;
pub mod config;
pub mod domain;
pub mod drift;
pub mod families;
pub mod features;
pub mod guard;
pub mod held;
pub mod history;
pub mod keeper;
pub mod known_fraud;
pub mod labels;
pub mod loader;
pub mod model;
pub mod on_fraud_labelled;
pub mod on_order_cancel_requested;
pub mod on_order_placed;
pub mod on_review_decided;
pub mod predictions;
pub mod profiles;
pub mod rebuild;
pub mod replay;
pub mod reviews;
pub mod rules;
pub mod scorer;
pub mod served;
pub mod serving;
pub mod shadow;
pub mod sighting;
pub mod start;
pub mod stored;
pub mod vector;
pub mod wanted;
pub mod windows;
pub mod wiring;
