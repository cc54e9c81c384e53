//! The steps of each service for which a replay tells the truth, with nothing behind them that could do anything.

use std::{ffi::OsString, ops::Range, sync::Arc};

use anyhow::{Context, Result, anyhow, bail};
use clap::{Parser, error::ErrorKind};
use fraud_scoring::{rebuild::FraudFold, rules::Rules};
use inventory::FoldStock;
use jiff::Timestamp;
use orderflow::{
    clock::Clock,
    runtime::{Hops, Rerun, Rewired, Sequence},
    state::State,
};
use payment::{Calls, states::States};
use redis::Client;

use super::{
    gateway::{self, Effects, Recorded},
    scorer::Alone,
};
use crate::{connection::Connection, log::Decoder};

/// Whether a service's steps can be run again so that the outcome says something; or why not.
///
/// # Errors
/// Why not.
pub fn is_possible(service: &str) -> Result<&'static str> {
    Ok(match service {
        "fraud-scoring" => "fraud-scoring",
        "inventory" => "inventory",
        "payment" => "payment",
        "shipping" => bail!(
            "shipping cannot be replayed: it opens customers' addresses, which nobody else may, and what the carrier and \
             the label store did is not on the log"
        ),
        "recommendation" => bail!(
            "recommendation cannot be replayed: its weights are sums that depend on the sequence in which instances \
             learnt, and views are kept for three days, so that a replay would differ for no reason"
        ),
        "order-status" => bail!(
            "order-status says nothing on the log that could change: `orderflow verify order-status` compares what it \
             shows with the log"
        ),
        "order-intake" => bail!("order-intake reads no topic: there is nothing to run through it again"),
        _ => bail!("`{service}` is no service"),
    })
}

/// What a service is run with.
pub struct Wiring<'a> {
    /// The servers.
    pub connection: &'a Connection,
    /// The records it is run over, by Kafka's own time of them.
    pub range: Range<Timestamp>,
    /// Another Redis to run it on.
    pub scratch: Option<Client>,
    /// The service's settings, as its own command line takes them.
    pub settings: &'a [String],
}

impl Wiring<'_> {
    /// Wires a service, and says what will be recorded of its calls.
    ///
    /// # Errors
    /// As [`is_possible`]; settings that the service would not take; a server that does not answer.
    pub async fn begin(&self, service: &str) -> Result<(Rerun, Effects)> {
        let (service, effects) = (is_possible(service)?, Effects::default());
        let rerun = match service {
            "fraud-scoring" => self.fraud_scoring().await?,
            "inventory" => self.inventory().await?,
            _ => self.payment(&effects).await?,
        };
        Ok((rerun, effects))
    }

    async fn fraud_scoring(&self) -> Result<Rerun> {
        let settings: fraud_scoring::config::Settings = self.read("fraud-scoring")?;
        let rules = Rules::new(settings.limits().map_err(|message| anyhow!(message))?);
        let version = Alone::open(&settings)?;
        self.wire("fraud-scoring", |state, clock, hops| {
            let hops = match version {
                Some(version) => {
                    let scorer = Alone::new(version, settings.score_valid_for, clock.clone());
                    fraud_scoring::wiring::steps(hops, &settings, state, scorer, clock)
                }
                None => fraud_scoring::wiring::steps(hops, &settings, state, rules, clock),
            };
            let fold = Arc::new(FraudFold::new(clock.clone()));
            Ok(Rewired { hops, fold, sequence: Sequence::AsAnswered })
        })
        .await
    }

    async fn inventory(&self) -> Result<Rerun> {
        let settings: inventory::Config = self.read("inventory")?;
        self.wire("inventory", |state, clock, hops| {
            let hops = inventory::steps(hops, state.clone(), clock, settings.reservation_validity);
            let fold = Arc::new(FoldStock { clock: clock.clone() });
            Ok(Rewired { hops, fold, sequence: Sequence::AsAnswered })
        })
        .await
    }

    async fn payment(&self, effects: &Effects) -> Result<Rerun> {
        let settings: payment::config::Settings = self.read("payment")?;
        let decoder = Decoder::new(self.connection.registry()?);
        let known = gateway::known(self.connection, &decoder).await?;
        self.wire("payment", |state, clock, hops| {
            let gateway = Recorded { known, effects: effects.clone(), clock: clock.clone() };
            let calls = Calls::new(gateway, settings.limits());
            let hops = payment::wiring::steps(hops, &settings, &States::new(state.clone()), &calls, clock);
            Ok(Rewired { hops, fold: Arc::new(payment::fold::FromLog), sequence: Sequence::AsTheyCame })
        })
        .await
    }

    async fn wire(
        &self,
        service: &'static str,
        wire: impl FnOnce(&State, &Clock, Hops) -> Result<Rewired>,
    ) -> Result<Rerun> {
        let (servers, names) = (&self.connection.servers, self.connection.names());
        let begun =
            Rerun::begin(servers, &names, service, self.range.clone(), self.scratch.as_ref(), wire).await;
        begun.with_context(|| format!("cannot replay {service}"))
    }

    /// The service's settings: from what stands behind `--`, then from its variables.
    fn read<S: Parser>(&self, service: &str) -> Result<S> {
        let arguments = [service].into_iter().chain(self.settings.iter().map(String::as_str));
        S::try_parse_from(arguments.map(OsString::from)).map_err(|error| match error.kind() {
            ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => error.exit(),
            _ => anyhow!("{service} would not take these settings: {error}"),
        })
    }
}
