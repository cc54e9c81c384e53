//! One instance of the service, its steps fed by hand.

use std::{collections::BTreeMap, sync::Arc};

use inventory::{
    LevelEvent, OnOrderValidated, OnPaymentFailed, OnPaymentRefunded, OnShippingLabelGenerated,
    OnStockAdjustmentRequested, Past, ReservationEvent, Stock,
    domain::{Fact, Level},
};
use jiff::{SignedDuration, Timestamp};
use orderflow::{
    clock::Clock,
    envelope::{Envelope, Tried, ids},
    events::{
        FeatureVector, FraudDecision, InventoryReleased, InventoryReserved, InventoryShipped,
        InventoryShortage, Line, Order, OrderValidatedForFraud, PaymentFailed, PaymentRefunded, Record,
        Sealed, ShippingLabelGenerated, StockAdjusted, StockAdjustmentRefused, StockAdjustmentRequested,
    },
    fault::Fault,
    state::State,
    step::{Origin, Outcome, Received, Step},
    trace::TraceContext,
};
use redis::AsyncCommands;
use uuid::Uuid;

/// How long payment may start after a reservation.
pub const VALIDITY: SignedDuration = SignedDuration::from_mins(15);

/// What a step answered to one record.
pub type Answer = Result<Option<Past>, Fault>;

/// One instance of the service.
pub struct Service {
    pub state: State,
    pub clock: Clock,
    on_order_validated: OnOrderValidated,
    on_payment_failed: OnPaymentFailed,
    on_payment_refunded: OnPaymentRefunded,
    on_shipping_label_generated: OnShippingLabelGenerated,
    on_stock_adjustment_requested: OnStockAdjustmentRequested,
}

impl Service {
    pub fn new(state: State) -> Self {
        let (stock, clock) = (Stock::new(state.clone()), Clock::system());
        Self {
            state,
            on_order_validated: OnOrderValidated::new(stock.clone(), clock.clone(), VALIDITY),
            on_payment_failed: OnPaymentFailed::new(stock.clone(), clock.clone()),
            on_payment_refunded: OnPaymentRefunded::new(stock.clone(), clock.clone()),
            on_shipping_label_generated: OnShippingLabelGenerated::new(stock.clone(), clock.clone()),
            on_stock_adjustment_requested: OnStockAdjustmentRequested::new(stock, clock.clone()),
            clock,
        }
    }

    /// Feeds validated orders, each with its event id, as one batch.
    pub async fn reserve(&self, orders: &[(Uuid, Arc<Order>)]) -> Vec<Answer> {
        let batch = received(orders, |order| OrderValidatedForFraud { order, decision: approved() });
        run(&self.on_order_validated, &batch, |event| match event {
            ReservationEvent::InventoryReserved(event) => event.into(),
            ReservationEvent::InventoryShortage(event) => event.into(),
        })
        .await
    }

    /// Feeds failed payments, each with its event id, as one batch.
    pub async fn release(&self, orders: &[(Uuid, Arc<Order>)]) -> Vec<Answer> {
        let batch = received(orders, |order| PaymentFailed {
            order,
            reason: "declined".to_owned(),
            gateway_code: None,
            failed_at: Timestamp::UNIX_EPOCH,
        });
        run(&self.on_payment_failed, &batch, Fact::from).await
    }

    /// Feeds refunds, each with its event id, as one batch.
    pub async fn refund(&self, orders: &[(Uuid, Arc<Order>)]) -> Vec<Answer> {
        let batch = received(orders, |order| PaymentRefunded {
            intent_id: "pi_1".to_owned(),
            refund_id: "re_1".to_owned(),
            amount: order.total,
            currency: order.currency.clone(),
            reason: "shipping_failed".to_owned(),
            refunded_at: Timestamp::UNIX_EPOCH,
            order,
        });
        run(&self.on_payment_refunded, &batch, Fact::from).await
    }

    /// Feeds labels, each with its event id, as one batch.
    pub async fn ship(&self, orders: &[(Uuid, Arc<Order>)]) -> Vec<Answer> {
        let batch = received(orders, |order| ShippingLabelGenerated {
            order,
            label_id: "lbl_1".to_owned(),
            tracking_number: "EE000000080DE".to_owned(),
            carrier: "Post".to_owned(),
            service_level: "standard".to_owned(),
            generated_at: Timestamp::UNIX_EPOCH,
        });
        run(&self.on_shipping_label_generated, &batch, Fact::from).await
    }

    /// Feeds stock adjustments, each with its event id, as one batch.
    pub async fn adjust(&self, requests: &[(Uuid, StockAdjustmentRequested)]) -> Vec<Answer> {
        let batch = received(requests, |request| request);
        run(&self.on_stock_adjustment_requested, &batch, |event| match event {
            LevelEvent::StockAdjusted(event) => event.into(),
            LevelEvent::StockAdjustmentRefused(event) => event.into(),
        })
        .await
    }

    /// Every SKU's level, as Redis has it.
    pub async fn levels(&self) -> BTreeMap<String, Level> {
        let (mut redis, stem) = (self.state.redis(), self.state.key("stock:"));
        let keys: Vec<String> = redis.keys(format!("{stem}*")).await.unwrap();
        let mut levels = BTreeMap::new();
        for key in keys {
            let level: BTreeMap<String, i64> = redis.hgetall(&key).await.unwrap();
            let units = |name: &str| level.get(name).copied().unwrap_or_default();
            let level = Level { on_hand: units("on_hand"), reserved: units("reserved") };
            levels.insert(key[stem.len()..].to_owned(), level);
        }
        levels
    }
}

async fn run<S: Step>(
    step: &S,
    batch: &[Received<S::In>],
    fact: impl Fn(S::Out) -> Fact + Copy,
) -> Vec<Answer> {
    let verdicts = step.handle(batch).await.unwrap();
    assert_eq!(verdicts.len(), batch.len());
    let past = |cause: Uuid, fact: Fact| {
        let id = ids::of_event(cause, S::NAME, name(&fact), 0);
        Past::now(id, Some(cause), fact)
    };
    let answer = |received: &Received<S::In>, verdict: Result<Outcome<S::Out>, Fault>| {
        let events = verdict?.into_events();
        assert!(events.len() <= 1);
        Ok(events.into_iter().next().map(|event| past(received.envelope.id, fact(event))))
    };
    batch.iter().zip(verdicts).map(|(received, verdict)| answer(received, verdict)).collect()
}

fn name(fact: &Fact) -> &'static str {
    match fact {
        Fact::InventoryReserved(_) => InventoryReserved::NAME,
        Fact::InventoryShortage(_) => InventoryShortage::NAME,
        Fact::InventoryReleased(_) => InventoryReleased::NAME,
        Fact::InventoryShipped(_) => InventoryShipped::NAME,
        Fact::StockAdjusted(_) => StockAdjusted::NAME,
        Fact::StockAdjustmentRefused(_) => StockAdjustmentRefused::NAME,
    }
}

fn received<T: Clone, R: Record>(events: &[(Uuid, T)], event: impl Fn(T) -> R) -> Vec<Received<R>> {
    let one = |(offset, (id, what)): (i64, &(Uuid, T))| {
        let event = event(what.clone());
        let envelope = Envelope {
            id: *id,
            source: "test".to_owned(),
            kind: R::full_name(),
            time: event.occurred_at(),
            subject: event.key(),
            dataschema: None,
            correlation_id: id.to_string(),
            causation_id: None,
            trace: TraceContext::root(),
            tried: Tried::default(),
        };
        let origin = Origin { topic: R::TOPIC, partition: 0, offset, timestamp: event.occurred_at() };
        Received { event, envelope, origin }
    };
    (0..).zip(events).map(one).collect()
}

/// An order for these SKUs and quantities.
pub fn order(id: Uuid, lines: &[(&str, i32)]) -> Arc<Order> {
    let line = |&(sku, quantity): &(&str, i32)| Line { sku: sku.to_owned(), quantity, unit_price: 100 };
    Arc::new(Order {
        order_id: id,
        customer_id: "customer".to_owned(),
        lines: lines.iter().map(line).collect(),
        total: 100,
        currency: "EUR".to_owned(),
        payment_token: "tok".to_owned(),
        billing_country: "DE".to_owned(),
        delivery_country: "DE".to_owned(),
        ip_country: None,
        card_hash: String::new(),
        device_hash: None,
        address_hash: String::new(),
        ip_hash: None,
        account_age_days: 0,
        priority: "standard".to_owned(),
        placed_at: Timestamp::UNIX_EPOCH,
        sealed: Sealed { key_id: Uuid::nil(), nonce: Vec::new(), ciphertext: Vec::new() },
    })
}

/// A request to change the stock of a SKU, under its event id.
pub fn adjustment(id: u128, sku: &str, delta: i64) -> (Uuid, StockAdjustmentRequested) {
    let request = StockAdjustmentRequested {
        sku: sku.to_owned(),
        delta,
        kind: "correction".to_owned(),
        reason: "count".to_owned(),
        requested_by: "tester".to_owned(),
        requested_at: Timestamp::UNIX_EPOCH,
    };
    (Uuid::from_u128(id), request)
}

fn approved() -> FraudDecision {
    FraudDecision {
        score: 0.0,
        threshold: 0.5,
        hold_threshold: 1.0,
        reasons: Vec::new(),
        scorer: "rules".to_owned(),
        scorer_version: "1".to_owned(),
        decided_at: Timestamp::UNIX_EPOCH,
        reviewer: None,
        review_reason: None,
        features: FeatureVector::default(),
        features_definition: 0,
        engine: "rules".to_owned(),
        fallback: None,
        valid_until: None,
    }
}
