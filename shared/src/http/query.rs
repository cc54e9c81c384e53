//! Query parameters: read one by one, all mistakes told at once, unknown names refused.

use std::time::Duration;

use super::{Kind, Mistakes, Problem};

/// A request's parameters. Each is taken once; [`Self::finish`] complains about the rest.
pub struct Query {
    left: Vec<(String, String)>,
    mistakes: Mistakes,
}

impl Query {
    /// Of these pairs.
    #[must_use]
    pub fn new(pairs: Vec<(String, String)>) -> Self {
        Self { left: pairs, mistakes: Mistakes::new() }
    }

    /// A parameter as `read` understands it; what it understands is said in `expected`.
    pub fn take<T>(&mut self, name: &str, expected: &str, read: impl FnOnce(&str) -> Option<T>) -> Option<T> {
        let at = self.left.iter().position(|(key, _)| key == name)?;
        let value = read(&self.left.swap_remove(at).1);
        self.mistakes.expect(value.is_some(), name, "malformed", expected);
        value
    }

    /// A number of items from 1 to `max`.
    pub fn limit(&mut self, default: usize, max: usize) -> usize {
        let expected = format!("1 to {max}");
        let read = |text: &str| text.parse().ok().filter(|limit| (1..=max).contains(limit));
        self.take("limit", &expected, read).unwrap_or(default)
    }

    /// Done.
    ///
    /// # Errors
    /// A problem of this kind, with every parameter that is wrong, unknown, or there twice.
    pub fn finish(mut self, kind: &'static Kind) -> Result<(), Problem> {
        for (name, _) in &self.left {
            let name = name.chars().take(40).collect::<String>();
            self.mistakes.add(name, "unknown_field", "no such parameter, or there twice");
        }
        self.mistakes.none_or(kind)
    }
}

/// A time such as `30s`, `500ms` or `30` (seconds).
#[must_use]
pub fn duration(text: &str) -> Option<Duration> {
    if let Some(ms) = text.strip_suffix("ms") {
        return ms.parse().ok().map(Duration::from_millis);
    }
    text.strip_suffix('s').unwrap_or(text).parse().ok().map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_a_unit_or_is_in_seconds() {
        assert_eq!(duration("30s"), Some(Duration::from_secs(30)));
        assert_eq!(duration("30"), Some(Duration::from_secs(30)));
        assert_eq!(duration("250ms"), Some(Duration::from_millis(250)));
        for wrong in ["", "s", "ms", "-1", "1.5s", "1h"] {
            assert_eq!(duration(wrong), None, "{wrong}");
        }
    }
}
