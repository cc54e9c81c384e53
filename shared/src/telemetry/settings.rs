//! The variables that OpenTelemetry names
//! (<https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/>), as settings.
//! `OTEL_RESOURCE_ATTRIBUTES`, `OTEL_EXPORTER_OTLP_HEADERS` and `OTEL_EXPORTER_OTLP_TIMEOUT` are read by the exporter.

use clap::{Args, ValueEnum};

/// Where spans go, and whose.
#[derive(Debug, Clone, Args)]
pub struct TraceSettings {
    /// A collector that speaks OTLP over HTTP, such as http://localhost:4318. Without one there are no spans.
    #[arg(long, env = "OTEL_EXPORTER_OTLP_ENDPOINT")]
    pub otlp_endpoint: Option<String>,
    /// What the service is called in traces [default: its name]
    #[arg(long, env = "OTEL_SERVICE_NAME")]
    pub service_name: Option<String>,
    /// Whose spans are kept. Whatever it says, those of errors, of held and of flagged orders are.
    #[arg(long, env = "OTEL_TRACES_SAMPLER", value_enum, default_value_t = SamplerKind::ParentbasedAlwaysOn)]
    pub traces_sampler: SamplerKind,
    /// The share of traces that a sampler with `traceidratio` keeps.
    #[arg(long = "traces-sampler-arg", env = "OTEL_TRACES_SAMPLER_ARG", default_value = "1", value_parser = share)]
    pub traces_share: f64,
    /// Most spans that wait for the collector. Beyond, they are dropped and counted.
    #[arg(long, env = "OTEL_BSP_MAX_QUEUE_SIZE", default_value_t = 8_192, value_parser = clap::value_parser!(u32).range(1..))]
    pub spans_max: u32,
}

impl TraceSettings {
    /// The collector, if there is one: an empty variable counts as none, as the standard asks.
    #[must_use]
    pub fn collector(&self) -> Option<&str> {
        self.otlp_endpoint.as_deref().map(str::trim).filter(|endpoint| !endpoint.is_empty())
    }
}

/// Samplers by their standard names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub enum SamplerKind {
    /// All.
    AlwaysOn,
    /// None.
    AlwaysOff,
    /// A share of all traces.
    Traceidratio,
    /// As the caller says; without one, all.
    ParentbasedAlwaysOn,
    /// As the caller says; without one, none.
    ParentbasedAlwaysOff,
    /// As the caller says; without one, a share.
    ParentbasedTraceidratio,
}

fn share(text: &str) -> Result<f64, String> {
    let share: Option<f64> = text.parse().ok();
    share.filter(|share| (0.0..=1.0).contains(share)).ok_or_else(|| format!("`{text}` is not from 0 to 1"))
}
