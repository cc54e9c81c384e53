//! Tables as every command prints them.

use comfy_table::{ContentArrangement, LineStyle, Row, Table, TableStyle};

/// One line under the header is all the decoration a log can take.
const STYLE: TableStyle = TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));

/// An empty table with this header, as wide as the terminal at most.
pub(super) fn table(header: impl Into<Row>) -> Table {
    let mut table = Table::new();
    table.load_style(STYLE).set_content_arrangement(ContentArrangement::Dynamic).set_header(header);
    table
}
