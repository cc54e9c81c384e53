//! What came of one measurement.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{bytes::BytesAnOrder, contestants::Contestant, usage::Used};

/// What was measured of a contestant in one turn.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Measured {
    pub contestant: String,
    /// `start`, `burst`, `200/s`, `kill`, `end`, or which of the broker's tools.
    pub mode: String,
    pub orders: usize,
    pub seconds: f64,
    /// Orders a second, where they came one after the other as fast as they could, or records of the broker's tools.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub per_second: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latency: Option<Latency>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu: Option<CpuAnOrder>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<Megabytes>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<BytesAnOrder>,
    /// Orders without a label, and labels that came again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wrong: Option<(usize, usize)>,
    /// Orders that rules scored, where a model should have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by_rules: Option<u64>,
}

/// From when an order was due to its committed label, in milliseconds.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Latency {
    pub p50: f64,
    pub p95: f64,
    pub p99: f64,
    pub max: f64,
}

impl Latency {
    /// Of these, which are sorted.
    fn of(millis: &[f64]) -> Option<Self> {
        let at = |share| quantile(millis, share);
        Some(Self { p50: at(0.5)?, p95: at(0.95)?, p99: at(0.99)?, max: at(1.0)? })
    }
}

/// CPU, in milliseconds an order.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct CpuAnOrder {
    pub hops: f64,
    pub redis: f64,
    pub broker: f64,
    /// Of the gateway, where it is a process.
    pub outside: f64,
    /// Of the load and the sink.
    pub load: f64,
    /// Cores that everybody else on the machine used.
    pub other_cores: f64,
}

/// Memory in MB: the hops' largest resident sets, and what Redis holds in the end.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Megabytes {
    pub hops: u64,
    pub redis: u64,
}

impl Measured {
    /// So many orders, done in this time.
    pub fn done(contestant: Contestant, mode: impl Into<String>, orders: usize, seconds: f64) -> Self {
        Self { per_second: Some(orders as f64 / seconds), ..Self::new(contestant, mode, orders, seconds) }
    }

    /// So many orders, and how long something took that was not about their speed.
    pub fn new(contestant: Contestant, mode: impl Into<String>, orders: usize, seconds: f64) -> Self {
        Self {
            contestant: contestant.name(),
            mode: mode.into(),
            orders,
            seconds,
            per_second: None,
            latency: None,
            cpu: None,
            memory: None,
            bytes: None,
            wrong: None,
            by_rules: None,
        }
    }

    /// With the CPU that went into its orders.
    pub fn using(mut self, used: Used) -> Self {
        let an_order = |seconds: f64| seconds * 1e3 / self.orders as f64;
        self.cpu = Some(CpuAnOrder {
            hops: an_order(used.hops),
            redis: an_order(used.redis),
            broker: an_order(used.broker),
            outside: an_order(used.outside),
            load: an_order(used.own),
            other_cores: used.other_cores,
        });
        self
    }

    /// With how long its orders took, in milliseconds.
    pub fn taking(mut self, mut millis: Vec<f64>) -> Self {
        millis.sort_by(f64::total_cmp);
        self.latency = Latency::of(&millis);
        self
    }

    /// Whether its contestant promises a label once, also when one of its hops is killed.
    fn promises_once(&self) -> bool {
        let may_repeat = [Contestant::AtLeastOnce, Contestant::NaiveCommits, Contestant::Python];
        may_repeat.iter().all(|one| one.name() != self.contestant)
    }

    /// Why the run is not to be believed, if it is not.
    pub fn fault(&self) -> Option<String> {
        match self.wrong {
            Some((missing, again)) if missing > 0 || (again > 0 && self.promises_once()) => Some(format!(
                "{}: of {} orders {missing} have no label, and {again} labels came again",
                self.contestant, self.orders
            )),
            _ => self.by_rules.filter(|by_rules| by_rules * 100 > self.orders as u64).map(|by_rules| {
                format!(
                    "{}: rules, not the model, scored {by_rules} of {} orders",
                    self.contestant, self.orders
                )
            }),
        }
    }
}

/// The value that this share of them do not exceed (nearest rank). None of none.
pub fn quantile(sorted: &[f64], share: f64) -> Option<f64> {
    let rank = (share * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.saturating_sub(1)).copied()
}

impl fmt::Display for Measured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {:.2} s", self.contestant, self.mode, self.seconds)?;
        if let Some(per_second) = self.per_second {
            write!(f, ", {per_second:.0}/s")?;
        }
        if let Some(Latency { p50, p95, p99, max }) = self.latency {
            write!(f, ", p50 {p50:.1}, p95 {p95:.1}, p99 {p99:.1}, max {max:.1} ms")?;
        }
        if let Some(cpu) = self.cpu {
            write!(f, ", CPU µs/order: hops {:.1}, Redis {:.1}, ", cpu.hops * 1e3, cpu.redis * 1e3)?;
            write!(f, "broker {:.1}, load {:.1}; ", cpu.broker * 1e3, cpu.load * 1e3)?;
            if cpu.outside > 0.0 {
                write!(f, "gateway {:.1}, ", cpu.outside * 1e3)?;
            }
            write!(f, "others {:.2} cores", cpu.other_cores)?;
        }
        if let Some(BytesAnOrder { log, wire }) = self.bytes {
            write!(f, ", bytes/order: log {log:.0}")?;
            wire.map_or(Ok(()), |wire| write!(f, ", wire {wire:.0}"))?;
        }
        if let Some(Megabytes { hops, redis }) = self.memory {
            write!(f, ", memory: hops {hops} MB at most, {redis} MB in Redis")?;
        }
        if let Some((missing, again)) = self.wrong {
            write!(f, ", without a label {missing}, labels again {again}")?;
        }
        if let Some(by_rules) = self.by_rules {
            write!(f, ", scored by rules {by_rules}")?;
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
        assert_eq!([0.5, 0.99, 1.0].map(|share| quantile(&hundred, share)), [50.0, 99.0, 100.0].map(Some));
        assert_eq!(quantile(&[], 0.5), None);
        assert_eq!(quantile(&[3.0], 0.0), Some(3.0));
    }

    #[test]
    fn rules_in_the_models_place_are_a_fault() {
        let is_fault = |by_rules| {
            let end = Measured::new(Contestant::WithModel, "end", 1_000, 1.0);
            Measured { wrong: Some((0, 0)), by_rules, ..end }.fault().is_some()
        };
        assert_eq!([None, Some(10), Some(11)].map(is_fault), [false, false, true]);
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
