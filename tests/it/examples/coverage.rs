//! No step, no record and no snapshot is left over.

use std::collections::{BTreeMap, BTreeSet};

use orderflow::{catalogue::Catalogue, schemas};
use orderflow_tests::sources::{self, between};

/// Runs as a process, which is sent every example on the topics it reads.
const AS_A_PROCESS: &str = "order-status";

/// Records that are read beside the steps, or in rebuilds only, and where that is tested: `models_serving.rs`,
/// `stock_snapshots.rs`, the sealing's own tests, and `notifications.rs`.
const FOLLOWED: [&str; 7] = [
    "ModelState",
    "StockSnapshot",
    "WrappedKey",
    "Subscription",
    "NotificationDelivered",
    "NotificationFailed",
    "EndpointDisabled",
];

/// A step or a deadline, as its source declares it.
struct Hop {
    service: String,
    /// Its file, which its type is named for.
    file: String,
    /// What it reads, one record type or several; nothing for a deadline.
    reads: Vec<String>,
}

impl Hop {
    /// Its type: `on_order_placed` is `OnOrderPlaced`.
    fn type_name(&self) -> String {
        let words = self.file.split('_').map(|word| word[..1].to_uppercase() + &word[1..]);
        words.collect()
    }
}

#[test]
fn every_step_and_deadline_is_run_with_every_example_it_reads() {
    let process = hops_of(AS_A_PROCESS);
    for hop in hops().iter().chain(&process) {
        let file = format!("tests/it/examples/{}.rs", hop.service.replace('-', "_"));
        // `run` and its like take all examples of the step's record: what is named there is run with all of them.
        let name = hop.type_name();
        let calls = ["run", "twice"].map(|how| [">", "<"].map(|after| format!("{how}::<{name}{after}")));
        let step = format!("\"{}.{}\"", hop.service, hop.file);
        let calls = if hop.service == AS_A_PROCESS { vec![step] } else { calls.concat() };
        let text = sources::text(&file);
        assert!(calls.iter().any(|call| text.contains(call)), "{file} has none of {}", calls.join(", "));
    }
}

#[test]
fn every_example_that_somebody_reads_is_read_by_a_step_that_is_run() {
    let catalogue = Catalogue::load().unwrap();
    let hops = hops();
    let read: BTreeSet<&str> =
        hops.iter().flat_map(|hop| hop.reads.iter().map(String::as_str)).chain(FOLLOWED).collect();
    for (topic, entry) in &catalogue.topics {
        let sent = entry.read_by.iter().any(|service| service == AS_A_PROCESS);
        for record in entry.records.keys().filter(|_| !entry.read_by.is_empty()) {
            let examples = schemas::examples(topic, record);
            assert!(!examples.is_empty(), "{record} has no example");
            assert!(sent || read.contains(record.as_str()), "no step here reads the examples of {record}");
        }
    }
}

#[test]
fn every_snapshot_is_of_a_step_and_an_example_there_are() {
    let hops = hops();
    let of = |hop: &Hop| -> Vec<String> {
        // A deadline takes what waits for it: something that its service has read.
        let feeds = |one: &&Hop| match hop.reads.is_empty() {
            true => one.service == hop.service,
            false => (&one.service, &one.file) == (&hop.service, &hop.file),
        };
        hops.iter().filter(feeds).flat_map(|one| &one.reads).flat_map(|record| names(record)).collect()
    };
    let known: BTreeMap<String, Vec<String>> =
        hops.iter().map(|hop| (format!("{}_{}", hop.service, hop.file), of(hop))).collect();
    let folder = sources::workspace().join("tests/it/snapshots");
    for file in std::fs::read_dir(folder).unwrap() {
        let file = file.unwrap().file_name().into_string().unwrap();
        let Some(name) = between(&file, "it__examples__", ".snap").next() else { continue };
        if name == format!("{AS_A_PROCESS}_on_event") {
            continue;
        }
        let rest = |step: &String| name.strip_prefix(step)?.strip_prefix('-');
        let found = known.iter().find_map(|(step, examples)| Some((rest(step)?, examples)));
        let (rest, examples) = found.unwrap_or_else(|| panic!("{file} is of no step"));
        let example = rest.split('-').next().unwrap_or_default();
        let known = examples.iter().any(|name| name.replace('.', "_") == example);
        assert!(known, "{file} is of no example: there are {examples:?}");
    }
}

/// Every step and deadline that runs within these tests.
fn hops() -> Vec<Hop> {
    let services = sources::services().into_iter().filter(|service| service != AS_A_PROCESS);
    services.flat_map(|service| hops_of(&service)).collect()
}

fn hops_of(service: &str) -> Vec<Hop> {
    let files = sources::rust(&format!("services/{service}/src")).into_iter();
    let files: Vec<_> = files.collect();
    let text: String = files.iter().map(|file| file.text.as_str()).collect();
    // One record type, or an enum of several somewhere in the service.
    let types = |declared: &str| -> Vec<String> {
        let begin = format!("enum {declared} {{");
        let variants = between(&text, &begin, "}").next().unwrap_or(declared);
        variants.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect()
    };
    let hops = files.iter().filter(|file| file.name.starts_with("on_") || file.name.starts_with("at_"));
    let hops = hops.map(|file| Hop {
        service: service.to_owned(),
        reads: between(&file.text, "type In = ", ";").next().map(types).unwrap_or_default(),
        file: file.name.clone(),
    });
    hops.collect()
}

/// The names of a record's examples.
fn names(record: &str) -> Vec<String> {
    let topics = Catalogue::load().unwrap().topics;
    let (topic, _) = topics.iter().find(|(_, entry)| entry.records.contains_key(record)).unwrap();
    schemas::examples(topic, record).into_iter().map(|(name, _)| name).collect()
}
