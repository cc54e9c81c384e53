//! Reading: decompression, columns by name, and a place for every mistake.

use std::{
    io::{BufRead, Read},
    path::Path,
};

use anyhow::{Context, Result, anyhow, bail};
use csv::{Reader, StringRecord};

use super::row::{COLUMNS, Row, parse};
use crate::delimited;

/// The rows of the file at `path`, CSV or CSV in gzip, one after the other: files of any size are read in little memory.
/// Columns are found by the names in the header; others are passed over.
///
/// # Errors
/// When there is no such file, or a column is missing. A row that cannot be read is an error of its own, with its line
/// and column; the next row may be good.
pub fn read(path: &Path) -> Result<Rows> {
    rows(&path.display().to_string(), delimited::open(path)?)
}

/// As [`read`], from wherever the bytes come; `name` is for messages.
///
/// # Errors
/// As [`read`].
pub fn read_from(name: &str, source: impl BufRead + Send + 'static) -> Result<Rows> {
    rows(name, delimited::unpacked(name, source)?)
}

fn rows(name: &str, plain: Box<dyn Read + Send>) -> Result<Rows> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(plain);
    let header = reader.headers().with_context(|| format!("{name} has no header that can be read"))?;
    let columns = columns(header).with_context(|| format!("{name} is not in the layout of invoices"))?;
    Ok(Rows { name: name.to_owned(), reader, columns, record: StringRecord::new(), broken: false })
}

/// Where each column stands.
fn columns(header: &StringRecord) -> Result<[usize; 8]> {
    // Some programs put a byte order mark in front.
    let named =
        |wanted: &str| header.iter().position(|name| name.trim().trim_start_matches('\u{feff}') == wanted);
    let missing: Vec<&str> = COLUMNS.into_iter().filter(|column| named(column).is_none()).collect();
    if !missing.is_empty() {
        bail!("its header lacks {}", missing.join(", "));
    }
    Ok(COLUMNS.map(|column| named(column).unwrap_or_default()))
}

/// The rows of a file; see [`read`].
pub struct Rows {
    name: String,
    reader: Reader<Box<dyn Read + Send>>,
    columns: [usize; 8],
    record: StringRecord,
    /// Nothing more can be read.
    broken: bool,
}

impl Rows {
    fn next_row(&mut self) -> Result<Option<Row>> {
        let name = &self.name;
        match self.reader.read_record(&mut self.record) {
            Ok(false) => return Ok(None),
            Ok(true) => {}
            Err(error) => {
                self.broken = error.is_io_error();
                // Its message has the line.
                return Err(anyhow!(error).context(format!("{name} cannot be read on")));
            }
        }
        let line = self.record.position().map_or(0, csv::Position::line);
        let short = || {
            let (found, wanted) = (self.record.len(), COLUMNS.len());
            anyhow!("{name}, line {line}: {found} fields, at least {wanted} are expected")
        };
        if self.columns.iter().any(|column| *column >= self.record.len()) {
            return Err(short());
        }
        let row = parse(self.columns.map(|column| &self.record[column]));
        row.map(Some).map_err(|(column, what)| anyhow!("{name}, line {line}, column {column}: {what}"))
    }
}

impl Iterator for Rows {
    type Item = Result<Row>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.broken { None } else { self.next_row().transpose() }
    }
}

#[cfg(test)]
mod tests;
