//! Payments that wait for their customers, against the gateway simulator: what its ledger says is what happened.

use std::time::Duration;

use jiff::SignedDuration;
use orderflow::{
    events::{GatewayAnswered, InventoryReserved},
    fault::Consequence,
    runtime::{Due, Tick},
    state::State,
    step::{Received, Step},
    topics::INVENTORY,
};
use payment::{
    AtPaymentDeadline, PaymentEnded, PaymentEvent,
    callback::REFUND_FAILED,
    domain::{reason, wait::Teller},
    fold::{self, Said},
    http_gateway::HttpGateway,
    states::States,
};
use serde_json::json;
use simulators::gateway::Kind;

use crate::{
    bench::{PAID, Simulator, UNPAID, settle},
    support::{CONFIRM_WITHIN, answered, order, reserved},
};
use orderflow_testkit::RedisServer;

const HOUR: SignedDuration = SignedDuration::from_hours(1);
const PATIENT: Duration = Duration::from_secs(10);
const SUCCEEDED: &str = "payment_intent.succeeded";

/// A reserved order whose card asks its customer, and that its payment waits.
async fn waiting(simulator: &Simulator, state: &State) -> (Received<InventoryReserved>, PaymentEvent) {
    let record = reserved(order("tok_authenticationRequired"), HOUR);
    let (_, mut events) = settle(&simulator.charging(state, PATIENT), std::slice::from_ref(&record)).await;
    let event = events.remove(0);
    assert!(matches!(event, PaymentEvent::PaymentActionRequired(_)), "{event:?}");
    (record, event)
}

/// What the service says to a callback.
async fn hear(
    simulator: &Simulator,
    state: &State,
    callback: &Received<GatewayAnswered>,
) -> Option<PaymentEnded> {
    settle(&simulator.hearing(state), std::slice::from_ref(callback)).await.1.pop()
}

async fn due(simulator: &Simulator, deadline: &AtPaymentDeadline<HttpGateway>) -> Vec<Due<PaymentEnded>> {
    deadline.due(simulator.clock.now(), &[(INVENTORY, 0)]).await.unwrap()
}

/// What the deadlines say, once.
async fn tick(simulator: &Simulator, state: &State) -> Option<PaymentEnded> {
    let deadline = simulator.deadline(state);
    let due = due(simulator, &deadline).await.pop()?;
    deadline.settled(&[due.entry]).await.unwrap();
    due.outcome.into_events().pop()
}

fn failed_for(ended: Option<PaymentEnded>) -> (String, Option<String>) {
    match ended {
        Some(PaymentEnded::PaymentFailed(failed)) => (failed.reason, failed.gateway_code),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_confirmed_payment_is_paid_by_its_callback_and_by_no_other() {
    let Some(redis) = RedisServer::start() else { return };
    let (simulator, state) = (Simulator::start(json!({})).await, redis.fresh().await);
    let (record, told) = waiting(&simulator, &state).await;
    let order = &record.event.order;
    let early = answered(order, SUCCEEDED);
    assert_eq!(hear(&simulator, &state, &early).await, None, "its customer has said nothing");
    simulator.customer(order, "confirm").await;
    let (first, second) = (answered(order, SUCCEEDED), answered(order, SUCCEEDED));
    let ended = hear(&simulator, &state, &first).await;
    assert!(matches!(ended, Some(PaymentEnded::PaymentProcessed(_))), "{ended:?}");
    assert_eq!(hear(&simulator, &state, &second).await, None, "it was told");
    assert_eq!(hear(&simulator, &state, &first).await, ended, "a repeat tells the same");
    simulator.clock.set_offset(HOUR);
    assert_eq!(tick(&simulator, &state).await, None);
    let again = settle(&simulator.charging(&state, PATIENT), std::slice::from_ref(&record)).await.1;
    assert_eq!(again, [told], "so does the reservation's step");
    assert_eq!(simulator.moved([order]), [PAID]);
}

#[tokio::test]
async fn a_refused_payment_fails_and_cannot_be_paid_otherwise() {
    let Some(redis) = RedisServer::start() else { return };
    let (simulator, state) = (Simulator::start(json!({})).await, redis.fresh().await);
    let (record, _) = waiting(&simulator, &state).await;
    let order = &record.event.order;
    simulator.customer(order, "refuse").await;
    let failed =
        failed_for(hear(&simulator, &state, &answered(order, "payment_intent.payment_failed")).await);
    let code = Some("payment_intent_authentication_failure".to_owned());
    assert_eq!(failed, (reason::DECLINED.to_owned(), code));
    assert_eq!(simulator.kinds(order), [Kind::Intent, Kind::Action, Kind::Decline, Kind::Void]);
}

#[tokio::test]
async fn a_payment_nobody_confirms_in_time_is_cancelled_and_said_to_be_once() {
    let Some(redis) = RedisServer::start() else { return };
    let (simulator, state) = (Simulator::start(json!({})).await, redis.fresh().await);
    let (record, _) = waiting(&simulator, &state).await;
    let order = &record.event.order;
    let deadline = simulator.deadline(&state);
    assert!(due(&simulator, &deadline).await.is_empty(), "there is time");
    simulator.clock.set_offset(CONFIRM_WITHIN);
    assert!(deadline.due(simulator.clock.now(), &[]).await.unwrap().is_empty(), "it is another's to keep");
    let [first, second] = [due(&simulator, &deadline).await, due(&simulator, &deadline).await]
        .map(|mut due| (due.remove(0), due.len()))
        .map(|(due, more)| (due.entry, due.cause.id, due.outcome.into_events().pop(), more));
    assert_eq!(first, second, "until it is settled it is due again, and the same");
    assert_eq!(first.1, record.envelope.id);
    assert_eq!(failed_for(first.2), (reason::CONFIRMATION_EXPIRED.to_owned(), None));
    deadline.settled(&[first.0]).await.unwrap();
    assert!(due(&simulator, &deadline).await.is_empty());
    assert_eq!(hear(&simulator, &state, &answered(order, "payment_intent.canceled")).await, None);
    assert_eq!(simulator.moved([order]), [UNPAID]);
    assert_eq!(simulator.kinds(order), [Kind::Intent, Kind::Action, Kind::Void]);
}

#[tokio::test]
async fn a_confirmed_payment_whose_callback_is_lost_is_paid_at_its_deadline() {
    let Some(redis) = RedisServer::start() else { return };
    let (simulator, state) = (Simulator::start(json!({})).await, redis.fresh().await);
    let (record, _) = waiting(&simulator, &state).await;
    simulator.customer(&record.event.order, "confirm").await;
    simulator.clock.set_offset(CONFIRM_WITHIN);
    let ended = tick(&simulator, &state).await;
    assert!(matches!(ended, Some(PaymentEnded::PaymentProcessed(_))), "{ended:?}");
    assert_eq!(hear(&simulator, &state, &answered(&record.event.order, SUCCEEDED)).await, None);
    assert_eq!(simulator.moved([&record.event.order]), [PAID]);
}

#[tokio::test]
async fn a_deadline_waits_for_a_gateway_that_is_down() {
    let Some(redis) = RedisServer::start() else { return };
    let (simulator, state) = (Simulator::start(json!({})).await, redis.fresh().await);
    waiting(&simulator, &state).await;
    simulator.clock.set_offset(CONFIRM_WITHIN);
    simulator.set_faults(json!({ "error_rate": 1.0 }));
    assert_eq!(tick(&simulator, &state).await, None);
    simulator.set_faults(json!({}));
    assert_eq!(tick(&simulator, &state).await, None, "it is not asked all the time");
    simulator.clock.set_offset(CONFIRM_WITHIN + SignedDuration::from_mins(1));
    assert_eq!(failed_for(tick(&simulator, &state).await).0, reason::CONFIRMATION_EXPIRED);
}

#[tokio::test]
async fn a_callback_of_a_payment_that_never_waited_changes_nothing() {
    let Some(redis) = RedisServer::start() else { return };
    let (simulator, state) = (Simulator::start(json!({})).await, redis.fresh().await);
    let (paid, unknown) = (reserved(order("tok_visa"), HOUR), order("tok_visa"));
    let early = answered(&paid.event.order, SUCCEEDED);
    assert_eq!(hear(&simulator, &state, &early).await, None, "nothing is known of it");
    let (_, told) = settle(&simulator.charging(&state, PATIENT), std::slice::from_ref(&paid)).await;
    assert!(matches!(told[0], PaymentEvent::PaymentProcessed(_)));
    assert_eq!(hear(&simulator, &state, &early).await, None);
    assert_eq!(hear(&simulator, &state, &answered(&unknown, SUCCEEDED)).await, None);
}

#[tokio::test]
async fn a_refund_that_fails_after_all_is_somebodys_to_look_at() {
    let Some(redis) = RedisServer::start() else { return };
    let (simulator, state) = (Simulator::start(json!({})).await, redis.fresh().await);
    let batch = [answered(&order("tok_visa"), REFUND_FAILED), answered(&order("tok_visa"), SUCCEEDED)];
    let verdicts = simulator.hearing(&state).handle(&batch).await.unwrap();
    let fault = verdicts[0].as_ref().unwrap_err();
    assert_eq!((fault.consequence(), fault.code()), (Consequence::Poison, "refund_failed"));
    assert!(verdicts[1].is_ok());
}

#[tokio::test]
async fn what_waits_waits_again_after_the_state_was_lost() {
    let Some(redis) = RedisServer::start() else { return };
    let (simulator, state) = (Simulator::start(json!({})).await, redis.fresh().await);
    let (open, told) = waiting(&simulator, &state).await;
    let (ended, also_told) = waiting(&simulator, &state).await;
    simulator.customer(&ended.event.order, "confirm").await;
    let callback = answered(&ended.event.order, SUCCEEDED);
    let paid = hear(&simulator, &state, &callback).await;
    let Some(PaymentEnded::PaymentProcessed(logged)) = paid.clone() else { panic!("{paid:?}") };

    let mut said = Said::default();
    for (record, event) in [(&open, &told), (&ended, &also_told)] {
        let PaymentEvent::PaymentActionRequired(event) = event.clone() else { panic!("{event:?}") };
        let envelope = orderflow::envelope::Envelope {
            causation_id: Some(record.envelope.id),
            ..record.envelope.clone()
        };
        said.waiters.push(fold::waiter(event, &envelope, 0));
    }
    said.ends.push(fold::paid(logged, Teller::Callback(callback.envelope.id)));
    let rebuilt = redis.fresh().await;
    fold::restore(&States::new(rebuilt.clone()), said).await.unwrap();

    assert_eq!(hear(&simulator, &rebuilt, &callback).await, paid, "a repeat tells the same");
    let again = settle(&simulator.charging(&rebuilt, PATIENT), &[open, ended]).await.1;
    assert_eq!(again, [told, also_told]);
    simulator.clock.set_offset(CONFIRM_WITHIN);
    assert_eq!(failed_for(tick(&simulator, &rebuilt).await).0, reason::CONFIRMATION_EXPIRED);
    assert_eq!(tick(&simulator, &rebuilt).await, None, "the other has ended");
}

#[tokio::test]
async fn an_end_that_was_told_before_the_wait_was_leaves_nothing_to_say() {
    let Some(redis) = RedisServer::start() else { return };
    let (simulator, state) = (Simulator::start(json!({})).await, redis.fresh().await);
    let (record, _) = waiting(&simulator, &state).await;
    simulator.clock.set_offset(CONFIRM_WITHIN);
    let ended = tick(&simulator, &state).await;
    let Some(PaymentEnded::PaymentFailed(logged)) = ended else { panic!("{ended:?}") };
    // A crash has kept the wait from the log, and the state is lost.
    let rebuilt = redis.fresh().await;
    let said = Said { ends: vec![fold::failed(logged, Teller::Deadline)], ..Said::default() };
    fold::restore(&States::new(rebuilt.clone()), said).await.unwrap();
    let again = settle(&simulator.charging(&rebuilt, PATIENT), &[record]).await;
    assert_eq!(again, (0, Vec::new()));
}
