//! What the model, the gateway and the documents cost on top of `exactly-once`.

use clap::ValueEnum;

use super::{
    contestants::Contestant,
    numbers::{BROKER, Number, P50, PER_SECOND},
    report::{shown, table},
    summary::Summary,
};

/// CPU, in microseconds an order.
const CPU: [(&str, Number); 4] = [
    ("hops", |one| Some(one.cpu?.hops * 1e3)),
    ("Redis", |one| Some(one.cpu?.redis * 1e3)),
    ("broker", BROKER),
    ("gateway", |one| Some(one.cpu?.outside * 1e3).filter(|micros| *micros > 0.0)),
];

/// The table; none where none of them was measured. In brackets stands the difference.
pub fn table_of(summary: &Summary<'_>) -> Option<String> {
    let base = Contestant::ExactlyOnce.name();
    let extras = Contestant::value_variants().iter().filter(|one| one.is_extra()).map(|one| one.name());
    let measured = summary.contestants();
    let names: Vec<String> = extras.filter(|name| measured.contains(&name.as_str())).collect();
    if names.is_empty() {
        return None;
    }
    let mut header = "| on top of exactly-once | orders/s to the label | to the document |".to_owned();
    header.extend(CPU.map(|(what, _)| format!(" CPU µs/order: {what} |")));
    header.extend(summary.rates().iter().map(|rate| format!(" p50 ms, {rate} |")));
    let rows = [base.clone()].into_iter().chain(names).map(|name| {
        let cell = |mode: &str, number: Number, digits: usize| {
            let of = |name: &str| summary.median(name, mode, number);
            beside(of(&name), of(&base).filter(|_| name != base), digits)
        };
        let documents = shown(summary.median(&name, "documents", PER_SECOND), 0);
        let mut row = format!("| {name} | {} | {documents} |", cell("burst", PER_SECOND, 0));
        row.extend(CPU.map(|(_, number)| format!(" {} |", cell("burst", number, 1))));
        row.extend(summary.rates().iter().map(|rate| format!(" {} |", cell(rate, P50, 1))));
        row
    });
    Some(table(&header, rows))
}

/// A value, and how far it is from another.
fn beside(value: Option<f64>, base: Option<f64>, digits: usize) -> String {
    match value.zip(base) {
        Some((value, base)) => format!("{value:.digits$} ({:+.digits$})", value - base),
        None => shown(value, digits),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rivals::measured::Measured;

    #[test]
    fn what_is_measured_stands_beside_its_base() {
        assert_eq!(beside(Some(120.04), Some(100.0), 1), "120.0 (+20.0)");
        assert_eq!(beside(Some(3_900.0), Some(4_500.0), 0), "3900 (-600)");
        assert_eq!((beside(Some(1.0), None, 0), beside(None, Some(1.0), 0)), ("1".into(), "–".into()));
    }

    #[test]
    fn without_the_extra_contestants_there_is_no_table() {
        let burst = |contestant, seconds| Measured::done(contestant, "burst", 100, seconds);
        let all = [burst(Contestant::ExactlyOnce, 1.0), burst(Contestant::WithModel, 2.0)];
        assert_eq!(table_of(&Summary(&all[..1])), None);
        let table = table_of(&Summary(&all)).unwrap();
        assert!(
            table.contains("| exactly-once | 100 | –") && table.contains("| with-model | 50 (-50) | –"),
            "{table}"
        );
    }
}
