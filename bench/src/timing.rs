//! How long runs take.

use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

/// The times of many runs of one thing.
#[derive(Debug)]
pub struct Timing {
    /// Nanoseconds per run, to three digits.
    runs: Histogram<u64>,
    orders: u64,
    busy: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            runs: Histogram::new_with_max(TOO_LONG, 3).unwrap_or_else(|_| unreachable!()),
            orders: 0,
            busy: Duration::ZERO,
        }
    }
}

/// One minute; what takes longer counts as that.
const TOO_LONG: u64 = 60_000_000_000;

impl Timing {
    /// Does some work on so many orders, and takes the time.
    pub fn of<T>(&mut self, orders: usize, work: impl FnOnce() -> T) -> T {
        let began = Instant::now();
        let done = std::hint::black_box(work());
        self.took(orders, began.elapsed());
        done
    }

    /// Notes a run that took this long.
    pub fn took(&mut self, orders: usize, time: Duration) {
        self.runs.saturating_record(u64::try_from(time.as_nanos()).unwrap_or(TOO_LONG));
        self.orders += orders as u64;
        self.busy += time;
    }

    /// Microseconds that this share of the runs took at most; 0.5 is the median.
    #[must_use]
    #[allow(clippy::cast_precision_loss)] // below 2^53 nanoseconds
    pub fn micros(&self, quantile: f64) -> f64 {
        self.runs.value_at_quantile(quantile) as f64 / 1e3
    }

    /// Orders a second while it ran, one run after the other.
    #[must_use]
    #[allow(clippy::cast_precision_loss)]
    pub fn per_second(&self) -> f64 {
        self.orders as f64 / self.busy.as_secs_f64()
    }

    /// Orders a second over this time, where runs were side by side.
    #[must_use]
    #[allow(clippy::cast_precision_loss)]
    pub fn per_second_of(&self, wall: Duration) -> f64 {
        self.orders as f64 / wall.as_secs_f64()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_counted_by_their_orders_and_ranked_by_their_times() {
        let mut timing = Timing::default();
        for millis in 1..=100 {
            timing.took(10, Duration::from_millis(millis));
        }
        assert!((timing.micros(0.5) / 50_000.0 - 1.0).abs() < 0.01, "{}", timing.micros(0.5));
        assert!((timing.micros(0.99) / 99_000.0 - 1.0).abs() < 0.01, "{}", timing.micros(0.99));
        assert!((timing.per_second() - 1_000.0 / 5.05).abs() < 1e-6);
        assert!((timing.per_second_of(Duration::from_secs(2)) - 500.0).abs() < 1e-9);
    }
}
