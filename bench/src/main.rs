//! The measurements that are programs of their own: `cargo run --release -p bench -- rivals`. See `bench/README.md`.

mod hops;
mod rivals;

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
    /// One hop of a contestant, as a process; started by `rivals`.
    #[command(hide = true)]
    Hop(hops::Hop),
}

fn main() -> ExitCode {
    match Bench::parse().command {
        Command::Hop(hop) => hop.run(),
        Command::Rivals(settings) => match rivals::run(&settings) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("error: {error:#}");
                ExitCode::FAILURE
            }
        },
    }
}
