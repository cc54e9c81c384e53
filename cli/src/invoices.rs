//! A shop's invoices as a file, and what becomes of them here: one row per invoice line, in the column layout of the
//! Online Retail data set (Chen, D. (2015), UCI Machine Learning Repository, doi:10.24432/C5BW33). docs/invoices.md says
//! what becomes of what, and why.
//!
//! | part | answers |
//! |---|---|
//! | `read`, `row` | the file row by row: CSV with a header, plain or gzip |
//! | `meaning` | what a row is: a sale, goods taken back, or neither |
//! | `country` | which country a name means |
//! | `books` | rows gathered to invoices |
//! | `catalogue` | which SKU a stock code at a price is, and the catalogue that sells them |
//! | `buyer` | a made-up person for each buyer |
//! | `orders` | which order a cancellation takes back |
//! | `plan` | invoices as requests, each with its moment |
//! | `replay`, `report` | sent; what became of them |

mod books;
mod buyer;
mod catalogue;
mod country;
mod meaning;
mod orders;
mod plan;
mod read;
mod replay;
mod report;
mod row;

pub use books::{Books, Item, Period, Return, Sale};
pub use catalogue::{Catalogue, SkuOf};
pub use meaning::{Meaning, Other, meaning};
pub use plan::{NOT_FOR_SALE, Pace, Plan, plan};
pub use read::{Rows, read, read_from};
pub use replay::replay;
pub use report::{Fate, Report};
pub use row::Row;
