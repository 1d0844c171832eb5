//! Line charts over network size, as SVG that follows the reader's light or dark theme.

use std::fmt::Write as _;

pub(crate) struct Series {
    pub(crate) name: &'static str,
    pub(crate) points: Vec<(f64, f64)>,
}

pub(crate) struct Chart {
    pub(crate) title: &'static str,
    pub(crate) unit: &'static str,
    /// Where the vertical axis starts, unless a value lies below.
    pub(crate) from: Option<f64>,
    /// A line to reach or to stay under.
    pub(crate) mark: Option<f64>,
    pub(crate) series: Vec<Series>,
}

const WIDTH: f64 = 560.0;
const HEIGHT: f64 = 300.0;
const LEFT: f64 = 56.0;
const RIGHT: f64 = 150.0;
const TOP: f64 = 40.0;
const BOTTOM: f64 = 40.0;
const COLOURS: [&str; 3] = ["#2563eb", "#16a34a", "#dc2626"];

impl Chart {
    pub(crate) fn svg(&self) -> String {
        let points = || self.series.iter().flat_map(|series| &series.points);
        let values = || points().map(|(_, value)| *value).chain(self.mark);
        let low = values().chain(self.from).fold(f64::INFINITY, f64::min);
        let high = values().fold(low, f64::max);
        let step = nice((high - low).max(1e-9) / 4.0);
        let (low, high) = ((low / step).floor() * step, (high / step).ceil() * step);
        let sizes = {
            let mut sizes: Vec<f64> = points().map(|(size, _)| *size).collect();
            sizes.sort_by(f64::total_cmp);
            sizes.dedup();
            sizes
        };
        let first = sizes.first().copied().unwrap_or(1.0).log10();
        let last = sizes
            .last()
            .copied()
            .unwrap_or(10.0)
            .log10()
            .max(first + 1e-9);
        let x = |size: f64| LEFT + (size.log10() - first) / (last - first) * (WIDTH - LEFT - RIGHT);
        let y = |value: f64| {
            HEIGHT - BOTTOM - (value - low) / (high - low).max(1e-9) * (HEIGHT - TOP - BOTTOM)
        };

        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{}\">\n<style>text{{font:12px system-ui,sans-serif;fill:#374151}}.grid{{stroke:#9ca3af;stroke-opacity:.35}}.mark{{stroke:#6b7280;stroke-dasharray:5 4}}@media(prefers-color-scheme:dark){{text{{fill:#d1d5db}}}}</style>\n",
            self.title
        );
        let _ = writeln!(
            svg,
            "<text x=\"{LEFT}\" y=\"22\" style=\"font-weight:600\">{}</text>",
            self.title
        );
        let mut value = low;
        while value <= high + step / 2.0 {
            let at = y(value);
            let label = number(value, step);
            let _ = writeln!(
                svg,
                "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{}\" y1=\"{at:.1}\" y2=\"{at:.1}\"/><text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{label} {}</text>",
                WIDTH - RIGHT,
                LEFT - 6.0,
                at + 4.0,
                self.unit
            );
            value += step;
        }
        for size in &sizes {
            let _ = writeln!(
                svg,
                "<text x=\"{:.1}\" y=\"{}\" text-anchor=\"middle\">{size} nodes</text>",
                x(*size),
                HEIGHT - 16.0
            );
        }
        if let Some(mark) = self.mark {
            let at = y(mark);
            let _ = writeln!(
                svg,
                "<line class=\"mark\" x1=\"{LEFT}\" x2=\"{}\" y1=\"{at:.1}\" y2=\"{at:.1}\"/>",
                WIDTH - RIGHT
            );
        }
        for (at, (series, colour)) in self.series.iter().zip(COLOURS).enumerate() {
            let line: Vec<String> = series
                .points
                .iter()
                .map(|(size, value)| format!("{:.1},{:.1}", x(*size), y(*value)))
                .collect();
            let _ = writeln!(
                svg,
                "<polyline fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\" points=\"{}\"/>",
                line.join(" ")
            );
            for (size, value) in &series.points {
                let _ = writeln!(
                    svg,
                    "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"3.5\" fill=\"{colour}\"/>",
                    x(*size),
                    y(*value)
                );
            }
            let row = TOP + 14.0 + 22.0 * at as f64;
            let left = WIDTH - RIGHT + 16.0;
            let _ = writeln!(
                svg,
                "<rect x=\"{left}\" y=\"{:.1}\" width=\"12\" height=\"4\" fill=\"{colour}\"/><text x=\"{}\" y=\"{row:.1}\">{}</text>",
                row - 6.0,
                left + 18.0,
                series.name
            );
        }
        svg.push_str("</svg>\n");
        svg
    }
}

/// 1, 2 or 5 times a power of ten, not less.
fn nice(step: f64) -> f64 {
    let power = 10_f64.powf(step.log10().floor());
    [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .map(|times| times * power)
        .find(|nice| *nice >= step * 0.999)
        .unwrap_or(step)
}

fn number(value: f64, step: f64) -> String {
    let digits = (-step.log10().floor()).max(0.0) as usize;
    format!("{value:.digits$}")
}
