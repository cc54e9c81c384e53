//! The ways of writing a record and reading it again.

use anyhow::{Context, Result, ensure};
use apache_avro::{
    Schema, from_value, reader::datum::GenericDatumReader, to_value, writer::datum::GenericDatumWriter,
};
use bench::records::{self, SCHEMA_ID};
use orderflow::{
    codec::{Codec, schema_id},
    events::Record,
};

/// A record, and what it takes to write it.
pub struct Contest<R> {
    pub record: R,
    codec: Codec,
    schema: Schema,
}

type Write<'c, R> = Box<dyn Fn(&R) -> Result<Vec<u8>> + 'c>;
type Read<'c, R> = Box<dyn Fn(&[u8]) -> Result<R> + 'c>;

/// One way; what it writes is framed, where it is Avro.
pub struct Way<'c, R> {
    pub name: &'static str,
    pub write: Write<'c, R>,
    pub read: Read<'c, R>,
}

impl<R: Record + PartialEq> Contest<R> {
    pub fn of(record: R) -> Result<Self> {
        let schema = Schema::parse_str(&records::schema::<R>()?)?;
        Ok(Self { record, codec: records::codec::<R>()?, schema })
    }

    /// Ours first. Each gives the record back as it was, and those that write Avro write the same bytes.
    pub fn ways(&self) -> Result<[Way<'_, R>; 4]> {
        let ways = [self.ours(), self.by_value()?, self.by_serde()?, json()];
        let value = (ways[0].write)(&self.record)?;
        for way in &ways {
            let written = (way.write)(&self.record).context(way.name)?;
            ensure!((way.read)(&written).context(way.name)? == self.record, "{} loses something", way.name);
            ensure!(written[0] != 0 || written == value, "{} writes other bytes than ours", way.name);
        }
        Ok(ways)
    }

    fn ours(&self) -> Way<'_, R> {
        Way {
            name: "orderflow",
            write: Box::new(|record| Ok(self.codec.encode(record)?)),
            read: Box::new(|value| Ok(self.codec.decode(value)?)),
        }
    }

    /// Through a tree of values, as apache-avro's own examples do it. What it can look up once, it has looked up.
    fn by_value(&self) -> Result<Way<'_, R>> {
        let (writer, reader) = self.apache()?;
        let write = move |record: &R| {
            let mut value = frame();
            writer.write_value(&mut value, to_value(record)?)?;
            Ok(value)
        };
        let read = move |value: &[u8]| Ok(from_value(&reader.read_value(&mut body(value)?)?)?);
        Ok(Way { name: "apache-avro Value", write: Box::new(write), read: Box::new(read) })
    }

    /// Without the tree, by what apache-avro can do of late.
    fn by_serde(&self) -> Result<Way<'_, R>> {
        let (writer, reader) = self.apache()?;
        let write = move |record: &R| {
            let mut value = frame();
            writer.write_ser(&mut value, record)?;
            Ok(value)
        };
        let read = move |value: &[u8]| Ok(reader.read_deser(&mut body(value)?)?);
        Ok(Way { name: "apache-avro serde", write: Box::new(write), read: Box::new(read) })
    }

    fn apache(&self) -> Result<(GenericDatumWriter<'_>, GenericDatumReader<'_>)> {
        let writer = GenericDatumWriter::builder(&self.schema).build()?;
        Ok((writer, GenericDatumReader::builder(&self.schema).build()?))
    }
}

/// Without a schema.
fn json<'c, R: Record>() -> Way<'c, R> {
    Way {
        name: "serde_json",
        write: Box::new(|record| Ok(serde_json::to_vec(record)?)),
        read: Box::new(|value| Ok(serde_json::from_slice(value)?)),
    }
}

/// A value of which only the frame is there.
fn frame() -> Vec<u8> {
    let mut value = Vec::with_capacity(512);
    value.push(0);
    value.extend_from_slice(&SCHEMA_ID.to_be_bytes());
    value
}

fn body(value: &[u8]) -> Result<&[u8]> {
    ensure!(schema_id(value)? == SCHEMA_ID, "another schema");
    Ok(&value[5..])
}
