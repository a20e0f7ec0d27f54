//! Line charts as SVG, with bands around lines. Writing to a text cannot fail.

use std::fmt::Write as _;

/// A line and what surrounds it.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) name: String,
    pub(super) points: Vec<(f64, f64)>,
    /// Lower and upper edge of a band, by x.
    pub(super) band: Vec<(f64, f64, f64)>,
    /// Drawn heavier than the others.
    pub(super) strong: bool,
}

impl Line {
    /// Without a band.
    pub(super) fn new(name: &str, points: Vec<(f64, f64)>) -> Self {
        Self { name: name.to_owned(), points, band: Vec::new(), strong: false }
    }
}

/// Colours that keep apart under the common colour blindnesses (Okabe, Ito).
const COLOURS: [&str; 8] =
    ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7f7f7f", "#8c6d31"];

const WIDTH: f64 = 860.0;
const HEIGHT: f64 = 320.0;
/// Left, right, top and bottom.
const MARGINS: [f64; 4] = [64.0, 150.0, 12.0, 40.0];

/// Draws lines over one another; `says` is read out where nothing is seen.
pub(super) fn draw(says: &str, x_name: &str, y_name: &str, lines: &[Line]) -> String {
    let frame = Frame::of(lines);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" \
         aria-label=\"{}\" font-family=\"system-ui, sans-serif\" font-size=\"12\">\n",
        escaped(says)
    );
    frame.axes(&mut svg, x_name, y_name);
    for (at, line) in lines.iter().enumerate() {
        let colour = COLOURS[at % COLOURS.len()];
        if !line.band.is_empty() {
            let low = line.band.iter().map(|(x, low, _)| frame.point(*x, *low));
            let high = line.band.iter().rev().map(|(x, _, high)| frame.point(*x, *high));
            let edge: Vec<String> = low.chain(high).collect();
            let _ = writeln!(
                svg,
                "<polygon points=\"{}\" fill=\"{colour}\" opacity=\"0.18\"/>",
                edge.join(" ")
            );
        }
        let points: Vec<String> = line.points.iter().map(|(x, y)| frame.point(*x, *y)).collect();
        let width = if line.strong { 2.4 } else { 1.3 };
        let dash = if at >= COLOURS.len() { " stroke-dasharray=\"5 3\"" } else { "" };
        let _ = writeln!(
            svg,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" \
             stroke-width=\"{width}\"{dash} stroke-linejoin=\"round\"/>",
            points.join(" ")
        );
        let (x, y) = (WIDTH - MARGINS[1] + 10.0, MARGINS[2] + 10.0 + 17.0 * at as f64);
        let _ = writeln!(
            svg,
            "<line x1=\"{x}\" x2=\"{}\" y1=\"{y}\" y2=\"{y}\" stroke=\"{colour}\" \
             stroke-width=\"{width}\"{dash}/><text x=\"{}\" y=\"{}\" fill=\"currentColor\">{}\
             </text>",
            x + 18.0,
            x + 24.0,
            y + 4.0,
            escaped(&line.name)
        );
    }
    svg += "</svg>\n";
    svg
}

/// What of the plane is seen.
struct Frame {
    x: (f64, f64),
    y: (f64, f64),
}

impl Frame {
    fn of(lines: &[Line]) -> Self {
        let points = lines.iter().flat_map(|line| line.points.iter().copied());
        let bands = lines.iter().flat_map(|line| &line.band);
        let bands = bands.flat_map(|(x, low, high)| [(*x, *low), (*x, *high)]);
        let all: Vec<(f64, f64)> = points.chain(bands).collect();
        let range = |of: fn(&(f64, f64)) -> f64| {
            let low = all.iter().map(of).fold(f64::INFINITY, f64::min);
            let high = all.iter().map(of).fold(f64::NEG_INFINITY, f64::max);
            if low < high { (low, high) } else { (low.min(1e300) - 0.5, low.min(1e300) + 0.5) }
        };
        let (low, high) = range(|point| point.1);
        let room = 0.04 * (high - low);
        Self { x: range(|point| point.0), y: (low - room, high + room) }
    }

    fn at(&self, x: f64, y: f64) -> (f64, f64) {
        let [left, right, top, bottom] = MARGINS;
        let across = (x - self.x.0) / (self.x.1 - self.x.0);
        let up = (y - self.y.0) / (self.y.1 - self.y.0);
        (left + across * (WIDTH - left - right), HEIGHT - bottom - up * (HEIGHT - top - bottom))
    }

    fn point(&self, x: f64, y: f64) -> String {
        let (x, y) = self.at(x, y);
        format!("{x:.1},{y:.1}")
    }

    fn axes(&self, svg: &mut String, x_name: &str, y_name: &str) {
        let [left, right, top, bottom] = MARGINS;
        for tick in ticks(self.y) {
            let (_, y) = self.at(self.x.0, tick);
            let _ = writeln!(
                svg,
                "<line x1=\"{left}\" x2=\"{}\" y1=\"{y:.1}\" y2=\"{y:.1}\" \
                 stroke=\"currentColor\" opacity=\"0.15\"/><text x=\"{}\" y=\"{:.1}\" \
                 text-anchor=\"end\" fill=\"currentColor\">{}</text>",
                WIDTH - right,
                left - 6.0,
                y + 4.0,
                shown(tick)
            );
        }
        for tick in ticks(self.x) {
            let (x, _) = self.at(tick, self.y.0);
            let _ = writeln!(
                svg,
                "<text x=\"{x:.1}\" y=\"{}\" text-anchor=\"middle\" \
                 fill=\"currentColor\">{}</text>",
                HEIGHT - bottom + 16.0,
                shown(tick)
            );
        }
        let _ = write!(
            svg,
            "<text x=\"{:.1}\" y=\"{}\" text-anchor=\"middle\" fill=\"currentColor\">{}</text>\n\
             <text transform=\"translate(14 {:.1}) rotate(-90)\" text-anchor=\"middle\" \
             fill=\"currentColor\">{}</text>\n",
            f64::midpoint(left, WIDTH - right),
            HEIGHT - 6.0,
            escaped(x_name),
            f64::midpoint(top, HEIGHT - bottom),
            escaped(y_name)
        );
    }
}

/// Some round numbers of a range.
fn ticks((low, high): (f64, f64)) -> Vec<f64> {
    let mut step = 1e-300;
    'found: for power in -300..300 {
        for digit in [1.0, 2.0, 5.0] {
            step = digit * allonet_core::maths::pow(10.0, f64::from(power));
            if (high - low) / step <= 7.0 {
                break 'found;
            }
        }
    }
    let first = (low / step).ceil();
    (0..8).map(|at| (first + f64::from(at)) * step).take_while(|tick| *tick <= high).collect()
}

fn shown(tick: f64) -> String {
    let text = format!("{tick:.6}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

/// A text that is safe inside of HTML and SVG.
pub(super) fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '&' => safe.push_str("&amp;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round() {
        let shown = |range| ticks(range).into_iter().map(shown).collect::<Vec<_>>().join(" ");
        assert_eq!(shown((0.0, 600.0)), "0 100 200 300 400 500 600");
        assert_eq!(shown((-1.3, -0.2)), "-1.2 -1 -0.8 -0.6 -0.4 -0.2");
    }

    #[test]
    fn lines_stand_inside_the_frame_and_names_are_escaped() {
        let mut line = Line::new("<a&b>", vec![(0.0, 1.0), (10.0, 3.0)]);
        line.band = vec![(0.0, 0.0, 2.0), (10.0, 2.0, 4.0)];
        let svg = draw("says", "x", "y", &[line]);
        assert!(svg.contains("&lt;a&amp;b&gt;") && !svg.contains("<a&"), "{svg}");
        // The ends of the line are the ends of the frame.
        let points = svg.split("<polyline points=\"").nth(1).unwrap().split('"').next().unwrap();
        assert!(points.starts_with("64.0,") && points.contains(" 710.0,"), "{points}");
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
    }

    #[test]
    fn nothing_and_one_point_are_drawn_too() {
        for lines in [vec![], vec![Line::new("one", vec![(3.0, 7.0)])]] {
            let svg = draw("says", "x", "y", &lines);
            assert!(!svg.contains("NaN"), "{svg}");
        }
    }
}
