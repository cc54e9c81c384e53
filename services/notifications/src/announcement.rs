//! What events are called in public, and what is said of them. Pure.

use std::sync::Arc;

use jiff::Timestamp;
use orderflow::events::{
    InventoryShortage, Order, OrderFraudDetected, OrderHeldForReview, OrderPlaced, OrderReviewCancelled,
    PaymentActionRequired, PaymentFailed, PaymentProcessed, PaymentRefunded, ShippingCancelled,
    ShippingFailed, ShippingLabelGenerated,
};
use serde::Serialize;
use serde_json::{Map, Value, json};

/// The public names, with what each means. Permanent: receivers match on them.
pub const EVENTS: [(&str, &str); 11] = [
    ("order.accepted", "the order was taken in"),
    ("order.held", "a person looks at it before it goes on"),
    ("order.rejected", "it is not served"),
    ("order.out_of_stock", "not everything is there, so nothing was reserved"),
    ("order.action_required", "its customer has to confirm the payment"),
    ("order.paid", "it was charged"),
    ("order.declined", "it could not be charged"),
    ("order.fulfilled", "its label was bought"),
    ("order.cancelled", "it was cancelled in time"),
    ("order.undeliverable", "no carrier takes it"),
    ("order.refunded", "what was charged was given back"),
];

/// Stands for all names in a subscription.
pub const ALL: &str = "*";

/// The name of what staff sends to see whether an endpoint works.
pub const TEST: &str = "endpoint.test";

orderflow::events! {
    /// What may have become of an order.
    pub enum OrderEvent {
        OrderPlaced,
        OrderHeldForReview,
        OrderFraudDetected,
        OrderReviewCancelled,
        InventoryShortage,
        PaymentActionRequired,
        PaymentProcessed,
        PaymentFailed,
        PaymentRefunded,
        ShippingLabelGenerated,
        ShippingFailed,
        ShippingCancelled,
    }
}

/// Something that has become of an order, as it is told.
#[derive(Debug, Clone, PartialEq)]
pub struct Announcement {
    /// Its public name.
    pub name: &'static str,
    /// When it happened.
    pub happened_at: Timestamp,
    /// Of which order.
    pub order: Arc<Order>,
    details: Value,
}

/// A body as Standard Webhooks has it.
#[derive(Debug, Serialize)]
pub struct Body<'a> {
    /// The public name.
    #[serde(rename = "type")]
    pub name: &'a str,
    /// When it happened.
    pub timestamp: Timestamp,
    /// What happened.
    pub data: Value,
}

impl Body<'_> {
    /// As it is sent, in each attempt alike.
    #[must_use]
    pub fn text(&self) -> String {
        json!(self).to_string()
    }
}

impl Announcement {
    /// What is told of an event.
    #[must_use]
    pub fn of(event: &OrderEvent) -> Self {
        use OrderEvent as E;
        match event {
            E::OrderPlaced(e) => Self::new("order.accepted", e.order.placed_at, &e.order, json!({})),
            E::OrderHeldForReview(e) => {
                let details = json!({ "review_by": e.review_by });
                Self::new("order.held", e.decision.decided_at, &e.order, details)
            }
            // Why stays within: whoever commits fraud must not learn by which sign.
            E::OrderFraudDetected(e) => {
                Self::new("order.rejected", e.decision.decided_at, &e.order, json!({}))
            }
            E::OrderReviewCancelled(e) => {
                Self::new("order.cancelled", e.cancelled_at, &e.order, json!({ "reason": "cancelled" }))
            }
            E::InventoryShortage(e) => {
                Self::new("order.out_of_stock", e.refused_at, &e.order, json!({ "short": e.short }))
            }
            E::PaymentActionRequired(e) => {
                let details = json!({ "respond_by": e.respond_by });
                Self::new("order.action_required", e.required_at, &e.order, details)
            }
            E::PaymentProcessed(e) => {
                Self::new("order.paid", e.processed_at, &e.order, json!({ "amount": e.amount }))
            }
            E::PaymentFailed(e) => {
                let name = if e.reason == "cancelled" { "order.cancelled" } else { "order.declined" };
                Self::new(name, e.failed_at, &e.order, json!({ "reason": e.reason }))
            }
            E::PaymentRefunded(e) => {
                let details = json!({ "amount": e.amount, "reason": e.reason });
                Self::new("order.refunded", e.refunded_at, &e.order, details)
            }
            E::ShippingLabelGenerated(e) => {
                let details = json!({
                    "tracking_number": e.tracking_number,
                    "carrier": e.carrier,
                    "service_level": e.service_level,
                });
                Self::new("order.fulfilled", e.generated_at, &e.order, details)
            }
            E::ShippingFailed(e) => {
                Self::new("order.undeliverable", e.failed_at, &e.order, json!({ "reason": e.reason }))
            }
            E::ShippingCancelled(e) => {
                Self::new("order.cancelled", e.cancelled_at, &e.order, json!({ "reason": "cancelled" }))
            }
        }
    }

    fn new(name: &'static str, happened_at: Timestamp, order: &Arc<Order>, details: Value) -> Self {
        Self { name, happened_at, order: Arc::clone(order), details }
    }

    /// What is said of it. Nothing of it is personal but the customer's id.
    #[must_use]
    pub fn body(&self) -> String {
        let order = &self.order;
        let mut data: Map<String, Value> = [
            ("order_id", json!(order.order_id)),
            ("customer_id", json!(order.customer_id)),
            ("placed_at", json!(order.placed_at)),
            ("total", json!(order.total)),
            ("currency", json!(order.currency)),
            ("lines", json!(order.lines)),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into_iter()
        .collect();
        if let Value::Object(details) = &self.details {
            data.extend(details.clone());
        }
        Body { name: self.name, timestamp: self.happened_at, data: Value::Object(data) }.text()
    }
}

#[cfg(test)]
mod tests {
    use orderflow::schemas;
    use serde::de::DeserializeOwned;

    use super::*;

    fn example<R: DeserializeOwned>(topic: &str, record: &str) -> R {
        serde_json::from_str(schemas::examples(topic, record)[0].1).unwrap()
    }

    #[test]
    fn a_body_has_the_form_of_standard_webhooks_and_nothing_of_a_person() {
        let label: ShippingLabelGenerated = example("shipping", "ShippingLabelGenerated");
        let said = Announcement::of(&label.clone().into());
        let body: Value = serde_json::from_str(&said.body()).unwrap();
        assert_eq!(body["type"], "order.fulfilled");
        assert_eq!(body["timestamp"], json!(label.generated_at));
        let names: Vec<&String> = body["data"].as_object().unwrap().keys().collect();
        let mut expected = [
            "order_id",
            "customer_id",
            "placed_at",
            "total",
            "currency",
            "lines",
            "tracking_number",
            "carrier",
            "service_level",
        ];
        expected.sort_unstable();
        let mut names: Vec<&str> = names.into_iter().map(String::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, expected, "a new field: is it personal? see docs/webhooks.md");
    }

    #[test]
    fn a_payment_that_was_cancelled_is_no_decline() {
        let mut failed: PaymentFailed = example("payments", "PaymentFailed");
        for (reason, name) in [("cancelled", "order.cancelled"), ("card_declined", "order.declined")] {
            failed.reason = reason.to_owned();
            assert_eq!(Announcement::of(&failed.clone().into()).name, name);
            assert!(EVENTS.iter().any(|(known, _)| *known == name));
        }
    }
}
