//! Which fault comes when: by the seed. Each lane has a sequence of its own, so that what one meets with does not change
//! what comes in the other.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use anyhow::{Context, Result};

use super::{
    dice::Dice,
    faults::{Fault, Lane},
    ground::Ground,
};

/// Between a fault's end and the next one's begin, in milliseconds.
const GAP: (u64, u64) = (1_000, 5_000);

/// A fault that has happened.
#[derive(Debug, Clone)]
pub struct Happened {
    /// Its kind.
    pub fault: &'static str,
    /// How often.
    pub count: u64,
    /// When it began.
    pub from: Instant,
    /// When it was healed.
    pub to: Instant,
}

/// What has happened so far.
#[derive(Default)]
pub struct Log(Mutex<Vec<Happened>>);

impl Log {
    /// All of it.
    pub fn all(&self) -> Vec<Happened> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn note(&self, happened: Happened) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(happened);
    }
}

/// The faults of one lane, one after the other, until the deadline.
pub struct Sequence {
    /// Whom they happen to.
    pub lane: Lane,
    /// Which there are.
    pub faults: Vec<Box<dyn Fault>>,
    /// Decides.
    pub seed: u64,
    /// When the run began.
    pub begin: Instant,
    /// After this none begins.
    pub deadline: Instant,
}

impl Sequence {
    /// Lets them happen.
    ///
    /// # Errors
    /// When the harness is broken.
    pub async fn happen(self, ground: Arc<Ground>, log: Arc<Log>) -> Result<()> {
        let mut dice = Dice::of(self.seed, self.lane);
        for number in 0_u64.. {
            tokio::time::sleep(dice.millis(GAP.0, GAP.1)).await;
            let Some(fault) = dice.one(&self.faults).filter(|_| Instant::now() < self.deadline) else {
                break;
            };
            let from = Instant::now();
            let mut own = Dice::of(self.seed, (self.lane, number));
            let name = fault.name();
            let strike = fault.inject(&ground, &mut own).await.with_context(|| name.to_owned())?;
            println!("{:6.1} s  {name}: {}", self.begin.elapsed().as_secs_f64(), strike.what);
            tokio::time::sleep(strike.lasts).await;
            fault.heal(&ground).await.with_context(|| format!("healing {name}"))?;
            log.note(Happened { fault: name, count: strike.count, from, to: Instant::now() });
        }
        Ok(())
    }
}

/// How long after a fault's end what it did still counts as its.
pub const AFTERMATH: Duration = Duration::from_secs(20);
