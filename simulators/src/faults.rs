//! The fault switches, and how they are changed while running.

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

/// A share of requests, 0 (never) to 1 (always).
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Rate(f64);

impl Rate {
    /// Whether a draw from 0 to 1 falls to it.
    #[must_use]
    pub fn hits(self, draw: f64) -> bool {
        draw < self.0
    }
}

impl TryFrom<f64> for Rate {
    type Error = String;

    fn try_from(share: f64) -> Result<Self, String> {
        if (0.0..=1.0).contains(&share) {
            Ok(Self(share))
        } else {
            Err(format!("a rate is from 0 to 1, not {share}"))
        }
    }
}

impl From<Rate> for f64 {
    fn from(rate: Rate) -> Self {
        rate.0
    }
}

/// A time to wait, in milliseconds, at most ten minutes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u64", into = "u64")]
pub struct Millis(u64);

impl Millis {
    const MOST: u64 = 600_000;
}

impl TryFrom<u64> for Millis {
    type Error = String;

    fn try_from(millis: u64) -> Result<Self, String> {
        if millis <= Self::MOST {
            Ok(Self(millis))
        } else {
            Err(format!("a wait is at most {} ms, not {millis}", Self::MOST))
        }
    }
}

impl From<Millis> for u64 {
    fn from(millis: Millis) -> Self {
        millis.0
    }
}

/// Waits spread evenly from `min` to `max`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Bounds", into = "Bounds")]
pub struct Spread {
    min: Millis,
    max: Millis,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Bounds {
    min: Millis,
    max: Millis,
}

impl Spread {
    /// From `min` to `max` milliseconds.
    pub(crate) const fn new(min: u64, max: u64) -> Self {
        Self { min: Millis(min), max: Millis(max) }
    }

    /// The wait, in milliseconds, at a draw from 0 to 1.
    #[must_use]
    pub fn at(self, draw: f64) -> f64 {
        let (min, max) = (self.min.0 as f64, self.max.0 as f64);
        min + (max - min) * draw
    }
}

impl TryFrom<Bounds> for Spread {
    type Error = String;

    fn try_from(Bounds { min, max }: Bounds) -> Result<Self, String> {
        if min <= max { Ok(Self { min, max }) } else { Err("min is larger than max".into()) }
    }
}

impl From<Spread> for Bounds {
    fn from(Spread { min, max }: Spread) -> Self {
        Self { min, max }
    }
}

/// What both simulators can do wrong. All rates start at 0.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Faults {
    /// How long a request takes that a bank or a depot decides; others take a fifth of it.
    pub latency_ms: Spread,
    /// The share of requests that take `slow_ms` instead.
    pub slow_rate: Rate,
    /// How long a slow request takes.
    pub slow_ms: Spread,
    /// Answered 500 before anything is done.
    pub error_rate: Rate,
    /// Answered 429 before anything is done.
    pub throttle_rate: Rate,
    /// How long a withheld answer holds its connection, unless the caller gives up first.
    pub hold_ms: Millis,
    /// Forgets a known key, so that a repeat is done again. No honest gateway does this: it is
    /// here to show that whoever checks the ledger notices.
    pub forget_key_rate: Rate,
}

impl Default for Faults {
    fn default() -> Self {
        Self {
            latency_ms: Spread::new(5, 20),
            slow_rate: Rate(0.0),
            slow_ms: Spread::new(1_000, 3_000),
            error_rate: Rate(0.0),
            throttle_rate: Rate(0.0),
            hold_ms: Millis(30_000),
            forget_key_rate: Rate(0.0),
        }
    }
}

/// The switches of one simulator: the common ones and its own, as one flat JSON object.
pub trait FaultSettings: Clone + Default + Serialize + DeserializeOwned + Send + Sync + 'static {
    /// The common ones.
    fn common(&self) -> &Faults;

    /// The share of effects that are recorded and then not answered.
    fn withheld_rate(&self) -> Rate;

    /// The share of effects refused as a business outcome.
    fn decline_rate(&self) -> Rate {
        Rate::default()
    }

    /// The share of effects that a customer is asked about first.
    fn ask_rate(&self) -> Rate {
        Rate::default()
    }

    /// The share of effects that are made for another amount than was asked for.
    fn wrong_amount_rate(&self) -> Rate {
        Rate::default()
    }
}

/// A setting that was not accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadSetting {
    /// Its name.
    pub field: String,
    /// What is wrong with it.
    pub message: String,
}

/// The settings with these fields changed.
///
/// # Errors
/// Every field that is unknown or does not fit; then nothing is changed.
pub fn changed<T: FaultSettings>(settings: &T, changes: &Map<String, Value>) -> Result<T, Vec<BadSetting>> {
    let mut all = fields(settings);
    let mut accepted = settings.clone();
    let mut bad = Vec::new();
    // One by one, so that a mistake is reported with its field.
    for (field, value) in changes {
        let attempt = match all.insert(field.clone(), value.clone()) {
            None => Err("there is no such setting".to_owned()),
            Some(_) => serde_json::from_value(Value::Object(all.clone())).map_err(|error| error.to_string()),
        };
        match attempt {
            Ok(next) => accepted = next,
            Err(message) => {
                bad.push(BadSetting { field: field.clone(), message });
                all = fields(&accepted);
            }
        }
    }
    if bad.is_empty() { Ok(accepted) } else { Err(bad) }
}

fn fields<T: FaultSettings>(settings: &T) -> Map<String, Value> {
    match serde_json::to_value(settings) {
        Ok(Value::Object(fields)) => fields,
        _ => Map::new(),
    }
}
