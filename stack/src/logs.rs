//! Log files of child processes.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

/// How many lines an error message shows.
const LINES: usize = 25;
/// Enough for that many long lines, and never a whole big log in memory.
const BYTES: u64 = 16 * 1024;

/// The last lines of a log, for an error message. A log that cannot be read is said to be so: the error it belongs
/// to matters more.
pub fn tail(path: &Path) -> String {
    match last_bytes(path) {
        Ok(text) => {
            let lines: Vec<&str> = text.lines().collect();
            lines[lines.len().saturating_sub(LINES)..].join("\n")
        }
        Err(error) => format!("(log not readable: {error})"),
    }
}

fn last_bytes(path: &Path) -> std::io::Result<String> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(BYTES)))?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
