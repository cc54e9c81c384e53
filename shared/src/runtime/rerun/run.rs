//! The records of the range, one after the other.

use std::{
    collections::HashSet,
    time::{Duration, Instant},
};

use super::{
    Became, Extent, Replayed, Rerun, Said,
    gather::{Item, Task},
};
use crate::{
    envelope::Envelope,
    fault::{Consequence, Fault},
    runtime::{batch::Raw, reading::Places},
};

/// How often the state that it works on is kept from being tidied away.
const SIGN: Duration = Duration::from_secs(30);

impl Rerun {
    /// Folds the past, then runs the range, and tells of each record.
    ///
    /// # Errors
    /// Those of a rebuild, and of a Redis that does not answer.
    pub async fn run(&self, mut tell: impl FnMut(Replayed)) -> Result<Extent, Fault> {
        self.fold_past().await?;
        let gathered = self.gather().await?;
        self.told.expect(gathered.items.len() as u64);
        let mut extent = Extent { ahead: gathered.ahead, ..Extent::default() };
        let (mut blocked, mut signed) = (HashSet::new(), Instant::now());
        for Item { at, raw, task } in gathered.items {
            if signed.elapsed() > SIGN {
                self.beside.keep().await?;
                signed = Instant::now();
            }
            self.told.add(1);
            let hop = match task {
                Task::Run(hop) => hop,
                Task::Refuse => {
                    self.block(&raw, &mut blocked);
                    extent.unreadable += 1;
                    continue;
                }
                Task::Take => {
                    self.clock.put(at);
                    self.take(&raw).await?;
                    extent.taken += 1;
                    continue;
                }
            };
            let step = self.hops[hop].name();
            let was = gathered.answers.get(&(raw.id(), step.to_owned())).cloned().unwrap_or_default();
            // To the microsecond when it was answered then, so that the same answer has the same times in it.
            self.clock.put(was.iter().map(|said| said.envelope.time).min().unwrap_or(at));
            let became = self.handle(hop, &raw, &mut blocked).await?;
            extent.run += 1;
            let key = raw.key_text();
            let cause = Envelope::from_headers(raw.headers(), &raw.origin, &key, "");
            tell(Replayed { step, cause, place: raw.place, key, became, was });
        }
        Ok(extent)
    }

    /// The state as the log tells it up to the range.
    async fn fold_past(&self) -> Result<(), Fault> {
        let (start, state, mut places) = (self.range.start, self.beside.state(), Places::new());
        let folding = self.log.fold_on(self.fold.as_ref(), state, start, &mut places, &self.told, start);
        self.beside.keep_during(folding).await.map(drop)
    }

    /// Takes an event of the service into the state as it is.
    async fn take(&self, raw: &Raw) -> Result<(), Fault> {
        match self.log.logged(raw).filter(|_| self.fold.sources().contains(&raw.place.topic)) {
            Some(logged) => self.fold.fold(self.beside.state(), &[logged]).await,
            None => Ok(()),
        }
    }

    /// Later records of its order wait behind a record that cannot be handled.
    fn block(&self, raw: &Raw, blocked: &mut HashSet<Vec<u8>>) {
        if self.is_ordered(raw) {
            blocked.insert(raw.key().to_vec());
        }
    }

    fn is_ordered(&self, raw: &Raw) -> bool {
        self.log.group.as_ref().is_some_and(|group| group.ordered.contains(&raw.place.topic))
    }

    async fn handle(&self, hop: usize, raw: &Raw, blocked: &mut HashSet<Vec<u8>>) -> Result<Became, Fault> {
        if self.is_ordered(raw) && blocked.contains(raw.key()) {
            return Ok(Became::Waits);
        }
        let answered = self.hops[hop].handle(&[raw], &self.log.codec).await.pop();
        match answered.map(|answered| answered.answer) {
            Some(Ok(events)) => Ok(Became::Answered(events.into_iter().map(Said::from).collect())),
            Some(Err(fault)) if is_nobodys(&fault) => Err(fault),
            Some(Err(fault)) => {
                self.block(raw, blocked);
                Ok(Became::Refused { code: fault.code(), message: fault.to_string() })
            }
            None => Ok(Became::Answered(Vec::new())),
        }
    }
}

/// Whether a fault says nothing of the record: then the run cannot go on.
fn is_nobodys(fault: &Fault) -> bool {
    match fault.consequence() {
        Consequence::Poison => false,
        Consequence::Transient => fault.code() == "redis_unavailable",
        Consequence::Lost | Consequence::Fatal => true,
    }
}
