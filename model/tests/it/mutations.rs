//! Files that are nearly what they should be: the shipped model's own, changed here and there. What comes of each is an
//! error or a model that holds, never a panic, and never a file that its fingerprint does not speak for.

use orderflow_model::{Engines, Expected, Manifest, Package, PackageError, Sha256};
use proptest::{collection::vec, prelude::*, test_runner::TestRunner};
use tempfile::TempDir;

use crate::{
    fixtures::built_in,
    mutate::{FILES, Mutation, Shipped, mutation},
};

/// A copy of the shipped folder with one file changed, opened as a service does.
struct Folder(TempDir);

impl Folder {
    fn of(shipped: &Shipped) -> Self {
        let copy = tempfile::tempdir().unwrap();
        for file in FILES {
            std::fs::copy(shipped.folder.join(file), copy.path().join(file)).unwrap();
        }
        Self(copy)
    }

    fn write(&self, file: usize, content: &[u8]) {
        std::fs::write(self.0.path().join(FILES[file]), content).unwrap();
    }

    fn open(&self, manifest: &Manifest, engines: &Engines) -> Result<Package, PackageError> {
        let names: Vec<&str> = manifest.features.names.iter().map(String::as_str).collect();
        let expected =
            Expected { name: &manifest.name, definition: manifest.features.definition, features: &names };
        Package::open(self.0.path(), &expected, engines)
    }
}

/// Runs `check` on so many changed copies of the shipped model: which file, and its bytes.
fn each(cases: u32, shipped: &Shipped, check: impl Fn(usize, Vec<u8>) -> Result<(), TestCaseError>) {
    let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    let changes = (0..FILES.len(), vec(mutation(), 1..5));
    let check = |(file, mutations): (usize, Vec<Mutation>)| check(file, shipped.mutated(file, &mutations));
    TestRunner::new(config).run(&changes, check).unwrap();
}

/// The rows that a model which still opens must score and explain.
fn check_scores(package: &Package) -> Result<(), TestCaseError> {
    let features = package.forest().features();
    for row in [vec![f32::NAN; features], vec![0.0; features], vec![1e30; features]] {
        let score = package.score(&row);
        prop_assert!(score.is_ok_and(|scores| (0.0..=1.0).contains(&scores[0])));
        let explained = package.explain(&row).unwrap();
        prop_assert!(explained.contributions.iter().all(|part| part.is_finite()));
    }
    Ok(())
}

#[test]
fn no_changed_file_is_opened_under_the_fingerprint_of_another() {
    let (shipped, engines) = (Shipped::read(), built_in());
    let (folder, manifest) = (Folder::of(&shipped), Manifest::read(shipped.file(0)).unwrap());
    folder.open(&manifest, &engines).unwrap();
    each(2_000, &shipped, |file, content| {
        let same = content == shipped.file(file);
        folder.write(file, &content);
        let opened = folder.open(&manifest, &engines);
        folder.write(file, shipped.file(file));
        match opened {
            Err(_) => prop_assert!(!same),
            // Words for people may have changed in a manifest, never what it vouches for.
            Ok(package) => {
                prop_assert!(same || file == 0, "{} was changed and opened", FILES[file]);
                prop_assert_eq!(package.manifest().sha256, Sha256::of(shipped.file(1)));
                prop_assert_eq!(package.manifest().golden.sha256, Sha256::of(shipped.file(2)));
                prop_assert_eq!(&package.manifest().features, &manifest.features);
            }
        }
        Ok(())
    });
}

#[test]
fn a_changed_file_with_a_right_fingerprint_is_refused_or_scores_what_it_must() {
    let (shipped, engines) = (Shipped::read(), built_in());
    let (folder, manifest) = (Folder::of(&shipped), Manifest::read(shipped.file(0)).unwrap());
    let original = folder.open(&manifest, &engines).unwrap();
    let text = String::from_utf8(shipped.file(0).to_vec()).unwrap();
    each(2_000, &shipped, |file, content| {
        // What a manifest vouches for is looked at above.
        if file == 0 {
            return Ok(());
        }
        let fingerprint = |content: &[u8]| Sha256::of(content).to_string();
        folder.write(0, text.replace(&fingerprint(shipped.file(file)), &fingerprint(&content)).as_bytes());
        folder.write(file, &content);
        let opened = folder.open(&manifest, &engines);
        folder.write(file, shipped.file(file));
        let Ok(package) = opened else { return Ok(()) };
        check_scores(&package)?;
        // The golden rows are the shipped ones wherever the model is another: it scores them as it must.
        prop_assert_eq!(package.forest().features(), original.forest().features());
        Ok(())
    });
}
