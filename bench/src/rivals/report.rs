//! What is printed in the end: tables, or JSON; and the picture.

use anyhow::Result;

use super::{
    contestants::Contestant,
    goals,
    measured::Measured,
    numbers::{
        BROKER, HOPS, LOAD, LOG, MAX, MEMORY, Number, P50, P95, P99, PER_SECOND, REDIS, SECONDS, WIRE,
    },
    on_top, plot,
    settings::Settings,
    summary::{Summary, median},
};

const PICTURE: &str = "rivals.svg";

/// Prints it, and draws it.
///
/// # Errors
/// When the picture cannot be written.
pub fn show(settings: &Settings, measured: &[Measured]) -> Result<()> {
    let summary = Summary(measured);
    if settings.json {
        println!("{}", serde_json::to_string_pretty(measured)?);
    } else {
        println!("\n{}\n{}", bursts(&summary), rates(&summary));
        for table in [goals::table_of(&summary), on_top::table_of(&summary)].into_iter().flatten() {
            println!("{table}");
        }
        println!("{}", noise(&summary));
    }
    plot::draw(&settings.results.join(PICTURE), &summary)
}

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
