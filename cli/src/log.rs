//! The topics as a log to read: committed records only, in the order of each partition, decoded on demand.

mod decoder;
mod entry;
mod follow;
mod judgement;
mod read;

pub use decoder::Decoder;
pub use entry::{Entry, Place};
pub use follow::Follower;
pub use judgement::Judgement;
pub use read::read;
