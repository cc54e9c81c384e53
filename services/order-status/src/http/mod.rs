//! What every HTTP route stands on: who calls, within which limits, and how a refusal looks.

pub mod body;
pub mod correlation;
pub mod kind;
pub mod limits;
pub mod meters;
pub mod mistakes;
mod object;
pub mod principal;
pub mod problem;
pub mod staff;
