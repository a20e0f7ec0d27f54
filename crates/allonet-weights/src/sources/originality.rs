//! Originality: which part of a project's worth is its own work, and which it
//! owes to what it depends on.
//!
//! # Formula
//!
//! ```text
//! answer v in (0, 1):   ln(v / (1 − v)) = l,  the log of own work over dependencies
//! as a comparison (self, dependencies):  c = ln((1 − v) / v) = −l
//! m_i   = Huber mean of a project's l, beyond 1.345 s counting less
//! s     = 1.4826 · median |l − median of its project|, over projects with several answers
//! m'_i  = (n_i m_i + κ μ) / (n_i + κ),   originality = 1 / (1 + e^{−m'})
//! 90 %  = 1 / (1 + e^{−(m' ± 1.645 s / √(n_i + κ))})
//! ```
//!
//! `μ` is the median of the projects' means unless given, `κ` how many answers
//! the prior is worth. Where no project has several answers that differ, `s` is
//! taken to be 1, a factor of e in the odds.
//!
//! # Known weaknesses
//!
//! * Few jurors answer for each project; intervals are wide and rest on one `s`
//!   for all.
//! * The mean of log odds is not the mean of answers: 0.5 and 0.99 give 0.91.
//! * [`Sign::Published`] turns the answer round as the published example does:
//!   who says that 80 % is a project's own pays 80 % to its dependencies. For
//!   comparison only.
//!
//! # Sources
//!
//! * `deepfunding/scoring`, `example2.py` (the question; its sign is inverted).
//! * Huber (1964), *Robust estimation of a location parameter*.

use std::collections::BTreeMap;
use std::sync::Arc;

use allonet_core::fault::{Fault, SourceFile};
use allonet_core::maths;
use allonet_core::table::{Column, Faults, Row, Table};

use crate::comparisons::Naming;
use crate::estimate::logistic;

const COLUMNS: &[Column] = &[
    Column::required(&["repo", "item", "repository", "project", "name"]),
    Column::optional(&["originality", "average_originality", "value", "answer"]),
    Column::optional(&["times", "multiplier", "ratio"]),
    Column::optional(&["juror", "juror_id", "evaluator", "user"]),
];
const REPO: usize = 0;
const SHARE: usize = 1;
const TIMES: usize = 2;
const JUROR: usize = 3;

/// Which side of the answer is the project's own.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Sign {
    /// The answer is the project's own part.
    #[default]
    Correct,
    /// As in the published example: turned round.
    Published,
}

/// One juror's answer about one project.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The project.
    pub repo: String,
    /// Who; empty where the table does not say.
    pub juror: String,
    /// Log of own work over dependencies.
    pub log_odds: f64,
}

impl Answer {
    /// `c` of the comparison of `self` with `dependencies`: ln(dependencies /
    /// self).
    pub fn log_ratio(&self, sign: Sign) -> f64 {
        match sign {
            Sign::Correct => -self.log_odds,
            Sign::Published => self.log_odds,
        }
    }
}

/// How answers are put together.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// How many answers the prior is worth, at least zero.
    pub strength: f64,
    /// The originality towards which few answers are drawn, between 0 and 1;
    /// none for the median of all projects.
    pub prior: Option<f64>,
    /// Which side is the project's own.
    pub sign: Sign,
}

impl Default for Settings {
    /// A prior worth one answer, at the median of all projects.
    fn default() -> Self {
        Self { strength: 1.0, prior: None, sign: Sign::Correct }
    }
}

/// What is estimated of one project.
#[derive(Debug, Clone, PartialEq)]
pub struct Originality {
    /// The project.
    pub repo: String,
    /// How many answers there are.
    pub answers: usize,
    /// The part that is its own, between 0 and 1.
    pub share: f64,
    /// Lower end of the interval that holds it with 90 %.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// Reads answers: columns `repo`, `juror`, and `originality` (between 0 and 1)
/// or `times` (how many times the own work is worth the dependencies').
///
/// Faults: those of [`Table::read`], `no-item`, `no-answer`, `bad-originality`,
/// `double-answer`.
pub fn read(file: &Arc<SourceFile>, naming: &Naming) -> Result<Vec<Answer>, Vec<Fault>> {
    let table = Table::read(file, COLUMNS)?;
    if table.has(SHARE) == table.has(TIMES) {
        let message = format!("{} has not one column of answers", file.path);
        let help = "give either `originality` (between 0 and 1) or `times`";
        return Err(vec![Fault::new("no-answer", message).help(help)]);
    }
    let mut faults = Faults::new();
    let (mut answers, mut seen) = (Vec::new(), BTreeMap::new());
    for row in table.rows() {
        match answer(row, table.has(SHARE), naming) {
            Ok(answer) => {
                let juror = (answer.repo.clone(), answer.juror.clone());
                let named = !answer.juror.is_empty();
                if let Some(line) = seen.insert(juror, row.line()).filter(|_| named) {
                    let message = format!("`{}` answered on line {line} already", answer.juror);
                    faults.push(row.fault(JUROR, "double-answer", message));
                }
                answers.push(answer);
            }
            Err(fault) => faults.push(fault),
        }
    }
    if table.is_empty() {
        faults.push(Fault::new("no-answer", format!("{} has no rows", file.path)));
    }
    faults.or(answers)
}

fn answer(row: Row<'_>, as_share: bool, naming: &Naming) -> Result<Answer, Fault> {
    if row.cell(REPO).is_empty() {
        return Err(row.fault(REPO, "no-item", "this row does not name its project"));
    }
    let column = if as_share { SHARE } else { TIMES };
    let text = row.cell(column);
    let odds = text.parse::<f64>().ok().and_then(|found| {
        let odds = if as_share { found / (1.0 - found) } else { found };
        (odds.is_finite() && odds > 0.0).then_some(odds)
    });
    let Some(odds) = odds else {
        let help = if as_share {
            "write a number between 0 and 1, neither of them: nothing is owed to nobody at all"
        } else {
            "write a number above 0; 1 where own work and dependencies are worth the same"
        };
        let message = format!("`{text}` is no originality");
        return Err(row.fault(column, "bad-originality", message).help(help));
    };
    let (repo, juror) = (naming.name(row.cell(REPO)), row.cell(JUROR).to_owned());
    Ok(Answer { repo, juror, log_odds: maths::ln(odds) })
}

/// Estimates each project's originality, by name.
///
/// ```
/// use allonet_core::fault::SourceFile;
/// use allonet_weights::comparisons::Naming;
/// use allonet_weights::sources::originality::{Settings, estimate, read};
///
/// let table = "repo,juror,originality\ngeth,ann,0.8\n";
/// let answers = read(&SourceFile::new("o.csv", table), &Naming::Verbatim)?;
/// let found = estimate(&answers, &Settings { strength: 0.0, ..Settings::default() });
/// assert!((found[0].share - 0.8).abs() < 1e-12);
/// # Ok::<(), Vec<allonet_core::fault::Fault>>(())
/// ```
pub fn estimate(answers: &[Answer], settings: &Settings) -> Vec<Originality> {
    let mut projects: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    for answer in answers {
        let log_odds = -answer.log_ratio(settings.sign);
        projects.entry(&answer.repo).or_default().push(log_odds);
    }
    for said in projects.values_mut() {
        said.sort_unstable_by(f64::total_cmp);
    }
    let spread = spread(projects.values());
    let means: Vec<f64> = projects.values().map(|said| huber_mean(said, 1.345 * spread)).collect();
    let prior = settings.prior.map(|share| maths::ln(share / (1.0 - share)));
    let prior = prior.filter(|prior| prior.is_finite()).unwrap_or_else(|| {
        let mut sorted = means.clone();
        sorted.sort_unstable_by(f64::total_cmp);
        median(&sorted)
    });
    let strength = if settings.strength > 0.0 { settings.strength.min(1e12) } else { 0.0 };
    projects
        .iter()
        .zip(means)
        .map(|((repo, said), mean)| {
            let count = said.len() as f64;
            let drawn = (count * mean + strength * prior) / (count + strength);
            let reach = NINETY * spread / (count + strength).sqrt();
            Originality {
                repo: (*repo).to_owned(),
                answers: said.len(),
                share: logistic(drawn),
                low: logistic(drawn - reach),
                high: logistic(drawn + reach),
            }
        })
        .collect()
}

/// 90 % of normal draws lie within so many standard deviations.
const NINETY: f64 = 1.644_853_626_951_472_2;
const ROUNDS_MOST: usize = 200;

/// The robust standard deviation of answers about their project's median.
fn spread<'a>(projects: impl Iterator<Item = &'a Vec<f64>>) -> f64 {
    let mut away: Vec<f64> = projects
        .filter(|said| said.len() > 1)
        .flat_map(|said| said.iter().map(|log| (log - median(said)).abs()))
        .collect();
    away.sort_unstable_by(f64::total_cmp);
    let spread = 1.482_602_218_505_602 * median(&away);
    if spread > 0.0 { spread } else { 1.0 }
}

/// The middle of sorted figures; zero of none.
fn median(sorted: &[f64]) -> f64 {
    if sorted.is_empty() {
        return 0.0;
    }
    f64::midpoint(sorted[(sorted.len() - 1) / 2], sorted[sorted.len() / 2])
}

/// The mean, figures beyond the threshold counting less, from the median on.
fn huber_mean(sorted: &[f64], threshold: f64) -> f64 {
    let mut mean = median(sorted);
    for _ in 0..ROUNDS_MOST {
        let weight = |log: f64| (threshold / (log - mean).abs().max(1e-300)).min(1.0);
        let total = maths::sum(sorted.iter().map(|log| weight(*log)));
        let next = maths::sum(sorted.iter().map(|log| weight(*log) * log)) / total;
        let moved = (next - mean).abs();
        mean = next;
        if moved <= 1e-13 * (1.0 + mean.abs()) {
            break;
        }
    }
    mean
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(answers: &[(&str, f64)]) -> Vec<Answer> {
        let answer = |(repo, share): &(&str, f64)| Answer {
            repo: (*repo).to_owned(),
            juror: String::new(),
            log_odds: maths::ln(share / (1.0 - share)),
        };
        answers.iter().map(answer).collect()
    }

    fn alone() -> Settings {
        Settings { strength: 0.0, ..Settings::default() }
    }

    #[test]
    fn the_published_sign_turns_answers_round() {
        let answers = said(&[("p", 0.8)]);
        assert!((answers[0].log_ratio(Sign::Correct) - maths::ln(0.25)).abs() < 1e-12);
        let published = Settings { sign: Sign::Published, ..alone() };
        assert!((estimate(&answers, &published)[0].share - 0.2).abs() < 1e-12);
    }

    #[test]
    fn one_odd_answer_moves_little() {
        let rest = [("p", 0.7), ("p", 0.72), ("p", 0.68), ("p", 0.71)];
        let calm = estimate(&said(&rest), &alone())[0].share;
        let odd = [&rest[..], &[("p", 0.000_001)]].concat();
        let moved = estimate(&said(&odd), &alone())[0].share;
        assert!((calm - moved).abs() < 0.03, "{calm} {moved}");
        let logs: Vec<f64> = said(&odd).iter().map(|answer| answer.log_odds).collect();
        assert!(logistic(logs.iter().sum::<f64>() / 5.0) < 0.2, "the plain mean gives way");
    }

    #[test]
    fn few_answers_are_drawn_to_the_prior() {
        let answers = said(&[("p", 0.9), ("q", 0.5), ("q", 0.5), ("q", 0.5)]);
        let settings = Settings { strength: 1.0, prior: Some(0.5), ..Settings::default() };
        let found = estimate(&answers, &settings);
        // Log odds ln 9 / 2 = ln 3.
        assert!((found[0].share - 0.75).abs() < 1e-12 && (found[1].share - 0.5).abs() < 1e-12);
        // s = 1 as all answers about q are the same; p has n + κ = 2.
        let reach = NINETY / 2.0_f64.sqrt();
        assert!((found[0].high - logistic(maths::ln(3.0) + reach)).abs() < 1e-12);
        assert!(found[1].high - found[1].low < found[0].high - found[0].low);
        let more = Settings { strength: 5.0, ..settings };
        assert!(estimate(&answers, &more)[0].share < 0.75);
    }

    #[test]
    fn wrong_rows_are_named() {
        let refused = |text: &str| {
            read(&SourceFile::new("o.csv", text), &Naming::Verbatim).unwrap_err()[0].to_string()
        };
        for share in ["0", "1", "1.2", "-0.5", "NaN", "x", ""] {
            let text = refused(&format!("repo,originality\np,{share}\n"));
            assert!(text.contains(&format!("`{share}` is no originality")), "{text}");
        }
        assert!(refused("repo,juror,times\np,j,0\n").contains("above 0"));
        assert!(refused("repo,juror\np,j\n").contains("not one column of answers"));
        let twice = "repo,juror,originality\np,j,.5\np,j,.6\n";
        assert!(refused(twice).starts_with("o.csv:3:3: `j` answered on line 2"));
        let times = SourceFile::new("o.csv", "repo,times\np,4\n");
        let answers = read(&times, &Naming::Verbatim).unwrap();
        assert!((estimate(&answers, &alone())[0].share - 0.8).abs() < 1e-12);
        assert_eq!(estimate(&[], &alone()), []);
    }
}
