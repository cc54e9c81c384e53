//! What came of one measurement.

use std::fmt;

use serde::Serialize;

use super::{contestants::Contestant, usage::Used};

/// What was measured of a contestant in one turn.
#[derive(Debug, Clone, Serialize)]
pub struct Measured {
    pub contestant: String,
    /// `start`, `burst`, `200/s`, `kill`, `end`, or which of the broker's tools.
    pub mode: String,
    pub orders: usize,
    pub seconds: f64,
    pub per_second: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latency: Option<Latency>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu: Option<CpuAnOrder>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<Megabytes>,
    /// Orders without a label, and labels that came again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wrong: Option<(usize, usize)>,
    /// Whether it promises a label once, also when one of its hops is killed.
    #[serde(skip)]
    pub once: bool,
}

/// From when an order was due to its committed label, in milliseconds.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Latency {
    pub p50: f64,
    pub p95: f64,
    pub p99: f64,
    pub max: f64,
}

/// CPU, in milliseconds an order.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct CpuAnOrder {
    pub hops: f64,
    pub redis: f64,
    pub broker: f64,
    /// Of the load and the sink.
    pub load: f64,
    /// Cores that everybody else on the machine used.
    pub other_cores: f64,
}

/// Peak resident memory in MB.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Megabytes {
    pub hops: u64,
    pub redis: u64,
}

impl Measured {
    /// So many orders in this time.
    pub fn new(contestant: Contestant, mode: impl Into<String>, orders: usize, seconds: f64) -> Self {
        let per_second = orders as f64 / seconds;
        let once = !matches!(contestant, Contestant::AtLeastOnce | Contestant::NaiveCommits);
        let (contestant, mode) = (contestant.name(), mode.into());
        let (latency, cpu, memory, wrong) = (None, None, None, None);
        Self { contestant, mode, orders, seconds, per_second, latency, cpu, memory, wrong, once }
    }

    /// With the CPU that went into its orders.
    pub fn using(mut self, used: Used) -> Self {
        let an_order = |seconds: f64| seconds * 1e3 / self.orders as f64;
        self.cpu = Some(CpuAnOrder {
            hops: an_order(used.hops),
            redis: an_order(used.redis),
            broker: an_order(used.broker),
            load: an_order(used.own),
            other_cores: used.other_cores,
        });
        self
    }

    /// With how long its orders took, in milliseconds.
    pub fn taking(mut self, mut millis: Vec<f64>) -> Self {
        millis.sort_by(f64::total_cmp);
        let at = |share| quantile(&millis, share);
        self.latency = Some(Latency { p50: at(0.5), p95: at(0.95), p99: at(0.99), max: at(1.0) });
        self
    }

    /// Why the run is not to be believed, if it is not.
    pub fn fault(&self) -> Option<String> {
        match self.wrong {
            Some((missing, again)) if missing > 0 || (again > 0 && self.once) => Some(format!(
                "{}: of {} orders {missing} have no label, and {again} labels came again",
                self.contestant, self.orders
            )),
            _ => None,
        }
    }
}

/// The value that this share of them do not exceed (nearest rank); 0 of none.
pub fn quantile(sorted: &[f64], share: f64) -> f64 {
    let rank = (share * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or_default()
}

impl fmt::Display for Measured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {:.2} s, {:.0}/s", self.contestant, self.mode, self.seconds, self.per_second)?;
        if let Some(Latency { p50, p95, p99, max }) = self.latency {
            write!(f, ", p50 {p50:.1}, p95 {p95:.1}, p99 {p99:.1}, max {max:.1} ms")?;
        }
        if let Some(cpu) = self.cpu {
            write!(f, ", CPU µs/order: hops {:.1}, Redis {:.1}, ", cpu.hops * 1e3, cpu.redis * 1e3)?;
            write!(f, "broker {:.1}, load {:.1}; ", cpu.broker * 1e3, cpu.load * 1e3)?;
            write!(f, "others {:.2} cores", cpu.other_cores)?;
        }
        if let Some(Megabytes { hops, redis }) = self.memory {
            write!(f, ", peak memory: hops {hops} MB, Redis {redis} MB")?;
        }
        if let Some((missing, again)) = self.wrong {
            write!(f, ", without a label {missing}, labels again {again}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_is_the_nearest_rank() {
        let hundred: Vec<f64> = (1..=100).map(f64::from).collect();
        assert_eq!([0.5, 0.99, 1.0].map(|share| quantile(&hundred, share)), [50.0, 99.0, 100.0]);
        assert_eq!(quantile(&[], 0.5), 0.0);
        assert_eq!(quantile(&[3.0], 0.0), 3.0);
    }

    #[test]
    fn a_missing_or_repeated_label_is_a_fault() {
        let is_fault = |contestant, wrong| {
            let end = Measured { wrong, ..Measured::new(contestant, "end", 10, 1.0) };
            end.fault().is_some()
        };
        let ends = [None, Some((0, 0)), Some((1, 0)), Some((0, 1))];
        assert_eq!(ends.map(|end| is_fault(Contestant::ExactlyOnce, end)), [false, false, true, true]);
        // Whoever promises at least once may repeat a label.
        assert_eq!(ends.map(|end| is_fault(Contestant::AtLeastOnce, end)), [false, false, true, false]);
    }
}
