//! Secrets in files.

use std::path::Path;

use orderflow::fault::Fault;
use secrecy::{ExposeSecret, SecretString};

/// What stands in a file of secrets, line by line, at least one.
pub(super) fn lines(file: &Path) -> Result<Vec<SecretString>, Fault> {
    let text = std::fs::read_to_string(file)
        .map_err(|error| unreadable(file, "it cannot be read").caused_by(error))?;
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let lines: Vec<SecretString> = lines.map(SecretString::from).collect();
    if lines.is_empty() { Err(unreadable(file, "it is empty")) } else { Ok(lines) }
}

/// A secret of a variable without what stands around it. An empty variable is one that is not set: compose files make
/// them.
pub(super) fn trimmed(secret: &SecretString) -> Option<SecretString> {
    Some(secret.expose_secret().trim()).filter(|secret| !secret.is_empty()).map(SecretString::from)
}

pub(super) fn unreadable(file: &Path, why: &str) -> Fault {
    Fault::fatal("gateway_secret", format!("the secret file {} cannot be used: {why}", file.display()))
}
