//! What came of notifications, told.

use async_trait::async_trait;
use jiff::Timestamp;
use orderflow::{
    events::{EndpointDisabled, NotificationDelivered, NotificationFailed, Subscription},
    fault::Fault,
    runtime::{Due, Tick},
    step::Outcome,
    topics::{NOTIFICATIONS, Topic},
};

use crate::{
    queue::{Ended, Queue},
    subscriptions::Subscriptions,
};

/// Most ends told at once; the rest at the next tick.
const LIMIT: usize = 200;

orderflow::events! {
    /// What may come of a notification.
    pub enum Told { NotificationDelivered, NotificationFailed, EndpointDisabled, Subscription }
}

/// Tells what the deliverers have done. Writes `notifications`, and suspends subscriptions whose endpoints have failed.
pub struct AtDeliveryEnded {
    /// The queues.
    pub queue: Queue,
    /// The subscriptions.
    pub subscriptions: Subscriptions,
}

#[async_trait]
impl Tick for AtDeliveryEnded {
    const NAME: &'static str = "notifications.at_delivery_ended";
    type Out = Told;

    async fn due(&self, _: Timestamp, held: &[(Topic, i32)]) -> Result<Vec<Due<Told>>, Fault> {
        let ended = self.queue.ended(&partitions(held), LIMIT).await?;
        Ok(ended.into_iter().map(|ended| self.told(ended)).collect())
    }

    async fn settled(&self, entries: &[String]) -> Result<(), Fault> {
        self.queue.told(entries).await
    }
}

/// The partitions of `notifications` that this instance holds.
pub fn partitions(held: &[(Topic, i32)]) -> Vec<i32> {
    held.iter().filter(|(topic, _)| *topic == NOTIFICATIONS).map(|(_, partition)| *partition).collect()
}

impl AtDeliveryEnded {
    fn told(&self, ended: Ended) -> Due<Told> {
        let mut events = vec![outcome(&ended)];
        if let Some(disabled) = disabled(&ended) {
            let suspended = self.subscriptions.get(disabled.subscription_id);
            let suspended = suspended.filter(|known| known.revision == disabled.revision);
            events.extend(suspended.map(|known| suspend(known, ended.at).into()));
            events.push(disabled.into());
        }
        Due { entry: ended.entry, cause: ended.item.envelope, outcome: Outcome::events(events) }
    }
}

fn outcome(ended: &Ended) -> Told {
    let due = ended.item.due.clone();
    let (subscription_id, channel, event_id) = (due.subscription_id, due.channel, due.event_id);
    let (event_type, order_id, attempts, status) =
        (due.event_type, due.order_id, ended.attempts, ended.status);
    match &ended.reason {
        None => NotificationDelivered {
            subscription_id,
            channel,
            event_id,
            event_type,
            order_id,
            attempts,
            status,
            delivered_at: ended.at,
        }
        .into(),
        Some(reason) => NotificationFailed {
            subscription_id,
            channel,
            event_id,
            event_type,
            order_id,
            reason: reason.clone(),
            attempts,
            status,
            failed_at: ended.at,
        }
        .into(),
    }
}

fn disabled(ended: &Ended) -> Option<EndpointDisabled> {
    let due = &ended.item.due;
    ended.disables.map(|revision| EndpointDisabled {
        subscription_id: due.subscription_id,
        revision,
        reason: ended.reason.clone().unwrap_or_default(),
        event_id: due.event_id,
        attempts: ended.attempts,
        disabled_at: ended.at,
    })
}

fn suspend(known: Subscription, at: Timestamp) -> Subscription {
    Subscription {
        revision: known.revision + 1,
        status: Subscription::SUSPENDED.to_owned(),
        changed_by: "notifications".to_owned(),
        changed_at: at,
        ..known
    }
}
