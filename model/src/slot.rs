//! The version in use, and the one before it.

use std::sync::Arc;

use arc_swap::ArcSwap;

/// Holds what serves, to be replaced while it serves. Readers never wait, and a reader goes on with the version it has
/// got until it lets go of it: nobody sees parts of two.
#[derive(Debug)]
pub struct Slot<T>(ArcSwap<Versions<T>>);

#[derive(Debug)]
struct Versions<T> {
    current: Arc<T>,
    previous: Option<Arc<T>>,
}

impl<T> Slot<T> {
    /// Begins with this version; there is none before it.
    #[must_use]
    pub fn new(current: T) -> Self {
        Self(ArcSwap::from_pointee(Versions { current: Arc::new(current), previous: None }))
    }

    /// What serves now. Take it once per batch.
    #[must_use]
    pub fn current(&self) -> Arc<T> {
        Arc::clone(&self.0.load().current)
    }

    /// What [`Slot::rollback`] would go back to.
    #[must_use]
    pub fn previous(&self) -> Option<Arc<T>> {
        self.0.load().previous.clone()
    }

    /// Puts the next version in use and keeps the one it replaces, which is returned; the one before that goes.
    pub fn swap(&self, next: T) -> Arc<T> {
        let next = Arc::new(next);
        let replace = |now: &Arc<Versions<T>>| Versions {
            current: Arc::clone(&next),
            previous: Some(Arc::clone(&now.current)),
        };
        Arc::clone(&self.0.rcu(replace).current)
    }

    /// Goes back to the previous version, which is returned; `None`, and nothing changes, when there is none. What was
    /// rolled back is gone: a second rollback must not bring it back.
    pub fn rollback(&self) -> Option<Arc<T>> {
        let back = |now: &Arc<Versions<T>>| match &now.previous {
            Some(previous) => Arc::new(Versions { current: Arc::clone(previous), previous: None }),
            None => Arc::clone(now),
        };
        self.0.rcu(back).previous.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rollback_goes_back_once_and_never_forth() {
        let slot = Slot::new(1);
        assert!(slot.rollback().is_none() && *slot.current() == 1);
        assert_eq!(*slot.swap(2), 1);
        assert_eq!(*slot.swap(3), 2);
        assert_eq!((*slot.current(), slot.previous().as_deref()), (3, Some(&2)));
        assert_eq!(slot.rollback().as_deref(), Some(&2));
        assert_eq!((*slot.current(), slot.previous()), (2, None));
        assert!(slot.rollback().is_none() && *slot.current() == 2);
    }

    #[test]
    fn a_reader_keeps_the_version_it_took() {
        let slot = Slot::new(1);
        let held = slot.current();
        slot.swap(2);
        slot.swap(3);
        assert_eq!((*held, *slot.current()), (1, 3));
    }

    #[test]
    fn swaps_from_many_threads_replace_each_version_once() {
        let slot = Slot::new(0);
        let (threads, swaps) = (4, 1_000);
        let mut seen: Vec<i32> = std::thread::scope(|scope| {
            let swap = |thread: i32| {
                let slot = &slot;
                scope
                    .spawn(move || (0..swaps).map(|n| *slot.swap(1 + thread * swaps + n)).collect::<Vec<_>>())
            };
            let running: Vec<_> = (0..threads).map(swap).collect();
            running.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
        });
        seen.push(*slot.current());
        seen.sort_unstable();
        assert_eq!(seen, (0..=threads * swaps).collect::<Vec<_>>());
    }
}
