//! ONNX Runtime's library, taken once per machine out of its Python package.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use aws_lc_rs::digest;

use super::downloads::{lock, native_folder};
use crate::logs::tail;
use crate::prerequisites::find;
use crate::processes::{Process, Spec};

/// The last version without code that reports usage to its maker.
const VERSION: &str = "1.28.0";
/// Where the library is in the package.
const MEMBER: &str = "onnxruntime/capi/libonnxruntime.so.1.28.0";
/// Any will do: the library is the same in the packages for all of them.
const PYTHON: &str = "312";
/// 20 MB over a slow line.
const DOWNLOADED_WITHIN: Duration = Duration::from_mins(5);

/// What there is for one kind of processor.
#[derive(Clone, Copy, Debug)]
struct Build {
    /// As packages name it.
    platform: &'static str,
    /// The library's.
    sha256: &'static str,
}

/// The library's file: the one `ORT_DYLIB_PATH` names, else ours, which is downloaded if it is not there yet.
///
/// # Errors
/// One line when there is no Python with pip, or no library for this machine; the end of pip's output when it fails.
pub async fn onnxruntime() -> Result<PathBuf> {
    if let Some(given) = std::env::var_os("ORT_DYLIB_PATH").filter(|path| !path.is_empty()) {
        return Ok(given.into());
    }
    let build = build(std::env::consts::OS, std::env::consts::ARCH)?;
    let native = native_folder();
    let folder = native.join(format!("onnxruntime-{VERSION}-{}", &build.sha256[..16]));
    if !folder.is_dir() {
        std::fs::create_dir_all(&native).with_context(|| format!("making {}", native.display()))?;
        // One downloads, the others wait for it.
        let _lock = lock(native.join("onnxruntime.lock")).await?;
        if !folder.is_dir() {
            fetch(build, &native, &folder).await?;
        }
    }
    Ok(folder.join(MEMBER))
}

fn build(system: &str, processor: &str) -> Result<Build> {
    match (system, processor) {
        ("linux", "x86_64") => Ok(Build {
            platform: "manylinux_2_28_x86_64",
            sha256: "aa4079d18f4ea7a5f3a94d80cd4bbe0f2740436626622d64d793803a20381083",
        }),
        ("linux", "aarch64") => Ok(Build {
            platform: "manylinux_2_28_aarch64",
            sha256: "23a37c2994bc273e1d59a4f49af6cba5bf1cfbc29f04907ec27df375aba50a7d",
        }),
        _ => {
            bail!("no ONNX Runtime is pinned for {system} on {processor}: set ORT_DYLIB_PATH")
        }
    }
}

/// All or nothing: the folder has its name only when the right library is in it.
async fn fetch(build: Build, native: &Path, folder: &Path) -> Result<()> {
    let partial = native.join("onnxruntime-partial");
    let _ = std::fs::remove_dir_all(&partial);
    std::fs::create_dir_all(&partial)?;
    eprintln!("downloading ONNX Runtime {VERSION} (20 MB, once) to {}", native.display());
    let package = download(build, &partial).await?;
    let unpack = "import sys, zipfile; zipfile.ZipFile(sys.argv[1]).extract(sys.argv[2], sys.argv[3])";
    let args = ["-c", unpack, &text(&package)?, MEMBER, &text(&partial)?].map(str::to_owned);
    python(&args, &partial.join("unpack.log")).await?;
    check(&partial.join(MEMBER), build.sha256)?;
    std::fs::remove_file(&package)?;
    std::fs::rename(&partial, folder)?;
    Ok(())
}

/// Lets pip fetch the package into the folder.
async fn download(build: Build, folder: &Path) -> Result<PathBuf> {
    let mut args = ["-m", "pip", "download", "--no-deps", "--only-binary=:all:"].map(str::to_owned).to_vec();
    args.extend(["--quiet", "--disable-pip-version-check", "--implementation=cp"].map(str::to_owned));
    args.push(format!("--python-version={PYTHON}"));
    args.push(format!("--abi=cp{PYTHON}"));
    args.push(format!("--platform={}", build.platform));
    args.push(format!("--dest={}", text(folder)?));
    args.push(format!("onnxruntime=={VERSION}"));
    python(&args, &folder.join("download.log")).await?;
    let mut entries = std::fs::read_dir(folder)?.flatten().map(|entry| entry.path());
    let package = entries.find(|path| path.extension().is_some_and(|ending| ending == "whl"));
    package.context("pip downloaded no package")
}

async fn python(args: &[String], log: &Path) -> Result<()> {
    let program = find("python3").context("python3 is missing: apt-get install -y python3-pip")?;
    let spec = Spec {
        name: "python3".to_owned(),
        program,
        args: args.to_vec(),
        log: log.to_owned(),
        ..Spec::default()
    };
    let status = Process::start(&spec)?.wait(DOWNLOADED_WITHIN).await?;
    ensure!(
        status.success(),
        "python3 could not get ONNX Runtime (it needs pip: apt-get install -y python3-pip):\n{}",
        tail(log)
    );
    Ok(())
}

/// Whether this is the library that was tried, byte for byte.
fn check(library: &Path, sha256: &str) -> Result<()> {
    let content = std::fs::read(library).with_context(|| format!("reading {}", library.display()))?;
    let found = hex::encode(digest::digest(&digest::SHA256, &content));
    ensure!(found == sha256, "{} is not the one that was pinned: its SHA-256 is {found}", library.display());
    Ok(())
}

fn text(path: &Path) -> Result<String> {
    path.to_str().map(str::to_owned).with_context(|| format!("{} is not UTF-8", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_library_than_the_pinned_one_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let library = folder.path().join("libonnxruntime.so.1.28.0");
        std::fs::write(&library, "abc").unwrap();
        // Of "abc", as FIPS 180-2 has it.
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        check(&library, abc).unwrap();
        let pinned = build("linux", "x86_64").unwrap().sha256;
        let error = check(&library, pinned).unwrap_err().to_string();
        assert!(error.contains("libonnxruntime.so.1.28.0 is not the one") && error.contains(abc), "{error}");
    }

    #[test]
    fn the_library_is_named_for_its_version() {
        assert!(MEMBER.ends_with(&format!("libonnxruntime.so.{VERSION}")));
    }

    #[test]
    fn the_image_holds_the_same_library() {
        let image = include_str!("../../../deploy/docker/Dockerfile");
        for processor in ["x86_64", "aarch64"] {
            let line = format!("{processor}) sha256={} ;;", build("linux", processor).unwrap().sha256);
            assert!(image.contains(&line), "{line}");
        }
        assert!(image.contains(&format!("onnxruntime=={VERSION}")) && image.contains(MEMBER));
    }
}
