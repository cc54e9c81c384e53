//! Ours beside what it is held against, measure by measure, and whether its goal is met.

use super::{
    broker::IN_TRANSACTIONS,
    contestants::Contestant,
    numbers::{BROKER, HOPS, MEMORY, Number, P50, P99, PER_SECOND, SECONDS},
    report::table,
    summary::{Ratio, Summary, ratio},
};

/// What an order writes on its way to the label.
const RECORDS: f64 = 5.0;
/// With fewer turns the interval is where the ratio lies at its least and its most.
const ENOUGH: usize = 5;

/// A measure: ours, what it is divided by, and what is wanted of the ratio.
struct Measure {
    what: String,
    mode: String,
    number: Number,
    beside: Beside,
    wanted: Wanted,
}

/// What ours is divided by: the best of these.
struct Beside {
    contestants: &'static [Contestant],
    mode: String,
    number: Number,
}

/// What a ratio should be; without a number there is no goal.
#[derive(Clone, Copy)]
struct Wanted {
    /// Whether more is better.
    is_floor: bool,
    exactly_once: Option<f64>,
    at_least_once: Option<f64>,
}

const NO_GOAL: Wanted = Wanted { is_floor: false, exactly_once: None, at_least_once: None };

/// The table; none where nobody was measured that ours are held against.
pub fn table_of(summary: &Summary<'_>) -> Option<String> {
    let rows: Vec<String> =
        measures(&summary.rates()).iter().filter_map(|measure| row(summary, measure)).collect();
    if rows.is_empty() {
        return None;
    }
    let names = Contestant::OURS.map(|one| format!(" {one} |")).concat();
    let table = table(&format!("| measure | beside | goal |{names}"), rows);
    let turns = Contestant::OURS.map(|one| summary.values(&one.name(), "burst", PER_SECOND).len());
    let brackets = match turns.into_iter().max() {
        Some(turns) if turns < ENOUGH => {
            format!("the least and the greatest ratio, since turns are too few to say more ({turns})")
        }
        _ => "where the ratio lies with 95 % confidence (bootstrap over turns)".to_owned(),
    };
    Some(format!("{table}\nIn brackets: {brackets}.\n"))
}

fn measures(rates: &[&str]) -> Vec<Measure> {
    let busiest = rates.last().copied();
    let steady = rates.iter().flat_map(|rate| at_rate(rate, Some(*rate) == busiest));
    burst().into_iter().chain(steady).chain(whole_turn()).chain(simpler_ways()).collect()
}

/// With a backlog.
fn burst() -> [Measure; 3] {
    [
        Measure::new("orders/s", "burst", PER_SECOND, floor(2.0, 2.3)),
        Measure::new("CPU of hops and Redis, burst", "burst", HOPS, ceiling(0.5, 0.4)),
        Measure::new("CPU of the broker, burst", "burst", BROKER, ceiling(1.0, 0.8)),
    ]
}

/// At a steady rate. The goals that are meant for half the rival's capacity are those of the busiest.
fn at_rate(rate: &str, is_busiest: bool) -> Vec<Measure> {
    let measure = |what: &str, number, wanted| Measure::new(format!("{what}, {rate}"), rate, number, wanted);
    let (broker, p99): (_, Vec<(Wanted, &'static [Contestant])>) = match rate {
        "200/s" => (
            measure("CPU of the broker", BROKER, ceiling(0.7, 0.8)).than(&[Contestant::Streams5]),
            vec![
                (ceiling(0.15, None), &[Contestant::Streams100]),
                (ceiling(0.67, 0.2), &[Contestant::Streams5]),
            ],
        ),
        _ if is_busiest => (
            measure("CPU of the broker", BROKER, ceiling(1.5, 0.8)),
            vec![(ceiling(0.2, 0.05), &[Contestant::Streams100])],
        ),
        _ => (measure("CPU of the broker", BROKER, NO_GOAL), vec![(NO_GOAL, &Contestant::RIVALS)]),
    };
    let hops = measure("CPU of hops and Redis", HOPS, ceiling(0.5, 0.4));
    let p99 = p99.into_iter().map(|(wanted, rivals)| measure("p99", P99, wanted).than(rivals));
    [hops, broker, measure("p50", P50, NO_GOAL)].into_iter().chain(p99).collect()
}

fn whole_turn() -> [Measure; 4] {
    let with_redis: Number = |one| Some((one.memory?.hops + one.memory?.redis) as f64);
    [
        Measure::new("memory of the hops", "end", MEMORY, ceiling(0.1, 0.1)),
        Measure::new("memory of the hops, and in Redis", "end", with_redis, NO_GOAL),
        Measure::new("first label", "start", SECONDS, NO_GOAL),
        Measure::new("labels away after a kill", "kill", SECONDS, ceiling(1.0 / 3.0, 1.0 / 3.0)),
    ]
}

/// Beside our other setting, simpler ways, and what the broker can do.
fn simpler_ways() -> [Measure; 5] {
    let speed = |wanted, than| Measure::new("orders/s", "burst", PER_SECOND, floor(wanted, None)).than(than);
    let written: Number = |one| Some(one.per_second? * RECORDS);
    let records = Measure::new("records/s through all hops", "burst", written, floor(0.3, None));
    let limit =
        Beside { contestants: &[Contestant::Broker], mode: IN_TRANSACTIONS.to_owned(), number: PER_SECOND };
    [
        speed(0.85, &[Contestant::AtLeastOnce]),
        speed(20.0, &[Contestant::NaiveTransactions]),
        speed(10.0, &[Contestant::NaiveCommits]),
        speed(20.0, &[Contestant::Python]),
        Measure { beside: limit, ..records },
    ]
}

impl Measure {
    /// Beside the better of the rivals.
    fn new(what: impl Into<String>, mode: impl Into<String>, number: Number, wanted: Wanted) -> Self {
        let mode = mode.into();
        let beside = Beside { contestants: &Contestant::RIVALS, mode: mode.clone(), number };
        Self { what: what.into(), mode, number, beside, wanted }
    }

    fn than(self, contestants: &'static [Contestant]) -> Self {
        Self { beside: Beside { contestants, ..self.beside }, ..self }
    }
}

/// At least this, of exactly-once and of at-least-once.
fn floor(exactly_once: f64, at_least_once: impl Into<Option<f64>>) -> Wanted {
    Wanted { is_floor: true, exactly_once: Some(exactly_once), at_least_once: at_least_once.into() }
}

/// At most this.
fn ceiling(exactly_once: f64, at_least_once: impl Into<Option<f64>>) -> Wanted {
    Wanted { is_floor: false, ..floor(exactly_once, at_least_once) }
}

impl Wanted {
    fn of(self, contestant: Contestant) -> Option<f64> {
        if contestant == Contestant::AtLeastOnce { self.at_least_once } else { self.exactly_once }
    }

    fn is_met(self, goal: f64, found: f64) -> bool {
        if self.is_floor { found >= goal } else { found <= goal }
    }

    fn text(self) -> String {
        let sign = if self.is_floor { "≥" } else { "≤" };
        match (self.exactly_once, self.at_least_once) {
            (Some(exactly), Some(at_least)) if exactly != at_least => {
                format!("{sign} {exactly:.2} ({at_least:.2} at least once)")
            }
            (Some(exactly), _) => format!("{sign} {exactly:.2}"),
            (None, _) => "–".to_owned(),
        }
    }
}

fn row(summary: &Summary<'_>, measure: &Measure) -> Option<String> {
    let Measure { what, mode, number, beside, wanted } = measure;
    let (best, theirs) = summary.best(beside.contestants, &beside.mode, beside.number, wanted.is_floor)?;
    let cells = Contestant::OURS.map(|one| {
        let values = summary.values(&one.name(), mode, *number);
        match ratio(&values, &theirs) {
            Some(ratio) if one.name() != best => cell(ratio, *wanted, one),
            _ => "–".to_owned(),
        }
    });
    let is_empty = cells.iter().all(|cell| cell == "–");
    (!is_empty).then(|| format!("| {what} | {best} | {} | {} |", wanted.text(), cells.join(" | ")))
}

fn cell(Ratio { of_medians, from, to }: Ratio, wanted: Wanted, contestant: Contestant) -> String {
    let found = format!("{of_medians:.2} ({from:.2} to {to:.2})");
    match wanted.of(contestant) {
        Some(goal) if wanted.is_met(goal, of_medians) => format!("{found}, **met**"),
        Some(_) => format!("{found}, not met"),
        None => found,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rivals::measured::Measured;

    fn burst(contestant: Contestant, seconds: f64) -> Measured {
        Measured::done(contestant, "burst", 1_000, seconds)
    }

    #[test]
    fn a_goal_is_met_from_its_own_side() {
        let at = |of_medians| Ratio { of_medians, from: of_medians, to: of_medians };
        let is_met =
            |of_medians, wanted| cell(at(of_medians), wanted, Contestant::ExactlyOnce).ends_with("**met**");
        let (more, less) = (floor(2.0, None), ceiling(2.0, None));
        assert_eq!([1.9, 2.0, 2.1].map(|found| is_met(found, more)), [false, true, true]);
        assert_eq!([1.9, 2.0, 2.1].map(|found| is_met(found, less)), [true, true, false]);
        assert_eq!(cell(at(2.0), more, Contestant::AtLeastOnce), "2.00 (2.00 to 2.00)", "no goal of its own");
    }

    #[test]
    fn ours_are_held_against_the_better_rival_and_the_broker() {
        let limit = Measured {
            per_second: Some(10_000.0),
            ..Measured::new(Contestant::Broker, IN_TRANSACTIONS, 1, 1.0)
        };
        let all = [
            burst(Contestant::ExactlyOnce, 1.0),
            burst(Contestant::Streams100, 0.8),
            burst(Contestant::Streams5, 2.0),
            limit,
        ];
        let table = table_of(&Summary(&all)).unwrap();
        assert!(
            table.contains(
                "| orders/s | kstreams-100ms | ≥ 2.00 (2.30 at least once) | 0.80 (0.80 to 0.80), not met"
            ),
            "{table}"
        );
        assert!(table.contains("| broker | ≥ 0.30 | 0.50 (0.50 to 0.50), **met** | – | – |"), "{table}");
        assert_eq!(table_of(&Summary(&all[..1])), None);
    }
}
