//! The steps in the code, `schemas/topics.yaml` and the tables in the READMEs say the same.

use std::collections::BTreeSet;

use orderflow::catalogue::Catalogue;
use orderflow_tests::sources::{self, between};

/// Topic and record type.
type Records = BTreeSet<(String, String)>;

/// What a service follows beside its steps, and how its source shows it.
const FOLLOWED: [(&str, &str, &str); 1] = [("shipping", "customer.keys", "ReadingKeys::start")];

/// A step as its source declares it.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Hop {
    name: String,
    input: (String, String),
    outputs: Records,
}

#[test]
fn a_step_is_named_for_its_service_and_its_file() {
    for service in sources::services() {
        for source in sources::rust(&format!("services/{service}/src")) {
            let names: Vec<&str> = between(&source.text, "const NAME: &'static str = \"", "\"").collect();
            if source.name.starts_with("on_") {
                assert_eq!(
                    names,
                    [format!("{service}.{}", source.name)],
                    "services/{service}/src/{}.rs",
                    source.name
                );
            } else {
                assert_eq!(
                    names, [""; 0],
                    "a step outside of on_*.rs: services/{service}/src/{}.rs",
                    source.name
                );
            }
        }
    }
}

#[test]
fn the_steps_read_and_write_what_the_catalogue_says() {
    let catalogue = Catalogue::load().unwrap();
    for service in sources::services() {
        let hops = hops(&service);
        let mut reads: BTreeSet<String> = hops.iter().map(|hop| hop.input.0.clone()).collect();
        let text: String =
            sources::rust(&format!("services/{service}/src")).into_iter().map(|s| s.text).collect();
        for (_, topic, sign) in FOLLOWED.iter().filter(|(who, ..)| *who == service) {
            assert!(text.contains(sign), "{service} no longer follows {topic}");
            reads.insert((*topic).to_owned());
        }
        let may = |who: &[String]| who.contains(&service);
        let topics = catalogue.topics.iter();
        let catalogued: BTreeSet<String> =
            topics.clone().filter(|(_, entry)| may(&entry.read_by)).map(|(topic, _)| topic.clone()).collect();
        assert_eq!(reads, catalogued, "what {service} reads, and what schemas/topics.yaml says");

        // Intake has no steps: its records come from outside, and its README is held to the catalogue below.
        let writes: Records = hops.into_iter().flat_map(|hop| hop.outputs).collect();
        let catalogued: Records = topics
            .filter(|(_, entry)| may(&entry.written_by))
            .flat_map(|(topic, entry)| entry.records.iter().map(|record| (topic.clone(), record.clone())))
            .collect();
        if service == "order-intake" {
            assert_eq!(writes, Records::new());
            let missing = catalogued
                .iter()
                .find(|(_, record)| !text.contains(record.as_str()) && record != "WrappedKey");
            assert_eq!(missing, None, "order-intake publishes none");
        } else {
            assert_eq!(writes, catalogued, "what {service} writes, and what schemas/topics.yaml says");
        }
    }
}

#[test]
fn the_readmes_tables_are_the_topology() {
    let catalogue = Catalogue::load().unwrap();
    for service in sources::services() {
        let readme = sources::text(&format!("services/{service}/README.md"));
        if service == "order-intake" {
            let rows = readme.lines().filter_map(|line| line.strip_prefix("| out | "));
            let told: Records = rows.flat_map(records).collect();
            let written = catalogue.topics.iter().filter(|(_, entry)| entry.written_by.contains(&service));
            let catalogued =
                written.flat_map(|(topic, entry)| entry.records.iter().map(|r| (topic.clone(), r.clone())));
            assert_eq!(told, catalogued.collect(), "services/{service}/README.md");
            continue;
        }
        let prefix = format!("| `{service}.on_");
        let rows = readme.lines().filter(|line| line.starts_with(&prefix));
        let told: BTreeSet<Hop> = rows.map(row).collect();
        assert_eq!(told, hops(&service).into_iter().collect(), "services/{service}/README.md and the steps");
    }
}

/// The steps of a service, as its source declares them.
fn hops(service: &str) -> Vec<Hop> {
    let sources = sources::rust(&format!("services/{service}/src"));
    let text: String = sources.iter().map(|source| source.text.as_str()).collect();
    let steps = sources.iter().filter(|source| source.name.starts_with("on_"));
    steps
        .map(|source| {
            let one = |before, after| between(&source.text, before, after).next().unwrap().trim().to_owned();
            let input = one("type In = ", ";");
            let output = one("type Out = ", ";");
            let variants = between(&text, &format!("enum {output} {{"), "}").next().map(str::to_owned);
            let outputs = variants.unwrap_or(output);
            Hop {
                name: one("const NAME: &'static str = \"", "\""),
                input: on_its_topic(&input),
                outputs: outputs
                    .split(',')
                    .map(str::trim)
                    .filter(|o| !o.is_empty())
                    .map(on_its_topic)
                    .collect(),
            }
        })
        .collect()
}

/// A row of a README's table of steps: name, what it reads, what it writes.
fn row(line: &str) -> Hop {
    let columns: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
    let [name, reads, writes] = columns[..] else { panic!("not three columns: {line}") };
    let input = records(reads).into_iter().next().unwrap_or_else(|| panic!("reads nothing: {line}"));
    Hop { name: name.trim_matches('`').to_owned(), input, outputs: records(writes) }
}

/// The record types a text names; the topic in front of them must be theirs.
fn records(text: &str) -> Records {
    let topics: Vec<&str> = text.split('`').skip(1).step_by(2).collect();
    let known: BTreeSet<String> =
        Catalogue::load().unwrap().topics.into_values().flat_map(|e| e.records).collect();
    let words = text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| known.contains(*word));
    let named: Records = words.map(on_its_topic).collect();
    for (topic, record) in &named {
        assert!(topics.contains(&topic.as_str()), "{record} is on {topic}, which is not named in: {text}");
    }
    named
}

fn on_its_topic(record: &str) -> (String, String) {
    let catalogue = Catalogue::load().unwrap();
    let found = catalogue.topics.iter().find(|(_, entry)| entry.records.iter().any(|name| name == record));
    let (topic, _) = found.unwrap_or_else(|| panic!("{record} is on no topic"));
    (topic.clone(), record.to_owned())
}
