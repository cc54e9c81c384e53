//! Whether orders, and what the live version says of them, still are what they were in training; and who decides when not.
//!
//! | file | answers |
//! |---|---|
//! | [`settings`] | from which distance on what happens |
//! | [`window`] | what the newest orders were like: counts, no orders |
//! | [`level`] | how far away that is, without flickering |
//! | [`watch`] | measuring what is scored, telling what has moved, and saying when another should decide |
//! | [`telling`] | metrics, log, readiness and `models` |
//!
//! Each instance measures the orders it scores. Orders are spread over partitions by a hash of their id, so what two
//! instances see are samples of the same stream, and both come to the same within a slice of a window or two. Nothing is
//! kept over a restart: until there are enough orders again, the model decides.

pub mod level;
pub mod settings;
pub mod telling;
pub mod watch;
pub mod window;

pub use level::Level;
pub use settings::{Action, DriftSettings};
pub use watch::Watch;

/// Why another decides, as decisions tell it: what is scored, or the scores, are far from those of training.
pub const DRIFT: &str = "drift";
/// The version says the same of every order, however they differ.
pub const SAME_SCORE: &str = "same_score";
/// What the scores are called beside the features.
pub const SCORE: &str = "score";
