//! Charges each reserved order at the payment gateway, once, and refunds what will not be shipped: reads `inventory`,
//! `orders` and `shipping`, writes `payments`.
//!
//! | file | answers |
//! |---|---|
//! | [`on_inventory_reserved`], [`on_order_cancel_requested`], [`on_shipping_failed`], [`on_shipping_cancelled`] | the hops |
//! | [`refunds`] | what the last two share |
//! | [`domain`] | what may happen to an order's payment and refund, decided without I/O |
//! | [`states`], [`written`] | where each order stands, in Redis |
//! | [`fold`] | how that follows from the log |
//! | [`gateway`], [`calls`] | what is asked of a gateway, what it may answer, and how many calls there may be |
//! | [`guarded_gateway`] | leaving it alone while it is down |
//! | [`http_gateway`], [`wire`] | asking it over HTTP |
//! | [`answers`], [`intent`], [`refund`] | reading what it says |
//! | [`config`] | the settings |

pub mod answers;
pub mod calls;
pub mod config;
pub mod domain;
pub mod fold;
pub mod gateway;
pub mod guarded_gateway;
pub mod http_gateway;
pub mod intent;
pub mod on_inventory_reserved;
pub mod on_order_cancel_requested;
pub mod on_shipping_cancelled;
pub mod on_shipping_failed;
pub mod refund;
pub mod refunds;
pub mod states;
pub mod wire;
pub mod written;

pub use calls::Calls;
pub use domain::PaymentEvent;
pub use on_inventory_reserved::OnInventoryReserved;
pub use on_order_cancel_requested::OnOrderCancelRequested;
pub use on_shipping_cancelled::OnShippingCancelled;
pub use on_shipping_failed::OnShippingFailed;
pub use refunds::Refunds;
