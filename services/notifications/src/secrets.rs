//! Signing secrets, under the master key while they lie about.

use std::sync::Arc;

use jiff::Timestamp;
use orderflow::{
    events::{SealedSecret, Subscription},
    fault::Fault,
    sealed::MasterKey,
};
use uuid::Uuid;

use crate::signature::Secret;

/// Seals and opens secrets. Clones share the key.
#[derive(Clone)]
pub struct Secrets(Arc<MasterKey>);

impl Secrets {
    /// Under this key.
    #[must_use]
    pub fn new(key: MasterKey) -> Self {
        Self(Arc::new(key))
    }

    /// A new secret of a subscription: as it goes on the log, and itself.
    ///
    /// # Errors
    /// `Fatal` when the system has no randomness to give.
    pub fn make(&self, subscription_id: Uuid) -> Result<(SealedSecret, Secret), Fault> {
        let secret = Secret::new()?;
        let (nonce, sealed) = self.0.seal(&owner(subscription_id), secret.bytes())?;
        let master_key_id = self.0.id().to_owned();
        Ok((SealedSecret { master_key_id, nonce, sealed, expires_at: None }, secret))
    }

    /// The secrets of a subscription that count now, the current one first.
    ///
    /// # Errors
    /// `Fatal` when one is under another master key; `Poison` when one is damaged or another subscription's.
    pub fn open(&self, subscription: &Subscription, now: Timestamp) -> Result<Vec<Secret>, Fault> {
        let counts = |one: &&SealedSecret| one.expires_at.is_none_or(|until| now < until);
        let owner = owner(subscription.subscription_id);
        let open = |one: &SealedSecret| {
            self.0.open(&owner, &one.master_key_id, &one.nonce, &one.sealed).map(Secret::of)
        };
        subscription.secrets.iter().filter(counts).map(open).collect()
    }
}

/// Whose it is, as associated data: a sealed secret cannot be moved to another subscription.
fn owner(subscription_id: Uuid) -> String {
    format!("subscription {subscription_id}")
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::subscriptions::tests::subscription;

    /// Under a key of a test's own.
    pub(crate) fn secrets() -> Secrets {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master.key");
        std::fs::write(&path, "5a".repeat(32)).unwrap();
        Secrets::new(MasterKey::from_file(&path).unwrap())
    }

    #[test]
    fn a_secret_opens_for_its_own_subscription_until_it_expires() {
        let secrets = secrets();
        let mut mine = subscription("https://shop.example", &["*"]);
        let (old, old_secret) = secrets.make(mine.subscription_id).unwrap();
        let (new, new_secret) = secrets.make(mine.subscription_id).unwrap();
        assert!(!old.sealed.windows(8).any(|part| old_secret.bytes().starts_with(part)), "in the clear");
        let until = Timestamp::from_second(100).unwrap();
        mine.secrets = vec![new, SealedSecret { expires_at: Some(until), ..old }];
        let opened = |second: i64| {
            let opened = secrets.open(&mine, Timestamp::from_second(second).unwrap()).unwrap();
            opened.iter().map(|one| one.bytes().to_vec()).collect::<Vec<_>>()
        };
        assert_eq!(opened(99), [new_secret.bytes(), old_secret.bytes()]);
        assert_eq!(opened(100), [new_secret.bytes()]);

        let mut other = mine.clone();
        other.subscription_id = Uuid::from_u128(8);
        assert_eq!(secrets.open(&other, until).unwrap_err().code(), "key_unreadable");
    }
}
