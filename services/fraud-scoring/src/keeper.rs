//! Keeps in use what `models.state` asks for: follows it, has versions fetched and verified beside the loop, and puts
//! them into the slot. What cannot be had leaves what serves, is told, and is tried again.

use std::{future::pending, sync::Arc, time::Duration};

use orderflow::{
    events::{ModelState, ModelVersion},
    health::Health,
    metrics,
    runtime::Followed,
};
use orderflow_model::Slot;
use tokio::time::sleep;
use tracing::{info, warn};

use crate::{
    loader::Loader,
    model::{NAME, Version},
    served::Guards,
    serving::{Deciding, Serving, Trial, UNAVAILABLE},
    wanted::{Live, Mode, Wanted},
};

/// How long to wait before a version that could not be had is tried again; twice as long after each time, up to the
/// longest.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// Readiness calls it so.
const CONCERN: &str = "model";

/// Puts versions in use.
pub struct Keeper<L> {
    /// Where versions come from.
    pub loader: L,
    /// What serves.
    pub slot: Arc<Slot<Serving>>,
    /// How it is run.
    pub guards: Guards,
    /// What the service was started with; without it rules decide.
    pub own: Option<Arc<Version>>,
    /// Whether the version before the live one is kept ready: it decides where the live one may not.
    pub keeps_previous: bool,
    /// Told what is wrong.
    pub health: Health,
}

/// What the service was started with, or rules, and why they.
pub(crate) fn by_default(own: Option<&Arc<Version>>, why: Option<&'static str>) -> Deciding {
    own.map_or(Deciding::Rules(why), |own| Deciding::Model(Arc::clone(own)))
}

impl<L: Loader> Keeper<L> {
    /// Puts in use what is asked for, from now on; `whole`: whether what is asked for now serves already.
    pub(crate) async fn run(self, mut followed: Followed<ModelState>, mut whole: bool) {
        let mut wait = FIRST_WAIT;
        loop {
            let again = async { if whole { pending().await } else { sleep(wait).await } };
            tokio::select! {
                changed = followed.changed() => match changed {
                    Ok(()) => wait = FIRST_WAIT,
                    Err(_) => return, // the process ends
                },
                () = again => wait = (wait * 2).min(LONGEST_WAIT),
            }
            whole = self.turn(&mut followed).await;
        }
    }

    /// Puts in use what is asked for now; whether that is done. A newer state is not kept waiting by a store that hangs.
    pub(crate) async fn turn(&self, followed: &mut Followed<ModelState>) -> bool {
        loop {
            let state = followed.borrow_and_update().as_ref().and_then(|known| known.get(NAME).cloned());
            tokio::select! {
                troubles = self.take_up(state.as_ref()) => {
                    self.tell(state.as_ref(), &troubles);
                    return troubles.is_empty();
                }
                Ok(()) = followed.changed() => {}
            }
        }
    }

    /// Puts in use what can be; returns what cannot, and why.
    pub async fn take_up(&self, state: Option<&ModelState>) -> Vec<String> {
        let (wanted, problem) = Wanted::of(state);
        let now = self.slot.current();
        let ((deciding, no_live), (trial, no_trial), (previous, no_previous)) = tokio::join!(
            self.deciding(&wanted.live, &now),
            self.trial(wanted.trial.as_ref()),
            self.previous(wanted.previous.as_ref())
        );
        self.put(&now, Serving { deciding, trial, previous });
        [problem, no_live, no_trial, no_previous].into_iter().flatten().collect()
    }

    async fn deciding(&self, live: &Live, now: &Serving) -> (Deciding, Option<String>) {
        let published = match live {
            Live::Off => return (Deciding::Rules(None), None),
            Live::Own => return (by_default(self.own.as_ref(), None), None),
            Live::Version(published) => published,
        };
        match (self.get(published, "live").await, &now.deciding) {
            (Ok(version), _) => (Deciding::Model(version), None),
            (Err(problem), Deciding::Model(_)) => (now.deciding.clone(), Some(problem)),
            (Err(problem), Deciding::Rules(_)) => {
                (by_default(self.own.as_ref(), Some(UNAVAILABLE)), Some(problem))
            }
        }
    }

    async fn trial(&self, trial: Option<&(ModelVersion, Mode)>) -> (Option<Trial>, Option<String>) {
        let Some((published, mode)) = trial else { return (None, None) };
        match self.get(published, "candidate").await {
            Ok(version) => (Some(Trial { version, mode: *mode }), None),
            // The one that was tried before is asked for no more.
            Err(problem) => (None, Some(problem)),
        }
    }

    async fn previous(&self, previous: Option<&Live>) -> (Option<Arc<Version>>, Option<String>) {
        match previous.filter(|_| self.keeps_previous) {
            None | Some(Live::Off) => (None, None),
            Some(Live::Own) => (self.own.clone(), None),
            Some(Live::Version(published)) => match self.get(published, "previous").await {
                Ok(version) => (Some(version), None),
                Err(problem) => (None, Some(problem)),
            },
        }
    }

    /// A version: one that serves or has served last, so that a promotion and a rollback need no store; else fetched.
    async fn get(&self, published: &ModelVersion, role: &'static str) -> Result<Arc<Version>, String> {
        let known = [Some(self.slot.current()), self.slot.previous()];
        if let Some(version) = known.into_iter().flatten().find_map(|serving| serving.version(published)) {
            return Ok(version);
        }
        self.loader.load(published).await.map(Arc::new).map_err(|error| {
            ::metrics::counter!(metrics::MODEL_LOAD_FAILURES, "role" => role).increment(1);
            format!("version {} ({role}) cannot be used: {error:#}", published.version)
        })
    }

    fn put(&self, now: &Serving, next: Serving) {
        let (live_stays, trial_stays) = (now.is_decided_as(&next), now.tries_the_version_of(&next));
        let previous_stays = now.falls_back_on_that_of(&next);
        if live_stays && trial_stays && previous_stays && now.mode() == next.mode() {
            return;
        }
        self.slot.swap(next);
        // What its breaker knows is of the version that went.
        if !live_stays {
            self.guards.live.replaced();
        }
        if !trial_stays {
            self.guards.candidate.replaced();
        }
        if !previous_stays {
            self.guards.previous.replaced();
        }
    }

    fn tell(&self, state: Option<&ModelState>, troubles: &[String]) {
        let serving = self.slot.current();
        let (decides, revision) = (serving.deciding.name(), state.map_or(0, |state| state.revision));
        let tried = serving.trial.as_ref().map_or("none", |trial| trial.version.name.as_str());
        ::metrics::gauge!(metrics::MODEL_REVISION).set(revision as f64);
        if troubles.is_empty() {
            let (engine, mode) = (serving.deciding.engine(), serving.mode_name());
            info!(revision, decides, engine, tried, mode, "what models.state asks for serves");
            self.health.settled(CONCERN);
        } else {
            let troubles = troubles.join("; ");
            warn!(
                revision,
                decides, tried, troubles, "what models.state asks for does not serve; trying again"
            );
            self.health.degraded(CONCERN, format!("{troubles}; {decides} decides meanwhile"));
        }
    }
}

#[cfg(test)]
#[path = "keeper_tests.rs"]
mod tests;
