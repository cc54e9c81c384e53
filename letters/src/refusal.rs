//! Why something is not done: for people, and for answers over HTTP.

use std::fmt;

/// Why something is not done, though all servers answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// There is no such letter.
    Unknown(String),
    /// It must not be given up for good, or has been dealt with.
    Kept(String),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Unknown(words) | Self::Kept(words)) = self;
        f.write_str(words)
    }
}

impl std::error::Error for Refusal {}
