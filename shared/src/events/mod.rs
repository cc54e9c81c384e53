//! The records on the topics, as Rust types. One file per topic; `schemas/` holds the Avro side, and a test holds
//! the two to each other.

mod activity;
mod audit;
mod callbacks;
mod feature_vector;
mod fraud;
mod inventory;
mod keys;
mod labels;
mod models;
mod notifications;
mod order;
mod orders;
mod payments;
mod recommendations;
mod reviews;
mod shipping;

use jiff::Timestamp;
use serde::{Serialize, de::DeserializeOwned};

pub use activity::*;
pub use audit::*;
pub use callbacks::*;
pub use feature_vector::*;
pub use fraud::*;
pub use inventory::*;
pub use keys::*;
pub use labels::*;
pub use models::*;
pub use notifications::*;
pub use order::*;
pub use orders::*;
pub use payments::*;
pub use recommendations::*;
pub use reviews::*;
pub use shipping::*;

use crate::{codec::Codec, fault::Fault, metrics::Tally, runtime::OnWire, topics::Topic};

/// How a time is written in a record: microseconds since 1970 UTC (Avro `timestamp-micros`).
pub(crate) use jiff::fmt::serde::timestamp::microsecond::required as micros;

/// One record type on one topic.
pub trait Record: Serialize + DeserializeOwned + Clone + std::fmt::Debug + Send + Sync + 'static {
    /// The topic it is on.
    const TOPIC: Topic;
    /// Its name without the namespace. Permanent: event ids are made from it.
    const NAME: &'static str;

    /// The Kafka key: records with one key stay in order.
    fn key(&self) -> String;

    /// When it happened, as the record itself says: a repeat of the record says the same.
    fn occurred_at(&self) -> Timestamp;

    /// The Avro full name, which is also the CloudEvents type.
    fn full_name() -> String {
        format!("orderflow.{}.{}", Self::TOPIC.name(), Self::NAME)
    }

    /// Whether this is its full name.
    fn is_named(full_name: &str) -> bool {
        let rest =
            full_name.strip_prefix("orderflow.").and_then(|name| name.strip_prefix(Self::TOPIC.name()));
        rest.and_then(|name| name.strip_prefix('.')) == Some(Self::NAME)
    }
}

/// Names a record type: the topic it is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RecordType {
    /// The topic.
    pub topic: Topic,
    /// [`Record::NAME`].
    pub name: &'static str,
}

impl RecordType {
    /// The name that stands for whatever is on a topic.
    pub(crate) const ANY: &'static str = "*";

    /// Whatever is on this topic, framed or not.
    #[must_use]
    pub const fn any(topic: Topic) -> Self {
        Self { topic, name: Self::ANY }
    }
}

/// An event ready to be framed: what the runtime needs to know of it.
#[derive(Debug)]
pub struct Encoded {
    /// What it is.
    pub record: RecordType,
    /// The Kafka key.
    pub key: String,
    /// The event's own time.
    pub occurred_at: Timestamp,
    /// Confluent framing and Avro body.
    pub value: Vec<u8>,
    /// What it adds to the shop's numbers once it is committed.
    pub(crate) tallies: Vec<Tally>,
}

/// What a step reads: one record type, or one of several, made by [`events!`](crate::events!).
pub trait Input: Clone + std::fmt::Debug + Send + Sync + 'static {
    /// Every record type it may be.
    fn types() -> Vec<RecordType>;

    /// The record as it came.
    ///
    /// # Errors
    /// `Poison` when it cannot be read, or is another record type.
    fn read(codec: &Codec, record: &OnWire<'_>) -> Result<Self, Fault>;
}

impl<R: Record> Input for R {
    fn types() -> Vec<RecordType> {
        vec![RecordType { topic: R::TOPIC, name: R::NAME }]
    }

    fn read(codec: &Codec, record: &OnWire<'_>) -> Result<Self, Fault> {
        codec.decode(record.value())
    }
}

/// What a step may emit: one of several record types. Made by [`events!`](crate::events!).
pub trait Event: Send + 'static {
    /// Every record type a step with this output may write.
    fn types() -> Vec<RecordType>;

    /// The record as it goes onto the topic.
    ///
    /// # Errors
    /// `Poison` when the value does not fit its schema: it cannot be published.
    fn encode(&self, codec: &Codec) -> Result<Encoded, Fault>;
}

impl<R: Record> Event for R {
    fn types() -> Vec<RecordType> {
        vec![RecordType { topic: R::TOPIC, name: R::NAME }]
    }

    fn encode(&self, codec: &Codec) -> Result<Encoded, Fault> {
        Ok(Encoded {
            record: RecordType { topic: R::TOPIC, name: R::NAME },
            key: self.key(),
            occurred_at: self.occurred_at(),
            value: codec.encode(self)?,
            tallies: Tally::of(self),
        })
    }
}

/// What a step emits that only takes note: nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nothing {}

impl Event for Nothing {
    fn types() -> Vec<RecordType> {
        Vec::new()
    }

    fn encode(&self, _: &Codec) -> Result<Encoded, Fault> {
        match *self {}
    }
}

/// Declares an enum of the record types a step may emit or read, with `From` for each.
///
/// ```
/// use orderflow::events::{OrderFraudDetected, OrderValidatedForFraud};
/// orderflow::events! {
///     /// What fraud scoring decides.
///     pub enum FraudEvent { OrderValidatedForFraud, OrderFraudDetected }
/// }
/// ```
#[macro_export]
macro_rules! events {
    ($(#[$meta:meta])* $vis:vis enum $name:ident { $($record:ident),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone)]
        #[allow(missing_docs)]
        $vis enum $name { $($record($record)),+ }

        $(impl From<$record> for $name {
            fn from(record: $record) -> Self { Self::$record(record) }
        })+

        impl $crate::events::Event for $name {
            fn types() -> Vec<$crate::events::RecordType> {
                vec![$($crate::events::RecordType {
                    topic: <$record as $crate::events::Record>::TOPIC,
                    name: <$record as $crate::events::Record>::NAME,
                }),+]
            }

            fn encode(
                &self,
                codec: &$crate::codec::Codec,
            ) -> Result<$crate::events::Encoded, $crate::fault::Fault> {
                match self { $(Self::$record(record) => $crate::events::Event::encode(record, codec)),+ }
            }
        }

        impl $crate::events::Input for $name {
            fn types() -> Vec<$crate::events::RecordType> {
                <Self as $crate::events::Event>::types()
            }

            fn read(
                codec: &$crate::codec::Codec,
                record: &$crate::runtime::OnWire<'_>,
            ) -> Result<Self, $crate::fault::Fault> {
                let value = record.value();
                let (id, known) = codec.identify(value)?;
                $(if <$record as $crate::events::Record>::is_named(&known.full_name) {
                    return codec.decode::<$record>(value).map(Self::$record);
                })+
                let message = format!("schema id {id} is {}, which {} does not read", known.full_name, stringify!($name));
                Err($crate::fault::Fault::poison("unexpected_record", message))
            }
        }
    };
}

/// The part of every record type that is the same: topic, name, key and time.
macro_rules! record {
    ($type:ident on $topic:ident, key: $key:expr, at: $at:expr) => {
        impl $crate::events::Record for $type {
            const TOPIC: $crate::topics::Topic = $crate::topics::$topic;
            const NAME: &'static str = stringify!($type);

            fn key(&self) -> String {
                let key: fn(&Self) -> String = $key;
                key(self)
            }

            fn occurred_at(&self) -> jiff::Timestamp {
                let at: fn(&Self) -> jiff::Timestamp = $at;
                at(self)
            }
        }
    };
}
pub(crate) use record;
