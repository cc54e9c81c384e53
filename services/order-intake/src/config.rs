//! Settings. `--help` is the reference; each setting also has a variable.

use std::{net::SocketAddr, num::NonZeroU32, path::PathBuf};

use axum::http::{HeaderName, HeaderValue};
use clap::Parser;
use ipnet::IpNet;
use orderflow::{config::Common, http::TokenSettings};

/// Takes orders in over HTTP: validates, prices, makes durable.
#[derive(Debug, Clone, Parser)]
#[command(
    name = "order-intake",
    version,
    after_help = "Example:\n  \
        order-intake --listen 127.0.0.1:8080 --catalogue deploy/catalogue/demo.yaml \\\n    \
        --master-key-file master.key --seed-stock"
)]
pub struct Settings {
    /// Where orders are taken in.
    #[arg(long, env = "LISTEN", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
    /// The catalogue: a YAML file of SKUs, prices and first stock.
    #[arg(long, env = "CATALOGUE")]
    pub catalogue: PathBuf,
    /// At start, ask inventory to take the catalogue's first stock in. Counts once per SKU and catalogue version.
    #[arg(long, env = "SEED_STOCK", value_parser = clap::builder::FalseyValueParser::new())]
    pub seed_stock: bool,
    /// Most requests handled at once; more are answered 503. Each may hold a body of 512 KiB.
    #[arg(long, env = "MAX_IN_FLIGHT", default_value_t = 256, value_parser = clap::value_parser!(u16).range(1..))]
    pub max_in_flight: u16,
    /// Requests a second of one caller (token subject, else address); more are answered 429.
    #[arg(long, env = "RATE_PER_SECOND", default_value = "100")]
    pub rate_per_second: NonZeroU32,
    /// Requests one caller may send at once.
    #[arg(long, env = "RATE_BURST", default_value = "200")]
    pub rate_burst: NonZeroU32,
    /// Networks of proxies whose X-Forwarded-For is believed, such as 10.0.0.0/8; comma-separated [default: none]
    #[arg(long, env = "TRUSTED_PROXIES", value_delimiter = ',')]
    pub trusted_proxies: Vec<IpNet>,
    /// The header in which a trusted proxy names the caller's country, such as CF-IPCountry [default: none]
    #[arg(long, env = "IP_COUNTRY_HEADER")]
    pub ip_country_header: Option<HeaderName>,
    /// Where an accepted order can be looked at: the base address of order-status, as callers reach it. It goes into
    /// Location [default: none; Location is /orders/<id>, for one address in front of both services]
    #[arg(long, env = "ORDER_STATUS_URL", value_parser = base)]
    pub order_status_url: Option<String>,
    /// How callers' tokens are checked.
    #[command(flatten)]
    pub tokens: TokenSettings,
    /// The runtime's settings.
    #[command(flatten)]
    pub common: Common,
}

/// A base address without a slash at its end.
fn base(text: &str) -> Result<String, String> {
    let base = text.trim_end_matches('/');
    match HeaderValue::from_str(base) {
        Ok(_) if base.starts_with("http://") || base.starts_with("https://") => Ok(base.to_owned()),
        _ => Err(format!("`{text}` is no address such as https://orders.shop.example")),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        super::Settings::command().debug_assert();
    }
}
