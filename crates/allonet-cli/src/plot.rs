//! Small charts of lines and bands as SVG, the same bytes for the same numbers.

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

/// A line, and perhaps a band around it.
#[derive(Clone, Debug)]
pub(crate) struct Curve {
    /// What the legend calls it.
    pub(crate) name: String,
    /// Its points from left to right; those that are not finite are left out.
    pub(crate) points: Vec<(f64, f64)>,
    /// Lower and upper edge of the band at each point, or nothing.
    pub(crate) band: Vec<(f64, f64)>,
}

/// A chart.
#[derive(Clone, Debug)]
pub(crate) struct Plot {
    /// Stands above it.
    pub(crate) title: String,
    /// What runs from left to right.
    pub(crate) across: &'static str,
    /// What runs upwards.
    pub(crate) upwards: &'static str,
    /// What is drawn, the first at the bottom.
    pub(crate) curves: Vec<Curve>,
}

/// Width and height in pixels.
const SIZE: (u32, u32) = (720, 420);
const INK: RGBColor = RGBColor(40, 40, 40);
const GRID: RGBColor = RGBColor(225, 225, 225);
/// Colours that most people with a colour vision deficiency can tell apart
/// (Okabe, Ito 2008), without the yellow that white swallows, and four darker ones.
const COLORS: [RGBColor; 11] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(86, 180, 233),
    RGBColor(230, 159, 0),
    RGBColor(90, 90, 90),
    RGBColor(0, 50, 95),
    RGBColor(125, 45, 0),
    RGBColor(0, 85, 60),
    RGBColor(110, 45, 85),
];

impl Curve {
    /// A line alone.
    pub(crate) fn line(name: impl Into<String>, points: Vec<(f64, f64)>) -> Self {
        Self { name: name.into(), points, band: Vec::new() }
    }
}

impl Plot {
    /// The chart as SVG on white.
    pub(crate) fn svg(&self) -> String {
        let mut text = String::new();
        // Writing to a string fails only where the chart itself is broken.
        self.draw(&mut text).expect("a chart with finite ranges can be drawn");
        text
    }

    fn draw(&self, text: &mut String) -> Result<(), Box<dyn std::error::Error>> {
        let area = SVGBackend::with_string(text, SIZE).into_drawing_area();
        area.fill(&WHITE)?;
        let (left, right) =
            range(self.curves.iter().flat_map(|curve| curve.points.iter().map(|point| point.0)));
        let (low, high) = range(self.curves.iter().flat_map(|curve| {
            let band = curve.band.iter().flat_map(|(low, high)| [*low, *high]);
            curve.points.iter().map(|point| point.1).chain(band)
        }));
        let margin = 0.04 * (high - low);
        let mut chart = ChartBuilder::on(&area)
            .caption(&self.title, ("sans-serif", 17, &INK))
            .margin(10)
            .x_label_area_size(42)
            .y_label_area_size(62)
            .build_cartesian_2d(left..right, low - margin..high + margin)?;
        let label = ("sans-serif", 13, &INK).into_text_style(&area);
        chart
            .configure_mesh()
            .light_line_style(WHITE)
            .bold_line_style(GRID)
            .axis_style(INK)
            .label_style(label.clone())
            .axis_desc_style(label.pos(Pos::new(HPos::Center, VPos::Top)))
            .x_desc(self.across)
            .y_desc(self.upwards)
            .x_label_formatter(&|value| mark(*value))
            .y_label_formatter(&|value| mark(*value))
            .draw()?;
        for (curve, color) in self.curves.iter().zip(COLORS.iter().cycle()) {
            if let Some(outline) = curve.outline() {
                chart.draw_series(std::iter::once(Polygon::new(outline, color.mix(0.16))))?;
            }
        }
        for (curve, color) in self.curves.iter().zip(COLORS.iter().cycle()) {
            let finite =
                curve.points.iter().copied().filter(|(x, y)| x.is_finite() && y.is_finite());
            chart
                .draw_series(LineSeries::new(finite, color.stroke_width(2)))?
                .label(&curve.name)
                .legend(move |(x, y)| {
                    PathElement::new([(x, y), (x + 18, y)], color.stroke_width(3))
                });
        }
        chart
            .configure_series_labels()
            .position(self.corner())
            .background_style(WHITE.mix(0.85))
            .border_style(GRID)
            .label_font(("sans-serif", 13, &INK))
            .draw()?;
        area.present()?;
        Ok(())
    }
}

impl Plot {
    /// The upper corner that lines leave free: the left one where they rise.
    fn corner(&self) -> SeriesLabelPosition {
        let ends = self.curves.iter().filter_map(|curve| {
            let (first, last) = (curve.points.first()?, curve.points.last()?);
            Some((first.1, last.1))
        });
        let top = |value: f64, top: f64| if value > top { value } else { top };
        let (left, right) = ends.fold((f64::NEG_INFINITY, f64::NEG_INFINITY), |tops, ends| {
            (top(ends.0, tops.0), top(ends.1, tops.1))
        });
        if right > left { SeriesLabelPosition::UpperLeft } else { SeriesLabelPosition::UpperRight }
    }
}

/// A number at an axis, without the digits that binary fractions add.
fn mark(value: f64) -> String {
    format!("{}", (value * 1e6).round() / 1e6)
}

impl Curve {
    /// Around the band: its upper edge to the right, its lower one back.
    fn outline(&self) -> Option<Vec<(f64, f64)>> {
        let edges =
            self.points.iter().zip(&self.band).filter(|((x, _), (low, high))| {
                x.is_finite() && low.is_finite() && high.is_finite()
            });
        let upper = edges.clone().map(|((x, _), (_, high))| (*x, *high));
        let lower = edges.rev().map(|((x, _), (low, _))| (*x, *low));
        let outline: Vec<(f64, f64)> = upper.chain(lower).collect();
        (outline.len() > 3).then_some(outline)
    }
}

/// Least and greatest of the finite values, apart where they are one.
fn range(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let finite = values.filter(|value| value.is_finite());
    let (low, high) = finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
        (low.min(value), high.max(value))
    });
    match (low <= high, high - low > 1e-12 * high.abs()) {
        (false, _) => (0.0, 1.0),
        (true, false) => (low - 0.5 * low.abs().max(1.0), low + 0.5 * low.abs().max(1.0)),
        (true, true) => (low, high),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plot(points: Vec<(f64, f64)>, band: Vec<(f64, f64)>) -> Plot {
        let curve = Curve { name: "loss <a & b>".into(), points, band };
        Plot { title: "Losses".into(), across: "epoch", upwards: "log10", curves: vec![curve] }
    }

    #[test]
    fn a_chart_has_its_words_and_lines() {
        let points: Vec<(f64, f64)> =
            (0..9).map(|at| (f64::from(at), f64::from(at * at))).collect();
        let band = points.iter().map(|(_, y)| (y - 1.0, y + 1.0)).collect();
        let chart = plot(points, band);
        let svg = chart.svg();
        for part in
            ["<svg", "Losses", "epoch", "log10", "loss &lt;a &amp; b&gt;", "polyline", "polygon"]
        {
            assert!(svg.contains(part), "{part}");
        }
        assert_eq!(svg, chart.svg());
    }

    #[test]
    fn odd_numbers_draw_what_can_be_drawn() {
        let odd = vec![(0.0, f64::NAN), (1.0, 2.0), (f64::INFINITY, 1.0), (2.0, 2.0)];
        for points in [odd, vec![], vec![(1.0, 1.0)], vec![(0.0, 1e300), (1.0, -1e300)]] {
            let svg = plot(points, vec![]).svg();
            assert!(svg.ends_with("</svg>\n") && !svg.contains("NaN"), "{svg}");
        }
    }
}
