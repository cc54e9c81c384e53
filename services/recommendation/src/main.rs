//! The recommendation service as a process.

use std::process::ExitCode;

use clap::Parser;
use recommendation::{Settings, wire};

fn main() -> ExitCode {
    let settings = Settings::parse();
    // Before the servers are waited for: a mistake in a file is not cured by waiting.
    let tokens = match settings.tokens.tokens() {
        Ok(tokens) => tokens,
        Err(mistake) => {
            eprintln!("recommendation: {mistake:#}");
            return ExitCode::FAILURE;
        }
    };
    orderflow::runtime::run("recommendation", settings.common.clone(), async move |service| {
        Ok(wire(settings, tokens, service))
    })
}
