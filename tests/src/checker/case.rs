//! All that is known of a run, with what the invariants look things up by.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use anyhow::Result;
use orderflow::config::Delivery;
use uuid::Uuid;

use super::{
    Violation,
    decode::Schemas,
    documents::{self, Documents},
    event::{Event, is_aside, plain},
    history,
    ledgers::{self, Movement, Parcel},
    shelf::{self, Level},
};
use crate::chaos::evidence::{Answer, Evidence, Injected, InjectedKind};

/// Where a record stands: topic without the prefix, partition, offset.
pub type Place = (String, i32, i64);

/// What a run has left, read.
#[derive(Debug, Clone)]
pub struct Parts {
    /// Every record, of the groups' own topics too.
    pub events: Vec<Event>,
    /// What was asked and answered.
    pub journal: Vec<Answer>,
    /// The gateway's ledger.
    pub movements: Vec<Movement>,
    /// The carrier's ledger.
    pub parcels: Vec<Parcel>,
    /// The label documents.
    pub documents: Documents,
    /// What Redis says of the shelf.
    pub shelf: BTreeMap<String, Level>,
    /// What the harness wrote itself, and where.
    pub injected: Vec<(Place, InjectedKind)>,
    /// What was promised of repeats.
    pub delivery: Delivery,
}

/// The same, with what it is looked up by.
#[derive(Debug)]
pub struct Case {
    /// What it was made from; its events are sorted into the next two.
    pub parts: Parts,
    /// Records on the topics of the shop.
    pub events: Vec<Event>,
    /// Records on the topics of groups.
    pub aside: Vec<Event>,
    /// The events of each order, by topic, partition and offset.
    pub orders: BTreeMap<Uuid, Vec<usize>>,
    by_id: HashMap<Uuid, Vec<usize>>,
    by_place: HashMap<Place, usize>,
    poison: HashSet<Place>,
    injected: HashSet<Place>,
    open: HashSet<(String, Uuid)>,
}

/// Reads what the evidence points at.
///
/// # Errors
/// When the registry, Redis or a ledger cannot be read.
pub(super) async fn gather(evidence: &Evidence) -> Result<Case> {
    let schemas = Schemas::of(&evidence.registry, &evidence.records).await?;
    let prefix = evidence.prefix.as_str();
    let event = |record| Event::of(Clone::clone(record), prefix, schemas.read(record));
    let injected = evidence.injected.iter().map(|Injected { topic, partition, offset, what }| {
        ((plain(topic, prefix), *partition, *offset), what.clone())
    });
    Ok(Case::new(Parts {
        events: evidence.records.iter().map(event).collect(),
        journal: evidence.journal.clone(),
        movements: ledgers::read(&evidence.gateway_ledger)?,
        parcels: ledgers::read(&evidence.carrier_ledger)?,
        documents: documents::read(&evidence.labels)?,
        shelf: shelf::read(&evidence.redis, prefix).await?,
        injected: injected.collect(),
        delivery: evidence.delivery,
    }))
}

impl Case {
    /// Sorts everything by what it is looked up by.
    #[must_use]
    pub fn new(mut parts: Parts) -> Self {
        let (aside, mut events): (Vec<Event>, Vec<Event>) =
            std::mem::take(&mut parts.events).into_iter().partition(|event| is_aside(&event.topic));
        events.sort_by(|a, b| a.place().cmp(&b.place()));
        let mut case = Self {
            poison: parts
                .injected
                .iter()
                .filter(|(_, what)| matches!(what, InjectedKind::Poison(_)))
                .map(|(place, _)| place.clone())
                .collect(),
            injected: parts.injected.iter().map(|(place, _)| place.clone()).collect(),
            parts,
            orders: BTreeMap::new(),
            by_id: HashMap::new(),
            by_place: HashMap::new(),
            open: HashSet::new(),
            events: Vec::new(),
            aside,
        };
        for (index, event) in events.iter().enumerate() {
            case.by_id.entry(event.id).or_default().push(index);
            case.by_place.insert((event.topic.clone(), event.raw.partition, event.raw.offset), index);
            if let Some(order) = event.order().filter(|_| !event.kind.is_empty()) {
                case.orders.entry(order).or_default().push(index);
            }
        }
        case.events = events;
        case.open = case.open_letters();
        case
    }

    /// The records with this id, by topic, partition and offset.
    pub fn with_id(&self, id: Uuid) -> impl Iterator<Item = &Event> {
        self.by_id.get(&id).into_iter().flatten().map(|index| &self.events[*index])
    }

    /// Every id, with its records.
    pub fn ids(&self) -> impl Iterator<Item = (Uuid, Vec<&Event>)> {
        let ids: BTreeSet<Uuid> = self.by_id.keys().copied().collect();
        ids.into_iter().map(|id| (id, self.with_id(id).collect()))
    }

    /// The record that stands there.
    #[must_use]
    pub fn at(&self, place: &Place) -> Option<&Event> {
        let event = self.by_place.get(place).map(|index| &self.events[*index]);
        event
            .or_else(|| self.aside.iter().find(|event| event.place() == (place.0.as_str(), place.1, place.2)))
    }

    /// The events of an order.
    pub fn of(&self, order: Uuid) -> impl Iterator<Item = &Event> {
        self.orders.get(&order).into_iter().flatten().map(|index| &self.events[*index])
    }

    /// Whether the harness put it there as something nobody can handle.
    #[must_use]
    pub fn is_poison(&self, place: &Place) -> bool {
        self.poison.contains(place)
    }

    /// Whether the harness has put this record there.
    #[must_use]
    pub fn is_injected(&self, event: &Event) -> bool {
        let (topic, partition, offset) = event.place();
        self.injected.contains(&(topic.to_owned(), partition, offset))
    }

    /// Whether a service has given this event up, or has it wait, and has not settled it since.
    #[must_use]
    pub fn is_open(&self, service: &str, event: Uuid) -> bool {
        self.open.contains(&(service.to_owned(), event))
    }

    /// A violation, with the history of its order.
    #[must_use]
    pub fn broken(&self, invariant: &'static str, order: Option<Uuid>, what: impl Into<String>) -> Violation {
        let history = order.map(|order| history::of(self, order)).unwrap_or_default();
        Violation { invariant, order, what: what.into(), history }
    }

    /// Each event that a service has put aside and not settled since: service, event id.
    fn open_letters(&self) -> HashSet<(String, Uuid)> {
        let mut last: HashMap<(String, Uuid), (i64, bool)> = HashMap::new();
        for event in &self.aside {
            let Some((service, is_open, id)) = aside(event) else { continue };
            let at = (event.raw.timestamp_ms, !is_open);
            let known = last.entry((service.to_owned(), id)).or_insert(at);
            *known = (*known).max(at);
        }
        last.into_iter().filter(|(_, (_, is_settled))| !is_settled).map(|(name, _)| name).collect()
    }
}

/// What a record of a group's own topic says: the service, whether an event is open from there on, and which.
fn aside(event: &Event) -> Option<(&str, bool, Uuid)> {
    let (service, kind) = event.topic.rsplit_once('.')?;
    let note = |name| super::headers::text(&event.raw, name).and_then(|id| Uuid::parse_str(id).ok());
    match kind {
        "dlq" | "parked" => Some((service, true, event.id)),
        "waiting" => match note("orderflow-settled") {
            Some(settled) => Some((service, false, settled)),
            None => Some((service, true, note("orderflow-buried").unwrap_or(event.id))),
        },
        _ => None,
    }
}
