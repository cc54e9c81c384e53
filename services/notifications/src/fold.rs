//! How the state follows from the log: what is due and not told of is queued again, for its first attempt.

use async_trait::async_trait;
use jiff::SignedDuration;
use orderflow::{
    clock::Clock,
    events::{EndpointDisabled, NotificationDelivered, NotificationDue, NotificationFailed, WEBHOOK, lane},
    fault::Fault,
    state::{
        State,
        rebuild::{Fold, Logged},
    },
    topics::{NOTIFICATIONS, Topic},
};

use crate::queue::{Entry, Item, LIFE, Limits, Queue, Said};

/// The fold over `notifications`.
#[derive(Debug, Clone)]
pub struct FromLog {
    /// For when the queues are tried.
    pub clock: Clock,
}

#[async_trait]
impl Fold for FromLog {
    fn sources(&self) -> Vec<Topic> {
        vec![NOTIFICATIONS]
    }

    async fn fold(&self, state: &State, batch: &[Logged<'_>]) -> Result<(), Fault> {
        // Whether a queue was too long was decided before: no limit here.
        let queue = Queue::new(state.clone(), Limits { waiting: 0, window: 0 });
        let (now, mut due, mut said) = (self.clock.now(), Vec::new(), Vec::new());
        for logged in batch {
            let partition = logged.origin.partition;
            if let Some(event) = logged.read::<NotificationDue>()? {
                due.push(Entry { item: Item { due: event, envelope: logged.envelope.clone() }, partition });
                continue;
            }
            let Some((lane, what)) = ended(logged)? else { continue };
            let is_told = matches!(what, Said::Told(_));
            said.push((lane, partition, what));
            // What was due before an endpoint was given up has ended with it, and what came after has not.
            if !is_told {
                queue.put(&std::mem::take(&mut due), now).await?;
                queue.recall(&std::mem::take(&mut said), now).await?;
            }
        }
        queue.put(&due, now).await?;
        queue.recall(&said, now).await
    }

    fn life(&self) -> Option<SignedDuration> {
        Some(SignedDuration::from_secs(LIFE.into()))
    }
}

/// What a record says has ended, and on which lane.
fn ended(logged: &Logged<'_>) -> Result<Option<(String, Said)>, Fault> {
    let cause = logged.envelope.causation_id.unwrap_or(logged.envelope.id);
    if let Some(e) = logged.read::<NotificationDelivered>()? {
        return Ok(Some((lane(e.subscription_id, &e.channel, &e.order_id), Said::Told(cause))));
    }
    if let Some(e) = logged.read::<NotificationFailed>()? {
        return Ok(Some((lane(e.subscription_id, &e.channel, &e.order_id), Said::Told(cause))));
    }
    let disabled = logged.read::<EndpointDisabled>()?;
    Ok(disabled.map(|e| (lane(e.subscription_id, WEBHOOK, ""), Said::Disabled(e.revision))))
}
