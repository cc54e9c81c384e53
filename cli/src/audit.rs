//! Whether the promises held, checked from outside: the log, the ledgers of gateway and carrier, and inventory's state,
//! each against the others. [`gather`] reads, [`check`] judges; nothing here trusts what a service says of itself.

mod checks;
mod decisions;
mod evidence;
mod gather;
mod judged;

pub use checks::{Check, check};
pub use decisions::{Count, Decisions, Share};
pub use evidence::{Evidence, Order, Record, Stock};
pub use gather::{Ledgers, gather, gather_from};
pub use judged::{Decision, Ending, Judge, Judged};
