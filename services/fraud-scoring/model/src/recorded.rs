//! Orders of the log and what was learned of them since: which of them train, by which label, and in which window.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use anyhow::{Result, bail, ensure};
use fraud_scoring::vector::LEN;
use jiff::{SignedDuration, Timestamp};
use orderflow::events::Order;
use serde::Serialize;

use crate::{
    features::{Memory, Seen},
    table::{HONEST, Header, NEVER, Row, Writer},
};

/// Orders that each window needs of fraud, and as many honest ones: with fewer its numbers are chance.
const LEAST: [(&str, usize); 3] = [("training", 30), ("validation", 8), ("test", 8)];

/// An order that was decided.
#[derive(Debug, Clone)]
pub struct Decided {
    /// The order.
    pub order: Arc<Order>,
    /// What was known of it then, by today's definition.
    pub vector: [f32; LEN],
    /// Whether it was refused, by the score or by whoever reviewed it.
    pub refused: bool,
    /// Whether its money was taken.
    pub charged: bool,
    /// What was learned since; the newest word.
    pub label: Option<Label>,
}

/// What was learned of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// Whether it was fraud.
    pub fraud: bool,
    /// How that is known.
    pub source: String,
    /// Since when.
    pub at: Timestamp,
}

/// Which orders train.
#[derive(Debug, Clone, Copy)]
pub struct Wanted {
    /// When they are looked at.
    pub as_of: Timestamp,
    /// How old an order must be: until then its fraud may still be reported.
    pub maturity: SignedDuration,
    /// Only orders placed from then on.
    pub from: Option<Timestamp>,
    /// Only orders placed before then.
    pub until: Option<Timestamp>,
    /// The service's `FRAUD_SMALL_AMOUNT`, minor units.
    pub small: i64,
}

/// What was taken, and what was not.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Source {
    /// When.
    pub as_of: Timestamp,
    /// How old an order had to be.
    pub maturity_days: f64,
    /// Orders with a decision.
    pub decisions: usize,
    /// Of these, those in the table.
    pub orders: usize,
    /// Orders whose features were made again, by today's definition.
    pub made_again: usize,
    /// Labels of the orders in the table, by how they are known.
    pub labels: BTreeMap<String, Labels>,
    /// Orders that are not in it, by why.
    pub left_out: BTreeMap<&'static str, usize>,
}

/// How many labels say what.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[allow(missing_docs)] // their own names
pub struct Labels {
    pub fraud: usize,
    pub honest: usize,
}

/// When the windows begin, and the last ends: microseconds since 1970 UTC. All are of mature orders, so no gap is needed,
/// and every label counts: `known_at` is the end of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) struct Times {
    pub start: i64,
    train: i64,
    validation: i64,
    gap: i64,
    test: i64,
    end: i64,
    known_at: i64,
}

/// Writes the table of these orders, which come in the sequence in which they were decided, into `folder`.
///
/// # Errors
/// When a window would have too few orders of either kind, or a file cannot be written.
pub fn write(folder: &Path, decided: &[Decided], wanted: &Wanted, made_again: usize) -> Result<Source> {
    let mut source = Source::new(decided.len(), wanted, made_again);
    let mut memory = Memory::new(wanted.small);
    let mut taken: Vec<(&Decided, Seen)> = Vec::new();
    for one in decided {
        // Also of those that are left out: they are the histories of the others.
        let seen = Seen { vector: one.vector, ..memory.see(&one.order) };
        if source.takes(one, wanted) {
            taken.push((one, seen));
        }
    }
    ensure!(!taken.is_empty(), "none of {} decided orders can train: {}", decided.len(), source.why_not());
    taken.sort_by_key(|(one, _)| (one.order.placed_at, one.order.order_id));
    let times = Times::of(&taken);
    times.check(&taken)?;
    let mut table = Writer::new(folder, Header::recorded(source.clone(), times))?;
    taken.iter().try_for_each(|(one, seen)| table.add(&row(one, seen)))?;
    table.finish()?;
    Ok(source)
}

fn row<'a>(one: &Decided, seen: &'a Seen) -> Row<'a> {
    let fraud = one.label.as_ref().filter(|label| label.fraud);
    Row {
        placed_at: placed(one),
        reported_at: fraud.map(|label| label.at.as_microsecond()),
        amount: one.order.total,
        seen,
        kind: u8::from(fraud.is_some()),
        name: if fraud.is_some() { "fraud" } else { HONEST },
    }
}

fn placed(one: &Decided) -> i64 {
    one.order.placed_at.as_microsecond()
}

fn is_fraud(one: &Decided) -> bool {
    one.label.as_ref().is_some_and(|label| label.fraud)
}

impl Source {
    fn new(decisions: usize, wanted: &Wanted, made_again: usize) -> Self {
        Self {
            as_of: wanted.as_of,
            maturity_days: wanted.maturity.as_secs_f64() / 86_400.0,
            decisions,
            orders: 0,
            made_again,
            labels: BTreeMap::new(),
            left_out: BTreeMap::new(),
        }
    }

    /// Whether an order trains; counts it.
    fn takes(&mut self, one: &Decided, wanted: &Wanted) -> bool {
        if let Some(why) = wanted.leaves_out(one) {
            *self.left_out.entry(why).or_default() += 1;
            return false;
        }
        self.orders += 1;
        if let Some(label) = &one.label {
            let labels = self.labels.entry(label.source.clone()).or_default();
            *(if label.fraud { &mut labels.fraud } else { &mut labels.honest }) += 1;
        }
        true
    }

    fn why_not(&self) -> String {
        let told: Vec<String> = self.left_out.iter().map(|(why, count)| format!("{count} {why}")).collect();
        if told.is_empty() { "there are none".to_owned() } else { told.join(", ") }
    }
}

impl Wanted {
    /// Why an order does not train; none where it does.
    fn leaves_out(&self, one: &Decided) -> Option<&'static str> {
        let at = one.order.placed_at;
        if self.from.is_some_and(|from| at < from) || self.until.is_some_and(|until| at >= until) {
            return Some("not_in_range");
        }
        // Labelled or not: with the labelled ones alone, the youngest orders would nearly all be fraud.
        if self.as_of.duration_since(at) < self.maturity {
            return Some("too_young");
        }
        // Nobody reports what was never sold: such an order is honest only where somebody says so.
        match (&one.label, one.refused, one.charged) {
            (Some(_), ..) => None,
            (None, true, _) => Some("refused"),
            (None, false, false) => Some("not_charged"),
            (None, false, true) => None,
        }
    }
}

impl Times {
    /// An eighth of the orders fills the histories, the last fifth tests, three twentieths before it calibrate.
    fn of(taken: &[(&Decided, Seen)]) -> Self {
        let at = |of_forty: usize| taken.get(taken.len() * of_forty / 40).map_or(0, |(one, _)| placed(one));
        let (test, end) = (at(32), taken.last().map_or(0, |(one, _)| placed(one) + 1));
        Self { start: at(0), train: at(5), validation: at(26), gap: test, test, end, known_at: NEVER }
    }

    fn check(&self, taken: &[(&Decided, Seen)]) -> Result<()> {
        let windows = [(self.train, self.validation), (self.validation, self.gap), (self.test, self.end)];
        let (mut lacking, mut all) = (Vec::new(), 0);
        for ((name, least), (begins, ends)) in LEAST.into_iter().zip(windows) {
            let within = taken.iter().filter(|(one, _)| (begins..ends).contains(&placed(one)));
            let (mut fraud, mut honest) = (0, 0);
            within.for_each(|(one, _)| *(if is_fraud(one) { &mut fraud } else { &mut honest }) += 1);
            all += fraud;
            for (kind, found) in [("labelled frauds", fraud), ("honest orders", honest)] {
                if found < least {
                    lacking.push(format!("{found} {kind} in the {name} window, {least} are needed"));
                }
            }
        }
        if !lacking.is_empty() {
            let orders = taken.len();
            bail!("too little to train on: {orders} orders, {all} labelled frauds; {}", lacking.join("; "));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
