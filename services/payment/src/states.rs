//! Where each order's payment stands: one short text per order in Redis, and how it follows from the log.
//!
//! | key | holds |
//! |---|---|
//! | `order:<order id>` | `charging`, `voiding`, `paid <µs> <intent id>` or `failed <µs> <reason>[ <gateway code>]` |

use std::sync::LazyLock;

use async_trait::async_trait;
use jiff::Timestamp;
use orderflow::{
    events::{PaymentFailed, PaymentProcessed},
    fault::Fault,
    state::{
        Args, EffectScript, State,
        rebuild::{Fold, Logged},
    },
    topics::{PAYMENTS, Topic},
};
use uuid::Uuid;

use crate::domain::{Outcome, Phase};

/// Seconds: 35 days, longer than a record waits for a redrive (30 days).
const LIFE: u32 = 35 * 24 * 3600;

static BEGIN: LazyLock<EffectScript> = LazyLock::new(|| EffectScript::new(include_str!("begin.lua")));
static SETTLE: LazyLock<EffectScript> = LazyLock::new(|| EffectScript::new(include_str!("settle.lua")));

/// The states of all orders' payments.
#[derive(Clone)]
pub struct States(State);

impl States {
    /// Those in this service's Redis state.
    #[must_use]
    pub fn new(state: State) -> Self {
        Self(state)
    }

    /// Begins the payment of each order that has none yet, and answers where each stands, in their order. An order
    /// comes with the end of its reservation.
    ///
    /// # Errors
    /// Those of [`State::call`]; `Fatal` when a state is not one of ours.
    pub async fn begin(&self, orders: &[(Uuid, Timestamp)], now: Timestamp) -> Result<Vec<Phase>, Fault> {
        let mut args = Args::new();
        args.push(LIFE).push(now.as_microsecond()).push(orders.len());
        for (order, valid_until) in orders {
            args.push(order.to_string()).push(valid_until.as_microsecond());
        }
        let phases: Vec<String> = self.0.call(&BEGIN, args).await?;
        whole(phases.iter().map(|text| read(text)).collect::<Option<Vec<_>>>(), orders.len())
    }

    /// Keeps how payments ended, and answers the outcomes that hold, in their order: the first of each order.
    ///
    /// # Errors
    /// As [`Self::begin`].
    pub async fn settle(&self, outcomes: Vec<(Uuid, Outcome)>) -> Result<Vec<Outcome>, Fault> {
        if outcomes.is_empty() {
            return Ok(Vec::new());
        }
        let count = outcomes.len();
        let mut args = Args::new();
        args.push(LIFE).push(count);
        for (order, outcome) in outcomes {
            args.push(order.to_string()).push(write(&Phase::Settled(outcome)));
        }
        let held: Vec<String> = self.0.call(&SETTLE, args).await?;
        let outcomes = held.iter().map(|text| match read(text)? {
            Phase::Settled(outcome) => Some(outcome),
            Phase::Charging | Phase::Voiding => None,
        });
        whole(outcomes.collect::<Option<Vec<_>>>(), count)
    }
}

/// Every answer of a script could be read, and there is one for each order.
fn whole<T>(answers: Option<Vec<T>>, count: usize) -> Result<Vec<T>, Fault> {
    answers.filter(|answers| answers.len() == count).ok_or_else(|| {
        let message =
            "Redis holds a payment state that this version does not know: run the version that wrote it";
        Fault::fatal("unknown_payment_state", message)
    })
}

/// How a phase is written in Redis.
fn write(phase: &Phase) -> String {
    match phase {
        Phase::Charging => "charging".to_owned(),
        Phase::Voiding => "voiding".to_owned(),
        Phase::Settled(Outcome::Paid { at, intent_id }) => {
            format!("paid {} {intent_id}", at.as_microsecond())
        }
        Phase::Settled(Outcome::Failed { at, reason, code }) => {
            let code = code.as_deref().map(|code| format!(" {code}")).unwrap_or_default();
            format!("failed {} {reason}{code}", at.as_microsecond())
        }
    }
}

/// Reads what [`write`] wrote.
fn read(text: &str) -> Option<Phase> {
    let (kind, rest) = text.split_once(' ').unwrap_or((text, ""));
    match kind {
        "charging" => return Some(Phase::Charging),
        "voiding" => return Some(Phase::Voiding),
        _ => {}
    }
    let (at, rest) = rest.split_once(' ')?;
    let at = Timestamp::from_microsecond(at.parse().ok()?).ok()?;
    let outcome = match kind {
        "paid" => Outcome::Paid { at, intent_id: rest.to_owned() },
        "failed" => {
            let (reason, code) =
                rest.split_once(' ').map_or((rest, None), |(reason, code)| (reason, Some(code)));
            Outcome::Failed { at, reason: reason.to_owned(), code: code.map(str::to_owned) }
        }
        _ => return None,
    };
    Some(Phase::Settled(outcome))
}

/// The state of payments follows from `payments` alone: what ended stays ended. Of a payment that was under way the
/// gateway is asked again, when its reservation is read again.
#[derive(Debug, Clone, Copy)]
pub struct FromPayments;

#[async_trait]
impl Fold for FromPayments {
    fn sources(&self) -> Vec<Topic> {
        vec![PAYMENTS]
    }

    async fn fold(&self, state: &State, batch: &[Logged<'_>]) -> Result<(), Fault> {
        let mut outcomes = Vec::with_capacity(batch.len());
        for logged in batch {
            outcomes.extend(logged.read()?.map(paid));
            outcomes.extend(logged.read()?.map(failed));
        }
        States::new(state.clone()).settle(outcomes).await.map(drop)
    }
}

/// What this event says of which order.
#[must_use]
pub fn paid(event: PaymentProcessed) -> (Uuid, Outcome) {
    (event.order.order_id, Outcome::Paid { at: event.processed_at, intent_id: event.intent_id })
}

/// What this event says of which order.
#[must_use]
pub fn failed(event: PaymentFailed) -> (Uuid, Outcome) {
    let PaymentFailed { order, reason, gateway_code: code, failed_at: at } = event;
    (order.order_id, Outcome::Failed { at, reason, code })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn phases() -> impl Strategy<Value = Phase> {
        let at = || (0i64..=253_402_207_200_000_000).prop_map(|us| Timestamp::from_microsecond(us).unwrap());
        let word = || "[a-zA-Z0-9_]{1,64}";
        prop_oneof![
            Just(Phase::Charging),
            Just(Phase::Voiding),
            (at(), word()).prop_map(|(at, intent_id)| Phase::Settled(Outcome::Paid { at, intent_id })),
            (at(), word(), prop::option::of(word()))
                .prop_map(|(at, reason, code)| Phase::Settled(Outcome::Failed { at, reason, code })),
        ]
    }

    proptest! {
        #[test]
        fn a_phase_is_read_as_it_was_written(phase in phases()) {
            prop_assert_eq!(read(&write(&phase)), Some(phase));
        }

        #[test]
        fn any_text_is_read_without_a_panic(text in ".{0,40}") {
            let _ = read(&text);
        }
    }
}
