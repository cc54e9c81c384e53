//! A shop under a load, with faults from a seeded schedule, and what is left of it for a checker.

pub mod evidence;
