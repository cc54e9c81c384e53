//! Bad input is refused with a problem that names the field, and never becomes an order.

use orderflow_tests::{Request, Shop, load::Counter, options};
use reqwest::Response;
use serde_json::{Value, json};

/// What to change in a good request, and the problem that must follow: status, code, field, code of the field.
#[rustfmt::skip] // one case a line
const CASES: &[(&str, Change, u16, &str, &str, &str)] = &[
    ("a text for a number", |b| b["lines"][0]["quantity"] = json!("two"), 422, "unexpected_json", "/lines/0/quantity", "wrong_type"),
    ("a number for a list", |b| b["lines"] = json!(1), 422, "unexpected_json", "/lines", "wrong_type"),
    ("half a unit", |b| b["lines"][0]["quantity"] = json!(0.5), 422, "unexpected_json", "/lines/0/quantity", "wrong_type"),
    ("no customer", |b| drop(b.as_object_mut().unwrap().remove("customer")), 422, "unexpected_json", "/customer", "missing"),
    ("a misspelt field", |b| b["curency"] = json!("EUR"), 422, "unexpected_json", "/curency", "unknown_field"),
    ("an unknown SKU", |b| b["lines"][0]["sku"] = json!("NOPE"), 422, "invalid_fields", "/lines/0/sku", "unknown"),
    ("a SKU twice", |b| b["lines"][1]["sku"] = json!("MUG"), 422, "invalid_fields", "/lines/1/sku", "duplicate"),
    ("no units", |b| b["lines"][0]["quantity"] = json!(0), 422, "invalid_fields", "/lines/0/quantity", "out_of_range"),
    ("less than no units", |b| b["lines"][0]["quantity"] = json!(-1), 422, "invalid_fields", "/lines/0/quantity", "out_of_range"),
    ("a huge quantity", |b| b["lines"][0]["quantity"] = json!(1_000_000_000_000_i64), 422, "invalid_fields", "/lines/0/quantity", "out_of_range"),
    ("more than any integer", |b| b["lines"][0]["quantity"] = json!(u64::MAX), 422, "unexpected_json", "/lines/0/quantity", "wrong_type"),
    ("no lines", |b| b["lines"] = json!([]), 422, "invalid_fields", "/lines", "empty"),
    ("too many lines", |b| b["lines"] = json!(vec![json!({"sku": "MUG", "quantity": 1}); 2_001]), 422, "invalid_fields", "/lines", "too_many"),
    ("a currency nobody sells in", |b| b["currency"] = json!("JPY"), 422, "invalid_fields", "/currency", "unknown"),
    ("no currency at all", |b| b["currency"] = json!("euro"), 422, "invalid_fields", "/currency", "malformed"),
    ("no price in the currency", |b| { b["currency"] = json!("GBP"); b["lines"][0]["sku"] = json!("LAST"); }, 422, "invalid_fields", "/lines/0/sku", "no_price"),
    ("a card number for a token", |b| b["payment_token"] = json!("4242424242424242"), 422, "invalid_fields", "/payment_token", "malformed"),
    ("a token with a gap", |b| b["payment_token"] = json!("tok_ visa"), 422, "invalid_fields", "/payment_token", "malformed"),
    ("a country there is not", |b| b["delivery_address"]["country"] = json!("XX"), 422, "invalid_fields", "/delivery_address/country", "unknown"),
    ("an address that is none", |b| b["customer"]["email"] = json!("ada"), 422, "invalid_fields", "/customer/email", "malformed"),
];

/// Makes a body.
type Body = fn() -> Vec<u8>;
/// What to change.
type Change = fn(&mut Value);

/// Bodies that are no order at all: media type, bytes, and the problem.
const BODIES: &[(&str, Body, u16, &str)] = &[
    ("application/json", || b"{\"lines\": [".to_vec(), 400, "malformed_json"),
    ("application/json", || b"order two mugs, please".to_vec(), 400, "malformed_json"),
    ("application/json", Vec::new, 400, "malformed_json"),
    ("application/json", || vec![0xff, 0xfe, 0x00], 400, "malformed_json"),
    ("application/json", || vec![b'['; 100_000], 422, "unexpected_json"),
    ("application/json", || b"{\"customer\": ".repeat(10_000), 422, "unexpected_json"),
    ("application/json", || vec![b' '; 512 * 1024 + 1], 413, "body_too_large"),
    ("text/plain", || b"{}".to_vec(), 415, "unsupported_media_type"),
];

#[tokio::test]
async fn bad_input_is_refused_by_name_and_never_becomes_an_order() {
    let shop = Shop::open(options()).await;
    let counter = shop.counter();
    for (what, change, status, code, field, field_code) in CASES {
        let mut request = Request::good();
        change(&mut request.body);
        let problem = problem(counter.post(&request).await.unwrap(), what, *status, code).await;
        let errors = problem["errors"].as_array().unwrap_or_else(|| panic!("{what}: {problem}"));
        let named = errors.iter().any(|error| error["field"] == *field && error["code"] == *field_code);
        assert!(named, "{what}: {problem}");
    }
    bodies(&counter).await;
    // Who sends garbage takes nothing away from the next customer.
    let placed = shop.place(&Request::good()).await;
    shop.close(&[placed]).await;
}

async fn bodies(counter: &Counter) {
    for (media_type, body, status, code) in BODIES {
        let what = format!("{code} as {media_type}");
        let answer = counter.post_raw(media_type, body()).await.unwrap();
        problem(answer, &what, *status, code).await;
    }
}

/// The answer's problem (RFC 9457), which must be this one.
async fn problem(answer: Response, what: &str, status: u16, code: &str) -> Value {
    assert_eq!(answer.status().as_u16(), status, "{what}");
    assert_eq!(answer.headers()["content-type"], "application/problem+json", "{what}");
    let problem: Value = answer.json().await.unwrap();
    assert_eq!(
        (&problem["type"], &problem["status"]),
        (&json!(format!("/problems/{code}")), &json!(status)),
        "{what}"
    );
    problem
}
