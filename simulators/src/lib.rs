//! A payment gateway and a parcel carrier to build and test against.
//!
//! Each is a process of its own with a ledger in a file, so that what was charged or shipped
//! survives anything that happens to the programs that call it. Both are the same machine with
//! different decisions inside:
//!
//! | part | answers |
//! |---|---|
//! | [`ledger`] | what a line is, how a file is read and opened |
//! | [`journal`] | how a line becomes durable (one fsync for all that wait) |
//! | [`book`] | what the lines so far say: the index in memory |
//! | [`desk`] | one request: key, faults, decision, durable line, answer |
//! | [`call`], [`claims`], [`reply`] | its pieces: what came, whose turn it is, what goes back |
//! | [`faults`], [`fate`] | the switches, and what they do to one request |
//! | [`server`] | listening, the routes both share, stopping |
//! | [`gateway`], [`carrier`] | the decisions, and the shape of their answers |
//!
//! To check what happened from outside, read the ledgers: [`gateway::read_ledger`] and
//! [`carrier::read_ledger`] work on the file of a running process too.

pub mod book;
pub mod call;
pub mod carrier;
pub mod claims;
pub mod clock;
pub mod desk;
pub mod fate;
pub mod faults;
pub mod gateway;
pub mod journal;
pub mod ledger;
pub mod reply;
pub mod server;
