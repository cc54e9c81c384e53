//! Where each order's payment and refund stand: a short text for each in Redis.
//!
//! | key | holds |
//! |---|---|
//! | `order:<order id>` | `charging`, `voiding <reason>`, `paid <µs> <intent id>` or `failed <µs> <reason>[ <gateway code>]` |
//! | `refund:<order id>` | `refunding <reason>` or `refunded <µs> <reason> <intent id> <refund id>` |

use std::sync::LazyLock;

use jiff::Timestamp;
use orderflow::{
    fault::Fault,
    state::{Args, EffectScript, State},
};
use uuid::Uuid;

use crate::{
    domain::{
        Outcome, Phase,
        refund::{Refund, Refunded},
    },
    written::Written,
};

/// Seconds: 35 days, longer than a record waits for a redrive (30 days).
const LIFE: u32 = 35 * 24 * 3600;

static BEGIN: LazyLock<EffectScript> = LazyLock::new(|| EffectScript::new(include_str!("begin.lua")));
static CANCEL: LazyLock<EffectScript> = LazyLock::new(|| EffectScript::new(include_str!("cancel.lua")));
static REFUND: LazyLock<EffectScript> = LazyLock::new(|| EffectScript::new(include_str!("refund.lua")));
static SETTLE: LazyLock<EffectScript> = LazyLock::new(|| EffectScript::new(include_str!("settle.lua")));

/// The states of all orders' payments and refunds.
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
        whole(phases.iter().map(|text| Phase::read(text)).collect(), orders.len())
    }

    /// Remembers that these orders were cancelled: the payment of each that has none yet can only be voided now.
    ///
    /// # Errors
    /// Those of [`State::call`].
    pub async fn cancel(&self, orders: &[Uuid]) -> Result<(), Fault> {
        if orders.is_empty() {
            return Ok(());
        }
        let mut args = Args::new();
        args.push(LIFE).push(orders.len());
        for order in orders {
            args.push(order.to_string());
        }
        self.0.call(&CANCEL, args).await
    }

    /// Begins the refund of each order that has none yet, and answers where each one's payment and refund stand, in
    /// their order.
    ///
    /// # Errors
    /// As [`Self::begin`].
    pub async fn begin_refund(
        &self,
        orders: &[Uuid],
        reason: &str,
    ) -> Result<Vec<(Option<Phase>, Refund)>, Fault> {
        let mut args = Args::new();
        args.push(LIFE).push(reason).push(orders.len());
        for order in orders {
            args.push(order.to_string());
        }
        let texts: Vec<String> = self.0.call(&REFUND, args).await?;
        let found = texts.chunks_exact(2).map(|pair| {
            let payment = if pair[0].is_empty() { None } else { Some(Phase::read(&pair[0])?) };
            Some((payment, Refund::read(&pair[1])?))
        });
        whole(found.collect(), orders.len())
    }

    /// Keeps how payments ended, and answers the outcomes that hold, in their order: the first of each order.
    ///
    /// # Errors
    /// As [`Self::begin`].
    pub async fn settle(&self, outcomes: Vec<(Uuid, Outcome)>) -> Result<Vec<Outcome>, Fault> {
        let texts = outcomes.into_iter().map(|(order, outcome)| (order, Phase::Settled(outcome).write()));
        let settled = |text: &String| match Phase::read(text)? {
            Phase::Settled(outcome) => Some(outcome),
            Phase::Charging | Phase::Voiding { .. } => None,
        };
        self.keep("order:", texts.collect(), settled).await
    }

    /// Keeps how orders were refunded, and answers the outcomes that hold, in their order: the first of each order.
    ///
    /// # Errors
    /// As [`Self::begin`].
    pub async fn settle_refund(&self, outcomes: Vec<(Uuid, Refunded)>) -> Result<Vec<Refunded>, Fault> {
        let texts = outcomes.into_iter().map(|(order, outcome)| (order, Refund::Refunded(outcome).write()));
        let settled = |text: &String| match Refund::read(text)? {
            Refund::Refunded(outcome) => Some(outcome),
            Refund::Refunding { .. } => None,
        };
        self.keep("refund:", texts.collect(), settled).await
    }

    async fn keep<T>(
        &self,
        kind: &str,
        outcomes: Vec<(Uuid, String)>,
        settled: impl Fn(&String) -> Option<T>,
    ) -> Result<Vec<T>, Fault> {
        if outcomes.is_empty() {
            return Ok(Vec::new());
        }
        let count = outcomes.len();
        let mut args = Args::new();
        args.push(kind).push(LIFE).push(count);
        for (order, outcome) in outcomes {
            args.push(order.to_string()).push(outcome);
        }
        let held: Vec<String> = self.0.call(&SETTLE, args).await?;
        whole(held.iter().map(settled).collect(), count)
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
