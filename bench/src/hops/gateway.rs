//! The gateway simulator, as its own program runs it, but without waiting before it answers and without calling back:
//! a process of this program, so that nothing else must be built first.

use std::{net::SocketAddr, path::PathBuf, process::ExitCode, sync::Arc};

use anyhow::Result;
use clap::Args;
use jiff::SignedDuration;
use simulators::{
    clock,
    desk::{Desk, Options},
    gateway::{Gateway, GatewayFaults, routes},
    server,
};

const NAME: &str = "gateway-simulator";
const AT_ONCE: &str = r#"{"latency_ms": {"min": 0, "max": 0}}"#;
const KEY_LIFE: SignedDuration = SignedDuration::from_hours(24);

/// Where it listens, and what it writes.
#[derive(Args)]
pub struct GatewaySimulator {
    #[arg(long)]
    listen: SocketAddr,
    #[arg(long)]
    ledger: PathBuf,
}

impl GatewaySimulator {
    /// Runs until it is told to end.
    pub fn run(self) -> ExitCode {
        server::start_logging();
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
        let served = runtime.map_err(Into::into).and_then(|runtime| runtime.block_on(self.serve()));
        server::exit(NAME, served)
    }

    async fn serve(self) -> Result<()> {
        let faults = server::parse_faults::<GatewayFaults>(AT_ONCE).map_err(anyhow::Error::msg)?;
        let options = Options { seed: 1, faults, key_life: KEY_LIFE, clock: clock::system() };
        let desk = Arc::new(Desk::open(Gateway::default(), &self.ledger, options)?);
        server::serve(NAME, self.listen, desk, routes()).await
    }
}
