//! Promises of this service, by subject. Those that need Redis start one, or say that they were skipped.

mod cancels;
mod erasure;
mod events;
mod fixture;
mod flow;
mod following;
mod labels;
mod lists;
mod openapi;
mod page;
mod put_aside;
mod reviews;
mod showing;
mod stories;
mod timelines;
