//! Dead letters as a product: what services could not handle, found, read as JSON, and dealt with. The command line and
//! order-status stand on it; the services themselves only write dead letters (`orderflow::runtime::dead_letter`).
//!
//! | module | answers |
//! |---|---|
//! | [`access`] | how the servers are reached |
//! | [`letter`] | what a dead letter says |
//! | [`shelf`] | a group's dead letters, and what has become of them |
//! | [`filter`] | which of them are meant |
//! | [`values`] | their values as JSON, by the schemas they name |
//! | [`edit`] | a changed value, held against its schema |
//! | [`stats`] | how many there are of which kind |
//! | [`act`] | redrive, park, discard, edit: each told to `audit` |
//! | [`foreign`] | dead letters of Spring Kafka, Kafka Connect and Kafka Streams |
//! | [`watch`] | how many there are now, as metrics |
//! | [`reading`] | topics from their beginning to their end |
//! | [`refusal`] | why something is not done |

pub mod access;
pub mod act;
pub mod edit;
pub mod filter;
pub mod foreign;
pub mod letter;
pub mod reading;
pub mod refusal;
pub mod shelf;
pub mod stats;
pub mod values;
pub mod watch;

pub use access::Access;
pub use filter::Filter;
pub use letter::{Letter, Spot, Standing, Which};
pub use refusal::Refusal;
