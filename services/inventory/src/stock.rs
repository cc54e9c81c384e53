//! Stock and reservations in Redis. What contends is decided inside the scripts of `stock/`, one call a batch.

use std::sync::LazyLock;

use jiff::Timestamp;
use orderflow::{
    events::ShortLine,
    fault::Fault,
    faults::{Plant, planted},
    state::{Args, EffectScript, State},
};
use redis::FromRedisValue;
use uuid::Uuid;

use crate::domain::{Ending, Level, Refusal, Wanted, short_line};

macro_rules! script {
    ($file:literal) => {
        LazyLock::new(|| EffectScript::new(concat!(include_str!("stock/shelf.lua"), include_str!($file))))
    };
}
static RESERVE: LazyLock<EffectScript> = script!("stock/reserve.lua");
static SETTLE: LazyLock<EffectScript> = LazyLock::new(|| {
    let script = concat!(include_str!("stock/shelf.lua"), include_str!("stock/settle.lua"));
    if planted(Plant::ReleaseTwice) {
        let forgetful =
            FORGOTTEN.iter().fold(script.to_owned(), |script, (what, by)| script.replace(what, by));
        return EffectScript::new(&forgetful);
    }
    EffectScript::new(script)
});
/// What of it [`Plant::ReleaseTwice`] forgets: that the order has ended, and that nothing is set aside then.
const FORGOTTEN: [(&str, &str); 2] = [("known[1] == 'reserved'", "true"), (", 'lines', '0'", "")];
static ADJUST: LazyLock<EffectScript> = script!("stock/adjust.lua");
pub(crate) static RESTORE: LazyLock<EffectScript> = script!("stock/restore.lua");
pub(crate) static STAGE: LazyLock<EffectScript> =
    LazyLock::new(|| EffectScript::new(include_str!("stock/stage.lua")));
pub(crate) static APPLY: LazyLock<EffectScript> = script!("stock/apply.lua");
pub(crate) static OPEN: LazyLock<EffectScript> = script!("stock/open.lua");

/// How long a settled order and the answer to an adjustment are kept, in seconds: 35 days, longer than a dead letter
/// can wait for its redrive. Stock has no end, nor has a reservation while its units count as reserved.
pub(crate) const KEPT: i64 = 35 * 24 * 60 * 60;

/// Asks for all lines of an order.
#[derive(Debug, Clone)]
pub struct Reservation {
    /// The order.
    pub order_id: Uuid,
    /// What it wants, each SKU once.
    pub lines: Vec<Wanted>,
}

/// What became of a [`Reservation`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Verdict {
    /// All lines are set aside.
    Reserved { reserved_at: Timestamp, valid_until: Timestamp },
    /// Nothing is.
    Short { short: Vec<ShortLine>, refused_at: Timestamp },
}

impl Verdict {
    /// When it was decided.
    #[must_use]
    pub fn at(&self) -> Timestamp {
        match self {
            Self::Reserved { reserved_at: at, .. } | Self::Short { refused_at: at, .. } => *at,
        }
    }
}

/// Asks to end the reservation of an order.
#[derive(Debug, Clone, Copy)]
pub struct Settlement {
    /// The order.
    pub order_id: Uuid,
    /// The id of the event that asks.
    pub cause: Uuid,
}

/// Asks to change what is on the shelf.
#[derive(Debug, Clone)]
pub struct Adjustment {
    /// The id of the event that asks.
    pub cause: Uuid,
    /// The SKU.
    pub sku: String,
    /// Units to add or take away.
    pub delta: i64,
}

/// What became of an [`Adjustment`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Adjusted {
    /// Why nothing changed, if so.
    pub refused: Option<Refusal>,
    /// The level after it.
    pub level: Level,
    /// When it was answered.
    pub at: Timestamp,
}

/// Stock and reservations. Clones share one state.
#[derive(Clone)]
pub struct Stock {
    state: State,
}

impl Stock {
    /// The stock in this state.
    #[must_use]
    pub fn new(state: State) -> Self {
        Self { state }
    }

    /// Sets all lines of each order aside, or none; an order id decided before gets its first verdict.
    ///
    /// # Errors
    /// As [`State::call`].
    pub async fn reserve(
        &self,
        asked: Vec<Result<Reservation, Fault>>,
        now: Timestamp,
        valid_until: Timestamp,
    ) -> Result<Vec<Result<Verdict, Fault>>, Fault> {
        let push = |args: &mut Args, asked: &Reservation| {
            args.push(asked.order_id.to_string())
                .push(now.as_microsecond())
                .push(valid_until.as_microsecond());
            push_lines(args, &asked.lines);
        };
        self.ask(&RESERVE, asked, push, verdict).await
    }

    /// Ends the reservation of each order, and says when; `None` where the event that asks has ended nothing.
    ///
    /// # Errors
    /// As [`State::call`].
    pub async fn settle(
        &self,
        ending: Ending,
        asked: impl Iterator<Item = Settlement>,
        now: Timestamp,
    ) -> Result<Vec<Option<Timestamp>>, Fault> {
        let asked: Vec<Settlement> = asked.collect();
        let mut args = Args::new();
        args.push(KEPT).push(match ending {
            Ending::Released => "released",
            Ending::Shipped => "shipped",
        });
        args.push(asked.len());
        for Settlement { order_id, cause } in &asked {
            args.push(order_id.to_string()).push(cause.to_string()).push(now.as_microsecond());
        }
        let answers: Vec<String> = self.state.call(&SETTLE, args).await?;
        answers.iter().map(|at| if at.is_empty() { Ok(None) } else { time(at).map(Some) }).collect()
    }

    /// Changes what is on the shelf, or refuses to; an event answered before gets its first answer.
    ///
    /// # Errors
    /// As [`State::call`].
    pub async fn adjust(
        &self,
        asked: Vec<Result<Adjustment, Fault>>,
        now: Timestamp,
    ) -> Result<Vec<Result<Adjusted, Fault>>, Fault> {
        let push = |args: &mut Args, Adjustment { cause, sku, delta }: &Adjustment| {
            args.push(cause.to_string()).push(sku).push(*delta).push(now.as_microsecond());
        };
        self.ask(&ADJUST, asked, push, adjusted).await
    }

    /// Runs a script for the records that are in order, in one call; the others keep their fault.
    async fn ask<A, T: FromRedisValue, B>(
        &self,
        script: &EffectScript,
        asked: Vec<Result<A, Fault>>,
        push: impl Fn(&mut Args, &A) + Send,
        read: impl Fn(T) -> Result<B, Fault> + Send,
    ) -> Result<Vec<Result<B, Fault>>, Fault> {
        let count = asked.iter().flatten().count();
        let mut args = Args::new();
        args.push(KEPT).push(count);
        asked.iter().flatten().for_each(|one| push(&mut args, one));
        let answers: Vec<T> = if count == 0 { Vec::new() } else { self.state.call(script, args).await? };
        let mut answers = answers.into_iter();
        let mut next =
            || answers.next().ok_or_else(|| unreadable("a script answered fewer records than it was asked"));
        Ok(asked.into_iter().map(|one| one.and_then(|_| next()).and_then(&read)).collect())
    }
}

/// SKUs with units, as the scripts take them.
pub(crate) fn push_lines(args: &mut Args, lines: &[Wanted]) {
    args.push(lines.len());
    for Wanted { sku, units } in lines {
        args.push(sku).push(*units);
    }
}

fn verdict((at, valid_until, short): (String, String, Vec<(String, i64, i64)>)) -> Result<Verdict, Fault> {
    let at = time(&at)?;
    if valid_until.is_empty() {
        let short = short.into_iter().map(|(sku, units, available)| short_line(sku, units, available));
        Ok(Verdict::Short { short: short.collect(), refused_at: at })
    } else {
        Ok(Verdict::Reserved { reserved_at: at, valid_until: time(&valid_until)? })
    }
}

fn adjusted((refused, on_hand, reserved, at): (String, i64, i64, String)) -> Result<Adjusted, Fault> {
    let refused = match refused.as_str() {
        "" => None,
        "below_reserved" => Some(Refusal::BelowReserved),
        "overflow" => Some(Refusal::Overflow),
        other => return Err(unreadable(&format!("`{other}` is not a reason"))),
    };
    Ok(Adjusted { refused, level: Level { on_hand, reserved }, at: time(&at)? })
}

/// A stored time, in microseconds since 1970 UTC.
pub(crate) fn time(text: &str) -> Result<Timestamp, Fault> {
    let time = text.parse().ok().and_then(|us| Timestamp::from_microsecond(us).ok());
    time.ok_or_else(|| unreadable("a stored time is not one"))
}

fn unreadable(what: &str) -> Fault {
    Fault::fatal("state_unreadable", format!("the stock in Redis is not as this version writes it: {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_planted_bug_forgets_stands_in_the_script_once() {
        let script = concat!(include_str!("stock/shelf.lua"), include_str!("stock/settle.lua"));
        for (what, _) in FORGOTTEN {
            assert_eq!(script.matches(what).count(), 1, "{what}");
        }
    }
}
