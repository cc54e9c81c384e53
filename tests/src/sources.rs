//! The project's own files, for tests that hold code and documents to each other.

use std::path::{Path, PathBuf};

/// The workspace's folder.
#[must_use]
pub fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The folder of the fraud model that comes with this version.
#[must_use]
pub fn shipped_model() -> PathBuf {
    workspace().join("services/fraud-scoring/model/shipped")
}

/// A text file of the workspace.
#[must_use]
pub fn text(path: &str) -> String {
    let path = workspace().join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The services, by their folders.
#[must_use]
pub fn services() -> Vec<String> {
    let folders = std::fs::read_dir(workspace().join("services")).unwrap();
    let mut names: Vec<String> =
        folders.map(|folder| folder.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// A Rust file: its name without folders, and its text without the tests at its end.
#[derive(Debug, Clone)]
#[allow(missing_docs)]
pub struct Source {
    pub name: String,
    pub text: String,
}

/// Every Rust file below a folder of the workspace that is no test.
#[must_use]
pub fn rust(folder: &str) -> Vec<Source> {
    let mut sources = Vec::new();
    collect(&workspace().join(folder), &mut sources);
    sources.sort_by(|a, b| a.name.cmp(&b.name));
    assert!(!sources.is_empty(), "no Rust in {folder}");
    sources
}

fn collect(folder: &Path, sources: &mut Vec<Source>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if path.is_dir() && name != "tests" {
            collect(&path, sources);
        } else if let Some(name) = name.strip_suffix(".rs").filter(|name| !name.ends_with("tests")) {
            let text = std::fs::read_to_string(&path).unwrap();
            let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default().to_owned();
            sources.push(Source { name: name.to_owned(), text });
        }
    }
}

/// What stands between `before` and the first `after` behind it, at each place where `before` stands.
pub fn between<'t>(text: &'t str, before: &'t str, after: &'t str) -> impl Iterator<Item = &'t str> {
    text.split(before).skip(1).filter_map(move |rest| rest.split_once(after)).map(|(found, _)| found)
}
