use super::*;
use crate::simulate::DAY;

/// What becomes of (day from the training's first, customer, fraud).
fn sorted(transactions: &[(i64, u32, bool)]) -> Vec<Option<Part>> {
    let mut sorter = Sorter::new(Protocol { start: 100 });
    transactions
        .iter()
        .map(|&(day, customer, fraud)| {
            let transaction = Transaction { at: (100 + day) * DAY, customer, terminal: 0, amount: 0, fraud };
            let sorted = sorter.sort(&transaction);
            assert!(sorted.is_none_or(|(is, _)| is == day));
            sorted.map(|(_, part)| part)
        })
        .collect()
}

const TRAIN: Option<Part> = Some(Part::Training);
const ASK: Option<Part> = Some(Part::Test);

#[test]
fn seven_days_train_seven_wait_seven_test() {
    let days = [(-1, 1, false), (0, 1, false), (6, 1, false), (7, 1, false), (13, 1, false), (14, 1, false)];
    assert_eq!(sorted(&days), [None, TRAIN, TRAIN, None, None, ASK]);
    assert_eq!(sorted(&[(20, 1, false), (21, 1, false)]), [ASK, None]);
}

#[test]
fn the_test_leaves_out_whose_fraud_is_older_than_the_delay_and_nobody_else() {
    // By fraud in training; a day of delay that is known on the second day of test, and not on the first.
    assert_eq!(sorted(&[(6, 1, true), (14, 1, false)]), [TRAIN, None]);
    assert_eq!(sorted(&[(7, 1, true), (14, 1, false), (15, 1, false)]), [None, ASK, None]);
    assert_eq!(sorted(&[(12, 1, true), (19, 1, true), (20, 1, true)]), [None, ASK, None]);
    // Fraud of the test's own days does not, and neither does that of others or of before the training.
    assert_eq!(sorted(&[(14, 1, true), (20, 1, false)]), [ASK, ASK]);
    assert_eq!(sorted(&[(3, 2, true), (14, 1, false)]), [TRAIN, ASK]);
    assert_eq!(sorted(&[(-1, 1, true), (14, 1, false)]), [None, ASK]);
}

#[test]
fn the_last_day_of_a_file_is_the_last_of_the_test() {
    let protocol = Protocol::ending_on(120);
    assert_eq!((protocol.start, protocol.last(), protocol.first_known()), (100, 120, 63));
    assert!(protocol.needs(63) && protocol.needs(120) && !protocol.needs(62) && !protocol.needs(121));
}
