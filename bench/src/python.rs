//! What measurements of Python share: which Python, how its services are started, and the scikit-learn model they ask.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, anyhow, ensure};
use orderflow_stack::Spec;

/// Where the programs in Python are.
#[must_use]
pub fn scripts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("python")
}

/// The Python that `PYTHON` names, as a file that can be started.
///
/// # Errors
/// When it is not there or lacks one of these modules: why, and what to do.
pub fn interpreter(modules: &str) -> Result<PathBuf> {
    let python = std::env::var("PYTHON").unwrap_or_else(|_| "python3".to_owned());
    look(&python, modules).map_err(|why| {
        let requirements = scripts().join("requirements.txt");
        let install = format!("python3 -m venv venv && venv/bin/pip install -r {}", requirements.display());
        anyhow!("{why:#}; {install}, then set PYTHON to the whole path of venv/bin/python")
    })
}

fn look(python: &str, modules: &str) -> Result<PathBuf> {
    let asked = format!("import sys, {modules}; print(sys.executable)");
    let output = Command::new(python).args(["-c", &asked]).output();
    let output = output.with_context(|| format!("{python} cannot be run"))?;
    let said = |text: Vec<u8>| {
        let text = String::from_utf8_lossy(&text);
        text.trim().lines().next_back().unwrap_or_default().to_owned()
    };
    ensure!(output.status.success(), "{python} says: {}", said(output.stderr));
    Ok(said(output.stdout).into())
}

/// `app`, such as `serve:app`, of this folder, served by so many uvicorn workers at a port of 127.0.0.1. By uvloop, which
/// must be there: under asyncio's own loop several workers leave Nagle's algorithm on, and each answer takes 40 ms.
#[must_use]
pub fn uvicorn(python: PathBuf, app: &str, folder: &Path, port: u16, workers: u8, log: PathBuf) -> Spec {
    let (folder, port, workers) = (folder.display().to_string(), port.to_string(), workers.to_string());
    let args = ["-B", "-m", "uvicorn", app, "--app-dir", &folder, "--log-level", "error"];
    let args = args.into_iter().chain(["--workers", &workers, "--port", &port]).map(str::to_owned).collect();
    // By default scikit-learn spreads even one row over all cores, which took four times as long on two.
    let env = vec![("OMP_NUM_THREADS".to_owned(), "1".to_owned())];
    Spec { name: "uvicorn".to_owned(), program: python, args, env, log, ..Spec::default() }
}

/// Trains the model on rows of features and whether each is fraud, and keeps it in this file.
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
    fn a_python_that_is_not_there_or_lacks_packages_says_so() {
        let why = |python: &str| format!("{:#}", look(python, "json").unwrap_err());
        assert_eq!(why("no-such-python").split(':').next(), Some("no-such-python cannot be run"));
        assert_eq!(why("false"), "false says: ");
    }

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
