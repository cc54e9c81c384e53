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

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

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

use crate::{config::Common, metrics};

/// Durations from half a millisecond to a minute, in seconds.
const SECONDS: [f64; 14] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 15.0, 60.0];
const RECORDS: [f64; 8] = [1.0, 2.0, 5.0, 10.0, 50.0, 100.0, 250.0, 500.0];

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
    let metrics = PrometheusBuilder::new()
        .set_buckets(&SECONDS)?
        .set_buckets_for_metric(Matcher::Full(metrics::BATCH_RECORDS.to_owned()), &RECORDS)?
        .install_recorder()?;
    Ok(Instruments { metrics, levels })
}
