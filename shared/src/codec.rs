//! Confluent framing (a zero byte, the schema's id as four big-endian bytes, the Avro body) for the record types a
//! service may read and write. Ids are resolved at start-up; a value that does not fit its schema cannot be encoded.

use std::{
    collections::HashMap,
    io::Read,
    sync::{Arc, PoisonError, RwLock},
};

use serde::de::{DeserializeOwned, IgnoredAny};
use serde_avro_fast::{
    Schema,
    de::{DeserializerConfig, DeserializerState, read::SliceRead},
    ser::SerializerConfig,
};

use crate::{events::Record, fault::Fault};

/// No array or map of a record may be longer: a few bytes must not ask for gigabytes.
const MAX_SEQUENCE: usize = 10_000;

/// A schema a reader knows: its record's full name, and the writer's schema behind the id.
#[derive(Debug)]
pub struct Known {
    /// The Avro full name.
    pub full_name: String,
    /// As the writer wrote it.
    pub schema: Schema,
}

impl Known {
    /// The record's name, if it belongs on this topic.
    #[must_use]
    pub fn name_on(&self, topic: &str) -> Option<&str> {
        self.full_name.strip_prefix("orderflow.")?.strip_prefix(topic)?.strip_prefix('.')
    }
}

/// Encodes and decodes records by schema id.
#[derive(Debug, Default)]
pub struct Codec {
    readable: RwLock<HashMap<u32, Arc<Known>>>,
    /// By full name. So few that comparing them all is quicker than making a name to look up.
    writable: Vec<(String, u32)>,
}

impl Codec {
    /// Lets this codec read values written with the schema `id`.
    pub fn allow_reading(&self, id: u32, known: Known) {
        self.readable.write().unwrap_or_else(PoisonError::into_inner).insert(id, Arc::new(known));
    }

    /// Lets this codec write the record type `full_name` with the schema `id`, which must be readable too.
    pub fn allow_writing(&mut self, full_name: impl Into<String>, id: u32) {
        let full_name = full_name.into();
        self.writable.retain(|(known, _)| *known != full_name);
        self.writable.push((full_name, id));
    }

    /// The schema behind the framing of `value`.
    ///
    /// # Errors
    /// `Poison`: no framing (`bad_framing`), or an id that is not known (`unknown_schema`).
    pub fn identify(&self, value: &[u8]) -> Result<(u32, Arc<Known>), Fault> {
        let id = schema_id(value)?;
        self.known(id).map(|known| (id, known)).ok_or_else(|| {
            Fault::poison("unknown_schema", format!("schema id {id} is not one this service may read"))
        })
    }

    /// Reads a framed value with its writer's schema.
    ///
    /// # Errors
    /// `Poison`: bad framing, an unknown schema, another record type, or a body that does not fit (`bad_avro`).
    pub fn decode<R: Record>(&self, value: &[u8]) -> Result<R, Fault> {
        let (id, known) = self.identify(value)?;
        if !R::is_named(&known.full_name) {
            let message = format!("schema id {id} is {}, not {}", known.full_name, R::full_name());
            return Err(Fault::poison("unexpected_record", message));
        }
        read(&known, &value[5..])
    }

    /// Makes sure that a framed value is a whole record of the schema it names, whichever that is.
    ///
    /// # Errors
    /// As [`Self::decode`].
    pub fn check(&self, value: &[u8]) -> Result<(), Fault> {
        let (_, known) = self.identify(value)?;
        read::<IgnoredAny>(&known, &value[5..]).map(drop)
    }

    /// Frames and writes a record.
    ///
    /// # Errors
    /// `Poison` when the value does not fit its schema; `Fatal` when this service may not write that record type.
    pub fn encode<R: Record>(&self, record: &R) -> Result<Vec<u8>, Fault> {
        let named = self.writable.iter().find(|(full_name, _)| R::is_named(full_name));
        let known = named.and_then(|(_, id)| Some((*id, self.known(*id)?)));
        let (id, known) = known.ok_or_else(|| unwritable(&R::full_name()))?;
        let mut value = Vec::with_capacity(1024);
        value.push(0);
        value.extend_from_slice(&id.to_be_bytes());
        serde_avro_fast::to_datum(record, value, &mut SerializerConfig::new(&known.schema)).map_err(|error| {
            Fault::poison("does_not_fit_schema", format!("{} does not fit its schema", R::NAME))
                .caused_by(error)
        })
    }

    fn known(&self, id: u32) -> Option<Arc<Known>> {
        self.readable.read().unwrap_or_else(PoisonError::into_inner).get(&id).cloned()
    }

    /// The schema id a record type is written with.
    ///
    /// # Errors
    /// `Fatal` when this service may not write it.
    pub fn writer_id(&self, full_name: &str) -> Result<u32, Fault> {
        let named = self.writable.iter().find(|(known, _)| known == full_name);
        named.map(|(_, id)| *id).ok_or_else(|| unwritable(full_name))
    }
}

/// Reads a body, and nothing behind it.
fn read<T: DeserializeOwned>(known: &Known, body: &[u8]) -> Result<T, Fault> {
    let mut config = DeserializerConfig::new(&known.schema);
    config.max_seq_size = MAX_SEQUENCE;
    let mut state = DeserializerState::with_config(SliceRead::new(body), config);
    let name = known.full_name.rsplit('.').next().unwrap_or_default();
    let bad = |message: String| Fault::poison("bad_avro", format!("{name} {message}"));
    let record =
        T::deserialize(state.deserializer()).map_err(|error| bad(format!("cannot be read: {error}")))?;
    match state.into_reader().read(&mut [0]) {
        Ok(0) => Ok(record),
        _ => Err(bad("is followed by more bytes".to_owned())),
    }
}

fn unwritable(full_name: &str) -> Fault {
    Fault::fatal("unwritable_record", format!("this service was not set up to write {full_name}"))
}

/// The schema id of a framed value.
///
/// # Errors
/// `Poison` when there is no framing.
pub fn schema_id(value: &[u8]) -> Result<u32, Fault> {
    match value {
        [0, a, b, c, d, ..] => Ok(u32::from_be_bytes([*a, *b, *c, *d])),
        _ => Err(Fault::poison("bad_framing", "the value does not begin with a zero byte and a schema id")),
    }
}
