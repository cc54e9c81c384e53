//! Places where a test can kill the process, have it fail, or plant a bug. Only with the feature `faults`; otherwise
//! nothing is left of them.

pub mod plant;

pub use plant::{Plant, planted};

/// Where a process can be killed: a batch passes the first six in this order (exactly-once), one of waiting records
/// `after_drain` too, a request `after_publish`, a rebuild `rebuilding` after each batch that it has folded; each script
/// in Redis and each call of the gateway or carrier has a point on either side.
pub const POINTS: [&str; 13] = [
    "after_effects",
    "before_produce",
    "after_produce",
    "after_offsets",
    "before_commit",
    "after_commit",
    "after_drain",
    "after_publish",
    "rebuilding",
    "before_script",
    "after_script",
    "before_call",
    "after_call",
];

#[cfg(feature = "faults")]
mod armed {
    use std::{
        collections::BTreeSet,
        sync::{
            Mutex, PoisonError,
            atomic::{AtomicBool, Ordering},
        },
    };

    /// What happens at a point.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
    #[serde(rename_all = "lowercase")]
    pub enum Action {
        /// The process dies, as under `kill -9`.
        Kill,
        /// What is done there fails, once.
        Fail,
    }

    static ANY: AtomicBool = AtomicBool::new(false);
    static POINT: Mutex<Option<(String, u32, Action)>> = Mutex::new(None);
    static REFUSED: Mutex<BTreeSet<Vec<u8>>> = Mutex::new(BTreeSet::new());

    /// Has `action` happen the `passes`-th time this process comes to `point`.
    pub fn arm(point: &str, passes: u32, action: Action) {
        *POINT.lock().unwrap_or_else(PoisonError::into_inner) = Some((point.to_owned(), passes, action));
        ANY.store(true, Ordering::SeqCst);
    }

    /// Dies here when a test has asked for it: no destructor runs, as under `kill -9`.
    pub fn point(name: &str) {
        if comes(name, Action::Kill) {
            std::process::abort();
        }
    }

    /// Whether what is done here must fail now, since a test has asked for it.
    pub fn fails(name: &str) -> bool {
        comes(name, Action::Fail)
    }

    /// Has every record with this key or event id, and every run of the model's version of this name, refused from now
    /// on, or no longer.
    pub fn refuse(key: &[u8], refused: bool) {
        let mut keys = REFUSED.lock().unwrap_or_else(PoisonError::into_inner);
        if refused {
            keys.insert(key.to_vec())
        } else {
            keys.remove(key)
        };
    }

    /// Whether a test wants what has one of these names refused.
    pub fn refuses<'r>(names: impl FnOnce() -> [&'r [u8]; 2]) -> bool {
        let refused = REFUSED.lock().unwrap_or_else(PoisonError::into_inner);
        !refused.is_empty() && names().iter().any(|name| refused.contains(*name))
    }

    /// Counts a pass; whether it is the one that was asked for.
    fn comes(name: &str, action: Action) -> bool {
        if !ANY.load(Ordering::Relaxed) {
            return false;
        }
        let mut armed = POINT.lock().unwrap_or_else(PoisonError::into_inner);
        let Some((_, passes, _)) = armed.as_mut().filter(|(point, _, does)| point == name && *does == action)
        else {
            return false;
        };
        *passes = passes.saturating_sub(1);
        let now = *passes == 0;
        if now {
            *armed = None;
        }
        now
    }
}

#[cfg(feature = "faults")]
pub use armed::{Action, arm, fails, point, refuse, refuses};

/// Nothing: this build has no kill points.
#[cfg(not(feature = "faults"))]
#[inline]
pub fn point(_name: &str) {}

/// Never: this build refuses nothing for a test's sake.
#[cfg(not(feature = "faults"))]
#[inline]
pub fn refuses<'r>(_names: impl FnOnce() -> [&'r [u8]; 2]) -> bool {
    false
}

/// Never: this build has no points that fail.
#[cfg(not(feature = "faults"))]
#[inline]
pub fn fails(_name: &str) -> bool {
    false
}
