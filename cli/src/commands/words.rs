//! An operator's own words.

/// Most characters of a name or a reason.
const MAX_WORDS: usize = 500;

/// Words as they go into records and headers.
pub(super) fn words(text: &str) -> Result<String, String> {
    let text = text.trim();
    let fits = (1..=MAX_WORDS).contains(&text.chars().count()) && !text.chars().any(char::is_control);
    fits.then(|| text.to_owned()).ok_or_else(|| format!("1 to {MAX_WORDS} characters, no control characters"))
}
