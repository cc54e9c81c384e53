//! Promises of this service, by subject. Those that need Redis start one, or say that they were skipped.

mod activity;
mod catalogue;
mod claims;
mod durability;
mod errors;
mod fixture;
mod hashing;
mod orders;
mod pricing;
mod restoring;
mod shedding;
mod stock;
mod validation;
