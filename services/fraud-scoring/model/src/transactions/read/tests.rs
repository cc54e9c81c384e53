use super::*;
use crate::transactions::mapping::{HANDBOOK, HANDBOOK_NAME};

const HEADER: &str =
    "TRANSACTION_ID,TX_DATETIME,CUSTOMER_ID,TERMINAL_ID,TX_AMOUNT,TX_FRAUD,TX_FRAUD_SCENARIO";

fn read(text: &str) -> Vec<Result<Transaction>> {
    let mapping = Mapping::parse(HANDBOOK_NAME, HANDBOOK).unwrap();
    Rows::new("cards.csv", text.as_bytes(), &mapping).unwrap().collect()
}

#[test]
fn rows_of_the_handbooks_layout_are_read_and_their_customers_and_terminals_numbered() {
    let text = format!(
        "{HEADER}\n0,1970-01-01 00:00:31,596,3156,57.16,0,0\n1,1970-01-02 00:00:00,4961,3156,81.5,1,2\n\
         2,1970-01-02 00:00:01,596,7,0,0,0\n"
    );
    let transaction =
        |at, customer, terminal, amount, fraud| Transaction { at, customer, terminal, amount, fraud };
    let rows: Vec<Transaction> = read(&text).into_iter().map(Result::unwrap).collect();
    assert_eq!(
        rows,
        [
            transaction(31_000_000, 0, 0, 57_160_000, false),
            transaction(86_400_000_000, 1, 0, 81_500_000, true),
            transaction(86_401_000_000, 0, 1, 0, false),
        ]
    );
}

#[test]
fn a_field_that_cannot_be_read_is_named_by_file_line_and_column_and_the_next_row_is_read() {
    let good = "2,1970-01-02 00:00:01,5,7,3.50,0,0";
    for (row, column, words) in [
        (
            "1,02.01.1970,5,7,3.50,0,0",
            "TX_DATETIME",
            "`02.01.1970` is not a time of the form %Y-%m-%d %H:%M:%S",
        ),
        ("1,1970-01-02 00:00:01,,7,3.50,0,0", "CUSTOMER_ID", "it is empty"),
        ("1,1970-01-02 00:00:01,5,\"7\n8\",3.50,0,0", "TERMINAL_ID", "a quotation mark is left open"),
        ("1,1970-01-02 00:00:01,5,7,\"3,50\",0,0", "TX_AMOUNT", "`3,50` is not an amount"),
        ("1,1970-01-02 00:00:01,5,7,NaN,0,0", "TX_AMOUNT", "`NaN` is not an amount"),
        ("1,1970-01-02 00:00:01,5,7,1e12,0,0", "TX_AMOUNT", "up to 1,000,000,000"),
        ("1,1970-01-02 00:00:01,5,7,3.50,perhaps,0", "TX_FRAUD", "name it in label.fraud or label.honest"),
    ] {
        let rows = read(&format!("{HEADER}\n{good}\n{row}\n{good}\n"));
        assert_eq!(rows.len(), 3, "{row}");
        let error = format!("{:#}", rows[1].as_ref().unwrap_err());
        assert!(error.starts_with(&format!("cards.csv, line 3, column {column}: ")), "{error}");
        assert!(error.contains(words), "{error}");
        assert!(rows[2].is_ok(), "{row}");
    }
}

#[test]
fn a_row_that_is_too_short_is_named_by_its_line() {
    let rows = read(&format!("{HEADER}\n0,1970-01-02 00:00:01,5\n"));
    let error = format!("{:#}", rows[0].as_ref().unwrap_err());
    assert!(error.starts_with("cards.csv, line 2: the row has 3 fields, at least 6"), "{error}");
}

#[test]
fn a_table_that_lacks_a_column_says_which_and_what_there_is() {
    let mapping = Mapping::parse(HANDBOOK_NAME, HANDBOOK).unwrap();
    let header = |text: &str| {
        let error = Rows::new("cards.csv", text.as_bytes(), &mapping).err().unwrap();
        format!("{error:#}")
    };
    let error = header("\u{feff}TX_DATETIME,customer,TERMINAL_ID,amount,TX_FRAUD\n");
    assert!(
        error.contains("line 1: there is no column CUSTOMER_ID (customer), TX_AMOUNT (amount)."),
        "{error}"
    );
    assert!(
        error.contains("The columns are TX_DATETIME, customer, TERMINAL_ID, amount, TX_FRAUD;"),
        "{error}"
    );
    let twice = header(&format!("{HEADER},TX_AMOUNT\n"));
    assert!(twice.contains("there are 2 columns TX_AMOUNT"), "{twice}");
}
