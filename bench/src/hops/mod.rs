//! The four hops of a contestant, each run as a process of its own.
//!
//! Orderflow's are its services, wired as their own programs wire them but for what is outside: the gateway and the
//! carrier answer in this process, the data key is given, and a label has no document. A real gateway and documents can
//! be asked for.

pub mod gateway;
mod naive;
mod payment;
pub mod shipping;

use std::process::ExitCode;

use clap::{Args, Parser, ValueEnum};
use orderflow::runtime;

/// Which hop this process is.
#[derive(Args)]
pub struct Hop {
    #[arg(value_enum)]
    stage: Stage,
    /// How a naive hop makes its work durable; without it this is a service of Orderflow.
    #[arg(long, value_enum)]
    naive: Option<naive::Way>,
    /// Payment asks the gateway at `GATEWAY_URL`, as its own program does.
    #[arg(long)]
    real_gateway: bool,
    /// Shipping renders and stores label documents, as its own program does.
    #[arg(long)]
    documents: bool,
}

/// The hops, in an order's way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Stage {
    FraudScoring,
    Inventory,
    Payment,
    Shipping,
}

impl Stage {
    pub const ALL: [Self; 4] = [Self::FraudScoring, Self::Inventory, Self::Payment, Self::Shipping];

    /// The service's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::FraudScoring => "fraud-scoring",
            Self::Inventory => "inventory",
            Self::Payment => "payment",
            Self::Shipping => "shipping",
        }
    }
}

impl Hop {
    /// Runs until it is told to end.
    pub fn run(self) -> ExitCode {
        match (self.naive, self.stage) {
            (Some(way), stage) => naive::run(stage, way),
            (None, Stage::FraudScoring) => fraud_scoring(),
            (None, Stage::Inventory) => inventory(),
            (None, Stage::Payment) => payment::run(self.real_gateway),
            (None, Stage::Shipping) => shipping::run(self.documents),
        }
    }
}

fn fraud_scoring() -> ExitCode {
    let settings = fraud_scoring::config::Settings::parse_from(["fraud-scoring"]);
    runtime::run("fraud-scoring", settings.common.clone(), async move |service| {
        let limits = settings.limits().map_err(anyhow::Error::msg)?;
        fraud_scoring::wiring::wire(&settings, limits, service).await
    })
}

fn inventory() -> ExitCode {
    let config = inventory::Config::parse_from(["inventory"]);
    runtime::run("inventory", config.common.clone(), async move |service| {
        Ok(inventory::wire(&config, service))
    })
}

/// A tracking number that depends on the order alone: UPU S10, eight digits and their check digit.
fn tracking_number(order_id: uuid::Uuid) -> String {
    const WEIGHTS: [u64; 8] = [8, 6, 4, 2, 3, 5, 9, 7];
    let serial = order_id.as_u64_pair().1 % 100_000_000;
    let digit = |place: u32| serial / 10_u64.pow(7 - place) % 10;
    let sum: u64 = (0..).zip(WEIGHTS).map(|(place, weight)| digit(place) * weight).sum();
    let check = match 11 - sum % 11 {
        10 => 0,
        11 => 5,
        digit => digit,
    };
    format!("CE{serial:08}{check}DE")
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn tracking_numbers_are_of_the_standard() {
        for serial in [0, 1, 47_312_482, 99_999_999, u64::MAX] {
            let number = tracking_number(Uuid::from_u64_pair(7, serial));
            assert!(::shipping::tracking::is_valid(&number), "{number}");
        }
    }
}
