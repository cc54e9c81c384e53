use super::*;

fn error(text: &str) -> String {
    format!("{:#}", Mapping::parse("shop.yaml", text).unwrap_err())
}

#[test]
fn the_mapping_of_the_handbook_names_its_columns() {
    let mapping = Mapping::parse(HANDBOOK_NAME, HANDBOOK).unwrap();
    let columns = mapping.columns().map(|(_, column)| column);
    assert_eq!(columns, ["TX_DATETIME", "CUSTOMER_ID", "TERMINAL_ID", "TX_AMOUNT", "TX_FRAUD"]);
    assert_eq!(mapping.time.format.parse("2018-04-01 00:00:31"), Some(1_522_540_831_000_000));
}

#[test]
fn a_mapping_without_one_of_the_columns_says_which_and_what_a_mapping_is() {
    let whole = "time: {column: t}\ncustomer: c\nterminal: p\namount: a\nlabel: {column: l, fraud: [x], honest: [y]}\n";
    Mapping::parse("shop.yaml", whole).unwrap();
    for missing in ["time", "customer", "terminal", "amount", "label"] {
        let text: String =
            whole.lines().filter(|line| !line.starts_with(missing)).map(|line| format!("{line}\n")).collect();
        let error = error(&text);
        assert!(
            error.starts_with("shop.yaml is no mapping") && error.contains("names the columns"),
            "{error}"
        );
        assert!(error.contains(&format!("missing field `{missing}`")), "{error}");
    }
}

#[test]
fn a_word_that_means_nothing_is_refused_with_its_line() {
    let error = error("time: {column: t}\ncustomer: c\nmerchant: p\namount: a\nfraudulent: l\n");
    assert!(error.contains("unknown field `fraudulent`") && error.contains("line 5"), "{error}");
}

#[test]
fn labels_that_cannot_be_told_apart_are_refused() {
    let with = |label: &str| {
        error(&format!("time: {{column: t}}\ncustomer: c\nmerchant: p\namount: a\nlabel: {label}\n"))
    };
    assert!(with("{column: l, fraud: [a, b], honest: [b]}").contains("`b` stands for fraud and for honest"));
    assert!(with("{column: l, fraud: [], honest: [b]}").contains("at least one value"));
}

#[test]
fn times_are_read_in_each_form() {
    let hour = 3_600_000_000;
    for (format, text, hours) in [
        ("iso", "1970-01-02T01:00:00", 25),
        ("%d.%m.%Y %H:%M", "02.01.1970 01:00", 25),
        ("seconds", "7200.0", 2),
        ("hours", "3", 3),
        ("days", "2", 48),
    ] {
        let format = Format::try_from(format.to_owned()).unwrap();
        assert_eq!(format.parse(text), Some(hours * hour), "{text}");
        for wrong in ["", "soon", "1970-13-01 00:00:00", "NaN", "inf", "1e300"] {
            assert_eq!(format.parse(wrong), None, "{wrong}");
        }
    }
    assert!(Format::try_from("fortnights".to_owned()).unwrap_err().contains("`fortnights` is unknown"));
}
