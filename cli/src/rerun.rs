//! A range of a service's log, run through its steps once more, and what would change. What the steps call outside is
//! answered as the log tells, and recorded.

mod compare;
mod gateway;
mod scorer;
mod wiring;

pub use compare::{Change, Comparison, FieldChange, What};
pub use gateway::{Answered, Effect, Effects};
pub use wiring::{Wiring, is_possible};
