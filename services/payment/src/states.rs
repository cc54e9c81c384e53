//! Where each order's payment and refund stand in Redis; the keys are listed in `README.md`. [`crate::waits`] has those
//! that wait for their customers.

use std::sync::LazyLock;

use jiff::Timestamp;
use orderflow::{
    fault::Fault,
    faults::{Plant, planted},
    state::{Args, EffectScript, State},
};
use redis::FromRedisValue;
use uuid::Uuid;

use crate::{
    domain::{
        Outcome, Phase, reason,
        refund::{Refund, Refunded},
        wait::{End, Known, Teller, Wait},
    },
    written::{Written, time},
};

/// Seconds: 35 days, longer than a record waits for a redrive (30 days).
pub(crate) const LIFE: u32 = 35 * 24 * 3600;

/// A script that stands on `payment.lua`.
macro_rules! script {
    ($file:literal) => {
        std::sync::LazyLock::new(|| {
            orderflow::state::EffectScript::new(concat!(include_str!("payment.lua"), include_str!($file)))
        })
    };
}
pub(crate) use script;

static BEGIN: LazyLock<EffectScript> = script!("begin.lua");
static OPENED: LazyLock<EffectScript> = script!("opened.lua");
static CANCEL: LazyLock<EffectScript> = script!("cancel.lua");
static SETTLE: LazyLock<EffectScript> = script!("settle.lua");
static REFUND: LazyLock<EffectScript> = LazyLock::new(|| EffectScript::new(include_str!("refund.lua")));
static SETTLE_REFUND: LazyLock<EffectScript> =
    LazyLock::new(|| EffectScript::new(include_str!("settle_refund.lua")));

/// The states of all orders' payments and refunds.
#[derive(Clone)]
pub struct States(pub(crate) State);

impl States {
    /// Those in this service's Redis state.
    #[must_use]
    pub fn new(state: State) -> Self {
        Self(state)
    }

    /// Begins the payment of each order that has none yet, and answers what is known of each, in their order. An order
    /// comes with the end of its reservation.
    ///
    /// # Errors
    /// Those of [`State::call`]; `Fatal` when a state is not one of ours.
    pub async fn begin(&self, orders: &[(Uuid, Timestamp)], now: Timestamp) -> Result<Vec<Known>, Fault> {
        let mut args = Args::new();
        args.push(LIFE).push(now.as_microsecond()).push(orders.len());
        for (order, valid_until) in orders {
            args.push(order.to_string()).push(valid_until.as_microsecond());
        }
        self.call(&BEGIN, args, orders.len(), read).await
    }

    /// Remembers which payment the gateway has opened for each order, and answers what is known of each: the first one
    /// that was opened holds.
    ///
    /// # Errors
    /// As [`Self::begin`].
    pub async fn opened(&self, intents: &[(Uuid, &str)]) -> Result<Vec<Known>, Fault> {
        let mut args = Args::new();
        args.push(LIFE).push(intents.len());
        for (order, intent_id) in intents {
            args.push(order.to_string()).push(intent_id);
        }
        self.call(&OPENED, args, intents.len(), read).await
    }

    /// Remembers that these orders were cancelled: the payment of each that has none yet can only be voided now.
    ///
    /// # Errors
    /// Those of [`State::call`].
    pub async fn cancel(&self, orders: &[Uuid]) -> Result<(), Fault> {
        if orders.is_empty() {
            return Ok(());
        }
        if planted(Plant::CancelRace) {
            return self
                .settle(orders.iter().map(|order| (*order, cancelled_at_once())).collect())
                .await
                .map(drop);
        }
        let mut args = Args::new();
        args.push(LIFE).push(orders.len());
        for order in orders {
            args.push(order.to_string());
        }
        self.0.call(&CANCEL, args).await
    }

    /// Keeps how payments ended, and answers what holds of each, in their order: the first end of each order.
    ///
    /// # Errors
    /// As [`Self::begin`].
    pub async fn settle(&self, ends: Vec<(Uuid, End)>) -> Result<Vec<Known>, Fault> {
        let count = ends.len();
        let mut args = Args::new();
        args.push(LIFE).push(count);
        for (order, End { outcome, teller, knows_wait, is_told }) in ends {
            args.push(order.to_string()).push(Phase::Settled(outcome).write()).push(teller.to_string());
            args.push(u8::from(knows_wait)).push(u8::from(is_told));
        }
        self.call(&SETTLE, args, count, read).await
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
        let found = |(payment, refund): (String, String)| {
            let payment = if payment.is_empty() { None } else { Some(Phase::read(&payment)?) };
            Some((payment, Refund::read(&refund)?))
        };
        self.call(&REFUND, args, orders.len(), found).await
    }

    /// Keeps how orders were refunded, and answers the outcomes that hold, in their order: the first of each order.
    ///
    /// # Errors
    /// As [`Self::begin`].
    pub async fn settle_refund(&self, outcomes: Vec<(Uuid, Refunded)>) -> Result<Vec<Refunded>, Fault> {
        let count = outcomes.len();
        let mut args = Args::new();
        args.push(LIFE).push(count);
        for (order, outcome) in outcomes {
            args.push(order.to_string()).push(Refund::Refunded(outcome).write());
        }
        let settled = |text: String| match Refund::read(&text)? {
            Refund::Refunded(outcome) => Some(outcome),
            Refund::Refunding { .. } => None,
        };
        self.call(&SETTLE_REFUND, args, count, settled).await
    }

    /// Calls a script for so many orders, none included, and reads its answer for each.
    pub(crate) async fn call<A: FromRedisValue, T>(
        &self,
        script: &EffectScript,
        args: Args,
        count: usize,
        read: impl Fn(A) -> Option<T>,
    ) -> Result<Vec<T>, Fault> {
        if count == 0 {
            return Ok(Vec::new());
        }
        let answers: Vec<A> = self.0.call(script, args).await?;
        let answers: Option<Vec<T>> = answers.into_iter().map(read).collect();
        answers.filter(|answers| answers.len() == count).ok_or_else(unknown)
    }
}

/// Reads what `known` in `payment.lua` says.
pub(crate) fn read([phase, required_at, respond_by, intent, by]: [String; 5]) -> Option<Known> {
    let wait = match required_at.as_str() {
        "" => None,
        required_at => {
            Some(Wait { required_at: time(required_at)?, respond_by: time(&respond_by)?, intent_id: intent })
        }
    };
    Some(Known { phase: Phase::read(&phase)?, wait, teller: by.parse().ok()? })
}

/// What [`Plant::CancelRace`] says of a payment, whatever the gateway is about to say of it.
fn cancelled_at_once() -> End {
    let reason = reason::CANCELLED.to_owned();
    let outcome = Outcome::Failed { at: Timestamp::UNIX_EPOCH, reason, code: None };
    End { outcome, teller: Teller::Reservation, knows_wait: false, is_told: false }
}

/// Every answer of a script can be read, and there is one for each order.
pub(crate) fn unknown() -> Fault {
    let message =
        "Redis holds a payment state that this version does not know: run the version that wrote it";
    Fault::fatal("unknown_payment_state", message)
}
