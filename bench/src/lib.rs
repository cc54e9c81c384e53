//! What the measurements have in common: how a time is taken, how a table is printed, what an order's envelope is, how
//! records are written, and how Python is started.

mod placed;
pub mod python;
pub mod records;
mod table;
mod timing;

pub use placed::envelope;
pub use table::Report;
pub use timing::Timing;
