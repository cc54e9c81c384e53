//! The steps in the code, `schemas/topics.yaml` and the tables in the READMEs say the same.

use std::collections::BTreeSet;

use orderflow::catalogue::Catalogue;
use orderflow_tests::sources::{self, Source, between};

/// Topic and record type.
type Records = BTreeSet<(String, String)>;

/// What a service follows beside its steps, or folds in a rebuild, and how its source shows it.
const FOLLOWED: [(&str, &str, &str); 6] = [
    ("fraud-scoring", "models.state", "service.follow::<ModelState>()"),
    ("inventory", "inventory.snapshots", "INVENTORY_SNAPSHOTS"),
    ("notifications", "customer.keys", "ReadingKeys::start"),
    ("notifications", "notifications.subscriptions", "service.follow::<Subscription>()"),
    ("order-intake", "customer.keys", "WritingKeys::start"),
    ("shipping", "customer.keys", "ReadingKeys::start"),
];

/// What a step reads whatever its bytes are: what the groups on an order's path have put aside. Who may is said in
/// `dead_letters` of schemas/topics.yaml.
const PUT_ASIDE: &str = "PutAside";

/// Services that also publish what comes to them from outside, by HTTP.
const PUBLISHERS: [&str; 4] = ["notifications", "order-intake", "order-status", "payment"];

/// A step or a deadline as its source declares it; a deadline reads nothing.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Hop {
    name: String,
    inputs: Records,
    outputs: Records,
}

#[test]
fn a_step_is_named_for_its_service_and_its_file() {
    for service in sources::services() {
        for source in sources::rust(&format!("services/{service}/src")) {
            let names: Vec<&str> = between(&source.text, "const NAME: &'static str = \"", "\"").collect();
            let expected =
                if is_hop(&source) { vec![format!("{service}.{}", source.name)] } else { Vec::new() };
            assert_eq!(names, expected, "services/{service}/src/{}.rs", source.name);
        }
    }
}

#[test]
fn the_steps_read_and_write_what_the_catalogue_says() {
    let catalogue = Catalogue::load().unwrap();
    for service in sources::services() {
        let hops = hops(&service);
        let text: String =
            sources::rust(&format!("services/{service}/src")).into_iter().map(|s| s.text).collect();
        let mut reads: BTreeSet<String> =
            hops.iter().flat_map(|hop| &hop.inputs).map(|(topic, _)| topic.clone()).collect();
        for (_, topic, sign) in FOLLOWED.iter().filter(|(who, ..)| *who == service) {
            assert!(text.contains(sign), "{service} no longer follows {topic}");
            reads.insert((*topic).to_owned());
        }
        let readable = catalogue.topics.iter().filter(|(_, entry)| entry.read_by.contains(&service));
        let readable: BTreeSet<String> = readable.map(|(topic, _)| topic.clone()).collect();
        assert_eq!(reads, readable, "what {service} reads, and what schemas/topics.yaml says");

        let mut writes: Records = hops.into_iter().flat_map(|hop| hop.outputs).collect();
        let writable = written_by(&catalogue, &service);
        if PUBLISHERS.contains(&service.as_str()) {
            // What comes from outside is in no step, but somewhere in the source; keys are the sealing's.
            let named =
                |(_, record): &&(String, String)| text.contains(record.as_str()) || record == "WrappedKey";
            writes.extend(writable.iter().filter(named).cloned());
        }
        if text.contains("service.breaker(") {
            writes.insert(on_its_topic("BreakerMoved"));
        }
        if text.contains("DriftDetected") {
            writes.insert(on_its_topic("DriftDetected"));
        }
        assert_eq!(writes, writable, "what {service} writes, and what schemas/topics.yaml says");
    }
}

#[test]
fn who_reads_what_was_put_aside_may_do_so() {
    let readers = sources::services().into_iter().filter(|service| {
        let mut steps = sources::rust(&format!("services/{service}/src")).into_iter().filter(is_hop);
        steps.any(|step| step.text.contains(&format!("type In = {PUT_ASIDE};")))
    });
    let readers: BTreeSet<String> = readers.collect();
    let may: BTreeSet<String> = Catalogue::load().unwrap().dead_letters.read_by.into_iter().collect();
    assert_eq!(readers, may);
}

#[test]
fn every_service_that_reads_has_the_topics_of_a_group_and_no_other() {
    let catalogue = Catalogue::load().unwrap();
    for service in sources::services() {
        let reads = hops(&service).iter().any(|hop| !hop.inputs.is_empty());
        assert_eq!(
            reads,
            catalogue.groups().contains_key(service.as_str()),
            "{service}: see shared/src/topics.rs"
        );
    }
}

#[test]
fn the_readmes_tables_are_the_topology() {
    let catalogue = Catalogue::load().unwrap();
    for service in sources::services() {
        let readme = sources::text(&format!("services/{service}/README.md"));
        let hops: BTreeSet<Hop> = hops(&service).into_iter().collect();
        let is_row =
            |line: &&str| ["on_", "at_"].iter().any(|kind| line.starts_with(&format!("| `{service}.{kind}")));
        let told: BTreeSet<Hop> = readme.lines().filter(is_row).map(row).collect();
        assert_eq!(told, hops, "services/{service}/README.md and the steps");

        let rows = readme.lines().filter_map(|line| line.strip_prefix("| out | "));
        let mut told: Records = rows.flat_map(records).collect();
        let asides = ["BreakerMoved", "DriftDetected"].into_iter().filter(|record| readme.contains(record));
        // Who reads such a record names it too.
        let asides =
            asides.map(on_its_topic).filter(|record| !hops.iter().any(|hop| hop.inputs.contains(record)));
        told.extend(asides.collect::<Records>());
        told.extend(hops.into_iter().flat_map(|hop| hop.outputs));
        assert_eq!(told, written_by(&catalogue, &service), "services/{service}/README.md");
    }
}

fn written_by(catalogue: &Catalogue, service: &str) -> Records {
    let all =
        catalogue.topics.iter().flat_map(|(topic, entry)| entry.records.iter().map(move |r| (topic, r)));
    all.filter(|(_, (_, writers))| writers.include(service))
        .map(|(topic, (record, _))| (topic.clone(), record.clone()))
        .collect()
}

fn is_hop(source: &Source) -> bool {
    source.name.starts_with("on_") || source.name.starts_with("at_")
}

/// The steps and deadlines of a service, as its source declares them.
fn hops(service: &str) -> Vec<Hop> {
    let sources = sources::rust(&format!("services/{service}/src"));
    let text: String = sources.iter().map(|source| source.text.as_str()).collect();
    // One record type, or an enum of several somewhere in the service.
    let types = |declared: &str| -> Records {
        let opening = format!("enum {declared} {{");
        let variants = between(&text, &opening, "}").next().unwrap_or(declared);
        let names =
            variants.split(',').map(str::trim).filter(|name| !["", "Nothing", PUT_ASIDE].contains(name));
        names.map(on_its_topic).collect()
    };
    let hops = sources.iter().filter(|source| is_hop(source));
    hops.map(|source| {
        let all = |before, after| between(&source.text, before, after).map(str::trim).next();
        Hop {
            name: all("const NAME: &'static str = \"", "\"").unwrap().to_owned(),
            inputs: all("type In = ", ";").map(types).unwrap_or_default(),
            outputs: types(all("type Out = ", ";").unwrap()),
        }
    })
    .collect()
}

/// A row of a README's table of steps: name, what it reads, what it writes.
fn row(line: &str) -> Hop {
    let columns: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
    let [name, reads, writes] = columns[..] else { panic!("not three columns: {line}") };
    Hop { name: name.trim_matches('`').to_owned(), inputs: records(reads), outputs: records(writes) }
}

/// The record types a text names; the topic in front of them must be theirs.
fn records(text: &str) -> Records {
    let topics: Vec<&str> = text.split('`').skip(1).step_by(2).collect();
    let known: BTreeSet<String> =
        Catalogue::load().unwrap().topics.into_values().flat_map(|e| e.records.into_keys()).collect();
    let words = text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| known.contains(*word));
    let named: Records = words.map(on_its_topic).collect();
    for (topic, record) in &named {
        assert!(topics.contains(&topic.as_str()), "{record} is on {topic}, which is not named in: {text}");
    }
    named
}

fn on_its_topic(record: &str) -> (String, String) {
    let catalogue = Catalogue::load().unwrap();
    let found = catalogue.topics.iter().find(|(_, entry)| entry.records.contains_key(record));
    let (topic, _) = found.unwrap_or_else(|| panic!("{record} is on no topic"));
    (topic.clone(), record.to_owned())
}
