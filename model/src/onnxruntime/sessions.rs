//! Sessions of one model, as many as there are cores.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};

use ort::session::Session;
use ort::value::TensorRef;

use super::OnnxRuntime;

/// A core more than this has no session of its own: each takes some 2 MB.
const MOST: usize = 16;

/// A pool of them, since one session scores for one caller at a time.
#[derive(Debug)]
pub(crate) struct Sessions {
    pool: Vec<Mutex<Session>>,
    next: AtomicUsize,
    features: usize,
}

impl Sessions {
    /// Opens a session per core from the model's bytes. Each uses its caller's thread alone: a forest is scored in
    /// microseconds, and threads that wait for each other cost more.
    pub(crate) fn open(library: &OnnxRuntime, model: &[u8], features: usize) -> ort::Result<Self> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from).min(MOST);
        let open = |_| -> ort::Result<Mutex<Session>> {
            let session = Session::builder(&library.environment)?
                .with_intra_threads(1)?
                .with_inter_threads(1)?
                .commit_from_memory(model)?;
            Ok(Mutex::new(session))
        };
        let pool = (0..cores).map(open).collect::<ort::Result<Vec<_>>>()?;
        Ok(Self { pool, next: AtomicUsize::new(0), features })
    }

    /// The scores of whole rows, in one run. The model has one input and one output, each a float tensor: its reader made
    /// sure.
    pub(crate) fn score(&self, rows: &[f32]) -> ort::Result<Vec<f32>> {
        let input = TensorRef::from_array_view(([rows.len() / self.features, self.features], rows))?;
        let mut session = self.free();
        let outputs = session.run(ort::inputs![input])?;
        match outputs.values().next() {
            Some(output) => Ok(output.try_extract_tensor::<f32>()?.1.to_vec()),
            None => Ok(Vec::new()),
        }
    }

    /// A session nobody uses, or the turn at one.
    fn free(&self) -> MutexGuard<'_, Session> {
        let first = self.next.fetch_add(1, Ordering::Relaxed);
        let session = |turn: usize| &self.pool[first.wrapping_add(turn) % self.pool.len()];
        let free = (0..self.pool.len()).find_map(|turn| match session(turn).try_lock() {
            Ok(free) => Some(free),
            // Its last caller panicked; the session has no state of ours.
            Err(TryLockError::Poisoned(free)) => Some(free.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        });
        free.unwrap_or_else(|| session(0).lock().unwrap_or_else(PoisonError::into_inner))
    }
}
