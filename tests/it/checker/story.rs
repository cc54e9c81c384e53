//! Small histories, written by hand: orders that go their way, with everything that belongs to it.

use std::collections::{BTreeMap, HashMap};

use orderflow::config::Delivery;
use orderflow_tests::{
    chaos::evidence::{Answer, RawRecord, Sent},
    checker::{
        Case, Parts, Violation,
        event::Event,
        ids, judge,
        ledgers::{Movement, Parcel},
    },
};
use serde_json::{Value, json};
use uuid::Uuid;

pub const SKU: &str = "MUG";
pub const TOTAL: i64 = 1_000;
pub const DELIVERED: i64 = 100;
const UNITS: i64 = 2;
/// A record every ten seconds: nothing is close by chance.
const BETWEEN: i64 = 10_000;

/// Topic, step, and what it may follow from.
fn origin(kind: &str) -> (&'static str, &'static str, &'static [&'static str]) {
    match kind {
        "OrderPlaced" => ("orders", "order-intake", &[]),
        "OrderCancelRequested" => ("orders", "order-status", &[]),
        "ReviewDecided" => ("reviews", "order-status", &[]),
        "OrderHeldForReview" => ("fraud", "fraud-scoring.on_order_placed", &["OrderPlaced"]),
        "OrderReviewCancelled" => {
            ("fraud", "fraud-scoring.on_order_cancel_requested", &["OrderCancelRequested"])
        }
        "OrderValidatedForFraud" | "OrderFraudDetected" => {
            ("fraud", "fraud-scoring.on_order_placed", &["ReviewDecided", "OrderPlaced"])
        }
        "InventoryReserved" | "InventoryShortage" => {
            ("inventory", "inventory.on_order_validated", &["OrderValidatedForFraud"])
        }
        "InventoryReleased" => ("inventory", "inventory.on_payment", &["PaymentRefunded", "PaymentFailed"]),
        "InventoryShipped" => {
            ("inventory", "inventory.on_shipping_label_generated", &["ShippingLabelGenerated"])
        }
        "PaymentProcessed" | "PaymentFailed" | "PaymentActionRequired" => {
            ("payments", "payment.on_inventory_reserved", &["InventoryReserved"])
        }
        "PaymentRefunded" => ("payments", "payment.on_shipping", &["ShippingFailed", "ShippingCancelled"]),
        "ShippingLabelGenerated" | "ShippingFailed" | "ShippingCancelled" => {
            ("shipping", "shipping.on_payment_processed", &["PaymentProcessed"])
        }
        "OrderCancelRejected" => {
            ("shipping", "shipping.on_order_cancel_requested", &["OrderCancelRequested"])
        }
        "LabelDocumentStored" | "PickupScheduled" => {
            ("shipping", "shipping.on_shipping_label_generated", &["ShippingLabelGenerated"])
        }
        "StockAdjustmentRequested" => ("inventory.stock", "order-intake", &[]),
        "StockAdjusted" => {
            ("inventory.levels", "inventory.on_stock_adjustment_requested", &["StockAdjustmentRequested"])
        }
        other => panic!("no step writes {other}"),
    }
}

/// A history that is written.
pub struct Story {
    pub parts: Parts,
    now: i64,
    ends: HashMap<String, i64>,
}

impl Story {
    /// A shop with something on the shelf, and no order.
    pub fn new() -> Self {
        let parts = Parts {
            events: Vec::new(),
            journal: Vec::new(),
            movements: Vec::new(),
            parcels: Vec::new(),
            documents: BTreeMap::new(),
            shelf: BTreeMap::from([(SKU.to_owned(), (DELIVERED, 0))]),
            injected: Vec::new(),
            delivery: Delivery::ExactlyOnce,
        };
        let mut story = Self { parts, now: 0, ends: HashMap::new() };
        let asked = json!({ "sku": SKU, "delta": DELIVERED });
        story.tell(SKU, "StockAdjustmentRequested", asked);
        story.tell(
            SKU,
            "StockAdjusted",
            json!({ "sku": SKU, "delta": DELIVERED, "on_hand": DELIVERED, "reserved": 0 }),
        );
        story
    }

    /// An order that was accepted and has gone this way.
    pub fn order(&mut self, way: &[&str]) -> Uuid {
        let order = Uuid::from_u128(self.now as u128 + 1);
        self.answered(order, &format!("key {order}"), "accepted");
        self.go(order, &["OrderPlaced"]);
        self.go(order, way);
        order
    }

    /// The order goes on.
    pub fn go(&mut self, order: Uuid, way: &[&str]) {
        for said in way {
            // Such as `PaymentFailed cancelled`.
            let (kind, reason) = said.split_once(' ').unwrap_or((said, ""));
            self.act(order, kind);
            let fields = json!({
                "order": { "lines": [{ "sku": SKU, "quantity": UNITS }], "total": TOTAL, "currency": "EUR" },
                "reason": reason, "intent_id": format!("pi_{order}"), "refund_id": format!("re_{order}"),
                "amount": TOTAL, "currency": "EUR", "tracking_number": "T1",
                "zpl_path": format!("{order}.zpl"), "pdf_path": format!("{order}.pdf"),
            });
            self.tell(&order.to_string(), kind, fields);
        }
    }

    /// What is done besides telling it.
    fn act(&mut self, order: Uuid, kind: &str) {
        let level = self.parts.shelf.get_mut(SKU).unwrap();
        match kind {
            "InventoryReserved" => level.1 += UNITS,
            "InventoryReleased" => level.1 -= UNITS,
            "InventoryShipped" => *level = (level.0 - UNITS, level.1 - UNITS),
            "PaymentProcessed" => self.moves(order, "charge"),
            "PaymentActionRequired" => self.moves(order, "action"),
            "PaymentRefunded" => self.moves(order, "refund"),
            "ShippingLabelGenerated" => self.label(order, "lbl_1"),
            "LabelDocumentStored" => {
                let zpl = format!("^XA\nT1\nOrder {order}\n^XZ\n").into_bytes();
                self.parts.documents.insert(format!("{order}.zpl"), zpl);
                self.parts.documents.insert(format!("{order}.pdf"), b"%PDF-1.7\n%%EOF".to_vec());
            }
            _ => {}
        }
    }

    /// A line of the gateway's ledger.
    pub fn moves(&mut self, order: Uuid, kind: &str) {
        self.parts.movements.push(Movement {
            at: "2026-01-01T00:00:00Z".to_owned(),
            kind: kind.to_owned(),
            intent_id: format!("pi_{order}"),
            order_id: order.to_string(),
            amount: TOTAL,
            currency: "EUR".to_owned(),
            refund_id: (kind == "refund").then(|| format!("re_{order}")),
        });
    }

    /// A label at the carrier.
    pub fn label(&mut self, order: Uuid, label: &str) {
        self.parts.parcels.push(Parcel {
            at: "2026-01-01T00:00:00Z".to_owned(),
            kind: "label".to_owned(),
            label_id: Some(label.to_owned()),
            order_id: Some(order.to_string()),
        });
    }

    /// A request for an order that was accepted.
    pub fn answered(&mut self, order: Uuid, key: &str, answer: &str) {
        let body = json!({ "lines": [{ "sku": SKU, "quantity": UNITS }] });
        self.parts.journal.push(Answer {
            idempotency_key: key.to_owned(),
            status: Some(202),
            order_id: Some(order),
            body: body.to_string().into_bytes(),
            answer: answer.as_bytes().to_vec(),
            sent_ms: self.now,
            what: Sent::Placed,
        });
    }

    /// A request to change what is on the shelf, that was accepted under this id.
    pub fn adjustment(&mut self, id: Uuid, delta: i64) {
        self.parts.journal.push(Answer {
            idempotency_key: format!("adjustment {id}"),
            status: Some(202),
            order_id: None,
            body: json!({ "sku": SKU, "delta": delta }).to_string().into_bytes(),
            answer: json!({ "event_id": id }).to_string().into_bytes(),
            sent_ms: self.now,
            what: Sent::Adjusted,
        });
    }

    /// An event, made of the last that it may follow from.
    pub fn tell(&mut self, key: &str, kind: &str, fields: Value) -> Uuid {
        let (_, step, causes) = origin(kind);
        let events = || self.parts.events.iter().rev().filter(|event| event.key == key);
        let found = causes.iter().find_map(|cause| events().find(|event| event.kind == *cause));
        let cause = found.map(|event| event.id);
        assert_eq!(cause.is_none(), causes.is_empty(), "{kind} has nothing to follow from");
        let id = match cause {
            Some(cause) => ids::of_output(cause, step, kind, 0),
            None => ids::of_parts(&[key, kind, &self.now.to_string()]),
        };
        self.write(key, kind, id, cause, fields);
        id
    }

    /// An event as it is said to be.
    pub fn write(&mut self, key: &str, kind: &str, id: Uuid, cause: Option<Uuid>, fields: Value) {
        let (topic, step, _) = origin(kind);
        let text = |name: &str, value: String| (name.to_owned(), Some(value.into_bytes()));
        let mut headers = vec![text("ce_id", id.to_string()), text("ce_source", step.to_owned())];
        headers.extend(cause.map(|cause| text("ce_causationid", cause.to_string())));
        let raw = self.raw(topic, key, Some(fields.to_string().into_bytes()), headers);
        self.parts.events.push(Event::of(raw, "", Some((format!("orderflow.{topic}.{kind}"), fields))));
    }

    /// A service gives up the last event of this kind of an order.
    pub fn give_up(&mut self, service: &str, order: Uuid, kind: &str) {
        let given_up = self.last(order, kind).clone();
        let (topic, partition, offset) = given_up.place();
        let mut headers = given_up.raw.headers.clone();
        headers.push(("kafka_dlt-original-topic".to_owned(), Some(topic.as_bytes().to_vec())));
        headers.push(("kafka_dlt-original-partition".to_owned(), Some(partition.to_be_bytes().to_vec())));
        headers.push(("kafka_dlt-original-offset".to_owned(), Some(offset.to_be_bytes().to_vec())));
        self.put_aside(&format!("{service}.dlq"), order, given_up.raw.value.clone(), headers);
    }

    /// An operator parks what was given up last.
    pub fn park(&mut self, service: &str) {
        let letter = self.parts.events.iter().rev().find(|event| event.topic.ends_with(".dlq")).unwrap();
        let (order, raw) = (letter.order().unwrap(), letter.raw.clone());
        self.put_aside(&format!("{service}.parked"), order, raw.value, raw.headers);
    }

    /// A service says that it has answered the last event of this kind of an order.
    pub fn settle(&mut self, service: &str, order: Uuid, kind: &str) {
        let id = self.last(order, kind).id.to_string();
        let headers = vec![("orderflow-settled".to_owned(), Some(id.into_bytes()))];
        self.put_aside(&format!("{service}.waiting"), order, None, headers);
    }

    fn put_aside(
        &mut self,
        topic: &str,
        order: Uuid,
        value: Option<Vec<u8>>,
        headers: Vec<(String, Option<Vec<u8>>)>,
    ) {
        let raw = self.raw(topic, &order.to_string(), value, headers);
        self.parts.events.push(Event::of(raw, "", None));
    }

    /// The last event of this kind of an order.
    pub fn last(&mut self, order: Uuid, kind: &str) -> &mut Event {
        let key = order.to_string();
        let mut events = self.parts.events.iter_mut().rev();
        events.find(|event| event.key == key && event.kind == kind).unwrap()
    }

    fn raw(
        &mut self,
        topic: &str,
        key: &str,
        value: Option<Vec<u8>>,
        headers: Vec<(String, Option<Vec<u8>>)>,
    ) -> RawRecord {
        self.now += BETWEEN;
        let end = self.ends.entry(topic.to_owned()).or_default();
        *end += 1;
        let (topic, key) = (topic.to_owned(), Some(key.as_bytes().to_vec()));
        RawRecord { topic, partition: 0, offset: *end, timestamp_ms: self.now, key, value, headers }
    }

    /// What the checker says of it.
    pub fn violations(self) -> Vec<Violation> {
        judge(&Case::new(self.parts))
    }
}
