//! Takes orders in: HTTP to `orders`.

use std::process::ExitCode;

use clap::Parser as _;
use order_intake::{Files, Settings, wire};

fn main() -> ExitCode {
    let settings = Settings::parse();
    // Before the servers are waited for: a mistake in a file is not cured by waiting.
    let files = match Files::read(&settings) {
        Ok(files) => files,
        Err(mistakes) => {
            eprintln!("order-intake: {mistakes:#}");
            return ExitCode::FAILURE;
        }
    };
    orderflow::runtime::run("order-intake", settings.common.clone(), async move |service| {
        wire(settings, files, service).await
    })
}
