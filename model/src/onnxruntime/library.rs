//! Where the library may be, and what is looked at before the system loads it.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// What the library's file is called, mostly with a version behind.
const NAME: &str = "libonnxruntime.so";
/// Keeps newer libraries from reporting to their maker. Their own variable: this program cannot set it for itself, since
/// changing the environment is unsafe once there are threads.
const QUIET: &str = "ORT_DISABLE_TELEMETRY";
/// The last minor version (1.x) without any code that reports. Looked at in the libraries themselves: 1.20 to 1.28 have
/// none, 1.31 has.
const LAST_SILENT: u32 = 28;

/// Why ONNX Runtime's library cannot be used.
#[derive(Debug, Error)]
pub enum LibraryError {
    /// It is in none of the usual places.
    #[error("no {NAME} in {searched}: set ORT_DYLIB_PATH to ONNX Runtime's library, 1.17 or newer")]
    Missing {
        /// Where it was looked for.
        searched: String,
    },
    /// The file cannot be read.
    #[error("{}: {source}", path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// The system's words.
        source: std::io::Error,
    },
    /// Not a library, or not all of it.
    #[error("{}: {reason}", path.display())]
    Broken {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// Older than what this program calls.
    #[error("{}: ONNX Runtime {version} is too old, 1.17 or newer is needed", path.display())]
    TooOld {
        /// Which file.
        path: PathBuf,
        /// The version it says it is.
        version: String,
    },
    /// It may report usage to its maker.
    #[error(
        "{}: not known to be free of telemetry: start the program with {QUIET}=1, or use ONNX Runtime 1.{LAST_SILENT}",
        path.display()
    )]
    MayReport {
        /// Which file.
        path: PathBuf,
    },
}

/// The first library in the usual places: beside the program, then where packages put it.
pub(super) fn find() -> Result<PathBuf, LibraryError> {
    let mut folders: Vec<PathBuf> = Vec::new();
    if let Some(beside) = std::env::current_exe().ok().as_deref().and_then(Path::parent) {
        folders.push(beside.to_owned());
    }
    let multiarch = format!("/usr/lib/{}-linux-gnu", std::env::consts::ARCH);
    let usual = ["/opt/onnxruntime/lib", "/usr/local/lib", &multiarch, "/usr/lib64", "/usr/lib"];
    folders.extend(usual.map(PathBuf::from));
    folders.iter().find_map(|folder| in_folder(folder)).ok_or_else(|| {
        let searched: Vec<_> = folders.iter().map(|folder| folder.display().to_string()).collect();
        LibraryError::Missing { searched: searched.join(", ") }
    })
}

/// The library of a folder. Debian's package has no file without a version: that one is for compiling.
fn in_folder(folder: &Path) -> Option<PathBuf> {
    let files = std::fs::read_dir(folder).ok()?.flatten().map(|entry| entry.path());
    let fits =
        |name: &str| name == NAME || name.strip_prefix(NAME).is_some_and(|rest| rest.starts_with(".1"));
    // The shortest name is the one the others stand behind.
    files
        .filter(|path| path.file_name().and_then(|name| name.to_str()).is_some_and(fits))
        .min_by_key(|path| path.as_os_str().len())
}

/// Looks at the file before any of its code runs; answers where it really is.
pub(super) fn check(path: &Path) -> Result<PathBuf, LibraryError> {
    let unreadable = |source| LibraryError::Unreadable { path: path.to_owned(), source };
    let path = path.canonicalize().map_err(unreadable)?;
    let mut file = File::open(&path).map_err(unreadable)?;
    let size = file.metadata().map_err(unreadable)?.len();
    let mut head = Vec::new();
    file.by_ref().take(ELF_HEADER as u64).read_to_end(&mut head).map_err(unreadable)?;
    if cfg!(target_os = "linux") && !is_whole(&head, size) {
        let reason = "not a library, or only the beginning of one".to_owned();
        return Err(LibraryError::Broken { path, reason });
    }
    if may_report(&path) && std::env::var_os(QUIET).is_none_or(|value| value != "1") {
        return Err(LibraryError::MayReport { path });
    }
    Ok(path)
}

/// The length of a 64-bit ELF header.
const ELF_HEADER: usize = 64;

/// Whether a 64-bit ELF file reaches to the end of its table of sections, which stands last. The system's loader does
/// not ask: it maps a file that was cut off, and the process ends by a signal at the first missing page.
fn is_whole(head: &[u8], size: u64) -> bool {
    let number = |at: usize, bytes: usize| {
        let field = head.get(at..at + bytes).unwrap_or_default();
        field.iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte))
    };
    let (at, entry, entries) = (number(0x28, 8), number(0x3a, 2), number(0x3c, 2));
    // The last two: 64 bits, little end first.
    head.len() == ELF_HEADER
        && head.starts_with(b"\x7fELF\x02\x01")
        && at.saturating_add(entry * entries) <= size
}

/// Whether the file's version is one that reports, or unknown.
fn may_report(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let minor = name.strip_prefix(NAME).and_then(|rest| rest.strip_prefix(".1."));
    let minor = minor.and_then(|rest| rest.split('.').next()).and_then(|minor| minor.parse::<u32>().ok());
    minor.is_none_or(|minor| minor > LAST_SILENT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_that_may_report_is_told_by_its_name() {
        for (name, reports) in [
            ("libonnxruntime.so.1.28.0", false),
            ("libonnxruntime.so.1.21", false),
            ("libonnxruntime.so.1.29.0", true),
            ("libonnxruntime.so.1.31.1", true),
            ("libonnxruntime.so.2.0.0", true),
            ("libonnxruntime.so", true),
        ] {
            assert_eq!(may_report(&Path::new("/opt").join(name)), reports, "{name}");
        }
    }

    #[test]
    fn a_folder_gives_its_library_with_or_without_a_version() {
        let folder = tempfile::tempdir().unwrap();
        let put = |name: &str| std::fs::write(folder.path().join(name), "").unwrap();
        put("libonnxruntime_providers_shared.so");
        put("libonnxruntime.so.2");
        assert_eq!(in_folder(folder.path()), None);
        put("libonnxruntime.so.1.21.0");
        put("libonnxruntime.so.1.21");
        assert_eq!(in_folder(folder.path()), Some(folder.path().join("libonnxruntime.so.1.21")));
        put("libonnxruntime.so");
        assert_eq!(in_folder(folder.path()), Some(folder.path().join("libonnxruntime.so")));
        assert_eq!(in_folder(Path::new("/nowhere/at/all")), None);
    }

    #[test]
    fn a_library_that_was_cut_off_is_told_from_a_whole_one() {
        let program = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        let (head, size) = (&program[..ELF_HEADER], program.len() as u64);
        assert!(is_whole(head, size));
        assert!(!is_whole(head, size - 1) && !is_whole(head, 64) && !is_whole(&head[..63], size));
        assert!(!is_whole(&[b'x'; ELF_HEADER], size));
        // A table far beyond every file.
        let mut far = head.to_vec();
        far[0x28..0x30].fill(0xff);
        assert!(!is_whole(&far, size));
    }
}
