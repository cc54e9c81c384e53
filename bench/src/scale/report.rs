//! The table for people, the file for machines.

use std::fs;

use anyhow::{Context, Result};
use serde::Serialize;

use super::{cases::Case, settings::Settings};
use crate::rivals::Measured;

const FILE: &str = "scale.json";

/// A case, and what was measured of it.
#[derive(Serialize)]
pub struct Row {
    #[serde(flatten)]
    pub case: Case,
    pub measured: Vec<Measured>,
}

/// What is kept of a run.
#[derive(Serialize)]
struct Kept<'r> {
    machine: &'r str,
    cases: &'r [Row],
}

/// Writes all that was measured so far.
///
/// # Errors
/// When the folder cannot be written.
pub fn keep(settings: &Settings, machine: &str, cases: &[Row]) -> Result<()> {
    let folder = &settings.results;
    fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
    let file = folder.join(FILE);
    let kept = serde_json::to_vec_pretty(&Kept { machine, cases })?;
    fs::write(&file, kept).with_context(|| format!("writing {}", file.display()))
}

/// Prints it.
///
/// # Errors
/// When it cannot be JSON.
pub fn show(settings: &Settings, rows: &[Row]) -> Result<()> {
    match settings.json {
        true => println!("{}", serde_json::to_string_pretty(rows)?),
        false => println!("\n{}", table(rows)),
    }
    Ok(())
}

fn table(rows: &[Row]) -> String {
    let mut lines = vec![
        "| what grows | to | orders/s | CPU µs/order: hops, Redis, broker | bytes/order: log, wire | MB: hops at most, in Redis |"
            .to_owned(),
        format!("|{}", "---|".repeat(6)),
    ];
    lines.extend(rows.iter().map(line));
    lines.join("\n")
}

fn line(Row { case, measured }: &Row) -> String {
    let of = |mode: &str| measured.iter().find(|one| one.mode == mode);
    let (burst, end) = (of("burst"), of("end"));
    let speed = burst.and_then(|burst| burst.per_second).map(|speed| format!("{speed:.0}"));
    let cpu = burst.and_then(|burst| burst.cpu);
    let cpu = cpu.map(|cpu| [cpu.hops, cpu.redis, cpu.broker].map(|millis| format!("{:.0}", millis * 1e3)));
    let bytes = burst.and_then(|burst| burst.bytes).map(|bytes| {
        let wire = bytes.wire.map_or_else(|| "–".to_owned(), |wire| format!("{wire:.0}"));
        format!("{:.0}, {wire}", bytes.log)
    });
    let memory = end.and_then(|end| end.memory).map(|memory| format!("{}, {}", memory.hops, memory.redis));
    let cells = [speed, cpu.map(|cpu| cpu.join(", ")), bytes, memory];
    let cells = cells.map(|cell| cell.unwrap_or_else(|| "–".to_owned())).join(" | ");
    format!("| {} | {} | {cells} |", case.grows, case.to)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rivals::Contestant;

    #[test]
    fn a_case_is_a_line() {
        let case = Case {
            grows: "orders waiting",
            to: 10_000,
            instances: 1,
            partitions: 6,
            customers: 1,
            warm: 1,
            orders: 10_000,
        };
        let burst = Measured::done(Contestant::ExactlyOnce, "burst", 10_000, 2.0);
        let found = line(&Row { case, measured: vec![burst] });
        assert_eq!(found, "| orders waiting | 10000 | 5000 | – | – | – |");
    }
}
