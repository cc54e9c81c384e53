//! A picture of a run: orders a second, and how long an order takes at each steady rate.

use std::path::Path;

use anyhow::{Result, anyhow};
use plotters::{coord::Shift, prelude::*};

use super::{
    contestants::Contestant,
    numbers::{P50, P99, PER_SECOND},
    summary::Summary,
};

const SIZE: (u32, u32) = (900, 820);
const COLOURS: [RGBColor; 8] = [
    RGBColor(31, 119, 180),
    RGBColor(255, 127, 14),
    RGBColor(44, 160, 44),
    RGBColor(214, 39, 40),
    RGBColor(148, 103, 189),
    RGBColor(140, 86, 75),
    RGBColor(188, 189, 34),
    RGBColor(23, 190, 207),
];

type Area<'p> = DrawingArea<SVGBackend<'p>, Shift>;

/// A bar: its name, its colour, how far it reaches, and where a mark stands on it.
struct Bar {
    name: String,
    colour: RGBColor,
    to: f64,
    mark: Option<f64>,
}

/// Draws it.
///
/// # Errors
/// When the file cannot be written.
pub fn draw(file: &Path, summary: &Summary<'_>) -> Result<()> {
    let root = SVGBackend::new(file, SIZE).into_drawing_area();
    root.fill(&WHITE).map_err(failed)?;
    let (upper, lower) = root.split_vertically(320);
    bars(&upper, "orders/s, from a backlog to the last label", &speeds(summary))?;
    bars(&lower, "ms from when an order is due to its label: p99, with p50 marked", &latencies(summary))?;
    root.present().map_err(failed)
}

fn speeds(summary: &Summary<'_>) -> Vec<Bar> {
    let bar = |(name, colour): (String, RGBColor)| {
        let to = summary.median(&name, "burst", PER_SECOND)?;
        Some(Bar { name, colour, to, mark: None })
    };
    contestants(summary).into_iter().filter_map(bar).collect()
}

fn latencies(summary: &Summary<'_>) -> Vec<Bar> {
    let mut all = Vec::new();
    for rate in summary.rates() {
        for (name, colour) in contestants(summary) {
            let p99 = summary.median(&name, rate, P99);
            let mark = summary.median(&name, rate, P50);
            all.extend(p99.map(|to| Bar { name: format!("{name}, {rate}"), colour, to, mark }));
        }
    }
    all
}

fn contestants(summary: &Summary<'_>) -> Vec<(String, RGBColor)> {
    let names = summary.contestants().into_iter().filter(|name| *name != Contestant::Broker.name());
    names.map(str::to_owned).zip(COLOURS.into_iter().cycle()).collect()
}

/// Horizontal bars on a logarithmic scale, since they differ by orders of magnitude.
fn bars(area: &Area<'_>, title: &str, bars: &[Bar]) -> Result<()> {
    if bars.is_empty() {
        return Ok(());
    }
    let most = bars.iter().map(|bar| bar.to).fold(1.0, f64::max) * 2.0;
    let rows = bars.len() as f64;
    let mut chart = ChartBuilder::on(area)
        .caption(title, ("sans-serif", 16))
        .margin(10)
        .x_label_area_size(24)
        .build_cartesian_2d((1.0..most).log_scale(), 0.0..rows)
        .map_err(failed)?;
    let mut mesh = chart.configure_mesh();
    mesh.disable_y_mesh().disable_y_axis().x_label_formatter(&|tick| format!("{tick:.0}"));
    mesh.draw().map_err(failed)?;
    for (nth, bar) in bars.iter().enumerate() {
        let bottom = rows - 1.0 - nth as f64;
        let (low, high) = (bottom + 0.15, bottom + 0.85);
        let body = Rectangle::new([(1.0, low), (bar.to.max(1.0), high)], bar.colour.mix(0.6).filled());
        chart.draw_series([body]).map_err(failed)?;
        let line = |at| PathElement::new([(at, low), (at, high)], BLACK.stroke_width(2));
        chart.draw_series(bar.mark.map(line)).map_err(failed)?;
        let text = format!("{}: {:.0}", bar.name, bar.to);
        let label = Text::new(text, (1.05, bottom + 0.75), ("sans-serif", 11).into_font());
        chart.draw_series([label]).map_err(failed)?;
    }
    Ok(())
}

fn failed(error: impl std::fmt::Display) -> anyhow::Error {
    anyhow!("drawing: {error}")
}
