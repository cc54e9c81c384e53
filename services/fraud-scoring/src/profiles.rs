//! Profiles, velocity windows and decisions, in Redis. The keys are listed in `README.md`.

use std::sync::LazyLock;

use orderflow::{
    events::{FraudDecision, OrderPlaced},
    fault::Fault,
    state::{Args, EffectScript, State},
    step::Received,
};

use crate::{history::History, sighting::Sighting};

/// How long outcomes are stored, in seconds: longer than a dead letter can wait for its redrive.
const STORED: i64 = 35 * 86_400;

static OBSERVE: LazyLock<EffectScript> =
    LazyLock::new(|| EffectScript::new(concat!(include_str!("windows.lua"), include_str!("observe.lua"))));
static KEEP: LazyLock<EffectScript> = LazyLock::new(|| EffectScript::new(include_str!("keep.lua")));
static RESTORE: LazyLock<EffectScript> =
    LazyLock::new(|| EffectScript::new(concat!(include_str!("windows.lua"), include_str!("restore.lua"))));

/// What is remembered of customers, cards, devices, addresses and decisions.
#[derive(Clone)]
pub struct Profiles {
    state: State,
    small: i64,
}

/// A decided order, as the log tells of it.
#[derive(Debug, Clone)]
pub struct Decided {
    /// The order; its `event` is the one that led to the decision.
    pub sighting: Sighting,
    /// Seconds since the decision: what is left of the lives of its keys follows from it.
    pub age: i64,
    /// What was decided.
    pub decision: FraudDecision,
}

impl Profiles {
    /// Profiles in this state; charges up to `small` (minor units) count as small ones.
    #[must_use]
    pub fn new(state: State, small: i64) -> Self {
        Self { state, small }
    }

    /// What each customer's and each card's, device's, address's earlier orders say, the batch's own included in its
    /// sequence; then each order is remembered. A repeat, by input event, sees what the first observation saw.
    ///
    /// # Errors
    /// As [`State::call`]; `Fatal` when a stored history is unreadable.
    pub async fn observe(&self, batch: &[Received<OrderPlaced>]) -> Result<Vec<History>, Fault> {
        let mut args = Args::new();
        args.push(STORED).push(self.small).push(batch.len());
        for received in batch {
            Sighting::received(received).push_to(&mut args);
        }
        let histories: Vec<String> = self.state.call(&OBSERVE, args).await?;
        whole(histories, batch.len())?.iter().map(|history| History::parse(history)).collect()
    }

    /// Stores the decisions and returns those that hold: the first one for each input event.
    ///
    /// # Errors
    /// As [`State::call`]; `Fatal` when a stored decision is unreadable.
    pub async fn keep(
        &self,
        batch: &[Received<OrderPlaced>],
        decisions: Vec<FraudDecision>,
    ) -> Result<Vec<FraudDecision>, Fault> {
        let mut args = Args::new();
        args.push(STORED).push(batch.len());
        for (received, decision) in batch.iter().zip(&decisions) {
            args.push(received.envelope.id.simple().to_string()).push(to_text(decision)?);
        }
        let kept: Vec<String> = self.state.call(&KEEP, args).await?;
        whole(kept, batch.len())?.iter().map(|text| from_text(text)).collect()
    }

    /// Puts decided orders back into a state under construction.
    ///
    /// # Errors
    /// As [`State::call`].
    pub async fn restore(state: &State, batch: &[Decided]) -> Result<(), Fault> {
        let mut args = Args::new();
        args.push(STORED).push(batch.len());
        for decided in batch {
            decided.sighting.push_to(&mut args);
            args.push(decided.age.max(0)).push(to_text(&decided.decision)?);
        }
        state.call(&RESTORE, args).await
    }
}

/// Scripts answer record by record; anything else is a mistake in the script.
fn whole(answers: Vec<String>, asked: usize) -> Result<Vec<String>, Fault> {
    if answers.len() == asked {
        return Ok(answers);
    }
    let message = format!("a script answered {} of {asked} records", answers.len());
    Err(Fault::fatal("redis_script", message))
}

fn to_text(decision: &FraudDecision) -> Result<String, Fault> {
    serde_json::to_string(decision)
        .map_err(|error| Fault::poison("decision_unwritable", "a decision cannot be stored").caused_by(error))
}

fn from_text(text: &str) -> Result<FraudDecision, Fault> {
    serde_json::from_str(text).map_err(|error| {
        Fault::fatal("stored_decision_unreadable", "a stored decision is not of this version's shape")
            .caused_by(error)
    })
}
