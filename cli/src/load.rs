//! Orders of simulated customers, or of a file of invoices, sent on schedule whatever the answers do.
//!
//! The load is open: customers do not wait for each other, so a slow server meets a queue, not politeness. Latency
//! counts from the moment an order was due, not from when it could be sent: a stall shows in full (what is known as
//! coordinated omission is what a closed loop would hide).

mod bank;
mod customers;
mod desk;
mod plan;
mod send;
mod shop;
mod summary;

pub use bank::{Bank, Chargebacks};
pub(crate) use customers::Customer;
pub use desk::{Cancelled, Desk, End};
pub use plan::{Kind, Mix, Shot, plan};
pub use send::{Answer, Outcome, client, send};
pub use shop::{Product, Shop};
pub use summary::{Latency, Percentiles, Summary};
