//! Settings of the payment service. `--help` is the reference.

mod secrets;
mod webhook;

use std::{path::PathBuf, time::Duration};

use clap::{Args, Parser};
use jiff::SignedDuration;
use orderflow::{
    config::{Common, seconds},
    fault::Fault,
};
use reqwest::Url;
use secrecy::SecretString;

use crate::calls::Limits;
use secrets::{lines, trimmed, unreadable};
pub use webhook::WebhookSettings;

const EXAMPLES: &str = "\
Examples:
  payment
  payment --gateway-url https://gateway.example --gateway-concurrency 64
  payment --gateway-url https://api.stripe.com --gateway-token-file ./stripe.key \\
    --gateway-webhook-secrets-file ./stripe.whsec --listen 0.0.0.0:8084
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
    /// Its callbacks.
    #[command(flatten)]
    pub webhook: WebhookSettings,
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
    /// The gateway's secret key (`sk_…` at Stripe), where it wants one.
    #[arg(
        id = "gateway_token",
        value_name = "TOKEN",
        long = "gateway-token",
        env = "GATEWAY_TOKEN",
        hide_env_values = true
    )]
    pub token: Option<SecretString>,
    /// A file with that token, instead.
    #[arg(
        id = "gateway_token_file",
        value_name = "FILE",
        long = "gateway-token-file",
        env = "GATEWAY_TOKEN_FILE",
        conflicts_with = "gateway_token"
    )]
    pub token_file: Option<PathBuf>,
    /// Where the gateway sends a customer who has confirmed a payment on another page; without it the shop's own page
    /// asks them.
    #[arg(
        id = "gateway_return_url",
        value_name = "URL",
        long = "gateway-return-url",
        env = "GATEWAY_RETURN_URL"
    )]
    pub return_url: Option<Url>,
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
    /// How long a customer has to confirm a payment (3-D Secure), in seconds, at most 30 days; then it is cancelled.
    #[arg(long, env = "PAYMENT_CONFIRM_WITHIN", value_name = "SECONDS", default_value = "900", value_parser = patience)]
    pub confirm_within: Duration,
}

impl GatewaySettings {
    /// The token, wherever it is given.
    ///
    /// # Errors
    /// `Fatal` when its file cannot be read or is empty.
    pub fn secret_key(&self) -> Result<Option<SecretString>, Fault> {
        let Some(file) = &self.token_file else { return Ok(self.token.as_ref().and_then(trimmed)) };
        match <[SecretString; 1]>::try_from(lines(file)?) {
            Ok([token]) => Ok(Some(token)),
            Err(_) => Err(unreadable(file, "it must be one line")),
        }
    }
}

impl Settings {
    /// How long a customer has to confirm a payment.
    #[must_use]
    pub fn confirm_within(&self) -> SignedDuration {
        SignedDuration::try_from(self.gateway.confirm_within).unwrap_or(SignedDuration::MAX)
    }

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

/// Longer than that a payment cannot wait: its state ends after 35 days.
const MOST_PATIENCE: Duration = Duration::from_hours(30 * 24);

fn patience(text: &str) -> Result<Duration, String> {
    match seconds(text)? {
        time if time <= MOST_PATIENCE => Ok(time),
        _ => Err(format!("`{text}` is more than 30 days ({})", MOST_PATIENCE.as_secs())),
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn the_command_line_is_whole() {
        use clap::CommandFactory;
        Settings::command().debug_assert();
    }

    #[test]
    fn secrets_come_from_a_variable_or_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let [file, empty] = ["secrets", "empty"].map(|name| folder.path().join(name).display().to_string());
        std::fs::write(&file, "whsec_1\n\n whsec_2\n").unwrap();
        std::fs::write(&empty, "\n").unwrap();
        let secrets = |arguments: &[&str]| {
            let settings = Settings::parse_from([&["payment"], arguments].concat());
            let shown = |secrets: Vec<SecretString>| -> Vec<String> {
                secrets.iter().map(|secret| secret.expose_secret().to_owned()).collect()
            };
            settings.webhook.secrets().map(shown).map_err(|fault| fault.code())
        };
        assert_eq!(secrets(&["--gateway-webhook-secrets", "a,b"]).unwrap(), ["a", "b"]);
        assert_eq!(secrets(&["--gateway-webhook-secrets", "a, b ,"]).unwrap(), ["a", "b"]);
        assert_eq!(secrets(&["--gateway-webhook-secrets-file", &file]).unwrap(), ["whsec_1", "whsec_2"]);
        assert_eq!(secrets(&["--gateway-webhook-secrets-file", &empty]), Err("gateway_secret"));
        assert!(secrets(&["--gateway-webhook-secrets", ""]).unwrap().is_empty());
        let unset = Settings::parse_from(["payment", "--gateway-token", ""]);
        assert!(unset.gateway.secret_key().unwrap().is_none());
        let two = Settings::parse_from(["payment", "--gateway-token-file", &file]);
        assert_eq!(two.gateway.secret_key().unwrap_err().code(), "gateway_secret");
    }

    #[test]
    fn nobody_can_be_waited_for_longer_than_the_wait_is_remembered() {
        let within = |seconds: &str| Settings::try_parse_from(["payment", "--confirm-within", seconds]);
        let longest = within("2592000").unwrap().confirm_within();
        assert!(longest.as_secs() < i64::from(crate::states::LIFE));
        for seconds in ["2592001", "1e12", "-1"] {
            assert!(within(seconds).is_err(), "{seconds}");
        }
    }

    #[test]
    fn a_batch_is_answered_before_its_step_times_out() {
        let settings = Settings::parse_from(["payment", "--step-timeout", "30"]);
        assert_eq!(settings.limits().batch, Duration::from_secs(20));
    }
}
