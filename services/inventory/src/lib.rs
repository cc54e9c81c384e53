//! Inventory: sets stock aside for orders (all lines or none, never more than there is), frees it when the payment
//! fails or goes back, takes it off the shelf when a label is bought, and answers stock adjustments. Its README has the topics, the state and the runbook.

mod config;
pub mod domain;
mod fold;
mod on_order_validated;
mod on_payment_failed;
mod on_payment_refunded;
mod on_shipping_label_generated;
mod on_stock_adjustment_requested;
mod release;
pub mod snapshot;
mod stock;
mod wiring;

pub use config::Config;
pub use fold::{FoldStock, Past};
pub use on_order_validated::{OnOrderValidated, ReservationEvent};
pub use on_payment_failed::OnPaymentFailed;
pub use on_payment_refunded::OnPaymentRefunded;
pub use on_shipping_label_generated::OnShippingLabelGenerated;
pub use on_stock_adjustment_requested::{LevelEvent, OnStockAdjustmentRequested};
pub use stock::{Adjusted, Adjustment, Reservation, Settlement, Stock, Verdict};
pub use wiring::{steps, wire};
