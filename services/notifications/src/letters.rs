//! What e-mails say: a plain text and a simple page for each event that a customer cares about. Whatever comes from outside
//! is escaped in the page.

use std::sync::LazyLock;

use minijinja::{AutoEscape, Environment, context, syntax::SyntaxConfig, value::Serde};
use orderflow::{fault::Fault, money::money, sealed::Person};
use serde_json::Value;

/// The events that have a letter.
pub const EVENTS: [&str; 8] = [
    "order.accepted",
    "order.action_required",
    "order.declined",
    "order.fulfilled",
    "order.cancelled",
    "order.out_of_stock",
    "order.undeliverable",
    "order.refunded",
];

/// A letter, written.
#[derive(Clone, PartialEq, Eq)]
pub struct Letter {
    /// What it is about.
    pub subject: String,
    /// In plain text.
    pub text: String,
    /// As a page.
    pub html: String,
}

static TEMPLATES: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut templates = Environment::new();
    // Every page, whatever its name, and nothing else.
    templates.set_auto_escape_callback(|name| match name {
        "letter.html" => AutoEscape::Html,
        _ => AutoEscape::None,
    });
    templates.set_undefined_behavior(minijinja::UndefinedBehavior::Strict);
    if let Ok(syntax) = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build() {
        templates.set_syntax(syntax);
    }
    templates.add_filter("money", money);
    for (name, text) in [
        ("subject", include_str!("../templates/subject.txt")),
        ("words", include_str!("../templates/words.txt")),
        ("letter.txt", include_str!("../templates/letter.txt")),
        ("letter.html", include_str!("../templates/letter.html")),
    ] {
        // Looked at by a test: they come with the program.
        let _ = templates.add_template(name, text);
    }
    templates
});

/// The letter to this person about an event of this name. `body`: what a webhook would say.
///
/// # Errors
/// `Poison` when there is none, or the body has not what it needs; the message holds nothing of the person.
pub fn write(name: &str, body: &str, person: &Person, shop: &str) -> Result<Letter, Fault> {
    let unwritable = |what: String| Fault::poison("letter_unwritable", what);
    let body: Value = serde_json::from_str(body)
        .map_err(|error| unwritable(format!("the body of {name} is not JSON")).caused_by(error))?;
    if !EVENTS.contains(&name) {
        return Err(unwritable(format!("there is no letter about {name}")));
    }
    let context =
        context! { event => name, data => Serde(&body["data"]), name => person.name.as_str(), shop };
    let rendered = |template: &str, context: &minijinja::Value| {
        let made = TEMPLATES.get_template(template).and_then(|template| template.render(context.clone()));
        // Its kind only: the rest may quote what is in the letter.
        made.map_err(|error| unwritable(format!("the letter about {name}: {:?}", error.kind())))
    };
    let words = rendered("words", &context)?;
    let letter = context! { words => words.trim(), ..context.clone() };
    Ok(Letter {
        subject: rendered("subject", &context)?.trim().to_owned(),
        text: rendered("letter.txt", &letter)?,
        html: rendered("letter.html", &letter)?,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn person(name: &str) -> Person {
        let address = json!({ "line1": "1 High Street", "city": "Leeds", "country": "GB" });
        serde_json::from_value(json!({ "name": name, "email": "ada@shop.example", "address": address }))
            .unwrap()
    }

    fn body(carrier: &str) -> String {
        let lines = [json!({ "sku": "MUG", "quantity": 2, "unit_price": 1290 })];
        json!({ "type": "order.fulfilled", "data": {
            "order_id": "o-1", "lines": lines, "total": 2580, "currency": "EUR", "amount": 2580, "carrier": carrier,
            "tracking_number": "RR123456785DE", "respond_by": "2025-12-01T12:01:00Z",
        }})
        .to_string()
    }

    #[test]
    fn a_letter_says_what_happened_to_whom() {
        let letter = write("order.fulfilled", &body("Post"), &person("Ada"), "The Shop").unwrap();
        assert_eq!(letter.subject, "Your order from The Shop is on its way");
        let text = "Hello Ada,\n\nYour order is on its way with Post. The tracking number is RR123456785DE.\n\n\
                    Order o-1\n  2 x MUG  25.80 EUR\nTotal: 25.80 EUR\n\nThe Shop";
        assert_eq!(letter.text.trim_end(), text);
        assert!(letter.html.contains("<p>Hello Ada,</p>") && letter.html.contains("25.80 EUR"));
    }

    #[test]
    fn every_event_with_a_letter_has_one() {
        for name in EVENTS {
            let letter = write(name, &body("Post"), &person("Ada"), "The Shop").unwrap();
            assert!(letter.subject.contains("The Shop") && !letter.subject.contains('\n'), "{name}");
            assert!(
                letter.text.lines().nth(2).is_some_and(|words| words.len() > 40),
                "{name}: {}",
                letter.text
            );
        }
        assert_eq!(
            write("order.held", &body(""), &person(""), "").map(drop).unwrap_err().code(),
            "letter_unwritable"
        );
    }

    proptest! {
        #[test]
        fn nothing_from_outside_is_markup(name in "[ -~]{0,40}", carrier in "[ -~]{0,40}") {
            let plain = write("order.fulfilled", &body("Post"), &person("Ada"), "Shop").unwrap().html;
            let letter = write("order.fulfilled", &body(&carrier), &person(&name), "Shop").unwrap().html;
            let count = |text: &str, mark: char| text.chars().filter(|c| *c == mark).count();
            for mark in ['<', '>', '"'] {
                prop_assert_eq!(count(&letter, mark), count(&plain, mark), "{}", letter);
            }
        }
    }
}
