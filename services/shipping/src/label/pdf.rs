//! A label as a PDF of 4 x 6 inches, for office printers, in the fonts every reader has. No time of making, no random
//! id: the same label gives the same bytes.

use barcoders::sym::code128::Code128;
use orderflow::fault::Fault;
use pdf_writer::{Content, Finish, Name, Pdf, Rect, Ref, Str};

use super::{
    Label,
    text::{fitting, windows_1252},
};

/// Width and height in points (1/72 inch).
const PAGE: (f32, f32) = (288.0, 432.0);
const MARGIN: f32 = 16.0;
const INNER: f32 = PAGE.0 - 2.0 * MARGIN;

/// A module of the barcode, in points: 0.46 mm, well above the 0.25 mm that scanners need. A number of 13 characters
/// is 178 modules wide, which leaves a quiet zone of more than ten on either side.
const MODULE: f32 = 1.3;

const REGULAR: Name<'static> = Name(b"F1");
const BOLD: Name<'static> = Name(b"F2");

/// The label as a PDF document.
///
/// # Errors
/// `Poison` when the tracking number cannot be written as Code 128.
pub fn pdf(label: &Label) -> Result<Vec<u8>, Fault> {
    let content = content(label, &modules(&label.tracking_number)?);
    let [catalog, pages, page_id, stream, regular, bold] = [1, 2, 3, 4, 5, 6].map(Ref::new);
    let mut pdf = Pdf::new();
    pdf.catalog(catalog).pages(pages);
    pdf.pages(pages).kids([page_id]).count(1);
    let mut page = pdf.page(page_id);
    page.media_box(Rect::new(0.0, 0.0, PAGE.0, PAGE.1)).parent(pages).contents(stream);
    page.resources().fonts().pair(REGULAR, regular).pair(BOLD, bold);
    page.finish();
    for (id, name) in [(regular, &b"Helvetica"[..]), (bold, b"Helvetica-Bold")] {
        pdf.type1_font(id).base_font(Name(name)).encoding_predefined(Name(b"WinAnsiEncoding"));
    }
    pdf.stream(stream, &content.finish());
    Ok(pdf.finish())
}

/// Dark and light modules of the barcode (Code 128, ISO/IEC 15417), character set B throughout.
fn modules(number: &str) -> Result<Vec<u8>, Fault> {
    let code = Code128::new(format!("\u{181}{number}")).map_err(|error| {
        Fault::poison("no_barcode", "the tracking number cannot be a barcode").caused_by(error)
    })?;
    Ok(code.encode())
}

fn content(label: &Label, modules: &[u8]) -> Content {
    let mut content = Content::new();
    stack(&mut content, BOLD, 13.0, 406.0, std::slice::from_ref(&label.carrier));
    stack(&mut content, BOLD, 26.0, 380.0, std::slice::from_ref(&label.service));
    rule(&mut content, 370.0);
    line(&mut content, REGULAR, 7.0, 361.0, "FROM");
    stack(&mut content, REGULAR, 9.0, 350.0, &label.from);
    rule(&mut content, 298.0);
    line(&mut content, REGULAR, 7.0, 289.0, "TO");
    stack(&mut content, BOLD, 13.0, 273.0, &label.to);
    rule(&mut content, 142.0);
    bars(&mut content, modules);
    let width = 13.0 * 0.6 * label.tracking_number.len() as f32;
    place(&mut content, BOLD, 13.0, (PAGE.0 - width) / 2.0, 48.0, &label.tracking_number);
    rule(&mut content, 38.0);
    line(&mut content, REGULAR, 8.0, 27.0, &format!("Order {}", label.order));
    line(&mut content, REGULAR, 8.0, 15.0, &format!("{}   {}", label.date, label.weight));
    content
}

/// Neighbouring dark modules are one bar: hairlines between them would blur.
fn bars(content: &mut Content, modules: &[u8]) {
    let mut x = (PAGE.0 - modules.len() as f32 * MODULE) / 2.0;
    for run in modules.chunk_by(|a, b| a == b) {
        let width = run.len() as f32 * MODULE;
        if run[0] == 1 {
            content.rect(x, 64.0, width, 66.0).fill_nonzero();
        }
        x += width;
    }
}

fn rule(content: &mut Content, y: f32) {
    content.rect(MARGIN, y, INNER, 1.0).fill_nonzero();
}

/// Lines of one size, smaller when one of them would not fit.
fn stack(content: &mut Content, font: Name<'_>, size: f32, top: f32, lines: &[String]) {
    let fitting = fitting(size, INNER, lines);
    for (row, text) in lines.iter().enumerate() {
        line(content, font, fitting, top - row as f32 * (size + 3.0), text);
    }
}

fn line(content: &mut Content, font: Name<'_>, size: f32, y: f32, text: &str) {
    place(content, font, size, MARGIN, y, text);
}

fn place(content: &mut Content, font: Name<'_>, size: f32, x: f32, y: f32, text: &str) {
    let bytes = windows_1252(text);
    content.begin_text().set_font(font, size).next_line(x, y).show(Str(&bytes)).end_text();
}
