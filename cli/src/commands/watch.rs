//! `orderflow orders watch`: an order's events as they come, until it is finished.

mod stream;

use std::{collections::HashSet, time::Duration};

use anyhow::{Context, Result};
use clap::Args;
use uuid::Uuid;

use self::stream::{Sent, Stream};
use super::{print, status::Status};

const EXAMPLES: &str = "\
Examples:
  orderflow orders watch 0199d2c4-8a6e-7c31-b1f6-1c9d6c0a9f10
  orderflow orders watch 0199d2c4-8a6e-7c31-b1f6-1c9d6c0a9f10 --json | jq .event

Events of the past come first. When the connection breaks it is taken up where it was.";

/// How often a broken connection is taken up without a word in between.
const ATTEMPTS: u32 = 10;
const BETWEEN: Duration = Duration::from_secs(1);

/// One line per event of an order, until it is finished.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Watch {
    /// The order's id, as the 202 names it.
    id: Uuid,
    #[command(flatten)]
    status: Status,
    /// One JSON object a line.
    #[arg(long)]
    json: bool,
}

/// What has been shown so far.
#[derive(Default)]
struct Progress {
    last: Option<String>,
    shown: HashSet<String>,
}

impl Watch {
    pub(super) async fn run(self) -> Result<bool> {
        let path = format!("/orders/{}/events", self.id);
        let mut progress = Progress::default();
        let mut stream = self.status.follow(&path, None).await.map(Stream::of)?;
        let mut broken = 0;
        loop {
            match stream.next().await {
                Ok(Some(sent)) => {
                    broken = 0;
                    if self.show(&sent, &mut progress)? {
                        return Ok(true);
                    }
                }
                // The service ends each connection after a while, and when it stops.
                Ok(None) | Err(_) => stream = self.again(&path, &progress, &mut broken).await?,
            }
        }
    }

    /// Takes the connection up where it was.
    async fn again(&self, path: &str, progress: &Progress, broken: &mut u32) -> Result<Stream> {
        loop {
            *broken += 1;
            tokio::time::sleep(BETWEEN).await;
            match self.status.follow(path, progress.last.as_deref()).await {
                Ok(response) => return Ok(Stream::of(response)),
                Err(error) if *broken >= ATTEMPTS => return Err(error).context("the connection broke"),
                Err(_) => {}
            }
        }
    }

    /// Prints an event that has not been shown; whether it was the last.
    fn show(&self, sent: &Sent, progress: &mut Progress) -> Result<bool> {
        if let Some(id) = &sent.id {
            progress.last = Some(id.clone());
        }
        let ended = sent.event == "end";
        let is_new = sent.data["id"].as_str().is_none_or(|id| progress.shown.insert(id.to_owned()));
        match (self.json, is_new) {
            (_, false) => {}
            (true, true) => print(&sent.data)?,
            (false, true) => print(line(sent))?,
        }
        Ok(ended)
    }
}

/// An event on a line.
fn line(sent: &Sent) -> String {
    let text = |name: &str| sent.data[name].as_str().unwrap_or_default();
    if sent.event == "end" {
        return format!("order {} is {}", text("order_id"), text("state"));
    }
    let at: Option<jiff::Timestamp> = text("at").parse().ok();
    let at = at.map_or_else(|| text("at").to_owned(), |at| at.strftime("%F %T%.3f").to_string());
    let cells = [&at, &format!("{:<24}", sent.event), &format!("{:<40}", text("by")), text("facts")];
    cells.map(str::to_owned).join("  ").trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_event_is_one_line() {
        let data = json!({
            "id": "e1", "event": "OrderPlaced", "by": "order-intake", "at": "2026-11-21T12:00:00.123456Z",
            "facts": "25.80 EUR, 2 units, standard",
        });
        let sent = Sent { event: "OrderPlaced".to_owned(), id: None, data };
        let shown = line(&sent);
        assert!(shown.starts_with("2026-11-21 12:00:00.123  OrderPlaced  "), "{shown}");
        assert!(
            shown.ends_with("  25.80 EUR, 2 units, standard") && shown.contains("  order-intake  "),
            "{shown}"
        );
        let data = json!({"order_id": "o1", "state": "Fulfilled", "step": null});
        let end = Sent { event: "end".to_owned(), id: Some("g1-7".to_owned()), data };
        assert_eq!(line(&end), "order o1 is Fulfilled");
    }
}
