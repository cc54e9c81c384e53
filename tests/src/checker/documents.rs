//! I6, of what lies in the object store: a label that was told to be stored is there, whole and of this order; and nobody
//! else has one.

use std::{collections::BTreeMap, fs, io::ErrorKind, path::Path};

use anyhow::{Context, Result};
use uuid::Uuid;

use super::{Case, Violation, event::Event};

const I6: &str = "I6";

/// What is stored, by its path in the store.
pub type Documents = BTreeMap<String, Vec<u8>>;

/// The documents of a store that is a folder; none when there is no folder.
///
/// # Errors
/// When it cannot be read.
pub(super) fn read(folder: &Path) -> Result<Documents> {
    let (mut documents, mut folders) = (Documents::new(), vec![folder.to_owned()]);
    while let Some(next) = folders.pop() {
        let entries = match fs::read_dir(&next) {
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            entries => entries.with_context(|| next.display().to_string())?,
        };
        for entry in entries {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder)?.display().to_string();
                documents.insert(name, fs::read(&path).with_context(|| path.display().to_string())?);
            }
        }
    }
    Ok(documents)
}

pub(super) fn check(case: &Case) -> Vec<Violation> {
    let told =
        case.events.iter().filter(|event| event.kind == "LabelDocumentStored" && !case.is_injected(event));
    let lost = told.filter_map(|event| Some(case.broken(I6, event.order(), lost(case, event)?)));
    // A write that was cut off leaves a file with a number behind its name: nobody reads that.
    let whole = case.parts.documents.keys().filter(|path| !path.contains('#'));
    let strange = whole.filter_map(|path| {
        let order = order(path);
        let is_labelled = |order| case.of(order).any(|event| event.kind == "ShippingLabelGenerated");
        let what = || format!("{path} is stored, and no label was told of it");
        (!order.is_some_and(is_labelled)).then(|| case.broken(I6, order, what()))
    });
    lost.chain(strange).collect()
}

/// What is wrong with the documents that this event says are stored.
fn lost(case: &Case, event: &Event) -> Option<String> {
    let [zpl, pdf] = ["/zpl_path", "/pdf_path"].map(|pointer| event.text(pointer));
    let stored = |path: &str| case.parts.documents.get(path).map(Vec::as_slice).unwrap_or_default();
    let has = |text: &str| !text.is_empty() && String::from_utf8_lossy(stored(zpl)).contains(text);
    let is_whole = |bytes: &[u8], begin: &[u8], end: &[u8]| {
        bytes.starts_with(begin) && bytes.trim_ascii_end().ends_with(end)
    };
    if !is_whole(stored(zpl), b"^XA", b"^XZ") || !has(event.text("/tracking_number")) || !has(&event.key) {
        return Some(format!("{zpl} was told to be stored, and is not this order's label"));
    }
    let is_pdf = is_whole(stored(pdf), b"%PDF", b"%%EOF");
    (!is_pdf).then(|| format!("{pdf} was told to be stored, and is no PDF"))
}

/// The order whose document this is.
fn order(path: &str) -> Option<Uuid> {
    Uuid::parse_str(Path::new(path).file_stem()?.to_str()?).ok()
}
