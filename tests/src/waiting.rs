//! Waiting for a condition: never for a time.

use std::{
    fmt::Display,
    time::{Duration, Instant},
};

/// Far beyond what anything takes on an idle machine; this is for one that also compiles.
pub const PATIENCE: Duration = Duration::from_secs(120);
/// How often to look.
const GLANCE: Duration = Duration::from_millis(25);

/// Looks until `look` finds what it looks for; it says what it sees instead.
///
/// # Panics
/// After [`PATIENCE`], with what was seen last.
pub async fn eventually<T, E: Display>(what: &str, mut look: impl AsyncFnMut() -> Result<T, E>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match look().await {
            Ok(found) => return found,
            Err(seen) => {
                assert!(
                    Instant::now() < deadline,
                    "waited {PATIENCE:?} in vain for {what}; seen last: {seen}"
                );
            }
        }
        tokio::time::sleep(GLANCE).await;
    }
}
