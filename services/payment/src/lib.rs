//! Charges each reserved order at the payment gateway, once, and refunds what will not be shipped: reads `inventory`,
//! `orders` and `shipping`, writes `payments`.
//!
//! | file | answers |
//! |---|---|
//! | [`on_inventory_reserved`], [`on_order_cancel_requested`], [`on_shipping_failed`], [`on_shipping_cancelled`], [`on_gateway_answered`] | the hops |
//! | [`at_payment_deadline`] | the end of a payment that nobody confirms |
//! | [`charging`], [`refunds`] | what the gateway is asked for a reserved order, and for one that will not be shipped |
//! | [`domain`] | what may happen to an order's payment and refund, decided without I/O |
//! | [`states`], [`waits`], [`written`] | where each order stands, in Redis |
//! | [`fold`] | how that follows from the log |
//! | [`gateway`], [`calls`] | what is asked of a gateway, what it may answer, and how many calls there may be |
//! | [`guarded_gateway`] | leaving it alone while it is down |
//! | [`http_gateway`], [`stripe`], [`wire`] | asking it over HTTP, as Stripe is asked |
//! | [`answers`], [`intent`], [`refund`] | reading what it says |
//! | [`webhook`], [`signature`], [`callback`] | taking in what it says by itself |
//! | [`config`], [`wiring`] | the settings, and what is made of them |

pub mod answers;
pub mod at_payment_deadline;
pub mod callback;
pub mod calls;
pub mod charging;
pub mod config;
pub mod domain;
pub mod fold;
pub mod gateway;
pub mod guarded_gateway;
pub mod http_gateway;
pub mod intent;
pub mod on_gateway_answered;
pub mod on_inventory_reserved;
pub mod on_order_cancel_requested;
pub mod on_shipping_cancelled;
pub mod on_shipping_failed;
pub mod problem_kind;
pub mod refund;
pub mod refunds;
pub mod signature;
pub mod states;
pub mod stripe;
pub mod waits;
pub mod webhook;
pub mod wire;
pub mod wiring;
pub mod written;

pub use at_payment_deadline::AtPaymentDeadline;
pub use calls::Calls;
pub use charging::Charging;
pub use domain::{PaymentEnded, PaymentEvent};
pub use on_gateway_answered::OnGatewayAnswered;
pub use on_inventory_reserved::OnInventoryReserved;
pub use on_order_cancel_requested::OnOrderCancelRequested;
pub use on_shipping_cancelled::OnShippingCancelled;
pub use on_shipping_failed::OnShippingFailed;
pub use refunds::Refunds;
