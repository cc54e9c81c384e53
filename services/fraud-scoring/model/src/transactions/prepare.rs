//! From a table of transactions to the file the training reads: `rows.bin` and `table.json`, as [`crate::table`] has them,
//! with the features of [`super::features`].

use std::{
    fs::File,
    io::{BufWriter, Read, Write},
    path::Path,
};

use anyhow::{Context, Result, ensure};
use jiff::{ToSpan, civil::Date};
use serde::Serialize;

use super::{
    Transaction,
    card_precision::Asked,
    features::{LEN, NAMES, Past},
    mapping::Mapping,
    protocol::{DAYS, Part, Protocol, Sorter, TRAINING},
    read::Rows,
};

/// Rows between two words about progress.
const WORD: u64 = 10_000;

/// A table of transactions. It is read twice: once for its days, once for its rows.
pub struct Source<'a> {
    /// For messages.
    pub name: &'a str,
    /// Which column means what.
    pub mapping: &'a Mapping,
    /// Opens it, at its beginning.
    pub open: &'a dyn Fn() -> Result<Box<dyn Read + Send>>,
}

/// What was found and written.
#[derive(Debug, Clone, Serialize)]
pub struct Prepared {
    /// Transactions of the whole file.
    pub rows: u64,
    /// Those of them that are fraud.
    pub fraud: u64,
    /// The first and the last day of the file.
    pub days: (Date, Date),
    /// The first day of training.
    pub training_from: Date,
    /// Whether the file reaches back far enough for every window.
    pub windows_are_full: bool,
    /// Transactions of the training.
    pub training: Counts,
    /// Transactions of the test.
    pub test: Counts,
    /// Transactions of the test's days that were left out: their cards were known to be compromised.
    pub left_out: u64,
    /// Those of the test, in the sequence of the rows.
    #[serde(skip)]
    pub asked: Vec<Asked>,
}

/// How many transactions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// All.
    pub transactions: u64,
    /// Those that are fraud.
    pub fraud: u64,
}

impl Source<'_> {
    /// Writes the table into `folder`. The training begins on `start`, or as late as the file's days allow. Says how many
    /// rows were read, from 0 again when it reads for the second time.
    ///
    /// Rows may come in any sequence. Kept in memory are those of 58 days (32 bytes each), the names of customers and
    /// terminals, and what [`Past`] keeps; never the whole file.
    ///
    /// # Errors
    /// When the file cannot be read, a row is not as the mapping says, days are too few, or there is nothing to learn.
    pub fn prepare(
        &self,
        folder: &Path,
        start: Option<Date>,
        mut progress: impl FnMut(u64),
    ) -> Result<Prepared> {
        let found = self.days(&mut progress)?;
        let protocol = found.protocol(self.name, start)?;
        let mut kept = Vec::new();
        self.each(&mut progress, |transaction| {
            if protocol.needs(transaction.day()) {
                kept.push(transaction);
            }
        })?;
        // Stable: what came in the same moment stays in the sequence of the file.
        kept.sort_by_key(|transaction| transaction.at);
        let mut prepared = Prepared {
            rows: found.rows,
            fraud: found.fraud,
            days: (date(found.first)?, date(found.last)?),
            training_from: date(protocol.start)?,
            windows_are_full: found.first <= protocol.first_known(),
            training: Counts::default(),
            test: Counts::default(),
            left_out: 0,
            asked: Vec::new(),
        };
        write(folder, &kept, protocol, &mut prepared)?;
        prepared.check(self.name)?;
        Ok(prepared)
    }

    fn days(&self, progress: &mut impl FnMut(u64)) -> Result<Found> {
        let mut found = Found { rows: 0, fraud: 0, first: i64::MAX, last: i64::MIN };
        self.each(progress, |transaction| {
            found.rows += 1;
            found.fraud += u64::from(transaction.fraud);
            found.first = found.first.min(transaction.day());
            found.last = found.last.max(transaction.day());
        })?;
        ensure!(found.rows > 0, "{} holds no transactions", self.name);
        Ok(found)
    }

    fn each(&self, progress: &mut impl FnMut(u64), mut with: impl FnMut(Transaction)) -> Result<()> {
        for (read, transaction) in (1_u64..).zip(Rows::new(self.name, (self.open)()?, self.mapping)?) {
            with(transaction?);
            if read.is_multiple_of(WORD) {
                progress(read);
            }
        }
        Ok(())
    }
}

/// What the first reading finds; days are counted from 1970.
struct Found {
    rows: u64,
    fraud: u64,
    first: i64,
    last: i64,
}

impl Found {
    fn protocol(&self, name: &str, start: Option<Date>) -> Result<Protocol> {
        let (first, last) = (date(self.first)?, date(self.last)?);
        let days = self.last - self.first + 1;
        ensure!(
            days >= DAYS,
            "{name} holds {days} days, {first} to {last}; at least {DAYS} are needed: seven of training, seven in which \
             labels come in, seven of test"
        );
        let Some(start) = start else { return Ok(Protocol::ending_on(self.last)) };
        let protocol = Protocol { start: i64::from((start - Date::constant(1970, 1, 1)).get_days()) };
        ensure!(
            protocol.start >= self.first && protocol.last() <= self.last,
            "{name} holds {first} to {last}: a training that begins on {start} needs the {DAYS} days from there on; \
             choose a day from {first} to {}",
            date(Protocol::ending_on(self.last).start)?
        );
        Ok(protocol)
    }
}

impl Prepared {
    /// Whether there is something to learn, and something to ask.
    fn check(&self, name: &str) -> Result<()> {
        for (part, counts) in [("training", self.training), ("test", self.test)] {
            let Counts { transactions, fraud } = counts;
            ensure!(
                fraud > 0 && fraud < transactions,
                "{name}: of {transactions} transactions of the {part} {fraud} are fraud; both kinds are needed. \
                 The training begins on {}; choose another day, or look at the labels in the mapping",
                self.training_from
            );
        }
        Ok(())
    }
}

/// What stands in the rows, for the training.
#[derive(Serialize)]
struct Header {
    rows: u64,
    columns: [(&'static str, &'static str, usize); 4],
    features: [&'static str; LEN],
    training_days: i64,
    /// Sums, so that whoever reads the rows can tell that they were read rightly.
    amount: i64,
    sums: [f64; LEN],
}

fn write(
    folder: &Path,
    transactions: &[Transaction],
    protocol: Protocol,
    prepared: &mut Prepared,
) -> Result<()> {
    let path = folder.join("rows.bin");
    let context = || format!("cannot write {}", path.display());
    let mut rows = BufWriter::with_capacity(1 << 20, File::create(&path).with_context(context)?);
    let (mut past, mut sorter) = (Past::default(), Sorter::new(protocol));
    let mut header = Header::new();
    for transaction in transactions {
        let vector = past.see(transaction);
        let Some((day, part)) = sorter.sort(transaction) else { continue };
        rows.write_all(&row(day, transaction, &vector)).with_context(context)?;
        header.count(transaction, &vector);
        prepared.count(day, part, transaction);
    }
    rows.flush().with_context(context)?;
    prepared.left_out = sorter.left_out;
    let path = folder.join("table.json");
    let text = serde_json::to_vec_pretty(&header)?;
    std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
}

fn row(day: i64, transaction: &Transaction, vector: &[f32; LEN]) -> Vec<u8> {
    let mut row = Vec::with_capacity(17 + 4 * LEN);
    row.extend(day.to_le_bytes());
    row.extend(transaction.amount.to_le_bytes());
    row.push(u8::from(transaction.fraud));
    row.extend(vector.iter().flat_map(|number| number.to_le_bytes()));
    row
}

impl Header {
    fn new() -> Self {
        Self {
            rows: 0,
            columns: [("day", "<i8", 1), ("amount", "<i8", 1), ("fraud", "u1", 1), ("features", "<f4", LEN)],
            features: NAMES,
            training_days: TRAINING,
            amount: 0,
            sums: [0.0; LEN],
        }
    }

    fn count(&mut self, transaction: &Transaction, vector: &[f32; LEN]) {
        self.rows += 1;
        // As NumPy adds: whole numbers run over.
        self.amount = self.amount.wrapping_add(transaction.amount);
        self.sums.iter_mut().zip(vector).for_each(|(sum, number)| *sum += f64::from(*number));
    }
}

impl Prepared {
    fn count(&mut self, day: i64, part: Part, transaction: &Transaction) {
        let counts = match part {
            Part::Training => &mut self.training,
            Part::Test => {
                let (card, fraud) = (transaction.customer, transaction.fraud);
                self.asked.push(Asked { day, card, fraud });
                &mut self.test
            }
        };
        counts.transactions += 1;
        counts.fraud += u64::from(transaction.fraud);
    }
}

/// The date of a day counted from 1970.
fn date(day: i64) -> Result<Date> {
    Date::constant(1970, 1, 1)
        .checked_add(day.days())
        .context("the time of a transaction is out of all range")
}

#[cfg(test)]
mod tests;
