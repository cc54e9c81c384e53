//! An order rests while a service on its path could not handle an event of it.

use std::collections::BTreeSet;

use orderflow::{
    clock::Clock,
    envelope::{Envelope, Tried},
    order_state::PATH,
    runtime::put_aside::{Fate, Letter, PutAside},
    step::{Origin, Received, Step},
    topics::GroupTopics,
};
use proptest::prelude::*;
use redis::AsyncCommands;
use serde_json::json;
use uuid::Uuid;

use super::{
    events::{at, event, order, received, trace},
    fixture::{Fixture, id},
};
use crate::{
    entry::{Note, note},
    line::Reader,
    order::{STATES, names},
    put_aside,
    show_order::view,
    timelines::{Index, Timelines},
};
use orderflow_testkit::RedisServer;

/// The event `n` that a service could not handle.
const fn event_id(n: u128) -> Uuid {
    Uuid::from_u128(0xe000 + n)
}

fn letter() -> Letter {
    Letter { record: "InventoryReserved".to_owned(), code: "gateway_rejects_request".to_owned() }
}

fn put(order: u128, service: &'static str, event: u128, fate: Fate) -> PutAside {
    PutAside { service, key: id(order), event: event_id(event), fate }
}

/// As the step receives it, `seconds` after the order was placed.
fn as_received(put: PutAside, seconds: i64) -> Received<PutAside> {
    let own = GroupTopics::of(put.service).unwrap();
    let topic = match put.fate {
        Fate::GivenUp(_) => own.dead_letters,
        Fate::Parked(..) => own.parked,
        Fate::Settled | Fate::Discarded | Fate::Waits => own.waiting,
    };
    let origin = Origin { topic, partition: 0, offset: seconds, timestamp: at(seconds) };
    let envelope = Envelope {
        id: orderflow::envelope::ids::of_place(&origin),
        source: "a-service.on_something".to_owned(),
        kind: String::new(),
        time: at(0),
        subject: put.key.clone(),
        dataschema: None,
        correlation_id: "test".to_owned(),
        causation_id: Some(Uuid::nil()),
        trace: trace(),
        tried: Tried::default(),
    };
    Received { event: put, envelope, origin }
}

impl Fixture {
    /// Lets the step have what was put aside, one batch each; `seconds` counts on.
    async fn put_aside(&self, from: i64, all: impl IntoIterator<Item = PutAside>) {
        for (seconds, put) in (from..).zip(all) {
            let batch = [as_received(put, seconds)];
            let verdicts = self.letters.as_ref().unwrap().handle(&batch).await.unwrap();
            assert!(verdicts.iter().all(Result::is_ok));
        }
    }

    async fn told(&self, n: u128) -> serde_json::Value {
        let shown = self.get(&format!("/orders/{}", id(n))).await.body;
        let lines = shown["timeline"].as_array().unwrap();
        let lines: Vec<_> =
            lines.iter().map(|line| json!([line["event"], line["by"], line["facts"]])).collect();
        json!([shown["state"], shown["step"], lines])
    }
}

#[tokio::test]
async fn an_order_rests_from_a_dead_letter_until_it_is_settled_and_says_so_in_words() {
    let Some(service) = Fixture::start().await else { return };
    service.fold_all(1, &["OrderPlaced", "InventoryReserved"]).await;
    let gave_up = json!([
        "DeadLetter",
        "payment",
        "payment could not handle InventoryReserved: gateway_rejects_request; waits for an operator"
    ]);
    service.put_aside(20, [put(1, "payment", 1, Fate::GivenUp(letter()))]).await;
    let told = service.told(1).await;
    assert_eq!((&told[0], &told[1], &told[2][2]), (&json!("Parked"), &json!(null), &gave_up));
    let listed = service.get("/orders?customer=cust-42&state=Parked").await.body;
    assert_eq!((&listed["orders"][0]["order_id"], &listed["next"]), (&json!(id(1)), &json!(null)));
    assert_eq!(service.get("/orders?state=InProgress").await.body["orders"], json!([]));

    service.put_aside(21, [put(1, "payment", 1, Fate::Parked(letter(), at(30)))]).await;
    let told = service.told(1).await;
    let parked = "payment could not handle InventoryReserved: gateway_rejects_request; parked by an operator";
    assert_eq!((&told[0], &told[2][3]), (&json!("Parked"), &json!(["DeadLetterParked", "payment", parked])));

    // Handled again, and what had waited behind it.
    let settled = [put(1, "payment", 1, Fate::Settled), put(1, "payment", 2, Fate::Settled)];
    service.put_aside(40, settled).await;
    let told = service.told(1).await;
    assert_eq!((&told[0], &told[1]), (&json!("InProgress"), &json!("reserved")));
    let lines = told[2].as_array().unwrap();
    assert_eq!(lines.len(), 5, "what has only waited is not worth a line: {lines:?}");
    assert_eq!(lines[4], json!(["DeadLetterSettled", "payment", "handled again"]));
    assert_eq!(service.get("/orders?state=Parked").await.body["orders"], json!([]));
}

#[tokio::test]
async fn an_event_that_was_given_up_for_good_rests_its_order_until_another_ends_it() {
    let Some(service) = Fixture::start().await else { return };
    service.fold_all(1, &["OrderPlaced"]).await;
    service.put_aside(20, [put(1, "inventory", 1, Fate::GivenUp(letter()))]).await;
    service.put_aside(30, [put(1, "inventory", 1, Fate::Discarded)]).await;
    let told = service.told(1).await;
    let discarded = json!(["DeadLetterDiscarded", "inventory", "given up for good"]);
    assert_eq!((&told[0], told[2].as_array().unwrap().last()), (&json!("Parked"), Some(&discarded)));
    assert_eq!(service.get("/orders?state=Parked").await.body["orders"][0]["order_id"], json!(id(1)));
    service.fold_all(1, &["InventoryShortage"]).await;
    assert_eq!(service.told(1).await[0], json!("OutOfStock"));
}

#[tokio::test]
async fn a_final_state_stays_whatever_dead_letters_come_and_another_service_settles_nothing() {
    let Some(service) = Fixture::start().await else { return };
    service.fold_all(1, &["OrderPlaced", "InventoryShortage"]).await;
    service.fold_all(2, &["OrderPlaced"]).await;
    let given_up = |order| put(order, "payment", 1, Fate::GivenUp(letter()));
    service.put_aside(20, [given_up(1), given_up(2), put(2, "shipping", 1, Fate::Settled)]).await;
    assert_eq!(service.told(1).await[0], "OutOfStock");
    assert_eq!(service.told(2).await[0], "Parked");
    service.fold_all(2, &["InventoryShortage"]).await;
    assert_eq!(service.told(2).await[0], "OutOfStock");
}

#[tokio::test]
async fn a_held_order_can_be_decided_although_something_of_it_could_not_be_handled() {
    let Some(service) = Fixture::start().await else { return };
    service.fold_all(1, &["OrderPlaced", "OrderHeldForReview"]).await;
    service.put_aside(20, [put(1, "payment", 1, Fate::GivenUp(letter()))]).await;
    assert_eq!(service.told(1).await[0], "Parked");
    assert_eq!(service.get("/reviews").await.body["reviews"][0]["order_id"], json!(id(1)));
}

#[tokio::test]
async fn what_is_about_no_order_or_says_only_that_something_waits_is_on_no_timeline() {
    let Some(service) = Fixture::start().await else { return };
    let no_order =
        PutAside { key: "KIT-MUG-350".to_owned(), ..put(1, "inventory", 1, Fate::GivenUp(letter())) };
    let settled = put(1, "payment", 1, Fate::Settled);
    service.put_aside(20, [no_order, put(1, "payment", 1, Fate::Waits), settled]).await;
    assert_eq!(service.get(&format!("/orders/{}", id(1))).await.problem(), (404, "unknown_order"));
}

#[tokio::test]
async fn a_foreign_record_s_own_words_are_not_shown() {
    let Some(service) = Fixture::start().await else { return };
    let record = "<script>alert('Ada Lovelace')</script>".to_owned();
    let letter = Letter { record, code: "bad_framing".to_owned() };
    service.put_aside(20, [put(1, "payment", 1, Fate::GivenUp(letter))]).await;
    let facts = "payment could not handle this: bad_framing; waits for an operator";
    assert_eq!(service.told(1).await[2][0], json!(["DeadLetter", "payment", facts]));
}

/// One thing that is said of the order: an event with its cause, or what was put aside.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Said {
    Event(&'static str, &'static str, u128),
    GivenUp(&'static str, u128),
    Parked(&'static str, u128),
    Settled(&'static str, u128),
}

impl Said {
    fn note(&self, order_number: u128) -> Note {
        let place = |kind: i64, service: &str, event: u128| {
            let service = PATH.iter().position(|name| *name == service).unwrap();
            100 * kind + 10 * i64::try_from(service).unwrap() + i64::try_from(event).unwrap()
        };
        let (put, seconds) = match self.clone() {
            Self::Event(name, service, cause) => {
                let received = received(event(&order(order_number), name));
                let mut note = note(&received.event, &received.envelope, &received.origin);
                (note.entry.source, note.entry.cause) =
                    (format!("{service}.on_something"), Some(event_id(cause)));
                note.entry.id = orderflow::envelope::ids::from_parts(&[name, service, &cause.to_string()]);
                return note;
            }
            Self::GivenUp(s, e) => (put(order_number, s, e, Fate::GivenUp(letter())), place(1, s, e)),
            Self::Parked(s, e) => (put(order_number, s, e, Fate::Parked(letter(), at(500))), place(2, s, e)),
            Self::Settled(s, e) => (put(order_number, s, e, Fate::Settled), place(3, s, e)),
        };
        let received = as_received(put, seconds);
        put_aside::note(&received.event, &received.envelope, &received.origin).unwrap()
    }
}

fn said() -> impl Strategy<Value = Said> {
    let events =
        ["OrderPlaced", "OrderHeldForReview", "InventoryReserved", "PaymentProcessed", "LabelDocumentStored"];
    let finals = ["ShippingLabelGenerated", "InventoryShortage"];
    let (service, event) = (prop::sample::select(PATH.to_vec()), 1u128..4);
    let both = (service, event);
    prop_oneof![
        6 => (prop::sample::select(events.to_vec()), both.clone()).prop_map(|(n, (s, e))| Said::Event(n, s, e)),
        1 => (prop::sample::select(finals.to_vec()), both.clone()).prop_map(|(n, (s, e))| Said::Event(n, s, e)),
        4 => both.clone().prop_map(|(s, e)| Said::GivenUp(s, e)),
        1 => both.clone().prop_map(|(s, e)| Said::Parked(s, e)),
        4 => both.prop_map(|(s, e)| Said::Settled(s, e)),
    ]
}

#[test]
fn any_arrival_order_shows_what_a_rebuild_shows_and_the_script_and_the_shared_function_agree() {
    let Some(server) = RedisServer::start() else { return };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let redis_state = &runtime.block_on(server.state("test:letters:"));
    let timelines = Timelines::new(redis_state.clone(), Clock::system());
    let case = std::cell::Cell::new(0);
    let arrived = prop::collection::vec(said(), 1..14);
    proptest!(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() }, |(arrived in arrived, batch in 1usize..6)| {
        // The same order twice: as it came, and each once and sorted, as a rebuild would have it.
        case.set(case.get() + 2_000_000); // all placed at one moment
        let (live, rebuilt) = (case.get(), case.get() + 1_000_000);
        let sorted: Vec<Said> = arrived.iter().cloned().collect::<BTreeSet<_>>().into_iter().collect();
        let notes = |all: &[Said], n| all.iter().map(|said| said.note(n)).collect::<Vec<_>>();
        runtime.block_on(async {
            for some in arrived.chunks(batch) {
                timelines.take_note(&notes(some, live)).await.unwrap();
            }
            timelines.take_note(&notes(&sorted, rebuilt)).await.unwrap();
            let mut shown = Vec::new();
            for n in [live, rebuilt] {
                let order = timelines.order(Uuid::from_u128(n)).await.unwrap();
                let shows = order.as_ref().map(|order| json!(view(order, order.lines(Reader::Staff))));
                shown.push(shows.map(|view| json!([view["state"], view["step"], view["timeline"]])));
                let Some(order) = order else { continue };
                let (state, step) = names(order.state());
                let kept: [String; 2] =
                    redis_state.redis().hmget(redis_state.key(&format!("order:{}", id(n))), &["state", "step"]).await.unwrap();
                prop_assert_eq!(kept, [state, step.unwrap_or_default()], "{:?}", arrived);
            }
            prop_assert_eq!(&shown[0], &shown[1]);
            Ok(())
        })?;
    });
    let parked = STATES
        .map(Index::State)
        .map(|index| runtime.block_on(timelines.newest(index, None, None, 0, 9)).unwrap());
    assert!(
        parked.iter().filter(|orders| !orders.is_empty()).count() >= 4,
        "every kind of state has occurred"
    );
}

#[tokio::test]
async fn a_reader_that_comes_back_gets_a_settlement_that_had_come_before_its_letter() {
    let Some(server) = RedisServer::start() else { return };
    let timelines = Timelines::new(server.state("test:late:").await, Clock::system());
    let order = |n: u128| Uuid::from_u128(n);
    let placed = Said::Event("OrderPlaced", "payment", 3);
    let reserved = Said::Event("InventoryReserved", "inventory", 3);
    for said in [placed, Said::Settled("payment", 1), reserved, Said::GivenUp("payment", 1)] {
        let before = timelines.order(order(1)).await.unwrap().map_or(0, |order| order.last_place());
        timelines.take_note(&[said.note(1)]).await.unwrap();
        let Some(now) = timelines.order(order(1)).await.unwrap() else { continue };
        let new = now.timeline.iter().filter(|arrived| arrived.place > before).count();
        let expected = match said {
            Said::GivenUp(..) => 2,
            Said::Settled(..) => 0,
            _ => 1,
        };
        assert_eq!(new, expected, "{said:?}");
    }
}
