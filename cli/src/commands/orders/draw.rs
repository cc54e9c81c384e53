//! A timeline for people: one line an event, in 80 columns.

use std::{collections::HashMap, io::IsTerminal};

use order_status::Decision;
use orderflow::envelope::Tried;
use uuid::Uuid;

use super::{Line, Timeline};

/// Columns of a line.
const WIDTH: usize = 80;
/// Columns before an event: time since the order was placed, and the bar of its hop.
const MARGIN: usize = 21;
/// How far an event is moved in behind its cause, and how often at most.
const STEP: usize = 2;
const DEEPEST: usize = 6;

/// Whether there is colour.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ink(bool);

impl Ink {
    /// As standard output and NO_COLOR (<https://no-color.org>) will have it.
    pub(super) fn of_stdout() -> Self {
        let unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self(std::io::stdout().is_terminal() && !unwanted)
    }

    fn paint(self, code: &str, text: &str) -> String {
        if self.0 && !code.is_empty() && !text.is_empty() {
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }
}

/// All of it.
pub(super) fn text(timeline: &Timeline, ink: Ink) -> String {
    let Timeline { order_id, state, events } = timeline;
    if events.is_empty() {
        return format!("nothing is known of order {order_id}");
    }
    let head = format!("order {}: {state}", ink.paint("1", &order_id.to_string()));
    let columns = format!("{:>12}  {:<6} event (each ▇ more: ten times as long)", "since placed", "hop");
    let placed = events.first().map(|first| first.time.strftime("%F %T%.3f UTC").to_string());
    let mut lines =
        vec![head, format!("first heard of {}", placed.unwrap_or_default()), ink.paint("2", &columns)];
    let depths = depths(events);
    for (line, depth) in events.iter().zip(depths) {
        lines.extend(drawn(line, depth, ink));
    }
    lines.join("\n")
}

/// How many events lead to each.
fn depths(events: &[Line]) -> Vec<usize> {
    let mut known: HashMap<Uuid, usize> = HashMap::new();
    let depth = |line: &Line| {
        let above = line.kept.cause.and_then(|cause| known.get(&cause));
        let depth = above.map_or(0, |above| (above + 1).min(DEEPEST));
        known.insert(line.kept.id, depth);
        depth
    };
    events.iter().map(depth).collect()
}

fn drawn(line: &Line, depth: usize, ink: Ink) -> Vec<String> {
    let since = line.ms_total.map(span).unwrap_or_default();
    let mark = if depth == 0 { "" } else { "└ " };
    let indent = STEP * depth.saturating_sub(1);
    let took = line.ms.map(|ms| format!("{} ", span(ms))).unwrap_or_default();
    let head = format!("{}  {took}{}", line.event, line.by);
    let colour = colour(line);
    let lead = format!("{since:>12}  {:<6} {:indent$}{mark}", bar(line.ms), "");
    let mut drawn = vec![format!(
        "{lead}{}",
        ink.paint(colour, &cut(&head, WIDTH - MARGIN - indent - mark.chars().count()))
    )];
    let inner = MARGIN + indent + mark.chars().count() + STEP;
    let tried = line.kept.staff.as_ref().and_then(|staff| staff.tried).map(tried);
    let details = [Some(line.facts.clone()), tried].into_iter().flatten();
    let details = details.chain(line.decision.iter().flat_map(factors));
    for detail in details.filter(|detail| !detail.is_empty()) {
        let wrapped = wrapped(&detail, WIDTH - inner);
        drawn.extend(wrapped.iter().map(|part| format!("{:inner$}{}", "", ink.paint("2", part))));
    }
    drawn
}

/// What it took to get it.
fn tried(Tried { attempts, held_ms }: Tried) -> String {
    #[allow(clippy::cast_precision_loss)] // thousands of years fit
    let held = span(held_ms as f64);
    match attempts {
        0 => format!("after {held} of waiting"),
        1 => format!("after 1 failed attempt in {held}"),
        _ => format!("after {attempts} failed attempts in {held}"),
    }
}

/// By what it was decided: beside the score, which the facts have.
fn factors(decision: &Decision) -> Vec<String> {
    let factors = &decision.factors;
    let engine = if factors.engine.is_empty() { String::new() } else { format!(" on {}", factors.engine) };
    let by =
        format!("{} {}{engine}; held from {:.2} on", factors.model, factors.version, factors.hold_threshold);
    let reasons = factors.reasons.iter().map(|reason| format!("{:+.2} {}", reason.weight, reason.text));
    let shadow =
        decision.shadow.iter().map(|said| format!("in shadow {}: score {:.2}", said.version, said.score));
    std::iter::once(by).chain(reasons).chain(shadow).collect()
}

/// Red for what went wrong, yellow for what people do.
fn colour(line: &Line) -> &'static str {
    let name = line.kept.event.as_str();
    let acts = line.kept.staff.as_ref().is_some_and(|staff| staff.who.is_some());
    match name {
        "DeadLetter" | "Blocks" | "PaymentFailed" | "ShippingFailed" | "OrderFraudDetected"
        | "InventoryShortage" => "31",
        _ if acts => "33",
        "DeadLetterSettled" | "ShippingLabelGenerated" => "32",
        _ => "",
    }
}

/// The length of a hop: a tenth of a second is three.
fn bar(ms: Option<f64>) -> String {
    let Some(ms) = ms else { return String::new() };
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // 1 to 6
    let cells = (ms.max(1.0).log10().floor() + 1.0).min(6.0) as usize;
    "▇".repeat(cells)
}

/// A time in the unit that fits.
fn span(ms: f64) -> String {
    match ms {
        ms if ms < 10.0 => format!("{ms:.1} ms"),
        ms if ms < 10_000.0 => format!("{ms:.0} ms"),
        ms if ms < 600_000.0 => format!("{:.1} s", ms / 1e3),
        ms if ms < 36_000_000.0 => format!("{:.0} min", ms / 6e4),
        ms => format!("{:.1} h", ms / 3.6e6),
    }
}

fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    text.chars().take(width.saturating_sub(1)).chain(['…']).collect()
}

/// A text in lines of so many characters at most; a longer word is cut.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace().map(|word| cut(word, width)) {
        let last = lines.last_mut().map(|line| line.chars().count()).unwrap_or_default();
        if last > 0 && last + 1 + word.chars().count() > width {
            lines.push(word);
        } else if let Some(line) = lines.last_mut() {
            let space = if line.is_empty() { "" } else { " " };
            line.push_str(space);
            line.push_str(&word);
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use jiff::{SignedDuration, Timestamp};
    use order_status::{Factors, ForStaff};
    use orderflow::{events::Reason, order_state::State};

    use super::*;

    fn line(n: u128, event: &str, cause: Option<u128>, ms: f64, facts: &str) -> Line {
        let at = Timestamp::UNIX_EPOCH + SignedDuration::from_micros((ms * 1e3) as i64);
        let staff = ForStaff {
            topic: "orders".to_owned(),
            partition: Some(0),
            offset: 1,
            trace_id: None,
            tried: None,
            decision: None,
            who: (event == "ReviewDecided").then(|| "dana".to_owned()),
            why: None,
            words_at: None,
        };
        let kept = order_status::Line {
            id: Uuid::from_u128(n),
            event: event.to_owned(),
            by: "a-service.on_something".to_owned(),
            at,
            cause: cause.map(Uuid::from_u128),
            facts: facts.to_owned(),
            ms: cause.map(|_| 31.0),
            ms_total: Some(ms),
            staff: Some(staff),
        };
        let (id, cause, ms, ms_total) = (kept.id, kept.cause, kept.ms, kept.ms_total);
        let (event, by, facts) = (kept.event.clone(), kept.by.clone(), kept.facts.clone());
        Line {
            time: at,
            event,
            by,
            facts,
            id,
            cause,
            place: String::new(),
            ms,
            ms_total,
            decision: None,
            kept,
        }
    }

    fn story() -> Timeline {
        let reason = |text: &str| Reason { code: "velocity".to_owned(), text: text.to_owned(), weight: 0.25 };
        let factors = Factors {
            model: "fraud".to_owned(),
            version: "2025-11-01".to_owned(),
            engine: "built-in".to_owned(),
            score: 0.55,
            threshold: 0.85,
            hold_threshold: 0.3,
            reasons: vec![reason(
                "five orders of this card within ten minutes, at four addresses that were never seen",
            )],
        };
        let shadow = Some(order_status::Shadow { version: "next".to_owned(), score: 0.61 });
        let mut held = line(2, "OrderHeldForReview", Some(1), 31.0, "score 0.55 of 0.85 by fraud; velocity");
        held.decision = Some(Decision { factors, shadow });
        let mut events = vec![line(1, "OrderPlaced", None, 0.0, "25.80 EUR, 2 units, standard"), held];
        events.push(line(3, "ReviewDecided", None, 750_000.0, "approve by dana: known"));
        for n in 4..12 {
            events.push(line(
                n,
                "a record type with a name that is long",
                Some(n - 1),
                760_000.0 + n as f64,
                "until",
            ));
        }
        Timeline { order_id: Uuid::from_u128(7), state: State::Fulfilled, events }
    }

    #[test]
    fn a_timeline_fits_eighty_columns_says_by_what_was_decided_and_has_no_colour_unless_asked_for() {
        let text = text(&story(), Ink(false));
        assert!(text.lines().all(|line| line.chars().count() <= WIDTH), "{text}");
        assert!(!text.contains('\x1b'));
        let found = |words: &str| assert!(text.contains(words), "{words}: {text}");
        found("31 ms  ▇▇     └ OrderHeldForReview  31 ms a-service.on_something");
        found("fraud 2025-11-01 on built-in; held from 0.30 on");
        found("+0.25 five orders of this card within ten minutes,");
        found("in shadow next: score 0.61");
        found("12 min         ReviewDecided  a-service.on_something");
        assert!(super::text(&story(), Ink(true)).contains("\x1b[33mReviewDecided"));
        let nothing = Timeline { events: Vec::new(), ..story() };
        assert!(super::text(&nothing, Ink(true)).starts_with("nothing is known"));
    }

    #[test]
    fn a_time_has_the_unit_that_fits() {
        let spans = [0.4, 31.25, 9_999.0, 12_400.0, 900_000.0, 43_200_000.0].map(span);
        assert_eq!(spans, ["0.4 ms", "31 ms", "9999 ms", "12.4 s", "15 min", "12.0 h"]);
    }

    #[test]
    fn a_bar_grows_with_each_factor_of_ten() {
        let bars = [Some(0.2), Some(31.0), Some(999.0), Some(1e12), None].map(|ms| bar(ms).chars().count());
        assert_eq!(bars, [1, 2, 3, 6, 0]);
    }

    #[test]
    fn long_facts_are_wrapped_and_nothing_is_lost_but_of_a_word_that_fits_nowhere() {
        assert_eq!(wrapped("score 0.55 of 0.85 by rules", 12), ["score 0.55", "of 0.85 by", "rules"]);
        assert_eq!(wrapped("a averyverylongword b", 6), ["a", "avery…", "b"]);
    }
}
