//! Who does something, and why: for `audit`.

use clap::Args;
use orderflow::clock::Clock;
use orderflow_letters::act::By;

use crate::commands::words::words;

/// Who does it, and why.
#[derive(Debug, Clone, Args)]
pub(super) struct Who {
    /// Who does it, for `audit`.
    #[arg(long, env = "ORDERFLOW_OPERATOR", value_parser = words)]
    by: String,
    /// Why, for `audit`: nothing personal, since it stays.
    #[arg(long, value_parser = words)]
    reason: String,
}

impl Who {
    pub(super) fn now(self) -> By {
        By { name: self.by, reason: self.reason, at: Clock::system().now() }
    }
}
