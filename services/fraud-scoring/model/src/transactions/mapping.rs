//! Which column of a table means what: a small file in YAML.

use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use jiff::civil::DateTime;
use serde::Deserialize;

use crate::simulate::DAY;

/// The mapping for the Handbook's own data.
pub const HANDBOOK: &str = include_str!("../../mappings/fraud-detection-handbook.yaml");
/// Its name, for messages.
pub const HANDBOOK_NAME: &str = "the mapping of the Fraud Detection Handbook";

const WANTED: &str = "a mapping names the columns of time, customer, terminal (or merchant), amount and label; \
    the README of the fraud model shows one";

/// Names of the columns, as the table's header has them.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mapping {
    /// When.
    pub time: Time,
    /// Who pays.
    pub customer: String,
    /// Who is paid.
    #[serde(alias = "merchant")]
    pub terminal: String,
    /// How much.
    pub amount: String,
    /// Whether it was fraud.
    pub label: Label,
}

/// The column of times.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Time {
    /// Its name.
    pub column: String,
    /// How a time is written.
    #[serde(default)]
    pub format: Format,
}

/// How a time is written.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum Format {
    /// As ISO 8601 has it, without an offset.
    #[default]
    Iso,
    /// A number of something that is so long, in microseconds.
    Number(i64),
    /// A pattern as `strftime` has them.
    Pattern(String),
}

/// The column of labels.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Label {
    /// Its name.
    pub column: String,
    /// What it says of fraud.
    pub fraud: Vec<String>,
    /// What it says of all else.
    pub honest: Vec<String>,
}

impl Mapping {
    /// Reads the file at `path`.
    ///
    /// # Errors
    /// When there is none, or it does not name every column.
    pub fn read(path: &Path) -> Result<Self> {
        let name = path.display().to_string();
        let text = std::fs::read_to_string(path).with_context(|| format!("{name} cannot be read"))?;
        Self::parse(&name, &text)
    }

    /// Of a file's text; `name` is for messages.
    ///
    /// # Errors
    /// When it does not name every column, or labels cannot be told apart.
    pub fn parse(name: &str, text: &str) -> Result<Self> {
        let mapping: Self =
            serde_yaml_ng::from_str(text).with_context(|| format!("{name} is no mapping: {WANTED}"))?;
        let Label { fraud, honest, .. } = &mapping.label;
        ensure!(
            !fraud.is_empty() && !honest.is_empty(),
            "{name}: label.fraud and label.honest must each name at least one value"
        );
        if let Some(both) = fraud.iter().find(|value| honest.contains(value)) {
            bail!("{name}: the label `{both}` stands for fraud and for honest");
        }
        Ok(mapping)
    }

    /// The columns and what they mean: time, customer, terminal, amount, label.
    #[must_use]
    pub fn columns(&self) -> [(&'static str, &str); 5] {
        [
            ("time", &self.time.column),
            ("customer", &self.customer),
            ("terminal", &self.terminal),
            ("amount", &self.amount),
            ("label", &self.label.column),
        ]
    }
}

impl TryFrom<String> for Format {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Ok(match text.as_str() {
            "iso" => Self::Iso,
            "seconds" => Self::Number(DAY / 86_400),
            "minutes" => Self::Number(DAY / 1_440),
            "hours" => Self::Number(DAY / 24),
            "days" => Self::Number(DAY),
            pattern if pattern.contains('%') => Self::Pattern(text),
            _ => {
                return Err(format!(
                    "time.format `{text}` is unknown: seconds, minutes, hours, days, iso, or a pattern such as \
                     %Y-%m-%d %H:%M:%S is expected"
                ));
            }
        })
    }
}

impl Format {
    /// The time a text means, in microseconds since 1970 by the clock of the file; numbers count from 1970.
    #[must_use]
    pub fn parse(&self, text: &str) -> Option<i64> {
        match self {
            Self::Iso => text.parse().ok().and_then(microseconds),
            Self::Pattern(pattern) => DateTime::strptime(pattern, text).ok().and_then(microseconds),
            Self::Number(unit) => {
                let time = text.parse::<f64>().ok()? * *unit as f64;
                // Up to the year 9999, as the others.
                (time.abs() < 2.6e17).then_some(time.round() as i64)
            }
        }
    }

    /// What is expected, for messages.
    #[must_use]
    pub fn expected(&self) -> String {
        match self {
            Self::Iso => "a time such as 2018-04-01 00:00:31".to_owned(),
            Self::Pattern(pattern) => format!("a time of the form {pattern}"),
            Self::Number(_) => "a number".to_owned(),
        }
    }
}

fn microseconds(time: DateTime) -> Option<i64> {
    Some(time.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_microsecond())
}

#[cfg(test)]
mod tests;
