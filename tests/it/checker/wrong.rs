//! What is wrong: for each invariant small histories that break it, and nothing else.

use std::collections::BTreeSet;

use orderflow::config::Delivery;
use orderflow_tests::{
    chaos::evidence::{InjectedKind, RawRecord},
    checker::ids,
};
use rstest::rstest;
use serde_json::json;
use uuid::Uuid;

use super::{
    story::{DELIVERED, SKU, Story, TOTAL},
    way,
};

type Breaks = fn(&mut Story, Uuid);

fn breaks(way: &[&str], invariants: &[&str], wrong: impl FnOnce(&mut Story, Uuid)) {
    let mut story = Story::new();
    let order = story.order(way);
    story.order(&way::FULFILLED);
    wrong(&mut story, order);
    let violations = story.violations();
    let broken: BTreeSet<&str> = violations.iter().map(|violation| violation.invariant).collect();
    assert_eq!(broken, invariants.iter().copied().collect(), "{violations:#?}");
}

#[rstest]
#[case::not_on_the_log(|story: &mut Story, _: Uuid| story.answered(Uuid::from_u128(7), "a key", "accepted"))]
#[case::with_other_units(|story: &mut Story, order: Uuid| {
    story.last(order, "OrderPlaced").fields["order"]["lines"][0]["quantity"] = json!(1);
})]
fn i1_an_accepted_order(#[case] wrong: Breaks) {
    breaks(&way::FRAUD, &["I1"], wrong);
}

#[rstest]
#[case::is_not_on_the_log(|story: &mut Story| story.adjustment(Uuid::from_u128(7), DELIVERED))]
#[case::is_of_other_units(|story: &mut Story| {
    let id = story.parts.events.iter().find(|event| event.kind == "StockAdjustmentRequested").unwrap().id;
    story.adjustment(id, DELIVERED + 1);
})]
fn i1_an_adjustment_that_was_accepted(#[case] wrong: fn(&mut Story)) {
    breaks(&way::FRAUD, &["I1"], |story, _| wrong(story));
}

#[rstest]
#[case::waits_for_nobody(&way::ASKED, |story: &mut Story, _: Uuid| drop(story.parts.movements.remove(0)))]
#[case::has_two(&way::FULFILLED, |story: &mut Story, order: Uuid| story.go(order, &["OrderFraudDetected"]))]
#[case::is_cancelled_and_nobody_says_anything(&way::FULFILLED, |story: &mut Story, order: Uuid| story.go(order, &["OrderCancelRequested"]))]
#[case::is_held_although_somebody_has_decided(&way::HELD, |story: &mut Story, order: Uuid| story.go(order, &["ReviewDecided"]))]
#[case::was_never_placed(&way::FRAUD, |story: &mut Story, order: Uuid| {
    story.parts.journal.retain(|answer| answer.order_id != Some(order));
    let placed = story.last(order, "OrderPlaced");
    placed.kind = "SomethingElse".to_owned();
})]
fn i2_an_end(#[case] way: &[&str], #[case] wrong: Breaks) {
    breaks(way, &["I2"], wrong);
}

#[rstest]
#[case::twice(&way::FULFILLED, |story: &mut Story, order: Uuid| story.moves(order, "charge"))]
#[case::of_another_amount(&way::FULFILLED, |story: &mut Story, _: Uuid| story.parts.movements[0].amount = TOTAL + 1)]
#[case::of_another_currency(&way::FULFILLED, |story: &mut Story, _: Uuid| story.parts.movements[0].currency = "USD".to_owned())]
#[case::that_nobody_made(&way::FULFILLED, |story: &mut Story, _: Uuid| drop(story.parts.movements.remove(0)))]
#[case::whose_refund_nobody_made(&way::UNDELIVERABLE, |story: &mut Story, _: Uuid| drop(story.parts.movements.remove(1)))]
#[case::for_an_order_that_is_declined(&way::DECLINED, |story: &mut Story, order: Uuid| story.moves(order, "charge"))]
#[case::for_an_order_that_nobody_placed(&way::FRAUD, |story: &mut Story, _: Uuid| story.moves(Uuid::from_u128(7), "charge"))]
fn i3_a_capture(#[case] way: &[&str], #[case] wrong: Breaks) {
    breaks(way, &["I3"], wrong);
}

#[rstest]
#[case::redis_has_forgotten(|story: &mut Story, _: Uuid| story.parts.shelf.clear())]
#[case::redis_is_one_off(|story: &mut Story, _: Uuid| story.parts.shelf.get_mut(SKU).unwrap().1 += 1)]
#[case::redis_has_something_more(|story: &mut Story, _: Uuid| {
    story.parts.shelf.insert("TEA".to_owned(), (1, 0));
})]
#[case::less_than_reserved(|story: &mut Story, _: Uuid| {
    story.tell(SKU, "StockAdjustmentRequested", json!({ "sku": SKU, "delta": 0 }));
    story.tell(SKU, "StockAdjusted", json!({ "sku": SKU, "delta": 0, "on_hand": 1, "reserved": 2 }));
})]
fn i4_stock(#[case] wrong: Breaks) {
    breaks(&way::DECLINED, &["I4"], wrong);
}

#[test]
fn i4_units_that_were_shipped_and_released() {
    breaks(&way::FULFILLED, &["I2", "I4"], |story, order| {
        let label = story.last(order, "ShippingLabelGenerated").id;
        let id = ids::of_output(label, "inventory.on_payment", "InventoryReleased", 0);
        story.write(&order.to_string(), "InventoryReleased", id, Some(label), json!({}));
    });
}

#[rstest]
#[case::answered_the_other_way_round(|story: &mut Story, order: Uuid| {
    let first = story.tell(&order.to_string(), "OrderCancelRequested", json!({}));
    let second = story.tell(&order.to_string(), "OrderCancelRequested", json!({}));
    for cancel in [second, first] {
        let id = ids::of_output(cancel, "shipping.on_order_cancel_requested", "OrderCancelRejected", 0);
        story.write(&order.to_string(), "OrderCancelRejected", id, Some(cancel), json!({}));
    }
})]
#[case::that_does_not_wait_behind_a_letter(|story: &mut Story, order: Uuid| {
    story.give_up("shipping", order, "PaymentProcessed");
    story.go(order, &["OrderCancelRequested", "OrderCancelRejected label_bought"]);
    story.settle("shipping", order, "PaymentProcessed");
})]
fn i5_an_event(#[case] wrong: Breaks) {
    breaks(&way::FULFILLED, &["I5"], wrong);
}

#[rstest]
#[case::is_there_twice(&way::FULFILLED, |story: &mut Story, order: Uuid| {
    let again = story.last(order, "PickupScheduled").clone();
    story.write(&order.to_string(), &again.kind, again.id, again.cause, again.fields);
})]
#[case::has_an_id_by_chance(&way::FULFILLED, |story: &mut Story, order: Uuid| {
    story.last(order, "PickupScheduled").id = Uuid::from_u128(7);
})]
#[case::has_no_cause(&way::FULFILLED, |story: &mut Story, order: Uuid| story.last(order, "PickupScheduled").cause = None)]
#[case::stands_for_two_contents(&way::FRAUD, |story: &mut Story, order: Uuid| {
    let placed = story.last(order, "OrderPlaced").clone();
    let mut fields = placed.fields;
    fields["principal"] = json!("somebody else");
    story.write(&order.to_string(), "OrderPlaced", placed.id, None, fields);
})]
#[case::is_not_there(&way::FULFILLED[..6], |_: &mut Story, _: Uuid| {})]
fn i6_an_output(#[case] way: &[&str], #[case] wrong: Breaks) {
    breaks(way, &["I6"], wrong);
}

#[rstest]
#[case::to_be_paid(&way::FULFILLED[..2])]
#[case::to_be_refunded(&way::CANCELLED_PAID[..5])]
fn i6_an_order_that_nobody_answers(#[case] way: &[&str]) {
    breaks(way, &["I2", "I6"], |_, _| {});
}

#[rstest]
#[case::that_is_not_there(|story: &mut Story, order: Uuid| drop(story.parts.documents.remove(&format!("{order}.zpl"))))]
#[case::that_is_cut_off(|story: &mut Story, order: Uuid| {
    story.parts.documents.get_mut(&format!("{order}.pdf")).unwrap().truncate(8);
})]
#[case::of_another_order(|story: &mut Story, order: Uuid| {
    story.parts.documents.insert(format!("{order}.zpl"), b"^XA\nT1\nOrder 7\n^XZ".to_vec());
})]
#[case::that_nobody_told_of(|story: &mut Story, _: Uuid| {
    story.parts.documents.insert(format!("{}.zpl", Uuid::from_u128(7)), Vec::new());
})]
fn i6_a_label_document(#[case] wrong: Breaks) {
    breaks(&way::FULFILLED, &["I6"], wrong);
}

#[test]
fn i6_a_repeat_is_nothing_wrong_at_least_once_or_of_a_repeated_input() {
    let mut story = Story::new();
    story.parts.delivery = Delivery::AtLeastOnce;
    let order = story.order(&way::FULFILLED);
    let again = story.last(order, "PickupScheduled").clone();
    story.write(&order.to_string(), &again.kind, again.id, again.cause, again.fields);
    assert_eq!(story.violations(), []);

    let mut story = Story::new();
    let order = story.order(&way::FRAUD);
    for kind in ["OrderPlaced", "OrderFraudDetected"] {
        let again = story.last(order, kind).clone();
        story.write(&order.to_string(), kind, again.id, again.cause, again.fields);
    }
    assert_eq!(story.violations(), []);
}

#[rstest]
#[case::with_other_bytes(|story: &mut Story, order: Uuid| letter(story, order).value = Some(b"other".to_vec()))]
#[case::with_another_key(|story: &mut Story, order: Uuid| letter(story, order).key = None)]
#[case::without_its_headers(|story: &mut Story, order: Uuid| drop(letter(story, order).headers.remove(0)))]
#[case::that_nobody_has_settled(|story: &mut Story, order: Uuid| story.give_up("inventory", order, "ShippingLabelGenerated"))]
#[case::that_is_missing(|story: &mut Story, order: Uuid| {
    let place = story.last(order, "OrderPlaced").place();
    let place = (place.0.to_owned(), place.1, place.2);
    story.parts.injected.push((place, InjectedKind::Poison("truncated".to_owned())));
})]
fn i7_a_dead_letter(#[case] wrong: Breaks) {
    breaks(&way::FULFILLED, &["I7"], wrong);
}

/// The letter of an event that was settled.
fn letter(story: &mut Story, order: Uuid) -> &mut RawRecord {
    story.give_up("shipping", order, "PaymentProcessed");
    story.settle("shipping", order, "PaymentProcessed");
    let letters = story.parts.events.iter_mut().filter(|event| event.topic == "shipping.dlq");
    &mut letters.last().unwrap().raw
}

#[rstest]
#[case::released_twice(&way::DECLINED, |story: &mut Story, order: Uuid| {
    let (key, cause) = (order.to_string(), story.last(order, "PaymentFailed").id);
    let id = ids::of_output(cause, "inventory.on_payment", "InventoryReleased", 1);
    story.write(&key, "InventoryReleased", id, Some(cause), json!({ "released_at": 2 }));
})]
#[case::labelled_twice(&way::FULFILLED, |story: &mut Story, order: Uuid| story.label(order, "lbl_2"))]
#[case::labelled_in_vain(&way::DECLINED, |story: &mut Story, order: Uuid| story.label(order, "lbl_1"))]
fn i8_what_is_done_once(#[case] way: &[&str], #[case] wrong: Breaks) {
    breaks(way, &["I8"], wrong);
}

#[test]
fn i8_a_refund_that_was_made_twice_is_too_much_as_well() {
    breaks(&way::UNDELIVERABLE, &["I3", "I8"], |story, order| story.moves(order, "refund"));
}

#[rstest]
#[case::of_an_event_that_is_not_there(|story: &mut Story, order: Uuid| {
    let cause = Uuid::from_u128(7);
    let id = ids::of_output(cause, "fraud-scoring.on_order_placed", "OrderFraudDetected", 0);
    story.write(&order.to_string(), "OrderFraudDetected", id, Some(cause), json!({}));
})]
#[case::of_a_letter_whose_record_is_not_there(|story: &mut Story, order: Uuid| {
    story.give_up("shipping", order, "OrderPlaced");
    story.settle("shipping", order, "OrderPlaced");
    let letters = story.parts.events.iter_mut().filter(|event| event.topic == "shipping.dlq");
    let headers = &mut letters.last().unwrap().raw.headers;
    headers.last_mut().unwrap().1 = Some(99i64.to_be_bytes().to_vec());
})]
fn i9_a_cause(#[case] wrong: Breaks) {
    breaks(&way::FRAUD, &["I9"], wrong);
}

#[test]
fn i10_an_answer_that_differs_from_the_first() {
    breaks(&way::FRAUD, &["I10"], |story, order| story.answered(order, &format!("key {order}"), "another"));
}

#[test]
fn i10_one_key_that_is_two_orders() {
    breaks(&way::FRAUD, &["I10"], |story, order| {
        let other = story.order(&way::FRAUD);
        story.answered(other, &format!("key {order}"), "accepted");
    });
}

#[test]
fn a_violation_tells_all_that_is_known_of_its_order() {
    let mut story = Story::new();
    let order = story.order(&way::PAID);
    let told = story.violations().first().unwrap().to_string();
    for part in [
        &order.to_string(),
        "I2",
        "OrderPlaced",
        "gateway: charge 1000 EUR",
        "asked: Placed",
        "PaymentProcessed",
    ] {
        assert!(told.contains(part), "{part} is missing:\n{told}");
    }
}
