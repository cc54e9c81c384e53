//! A payment gateway that does nothing: it answers as the log tells that the real one did, and notes what it was asked.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use anyhow::Result;
use jiff::Timestamp;
use orderflow::{
    clock::Clock,
    events::{Order, PaymentActionRequired, PaymentFailed, PaymentProcessed, PaymentRefunded},
    fault::Fault,
    step::Step as _,
    topics::PAYMENTS,
};
use payment::{
    OnInventoryReserved,
    domain::reason,
    gateway::{Answer, Gateway, Opened, Refunded, Standing},
};
use serde::Serialize;
use uuid::Uuid;

use crate::{
    connection::Connection,
    log::{Decoder, read},
};

/// A question that would have been asked outside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Effect {
    /// What would have been asked: `open`, `confirm`, `look`, `find`, `void` or `refund`.
    pub effect: &'static str,
    /// About this order.
    pub order_id: Uuid,
    /// How it was answered.
    pub answered: Answered,
}

/// How a question was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Answered {
    /// As the log tells that it was.
    AsLogged,
    /// The log does not tell: as if it had gone well.
    AsIfItWentWell,
}

/// What was asked, as it was asked.
#[derive(Debug, Clone, Default)]
pub struct Effects(Arc<Mutex<Vec<Effect>>>);

impl Effects {
    /// All that was noted since the last time.
    #[must_use]
    pub fn take(&self) -> Vec<Effect> {
        std::mem::take(&mut *self.noted())
    }

    fn noted(&self) -> MutexGuard<'_, Vec<Effect>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The gateway as the log tells of it.
pub struct Recorded {
    /// What it has said of each order.
    pub known: BTreeMap<Uuid, Known>,
    /// Where questions are noted.
    pub effects: Effects,
    /// The time: nobody hears of an end before it was.
    pub clock: Clock,
}

/// What the log has of an order's payment.
#[derive(Debug, Clone, Default)]
pub struct Known {
    intent_id: Option<String>,
    refund_id: Option<String>,
    /// How it ended, and when that was learnt.
    end: Option<(Timestamp, Answer)>,
    /// Whether it waited for its customer before.
    waited: bool,
}

/// Reads what the log has of payments.
///
/// # Errors
/// When a server does not answer.
pub async fn known(connection: &Connection, decoder: &Decoder) -> Result<BTreeMap<Uuid, Known>> {
    let entries = read(&connection.kafka_config(), &connection.names(), &[PAYMENTS], false).await?;
    decoder.learn(&entries).await?;
    let mut known: BTreeMap<Uuid, Known> = BTreeMap::new();
    for entry in &entries {
        let Some(order_id) = entry.order_id() else { continue };
        let of_order = known.entry(order_id).or_default();
        let at_once = entry.envelope.source == OnInventoryReserved::<Recorded>::NAME;
        // What cannot be read tells nothing, whoever has put it there.
        if let Ok(Some(paid)) = decoder.decode::<PaymentProcessed>(entry) {
            of_order.intent_id = Some(paid.intent_id.clone());
            of_order.end = Some((paid.processed_at, Answer::Charged { intent_id: paid.intent_id }));
            of_order.waited |= !at_once;
        } else if let Ok(Some(failed)) = decoder.decode::<PaymentFailed>(entry) {
            of_order.end = Some((failed.failed_at, refusal(&failed)));
            of_order.waited |= !at_once;
        } else if let Ok(Some(asked)) = decoder.decode::<PaymentActionRequired>(entry) {
            of_order.intent_id = Some(asked.intent_id);
            of_order.waited = true;
        } else if let Ok(Some(refunded)) = decoder.decode::<PaymentRefunded>(entry) {
            of_order.intent_id.get_or_insert(refunded.intent_id);
            of_order.refund_id = Some(refunded.refund_id);
        }
    }
    Ok(known)
}

/// What the gateway has said of a payment that failed.
fn refusal(failed: &PaymentFailed) -> Answer {
    const VOIDED: [&str; 3] = [reason::CANCELLED, reason::CONFIRMATION_EXPIRED, reason::RESERVATION_EXPIRED];
    const DECLINED: [&str; 3] =
        [reason::EXPIRED_CARD, reason::INSUFFICIENT_FUNDS, reason::REFUSED_BY_GATEWAY];
    if VOIDED.contains(&failed.reason.as_str()) && failed.gateway_code.is_none() {
        return Answer::Voided;
    }
    let reason = DECLINED.into_iter().find(|known| *known == failed.reason).unwrap_or(reason::DECLINED);
    Answer::Declined { reason, code: failed.gateway_code.clone() }
}

impl Recorded {
    fn note(&self, effect: &'static str, order: &Order, is_known: bool) {
        let answered = if is_known { Answered::AsLogged } else { Answered::AsIfItWentWell };
        self.effects.noted().push(Effect { effect, order_id: order.order_id, answered });
    }

    fn of(&self, order: &Order) -> Known {
        self.known.get(&order.order_id).cloned().unwrap_or_default()
    }

    fn intent(&self, order: &Order) -> String {
        self.of(order).intent_id.unwrap_or_else(|| format!("replayed_{}", order.order_id.simple()))
    }
}

impl Gateway for Recorded {
    async fn open(&self, order: &Order, _: bool) -> Result<Opened, Fault> {
        let end = self.of(order).end;
        self.note("open", order, end.is_some());
        Ok(match end {
            Some((_, answer @ Answer::Declined { reason: reason::REFUSED_BY_GATEWAY, .. })) => {
                Opened::Refused(answer)
            }
            _ => Opened::Fresh { intent_id: self.intent(order) },
        })
    }

    async fn confirm(&self, order: &Order, intent_id: &str) -> Result<Standing, Fault> {
        let Known { end, waited, .. } = self.of(order);
        self.note("confirm", order, waited || end.is_some());
        Ok(match end {
            _ if waited => Standing::Waiting,
            Some((_, answer)) => Standing::Decided(answer),
            None => Standing::Decided(Answer::Charged { intent_id: intent_id.to_owned() }),
        })
    }

    async fn look(&self, order: &Order, _: &str) -> Result<Standing, Fault> {
        let Known { end, waited, .. } = self.of(order);
        self.note("look", order, waited || end.is_some());
        Ok(match end {
            Some((at, answer)) if at <= self.clock.now() => Standing::Decided(answer),
            _ if waited => Standing::Waiting,
            _ => Standing::Unconfirmed,
        })
    }

    async fn find(&self, order: &Order) -> Result<Option<Answer>, Fault> {
        let end = self.of(order).end;
        self.note("find", order, end.is_some());
        Ok(end.map(|(_, answer)| answer))
    }

    async fn void(&self, order: &Order, _: Option<&str>) -> Result<Answer, Fault> {
        let end = self.of(order).end;
        self.note("void", order, end.is_some());
        Ok(end.map_or(Answer::Voided, |(_, answer)| answer))
    }

    async fn refund(&self, order: &Order, _: &str) -> Result<Refunded, Fault> {
        let refund_id = self.of(order).refund_id;
        self.note("refund", order, refund_id.is_some());
        let made_up = || format!("replayed_{}", order.order_id.simple());
        Ok(Refunded { refund_id: refund_id.unwrap_or_else(made_up) })
    }
}
