//! What the machine must have, what it has, and how to get the rest.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Result, bail};

use crate::servers::{container_engine, downloads};

/// Kafka 4 brokers need this Java.
const JAVA: u32 = 17;
/// What a container engine is called here.
const ENGINE: &str = "docker";

/// One program that starting servers needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prerequisite {
    /// The program's name.
    pub name: &'static str,
    /// Its version and where it is, or `None` when it is missing or too old.
    pub found: Option<String>,
    /// The command that installs it, for Debian and its relatives.
    pub how_to_get: &'static str,
}

impl Prerequisite {
    /// The one line that says what is wrong and what to do, or nothing.
    pub fn complaint(&self) -> Option<String> {
        self.found.is_none().then(|| format!("{} is missing: {}", self.name, self.how_to_get))
    }
}

/// Looks for everything; takes about a second, most of it Maven's start.
pub fn prerequisites() -> Vec<Prerequisite> {
    vec![java(), maven(), redis(), engine(), cargo()]
}

/// Whether what was found suffices to start everything: in containers, or as child processes.
pub fn suffice(found: &[Prerequisite]) -> bool {
    let has = |name: &str| found.iter().any(|one| one.name == name && one.found.is_some());
    // Redis also comes with the downloads.
    has("cargo") && (has(ENGINE) || has("java") && has("mvn"))
}

/// Java, from `JAVA_HOME` or the path.
///
/// # Errors
/// One line with the install command.
pub(crate) fn java_program() -> Result<PathBuf> {
    require(java())?;
    find_java().ok_or_else(|| anyhow::anyhow!("java is missing"))
}

/// Maven, from the path.
///
/// # Errors
/// One line with the install command.
pub(crate) fn maven_program() -> Result<PathBuf> {
    match find("mvn") {
        Some(path) => Ok(path),
        None => bail!("mvn is missing: {}", maven_hint()),
    }
}

/// A program on the path.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file())
}

fn require(prerequisite: Prerequisite) -> Result<()> {
    match prerequisite.complaint() {
        Some(line) => bail!(line),
        None => Ok(()),
    }
}

fn find_java() -> Option<PathBuf> {
    let home = std::env::var_os("JAVA_HOME").map(|home| PathBuf::from(home).join("bin/java"));
    home.filter(|file| file.is_file()).or_else(|| find("java"))
}

fn java() -> Prerequisite {
    let found = describe(find_java(), "-version").filter(|found| java_major(found) >= Some(JAVA));
    let how_to_get = "apt-get install -y openjdk-17-jre-headless (17 or newer)";
    Prerequisite { name: "java", found, how_to_get }
}

fn maven() -> Prerequisite {
    Prerequisite { name: "mvn", found: describe(find("mvn"), "-v"), how_to_get: maven_hint() }
}

fn maven_hint() -> &'static str {
    "apt-get install -y maven (it downloads Kafka and the registry, once)"
}

fn redis() -> Prerequisite {
    let embedded = || describe(downloads::embedded_redis_installed(), "--version");
    let found = describe(find("redis-server"), "--version").or_else(embedded);
    let how_to_get = "apt-get install -y redis-server (else the one Maven downloads is used)";
    Prerequisite { name: "redis-server", found, how_to_get }
}

fn engine() -> Prerequisite {
    let how_to_get =
        "start its daemon, or leave it: without a container engine the servers are child processes";
    Prerequisite { name: ENGINE, found: container_engine().ok(), how_to_get }
}

fn cargo() -> Prerequisite {
    let how_to_get = "https://rustup.rs (rust-toolchain.toml names the version)";
    Prerequisite { name: "cargo", found: describe(find("cargo"), "--version"), how_to_get }
}

/// The first line a program says about itself, and where it is; `None` when it does not run.
fn describe(program: Option<PathBuf>, flag: &str) -> Option<String> {
    let program = program?;
    let output = Command::new(&program).arg(flag).output().ok().filter(|output| output.status.success())?;
    // Java speaks on standard error.
    let said = if output.stdout.is_empty() { output.stderr } else { output.stdout };
    let said = String::from_utf8_lossy(&said);
    // Java first repeats what a variable told it ("Picked up JAVA_TOOL_OPTIONS: ...").
    let first = said.lines().map(plain).find(|line| !line.is_empty() && !line.starts_with("Picked up "))?;
    Some(format!("{first} ({})", program.display()))
}

/// Without the colours Maven prints even into a pipe.
fn plain(line: &str) -> String {
    let mut coloured = false;
    let kept = line.chars().filter(|&c| match c {
        '\u{1b}' => {
            coloured = true;
            false
        }
        'm' if coloured => {
            coloured = false;
            false
        }
        _ => !coloured,
    });
    kept.collect::<String>().trim().to_owned()
}

/// 17 of `openjdk version "17.0.15" 2025-04-15`.
fn java_major(described: &str) -> Option<u32> {
    let version = described.split('"').nth(1)?;
    version.split(['.', '-', '+']).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn java_versions_are_read_as_java_prints_them() {
        assert_eq!(java_major("openjdk version \"17.0.15\" 2025-04-15 (/usr/bin/java)"), Some(17));
        assert_eq!(java_major("openjdk version \"21\" 2023-09-19"), Some(21));
        assert_eq!(java_major("openjdk version \"24-ea\" 2025-03-18"), Some(24));
        // Java 8 called itself 1.8.
        assert_eq!(java_major("java version \"1.8.0_202\""), Some(1));
        assert_eq!(java_major("not java"), None);
    }

    #[test]
    fn what_is_missing_is_said_in_one_line_with_the_command() {
        let missing = Prerequisite { name: "java", found: None, how_to_get: "apt-get install -y java" };
        assert_eq!(missing.complaint().as_deref(), Some("java is missing: apt-get install -y java"));
        let there = Prerequisite { found: Some("17".to_owned()), ..missing };
        assert_eq!(there.complaint(), None);
    }

    #[test]
    fn an_engine_stands_in_for_java_and_maven_but_nothing_for_cargo() {
        let all = ["java", "mvn", "redis-server", ENGINE, "cargo"];
        let without = |missing: &[&str]| {
            let found = |name| (!missing.contains(&name)).then(|| "there".to_owned());
            suffice(&all.map(|name| Prerequisite { name, found: found(name), how_to_get: "" }))
        };
        assert!(without(&[ENGINE, "redis-server"]) && without(&["java", "mvn", "redis-server"]));
        assert!(!without(&[ENGINE, "mvn"]) && !without(&["cargo"]));
    }

    #[test]
    fn colours_are_taken_out() {
        assert_eq!(plain("\u{1b}[1mApache Maven 3.8.7\u{1b}[m"), "Apache Maven 3.8.7");
    }
}
