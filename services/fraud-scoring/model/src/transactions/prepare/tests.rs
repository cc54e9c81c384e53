use super::*;
use crate::transactions::{
    handbook::{self, Settings},
    mapping::{HANDBOOK, HANDBOOK_NAME},
};

const HEADER: &str = "TX_DATETIME,CUSTOMER_ID,TERMINAL_ID,TX_AMOUNT,TX_FRAUD\n";
const LENGTH: usize = 17 + 4 * LEN;

fn prepare(text: &str, start: Option<Date>) -> Result<(Prepared, Vec<u8>)> {
    let mapping = Mapping::parse(HANDBOOK_NAME, HANDBOOK).unwrap();
    let open = || -> Result<Box<dyn Read + Send>> { Ok(Box::new(std::io::Cursor::new(text.to_owned()))) };
    let folder = tempfile::tempdir().unwrap();
    let source = Source { name: "cards.csv", mapping: &mapping, open: &open };
    let prepared = source.prepare(folder.path(), start, |_| {})?;
    Ok((prepared, std::fs::read(folder.path().join("rows.bin")).unwrap()))
}

fn error(text: &str, start: Option<Date>) -> String {
    format!("{:#}", prepare(text, start).unwrap_err())
}

/// One transaction a day, of another customer each, every third one fraud.
fn days(count: i64) -> String {
    let row = |day: i64| {
        format!("{} 12:00:00,c{day},t,5.00,{}\n", date(day + 20_000).unwrap(), i32::from(day % 3 == 0))
    };
    HEADER.to_owned() + &(0..count).map(row).collect::<String>()
}

fn simulated() -> String {
    let mut text = Vec::new();
    let settings = Settings { seed: 3, customers: 300, terminals: 1_500, days: 80, radius: 6.0 };
    handbook::write(&mut text, settings).unwrap();
    String::from_utf8(text).unwrap()
}

#[test]
fn the_same_days_in_another_sequence_give_the_same_table() {
    let text = simulated();
    let (header, rows) = text.split_once('\n').unwrap();
    let mut reversed: Vec<&str> = rows.lines().collect();
    // Stable: what came in the same second keeps its sequence.
    reversed.sort_by_key(|row| std::cmp::Reverse(&row.split(',').nth(1).unwrap()[..10]));
    let (one, bytes) = prepare(&text, None).unwrap();
    let (other, same) = prepare(&format!("{header}\n{}\n", reversed.join("\n")), None).unwrap();
    assert!(one.training.fraud > 0 && one.test.fraud > 0 && one.left_out > 0, "{one:?}");
    assert_eq!((one.training, one.test, one.left_out), (other.training, other.test, other.left_out));
    assert!(bytes == same);
}

#[test]
fn every_row_of_training_and_test_is_written_and_every_row_of_the_test_can_be_asked() {
    let (prepared, bytes) = prepare(&simulated(), None).unwrap();
    let rows: Vec<&[u8]> = bytes.chunks(LENGTH).collect();
    assert_eq!(rows.len() as u64, prepared.training.transactions + prepared.test.transactions);
    assert!(prepared.windows_are_full);
    let day = |row: &&[u8]| i64::from_le_bytes(row[..8].try_into().unwrap());
    let test: Vec<(i64, bool)> =
        rows.iter().filter(|row| day(row) >= TRAINING).map(|row| (day(row), row[16] > 0)).collect();
    let asked: Vec<(i64, bool)> = prepared.asked.iter().map(|asked| (asked.day, asked.fraud)).collect();
    assert_eq!(test, asked);
}

#[test]
fn days_before_the_windows_change_nothing() {
    let text = simulated();
    let (header, rows) = text.split_once('\n').unwrap();
    let (whole, bytes) = prepare(&text, None).unwrap();
    let needed = date(Protocol::ending_on(days_since_1970(whole.days.1)).first_known()).unwrap().to_string();
    let late: Vec<&str> =
        rows.lines().filter(|row| row.split(',').nth(1).unwrap() >= needed.as_str()).collect();
    assert!(late.len() < rows.lines().count());
    let (_, same) = prepare(&format!("{header}\n{}\n", late.join("\n")), None).unwrap();
    assert!(bytes == same);
}

fn days_since_1970(date: Date) -> i64 {
    i64::from((date - Date::constant(1970, 1, 1)).get_days())
}

#[test]
fn too_few_days_say_how_many_are_needed() {
    assert!(prepare(&days(21), None).is_ok());
    let error = error(&days(20), None);
    assert!(error.contains("cards.csv holds 20 days") && error.contains("at least 21"), "{error}");
}

#[test]
fn a_first_day_outside_the_file_says_which_can_be_chosen() {
    let text = days(40);
    let on = |day: i64| date(day + 20_000).unwrap();
    for (start, good) in [(0, true), (19, true), (20, false), (-1, false)] {
        assert_eq!(prepare(&text, Some(on(start))).is_ok(), good, "{start}");
    }
    let error = error(&text, Some(on(20)));
    assert!(error.contains(&format!("choose a day from {} to {}", on(0), on(19))), "{error}");
}

#[test]
fn nothing_to_learn_is_an_error() {
    assert!(error(HEADER, None).contains("cards.csv holds no transactions"));
    let honest = days(30).replace(",1\n", ",0\n");
    let error = error(&honest, None);
    assert!(error.contains("of the training 0 are fraud"), "{error}");
}

#[test]
fn a_row_that_cannot_be_read_ends_it_with_its_line() {
    let error = error(&format!("{}soon,c,t,1,0\n", days(30)), None);
    assert!(error.starts_with("cards.csv, line 32, column TX_DATETIME: `soon`"), "{error}");
}
