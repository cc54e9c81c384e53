//! The rules in `deploy/alerts`, as files and one by one.

use orderflow_tests::sources::{text, workspace};
use serde_json::Value;

/// Every file of rules: name and content.
pub fn files() -> Vec<(String, String)> {
    let folder = std::fs::read_dir(workspace().join("deploy/alerts")).unwrap();
    let names = folder.map(|file| file.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.filter(|name| name.ends_with(".yml")).collect();
    names.sort();
    assert!(!names.is_empty());
    names.into_iter().map(|name| (name.clone(), text(&format!("deploy/alerts/{name}")))).collect()
}

/// The rules of every file, with the file's name.
fn all() -> Vec<(String, Value)> {
    let rules_of = |(name, content): (String, String)| {
        let content: Value = serde_yaml_ng::from_str(&content).unwrap();
        let groups = content["groups"].as_array().unwrap().clone();
        let rules = groups.into_iter().flat_map(|group| group["rules"].as_array().unwrap().clone());
        rules.map(|rule| (name.clone(), rule)).collect::<Vec<_>>()
    };
    files().into_iter().flat_map(rules_of).collect()
}

/// The alerts, with their files' names.
pub fn alerts() -> Vec<(String, Value)> {
    all().into_iter().filter(|(_, rule)| rule["alert"].is_string()).collect()
}

/// What is recorded: name and expression.
pub fn recorded() -> Vec<(String, String)> {
    let name = |rule: &Value| Some((rule["record"].as_str()?.to_owned(), rule["expr"].as_str()?.to_owned()));
    all().iter().filter_map(|(_, rule)| name(rule)).collect()
}

/// The expressions of all rules, with where they stand.
pub fn expressions() -> Vec<(String, String)> {
    let named = |(file, rule): (String, Value)| {
        let name = rule["alert"].as_str().or(rule["record"].as_str()).unwrap().to_owned();
        (format!("{file}: {name}"), rule["expr"].as_str().unwrap().to_owned())
    };
    all().into_iter().map(named).collect()
}
