//! A label in ZPL II, for thermal printers: 4 x 6 inches at 203 dots per inch (Zebra's programming guide).

use std::fmt::Write as _;

use super::{Label, text::fitting};

/// What is left between the margins, in dots.
const WIDTH: f32 = 732.0;

/// The label as a ZPL document. Field data is UTF-8 (`^CI28`).
#[must_use]
pub fn zpl(label: &Label) -> String {
    let mut zpl = String::with_capacity(2048);
    zpl.push_str("^XA\n^CI28\n^PW812\n^LL1218\n^LH0,0\n");
    stack(&mut zpl, 40, 40, std::slice::from_ref(&label.carrier));
    stack(&mut zpl, 96, 72, std::slice::from_ref(&label.service));
    rule(&mut zpl, 180);
    text(&mut zpl, 40, 200, 24, "FROM");
    stack(&mut zpl, 230, 28, &label.from);
    rule(&mut zpl, 400);
    text(&mut zpl, 40, 420, 24, "TO");
    stack(&mut zpl, 456, 42, &label.to);
    rule(&mut zpl, 830);
    let number = field(&label.tracking_number);
    let _ = writeln!(zpl, "^FO120,860^BY3,3,200^BCN,200,N,N,N{number}");
    text(&mut zpl, 250, 1076, 40, &label.tracking_number);
    rule(&mut zpl, 1130);
    text(&mut zpl, 40, 1150, 24, &format!("Order {}", label.order));
    text(&mut zpl, 40, 1182, 24, &format!("{}   {}", label.date, label.weight));
    zpl.push_str("^PQ1\n^XZ\n");
    zpl
}

fn rule(zpl: &mut String, y: u32) {
    let _ = writeln!(zpl, "^FO40,{y}^GB732,3,3^FS");
}

/// Lines of one size, smaller when one of them would not fit.
fn stack(zpl: &mut String, top: u32, height: u32, lines: &[String]) {
    let fitting = fitting(height as f32, WIDTH, lines).floor() as u32;
    for (y, line) in (top..).step_by(height as usize + 4).zip(lines) {
        text(zpl, 40, y, fitting, line);
    }
}

fn text(zpl: &mut String, x: u32, y: u32, height: u32, line: &str) {
    let _ = writeln!(zpl, "^FO{x},{y}^A0N,{height},{height}{}", field(line));
}

/// Field data that no input can leave: with `^FH`, `_xx` stands for a byte, and every byte that is not plainly
/// harmless (`^`, `~` and `_` among them) is written so.
fn field(data: &str) -> String {
    let mut field = String::from("^FH^FD");
    for byte in data.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b' ' | b'.' | b'-' | b'/' => field.push(byte.into()),
            _ => {
                let _ = write!(field, "_{byte:02X}");
            }
        }
    }
    field.push_str("^FS");
    field
}
