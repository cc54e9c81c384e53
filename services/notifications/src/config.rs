//! Settings. `notifications --help` is the reference.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use clap::{Args, Parser, ValueEnum};
use jiff::SignedDuration;
use orderflow::{
    config::{Common, seconds},
    http::{TokenSettings, callers::scope},
};
use secrecy::SecretString;

use crate::{endpoint::Allowed, queue::Limits, verdict::Schedule};

const EXAMPLES: &str = "\
Examples:
  notifications --master-key-file ./master.key
  SMTP_HOST=mail.example SMTP_USER=shop SMTP_PASSWORD_FILE=./smtp.password MAIL_FROM='The Shop <orders@shop.example>' \\
    notifications --master-key-file ./master.key";

/// Tells merchants by signed webhooks, and customers by e-mail, what becomes of orders.
#[derive(Debug, Clone, Parser)]
#[command(name = "notifications", version, after_help = EXAMPLES)]
pub struct Settings {
    /// Where subscriptions are managed.
    #[arg(long, env = "LISTEN", default_value = "127.0.0.1:8084")]
    pub listen: SocketAddr,
    /// Most requests handled at once; more are answered 503.
    #[arg(long, env = "MAX_IN_FLIGHT", default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..))]
    pub max_in_flight: u16,
    /// The scope that makes the subject of a token staff: one word of its `scope` claim.
    #[arg(long, env = "STAFF_SCOPE", default_value = "orders:staff", value_parser = scope)]
    pub staff_scope: String,
    /// How callers' tokens are checked.
    #[command(flatten)]
    pub tokens: TokenSettings,
    /// When and how it is told.
    #[command(flatten)]
    pub delivery: DeliverySettings,
    /// How e-mail is sent.
    #[command(flatten)]
    pub mail: MailSettings,
    /// The runtime's settings.
    #[command(flatten)]
    pub common: Common,
}

/// When and how it is told.
#[derive(Debug, Clone, Args)]
pub struct DeliverySettings {
    /// Seconds between attempts, separated by commas; after the last one an endpoint is disabled.
    #[arg(long, env = "RETRY_SCHEDULE", value_delimiter = ',', value_parser = seconds,
          default_value = "5,300,1800,7200,18000,36000,50400,72000,86400")]
    pub retry_schedule: Vec<Duration>,
    /// How long an endpoint may take to answer, in seconds.
    #[arg(long, env = "WEBHOOK_TIMEOUT", default_value = "15", value_parser = seconds)]
    pub webhook_timeout: Duration,
    /// Most webhooks on their way at the same time; one per endpoint.
    #[arg(long, env = "WEBHOOK_CONCURRENCY", default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub webhook_concurrency: u16,
    /// Most notifications that wait for one endpoint; beyond, it is disabled.
    #[arg(long, env = "QUEUE_LIMIT", default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub queue_limit: u32,
    /// For how long the first notification of a queue waits for an earlier event that comes later, in seconds.
    #[arg(long, env = "ORDER_WINDOW", default_value = "1", value_parser = seconds)]
    pub order_window: Duration,
    /// For how long a signing secret that was replaced still signs beside its successor, in seconds.
    #[arg(long, env = "SECRET_OVERLAP", default_value = "86400", value_parser = overlap)]
    pub secret_overlap: SignedDuration,
    /// Lets webhooks go to private addresses and without TLS: for tests and development only.
    #[arg(long, env = "ALLOW_PRIVATE_ENDPOINTS", default_value_t = false, action = clap::ArgAction::Set)]
    pub allow_private_endpoints: bool,
}

/// How e-mail is sent. Without a host none is.
#[derive(Debug, Clone, Args)]
pub struct MailSettings {
    /// The mail server. Without one, subscriptions to e-mail are refused.
    #[arg(long, env = "SMTP_HOST")]
    pub smtp_host: Option<String>,
    /// Its port [default: 587 with STARTTLS, 465 with TLS, 25 in the clear]
    #[arg(long, env = "SMTP_PORT")]
    pub smtp_port: Option<u16>,
    /// How the connection is protected.
    #[arg(long, env = "SMTP_TLS", value_enum, default_value_t = SmtpTls::Starttls)]
    pub smtp_tls: SmtpTls,
    /// Who sends, at the mail server.
    #[arg(long, env = "SMTP_USER")]
    pub smtp_user: Option<String>,
    /// The password, in a file.
    #[arg(long, env = "SMTP_PASSWORD_FILE", conflicts_with = "smtp_password")]
    pub smtp_password_file: Option<PathBuf>,
    /// The password.
    #[arg(long, env = "SMTP_PASSWORD", hide_env_values = true)]
    pub smtp_password: Option<SecretString>,
    /// How long the mail server may take, in seconds.
    #[arg(long, env = "SMTP_TIMEOUT", default_value = "30", value_parser = seconds)]
    pub smtp_timeout: Duration,
    /// Most e-mails on their way at the same time.
    #[arg(long, env = "SMTP_CONCURRENCY", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub smtp_concurrency: u16,
    /// Who e-mail is from.
    #[arg(long, env = "MAIL_FROM", default_value = "Orderflow Shop <orders@shop.example>")]
    pub mail_from: String,
    /// What e-mail calls the shop.
    #[arg(long, env = "SHOP_NAME", default_value = "Orderflow Shop")]
    pub shop_name: String,
}

/// How the connection to the mail server is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SmtpTls {
    /// TLS once the server was greeted; without it nothing is sent.
    Starttls,
    /// TLS from the first byte on.
    Tls,
    /// In the clear: for tests, or a server on this very machine.
    None,
}

impl DeliverySettings {
    /// When failures are tried again.
    #[must_use]
    pub fn schedule(&self) -> Schedule {
        Schedule(self.retry_schedule.clone())
    }

    /// What queues are like.
    #[must_use]
    pub fn limits(&self) -> Limits {
        let window = i64::try_from(self.order_window.as_micros()).unwrap_or(i64::MAX);
        Limits { waiting: self.queue_limit, window }
    }

    /// Which endpoints there may be.
    #[must_use]
    pub fn allowed(&self) -> Allowed {
        if self.allow_private_endpoints { Allowed::Any } else { Allowed::Public }
    }
}

/// At most a month: beyond, a secret that leaked would count for too long.
fn overlap(text: &str) -> Result<SignedDuration, String> {
    let time = SignedDuration::try_from(seconds(text)?).map_err(|error| error.to_string())?;
    let month = SignedDuration::from_hours(31 * 24);
    if time <= month { Ok(time) } else { Err(format!("`{text}` is more than a month")) }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Settings::command().debug_assert();
    }

    #[test]
    fn the_schedule_is_that_of_standard_webhooks_and_ends_before_redis_forgets() {
        let settings = Settings::try_parse_from(["notifications"]).unwrap();
        let hours = |h: u64| Duration::from_secs(h * 3600);
        let wanted = [
            Duration::from_secs(5),
            Duration::from_secs(300),
            Duration::from_secs(1800),
            hours(2),
            hours(5),
            hours(10),
            hours(14),
            hours(20),
            hours(24),
        ];
        let schedule = settings.delivery.schedule().0;
        assert_eq!(schedule, wanted);
        assert!(schedule.iter().sum::<Duration>() < Duration::from_secs(crate::queue::LIFE.into()));
    }
}
