//! Settings. `fraud-scoring --help` is the reference.

use std::{path::PathBuf, time::Duration};

use clap::{
    Parser,
    builder::{NonEmptyStringValueParser, TypedValueParser},
};
use jiff::SignedDuration;
use orderflow::config::{Common, seconds};
use orderflow_model::Choice;
use orderflow_storage::Address;

use crate::{domain::Policy, drift::DriftSettings, rules::Limits};

/// Judges each placed order: validated, held for review or refused as fraud, with a score and reasons.
#[derive(Debug, Clone, Parser)]
#[command(
    version,
    after_help = "Example:\n  FRAUD_THRESHOLD=0.9 fraud-scoring --kafka localhost:9092 --redis redis://localhost:6379"
)]
pub struct Settings {
    /// The runtime's settings.
    #[command(flatten)]
    pub common: Common,
    /// An order with a score above this is refused as fraud; 0 to 1.
    /// [default: that of the version that scores, or 0.85 for rules]
    #[arg(long, env = "FRAUD_THRESHOLD", value_parser = fraction)]
    pub threshold: Option<f64>,
    /// An order with this score or a higher one is held for a person to review, unless it is refused; 0 to 1.
    /// [default: that of the version that scores, or 0.3 for rules]
    #[arg(long, env = "HOLD_THRESHOLD", value_parser = fraction)]
    pub hold_threshold: Option<f64>,
    /// Folder of the model that scores while no published version is live: manifest.json, the model and its golden rows.
    /// Without it rules do.
    #[arg(long, env = "FRAUD_MODEL", value_parser = NonEmptyStringValueParser::new().map(PathBuf::from))]
    pub model: Option<PathBuf>,
    /// Where published versions of the model are: a folder, or `s3://bucket/prefix` in an S3-compatible store, whose
    /// endpoint, region and credentials are taken from the usual variables (AWS_ENDPOINT_URL, AWS_REGION …).
    #[arg(long, env = "MODEL_STORE", value_name = "FOLDER|s3://BUCKET/PREFIX")]
    pub model_store: Option<Address>,
    /// Folder that keeps what was fetched from the store, so that a restart needs no store.
    /// [default: one that goes with the process]
    #[arg(long, env = "MODEL_CACHE", value_parser = NonEmptyStringValueParser::new().map(PathBuf::from))]
    pub model_cache: Option<PathBuf>,
    /// A run of a model over a batch that takes longer counts as a failure, in seconds.
    #[arg(long, env = "MODEL_TIME_LIMIT", default_value = "0.5", value_parser = seconds)]
    pub model_time_limit: Duration,
    /// How long a model's score may be used again for the same order, which comes again when its batch is repeated, in
    /// seconds (at most 3600).
    #[arg(long, env = "SCORE_VALID_FOR", default_value = "60", value_parser = score_valid_for)]
    pub score_valid_for: SignedDuration,
    /// What runs the model: `onnxruntime`, `built-in`, or `auto`, which is ONNX Runtime where its library can be used.
    #[arg(long, env = "FRAUD_ENGINE", default_value_t = Choice::Auto)]
    pub engine: Choice,
    /// The file of ONNX Runtime's library; without it the usual places are looked at.
    #[arg(long, env = "ORT_DYLIB_PATH")]
    pub onnxruntime: Option<PathBuf>,
    /// How long a person has to review a held order, in seconds (1 to 604800, 7 days).
    #[arg(long, env = "REVIEW_TIME", default_value = "1800", value_parser = review_time)]
    pub review_time: SignedDuration,
    /// When nobody has reviewed it in time, an order with a score above this is refused, any other approved; 0 to 1.
    #[arg(long, env = "REVIEW_REJECT_ABOVE", default_value_t = 0.60, value_parser = fraction)]
    pub review_reject_above: f64,
    /// From this total on, in minor units of whatever currency, an order is a high one.
    #[arg(long, env = "FRAUD_HIGH_AMOUNT", default_value_t = 100_000, value_parser = amount())]
    pub high_amount: i64,
    /// Up to this total, in minor units of whatever currency, an order is a small charge.
    #[arg(long, env = "FRAUD_SMALL_AMOUNT", default_value_t = 1_000, value_parser = amount())]
    pub small_amount: i64,
    /// When orders or scores are far from those of training.
    #[command(flatten)]
    pub drift: DriftSettings,
}

impl Settings {
    /// What the rules compare amounts with.
    ///
    /// # Errors
    /// When two settings contradict each other: the message says how to mend them.
    pub fn limits(&self) -> Result<Limits, String> {
        self.drift.check()?;
        let limits = Limits { high: self.high_amount, small: self.small_amount };
        if limits.large() > limits.high {
            return Err(format!(
                "FRAUD_HIGH_AMOUNT ({}) must be at least ten times FRAUD_SMALL_AMOUNT ({}): an order cannot be \
                 high without being large beside a small charge",
                self.high_amount, self.small_amount
            ));
        }
        Ok(limits)
    }

    /// How scores become decisions: by the settings, else by what their scorer says of itself.
    #[must_use]
    pub fn policy(&self) -> Policy {
        Policy {
            threshold: self.threshold,
            hold_threshold: self.hold_threshold,
            review_time: self.review_time,
        }
    }
}

fn fraction(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(value) if (0.0..=1.0).contains(&value) => Ok(value),
        _ => Err(format!("`{text}` is not a number from 0 to 1")),
    }
}

/// At most a week: a held order is remembered for 35 days, and must outlive its review and a long outage.
fn review_time(text: &str) -> Result<SignedDuration, String> {
    let time = SignedDuration::try_from(seconds(text)?).map_err(|error| error.to_string())?;
    if (SignedDuration::from_secs(1)..=SignedDuration::from_hours(7 * 24)).contains(&time) {
        Ok(time)
    } else {
        Err(format!("`{text}` is not between 1 second and 604800 (7 days)"))
    }
}

fn score_valid_for(text: &str) -> Result<SignedDuration, String> {
    let time = SignedDuration::try_from(seconds(text)?).map_err(|error| error.to_string())?;
    if (SignedDuration::ZERO..=SignedDuration::from_hours(1)).contains(&time) {
        Ok(time)
    } else {
        Err(format!("`{text}` is not between 0 and 3600 (an hour)"))
    }
}

/// Amounts a Lua number (a double) holds exactly, with room for sums.
fn amount() -> clap::builder::RangedI64ValueParser<i64> {
    clap::value_parser!(i64).range(1..=1_000_000_000_000)
}

#[cfg(test)]
mod tests {
    use orderflow_model::manifest::Thresholds;
    use rstest::rstest;

    use super::*;
    use crate::rules;

    #[test]
    fn defaults_are_whole() {
        let settings = Settings::try_parse_from(["fraud-scoring"]).unwrap();
        assert!(settings.limits().is_ok());
        let Thresholds { hold, refuse } = rules::THRESHOLDS;
        assert!(0.0 < hold && hold < refuse && refuse < 1.0);
        assert_eq!(settings.policy().review_time, SignedDuration::from_mins(30));
        assert!((hold..refuse).contains(&settings.review_reject_above));
    }

    #[rstest]
    #[case::above_one("--threshold=1.1")]
    #[case::not_a_number("--threshold=NaN")]
    #[case::below_zero("--threshold=-0.1")]
    #[case::held_above_one("--hold-threshold=1.1")]
    #[case::rejected_above_one("--review-reject-above=2")]
    #[case::no_time_to_review("--review-time=0.9")]
    #[case::more_than_a_week_to_review("--review-time=604801")]
    #[case::scores_for_longer_than_an_hour("--score-valid-for=3601")]
    #[case::no_amount("--high-amount=0")]
    #[case::no_index("--drift-limit=0")]
    #[case::no_window("--drift-window=9")]
    #[case::an_unknown_action("--drift-action=panic")]
    fn a_setting_that_makes_no_sense_is_refused(#[case] argument: &str) {
        assert!(Settings::try_parse_from(["fraud-scoring", argument]).is_err());
    }

    #[test]
    fn limits_that_contradict_each_other_are_refused() {
        let settings = Settings::try_parse_from(["fraud-scoring", "--small-amount=50000"]).unwrap();
        assert!(settings.limits().is_err());
        for arguments in
            [["--drift-limit=0.6", "--drift-window=2000"], ["--drift-window=99", "--drift-limit=0.2"]]
        {
            let arguments = ["fraud-scoring"].into_iter().chain(arguments);
            assert!(Settings::try_parse_from(arguments).unwrap().limits().is_err());
        }
    }
}
