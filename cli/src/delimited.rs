//! Files of rows, as they are or in gzip.

use std::{
    fs::File,
    io::{BufRead, BufReader, Read},
    path::Path,
};

use anyhow::{Context, Result};
use flate2::bufread::MultiGzDecoder;

/// What a gzip file begins with (RFC 1952).
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// The text of the file at `path`, unpacked if need be, read as it is needed.
///
/// # Errors
/// When it cannot be opened.
pub(crate) fn open(path: &Path) -> Result<Box<dyn Read + Send>> {
    let name = path.display();
    let file = File::open(path).with_context(|| format!("{name} cannot be opened"))?;
    unpacked(&name.to_string(), BufReader::new(file))
}

/// As [`open`], from wherever the bytes come; `name` is for messages.
///
/// # Errors
/// When nothing can be read.
pub(crate) fn unpacked(
    name: &str,
    mut source: impl BufRead + Send + 'static,
) -> Result<Box<dyn Read + Send>> {
    let start = source.fill_buf().with_context(|| format!("{name} cannot be read"))?;
    Ok(if start.starts_with(&GZIP) { Box::new(MultiGzDecoder::new(source)) } else { Box::new(source) })
}
