//! Tells of drift: metrics, log, readiness and `models`.

use jiff::Timestamp;
use orderflow::{envelope::ids, events::DriftDetected, health::Health, metrics};
use orderflow_model::drift::Distance;
use tracing::{info, warn};
use uuid::Uuid;

use super::{DriftSettings, Level, SCORE, window::Measured};
use crate::{model::NAME, vector};

/// Readiness calls it so.
const CONCERN: &str = "drift";

/// A feature, or the score, that has changed its level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// Which feature, in the sequence of the vector; behind them, the score.
    pub number: usize,
    /// The level it leaves.
    pub from: Level,
    /// The one it enters.
    pub to: Level,
    /// As events tell it.
    pub reason: &'static str,
}

/// The event that tells of it, but for the instance.
#[derive(Debug, Clone, PartialEq)]
pub struct Told(DriftDetected);

impl Told {
    /// Of this change.
    #[must_use]
    pub fn of(
        change: &Change,
        measured: &Measured,
        version: &str,
        decides: &str,
        settings: &DriftSettings,
        at: Timestamp,
    ) -> Self {
        let Distance { psi, ks } = distance(measured, change.number).unwrap_or_default();
        Self(DriftDetected {
            model: NAME.to_owned(),
            version: version.to_owned(),
            instance: String::new(),
            of: name(change.number).to_owned(),
            from: change.from.name().to_owned(),
            to: change.to.name().to_owned(),
            reason: change.reason.to_owned(),
            psi,
            ks,
            limit: settings.limit,
            switch_limit: settings.switch_limit,
            orders: i64::try_from(measured.orders).unwrap_or(i64::MAX),
            placed_from: measured.placed.0,
            placed_to: measured.placed.1,
            decides: decides.to_owned(),
            detected_at: at,
        })
    }

    /// The event, with its id, as this instance tells it.
    #[must_use]
    pub fn by(self, instance: &str) -> (Uuid, DriftDetected) {
        let event = DriftDetected { instance: instance.to_owned(), ..self.0 };
        let at = event.detected_at.as_microsecond().to_string();
        let id = ids::from_parts(&["drift", instance, &event.version, &event.of, &at, &event.to]);
        (id, event)
    }
}

/// What a feature, or the score, is called.
pub(super) fn name(number: usize) -> &'static str {
    vector::all().nth(number).map_or(SCORE, |feature| feature.name)
}

fn distance(measured: &Measured, number: usize) -> Option<Distance> {
    measured.distances.get(number).copied().flatten()
}

/// Shows the newest window.
pub(super) fn show(version: &str, levels: &[Level], measured: &Measured) {
    for (number, level) in levels.iter().enumerate() {
        // What this window cannot tell is no number.
        let Distance { psi, ks } =
            distance(measured, number).unwrap_or(Distance { psi: f64::NAN, ks: f64::NAN });
        show_one(version, number, [psi, ks, level.number()]);
    }
}

/// Nobody measures it any more.
pub(super) fn show_forgotten(version: &str, numbers: usize) {
    (0..numbers).for_each(|number| show_one(version, number, [f64::NAN, f64::NAN, 0.0]));
}

fn show_one(version: &str, number: usize, [psi, ks, level]: [f64; 3]) {
    let (version, of) = (version.to_owned(), name(number));
    ::metrics::gauge!(metrics::MODEL_DRIFT_PSI, "version" => version.clone(), "of" => of).set(psi);
    ::metrics::gauge!(metrics::MODEL_DRIFT_KS, "version" => version.clone(), "of" => of).set(ks);
    ::metrics::gauge!(metrics::MODEL_DRIFT_LEVEL, "version" => version, "of" => of).set(level);
}

/// Shows whether drift can be told.
pub(super) fn show_judged(judged: bool) {
    ::metrics::gauge!(metrics::MODEL_DRIFT_JUDGED).set(f64::from(u8::from(judged)));
}

/// Shows whether another decides.
pub(super) fn show_switched(switched: bool) {
    ::metrics::gauge!(metrics::MODEL_DRIFT_SWITCHED).set(f64::from(u8::from(switched)));
}

/// Tells who decides from now on, if that has changed.
pub(super) fn tell_switch(
    health: &Health,
    version: &str,
    (before, now): (Option<&'static str>, Option<&'static str>),
    decides: &str,
) {
    if before == now {
        return;
    }
    show_switched(now.is_some());
    match now {
        Some(cause) => {
            warn!(version, cause, decides, "another decides than the live version");
            health.degraded(CONCERN, format!("{decides} decides instead of version {version}: {cause}"));
        }
        None => {
            info!(version, decides, "the drift is over");
            health.settled(CONCERN);
        }
    }
}

/// Tells what has changed, in one line.
pub(super) fn log(version: &str, changes: &[Change], measured: &Measured) {
    let said = |change: &Change| {
        let psi = distance(measured, change.number).unwrap_or_default().psi;
        format!("{} {} ({psi:.2})", name(change.number), change.to.name())
    };
    let list = changes.iter().map(said).collect::<Vec<_>>().join(", ");
    if changes.iter().any(|change| change.to > change.from) {
        warn!(version, orders = measured.orders, list, "orders or scores drift away from training");
    } else if !changes.is_empty() {
        info!(version, orders = measured.orders, list, "orders or scores come back to training");
    }
}
