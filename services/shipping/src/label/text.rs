//! Text from outside, made fit for one line of a label.

/// One line: control and invisible formatting characters are blanks, blanks are single, none stands at an end.
pub(super) fn line(text: &str) -> String {
    let blank = |c: char| c.is_control() || c.is_whitespace() || is_formatting(c);
    text.split(blank).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// Marks that turn text around or hide it: what is printed must be what was written.
fn is_formatting(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// The same in lines of at most `width` characters, broken between words where there are some. Nothing gives no line.
pub(super) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in line(text).split(' ').filter(|word| !word.is_empty()) {
        let chars: Vec<char> = word.chars().collect();
        for piece in chars.chunks(width) {
            let piece: String = piece.iter().collect();
            match lines.last_mut() {
                Some(last) if last.chars().count() + 1 + piece.chars().count() <= width => {
                    last.push(' ');
                    last.push_str(&piece);
                }
                _ => lines.push(piece),
            }
        }
    }
    lines
}

/// A wide capital letter of Helvetica and its like, as a part of the font's size.
const WIDEST: f32 = 0.72;

/// The size at which all lines fit the width, `size` if possible: small enough for lines of nothing but wide letters.
pub(super) fn fitting<'a>(size: f32, width: f32, lines: impl IntoIterator<Item = &'a String>) -> f32 {
    let longest = lines.into_iter().map(|line| line.chars().count()).max().unwrap_or_default().max(1);
    size.min(width / (WIDEST * longest as f32))
}

/// As bytes of Windows-1252, which the PDF base fonts can show; other letters are written with Latin ones.
pub(super) fn windows_1252(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    for c in text.chars() {
        match c {
            ' '..='~' | '\u{a0}'..='\u{ff}' => bytes.extend(u8::try_from(u32::from(c))),
            _ => match CP1252.iter().position(|&other| other == c) {
                Some(at) => bytes.extend(u8::try_from(0x80 + at)),
                None => {
                    let latin = deunicode::deunicode_char(c).unwrap_or("?");
                    bytes.extend(latin.bytes().filter(|byte| matches!(byte, b' '..=b'~')));
                }
            },
        }
    }
    bytes
}

/// Windows-1252 from 0x80 to 0x9f; a replacement character where nothing is defined.
const CP1252: [char; 32] = [
    '€', '\u{fffd}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{fffd}', 'Ž', '\u{fffd}',
    '\u{fffd}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{fffd}', 'ž', 'Ÿ',
];
