//! What fraud scoring promises: scenarios through the rules, and the state on a real Redis.
#![allow(missing_docs)]

#[cfg(test)]
mod honest;
#[cfg(test)]
mod readme;
#[cfg(test)]
mod rebuild;
#[cfg(test)]
mod repeats;
#[cfg(test)]
mod scenarios;
#[cfg(test)]
mod support;
#[cfg(test)]
mod windows;
