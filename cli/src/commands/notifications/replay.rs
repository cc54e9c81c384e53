//! `orderflow notifications replay`: has a subscription told again. What was due stands on `notifications`; it is put there
//! once more, with the same `webhook-id`.

use std::{collections::BTreeMap, sync::Arc};

use anyhow::{Context, Result, ensure};
use clap::Args;
use jiff::Timestamp;
use orderflow::{
    catalogue::OPERATOR,
    clock::Clock,
    envelope::ids,
    events::{NotificationDelivered, NotificationDue, NotificationFailed, Record, Subscription},
    runtime::{Publisher, Root, contract},
    topics::{NOTIFICATIONS, NOTIFICATIONS_SUBSCRIPTIONS},
    trace::TraceContext,
};
use uuid::Uuid;

use crate::{
    commands::{print, print_json},
    connection::Connection,
    log::{Decoder, read},
};

const EXAMPLES: &str = "\
Examples:
  orderflow notifications replay --subscription 0199d2c4-9b00-7c31-b1f6-1c9d6c0a9f10
  orderflow notifications replay --subscription 0199d2c4-9b00-7c31-b1f6-1c9d6c0a9f10 \\
    --from 2026-11-21T08:00:00Z --to 2026-11-21T12:00:00Z --all --dry-run

Without --all only what was not told is told again. Receivers know a repeat by its webhook-id. Notifications are kept for 30
days.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::commands) struct Replay {
    /// The subscription's id.
    #[arg(long)]
    subscription: Uuid,
    /// Events from this time on.
    #[arg(long)]
    from: Option<Timestamp>,
    /// Events before this time.
    #[arg(long)]
    to: Option<Timestamp>,
    /// Also what was told.
    #[arg(long)]
    all: bool,
    /// Only say what would be told.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    connection: Connection,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

/// What `notifications` says of one event, for one subscription.
struct Told {
    due: NotificationDue,
    /// How the last time ended; nothing when it has not.
    failed: Option<bool>,
}

impl Replay {
    pub(super) async fn run(self) -> Result<bool> {
        let (subscription, mut told) = self.read().await?;
        ensure!(
            subscription.status == Subscription::ENABLED,
            "the subscription is {}: enable it first",
            subscription.status
        );
        told.retain(|one| self.means(one));
        told.sort_by_key(|one| one.due.happened_at);
        let replay = Clock::system().now().to_string();
        let publisher = if self.dry_run { None } else { Some(self.publisher().await?) };
        for Told { due, .. } in &told {
            let again =
                NotificationDue { revision: subscription.revision, replay: replay.clone(), ..due.clone() };
            if let Some(publisher) = &publisher {
                publisher.send(&publisher.prepare(&again, root(&again))?).await?;
            }
            if !self.json {
                print(format!("{} {} {}", again.happened_at, again.event_type, again.order_id))?;
            }
        }
        if self.json {
            let events: Vec<Uuid> = told.iter().map(|one| one.due.event_id).collect();
            print_json(&events)?;
        }
        eprintln!("{} {}", told.len(), if self.dry_run { "would be told again" } else { "are told again" });
        Ok(true)
    }

    /// Whether this one is to be told again.
    fn means(&self, told: &Told) -> bool {
        let at = told.due.happened_at;
        let in_range = self.from.is_none_or(|from| at >= from) && self.to.is_none_or(|to| at < to);
        // What has not ended is on its way.
        in_range && told.failed.is_some_and(|failed| failed || self.all)
    }

    /// The subscription, and all that it was to be told.
    async fn read(&self) -> Result<(Subscription, Vec<Told>)> {
        let decoder = Decoder::new(self.connection.registry()?);
        let topics = [NOTIFICATIONS, NOTIFICATIONS_SUBSCRIPTIONS];
        let entries = read(&self.connection.kafka_config(), &self.connection.names(), &topics, false).await?;
        decoder.learn(&entries).await?;
        let (mut subscription, mut told) = (None, BTreeMap::<Name, Told>::new());
        let id = self.subscription.to_string();
        for entry in entries.iter().filter(|entry| entry.key.contains(&id)) {
            let kind = &entry.envelope.kind;
            if entry.value.is_empty() {
                subscription = None;
            } else if Subscription::is_named(kind) {
                subscription = decoder.decode::<Subscription>(entry)?;
            } else if NotificationDue::is_named(kind) {
                let due = decoder.decode::<NotificationDue>(entry)?;
                told.extend(due.map(|due| (name(due.event_id, &due.order_id), Told { due, failed: None })));
            } else if NotificationDelivered::is_named(kind) {
                let e = decoder.decode::<NotificationDelivered>(entry)?;
                ended(&mut told, e.map(|e| name(e.event_id, &e.order_id)), false);
            } else if NotificationFailed::is_named(kind) {
                let e = decoder.decode::<NotificationFailed>(entry)?;
                ended(&mut told, e.map(|e| name(e.event_id, &e.order_id)), true);
            }
        }
        let subscription = subscription.with_context(|| format!("there is no subscription {id}"))?;
        Ok((subscription, told.into_values().collect()))
    }

    async fn publisher(&self) -> Result<Publisher> {
        let (registry, names) = (self.connection.registry()?, self.connection.names());
        let writes = [(NOTIFICATIONS, NotificationDue::NAME.to_owned())];
        let codec = contract::resolve(&registry, &names, &[], &writes).await?;
        Ok(Publisher::new(self.connection.kafka_config(), Arc::new(codec), names)?)
    }
}

/// An event about an order.
type Name = (Uuid, String);

fn name(event: Uuid, order: &str) -> Name {
    (event, order.to_owned())
}

fn ended(told: &mut BTreeMap<Name, Told>, which: Option<Name>, failed: bool) {
    if let Some(one) = which.and_then(|which| told.get_mut(&which)) {
        one.failed = Some(failed);
    }
}

/// An id of its own: the same replay says the same.
fn root(again: &NotificationDue) -> Root {
    let (subscription, event) = (again.subscription_id.to_string(), again.event_id.to_string());
    let id = ids::from_parts(&[&subscription, &event, "replay", &again.replay]);
    let (source, correlation_id) = (OPERATOR.to_owned(), id.to_string());
    Root { id, source, correlation_id, trace: TraceContext::root() }
}
