//! `shipping`: labels, their documents and the pickups.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Order, micros, record};

/// The carrier has taken the order on. Final.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct ShippingLabelGenerated {
    pub order: Arc<Order>,
    pub label_id: String,
    pub tracking_number: String,
    pub carrier: String,
    pub service_level: String,
    #[serde(with = "micros")]
    pub generated_at: Timestamp,
}

/// The label can be printed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct LabelDocumentStored {
    pub order_id: Uuid,
    pub tracking_number: String,
    pub zpl_path: String,
    pub pdf_path: String,
    #[serde(with = "micros")]
    pub stored_at: Timestamp,
}

/// The carrier comes to fetch the parcel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct PickupScheduled {
    pub order_id: Uuid,
    pub pickup_id: String,
    #[serde(with = "micros")]
    pub window_start: Timestamp,
    #[serde(with = "micros")]
    pub window_end: Timestamp,
    #[serde(with = "micros")]
    pub scheduled_at: Timestamp,
}

/// The carrier will not take the order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct ShippingFailed {
    pub order: Arc<Order>,
    pub reason: String,
    #[serde(default)]
    pub carrier_code: Option<String>,
    #[serde(with = "micros")]
    pub failed_at: Timestamp,
}

/// The order will not be shipped: its customer has cancelled it in time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct ShippingCancelled {
    pub order: Arc<Order>,
    #[serde(with = "micros")]
    pub cancelled_at: Timestamp,
}

/// The order can no longer be cancelled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct OrderCancelRejected {
    pub order_id: Uuid,
    pub reason: String,
    #[serde(with = "micros")]
    pub rejected_at: Timestamp,
}

record!(ShippingCancelled on SHIPPING, key: |e| e.order.order_id.to_string(), at: |e| e.cancelled_at);
record!(OrderCancelRejected on SHIPPING, key: |e| e.order_id.to_string(), at: |e| e.rejected_at);
record!(ShippingLabelGenerated on SHIPPING, key: |e| e.order.order_id.to_string(), at: |e| e.generated_at);
record!(LabelDocumentStored on SHIPPING, key: |e| e.order_id.to_string(), at: |e| e.stored_at);
record!(PickupScheduled on SHIPPING, key: |e| e.order_id.to_string(), at: |e| e.scheduled_at);
record!(ShippingFailed on SHIPPING, key: |e| e.order.order_id.to_string(), at: |e| e.failed_at);
