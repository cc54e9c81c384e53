//! Payments that wait for their customers, in Redis.

use std::{
    fmt::Display,
    sync::{Arc, LazyLock},
};

use jiff::Timestamp;
use orderflow::{
    envelope::Envelope,
    events::Order,
    fault::Fault,
    state::{Args, EffectScript},
};
use serde::{Serialize, de::DeserializeOwned};
use uuid::Uuid;

use crate::{
    domain::wait::{Known, Wait},
    states::{LIFE, States, read, script, unknown},
};

static WAIT: LazyLock<EffectScript> = script!("wait.lua");
static HEARD: LazyLock<EffectScript> = script!("heard.lua");
static DUE: LazyLock<EffectScript> = script!("due.lua");
static POSTPONE: LazyLock<EffectScript> = script!("postpone.lua");

/// An order whose payment waits, and who keeps its deadline.
#[derive(Debug, Clone)]
pub struct Waiter {
    /// The order.
    pub order: Arc<Order>,
    /// Since when and until when.
    pub wait: Wait,
    /// The event that waits.
    pub cause: Envelope,
    /// The partition of `inventory` it came by. Who holds that partition keeps the deadline.
    pub partition: i32,
}

impl Waiter {
    /// Names its deadline.
    #[must_use]
    pub fn entry(&self) -> String {
        entry(self.partition, self.order.order_id)
    }
}

fn entry(partition: impl Display, order: impl Display) -> String {
    format!("{partition} {order}")
}

/// A payment whose time is up.
#[derive(Debug)]
pub struct Due {
    /// How it stands: it waits, or the deadline has ended it.
    pub known: Known,
    /// The order.
    pub order: Arc<Order>,
    /// The event that waits.
    pub cause: Envelope,
    /// Names the deadline.
    pub entry: String,
}

impl States {
    /// Takes down that payments wait, and answers what is known of each, in their order. One that is over has not waited,
    /// unless that is told already, on the log.
    ///
    /// # Errors
    /// As [`States::begin`]; `Poison` when an order cannot be written.
    pub async fn wait(&self, waiters: &[Waiter], is_told: bool) -> Result<Vec<Known>, Fault> {
        let mut args = Args::new();
        args.push(LIFE).push(u8::from(is_told)).push(waiters.len());
        for Waiter { order, wait, cause, partition } in waiters {
            args.push(order.order_id.to_string())
                .push(wait.required_at.as_microsecond())
                .push(wait.respond_by.as_microsecond())
                .push(&wait.intent_id)
                .push(*partition)
                .push(to_text(&**order)?)
                .push(to_text(cause)?);
        }
        self.call(&WAIT, args, waiters.len(), read).await
    }

    /// What is known of the payments that these callbacks (order, event) are about. With the order where there is
    /// something to say: the payment waits, or this callback tells how it ended.
    ///
    /// # Errors
    /// As [`States::begin`].
    pub async fn heard(&self, callbacks: &[(Uuid, Uuid)]) -> Result<Vec<Option<(Known, Arc<Order>)>>, Fault> {
        let mut args = Args::new();
        args.push(callbacks.len());
        for (order, event) in callbacks {
            args.push(order.to_string()).push(event.to_string());
        }
        let heard = |[phase, required_at, respond_by, intent, by, order]: [String; 6]| match order.as_str() {
            "" => Some(None),
            order => {
                let known = read([phase, required_at, respond_by, intent, by])?;
                Some(Some((known, from_text(order)?)))
            }
        };
        self.call(&HEARD, args, callbacks.len(), heard).await
    }

    /// Payments in these partitions whose time is up at `now`, at most `limit`, oldest first. The same again until they
    /// are settled or put off.
    ///
    /// # Errors
    /// As [`States::begin`].
    pub async fn due(&self, now: Timestamp, partitions: &[i32], limit: usize) -> Result<Vec<Due>, Fault> {
        let mut args = Args::new();
        args.push(now.as_microsecond()).push(limit).push(partitions.len());
        for partition in partitions {
            args.push(*partition);
        }
        let answers: Vec<[String; 9]> = self.0.call(&DUE, args).await?;
        answers.into_iter().map(|answer| due(answer).ok_or_else(unknown)).collect()
    }

    /// Moves these deadlines, of those that still wait, to that time, or drops them.
    ///
    /// # Errors
    /// Those of [`orderflow::state::State::call`].
    pub async fn postpone(&self, entries: &[String], until: Option<Timestamp>) -> Result<(), Fault> {
        if entries.is_empty() {
            return Ok(());
        }
        let until = until.map(|until| until.as_microsecond().to_string()).unwrap_or_default();
        let mut args = Args::new();
        args.push(entries.len());
        for entry in entries {
            let (partition, order) = entry.split_once(' ').ok_or_else(unknown)?;
            args.push(partition).push(order).push(&until);
        }
        self.0.call(&POSTPONE, args).await
    }
}

fn due(
    [phase, required_at, respond_by, intent, by, order, cause, partition, id]: [String; 9],
) -> Option<Due> {
    let known = read([phase, required_at, respond_by, intent, by])?;
    let (order, cause) = (from_text(&order)?, from_text(&cause)?);
    Some(Due { known, order, cause, entry: entry(partition, id) })
}

fn to_text(value: &impl Serialize) -> Result<String, Fault> {
    serde_json::to_string(value).map_err(|error| {
        Fault::poison("does_not_fit_schema", "an order that waits cannot be stored").caused_by(error)
    })
}

fn from_text<T: DeserializeOwned>(text: &str) -> Option<T> {
    serde_json::from_str(text).ok()
}
