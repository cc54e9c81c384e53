//! Whether the promises held, checked from outside: the log, the ledgers of gateway and carrier, and inventory's state,
//! each against the others. [`gather`] reads, [`check`] judges; nothing here trusts what a service says of itself.

mod checks;
mod evidence;
mod gather;

pub use checks::{Check, check};
pub use evidence::{Evidence, Order, Record, Stock};
pub use gather::{Ledgers, gather, gather_from};
