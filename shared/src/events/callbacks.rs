//! `payments.callbacks`: what the gateway says by itself of payments.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{micros, record};

/// Something has become of an order's payment at the gateway. What, is asked there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct GatewayAnswered {
    pub order_id: Uuid,
    pub callback_id: String,
    pub kind: String,
    #[serde(default)]
    pub intent_id: Option<String>,
    #[serde(with = "micros")]
    pub answered_at: Timestamp,
}

record!(GatewayAnswered on PAYMENTS_CALLBACKS, key: |e| e.order_id.to_string(), at: |e| e.answered_at);
