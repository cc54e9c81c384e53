//! What recommendation promises: the maths in memory, the state on a real Redis.
#![allow(missing_docs)]

#[cfg(test)]
mod answers;
#[cfg(test)]
mod bounds;
#[cfg(test)]
mod rebuild;
#[cfg(test)]
mod routes;
#[cfg(test)]
mod support;
#[cfg(test)]
mod twin;
