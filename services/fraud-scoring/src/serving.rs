//! What serves: who decides, and what is tried beside it. It is replaced as a whole, between two batches.

use std::sync::Arc;

use orderflow::events::ModelVersion;

use crate::{model::Version, rules, wanted::Mode};

/// No version could be fetched and verified yet: why rules decide, as decisions tell it.
pub const UNAVAILABLE: &str = "model_unavailable";

/// What serves. Never changed, only replaced.
pub struct Serving {
    /// Who decides.
    pub deciding: Deciding,
    /// What is tried.
    pub trial: Option<Trial>,
    /// Who decides while orders or scores are far from those of training; none where rules do then.
    pub previous: Option<Arc<Version>>,
}

/// Who decides.
#[derive(Clone)]
pub enum Deciding {
    /// A version of the model.
    Model(Arc<Version>),
    /// Rules, and why, where a model should.
    Rules(Option<&'static str>),
}

/// A version that is tried.
#[derive(Clone)]
pub struct Trial {
    /// The version.
    pub version: Arc<Version>,
    /// How.
    pub mode: Mode,
}

impl Serving {
    /// The published version, if it is one that serves.
    #[must_use]
    pub fn version(&self, published: &ModelVersion) -> Option<Arc<Version>> {
        let live = match &self.deciding {
            Deciding::Model(version) => Some(version),
            Deciding::Rules(_) => None,
        };
        let trial = self.trial.as_ref().map(|trial| &trial.version);
        let all = live.into_iter().chain(trial).chain(&self.previous);
        all.into_iter().find(|version| version.published.as_ref() == Some(published)).cloned()
    }

    /// Whether the same decides in both.
    pub(crate) fn is_decided_as(&self, other: &Self) -> bool {
        match (&self.deciding, &other.deciding) {
            (Deciding::Model(one), Deciding::Model(other)) => Arc::ptr_eq(one, other),
            (Deciding::Rules(one), Deciding::Rules(other)) => one == other,
            _ => false,
        }
    }

    /// Whether the same version is tried in both, or none.
    pub(crate) fn tries_the_version_of(&self, other: &Self) -> bool {
        let tried = |serving: &Self| serving.trial.as_ref().map(|trial| Arc::as_ptr(&trial.version));
        tried(self) == tried(other)
    }

    /// Whether the same version stands by in both, or none.
    pub(crate) fn falls_back_on_that_of(&self, other: &Self) -> bool {
        self.previous.as_ref().map(Arc::as_ptr) == other.previous.as_ref().map(Arc::as_ptr)
    }

    /// How a version is tried.
    pub(crate) fn mode(&self) -> Option<Mode> {
        self.trial.as_ref().map(|trial| trial.mode)
    }

    /// The same in a word.
    pub(crate) fn mode_name(&self) -> &'static str {
        match self.mode() {
            None => "none",
            Some(Mode::Shadow) => "shadow",
            Some(Mode::Canary(_)) => "canary",
        }
    }
}

impl Deciding {
    /// Who decides, for people.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Model(version) => &version.name,
            Self::Rules(_) => rules::NAME,
        }
    }

    /// What runs it.
    pub(crate) fn engine(&self) -> &'static str {
        match self {
            Self::Model(version) => version.engine,
            Self::Rules(_) => rules::NAME,
        }
    }
}
