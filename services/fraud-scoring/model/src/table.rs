//! Orders, features and labels as a file the training reads: `rows.bin` has rows of one length, all numbers little endian;
//! `table.json` says what stands in a row, in the words of NumPy.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{BufWriter, Write},
    path::Path,
};

use anyhow::{Context, Result};
use fraud_scoring::vector;
use serde::Serialize;

use crate::{
    features::{Memory, Seen},
    recorded::{Source, Times},
    simulate::{DAY, Placed, START, Scenario, Settings, Simulation},
};

/// Stands for never where a time is meant.
pub(crate) const NEVER: i64 = i64::MAX;
/// How honest orders are counted.
pub(crate) const HONEST: &str = "honest";
/// The files.
const ROWS: &str = "rows.bin";
const HEADER: &str = "table.json";

/// What stands in the rows.
#[derive(Debug, Clone, Serialize)]
pub struct Header {
    /// How many rows.
    pub rows: u64,
    /// The columns, as NumPy's data types have them: name, type, and for several numbers how many.
    columns: [(&'static str, &'static str, usize); 8],
    /// Names of the features, in the sequence of the vector.
    features: Vec<&'static str>,
    /// The version of their definition.
    definition: u32,
    /// Where the orders come from: `simulated` or `topics`.
    data: &'static str,
    /// When their time begins, microseconds since 1970 UTC.
    start: i64,
    /// Names of the scenarios; in the rows they are numbered from 1, 0 is an honest order. Only a simulation knows them:
    /// without it 1 is fraud.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    scenarios: Vec<&'static str>,
    /// What was simulated.
    #[serde(skip_serializing_if = "Option::is_none")]
    settings: Option<Settings>,
    /// What was taken from the topics.
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<Source>,
    /// When the windows begin, for orders from the topics.
    #[serde(skip_serializing_if = "Option::is_none")]
    split: Option<Times>,
    /// The sum of all amounts: whoever reads the rows can tell that they were read rightly.
    amount: i64,
    /// The sums of what is known of each feature, to the same end.
    sums: Vec<f64>,
    /// Orders of each scenario, or fraud; and honest ones.
    pub orders: BTreeMap<&'static str, u64>,
}

/// One row.
pub(crate) struct Row<'a> {
    /// When the order was placed, microseconds since 1970 UTC.
    pub placed_at: i64,
    /// When its fraud was reported; none for one that was not, and for an honest order.
    pub reported_at: Option<i64>,
    /// Its total, minor units.
    pub amount: i64,
    /// What was seen of it; the rules' word too.
    pub seen: &'a Seen,
    /// 0 for an honest order, else the number of its scenario, or 1.
    pub kind: u8,
    /// The name of that.
    pub name: &'static str,
}

impl Header {
    fn new(data: &'static str, start: i64) -> Self {
        Self {
            rows: 0,
            columns: [
                ("placed_at", "<i8", 1),
                ("reported_at", "<i8", 1),
                ("amount", "<i8", 1),
                ("rules", "<f4", 1),
                ("scenario", "u1", 1),
                ("delivery_abroad", "u1", 1),
                ("mismatch", "u1", 1),
                ("features", "<f4", vector::LEN),
            ],
            features: vector::names().to_vec(),
            definition: vector::DEFINITION,
            data,
            start,
            scenarios: Vec::new(),
            settings: None,
            source: None,
            split: None,
            amount: 0,
            sums: vec![0.0; vector::LEN],
            orders: BTreeMap::new(),
        }
    }

    /// Of a simulation.
    fn simulated(settings: Settings) -> Self {
        let scenarios = Scenario::ALL.map(Scenario::name).to_vec();
        Self { scenarios, settings: Some(settings), ..Self::new("simulated", START) }
    }

    /// Of orders from the topics.
    pub(crate) fn recorded(source: Source, split: Times) -> Self {
        Self { source: Some(source), split: Some(split), ..Self::new("topics", split.start) }
    }

    fn count(&mut self, row: &Row<'_>) {
        self.rows += 1;
        self.amount += row.amount;
        let known = self.sums.iter_mut().zip(row.seen.vector).filter(|(_, number)| !number.is_nan());
        known.for_each(|(sum, number)| *sum += f64::from(number));
        *self.orders.entry(row.name).or_default() += 1;
    }
}

/// A table that is being written.
pub(crate) struct Writer<'a> {
    folder: &'a Path,
    rows: BufWriter<File>,
    header: Header,
}

impl<'a> Writer<'a> {
    pub fn new(folder: &'a Path, header: Header) -> Result<Self> {
        let file = File::create(folder.join(ROWS)).with_context(|| unwritable(folder, ROWS))?;
        Ok(Self { folder, rows: BufWriter::with_capacity(1 << 20, file), header })
    }

    pub fn add(&mut self, row: &Row<'_>) -> Result<()> {
        self.header.count(row);
        self.rows.write_all(&row.bytes()).with_context(|| unwritable(self.folder, ROWS))
    }

    /// The header comes last: it sums up the rows.
    pub fn finish(mut self) -> Result<Header> {
        self.rows.flush().with_context(|| unwritable(self.folder, ROWS))?;
        let text = serde_json::to_vec_pretty(&self.header)?;
        std::fs::write(self.folder.join(HEADER), text).with_context(|| unwritable(self.folder, HEADER))?;
        Ok(self.header)
    }
}

fn unwritable(folder: &Path, file: &str) -> String {
    format!("cannot write {}", folder.join(file).display())
}

/// Simulates, looks at every order as the service would, and writes the table into `folder`. Says after every day how many
/// days have passed.
///
/// # Errors
/// When a file cannot be written.
pub fn write(folder: &Path, settings: Settings, mut progress: impl FnMut(u64)) -> Result<Header> {
    let mut table = Writer::new(folder, Header::simulated(settings))?;
    let (mut memory, mut today) = (Memory::default(), 0);
    for placed in Simulation::new(settings) {
        let seen = memory.see(&placed.order);
        table.add(&row(&placed, &seen))?;
        let day = (placed.order.placed_at.as_microsecond() - START) / DAY;
        if day > today {
            today = day;
            progress(day.unsigned_abs());
        }
    }
    table.finish()
}

fn row<'a>(placed: &Placed, seen: &'a Seen) -> Row<'a> {
    let scenario = placed.fraud.and_then(|fraud| Scenario::ALL.iter().position(|other| *other == fraud));
    Row {
        placed_at: placed.order.placed_at.as_microsecond(),
        reported_at: placed.reported_at.map(|at| at.as_microsecond()),
        amount: placed.order.total,
        seen,
        kind: scenario.map_or(0, |index| index as u8 + 1),
        name: placed.fraud.map_or(HONEST, Scenario::name),
    }
}

impl Row<'_> {
    fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(32 + 4 * vector::LEN);
        for number in [self.placed_at, self.reported_at.unwrap_or(NEVER), self.amount] {
            bytes.extend(number.to_le_bytes());
        }
        bytes.extend((self.seen.rules as f32).to_le_bytes());
        bytes.extend([self.kind, u8::from(self.seen.delivery_abroad), u8::from(self.seen.mismatch)]);
        for number in self.seen.vector {
            bytes.extend(number.to_le_bytes());
        }
        bytes
    }
}

#[cfg(test)]
mod tests;
