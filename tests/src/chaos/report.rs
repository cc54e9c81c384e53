//! What came out of a run: for people, and as a line of JSON.

use std::{collections::BTreeMap, fs::OpenOptions, io::Write, path::Path};

use anyhow::{Context, Result};
use clap::ValueEnum;
use jiff::Timestamp;
use serde::Serialize;
use uuid::Uuid;

use super::{
    Args,
    evidence::Evidence,
    schedule::{AFTERMATH, Happened},
    tally::Tally,
};

/// The result of a run.
#[derive(Debug, Clone, Serialize)]
#[allow(missing_docs)]
pub struct Report {
    pub at: Timestamp,
    pub seed: u64,
    pub minutes: f64,
    pub delivery: String,
    pub brokers: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plant: Option<String>,
    /// How often each kind has happened.
    pub faults: BTreeMap<&'static str, u64>,
    /// How long each kind has lasted, in seconds.
    pub seconds: BTreeMap<&'static str, f64>,
    /// The longest time without an order that came to its end, during each kind of fault and a while after, in seconds.
    pub stalls: BTreeMap<&'static str, f64>,
    /// How many accepted orders have ended how.
    pub orders: BTreeMap<String, usize>,
    /// Requests that were sent, repeats among them.
    pub requests: usize,
    /// Times that an instance was started again, however it had ended.
    pub restarts: u64,
    pub violations: Vec<String>,
}

impl Report {
    /// What is known before the verdict.
    pub fn of(args: &Args, at: Timestamp, happened: &[Happened], tally: &Tally) -> Self {
        let mut faults: BTreeMap<&'static str, u64> = BTreeMap::new();
        let mut seconds: BTreeMap<&'static str, f64> = BTreeMap::new();
        let mut stalls: BTreeMap<&'static str, f64> = BTreeMap::new();
        for Happened { fault, count, from, to } in happened {
            *faults.entry(*fault).or_default() += count;
            *seconds.entry(*fault).or_default() += to.duration_since(*from).as_secs_f64();
            let stall = tally.stall(*from, *to + AFTERMATH).as_secs_f64();
            let longest = stalls.entry(*fault).or_default();
            *longest = longest.max(stall);
        }
        let delivery = args.delivery.to_possible_value().map(|value| value.get_name().to_owned());
        Self {
            at,
            seed: args.seed,
            minutes: args.minutes,
            delivery: delivery.unwrap_or_default(),
            brokers: args.brokers,
            plant: args.plant.clone(),
            faults,
            seconds,
            stalls,
            orders: tally.states(),
            requests: 0,
            restarts: 0,
            violations: Vec::new(),
        }
    }

    /// Prints it.
    pub fn print(&self) {
        println!("\nfault                  count   seconds   longest stall (s)");
        for (fault, count) in &self.faults {
            let (seconds, stall) = (self.seconds[fault], self.stalls[fault]);
            println!("{fault:<20} {count:>7} {seconds:>9.1} {stall:>19.1}");
        }
        println!("\norders by state");
        for (state, count) in &self.orders {
            println!("{state:<20} {count:>7}");
        }
        println!("\n{} requests, {} restarts of instances", self.requests, self.restarts);
        for violation in &self.violations {
            println!("\nviolation: {violation}");
        }
        println!("\n{} violations", self.violations.len());
    }

    /// Appends it to a file.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn append(&self, file: &Path) -> Result<()> {
        let mut line = serde_json::to_vec(self)?;
        line.push(b'\n');
        let opened = OpenOptions::new().create(true).append(true).open(file);
        opened.and_then(|mut file| file.write_all(&line)).with_context(|| file.display().to_string())
    }
}

/// What is on the topics of the order that a text names, a line a record, in order of time.
pub fn history(text: &str, evidence: &Evidence) -> String {
    let mut words = text.split(|letter: char| !letter.is_ascii_hexdigit() && letter != '-');
    let Some(order) = words.find_map(|word| Uuid::parse_str(word).ok()).map(|order| order.to_string()) else {
        return String::new();
    };
    let mut records: Vec<_> =
        evidence.records.iter().filter(|record| record.key.as_deref() == Some(order.as_bytes())).collect();
    records.sort_by_key(|record| record.timestamp_ms);
    let header = |record: &super::evidence::RawRecord, wanted: &str| {
        let found = record.headers.iter().rev().find(|(name, _)| name == wanted);
        let value = found.and_then(|(_, value)| value.as_deref()).unwrap_or_default();
        String::from_utf8_lossy(value).into_owned()
    };
    let lines = records.iter().map(|record| {
        format!(
            "\n    {} {} [{}] @{} {} {}",
            Timestamp::from_millisecond(record.timestamp_ms).unwrap_or(Timestamp::UNIX_EPOCH),
            record.topic,
            record.partition,
            record.offset,
            header(record, "ce_type"),
            header(record, "ce_id"),
        )
    });
    lines.collect()
}
