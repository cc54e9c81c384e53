//! The hop on a real Redis, with a gateway that answers as it is told.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use jiff::SignedDuration;
use orderflow::{
    clock::Clock,
    events::{InventoryReserved, Order},
    fault::{Consequence, Fault},
    state::State,
    step::{Received, Step},
};
use payment::{
    Calls, Charging, OnInventoryReserved, OnOrderCancelRequested, PaymentEvent,
    calls::Limits,
    domain::{reason, wait::Teller},
    fold::{self, Said},
    gateway::{Answer, Gateway, Opened, Refunded, Standing, never_charged},
    states::States,
};
use uuid::Uuid;

use crate::support::{CONFIRM_WITHIN, LIMITS, cancel, order, reserved, reserved_at};
use orderflow_testkit::RedisServer;

const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// What a gateway was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Question {
    Open,
    SearchAndOpen,
    Confirm,
    Look,
    Void,
}

/// What the gateway says of each order, by token, and what it was asked.
#[derive(Clone, Default)]
struct Told(Arc<Mutex<Vec<(Uuid, Question)>>>);

impl Told {
    fn asked(&self, order: &Order, question: Question) {
        self.0.lock().unwrap().push((order.order_id, question));
    }

    fn questions(&self) -> Vec<Question> {
        self.0.lock().unwrap().iter().map(|(_, question)| *question).collect()
    }
}

impl Gateway for Told {
    async fn open(&self, order: &Order, key_is_known: bool) -> Result<Opened, Fault> {
        self.asked(order, if key_is_known { Question::Open } else { Question::SearchAndOpen });
        Ok(Opened::Fresh { intent_id: format!("pi_{}", order.order_id.simple()) })
    }

    async fn confirm(&self, order: &Order, intent_id: &str) -> Result<Standing, Fault> {
        self.asked(order, Question::Confirm);
        match order.payment_token.as_str() {
            "tok_visa" => Ok(Standing::Decided(Answer::Charged { intent_id: intent_id.to_owned() })),
            "tok_silent" => std::future::pending().await,
            "tok_down" => Err(Fault::transient("gateway_unavailable", "down")),
            "tok_asks" | "tok_quick" => Ok(Standing::Waiting),
            _ => {
                let code = Some("lost_card".into());
                Ok(Standing::Decided(Answer::Declined { reason: reason::DECLINED, code }))
            }
        }
    }

    async fn look(&self, order: &Order, intent_id: &str) -> Result<Standing, Fault> {
        self.asked(order, Question::Look);
        Ok(match order.payment_token.as_str() {
            "tok_asks" => Standing::Waiting,
            "tok_quick" => Standing::Decided(Answer::Charged { intent_id: intent_id.to_owned() }),
            _ => Standing::Unconfirmed,
        })
    }

    async fn find(&self, _: &Order) -> Result<Option<Answer>, Fault> {
        Ok(None)
    }

    async fn void(&self, order: &Order, _: Option<&str>) -> Result<Answer, Fault> {
        self.asked(order, Question::Void);
        match order.payment_token.as_str() {
            "tok_charged_before" => Ok(Answer::Charged { intent_id: "pi_before".into() }),
            _ => Ok(Answer::Voided),
        }
    }

    async fn refund(&self, order: &Order, _: &str) -> Result<Refunded, Fault> {
        Err(never_charged(order))
    }
}

fn step(state: &State, limits: Limits) -> (Told, OnInventoryReserved<Told>) {
    let told = Told::default();
    (told.clone(), at(state, told, Clock::system(), limits))
}

fn at(state: &State, told: Told, clock: Clock, limits: Limits) -> OnInventoryReserved<Told> {
    let charging = Charging { calls: Calls::new(told, limits), clock, confirm_within: CONFIRM_WITHIN };
    OnInventoryReserved::new(States::new(state.clone()), charging)
}

async fn events(
    step: &OnInventoryReserved<Told>,
    batch: &[Received<InventoryReserved>],
) -> Vec<Result<PaymentEvent, Fault>> {
    let one = |mut events: Vec<PaymentEvent>| {
        assert_eq!(events.len(), 1);
        events.remove(0)
    };
    let verdicts = step.handle(batch).await.unwrap();
    verdicts.into_iter().map(|verdict| verdict.map(|outcome| one(outcome.into_events()))).collect()
}

fn failed_for(event: &PaymentEvent) -> Option<&str> {
    match event {
        PaymentEvent::PaymentFailed(failed) => Some(&failed.reason),
        PaymentEvent::PaymentProcessed(_) | PaymentEvent::PaymentActionRequired(_) => None,
    }
}

#[tokio::test]
async fn decline_is_an_event_not_an_error() {
    let Some(redis) = RedisServer::start() else { return };
    let (_, step) = step(&redis.fresh().await, LIMITS);
    let events = events(&step, &[reserved(order("tok_lost"), HOUR)]).await;
    let PaymentEvent::PaymentFailed(failed) = events[0].as_ref().unwrap() else { panic!("{events:?}") };
    assert_eq!(
        (failed.reason.as_str(), failed.gateway_code.as_deref()),
        (reason::DECLINED, Some("lost_card"))
    );
}

#[tokio::test]
async fn a_repeat_tells_the_same_and_does_not_ask_again() {
    let Some(redis) = RedisServer::start() else { return };
    let state = redis.fresh().await;
    let batch = [reserved(order("tok_visa"), HOUR), reserved(order("tok_lost"), HOUR)];
    let (_, first) = step(&state, LIMITS);
    let (told, second) = step(&state, LIMITS);
    let before: Vec<_> = events(&first, &batch).await.into_iter().map(Result::unwrap).collect();
    let after: Vec<_> = events(&second, &batch).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(before, after);
    assert_eq!(told.questions(), []);
}

#[tokio::test]
async fn an_answer_that_fails_to_come_is_one_records_fault() {
    let Some(redis) = RedisServer::start() else { return };
    let limits = Limits { batch: Duration::from_millis(500), concurrency: 3, ..LIMITS };
    let (_, step) = step(&redis.fresh().await, limits);
    let tokens = ["tok_visa", "tok_silent", "tok_lost", "tok_down", "tok_visa"];
    let batch = tokens.map(|token| reserved(order(token), HOUR));
    let events = events(&step, &batch).await;
    let code =
        |i: usize| events[i].as_ref().map(failed_for).map_err(|fault| (fault.consequence(), fault.code()));
    assert_eq!(code(0), Ok(None));
    assert_eq!(code(1), Err((Consequence::Transient, "gateway_timeout")));
    assert_eq!(code(2), Ok(Some(reason::DECLINED)));
    assert_eq!(code(3), Err((Consequence::Transient, "gateway_unavailable")));
    assert_eq!(code(4), Ok(None));
}

#[tokio::test]
async fn an_expired_reservation_is_voided_before_it_fails() {
    let Some(redis) = RedisServer::start() else { return };
    let (told, step) = step(&redis.fresh().await, LIMITS);
    let events = events(&step, &[reserved(order("tok_visa"), -HOUR)]).await;
    assert_eq!(failed_for(events[0].as_ref().unwrap()), Some(reason::RESERVATION_EXPIRED));
    assert_eq!(told.questions(), [Question::Void]);
}

#[tokio::test]
async fn an_expired_reservation_that_was_charged_is_paid() {
    let Some(redis) = RedisServer::start() else { return };
    let (_, step) = step(&redis.fresh().await, LIMITS);
    let events = events(&step, &[reserved(order("tok_charged_before"), -HOUR)]).await;
    let PaymentEvent::PaymentProcessed(paid) = events[0].as_ref().unwrap() else { panic!("{events:?}") };
    assert_eq!((paid.intent_id.as_str(), paid.amount, paid.currency.as_str()), ("pi_before", 2_500, "EUR"));
}

#[tokio::test]
async fn a_charge_under_way_is_not_ended_by_expiry() {
    let Some(redis) = RedisServer::start() else { return };
    let state = redis.fresh().await;
    let record = reserved(order("tok_down"), HOUR);
    let (_, first) = step(&state, LIMITS);
    assert!(events(&first, std::slice::from_ref(&record)).await[0].is_err());
    let clock = Clock::system();
    clock.set_offset(HOUR * 2);
    let told = Told::default();
    let later = at(&state, told.clone(), clock, LIMITS);
    assert!(events(&later, &[record]).await[0].is_err());
    assert_eq!(told.questions(), [Question::Look, Question::Confirm]);
}

#[tokio::test]
async fn a_payment_that_waits_is_told_of_and_a_repeat_tells_the_same() {
    let Some(redis) = RedisServer::start() else { return };
    let state = redis.fresh().await;
    let record = reserved(order("tok_asks"), HOUR);
    let (_, first) = step(&state, LIMITS);
    let before = events(&first, std::slice::from_ref(&record)).await.remove(0).unwrap();
    let PaymentEvent::PaymentActionRequired(told) = &before else { panic!("{before:?}") };
    assert_eq!(told.intent_id, format!("pi_{}", record.event.order.order_id.simple()));
    assert_eq!(told.respond_by.duration_since(told.required_at), CONFIRM_WITHIN);
    let (asked, second) = step(&state, LIMITS);
    assert_eq!(events(&second, &[record]).await.remove(0).unwrap(), before);
    assert_eq!(asked.questions(), [Question::Look], "it is not confirmed again");
}

#[tokio::test]
async fn a_payment_that_has_ended_before_we_knew_that_it_waits_is_due_at_once() {
    let Some(redis) = RedisServer::start() else { return };
    let state = redis.fresh().await;
    let states = States::new(state.clone());
    let (_, step) = step(&state, LIMITS);
    let batch = [reserved(order("tok_asks"), HOUR), reserved(order("tok_quick"), HOUR)];
    for event in events(&step, &batch).await {
        assert!(matches!(event, Ok(PaymentEvent::PaymentActionRequired(_))), "{event:?}");
    }
    let due = states.due(Clock::system().now(), &[0], 10).await.unwrap();
    let due: Vec<_> = due.iter().map(|due| due.order.order_id).collect();
    assert_eq!(due, [batch[1].event.order.order_id]);
}

#[tokio::test]
async fn a_cancelled_order_is_voided_before_it_fails() {
    let Some(redis) = RedisServer::start() else { return };
    let state = redis.fresh().await;
    let (told, step) = step(&state, LIMITS);
    let record = reserved(order("tok_visa"), HOUR);
    note(&state, &record.event.order).await;
    let events = events(&step, &[record]).await;
    assert_eq!(failed_for(events[0].as_ref().unwrap()), Some(reason::CANCELLED));
    assert_eq!(told.questions(), [Question::Void]);
}

#[tokio::test]
async fn a_cancel_changes_nothing_once_the_payment_has_begun() {
    let Some(redis) = RedisServer::start() else { return };
    let state = redis.fresh().await;
    let (told, step) = step(&state, LIMITS);
    for token in ["tok_visa", "tok_down"] {
        let record = reserved(order(token), HOUR);
        let before = events(&step, std::slice::from_ref(&record)).await.remove(0).ok();
        note(&state, &record.event.order).await;
        let after = events(&step, &[record]).await.remove(0).ok();
        assert_eq!(before, after, "{token}");
    }
    assert!(!told.questions().contains(&Question::Void));
}

/// Has the service read a request to cancel this order; it says nothing.
async fn note(state: &State, order: &Order) {
    let step = OnOrderCancelRequested(States::new(state.clone()));
    let said = step.handle(&[cancel(order)]).await.unwrap().remove(0).unwrap();
    assert!(said.into_events().is_empty());
}

#[tokio::test]
async fn past_a_keys_life_the_gateway_is_searched_before_it_charges() {
    let Some(redis) = RedisServer::start() else { return };
    let (told, step) = step(&redis.fresh().await, LIMITS);
    let now = Clock::system().now();
    let record = reserved_at(order("tok_visa"), now - HOUR * 24, now + HOUR);
    assert_eq!(failed_for(events(&step, &[record]).await[0].as_ref().unwrap()), None);
    assert_eq!(told.questions(), [Question::SearchAndOpen, Question::Confirm]);
}

#[tokio::test]
async fn state_rebuilt_from_the_events_tells_the_same() {
    let Some(redis) = RedisServer::start() else { return };
    let batch = [
        reserved(order("tok_visa"), HOUR),
        reserved(order("tok_lost"), HOUR),
        reserved(order("tok_visa"), -HOUR),
    ];
    let (_, before) = step(&redis.fresh().await, LIMITS);
    let events_before: Vec<_> = events(&before, &batch).await.into_iter().map(Result::unwrap).collect();

    let empty = redis.fresh().await;
    let logged = events_before.iter().cloned().map(|event| match event {
        PaymentEvent::PaymentProcessed(event) => fold::paid(event, Teller::Reservation),
        PaymentEvent::PaymentFailed(event) => fold::failed(event, Teller::Reservation),
        PaymentEvent::PaymentActionRequired(_) => panic!("none of these waits"),
    });
    let logged: HashMap<_, _> = logged.collect();
    let rebuilt = States::new(empty.clone());
    for _ in ["once", "and again"] {
        let ends = logged.clone().into_iter().collect();
        fold::restore(&rebuilt, Said { ends, ..Said::default() }).await.unwrap();
    }

    let (told, after) = step(&empty, LIMITS);
    let events_after: Vec<_> = events(&after, &batch).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(events_before, events_after);
    assert_eq!(told.questions(), []);
}
