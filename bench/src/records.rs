//! Records as the schemas' examples have them, and what reads and writes them.

use anyhow::{Context, Result};
use orderflow::{
    codec::{Codec, Known},
    events::Record,
    schemas,
};

/// By which the registry would know the schema.
pub const SCHEMA_ID: u32 = 7;

/// The first example of this record.
///
/// # Errors
/// When there is none.
pub fn example<R: Record>() -> Result<R> {
    let examples = schemas::examples(R::TOPIC.name(), R::NAME);
    let (_, text) = examples.first().with_context(|| format!("{} has no example", R::NAME))?;
    Ok(serde_json::from_str(text)?)
}

/// This record's own schema.
///
/// # Errors
/// When there is none.
pub fn schema<R: Record>() -> Result<String> {
    let own = schemas::all()?.into_iter().find(|one| one.full_name == R::full_name());
    Ok(own.with_context(|| format!("{} has no schema", R::NAME))?.schema)
}

/// A codec for this record alone.
///
/// # Errors
/// When it has no schema.
pub fn codec<R: Record>() -> Result<Codec> {
    let mut codec = Codec::default();
    let known = Known { full_name: R::full_name(), schema: schema::<R>()?.parse()? };
    codec.allow_reading(SCHEMA_ID, known);
    codec.allow_writing(R::full_name(), SCHEMA_ID);
    Ok(codec)
}
