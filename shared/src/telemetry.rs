//! What a process tells of itself: logs, Prometheus metrics, and spans of the work on an order.
//!
//! | file | answers |
//! |---|---|
//! | `logs` | how lines look, and at which level, also while the process runs |
//! | `settings` | the standard `OTEL_*` variables |
//! | `sampling` | whose spans are kept |
//! | `span` | one span, until it is handed over |
//! | `work` | which spans belong to what is being done now, and are kept or dropped together |
//! | `outside` | requests to others over HTTP |
//! | `store` | questions to Redis |
//! | `export` | the queue to the collector: bounded, and nobody waits for it |
//! | [`names`] | what attributes are called |

mod export;
mod logs;
pub mod names;
mod outside;
mod sampling;
mod settings;
mod span;
mod store;
mod work;

use std::{io, thread, time::Duration};

use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};

pub use logs::Levels;
pub use outside::send;
pub use settings::{SamplerKind, TraceSettings};
pub use store::redis;
pub use work::{Timed, begin};

pub(crate) use export::{Exporter, is_on};
pub(crate) use sampling::{samples_root, wants};
pub(crate) use span::Span;
pub(crate) use work::{Member, Work, within};

/// What a span stands for (<https://opentelemetry.io/docs/specs/otel/trace/api/#spankind>).
pub use opentelemetry::trace::SpanKind as Kind;

use crate::{
    config::Common,
    metrics::{self, Kind as MetricKind},
};

/// How often measured values go into the buckets of their histograms.
const UPKEEP: Duration = Duration::from_secs(5);

/// What operators ask for while the process runs.
#[derive(Clone)]
pub struct Instruments {
    /// Everything counted so far.
    pub metrics: PrometheusHandle,
    /// Which lines are logged.
    pub levels: Levels,
}

/// Starts logging (level by `RUST_LOG`, default info) and the metrics recorder, and settles whose spans are kept; once
/// per process.
///
/// # Errors
/// When the process has either already.
pub fn start(common: &Common) -> anyhow::Result<Instruments> {
    let levels = logs::start(common.log_format)?;
    sampling::settle(&common.traces);
    let metrics = recorder()?;
    keep_sorted(metrics.clone())?;
    Ok(Instruments { metrics, levels })
}

/// Records what the catalogue has, with its descriptions and buckets.
fn recorder() -> Result<PrometheusHandle, BuildError> {
    let mut builder = PrometheusBuilder::new();
    for metric in metrics::ALL {
        if let MetricKind::Histogram(buckets) = metric.kind {
            builder =
                builder.set_buckets_for_metric(Matcher::Full(metric.name.to_owned()), buckets.bounds())?;
        }
    }
    let handle = builder.install_recorder()?;
    metrics::ALL.iter().for_each(metrics::Metric::describe);
    Ok(handle)
}

/// Sorts measured values into buckets for as long as the process lives. Until then each is kept by itself: where nobody
/// asks for `/metrics`, all of them.
fn keep_sorted(metrics: PrometheusHandle) -> io::Result<()> {
    let sorting = move || {
        loop {
            thread::sleep(UPKEEP);
            metrics.run_upkeep();
        }
    };
    thread::Builder::new().name("metrics".to_owned()).spawn(sorting).map(drop)
}
