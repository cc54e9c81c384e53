//! What operators do about dead letters. Each action is told to `audit`, with who and why.

mod audit;
mod discard;
mod edit;
mod park;
mod post;
mod redrive;

use jiff::Timestamp;

pub use discard::{discard, kept_because};
pub use edit::{Edited, edit};
pub use park::park;
pub use redrive::{Done, Pace, RETURNS, redrive};

/// Who does something, why and when.
#[derive(Debug, Clone)]
pub struct By {
    /// The operator, as they give their name.
    pub name: String,
    /// In their words: nothing personal, since it stays.
    pub reason: String,
    /// When.
    pub at: Timestamp,
}

impl By {
    /// What makes the id of what is told to `audit`: the same for a repeat.
    fn parts(&self) -> [String; 3] {
        [self.name.clone(), self.reason.clone(), self.at.to_string()]
    }
}
