//! What a label promises, whatever stands on it.

use std::sync::Arc;

use orderflow::events::{Line, Order, Sealed};
use proptest::prelude::*;
use rstest::rstest;
use uuid::Uuid;

use super::*;

fn generated() -> ShippingLabelGenerated {
    let at = "2026-03-02T08:15:30Z".parse().unwrap();
    let order = Order {
        order_id: Uuid::from_u128(0x0195_5c3e_8f2a_7b11_9c44_0242_ac12_0002),
        customer_id: "c1".into(),
        lines: vec![Line { sku: "MUG".into(), quantity: 2, unit_price: 100 }],
        total: 200,
        currency: "EUR".into(),
        payment_token: "tok".into(),
        billing_country: "DE".into(),
        delivery_country: "DE".into(),
        ip_country: None,
        card_hash: String::new(),
        device_hash: None,
        address_hash: String::new(),
        ip_hash: None,
        account_age_days: 0,
        priority: "express".into(),
        placed_at: at,
        sealed: Sealed { key_id: Uuid::nil(), nonce: vec![], ciphertext: vec![] },
    };
    ShippingLabelGenerated {
        order: Arc::new(order),
        label_id: "lbl_1".into(),
        tracking_number: "EE000000080DE".into(),
        carrier: "Simulated Parcel Post".into(),
        service_level: "express".into(),
        generated_at: at,
    }
}

fn person(name: &str, line1: &str, city: &str, country: &str) -> Person {
    let address = Address {
        line1: line1.into(),
        line2: None,
        city: city.into(),
        postal_code: Some("10115".into()),
        region: Some("BE".into()),
        country: country.into(),
    };
    Person { name: name.into(), email: "a@b.example".into(), address }
}

fn label(person: &Person) -> Label {
    Label::new(&generated(), person, &["Orderflow Shop".into(), "Depot 1".into()], 500)
}

/// Every command of a ZPL document, without its data.
fn commands(zpl: &str) -> Vec<&str> {
    zpl.split(['^', '~']).skip(1).map(|command| command.get(..2).unwrap_or(command)).collect()
}

/// A person of any text, hostile ones in particular.
fn anyone() -> impl Strategy<Value = Person> {
    let text = || prop_oneof![".{0,120}", r"([\^~_>\\]?(FS|XA|FO|FD|CI|5E)?[ -~]{0,5}){0,12}"];
    (text(), text(), text(), text())
        .prop_map(|(name, line1, city, country)| person(&name, &line1, &city, &country))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn no_input_becomes_a_printer_command(who in anyone()) {
        let label = label(&who);
        let document = zpl(&label);
        let mut plain = label.clone();
        plain.to = label.to.iter().map(|_| "x".to_owned()).collect();
        let plain = zpl(&plain);
        prop_assert_eq!(commands(&document), commands(&plain));
        prop_assert!(document.is_ascii());
    }

    #[test]
    fn any_person_gives_a_label_with_few_and_short_lines(who in anyone()) {
        let label = label(&who);
        prop_assert!(label.to.len() <= LINES);
        for line in &label.to {
            prop_assert!((1..=LINE).contains(&line.chars().count()) && !line.contains(char::is_control));
        }
    }

    #[test]
    fn the_same_label_gives_the_same_pdf(who in anyone()) {
        let [one, other] = [0, 1].map(|_| pdf(&label(&who)).unwrap());
        prop_assert!(one.starts_with(b"%PDF-") && one.ends_with(b"%%EOF"));
        prop_assert_eq!(one, other);
    }
}

#[test]
fn field_data_comes_back_from_its_escapes() {
    let document = zpl(&label(&person("Zoë ^XA_~", "1 Way", "Köln", "DE")));
    assert!(document.contains("^FH^FDZo_C3_AB _5EXA_5F_7E^FS"), "{document}");
    assert!(document.contains("^BCN,200,N,N,N^FH^FDEE000000080DE^FS"), "{document}");
}

#[rstest]
#[case::in_germany("DE", &["Ada", "1 Way", "10115 Berlin BE", "DE"])]
#[case::in_america("US", &["Ada", "1 Way", "Berlin BE 10115", "US"])]
#[case::in_britain("GB", &["Ada", "1 Way", "Berlin", "10115", "GB"])]
fn towns_are_written_as_the_country_reads_them(#[case] country: &str, #[case] lines: &[&str]) {
    assert_eq!(label(&person("Ada", "1 Way", "Berlin", country)).to, lines);
}

#[test]
fn a_long_address_keeps_its_name_and_country() {
    let label = label(&person("Ada", &"Long Street ".repeat(40), "Berlin", "DE"));
    assert_eq!((label.to.len(), label.to[0].as_str(), label.to[7].as_str()), (8, "Ada", "DE"));
}

#[rstest]
#[case("Łukasz Żółć", "Lukasz Zólc")]
#[case("Ελένη", "Elene")]
#[case("“€5” — ok", "\u{93}\u{80}5\u{94} \u{97} ok")]
fn the_pdf_writes_other_scripts_with_latin_letters(#[case] text: &str, #[case] shown: &str) {
    let bytes: Vec<u8> = shown.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
    assert_eq!(super::text::windows_1252(text), bytes);
}
