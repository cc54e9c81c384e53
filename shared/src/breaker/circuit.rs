//! When calls go through and when they do not: the breaker's rules, without I/O and without a clock of their own.

use std::{collections::VecDeque, fmt, time::Duration};

use jiff::Timestamp;

/// How long a call that meets a probe under way is told to wait.
const PROBE_WAIT: Duration = Duration::from_millis(100);

/// When a breaker opens and closes.
#[derive(Debug, Clone, Copy)]
pub struct Policy {
    /// How many of the last calls are looked at.
    pub window: usize,
    /// Opens when half of the calls in the window have failed, and at least this many.
    pub least: usize,
    /// Opens also when this many have failed in a row: a window full of old successes must not hide an outage. Below
    /// `RETRY_LIMIT`, so that an outage is known before a record is given up.
    pub in_a_row: usize,
    /// How long it stays open at first, and again after a probe that succeeded; twice as long after each that fails.
    pub first_wait: Duration,
    /// How long it stays open at most.
    pub longest_wait: Duration,
    /// How many probes must succeed, one after the other, before it closes.
    pub probes: u32,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            window: 20,
            least: 5,
            in_a_row: 5,
            first_wait: Duration::from_secs(2),
            longest_wait: Duration::from_secs(30),
            probes: 2,
        }
    }
}

/// Where a breaker stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Calls go through.
    Closed,
    /// One call at a time goes through, to see whether the dependency is back.
    HalfOpen,
    /// No call goes through.
    Open,
}

impl State {
    /// As records and metrics write it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::HalfOpen => "half_open",
            Self::Open => "open",
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Allows one call; to be given back with what the call has shown.
#[derive(Debug)]
pub struct Pass {
    epoch: u64,
}

/// What a call has shown of the dependency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// It answers, whatever it says.
    Works,
    /// It does not.
    Fails,
    /// Nothing: nobody waited for the answer.
    Nothing,
}

/// The state machine of one breaker.
#[derive(Debug)]
pub struct Circuit {
    policy: Policy,
    phase: Phase,
    /// Counts the moves: a call that began before the last one says nothing about now.
    epoch: u64,
}

#[derive(Debug)]
enum Phase {
    /// Whether each of the last calls failed, the newest at the end.
    Closed {
        failed: VecDeque<bool>,
    },
    Open {
        since: Timestamp,
        wait: Duration,
    },
    HalfOpen {
        probing: bool,
        succeeded: u32,
        /// How long it was open.
        wait: Duration,
    },
}

impl Circuit {
    /// A closed one.
    #[must_use]
    pub fn new(policy: Policy) -> Self {
        Self { policy, phase: Phase::Closed { failed: VecDeque::new() }, epoch: 0 }
    }

    /// Where it stands. It leaves `Open` only when it is asked for a pass.
    #[must_use]
    pub fn state(&self) -> State {
        match self.phase {
            Phase::Closed { .. } => State::Closed,
            Phase::HalfOpen { .. } => State::HalfOpen,
            Phase::Open { .. } => State::Open,
        }
    }

    /// Asks for a pass for a call at `now`.
    ///
    /// # Errors
    /// How long to wait before asking again.
    pub fn admit(&mut self, now: Timestamp) -> Result<Pass, Duration> {
        if let Phase::Open { since, wait } = &mut self.phase {
            // A clock that was set back must not keep it open for longer than its wait.
            *since = (*since).min(now);
            let (remaining, wait) = (remaining(*since, *wait, now), *wait);
            if !remaining.is_zero() {
                return Err(remaining);
            }
            self.enter(Phase::HalfOpen { probing: false, succeeded: 0, wait });
        }
        match &mut self.phase {
            Phase::HalfOpen { probing: true, .. } => return Err(PROBE_WAIT),
            Phase::HalfOpen { probing, .. } => *probing = true,
            Phase::Closed { .. } | Phase::Open { .. } => {}
        }
        Ok(Pass { epoch: self.epoch })
    }

    /// Takes a pass back.
    pub fn settle(&mut self, pass: Pass, shown: Shown, now: Timestamp) {
        if pass.epoch != self.epoch {
            return;
        }
        let policy = self.policy;
        match (&mut self.phase, shown) {
            (Phase::Closed { failed }, Shown::Works | Shown::Fails) => {
                if failed.len() == policy.window {
                    failed.pop_front();
                }
                failed.push_back(shown == Shown::Fails);
                if trips(failed, policy) {
                    self.enter(Phase::Open { since: now, wait: policy.first_wait });
                }
            }
            (Phase::HalfOpen { wait, succeeded, .. }, Shown::Fails) => {
                // One that answers now and then is not worse than it was.
                let doubled = wait.saturating_mul(2).min(policy.longest_wait);
                let wait = if *succeeded > 0 { policy.first_wait } else { doubled };
                self.enter(Phase::Open { since: now, wait });
            }
            (Phase::HalfOpen { probing, succeeded, .. }, Shown::Works) => {
                (*probing, *succeeded) = (false, *succeeded + 1);
                if *succeeded >= policy.probes {
                    self.enter(Phase::Closed { failed: VecDeque::new() });
                }
            }
            (Phase::HalfOpen { probing, .. }, Shown::Nothing) => *probing = false,
            (Phase::Closed { .. }, Shown::Nothing) | (Phase::Open { .. }, _) => {}
        }
    }

    /// Begins anew, closed.
    pub fn reset(&mut self) {
        self.enter(Phase::Closed { failed: VecDeque::new() });
    }

    /// How long a call that has failed should wait, unless calls go through.
    #[must_use]
    pub fn pause(&self, now: Timestamp) -> Option<Duration> {
        match self.phase {
            Phase::Closed { .. } => None,
            Phase::HalfOpen { .. } => Some(PROBE_WAIT),
            Phase::Open { since, wait } => Some(remaining(since, wait, now)),
        }
    }

    fn enter(&mut self, phase: Phase) {
        self.phase = phase;
        self.epoch += 1;
    }
}

fn remaining(since: Timestamp, wait: Duration, now: Timestamp) -> Duration {
    let elapsed = now.duration_since(since);
    if elapsed.is_negative() { wait } else { wait.saturating_sub(elapsed.unsigned_abs()) }
}

fn trips(failed: &VecDeque<bool>, policy: Policy) -> bool {
    let failures = failed.iter().filter(|failed| **failed).count();
    let in_a_row = failed.iter().rev().take_while(|failed| **failed).count();
    in_a_row >= policy.in_a_row || (failures >= policy.least && failures * 2 >= failed.len())
}

#[cfg(test)]
#[path = "circuit_tests.rs"]
mod tests;
