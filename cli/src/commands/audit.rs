//! `orderflow audit`: the demo's last act, on an environment that runs somewhere.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, Result};
use clap::Args;
use comfy_table::Table;
use orderflow::config::seconds;
use serde::Serialize;
use uuid::Uuid;

use super::{print, print_json, table::table};
use crate::{
    audit::{Check, Count, Decisions, Evidence, Judge, Ledgers, Share, check, gather_from},
    connection::Connection,
};

/// Between two looks while orders are under way.
const BETWEEN: Duration = Duration::from_secs(1);
/// Breaches that would make too long a table.
const SHOWN: usize = 5;

const EXAMPLES: &str = "\
Examples:
  orderflow audit --gateway-ledger gateway.jsonl --carrier-ledger carrier.jsonl
  orderflow load --accepted ids.txt && orderflow audit --accepted ids.txt --within 120 \\
    --gateway-ledger gateway.jsonl --carrier-ledger carrier.jsonl

Reads every topic from its beginning. Nothing it reads is changed. Exit code 1 when a promise broke.";

/// Holds log, ledgers and stock against each other: nothing lost, nothing doubled, nobody charged in vain.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Audit {
    #[command(flatten)]
    connection: Connection,
    /// The gateway simulator's ledger.
    #[arg(long, env = "GATEWAY_LEDGER", value_name = "FILE")]
    gateway_ledger: PathBuf,
    /// The carrier simulator's ledger.
    #[arg(long, env = "CARRIER_LEDGER", value_name = "FILE")]
    carrier_ledger: PathBuf,
    /// Ids of orders that were accepted, one a line: each must be on the log. `orderflow load --accepted` writes them.
    #[arg(long, value_name = "FILE")]
    accepted: Option<PathBuf>,
    /// For how many seconds to wait for orders that are under way.
    #[arg(long, default_value = "30", value_parser = seconds)]
    within: Duration,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Serialize)]
struct Findings {
    orders_by_state: BTreeMap<String, usize>,
    decisions: Decisions,
    dead_letters: BTreeMap<String, usize>,
    /// Where records stand that cannot be read; nothing is taken from them.
    damaged: Vec<String>,
    promises: Vec<Check>,
}

impl Audit {
    pub(super) async fn run(self) -> Result<bool> {
        let accepted = self.accepted.as_deref().map(ids).transpose()?.unwrap_or_default();
        let ledgers = Ledgers { gateway: self.gateway_ledger.clone(), carrier: self.carrier_ledger.clone() };
        let deadline = tokio::time::Instant::now() + self.within;
        let findings = loop {
            let findings = Findings::of(&gather_from(&self.connection, &ledgers, accepted.clone()).await?);
            if findings.is_well() || tokio::time::Instant::now() > deadline {
                break findings;
            }
            tokio::time::sleep(BETWEEN).await;
        };
        if self.json {
            print_json(&findings)?
        } else {
            let mut states = table(["orders by state", "count"]);
            for (state, count) in &findings.orders_by_state {
                states.add_row([state, &count.to_string()]);
            }
            let decisions = decisions(&findings.decisions);
            let damaged = damaged(&findings.damaged);
            print(format!("{states}\n\n{decisions}\n\n{damaged}{}", promises(&findings.promises)))?
        }
        Ok(findings.is_well())
    }
}

impl Findings {
    fn of(evidence: &Evidence) -> Self {
        let mut orders_by_state = BTreeMap::new();
        for order in evidence.orders.values() {
            *orders_by_state.entry(order.state().to_string()).or_default() += 1;
        }
        let (dead_letters, damaged) = (evidence.dead_letters.clone(), evidence.damaged.clone());
        let decisions = Decisions::of(evidence);
        Self { orders_by_state, decisions, dead_letters, damaged, promises: check(evidence) }
    }

    fn is_well(&self) -> bool {
        self.promises.iter().all(|check| check.broken.is_empty())
    }
}

fn ids(file: &Path) -> Result<BTreeSet<Uuid>> {
    let name = file.display();
    let text = std::fs::read_to_string(file).with_context(|| format!("reading {name}"))?;
    let id = |line: &str| line.trim().parse().with_context(|| format!("`{line}` in {name} is no order id"));
    text.lines().map(id).collect()
}

/// Who judged how many orders, and how surely.
pub(super) fn decisions(decisions: &Decisions) -> String {
    let mut by = table(["judged by", "orders", "let through", "held", "refused"]);
    for Share { judge: Judge { scorer, version, engine, fallback }, count } in &decisions.by {
        let because = fallback.as_ref().map(|why| format!(" ({why})")).unwrap_or_default();
        let Count { let_through, held, refused } = *count;
        let numbers = [count.all(), let_through, held, refused].map(|number| number.to_string());
        by.add_row([format!("{scorer} {version} by {engine}{because}")].into_iter().chain(numbers));
    }
    let Some(confident) = decisions.confident else { return by.to_string() };
    format!("{by}\nconfident: {:.1} % (score, or 1 − score, above the threshold)", confident * 100.0)
}

/// Records that nothing was taken from.
fn damaged(spots: &[String]) -> String {
    match spots.len() {
        0 => String::new(),
        count => format!("{count} records cannot be read, and were passed over:{}\n\n", some_of(spots)),
    }
}

/// Each promise, and where it was broken.
pub(super) fn promises(checks: &[Check]) -> Table {
    let mut promises = table(["kept", "promise"]);
    for Check { promise, broken } in checks {
        let kept = if broken.is_empty() { "yes" } else { "NO" };
        promises.add_row([kept.to_owned(), format!("{promise}{}", some_of(broken))]);
    }
    promises
}

/// The first few of many breaches, behind their promise.
fn some_of(broken: &[String]) -> String {
    let mut text: String = broken.iter().take(SHOWN).map(|breach| format!("\n  {breach}")).collect();
    if broken.len() > SHOWN {
        text.push_str(&format!("\n  and {} more", broken.len() - SHOWN));
    }
    text
}
