//! `orderflow orders cancel`.

use anyhow::Result;
use clap::Args;
use serde_json::json;
use uuid::Uuid;

use super::{print, print_json, status::Status};

const EXAMPLES: &str = "\
Examples:
  orderflow orders cancel 0199d2c4-8a6e-7c31-b1f6-1c9d6c0a9f10 --reason 'bought twice'
  orderflow orders watch 0199d2c4-8a6e-7c31-b1f6-1c9d6c0a9f10     what becomes of it

Whoever holds the order's fate at that moment decides: a request that comes too late changes nothing.";

/// Asks to cancel an order. Asking again is the same request.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Cancel {
    /// The order's id, as the 202 names it.
    id: Uuid,
    /// Why.
    #[arg(long, default_value = "")]
    reason: String,
    #[command(flatten)]
    status: Status,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

impl Cancel {
    pub(super) async fn run(self) -> Result<bool> {
        let path = format!("/orders/{}/cancel", self.id);
        let answer = self.status.post(&path, &json!({ "reason": self.reason })).await?;
        if self.json {
            print_json(&answer)?;
        } else {
            print(format!("cancel of order {} requested: `orders watch` shows what becomes of it", self.id))?;
        }
        Ok(true)
    }
}
