//! Notifications: tells merchants by signed webhooks, and customers by e-mail, what becomes of orders. See this folder's
//! README.
//!
//! The way of an event: [`on_order_event`] (who wants to be told) → `notifications` → [`on_notification_due`] → [`queue`]
//! → [`deliverer`] → a [`courier`] ([`webhook`], [`email`]) → [`verdict`] (what becomes of it) → [`queue`] →
//! [`at_delivery_ended`] → `notifications`.

pub mod addresses;
pub mod announcement;
pub mod at_delivery_ended;
mod change;
mod config;
pub mod courier;
pub mod deliverer;
pub mod desk;
pub mod email;
pub mod endpoint;
pub mod fold;
pub mod letters;
mod list;
mod meters;
pub mod on_notification_due;
pub mod on_order_event;
pub mod problem_kind;
pub mod queue;
pub mod routes;
pub mod secrets;
pub mod signature;
mod subscribe;
pub mod subscriptions;
pub mod verdict;
pub mod webhook;
mod wire;

pub use config::Settings;
pub use wire::wire;
