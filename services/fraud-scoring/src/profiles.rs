//! Profiles, velocity windows and decisions, in Redis. The keys are listed in `README.md`.

use std::sync::{Arc, LazyLock};

use orderflow::{
    events::OrderPlaced,
    fault::Fault,
    state::{Args, EffectScript, State},
    step::Received,
};

use crate::{
    domain::Judged, held::Held, history::History, labels::Learned, reviews::push_held, sighting::Sighting,
    stored,
};

/// How long outcomes are stored, in seconds: longer than a dead letter can wait for its redrive.
pub(crate) const STORED: i64 = 35 * 86_400;

static OBSERVE: LazyLock<EffectScript> = LazyLock::new(|| {
    EffectScript::new(concat!(
        include_str!("windows.lua"),
        include_str!("learned.lua"),
        include_str!("observe.lua")
    ))
});
static KEEP: LazyLock<EffectScript> =
    LazyLock::new(|| EffectScript::new(concat!(include_str!("held.lua"), include_str!("keep.lua"))));
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
    pub judged: Judged,
}

impl Profiles {
    /// Profiles in this state; charges up to `small` (minor units) count as small ones.
    #[must_use]
    pub fn new(state: State, small: i64) -> Self {
        Self { state, small }
    }

    /// What each customer's and each card's, device's, address's earlier orders say, the batch's own included in its
    /// sequence; then each order is remembered. A repeat, by input event, sees what the first observation saw. What was
    /// learned about earlier orders is told as it is now.
    ///
    /// # Errors
    /// As [`State::call`]; `Fatal` when a stored history is unreadable.
    pub async fn observe(&self, batch: &[Received<OrderPlaced>]) -> Result<Vec<History>, Fault> {
        let mut args = Args::new();
        args.push(STORED).push(self.small).push(batch.len());
        for received in batch {
            Sighting::received(received).push_to(&mut args);
        }
        let seen: Vec<(String, String)> = self.state.call(&OBSERVE, args).await?;
        let history = |(history, labels): &(String, String)| {
            Ok(History { labels: Learned::parse(labels)?, ..History::parse(history)? })
        };
        whole(seen, batch.len())?.iter().map(history).collect()
    }

    /// Stores the decisions and returns those that count: the first one for each input event. Orders they hold for
    /// review are [held](crate::reviews) from then on.
    ///
    /// # Errors
    /// As [`State::call`]; `Fatal` when a stored decision is unreadable.
    pub async fn keep(
        &self,
        batch: &[Received<OrderPlaced>],
        decisions: Vec<Judged>,
    ) -> Result<Vec<Judged>, Fault> {
        let mut args = Args::new();
        args.push(STORED).push(batch.len());
        for (received, judged) in batch.iter().zip(decisions) {
            args.push(received.envelope.id.simple().to_string()).push(stored::to_text(&judged)?);
            match held(received, judged) {
                Some(held) => push_held(&held, args.push("held"))?,
                None => drop(args.push("")),
            }
        }
        let kept: Vec<String> = self.state.call(&KEEP, args).await?;
        whole(kept, batch.len())?.iter().map(|text| stored::from_text(text)).collect()
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
            args.push(decided.age.max(0)).push(stored::to_text(&decided.judged)?);
        }
        state.call(&RESTORE, args).await
    }
}

/// What is kept of an order that is to be held.
fn held(received: &Received<OrderPlaced>, judged: Judged) -> Option<Held> {
    Some(Held {
        times: judged.review?,
        order: Arc::clone(&received.event.order),
        decision: judged.decision,
        cause: received.envelope.clone(),
        partition: received.origin.partition,
    })
}

/// Scripts answer record by record; anything else is a mistake in the script.
fn whole<T>(answers: Vec<T>, asked: usize) -> Result<Vec<T>, Fault> {
    if answers.len() == asked {
        return Ok(answers);
    }
    let message = format!("a script answered {} of {asked} records", answers.len());
    Err(Fault::fatal("redis_script", message))
}
