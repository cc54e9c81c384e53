//! Delivers beside the loop: takes what is due from the queues, has it told, keeps what came of it. Lanes side by side, each
//! in its order; a slow one holds nobody but itself.

use std::{sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};
use orderflow::{
    clock::Clock,
    events::Subscription,
    fault::{Consequence, Fault},
    state::State,
};
use tokio::{
    sync::{Notify, OwnedSemaphorePermit, Semaphore},
    task::JoinSet,
    time::{Instant, timeout},
};
use uuid::Uuid;

use crate::{
    at_delivery_ended::partitions,
    courier::Courier,
    meters,
    queue::{Job, Queue},
    subscriptions::Subscriptions,
    verdict::{Answer, Schedule, Verdict},
};

/// How often queues are looked at when nobody says that there is something in them.
const GLANCE: Duration = Duration::from_millis(500);
/// For how long a notification may be of a subscription that this instance has not heard of yet.
const UNHEARD: SignedDuration = SignedDuration::from_secs(60);

/// What a deliverer works with.
pub struct Deliverer {
    /// The queues.
    pub queue: Queue,
    /// Which partitions this instance holds.
    pub state: State,
    /// Who wants to be told.
    pub subscriptions: Subscriptions,
    /// The way out.
    pub courier: Arc<dyn Courier>,
    /// When failures are tried again.
    pub schedule: Schedule,
    /// How long an attempt may take.
    pub timeout: Duration,
    /// Most attempts at the same time.
    pub concurrency: usize,
    /// Woken when there may be something to do.
    pub wake: Arc<Notify>,
    /// The time.
    pub clock: Clock,
}

impl Deliverer {
    /// Delivers until it is dropped.
    pub async fn run(self) {
        let (places, token) = (Arc::new(Semaphore::new(self.concurrency)), Uuid::new_v4().to_string());
        let (this, mut attempts) = (Arc::new(self), JoinSet::new());
        loop {
            while attempts.try_join_next().is_some() {}
            // Before looking, so that whatever is queued meanwhile is noticed.
            let woken = this.wake.notified();
            let begun = match this.take(&places, &token).await {
                Ok(jobs) => {
                    let begun = jobs.len();
                    for (job, place) in jobs {
                        attempts.spawn(Arc::clone(&this).attempt(job, token.clone(), place));
                    }
                    begun
                }
                Err(fault) => {
                    // The loop rebuilds what is lost, and tells of outages.
                    if fault.consequence() != Consequence::Lost {
                        tracing::warn!(code = fault.code(), %fault, "queues cannot be looked at");
                    }
                    0
                }
            };
            if begun == 0 {
                let _ = timeout(GLANCE, woken).await;
            }
        }
    }

    async fn take(
        &self,
        places: &Arc<Semaphore>,
        token: &str,
    ) -> Result<Vec<(Job, OwnedSemaphorePermit)>, Fault> {
        let held = partitions(&self.state.held_partitions());
        let free = places.available_permits();
        if held.is_empty() || free == 0 {
            return Ok(Vec::new());
        }
        let now = self.clock.now();
        let times = [now, now + self.lease()];
        let jobs = self.queue.take(self.courier.channel(), &held, free, token, times).await?;
        let placed =
            jobs.into_iter().map_while(|job| Some((job, Arc::clone(places).try_acquire_owned().ok()?)));
        Ok(placed.collect())
    }

    /// Longer than an attempt takes with what is around it: nobody else tries meanwhile.
    fn lease(&self) -> SignedDuration {
        SignedDuration::try_from(self.timeout + Duration::from_secs(5)).unwrap_or(SignedDuration::MAX)
    }

    async fn attempt(self: Arc<Self>, job: Job, token: String, place: OwnedSemaphorePermit) {
        let verdict = self.tell(&job).await;
        match self.queue.settle(&job, &token, &verdict, self.clock.now()).await {
            Ok(true) => {}
            Ok(false) => tracing::debug!(lane = job.lane, "somebody else has the lane by now"),
            // Tried again once the lane is free; the receiver knows it by its id.
            Err(fault) => {
                tracing::warn!(code = fault.code(), %fault, "what came of a notification is not kept");
            }
        }
        drop(place);
        self.wake.notify_waiters();
    }

    async fn tell(&self, job: &Job) -> Verdict {
        let due = &job.item.due;
        let now = self.clock.now();
        let Some(subscription) = self.subscriptions.get(due.subscription_id) else {
            return unheard_of(due.happened_at, now);
        };
        let ended = |reason| Verdict::Failed { reason, status: 0, disables: None };
        match subscription.status.as_str() {
            Subscription::ENABLED => {}
            Subscription::SUSPENDED => return ended("endpoint_disabled"),
            _ => return ended("disabled"),
        }
        let begun = Instant::now();
        let telling = timeout(self.timeout, self.courier.tell(due, &subscription));
        let answer = telling.await.unwrap_or(Answer::NotNow { status: 0, after: None });
        let revision = self.courier.gives_up_endpoints().then_some(subscription.revision);
        let verdict = self.schedule.judge(&answer, job.failed, revision, self.clock.now());
        meters::attempted(self.courier.channel(), &verdict, begun.elapsed());
        self.note(job, &verdict);
        verdict
    }

    /// Says what did not go well. Never where to, or about whom.
    fn note(&self, job: &Job, verdict: &Verdict) {
        let (due, attempt) = (&job.item.due, job.failed + 1);
        match verdict {
            Verdict::Delivered { .. } | Verdict::Again(_) => {}
            Verdict::Later(at) => tracing::info!(
                subscription_id = %due.subscription_id, event_id = %due.event_id, attempt, next_attempt_at = %at,
                "a notification is tried again later"
            ),
            Verdict::Failed { reason, status, disables } => tracing::warn!(
                subscription_id = %due.subscription_id, event_id = %due.event_id, attempt, reason, status,
                disables = disables.is_some(), "a notification is given up"
            ),
        }
    }
}

/// What becomes of a notification of a subscription that is not known: it was deleted, or was made a moment ago.
fn unheard_of(happened_at: Timestamp, now: Timestamp) -> Verdict {
    if now.duration_since(happened_at) < UNHEARD {
        Verdict::Again(now + SignedDuration::from_secs(1))
    } else {
        Verdict::Failed { reason: "unsubscribed", status: 0, disables: None }
    }
}

#[cfg(test)]
mod tests;
