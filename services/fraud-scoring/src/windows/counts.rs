//! What is counted in a window: the twin of `look_at_own` and `look_at_shared` in `windows.lua`.

use std::collections::BTreeSet;

use super::{DAY, HOUR, SECOND, Seen};
use crate::{
    history::{History, Shared},
    sighting::Mark,
};

pub(super) fn own_history(seen: &[Seen], this: &Seen, small: i64) -> History {
    let within = |span: i64| seen.iter().filter(move |earlier| since(earlier, this) < span);
    let same_currency = |earlier: &&Seen| earlier.currency == this.currency;
    let small_within = |span: i64| count(within(span).filter(|earlier| earlier.amount <= small));
    let usual = || seen.iter().filter(same_currency);
    History {
        known: count(seen),
        same_currency: count(usual()),
        same_currency_total: usual().map(|earlier| earlier.amount).sum(),
        spread: spread(usual().map(|earlier| earlier.amount)),
        orders_60s: count(within(60 * SECOND)),
        orders_1h: count(within(HOUR)),
        orders_24h: count(within(DAY)),
        total_24h: within(DAY).filter(same_currency).map(|earlier| earlier.amount).sum(),
        largest_24h: within(DAY).filter(same_currency).map(|earlier| earlier.amount).max(),
        small_300s: small_within(300 * SECOND),
        small_1h: small_within(HOUR),
        other_cards_24h: others(within(DAY).map(|earlier| earlier.card), this.card),
        with_this_card: count(seen.iter().filter(|earlier| earlier.card == this.card)),
        with_device: count(seen.iter().filter(|earlier| earlier.device.is_some())),
        on_this_device: count(
            seen.iter().filter(|earlier| earlier.device.is_some() && earlier.device == this.device),
        ),
        to_this_address: count(seen.iter().filter(|earlier| earlier.address == this.address)),
        to_this_country: count(seen.iter().filter(|earlier| earlier.country == this.country)),
        near_this_hour: count(seen.iter().filter(|earlier| is_near_this_hour(since(earlier, this)))),
        since_last: seen.last().map(|newest| since(newest, this)),
        ..History::default()
    }
}

pub(super) fn shared_history(seen: &[Seen], this: &Seen, small: i64) -> Shared {
    let within = |span: i64| seen.iter().filter(move |earlier| since(earlier, this) < span);
    let small_within = |span: i64| count(within(span).filter(|earlier| earlier.amount <= small));
    Shared {
        orders_60s: count(within(60 * SECOND)),
        orders_1h: count(within(HOUR)),
        orders_24h: count(within(DAY)),
        small_300s: small_within(300 * SECOND),
        small_1h: small_within(HOUR),
        other_cards_24h: others(within(DAY).map(|earlier| earlier.card), this.card),
        others_7d: others(seen.iter().map(|earlier| earlier.customer), this.customer),
    }
}

fn since(earlier: &Seen, this: &Seen) -> i64 {
    this.placed - earlier.placed
}

/// How many there are, as histories count.
fn count<'a>(orders: impl IntoIterator<Item = &'a Seen>) -> i64 {
    orders.into_iter().map(|_| 1).sum()
}

/// How many different ones there are other than this.
fn others(marks: impl Iterator<Item = Mark>, this: Mark) -> i64 {
    marks.filter(|mark| *mark != this).collect::<BTreeSet<Mark>>().into_iter().map(|_| 1).sum()
}

/// Whether orders this far apart (microseconds, not negative) were placed within 3 h of the same time of day.
fn is_near_this_hour(since: i64) -> bool {
    let apart = since % DAY;
    apart.min(DAY - apart) <= 3 * HOUR
}

/// The standard deviation, rounded down. In the arithmetic of Lua, step by step, so that both say the same.
fn spread(amounts: impl Iterator<Item = i64>) -> i64 {
    let (mut count, mut total, mut squares) = (0.0, 0.0, 0.0);
    for amount in amounts.map(|amount| amount as f64) {
        count += 1.0;
        total += amount;
        squares += amount * amount;
    }
    if count == 0.0 {
        return 0;
    }
    let mean = total / count;
    (squares / count - mean * mean).max(0.0).sqrt().floor() as i64
}
