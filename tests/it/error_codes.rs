//! Every error code has a paragraph in `docs/errors.md`, with the same consequence, and every paragraph a code.

use std::collections::{BTreeMap, BTreeSet};

use orderflow_tests::sources::{self, between};

const CONSEQUENCES: [&str; 3] = ["transient", "poison", "fatal"];

#[test]
fn every_error_code_has_its_paragraph() {
    let (code, documented) = (in_code(), documented());
    let missing: Vec<_> = code.iter().filter(|(code, _)| !documented.contains_key(*code)).collect();
    assert!(missing.is_empty(), "without a paragraph in docs/errors.md: {missing:?}");
    let differ: Vec<_> = code
        .iter()
        .filter(|(code, consequences)| !consequences.is_subset(&documented[*code]))
        .map(|(code, consequences)| (code, consequences, &documented[code]))
        .collect();
    assert!(
        differ.is_empty(),
        "another consequence in docs/errors.md (code, in the code, documented): {differ:?}"
    );
}

#[test]
fn every_paragraph_is_about_a_code_there_is() {
    let everything: String =
        folders().iter().flat_map(|folder| sources::rust(folder)).map(|s| s.text).collect();
    let stale: Vec<String> =
        documented().into_keys().filter(|code| !everything.contains(&format!("\"{code}\""))).collect();
    assert!(stale.is_empty(), "in docs/errors.md, but nowhere in the code: {stale:?}");
}

fn folders() -> Vec<String> {
    let services = sources::services().into_iter().map(|service| format!("services/{service}/src"));
    services.chain(["shared/src".to_owned()]).collect()
}

/// The codes that faults are made with, and their consequences.
fn in_code() -> BTreeMap<String, BTreeSet<String>> {
    let mut codes: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for source in folders().iter().flat_map(|folder| sources::rust(folder)) {
        for consequence in CONSEQUENCES {
            for rest in source.text.split(&format!("Fault::{consequence}(")).skip(1) {
                // A literal, unless a function passes one on.
                let Some(literal) = rest.trim_start().strip_prefix('"') else { continue };
                let code = literal.split('"').next().unwrap_or_default();
                codes.entry(code.to_owned()).or_default().insert(consequence.to_owned());
            }
        }
    }
    assert!(codes.len() > 30, "the code is not found any more: {codes:?}");
    codes
}

/// The codes of the list, and the consequences in the brackets that follow them.
fn documented() -> BTreeMap<String, BTreeSet<String>> {
    let mut codes = BTreeMap::new();
    let text = sources::text("docs/errors.md");
    for line in text.lines().filter_map(|line| line.strip_prefix("- `")) {
        let (head, _) = line.split_once(": ").unwrap_or((line, ""));
        // Several codes may share a bracket, and several brackets a line.
        for group in format!("`{head}").split_inclusive(')') {
            let consequence = between(group, "(", ")").next().unwrap_or_default().to_owned();
            let all: BTreeSet<String> = consequence.split([',', ' ']).map(str::to_owned).collect();
            let quoted = group.split('`').skip(1).step_by(2);
            codes.extend(quoted.map(|code| (code.to_owned(), all.clone())));
        }
    }
    codes
}
