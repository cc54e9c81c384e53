//! What the catalogue says of a metric.

use metrics::{describe_counter, describe_gauge, describe_histogram};

/// A metric.
#[derive(Debug, Clone, Copy)]
pub struct Metric {
    /// As Prometheus has it.
    pub name: &'static str,
    /// What may be done with it.
    pub kind: Kind,
    /// What it counts or measures.
    pub unit: Unit,
    /// Each series has all of them.
    pub labels: &'static [Label],
    /// In a sentence.
    pub meaning: &'static str,
}

/// A label whose values are bounded.
#[derive(Debug, Clone, Copy)]
pub struct Label {
    /// As Prometheus has it.
    pub name: &'static str,
    /// Which values there may be.
    pub values: &'static str,
    /// No process shows more of them at a time.
    pub most: usize,
}

/// What may be done with a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Only grows, from 0 at a process's start: ask for its `rate` or `increase`.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Counts in buckets with these upper bounds: ask for a `histogram_quantile` of the `rate` of `_bucket`.
    Histogram(Buckets),
}

/// The upper bounds of a histogram's buckets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Buckets {
    /// Half a millisecond to a minute: one hop's work.
    Work,
    /// 10 ms to a minute, finely: an order from end to end.
    Wait,
    /// Records in a batch.
    Records,
}

/// What a metric counts or measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Things, or a number of its own.
    One,
    /// Seconds.
    Seconds,
    /// The smallest unit of a currency, such as cents.
    MinorUnits,
}

impl Kind {
    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram(_) => "histogram",
        }
    }
}

impl Unit {
    /// Its name; none of what is only counted.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::One => "",
            Self::Seconds => "s",
            Self::MinorUnits => "minor units",
        }
    }
}

impl Buckets {
    /// The upper bounds, but for the last, which has none.
    #[must_use]
    pub fn bounds(self) -> &'static [f64] {
        match self {
            Self::Work => {
                &[0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0]
            }
            Self::Wait => &[
                0.01, 0.015, 0.02, 0.03, 0.04, 0.05, 0.06, 0.08, 0.1, 0.125, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5,
                0.6, 0.8, 1.0, 1.25, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 7.5, 10.0, 15.0, 20.0, 30.0, 45.0, 60.0,
            ],
            Self::Records => &[1.0, 2.0, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 500.0],
        }
    }
}

impl Metric {
    /// Tells the recorder what it means.
    pub(crate) fn describe(&self) {
        let unit = match self.unit {
            Unit::Seconds => metrics::Unit::Seconds,
            Unit::One | Unit::MinorUnits => metrics::Unit::Count,
        };
        match self.kind {
            Kind::Counter => describe_counter!(self.name, unit, self.meaning),
            Kind::Gauge => describe_gauge!(self.name, unit, self.meaning),
            Kind::Histogram(_) => describe_histogram!(self.name, unit, self.meaning),
        }
    }

    /// The series it is made of, in Prometheus.
    #[must_use]
    pub fn series(&self) -> Vec<String> {
        match self.kind {
            Kind::Counter | Kind::Gauge => vec![self.name.to_owned()],
            Kind::Histogram(_) => {
                ["_bucket", "_sum", "_count"].map(|end| format!("{}{end}", self.name)).to_vec()
            }
        }
    }
}

/// Declares constants for metrics' names, and [`Metric`]s for all of them.
macro_rules! catalogue {
    ($(
        $(#[doc = $line:literal])+
        $name:ident: $kind:expr, $unit:ident, $text:literal, [$($label:ident),* $(,)?];
    )+) => {
        $($(#[doc = $line])+ pub const $name: &str = $text;)+

        /// Every metric.
        pub const ALL: &[Metric] = &[$(Metric {
            name: $text,
            kind: $kind,
            unit: Unit::$unit,
            labels: &[$(labels::$label),*],
            meaning: concat!($($line),+).trim_ascii(),
        }),+];
    };
}
pub(super) use catalogue;
