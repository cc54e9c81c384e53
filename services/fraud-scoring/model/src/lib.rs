//! What the fraud model is trained from, and with.
//!
//! | module | answers |
//! |---|---|
//! | [`simulate`] | who orders what when, which of it is fraud, and when anybody hears of it |
//! | [`features`] | what the service would have known of each order |
//! | [`recorded`] | which orders of the log train, by what was learned of them |
//! | [`table`] | orders, features and labels as a file |
//! | [`transactions`] | any other table of transactions, to try the training on |
//! | [`training`] | the training itself: Python, carried inside this crate |

pub mod features;
pub mod recorded;
pub mod simulate;
pub mod table;
pub mod training;
pub mod transactions;
