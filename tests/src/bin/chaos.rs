//! `cargo run -p tests --bin chaos`: a shop under a load, with faults from a seeded schedule.

use std::process::ExitCode;

use clap::Parser;
use orderflow_tests::chaos::{Args, run};

#[tokio::main]
async fn main() -> ExitCode {
    match run(&Args::parse()).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
