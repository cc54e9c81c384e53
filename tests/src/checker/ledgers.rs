//! What gateway and carrier have written down, line by line.

use std::path::Path;

use anyhow::{Context, Result};
use serde::{Deserialize, de::DeserializeOwned};
use uuid::Uuid;

/// A line of the gateway's ledger.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Movement {
    /// When, as RFC 3339.
    pub at: String,
    /// `charge` and `refund` move money; nothing else does.
    pub kind: String,
    /// The payment.
    pub intent_id: String,
    /// The shop's order; something else when it is not one.
    pub order_id: String,
    /// Minor units.
    pub amount: i64,
    /// ISO 4217.
    pub currency: String,
    /// The refund, if it is one.
    pub refund_id: Option<String>,
}

/// A line of the carrier's ledger.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Parcel {
    /// When, as RFC 3339.
    pub at: String,
    /// `label`, `void`, `order_void` or `pickup`.
    pub kind: String,
    /// The label, if it is about one.
    pub label_id: Option<String>,
    /// The shop's order, if it is about one.
    pub order_id: Option<String>,
}

impl Movement {
    /// The order, if it is one of the shop's.
    #[must_use]
    pub fn order(&self) -> Option<Uuid> {
        Uuid::parse_str(&self.order_id).ok()
    }
}

impl Parcel {
    /// The order, if it is about one.
    #[must_use]
    pub fn order(&self) -> Option<Uuid> {
        Uuid::parse_str(self.order_id.as_deref()?).ok()
    }
}

/// The whole lines of a ledger: what stands behind the last newline was told to nobody.
///
/// # Errors
/// When the file cannot be read, or a line is none.
pub(super) fn read<L: DeserializeOwned>(path: &Path) -> Result<Vec<L>> {
    let text = std::fs::read_to_string(path).with_context(|| format!("the ledger {}", path.display()))?;
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    let lines = whole.lines().map(serde_json::from_str);
    lines.collect::<Result<_, _>>().with_context(|| format!("the ledger {}", path.display()))
}
