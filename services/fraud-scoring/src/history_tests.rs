use super::*;

#[test]
fn numbers_land_in_the_fields_in_sequence() {
    let text: Vec<String> = (1..=47).map(|n| n.to_string()).collect();
    let history = History::parse(&format!("2 {}", text.join(" "))).unwrap();
    assert_eq!((history.known, history.largest_24h, history.since_last), (1, Some(9), Some(19)));
    let card = Shared {
        orders_60s: 20,
        orders_1h: 21,
        orders_24h: 22,
        small_300s: 23,
        small_1h: 24,
        other_cards_24h: 25,
        others_7d: 26,
    };
    assert_eq!(history.card, card);
    assert_eq!(history.ip.others_7d, 47);
}

#[test]
fn less_than_zero_is_none() {
    let history = History::parse(&format!("2 {}", vec!["-1"; 47].join(" "))).unwrap();
    assert_eq!((history.largest_24h, history.since_last), (None, None));
}

#[test]
fn a_text_of_another_shape_is_a_fault() {
    let numbers = |count| vec!["1"; count].join(" ");
    let whole = numbers(47);
    assert!(History::parse(&format!("2 {whole}")).is_ok());
    for text in ["", "2 ", "2 1 2 3", &whole, &format!("1 {whole}"), &format!("2 {whole} "), &numbers(27)] {
        assert!(History::parse(text).is_err(), "{text}");
    }
    for count in [19, 46, 48, 54] {
        assert!(History::parse(&format!("2 {}", numbers(count))).is_err(), "{count} numbers");
    }
}
