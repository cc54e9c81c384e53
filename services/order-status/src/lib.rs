//! The read side: folds the events of every order into one timeline, and serves it; takes the commands that need an
//! order's state. See this folder's README.
//!
//! The way in: [`on_event`] → [`words`] and [`entry`] (what an event says) → [`timelines`] (one script a batch).
//! Who could not handle what: [`on_dead_letter`] → [`put_aside`] → the same script.
//! What operators have done about that: [`on_operator_act`] → [`acts`] → the same script.
//! Who was erased: [`on_customer_erased`] → [`erased`], looked up on the way out.
//! What passes, and what is wrong: [`flow`], which counts on the way in and hears of [`on_breaker_moved`].
//! The way out: [`routes`] → [`show_order`], [`list_orders`], [`order_events`], [`reviews`] → [`timelines`] and
//! [`order`], line by line ([`line`]), for [`staff`] with what only the log says ([`records`]), and as an
//! [`audit_record`]. Commands begin as [`asked`]: [`cancel_order`] and [`decide_review`] → [`commands`] → the log, and back
//! through the way in;
//! [`dead_letters`] → `orderflow_letters` → the groups' own topics and `audit`.
//! [`models`] → `orderflow_versions` → `models` and `models.state`.
//! [`page`]: the control tower, a web page that asks the same routes.
//! [`label_order`] (by what [`parties`] keeps of an order) → [`commands`] → the log.

mod acts;
mod asked;
mod audit_record;
mod cancel_order;
mod changes;
mod commands;
mod config;
mod dead_letters;
mod decide_review;
mod desk;
mod entry;
mod erased;
mod flow;
mod fold;
mod label_order;
mod line;
mod list_orders;
mod log_end;
mod meters;
mod models;
mod on_breaker_moved;
mod on_customer_erased;
mod on_dead_letter;
mod on_event;
mod on_operator_act;
mod order;
mod order_events;
mod page;
mod parties;
mod problem_kind;
mod put_aside;
mod records;
mod reviews;
mod routes;
mod show_order;
mod staff;
#[cfg(test)]
mod tests;
mod timelines;
mod wire;
mod words;

pub use audit_record::AuditRecord;
pub use config::Settings;
pub use entry::Factors;
pub use fold::RestoreTimelines;
pub use line::{Decision, ForStaff, Line, Shadow, millis};
pub use on_breaker_moved::OnBreakerMoved;
pub use on_customer_erased::OnCustomerErased;
pub use on_dead_letter::OnDeadLetter;
pub use on_event::{OnEvent, OrderEvent};
pub use on_operator_act::{OnOperatorAct, OperatorAct};
pub use order::names;
pub use staff::words;
pub use wire::wire;
