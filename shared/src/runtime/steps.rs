//! What steps are added to.

use super::Service;
use crate::step::Step;

/// Takes the steps of a service, so that they are wired in one place: into the service itself, or to have its log run
/// through them once more ([`super::Rerun`]).
pub trait Steps: Sized {
    /// The same with this step.
    #[must_use]
    fn step<S: Step>(self, step: S) -> Self;
}

impl Steps for Service {
    fn step<S: Step>(self, step: S) -> Self {
        Service::step(self, step)
    }
}
