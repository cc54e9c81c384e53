//! What the measurements have in common: how a time is taken, how a table is printed, what an order's envelope is, and
//! how Python is started.

mod placed;
pub mod python;
mod table;
mod timing;

pub use placed::envelope;
pub use table::Report;
pub use timing::Timing;
