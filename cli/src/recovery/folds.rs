//! How each service's state follows from the log.

use std::sync::Arc;

use anyhow::{Context, Result};
use clap::Args;
use jiff::SignedDuration;
use orderflow::{
    clock::Clock,
    runtime::Refold,
    servers::Servers,
    state::{State, rebuild::Fold},
    topics::Names,
};
use recommendation::{associations::Associations, decay::Decay, fold::RestoreAssociations};
use redis::Client;

/// The services that keep something in Redis.
pub const SERVICES: [&str; 7] =
    ["order-intake", "fraud-scoring", "inventory", "payment", "shipping", "recommendation", "order-status"];

/// What folds need to be told, as the services are.
#[derive(Debug, Clone, Args)]
pub struct Folds {
    /// The half-life of recommendation's weights, in days: as the service is set.
    #[arg(long, env = "HALF_LIFE_DAYS", default_value_t = 90, value_parser = clap::value_parser!(i64).range(7..=3650))]
    pub half_life_days: i64,
    /// Another Redis to fold into; without it, the log is folded beside the live state, which takes as much memory again.
    #[arg(long, value_name = "URL")]
    pub scratch_redis: Option<String>,
}

impl Folds {
    /// Begins to fold a service's log; its live state is not touched.
    ///
    /// # Errors
    /// A service that there is not; as [`Refold::begin`].
    pub async fn begin(&self, servers: &Servers, names: &Names, service: &str) -> Result<Refold> {
        let service = SERVICES.into_iter().find(|known| *known == service).with_context(|| {
            format!("`{service}` is no service with a state; there are {}", SERVICES.join(", "))
        })?;
        let scratch = self.scratch_redis.as_deref().map(Client::open).transpose();
        let scratch = scratch.context("--scratch-redis is no address of a Redis")?;
        Refold::begin(servers, names, service, scratch.as_ref(), |state| self.of(service, state)).await
    }

    fn of(&self, service: &str, state: &State) -> Arc<dyn Fold> {
        let clock = Clock::system();
        match service {
            "order-intake" => Arc::new(order_intake::RestoreClaims { clock }),
            "fraud-scoring" => Arc::new(fraud_scoring::rebuild::FraudFold::new(clock)),
            "inventory" => Arc::new(inventory::FoldStock { clock }),
            "payment" => Arc::new(payment::fold::FromLog),
            "shipping" => Arc::new(shipping::fold::FromLog),
            "recommendation" => {
                let decay = Decay::new(SignedDuration::from_hours(24 * self.half_life_days));
                // How often something is said does not matter: a fold says nothing.
                let associations = Associations::new(state.clone(), decay, SignedDuration::ZERO);
                Arc::new(RestoreAssociations { associations, clock })
            }
            _ => Arc::new(order_status::RestoreTimelines { clock }),
        }
    }
}
