//! Where each order's label stands: one short text per order in Redis.
//!
//! | key | holds |
//! |---|---|
//! | `label:<order id>` | `labelling`, or the [`Outcome`] as JSON |

use std::sync::LazyLock;

use orderflow::{
    fault::Fault,
    state::{Args, EffectScript, State},
};
use uuid::Uuid;

use crate::domain::{Outcome, Phase};

/// Seconds: 35 days, longer than a record waits for a redrive (30 days).
pub(crate) const LIFE: u32 = 35 * 24 * 3600;

const LABELLING: &str = "labelling";

static BEGIN: LazyLock<EffectScript> = LazyLock::new(|| EffectScript::new(include_str!("begin.lua")));
static SETTLE: LazyLock<EffectScript> = LazyLock::new(|| EffectScript::new(include_str!("settle.lua")));

/// The states of all orders' labels.
#[derive(Clone)]
pub struct States(State);

impl States {
    /// Those in this service's Redis state.
    #[must_use]
    pub fn new(state: State) -> Self {
        Self(state)
    }

    /// Begins the label of each order that has none yet, and answers where each stands, in their order.
    ///
    /// # Errors
    /// Those of [`State::call`]; `Fatal` when a state is not one of ours.
    pub async fn begin(&self, orders: impl ExactSizeIterator<Item = Uuid>) -> Result<Vec<Phase>, Fault> {
        let mut args = Args::new();
        args.push(LIFE).push(orders.len());
        for order in orders {
            args.push(order.to_string());
        }
        let phases: Vec<String> = self.0.call(&BEGIN, args).await?;
        phases.iter().map(|text| read(text)).collect()
    }

    /// Keeps how labels ended, and answers the outcomes that hold, in their order: the first of each order.
    ///
    /// # Errors
    /// As [`Self::begin`].
    pub async fn settle(&self, outcomes: &[(Uuid, Outcome)]) -> Result<Vec<Outcome>, Fault> {
        if outcomes.is_empty() {
            return Ok(Vec::new());
        }
        let mut args = Args::new();
        args.push(LIFE).push(outcomes.len());
        for (order, outcome) in outcomes {
            args.push(order.to_string()).push(write(outcome)?);
        }
        let held: Vec<String> = self.0.call(&SETTLE, args).await?;
        let settled = held.iter().map(|text| match read(text)? {
            Phase::Settled(outcome) => Ok(outcome),
            Phase::Labelling => Err(unknown()),
        });
        settled.collect()
    }
}

fn write(outcome: &Outcome) -> Result<String, Fault> {
    serde_json::to_string(outcome).map_err(|error| unknown().caused_by(error))
}

fn read(text: &str) -> Result<Phase, Fault> {
    match text {
        LABELLING => Ok(Phase::Labelling),
        _ => serde_json::from_str(text).map(Phase::Settled).map_err(|error| unknown().caused_by(error)),
    }
}

/// What Redis holds is not what this version writes.
pub(crate) fn unknown() -> Fault {
    let message =
        "Redis holds a shipping state that this version does not know: run the version that wrote it";
    Fault::fatal("unknown_shipping_state", message)
}
