//! What fraud scoring promises: scenarios through the rules, and the state on a real Redis.
#![allow(missing_docs)]

#[cfg(test)]
mod deadlines;
#[cfg(test)]
mod held;
#[cfg(test)]
mod held_rebuild;
#[cfg(test)]
mod honest;
#[cfg(test)]
mod labels;
#[cfg(test)]
mod readme;
#[cfg(test)]
mod rebuild;
#[cfg(test)]
mod repeats;
#[cfg(test)]
mod reviews;
#[cfg(test)]
mod scenarios;
#[cfg(test)]
mod shadow;
#[cfg(test)]
mod support;
#[cfg(test)]
mod upgrade;
#[cfg(test)]
mod vectors;
#[cfg(test)]
mod windows;
