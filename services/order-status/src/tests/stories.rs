//! How an order came about: what staff is told of it, and the record to keep.

use aws_lc_rs::digest::{SHA256, digest};
use axum::http::Method;
use orderflow::{
    envelope::{Envelope, Tried, ids},
    events::{DeadLetterDiscarded, DeadLetterParked, DeadLetterRedriven, Record},
    step::{Origin, Received, Step},
    topics::{AUDIT, REVIEWS},
    trace::TraceContext,
};
use redis::AsyncCommands;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    events::{SECRETS, at, event, order, received},
    fixture::{FAR, Fixture, id},
};
use crate::on_operator_act::OperatorAct;

/// An order that was held while a version was in shadow, and approved by Ada. Each event comes of the one before.
async fn reviewed(service: &Fixture) {
    let names =
        ["OrderPlaced", "OrderHeldForReview", "ShadowScored", "ReviewDecided", "OrderValidatedForFraud+ada"];
    let mut batch: Vec<_> = names.iter().map(|name| received(event(&order(1), name))).collect();
    let [placed, held, decided] = [0, 1, 3].map(|index: usize| batch[index].envelope.id);
    for (index, cause) in [(1, placed), (2, placed), (3, held), (4, decided)] {
        batch[index].envelope.causation_id = Some(cause);
    }
    for (offset, received) in (0..).zip(&mut batch) {
        (received.origin.partition, received.origin.offset) = (3, 40 + offset);
    }
    service.step.as_ref().unwrap().handle(&batch).await.unwrap();
}

fn line<'a>(shown: &'a Value, event: &str) -> &'a Value {
    let lines = shown["timeline"].as_array().unwrap();
    lines.iter().find(|line| line["event"] == event).unwrap_or_else(|| panic!("{event}: {shown}"))
}

#[tokio::test]
async fn staff_sees_by_what_an_order_was_decided_and_others_when() {
    let Some(service) = Fixture::start().await else { return };
    reviewed(&service).await;
    service.shelf.put(REVIEWS, 43, json!({ "reviewer": "ada", "reason": "known since years" }));
    let path = format!("/orders/{}", id(1));
    let shown = service.get(&path).await.body;
    assert_eq!(shown["timeline"].as_array().unwrap().len(), 4, "the shadow is no line of its own: {shown}");
    let held = line(&shown, "OrderHeldForReview");
    assert_eq!(
        held["decision"],
        json!({ "model": "rules", "version": "1", "engine": "rules", "score": 0.5, "threshold": 0.85,
            "hold_threshold": 0.3, "reasons": [{ "code": "new_account", "text": "a new account", "weight": 0.5 }],
            "shadow": { "version": "next", "score": 0.7 } })
    );
    assert_eq!(
        (&held["topic"], &held["partition"], &held["offset"]),
        (&json!("fraud"), &json!(3), &json!(41))
    );
    assert_eq!(held["trace_id"].as_str().map(str::len), Some(32));
    // Placed at 1 s, held a second after the event that says so.
    assert_eq!((&held["ms"], &held["ms_total"]), (&json!(1000.0), &json!(0.0)));
    let decided = line(&shown, "ReviewDecided");
    assert_eq!((&decided["who"], &decided["why"]), (&json!("ada"), &json!("known since years")));
    let validated = line(&shown, "OrderValidatedForFraud");
    assert_eq!(validated["who"], "ada", "also when the log does not have the record any more");
    assert_eq!(validated["decision"].get("shadow"), None, "it was said beside the first decision");

    let shown = service.send(Method::GET, &path, &[("test-peer", FAR)], "").await.body;
    let held = line(&shown, "OrderHeldForReview");
    assert_eq!((&held["ms"], &held["facts"]), (&json!(1000.0), &json!("")));
    let fields = ["id", "event", "by", "at", "cause", "facts", "ms", "ms_total"];
    for line in shown["timeline"].as_array().unwrap() {
        assert!(line.as_object().unwrap().keys().all(|name| fields.contains(&name.as_str())), "{line}");
    }
}

#[tokio::test]
async fn an_order_is_shown_without_words_while_the_log_does_not_answer_and_its_record_is_not_made() {
    let Some(service) = Fixture::start().await else { return };
    reviewed(&service).await;
    service.shelf.set_down(true);
    let shown = service.get(&format!("/orders/{}", id(1))).await;
    assert_eq!((shown.status.as_u16(), line(&shown.body, "ReviewDecided").get("why")), (200, None));
    let record = service.get(&format!("/orders/{}/audit", id(1))).await;
    assert_eq!(record.problem(), (503, "unavailable"));
}

#[tokio::test]
async fn the_audit_record_holds_every_line_and_its_digest_proves_them() {
    let Some(service) = Fixture::start().await else { return };
    reviewed(&service).await;
    let path = format!("/orders/{}/audit", id(1));
    let record = service.get(&path).await;
    assert_eq!(
        record.header("content-disposition"),
        format!("attachment; filename=\"order-{}.json\"", id(1))
    );
    let body = &record.body;
    assert_eq!(
        (&body["order_id"], &body["state"], &body["step"]),
        (&json!(id(1)), &json!("InProgress"), &json!("validated"))
    );
    assert!(body["made_by"].as_str().unwrap().starts_with("order-status "), "{body}");
    assert_eq!(body["timeline"].as_array().unwrap().len(), 4);
    // Whole numbers have no point in canonical JSON; nothing else differs from sorted keys without spaces.
    let canonical = serde_json_canonicalizer::to_string(&body["timeline"]).unwrap();
    let sorted = body["timeline"].to_string().replace(".0,", ",").replace(".0}", "}");
    assert_eq!(canonical, sorted);
    let sum: String =
        digest(&SHA256, canonical.as_bytes()).as_ref().iter().map(|b| format!("{b:02x}")).collect();
    assert_eq!(body["sha256"], json!(sum));
    let far = service.send(Method::GET, &path, &[("test-peer", FAR)], "").await;
    assert_eq!(far.problem(), (403, "staff_only"));
}

/// An operator's act about the dead letter of an event, at payment.
fn act<A: Record + Into<OperatorAct>>(act: A, offset: i64) -> Received<OperatorAct> {
    let envelope = Envelope {
        id: ids::from_parts(&[A::NAME, &offset.to_string()]),
        source: "operator".to_owned(),
        kind: A::full_name(),
        time: act.occurred_at(),
        subject: act.key(),
        dataschema: None,
        correlation_id: "test".to_owned(),
        causation_id: None,
        trace: TraceContext::root(),
        tried: Tried::default(),
    };
    let origin = Origin { topic: AUDIT, partition: 0, offset, timestamp: act.occurred_at() };
    Received { event: act.into(), envelope, origin }
}

fn redriven(service: &str, key: &str) -> DeadLetterRedriven {
    DeadLetterRedriven {
        service: service.to_owned(),
        event_id: Uuid::from_u128(77),
        event_type: "InventoryReserved".to_owned(),
        event_key: key.to_owned(),
        code: "gateway_rejects_request".to_owned(),
        letter: "0:1".to_owned(),
        returns: 1,
        redriven_by: SECRETS[1].to_owned(),
        reason: SECRETS[2].to_owned(),
        redriven_at: at(20),
    }
}

#[tokio::test]
async fn a_redrive_is_a_line_and_who_has_asked_for_it_stays_on_the_log() {
    let Some(service) = Fixture::start().await else { return };
    service.fold_all(1, &["OrderPlaced", "OrderValidatedForFraud", "InventoryReserved"]).await;
    let acts = [
        act(redriven("payment", &id(1)), 5),
        act(redriven("recommendation", &id(1)), 6), // beside the path
        act(redriven("inventory", "KIT-MUG-350"), 7), // about no order
    ];
    service.acts.as_ref().unwrap().handle(&acts).await.unwrap();
    service.shelf.put(AUDIT, 5, json!({ "service": "payment", "redriven_by": "ada", "reason": "mended" }));
    let shown = service.get(&format!("/orders/{}", id(1))).await.body;
    let told = line(&shown, "DeadLetterRedriven");
    assert_eq!(
        (&told["by"], &told["facts"]),
        (&json!("operator"), &json!("payment handles InventoryReserved again"))
    );
    assert_eq!((&told["who"], &told["why"]), (&json!("ada"), &json!("mended")));
    assert_eq!(shown["timeline"].as_array().unwrap().len(), 4, "{shown}");
    assert_eq!(shown["step"], "reserved", "an act says nothing of the state");
    let kept: Vec<String> =
        service.state.redis().hvals(service.state.key(&format!("events:{}", id(1)))).await.unwrap();
    assert!(SECRETS.iter().all(|secret| !kept.concat().contains(secret)), "{kept:?}");
}

#[tokio::test]
async fn who_has_parked_a_letter_is_told_with_the_line_that_says_so() {
    use crate::{acts, entry::Entry, put_aside::Aside};
    let parked = |service: &str| {
        act(
            DeadLetterParked {
                service: service.to_owned(),
                event_id: Uuid::from_u128(77),
                event_type: "OrderPlaced".to_owned(),
                event_key: id(1),
                code: "broken".to_owned(),
                parked_by: "ada".to_owned(),
                reason: "later".to_owned(),
                parked_at: at(30),
            },
            9,
        )
    };
    let discarded = act(
        DeadLetterDiscarded {
            service: "payment".to_owned(),
            event_id: Uuid::from_u128(77),
            event_type: "OrderPlaced".to_owned(),
            event_key: id(1),
            code: "broken".to_owned(),
            letter: "0:1".to_owned(),
            discarded_by: "ada".to_owned(),
            reason: "never".to_owned(),
            discarded_at: at(31),
        },
        10,
    );
    let all = [parked("fraud-scoring"), parked("payment"), discarded];
    let noted = all.iter().map(|act| acts::note(&act.event, &act.envelope, &act.origin).unwrap().entry);
    let beside: Vec<_> =
        noted.zip(1..).map(|(entry, place)| crate::order::Arrived { place, entry }).collect();
    assert!(beside.iter().all(|arrived| acts::is_beside(&arrived.entry)));
    let line = Entry {
        kind: "DeadLetterParked".to_owned(),
        source: "payment".to_owned(),
        put_aside: Some(Aside::Parked),
        act_at: None,
        ..beside[0].entry.clone()
    };
    let found = acts::of(&line, &beside).unwrap();
    assert_eq!((found.act_at.as_deref(), found.offset), (Some("payment"), 9));
    assert_eq!(line.topic(), "payment.parked");
}

#[tokio::test]
async fn an_entry_of_a_version_before_is_shown_without_what_it_does_not_say() {
    let Some(service) = Fixture::start().await else { return };
    service.fold_all(1, &["OrderPlaced"]).await;
    let old = json!({
        "id": Uuid::from_u128(5), "kind": "orderflow.fraud.OrderValidatedForFraud", "source": "fraud-scoring.on_order_placed",
        "at": at(2), "logged_at": at(2), "offset": 4, "cause": null, "facts": "score 0.10 of 0.85 by rules; nothing odd",
        "reason": null, "review": { "said": "judged", "approved": true, "reviewer": null },
    });
    let key = service.state.key(&format!("events:{}", id(1)));
    let () =
        service.state.redis().hset(key, Uuid::from_u128(5).to_string(), format!("2 {old}")).await.unwrap();
    let shown = service.get(&format!("/orders/{}", id(1))).await.body;
    let line = line(&shown, "OrderValidatedForFraud");
    assert_eq!(
        (&line["ms_total"], line.get("partition"), line.get("decision")),
        (&json!(1000.0), None, None)
    );
    assert_eq!((&line["topic"], &line["offset"]), (&json!("fraud"), &json!(4)));
}
