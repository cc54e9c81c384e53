//! Reading: decompression, columns by name, and a place for every mistake.

use std::{
    fs::File,
    io::{BufRead, BufReader, Read},
    path::Path,
};

use anyhow::{Context, Result, anyhow, bail};
use csv::{Reader, StringRecord};
use flate2::bufread::MultiGzDecoder;

use super::row::{COLUMNS, Row, parse};

/// What a gzip file begins with (RFC 1952).
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// The rows of the file at `path`, CSV or CSV in gzip, one after the other: files of any size are read in little memory.
/// Columns are found by the names in the header; others are passed over.
///
/// # Errors
/// When there is no such file, or a column is missing. A row that cannot be read is an error of its own, with its line
/// and column; the next row may be good.
pub fn read(path: &Path) -> Result<Rows> {
    let name = path.display();
    let file = File::open(path).with_context(|| format!("{name} cannot be opened"))?;
    read_from(&name.to_string(), BufReader::new(file))
}

/// As [`read`], from wherever the bytes come; `name` is for messages.
///
/// # Errors
/// As [`read`].
pub fn read_from(name: &str, mut source: impl BufRead + Send + 'static) -> Result<Rows> {
    let start = source.fill_buf().with_context(|| format!("{name} cannot be read"))?;
    let plain: Box<dyn Read + Send> =
        if start.starts_with(&GZIP) { Box::new(MultiGzDecoder::new(source)) } else { Box::new(source) };
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
