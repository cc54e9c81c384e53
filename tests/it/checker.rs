//! The checker of the fault matrix: it has nothing to say of what is right, and names what is wrong.

mod lives;
mod story;
mod wrong;
