//! The topics by name. What is on them, for how long and for whom stands in `schemas/topics.yaml` ([`crate::catalogue`]).

use std::fmt;

/// A topic's logical name: the environment's prefix comes in front of it (see [`Names`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Topic(&'static str);

impl Topic {
    /// The name without prefix.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.0
    }
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// Orders as they were accepted.
pub const ORDERS: Topic = Topic("orders");
/// What people have decided about orders held for review, and what they have not.
pub const REVIEWS: Topic = Topic("reviews");
/// How each order was judged.
pub const FRAUD: Topic = Topic("fraud");
/// What was set aside for each order.
pub const INVENTORY: Topic = Topic("inventory");
/// Requests to change what is on the shelf.
pub const INVENTORY_STOCK: Topic = Topic("inventory.stock");
/// What is on the shelf.
pub const INVENTORY_LEVELS: Topic = Topic("inventory.levels");
/// What became of each payment.
pub const PAYMENTS: Topic = Topic("payments");
/// Labels, documents, pickups.
pub const SHIPPING: Topic = Topic("shipping");
/// Each customer's data key, encrypted.
pub const CUSTOMER_KEYS: Topic = Topic("customer.keys");
/// What operators should find later.
pub const AUDIT: Topic = Topic("audit");

/// Every topic there is.
pub const ALL: [Topic; 10] = [
    ORDERS,
    REVIEWS,
    FRAUD,
    INVENTORY,
    INVENTORY_STOCK,
    INVENTORY_LEVELS,
    PAYMENTS,
    SHIPPING,
    CUSTOMER_KEYS,
    AUDIT,
];

/// The topics of a service's own group.
const fn of_group(dead_letters: &'static str, retry: &'static str, waiting: &'static str) -> GroupTopics {
    GroupTopics { dead_letters: Topic(dead_letters), retry: Topic(retry), waiting: Topic(waiting) }
}

/// Every service with a group, and the group's own topics.
const GROUPS: [(&str, GroupTopics); 5] = [
    ("fraud-scoring", of_group("fraud-scoring.dlq", "fraud-scoring.retry", "fraud-scoring.waiting")),
    ("inventory", of_group("inventory.dlq", "inventory.retry", "inventory.waiting")),
    ("order-status", of_group("order-status.dlq", "order-status.retry", "order-status.waiting")),
    ("payment", of_group("payment.dlq", "payment.retry", "payment.waiting")),
    ("shipping", of_group("shipping.dlq", "shipping.retry", "shipping.waiting")),
];

/// The topics a service's group has to itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GroupTopics {
    /// `<group>.dlq`: records it could not handle.
    pub dead_letters: Topic,
    /// `<group>.retry`: an input of this group only, for records that are to be handled again.
    pub retry: Topic,
    /// `<group>.waiting`: the journal of the records that wait behind a dead letter.
    pub waiting: Topic,
}

impl GroupTopics {
    /// Those of a service; none for a service that reads nothing.
    #[must_use]
    pub fn of(service: &str) -> Option<Self> {
        GROUPS.into_iter().find(|(name, _)| *name == service).map(|(_, topics)| topics)
    }

    /// The service whose group has this topic to itself, and all of them.
    #[must_use]
    pub fn owner(topic: Topic) -> Option<(&'static str, Self)> {
        GROUPS.into_iter().find(|(_, topics)| topics.all().contains(&topic))
    }

    /// Each of them.
    #[must_use]
    pub fn all(self) -> [Topic; 3] {
        [self.dead_letters, self.retry, self.waiting]
    }
}

/// How one environment names its topics and groups: several can share a broker.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names {
    prefix: String,
}

impl Names {
    /// Names with this prefix, which may be empty.
    pub fn new(prefix: impl Into<String>) -> Self {
        Self { prefix: prefix.into() }
    }

    /// The topic's name on the broker.
    #[must_use]
    pub fn topic(&self, topic: Topic) -> String {
        format!("{}{topic}", self.prefix)
    }

    /// A consumer group's name on the broker.
    #[must_use]
    pub fn group(&self, service: &str) -> String {
        format!("{}{service}", self.prefix)
    }

    /// The dead-letter topic of a service's group.
    #[must_use]
    pub fn dead_letters(&self, service: &str) -> String {
        format!("{}.dlq", self.group(service))
    }

    /// The start of every Redis key of a service.
    #[must_use]
    pub fn keys(&self, service: &str) -> String {
        format!("{}{service}:", self.prefix)
    }

    /// The topic behind a name on the broker, where it is one of ours.
    #[must_use]
    pub fn logical(&self, name: &str) -> Option<Topic> {
        let name = name.strip_prefix(self.prefix.as_str())?;
        let of_groups = GROUPS.into_iter().flat_map(|(_, topics)| topics.all());
        ALL.into_iter().chain(of_groups).find(|topic| topic.name() == name)
    }
}
