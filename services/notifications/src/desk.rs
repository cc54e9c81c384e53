//! What every route works with.

use async_trait::async_trait;
use axum::extract::Request;
use jiff::{SignedDuration, Timestamp};
use orderflow::{
    clock::Clock,
    envelope::ids,
    events::{NotificationDue, Subscription},
    fault::Fault,
    http::{
        Correlation, InFlight, Problem,
        callers::{Caller, Callers},
        kind::UNAVAILABLE,
    },
    runtime::{Publisher, Root},
    topics::NOTIFICATIONS_SUBSCRIPTIONS,
};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    endpoint::Allowed, problem_kind::UNKNOWN_SUBSCRIPTION, queue::Queue, secrets::Secrets,
    subscriptions::Subscriptions,
};

/// The source of the events made here.
const SOURCE: &str = "notifications";
/// Most bytes of a body.
pub const MAX_BODY: usize = 16 * 1024;

/// The way onto the log, as a port: routes can be tested without Kafka.
#[async_trait]
pub trait Outbox: Send + Sync + 'static {
    /// Returns once all in-sync replicas have the subscription.
    ///
    /// # Errors
    /// `Transient` when that is not known.
    async fn keep(&self, subscription: &Subscription, root: Root) -> Result<(), Fault>;

    /// Ends a subscription.
    ///
    /// # Errors
    /// As [`Self::keep`].
    async fn end(&self, id: Uuid) -> Result<(), Fault>;

    /// Has somebody told of something.
    ///
    /// # Errors
    /// As [`Self::keep`].
    async fn notify(&self, due: &NotificationDue, root: Root) -> Result<(), Fault>;
}

#[async_trait]
impl Outbox for Publisher {
    async fn keep(&self, subscription: &Subscription, root: Root) -> Result<(), Fault> {
        self.send(&self.prepare(subscription, root)?).await.map(drop)
    }

    async fn end(&self, id: Uuid) -> Result<(), Fault> {
        self.remove(NOTIFICATIONS_SUBSCRIPTIONS, &Subscription::key_of(id)).await.map(drop)
    }

    async fn notify(&self, due: &NotificationDue, root: Root) -> Result<(), Fault> {
        self.send(&self.prepare(due, root)?).await.map(drop)
    }
}

/// The adapters and settings behind the routes.
pub struct Desk {
    /// The way onto the log.
    pub outbox: Box<dyn Outbox>,
    /// Who wants to be told.
    pub subscriptions: Subscriptions,
    /// What waits.
    pub queue: Queue,
    /// Makes signing secrets.
    pub secrets: Secrets,
    /// Which endpoints there may be.
    pub allowed: Allowed,
    /// Whether there is a mail server.
    pub sends_mail: bool,
    /// For how long a secret that was replaced still signs.
    pub overlap: SignedDuration,
    /// Who calls.
    pub callers: Callers,
    /// How many requests are handled at once.
    pub in_flight: InFlight,
    /// The time.
    pub clock: Clock,
}

impl Desk {
    /// Who calls, if it is staff.
    ///
    /// # Errors
    /// 401 for a token that proves nothing, 403 for anybody else.
    pub fn staff(&self, request: &Request) -> Result<Caller, Problem> {
        self.callers.staff(request.headers(), request.extensions(), self.clock.now())
    }

    /// A subscription, by the text in a path.
    ///
    /// # Errors
    /// 404 when there is none.
    pub fn subscription(&self, id: &str) -> Result<Subscription, Problem> {
        let unknown = || Problem::new(&UNKNOWN_SUBSCRIPTION, "no subscription has this id");
        id.parse().ok().and_then(|id| self.subscriptions.get(id)).ok_or_else(unknown)
    }

    /// Puts a revision of a subscription onto the log, and returns once this instance knows it.
    ///
    /// # Errors
    /// 503 when that is not known to have happened.
    pub async fn keep(&self, subscription: &Subscription, by: &Correlation) -> Result<(), Problem> {
        let (id, revision) = (subscription.subscription_id, subscription.revision);
        // Two who change the same revision at once say different things.
        let changed = subscription.changed_at.as_microsecond();
        let event =
            ids::from_parts(&[&id.to_string(), "subscription", &revision.to_string(), &changed.to_string()]);
        self.outbox.keep(subscription, by.root(event, SOURCE)).await?;
        self.is_known(id, Some(revision)).await
    }

    /// Ends a subscription, and returns once this instance knows it.
    ///
    /// # Errors
    /// As [`Self::keep`].
    pub async fn end(&self, id: Uuid) -> Result<(), Problem> {
        self.outbox.end(id).await?;
        self.is_known(id, None).await
    }

    /// Has somebody told of something.
    ///
    /// # Errors
    /// As [`Self::keep`].
    pub async fn notify(&self, due: &NotificationDue, by: &Correlation) -> Result<(), Problem> {
        let event = ids::from_parts(&[&due.event_id.to_string(), "test"]);
        Ok(self.outbox.notify(due, by.root(event, SOURCE)).await?)
    }

    async fn is_known(&self, id: Uuid, revision: Option<i64>) -> Result<(), Problem> {
        if self.subscriptions.has(id, revision).await {
            return Ok(());
        }
        Err(Problem::new(&UNAVAILABLE, "it is on the log, but this service has not read it yet: look again"))
    }
}

/// A subscription, as staff sees it: without what signs.
#[must_use]
pub fn shown(subscription: &Subscription, now: Timestamp) -> Value {
    let signing = subscription.secrets.iter().filter(|one| one.expires_at.is_none_or(|until| now < until));
    json!({
        "id": subscription.subscription_id,
        "channel": subscription.channel,
        "url": subscription.url,
        "events": subscription.events,
        "description": subscription.description,
        "status": subscription.status,
        "revision": subscription.revision,
        "secrets": signing.count(),
        "created_at": subscription.created_at,
        "changed_at": subscription.changed_at,
        "changed_by": subscription.changed_by,
    })
}
