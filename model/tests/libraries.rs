//! Libraries that are not ONNX Runtime, or not one we can use. In a program of its own: a process that has loaded a
//! library keeps it.

#![allow(clippy::unwrap_used, reason = "helper functions of tests, too, may panic")]

use std::path::{Path, PathBuf};
use std::process::Command;

use orderflow_model::onnxruntime::LibraryError;
use orderflow_model::{Choice, Engine, Engines};

/// What every ONNX Runtime exports; this one says it is of some version and has no interface.
const FAKE: &str = r#"
#include <stdint.h>
static const void *get_api(uint32_t version) { return 0; }
static const char *get_version(void) { return VERSION; }
static const struct { const void *(*api)(uint32_t); const char *(*version)(void); } base = {get_api, get_version};
const void *EXPORT(void) { return &base; }
"#;

/// Compiles it. A Rust compiler has a C compiler beside it, to link.
fn compile(folder: &Path, name: &str, export: &str, version: &str) -> PathBuf {
    let (source, library) = (folder.join("fake.c"), folder.join(name));
    std::fs::write(&source, FAKE).unwrap();
    let mut compiler = Command::new("cc");
    compiler.args(["-shared", "-fPIC", "-o"]).arg(&library).arg(&source);
    compiler.args([format!("-DEXPORT={export}"), format!("-DVERSION=\"{version}\"")]);
    assert!(compiler.status().unwrap().success());
    library
}

/// One test, since what a library leaves behind in the process stays.
#[test]
fn a_library_we_cannot_use_is_named_and_the_built_in_engine_scores() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let written = |name: &str, content: &[u8]| {
        std::fs::write(folder.join(name), content).unwrap();
        folder.join(name)
    };
    let refused = |library: &Path| {
        let engines = Engines::find(Choice::Auto, Some(library)).unwrap();
        assert_eq!(engines.serving(), Engine::BuiltIn);
        let missing = engines.missing().unwrap().to_string();
        let error = Engines::find(Choice::OnnxRuntime, Some(library)).unwrap_err();
        assert_eq!(error.to_string(), missing);
        assert!(missing.contains(library.file_name().unwrap().to_str().unwrap()), "{missing}");
        error
    };

    let error = refused(&folder.join("absent.so"));
    assert!(matches!(error, LibraryError::Unreadable { .. }), "{error}");

    let error = refused(&written("libonnxruntime.so.1.28.1", b"not a library"));
    assert!(matches!(error, LibraryError::Broken { .. }), "{error}");

    let sound = compile(folder, "libonnxruntime.so.1.16.3", "OrtGetApiBase", "1.16.3");
    let mut cut_off = std::fs::read(&sound).unwrap();
    cut_off.truncate(cut_off.len() * 3 / 4);
    let error = refused(&written("libonnxruntime.so.1.28.2", &cut_off));
    assert!(error.to_string().ends_with("only the beginning of one"), "{error}");

    let error = refused(&sound);
    assert!(matches!(&error, LibraryError::TooOld { version, .. } if version == "1.16.3"), "{error}");
    assert!(
        error.to_string().ends_with("ONNX Runtime 1.16.3 is too old, 1.17 or newer is needed"),
        "{error}"
    );

    let error = refused(&compile(folder, "libonnxruntime.so.1.28.3", "SomethingElse", "1.28.0"));
    assert!(error.to_string().contains("does not export `OrtGetApiBase`"), "{error}");

    if std::env::var_os("ORT_DISABLE_TELEMETRY").is_none() {
        let error = refused(&compile(folder, "libonnxruntime.so.1.31.1", "OrtGetApiBase", "1.31.1"));
        assert!(matches!(error, LibraryError::MayReport { .. }), "{error}");
    }

    // Last: the system has loaded it when it turns out to be empty.
    let error = refused(&compile(folder, "libonnxruntime.so.1.28.4", "OrtGetApiBase", "1.28.0"));
    assert!(error.to_string().ends_with("it does not have the interface it says it has"), "{error}");
}
