//! What services have in Redis, against the fold of the log: the very folds by which services rebuild.

mod compare;
mod folds;
mod values;
mod verification;

pub use compare::Difference;
pub use folds::{Folds, SERVICES};
pub use verification::{Findings, Verification};
