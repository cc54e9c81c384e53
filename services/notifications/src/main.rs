//! The notifications service as a process.

use std::process::ExitCode;

use clap::Parser;
use notifications::{Settings, wire};

fn main() -> ExitCode {
    let settings = Settings::parse();
    // Before the servers are waited for: a mistake in a file is not cured by waiting.
    let tokens = match settings.tokens.tokens() {
        Ok(tokens) => tokens,
        Err(mistake) => {
            eprintln!("notifications: {mistake:#}");
            return ExitCode::FAILURE;
        }
    };
    orderflow::runtime::run("notifications", settings.common.clone(), async move |service| {
        wire(settings, tokens, service).await
    })
}
