//! Has a group handle dead letters again.

use std::time::Duration;

use anyhow::{Context, Result};
use orderflow::{runtime::original, topics::GroupTopics};
use rdkafka::{
    Message,
    message::{Header, OwnedHeaders},
};

use super::{By, audit::Audit, park::park, post::Post};
use crate::{Access, Letter, Standing};

/// How often a record may come back, unless said otherwise.
pub const RETURNS: u32 = 5;

/// How many letters are taken, how quickly, and how often each may come back.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// Letters a second; none: as quickly as the broker takes them.
    pub rate: Option<f64>,
    /// At most so many, the oldest.
    pub max: Option<usize>,
    /// A letter that has come back so often is parked instead.
    pub returns: u32,
}

/// What is done about a letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Done {
    /// Its group handles it again.
    Redriven,
    /// It has come back too often, and is parked now.
    Parked,
    /// It has come back too often, and was parked already.
    LeftParked,
}

impl Done {
    /// Its name in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Redriven => "redriven",
            Self::Parked => "parked",
            Self::LeftParked => "left_parked",
        }
    }

    fn of(letter: &Letter, pace: Pace) -> Self {
        match (&letter.standing, letter.returns < pace.returns) {
            (_, true) => Self::Redriven,
            (Standing::Parked(_), false) => Self::LeftParked,
            (_, false) => Self::Parked,
        }
    }
}

/// Writes key, bytes and original headers of these letters to `<group>.retry`, oldest first: what is given up once more
/// keeps its place in the order of its key. What has been dealt with is left out. A dry run only says what would be done.
///
/// # Errors
/// When Kafka or the registry does not answer: those before are redriven, and a repeat leaves out what was answered.
pub async fn redrive(
    access: &Access,
    group: &str,
    mut letters: Vec<Letter>,
    pace: Pace,
    by: &By,
    dry_run: bool,
) -> Result<Vec<(Letter, Done)>> {
    letters.retain(|letter| !letter.standing.is_over());
    letters.truncate(pace.max.unwrap_or(usize::MAX));
    let with_done = |letter: Letter| {
        let done = Done::of(&letter, pace);
        (letter, done)
    };
    let wanted: Vec<(Letter, Done)> = letters.into_iter().map(with_done).collect();
    if dry_run || wanted.is_empty() {
        return Ok(wanted);
    }
    let retry = GroupTopics::of(group).context("there is no such group")?.retry;
    let (post, audit) = (Post::to(retry, access)?, Audit::open(access).await?);
    let mut done = Vec::with_capacity(wanted.len());
    for (index, (letter, what)) in wanted.into_iter().enumerate() {
        if let Some(rate) = pace.rate.filter(|_| index > 0) {
            tokio::time::sleep(Duration::from_secs_f64(1.0 / rate)).await;
        }
        let letter = match what {
            Done::Redriven => {
                let returns = letter.returns.saturating_add(1);
                audit.redriven(&letter, returns, by).await?;
                post.send(&letter, once_more(letter.raw.headers(), returns), None).await?;
                letter
            }
            Done::Parked => give_up(access, group, letter, by).await?,
            Done::LeftParked => letter,
        };
        done.push((letter, what));
    }
    Ok(done)
}

/// The headers of a letter on its way back.
pub(super) fn once_more(headers: Option<&OwnedHeaders>, returns: u32) -> OwnedHeaders {
    let count = Header { key: original::RETURNS, value: Some(&returns.to_be_bytes()) };
    original::for_retry(headers).insert(count)
}

async fn give_up(access: &Access, group: &str, letter: Letter, by: &By) -> Result<Letter> {
    let reason = format!("has come back {} times; last: {}", letter.returns, by.reason);
    let by = By { reason, ..by.clone() };
    park(access, group, vec![letter], &by).await?.pop().context("it has been dealt with meanwhile")
}
