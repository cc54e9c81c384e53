//! What a run is asked for.

use std::path::PathBuf;

use clap::Parser;
use orderflow::config::Delivery;

const EXAMPLES: &str = "\
Examples:
  cargo run -p tests --bin chaos -- --seed 1 --minutes 5
  cargo run -p tests --bin chaos -- --list
  cargo run -p tests --bin chaos -- --seed 7 --minutes 10 --brokers 3 --fault broker-crash --fault kill
  cargo run -p tests --bin chaos -- --seed 2 --minutes 5 --delivery at-least-once --out docs/reliability.jsonl
  cargo run -p tests --bin chaos -- --totals docs/reliability.jsonl
  cargo run -p tests --bin chaos -- --seed 3 --minutes 3 --plant release-twice   # must fail

The seed decides which faults come, in which order, against whom and for how long; when each comes depends on how fast
the machine is. Servers and services are started anew, as child processes, and are gone at the end.";

/// Faults from a seeded schedule against a shop under a load: two instances of each service on a Kafka, a Redis and a
/// registry of its own. Then all is healed, and what is left is checked. Ends with 1 when a promise was broken.
#[derive(Debug, Clone, Parser)]
#[command(name = "chaos", after_help = EXAMPLES)]
pub struct Args {
    /// Decides the schedule: the same seed, the same faults.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// How long faults come, in minutes; healing and checking take a little more.
    #[arg(long, default_value = "5", value_parser = positive)]
    pub minutes: f64,
    /// Only this fault; may be given more than once [default: all]
    #[arg(long = "fault", value_name = "NAME")]
    pub faults: Vec<String>,
    /// Prints the faults and what each does.
    #[arg(long)]
    pub list: bool,
    /// How outputs and offsets become durable.
    #[arg(long, value_enum, default_value_t = Delivery::ExactlyOnce)]
    pub delivery: Delivery,
    /// Brokers: 1, or 3 with each record on all of them and two that must have it.
    #[arg(long, default_value_t = 1, value_parser = brokers)]
    pub brokers: u8,
    /// Plants this bug in every service: the run must fail then.
    #[arg(long, value_name = "BUG")]
    pub plant: Option<String>,
    /// Appends the result to this file, as a line of JSON.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Adds up the results in this file, as tables, and does nothing else.
    #[arg(long, value_name = "FILE")]
    pub totals: Option<PathBuf>,
    /// Orders a second.
    #[arg(long, default_value_t = 4.0, value_parser = positive)]
    pub rate: f64,
}

fn positive(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(number) if number > 0.0 && number <= 1440.0 => Ok(number),
        _ => Err("a number above 0, at most 1440".to_owned()),
    }
}

fn brokers(text: &str) -> Result<u8, String> {
    match text {
        "1" => Ok(1),
        "3" => Ok(3),
        _ => Err("1 or 3".to_owned()),
    }
}
