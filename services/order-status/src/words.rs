//! What an event says, in a few words.

use std::sync::Arc;

use orderflow::{
    events::{FraudDecision, Order, OrderHeldForReview, Record, ShortLine},
    money::money,
};
use uuid::Uuid;

use crate::{
    entry::{Factors, Said},
    on_event::OrderEvent,
};

/// What is kept of an event beside its envelope.
pub struct Saying {
    /// The record's Avro full name: by what it was read as, whatever its headers say.
    pub kind: String,
    pub order_id: Uuid,
    pub order: Option<Arc<Order>>,
    pub facts: String,
    pub reason: Option<String>,
    pub review: Option<Said>,
    pub decision: Option<Factors>,
}

impl Saying {
    fn of<R: Record>(event: &R, order: &Arc<Order>, facts: impl Into<String>) -> Self {
        Self { order: Some(Arc::clone(order)), ..Self::about(event, order.order_id, facts) }
    }

    fn about<R: Record>(_: &R, order_id: Uuid, facts: impl Into<String>) -> Self {
        let (kind, facts) = (R::full_name(), facts.into());
        Self { kind, order_id, order: None, facts, reason: None, review: None, decision: None }
    }

    fn because(self, reason: &str) -> Self {
        Self { reason: Some(reason.to_owned()), ..self }
    }

    fn reviewed(self, said: Said) -> Self {
        Self { review: Some(said), ..self }
    }

    fn scored(self, factors: impl Into<Factors>) -> Self {
        Self { decision: Some(factors.into()), ..self }
    }
}

/// One line a record type; another type is one more line here.
pub fn said(event: &OrderEvent) -> Saying {
    use OrderEvent as E;
    match event {
        E::OrderPlaced(e) => Saying::of(e, &e.order, placed(&e.order)),
        E::OrderCancelRequested(e) => Saying::about(e, e.order_id, ""),
        E::ReviewDecided(e) => {
            let (decision, reviewer) = (e.decision.clone(), e.reviewer.clone());
            Saying::about(e, e.order_id, &e.decision).reviewed(Said::Decided { decision, reviewer })
        }
        E::ReviewEscalated(e) => Saying::about(e, e.order_id, until(e.review_by)).reviewed(Said::Escalated),
        E::OrderHeldForReview(e) => held(e),
        E::OrderValidatedForFraud(e) => judged(e, &e.order, &e.decision, true),
        E::OrderFraudDetected(e) => judged(e, &e.order, &e.decision, false),
        E::ShadowScored(e) => Saying::about(e, e.order_id, "").scored(e),
        E::OrderReviewCancelled(e) => Saying::of(e, &e.order, "").reviewed(Said::Cancelled),
        E::InventoryReserved(e) => Saying::of(e, &e.order, until(e.valid_until)),
        E::InventoryShortage(e) => Saying::of(e, &e.order, short(&e.short)),
        E::InventoryReleased(e) => Saying::of(e, &e.order, &e.reason).because(&e.reason),
        E::InventoryShipped(e) => Saying::of(e, &e.order, ""),
        E::PaymentActionRequired(e) => Saying::of(e, &e.order, until(e.respond_by)),
        E::PaymentProcessed(e) => Saying::of(e, &e.order, money(e.amount, &e.currency)),
        E::PaymentFailed(e) => {
            Saying::of(e, &e.order, with_code(&e.reason, e.gateway_code.as_deref())).because(&e.reason)
        }
        E::PaymentRefunded(e) => {
            Saying::of(e, &e.order, format!("{}, {}", money(e.amount, &e.currency), e.reason))
                .because(&e.reason)
        }
        E::ShippingLabelGenerated(e) => {
            Saying::of(e, &e.order, format!("{}, {}, {}", e.tracking_number, e.carrier, e.service_level))
        }
        E::LabelDocumentStored(e) => Saying::about(e, e.order_id, &e.tracking_number),
        E::PickupScheduled(e) => {
            let (start, end) = (e.window_start.strftime("%F %H:%M"), e.window_end.strftime("%H:%M"));
            Saying::about(e, e.order_id, format!("{start} to {end} UTC"))
        }
        E::ShippingFailed(e) => {
            Saying::of(e, &e.order, with_code(&e.reason, e.carrier_code.as_deref())).because(&e.reason)
        }
        E::ShippingCancelled(e) => Saying::of(e, &e.order, ""),
        E::OrderCancelRejected(e) => Saying::about(e, e.order_id, &e.reason).because(&e.reason),
    }
}

fn placed(order: &Order) -> String {
    let units: i64 = order.lines.iter().map(|line| i64::from(line.quantity)).sum();
    format!("{}, {units} units, {}", money(order.total, &order.currency), order.priority)
}

fn held(event: &OrderHeldForReview) -> Saying {
    let FraudDecision { score, reasons, .. } = &event.decision;
    let held = Said::Held { score: *score, reasons: reasons.clone(), review_by: event.review_by };
    Saying::of(event, &event.order, format!("{}; {}", decision(&event.decision), until(event.review_by)))
        .reviewed(held)
        .scored(&event.decision)
}

fn judged<R: Record>(event: &R, order: &Arc<Order>, judgement: &FraudDecision, approved: bool) -> Saying {
    let reviewer = judgement.reviewer.clone();
    let by = if reviewer.is_some() { "; decided by a reviewer" } else { "" };
    Saying::of(event, order, format!("{}{by}", decision(judgement)))
        .reviewed(Said::Judged { approved, reviewer })
        .scored(judgement)
}

fn decision(decision: &FraudDecision) -> String {
    let codes: Vec<&str> = decision.reasons.iter().map(|reason| reason.code.as_str()).collect();
    let FraudDecision { score, threshold, scorer, .. } = decision;
    let codes = if codes.is_empty() { "nothing odd".to_owned() } else { codes.join(", ") };
    format!("score {score:.2} of {threshold:.2} by {scorer}; {codes}")
}

fn short(lines: &[ShortLine]) -> String {
    /// As many as say what is wrong; an order may have two thousand.
    const SHOWN: usize = 5;
    let told = lines.iter().take(SHOWN).map(|l| format!("{}: {} of {}", l.sku, l.available, l.requested));
    let told = told.collect::<Vec<_>>().join(", ");
    match lines.len().saturating_sub(SHOWN) {
        0 => told,
        more => format!("{told} and {more} more"),
    }
}

fn until(time: jiff::Timestamp) -> String {
    format!("until {} UTC", time.strftime("%F %T"))
}

fn with_code(reason: &str, code: Option<&str>) -> String {
    code.map_or_else(|| reason.to_owned(), |code| format!("{reason} ({code})"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_shortage_is_cut_short() {
        let line = |n: i32| ShortLine { sku: format!("SKU-{n}"), requested: 2, available: 1 };
        let lines: Vec<ShortLine> = (0..7).map(line).collect();
        assert!(short(&lines).ends_with("SKU-4: 1 of 2 and 2 more"));
        assert_eq!(short(&lines[..1]), "SKU-0: 1 of 2");
    }
}
