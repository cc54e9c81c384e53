//! Dead letters beside the order's path: those of other systems, and too many of ours.

mod foreign;
mod over_http;
mod stop_limit;
