//! The lines of waiting records in Redis: which record blocks a key, who waits behind it, and which lines are to be
//! drained. Each call is one script for the whole batch.
//!
//! | key, below the generation | holds |
//! |---|---|
//! | `block:<key>` | hash: `blocker`, the event id that blocks, empty once it is settled; `from`, the offset in `.waiting` from which on there may be records of this line |
//! | `waits:<key>` | set of event ids that wait |
//! | `blocked` | sorted set of blocked keys, by when they are forgotten |
//! | `drains:<partition>` | set of keys whose line can move; the holder of that partition of `.retry` drains them |
//! | `settled:<event id>` | that a record which had been given up, or had waited, is answered |

use std::{sync::LazyLock, time::Duration};

use jiff::Timestamp;
use uuid::Uuid;

use crate::{
    fault::Fault,
    state::{Args, EffectScript, State},
};

/// How long a line is kept: longer than the topics keep its records.
const LIFE: Duration = Duration::from_secs(35 * 86_400);
/// Lines taken up at once: bounds what is read into memory.
const PICK: usize = 50;

macro_rules! script {
    ($name:ident, $file:literal) => {
        static $name: LazyLock<EffectScript> = LazyLock::new(|| EffectScript::new(include_str!($file)));
    };
}
script!(CHECK, "check.lua");
script!(APPLY, "apply.lua");
script!(FINISH, "finish.lua");
script!(PICK_LINES, "pick.lua");
script!(EXTENT, "extent.lua");
script!(RESTORE, "restore.lua");

/// How a record stands to the line of its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Nothing blocks its key.
    Free,
    /// It is the one that blocks.
    Blocker,
    /// Another blocks: it waits.
    Behind,
    /// It was given up once, and has been answered since.
    Done,
}

/// A record whose standing is asked for.
#[derive(Debug)]
pub(crate) struct Asked<'a> {
    /// Its key; empty when there is no order to keep.
    pub key: &'a [u8],
    /// Its event id.
    pub id: Uuid,
    /// The key's partition of `.retry`.
    pub partition: i32,
    /// Whether it is there to be handled again.
    pub again: bool,
}

/// What becomes of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    /// This record is given up: it blocks its key.
    Block,
    /// This record waits.
    Wait,
    /// The record that may block is answered.
    Settle,
    /// This waiting record is given up, and blocks from now on.
    Bury,
}

/// A change to the line of a key by one record.
#[derive(Debug)]
pub(crate) struct Move<'a> {
    pub change: Change,
    pub key: &'a [u8],
    pub id: Uuid,
    /// The key's partition of `.retry`.
    pub partition: i32,
    /// An offset of `.waiting` before which there is no record of this line.
    pub from: i64,
}

/// What a change has led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Noted {
    /// As asked.
    Yes,
    /// It waits: also a record that was to block, since another was quicker.
    Waits,
    /// There is no place: so many wait or are blocked already.
    Full,
}

/// What the journal says of a line.
#[derive(Debug)]
pub(crate) struct Ended {
    pub key: Vec<u8>,
    pub partition: i32,
    /// Records that are answered.
    pub settled: Vec<Uuid>,
    /// The record it has stopped behind again, since that was given up.
    pub stopped: Option<Uuid>,
}

/// A line that can move.
#[derive(Debug)]
pub(crate) struct Picked {
    pub key: Vec<u8>,
    pub partition: i32,
    /// The record that blocks; none once it is settled.
    pub blocker: Option<Uuid>,
    /// Where to read `.waiting` from.
    pub from: i64,
}

/// A line as the journal has it.
#[derive(Debug)]
pub(crate) struct Restored {
    pub line: Picked,
    pub waits: Vec<Uuid>,
}

/// How long lines may grow, and how many there may be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Waiting records of one key.
    pub waiting: u32,
    /// Blocked keys.
    pub blocked: u32,
}

/// The lines of one service.
#[derive(Clone)]
pub(crate) struct Lines {
    pub state: State,
    pub limits: Limits,
}

impl Lines {
    /// How each record stands, in their order.
    pub async fn check(&self, asked: &[Asked<'_>]) -> Result<Vec<Standing>, Fault> {
        let mut args = Args::new();
        args.push(asked.len());
        for record in asked {
            args.push(record.key).push(record.id.to_string());
            args.push(record.partition).push(u8::from(record.again));
        }
        let answers: Vec<String> = self.state.call(&CHECK, args).await?;
        let standing = |answer: &String| match answer.as_str() {
            "blocker" => Standing::Blocker,
            "behind" => Standing::Behind,
            "done" => Standing::Done,
            _ => Standing::Free,
        };
        Ok(answers.iter().map(standing).collect())
    }

    /// Notes what a batch is about to do, before it is produced. Void when the batch is taken back.
    pub async fn apply(&self, moves: &[Move<'_>], now: Timestamp) -> Result<Vec<Noted>, Fault> {
        let mut args = Args::new();
        args.push(LIFE.as_secs()).push(now.as_second());
        args.push(self.limits.waiting).push(self.limits.blocked).push(moves.len());
        for one in moves {
            let what = match one.change {
                Change::Block => "block",
                Change::Wait => "wait",
                Change::Settle => "settle",
                Change::Bury => "bury",
            };
            args.push(what).push(one.key).push(one.id.to_string()).push(one.partition).push(one.from);
        }
        let answers: Vec<String> = self.state.call(&APPLY, args).await?;
        let noted = |answer: &String| match answer.as_str() {
            "waits" => Noted::Waits,
            "full" => Noted::Full,
            _ => Noted::Yes,
        };
        Ok(answers.iter().map(noted).collect())
    }

    /// Takes in what is in the journal for certain; returns how many still wait, per line.
    pub async fn finish(&self, ended: &[Ended]) -> Result<Vec<u64>, Fault> {
        let mut args = Args::new();
        args.push(LIFE.as_secs()).push(ended.len());
        for line in ended {
            let stopped = line.stopped.map(|id| id.to_string()).unwrap_or_default();
            args.push(line.key.as_slice()).push(line.partition).push(stopped);
            push_ids(&mut args, &line.settled);
        }
        self.state.call(&FINISH, args).await
    }

    /// Lines that can move, on these partitions.
    pub async fn pick(&self, partitions: &[i32]) -> Result<Vec<Picked>, Fault> {
        let mut args = Args::new();
        args.push((PICK / partitions.len().max(1)).max(1));
        push_partitions(&mut args, partitions);
        let picked: Vec<(Vec<u8>, i32, String, i64)> = self.state.call(&PICK_LINES, args).await?;
        let line = |(key, partition, blocker, from): (_, _, String, _)| Picked {
            key,
            partition,
            blocker: Uuid::parse_str(&blocker).ok(),
            from,
        };
        Ok(picked.into_iter().map(line).collect())
    }

    /// How many keys are blocked, and how many lines can move on these partitions.
    pub async fn extent(&self, partitions: &[i32], now: Timestamp) -> Result<(u64, u64), Fault> {
        let mut args = Args::new();
        args.push(now.as_second());
        push_partitions(&mut args, partitions);
        self.state.call(&EXTENT, args).await
    }

    /// Makes lines again, and remembers which letters are settled.
    pub async fn restore(&self, settled: &[Uuid], lines: &[Restored], now: Timestamp) -> Result<(), Fault> {
        let mut args = Args::new();
        args.push(LIFE.as_secs()).push(now.as_second());
        push_ids(&mut args, settled);
        args.push(lines.len());
        for Restored { line, waits } in lines {
            let blocker = line.blocker.map(|id| id.to_string()).unwrap_or_default();
            args.push(line.key.as_slice()).push(line.partition).push(blocker).push(line.from);
            push_ids(&mut args, waits);
        }
        self.state.call::<redis::Value>(&RESTORE, args).await.map(drop)
    }
}

/// Their count, then each.
fn push_ids(args: &mut Args, ids: &[Uuid]) {
    args.push(ids.len());
    for id in ids {
        args.push(id.to_string());
    }
}

/// Their count, then each.
fn push_partitions(args: &mut Args, partitions: &[i32]) {
    args.push(partitions.len());
    for partition in partitions {
        args.push(*partition);
    }
}
