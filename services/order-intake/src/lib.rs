//! Takes orders in over HTTP, and answers each once it is durable. See this folder's README.
//!
//! The way of a request: [`routes`] → [`place_order`] → [`orderflow::http::body`] and [`request`] (parse) → [`accept`] (claim, publish,
//! answer), which asks for a draft: [`validate`] → [`price`] → [`domain`].

mod accept;
mod activity;
mod activity_request;
mod catalogue;
mod catalogue_file;
mod claims;
mod config;
mod country;
mod domain;
mod files;
mod fold;
mod hashes;
mod idempotency;
mod intake;
mod limits;
mod meters;
mod network;
mod operator;
mod order_id;
mod outbox;
mod place_order;
mod price;
mod problem_kind;
mod request;
mod routes;
mod seeds;
mod stock;
#[cfg(test)]
mod tests;
mod validate;
mod wire;

pub use config::Settings;
pub use files::Files;
pub use fold::RestoreClaims;
pub use wire::wire;
