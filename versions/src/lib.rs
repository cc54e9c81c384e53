//! The versions of the fraud model: what is published, which of them serve, what changes that. The command line and
//! order-status stand on it.
//!
//! | module | answers |
//! |---|---|
//! | [`known`] | what the topics say of the versions |
//! | [`change`] | what becomes of the state when an operator asks for something |
//! | [`operate`] | a change, carried out |
//! | [`ledger`] | how it is written: the event and the state, both or neither |
//! | [`numbers`], [`gather`] | how a version that is tried compares with what decides |
//! | [`gate`] | what a version must do before it is promoted |

pub mod change;
pub mod gate;
pub mod gather;
pub mod known;
pub mod ledger;
pub mod numbers;
pub mod operate;

pub use change::{Asked, Change};
pub use gate::{Gate, Judgement};
pub use gather::Evidence;
pub use known::Known;
pub use ledger::Ledger;
pub use numbers::Numbers;
pub use operate::{Changed, Refusal, Wish, carry_out};

/// The model these are about.
pub const MODEL: &str = "fraud";
