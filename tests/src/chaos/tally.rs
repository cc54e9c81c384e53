//! How far the orders have come, as a bystander who follows the topics sees it while the run lasts. Nothing is judged by
//! it: it tells when all is quiet, and how long nothing came to an end.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use anyhow::Result;
use orderflow::{
    order_state::{Facts, State},
    topics,
};
use orderflow_cli::{
    environment::Environment,
    log::{Decoder, Entry, Follower},
};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use uuid::Uuid;

/// Before a broker that does not answer is asked again.
const AGAIN: Duration = Duration::from_secs(1);

/// What has been seen so far.
pub struct Tally(Mutex<Seen>);

struct Seen {
    orders: HashMap<Uuid, Facts>,
    settled: BTreeSet<Uuid>,
    /// When orders came to their ends.
    ends: Vec<Instant>,
    /// When the last record was new.
    moved: Instant,
    /// How far each partition was read.
    read: HashMap<(String, i32), i64>,
}

impl Default for Tally {
    fn default() -> Self {
        Self(Mutex::new(Seen {
            orders: HashMap::new(),
            settled: BTreeSet::new(),
            ends: Vec::new(),
            moved: Instant::now(),
            read: HashMap::new(),
        }))
    }
}

impl Tally {
    /// Follows the topics; never ends.
    ///
    /// # Errors
    /// When the registry cannot be asked at all.
    pub async fn follow(self: Arc<Self>, environment: &Environment) -> Result<()> {
        let decoder = Decoder::new(environment.connection().registry()?);
        loop {
            let (hear, heard) = unbounded_channel();
            let (config, names) = (environment.kafka_config(), environment.names());
            let take = move |entry| drop(hear.send(entry));
            // A broker that is down for long ends it; what was read is read again then, and is not new.
            if let Ok(follower) = Follower::start(&config, &names, &topics::ALL, take).await {
                self.listen(heard, &follower, &decoder).await;
            }
            tokio::time::sleep(AGAIN).await;
        }
    }

    async fn listen(&self, mut heard: UnboundedReceiver<Entry>, follower: &Follower, decoder: &Decoder) {
        while follower.failure().is_none() {
            let mut entries = Vec::new();
            let waited = tokio::time::timeout(AGAIN, heard.recv_many(&mut entries, 1_000)).await;
            if waited.is_err() {
                continue;
            }
            while decoder.learn(&entries).await.is_err() {
                tokio::time::sleep(AGAIN).await;
            }
            self.tell(&entries, decoder);
        }
    }

    fn tell(&self, entries: &[Entry], decoder: &Decoder) {
        let now = Instant::now();
        let mut seen = self.seen();
        for entry in entries {
            let read = seen.read.entry((format!("{:?}", entry.place), entry.partition)).or_insert(-1);
            if entry.offset <= *read {
                continue;
            }
            *read = entry.offset;
            seen.moved = now;
            let Some(order) = entry.order_id() else { continue };
            let facts = seen.orders.entry(order).or_default();
            decoder.tell(entry, facts);
            if is_settled(facts.state()) && seen.settled.insert(order) {
                seen.ends.push(now);
            }
        }
    }

    /// How many orders are in each state.
    pub fn states(&self) -> BTreeMap<String, usize> {
        let seen = self.seen();
        let mut states = BTreeMap::new();
        for facts in seen.orders.values() {
            *states.entry(facts.state().to_string()).or_default() += 1;
        }
        states
    }

    /// Those of these orders that are not at their end, and where they stand.
    pub fn open(&self, orders: &BTreeSet<Uuid>) -> Vec<(Uuid, String)> {
        let seen = self.seen();
        let state = |order: &Uuid| seen.orders.get(order).map(Facts::state);
        let open = orders.iter().filter(|order| !state(order).is_some_and(is_settled));
        open.map(|order| {
            (*order, state(order).map_or("not on the log".to_owned(), |state| state.to_string()))
        })
        .collect()
    }

    /// For how long nothing has been written.
    pub fn still_for(&self) -> Duration {
        self.seen().moved.elapsed()
    }

    /// How many orders have come to their end.
    pub fn ended(&self) -> usize {
        self.seen().settled.len()
    }

    /// The longest time without an order that came to its end, of what lies between these moments.
    pub fn stall(&self, from: Instant, to: Instant) -> Duration {
        let seen = self.seen();
        let inside = seen.ends.iter().copied().filter(|end| (from..to).contains(end));
        let (mut last, mut longest) = (from, Duration::ZERO);
        for end in inside.chain([to]) {
            longest = longest.max(end.duration_since(last));
            last = end;
        }
        longest
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// At its end, or resting until somebody decides.
fn is_settled(state: State) -> bool {
    state.is_final() || state == State::Parked
}
