//! `inventory`, `inventory.stock`, `inventory.levels` and `inventory.snapshots`: reservations, and what is on the shelf.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Order, micros, record};

/// Every line of the order is set aside.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct InventoryReserved {
    pub order: Arc<Order>,
    #[serde(with = "micros")]
    pub reserved_at: Timestamp,
    #[serde(with = "micros")]
    pub valid_until: Timestamp,
}

/// At least one line is short, so nothing was set aside. Final.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct InventoryShortage {
    pub order: Arc<Order>,
    pub short: Vec<ShortLine>,
    #[serde(with = "micros")]
    pub refused_at: Timestamp,
}

/// A line that could not be reserved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct ShortLine {
    pub sku: String,
    pub requested: i32,
    pub available: i64,
}

/// Stock that was set aside for the order is free again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct InventoryReleased {
    pub order: Arc<Order>,
    pub reason: String,
    #[serde(with = "micros")]
    pub released_at: Timestamp,
}

/// What was set aside for the order has left the shelf.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct InventoryShipped {
    pub order: Arc<Order>,
    #[serde(with = "micros")]
    pub shipped_at: Timestamp,
}

/// Somebody asks to change what is on the shelf.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct StockAdjustmentRequested {
    pub sku: String,
    pub delta: i64,
    pub kind: String,
    pub reason: String,
    pub requested_by: String,
    #[serde(with = "micros")]
    pub requested_at: Timestamp,
}

/// What is on the shelf has changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct StockAdjusted {
    pub sku: String,
    pub delta: i64,
    pub kind: String,
    pub on_hand: i64,
    pub reserved: i64,
    #[serde(with = "micros")]
    pub adjusted_at: Timestamp,
}

/// An adjustment was refused; nothing changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct StockAdjustmentRefused {
    pub sku: String,
    pub delta: i64,
    pub on_hand: i64,
    pub reserved: i64,
    pub reason: String,
    #[serde(with = "micros")]
    pub refused_at: Timestamp,
}

/// The stock of a SKU, as the log had told it up to some places.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct StockSnapshot {
    pub sku: String,
    pub on_hand: i64,
    pub open: Vec<OpenReservation>,
    pub number: i64,
    pub skus: i64,
    pub includes: Vec<LogPlace>,
    #[serde(with = "micros")]
    pub taken_at: Timestamp,
}

/// Units of the SKU that were set aside, and neither freed nor shipped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct OpenReservation {
    pub order_id: Uuid,
    pub units: i64,
    #[serde(with = "micros")]
    pub reserved_at: Timestamp,
    #[serde(with = "micros")]
    pub valid_until: Timestamp,
}

/// Up to where a partition of a topic is included.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct LogPlace {
    pub topic: String,
    pub partition: i32,
    pub next_offset: i64,
}

record!(InventoryReserved on INVENTORY, key: |e| e.order.order_id.to_string(), at: |e| e.reserved_at);
record!(InventoryShortage on INVENTORY, key: |e| e.order.order_id.to_string(), at: |e| e.refused_at);
record!(InventoryReleased on INVENTORY, key: |e| e.order.order_id.to_string(), at: |e| e.released_at);
record!(InventoryShipped on INVENTORY, key: |e| e.order.order_id.to_string(), at: |e| e.shipped_at);
record!(StockAdjustmentRequested on INVENTORY_STOCK, key: |e| e.sku.clone(), at: |e| e.requested_at);
record!(StockAdjusted on INVENTORY_LEVELS, key: |e| e.sku.clone(), at: |e| e.adjusted_at);
record!(StockAdjustmentRefused on INVENTORY_LEVELS, key: |e| e.sku.clone(), at: |e| e.refused_at);
record!(StockSnapshot on INVENTORY_SNAPSHOTS, key: |e| e.sku.clone(), at: |e| e.taken_at);
