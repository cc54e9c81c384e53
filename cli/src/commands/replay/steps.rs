//! A service's log through its steps once more.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{BufWriter, Write},
    sync::mpsc,
};

use anyhow::{Context, Result, ensure};
use jiff::Timestamp;
use orderflow::runtime::{Became, Extent, Replayed, Rerun};
use orderflow_letters::values::Values;
use redis::Client;
use serde::Serialize;
use serde_json::{Value, json};

use super::Replay;
use crate::{
    commands::{print, verify::watched},
    rerun::{Answered, Change, Comparison, Effects, What, Wiring},
};

/// What a replay has come to.
#[derive(Debug, Default, Serialize)]
struct Summary {
    service: String,
    /// Records that were run.
    records: u64,
    /// Events that would be the same, by record type.
    same: BTreeMap<String, u64>,
    new: u64,
    different: u64,
    missing: u64,
    /// Records that would be refused, by code; of these those that cannot be read.
    refused: BTreeMap<&'static str, u64>,
    unreadable: u64,
    /// Records that would wait behind a refused one.
    waiting: u64,
    /// Records the service has not handled yet: not run.
    ahead: u64,
    /// Events of deadlines, and of records from before: taken as they are.
    taken: u64,
    /// Questions that would have been asked outside, and how they were answered.
    effects: BTreeMap<&'static str, BTreeMap<Answered, u64>>,
}

/// Where everything that is said goes.
type Out = Option<BufWriter<File>>;

impl Replay {
    pub(super) async fn by_steps(self, service: &str) -> Result<bool> {
        let range = self.from.unwrap_or(Timestamp::UNIX_EPOCH)..self.to.unwrap_or(Timestamp::MAX);
        ensure!(range.start < range.end, "--from is not before --to");
        let scratch = self.scratch_redis.as_deref().map(Client::open).transpose();
        let scratch = scratch.context("--scratch-redis is no address of a Redis")?;
        let wiring = Wiring { connection: &self.connection, range, scratch, settings: &self.settings };
        let (rerun, effects) = wiring.begin(service).await?;
        let done = self.compare(service, &rerun, &effects).await;
        rerun.end().await?;
        let (summary, changes) = done?;
        if self.json {
            for change in &changes {
                print(serde_json::to_string(change)?)?;
            }
            print(json!({ "summary": summary }))?;
        } else {
            print(self.told(&summary, &changes))?;
        }
        Ok(true)
    }

    async fn compare(
        &self,
        service: &str,
        rerun: &Rerun,
        effects: &Effects,
    ) -> Result<(Summary, Vec<Change>)> {
        let mut out: Out = match &self.into {
            Some(path) => {
                let file = File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
                Some(BufWriter::new(file))
            }
            None => None,
        };
        let mut comparison = Comparison::new(Values::new(self.connection.registry()?)?);
        let mut summary = Summary { service: service.to_owned(), ..Summary::default() };
        let (sender, replayed) = mpsc::channel::<(Replayed, Vec<crate::rerun::Effect>)>();
        let running = rerun.run(|one| {
            let asked = effects.take();
            let _ = sender.send((one, asked)); // it is received below, as long as this runs
        });
        let extent: Extent = watched(service, &rerun.progress(), running).await?;
        let mut changes = Vec::new();
        for (one, asked) in replayed.try_iter() {
            for effect in &asked {
                let by = summary.effects.entry(effect.effect).or_default();
                *by.entry(effect.answered).or_default() += 1;
                write(&mut out, effect)?;
            }
            self.write_said(&mut out, &mut comparison, &one).await?;
            changes.extend(comparison.take(&one).await?);
        }
        if let Some(out) = &mut out {
            out.flush().context("cannot write what was said")?;
        }
        let count = |what| changes.iter().filter(|change| change.what == what).count() as u64;
        (summary.new, summary.different, summary.missing) =
            (count(What::New), count(What::Different), count(What::Missing));
        (summary.records, summary.ahead) = (extent.run, extent.ahead);
        (summary.unreadable, summary.taken) = (extent.unreadable, extent.taken);
        (summary.same, summary.refused) = (comparison.same, comparison.refused);
        summary.waiting = comparison.waiting;
        Ok((summary, changes))
    }

    async fn write_said(&self, out: &mut Out, comparison: &mut Comparison, one: &Replayed) -> Result<()> {
        let (Became::Answered(said), true) = (&one.became, out.is_some()) else { return Ok(()) };
        for said in said {
            let value: Value = comparison.shown(said).await?;
            let (topic, envelope) = (said.topic.name(), &said.envelope);
            let record = json!({
                "topic": topic, "key": said.key, "id": envelope.id, "type": envelope.kind, "time": envelope.time,
                "source": envelope.source, "cause": one.cause.id, "value": value,
            });
            write(out, &record)?;
        }
        Ok(())
    }

    fn told(&self, summary: &Summary, changes: &[Change]) -> String {
        let mut lines: Vec<String> = changes.iter().take(self.show).flat_map(lines).collect();
        if changes.len() > self.show {
            lines.push(format!("and {} more: see --show, --json", changes.len() - self.show));
        }
        if !lines.is_empty() {
            lines.push(String::new());
        }
        lines.extend(summary.lines());
        lines.join("\n")
    }
}

fn write(out: &mut Out, line: &impl Serialize) -> Result<()> {
    let Some(out) = out else { return Ok(()) };
    serde_json::to_writer(&mut *out, line).context("cannot write what was said")?;
    out.write_all(b"\n").context("cannot write what was said")
}

/// A change, as `diff` would show it.
fn lines(change: &Change) -> Vec<String> {
    let sign = match change.what {
        What::New => '+',
        What::Different => '~',
        What::Missing => '-',
    };
    let Change { record, key, step, at, .. } = change;
    let mut lines = vec![format!("{sign} {record} of {key}, {at}, by {step}")];
    lines.extend(change.because.iter().map(|because| format!("    {because}")));
    let field =
        |one: &crate::rerun::FieldChange| format!("    {}: {} → {}", one.field, one.was, one.would_be);
    lines.extend(change.fields.iter().map(field));
    lines
}

impl Summary {
    fn lines(&self) -> Vec<String> {
        let Self { service, records, new, different, missing, .. } = self;
        let same: u64 = self.same.values().sum();
        let mut lines = vec![format!(
            "{service}: {records} records were run: {same} events would be the same, {different} different, {new} new, \
             {missing} missing"
        )];
        if new + different + missing == 0 {
            lines.push("nothing would change".to_owned());
        }
        lines.extend(self.refused.iter().map(|(code, count)| format!("refused as {code}: {count}")));
        for (effect, by) in &self.effects {
            lines.extend(by.iter().map(|(answered, count)| {
                let how = match answered {
                    Answered::AsLogged => "answered as the log tells",
                    Answered::AsIfItWentWell => "not on the log: taken as if it had gone well",
                };
                format!("not done, recorded: {effect} {count} times, {how}")
            }));
        }
        let said = [
            (self.unreadable, "records cannot be read"),
            (self.waiting, "records would wait behind a refused one"),
            (self.ahead, "records the service has not handled yet: not run"),
            (self.taken, "events of deadlines, or of records from before: taken as they are"),
        ];
        lines.extend(
            said.into_iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")),
        );
        lines
    }
}
