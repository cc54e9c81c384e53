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

    /// Whether a group has it to itself: what is on it was put aside, and is no event.
    #[must_use]
    pub fn is_of_a_group(self) -> bool {
        [".dlq", ".parked", ".retry", ".waiting"].iter().any(|kind| self.0.ends_with(kind))
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
/// What was learned later about which orders were fraud.
pub const FRAUD_LABELS: Topic = Topic("fraud.labels");
/// What a version of the model that is tried would have said.
pub const FRAUD_SHADOW: Topic = Topic("fraud.shadow");
/// What became of each version of each model.
pub const MODELS: Topic = Topic("models");
/// Which versions of each model serve now.
pub const MODELS_STATE: Topic = Topic("models.state");
/// What was set aside for each order.
pub const INVENTORY: Topic = Topic("inventory");
/// Requests to change what is on the shelf.
pub const INVENTORY_STOCK: Topic = Topic("inventory.stock");
/// What is on the shelf.
pub const INVENTORY_LEVELS: Topic = Topic("inventory.levels");
/// What was on the shelf at some point of the log, SKU by SKU.
pub const INVENTORY_SNAPSHOTS: Topic = Topic("inventory.snapshots");
/// What became of each payment.
pub const PAYMENTS: Topic = Topic("payments");
/// What the gateway says by itself of payments.
pub const PAYMENTS_CALLBACKS: Topic = Topic("payments.callbacks");
/// Labels, documents, pickups.
pub const SHIPPING: Topic = Topic("shipping");
/// Each customer's data key, encrypted.
pub const CUSTOMER_KEYS: Topic = Topic("customer.keys");
/// What customers look at and put into their carts.
pub const ACTIVITY: Topic = Topic("activity");
/// What to show to whom.
pub const RECOMMENDATIONS: Topic = Topic("recommendations");
/// What customers and merchants are told, and what came of it.
pub const NOTIFICATIONS: Topic = Topic("notifications");
/// Who wants to be told of what.
pub const NOTIFICATIONS_SUBSCRIPTIONS: Topic = Topic("notifications.subscriptions");
/// What operators should find later.
pub const AUDIT: Topic = Topic("audit");

/// Every topic there is.
pub const ALL: [Topic; 20] = [
    ORDERS,
    REVIEWS,
    FRAUD,
    FRAUD_LABELS,
    FRAUD_SHADOW,
    MODELS,
    MODELS_STATE,
    INVENTORY,
    INVENTORY_STOCK,
    INVENTORY_LEVELS,
    INVENTORY_SNAPSHOTS,
    PAYMENTS,
    PAYMENTS_CALLBACKS,
    SHIPPING,
    CUSTOMER_KEYS,
    ACTIVITY,
    RECOMMENDATIONS,
    NOTIFICATIONS,
    NOTIFICATIONS_SUBSCRIPTIONS,
    AUDIT,
];

/// A service with a group, and the group's own topics.
macro_rules! group {
    ($service:literal) => {
        (
            $service,
            GroupTopics {
                dead_letters: Topic(concat!($service, ".dlq")),
                parked: Topic(concat!($service, ".parked")),
                retry: Topic(concat!($service, ".retry")),
                waiting: Topic(concat!($service, ".waiting")),
            },
        )
    };
}

/// Every service with a group, and the group's own topics.
const GROUPS: [(&str, GroupTopics); 7] = [
    group!("fraud-scoring"),
    group!("inventory"),
    group!("notifications"),
    group!("order-status"),
    group!("payment"),
    group!("recommendation"),
    group!("shipping"),
];

/// The topics a service's group has to itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GroupTopics {
    /// `<group>.dlq`: records it could not handle.
    pub dead_letters: Topic,
    /// `<group>.parked`: dead letters that an operator has given up for now.
    pub parked: Topic,
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
    pub fn all(self) -> [Topic; 4] {
        [self.dead_letters, self.parked, self.retry, self.waiting]
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
