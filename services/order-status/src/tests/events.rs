//! Events as the topics carry them.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use orderflow::{
    envelope::{Envelope, Tried},
    events::*,
    step::{Origin, Received},
    topics::ORDERS,
    trace::TraceContext,
};
use uuid::Uuid;

use crate::{entry::Said, on_event::OrderEvent};

/// What must never be seen on a timeline.
pub const SECRETS: [&str; 4] = ["tok_secret", "Ada Lovelace", "my own words", "hash-of-something"];

/// The order `n`, of this customer; placed `n` seconds after a fixed time.
pub fn order_of(n: u128, customer: &str) -> Arc<Order> {
    Arc::new(Order {
        order_id: Uuid::from_u128(n),
        customer_id: customer.to_owned(),
        lines: vec![Line { sku: "KIT-MUG-350".to_owned(), quantity: 2, unit_price: 1290 }],
        total: 2580,
        currency: "EUR".to_owned(),
        payment_token: SECRETS[0].to_owned(),
        billing_country: "DE".to_owned(),
        delivery_country: "DE".to_owned(),
        ip_country: None,
        card_hash: SECRETS[3].to_owned(),
        device_hash: None,
        address_hash: SECRETS[3].to_owned(),
        ip_hash: None,
        account_age_days: 3,
        priority: "standard".to_owned(),
        placed_at: at(i64::try_from(n % 1_000_000).unwrap()),
        sealed: Sealed { key_id: Uuid::nil(), nonce: Vec::new(), ciphertext: Vec::new() },
    })
}

/// The order `n` of somebody.
pub fn order(n: u128) -> Arc<Order> {
    order_of(n, "cust-42")
}

/// So many seconds after a fixed time, which no list of these tests is too young for.
pub fn at(seconds: i64) -> Timestamp {
    "2100-01-01T12:00:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_secs(seconds)
}

fn decision(reviewer: Option<&str>) -> FraudDecision {
    FraudDecision {
        score: 0.5,
        threshold: 0.85,
        hold_threshold: 0.3,
        reasons: vec![Reason {
            code: "new_account".to_owned(),
            text: "a new account".to_owned(),
            weight: 0.5,
        }],
        scorer: "rules".to_owned(),
        scorer_version: "1".to_owned(),
        decided_at: at(2),
        reviewer: reviewer.map(str::to_owned),
        review_reason: None,
        features: FeatureVector::default(),
        features_definition: 0,
        engine: "rules".to_owned(),
        fallback: None,
        valid_until: None,
    }
}

/// An event of this order by its record's name, a few seconds after it was placed. `OrderValidatedForFraud+ada` is one
/// that Ada has decided; `PaymentFailed+cancelled` has that reason.
#[allow(clippy::too_many_lines)] // a table
pub fn event(order: &Arc<Order>, name: &str) -> OrderEvent {
    let (name, more) = name.split_once('+').map_or((name, None), |(name, more)| (name, Some(more)));
    let (order_id, order) = (order.order_id, Arc::clone(order));
    let text = |text: &str| text.to_owned();
    match name {
        "OrderPlaced" => {
            let (principal, request_hash) = (text("shop"), text(SECRETS[3]));
            OrderPlaced { order, principal, idempotency_key_hash: None, request_hash }.into()
        }
        "OrderCancelRequested" => OrderCancelRequested {
            order_id,
            reason: text(SECRETS[2]),
            requested_by: text(SECRETS[1]),
            requested_at: at(9),
        }
        .into(),
        "ReviewDecided" => ReviewDecided {
            order_id,
            decision: text("approve"),
            reviewer: text(more.unwrap_or("ada")),
            reason: text(SECRETS[2]),
            decided_at: at(4),
        }
        .into(),
        "ReviewEscalated" => {
            let (held_at, review_by, escalated_at) = (at(2), at(1802), at(902));
            ReviewEscalated { order_id, score: 0.5, held_at, review_by, escalated_at }.into()
        }
        "OrderHeldForReview" => OrderHeldForReview {
            escalate_at: at(902),
            review_by: order.placed_at + SignedDuration::from_mins(30),
            order,
            decision: decision(None),
        }
        .into(),
        "OrderValidatedForFraud" => OrderValidatedForFraud { order, decision: decision(more) }.into(),
        "OrderFraudDetected" => OrderFraudDetected { order, decision: decision(more) }.into(),
        "ShadowScored" => ShadowScored {
            order_id,
            order_event_id: order_id,
            model: text("fraud"),
            version: text("next"),
            engine: text("built-in"),
            score: 0.7,
            threshold: 0.9,
            hold_threshold: 0.4,
            reasons: Vec::new(),
            micros: 8.0,
            decided_score: 0.5,
            decided_by: text("rules"),
            decided_version: text("1"),
            decided_outcome: text("held"),
            scored_at: at(2),
        }
        .into(),
        "OrderReviewCancelled" => OrderReviewCancelled { order, cancelled_at: at(10) }.into(),
        "InventoryReserved" => InventoryReserved { order, reserved_at: at(5), valid_until: at(905) }.into(),
        "InventoryShortage" => {
            let short = vec![ShortLine { sku: text("KIT-MUG-350"), requested: 2, available: 1 }];
            InventoryShortage { order, short, refused_at: at(5) }.into()
        }
        "InventoryReleased" => {
            InventoryReleased { order, reason: text("payment_failed"), released_at: at(12) }.into()
        }
        "InventoryShipped" => InventoryShipped { order, shipped_at: at(13) }.into(),
        "PaymentProcessed" => {
            let (intent_id, amount, currency) = (text("pi_1"), 2580, text("EUR"));
            PaymentProcessed { order, intent_id, amount, currency, processed_at: at(6) }.into()
        }
        "PaymentActionRequired" => {
            let (intent_id, respond_by, required_at) = (text("pi_1"), at(906), at(6));
            PaymentActionRequired { order, intent_id, respond_by, required_at }.into()
        }
        "PaymentFailed" => {
            let reason = text(more.unwrap_or("declined"));
            PaymentFailed { order, reason, gateway_code: None, failed_at: at(6) }.into()
        }
        "PaymentRefunded" => PaymentRefunded {
            order,
            intent_id: text("pi_1"),
            refund_id: text("re_1"),
            amount: 2580,
            currency: text("EUR"),
            reason: text("undeliverable_address"),
            refunded_at: at(11),
        }
        .into(),
        "ShippingLabelGenerated" => ShippingLabelGenerated {
            order,
            label_id: text("l1"),
            tracking_number: text("TRACK1"),
            carrier: text("parcel"),
            service_level: text("ground"),
            generated_at: at(7),
        }
        .into(),
        "LabelDocumentStored" => LabelDocumentStored {
            order_id,
            tracking_number: text("TRACK1"),
            zpl_path: text("l1.zpl"),
            pdf_path: text("l1.pdf"),
            stored_at: at(8),
        }
        .into(),
        "PickupScheduled" => PickupScheduled {
            order_id,
            pickup_id: text("p1"),
            window_start: at(3600),
            window_end: at(7200),
            scheduled_at: at(8),
        }
        .into(),
        "ShippingFailed" => {
            let reason = text("undeliverable_address");
            ShippingFailed { order, reason, carrier_code: None, failed_at: at(7) }.into()
        }
        "ShippingCancelled" => ShippingCancelled { order, cancelled_at: at(7) }.into(),
        "OrderCancelRejected" => {
            OrderCancelRejected { order_id, reason: text("label_bought"), rejected_at: at(10) }.into()
        }
        other => unreachable!("no such record: {other}"),
    }
}

/// The event as a step receives it. Equal events have equal ids.
pub fn received(event: OrderEvent) -> Received<OrderEvent> {
    let said = crate::words::said(&event);
    let time = time_of(&said.kind);
    // A second reviewer is later on the log, and says by a wrong clock to have been earlier.
    let second = matches!(&said.review, Some(Said::Decided { reviewer, .. }) if reviewer != "ada");
    let time = time - SignedDuration::from_millis(i64::from(second));
    let words = format!("{} {:?}", said.facts, said.review);
    let envelope = Envelope {
        id: orderflow::envelope::ids::from_parts(&[&said.order_id.to_string(), &said.kind, &words]),
        source: "a-service.on_something".to_owned(),
        kind: said.kind,
        time,
        subject: said.order_id.to_string(),
        dataschema: None,
        correlation_id: "test".to_owned(),
        causation_id: None,
        trace: trace(),
        tried: Tried::default(),
    };
    let origin = Origin { topic: ORDERS, partition: 0, offset: i64::from(second), timestamp: time };
    Received { event, envelope, origin }
}

/// The trace of every event of these tests: a repeat has the same.
pub fn trace() -> TraceContext {
    TraceContext::parse("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01").unwrap()
}

/// When it happened: in the order of an order's way; a few at the same moment.
fn time_of(kind: &str) -> Timestamp {
    let way = [
        "orders.OrderPlaced",
        "fraud.OrderHeldForReview",
        "reviews.ReviewDecided",
        "fraud.",
        "inventory.InventoryReserved",
        "inventory.InventoryShortage",
        "payments.PaymentProcessed",
        "payments.PaymentFailed",
        "shipping.Shipping",
        "shipping.",
    ];
    let place = way.iter().position(|start| kind.contains(start)).unwrap_or(way.len());
    at(i64::try_from(place).unwrap())
}
