//! The payment gateway as a process.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
use jiff::SignedDuration;
use simulators::desk::{Desk, Options};
use simulators::gateway::callbacks::{Callbacks, Target};
use simulators::gateway::{Gateway, GatewayFaults, routes};
use simulators::{clock, server};

/// A payment gateway to test against: Stripe-like intents, refunds and idempotency, a ledger in a
/// file, and faults that can be switched while it runs.
#[derive(Parser)]
#[command(version, after_help = EXAMPLES)]
struct Args {
    /// Where to listen; port 0 takes a free one.
    #[arg(long, env = "GATEWAY_LISTEN", default_value = "127.0.0.1:4010", value_name = "ADDRESS")]
    listen: SocketAddr,
    /// The ledger: JSON lines, created when absent, continued when present.
    #[arg(long, env = "GATEWAY_LEDGER", default_value = "gateway-ledger.jsonl", value_name = "FILE")]
    ledger: PathBuf,
    /// Fault switches at the start, as in `PUT /faults`; what is not named is off.
    #[arg(long, env = "GATEWAY_FAULTS", default_value = "{}", value_name = "JSON",
          value_parser = server::parse_faults::<GatewayFaults>)]
    faults: GatewayFaults,
    /// Seed of the fault draws: the n-th request meets the same fate in every run.
    #[arg(long, env = "GATEWAY_SEED", default_value_t = 1)]
    seed: u64,
    /// How long an idempotency key is remembered, in seconds (Stripe: a day).
    #[arg(long, env = "GATEWAY_KEY_LIFE_SECONDS", default_value_t = 86_400, value_name = "SECONDS")]
    key_life_seconds: u32,
    /// Where to call back with what becomes of payments, such as http://127.0.0.1:8084/webhooks/stripe [default: nowhere]
    #[arg(
        long,
        env = "GATEWAY_WEBHOOK_URL",
        default_value = "",
        hide_default_value = true,
        value_name = "URL"
    )]
    webhook_url: String,
    /// The secret that callbacks are signed with.
    #[arg(
        long,
        env = "GATEWAY_WEBHOOK_SECRET",
        default_value = "",
        hide_default_value = true,
        hide_env_values = true,
        value_name = "SECRET"
    )]
    webhook_secret: String,
}

const NAME: &str = "gateway-simulator";

const EXAMPLES: &str = "\
Examples:
  gateway-simulator
  gateway-simulator --listen 127.0.0.1:0 --ledger /tmp/gateway.jsonl
  gateway-simulator --faults '{\"decline_rate\": 0.05, \"latency_ms\": {\"min\": 50, \"max\": 400}}'
  curl -X PUT 127.0.0.1:4010/faults -d '{\"timeout_after_charge_rate\": 0.1}'
  curl 127.0.0.1:4010/ledger

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
        key_life: SignedDuration::from_secs(args.key_life_seconds.into()),
        clock: clock::system(),
    };
    let desk = Arc::new(Desk::open(Gateway::default(), &args.ledger, options)?);
    let target = Target { url: args.webhook_url, secret: args.webhook_secret };
    let callbacks = Callbacks::new(desk.clone(), target, args.seed)?;
    let routes = routes().merge(callbacks.routes());
    tokio::select! {
        served = server::serve(NAME, args.listen, desk, routes) => served,
        () = callbacks.run() => anyhow::bail!("callbacks have ended"),
    }
}
