//! Breakers around dependencies outside. While one is down it is left alone, and no record is blamed for it.
//!
//! | file | answers |
//! |---|---|
//! | [`circuit`] | when calls go through, decided without I/O |
//! | this one | making calls under it, and telling of its moves: log, metrics, readiness |
//! | `trail` | telling `audit` |

pub mod circuit;
mod trail;

#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use tracing::{info, warn};

use circuit::{Circuit, Pass, Shown};
pub use circuit::{Policy, State};
pub(crate) use trail::Trail;

use crate::{clock::Clock, fault::Fault, health::Health, metrics};

/// Something outside that is called, as its breaker sees it.
#[derive(Debug, Clone, Copy)]
pub struct Dependency {
    /// What it is called in logs, metrics, readiness and `audit`.
    pub name: &'static str,
    /// The code of the faults that calls are answered with while they do not go through.
    pub refusal: &'static str,
    /// The codes of faults that say that it does not work. All other answers, refusals too, show that it does.
    pub outages: &'static [&'static str],
}

/// A move of a breaker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Move {
    /// The state it left.
    pub from: State,
    /// The state it entered.
    pub to: State,
    /// To [`State::Open`] the last fault's code, to [`State::HalfOpen`] `wait_over`, to [`State::Closed`]
    /// `probes_succeeded`, or why it was [reset](Breaker::reset).
    pub reason: &'static str,
    /// When.
    pub at: Timestamp,
}

/// The breaker of one dependency in one process. Clones share it.
#[derive(Clone)]
pub struct Breaker(Arc<Shared>);

struct Shared {
    dependency: Dependency,
    circuit: Mutex<Circuit>,
    clock: Clock,
    health: Health,
    listener: Box<dyn Fn(Move) + Send + Sync>,
}

impl Breaker {
    /// A closed breaker. `listener` hears of each move, in their order; it must not block.
    pub fn new(
        dependency: Dependency,
        policy: Policy,
        clock: Clock,
        health: Health,
        listener: impl Fn(Move) + Send + Sync + 'static,
    ) -> Self {
        let circuit = Mutex::new(Circuit::new(policy));
        let shared = Shared { dependency, circuit, clock, health, listener: Box::new(listener) };
        shared.show(State::Closed);
        Self(Arc::new(shared))
    }

    /// Makes a call, if calls go through.
    ///
    /// # Errors
    /// The call's own; or at once, without a call, `Transient` with the dependency's code. While the breaker is not
    /// closed, faults of an outage count no attempt and say how long to wait ([`Fault::pause`]).
    pub async fn call<T>(&self, call: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
        let permit = self.permit()?;
        let answer = call.await;
        self.settle(permit, answer)
    }

    /// Makes a call that waits for nothing outside this process, such as a run of a model.
    ///
    /// # Errors
    /// As [`Self::call`].
    pub fn call_now<T>(&self, call: impl FnOnce() -> Result<T, Fault>) -> Result<T, Fault> {
        let permit = self.permit()?;
        let answer = call();
        self.settle(permit, answer)
    }

    /// Closes it and forgets what calls have shown: another dependency has taken this one's place. Calls under way say
    /// nothing any more.
    pub fn reset(&self, reason: &'static str) {
        self.0.change(reason, |circuit, _| circuit.reset());
    }

    fn settle<T>(&self, mut permit: Permit<'_>, answer: Result<T, Fault>) -> Result<T, Fault> {
        let outage =
            answer.as_ref().err().map(Fault::code).filter(|code| self.0.dependency.outages.contains(code));
        let shown = if outage.is_some() { Shown::Fails } else { Shown::Works };
        permit.give_back(shown, outage.unwrap_or("probes_succeeded"));
        match (answer, outage) {
            (Err(fault), Some(_)) => Err(self.0.laid_to_outage(fault)),
            (answer, _) => answer,
        }
    }

    fn permit(&self) -> Result<Permit<'_>, Fault> {
        let Shared { dependency: Dependency { name, refusal, .. }, .. } = *self.0;
        let pass = self.0.change("wait_over", Circuit::admit).map_err(|wait| {
            Fault::transient(refusal, format!("the {name} is left alone: its breaker is open")).excused(wait)
        })?;
        Ok(Permit { shared: &self.0, pass: Some(pass) })
    }
}

/// A pass on loan. Dropped with its call, it shows nothing, and the next call may probe.
struct Permit<'a> {
    shared: &'a Shared,
    pass: Option<Pass>,
}

impl Permit<'_> {
    fn give_back(&mut self, shown: Shown, reason: &'static str) {
        if let Some(pass) = self.pass.take() {
            self.shared.change(reason, |circuit, now| circuit.settle(pass, shown, now));
        }
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.give_back(Shown::Nothing, "");
    }
}

impl Shared {
    /// Lets the circuit act, and tells when it has moved. Under its lock, so that moves are told in their order.
    fn change<T>(&self, reason: &'static str, act: impl FnOnce(&mut Circuit, Timestamp) -> T) -> T {
        let mut circuit = self.circuit.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, from) = (self.clock.now(), circuit.state());
        let outcome = act(&mut circuit, at);
        let to = circuit.state();
        if from != to {
            self.tell(Move { from, to, reason, at });
        }
        outcome
    }

    fn laid_to_outage(&self, fault: Fault) -> Fault {
        let circuit = self.circuit.lock().unwrap_or_else(PoisonError::into_inner);
        match circuit.pause(self.clock.now()) {
            Some(wait) => fault.excused(wait),
            None => fault,
        }
    }

    fn tell(&self, moved: Move) {
        let Move { from, to, reason, .. } = moved;
        let name = self.dependency.name;
        match to {
            State::Open => {
                warn!(breaker = name, %from, %to, reason, "a breaker has opened");
                self.health.degraded(name, format!("the {name} is left alone: {reason}"));
            }
            State::HalfOpen => info!(breaker = name, %from, %to, reason, "a breaker lets a probe through"),
            State::Closed => {
                info!(breaker = name, %from, %to, reason, "a breaker has closed");
                self.health.settled(name);
            }
        }
        ::metrics::counter!(metrics::BREAKER_MOVES, "breaker" => name, "to" => to.name()).increment(1);
        self.show(to);
        (self.listener)(moved);
    }

    fn show(&self, state: State) {
        let value = match state {
            State::Closed => 0.0,
            State::HalfOpen => 1.0,
            State::Open => 2.0,
        };
        ::metrics::gauge!(metrics::BREAKER_STATE, "breaker" => self.dependency.name).set(value);
    }
}
