//! The servers' programs, downloaded once per machine by Maven (deploy/native/pom.xml).

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

use super::{archive, kafka};
use crate::binaries::workspace;
use crate::logs::tail;
use crate::prerequisites::{find, java_program, maven_program};
use crate::processes::{Process, Spec};

/// Which servers in which versions. Compiled in, so that a copied binary can still get them.
const POM: &str = include_str!("../../../deploy/native/pom.xml");
/// About 200 MB over a slow line.
const DOWNLOADED_WITHIN: Duration = Duration::from_mins(20);
/// Maven keeps what it has, so another attempt only fetches the rest.
const ATTEMPTS: usize = 3;

/// Where the programs are.
#[derive(Clone, Debug)]
pub(crate) struct Installed {
    folder: PathBuf,
    pub(super) java: PathBuf,
}

/// Where downloads and running servers live.
pub(super) fn native_folder() -> PathBuf {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let folder = set("ORDERFLOW_NATIVE_DIR")
        .unwrap_or_else(|| set("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into()).join("native"));
    // Tests run in their package's folder: a relative path would name another place for each.
    workspace().join(folder)
}

/// One folder per content of the pom: a changed pom downloads anew, beside what others may be running from.
fn servers_folder() -> PathBuf {
    native_folder().join(format!("servers-{:016x}", fnv1a(POM.as_bytes())))
}

/// FNV-1a, 64 bits: the same on every machine and in every release, which the standard hasher does not promise.
fn fnv1a(bytes: &[u8]) -> u64 {
    let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, step)
}

/// Makes sure the programs are there; downloads them if they are not.
pub(crate) async fn install() -> Result<Installed> {
    let java = java_program()?;
    let installed = Installed { folder: servers_folder(), java };
    if installed.folder.is_dir() {
        return Ok(installed);
    }
    let native = native_folder();
    std::fs::create_dir_all(&native).with_context(|| format!("making {}", native.display()))?;
    // Several test binaries may come here at once: one downloads, the others wait for it.
    let _lock = lock(native.join("lock")).await?;
    if !installed.folder.is_dir() {
        let partial = native.join("partial");
        let _ = std::fs::remove_dir_all(&partial);
        std::fs::create_dir_all(&partial)?;
        download(&native, &partial).await?;
        let here = Installed { folder: partial.clone(), ..installed.clone() };
        format_kafka(&here, &partial, &here.kafka_formatted(), &[]).await?;
        // All or nothing: the folder has its name only when it is complete.
        std::fs::rename(&partial, &installed.folder)?;
        // After the renaming, since an archive is bound to the paths of its jars.
        archive::write(&installed).await;
    }
    Ok(installed)
}

pub(super) async fn lock(path: PathBuf) -> Result<File> {
    let wait = move || -> Result<File> {
        let file = File::create(&path).with_context(|| format!("opening {}", path.display()))?;
        file.lock().with_context(|| format!("locking {}", path.display()))?;
        Ok(file)
    };
    tokio::task::spawn_blocking(wait).await?
}

async fn download(native: &Path, into: &Path) -> Result<()> {
    let maven = maven_program()?;
    let pom = native.join("pom.xml");
    std::fs::write(&pom, POM)?;
    eprintln!("downloading Kafka, a schema registry and Redis (200 MB, once) to {}", native.display());
    let args = [
        "--batch-mode".to_owned(),
        "--no-transfer-progress".to_owned(),
        format!("--file={}", pom.display()),
        format!("-Dnative.dir={}", into.display()),
        "process-resources".to_owned(),
    ];
    let spec = Spec {
        name: "mvn".to_owned(),
        program: maven,
        args: args.to_vec(),
        log: native.join("download.log"),
        ..Spec::default()
    };
    for _ in 0..ATTEMPTS {
        if Process::start(&spec)?.wait(DOWNLOADED_WITHIN).await?.success() {
            return Ok(());
        }
    }
    bail!("mvn could not download the servers; the end of {}:\n{}", spec.log.display(), tail(&spec.log))
}

/// Lets Kafka's own tool format a data folder, for brokers to start from a copy of; settings and log go to `folder`.
pub(super) async fn format_kafka(
    installed: &Installed,
    folder: &Path,
    formatted: &Path,
    more: &[String],
) -> Result<()> {
    let properties = folder.join("format.properties");
    std::fs::write(
        &properties,
        kafka::properties(kafka::Node::ONLY, formatted, "127.0.0.1", 1, "127.0.0.1:2"),
    )?;
    let mut args = installed.kafka_flags();
    args.extend(["kafka.tools.StorageTool".to_owned(), "format".to_owned()]);
    args.extend(["--config".to_owned(), properties.display().to_string()]);
    args.extend(["--cluster-id".to_owned(), kafka::fresh_id()]);
    args.extend_from_slice(more);
    let log = folder.join("format.log");
    let spec = Spec {
        name: "kafka storage format".to_owned(),
        program: installed.java.clone(),
        args,
        log,
        ..Spec::default()
    };
    let status = Process::start(&spec)?.wait(Duration::from_mins(2)).await?;
    ensure!(status.success(), "kafka's storage could not be formatted:\n{}", tail(&spec.log));
    Ok(())
}

impl Installed {
    /// Flags every run of a Kafka program needs.
    pub(super) fn kafka_flags(&self) -> Vec<String> {
        vec!["-cp".to_owned(), format!("{}/*", self.folder.join("kafka").display())]
    }

    /// Where the class archive of one server is, once it is written.
    pub(super) fn class_archive(&self, name: &str) -> PathBuf {
        self.folder.join(name).with_extension("jsa")
    }

    /// The flag that uses the class archive of one server, if there is one. Another Java than the one that wrote it
    /// ignores it.
    pub(super) fn class_archive_flag(&self, name: &str) -> Option<String> {
        let archive = self.class_archive(name);
        archive.is_file().then(|| format!("-XX:SharedArchiveFile={}", archive.display()))
    }

    pub(super) fn kafka_formatted(&self) -> PathBuf {
        self.folder.join("kafka-formatted")
    }

    pub(super) fn registry_jar(&self) -> Result<PathBuf> {
        find_file(&self.folder.join("registry"), |name| name.ends_with("-runner.jar")).with_context(|| {
            format!("no registry in {}; remove that folder to download again", self.folder.display())
        })
    }

    /// The installed server, else the downloaded one.
    pub(super) fn redis(&self) -> Result<PathBuf> {
        find("redis-server")
            .or_else(|| embedded_redis(&self.folder))
            .context("redis-server is missing: apt-get install -y redis-server")
    }
}

/// The downloaded Redis, if there is one already.
pub(crate) fn embedded_redis_installed() -> Option<PathBuf> {
    embedded_redis(&servers_folder())
}

fn embedded_redis(servers: &Path) -> Option<PathBuf> {
    let system = match std::env::consts::OS {
        "macos" => "darwin",
        other => other,
    };
    let processor = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    let ending = format!("-{system}-{processor}");
    let file = find_file(&servers.join("redis"), |name| name.ends_with(&ending))?;
    make_executable(&file).ok()?;
    Some(file)
}

/// Jars do not carry the bit.
fn make_executable(file: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o755))
}

fn find_file(folder: &Path, fits: impl Fn(&str) -> bool) -> Option<PathBuf> {
    let entries = std::fs::read_dir(folder).ok()?.flatten();
    entries
        .map(|entry| entry.path())
        .find(|path| path.file_name().and_then(|name| name.to_str()).is_some_and(&fits))
}
