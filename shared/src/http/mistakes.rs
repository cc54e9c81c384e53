//! Fields at fault, collected: a caller sees all of them at once.

use serde::Serialize;

use super::{Kind, Problem};

/// One field that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Mistake {
    /// JSON pointer (RFC 6901) to the field.
    pub field: String,
    /// Stable code of what is wrong with it.
    pub code: &'static str,
    /// What is expected, for people. Never repeats the value: it may be personal.
    pub detail: String,
}

/// The mistakes found so far.
#[derive(Debug, Default)]
pub struct Mistakes(Vec<Mistake>);

impl Mistakes {
    /// None yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Notes a mistake.
    pub fn add(&mut self, field: impl Into<String>, code: &'static str, detail: impl Into<String>) {
        self.0.push(Mistake { field: field.into(), code, detail: detail.into() });
    }

    /// Notes a mistake unless `holds`.
    pub fn expect(&mut self, holds: bool, field: &str, code: &'static str, detail: &str) {
        if !holds {
            self.add(field, code, detail);
        }
    }

    /// Done: lets a request pass that has none.
    ///
    /// # Errors
    /// A problem of this kind with all of them.
    pub fn none_or(self, kind: &'static Kind) -> Result<(), Problem> {
        if self.0.is_empty() { Ok(()) } else { Err(Problem::with_mistakes(kind, self.0)) }
    }

    /// All of them, in the order in which they were found.
    #[must_use]
    pub fn into_vec(self) -> Vec<Mistake> {
        self.0
    }
}
