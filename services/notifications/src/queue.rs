//! What is to be told and what came of it, in Redis. `queue/queue.lua` says which key holds what.

#[cfg(test)]
mod tests;

use std::sync::LazyLock;

use jiff::Timestamp;
use orderflow::{
    envelope::Envelope,
    events::{NotificationDue, lane},
    fault::Fault,
    state::{Args, EffectScript, State},
    step::Received,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::verdict::Verdict;

/// Seconds: 7 days, longer than the retry schedule.
pub(crate) const LIFE: u32 = 7 * 24 * 3600;
/// Seconds for which a notification that comes again is known: far longer than a batch may be repeated after.
const MEMORY: u32 = 24 * 3600;

macro_rules! script {
    ($file:literal) => {
        LazyLock::new(|| {
            EffectScript::new(concat!(
                include_str!("queue/queue.lua"),
                include_str!(concat!("queue/", $file))
            ))
        })
    };
}

static PUT: LazyLock<EffectScript> = script!("put.lua");
static TAKE: LazyLock<EffectScript> = script!("take.lua");
static SETTLE: LazyLock<EffectScript> = script!("settle.lua");
static ENDED: LazyLock<EffectScript> = script!("ended.lua");
static TOLD: LazyLock<EffectScript> = script!("told.lua");
static RECALL: LazyLock<EffectScript> = script!("recall.lua");
static LOOK: LazyLock<EffectScript> = script!("look.lua");

/// The queues of all endpoints.
#[derive(Clone)]
pub struct Queue {
    state: State,
    limits: Limits,
}

/// What queues are like.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Most notifications that wait for an endpoint; beyond, it is disabled. 0: any number.
    pub waiting: u32,
    /// For how long the first of a queue waits for an earlier event that comes later, in microseconds.
    pub window: i64,
}

/// What is told, with the event that it is an answer to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Item {
    /// What is to be told.
    pub due: NotificationDue,
    /// Its envelope: the cause of what came of it.
    pub envelope: Envelope,
}

/// An item to be queued.
#[derive(Debug, Clone)]
pub struct Entry {
    /// What.
    pub item: Item,
    /// Where it stands on `notifications`: who holds that partition delivers it.
    pub partition: i32,
}

/// The first of a lane, taken by a deliverer.
#[derive(Debug, Clone)]
pub struct Job {
    /// Its lane.
    pub lane: String,
    /// The event that it is.
    pub due_id: String,
    /// What.
    pub item: Item,
    /// How many attempts have failed in a row.
    pub failed: u32,
}

/// How a notification ended.
#[derive(Debug)]
pub struct Ended {
    /// Names the end to [`Queue::told`].
    pub entry: String,
    /// What was to be told.
    pub item: Item,
    /// Why it was not; nothing when it was.
    pub reason: Option<String>,
    /// How many attempts that took.
    pub attempts: i32,
    /// The last HTTP status, or 0.
    pub status: i32,
    /// When.
    pub at: Timestamp,
    /// The revision of the subscription that is given up by it.
    pub disables: Option<i64>,
}

/// How a lane stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Standing {
    /// How many notifications wait.
    pub waiting: u64,
    /// How many attempts have failed in a row.
    pub failed_attempts: u32,
    /// When it is tried next.
    pub next_attempt_at: Option<Timestamp>,
}

/// What the log says of a lane.
#[derive(Debug, Clone)]
pub enum Said {
    /// What came of this due is told.
    Told(Uuid),
    /// This revision of the subscription was given up.
    Disabled(i64),
}

impl Entry {
    /// Of a record.
    #[must_use]
    pub fn of(received: &Received<NotificationDue>) -> Self {
        let (due, envelope) = (received.event.clone(), received.envelope.clone());
        Self { item: Item { due, envelope }, partition: received.origin.partition }
    }
}

impl Queue {
    /// Those in this service's Redis state.
    #[must_use]
    pub fn new(state: State, limits: Limits) -> Self {
        Self { state, limits }
    }

    /// Queues these, each once.
    ///
    /// # Errors
    /// Those of [`State::call`].
    pub async fn put(&self, entries: &[Entry], now: Timestamp) -> Result<(), Fault> {
        let now = now.as_microsecond();
        let mut args = Args::new();
        args.push(LIFE).push(MEMORY).push(now).push(now + self.limits.window);
        args.push(self.limits.waiting).push(entries.len());
        for Entry { item, partition } in entries {
            let due = &item.due;
            args.push(item.envelope.id.to_string())
                .push(lane(due.subscription_id, &due.channel, &due.order_id))
                .push(*partition)
                .push(&due.channel)
                .push(due.revision)
                .push(due.happened_at.as_microsecond())
                .push(text(item)?);
        }
        self.state.call(&PUT, args).await
    }

    /// Takes the first of each lane of this channel whose time has come, at most so many. Until `leased` nobody else gets
    /// them.
    ///
    /// # Errors
    /// Those of [`State::call`]; `Fatal` when an item was kept by a version of another shape.
    pub async fn take(
        &self,
        channel: &str,
        partitions: &[i32],
        limit: usize,
        token: &str,
        [now, leased]: [Timestamp; 2],
    ) -> Result<Vec<Job>, Fault> {
        let mut args = Args::new();
        args.push(now.as_microsecond()).push(leased.as_microsecond()).push(token).push(channel).push(limit);
        push_all(&mut args, partitions);
        let taken: Vec<(String, String, String, u32)> = self.state.call(&TAKE, args).await?;
        let job = |(lane, due_id, item, failed): (String, String, String, u32)| {
            Ok(Job { lane, due_id, item: read(&item)?, failed })
        };
        taken.into_iter().map(job).collect()
    }

    /// Keeps what came of an attempt. `false`: somebody else has the lane by now.
    ///
    /// # Errors
    /// Those of [`State::call`].
    pub async fn settle(
        &self,
        job: &Job,
        token: &str,
        verdict: &Verdict,
        now: Timestamp,
    ) -> Result<bool, Fault> {
        let mut args = Args::new();
        args.push(LIFE).push(now.as_microsecond()).push(&job.lane).push(&job.due_id).push(token);
        let (what, at, reason, status, disables) = match verdict {
            Verdict::Delivered { status } => ("ended", None, "", *status, None),
            Verdict::Failed { reason, status, disables } => ("ended", None, *reason, *status, *disables),
            Verdict::Later(at) => ("later", Some(at), "", 0, None),
            Verdict::Again(at) => ("again", Some(at), "", 0, None),
        };
        let disables = disables.map(|revision: i64| revision.to_string()).unwrap_or_default();
        args.push(what).push(at.map_or(0, |at| at.as_microsecond())).push(reason).push(status).push(disables);
        Ok(self.state.call::<u8>(&SETTLE, args).await? == 1)
    }

    /// Ends that are still to be told, in these partitions, oldest first; the same again until they are told.
    ///
    /// # Errors
    /// Those of [`State::call`]; `Fatal` when an item was kept by a version of another shape.
    pub async fn ended(&self, partitions: &[i32], limit: usize) -> Result<Vec<Ended>, Fault> {
        if partitions.is_empty() {
            return Ok(Vec::new());
        }
        let mut args = Args::new();
        args.push(limit);
        push_all(&mut args, partitions);
        let ended: Vec<[String; 8]> = self.state.call(&ENDED, args).await?;
        ended.into_iter().map(|answer| end(answer).ok_or_else(unreadable)).collect()
    }

    /// Forgets ends that are told.
    ///
    /// # Errors
    /// Those of [`State::call`].
    pub async fn told(&self, entries: &[String]) -> Result<(), Fault> {
        let mut args = Args::new();
        args.push(entries.len());
        for entry in entries {
            let (partition, due) = entry.split_once(' ').ok_or_else(unreadable)?;
            args.push(partition).push(due);
        }
        self.state.call(&TOLD, args).await
    }

    /// Takes in what the log says of lanes, each with the partition it stands in.
    ///
    /// # Errors
    /// Those of [`State::call`].
    pub async fn recall(&self, said: &[(String, i32, Said)], now: Timestamp) -> Result<(), Fault> {
        let mut args = Args::new();
        args.push(LIFE).push(MEMORY).push(now.as_microsecond()).push(said.len());
        for (lane, partition, said) in said {
            let (what, which) = match said {
                Said::Told(due) => ("told", due.to_string()),
                Said::Disabled(revision) => ("disabled", revision.to_string()),
            };
            args.push(what).push(lane).push(*partition).push(which);
        }
        self.state.call(&RECALL, args).await
    }

    /// How these lanes stand, in their order.
    ///
    /// # Errors
    /// Those of [`State::call`].
    pub async fn look(&self, lanes: &[String]) -> Result<Vec<Standing>, Fault> {
        let mut args = Args::new();
        args.push(lanes.len());
        for lane in lanes {
            args.push(lane);
        }
        let found: Vec<(u64, u32, String)> = self.state.call(&LOOK, args).await?;
        let standing = |(waiting, failed_attempts, next): (u64, u32, String)| Standing {
            waiting,
            failed_attempts,
            next_attempt_at: next.parse::<f64>().ok().and_then(micros),
        };
        Ok(found.into_iter().map(standing).collect())
    }
}

fn push_all(args: &mut Args, partitions: &[i32]) {
    args.push(partitions.len());
    for partition in partitions {
        args.push(*partition);
    }
}

#[allow(clippy::cast_possible_truncation)] // microseconds since 1970 are below 2^53
fn micros(score: f64) -> Option<Timestamp> {
    Timestamp::from_microsecond(score as i64).ok()
}

fn end([partition, due, item, reason, attempts, status, at, disables]: [String; 8]) -> Option<Ended> {
    Some(Ended {
        entry: format!("{partition} {due}"),
        item: serde_json::from_str(&item).ok()?,
        reason: (!reason.is_empty()).then_some(reason),
        attempts: attempts.parse().ok()?,
        status: status.parse().ok()?,
        at: Timestamp::from_microsecond(at.parse().ok()?).ok()?,
        disables: match disables.as_str() {
            "" => None,
            revision => Some(revision.parse().ok()?),
        },
    })
}

fn text(item: &Item) -> Result<String, Fault> {
    serde_json::to_string(item)
        .map_err(|error| Fault::poison("does_not_fit_schema", "an item cannot be kept").caused_by(error))
}

fn read(item: &str) -> Result<Item, Fault> {
    serde_json::from_str(item).map_err(|error| unreadable().caused_by(error))
}

fn unreadable() -> Fault {
    Fault::fatal("notification_unreadable", "what is to be told was kept by a version of another shape")
}
