//! Profiles, velocity windows and decisions, in Redis. The keys are listed in `README.md`.

use std::{
    collections::HashSet,
    sync::{Arc, LazyLock},
};

use orderflow::{
    events::OrderPlaced,
    fault::Fault,
    state::{Args, EffectScript, State},
    step::Received,
};

use crate::{
    domain::Judged,
    held::Held,
    history::History,
    labels::Labels,
    reviews::push_held,
    sighting::{Fingerprint, Sighting},
    stored,
    windows::Touched,
};

/// How long outcomes are stored, in seconds: longer than a dead letter can wait for its redrive.
pub(crate) const STORED: i64 = 35 * 86_400;

static OBSERVE: LazyLock<EffectScript> =
    LazyLock::new(|| EffectScript::new(concat!(include_str!("windows.lua"), include_str!("observe.lua"))));
static KEEP: LazyLock<EffectScript> =
    LazyLock::new(|| EffectScript::new(concat!(include_str!("held.lua"), include_str!("keep.lua"))));
static RESTORE: LazyLock<EffectScript> =
    LazyLock::new(|| EffectScript::new(concat!(include_str!("windows.lua"), include_str!("restore.lua"))));

/// What is remembered of customers, cards, devices, addresses and decisions.
#[derive(Clone)]
pub struct Profiles {
    state: State,
    labels: Labels,
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
        Self { labels: Labels::new(state.clone()), state, small }
    }

    /// What each customer's and each card's, device's, address's earlier orders say, the batch's own included in its
    /// sequence; each order is remembered, once however often it comes, and sees nothing of itself. What was learned about
    /// earlier orders is told as it is now.
    ///
    /// # Errors
    /// As [`State::call`]; `Fatal` when a stored window is unreadable.
    pub async fn observe(&self, batch: &[Received<OrderPlaced>]) -> Result<Vec<History>, Fault> {
        let orders: Vec<Sighting> = batch.iter().map(Sighting::received).collect();
        let touched = Touched::by(orders.iter().map(|order| (order, 0)));
        let mut args = Args::new();
        touched.push_to(&mut args);
        let (held, labelled): (Vec<Option<Vec<u8>>>, Vec<usize>) = self.state.call(&OBSERVE, args).await?;
        let mut windows = touched.held(&held)?;
        let mut histories: Vec<History> =
            orders.iter().map(|order| windows.look_back(order, self.small)).collect();
        if !labelled.is_empty() {
            let places: HashSet<usize> = labelled.into_iter().collect();
            let known = (1..).zip(touched.all()).filter(|(place, _)| places.contains(place));
            let known: HashSet<Fingerprint> = known.map(|(_, window)| window.name).collect();
            let concerned = orders.iter().zip(&mut histories).filter(|(order, _)| order.names_any(&known));
            let (orders, histories): (Vec<&Sighting>, Vec<&mut History>) = concerned.unzip();
            let learned = self.labels.learned(&orders).await?;
            histories.into_iter().zip(learned).for_each(|(history, learned)| history.labels = learned);
        }
        Ok(histories)
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
        for (received, judged) in batch.iter().zip(&decisions) {
            args.push(received.envelope.id.simple().to_string()).push(stored::to_text(judged)?);
            match held(received, judged) {
                Some(held) => push_held(&held, args.push("held"))?,
                None => drop(args.push("")),
            }
        }
        let earlier: Vec<Option<String>> = self.state.call(&KEEP, args).await?;
        let kept = |(judged, earlier): (Judged, Option<String>)| match earlier {
            Some(earlier) => stored::from_text(&earlier),
            None => Ok(judged),
        };
        decisions.into_iter().zip(whole(earlier, batch.len())?).map(kept).collect()
    }

    /// Puts decided orders back into a state under construction.
    ///
    /// # Errors
    /// As [`State::call`].
    pub async fn restore(state: &State, batch: &[Decided]) -> Result<(), Fault> {
        let mut args = Args::new();
        Touched::by(batch.iter().map(|decided| (&decided.sighting, decided.age.max(0)))).push_to(&mut args);
        args.push(batch.len());
        for Decided { sighting, age, judged } in batch {
            args.push(sighting.event.simple().to_string()).push(stored::to_text(judged)?);
            args.push(STORED - (*age).max(0));
        }
        state.call(&RESTORE, args).await
    }
}

/// What is kept of an order that is to be held.
fn held(received: &Received<OrderPlaced>, judged: &Judged) -> Option<Held> {
    Some(Held {
        times: judged.review?,
        order: Arc::clone(&received.event.order),
        decision: judged.decision.clone(),
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
