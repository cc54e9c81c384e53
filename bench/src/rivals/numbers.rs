//! The numbers that tables and pictures take out of measurements.

use super::measured::Measured;

/// Of each measurement one number, such as orders/s.
pub type Number = fn(&Measured) -> Option<f64>;

/// Orders, or records, a second.
pub const PER_SECOND: Number = |one| one.per_second;
/// How long it took, in seconds.
pub const SECONDS: Number = |one| Some(one.seconds);
/// CPU of the hops and Redis, in microseconds an order; as of the broker, and of load and sink.
pub const HOPS: Number = |one| Some((one.cpu?.hops + one.cpu?.redis) * 1e3);
pub const BROKER: Number = |one| Some(one.cpu?.broker * 1e3);
pub const LOAD: Number = |one| Some(one.cpu?.load * 1e3);
/// The hops' most memory, in MB.
pub const MEMORY: Number = |one| Some(one.memory?.hops as f64);
/// Latencies, in milliseconds.
pub const P50: Number = |one| Some(one.latency?.p50);
pub const P95: Number = |one| Some(one.latency?.p95);
pub const P99: Number = |one| Some(one.latency?.p99);
pub const MAX: Number = |one| Some(one.latency?.max);
/// What Redis holds, in MB.
pub const REDIS: Number = |one| Some(one.memory?.redis as f64);
/// Bytes an order.
pub const LOG: Number = |one| Some(one.bytes?.log);
pub const WIRE: Number = |one| one.bytes?.wire;
