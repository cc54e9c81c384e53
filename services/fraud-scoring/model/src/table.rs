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
    simulate::{DAY, Placed, START, Scenario, Settings, Simulation},
};

/// Stands for never where a time is meant.
const NEVER: i64 = i64::MAX;

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
    /// Names of the scenarios; in the rows they are numbered from 1, 0 is an honest order.
    scenarios: Vec<&'static str>,
    /// When the simulated time begins, microseconds since 1970 UTC.
    start: i64,
    /// What was simulated.
    settings: Settings,
    /// The sum of all amounts: whoever reads the rows can tell that they were read rightly.
    amount: i64,
    /// The sums of what is known of each feature, to the same end.
    sums: Vec<f64>,
    /// Orders of each scenario, and honest ones.
    pub orders: BTreeMap<&'static str, u64>,
}

impl Header {
    fn new(settings: Settings) -> Self {
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
            scenarios: Scenario::ALL.map(Scenario::name).to_vec(),
            start: START,
            settings,
            amount: 0,
            sums: vec![0.0; vector::LEN],
            orders: BTreeMap::new(),
        }
    }

    fn count(&mut self, placed: &Placed, seen: &Seen) {
        self.rows += 1;
        self.amount += placed.order.total;
        let known = self.sums.iter_mut().zip(seen.vector).filter(|(_, number)| !number.is_nan());
        known.for_each(|(sum, number)| *sum += f64::from(number));
        *self.orders.entry(placed.fraud.map_or("honest", Scenario::name)).or_default() += 1;
    }
}

/// Simulates, looks at every order as the service would, and writes the table into `folder`. Says after every day how many
/// days have passed.
///
/// # Errors
/// When a file cannot be written.
pub fn write(folder: &Path, settings: Settings, mut progress: impl FnMut(u64)) -> Result<Header> {
    let path = folder.join("rows.bin");
    let context = || format!("cannot write {}", path.display());
    let mut rows = BufWriter::with_capacity(1 << 20, File::create(&path).with_context(context)?);
    let (mut header, mut memory) = (Header::new(settings), Memory::default());
    let mut today = 0;
    for placed in Simulation::new(settings) {
        let seen = memory.see(&placed.order);
        rows.write_all(&row(&placed, &seen)).with_context(context)?;
        header.count(&placed, &seen);
        let day = (placed.order.placed_at.as_microsecond() - START) / DAY;
        if day > today {
            today = day;
            progress(day.unsigned_abs());
        }
    }
    rows.flush().with_context(context)?;
    let path = folder.join("table.json");
    let text = serde_json::to_vec_pretty(&header)?;
    std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(header)
}

fn row(placed: &Placed, seen: &Seen) -> Vec<u8> {
    let scenario = placed.fraud.and_then(|fraud| Scenario::ALL.iter().position(|other| *other == fraud));
    let mut row = Vec::with_capacity(32 + 4 * vector::LEN);
    for number in [
        placed.order.placed_at.as_microsecond(),
        placed.reported_at.map_or(NEVER, |at| at.as_microsecond()),
        placed.order.total,
    ] {
        row.extend(number.to_le_bytes());
    }
    row.extend((seen.rules as f32).to_le_bytes());
    row.push(scenario.map_or(0, |index| index as u8 + 1));
    row.push(u8::from(seen.delivery_abroad));
    row.push(u8::from(seen.mismatch));
    for number in seen.vector {
        row.extend(number.to_le_bytes());
    }
    row
}

#[cfg(test)]
mod tests;
