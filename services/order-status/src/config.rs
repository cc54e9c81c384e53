//! Settings. `--help` is the reference; each setting also has a variable.

use std::net::SocketAddr;

use clap::Parser;
use orderflow::{
    config::Common,
    http::{TokenSettings, callers::scope},
};

/// Shows where each order stands and how it got there; takes cancels and reviews.
#[derive(Debug, Clone, Parser)]
#[command(
    name = "order-status",
    version,
    after_help = "Examples:\n  \
        order-status --listen 127.0.0.1:8082\n  \
        order-status --listen 0.0.0.0:8082 --jwt-public-key-file issuer.pem --operator-token \"$OPERATOR_TOKEN\"\n\n\
        Then:\n  \
        curl 'http://127.0.0.1:8082/orders/<ORDER-ID>?wait=final&timeout=30s'"
)]
pub struct Settings {
    /// Where orders are shown.
    #[arg(long, env = "LISTEN", default_value = "127.0.0.1:8082")]
    pub listen: SocketAddr,
    /// Most requests handled at once, those that wait apart; more are answered 503.
    #[arg(long, env = "MAX_IN_FLIGHT", default_value_t = 256, value_parser = clap::value_parser!(u16).range(1..))]
    pub max_in_flight: u16,
    /// Most long polls and streams of events at once; more are answered 503.
    #[arg(long, env = "MAX_WAITING", default_value_t = 500, value_parser = clap::value_parser!(u16).range(1..))]
    pub max_waiting: u16,
    /// The scope that makes the subject of a token staff: one word of its `scope` claim.
    #[arg(long, env = "STAFF_SCOPE", default_value = "orders:staff", value_parser = scope)]
    pub staff_scope: String,
    /// How callers' tokens are checked.
    #[command(flatten)]
    pub tokens: TokenSettings,
    /// The runtime's settings.
    #[command(flatten)]
    pub common: Common,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        super::Settings::command().debug_assert();
    }
}
