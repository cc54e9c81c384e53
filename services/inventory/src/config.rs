//! Settings of inventory. `--help` is their reference.

use clap::Parser;
use jiff::SignedDuration;
use orderflow::config::{Common, seconds};

const EXAMPLE: &str = "\
Example:
  KAFKA_BOOTSTRAP_SERVERS=kafka:9092 REDIS_URL=redis://redis:6379 \\
  SCHEMA_REGISTRY_URL=http://registry:8081 inventory --reservation-validity 600";

/// Sets stock aside for orders, frees it or ships it, and answers stock adjustments.
#[derive(Debug, Clone, Parser)]
#[command(name = "inventory", version, after_help = EXAMPLE)]
pub struct Config {
    /// Settings of the runtime.
    #[command(flatten)]
    pub common: Common,
    /// How long after a reservation its payment may start, in seconds (1 to 2592000, 30 days).
    #[arg(long, env = "RESERVATION_VALIDITY", default_value = "900", value_parser = validity)]
    pub reservation_validity: SignedDuration,
}

/// Reads the validity of reservations.
fn validity(text: &str) -> Result<SignedDuration, String> {
    let validity = SignedDuration::try_from(seconds(text)?).map_err(|error| error.to_string())?;
    if (SignedDuration::from_secs(1)..=SignedDuration::from_hours(30 * 24)).contains(&validity) {
        Ok(validity)
    } else {
        Err(format!("`{text}` is not between 1 second and 2592000 (30 days)"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn validity_is_fifteen_minutes_unless_told() {
        let config = Config::try_parse_from(["inventory"]).unwrap();
        assert_eq!(config.reservation_validity, SignedDuration::from_mins(15));
    }

    #[test]
    fn validity_out_of_bounds_is_refused_with_the_bounds() {
        for text in ["0", "-5", "2592001", "1e300", "soon"] {
            let error = Config::try_parse_from(["inventory", "--reservation-validity", text]).unwrap_err();
            assert!(error.to_string().contains(text), "{error}");
        }
    }
}
