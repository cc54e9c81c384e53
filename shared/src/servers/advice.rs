//! What went wrong, in words that tell what to do, with what the library said behind them.

use std::fmt;

/// An error whose cause is known, and with it the way out.
#[derive(Debug)]
pub struct Advice {
    what_to_do: &'static str,
    said: String,
}

impl Advice {
    pub(crate) fn new(what_to_do: &'static str, said: &str) -> Self {
        Self { what_to_do, said: said.to_owned() }
    }
}

impl fmt::Display for Advice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.what_to_do, self.said)
    }
}

impl std::error::Error for Advice {}
