//! What another model would have made of the orders there were.

use anyhow::Result;
use orderflow_versions::{Evidence, Numbers, gather::labels};
use serde_json::json;

use super::{Past, Replay, candidate, candidate::Changed, decisions, renew};
use crate::{
    commands::{models::told, print, print_json, table::table},
    log::Decoder,
};

impl Replay {
    pub(super) async fn by_model(self, model: &str) -> Result<bool> {
        let version = candidate::open(&self, model).await?;
        let decoder = Decoder::new(self.connection.registry()?);
        let mut history = decisions(&self.connection, &decoder).await?;
        let made_again = renew(&mut history, self.small_amount);
        let is_wanted = |one: &Past| {
            let at = one.judged.decision.decided_at;
            self.from.is_none_or(|from| at >= from) && self.to.is_none_or(|to| at < to)
        };
        history.retain(is_wanted);
        let all = history.len();
        history.retain(|one| !one.is_raised());
        let raised = all - history.len();
        eprintln!("{} orders, to be scored by version {}", history.len(), version.name);
        let mut evidence = Evidence { scored: candidate::score(&version, &history)?, ..Evidence::default() };
        evidence.decided_for = history.iter().map(|one| (one.order.order_id, one.codes())).collect();
        evidence.labels = labels(&self.connection.access()?, &decoder, &evidence.scored).await?;
        let (numbers, changed) = (Numbers::of(&evidence), candidate::changed(&evidence.scored));
        if self.json {
            let shown = &changed[..changed.len().min(self.show)];
            let report = json!({
                "version": version.name, "numbers": numbers, "changed": changed.len(), "orders": shown,
                "raised_by_labels": raised, "features_made_again": made_again,
            });
            return print_json(&report).map(|()| true);
        }
        let mut parts = told(&version.name, &numbers);
        parts.push(self.differences(&changed));
        if raised > 0 {
            parts.push(format!("left out: {raised} orders that labels of earlier ones have raised"));
        }
        if made_again > 0 {
            parts.push(format!("features made again, by the definition of today: {made_again} orders"));
        }
        print(parts.join("\n\n")).map(|()| true)
    }

    fn differences(&self, changed: &[Changed]) -> String {
        if changed.is_empty() {
            return "no decision would have been another".to_owned();
        }
        let mut table = table(["order", "decided", "score", "would be", "score", "because of"]);
        for one in changed.iter().take(self.show) {
            let (score, other) = (format!("{:.3}", one.decided_score), format!("{:.3}", one.score));
            let cells =
                [one.order_id.to_string(), one.decided.clone(), score, one.would_be.to_owned(), other];
            table.add_row(cells.into_iter().chain([one.reasons.join(", ")]).collect::<Vec<_>>());
        }
        format!("{table}\n{} decisions would have been others", changed.len())
    }
}
