//! Real servers and real processes for the demo and the tests.
//!
//! | module | answers |
//! |---|---|
//! | [`servers`] | Kafka, Redis and a schema registry: given by variables, or started here, as containers or as child processes |
//! | [`processes`] | a service binary as a process: start, readiness, memory, kill, wait |
//! | [`binaries`] | the workspace's binaries, built once and found by name |
//! | [`mod@prerequisites`] | what the machine must have, what it has, and how to get the rest |
//!
//! | variable | meaning |
//! |---|---|
//! | `KAFKA_BOOTSTRAP_SERVERS`, `REDIS_URL`, `SCHEMA_REGISTRY_URL` | use this server as it is; the others are started here |
//! | `ORDERFLOW_ENV` | `docker`: start all three in containers; `native`: as child processes; `given`: start none. Without it: containers where a container engine of this machine answers, else child processes |
//! | `ORDERFLOW_NATIVE_DIR` | where downloaded servers and running data live; else `native` in the target folder |
//! | `ORDERFLOW_KAFKA_HEAP` | each broker's heap, as `-Xmx` takes it; else `512m` |
//! | `ORT_DYLIB_PATH` | use this library of ONNX Runtime; else one is downloaded |
//! | `ORDERFLOW_BIN_DIR` | use the binaries in this folder and build nothing |
//!
//! Invariants:
//! - No child and no container outlives this process, not even when it is killed with SIGKILL ([`watchdog`] says how).
//! - A server is ready only when it answered in its own protocol; a child that dies is noticed at once, and its
//!   last log lines are in the error.
//! - Nothing here makes a topic, a schema or a key: what runs on the servers is their users' business.
//! - Nothing is bound to one tokio runtime: servers kept in a static serve tests that each have their own.

pub mod binaries;
pub mod logs;
pub mod memory;
pub mod ports;
pub mod prerequisites;
mod probe;
pub mod processes;
pub mod servers;
pub mod watchdog;

pub use binaries::{Binaries, build};
pub use memory::Memory;
pub use ports::free_port;
pub use prerequisites::{Prerequisite, prerequisites, suffice};
pub use processes::{Process, Spec};
pub use servers::{Choice, Servers, onnxruntime};
