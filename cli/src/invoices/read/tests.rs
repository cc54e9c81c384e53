use std::io::Write;

use flate2::{Compression, write::GzEncoder};
use jiff::civil::date;
use tempfile::NamedTempFile;

use super::*;

const HEADER: &str = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n";
const SALE: &str = "536365,85123A,\"HEART, WHITE\",6,2010-12-01 08:26:00,2.55,17850,United Kingdom\n";
const GUEST: &str = "C536379,D,Discount,-1,2010-12-01 09:41:00,27.5,,EIRE\n";

fn file(bytes: &[u8]) -> NamedTempFile {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    file
}

fn rows(text: &str) -> Vec<Result<Row>> {
    read(file(text.as_bytes()).path()).unwrap().collect()
}

/// The message of the only row that is bad, without the file's name.
fn mistake(text: &str) -> String {
    let file = file(text.as_bytes());
    let name = file.path().display().to_string();
    let mistakes: Vec<_> = read(file.path()).unwrap().filter_map(Result::err).collect();
    assert_eq!(mistakes.len(), 1, "{mistakes:?}");
    format!("{:#}", mistakes[0]).replace(&name, "FILE")
}

#[test]
fn a_row_is_read_field_by_field() {
    let rows: Vec<Row> = rows(&[HEADER, SALE, GUEST].concat()).into_iter().map(Result::unwrap).collect();
    let sale = Row {
        invoice: "536365".to_owned(),
        stock_code: "85123A".to_owned(),
        description: "HEART, WHITE".to_owned(),
        quantity: 6,
        at: date(2010, 12, 1).at(8, 26, 0, 0),
        unit_price: 255,
        customer: Some("17850".to_owned()),
        country: "United Kingdom".to_owned(),
    };
    assert_eq!(rows[0], sale);
    assert!(!rows[0].is_cancellation() && rows[1].is_cancellation());
    assert_eq!((rows[1].customer.as_deref(), rows[1].amount()), (None, -2_750));
}

#[test]
fn gzip_is_known_by_its_first_bytes_also_in_several_parts() {
    let packed = |text: &str| {
        let mut packer = GzEncoder::new(Vec::new(), Compression::default());
        packer.write_all(text.as_bytes()).unwrap();
        packer.finish().unwrap()
    };
    let parts = [packed(HEADER), packed(SALE), packed(GUEST)].concat();
    let read: Vec<Row> = read(file(&parts).path()).unwrap().map(Result::unwrap).collect();
    let plain: Vec<Row> = rows(&[HEADER, SALE, GUEST].concat()).into_iter().map(Result::unwrap).collect();
    assert_eq!(read, plain);
}

#[test]
fn columns_are_found_by_name_wherever_they_stand() {
    let text = "\u{feff}Country,Shop,CustomerID,UnitPrice,InvoiceDate,Quantity,Description,StockCode,InvoiceNo\n\
                France,3,12583,3.75,2010-12-01 08:45:00,24,CLOCK,22728,536370\n";
    let row = rows(text).remove(0).unwrap();
    assert_eq!((row.invoice.as_str(), row.unit_price, row.country.as_str()), ("536370", 375, "France"));
}

#[test]
fn a_bad_row_is_named_by_line_and_column_and_the_next_is_read() {
    let bad = |from: &str, to: &str| [HEADER, SALE, &SALE.replace(from, to), GUEST].concat();
    let cases = [
        (",6,", ",six,", "FILE, line 3, column Quantity: a whole number is expected"),
        (",2.55,", ",2.5.5,", "FILE, line 3, column UnitPrice: an amount such as 2.55 is expected"),
        ("536365,", " ,", "FILE, line 3, column InvoiceNo: it is empty"),
        (",6,", ",1000000001,", "FILE, line 3, column Quantity: it is too large to be meant"),
        (",2.55,", ",10000000.01,", "FILE, line 3, column UnitPrice: it is too large to be meant"),
        (",17850,United Kingdom", "", "FILE, line 3: 6 fields, at least 8 are expected"),
        (
            "2010-12-01",
            "2010-13-01",
            "FILE, line 3, column InvoiceDate: a time such as 2010-12-01 08:26:00 is expected",
        ),
    ];
    for (from, to, expected) in cases {
        assert_eq!(mistake(&bad(from, to)), expected);
        assert_eq!(rows(&bad(from, to)).iter().filter(|row| row.is_ok()).count(), 2);
    }
}

#[test]
fn text_that_is_not_utf_8_is_named_by_its_line() {
    let mut bytes = [HEADER, SALE].concat().into_bytes();
    bytes.extend(b"536366,1,Voucher \xa340,1,2010-12-01 08:28:00,40,1,EIRE\n");
    let mistakes: Vec<_> = read(file(&bytes).path()).unwrap().filter_map(Result::err).collect();
    assert!(format!("{:#}", mistakes[0]).contains("line 3"), "{mistakes:?}");
}

#[test]
fn a_file_without_the_columns_says_which_it_lacks() {
    let told = |text: &str| format!("{:#}", read(file(text.as_bytes()).path()).err().unwrap());
    assert!(
        told("InvoiceNo,StockCode,Description,Quantity\n")
            .ends_with("lacks InvoiceDate, UnitPrice, CustomerID, Country")
    );
    assert!(told("").contains("lacks InvoiceNo"));
    assert!(
        format!("{:#}", read(Path::new("/nowhere.csv")).err().unwrap())
            .contains("/nowhere.csv cannot be opened")
    );
}

#[test]
fn a_file_that_breaks_off_is_an_error_and_then_ends() {
    let mut packer = GzEncoder::new(Vec::new(), Compression::default());
    packer.write_all([HEADER, SALE].concat().repeat(2_000).as_bytes()).unwrap();
    let packed = packer.finish().unwrap();
    let broken: Vec<_> = read(file(&packed[..packed.len() / 2]).path()).unwrap().collect();
    assert!(broken.last().unwrap().is_err());
}

#[test]
fn a_quotation_mark_that_is_left_open_loses_no_rows_in_silence() {
    let text = [HEADER, &SALE.replace("United Kingdom", "\"United Kingdom"), SALE, GUEST].concat();
    let told = "column Country: it goes on over lines: a quotation mark is left open";
    assert!(mistake(&text).ends_with(told), "{}", mistake(&text));
    let last = "InvoiceNo,StockCode,Quantity,InvoiceDate,UnitPrice,CustomerID,Country,Description\n";
    let row = "536365,85123A,6,2010-12-01 08:26:00,2.55,17850,United Kingdom,CLOCK\n";
    let text = [last, &row.replace("CLOCK", "\"CLOCK"), &row.repeat(40)].concat();
    assert!(mistake(&text).contains("column Description"), "{}", mistake(&text));
}

#[test]
fn lines_may_end_as_on_windows_and_descriptions_may_have_several() {
    let text = [HEADER, &SALE.replace("HEART,", "A \"\"HEART\"\"\nin"), GUEST].concat().replace('\n', "\r\n");
    let rows: Vec<Row> = rows(&text).into_iter().map(Result::unwrap).collect();
    assert_eq!((rows.len(), rows[0].description.as_str()), (2, "A \"HEART\"\r\nin WHITE"));
    assert_eq!((rows[0].country.as_str(), rows[1].country.as_str()), ("United Kingdom", "EIRE"));
}
