//! Timelines and indexes in Redis: written by one script a batch, read plainly.

use std::{
    collections::{BTreeMap, HashMap},
    sync::LazyLock,
};

use jiff::{SignedDuration, Timestamp};
use orderflow::{
    clock::Clock,
    events::{self, OrderPlaced, Record},
    fault::Fault,
    state::{Args, EffectScript, State},
    telemetry,
    topics::{ORDERS, Topic},
};
use redis::AsyncCommands;
use uuid::Uuid;

use crate::{
    entry::{Entry, Note},
    erased::are_erased,
    order::{About, Arrived, Order, STATES, Summary},
    parties::{self, Parties},
    put_aside::mark,
};

static TAKE_NOTE: LazyLock<EffectScript> = LazyLock::new(|| EffectScript::new(include_str!("timelines.lua")));

/// How long an order is shown after its last event, in seconds: 35 days, longer than a dead letter waits.
const LIFE: u64 = 35 * 24 * 60 * 60;

/// After this long, an order has no keys left unless it has waited for a redrive all that time: it leaves the indexes,
/// and a rebuild passes over its events.
pub const FORGOTTEN: SignedDuration = SignedDuration::from_hours(2 * 35 * 24);

/// Timelines in Redis. Clones share one state.
#[derive(Clone)]
pub struct Timelines {
    state: State,
    clock: Clock,
}

/// Which orders a list is of.
#[derive(Debug, Clone, Copy)]
pub enum Index<'a> {
    /// All of them, by when they were placed.
    All,
    /// One customer's, by when they were placed.
    Customer(&'a str),
    /// Those in one state, by when they were placed.
    State(&'a str),
}

impl Index<'_> {
    fn key(self) -> String {
        match self {
            Self::All => "orders".to_owned(),
            Self::Customer(id) => format!("customer:{id}"),
            Self::State(state) => format!("state:{state}"),
        }
    }
}

impl Timelines {
    /// The timelines in this state.
    pub fn new(state: State, clock: Clock) -> Self {
        Self { state, clock }
    }

    /// Puts events on their orders' timelines, in one call; in one before it, whom the orders name that were placed.
    ///
    /// # Errors
    /// As [`State::call`].
    pub async fn take_note(&self, notes: &[Note]) -> Result<(), Fault> {
        if notes.is_empty() {
            return Ok(());
        }
        let now = self.clock.now();
        let placed = notes.iter().filter(|note| OrderPlaced::is_named(&note.entry.kind));
        let placed: Vec<&events::Order> = placed.filter_map(|note| note.order.as_deref()).collect();
        parties::take_note(&self.state, now, &placed).await?;
        let oldest = now.checked_sub(FORGOTTEN).unwrap_or(Timestamp::UNIX_EPOCH);
        let mut args = Args::new();
        args.push(LIFE).push(oldest.as_microsecond()).push(notes.len());
        for note in notes {
            push(&mut args, note)?;
        }
        self.state.call(&TAKE_NOTE, args).await
    }

    /// Makes sure that nothing is missing: a list has no way of its own to tell.
    ///
    /// # Errors
    /// `Lost` while the timelines are being rebuilt; `Transient` when Redis does not answer.
    pub async fn require_whole(&self) -> Result<(), Fault> {
        self.state.verify().await
    }

    /// All that is known of an order; `None` when nothing is.
    ///
    /// # Errors
    /// `Transient` when Redis does not answer; `Fatal` when it holds what this version did not write.
    pub async fn order(&self, order_id: Uuid) -> Result<Option<Order>, Fault> {
        let mut pipe = redis::pipe();
        pipe.atomic()
            .hgetall(self.state.key(&format!("order:{order_id}")))
            .hvals(self.state.key(&format!("events:{order_id}")));
        let mut redis = self.state.redis();
        let (about, events): (HashMap<String, String>, Vec<String>) =
            telemetry::redis("MULTI", None, pipe.query_async(&mut redis)).await?;
        let erased = are_erased(&self.state, std::slice::from_ref(&about)).await? == [true];
        let entries = events.iter().map(|text| arrived(text)).collect::<Result<Vec<_>, _>>()?;
        let order = Order::new(order_id, About::read(&about, erased), entries);
        Ok(Some(order).filter(|order| !order.timeline.is_empty()))
    }

    /// Whom and what an order names; `None` where that is not known, or no longer.
    ///
    /// # Errors
    /// As [`Self::order`].
    pub async fn parties(&self, order_id: Uuid) -> Result<Option<Parties>, Fault> {
        parties::of(&self.state, order_id).await
    }

    /// How many events an order has: grows with each.
    ///
    /// # Errors
    /// `Transient` when Redis does not answer.
    pub async fn count(&self, order_id: Uuid) -> Result<u64, Fault> {
        let key = self.state.key(&format!("events:{order_id}"));
        Ok(telemetry::redis("HLEN", None, self.state.redis().hlen(key)).await?)
    }

    /// Orders of an index, newest first, from a score downwards to another one: ids and scores (µs).
    ///
    /// # Errors
    /// `Transient` when Redis does not answer.
    pub async fn newest(
        &self,
        index: Index<'_>,
        from: Option<i64>,
        down_to: Option<i64>,
        skip: usize,
        count: usize,
    ) -> Result<Vec<(Uuid, i64)>, Fault> {
        let (skip, count) = (whole(skip), whole(count));
        let from = from.map_or_else(|| "+inf".to_owned(), |score| score.to_string());
        let down_to = down_to.map_or_else(|| "-inf".to_owned(), |score| score.to_string());
        let key = self.state.key(&index.key());
        let mut redis = self.state.redis();
        let asking = redis.zrevrangebyscore_limit_withscores(key, from, down_to, skip, count);
        let found: Vec<(String, i64)> = telemetry::redis("ZREVRANGEBYSCORE", None, asking).await?;
        Ok(found.into_iter().filter_map(|(id, score)| Some((id.parse().ok()?, score))).collect())
    }

    /// How many orders are in each state, by its name; and how many are `held`.
    ///
    /// # Errors
    /// `Transient` when Redis does not answer.
    pub async fn standing(&self) -> Result<BTreeMap<&'static str, u64>, Fault> {
        let mut pipe = redis::pipe();
        for state in STATES {
            pipe.zcard(self.state.key(&Index::State(state).key()));
        }
        pipe.zcard(self.state.key("reviews"));
        let mut redis = self.state.redis();
        let counts: Vec<u64> = telemetry::redis("ZCARD", None, pipe.query_async(&mut redis)).await?;
        Ok(STATES.into_iter().chain(["held"]).zip(counts).collect())
    }

    /// Where they are kept.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// What a list shows of these orders; `None` where one is forgotten.
    ///
    /// # Errors
    /// `Transient` when Redis does not answer.
    pub async fn summaries(&self, ids: &[Uuid]) -> Result<Vec<Option<Summary>>, Fault> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let mut pipe = redis::pipe();
        for id in ids {
            pipe.hgetall(self.state.key(&format!("order:{id}")));
        }
        let mut redis = self.state.redis();
        let asking = pipe.query_async(&mut redis);
        let found: Vec<HashMap<String, String>> = telemetry::redis("HGETALL", None, asking).await?;
        let erased = are_erased(&self.state, &found).await?;
        let known = ids.iter().zip(found.iter().zip(erased));
        Ok(known.map(|(id, (fields, erased))| Summary::read(*id, fields, erased)).collect())
    }

    /// Orders that wait for a person, the next deadline first: at most `count`, after the first `skip`.
    ///
    /// # Errors
    /// As [`Self::order`].
    pub async fn under_review(&self, skip: usize, count: usize) -> Result<Vec<Order>, Fault> {
        let (skip, count) = (whole(skip), whole(count));
        let key = self.state.key("reviews");
        let ids: Vec<String> = self.state.redis().zrange(key, skip, skip + count - 1).await?;
        let mut orders = Vec::with_capacity(ids.len());
        for id in ids.iter().filter_map(|id| id.parse().ok()) {
            orders.extend(self.order(id).await?);
        }
        Ok(orders)
    }

    /// Up to which offset (exclusive) each partition of `orders` is on the timelines.
    ///
    /// # Errors
    /// `Transient` when Redis does not answer.
    pub async fn applied(&self) -> Result<HashMap<i32, i64>, Fault> {
        let fields: HashMap<String, i64> = self.state.redis().hgetall(self.state.key("applied")).await?;
        Ok(fields
            .into_iter()
            .filter_map(|(field, offset)| Some((partition(&field, ORDERS)?, offset)))
            .collect())
    }

    /// Names the state's generation: places in order of arrival are compared only within one.
    pub fn generation(&self) -> String {
        let prefix = self.state.key("");
        prefix.trim_end_matches(':').rsplit(':').next().unwrap_or_default().to_owned()
    }
}

/// The arguments of one event, as the script takes them.
fn push(args: &mut Args, note: &Note) -> Result<(), Fault> {
    let entry = serde_json::to_string(&note.entry)
        .map_err(|error| Fault::poison("timeline_entry", "an event cannot be kept").caused_by(error))?;
    args.push(note.order_id.to_string()).push(note.entry.id.to_string()).push(entry);
    let fact = note.fact.map(|fact| format!("{fact:?}"));
    args.push(fact.or_else(|| mark(&note.entry)).unwrap_or_default());
    args.push(note.review_by().map(|time| time.as_microsecond().to_string()).unwrap_or_default());
    match &note.order {
        Some(order) => args
            .push("1")
            .push(&order.customer_id)
            .push(order.total)
            .push(&order.currency)
            .push(order.placed_at.as_microsecond())
            .push(order.sealed.key_id.to_string()),
        None => args.push("0"),
    };
    Ok(())
}

/// An entry as the script keeps it: its place in order of arrival, a space, the entry.
fn arrived(text: &str) -> Result<Arrived, Fault> {
    let unreadable =
        || Fault::fatal("timeline_unreadable", "a timeline in Redis is not as this version writes it");
    let (place, entry) = text.split_once(' ').ok_or_else(unreadable)?;
    let place = place.parse().map_err(|_| unreadable())?;
    let entry: Entry = serde_json::from_str(entry).map_err(|error| unreadable().caused_by(error))?;
    Ok(Arrived { place, entry })
}

/// A number as Redis takes it.
fn whole(number: usize) -> isize {
    isize::try_from(number).unwrap_or(isize::MAX / 2)
}

/// The partition of a field of applied offsets, where it is of this topic.
fn partition(field: &str, topic: Topic) -> Option<i32> {
    field.strip_prefix(topic.name())?.strip_prefix('/')?.parse().ok()
}
