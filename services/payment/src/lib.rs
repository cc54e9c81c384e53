//! Charges each reserved order at the payment gateway, once: reads `inventory`, writes `payments`.
//!
//! | file | answers |
//! |---|---|
//! | [`on_inventory_reserved`] | the hop |
//! | [`domain`] | what may happen to an order's payment, decided without I/O |
//! | [`states`] | where each order's payment stands, in Redis, and how that follows from the log |
//! | [`gateway`] | what is asked of a gateway, and what it may answer |
//! | [`http_gateway`] | asking it over HTTP |
//! | [`answers`], [`intent`] | reading what it says |
//! | [`config`] | the settings |

pub mod answers;
pub mod config;
pub mod domain;
pub mod gateway;
pub mod http_gateway;
pub mod intent;
pub mod on_inventory_reserved;
pub mod states;

pub use domain::PaymentEvent;
pub use on_inventory_reserved::OnInventoryReserved;
