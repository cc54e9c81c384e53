//! Who wants to be told of what: `notifications.subscriptions`, followed.

use std::time::Duration;

use jiff::Timestamp;
use orderflow::{
    events::Subscription,
    runtime::{Followed, Known},
};
use uuid::Uuid;

use crate::announcement::ALL;

/// How long a change may take to come back from the topic.
const PATIENCE: Duration = Duration::from_secs(5);

/// All subscriptions. Clones share them.
#[derive(Clone)]
pub struct Subscriptions(Followed<Subscription>);

impl Subscriptions {
    /// Those that are followed.
    #[must_use]
    pub fn new(followed: Followed<Subscription>) -> Self {
        Self(followed)
    }

    /// Returns once the topic was read to its end for the first time. Never, when it is not followed any more.
    pub async fn are_known(&self) {
        if self.0.clone().wait_for(Option::is_some).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Returns once this revision of a subscription, or a later one, is known here; or its end, for no revision. `false`
    /// when that takes too long.
    pub async fn has(&self, id: Uuid, revision: Option<i64>) -> bool {
        let mut followed = self.0.clone();
        let id = Subscription::key_of(id);
        let is_known = followed.wait_for(|known| {
            let found = known.as_ref().and_then(|known| known.get(&id));
            match revision {
                Some(revision) => found.is_some_and(|found| found.revision >= revision),
                None => found.is_none(),
            }
        });
        matches!(tokio::time::timeout(PATIENCE, is_known).await, Ok(Ok(_)))
    }

    /// A subscription.
    #[must_use]
    pub fn get(&self, id: Uuid) -> Option<Subscription> {
        self.with(|known| known.get(&Subscription::key_of(id)).cloned())
    }

    /// All of them, by id.
    #[must_use]
    pub fn all(&self) -> Vec<Subscription> {
        self.with(|known| known.values().cloned().collect())
    }

    /// Those that want to be told of an event of this name, which happened then.
    #[must_use]
    pub fn wanting(&self, name: &str, happened_at: Timestamp) -> Vec<Subscription> {
        let wants = |one: &&Subscription| wants(one, name, happened_at);
        self.with(|known| known.values().filter(wants).cloned().collect())
    }

    fn with<T>(&self, read: impl FnOnce(&Known<Subscription>) -> T) -> T {
        match &*self.0.borrow() {
            Some(known) => read(known),
            None => read(&Known::new()),
        }
    }
}

/// Whether a subscription is to be told. One whose endpoint has failed is, so that it can be replayed; what happened before
/// it was made is not.
fn wants(subscription: &Subscription, name: &str, happened_at: Timestamp) -> bool {
    subscription.status != Subscription::DISABLED
        && happened_at >= subscription.created_at
        && subscription.events.iter().any(|wanted| wanted == ALL || wanted == name)
}

#[cfg(test)]
pub(crate) mod tests {
    use orderflow::events::WEBHOOK;
    use rstest::rstest;
    use tokio::sync::watch;

    use super::*;

    /// A subscription of a webhook to these events since 1970.
    pub(crate) fn subscription(url: &str, events: &[&str]) -> Subscription {
        Subscription {
            subscription_id: Uuid::from_u128(7),
            revision: 1,
            channel: WEBHOOK.to_owned(),
            url: Some(url.to_owned()),
            events: events.iter().map(|event| (*event).to_owned()).collect(),
            description: String::new(),
            status: Subscription::ENABLED.to_owned(),
            secrets: Vec::new(),
            created_at: Timestamp::UNIX_EPOCH,
            changed_by: "operator".to_owned(),
            changed_at: Timestamp::UNIX_EPOCH,
        }
    }

    /// These, followed.
    pub(crate) fn followed(subscriptions: &[Subscription]) -> Subscriptions {
        let known = subscriptions.iter().map(|one| (Subscription::key_of(one.subscription_id), one.clone()));
        Subscriptions::new(watch::channel(Some(known.collect())).1)
    }

    #[rstest]
    #[case::named(&["order.paid"], "enabled", 5, true)]
    #[case::all(&["*"], "enabled", 5, true)]
    #[case::another(&["order.paid_back"], "enabled", 5, false)]
    #[case::suspended(&["*"], "suspended", 5, true)]
    #[case::disabled(&["*"], "disabled", 5, false)]
    #[case::before(&["*"], "enabled", -5, false)]
    fn a_subscription_is_told_what_it_names_from_its_beginning_on(
        #[case] events: &[&str],
        #[case] status: &str,
        #[case] after: i64,
        #[case] expected: bool,
    ) {
        let mut one = subscription("https://shop.example", events);
        one.status = status.to_owned();
        one.created_at = Timestamp::from_second(1_000).unwrap();
        let happened_at = Timestamp::from_second(1_000 + after).unwrap();
        assert_eq!(followed(&[one]).wanting("order.paid", happened_at).len() == 1, expected);
    }
}
