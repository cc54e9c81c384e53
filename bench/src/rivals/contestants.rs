//! Who takes part, and what each is started as.

use std::{fmt, path::PathBuf};

use anyhow::{Result, bail};
use clap::ValueEnum;
use orderflow_stack::{Spec, free_port};

use super::{
    beside::Extras,
    format::Format,
    ground::{Field, Ground},
    kstreams, python,
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
    /// As exactly-once, and the broker gathers for up to 25 ms before each hop: less work, for latency.
    Gathering,
    /// Kafka Streams, exactly_once_v2, committing every 5 ms: its best latency.
    #[value(name = "kstreams-5ms")]
    Streams5,
    /// One Kafka transaction for each record.
    NaiveTransactions,
    /// One synchronous offset commit for each record.
    NaiveCommits,
    /// As common tutorials do it in Python: JSON, and a scikit-learn model behind HTTP.
    Python,
    /// What the broker can do at all.
    Broker,
    /// As exactly-once, and the shipped model decides. Measured only when asked for.
    WithModel,
    /// As exactly-once, and payment asks a gateway over HTTP. Measured only when asked for.
    WithGateway,
    /// As exactly-once, and each label has its documents. Measured only when asked for.
    WithDocuments,
    /// As exactly-once, with the model, the gateway and the documents. Measured only when asked for.
    AsShipped,
}

impl fmt::Display for Contestant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name())
    }
}

impl Contestant {
    /// Those that are held against the rival: Orderflow's, without anything on top.
    pub const OURS: [Self; 3] = [Self::ExactlyOnce, Self::Gathering, Self::AtLeastOnce];

    /// Those that ours are held against.
    pub const RIVALS: [Self; 2] = [Self::Streams100, Self::Streams5];

    /// As it is asked for and reported.
    pub fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }

    /// Whether it takes each record by itself, so that a big burst would never end.
    pub fn is_slow(self) -> bool {
        matches!(self, Self::NaiveTransactions | Self::NaiveCommits | Self::Python)
    }

    /// What it has on top of exactly-once.
    pub fn extras(self) -> Extras {
        let none = Extras::default();
        match self {
            Self::WithModel => Extras { model: true, ..none },
            Self::WithGateway => Extras { gateway: true, ..none },
            Self::WithDocuments => Extras { documents: true, ..none },
            Self::AsShipped => Extras { model: true, gateway: true, documents: true },
            _ => none,
        }
    }

    /// Whether it is measured only when asked for.
    pub fn is_extra(self) -> bool {
        self.extras() != Extras::default()
    }

    /// Why it cannot run here, if it cannot.
    pub fn missing(self) -> Option<String> {
        match self {
            Self::Streams100 | Self::Streams5 => kstreams::missing(),
            Self::Python => python::missing(),
            _ => None,
        }
    }

    /// How records stand on its topics.
    pub fn format(self) -> Format {
        if self == Self::Python { Format::Json } else { Format::Avro }
    }

    /// Its four processes, each so many times; Python has one of each, and its scorer.
    pub fn hops(self, ground: &Ground, field: &Field, instances: usize) -> Result<Vec<Spec>> {
        if self == Self::Python {
            return python::hops(ground, field);
        }
        let all = Stage::ALL.into_iter().flat_map(|stage| (0..instances).map(move |slot| (stage, slot)));
        all.map(|(stage, slot)| self.hop(stage, slot, ground, field)).collect()
    }

    fn hop(self, stage: Stage, slot: usize, ground: &Ground, field: &Field) -> Result<Spec> {
        let log = field.folder.join(format!("{}-{slot}.log", stage.name()));
        let mut env = field.place.variables();
        // No order may stop on its way: each must get its label.
        env.extend(pairs([("FRAUD_THRESHOLD", "1"), ("HOLD_THRESHOLD", "1")]));
        let (program, args) = match self {
            Self::Streams100 => kstreams::hop(stage, "100", field, &mut env)?,
            Self::Streams5 => kstreams::hop(stage, "5", field, &mut env)?,
            Self::AtLeastOnce => service(stage, slot, "at-least-once", ground, &mut env)?,
            Self::Gathering => {
                env.extend(pairs([("BATCH_LINGER_MS", "25")]));
                service(stage, slot, "exactly-once", ground, &mut env)?
            }
            Self::ExactlyOnce
            | Self::WithModel
            | Self::WithGateway
            | Self::WithDocuments
            | Self::AsShipped => service(stage, slot, "exactly-once", ground, &mut env)?,
            Self::NaiveTransactions => own(["hop", stage.name(), "--naive", "transactions"])?,
            Self::NaiveCommits => own(["hop", stage.name(), "--naive", "commits"])?,
            Self::Python | Self::Broker => bail!("{self} is not started hop by hop"),
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
    slot: usize,
    delivery: &str,
    ground: &Ground,
    env: &mut Vec<(String, String)>,
) -> Result<Started> {
    let instance = format!("{}-{slot}", stage.name());
    let listen = format!("127.0.0.1:{}", free_port()?);
    env.extend(pairs([
        ("DELIVERY", delivery),
        ("INSTANCE_ID", instance.as_str()),
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
