//! The workspace's binaries, built once and found by name.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;
use tokio::sync::OnceCell;

const FOLDER: &str = "ORDERFLOW_BIN_DIR";

/// Every program a run of the whole pipeline needs.
pub const NAMES: [&str; 11] = [
    "order-intake",
    "fraud-scoring",
    "inventory",
    "payment",
    "shipping",
    "order-status",
    "recommendation",
    "notifications",
    "gateway-simulator",
    "carrier-simulator",
    "orderflow",
];

/// Where each program is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binaries(BTreeMap<String, PathBuf>);

impl Binaries {
    /// The file of one program.
    ///
    /// # Errors
    /// When the workspace has no such program.
    pub fn path(&self, name: &str) -> Result<PathBuf> {
        let path = self.0.get(name);
        path.cloned().with_context(|| format!("no binary {name}; there are: {}", self.names()))
    }

    /// The programs of a folder, without building anything.
    ///
    /// # Errors
    /// When one of [`NAMES`] is not in it.
    pub fn in_folder(folder: &Path) -> Result<Self> {
        let folder = std::path::absolute(folder)?;
        let files = NAMES.map(|name| (name.to_owned(), folder.join(name)));
        let missing: Vec<_> =
            files.iter().filter(|(_, path)| !path.is_file()).map(|(name, _)| name.as_str()).collect();
        ensure!(missing.is_empty(), "not in {}: {}", folder.display(), missing.join(", "));
        Ok(Self(files.into()))
    }

    fn names(&self) -> String {
        self.0.keys().map(String::as_str).collect::<Vec<_>>().join(", ")
    }
}

/// The workspace's binaries: those in `ORDERFLOW_BIN_DIR`, else built, once per process, in the profile this program
/// was built in. Cargo's own progress goes to standard error.
///
/// # Errors
/// When the build fails, or a program is missing from the folder.
pub async fn build() -> Result<Binaries> {
    static BUILT: OnceCell<Binaries> = OnceCell::const_new();
    let built = BUILT.get_or_try_init(|| async { tokio::task::spawn_blocking(find_or_build).await? });
    built.await.cloned()
}

/// The workspace this was compiled in.
pub(crate) fn workspace() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_path_buf()
}

fn find_or_build() -> Result<Binaries> {
    match std::env::var_os(FOLDER).filter(|folder| !folder.is_empty()) {
        Some(folder) => Binaries::in_folder(Path::new(&folder)).context(FOLDER),
        None => cargo_build(),
    }
}

fn cargo_build() -> Result<Binaries> {
    let workspace = workspace();
    ensure!(
        workspace.join("Cargo.toml").is_file(),
        "{} is gone: set {FOLDER} to a folder with the binaries",
        workspace.display()
    );
    // Set while cargo runs us; else the one on the path.
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["build", "--workspace", "--bins", "--message-format=json-render-diagnostics"]);
    command.args(profile().map(|profile| format!("--profile={profile}")));
    let mut build =
        command.current_dir(&workspace).stdout(Stdio::piped()).spawn().context("cargo is missing")?;
    let output = build.stdout.take().context("cargo has no output")?;
    let mut found = BTreeMap::new();
    for line in BufReader::new(output).lines() {
        found.extend(executable(&line?));
    }
    let status = build.wait()?;
    if !status.success() {
        bail!("cargo build --workspace --bins failed in {}", workspace.display());
    }
    Ok(Binaries(found))
}

/// One artifact in cargo's report.
#[derive(Deserialize)]
struct Built {
    target: Target,
    executable: Option<PathBuf>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
}

/// Name and file of a program, if that is what this line of cargo's report is about.
fn executable(line: &str) -> Option<(String, PathBuf)> {
    let built: Built = serde_json::from_str(line).ok()?;
    built.executable.map(|path| (built.target.name, path))
}

/// The profile of the running program, by the folder cargo put it in: another one would compile everything again.
fn profile() -> Option<String> {
    let program = std::env::current_exe().ok()?;
    profile_of(&program)
}

fn profile_of(program: &Path) -> Option<String> {
    let folder = program
        .ancestors()
        .skip(1)
        .find(|folder| !folder.ends_with("deps") && !folder.ends_with("examples"))?;
    match folder.file_name()?.to_str()? {
        "debug" => Some("dev".to_owned()),
        // Only a folder cargo made names a profile; an installed program may lie in any.
        name if folder.join(".cargo-lock").is_file() => Some(name.to_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_profile_is_the_one_the_caller_runs_in() {
        assert_eq!(profile_of(Path::new("/w/target/debug/deps/it-0123")).as_deref(), Some("dev"));
        assert_eq!(profile_of(Path::new("/w/target/debug/orderflow")).as_deref(), Some("dev"));
        assert_eq!(profile_of(Path::new("/usr/local/bin/orderflow")), None);
    }

    #[test]
    fn programs_are_read_from_cargos_report() {
        let program = r#"{"reason":"compiler-artifact","target":{"kind":["bin"],"name":"payment","edition":"2024"},
            "filenames":["/t/debug/payment"],"executable":"/t/debug/payment","fresh":true}"#;
        assert_eq!(executable(program), Some(("payment".to_owned(), "/t/debug/payment".into())));
        let library = r#"{"reason":"compiler-artifact","target":{"name":"orderflow"},"executable":null}"#;
        assert_eq!(executable(library), None);
        assert_eq!(executable(r#"{"reason":"build-finished","success":true}"#), None);
        assert_eq!(executable("not json"), None);
    }

    #[test]
    fn a_folder_without_the_binaries_names_what_is_missing() {
        let folder = tempfile::tempdir().unwrap();
        for name in &NAMES[1..] {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        let error = Binaries::in_folder(folder.path()).unwrap_err().to_string();
        assert!(error.ends_with(": order-intake"), "{error}");
        std::fs::write(folder.path().join(NAMES[0]), "").unwrap();
        let all = Binaries::in_folder(folder.path()).unwrap();
        assert!(all.path("payment").unwrap().ends_with("payment"));
        assert!(all.path("paiment").is_err());
    }
}
