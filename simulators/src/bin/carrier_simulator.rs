//! The parcel carrier as a process.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
use jiff::SignedDuration;
use simulators::carrier::s10::Country;
use simulators::carrier::{Carrier, CarrierFaults, routes};
use simulators::desk::{Desk, Options};
use simulators::{clock, server};

/// A parcel carrier to test against: labels with UPU S10 tracking numbers, pickups, a ledger in a
/// file, and faults that can be switched while it runs.
#[derive(Parser)]
#[command(version, after_help = EXAMPLES)]
struct Args {
    /// Where to listen; port 0 takes a free one.
    #[arg(long, env = "CARRIER_LISTEN", default_value = "127.0.0.1:4020", value_name = "ADDRESS")]
    listen: SocketAddr,
    /// The ledger: JSON lines, created when absent, continued when present.
    #[arg(long, env = "CARRIER_LEDGER", default_value = "carrier-ledger.jsonl", value_name = "FILE")]
    ledger: PathBuf,
    /// Fault switches at the start, as in `PUT /faults`; what is not named is off.
    #[arg(long, env = "CARRIER_FAULTS", default_value = "{}", value_name = "JSON",
          value_parser = server::parse_faults::<CarrierFaults>)]
    faults: CarrierFaults,
    /// Seed of the fault draws: the n-th request meets the same fate in every run.
    #[arg(long, env = "CARRIER_SEED", default_value_t = 1)]
    seed: u64,
    /// The country at the end of its tracking numbers.
    #[arg(long, env = "CARRIER_ORIGIN", default_value = "DE", value_name = "COUNTRY")]
    origin: Country,
    /// Countries it does not deliver to.
    #[arg(
        long,
        env = "CARRIER_NOT_SERVED",
        default_value = "AQ,KP",
        value_delimiter = ',',
        value_name = "COUNTRIES"
    )]
    not_served: Vec<Country>,
}

const NAME: &str = "carrier-simulator";

const EXAMPLES: &str = "\
Examples:
  carrier-simulator
  carrier-simulator --listen 127.0.0.1:0 --ledger /tmp/carrier.jsonl --not-served AQ,KP,BV
  carrier-simulator --faults '{\"error_rate\": 0.05, \"latency_ms\": {\"min\": 50, \"max\": 400}}'
  curl -X PUT 127.0.0.1:4020/faults -d '{\"timeout_after_label_rate\": 0.1}'
  curl 127.0.0.1:4020/ledger

Logs go to standard error; RUST_LOG sets their level.";

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    server::start_logging();
    server::exit(NAME, run(args).await)
}

async fn run(args: Args) -> anyhow::Result<()> {
    let options = Options {
        seed: args.seed,
        faults: args.faults,
        // A carrier knows an order for good: the key is the order id.
        key_life: SignedDuration::MAX,
        clock: clock::system(),
    };
    let desk = Arc::new(Desk::open(Carrier::new(args.origin, args.not_served), &args.ledger, options)?);
    server::serve(NAME, args.listen, desk, routes()).await
}
