//! The topics as a log to read: committed records only, in the order of each partition, decoded on demand.

mod decoder;
mod entry;
mod follow;
mod read;

pub use decoder::Decoder;
pub use entry::{Entry, Place};
pub use follow::Follower;
pub use read::read;
