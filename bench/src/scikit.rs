//! The scikit-learn model that measurements of Python ask.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, ensure};

/// Where the programs in Python are.
#[must_use]
pub fn scripts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("python")
}

/// Trains it on rows of features and whether each is fraud, and keeps it in this file.
///
/// # Errors
/// When this Python cannot train, or a file cannot be written.
pub fn train<'r>(python: &Path, rows: impl Iterator<Item = (&'r [f32], bool)>, model: &Path) -> Result<()> {
    let file = model.with_extension("table");
    std::fs::write(&file, table(rows)).with_context(|| format!("writing {}", file.display()))?;
    let mut training = Command::new(python);
    let status = training.arg(scripts().join("train.py")).args([&file, model]).status();
    ensure!(status.with_context(|| format!("running {}", python.display()))?.success(), "train.py failed");
    Ok(())
}

/// 32-bit floats, little endian: the features, and 1 for fraud.
fn table<'r>(rows: impl Iterator<Item = (&'r [f32], bool)>) -> Vec<u8> {
    let mut table = Vec::new();
    for (features, fraud) in rows {
        let label = f32::from(u8::from(fraud));
        table.extend(features.iter().chain([&label]).flat_map(|number| number.to_le_bytes()));
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_of_the_table_ends_with_its_label() {
        let rows = [(&[0.5, f32::NAN][..], true), (&[2.0, 3.0][..], false)];
        let numbers: Vec<f32> = table(rows.into_iter())
            .chunks(4)
            .map(|bytes| f32::from_le_bytes(bytes.try_into().unwrap()))
            .collect();
        assert_eq!(numbers.len(), 6);
        assert!(numbers[1].is_nan());
        assert_eq!([numbers[0], numbers[2], numbers[3], numbers[5]], [0.5, 1.0, 2.0, 0.0]);
    }
}
