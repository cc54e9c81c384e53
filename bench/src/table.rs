//! The table in which everything that was measured stands side by side.

use comfy_table::{CellAlignment, ContentArrangement, LineStyle, Table, TableStyle};

use crate::Timing;

/// One line under the header is all the decoration a log can take.
const STYLE: TableStyle = TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));

/// Rows of one measurement, to be printed at its end.
#[derive(Debug)]
pub struct Report(Table);

impl Report {
    /// An empty one, about this.
    #[must_use]
    pub fn new(about: &str) -> Self {
        let mut table = Table::new();
        table.load_style(STYLE).set_content_arrangement(ContentArrangement::Dynamic);
        table.set_header([about, "batch", "p50 µs", "p99 µs", "p50 µs an order", "orders/s"]);
        for column in table.column_iter_mut().skip(1) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        Self(table)
    }

    /// Adds what was measured with batches of this size, at so many orders a second.
    pub fn row(&mut self, what: &str, batch: u32, timing: &Timing, per_second: f64) {
        let median = timing.micros(0.5);
        self.0.add_row([
            what.to_owned(),
            batch.to_string(),
            format!("{median:.1}"),
            format!("{:.1}", timing.micros(0.99)),
            format!("{:.2}", median / f64::from(batch)),
            format!("{per_second:.0}"),
        ]);
    }
}

impl std::fmt::Display for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}
