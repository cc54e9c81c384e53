//! order-intake, as the demo starts it, and nobody behind it.

use std::collections::BTreeMap;

use anyhow::Result;
use orderflow_cli::environment::{Environment, Options, SERVICES};
use orderflow_stack::Servers;

/// All callers are one machine here, which may ask as often as it can.
const AS_OFTEN_AS_IT_CAN: &str = "10000000";

pub async fn start(servers: &Servers) -> Result<Environment> {
    let instances = SERVICES.map(|service| (service, usize::from(service == "order-intake")));
    let limits =
        ["RATE_PER_SECOND", "RATE_BURST"].map(|name| (name.to_owned(), AS_OFTEN_AS_IT_CAN.to_owned()));
    let options = Options {
        prefix: "bench.".to_owned(),
        instances: instances.into(),
        service_variables: BTreeMap::from([("order-intake", limits.into())]),
        seed_stock: false,
        ..Options::default()
    };
    Environment::start(servers, orderflow_stack::build().await?, options).await
}
