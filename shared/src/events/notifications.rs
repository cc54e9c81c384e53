//! `notifications.subscriptions` and `notifications`: who wants to be told of what, what they are told, and what came of it.

use jiff::{Timestamp, fmt::serde::timestamp::microsecond::optional as optional_micros};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Sealed, micros, record};

/// Who wants to be told of which events, and how. The newest record counts; a tombstone ends it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Subscription {
    pub subscription_id: Uuid,
    pub revision: i64,
    pub channel: String,
    #[serde(default)]
    pub url: Option<String>,
    pub events: Vec<String>,
    pub description: String,
    pub status: String,
    pub secrets: Vec<SealedSecret>,
    #[serde(with = "micros")]
    pub created_at: Timestamp,
    pub changed_by: String,
    #[serde(with = "micros")]
    pub changed_at: Timestamp,
}

/// A signing secret under the master key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct SealedSecret {
    pub master_key_id: String,
    #[serde(with = "serde_bytes")]
    pub nonce: Vec<u8>,
    #[serde(with = "serde_bytes")]
    pub sealed: Vec<u8>,
    #[serde(default, with = "optional_micros")]
    pub expires_at: Option<Timestamp>,
}

/// Somebody is to be told of an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct NotificationDue {
    pub subscription_id: Uuid,
    pub revision: i64,
    pub channel: String,
    pub event_id: Uuid,
    pub event_type: String,
    pub order_id: String,
    pub customer_id: String,
    #[serde(default)]
    pub sealed: Option<Sealed>,
    pub body: String,
    pub replay: String,
    #[serde(with = "micros")]
    pub happened_at: Timestamp,
}

/// They were told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct NotificationDelivered {
    pub subscription_id: Uuid,
    pub channel: String,
    pub event_id: Uuid,
    pub event_type: String,
    pub order_id: String,
    pub attempts: i32,
    pub status: i32,
    #[serde(with = "micros")]
    pub delivered_at: Timestamp,
}

/// They were not told, and are not told any more by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct NotificationFailed {
    pub subscription_id: Uuid,
    pub channel: String,
    pub event_id: Uuid,
    pub event_type: String,
    pub order_id: String,
    pub reason: String,
    pub attempts: i32,
    pub status: i32,
    #[serde(with = "micros")]
    pub failed_at: Timestamp,
}

/// An endpoint is left alone until somebody enables it again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct EndpointDisabled {
    pub subscription_id: Uuid,
    pub revision: i64,
    pub reason: String,
    pub event_id: Uuid,
    pub attempts: i32,
    #[serde(with = "micros")]
    pub disabled_at: Timestamp,
}

impl Subscription {
    /// It is told.
    pub const ENABLED: &'static str = "enabled";
    /// Staff does not want it told: what happens meanwhile is not for it.
    pub const DISABLED: &'static str = "disabled";
    /// Its endpoint has failed for too long: what happens meanwhile can be replayed.
    pub const SUSPENDED: &'static str = "suspended";

    /// The Kafka key of a subscription. Never a bare id: those are orders'.
    #[must_use]
    pub fn key_of(id: Uuid) -> String {
        format!("subscription/{id}")
    }
}

/// The channel of webhooks.
pub const WEBHOOK: &str = "webhook";
/// The channel of e-mail.
pub const EMAIL: &str = "email";

/// What is told in order: all of an endpoint, but of e-mail only what is about one order.
#[must_use]
pub fn lane(subscription_id: Uuid, channel: &str, order_id: &str) -> String {
    match channel {
        EMAIL => format!("email/{subscription_id}/{order_id}"),
        _ => format!("webhook/{subscription_id}"),
    }
}

record!(Subscription on NOTIFICATIONS_SUBSCRIPTIONS, key: |e| Subscription::key_of(e.subscription_id),
    at: |e| e.changed_at);
record!(NotificationDue on NOTIFICATIONS,
    key: |e| lane(e.subscription_id, &e.channel, &e.order_id), at: |e| e.happened_at);
record!(NotificationDelivered on NOTIFICATIONS,
    key: |e| lane(e.subscription_id, &e.channel, &e.order_id), at: |e| e.delivered_at);
record!(NotificationFailed on NOTIFICATIONS,
    key: |e| lane(e.subscription_id, &e.channel, &e.order_id), at: |e| e.failed_at);
record!(EndpointDisabled on NOTIFICATIONS, key: |e| lane(e.subscription_id, WEBHOOK, ""), at: |e| e.disabled_at);
