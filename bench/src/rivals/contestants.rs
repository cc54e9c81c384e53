//! Who takes part, and what each is started as.

use std::{fmt, path::PathBuf};

use anyhow::{Result, bail};
use clap::ValueEnum;
use orderflow_stack::{Spec, free_port};

use super::{
    ground::{Field, Ground},
    kstreams,
};
use crate::hops::Stage;

/// A way of doing the same work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Contestant {
    /// Orderflow's services, exactly once.
    ExactlyOnce,
    /// Kafka Streams, exactly_once_v2, at its default commit interval: its best throughput.
    #[value(name = "kstreams-100ms")]
    Streams100,
    /// Orderflow's services, at least once.
    AtLeastOnce,
    /// Kafka Streams, exactly_once_v2, committing every 5 ms: its best latency.
    #[value(name = "kstreams-5ms")]
    Streams5,
    /// One Kafka transaction for each record.
    NaiveTransactions,
    /// One synchronous offset commit for each record.
    NaiveCommits,
    /// What the broker can do at all.
    Broker,
}

impl fmt::Display for Contestant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name())
    }
}

impl Contestant {
    /// As it is asked for and reported.
    pub fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }

    /// Whether it takes each record by itself, so that a big burst would never end.
    pub fn is_slow(self) -> bool {
        matches!(self, Self::NaiveTransactions | Self::NaiveCommits)
    }

    /// Whether it is Kafka Streams.
    pub fn is_streams(self) -> bool {
        matches!(self, Self::Streams100 | Self::Streams5)
    }

    /// Why it cannot run here, if it cannot.
    pub fn missing(self) -> Option<String> {
        if self.is_streams() { kstreams::missing() } else { None }
    }

    /// Its four processes.
    pub fn hops(self, ground: &Ground, field: &Field) -> Result<Vec<Spec>> {
        Stage::ALL.into_iter().map(|stage| self.hop(stage, ground, field)).collect()
    }

    fn hop(self, stage: Stage, ground: &Ground, field: &Field) -> Result<Spec> {
        let log = field.folder.join(format!("{}.log", stage.name()));
        let mut env = field.place.variables();
        // No order may stop on its way: each must get its label.
        env.extend(pairs([("FRAUD_THRESHOLD", "1"), ("HOLD_THRESHOLD", "1")]));
        let (program, args) = match self {
            Self::Streams100 => kstreams::hop(stage, "100", field, &mut env)?,
            Self::Streams5 => kstreams::hop(stage, "5", field, &mut env)?,
            Self::ExactlyOnce => service(stage, "exactly-once", ground, &mut env)?,
            Self::AtLeastOnce => service(stage, "at-least-once", ground, &mut env)?,
            Self::NaiveTransactions => own(["hop", stage.name(), "--naive", "transactions"])?,
            Self::NaiveCommits => own(["hop", stage.name(), "--naive", "commits"])?,
            Self::Broker => bail!("the broker has no hops"),
        };
        Ok(Spec { name: stage.name().to_owned(), program, args, env, log, scratch: None })
    }
}

/// A program and its arguments.
pub type Started = (PathBuf, Vec<String>);

fn own<const N: usize>(args: [&str; N]) -> Result<Started> {
    Ok((std::env::current_exe()?, args.map(str::to_owned).to_vec()))
}

fn service(
    stage: Stage,
    delivery: &str,
    ground: &Ground,
    env: &mut Vec<(String, String)>,
) -> Result<Started> {
    let listen = format!("127.0.0.1:{}", free_port()?);
    env.extend(pairs([
        ("DELIVERY", delivery),
        ("INSTANCE_ID", stage.name()),
        ("OPERATOR_LISTEN", listen.as_str()),
        ("LOG_FORMAT", "text"),
    ]));
    env.extend(ground.key_variables());
    own(["hop", stage.name()])
}

/// Variables of a process.
pub fn pairs<const N: usize>(pairs: [(&str, &str); N]) -> [(String, String); N] {
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned()))
}
