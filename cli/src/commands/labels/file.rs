//! `orderflow label file`: many labels at once, such as a bank's list of chargebacks.

use std::{io::Read, path::PathBuf};

use anyhow::{Context, Result, anyhow, bail, ensure};
use clap::{Args, ValueEnum};
use csv::{Position, ReaderBuilder, StringRecord};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use super::{Said, Source};
use crate::commands::{print, print_json, status::Status};

const EXAMPLES: &str = "\
Example:
  orderflow label file chargebacks.csv --by ada

The file is CSV with a header, which names these columns in any sequence; others are passed over:
  order_id,fraud,source,reason,labelled_at
  0199d2c4-8a6e-7c31-b1f6-1c9d6c0a9f10,true,chargeback,10.4,2026-11-20T09:30:00Z

fraud is `true` or `false`; source is `chargeback`, `analyst` or `customer`; labelled_at, which may be missing, says when
it was learned. Nothing is sent unless every row can be read. Rows that order-status refuses are told at the end, and the
exit code is 1 then. Sending a file again changes nothing; without labelled_at, unless an order was labelled otherwise
since.";

/// What the header must name.
const COLUMNS: [&str; 4] = ["order_id", "fraud", "source", "reason"];
/// What it may name: an empty field is none.
const WHEN: &str = "labelled_at";

/// Passes on all labels of a file.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::commands) struct File {
    /// The file.
    file: PathBuf,
    /// Who says so; with a token, its subject does.
    #[arg(long)]
    by: Option<String>,
    #[command(flatten)]
    status: Status,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

/// One label of a file.
#[derive(Debug, PartialEq, Eq)]
struct Row {
    line: u64,
    said: Said,
}

/// Where the columns are.
#[derive(Debug, Clone, Copy)]
struct Columns {
    needed: [usize; 4],
    when: Option<usize>,
}

impl File {
    pub(super) async fn run(self) -> Result<bool> {
        let name = self.file.display().to_string();
        let file = std::fs::File::open(&self.file).with_context(|| format!("{name} cannot be opened"))?;
        let rows = rows(&name, file)?;
        ensure!(!rows.is_empty(), "{name} has no labels");
        let (sent, refused) = self.send(&rows).await?;
        if self.json {
            let refused: Vec<_> =
                refused.iter().map(|(line, why)| json!({ "line": line, "why": why })).collect();
            print_json(&json!({ "labelled": sent, "refused": refused }))?;
        } else {
            print(format!("{sent} orders labelled, {} refused", refused.len()))?;
            refused.iter().try_for_each(|(line, why)| print(format!("{name}, line {line}: {why}")))?;
        }
        Ok(refused.is_empty())
    }

    /// How many labels were taken, and lines with why theirs were not.
    async fn send(&self, rows: &[Row]) -> Result<(usize, Vec<(u64, String)>)> {
        let bar = ProgressBar::new(rows.len() as u64).with_style(style());
        let mut refused = Vec::new();
        for Row { line, said } in rows {
            match said.post(&self.status, self.by.as_deref()).await {
                Ok(_) => {}
                // Nobody answers: the next row would fare no better.
                Err(error) if error.chain().any(|cause| cause.is::<reqwest::Error>()) => {
                    let sent = bar.position();
                    return Err(error.context(format!("line {line}; {sent} rows before it were sent")));
                }
                Err(error) => refused.push((*line, format!("{error:#}"))),
            }
            bar.inc(1);
        }
        bar.finish_and_clear();
        Ok((rows.len() - refused.len(), refused))
    }
}

fn style() -> ProgressStyle {
    ProgressStyle::with_template("{bar:30} {pos}/{len} labelled, {per_sec}, {eta} left")
        .unwrap_or_else(|_| ProgressStyle::default_bar())
}

/// All rows, or the first mistake with its line and column.
fn rows(name: &str, source: impl Read) -> Result<Vec<Row>> {
    let mut reader = ReaderBuilder::new().flexible(true).from_reader(source);
    let header = reader.headers().with_context(|| format!("{name} has no header that can be read"))?;
    // Some programs put a byte order mark in front.
    let named =
        |wanted: &str| header.iter().position(|name| name.trim().trim_start_matches('\u{feff}') == wanted);
    let missing: Vec<&str> = COLUMNS.into_iter().filter(|column| named(column).is_none()).collect();
    if !missing.is_empty() {
        bail!("{name}: the header lacks {}; it must name {}", missing.join(", "), COLUMNS.join(", "));
    }
    let needed = COLUMNS.map(|column| named(column).unwrap_or_default());
    let columns = Columns { needed, when: named(WHEN) };
    let mut rows = Vec::new();
    for record in reader.records() {
        // Its message has the line.
        let record = record.with_context(|| format!("{name} cannot be read on"))?;
        let line = record.position().map_or(0, Position::line);
        let row = row(line, &record, columns);
        rows.push(row.map_err(|(column, what)| anyhow!("{name}, line {line}, column {column}: {what}"))?);
    }
    Ok(rows)
}

/// The label of a record, or the column at fault and what is expected of it.
fn row(line: u64, record: &StringRecord, columns: Columns) -> Result<Row, (&'static str, String)> {
    let mut fields = [""; 4];
    for ((field, name), column) in fields.iter_mut().zip(COLUMNS).zip(columns.needed) {
        *field = record.get(column).map(str::trim).ok_or((name, "it is missing".to_owned()))?;
    }
    let [order, fraud, source, reason] = fields;
    let expected = |found: &str, what: &str| format!("`{found}` is not {what}");
    let order = order.parse().map_err(|_| (COLUMNS[0], expected(order, "an order's id, which is a UUID")))?;
    let fraud = match fraud {
        "true" => true,
        "false" => false,
        _ => return Err((COLUMNS[1], expected(fraud, "true or false"))),
    };
    let source = Source::from_str(source, false)
        .map_err(|_| (COLUMNS[2], expected(source, "chargeback, analyst or customer")))?;
    if reason.is_empty() {
        return Err((COLUMNS[3], "it is empty".to_owned()));
    }
    let when = columns.when.and_then(|column| record.get(column)).map(str::trim).unwrap_or_default();
    let at = match when {
        "" => None,
        when => {
            Some(when.parse().map_err(|_| (WHEN, expected(when, "a time such as 2026-11-20T09:30:00Z")))?)
        }
    };
    Ok(Row { line, said: Said { order, fraud, source, reason: reason.to_owned(), at } })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0199d2c4-8a6e-7c31-b1f6-1c9d6c0a9f10";

    #[test]
    fn columns_are_found_by_name_and_others_are_passed_over() {
        let text =
            format!("\u{feff}fraud,reason,amount,order_id,source\ntrue,\"10.4, again\",5,{ID},chargeback\n");
        let said = Said {
            order: ID.parse().unwrap(),
            fraud: true,
            source: Source::Chargeback,
            reason: "10.4, again".into(),
            at: None,
        };
        assert_eq!(rows("f", text.as_bytes()).unwrap(), [Row { line: 2, said: said.clone() }]);
        let text = text
            .replace("source\n", "source,labelled_at\n")
            .replace("chargeback\n", "chargeback,2026-11-20T09:30:00Z\n");
        let said = Said { at: Some("2026-11-20T09:30:00Z".parse().unwrap()), ..said };
        assert_eq!(rows("f", text.as_bytes()).unwrap(), [Row { line: 2, said }]);
    }

    #[test]
    fn a_mistake_has_its_line_and_column() {
        let mistakes = [
            ("42,true,analyst,x", "column order_id: `42` is not an order's id, which is a UUID"),
            ("ID,yes,analyst,x", "column fraud: `yes` is not true or false"),
            ("ID,true,gossip,x", "column source: `gossip` is not chargeback, analyst or customer"),
            ("ID,true,analyst, ", "column reason: it is empty"),
            ("ID,true", "column source: it is missing"),
            ("ID,true,analyst,x,May", "column labelled_at: `May` is not a time such as 2026-11-20T09:30:00Z"),
        ];
        for (line, expected) in mistakes {
            let header = "order_id,fraud,source,reason,labelled_at";
            let text = format!("{header}\nID,false,customer,x,\n{line}\n").replace("ID", ID);
            let said = format!("{:#}", rows("f", text.as_bytes()).unwrap_err());
            assert_eq!(said, format!("f, line 3, {expected}"));
        }
    }

    #[test]
    fn a_header_that_lacks_columns_is_refused_with_their_names() {
        let refused = rows("f", "order,fraud,source\n".as_bytes()).unwrap_err().to_string();
        assert_eq!(
            refused,
            "f: the header lacks order_id, reason; it must name order_id, fraud, source, reason"
        );
    }
}
