//! The report of a topic: one page that loads nothing, and its charts. Writing to
//! a text cannot fail.

use std::fmt::Write as _;

use allonet_core::maths;
use allonet_core::money::{Amount, Asset};

use super::chart::{Line, draw, escaped};
use super::clerk::Clerk;
use super::outcome::{Epoch, Outcome, Role};
use super::spec::Spec;
use crate::ui::percent;

/// A chart of the report, also a file of its own.
#[derive(Debug)]
pub(super) struct Chart {
    pub(super) file: String,
    pub(super) svg: String,
    title: &'static str,
    about: String,
}

/// Epochs over which curves are smoothed.
const WINDOW: usize = 25;
/// Epochs shown of inferences.
const LAST: usize = 120;
/// Fewest points of a window that has a band.
const FEW: usize = 2;

/// All charts.
pub(super) fn charts(spec: &Spec, clerk: &Clerk, outcome: &Outcome) -> Vec<Chart> {
    let chart = |file: &str, title: &'static str, about: String, y: &str, lines: &[Line]| Chart {
        file: format!("{file}.svg"),
        svg: draw(title, "epoch", y, lines),
        title,
        about,
    };
    let smoothed = format!("Means of {WINDOW} epochs");
    vec![
        chart(
            "losses",
            "How far off they were",
            format!("{smoothed}, with bands of two standard errors. Lower is better."),
            "log10 loss",
            &losses(clerk, outcome),
        ),
        chart(
            "weights",
            "Whom the network listened to",
            format!("Weights in the network inference. {smoothed}."),
            "weight",
            &weights(clerk),
        ),
        chart(
            "inferences",
            "What was inferred",
            format!(
                "The last {LAST} epochs. The band holds 95 % of the workers' inferences by weight."
            ),
            &spec.target.name,
            &inferences(clerk),
        ),
        chart(
            "rewards",
            "Who earned what",
            "Rewards so far.".to_owned(),
            &spec.asset.symbol,
            &rewards(spec, clerk),
        ),
    ]
}

fn losses(clerk: &Clerk, outcome: &Outcome) -> Vec<Line> {
    let line = |name: &str, of: &dyn Fn(&Epoch) -> f64, strong: bool| {
        let (points, band) = smooth(&clerk.epochs, of);
        Line { name: name.to_owned(), points, band, strong }
    };
    let mut lines = vec![
        line("network", &|epoch| epoch.network_loss, true),
        line("naive", &|epoch| epoch.naive_loss, false),
    ];
    for rival in [&outcome.best_inferer, &outcome.best_forecaster].into_iter().flatten() {
        if let Some(best) = clerk.names.iter().position(|(id, _)| *id == rival.id) {
            lines.push(line(&rival.id, &|epoch| epoch.losses[best], false));
        }
    }
    lines
}

fn weights(clerk: &Clerk) -> Vec<Line> {
    let workers = clerk.names.iter().enumerate().filter(|(_, (_, role))| *role != Role::Reputer);
    let line = |(at, (id, _)): (usize, &(String, Role))| {
        Line::new(id, smooth(&clerk.epochs, &|epoch| epoch.weights[at]).0)
    };
    workers.map(line).collect()
}

fn inferences(clerk: &Clerk) -> Vec<Line> {
    let shown = &clerk.epochs[clerk.epochs.len().saturating_sub(LAST)..];
    let points = |of: fn(&Epoch) -> f64| -> Vec<(f64, f64)> {
        let points = shown.iter().map(|epoch| (epoch.number as f64, of(epoch)));
        points.filter(|(_, value)| value.is_finite()).collect()
    };
    let mut network = Line::new("network", points(|epoch| epoch.network));
    let band = |epoch: &Epoch| {
        Some((epoch.number as f64, *epoch.interval.first()?, *epoch.interval.last()?))
    };
    let finite = |(_, low, high): &(f64, f64, f64)| (high - low).is_finite();
    network.band = shown.iter().filter_map(band).filter(finite).collect();
    network.strong = true;
    vec![network, Line::new("truth", points(|epoch| epoch.truth))]
}

fn rewards(spec: &Spec, clerk: &Clerk) -> Vec<Line> {
    let line = |(at, (id, _)): (usize, &(String, Role))| {
        let mut sum = 0.0;
        let points = clerk.epochs.iter().map(|epoch| {
            sum += in_units(&spec.asset, epoch.rewards[at]);
            (epoch.number as f64, sum)
        });
        Line::new(id, points.collect())
    };
    clerk.names.iter().enumerate().map(line).collect()
}

/// Means of windows, and bands of two standard errors around them.
#[expect(clippy::type_complexity, reason = "points and edges of a band")]
fn smooth(epochs: &[Epoch], of: &dyn Fn(&Epoch) -> f64) -> (Vec<(f64, f64)>, Vec<(f64, f64, f64)>) {
    let (mut points, mut band) = (Vec::new(), Vec::new());
    for window in epochs.chunks(WINDOW) {
        let values: Vec<f64> = window.iter().map(of).filter(|value| value.is_finite()).collect();
        let Some(middle) = window.get(window.len() / 2).filter(|_| !values.is_empty()) else {
            continue;
        };
        let (x, count) = (middle.number as f64, values.len() as f64);
        let mean = maths::sum(values.iter().copied()) / count;
        points.push((x, mean));
        if values.len() >= FEW {
            let squares = values.iter().map(|value| (value - mean) * (value - mean));
            let error = (maths::sum(squares) / (count - 1.0) / count).sqrt();
            band.push((x, mean - 2.0 * error, mean + 2.0 * error));
        }
    }
    (points, band)
}

fn in_units(asset: &Asset, amount: Amount) -> f64 {
    amount.to_f64() / maths::pow(10.0, f64::from(asset.decimals))
}

/// An amount for a table: two decimals.
pub(super) fn short(asset: &Asset, amount: Amount) -> String {
    format!("{:.2} {}", in_units(asset, amount), asset.symbol)
}

const STYLE: &str = "\
:root { color-scheme: light dark; --paper: #fbfaf7; --ink: #1c2026; --muted: #5b6470;
  --line: #e5e2da; --bar: #0072b2; }
@media (prefers-color-scheme: dark) { :root { --paper: #14161a; --ink: #e9eaed;
  --muted: #a3abb7; --line: #2e333c; --bar: #56b4e9; } }
body { margin: 0 auto; max-width: 1280px; padding: 24px 20px 64px; background: var(--paper);
  color: var(--ink); font: 15px/1.55 system-ui, sans-serif; }
h1 { font-size: 32px; line-height: 1.15; margin: 0 0 8px; }
h2 { font-size: 20px; margin: 40px 0 4px; }
p { margin: 4px 0; max-width: 72ch; }
.verdict { font-size: 18px; font-weight: 600; margin: 12px 0; }
.muted { color: var(--muted); }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
.wide { overflow-x: auto; }
th, td { padding: 5px 8px; border-bottom: 1px solid var(--line); text-align: right;
  white-space: nowrap; }
th { color: var(--muted); font-weight: 600; font-size: 13px; }
th:first-child, td:first-child, th:nth-child(2), td:nth-child(2) { text-align: left; }
.bar { display: inline-block; height: 9px; background: var(--bar); border-radius: 2px; }
svg { width: 100%; height: auto; }
";

/// The page.
pub(super) fn render(spec: &Spec, outcome: &Outcome, charts: &[Chart]) -> String {
    let title = escaped(&spec.title);
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; \
         style-src 'unsafe-inline'\">\n<title>{title}</title>\n<style>\n{STYLE}</style>\n\
         </head>\n<body>\n<h1>{title}</h1>\n"
    );
    let _ = writeln!(page, "<p class=\"verdict\">{}</p>", escaped(&outcome.verdict));
    let _ = writeln!(page, "<p>{}</p>", escaped(&outcome.often()));
    if !spec.forecasters.is_empty() {
        let _ = writeln!(page, "<p>{}</p>", escaped(&outcome.context()));
    }
    let _ = writeln!(
        page,
        "<p class=\"muted\">{} epochs count, after a warm-up of {}. Brackets hold 95 %: by \
         drawing blocks of neighbouring epochs for differences, by Wilson's interval for rates. \
         “Best in hindsight” is known only afterwards.</p>",
        outcome.epochs, outcome.warm_up
    );
    page += "<h2>Who was how good, and who earned what</h2>\n\
             <p class=\"muted\">Losses are log10: one less is a tenth of the loss. \
             Somebody adds what the network's loss would grow by without it; it is beaten in the \
             epochs in which \
             the network was nearer to the truth. Rewards are those \
             of all epochs.</p>\n";
    page += &table(spec, outcome);
    for chart in charts {
        let _ = write!(
            page,
            "<h2>{}</h2>\n<p class=\"muted\">{}</p>\n{}",
            chart.title,
            escaped(&chart.about),
            chart.svg
        );
    }
    page += "</body>\n</html>\n";
    page
}

fn table(spec: &Spec, outcome: &Outcome) -> String {
    let mut html = String::from(
        "<div class=\"wide\"><table>\n<tr><th>participant</th><th>role</th><th>mean log10 loss\
         </th><th>rank</th><th>mean weight</th><th>mean score</th><th>adds</th><th>beaten</th>\
         <th>reward</th><th></th></tr>\n",
    );
    let most = outcome.participants.iter().map(|one| one.reward).max().unwrap_or(Amount::ZERO);
    let most = most.to_f64().max(1.0);
    let some = |value: Option<f64>| value.map_or_else(String::new, |value| format!("{value:+.4}"));
    for one in &outcome.participants {
        let _ = writeln!(
            html,
            "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td>\
             <td>{}</td><td>{}</td>\
             <td><span class=\"bar\" style=\"width: {:.0}px\"></span></td></tr>",
            escaped(&one.id),
            one.role.name(),
            some(one.loss),
            one.rank.map_or_else(String::new, |rank| rank.to_string()),
            one.weight.map_or_else(String::new, |weight| format!("{weight:.3}")),
            some(one.score),
            some(one.contribution),
            one.beaten.map_or_else(String::new, |beaten| {
                let [value, low, high] = [beaten.value, beaten.low, beaten.high].map(percent);
                format!("{value} [{low}, {high}]")
            }),
            escaped(&short(&spec.asset, one.reward)),
            120.0 * one.reward.to_f64() / most
        );
    }
    for (name, loss) in [("network", outcome.network_loss), ("naive", outcome.naive_loss)] {
        let _ = writeln!(html, "<tr><td>{name}</td><td></td><td>{}</td></tr>", some(loss));
    }
    html + "</table></div>\n"
}
