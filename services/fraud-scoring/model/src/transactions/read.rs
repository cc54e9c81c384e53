//! The rows of a CSV file, one after the other, and a place for every mistake.

use std::{collections::HashMap, io::Read};

use anyhow::{Context, Result, anyhow, bail, ensure};
use csv::{Reader, StringRecord};

use super::{Transaction, mapping::Mapping};

/// The largest amount that is taken for one, in either direction.
const LARGEST: f64 = 1e9;
/// Millionths of one.
const UNIT: f64 = 1e6;

/// The rows of a file, in its own sequence: an iterator. What is kept of those read are the names of customers and
/// terminals, to number them.
pub struct Rows<'a, R> {
    name: &'a str,
    mapping: &'a Mapping,
    reader: Reader<R>,
    columns: [usize; 5],
    record: StringRecord,
    customers: Numbers,
    terminals: Numbers,
    /// Nothing more can be read.
    broken: bool,
}

impl<'a, R: Read> Rows<'a, R> {
    /// The rows of a table with a header; `name` is for messages.
    ///
    /// # Errors
    /// When the header cannot be read or lacks a column.
    pub fn new(name: &'a str, source: R, mapping: &'a Mapping) -> Result<Self> {
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(source);
        let header = reader.headers().with_context(|| format!("{name} has no header that can be read"))?;
        let columns = columns(name, header, mapping)?;
        let (customers, terminals) = (Numbers::default(), Numbers::default());
        Ok(Self {
            name,
            mapping,
            reader,
            columns,
            record: StringRecord::new(),
            customers,
            terminals,
            broken: false,
        })
    }

    fn next_row(&mut self) -> Result<Option<Transaction>> {
        match self.reader.read_record(&mut self.record) {
            Ok(false) => return Ok(None),
            Ok(true) => {}
            Err(error) => {
                self.broken = error.is_io_error();
                // Its message has the line.
                return Err(anyhow!(error).context(format!("{} cannot be read on", self.name)));
            }
        }
        let line = self.record.position().map_or(0, csv::Position::line);
        let (found, last) = (self.record.len(), self.columns.into_iter().max().unwrap_or_default());
        ensure!(
            last < found,
            "{}, line {line}: the row has {found} fields, at least {} are expected; is one missing?",
            self.name,
            last + 1
        );
        self.row().map(Some).map_err(|(column, what)| {
            let column = self.mapping.columns()[column].1;
            anyhow!("{}, line {line}, column {column}: {what}", self.name)
        })
    }

    /// The row that was read last.
    ///
    /// # Errors
    /// Which of the columns is at fault, and what to do.
    fn row(&mut self) -> Result<Transaction, (usize, String)> {
        let [time, customer, terminal, amount, label] = self.columns.map(|column| self.record[column].trim());
        let format = &self.mapping.time.format;
        let at = format.parse(time).ok_or_else(|| {
            let expected = format.expected();
            (0, format!("`{}` is not {expected}; time.format in the mapping says so", shortened(time)))
        })?;
        Ok(Transaction {
            at,
            customer: self.customers.of(customer).map_err(|what| (1, what))?,
            terminal: self.terminals.of(terminal).map_err(|what| (2, what))?,
            amount: millionths(amount).ok_or_else(|| {
                (3, format!("`{}` is not an amount such as 57.16, up to 1,000,000,000", shortened(amount)))
            })?,
            fraud: fraud(label, self.mapping).map_err(|what| (4, what))?,
        })
    }
}

impl<R: Read> Iterator for Rows<'_, R> {
    type Item = Result<Transaction>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.broken { None } else { self.next_row().transpose() }
    }
}

/// Where each column stands.
fn columns(name: &str, header: &StringRecord, mapping: &Mapping) -> Result<[usize; 5]> {
    // Some programs put a byte order mark in front.
    let names: Vec<&str> = header.iter().map(|column| column.trim().trim_start_matches('\u{feff}')).collect();
    let wanted = mapping.columns();
    let missing: Vec<String> = wanted
        .iter()
        .filter(|(_, column)| !names.contains(column))
        .map(|(meaning, column)| format!("{column} ({meaning})"))
        .collect();
    if !missing.is_empty() {
        bail!(
            "{name}, line 1: there is no column {}. The columns are {}; name the right one in the mapping",
            missing.join(", "),
            names.join(", ")
        );
    }
    for (_, column) in wanted {
        let times = names.iter().filter(|name| **name == column).count();
        ensure!(times == 1, "{name}, line 1: there are {times} columns {column}; rename all but one of them");
    }
    Ok(wanted.map(|(_, column)| names.iter().position(|name| *name == column).unwrap_or_default()))
}

fn fraud(label: &str, mapping: &Mapping) -> Result<bool, String> {
    let is_in = |values: &[String]| values.iter().any(|value| value == label);
    match (is_in(&mapping.label.fraud), is_in(&mapping.label.honest)) {
        (true, _) => Ok(true),
        (_, true) => Ok(false),
        _ => Err(format!(
            "`{}` is no known label; name it in label.fraud or label.honest of the mapping",
            shortened(label)
        )),
    }
}

fn millionths(text: &str) -> Option<i64> {
    let amount: f64 = text.parse().ok()?;
    (amount.abs() <= LARGEST).then_some((amount * UNIT).round() as i64)
}

/// A field as a message can show it.
fn shortened(text: &str) -> String {
    let mut short: String = text.chars().take(40).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

/// Numbers for names, as they first come.
#[derive(Default)]
struct Numbers(HashMap<String, u32>);

impl Numbers {
    /// The number of a name.
    ///
    /// # Errors
    /// When it cannot be a name.
    fn of(&mut self, name: &str) -> Result<u32, String> {
        if name.is_empty() {
            return Err("it is empty; leave such rows out".to_owned());
        }
        if name.contains(['\n', '\r']) {
            return Err("it goes on over lines: a quotation mark is left open".to_owned());
        }
        if let Some(number) = self.0.get(name) {
            return Ok(*number);
        }
        let number =
            u32::try_from(self.0.len()).map_err(|_| "there are too many different ones".to_owned())?;
        self.0.insert(name.to_owned(), number);
        Ok(number)
    }
}

#[cfg(test)]
mod tests;
