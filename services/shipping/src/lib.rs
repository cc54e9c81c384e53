//! Buys each paid order's label, renders and stores it, and books the pickup; or sees to it that an order that was
//! cancelled in time has none. Reads `payments`, `orders` and its own `shipping`, writes `shipping`. See this folder's
//! README.
//!
//! | file | answers |
//! |---|---|
//! | [`on_payment_processed`], [`on_order_cancel_requested`], [`on_shipping_label_generated`] | the hops |
//! | [`standing`] | where an order stands, and who decides; without I/O |
//! | [`domain`], [`pickups`], [`tracking`] | what the carrier is asked and what its answers mean, when parcels are fetched, what a number must look like; without I/O |
//! | [`label`] | what stands on a label, as ZPL and as PDF |
//! | [`states`], [`papers`], [`fold`] | what is remembered in Redis, and how that follows from the log |
//! | [`carrier`], [`guarded_carrier`] | what is asked of a carrier, and leaving it alone while it is down |
//! | [`http_carrier`], [`answers`] | asking it over HTTP, reading what it says |
//! | [`addressees`], [`label_store`], [`bookings`] | who gets a parcel, where documents lie, which pickups are booked |
//! | [`config`] | the settings |

pub mod addressees;
pub mod answers;
pub mod bookings;
pub mod carrier;
pub mod config;
pub mod domain;
pub mod fold;
pub mod guarded_carrier;
pub mod http_carrier;
pub mod label;
pub mod label_store;
pub mod on_order_cancel_requested;
pub mod on_payment_processed;
pub mod on_shipping_label_generated;
pub mod papers;
pub mod pickups;
pub mod standing;
pub mod states;
pub mod tracking;
mod wire;

pub use config::Settings;
pub use domain::ShippingEvent;
pub use on_order_cancel_requested::OnOrderCancelRequested;
pub use on_payment_processed::OnPaymentProcessed;
pub use on_shipping_label_generated::{DispatchEvent, OnShippingLabelGenerated};
pub use wire::wire;
