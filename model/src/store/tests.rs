//! A store in a folder; buckets are opened by the same code as those of labels, which has its tests on a real S3 server.

use std::{fs, iter::empty};

use rstest::rstest;
use tempfile::TempDir;

use super::*;

const FOLDER: &str = "fixture/1";

/// A model's folder with these trees, and a store.
fn ground(trees: &str) -> (TempDir, TempDir, ModelStore) {
    let (folder, place) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    write_model(folder.path(), trees);
    let store = ModelStore::open(&Address::Folder(place.path().to_owned()), empty()).unwrap();
    (folder, place, store)
}

fn write_model(folder: &Path, trees: &str) {
    let golden = "{}";
    let (model, rows) = (Sha256::of(trees.as_bytes()), Sha256::of(golden.as_bytes()));
    let manifest = format!(
        r#"{{"name": "fixture", "version": "1", "created_at": "2026-01-31T09:30:00Z",
        "file": "model.onnx", "sha256": "{model}", "features": {{"definition": 1, "names": ["amount"]}},
        "golden": {{"file": "golden.json", "sha256": "{rows}"}},
        "reference": {{"features": [{{"name": "amount", "edges": [], "shares": [1]}}],
        "score": {{"edges": [], "shares": [1]}}}}, "training": {{}}}}"#
    );
    for (name, content) in [("model.onnx", trees), ("golden.json", golden), (manifest::FILE, &manifest)] {
        fs::write(folder.join(name), content).unwrap();
    }
}

async fn fetch(store: &ModelStore, stored: &Stored, into: &Path) -> Result<PathBuf, StoreError> {
    store.fetch(&stored.folder, &stored.manifest_sha256.to_string(), into).await
}

#[tokio::test]
async fn what_was_put_is_fetched_once_and_by_nobody_half() {
    let (folder, place, store) = ground("trees");
    fs::write(folder.path().join(CARD), "# Good").unwrap();
    let stored = store.put(folder.path()).await.unwrap();
    assert_eq!(stored.folder, FOLDER);
    let names: Vec<_> = stored.files.iter().map(|file| (file.name.as_str(), file.bytes)).collect();
    let manifest_bytes = fs::metadata(folder.path().join(manifest::FILE)).unwrap().len() as usize;
    assert_eq!(names, [(CARD, 6), ("golden.json", 2), ("manifest.json", manifest_bytes), ("model.onnx", 5)]);
    assert_eq!(store.card(FOLDER).await.unwrap().as_deref(), Some("# Good"));

    let cache = tempfile::tempdir().unwrap();
    let into = cache.path().join("not there yet");
    let fetched = fetch(&store, &stored, &into).await.unwrap();
    for name in ["model.onnx", "golden.json", manifest::FILE] {
        assert_eq!(fs::read(fetched.join(name)).unwrap(), fs::read(folder.path().join(name)).unwrap());
    }
    assert_eq!(fs::read_dir(&into).unwrap().count(), 1, "nothing is left beside it");
    // From now on the store is not needed; damage is noticed, and mended where there is a store.
    fs::rename(place.path().join(FOLDER), place.path().join("elsewhere")).unwrap();
    assert_eq!(fetch(&store, &stored, &into).await.unwrap(), fetched);
    fs::write(fetched.join("model.onnx"), "treez").unwrap();
    assert!(matches!(fetch(&store, &stored, &into).await, Err(StoreError::Missing { .. })));
    fs::rename(place.path().join("elsewhere"), place.path().join(FOLDER)).unwrap();
    assert_eq!(fetch(&store, &stored, &into).await.unwrap(), fetched);
    assert_eq!(fs::read(fetched.join("model.onnx")).unwrap(), b"trees");
}

#[tokio::test]
async fn a_version_is_never_changed() {
    let (folder, place, store) = ground("trees");
    let stored = store.put(folder.path()).await.unwrap();
    assert_eq!(store.put(folder.path()).await.unwrap(), stored);
    write_model(folder.path(), "other trees");
    let refused = store.put(folder.path()).await.unwrap_err();
    assert!(matches!(&refused, StoreError::Taken { file, .. } if file == manifest::FILE), "{refused}");
    assert_eq!(fs::read(place.path().join(FOLDER).join("model.onnx")).unwrap(), b"trees");
    // The card is no part of the manifest, and of the version all the same.
    write_model(folder.path(), "trees");
    fs::write(folder.path().join(CARD), "# Good").unwrap();
    store.put(folder.path()).await.unwrap();
    fs::write(folder.path().join(CARD), "# Better").unwrap();
    let refused = store.put(folder.path()).await.unwrap_err();
    assert!(matches!(&refused, StoreError::Taken { file, .. } if file == CARD), "{refused}");
}

#[tokio::test]
async fn a_put_that_was_cut_off_is_no_version_and_does_not_stand_in_the_way() {
    let (folder, place, store) = ground("trees");
    let there = place.path().join(FOLDER);
    fs::create_dir_all(&there).unwrap();
    fs::write(there.join("model.onnx"), "of another run").unwrap();
    let stored = store.put(folder.path()).await.unwrap();
    let cache = tempfile::tempdir().unwrap();
    assert!(fetch(&store, &stored, cache.path()).await.is_ok());
}

#[tokio::test]
async fn nothing_but_what_was_asked_for_is_fetched() {
    let (folder, place, store) = ground("trees");
    let stored = store.put(folder.path()).await.unwrap();
    let cache = tempfile::tempdir().unwrap();
    let other = Sha256::of(b"another manifest").to_string();
    let refused = store.fetch(FOLDER, &other, cache.path()).await.unwrap_err();
    assert!(matches!(&refused, StoreError::Hash { file, .. } if file == manifest::FILE), "{refused}");
    fs::write(place.path().join(FOLDER).join("model.onnx"), "treez").unwrap();
    let refused = fetch(&store, &stored, cache.path()).await.unwrap_err();
    assert!(matches!(&refused, StoreError::Hash { file, .. } if file == "model.onnx"), "{refused}");
    fs::write(place.path().join(FOLDER).join("model.onnx"), vec![0; onnx::MAX_BYTES + 1]).unwrap();
    let refused = fetch(&store, &stored, cache.path()).await.unwrap_err();
    assert!(matches!(&refused, StoreError::TooLarge { .. }), "{refused}");
    assert_eq!(fs::read_dir(cache.path()).unwrap().count(), 0);
}

#[rstest]
#[case::upwards("../1")]
#[case::upwards_at_the_end("fixture/..")]
#[case::deeper("fixture/1/2")]
#[case::absolute("/etc")]
#[case::no_version("fixture")]
#[tokio::test]
async fn a_folder_from_a_topic_leads_nowhere_else(#[case] folder: &str) {
    let (_folder, _place, store) = ground("trees");
    let cache = tempfile::tempdir().unwrap();
    let refused = store.fetch(folder, &Sha256::of(b"").to_string(), cache.path()).await.unwrap_err();
    assert!(matches!(refused, StoreError::Folder), "{refused}");
}
