//! What is decided, case by case.

use super::*;
use rstest::rstest;

#[rstest]
#[case("card_declined", Some("generic_decline"), reason::DECLINED)]
#[case("card_declined", Some("insufficient_funds"), reason::INSUFFICIENT_FUNDS)]
#[case("card_declined", Some("lost_card"), reason::DECLINED)]
#[case("expired_card", None, reason::EXPIRED_CARD)]
#[case("incorrect_cvc", None, reason::DECLINED)]
fn every_card_error_has_a_reason(#[case] code: &str, #[case] decline: Option<&str>, #[case] expected: &str) {
    assert_eq!(reason_of_decline(code, decline), expected);
}

fn charging() -> Phase {
    Phase::Charging { intent_id: None }
}

#[test]
fn a_reservation_is_valid_up_to_its_last_microsecond() {
    let end = Timestamp::UNIX_EPOCH;
    let later = end + SignedDuration::from_micros(1);
    assert_eq!(begin(None, end, end), charging());
    let expired = Phase::Voiding { reason: reason::RESERVATION_EXPIRED.to_owned() };
    assert_eq!(begin(None, later, end), expired);
}

#[test]
fn a_charge_that_began_is_never_ended_by_expiry() {
    let end = Timestamp::UNIX_EPOCH;
    let later = end + SignedDuration::from_hours(1);
    assert_eq!(begin(Some(charging()), later, end), charging());
}

#[test]
fn a_cancelled_order_is_never_charged_and_a_charge_is_never_ended_by_a_cancel() {
    let now = Timestamp::UNIX_EPOCH;
    let cancelled = cancel(None);
    assert_eq!(begin(Some(cancelled.clone()), now, now), cancelled);
    assert_eq!(cancel(Some(charging())), charging());
}

#[test]
fn an_order_fails_for_what_it_is_voided_for_unless_it_was_charged() {
    let at = Timestamp::UNIX_EPOCH;
    let failed = |reason: &str, code: Option<&str>| Outcome::Failed {
        at,
        reason: reason.to_owned(),
        code: code.map(str::to_owned),
    };
    let refused = Answer::Declined { reason: reason::REFUSED_BY_GATEWAY, code: Some("gone".to_owned()) };
    let charged = Answer::Charged { intent_id: "pi_1".to_owned() };
    assert_eq!(outcome(&cancel(None), Answer::Voided, at), failed(reason::CANCELLED, None));
    assert_eq!(outcome(&cancel(None), refused, at), failed(reason::CANCELLED, Some("gone")));
    assert_eq!(outcome(&cancel(None), charged, at), Outcome::Paid { at, intent_id: "pi_1".to_owned() });
    assert_eq!(outcome(&charging(), Answer::Voided, at), failed(reason::RESERVATION_EXPIRED, None));
    assert_eq!(outcome(&Phase::Waiting, Answer::Voided, at), failed(reason::CONFIRMATION_EXPIRED, None));
}

#[test]
fn a_key_is_trusted_as_long_as_the_gateway_surely_remembers_it() {
    let (_, example) = orderflow::schemas::examples("inventory", "InventoryReserved").remove(0);
    let reserved: InventoryReserved = serde_json::from_str(example).unwrap();
    let key_life = SignedDuration::from_hours(23);
    let opening =
        |phase: &Phase, age: SignedDuration| opening(phase, &reserved, reserved.reserved_at + age, key_life);
    let known = |age| opening(&charging(), age).map(|opening| opening.key_is_known);
    assert_eq!(known(key_life - SignedDuration::from_micros(1)), Some(true));
    assert_eq!(known(key_life), Some(false));
    let opened = Phase::Charging { intent_id: Some("pi_1".to_owned()) };
    for phase in [opened, Phase::Waiting, cancel(None)] {
        assert_eq!(opening(&phase, key_life), None, "{phase:?}");
    }
}
