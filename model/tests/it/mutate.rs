//! The files of the shipped model, changed here and there.

use std::path::{Path, PathBuf};

use proptest::{prelude::*, sample::Index};

/// The files of a model's folder.
pub const FILES: [&str; 3] = ["manifest.json", "model.onnx", "golden.json"];
/// The longest piece that is taken out or put in, in bytes.
const PIECE: usize = 512;

/// One change of a file's bytes.
#[derive(Debug, Clone)]
pub enum Mutation {
    /// A bit is another.
    Flip(Index, u8),
    /// A byte is another: those that end a number, or never end it, are worth most.
    Set(Index, u8),
    /// It ends there.
    Truncate(Index),
    /// A piece of it is missing.
    Cut(Index, usize),
    /// A piece of it, or of another file, stands somewhere else too.
    Splice { file: usize, from: Index, length: usize, to: Index },
}

pub fn mutation() -> impl Strategy<Value = Mutation> {
    let byte =
        prop_oneof![Just(0u8), Just(0x7f), Just(0x80), Just(0xff), Just(b'9'), Just(b'"'), any::<u8>()];
    prop_oneof![
        3 => (any::<Index>(), 0..8u8).prop_map(|(at, bit)| Mutation::Flip(at, bit)),
        3 => (any::<Index>(), byte).prop_map(|(at, byte)| Mutation::Set(at, byte)),
        1 => any::<Index>().prop_map(Mutation::Truncate),
        2 => (any::<Index>(), 1..PIECE).prop_map(|(at, length)| Mutation::Cut(at, length)),
        2 => (0..FILES.len(), any::<Index>(), 1..PIECE, any::<Index>())
            .prop_map(|(file, from, length, to)| Mutation::Splice { file, from, length, to }),
    ]
}

/// The shipped model: its folder, and what its files hold.
pub struct Shipped {
    pub folder: PathBuf,
    files: [Vec<u8>; 3],
}

impl Shipped {
    pub fn read() -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../services/fraud-scoring/model/shipped");
        let files = FILES.map(|file| std::fs::read(folder.join(file)).unwrap());
        Self { folder, files }
    }

    pub fn file(&self, file: usize) -> &[u8] {
        &self.files[file]
    }

    /// The file's bytes after these changes.
    pub fn mutated(&self, file: usize, mutations: &[Mutation]) -> Vec<u8> {
        let mut content = self.files[file].clone();
        for mutation in mutations {
            let length = content.len();
            if length == 0 {
                break;
            }
            match mutation {
                Mutation::Flip(at, bit) => content[at.index(length)] ^= 1 << bit,
                Mutation::Set(at, byte) => content[at.index(length)] = *byte,
                Mutation::Truncate(at) => content.truncate(at.index(length)),
                Mutation::Cut(at, piece) => {
                    let from = at.index(length);
                    content.drain(from..(from + piece).min(length));
                }
                Mutation::Splice { file, from, length: piece, to } => {
                    let other = &self.files[*file];
                    let from = from.index(other.len());
                    let piece = other[from..(from + piece).min(other.len())].to_vec();
                    let to = to.index(length);
                    content.splice(to..to, piece);
                }
            }
        }
        content
    }
}
