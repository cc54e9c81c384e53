//! What is right: every way an order may go.

use rstest::rstest;

use super::{story::Story, way};

#[rstest]
#[case::fulfilled(&way::FULFILLED)]
#[case::declined(&way::DECLINED)]
#[case::short(&way::SHORT)]
#[case::fraud(&way::FRAUD)]
#[case::cancelled_while_held(&way::HELD_AND_CANCELLED)]
#[case::held_and_approved(&way::HELD_AND_APPROVED)]
#[case::cancelled_before_it_was_paid(&way::CANCELLED_UNPAID)]
#[case::cancelled_after_it_was_paid(&way::CANCELLED_PAID)]
#[case::undeliverable(&way::UNDELIVERABLE)]
#[case::held_while_nobody_has_decided(&way::HELD)]
#[case::asked_while_its_customer_has_not_answered(&way::ASKED)]
fn a_life_that_may_be_is_no_violation(#[case] way: &[&str]) {
    let mut story = Story::new();
    story.order(way);
    story.order(way);
    assert_eq!(story.violations(), []);
}

#[test]
fn an_order_that_was_cancelled_too_late_is_told_so() {
    let mut story = Story::new();
    let order = story.order(&way::FULFILLED);
    story.go(order, &["OrderCancelRequested", "OrderCancelRejected label_bought"]);
    assert_eq!(story.violations(), []);
}

#[test]
fn an_order_rests_behind_a_letter_that_is_parked() {
    let mut story = Story::new();
    let order = story.order(&way::PAID);
    story.give_up("shipping", order, "PaymentProcessed");
    story.park("shipping");
    assert_eq!(story.violations(), []);
}

#[test]
fn an_order_goes_on_behind_a_letter_that_is_settled() {
    let mut story = Story::new();
    let order = story.order(&way::PAID);
    story.give_up("shipping", order, "PaymentProcessed");
    story.go(order, &way::FULFILLED[3..4]);
    story.settle("shipping", order, "PaymentProcessed");
    story.go(order, &way::FULFILLED[4..]);
    assert_eq!(story.violations(), []);
}
