//! What a callback of the gateway says: Stripe's events (<https://docs.stripe.com/api/events>), of which only what the
//! payment is about and that something has become of it is taken.

use jiff::Timestamp;
use orderflow::events::GatewayAnswered;
use serde::Deserialize;
use uuid::Uuid;

use crate::intent::{Metadata, plain};

/// A refund that was on its way has failed.
pub const REFUND_FAILED: &str = "refund.failed";

/// What is listened to. All else is taken in and forgotten.
const HEARD: [&str; 4] =
    ["payment_intent.succeeded", "payment_intent.payment_failed", "payment_intent.canceled", REFUND_FAILED];

/// A callback, as far as it matters here.
#[derive(Debug, Deserialize)]
pub struct Callback {
    id: String,
    #[serde(rename = "type")]
    kind: String,
    /// Seconds since 1970.
    created: i64,
    data: Data,
}

#[derive(Debug, Deserialize)]
struct Data {
    object: Object,
}

/// A payment intent, or what was made of one.
#[derive(Debug, Deserialize)]
struct Object {
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    payment_intent: Option<String>,
    #[serde(default)]
    metadata: Option<Metadata>,
}

impl Callback {
    /// The event that says so; `None` when it is of another kind, or not about an order: an account may serve others too.
    #[must_use]
    pub fn heard(self) -> Option<GatewayAnswered> {
        let Object { id, payment_intent, metadata } = self.data.object;
        let order_id = metadata?.order_id?;
        if !HEARD.contains(&self.kind.as_str()) {
            return None;
        }
        // Of a refund its payment, where the gateway names it; never the refund's own id.
        let intent_id = if self.kind == REFUND_FAILED { payment_intent } else { id };
        Some(GatewayAnswered {
            order_id: Uuid::try_parse(&order_id).ok()?,
            callback_id: plain(&self.id)?,
            kind: self.kind,
            intent_id: intent_id.and_then(|id| plain(&id)),
            answered_at: Timestamp::from_second(self.created).ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::{Value, json};

    use super::*;

    fn heard(kind: &str, object: Value) -> Option<GatewayAnswered> {
        let event =
            json!({ "id": "evt_1", "type": kind, "created": 1_764_590_460, "data": { "object": object } });
        serde_json::from_value::<Callback>(event).unwrap().heard()
    }

    #[test]
    fn a_callback_names_its_order_and_its_payment() {
        let order_id = Uuid::from_u128(7);
        let metadata = json!({ "order_id": order_id, "other": "thing" });
        let intent = json!({ "id": "pi_1", "object": "payment_intent", "metadata": metadata });
        let said = heard("payment_intent.succeeded", intent).unwrap();
        assert_eq!((said.order_id, said.intent_id.as_deref()), (order_id, Some("pi_1")));
        assert_eq!(said.answered_at.as_second(), 1_764_590_460);
        let refund = json!({ "id": "re_1", "payment_intent": "pi_1", "metadata": metadata });
        assert_eq!(heard(REFUND_FAILED, refund).unwrap().intent_id.as_deref(), Some("pi_1"));
        let of_a_charge = json!({ "id": "re_1", "payment_intent": null, "metadata": metadata });
        assert_eq!(heard(REFUND_FAILED, of_a_charge).unwrap().intent_id, None);
    }

    #[rstest]
    #[case::of_another_kind("charge.succeeded", json!({ "order_id": Uuid::nil() }))]
    #[case::of_no_order("payment_intent.succeeded", json!({}))]
    #[case::of_another_shop("payment_intent.succeeded", json!({ "order_id": "4711" }))]
    #[case::without_metadata("payment_intent.succeeded", json!(null))]
    fn what_is_not_about_an_orders_payment_is_passed_over(#[case] kind: &str, #[case] metadata: Value) {
        assert_eq!(heard(kind, json!({ "id": "pi_1", "metadata": metadata })), None);
    }
}
