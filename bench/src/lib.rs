//! What the measurements have in common: how a time is taken, and how a table is printed.

mod table;
mod timing;

pub use table::Report;
pub use timing::Timing;
