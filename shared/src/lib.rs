//! Orderflow's runtime: what every service stands on.
//!
//! A service is a set of [steps](step) that the [runtime] feeds with records and whose events it publishes, exactly
//! once; its [state] is in Redis and is rebuilt from the log. `ARCHITECTURE.md` has the map.

pub mod admin;
pub mod breaker;
pub mod catalogue;
pub mod clock;
pub mod codec;
pub mod config;
pub mod envelope;
pub mod events;
pub mod fault;
pub mod faults;
pub mod health;
pub mod http;
pub mod metrics;
pub mod money;
pub mod operator;
pub mod order_state;
pub mod registry;
pub mod runtime;
pub mod schemas;
pub mod sealed;
pub mod servers;
pub mod state;
pub mod step;
pub mod telemetry;
pub mod topics;
pub mod trace;

/// A record takes and frees some dozens of pieces of memory on its way, here and in librdkafka. glibc's allocator was
/// two fifths of a service's time under load (docs/performance.md).
#[cfg(not(test))] // a program has one, and the tests' helpers bring this crate's
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;
