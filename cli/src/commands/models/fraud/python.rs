//! The Python that trains: a virtual environment with what the training needs, pinned, and the training's own files.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, Result, ensure};
use fraud_model::training;
use serde::de::DeserializeOwned;

/// What the pinned versions are there for.
const OLDEST: &str = "3.11";

/// A virtual environment, ready.
pub(super) struct Python {
    interpreter: PathBuf,
    files: PathBuf,
}

impl Python {
    /// Makes the environment in `folder` unless it is there, with the versions this build pins.
    pub fn prepare(python: &Path, folder: &Path) -> Result<Self> {
        let (venv, files) = (folder.join("venv"), folder.join("training"));
        training::unpack(&files)?;
        let ready = Self { interpreter: venv.join("bin/python"), files };
        let installed = folder.join("installed.txt");
        if fs::read_to_string(&installed).is_ok_and(|text| text == training::requirements()) {
            return Ok(ready);
        }
        eprintln!("making a virtual environment in {}, once", folder.display());
        check_version(python)?;
        let made = run(Command::new(python).args(["-m", "venv"]).arg(&venv));
        made.with_context(|| {
            format!("{} cannot make virtual environments: install its `venv` module", python.display())
        })?;
        let mut pip = Command::new(&ready.interpreter);
        pip.args(["-m", "pip", "install", "--quiet", "--require-hashes", "--only-binary", ":all:", "-r"]);
        run(pip.arg(ready.files.join(training::REQUIREMENTS)))
            .context("cannot install what the training needs")?;
        fs::write(&installed, training::requirements()).context("cannot note what is installed")?;
        Ok(ready)
    }

    /// Runs one of the training's commands. Its progress goes to standard error; its answer is read.
    pub fn run<T: DeserializeOwned>(&self, command: &str, options: &[(&str, String)]) -> Result<T> {
        let output = Command::new(&self.interpreter)
            .args(["-m", training::PACKAGE, command])
            .args(options.iter().flat_map(|(name, value)| [*name, value.as_str()]))
            .env("PYTHONPATH", &self.files)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stderr(Stdio::inherit())
            .output()
            .with_context(|| format!("cannot start {}", self.interpreter.display()))?;
        ensure!(
            output.status.success(),
            "the training failed ({}); what it says stands above",
            output.status
        );
        serde_json::from_slice(&output.stdout).context("the training's answer is not as expected")
    }
}

fn check_version(python: &Path) -> Result<()> {
    let question = "import sys; sys.exit(sys.version_info < (3, 11))";
    let answer =
        Command::new(python).args(["-c", question]).stderr(Stdio::null()).status().with_context(|| {
            format!(
                "cannot start `{}`: training needs Python {OLDEST} or newer; --python names one",
                python.display()
            )
        })?;
    ensure!(answer.success(), "{} is older than Python {OLDEST}; --python names another", python.display());
    Ok(())
}

/// Runs something whose output matters only when it fails.
fn run(command: &mut Command) -> Result<()> {
    let output = command.stdin(Stdio::null()).output()?;
    ensure!(
        output.status.success(),
        "{}\n{}",
        output.status,
        String::from_utf8_lossy(if output.stderr.is_empty() { &output.stdout } else { &output.stderr })
    );
    Ok(())
}
