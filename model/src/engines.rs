//! Which engine scores: ONNX Runtime when its library is there, else the built-in one.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use crate::onnxruntime::{LibraryError, OnnxRuntime};

/// What may score, as settings say it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Choice {
    /// ONNX Runtime, or the built-in engine when its library cannot be used.
    #[default]
    Auto,
    /// ONNX Runtime, or nothing.
    OnnxRuntime,
    /// The built-in engine; no library is looked for.
    BuiltIn,
}

/// What scores. Events name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// The library of that name.
    OnnxRuntime,
    /// [`crate::Forest`].
    BuiltIn,
}

/// The engines of this process.
#[derive(Debug)]
pub struct Engines {
    onnxruntime: Option<OnnxRuntime>,
    missing: Option<LibraryError>,
}

impl Engines {
    /// Finds what the choice asks for. `library` is the file of ONNX Runtime (the setting `ORT_DYLIB_PATH`); without it
    /// the usual places are looked at.
    ///
    /// # Errors
    /// When ONNX Runtime must score, and its library is missing, too old or broken.
    pub fn find(choice: Choice, library: Option<&Path>) -> Result<Self, LibraryError> {
        if choice == Choice::BuiltIn {
            return Ok(Self { onnxruntime: None, missing: None });
        }
        match OnnxRuntime::load(library) {
            Ok(found) => Ok(Self { onnxruntime: Some(found), missing: None }),
            Err(error) if choice == Choice::Auto => Ok(Self { onnxruntime: None, missing: Some(error) }),
            Err(error) => Err(error),
        }
    }

    /// The one that scores.
    #[must_use]
    pub fn serving(&self) -> Engine {
        if self.onnxruntime.is_some() { Engine::OnnxRuntime } else { Engine::BuiltIn }
    }

    /// Why ONNX Runtime does not score although it was looked for: to be logged, once.
    #[must_use]
    pub fn missing(&self) -> Option<&LibraryError> {
        self.missing.as_ref()
    }

    pub(crate) fn onnxruntime(&self) -> Option<&OnnxRuntime> {
        self.onnxruntime.as_ref()
    }
}

impl Engine {
    /// As events, metrics and logs write it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::OnnxRuntime => "onnxruntime",
            Self::BuiltIn => "built-in",
        }
    }
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Choice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "auto" => Ok(Self::Auto),
            "onnxruntime" => Ok(Self::OnnxRuntime),
            "built-in" => Ok(Self::BuiltIn),
            other => Err(format!("{other:?} is none of auto, onnxruntime, built-in")),
        }
    }
}

impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Auto => "auto",
            Self::OnnxRuntime => "onnxruntime",
            Self::BuiltIn => "built-in",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_reads_what_it_prints() {
        for choice in [Choice::Auto, Choice::OnnxRuntime, Choice::BuiltIn] {
            assert_eq!(choice.to_string().parse(), Ok(choice));
        }
        assert!("native".parse::<Choice>().is_err());
    }

    #[test]
    fn the_built_in_engine_looks_for_no_library() {
        let engines = Engines::find(Choice::BuiltIn, Some(Path::new("/nowhere"))).unwrap();
        assert_eq!(engines.serving(), Engine::BuiltIn);
        assert!(engines.missing().is_none());
    }
}
