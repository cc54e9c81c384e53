//! Redis against the log, while the service may be at work: what differs is looked at again until it agrees, or stays as it
//! is.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use anyhow::{Context, Result, bail, ensure};
use orderflow::{clock::Clock, runtime::Refold};
use redis::aio::ConnectionManager;
use serde::Serialize;
use tokio::time::Instant;

use super::{
    compare::{Difference, Rules},
    values::{Entries, lives, read},
};

/// Keys in one question.
const PAGE: usize = 500;
/// Keys that differ and are looked at again; more are only counted.
const MOST: usize = 10_000;
/// Between two looks at them.
const BETWEEN: Duration = Duration::from_millis(500);

/// How to tell what is wrong from what is on its way.
#[derive(Debug, Clone, Copy)]
pub struct Verification {
    /// What differs must stay as it is for so long.
    pub settle: Duration,
    /// What has not stayed as it is for so long is left at that.
    pub patience: Duration,
}

/// What was found of a service.
#[derive(Debug, Clone, Serialize)]
pub struct Findings {
    /// The service.
    pub service: String,
    /// The generation that was compared.
    pub generation: u64,
    /// Records that were folded.
    pub records: u64,
    /// Keys that were compared.
    pub keys: u64,
    /// What differs.
    pub differences: Vec<Difference>,
    /// Keys that differ beside these, and were not looked at more closely.
    pub more: u64,
    /// Keys that changed all the while, so that nothing can be said of them.
    pub moving: Vec<String>,
    /// Whether the service was at work: effects of it were not on the log yet.
    pub at_work: bool,
}

impl Findings {
    /// Whether Redis is what the log says.
    #[must_use]
    pub fn is_well(&self) -> bool {
        self.differences.is_empty() && self.more == 0 && self.moving.is_empty()
    }
}

/// A key that differs.
struct Suspect {
    redis: Entries,
    log: Entries,
    since: Instant,
}

/// Two sides of the same keys.
struct Sides {
    live: (ConnectionManager, String),
    beside: (ConnectionManager, String),
    rules: Rules,
}

impl Verification {
    /// Compares. `refold` has folded nothing yet.
    ///
    /// # Errors
    /// When a server does not answer, or the service has no live state.
    pub async fn of(self, service: &str, refold: &mut Refold) -> Result<Findings> {
        let clock = Clock::system();
        let generation = refold.standing().await?.generation;
        let generation = generation
            .with_context(|| format!("{service} has no live state: it is rebuilt, or has never been"))?;
        refold.adopt().await?;
        refold.go_on(clock.now()).await?;
        let mut sides = Sides::of(refold);
        let (keys, mut suspects, more) = sides.scan(refold).await?;
        let deadline = Instant::now() + self.patience;
        while suspects.values().any(|suspect| suspect.since.elapsed() < self.settle)
            && Instant::now() < deadline
        {
            tokio::time::sleep(BETWEEN).await;
            refold.go_on(clock.now()).await?;
            sides.look_again(&mut suspects).await?;
        }
        let (mut differences, at_work) = offsets(refold).await?;
        let (still, moving): (BTreeMap<_, _>, BTreeMap<_, _>) =
            suspects.into_iter().partition(|(_, suspect)| suspect.since.elapsed() >= self.settle);
        for (key, Suspect { redis, log, .. }) in &still {
            differences.extend(sides.rules.differences(key, redis, log));
        }
        ensure!(
            refold.standing().await?.generation == Some(generation),
            "{service} has rebuilt its state meanwhile: verify again"
        );
        let records = refold.progress().folded();
        let moving = moving.keys().map(|key| String::from_utf8_lossy(key).into_owned()).collect();
        Ok(Findings {
            service: service.to_owned(),
            generation,
            records,
            keys,
            differences,
            more,
            moving,
            at_work,
        })
    }
}

/// Where effects are applied less far than the group has committed, and whether they are further somewhere.
async fn offsets(refold: &Refold) -> Result<(Vec<Difference>, bool)> {
    let both = refold.applied_and_committed().await?;
    let at_work = both.values().any(|(applied, committed)| applied > committed);
    let behind = both.into_iter().filter(|(_, (applied, committed))| applied < committed);
    let behind = behind.map(|(place, (applied, committed))| Difference {
        key: "applied".to_owned(),
        field: Some(place),
        redis: Some(applied.to_string()),
        log: Some(committed.to_string()),
    });
    Ok((behind.collect(), at_work))
}

impl Sides {
    fn of(refold: &Refold) -> Self {
        let side = |state: &orderflow::state::State| (state.redis(), state.key(""));
        Self {
            live: side(refold.live()),
            beside: side(refold.beside().state()),
            rules: Rules::of(refold.fold().beyond_the_log()),
        }
    }

    /// All keys of both sides: how many there are, those that differ, and how many more do.
    async fn scan(&mut self, refold: &Refold) -> Result<(u64, BTreeMap<Vec<u8>, Suspect>, u64)> {
        let (mut keys, mut suspects, mut more) = (0, BTreeMap::new(), 0);
        for is_live in [true, false] {
            let (mut redis, stem) = if is_live { self.live.clone() } else { self.beside.clone() };
            let mut cursor = 0u64;
            loop {
                let mut scan = redis::cmd("SCAN");
                scan.arg(cursor).arg("MATCH").arg(format!("{stem}*")).arg("COUNT").arg(PAGE);
                let (next, page): (u64, Vec<Vec<u8>>) = scan.query_async(&mut redis).await?;
                let page: BTreeSet<Vec<u8>> =
                    page.iter().filter_map(|key| Some(key.strip_prefix(stem.as_bytes())?.to_vec())).collect();
                let page: Vec<Vec<u8>> = page.into_iter().filter(|key| !self.rules.pass_over(key)).collect();
                let both = self.look(&page).await?;
                for (key, redis, log, agree) in both {
                    // What both have is counted, and compared, when the live keys are walked through.
                    if !is_live && !redis.is_empty() {
                        continue;
                    }
                    keys += 1;
                    if agree {
                        continue;
                    }
                    if suspects.len() < MOST {
                        suspects.insert(key, Suspect { redis, log, since: Instant::now() });
                    } else {
                        more += 1;
                    }
                }
                refold.beside().keep().await?;
                cursor = next;
                if cursor == 0 {
                    break;
                }
            }
        }
        Ok((keys, suspects, more))
    }

    /// Those that agree now are none any more; of those that have changed, the time begins anew.
    async fn look_again(&mut self, suspects: &mut BTreeMap<Vec<u8>, Suspect>) -> Result<()> {
        let keys: Vec<Vec<u8>> = suspects.keys().cloned().collect();
        for page in keys.chunks(PAGE) {
            for (key, redis, log, agree) in self.look(page).await? {
                let Some(suspect) = suspects.get_mut(&key) else { continue };
                if agree {
                    suspects.remove(&key);
                } else if suspect.redis != redis || suspect.log != log {
                    *suspect = Suspect { redis, log, since: Instant::now() };
                }
            }
        }
        Ok(())
    }

    /// What both have of these keys, and whether they agree.
    async fn look(&mut self, keys: &[Vec<u8>]) -> Result<Vec<(Vec<u8>, Entries, Entries, bool)>> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let named =
            |stem: &str| -> Vec<Vec<u8>> { keys.iter().map(|key| [stem.as_bytes(), key].concat()).collect() };
        let (here, there) = (named(&self.live.1), named(&self.beside.1));
        // The log first: what Redis has is never older then than what it is compared with.
        let log = read(&mut self.beside.0, &there).await?;
        let redis = read(&mut self.live.0, &here).await?;
        if redis.len() != keys.len() || log.len() != keys.len() {
            bail!("Redis has answered fewer keys than it was asked for");
        }
        let mut both = Vec::with_capacity(keys.len());
        for (((key, redis), log), names) in keys.iter().zip(redis).zip(log).zip(here.iter().zip(&there)) {
            let mut agree = self.rules.agree(key, &redis, &log, -1);
            if !agree && redis.is_empty() != log.is_empty() {
                let (side, name) =
                    if log.is_empty() { (&mut self.live.0, names.0) } else { (&mut self.beside.0, names.1) };
                let life = lives(side, std::slice::from_ref(name)).await?.pop().unwrap_or(-1);
                agree = self.rules.agree(key, &redis, &log, life);
            }
            both.push((key.clone(), redis, log, agree));
        }
        Ok(both)
    }
}
