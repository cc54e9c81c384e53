//! What the measurements have in common: how a time is taken, how a table is printed, and the model
//! that Python asks.

pub mod scikit;
mod table;
mod timing;

pub use table::Report;
pub use timing::Timing;
