//! `orderflow models promote`.

use anyhow::Result;
use clap::Args;
use orderflow_versions::{Gate, Wish};

use super::operate::Common;

const EXAMPLES: &str = "\
Examples:
  orderflow models promote 2025-12-01 --by ada --reason 'a week of shadow'
  orderflow models promote 2025-12-01 --by ada --reason 'incident 2025-31' --force
  orderflow models promote 2025-12-01 --by ada --reason 'a quiet shop' --min-orders 100

The gate is about the orders of `orderflow models report`: enough of them (--min-orders), the same outcome for most of
them (--min-agreement), no score that is no number, quick at the 99th percentile (--max-p99). A version that does not
pass is refused, and every line it fails is told. --force promotes it all the same; the event says so, and why.";

/// Makes a version the live one.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::commands) struct Promote {
    /// Which version; it must be published.
    version: String,
    /// Also if it does not pass the gate.
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    gate: Gate,
    #[command(flatten)]
    common: Common,
}

impl Promote {
    pub(super) async fn run(self) -> Result<bool> {
        let Self { version, force, gate, common } = self;
        common.carry_out(Wish::Promote { version, force, gate }).await
    }
}
