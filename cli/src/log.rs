//! The topics as a log to read: committed records only, in the order of each partition, decoded on demand.

mod judgement;

pub use judgement::Judgement;
pub use orderflow_log::{Decoder, Entry, Follower, Place, read};
