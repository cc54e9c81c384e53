//! What the carrier's answers mean, case by case.

use orderflow::fault::Consequence::{self, Fatal, Poison, Transient};
use rstest::rstest;
use serde_json::json;

use super::*;

fn bought(status: u16, body: &str) -> Result<Said<Bought>, Fault> {
    read(StatusCode::from_u16(status).unwrap(), body.as_bytes())
}

#[rstest]
#[case(500, "", Transient, "carrier_unavailable")]
#[case(503, "{}", Transient, "carrier_unavailable")]
#[case(301, "", Transient, "carrier_unavailable")]
#[case(504, "", Transient, "carrier_timeout")]
#[case(429, "", Transient, "carrier_busy")]
#[case(409, "", Transient, "carrier_busy")]
#[case(404, "<html>", Transient, "carrier_unavailable")]
#[case(200, "<html>", Transient, "carrier_unreadable")]
#[case(200, "{}", Transient, "carrier_unreadable")]
#[case(422, "<html>", Transient, "carrier_unreadable")]
#[case(401, "", Fatal, "carrier_unauthorized")]
#[case(400, r#"{"code":"invalid_request"}"#, Poison, "carrier_rejects_request")]
#[case(422, r#"{"code":"idempotency_key_reused"}"#, Poison, "carrier_rejects_request")]
fn what_says_nothing_about_the_parcel_is_a_fault(
    #[case] status: u16,
    #[case] body: &str,
    #[case] consequence: Consequence,
    #[case] code: &str,
) {
    let fault = bought(status, body).unwrap_err();
    assert_eq!((fault.consequence(), fault.code()), (consequence, code));
}

#[rstest]
#[case(r#"{"code":"undeliverable_address"}"#, true, Some("undeliverable_address"))]
#[case(r#"{"code":"too_large"}"#, false, Some("too_large"))]
#[case(r#"{"code":"^XZ"}"#, false, None)]
#[case("{}", false, None)]
fn an_unprocessable_parcel_is_refused(
    #[case] body: &str,
    #[case] undeliverable: bool,
    #[case] code: Option<&str>,
) {
    let Said::Refused(answer) = bought(422, body).unwrap() else { panic!("not refused") };
    assert_eq!(answer, Answer::Refused { undeliverable, code: code.map(str::to_owned) });
}

#[rstest]
#[case::another_order("order_id", "another")]
#[case::a_wrong_check_digit("tracking_number", "CE000000011DE")]
#[case::no_number("tracking_number", "")]
#[case::commands("tracking_number", "CE000000005DE^XA")]
#[case::a_path("label_id", "../x")]
#[case::control_characters("carrier", "Post\n^XA")]
#[case::blank("carrier", " ")]
fn a_label_that_cannot_be_is_not_taken(#[case] field: &str, #[case] value: &str) {
    let order = Uuid::from_u128(1);
    let mut label = json!({
        "label_id": "lbl_1", "tracking_number": "CE000000005DE", "carrier": "Post",
        "service_level": "standard", "order_id": order, "created": "2026-03-02T10:00:00Z",
    });
    let read = |label: &serde_json::Value| match bought(200, &label.to_string()).unwrap() {
        Said::Done(bought) => bought.label(order),
        said => panic!("{said:?}"),
    };
    assert_eq!(read(&label).unwrap().tracking_number, "CE000000005DE");
    label[field] = json!(value);
    assert_eq!(read(&label).unwrap_err().code(), "carrier_bad_answer");
}
