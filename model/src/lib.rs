//! Runs a tree model inside a service: reads it, verifies it, scores with it, explains its scores, replaces it.
//!
//! | module | answers |
//! |---|---|
//! | [`package`] | a model's folder, verified as a whole, and ready to score |
//! | [`slot`] | which version serves, and which did before |
//! | [`store`] | where published versions are kept |
//! | [`manifest`], [`golden`] | what stands beside a model, and what it must score |
//! | [`onnx`] | the model's file |
//! | [`drift`] | how far numbers have moved away from those of training |
//! | [`forest`] | the trees: the built-in engine, and exact reasons |
//! | [`engines`], [`onnxruntime`] | which engine scores; ONNX Runtime's library |
//!
//! Nothing here knows which model it is. README.md beside this crate describes the files for those who write them.
//!
//! Invariants:
//! - What serves was verified from the very bytes it was loaded from.
//! - Both engines scored the golden rows to 1e-6, wherever both are.
//! - No file makes this crate panic, nor take memory out of proportion to its size.

pub mod drift;
pub mod engines;
mod files;
pub mod forest;
pub mod golden;
pub mod manifest;
pub mod onnx;
pub mod onnxruntime;
pub mod package;
pub mod slot;
pub mod store;

pub use engines::{Choice, Engine, Engines};
pub use files::{FileError, Sha256};
pub use forest::{Explanation, Forest};
pub use manifest::Manifest;
pub use package::{Expected, Package, PackageError, ScoreError};
pub use slot::Slot;
pub use store::ModelStore;
