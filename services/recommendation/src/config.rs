//! Settings. `recommendation --help` is the reference.

use std::net::SocketAddr;

use clap::Parser;
use jiff::SignedDuration;
use orderflow::{
    config::{Common, seconds},
    http::{TokenSettings, callers::scope},
};

use crate::{
    decay::{Decay, SHORTEST},
    limits::ITEMS,
    recommender::Offer,
};

/// Learns which products are bought and viewed together, and says what to show to whom.
#[derive(Debug, Clone, Parser)]
#[command(
    name = "recommendation",
    version,
    after_help = "Examples:\n  \
        recommendation --listen 127.0.0.1:8083\n  \
        HALF_LIFE_DAYS=30 RECOMMEND_EVERY=300 recommendation --listen 0.0.0.0:8083 --jwt-public-key-file issuer.pem\n\n\
        Then:\n  \
        curl 'http://127.0.0.1:8083/products/<SKU>/related?limit=5'"
)]
pub struct Settings {
    /// Where recommendations are served.
    #[arg(long, env = "LISTEN", default_value = "127.0.0.1:8083")]
    pub listen: SocketAddr,
    /// After so many days what was learnt counts half (7 to 3650). Another value has the state rebuilt from the log.
    #[arg(long, env = "HALF_LIFE_DAYS", default_value_t = 90, value_parser = clap::value_parser!(i64).range(7..=3_650))]
    pub half_life_days: i64,
    /// After views and carts a customer's recommendations are updated at most once in so many seconds; after an order
    /// always.
    #[arg(long, env = "RECOMMEND_EVERY", default_value = "30", value_parser = time)]
    pub recommend_every: SignedDuration,
    /// How long recommendations are valid, in seconds.
    #[arg(long, env = "VALID_FOR", default_value = "86400", value_parser = time)]
    pub valid_for: SignedDuration,
    /// How many products an event recommends at most (1 to 50).
    #[arg(long, env = "ITEMS", default_value_t = 10, value_parser = clap::value_parser!(u8).range(1..=ITEMS as i64))]
    pub items: u8,
    /// Most requests handled at once; more are answered 503.
    #[arg(long, env = "MAX_IN_FLIGHT", default_value_t = 256, value_parser = clap::value_parser!(u16).range(1..))]
    pub max_in_flight: u16,
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

impl Settings {
    /// How the past fades.
    #[must_use]
    pub fn decay(&self) -> Decay {
        Decay::new(SignedDuration::from_hours(24 * self.half_life_days).max(SHORTEST))
    }

    /// What recommendations are like.
    #[must_use]
    pub fn offer(&self) -> Offer {
        Offer { items: self.items.into(), valid_for: self.valid_for }
    }
}

/// At most a year: beyond, an event's time would be beyond reason.
fn time(text: &str) -> Result<SignedDuration, String> {
    let time = SignedDuration::try_from(seconds(text)?).map_err(|error| error.to_string())?;
    if time <= SignedDuration::from_hours(366 * 24) {
        Ok(time)
    } else {
        Err(format!("`{text}` is more than a year"))
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;
    use rstest::rstest;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Settings::command().debug_assert();
    }

    #[rstest]
    #[case::too_short("--half-life-days=6")]
    #[case::nothing_shown("--items=0")]
    #[case::too_many("--items=51")]
    #[case::for_ever("--valid-for=40000000")]
    #[case::never("--recommend-every=-1")]
    fn a_setting_that_makes_no_sense_is_refused(#[case] argument: &str) {
        assert!(Settings::try_parse_from(["recommendation", argument]).is_err());
    }
}
