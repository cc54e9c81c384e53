//! Every field that is wrong is named, with its pointer, its code and the right status.

use orderflow::http::{Mistake, Mistakes, body::parse};
use rstest::rstest;
use serde_json::{Value, json};

use super::fixture::{demo_catalogue, order, order_with};
use crate::{price::price, request::PlaceOrder, validate::validate};

/// What is wrong with a request of the right shape.
fn mistakes(order: &Value) -> Vec<Mistake> {
    let request: PlaceOrder = parse(order.to_string().as_bytes()).unwrap();
    let mut mistakes = Mistakes::new();
    validate(&request, &mut mistakes);
    price(&request.lines, &request.currency, &demo_catalogue(), &mut mistakes);
    mistakes.into_vec()
}

#[rstest]
#[case::id_empty("/customer/id", json!(""), "malformed")]
#[case::id_with_a_slash("/customer/id", json!("a/b"), "malformed")]
#[case::id_too_long("/customer/id", json!("x".repeat(65)), "malformed")]
#[case::id_of_a_guest("/customer/id", json!("guest-1"), "reserved")]
#[case::name_empty("/customer/name", json!("  "), "empty")]
#[case::name_too_long("/customer/name", json!("ä".repeat(201)), "too_long")]
#[case::name_with_control("/customer/name", json!("Ada\u{0}"), "malformed")]
#[case::email_without_at("/customer/email", json!("ada.example.org"), "malformed")]
#[case::email_without_dot("/customer/email", json!("ada@localhost"), "malformed")]
#[case::email_with_space("/customer/email", json!("a da@example.org"), "malformed")]
#[case::email_with_two("/customer/email", json!("a@b.org,c@d.org"), "malformed")]
#[case::email_too_long("/customer/email", json!(format!("{}@example.org", "a".repeat(65))), "malformed")]
#[case::age_negative("/customer/account_age_days", json!(-1), "out_of_range")]
#[case::age_huge("/customer/account_age_days", json!(36_501), "out_of_range")]
#[case::line1_empty("/delivery_address/line1", json!(""), "empty")]
#[case::line2_too_long("/delivery_address/line2", json!("x".repeat(201)), "too_long")]
#[case::city_empty("/delivery_address/city", json!(""), "empty")]
#[case::postal_code_long("/delivery_address/postal_code", json!("1".repeat(17)), "too_long")]
#[case::region_with_control("/delivery_address/region", json!("a\nb"), "malformed")]
#[case::country_unknown("/delivery_address/country", json!("UK"), "unknown")]
#[case::country_small("/delivery_address/country", json!("de"), "unknown")]
#[case::billing_country("/billing_country", json!("XX"), "unknown")]
#[case::no_lines("/lines", json!([]), "empty")]
#[case::currency_small("/currency", json!("eur"), "malformed")]
#[case::currency_unknown("/currency", json!("JPY"), "unknown")]
#[case::token_of_another_kind("/payment_token", json!("card_1"), "malformed")]
#[case::token_is_a_card_number("/payment_token", json!("4242424242424242"), "malformed")]
#[case::token_empty("/payment_token", json!("tok_"), "malformed")]
#[case::token_too_long("/payment_token", json!(format!("pm_{}", "a".repeat(65))), "malformed")]
#[case::token_with_a_dash("/payment_token", json!("tok_a-b"), "malformed")]
#[case::device_empty("/device_id", json!(""), "malformed")]
#[case::device_too_long("/device_id", json!("d".repeat(129)), "malformed")]
#[case::priority("/priority", json!("urgent"), "unknown")]
fn a_bad_value_is_named(#[case] field: &str, #[case] value: Value, #[case] code: &str) {
    let found = mistakes(&order_with(field, value));
    assert!(found.iter().any(|mistake| mistake.field == field && mistake.code == code), "{found:?}");
    assert!(found.iter().all(|mistake| mistake.field == field), "only that field: {found:?}");
}

#[rstest]
#[case::zero("/lines/1/quantity", json!({"sku": "KIT-MUG-350", "quantity": 0}), "out_of_range")]
#[case::negative("/lines/1/quantity", json!({"sku": "KIT-MUG-350", "quantity": -3}), "out_of_range")]
#[case::huge("/lines/1/quantity", json!({"sku": "KIT-MUG-350", "quantity": 10_001}), "out_of_range")]
#[case::beyond_32_bits("/lines/1/quantity", json!({"sku": "KIT-MUG-350", "quantity": 5_000_000_000_i64}), "out_of_range")]
#[case::unknown_sku("/lines/1/sku", json!({"sku": "KIT-NOTHING", "quantity": 1}), "unknown")]
#[case::twice("/lines/1/sku", json!({"sku": "ELE-CABLE-2M", "quantity": 1}), "duplicate")]
fn a_bad_line_is_named(#[case] field: &str, #[case] line: Value, #[case] code: &str) {
    let found = mistakes(&order_with("/lines", json!([{"sku": "ELE-CABLE-2M", "quantity": 1}, line])));
    let found: Vec<_> = found.iter().map(|mistake| (mistake.field.as_str(), mistake.code)).collect();
    assert_eq!(found, [(field, code)]);
}

#[test]
fn all_bad_fields_are_named_at_once() {
    let mut order = order_with("/lines/1/quantity", json!(0));
    order["currency"] = json!("eur");
    order["delivery_address"]["country"] = json!("Germany");
    order["payment_token"] = json!("4242");
    let fields: Vec<_> = mistakes(&order).into_iter().map(|mistake| mistake.field).collect();
    for field in ["/lines/1/quantity", "/currency", "/delivery_address/country", "/payment_token"] {
        assert!(fields.iter().any(|found| found == field), "{field} in {fields:?}");
    }
}

#[test]
fn a_good_order_has_no_mistakes() {
    assert_eq!(mistakes(&order()), []);
    assert_eq!(mistakes(&order_with("/priority", json!("express"))), []);
    assert_eq!(mistakes(&order_with("/customer", json!({"name": "Grete", "email": "grete@example.at"}))), []);
}

#[test]
fn a_guest_has_no_account() {
    let guest = json!({"name": "Grete", "email": "grete@example.at", "account_age_days": 3});
    let found = mistakes(&order_with("/customer", guest));
    assert_eq!(found[0].code, "not_for_guests");
}

#[test]
fn two_thousand_lines_are_the_most() {
    let lines =
        |count| (0..count).map(|n| json!({"sku": format!("SKU-{n}"), "quantity": 1})).collect::<Vec<_>>();
    let found = mistakes(&order_with("/lines", json!(lines(2_001))));
    assert_eq!((found[0].field.as_str(), found[0].code), ("/lines", "too_many"));
    assert!(
        mistakes(&order_with("/lines", json!(lines(2_000)))).iter().all(|mistake| mistake.code == "unknown")
    );
}

#[rstest]
#[case::wrong_type("/lines/1/quantity", order_with("/lines/1/quantity", json!("two")), "wrong_type")]
#[case::a_fraction("/lines/0/quantity", order_with("/lines/0/quantity", json!(1.5)), "wrong_type")]
#[case::unknown_field("/coupon", order_with("/coupon", json!("X")), "unknown_field")]
#[case::unknown_inner("/customer/phone", order_with("/customer/phone", json!("1")), "unknown_field")]
#[case::missing("/currency", order_with("/currency", Value::Null), "missing")]
#[case::missing_inner("/delivery_address/city", order_with("/delivery_address/city", Value::Null), "missing")]
#[case::missing_in_a_line("/lines/0/sku", order_with("/lines/0", json!({"quantity": 1})), "missing")]
#[case::an_array("", json!([1]), "wrong_type")]
#[case::an_array_inside("/customer", order_with("/customer", json!(["c", "Ada", "ada@example.org", 3])), "wrong_type")]
#[case::an_array_in_an_array("/lines/0", order_with("/lines/0", json!(["KIT-MUG-350", 1])), "wrong_type")]
fn json_of_another_shape_names_the_place(#[case] field: &str, #[case] body: Value, #[case] code: &str) {
    let problem = parse::<PlaceOrder>(body.to_string().as_bytes()).unwrap_err();
    let body: Value = serde_json::from_slice(&problem.body("id")).unwrap();
    assert_eq!(problem.status(), 422);
    assert_eq!(body["errors"][0]["field"], field, "{body}");
    assert_eq!(body["errors"][0]["code"], code);
}

#[test]
fn a_wrong_value_is_not_repeated_in_the_answer() {
    let order = order_with("/lines/1/quantity", json!("4242 4242 4242 4242"));
    let problem = parse::<PlaceOrder>(order.to_string().as_bytes()).unwrap_err();
    let body = String::from_utf8(problem.body("id")).unwrap();
    assert!(body.contains("found string, expected i64") && !body.contains("4242"), "{body}");
}

#[rstest]
#[case::not_json("{", "line 1 column 1")]
#[case::two_documents(&format!("{}{}", order(), order()), "trailing characters at line 1")]
#[case::nothing("", "line 1 column 0")]
fn malformed_json_names_line_and_column(#[case] body: &str, #[case] place: &str) {
    let problem = parse::<PlaceOrder>(body.as_bytes()).unwrap_err();
    assert_eq!(problem.status(), 400);
    assert!(problem.to_string().contains(place), "{problem}");
}

#[test]
fn a_duplicate_field_is_refused() {
    let body =
        order().to_string().replacen("\"currency\":\"EUR\"", "\"currency\":\"EUR\",\"currency\":\"GBP\"", 1);
    let problem = parse::<PlaceOrder>(body.as_bytes()).unwrap_err();
    assert!(String::from_utf8(problem.body("id")).unwrap().contains("duplicate_field"));
}
