//! What a proxy does to what passes through it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

/// What happens to everything, or to everything of one client.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    /// Nobody gets through, and who is connected no longer is.
    pub down: bool,
    /// Nothing passes, and nobody is told: a partition.
    pub silent: bool,
    /// Each piece takes this much longer, either way.
    pub delay: Duration,
    /// Only of clients whose name contains this; of everybody where there is none. Not of those that are kept out.
    pub only: Option<String>,
    /// What happens to certain answers.
    pub answers: Option<Answers>,
}

/// What happens to the answers to some kinds of request.
#[derive(Debug, Clone)]
pub struct Answers {
    /// The kinds, by Kafka's numbers.
    pub to: Vec<i16>,
    /// What happens.
    pub mishap: Mishap,
    /// How many are still to meet with it.
    left: Arc<AtomicU64>,
}

/// What happens to an answer: what it tells has happened all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mishap {
    /// It comes this much later, and so does what follows it on its connection.
    Late(Duration),
    /// Its connection breaks instead.
    Lost,
}

impl Answers {
    /// The next `count` answers to requests of these kinds.
    #[must_use]
    pub fn next(count: u64, to: &[i16], mishap: Mishap) -> Self {
        Self { to: to.to_vec(), mishap, left: Arc::new(AtomicU64::new(count)) }
    }

    /// How many are still to meet with it.
    #[must_use]
    pub fn left(&self) -> u64 {
        self.left.load(Ordering::SeqCst)
    }

    /// What this answer meets with.
    pub(super) fn meets(&self, asked: i16) -> Option<Mishap> {
        let one_less = |left: u64| left.checked_sub(1);
        let concerned = self.to.contains(&asked);
        (concerned && self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less).is_ok())
            .then_some(self.mishap)
    }
}

impl Rules {
    /// Whether they are about this client; who has not said its name is nobody.
    pub(super) fn concern(&self, client: Option<&str>) -> bool {
        self.only.as_deref().is_none_or(|only| client.is_some_and(|client| client.contains(only)))
    }
}
