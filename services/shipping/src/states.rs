//! Where each order stands, in Redis: one hash per order.
//!
//! | key | field | holds |
//! |---|---|---|
//! | `order:<order id>` | `phase` | `cancelling`, `labelling`, `labelled`, `failed` or `cancelled` |
//! | | `outcome` | the [`Outcome`] as JSON, once it has ended |
//! | | `rejection` | how a cancel was rejected: `<event id> <µs> <reason>` |

use std::sync::LazyLock;

use jiff::Timestamp;
use orderflow::{
    fault::Fault,
    state::{Args, EffectScript, State},
};
use uuid::Uuid;

use crate::standing::{Outcome, Phase, Rejection, Said};

/// Seconds: 35 days, longer than a record waits for a redrive (30 days).
pub(crate) const LIFE: u32 = 35 * 24 * 3600;

static BEGIN: LazyLock<EffectScript> = LazyLock::new(|| EffectScript::new(include_str!("begin.lua")));
static CANCEL: LazyLock<EffectScript> = LazyLock::new(|| EffectScript::new(include_str!("cancel.lua")));
static SETTLE: LazyLock<EffectScript> = LazyLock::new(|| EffectScript::new(include_str!("settle.lua")));
static RECALL: LazyLock<EffectScript> = LazyLock::new(|| EffectScript::new(include_str!("recall.lua")));

/// Where all orders stand.
#[derive(Clone)]
pub struct States(State);

/// An answer of the carrier about one order, to be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ending {
    /// The order.
    pub order_id: Uuid,
    /// The payment's event.
    pub event: Uuid,
    /// How it ended.
    pub outcome: Outcome,
}

impl States {
    /// Those in this service's Redis state.
    #[must_use]
    pub fn new(state: State) -> Self {
        Self(state)
    }

    /// Begins the label of each order of which nothing was heard yet, and answers where each stands, in their order.
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
        phases.iter().map(|text| phase(text)).collect()
    }

    /// Keeps a cancel of each order (with its event id) of which nothing was heard yet, and answers what each
    /// event is told, in their order.
    ///
    /// # Errors
    /// As [`Self::begin`].
    pub async fn cancel(
        &self,
        asked: impl ExactSizeIterator<Item = (Uuid, Uuid)>,
        now: Timestamp,
    ) -> Result<Vec<Option<Rejection>>, Fault> {
        let mut args = Args::new();
        args.push(LIFE).push(asked.len());
        for (order, event) in asked {
            args.push(order.to_string()).push(event.to_string()).push(now.as_microsecond());
        }
        let told: Vec<String> = self.0.call(&CANCEL, args).await?;
        told.iter().map(|text| rejection(text)).collect()
    }

    /// Keeps how orders ended, and answers the outcomes that hold, in their order: the first of each; with what the
    /// payment's event is told about a cancel.
    ///
    /// # Errors
    /// As [`Self::begin`].
    pub async fn settle(&self, endings: &[Ending]) -> Result<Vec<(Outcome, Option<Rejection>)>, Fault> {
        if endings.is_empty() {
            return Ok(Vec::new());
        }
        let mut args = Args::new();
        args.push(LIFE).push(endings.len());
        for Ending { order_id, event, outcome } in endings {
            args.push(order_id.to_string()).push(event.to_string());
            args.push(name(outcome)).push(json(outcome)?);
            args.push(outcome.rejection(*event).as_ref().map(text).unwrap_or_default());
        }
        let held: Vec<(String, String)> = self.0.call(&SETTLE, args).await?;
        held.iter().map(|(outcome, told)| Ok((settled(outcome)?, rejection(told)?))).collect()
    }

    /// Takes in what the log says of orders: in any order, any number of times.
    ///
    /// # Errors
    /// Those of [`State::call`].
    pub async fn recall(&self, said: &[(Uuid, Said)]) -> Result<(), Fault> {
        if said.is_empty() {
            return Ok(());
        }
        let mut args = Args::new();
        args.push(LIFE).push(said.len());
        for (order, said) in said {
            args.push(order.to_string());
            match said {
                Said::CancelRequested => args.push("cancel_requested"),
                Said::Rejected(rejection) => args.push("rejected").push(text(rejection)),
                Said::Ended(outcome) => args.push("ended").push(name(outcome)).push(json(outcome)?),
            };
        }
        self.0.call(&RECALL, args).await
    }
}

fn name(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Labelled { .. } => "labelled",
        Outcome::Failed { .. } => "failed",
        Outcome::Cancelled { .. } => "cancelled",
    }
}

fn json(outcome: &Outcome) -> Result<String, Fault> {
    serde_json::to_string(outcome).map_err(|error| unknown().caused_by(error))
}

fn settled(json: &str) -> Result<Outcome, Fault> {
    serde_json::from_str(json).map_err(|error| unknown().caused_by(error))
}

fn phase(text: &str) -> Result<Phase, Fault> {
    match text {
        "cancelling" => Ok(Phase::Cancelling),
        "labelling" => Ok(Phase::Labelling),
        outcome => settled(outcome).map(Phase::Settled),
    }
}

fn text(Rejection { event, at, reason }: &Rejection) -> String {
    format!("{event} {} {reason}", at.as_microsecond())
}

fn rejection(text: &str) -> Result<Option<Rejection>, Fault> {
    if text.is_empty() {
        return Ok(None);
    }
    let read = || {
        let (event, rest) = text.split_once(' ')?;
        let (at, reason) = rest.split_once(' ')?;
        let at = Timestamp::from_microsecond(at.parse().ok()?).ok()?;
        Some(Rejection { event: event.parse().ok()?, at, reason: reason.to_owned() })
    };
    read().map(Some).ok_or_else(unknown)
}

/// What Redis holds is not what this version writes.
pub(crate) fn unknown() -> Fault {
    let message =
        "Redis holds a shipping state that this version does not know: run the version that wrote it";
    Fault::fatal("unknown_shipping_state", message)
}
