//! Settings of the shipping service. `--help` is the reference.

use std::time::Duration;

use clap::{Args, Parser};
use jiff::SignedDuration;
use orderflow::config::{Common, seconds};
use reqwest::Url;

use crate::{
    label_store::Address,
    on_payment_processed::Limits,
    on_shipping_label_generated::House,
    pickups::{DailyWindow, Schedule},
};

const EXAMPLES: &str = "\
Examples:
  shipping --master-key-file ./master.key
  shipping --carrier-url https://carrier.example --label-store /var/lib/labels
  AWS_REGION=eu-central-1 shipping --label-store s3://my-shop/labels --master-key-file ./master.key
  CARRIER_URL=http://127.0.0.1:4020 PICKUP_WINDOWS=09:00-11:00,14:00-16:00 shipping --master-key-file ./master.key";

/// Buys each paid order's label, renders and stores it, and books the pickup.
#[derive(Debug, Clone, Parser)]
#[command(name = "shipping", version, after_help = EXAMPLES)]
pub struct Settings {
    /// Those every service has.
    #[command(flatten)]
    pub common: Common,
    /// The carrier.
    #[command(flatten)]
    pub carrier: CarrierSettings,
    /// The labels.
    #[command(flatten)]
    pub labels: LabelSettings,
    /// The pickups.
    #[command(flatten)]
    pub pickups: PickupSettings,
}

/// How the carrier is reached.
#[derive(Debug, Clone, Args)]
pub struct CarrierSettings {
    /// The carrier's address; its paths begin below it.
    #[arg(
        id = "carrier_url",
        long = "carrier-url",
        env = "CARRIER_URL",
        default_value = "http://127.0.0.1:4020"
    )]
    pub url: Url,
    /// How long one call may take, in seconds.
    #[arg(id = "carrier_timeout", long = "carrier-timeout", env = "CARRIER_TIMEOUT", default_value = "5",
          value_parser = seconds)]
    pub timeout: Duration,
    /// Most labels bought at the same time.
    #[arg(id = "carrier_concurrency", long = "carrier-concurrency", env = "CARRIER_CONCURRENCY", default_value_t = 32,
          value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub concurrency: u16,
    /// How long the carrier surely remembers an idempotency key, in seconds. An order that was paid longer ago is
    /// looked up before a label is bought.
    #[arg(id = "carrier_key_life", long = "carrier-key-life", env = "CARRIER_KEY_LIFE", default_value = "82800",
          value_parser = seconds)]
    pub key_life: Duration,
}

/// What stands on a label, and where it lies.
#[derive(Debug, Clone, Args)]
pub struct LabelSettings {
    /// Where label documents are stored: a folder, or `s3://bucket/prefix` in an S3-compatible store, whose endpoint,
    /// region and credentials are taken from the usual variables (AWS_ENDPOINT_URL, AWS_REGION, AWS_ACCESS_KEY_ID …).
    #[arg(
        long = "label-store",
        env = "LABEL_STORE",
        value_name = "FOLDER|s3://BUCKET/PREFIX",
        default_value = "./labels"
    )]
    pub store: Address,
    /// The sender's address, its lines separated by `|`; at most four.
    #[arg(
        long = "ship-from",
        env = "SHIP_FROM",
        value_delimiter = '|',
        default_value = "Orderflow Shop|Depot 1"
    )]
    pub from: Vec<String>,
    /// The estimated weight of one unit of anything, in grams.
    #[arg(long = "grams-per-unit", env = "GRAMS_PER_UNIT", default_value_t = 250,
          value_parser = clap::value_parser!(u32).range(1..))]
    pub grams_per_unit: u32,
}

/// When and where parcels are fetched.
#[derive(Debug, Clone, Args)]
pub struct PickupSettings {
    /// The carrier's name of the loading door.
    #[arg(long = "pickup-depot", env = "PICKUP_DEPOT", default_value = "depot-1")]
    pub depot: String,
    /// The windows of every day, in UTC.
    #[arg(
        long = "pickup-windows",
        env = "PICKUP_WINDOWS",
        value_delimiter = ',',
        default_value = "10:00-12:00,15:00-17:00"
    )]
    pub windows: Vec<DailyWindow>,
    /// Minutes before a window from which it takes no more parcels.
    #[arg(long = "pickup-cut-off", env = "PICKUP_CUT_OFF", default_value_t = 60)]
    pub cut_off: u16,
    /// Minutes before a window from which it takes express parcels only.
    #[arg(long = "pickup-standard-lead", env = "PICKUP_STANDARD_LEAD", default_value_t = 120)]
    pub standard_lead: u16,
}

impl Settings {
    /// How long the outside calls of a batch may take; the rest of the step's time is for keeping what was learnt.
    fn batch(&self) -> Duration {
        self.common.step_timeout * 2 / 3
    }

    /// What bounds the questions to the carrier.
    #[must_use]
    pub fn limits(&self) -> Limits {
        Limits {
            batch: self.batch(),
            key_life: SignedDuration::try_from(self.carrier.key_life).unwrap_or(SignedDuration::MAX),
            grams_per_unit: self.labels.grams_per_unit,
        }
    }

    /// What is the same for every label.
    #[must_use]
    pub fn house(&self) -> House {
        let minutes = |minutes: u16| SignedDuration::from_mins(minutes.into());
        let cut_off = minutes(self.pickups.cut_off);
        House {
            from: self.labels.from.iter().take(4).cloned().collect(),
            depot: self.pickups.depot.clone(),
            schedule: Schedule {
                windows: self.pickups.windows.clone(),
                express_lead: cut_off,
                standard_lead: minutes(self.pickups.standard_lead).max(cut_off),
            },
            grams_per_unit: self.labels.grams_per_unit,
            batch: self.batch(),
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
    fn the_defaults_are_the_documented_ones() {
        let house = Settings::try_parse_from(["shipping"]).unwrap().house();
        let windows: Vec<String> = house.schedule.windows.iter().map(ToString::to_string).collect();
        assert_eq!(windows, ["10:00-12:00", "15:00-17:00"]);
        assert_eq!(house.schedule.express_lead, SignedDuration::from_mins(60));
        assert_eq!(house.batch, Duration::from_secs(20));
    }

    #[test]
    fn no_windows_at_all_is_a_mistake() {
        assert!(Settings::try_parse_from(["shipping", "--pickup-windows", ""]).is_err());
    }
}
