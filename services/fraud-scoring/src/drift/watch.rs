//! Measures what the live version scores, tells what has moved, and says when another should decide.

use std::sync::{Arc, Mutex, PoisonError};

use orderflow::{clock::Clock, health::Health};
use orderflow_model::drift::Distance;
use tracing::info;

use super::{
    Action, DRIFT, DriftSettings, Level, SAME_SCORE, SCORE,
    telling::{self, Change, Told},
    window::{Measured, Window},
};
use crate::{
    model::Version,
    scorer::Seen,
    serving::{Deciding, Serving},
    vector,
};

/// Watches the version that is to decide.
pub struct Watch {
    settings: DriftSettings,
    clock: Clock,
    health: Health,
    listener: Box<dyn Fn(Told) + Send + Sync>,
    watched: Mutex<Option<Watched>>,
}

/// A version, and what was seen of it.
struct Watched {
    version: Arc<Version>,
    /// None where the manifest does not say what training was like.
    window: Option<Window>,
    /// Of each feature, then of the score.
    levels: Vec<Level>,
    /// What the newest window shows.
    measured: Option<Measured>,
    /// Why another decides.
    cause: Option<&'static str>,
}

impl Watch {
    /// One that has seen nothing yet. `listener` hears of each feature, and of the score, that changes its level; it must
    /// not block.
    pub fn new(
        settings: DriftSettings,
        clock: Clock,
        health: Health,
        listener: impl Fn(Told) + Send + Sync + 'static,
    ) -> Self {
        telling::show_switched(false);
        Self { settings, clock, health, listener: Box::new(listener), watched: Mutex::default() }
    }

    /// Why another should decide than the live version; none while that may.
    pub fn cause(&self, serving: &Serving) -> Option<&'static str> {
        self.with(serving, |watched| watched.cause)?
    }

    /// Counts orders that the live version has scored, with what it has said. Whoever decides: so it is noticed when the
    /// drift is over.
    pub fn observe<'s>(&self, serving: &Serving, scored: impl IntoIterator<Item = (&'s Seen, f64)>) {
        self.with(serving, |watched| {
            for (seen, score) in scored {
                let moved = watched.window.as_mut().is_some_and(|window| window.add(seen, score));
                if moved {
                    self.judge(serving, watched);
                }
            }
        });
    }

    /// What is known of the live version; what another one has shown before counts no more.
    fn with<T>(&self, serving: &Serving, act: impl FnOnce(&mut Watched) -> T) -> Option<T> {
        let mut watched = self.watched.lock().unwrap_or_else(PoisonError::into_inner);
        let live = match &serving.deciding {
            Deciding::Model(version) => Some(version),
            Deciding::Rules(_) => None,
        };
        let stays = watched.as_ref().map(|watched| Arc::as_ptr(&watched.version)) == live.map(Arc::as_ptr);
        if !stays {
            if let Some(before) = watched.take() {
                self.forget(before);
            }
            *watched = live.map(|version| Watched::begin(version, self.settings.window));
        }
        watched.as_mut().map(act)
    }

    /// Says what follows from the window as it is now.
    fn judge(&self, serving: &Serving, watched: &mut Watched) {
        let Some(measured) = watched.window.as_ref().and_then(Window::measure) else { return };
        if measured.orders < u64::from(self.settings.least) {
            return;
        }
        let levels = self.levels(&watched.levels, &measured);
        let far = self.settings.action != Action::Report && levels.contains(&Level::Severe);
        let cause = if measured.same_score { Some(SAME_SCORE) } else { far.then_some(DRIFT) };
        let decides = match (cause, &serving.previous) {
            (None, _) => "model",
            (Some(_), Some(_)) => "previous",
            (Some(_), None) => "rules",
        };
        let was_same = watched.measured.as_ref().is_some_and(|before| before.same_score);
        let before = std::mem::replace(&mut watched.levels, levels);
        let changes = changes(&before, &watched.levels, (was_same, measured.same_score));
        telling::show(&watched.version.name, &watched.levels, &measured);
        telling::tell_switch(&self.health, &watched.version.name, (watched.cause, cause), decides);
        (watched.cause, watched.measured) = (cause, Some(measured));
        self.tell(watched, &changes, decides);
    }

    fn levels(&self, before: &[Level], measured: &Measured) -> Vec<Level> {
        let then = |(level, distance): (&Level, &Option<Distance>)| match distance {
            Some(distance) => level.then(distance.psi, &self.settings),
            // Nobody can say, so nothing is said.
            None => Level::Calm,
        };
        let mut levels: Vec<Level> = before.iter().zip(&measured.distances).map(then).collect();
        if let Some(score) = levels.last_mut().filter(|_| measured.same_score) {
            *score = Level::Severe;
        }
        levels
    }

    /// Another version is to decide, or none.
    fn forget(&self, before: Watched) {
        let name = &before.version.name;
        let over = |(number, level): (usize, &Level)| {
            let change = Change { number, from: *level, to: Level::Calm, reason: "replaced" };
            (*level > Level::Calm).then_some(change)
        };
        let changes: Vec<Change> = before.levels.iter().enumerate().filter_map(over).collect();
        telling::show_forgotten(name, before.levels.len());
        telling::show_judged(true); // where no model decides, nothing is left unjudged
        telling::tell_switch(&self.health, name, (before.cause, None), "another version");
        self.tell(&before, &changes, "model");
    }

    fn tell(&self, watched: &Watched, changes: &[Change], decides: &'static str) {
        let Some(measured) = &watched.measured else { return };
        for change in changes {
            let version = &watched.version.name;
            (self.listener)(Told::of(change, measured, version, decides, &self.settings, self.clock.now()));
        }
        telling::log(&watched.version.name, changes, measured);
    }
}

impl Watched {
    fn begin(version: &Arc<Version>, orders: u32) -> Self {
        telling::show_judged(version.reference.is_some());
        if version.reference.is_none() {
            info!(
                version = version.name,
                "drift is not judged: the manifest does not say what training was like"
            );
        }
        Self {
            version: Arc::clone(version),
            window: version.reference.as_ref().map(|reference| Window::new(reference, orders)),
            levels: vec![Level::Calm; vector::LEN + 1],
            measured: None,
            cause: None,
        }
    }
}

/// What has changed its level; the score, too, where it begins or ends to be the same of all orders.
fn changes(before: &[Level], now: &[Level], (was_same, is_same): (bool, bool)) -> Vec<Change> {
    let change = |(number, (from, to)): (usize, (&Level, &Level))| {
        let is_score = telling::name(number) == SCORE;
        let reason = if is_score && is_same { SAME_SCORE } else { "measured" };
        let changes = from != to || (is_score && was_same != is_same);
        changes.then_some(Change { number, from: *from, to: *to, reason })
    };
    before.iter().zip(now).enumerate().filter_map(change).collect()
}

#[cfg(test)]
#[path = "watch_tests.rs"]
pub(crate) mod tests;
