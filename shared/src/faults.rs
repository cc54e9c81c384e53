//! Places where a test can kill the process. Only with the feature `faults`; otherwise nothing is left of them.

/// Where a process can be killed: a batch passes the first four in this order, a request the last.
pub const POINTS: [&str; 5] =
    ["after_effects", "before_produce", "before_commit", "after_commit", "after_publish"];

#[cfg(feature = "faults")]
mod armed {
    use std::sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    };

    static ANY: AtomicBool = AtomicBool::new(false);
    static POINT: Mutex<Option<(String, u32)>> = Mutex::new(None);

    /// Kills this process the `passes`-th time it comes to `point`.
    pub fn arm(point: &str, passes: u32) {
        *POINT.lock().unwrap_or_else(PoisonError::into_inner) = Some((point.to_owned(), passes));
        ANY.store(true, Ordering::SeqCst);
    }

    /// Dies here when a test has asked for it: no destructor runs, as under `kill -9`.
    pub fn point(name: &str) {
        if !ANY.load(Ordering::Relaxed) {
            return;
        }
        let mut armed = POINT.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, passes)) = armed.as_mut().filter(|(point, _)| point == name) {
            *passes = passes.saturating_sub(1);
            if *passes == 0 {
                std::process::abort();
            }
        }
    }
}

#[cfg(feature = "faults")]
pub use armed::{arm, point};

/// Nothing: this build has no kill points.
#[cfg(not(feature = "faults"))]
#[inline]
pub fn point(_name: &str) {}
