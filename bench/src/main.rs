//! The measurements that are programs of their own: `cargo run --release -p bench -- rivals`. See `bench/README.md`.

mod hops;
mod rivals;
mod scale;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Measures Orderflow beside others, in one run on one machine.
#[derive(Parser)]
#[command(name = "bench", version)]
struct Bench {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Orders/s, latency, CPU and memory of Orderflow, Kafka Streams, and naive ways of doing the same.
    Rivals(rivals::Settings),
    /// What an order costs Orderflow with more instances, partitions, orders waiting and customers.
    Scale(scale::Settings),
    /// One hop of a contestant, as a process; started by `rivals` and `scale`.
    #[command(hide = true)]
    Hop(hops::Hop),
    /// The gateway that payment asks, as a process; started by `rivals`.
    #[command(hide = true)]
    GatewaySimulator(hops::gateway::GatewaySimulator),
}

fn main() -> ExitCode {
    let measured = match Bench::parse().command {
        Command::Hop(hop) => return hop.run(),
        Command::GatewaySimulator(gateway) => return gateway.run(),
        Command::Rivals(settings) => rivals::run(&settings),
        Command::Scale(settings) => scale::run(&settings),
    };
    match measured {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
