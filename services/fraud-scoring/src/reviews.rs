//! Orders held for review, in Redis. The keys are listed in `README.md`; `held.rs` is the twin of the scripts.

use std::{sync::Arc, sync::LazyLock};

use jiff::Timestamp;
use orderflow::{
    events::{FraudDecision, Order},
    fault::Fault,
    state::{Args, EffectScript, State},
};
use serde::{Serialize, de::DeserializeOwned};
use uuid::Uuid;

use crate::{
    domain::{Closing, Ending, ReviewTimes},
    held::{Expired, Held, Past, Review},
    profiles::STORED,
};

macro_rules! script {
    ($file:literal) => {
        LazyLock::new(|| EffectScript::new(concat!(include_str!("held.lua"), include_str!($file))))
    };
}
static CLOSE: LazyLock<EffectScript> = script!("close.lua");
static DUE: LazyLock<EffectScript> = script!("due.lua");
static SETTLE: LazyLock<EffectScript> = script!("settle.lua");
static RESTORE: LazyLock<EffectScript> = script!("restore_held.lua");

/// Orders held for review.
#[derive(Clone)]
pub struct Reviews(State);

impl Reviews {
    /// Those in this state.
    #[must_use]
    pub fn new(state: State) -> Self {
        Self(state)
    }

    /// Closes each order that is held and open. Answers, one for each, with the order and its end where it is this event
    /// that has closed it, now or before: the first closing wins, and a repeat of it gets the same.
    ///
    /// # Errors
    /// As [`State::call`]; `Fatal` when a stored order is unreadable.
    pub async fn close(&self, closings: &[(Uuid, Closing)]) -> Result<Vec<Option<Review>>, Fault> {
        let mut args = Args::new();
        args.push(STORED).push(closings.len());
        for (order, closing) in closings {
            args.push(order.to_string());
            push_closing(closing, &mut args);
        }
        let answers: Vec<Option<Vec<String>>> = self.0.call(&CLOSE, args).await?;
        if answers.len() != closings.len() {
            let message = format!("a script answered {} of {} records", answers.len(), closings.len());
            return Err(Fault::fatal("redis_script", message));
        }
        answers.iter().map(|answer| answer.as_deref().map(read).transpose()).collect()
    }

    /// What is due at `now` in these partitions of `orders`, at most `limit`, oldest first: open reviews to remind of,
    /// and those closed by now because nobody has decided. The same again until it is settled.
    ///
    /// # Errors
    /// As [`Self::close`].
    pub async fn due(
        &self,
        now: Timestamp,
        partitions: &[i32],
        limit: usize,
        expired: &Expired,
    ) -> Result<Vec<Review>, Fault> {
        let mut args = Args::new();
        args.push(STORED).push(now.as_microsecond()).push(limit).push(expired.reject_above);
        args.push(expired.reviewer).push(expired.reason).push(partitions.len());
        for partition in partitions {
            args.push(*partition);
        }
        let answers: Vec<Vec<String>> = self.0.call(&DUE, args).await?;
        answers.iter().map(|answer| read(answer)).collect()
    }

    /// Takes note that what was due is committed; entries as [`Review::entry`] names them.
    ///
    /// # Errors
    /// As [`State::call`].
    pub async fn settled(&self, entries: &[String]) -> Result<(), Fault> {
        let mut args = Args::new();
        args.push(STORED).push(entries.len());
        for entry in entries {
            args.push(entry);
        }
        self.0.call(&SETTLE, args).await
    }

    /// Puts held orders back into a state under construction: what the log tells, in any order, each with its age in
    /// seconds.
    ///
    /// # Errors
    /// As [`State::call`].
    pub async fn restore(state: &State, past: &[(i64, Past)]) -> Result<(), Fault> {
        let mut args = Args::new();
        args.push(STORED).push(past.len());
        for (age, past) in past {
            let age = (*age).max(0);
            match past {
                Past::Held(held) => push_held(held, args.push("held").push(age))?,
                Past::Escalated(order) => {
                    args.push("escalated").push(age).push(order.to_string());
                }
                Past::Closed(order, closing) => {
                    push_closing(closing, args.push("closed").push(age).push(order.to_string()));
                }
            }
        }
        state.call(&RESTORE, args).await
    }
}

/// Appends a held order to a script's arguments, in the sequence of `read_held()` in `held.lua`.
///
/// # Errors
/// `Poison` when it cannot be written as JSON.
pub(crate) fn push_held(held: &Held, args: &mut Args) -> Result<(), Fault> {
    args.push(held.order.order_id.to_string())
        .push(held.cause.id.to_string())
        .push(held.partition)
        .push(held.decision.score)
        .push(held.times.escalate_at.as_microsecond())
        .push(held.times.review_by.as_microsecond())
        .push(to_text(&*held.order)?)
        .push(to_text(&held.decision)?)
        .push(to_text(&held.cause)?);
    Ok(())
}

fn push_closing(closing: &Closing, args: &mut Args) {
    args.push(closing.by.to_string())
        .push(closing.ending.name())
        .push(closing.at.as_microsecond())
        .push(&closing.reviewer)
        .push(&closing.reason);
}

/// Reads what `tell()` in `held.lua` says.
fn read(told: &[String]) -> Result<Review, Fault> {
    let [order, decision, cause, partition, escalate_at, review_by, closing @ ..] = told else {
        return Err(unreadable());
    };
    let held = Held {
        order: Arc::new(from_text::<Order>(order)?),
        decision: from_text::<FraudDecision>(decision)?,
        times: ReviewTimes { escalate_at: time(escalate_at)?, review_by: time(review_by)? },
        cause: from_text(cause)?,
        partition: from_text(partition)?,
    };
    let closing = match closing {
        [by, ..] if by.is_empty() => None,
        [by, ending, at, reviewer, reason] => Some(Closing {
            by: Uuid::parse_str(by).map_err(|error| unreadable().caused_by(error))?,
            ending: Ending::parse(ending).ok_or_else(unreadable)?,
            at: time(at)?,
            reviewer: reviewer.clone(),
            reason: reason.clone(),
        }),
        _ => return Err(unreadable()),
    };
    Ok(Review { held, closing })
}

fn time(us: &str) -> Result<Timestamp, Fault> {
    Timestamp::from_microsecond(from_text(us)?).map_err(|error| unreadable().caused_by(error))
}

fn to_text(value: &impl Serialize) -> Result<String, Fault> {
    serde_json::to_string(value).map_err(|error| {
        Fault::poison("decision_unwritable", "a held order cannot be stored").caused_by(error)
    })
}

fn from_text<T: DeserializeOwned>(text: &str) -> Result<T, Fault> {
    serde_json::from_str(text).map_err(|error| unreadable().caused_by(error))
}

fn unreadable() -> Fault {
    Fault::fatal("stored_review_unreadable", "a held order is stored in a shape this version does not know")
}
