//! What the scripts do, in plain Rust: the two are held to each other on a real Redis, and the model of the journal
//! stands on this one.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use super::{
    Ended, Limits, Standing,
    lines::{Asked, Change, Move, Noted, Restored},
};

/// The lines of one service, in memory.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Twin {
    pub lines: BTreeMap<Vec<u8>, Blocked>,
    pub drains: BTreeSet<(i32, Vec<u8>)>,
    pub settled: BTreeSet<Uuid>,
}

#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Blocked {
    /// None once it is settled.
    pub blocker: Option<Uuid>,
    pub from: i64,
    pub waits: BTreeSet<Uuid>,
}

impl Twin {
    pub fn check(&self, asked: &Asked<'_>) -> Standing {
        if asked.again && self.settled.contains(&asked.id) {
            return Standing::Done;
        }
        let drains = self.drains.contains(&(asked.partition, asked.key.to_vec()));
        match self.lines.get(asked.key) {
            None => Standing::Free,
            Some(line) if line.blocker == Some(asked.id) && asked.again && drains => Standing::Behind,
            Some(line) if line.blocker == Some(asked.id) => Standing::Blocker,
            Some(_) => Standing::Behind,
        }
    }

    pub fn apply(&mut self, one: &Move<'_>, limits: Limits) -> Noted {
        let drain = (one.partition, one.key.to_vec());
        let blocked = self.lines.len();
        let line = self.lines.get_mut(one.key);
        let blocker = line.as_ref().map(|line| line.blocker);
        match one.change {
            Change::Settle => {
                if blocker == Some(Some(one.id)) {
                    self.drains.insert(drain);
                }
                Noted::Yes
            }
            Change::Bury => {
                let new = Blocked { from: one.from, ..Blocked::default() };
                let line = self.lines.entry(one.key.to_vec()).or_insert(new);
                line.blocker = Some(one.id);
                line.waits.remove(&one.id);
                Noted::Yes
            }
            Change::Block if blocker == Some(Some(one.id)) => {
                self.drains.remove(&drain);
                Noted::Yes
            }
            Change::Wait if blocker == Some(Some(one.id)) => Noted::Waits,
            Change::Block if blocker.is_none() && self.settled.contains(&one.id) => Noted::Yes,
            Change::Block | Change::Wait => match line {
                None if blocked >= limits.blocked as usize => Noted::Full,
                None if one.change == Change::Block => {
                    let line = Blocked { blocker: Some(one.id), from: one.from, ..Blocked::default() };
                    self.lines.insert(one.key.to_vec(), line);
                    Noted::Yes
                }
                None => {
                    let waits = BTreeSet::from([one.id]);
                    self.lines.insert(one.key.to_vec(), Blocked { blocker: None, from: one.from, waits });
                    self.drains.insert(drain);
                    Noted::Waits
                }
                Some(line)
                    if !line.waits.contains(&one.id) && line.waits.len() >= limits.waiting as usize =>
                {
                    Noted::Full
                }
                Some(line) => {
                    line.waits.insert(one.id);
                    Noted::Waits
                }
            },
        }
    }

    pub fn finish(&mut self, ended: &Ended) -> u64 {
        let drain = (ended.partition, ended.key.clone());
        self.settled.extend(&ended.settled);
        let Some(line) = self.lines.get_mut(&ended.key) else { return 0 };
        for id in &ended.settled {
            line.waits.remove(id);
            line.blocker = line.blocker.filter(|blocker| blocker != id);
        }
        let left = line.waits.len() as u64;
        match ended.stopped.filter(|id| !self.settled.contains(id)) {
            Some(stopped) => {
                line.blocker = Some(stopped);
                line.waits.remove(&stopped);
                self.drains.remove(&drain);
            }
            None if left == 0 && line.blocker.is_none() => {
                self.lines.remove(&ended.key);
                self.drains.remove(&drain);
            }
            None => {}
        }
        left
    }

    pub fn restore(&mut self, settled: &[Uuid], lines: &[Restored]) {
        self.settled.extend(settled);
        for Restored { line, waits } in lines {
            let waits = waits.iter().copied().collect();
            let blocked = Blocked { blocker: line.blocker, from: line.from, waits };
            self.lines.insert(line.key.clone(), blocked);
            if line.blocker.is_none() {
                self.drains.insert((line.partition, line.key.clone()));
            }
        }
    }
}
