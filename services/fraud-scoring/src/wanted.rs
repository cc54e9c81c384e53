//! What is to serve, as `models.state` says it.

use orderflow::events::{ModelState, ModelVersion};

use crate::canary::Share;

/// What is to serve.
#[derive(Debug, Clone, PartialEq)]
pub struct Wanted {
    /// Who decides.
    pub live: Live,
    /// A version that is tried, and how.
    pub trial: Option<(ModelVersion, Mode)>,
    /// Who was to decide before, if there is a way back.
    pub previous: Option<Live>,
}

/// Who is to decide.
#[derive(Debug, Clone, PartialEq)]
pub enum Live {
    /// Rules: models are switched off.
    Off,
    /// What the service was started with: the model of `FRAUD_MODEL`, or rules.
    Own,
    /// A published version.
    Version(ModelVersion),
}

/// How a version is tried.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Mode {
    /// It scores every order and decides none.
    Shadow,
    /// It decides the orders of some customers.
    Canary(Share),
}

impl Wanted {
    /// What the newest state says, as far as this version knows what it asks for, and what it does not know; without one
    /// nobody has published anything yet.
    #[must_use]
    pub fn of(state: Option<&ModelState>) -> (Self, Option<String>) {
        let alone = |live| Self { live, trial: None, previous: None };
        let Some(state) = state else { return (alone(Live::Own), None) };
        if !state.on {
            // Whoever switches models off wants none to run, not even beside the rules.
            return (alone(Live::Off), None);
        }
        let live = Live::of(state.live.clone());
        let previous = state.can_roll_back.then(|| Live::of(state.previous.clone()));
        let (trial, problem) = match trial(state) {
            Ok(trial) => (trial, None),
            Err(problem) => (None, Some(problem)),
        };
        (Self { live, trial, previous }, problem)
    }
}

impl Live {
    fn of(version: Option<ModelVersion>) -> Self {
        version.map_or(Self::Own, Self::Version)
    }
}

fn trial(state: &ModelState) -> Result<Option<(ModelVersion, Mode)>, String> {
    let Some(candidate) = state.candidate.clone() else { return Ok(None) };
    let mode = match state.mode.as_str() {
        "none" => return Ok(None),
        "shadow" => Mode::Shadow,
        "canary" => Mode::Canary(Share::new(state.share)?),
        other => return Err(format!("no version is tried: the mode {other:?} is not known")),
    };
    Ok(Some((candidate, mode)))
}

#[cfg(test)]
pub(crate) mod tests {
    use jiff::Timestamp;
    use rstest::rstest;

    use super::*;

    /// A published version.
    pub fn published(version: &str) -> ModelVersion {
        ModelVersion {
            version: version.into(),
            folder: format!("fraud/{version}"),
            manifest_sha256: String::new(),
        }
    }

    /// A state in which `live` decides and `candidate` is tried.
    pub fn state(live: Option<&str>, candidate: Option<&str>, mode: &str) -> ModelState {
        ModelState {
            model: "fraud".into(),
            revision: 1,
            on: true,
            live: live.map(published),
            previous: None,
            can_roll_back: false,
            candidate: candidate.map(published),
            mode: mode.into(),
            share: 0.5,
            changed_by: "support-7".into(),
            reason: "a test".into(),
            changed_at: Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn without_a_state_the_service_serves_what_it_was_started_with() {
        assert_eq!(Wanted::of(None), (Wanted { live: Live::Own, trial: None, previous: None }, None));
    }

    #[rstest]
    #[case(state(None, None, "none"), Live::Own, None)]
    #[case(state(Some("7"), None, "shadow"), Live::Version(published("7")), None)]
    #[case(state(Some("7"), Some("8"), "none"), Live::Version(published("7")), None)]
    #[case(state(None, Some("8"), "shadow"), Live::Own, Some(Mode::Shadow))]
    #[case(state(None, Some("8"), "canary"), Live::Own, Some(Mode::Canary(Share::new(0.5).unwrap())))]
    #[case(ModelState { on: false, ..state(Some("7"), Some("8"), "shadow") }, Live::Off, None)]
    fn a_state_says_what_serves(#[case] state: ModelState, #[case] live: Live, #[case] mode: Option<Mode>) {
        let trial = mode.map(|mode| (published("8"), mode));
        assert_eq!(Wanted::of(Some(&state)), (Wanted { live, trial, previous: None }, None));
    }

    #[test]
    fn who_was_to_decide_before_is_known_while_there_is_a_way_back() {
        let before = |previous, can_roll_back| {
            let state = ModelState { previous, can_roll_back, ..state(Some("8"), None, "none") };
            Wanted::of(Some(&state)).0.previous
        };
        assert_eq!(before(Some(published("7")), true), Some(Live::Version(published("7"))));
        assert_eq!(before(None, true), Some(Live::Own));
        assert_eq!(before(None, false), None);
    }

    #[rstest]
    #[case(state(Some("7"), Some("8"), "mirror"), "mirror")]
    #[case(ModelState { share: f64::NAN, ..state(Some("7"), Some("8"), "canary") }, "share")]
    fn what_is_not_known_is_not_tried_and_the_rest_is_done(#[case] state: ModelState, #[case] named: &str) {
        let (wanted, problem) = Wanted::of(Some(&state));
        assert_eq!(wanted, Wanted { live: Live::Version(published("7")), trial: None, previous: None });
        assert!(problem.as_ref().is_some_and(|problem| problem.contains(named)), "{problem:?}");
    }
}
