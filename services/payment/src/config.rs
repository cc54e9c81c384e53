//! Settings of the payment service. `--help` is the reference.

use std::time::Duration;

use clap::{Args, Parser};
use jiff::SignedDuration;
use orderflow::config::{Common, seconds};
use reqwest::Url;
use secrecy::SecretString;

use crate::calls::Limits;

const EXAMPLES: &str = "\
Examples:
  payment
  payment --gateway-url https://gateway.example --gateway-concurrency 64
  GATEWAY_URL=http://127.0.0.1:4010 GATEWAY_TIMEOUT=2.5 DELIVERY=at-least-once payment";

/// Charges each reserved order at the payment gateway, once, and refunds what will not be shipped.
#[derive(Debug, Clone, Parser)]
#[command(name = "payment", version, after_help = EXAMPLES)]
pub struct Settings {
    /// Those every service has.
    #[command(flatten)]
    pub common: Common,
    /// The gateway.
    #[command(flatten)]
    pub gateway: GatewaySettings,
}

/// How the gateway is reached.
#[derive(Debug, Clone, Args)]
pub struct GatewaySettings {
    /// The gateway's address; its paths begin below it.
    #[arg(
        id = "gateway_url",
        value_name = "URL",
        long = "gateway-url",
        env = "GATEWAY_URL",
        default_value = "http://127.0.0.1:4010"
    )]
    pub url: Url,
    /// Bearer token for the gateway, where it wants one.
    #[arg(
        id = "gateway_token",
        value_name = "TOKEN",
        long = "gateway-token",
        env = "GATEWAY_TOKEN",
        hide_env_values = true
    )]
    pub token: Option<SecretString>,
    /// How long one call may take, in seconds.
    #[arg(
        id = "gateway_timeout",
        value_name = "SECONDS",
        long = "gateway-timeout",
        env = "GATEWAY_TIMEOUT",
        default_value = "5",
        value_parser = seconds
    )]
    pub timeout: Duration,
    /// Most calls at the same time.
    #[arg(
        id = "gateway_concurrency",
        value_name = "COUNT",
        long = "gateway-concurrency",
        env = "GATEWAY_CONCURRENCY",
        default_value_t = 32,
        value_parser = clap::value_parser!(u16).range(1..=1000)
    )]
    pub concurrency: u16,
    /// How long the gateway surely remembers an idempotency key, in seconds. A reservation older than that is looked
    /// up by order id before it is charged.
    #[arg(
        id = "gateway_key_life",
        value_name = "SECONDS",
        long = "gateway-key-life",
        env = "GATEWAY_KEY_LIFE",
        default_value = "82800",
        value_parser = seconds
    )]
    pub key_life: Duration,
}

impl Settings {
    /// What bounds the calls of a batch.
    #[must_use]
    pub fn limits(&self) -> Limits {
        Limits {
            concurrency: self.gateway.concurrency.into(),
            // The rest of the step's time is for keeping what was learnt.
            batch: self.common.step_timeout * 2 / 3,
            key_life: SignedDuration::try_from(self.gateway.key_life).unwrap_or(SignedDuration::MAX),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_whole() {
        use clap::CommandFactory;
        Settings::command().debug_assert();
    }

    #[test]
    fn a_batch_is_answered_before_its_step_times_out() {
        let settings = Settings::parse_from(["payment", "--step-timeout", "30"]);
        assert_eq!(settings.limits().batch, Duration::from_secs(20));
    }
}
