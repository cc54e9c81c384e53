//! How the shop under faults is made up.

use orderflow_cli::environment::{Options, SERVICES};

use super::super::{Args, proxy::Proxy};
use super::Proxies;

/// The variable by which a process is given a bug, see `orderflow::faults`.
const PLANT: &str = "ORDERFLOW_PLANT";
/// What the gateway's callbacks are signed with; of no use to anybody else.
pub(super) const CALLBACKS: &str = "whsec_chaos";
/// Instances of each service.
const INSTANCES: usize = 2;

/// Two of each service, which reach every server through its proxy.
pub(super) fn options(args: &Args, proxies: &Proxies) -> Options {
    let registry = format!("http://{}/apis/ccompat/v7", proxies.registry.front());
    let brokers: Vec<String> =
        proxies.kafka.iter().map(Proxy::front).map(|front| front.to_string()).collect();
    let reached = [
        ("KAFKA_BOOTSTRAP_SERVERS", brokers.join(",")),
        ("REDIS_URL", format!("redis://{}", proxies.redis.front())),
        ("SCHEMA_REGISTRY_URL", registry),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", format!("http://{}", proxies.collector.front())),
        ("OTEL_TRACES_SAMPLER", "parentbased_traceidratio".to_owned()),
        ("OTEL_TRACES_SAMPLER_ARG", "0.1".to_owned()),
    ];
    let planted = args.plant.iter().map(|bug| (PLANT, bug.clone()));
    let mut base = crate::options();
    let secret = ("GATEWAY_WEBHOOK_SECRETS".to_owned(), CALLBACKS.to_owned());
    base.service_variables.entry("payment").or_default().push(secret);
    let more = reached.into_iter().chain(planted).map(|(name, value)| (name.to_owned(), value));
    Options {
        prefix: "chaos.".to_owned(),
        delivery: args.delivery,
        partitions: Some(4),
        instances: SERVICES.into_iter().map(|service| (service, INSTANCES)).collect(),
        variables: base.variables.iter().cloned().chain(more).collect(),
        ..base
    }
}
