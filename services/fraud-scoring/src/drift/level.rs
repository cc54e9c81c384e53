//! How far away a feature or the score is.

use super::DriftSettings;

/// What is left only below this part of its limit: numbers that stay near a limit are told of once.
const RELIEF: f64 = 0.6;

/// How far away a feature or the score is from training.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Below the first limit.
    #[default]
    Calm,
    /// Beyond the first limit: it is told.
    Drifting,
    /// Beyond the second limit: another decides, where the setting says so.
    Severe,
}

impl Level {
    /// As events tell it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Calm => "calm",
            Self::Drifting => "drifting",
            Self::Severe => "severe",
        }
    }

    /// As metrics tell it.
    #[must_use]
    pub fn number(self) -> f64 {
        f64::from(self as u8)
    }

    /// What follows from a population stability index measured now.
    #[must_use]
    pub fn then(self, psi: f64, settings: &DriftSettings) -> Self {
        let beyond = |part: f64| {
            if psi >= part * settings.switch_limit {
                Self::Severe
            } else if psi >= part * settings.limit {
                Self::Drifting
            } else {
                Self::Calm
            }
        };
        beyond(1.0).max(self.min(beyond(RELIEF)))
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::{Level::*, *};
    use crate::drift::watch::tests::settings;

    #[rstest]
    #[case::up_at_the_first_limit(Calm, 0.25, Drifting)]
    #[case::not_before(Calm, 0.249, Calm)]
    #[case::up_at_the_second(Drifting, 0.5, Severe)]
    #[case::up_at_once(Calm, 7.0, Severe)]
    #[case::near_the_second_limit_it_stays(Severe, 0.3, Severe)]
    #[case::well_below_it_goes_down(Severe, 0.299, Drifting)]
    #[case::near_the_first_limit_it_stays(Drifting, 0.15, Drifting)]
    #[case::well_below_it_is_over(Drifting, 0.149, Calm)]
    #[case::over_at_once(Severe, 0.0, Calm)]
    fn a_level_is_left_only_well_below_its_limit(
        #[case] before: Level,
        #[case] psi: f64,
        #[case] then: Level,
    ) {
        assert_eq!(before.then(psi, &settings()), then);
    }
}
