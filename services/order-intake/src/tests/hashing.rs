//! What the hashes tell apart, and what they do not.

use orderflow::http::body::parse;
use proptest::prelude::*;
use rstest::rstest;
use serde_json::{Value, json};

use super::fixture::{order, order_with};
use crate::{
    hashes::KeyedHashes,
    idempotency::claim_name,
    request::{Address, PlaceOrder, request_hash},
};

fn hash_of(body: &str) -> String {
    request_hash(&parse::<PlaceOrder>(body.as_bytes()).unwrap())
}

/// The same JSON, its fields rotated by `turn` and spread by `gap`.
fn rewritten(value: &Value, turn: usize, gap: &str) -> String {
    match value {
        Value::Object(fields) => {
            let mut parts: Vec<_> = fields
                .iter()
                .map(|(name, value)| {
                    format!("{gap}{}{gap}:{gap}{}", json!(name), rewritten(value, turn, gap))
                })
                .collect();
            let turn = turn % parts.len().max(1);
            parts.rotate_left(turn);
            format!("{{{}{gap}}}", parts.join(","))
        }
        Value::Array(items) => {
            let parts: Vec<_> =
                items.iter().map(|item| format!("{gap}{}", rewritten(item, turn, gap))).collect();
            format!("[{}{gap}]", parts.join(","))
        }
        plain => plain.to_string(),
    }
}

proptest! {
    #[test]
    fn a_request_hash_ignores_how_the_json_is_written(turn in 0..20_usize, gap in "[ \t\r\n]{0,3}") {
        prop_assert_eq!(hash_of(&rewritten(&order(), turn, &gap)), hash_of(&order().to_string()));
    }

    #[test]
    fn a_request_hash_sees_every_quantity(one in 1..=10_000_i64, other in 1..=10_000_i64) {
        let hash = |quantity: i64| hash_of(&order_with("/lines/0/quantity", json!(quantity)).to_string());
        prop_assert_eq!(hash(one) == hash(other), one == other);
    }
}

#[test]
fn a_default_spelt_out_is_the_same_request() {
    let plain = hash_of(&order().to_string());
    assert_eq!(hash_of(&order_with("/priority", json!("standard")).to_string()), plain);
    let mut null = order();
    null["billing_country"] = Value::Null;
    assert_eq!(hash_of(&null.to_string()), plain);
    assert_ne!(hash_of(&order_with("/priority", json!("express")).to_string()), plain);
}

fn hashes() -> KeyedHashes {
    KeyedHashes::derived_from(&[7; 32]).unwrap()
}

fn address(line1: &str, city: &str) -> Address {
    Address {
        line1: line1.into(),
        line2: None,
        city: city.into(),
        postal_code: "10117".into(),
        region: None,
        country: "DE".into(),
    }
}

#[rstest]
#[case("Unter den Linden 5", "BERLIN", true)]
#[case(" unter  den linden, 5 ", "Berlin", true)]
#[case("Unter den Linden 6", "Berlin", false)]
fn an_address_written_in_another_way_is_the_same(
    #[case] line1: &str,
    #[case] city: &str,
    #[case] same: bool,
) {
    let known = hashes().address(&address("Unter den Linden 5", "Berlin"));
    assert_eq!(hashes().address(&address(line1, city)) == known, same);
}

#[test]
fn keyed_hashes_have_128_bits_and_depend_on_key_and_kind() {
    let card = hashes().card("tok_visa");
    assert_eq!(card.len(), 32);
    assert_ne!(card, hashes().device("tok_visa"));
    assert_ne!(card, KeyedHashes::derived_from(&[8; 32]).unwrap().card("tok_visa"));
    // Permanent: profiles on the log compare these for years.
    assert_eq!(card, "d34e0276741c8672b18f466ac922919d");
}

#[test]
fn the_same_e_mail_is_the_same_guest() {
    assert_eq!(hashes().guest("Ada@Example.org "), hashes().guest("ada@example.org"));
    assert!(hashes().guest("ada@example.org").starts_with("guest-"));
}

#[test]
fn a_key_is_shared_by_nobody_but_its_principal() {
    assert_eq!(claim_name("shop", "key", "a"), claim_name("shop", "key", "b"));
    assert_ne!(claim_name("shop", "key", "a"), claim_name("other", "key", "a"));
    assert_ne!(claim_name("anonymous", "key", "a"), claim_name("anonymous", "key", "b"));
}
