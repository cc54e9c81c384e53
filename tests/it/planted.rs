//! The bugs that can be planted: each stands at one place, and none that nobody knows is taken.

use std::collections::{BTreeMap, BTreeSet};

use clap::ValueEnum;
use orderflow::faults::plant::{Plant, VARIABLE};
use orderflow_tests::{
    alone::Alone,
    options,
    servers::{self, connection},
    sources,
};

#[test]
fn each_bug_is_planted_at_exactly_one_place() {
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    let services = sources::services().into_iter().map(|service| format!("services/{service}/src"));
    for source in services.chain(["shared/src".to_owned()]).flat_map(|folder| sources::rust(&folder)) {
        let code = source.text.lines().filter(|line| !line.trim_start().starts_with("//"));
        for found in code.flat_map(|line| line.split("planted(Plant::").skip(1)) {
            let name = found.split(|letter: char| !letter.is_alphanumeric()).next().unwrap();
            *places.entry(name.to_owned()).or_default() += 1;
        }
    }
    let wanted = Plant::value_variants().iter().map(|plant| (format!("{plant:?}"), 1)).collect();
    assert_eq!(places, wanted);
}

#[test]
fn each_bug_has_its_line_in_the_document() {
    let document = sources::text("docs/reliability.md");
    let lines: BTreeSet<String> = sources::between(&document, "\n| `", "` |").map(str::to_owned).collect();
    let name = |plant: &Plant| plant.to_possible_value().unwrap().get_name().to_owned();
    assert_eq!(lines, Plant::value_variants().iter().map(name).collect());
}

#[tokio::test]
async fn a_bug_that_nobody_knows_is_refused_at_start() {
    let (servers, prefix) = (servers::shared().await, options().prefix);
    let alone = Alone::start_with(&connection(servers, &prefix), &[(VARIABLE, "no-such-bug")]).await;
    let said = alone.refuses().await;
    assert!(said.contains(VARIABLE) && said.contains("no-such-bug"), "{said}");
}
