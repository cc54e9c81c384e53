//! Claims on idempotency keys, in Redis: who handles a request, and what it was answered.
//!
//! A claim keeps the record's bytes *before* they are produced, so that a retry after a crash publishes the very same
//! record; once that is on the log the bytes go and the answer stays, for a day.

use std::{sync::LazyLock, time::Duration};

use jiff::Timestamp;
use orderflow::{
    fault::Fault,
    state::{Args, EffectScript, State},
};

static CLAIM: LazyLock<EffectScript> = LazyLock::new(|| EffectScript::new(include_str!("claim.lua")));
static DONE: LazyLock<EffectScript> = LazyLock::new(|| EffectScript::new(include_str!("claim_done.lua")));
static RELEASE: LazyLock<EffectScript> =
    LazyLock::new(|| EffectScript::new(include_str!("claim_release.lua")));

/// How long an attempt may take before another may take over: as long as the publisher tries.
pub const LEASE: Duration = Duration::from_secs(10);
/// How long a key is remembered.
pub const LIFE: Duration = Duration::from_secs(24 * 3600);

/// How long a key used at this time is still remembered.
pub fn remaining(used_at: Timestamp, now: Timestamp) -> Option<Duration> {
    let age = Duration::try_from(now.duration_since(used_at)).unwrap_or_default();
    LIFE.checked_sub(age).filter(|left| !left.is_zero())
}

/// Names one request under one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// See [`crate::idempotency::claim_name`].
    pub name: String,
    /// Tells a retry from another request.
    pub request_hash: String,
}

/// What an attempt would publish and answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The prepared record, as bytes.
    pub record: Vec<u8>,
    /// The JSON body of the answer.
    pub answer: Vec<u8>,
}

/// How a claim stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Held {
    /// Nobody has it: come with a candidate.
    Free,
    /// This attempt has it now, with its candidate.
    Mine,
    /// The key belongs to another request.
    Other,
    /// Another attempt has it, for at most so long.
    Busy(Duration),
    /// An earlier attempt ended without an answer; this one has it now and sends what that one kept.
    Retry(Candidate),
    /// Served: the answer.
    Done(Vec<u8>),
}

/// All claims of this service.
#[derive(Clone)]
pub struct Claims {
    state: State,
}

impl Claims {
    /// Claims in this state.
    pub fn new(state: State) -> Self {
        Self { state }
    }

    /// How the claim stands; takes it over when its attempt is dead.
    ///
    /// # Errors
    /// As [`State::call`].
    pub async fn look(&self, claim: &Claim, now: Timestamp) -> Result<Held, Fault> {
        self.attempt(claim, now, None).await
    }

    /// Takes the claim with this candidate, unless it is held.
    ///
    /// # Errors
    /// As [`State::call`].
    pub async fn take(&self, claim: &Claim, now: Timestamp, candidate: &Candidate) -> Result<Held, Fault> {
        self.attempt(claim, now, Some(candidate)).await
    }

    async fn attempt(
        &self,
        claim: &Claim,
        now: Timestamp,
        candidate: Option<&Candidate>,
    ) -> Result<Held, Fault> {
        let now = now.as_microsecond();
        let mut args = Args::new();
        args.push(&claim.name)
            .push(&claim.request_hash)
            .push(now)
            .push(now.saturating_add(LEASE.as_micros() as i64))
            .push(LIFE.as_millis() as i64)
            .push(i64::from(candidate.is_some()));
        if let Some(candidate) = candidate {
            args.push(&candidate.record).push(&candidate.answer);
        }
        held(self.state.call(&CLAIM, args).await?)
    }

    /// The record is on the log: from now on the claim answers [`Held::Done`].
    ///
    /// # Errors
    /// As [`State::call`].
    pub async fn done(&self, claim: &Claim, answer: &[u8]) -> Result<(), Fault> {
        mark_done(&self.state, &[Served { claim: claim.clone(), answer: answer.to_vec(), life: LIFE }]).await
    }

    /// The attempt has failed: the next one may begin at once.
    ///
    /// # Errors
    /// As [`State::call`].
    pub async fn release(&self, claim: &Claim) -> Result<(), Fault> {
        let mut args = Args::new();
        args.push(&claim.name).push(&claim.request_hash);
        self.state.call(&RELEASE, args).await
    }
}

/// A claim whose record is on the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Served {
    /// The claim.
    pub claim: Claim,
    /// The JSON body it was answered with.
    pub answer: Vec<u8>,
    /// How long it is still to be remembered.
    pub life: Duration,
}

/// Stores claims as done, in one call.
///
/// # Errors
/// As [`State::call`].
pub async fn mark_done(state: &State, served: &[Served]) -> Result<(), Fault> {
    let mut args = Args::new();
    args.push(served.len());
    for Served { claim, answer, life } in served {
        // PEXPIRE 0 would drop the key; a claim on its last millisecond may live one more.
        let life = i64::try_from(life.as_millis()).unwrap_or(i64::MAX).max(1);
        args.push(&claim.name).push(&claim.request_hash).push(answer).push(life);
    }
    state.call(&DONE, args).await
}

fn held(mut reply: Vec<Vec<u8>>) -> Result<Held, Fault> {
    let odd = || Fault::fatal("redis_script", "claim.lua has given an answer that nobody understands");
    reply.reverse();
    let mut next = || reply.pop().ok_or_else(odd);
    match next()?.as_slice() {
        b"free" => Ok(Held::Free),
        b"mine" => Ok(Held::Mine),
        b"other" => Ok(Held::Other),
        b"done" => Ok(Held::Done(next()?)),
        b"busy" => {
            let left = String::from_utf8(next()?).ok().and_then(|text| text.parse().ok()).ok_or_else(odd)?;
            Ok(Held::Busy(Duration::from_micros(left)))
        }
        b"retry" => Ok(Held::Retry(Candidate { record: next()?, answer: next()? })),
        _ => Err(odd()),
    }
}
