//! What every test ends with: the shop is stopped, and everything it did is held against everything it promised.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use orderflow::{
    catalogue::Catalogue,
    config::Delivery,
    events::{
        InventoryReleased, InventoryReserved, InventoryShipped, LabelDocumentStored, PickupScheduled, Record,
    },
    order_state::State,
    runtime::original::EDITS,
    topics,
};
use orderflow_cli::{
    audit::{self, Evidence},
    log::{Entry, Place, read},
};
use uuid::Uuid;

use crate::{Shop, load::Placed, raw, waiting::eventually};

impl Shop {
    /// Waits until the orders are final and all that follows from it has happened, stops every process, and proves:
    /// - each accepted order came to exactly the final state it must, and no other order is on the log;
    /// - an event id has one content; exactly-once, it is there once;
    /// - one charge and one label for whoever was served, of the right amount, and none for others;
    /// - stock adds up from the log and equals Redis;
    /// - no dead letters; nobody died unasked; all ended well when asked to.
    pub async fn close(self, placed: &[Placed]) {
        self.close_with_dead_letters(placed, &[]).await;
    }

    /// The same, with these dead letters and no other: their codes, each as often as it occurs.
    pub async fn close_with_dead_letters(self, placed: &[Placed], codes: &[&str]) {
        let problems = self.examine(placed, codes).await;
        assert!(problems.is_empty(), "the shop was not whole:\n{}", problems.join("\n"));
    }

    /// Stops a shop that was broken on purpose: nothing is asked of it any more.
    pub async fn abandon(mut self) {
        self.environment.stop().await;
        self.clear().await;
        self.closed = true;
    }

    /// Removes its topics: those of hundreds of shops slow a broker down for whoever still comes.
    async fn clear(&self) {
        raw::delete_topics(&self.kafka(), &self.environment.connection().prefix).await;
    }

    /// The same, and says what is wrong.
    pub async fn examine(mut self, placed: &[Placed], codes: &[&str]) -> Vec<String> {
        self.settled(placed).await;
        self.followed_up(placed).await;
        self.buried(codes.len()).await;
        let mut problems = self.casualties();
        problems
            .extend(self.environment.stop().await.into_iter().map(|name| format!("{name} did not end well")));
        let accepted = placed.iter().map(|order| order.order_id).collect();
        let evidence = audit::gather(&self.environment, accepted).await.unwrap();
        problems.extend(audit::check(&evidence).into_iter().flat_map(|check| check.broken));
        problems.extend(states(&evidence, placed));
        problems.extend(dead_letters(&evidence, codes));
        if self.delivery == Delivery::ExactlyOnce {
            let entries = read(&self.kafka(), &self.environment.names(), &topics::ALL, false).await.unwrap();
            problems.extend(repeats(&entries, &self.edited().await));
        }
        if !problems.is_empty() {
            self.environment.keep_folder();
        }
        self.clear().await;
        self.closed = true;
        problems
    }

    /// The ids under which edited dead letters have been handled again: on no topic but their group's own.
    async fn edited(&self) -> Vec<Uuid> {
        let groups = Catalogue::load().unwrap().groups().into_values().collect::<Vec<_>>();
        let mut edited = Vec::new();
        for group in groups {
            let sent = raw::read(&self.kafka(), &self.environment.names().topic(group.retry)).await;
            let changed = sent.iter().filter(|record| record.header(EDITS).is_some());
            edited.extend(changed.filter_map(|record| record.text("ce_id")?.parse::<Uuid>().ok()));
        }
        edited
    }

    /// What comes after a final state: documents, a pickup and shipped stock for what is fulfilled, free stock for what
    /// was reserved in vain.
    async fn followed_up(&self, placed: &[Placed]) {
        let of = |state: State| placed.iter().filter(move |order| order.becomes == state);
        let fulfilled: Vec<_> = of(State::Fulfilled).collect();
        self.all_have::<LabelDocumentStored>(&fulfilled).await;
        self.all_have::<PickupScheduled>(&fulfilled).await;
        self.all_have::<InventoryShipped>(&fulfilled).await;
        // A cancelled order may never have been reserved.
        let reserved = self.told::<InventoryReserved>();
        let vain = [State::Declined, State::Undeliverable, State::Cancelled].map(of).into_iter().flatten();
        let vain: Vec<_> = vain.filter(|order| reserved.contains(&order.order_id)).collect();
        self.all_have::<InventoryReleased>(&vain).await;
    }

    /// Dead letters, at least so many: whoever has nothing to do with an order buries what it cannot read whenever it comes
    /// to it.
    async fn buried(&self, count: usize) {
        eventually(&format!("{count} dead letters"), async || {
            let entries = self.entries();
            let letters = entries.iter().filter(|entry| matches!(entry.place, Place::DeadLetters(_)));
            let told: Vec<_> = letters.map(|entry| (&entry.place, &entry.fault)).collect();
            if told.len() < count { Err(format!("{told:?}")) } else { Ok(()) }
        })
        .await;
    }

    /// The orders a record type has been heard of.
    fn told<R: Record>(&self) -> BTreeSet<Uuid> {
        let entries = self.entries();
        let on_topic = entries.iter().filter(|entry| entry.place == Place::Topic(R::TOPIC));
        let told = on_topic.filter(|entry| R::is_named(&entry.envelope.kind));
        told.filter_map(Entry::order_id).collect()
    }

    async fn all_have<R: Record>(&self, orders: &[&Placed]) {
        eventually(&format!("{} for {} orders", R::NAME, orders.len()), async || {
            let told = self.told::<R>();
            let missing = orders.iter().filter(|order| !told.contains(&order.order_id));
            match missing.map(|order| order.order_id).next() {
                None => Ok(()),
                Some(first) => Err(format!("of {first}: {}", self.story(&first.to_string()))),
            }
        })
        .await;
    }
}

fn states(evidence: &Evidence, placed: &[Placed]) -> Vec<String> {
    let must: HashMap<Uuid, State> = placed.iter().map(|order| (order.order_id, order.becomes)).collect();
    let mut problems = Vec::new();
    for (order_id, order) in &evidence.orders {
        match must.get(order_id) {
            None => {
                problems.push(format!("{order_id} is on the log, but nobody was told that it is accepted"))
            }
            Some(state) if order.state() != *state => {
                problems.push(format!("{order_id} is {} instead of {state}", order.state()));
            }
            Some(_) => {}
        }
    }
    problems
}

/// Exactly-once, a step has answered each record once. What comes from outside may be there more than once (a caller's
/// repeat, a seed after a restart), and then so may be the answers to it.
fn repeats(entries: &[Entry], edited: &[Uuid]) -> Vec<String> {
    let mut counts: HashMap<Uuid, usize> = HashMap::new();
    for id in entries.iter().map(|entry| entry.envelope.id).chain(edited.iter().copied()) {
        *counts.entry(id).or_default() += 1;
    }
    let answers: BTreeMap<Uuid, &Entry> = entries.iter().map(|entry| (entry.envelope.id, entry)).collect();
    let mut problems = Vec::new();
    for (id, entry) in answers {
        let Some(cause) = entry.envelope.causation_id else { continue };
        let (answered, asked) = (counts[&id], counts.get(&cause).copied().unwrap_or(0));
        if answered > asked {
            let record = entry.record();
            problems.push(format!(
                "{record} {id} of {} is there {answered} times, its cause {asked} times",
                entry.key
            ));
        }
    }
    problems
}

fn dead_letters(evidence: &Evidence, codes: &[&str]) -> Vec<String> {
    let mut wanted: BTreeMap<String, usize> = BTreeMap::new();
    for code in codes {
        *wanted.entry((*code).to_owned()).or_default() += 1;
    }
    if evidence.dead_letters == wanted {
        return Vec::new();
    }
    vec![format!("dead letters are {:?} instead of {wanted:?}", evidence.dead_letters)]
}
