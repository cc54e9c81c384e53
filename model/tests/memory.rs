//! No file takes memory out of proportion to its size. In a program of its own, with one test: what the allocator counts
//! is the whole process's.

#![allow(clippy::unwrap_used, reason = "helper functions of tests, too, may panic")]

#[path = "it/mutate.rs"]
#[allow(dead_code, reason = "the other tests use more of it")]
mod mutate;

use mutate::{FILES, Shipped, mutation};
use orderflow_model::{Manifest, golden::Golden, onnx::OnnxModel};
use peak_alloc::PeakAlloc;
use proptest::{collection::vec, prelude::*, test_runner::TestRunner};

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// Bytes of memory for each byte of a file: two bytes can say that a list has one more entry of 32, and a list that
/// grows has two copies of itself.
const PER_BYTE: usize = 64;
/// Whatever a reader needs for any file.
const AT_LEAST: usize = 1 << 20;
/// How large the files are that are made to be costly.
const COSTLY: usize = 1 << 20;

/// Reads a file as what it should be; the most memory that it took meanwhile.
fn peak(file: usize, content: &[u8]) -> usize {
    let before = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    match file {
        0 => drop(Manifest::read(content)),
        1 => drop(OnnxModel::read(content)),
        _ => drop(Golden::read(content, 43)),
    }
    MEMORY.peak_usage().saturating_sub(before)
}

/// A field with this number that holds these bytes, as protocol buffers write it.
fn field(number: usize, content: &[u8]) -> Vec<u8> {
    [varint(number << 3 | 2), varint(content.len()), content.to_vec()].concat()
}

fn varint(mut number: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number > 0x7f {
        bytes.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
    bytes
}

/// The smallest entries there are, as many as fit in.
fn costly() -> Vec<(usize, Vec<u8>)> {
    let list = |entry: &str| format!("[{}{entry}]", format!("{entry},").repeat(COSTLY / (entry.len() + 1)));
    let entries = |number: usize| field(number, &[]).repeat(COSTLY / 2);
    let graph = |number: usize| field(7, &entries(number));
    // A node whose one attribute has very many empty texts.
    let modes = field(5, &[field(1, b"nodes_modes"), entries(9)].concat());
    let mut files = vec![
        (1, field(7, &field(1, &modes))),
        (0, format!("{{\"training\": {{\"a\": {}}}}}", list("0")).into_bytes()),
        (0, format!("{{\"training\": {{\"a\": {}}}}}", list("[]")).into_bytes()),
        (0, format!("{{\"features\": {{\"names\": {}}}}}", list("\"\"")).into_bytes()),
        (0, "[".repeat(COSTLY).into_bytes()),
        (2, format!("{{\"rows\": {}}}", list("[]")).into_bytes()),
        (2, format!("{{\"rows\": [{}]}}", list("null")).into_bytes()),
        (2, format!("{{\"scores\": {}}}", list("1")).into_bytes()),
    ];
    files.extend([1, 5, 11, 12, 15].map(|number| (1, graph(number))));
    files.extend([8, 14, 20, 25].map(|number| (1, entries(number))));
    files
}

#[test]
fn no_file_takes_memory_out_of_proportion_to_its_size() {
    for (number, (file, content)) in costly().iter().enumerate() {
        let (found, most) = (peak(*file, content), AT_LEAST + PER_BYTE * content.len());
        assert!(found <= most, "{} number {number}: {found} bytes of memory, at most {most}", FILES[*file]);
    }
    let shipped = Shipped::read();
    let config = ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() };
    let changes = (0..FILES.len(), vec(mutation(), 1..5));
    TestRunner::new(config)
        .run(&changes, |(file, mutations)| {
            let content = shipped.mutated(file, &mutations);
            let (found, most) = (peak(file, &content), AT_LEAST + PER_BYTE * content.len());
            prop_assert!(found <= most, "{}: {found} bytes of memory, at most {most}", FILES[file]);
            Ok(())
        })
        .unwrap();
}
