use jiff::Timestamp;
use orderflow::{
    events::{Line, Sealed},
    fault::Consequence,
};
use uuid::Uuid;

use super::*;

fn order(lines: &[(&str, i32)]) -> Order {
    let line = |&(sku, quantity): &(&str, i32)| Line { sku: sku.to_owned(), quantity, unit_price: 100 };
    Order {
        order_id: Uuid::from_u128(1),
        customer_id: "customer".to_owned(),
        lines: lines.iter().map(line).collect(),
        total: 100,
        currency: "EUR".to_owned(),
        payment_token: "tok".to_owned(),
        billing_country: "DE".to_owned(),
        delivery_country: "DE".to_owned(),
        ip_country: None,
        card_hash: String::new(),
        device_hash: None,
        address_hash: String::new(),
        ip_hash: None,
        account_age_days: 0,
        priority: "standard".to_owned(),
        placed_at: Timestamp::UNIX_EPOCH,
        sealed: Sealed { key_id: Uuid::nil(), nonce: Vec::new(), ciphertext: Vec::new() },
    }
}

fn request(sku: &str, delta: i64, kind: &str) -> StockAdjustmentRequested {
    StockAdjustmentRequested {
        sku: sku.to_owned(),
        delta,
        kind: kind.to_owned(),
        reason: "count".to_owned(),
        requested_by: "tester".to_owned(),
        requested_at: Timestamp::UNIX_EPOCH,
    }
}

#[test]
fn lines_of_one_sku_compete_for_the_same_units() {
    let wanted = wanted(&order(&[("a", 2), ("b", 1), ("a", 2)])).unwrap();
    let three_of_each = |_: &str| Level { on_hand: 3, reserved: 0 };
    let short = reserve(&wanted, three_of_each).unwrap_err();
    assert_eq!(short, [short_line("a".to_owned(), 4, 3)]);
}

#[test]
fn units_beyond_what_the_record_holds_are_compared_exactly() {
    let wanted = wanted(&order(&[("a", i32::MAX), ("a", i32::MAX)])).unwrap();
    let twice = 2 * i64::from(i32::MAX);
    assert_eq!(reserve(&wanted, |_| Level { on_hand: twice, reserved: 0 }), Ok(()));
    let short = reserve(&wanted, |_| Level { on_hand: twice - 1, reserved: 0 }).unwrap_err();
    assert_eq!(short, [ShortLine { sku: "a".to_owned(), requested: i32::MAX, available: twice - 1 }]);
}

#[test]
fn an_unknown_sku_has_no_stock() {
    let wanted = wanted(&order(&[("ghost", 1)])).unwrap();
    assert_eq!(reserve(&wanted, |_| Level::default()), Err(vec![short_line("ghost".to_owned(), 1, 0)]));
}

#[test]
fn an_order_of_nothing_or_less_is_poison() {
    for lines in [&[][..], &[("a", 0)], &[("a", 5), ("b", -5)]] {
        let fault = wanted(&order(lines)).unwrap_err();
        assert_eq!((fault.consequence(), fault.code()), (Consequence::Poison, "invalid_order_lines"));
    }
}

#[test]
fn adjustments_keep_to_what_is_reserved_and_what_can_be_counted() {
    let level = Level { on_hand: 10, reserved: 4 };
    assert_eq!(adjust(level, 5), Ok(Level { on_hand: 15, reserved: 4 }));
    assert_eq!(adjust(level, -6), Ok(Level { on_hand: 4, reserved: 4 }));
    assert_eq!(adjust(level, -7), Err(Refusal::BelowReserved));
    assert_eq!(adjust(level, i64::MIN), Err(Refusal::BelowReserved));
    assert_eq!(adjust(level, MOST_UNITS - 10), Ok(Level { on_hand: MOST_UNITS, reserved: 4 }));
    assert_eq!(adjust(level, MOST_UNITS - 9), Err(Refusal::Overflow));
    assert_eq!(adjust(level, i64::MAX), Err(Refusal::Overflow));
}

#[test]
fn an_adjustment_that_makes_no_sense_is_poison() {
    for good in [request("a", 1, "receipt"), request("a", -1, "correction"), request("a", 1, "correction")] {
        assert!(check(&good).is_ok());
    }
    for bad in [
        request("", 1, "receipt"),
        request("a", 0, "receipt"),
        request("a", -1, "receipt"),
        request("a", 1, "theft"),
        request("a", 1, ""),
    ] {
        let fault = check(&bad).unwrap_err();
        assert_eq!((fault.consequence(), fault.code()), (Consequence::Poison, "invalid_stock_adjustment"));
    }
}

#[test]
fn a_reservation_ends_on_the_shelf_or_off_it() {
    let level = Level { on_hand: 10, reserved: 4 };
    assert_eq!(settle(level, 3, Ending::Released), Level { on_hand: 10, reserved: 1 });
    assert_eq!(settle(level, 3, Ending::Shipped), Level { on_hand: 7, reserved: 1 });
}

#[test]
fn the_log_adds_up_in_any_order_and_counts_repeats_once() {
    let at = Timestamp::UNIX_EPOCH;
    let order = |id: u128| std::sync::Arc::new(Order { order_id: Uuid::from_u128(id), ..order(&[("a", 3)]) });
    let adjusted = |delta| StockAdjusted {
        sku: "a".to_owned(),
        delta,
        kind: "receipt".to_owned(),
        on_hand: 0,
        reserved: 0,
        adjusted_at: at,
    };
    let reserved = |id| InventoryReserved { order: order(id), reserved_at: at, valid_until: at };
    let freed = InventoryReleased { order: order(1), reason: "payment_failed".to_owned(), released_at: at };
    let log: [Fact; 7] = [
        freed.into(),
        reserved(2).into(),
        adjusted(7).into(),
        InventoryShipped { order: order(3), shipped_at: at }.into(),
        reserved(1).into(),
        adjusted(7).into(),
        reserved(3).into(),
    ];
    let ids = [1, 2, 3, 4, 5, 6, 7].map(Uuid::from_u128);
    let twice = ids.into_iter().zip(&log).chain(ids.into_iter().zip(&log).rev());
    assert_eq!(levels(twice), BTreeMap::from([("a".to_owned(), Level { on_hand: 11, reserved: 3 })]));
}
