//! The checker of the fault matrix: it has nothing to say of what is right, and names what is wrong.

mod caught;
mod day;
mod lives;
mod real;
mod story;
mod trouble;
mod way;
mod wrong;
