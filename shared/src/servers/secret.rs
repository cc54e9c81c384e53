//! A secret, from a variable or from a file.

use anyhow::{Context, Result, bail};
use secrecy::{ExposeSecret, SecretString};

use super::set;

/// What `variable` holds, else what is in the file that `<variable>_FILE` names, without the line's end.
pub(super) fn of(
    variable: &str,
    value: Option<SecretString>,
    file: Option<String>,
) -> Result<Option<SecretString>> {
    let value = value.filter(|value| !value.expose_secret().is_empty());
    let Some(file) = set(file) else { return Ok(value) };
    if value.is_some() {
        bail!("both {variable} and {variable}_FILE are set; leave one out");
    }
    let text = std::fs::read_to_string(&file).with_context(|| format!("{variable}_FILE: reading {file}"))?;
    let text = text.trim_end_matches(['\r', '\n']);
    if text.is_empty() {
        bail!("{variable}_FILE: {file} is empty");
    }
    Ok(Some(text.into()))
}
