//! A checker that finds nothing proves nothing: each promise is broken here once, and the check must say so.

use simulators::gateway::Moved;

use super::*;
use crate::audit::evidence::Placed;

const FULFILLED: Uuid = Uuid::from_u128(1);
const DECLINED: Uuid = Uuid::from_u128(2);

fn order(path: &[(&str, &str)]) -> Order {
    let placed = Placed { total: 500, currency: "EUR".to_owned(), lines: vec![("TEA".to_owned(), 2)] };
    let mut order = Order { placed: Some(placed), ..Order::default() };
    for (kind, source) in path {
        order.facts.event(&format!("orderflow.{kind}"), Some("declined"), source, None);
        order.stock.reserved |= *kind == "inventory.InventoryReserved";
        order.stock.released |= *kind == "inventory.InventoryReleased";
        order.stock.shipped |= *kind == "inventory.InventoryShipped";
    }
    order
}

fn record(id: u128, value: &[u8]) -> Record {
    Record { id: Uuid::from_u128(id), kind: "K".to_owned(), key: "k".to_owned(), value: value.to_vec() }
}

/// Two orders whose world is in order.
fn sound() -> Evidence {
    let path = [("orders.OrderPlaced", "order-intake"), ("inventory.InventoryReserved", "inventory")];
    let fulfilled = [
        &path[..],
        &[
            ("payments.PaymentProcessed", "payment"),
            ("shipping.ShippingLabelGenerated", "s"),
            ("inventory.InventoryShipped", "inventory"),
        ],
    ];
    let declined =
        [&path[..], &[("payments.PaymentFailed", "payment"), ("inventory.InventoryReleased", "inventory")]];
    let level = || BTreeMap::from([("TEA".to_owned(), Level { on_hand: 8, reserved: 0 })]);
    let paid = Moved { charges: 1, charged: 500, refunded: 0 };
    let mut evidence = Evidence {
        accepted: BTreeSet::from([FULFILLED, DECLINED]),
        orders: BTreeMap::from([
            (FULFILLED, order(&fulfilled.concat())),
            (DECLINED, order(&declined.concat())),
        ]),
        records: vec![record(7, b"a"), record(7, b"a"), record(8, b"b")],
        charges: BTreeMap::from([(FULFILLED.to_string(), (paid, BTreeSet::from(["EUR".to_owned()])))]),
        labels: BTreeMap::from([(FULFILLED.to_string(), 1)]),
        ..Evidence::default()
    };
    evidence.charges.insert(DECLINED.to_string(), (Moved::default(), BTreeSet::new()));
    evidence.stock.delivered.insert("TEA".to_owned(), 10);
    (evidence.stock.log, evidence.stock.state) = (level(), level());
    evidence
}

/// The numbers of the promises that `spoil` breaks.
fn broken<R>(spoil: impl FnOnce(&mut Evidence) -> R) -> Vec<usize> {
    let mut evidence = sound();
    let _ = spoil(&mut evidence);
    let checks = check(&evidence);
    (0..checks.len()).filter(|index| !checks[*index].broken.is_empty()).collect()
}

#[test]
fn a_sound_world_passes() {
    assert_eq!(broken(|_| {}), [0usize; 0]);
}

#[test]
fn an_accepted_order_that_is_not_on_the_log_is_found() {
    assert_eq!(broken(|e| e.accepted.insert(Uuid::from_u128(3))), [0]);
}

#[test]
fn an_order_that_stopped_on_its_way_is_found() {
    assert_eq!(
        broken(|e| drop(e.orders.insert(Uuid::from_u128(3), order(&[("orders.OrderPlaced", "i")])))),
        [0]
    );
}

#[test]
fn an_order_that_rests_breaks_a_promise_until_an_operator_has_given_all_of_it_up() {
    let (id, [one, other]) = (Uuid::from_u128(3), [31, 32].map(Uuid::from_u128));
    let rests = |e: &mut Evidence, discarded: &[Uuid]| {
        let mut order = order(&[("orders.OrderPlaced", "i")]);
        [one, other].into_iter().for_each(|event| order.facts.dead_letter("inventory", event));
        e.orders.insert(id, order);
        e.discarded.extend(discarded.iter().map(|event| ("inventory".to_owned(), *event)));
    };
    assert_eq!(broken(|e| rests(e, &[])), [0]);
    assert_eq!(broken(|e| rests(e, &[one])), [0], "the other letter is still somebody's to deal with");
    assert_eq!(broken(|e| rests(e, &[one, other])), [0usize; 0]);
}

#[test]
fn an_order_with_two_ends_is_found() {
    let second = |e: &mut Evidence| {
        let order = e.orders.get_mut(&DECLINED).unwrap();
        order.facts.event("orderflow.inventory.InventoryShortage", None, "inventory", None);
    };
    assert!(broken(second).contains(&0));
}

#[test]
fn a_second_charge_is_found() {
    let twice = |e: &mut Evidence| {
        let (moved, _) = e.charges.get_mut(&FULFILLED.to_string()).unwrap();
        (moved.charges, moved.charged) = (2, 1_000);
    };
    assert_eq!(broken(twice), [1]);
}

#[test]
fn a_wrong_amount_or_currency_is_found() {
    assert_eq!(broken(|e| e.charges.get_mut(&FULFILLED.to_string()).unwrap().0.charged = 501), [1]);
    assert_eq!(
        broken(|e| e.charges.get_mut(&FULFILLED.to_string()).unwrap().1 = BTreeSet::from(["GBP".to_owned()])),
        [1]
    );
}

#[test]
fn a_charge_of_a_declined_or_unknown_order_is_found() {
    let paid = || (Moved { charges: 1, charged: 500, refunded: 0 }, BTreeSet::from(["EUR".to_owned()]));
    assert_eq!(broken(|e| e.charges.insert(DECLINED.to_string(), paid())), [1]);
    assert_eq!(broken(|e| e.charges.insert(Uuid::from_u128(9).to_string(), paid())), [1]);
}

#[test]
fn a_fulfilled_order_that_nobody_paid_is_found() {
    assert_eq!(broken(|e| e.charges.remove(&FULFILLED.to_string())), [1]);
}

#[test]
fn a_missing_second_or_stray_label_is_found() {
    assert_eq!(broken(|e| e.labels.remove(&FULFILLED.to_string())), [2]);
    assert_eq!(broken(|e| e.labels.insert(FULFILLED.to_string(), 2)), [2]);
    assert_eq!(broken(|e| e.labels.insert(DECLINED.to_string(), 1)), [2]);
    assert_eq!(broken(|e| e.labels.insert("nobody".to_owned(), 1)), [2]);
}

#[test]
fn stock_that_does_not_add_up_is_found_from_each_side() {
    let tea = |levels: &mut BTreeMap<String, Level>, on_hand, reserved| {
        levels.insert("TEA".to_owned(), Level { on_hand, reserved });
    };
    assert_eq!(broken(|e| tea(&mut e.stock.state, 8, 1)), [3]);
    assert_eq!(broken(|e| e.stock.delivered.insert("TEA".to_owned(), 9)), [3]);
    let both = |on_hand, reserved| {
        broken(|e| {
            tea(&mut e.stock.state, on_hand, reserved);
            tea(&mut e.stock.log, on_hand, reserved);
        })
    };
    assert_eq!(both(8, 2), [3]); // released twice, or never
    assert_eq!(both(10, 0), [3]); // shipped, and still on the shelf
    assert_eq!(both(-1, 0), [3]); // oversold
}

#[test]
fn stock_that_a_finished_order_still_holds_is_found() {
    let stock =
        |e: &mut Evidence, id, change: fn(&mut SetAside)| change(&mut e.orders.get_mut(&id).unwrap().stock);
    assert!(broken(|e| stock(e, DECLINED, |stock| stock.released = false)).contains(&3));
    assert!(broken(|e| stock(e, FULFILLED, |stock| stock.shipped = false)).contains(&3));
    assert!(broken(|e| stock(e, FULFILLED, |stock| stock.released = true)).contains(&3));
}

#[test]
fn a_refund_that_is_missing_or_too_much_is_found() {
    let refund =
        |e: &mut Evidence, amount| e.charges.get_mut(&FULFILLED.to_string()).unwrap().0.refunded = amount;
    assert_eq!(broken(|e| refund(e, 500)), [1]);
    let undeliverable = |e: &mut Evidence, amount| {
        let order = e.orders.get_mut(&FULFILLED).unwrap();
        *order = self::order(&[
            ("orders.OrderPlaced", "order-intake"),
            ("inventory.InventoryReserved", "inventory"),
            ("payments.PaymentProcessed", "payment"),
            ("shipping.ShippingFailed", "shipping"),
            ("payments.PaymentRefunded", "payment"),
            ("inventory.InventoryReleased", "inventory"),
        ]);
        e.labels.clear();
        let level = Level { on_hand: 10, reserved: 0 };
        for levels in [&mut e.stock.log, &mut e.stock.state] {
            levels.insert("TEA".to_owned(), level);
        }
        refund(e, amount);
    };
    assert_eq!(broken(|e| undeliverable(e, 500)), [0usize; 0]);
    assert_eq!(broken(|e| undeliverable(e, 0)), [1]);
}

#[test]
fn an_event_id_with_two_contents_is_found() {
    assert_eq!(broken(|e| e.records.push(record(7, b"other"))), [4]);
}
