//! I9: nothing follows from what was not committed. Records are gathered as readers of committed ones see them, so whatever
//! names a cause, or is a letter of a record, that is not among them was made of an aborted one.

use super::{Case, Violation, letters};

const I9: &str = "I9";

pub(super) fn check(case: &Case) -> Vec<Violation> {
    let orphans = case.events.iter().filter(|event| {
        !event.kind.is_empty() && event.cause.is_some_and(|cause| case.with_id(cause).next().is_none())
    });
    let orphans = orphans.map(|event| {
        let cause = event.cause.unwrap_or_default();
        case.broken(
            I9,
            event.order(),
            format!("{} {} follows from {cause}, which is not on the log", event.kind, event.id),
        )
    });
    let letters = case.aside.iter().filter_map(|letter| {
        let origin = letters::origin(letter)?;
        case.at(&origin).is_none().then(|| {
            let (topic, partition, offset) = origin;
            let what =
                format!("{} has a record of {topic}/{partition}@{offset}, where none is", letter.topic);
            case.broken(I9, letter.order(), what)
        })
    });
    orphans.chain(letters).collect()
}
