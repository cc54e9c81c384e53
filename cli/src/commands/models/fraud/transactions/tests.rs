//! The command's options, mistakes in files, and the report, on numbers made by hand.

use std::io::Write;

use clap::Parser;
use flate2::{Compression, write::GzEncoder};
use fraud_model::transactions::{card_precision::Asked, prepare::Counts};
use jiff::civil::date;
use serde_json::json;

use super::*;
use crate::commands::models::fraud::Train;

#[derive(Debug, Parser)]
struct Command {
    #[command(flatten)]
    train: Train,
}

fn given(options: &str) -> Result<Command, clap::Error> {
    Command::try_parse_from(format!("train {options}").split_whitespace())
}

#[test]
fn a_table_of_transactions_goes_without_an_output_and_only_it_has_a_mapping() {
    given("--out fraud-2 --days 50").unwrap();
    given("--csv a.csv").unwrap();
    given("--csv a.csv --mapping m.yaml --training-from 2018-07-25 --seed 3 --json").unwrap();
    given("--out fraud-2 --from-topics --maturity 30d --from 2026-01-01T00:00:00Z --json").unwrap();
    for wrong in [
        "",
        "--csv a.csv --out b",
        "--csv a.csv --days 50",
        "--out b --mapping m.yaml",
        "--from-topics",
        "--from-topics --csv a.csv",
        "--from-topics --out b --days 50",
        "--out b --until 2026-01-01T00:00:00Z",
        "--from-topics --out b --maturity soon",
    ] {
        assert!(given(wrong).is_err(), "{wrong}");
    }
}

/// Without Python: what is wrong with the files is found before it is looked for.
fn error(options: &str) -> String {
    let command = given(&format!("{options} --python no-such-python")).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    format!("{:#}", runtime.block_on(command.train.run()).unwrap_err())
}

#[test]
fn mistakes_in_mapping_and_table_are_named_with_file_line_and_column() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        path.display().to_string()
    };
    let rows = "TX_DATETIME,CUSTOMER_ID,TERMINAL_ID,TX_AMOUNT,TX_FRAUD\n2018-04-01 00:00:31,1,2,much,0\n";
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(rows.as_bytes()).unwrap();
    let csv = file("cards.csv.gz", &gzip.finish().unwrap());
    let said = error(&format!("--csv {csv}"));
    assert!(said.starts_with(&format!("{csv}, line 2, column TX_AMOUNT: `much` is not an amount")), "{said}");

    let mapping = file("cards.yaml", b"time: {column: t}\ncustomer: c\nterminal: p\n");
    let said = error(&format!("--csv {csv} --mapping {mapping}"));
    assert!(
        said.starts_with(&format!("{mapping} is no mapping")) && said.contains("missing field"),
        "{said}"
    );

    let said = error(&format!("--csv {csv} --mapping {csv}.yaml"));
    assert!(said.contains("cannot be read"), "{said}");
    assert!(error("--csv nowhere.csv").starts_with("nowhere.csv cannot be opened"));
}

#[test]
fn the_report_has_each_method_and_what_was_left_out() {
    let counts = |transactions, fraud| Counts { transactions, fraud };
    let asked = |card, fraud| Asked { day: 14, card, fraud };
    let prepared = Prepared {
        rows: 1_000,
        fraud: 12,
        days: (date(2018, 4, 1), date(2018, 9, 30)),
        training_from: date(2018, 7, 25),
        windows_are_full: false,
        training: counts(300, 4),
        test: counts(2, 1),
        left_out: 7,
        asked: vec![asked(1, true), asked(2, false)],
    };
    let answer = json!({"trees": 40, "methods": [{"name": "model", "auc": 0.9, "average_precision": 0.7}]});
    let answer = serde_json::from_value(answer).unwrap();
    let text = Report::of("cards.csv", prepared, answer, &[vec![0.5, 0.4]]).to_string();
    let model = text.lines().find(|line| line.trim().starts_with("model")).unwrap();
    assert!(model.contains("0.900") && model.contains("0.700") && model.contains("0.010"), "{text}");
    assert!(
        text.contains("7 left out") && text.contains("not full") && text.contains("reach 0.010"),
        "{text}"
    );
}

#[test]
fn scores_that_are_too_few_are_refused() {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), [1.5_f64.to_le_bytes(), 2.5_f64.to_le_bytes()].concat()).unwrap();
    assert_eq!(scores(file.path(), 2, 1).unwrap(), [[1.5], [2.5]]);
    assert!(scores(file.path(), 2, 2).is_err());
}
