//! Recommendation: learns which products are bought and viewed together, and says what to show to whom. See this folder's
//! README.
//!
//! The way in: [`on_order_placed`], [`on_product_viewed`], [`on_cart_updated`] → [`lesson`] (what an event teaches) →
//! [`recommender`] → [`associations`] (one script learns and looks) → [`ranking`] (pure) → [`associations`] (one script
//! keeps what is said). The way out: `routes` → the same look and the same ranking.
//!
//! [`decay`], [`ranking`] and [`memory`] are without Redis: what `orderflow models evaluate recommendation` judges.

pub mod associations;
mod config;
pub mod decay;
pub mod desk;
pub mod evidence;
pub mod fold;
pub mod lesson;
pub mod limits;
pub mod memory;
mod meters;
pub mod on_cart_updated;
pub mod on_order_placed;
pub mod on_product_viewed;
pub mod problem_kind;
pub mod ranking;
mod recommend;
pub mod recommender;
mod related;
pub mod routes;
mod wire;

pub use config::Settings;
pub use wire::wire;
