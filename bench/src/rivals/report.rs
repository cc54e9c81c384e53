//! Tables for people, files for machines.

use std::fs;

use anyhow::{Context, Result};
use serde::Serialize;

use super::{
    contestants::Contestant,
    measured::Measured,
    on_top, plot,
    settings::Settings,
    summary::{Number, Ratio, Summary, median, ratio},
};

const FILE: &str = "rivals.json";
const PICTURE: &str = "rivals.svg";

/// What is kept of a run.
#[derive(Serialize)]
struct Kept<'m> {
    machine: &'m str,
    repeats: u32,
    orders: usize,
    warm: usize,
    seconds: u32,
    partitions: i32,
    measured: &'m [Measured],
}

/// Writes all that was measured so far.
///
/// # Errors
/// When the folder cannot be written.
pub fn keep(settings: &Settings, machine: &str, measured: &[Measured]) -> Result<()> {
    let Settings { repeats, orders, warm, seconds, partitions, results, .. } = settings;
    let (repeats, orders, warm, seconds, partitions) = (*repeats, *orders, *warm, *seconds, *partitions);
    fs::create_dir_all(results).with_context(|| format!("making {}", results.display()))?;
    let kept = Kept { machine, repeats, orders, warm, seconds, partitions, measured };
    let file = results.join(FILE);
    fs::write(&file, serde_json::to_vec_pretty(&kept)?).with_context(|| format!("writing {}", file.display()))
}

/// Prints it, and draws it.
///
/// # Errors
/// When the picture cannot be written.
pub fn show(settings: &Settings, measured: &[Measured]) -> Result<()> {
    let summary = Summary(measured);
    if settings.json {
        println!("{}", serde_json::to_string_pretty(measured)?);
    } else {
        println!("\n{}\n{}\n{}", bursts(&summary), rates(&summary), ratios(&summary));
        if let Some(table) = on_top::table_of(&summary) {
            println!("{table}");
        }
        println!("{}", noise(&summary));
    }
    plot::draw(&settings.results.join(PICTURE), &summary)
}

const PER_SECOND: Number = |one| Some(one.per_second);
const SECONDS: Number = |one| Some(one.seconds);
const HOPS: Number = |one| Some((one.cpu?.hops + one.cpu?.redis) * 1e3);
const BROKER: Number = |one| Some(one.cpu?.broker * 1e3);
const LOAD: Number = |one| Some(one.cpu?.load * 1e3);
const MEMORY: Number = |one| Some(one.memory?.hops as f64);
const P50: Number = |one| Some(one.latency?.p50);
const P95: Number = |one| Some(one.latency?.p95);
const P99: Number = |one| Some(one.latency?.p99);
const MAX: Number = |one| Some(one.latency?.max);
const REDIS: Number = |one| Some(one.memory?.redis as f64);
const LOG: Number = |one| Some(one.bytes?.log);
const WIRE: Number = |one| one.bytes?.wire;

fn bursts(summary: &Summary<'_>) -> String {
    let header = "| contestant | turns | orders/s (least, most) | CPU µs/order: hops and Redis, broker, load and sink | bytes/order: log, wire | MB: hops at most, in Redis | first label after s | labels away after kill s |";
    let rows = summary.contestants().into_iter().map(|name| {
        let at =
            |mode: &str, number: Number, digits: usize| shown(summary.median(name, mode, number), digits);
        let rates = match name == Contestant::Broker.name() {
            true => return limits(summary, name),
            false => summary.values(name, "burst", PER_SECOND),
        };
        let (least, most) = bounds(&rates);
        let cpu = [HOPS, BROKER, LOAD].map(|number| at("burst", number, 0)).join(", ");
        let bytes = [LOG, WIRE].map(|number| at("burst", number, 0)).join(", ");
        let memory = [MEMORY, REDIS].map(|number| at("end", number, 0)).join(", ");
        let speed = shown(median(&rates), 0);
        let (start, kill) = (at("start", SECONDS, 1), at("kill", SECONDS, 1));
        format!(
            "| {name} | {} | {speed} ({least:.0}, {most:.0}) | {cpu} | {bytes} | {memory} | {start} | {kill} |",
            rates.len()
        )
    });
    table(header, rows)
}

/// The broker has modes of its own.
fn limits(summary: &Summary<'_>, name: &str) -> String {
    let mut modes: Vec<&str> = Vec::new();
    for one in summary.0.iter().filter(|one| one.contestant == name) {
        if !modes.contains(&one.mode.as_str()) {
            modes.push(&one.mode);
        }
    }
    let rows = modes.into_iter().map(|mode| {
        let rates = summary.values(name, mode, PER_SECOND);
        let (least, most) = bounds(&rates);
        let cpu = shown(summary.median(name, mode, BROKER), 2);
        let speed = shown(median(&rates), 0);
        format!(
            "| {name}: {mode} | {} | {speed} ({least:.0}, {most:.0}) | –, {cpu}, – | – | – | – | – |",
            rates.len()
        )
    });
    rows.collect::<Vec<String>>().join("\n")
}

fn rates(summary: &Summary<'_>) -> String {
    let header = "| rate | contestant | p50 / p95 / p99 / max ms | CPU µs/order: hops and Redis, broker |";
    let mut rows = Vec::new();
    for rate in summary.rates() {
        for name in summary.contestants() {
            let at = |number: Number, digits: usize| shown(summary.median(name, rate, number), digits);
            if summary.values(name, rate, PER_SECOND).is_empty() {
                continue;
            }
            let latency = [P50, P95, P99, MAX].map(|number| at(number, 1)).join(" / ");
            rows.push(format!("| {rate} | {name} | {latency} | {}, {} |", at(HOPS, 0), at(BROKER, 0)));
        }
    }
    table(header, rows)
}

/// Ours against the rival's best, measure by measure.
fn ratios(summary: &Summary<'_>) -> String {
    let header = "| measure | ours | rival's best | ratio (95 %) |";
    let mut measures: Vec<(String, String, Number, bool)> = vec![
        ("orders/s".into(), "burst".into(), PER_SECOND, true),
        ("CPU of hops and Redis, burst".into(), "burst".into(), HOPS, false),
        ("CPU of the broker, burst".into(), "burst".into(), BROKER, false),
        ("peak memory of the hops".into(), "end".into(), MEMORY, false),
        ("first label".into(), "start".into(), SECONDS, false),
        ("labels away after a kill".into(), "kill".into(), SECONDS, false),
    ];
    for rate in summary.rates() {
        measures.push((format!("p50, {rate}"), rate.into(), P50, false));
        measures.push((format!("p99, {rate}"), rate.into(), P99, false));
        measures.push((format!("CPU of hops and Redis, {rate}"), rate.into(), HOPS, false));
        measures.push((format!("CPU of the broker, {rate}"), rate.into(), BROKER, false));
    }
    let mut rows = Vec::new();
    for (measure, mode, number, greatest) in &measures {
        let Some((rival, theirs)) = summary.best_rival(mode, *number, *greatest) else { continue };
        for ours in Contestant::OURS.map(Contestant::name) {
            let values = summary.values(&ours, mode, *number);
            if let Some(Ratio { of_medians, from, to }) = ratio(&values, &theirs) {
                rows.push(format!(
                    "| {measure} | {ours} | {rival} | {of_medians:.2} ({from:.2} to {to:.2}) |"
                ));
            }
        }
    }
    table(header, rows)
}

/// What others on the machine took while something was measured.
fn noise(summary: &Summary<'_>) -> String {
    let cores: Vec<f64> = summary.0.iter().filter_map(|one| Some(one.cpu?.other_cores)).collect();
    let (_, most) = bounds(&cores);
    let middle = median(&cores).unwrap_or_default();
    format!(
        "Others on this machine used {middle:.2} cores while something was measured (median), {most:.2} at most."
    )
}

pub fn table(header: &str, rows: impl IntoIterator<Item = String>) -> String {
    let columns = header.matches('|').count() - 1;
    let mut lines = vec![header.to_owned(), format!("|{}", "---|".repeat(columns))];
    lines.extend(rows);
    lines.join("\n") + "\n"
}

fn bounds(values: &[f64]) -> (f64, f64) {
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    (least, values.iter().copied().fold(f64::NEG_INFINITY, f64::max))
}

pub fn shown(value: Option<f64>, digits: usize) -> String {
    value.map_or_else(|| "–".to_owned(), |value| format!("{value:.digits$}"))
}
