//! Dead letters beside the order's path: those of other systems, and too many of ours.

mod foreign;
mod stop_limit;
