//! A timeline is a function of the set of an order's events.

use orderflow::{clock::Clock, order_state::Fact, state::State};
use proptest::prelude::*;
use redis::AsyncCommands;
use serde_json::{Value, json};
use uuid::Uuid;

use super::events::{SECRETS, event, order, received};
use crate::{
    entry::{Note, note},
    line::Reader,
    order::names,
    show_order::view,
    timelines::{Index, Timelines},
};
use orderflow_testkit::RedisServer;

/// One event for each fact.
const FACTS: [(&str, Fact); 13] = [
    ("OrderHeldForReview", Fact::Held),
    ("OrderReviewCancelled", Fact::ReviewCancelled),
    ("OrderValidatedForFraud", Fact::Validated),
    ("OrderFraudDetected", Fact::Fraud),
    ("InventoryReserved", Fact::Reserved),
    ("InventoryShortage", Fact::Short),
    ("PaymentProcessed", Fact::Paid),
    ("PaymentFailed", Fact::Unpaid),
    ("PaymentFailed+cancelled", Fact::PaymentCancelled),
    ("PaymentRefunded", Fact::Refunded),
    ("ShippingLabelGenerated", Fact::Labelled),
    ("ShippingFailed", Fact::Refused),
    ("ShippingCancelled", Fact::ShippingCancelled),
];

/// Events that say nothing of the state.
const MORE: [&str; 9] = [
    "OrderCancelRequested",
    "ReviewDecided",
    "ReviewEscalated",
    "InventoryReleased",
    "InventoryShipped",
    "LabelDocumentStored",
    "PickupScheduled",
    "OrderCancelRejected",
    "ShadowScored",
];

fn note_of(n: u128, name: &str) -> Note {
    let received = received(event(&order(n), name));
    note(&received.event, &received.envelope, &received.origin)
}

fn timelines(state: &State) -> Timelines {
    Timelines::new(state.clone(), Clock::system())
}

#[test]
fn each_event_says_its_fact() {
    for (name, fact) in FACTS {
        assert_eq!(note_of(1, name).fact, Some(fact), "{name}");
    }
    for name in MORE.iter().chain(&["OrderPlaced"]) {
        assert_eq!(note_of(1, name).fact, None, "{name}");
    }
}

#[tokio::test]
async fn every_set_of_facts_has_the_same_state_in_the_script_as_in_the_shared_function() {
    let Some(server) = RedisServer::start() else { return };
    let timelines = timelines(&server.state("test:twin:").await);
    for some in (0u128..1 << FACTS.len()).collect::<Vec<_>>().chunks(256) {
        let notes = some.iter().flat_map(|set| {
            let facts = FACTS.iter().enumerate().filter(move |(bit, _)| set & (1 << bit) != 0);
            let facts = facts.map(move |(_, (name, _))| note_of(*set, name));
            // Forwards and backwards, and the order itself first or last.
            let all = std::iter::once(note_of(*set, "OrderPlaced")).chain(facts);
            let mut all: Vec<Note> = all.collect();
            if set.count_ones() % 2 == 0 {
                all.reverse();
            }
            all
        });
        timelines.take_note(&notes.collect::<Vec<_>>()).await.unwrap();
        let ids: Vec<Uuid> = some.iter().map(|set| Uuid::from_u128(*set)).collect();
        for (id, summary) in ids.iter().zip(timelines.summaries(&ids).await.unwrap()) {
            let summary = summary.unwrap();
            let order = timelines.order(*id).await.unwrap().unwrap();
            let (state, step) = names(order.state());
            assert_eq!((summary.state.as_str(), summary.step.as_deref()), (state, step), "{order:?}");
        }
    }
}

/// Everything a reader can see of one order: the view, the lists it is in, its place among the reviews.
async fn seen(timelines: &Timelines, n: u128) -> Value {
    let order = timelines.order(Uuid::from_u128(n)).await.unwrap();
    let mut lists = Vec::new();
    let states = crate::order::STATES.map(Index::State);
    for index in states.into_iter().chain([Index::All, Index::Customer("cust-42")]) {
        lists.push(timelines.newest(index, None, None, 0, 10).await.unwrap());
    }
    let held = timelines.under_review(0, 10).await.unwrap();
    json!({
        "order": order.as_ref().map(|order| json!(view(order, order.lines(Reader::Staff)))),
        "decision": order.as_ref().and_then(|order| json!(order.decision()).into()),
        "lists": lists,
        "held": held.iter().map(|order| order.id).collect::<Vec<_>>(),
    })
}

/// Any set of events, in any order, some of it again, and where the batches end.
fn arrivals() -> impl Strategy<Value = (Vec<&'static str>, Vec<&'static str>, usize)> {
    let all: Vec<&'static str> =
        FACTS.iter().map(|(name, _)| *name).chain(MORE).chain(["OrderPlaced", "ReviewDecided+bob"]).collect();
    prop::sample::subsequence(all.clone(), 1..=all.len()).prop_flat_map(|set| {
        let again = prop::collection::vec(prop::sample::select(set.clone()), 0..4);
        let arrived = (Just(set.clone()), again).prop_map(|(set, again)| [set, again].concat());
        (Just(set), arrived.prop_shuffle(), 1usize..8)
    })
}

#[test]
fn any_arrival_order_with_repeats_shows_what_a_rebuild_topic_by_topic_shows() {
    let Some(server) = RedisServer::start() else { return };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let case = std::cell::Cell::new(0);
    proptest!(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() }, |((set, arrived, batch) in arrivals())| {
        case.set(case.get() + 1);
        let case = case.get();
        runtime.block_on(async {
            let live = timelines(&server.state(&format!("test:live{case}:")).await);
            for names in arrived.chunks(batch) {
                let notes: Vec<Note> = names.iter().map(|name| note_of(7, name)).collect();
                live.take_note(&notes).await.unwrap();
            }
            let rebuilt = timelines(&server.state(&format!("test:rebuilt{case}:")).await);
            let mut notes: Vec<Note> = set.iter().map(|name| note_of(7, name)).collect();
            notes.sort_by(|a, b| a.entry.kind.cmp(&b.entry.kind));
            rebuilt.take_note(&notes).await.unwrap();
            prop_assert_eq!(seen(&live, 7).await, seen(&rebuilt, 7).await);
            Ok(())
        })?;
    });
}

#[tokio::test]
async fn nothing_personal_is_shown() {
    let Some(server) = RedisServer::start() else { return };
    let state = server.state("test:personal:").await;
    let timelines = timelines(&state);
    let all = FACTS.iter().map(|(name, _)| *name).chain(MORE).chain(["OrderPlaced"]);
    timelines.take_note(&all.map(|name| note_of(1, name)).collect::<Vec<_>>()).await.unwrap();
    let shown = seen(&timelines, 1).await.to_string();
    assert!(shown.contains("KIT-MUG-350"), "{shown}");
    let kept: Vec<String> =
        state.redis().hvals(state.key(&format!("events:{}", Uuid::from_u128(1)))).await.unwrap();
    for secret in SECRETS {
        assert!(!shown.contains(secret), "{secret} in {shown}");
        assert!(!kept.concat().contains(secret), "{secret} in {kept:?}");
    }
}

#[tokio::test]
async fn every_key_of_an_order_has_an_end() {
    let Some(server) = RedisServer::start() else { return };
    let state = server.state("test:lives:").await;
    timelines(&state)
        .take_note(&[note_of(1, "OrderPlaced"), note_of(1, "OrderHeldForReview")])
        .await
        .unwrap();
    let keys: Vec<String> = state.redis().keys(state.key("*")).await.unwrap();
    let ours: Vec<&String> = keys.iter().filter(|key| !key.ends_with(":cluster")).collect();
    assert_eq!(ours.len(), 8, "{ours:?}");
    for key in ours {
        let left: i64 = state.redis().ttl(key).await.unwrap();
        // Whom it names is kept by when it was placed.
        let ends = if key.contains(":parties:") { 1..=i64::MAX } else { 34 * 86_400..=35 * 86_400 };
        assert!(ends.contains(&left), "{key}: {left}");
    }
}

#[tokio::test]
async fn an_order_leaves_the_lists_in_the_end() {
    let Some(server) = RedisServer::start() else { return };
    let state = server.state("test:oldest:").await;
    let clock = Clock::system();
    let timelines = Timelines::new(state, clock.clone());
    timelines.take_note(&[note_of(1, "OrderPlaced")]).await.unwrap();
    assert_eq!(timelines.newest(Index::All, None, None, 0, 10).await.unwrap().len(), 1);
    clock.set_offset(jiff::SignedDuration::from_hours(24 * 365 * 100));
    timelines.take_note(&[note_of(2, "OrderPlaced")]).await.unwrap();
    assert_eq!(timelines.newest(Index::All, None, None, 0, 10).await.unwrap(), []);
}
