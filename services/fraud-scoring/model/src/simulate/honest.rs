//! Honest orders, and what makes them look like fraud: gifts, journeys, new phones, new flats, dear wishes, offices.

use rand::RngExt;

use super::{
    MINUTES, SECONDS,
    customer::Customer,
    draft::Who,
    random::{Dice, around, how_many, waiting},
    stream::Queue,
    world::{COUNTRIES, Numbers, carrier_address, home},
};

/// Chances for each order: of a dear wish, of a new device for good, of a device used once, of a new address for good, of a
/// present sent elsewhere, of a present sent abroad, of a new card for good, of a second thought minutes later.
const DEAR: f64 = 0.012;
const NEW_DEVICE: f64 = 0.004;
const BORROWED_DEVICE: f64 = 0.01;
const NEW_ADDRESS: f64 = 0.002;
const PRESENT: f64 = 0.02;
const PRESENT_ABROAD: f64 = 0.15;
const NEW_CARD: f64 = 0.002;
const SECOND_THOUGHT: f64 = 0.03;
/// Chances for each day with an order: of a burst of presents, of a burst of small charges.
const PRESENTS: f64 = 0.004;
const TOP_UPS: f64 = 0.004;
/// Strangers a day for each customer there is, how many of them have an account from long ago, and how long, in days.
const STRANGERS: f64 = 0.03;
const OLD_ACCOUNT: f64 = 0.6;
const LONG_AGO: std::ops::Range<f64> = 1.0..1_500.0;

/// One customer's day.
pub fn day(customer: &mut Customer, day: f64, dice: &mut Dice, numbers: &mut Numbers, queue: &mut Queue) {
    if !customer.is_there(day + 1.0) {
        return;
    }
    // Whoever has made an account did it to buy something.
    let first = u32::from(customer.since >= day && dice.random_bool(0.6));
    let orders = how_many(dice, customer.rate) + first;
    for _ in 0..orders {
        let local = customer.usual_hour(dice) - COUNTRIES[customer.home].ahead;
        let at = (day + local.rem_euclid(24.0) / 24.0).max(customer.since + 2.0 * MINUTES);
        one(customer, at, dice, numbers, queue);
        if dice.random_bool(PRESENTS) {
            presents(customer, at, dice, numbers, queue);
        }
        if dice.random_bool(TOP_UPS) {
            top_ups(customer, at, dice, queue);
        }
    }
}

/// An order, and perhaps one more a few minutes later.
fn one(customer: &mut Customer, at: f64, dice: &mut Dice, numbers: &mut Numbers, queue: &mut Queue) {
    if dice.random_bool(NEW_DEVICE) {
        customer.devices.insert(0, numbers.fresh());
        customer.devices.truncate(3);
    }
    if dice.random_bool(NEW_ADDRESS) {
        customer.addresses = vec![numbers.fresh()];
    }
    if dice.random_bool(NEW_CARD) {
        customer.cards.insert(0, numbers.fresh());
        customer.cards.truncate(2);
    }
    let dear = if dice.random_bool(DEAR) { dice.random_range(3.0..14.0) } else { 1.0 };
    let amount = customer.usual(dice) * dear;
    let mut draft = customer.draft(dice, amount, at);
    if dice.random_bool(BORROWED_DEVICE) {
        draft.device = draft.device.map(|_| numbers.fresh());
    }
    if dice.random_bool(PRESENT) {
        draft.address = numbers.fresh();
        if dice.random_bool(PRESENT_ABROAD) {
            draft.delivery = home(dice);
        }
    }
    queue.add(at, draft);
    if dice.random_bool(SECOND_THOUGHT) {
        let amount = customer.usual(dice);
        let draft = customer.draft(dice, amount, at);
        queue.add(at + waiting(dice, 8.0) * MINUTES, draft);
    }
}

/// Presents for everybody, one after the other, each to somebody else.
fn presents(customer: &Customer, at: f64, dice: &mut Dice, numbers: &mut Numbers, queue: &mut Queue) {
    let mut at = at;
    let device = customer.devices.first().copied().filter(|_| customer.names_device);
    for _ in 0..dice.random_range(2..=6) {
        at += dice.random_range(15.0..400.0) * SECONDS;
        let amount = customer.usual(dice);
        let mut draft = customer.draft(dice, amount, at);
        (draft.device, draft.address) = (device, numbers.fresh());
        queue.add(at, draft);
    }
}

/// Several small charges within minutes, and no large one behind them.
fn top_ups(customer: &Customer, at: f64, dice: &mut Dice, queue: &mut Queue) {
    let mut at = at;
    for _ in 0..dice.random_range(2..=5) {
        at += dice.random_range(20.0..200.0) * SECONDS;
        let amount = dice.random_range(200.0..1_000.0);
        let draft = customer.draft(dice, amount, at);
        queue.add(at, draft);
    }
}

/// People of whom nothing is known, who order once or come back within days: guests, and customers who were not here for
/// long.
pub fn strangers(customers: usize, day: f64, dice: &mut Dice, numbers: &mut Numbers, queue: &mut Queue) {
    for _ in 0..how_many(dice, customers as f64 * STRANGERS) {
        let mut stranger = Customer::new(dice, numbers, 1.0, None);
        let has_account = dice.random_bool(OLD_ACCOUNT);
        stranger.since = if has_account { day - dice.random_range(LONG_AGO) } else { day };
        let mut at = day + dice.random_range(0.0..1.0);
        for _ in 0..=how_many(dice, 0.3) {
            let amount = around(dice, stranger.amount, stranger.spread);
            let mut draft = stranger.draft(dice, amount, at);
            if !has_account {
                draft.who = Who::Guest(stranger.number);
            }
            if dice.random_bool(0.05) {
                (draft.address, draft.delivery) = (numbers.fresh(), home(dice));
            }
            if dice.random_bool(0.3) {
                draft.ip = Some(carrier_address(dice, draft.caller));
            }
            queue.add(at, draft);
            at += waiting(dice, 0.5);
        }
    }
}
