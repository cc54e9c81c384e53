//! What went wrong with a record, and what becomes of it.
//!
//! A refused order is an event; a fault is a broken message or a broken world. Every fault states its consequence
//! and carries a stable code, which names the metric label, the dead letter's header and a paragraph in
//! `docs/errors.md`.

use std::{error::Error, fmt, time::Duration};

/// What becomes of a record that could not be handled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Consequence {
    /// Try again later: the record holds its partition until it is settled.
    Transient,
    /// It will never work: dead-letter the record at once.
    Poison,
    /// Nothing will work: stop the service with a non-zero exit.
    Fatal,
    /// The state is behind the log: do nothing, rebuild it, then go on.
    Lost,
}

/// A fault: its consequence, its stable code and what to tell people.
#[derive(Debug)]
pub struct Fault {
    consequence: Consequence,
    code: &'static str,
    message: String,
    source: Option<Box<dyn Error + Send + Sync>>,
    pause: Option<Duration>,
}

impl Fault {
    /// A fault that passes: an outage, a timeout, a busy neighbour.
    pub fn transient(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Consequence::Transient, code, message)
    }

    /// A record that can never be handled.
    pub fn poison(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Consequence::Poison, code, message)
    }

    /// A service that must not go on.
    pub fn fatal(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Consequence::Fatal, code, message)
    }

    /// State that knows less than it was told.
    pub fn lost(message: impl Into<String>) -> Self {
        Self::new(Consequence::Lost, "state_lost", message)
    }

    fn new(consequence: Consequence, code: &'static str, message: impl Into<String>) -> Self {
        Self { consequence, code, message: message.into(), source: None, pause: None }
    }

    /// The same fault with the error behind it.
    #[must_use]
    pub fn caused_by(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// The same fault, laid to a dependency that is known to be down: it counts no attempt of the record, which never
    /// becomes a dead letter by it, and is tried again after `wait`.
    #[must_use]
    pub fn excused(mut self, wait: Duration) -> Self {
        self.pause = Some(wait);
        self
    }

    /// How long to wait before the next attempt, when this one does not count; `None` when it counts.
    #[must_use]
    pub fn pause(&self) -> Option<Duration> {
        self.pause
    }

    /// What becomes of the record.
    #[must_use]
    pub fn consequence(&self) -> Consequence {
        self.consequence
    }

    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.code
    }

    /// The same fault for another record of its batch; the error behind it stays with the first.
    #[must_use]
    pub fn again(&self) -> Self {
        Self { pause: self.pause, ..Self::new(self.consequence, self.code, self.to_string()) }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        let mut source = self.source();
        while let Some(error) = source {
            write!(f, ": {error}")?;
            source = error.source();
        }
        Ok(())
    }
}

impl Error for Fault {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_ref().map(|source| source.as_ref() as &(dyn Error + 'static))
    }
}

impl From<redis::RedisError> for Fault {
    /// Redis answers `LOST` from an effect script that found less than it was told (see [`crate::state`]); a script
    /// that fails otherwise is our own mistake; everything else is an outage.
    fn from(error: redis::RedisError) -> Self {
        match error.code() {
            Some("LOST") => Self::lost(error.detail().unwrap_or("state is behind the log").to_owned()),
            Some("ERR" | "WRONGTYPE" | "NOSCRIPT") => {
                Self::fatal("redis_script", "a Redis script failed").caused_by(error)
            }
            _ => Self::transient("redis_unavailable", "Redis does not answer").caused_by(error),
        }
    }
}
