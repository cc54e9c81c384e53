//! Feeds steps with records and publishes what they answer.

mod assignment;
mod batch;
mod chores;
mod consumer;
pub mod contract;
pub mod dead_letter;
mod engine;
mod following;
mod held;
mod hop;
mod lag;
mod life;
mod lobby;
mod log;
mod offset_sender;
pub mod original;
mod poll;
mod publisher;
pub mod put_aside;
mod reading;
mod service;
mod shutdown;
mod start;
mod tick;
mod together;
mod turn;
pub mod waiting;
mod writer;

pub use batch::OnWire;
pub(crate) use consumer::Silent;
pub use following::{Followed, Known};
pub use life::run;
pub use publisher::{Placed, Prepared, Publisher, Root};
pub use service::Service;
pub use tick::{Due, Tick};
pub use together::{Together, TogetherError};
