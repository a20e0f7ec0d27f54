//! What people read.

use allonet_core::maths;
use allonet_weights::evaluate::bootstrap::Difference;
use allonet_weights::evaluate::hypotheses::{Direction, Tested, Verdict};
use allonet_weights::evaluate::metrics::{Better, metrics};

use super::{Chosen, Scored};
use crate::ui::{Ui, counted};

/// The scores of the main table: the seven published ones and the pilot's.
const SHOWN: [&str; 8] =
    ["brier", "log-loss", "log-odds-rmse", "accuracy", "coverage", "skill", "drift", "pilot-cost"];

/// A difference is called real below this p value.
pub(super) const ALPHA: f64 = 0.05;

/// All of the report.
pub(super) fn lines(scored: &Scored<'_>, ui: &Ui) -> Vec<String> {
    let mut lines = vec![scores(scored, ui), String::new(), differences(scored, ui)];
    lines.push(String::new());
    lines.push(nearest(scored));
    lines.extend(scored.choice.as_ref().map(|chosen| cost(scored, chosen)));
    lines.extend(strong(scored));
    lines.extend(claims(scored, ui));
    lines.extend(remarks(scored).into_iter().map(|remark| format!("look at: {remark}")));
    lines.push(conclusion(scored));
    lines
}

fn scores(scored: &Scored<'_>, ui: &Ui) -> String {
    let shown: Vec<usize> = SHOWN
        .iter()
        .filter_map(|id| metrics().iter().position(|metric| metric.id == *id))
        .collect();
    let mut head = vec!["method".to_owned()];
    head.extend(shown.iter().map(|at| {
        let arrow = if metrics()[*at].better == Better::Lower { "↓" } else { "↑" };
        format!("{} {arrow}", metrics()[*at].id)
    }));
    let head: Vec<&str> = head.iter().map(String::as_str).collect();
    let row = |line: &allonet_weights::evaluate::scoreboard::Line| {
        let mut row = vec![line.name.clone()];
        row.extend(shown.iter().map(|at| figure(line.scores[*at])));
        row
    };
    let rows: Vec<Vec<String>> = scored.board.lines.iter().map(row).collect();
    let right: Vec<usize> = (1..head.len()).collect();
    ui.table(&head, &rows, &right)
}

fn figure(value: Option<f64>) -> String {
    value.map_or("—".to_owned(), |value| format!("{value:.4}"))
}

/// `−0.0123 [−0.0200, −0.0040]`
fn interval(difference: Option<Difference>) -> String {
    let Some(found) = difference else { return "—".to_owned() };
    let ends = found.interval.map(|ends| format!(" [{:+.4}, {:+.4}]", ends.low, ends.high));
    format!("{:+.4}{}", found.estimate, ends.unwrap_or_default())
}

fn real(difference: Option<Difference>) -> &'static str {
    match difference.and_then(|difference| difference.p) {
        Some(p) if p <= ALPHA => "yes",
        Some(_) => "no",
        None => "—",
    }
}

fn differences(scored: &Scored<'_>, ui: &Ui) -> String {
    let board = &scored.board;
    let best = board.best.map_or("the best", |at| board.lines[at].name.as_str());
    let beside_best = format!("beside {best}");
    let head = [scored.metric.id, "score", &beside_best, "real?", "beside equal split", "real? "];
    let at = metrics().iter().position(|metric| metric.id == scored.metric.id);
    let rows: Vec<Vec<String>> = board
        .lines
        .iter()
        .map(|line| {
            vec![
                line.name.clone(),
                figure(at.and_then(|at| line.scores[at])),
                interval(line.beside_best),
                real(line.beside_best).to_owned(),
                interval(line.beside_equal),
                real(line.beside_equal).to_owned(),
            ]
        })
        .collect();
    ui.table(&head, &rows, &[1, 2, 4])
}

/// Which method is nearest to how many jurors; in parts where several tie.
fn nearest(scored: &Scored<'_>) -> String {
    let mut counts: Vec<(usize, f64)> = (0..scored.board.lines.len()).map(|at| (at, 0.0)).collect();
    for juror in &scored.nearness {
        for at in &juror.nearest {
            counts[*at].1 += 1.0 / juror.nearest.len() as f64;
        }
    }
    counts.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    let told: Vec<String> = counts
        .iter()
        .filter(|(_, count)| *count > 0.0)
        .map(|(at, count)| {
            let count = (count * 10.0).round() / 10.0;
            format!("{} to {count}", scored.board.lines[*at].name)
        })
        .collect();
    let who = if by_juror(scored) { "juror" } else { "pair" };
    format!("nearest of {}: {}", counted(scored.nearness.len(), who), told.join(", "))
}

fn cost(scored: &Scored<'_>, chosen: &Chosen) -> String {
    let choice = &chosen.choice;
    let times = |at: usize| choice.chosen.iter().filter(|found| **found == at).count();
    let mut told: Vec<String> = (0..chosen.candidates.len())
        .filter(|at| times(*at) > 0)
        .map(|at| {
            format!("{} {} of {}", chosen.candidates[at].name, times(at), choice.chosen.len())
        })
        .collect();
    told.sort();
    let cost = choice.cost.map_or("unknown".to_owned(), |cost| format!("{cost:+.4}"));
    format!(
        "choosing among the rules without seeing the answers kept back gives {} {}, {cost} beside \
         the rule that was best in the end (chosen: {})",
        scored.metric.id,
        figure(choice.score),
        told.join(", ")
    )
}

fn strong(scored: &Scored<'_>) -> Option<String> {
    let selected = scored.selected.as_ref()?;
    let Some(chosen) = selected.chosen else {
        return Some("no pair with so many jurors tells the methods apart".to_owned());
    };
    Some(format!(
        "the {} most telling choose {} ({} {})",
        counted(selected.pairs.len(), "pair"),
        scored.board.lines[chosen].name,
        scored.metric.id,
        figure(selected.scores[chosen])
    ))
}

fn claims(scored: &Scored<'_>, ui: &Ui) -> Vec<String> {
    let Some((claims, tested)) = &scored.claims else { return Vec::new() };
    let row = |(claim, tested): (&allonet_weights::evaluate::hypotheses::Hypothesis, &Tested)| {
        let relation = match claim.direction {
            Direction::ABetter => "better than",
            Direction::Different => "different from",
        };
        vec![
            claim.id.clone(),
            format!("{} {relation} {} in {}", claim.a, claim.b, claim.metric.id),
            interval(tested.difference),
            tested.adjusted_p.map_or("—".to_owned(), |p| format!("{p:.4}")),
            verdict(tested.verdict).to_owned(),
        ]
    };
    let rows: Vec<Vec<String>> =
        claims.registration.hypotheses.iter().zip(tested).map(row).collect();
    let head = ["claim", "says", "difference", "p (Holm)", "verdict"];
    vec![String::new(), ui.table(&head, &rows, &[2, 3]), String::new()]
}

fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Passed => "passed",
        Verdict::Failed => "failed",
        Verdict::NotDecidable => "not decidable",
    }
}

/// What somebody should look at.
pub(super) fn remarks(scored: &Scored<'_>) -> Vec<String> {
    let mut remarks = scored.methods.notes.clone();
    remarks.extend(scored.board.failed.iter().map(ToString::to_string));
    // What a baseline gives whom is no concern of anybody.
    let baselines = &scored.methods.all[..scored.methods.baselines];
    let is_baseline = |name: &str| baselines.iter().any(|baseline| baseline.name == name);
    for line in scored.board.lines.iter().filter(|line| !is_baseline(&line.name)) {
        remarks.extend(line.alerts.iter().map(|alert| format!("{}: {alert}", line.name)));
    }
    remarks
}

fn by_juror(scored: &Scored<'_>) -> bool {
    scored.comparisons.rows_by_juror().iter().filter(|rows| !rows.is_empty()).count() > 1
}

/// What follows, and what does not.
pub(super) fn conclusion(scored: &Scored<'_>) -> String {
    let board = &scored.board;
    let Some(best) = board.best else {
        return "nothing can be concluded: no method has a score on these answers".to_owned();
    };
    let name = |at: usize| board.lines[at].name.as_str();
    let alike: Vec<&str> = (0..board.lines.len())
        .filter(|at| *at != best && real(board.lines[*at].beside_best) != "yes")
        .map(name)
        .collect();
    let who = if by_juror(scored) { "jurors" } else { "pairs" };
    let answers = counted(scored.comparisons.len(), "answer");
    let judged = format!("{answers} of {} {who}", board.clusters.len());
    let apart = if alike.is_empty() {
        format!("{} is better than all others beyond chance by {judged}", name(best))
    } else {
        format!(
            "it cannot be concluded from {judged} that {} is better than {}",
            name(best),
            alike.join(", ")
        )
    };
    let given = board.lines.len() > scored.methods.baselines;
    let seen = if given && !scored.methods.files.is_empty() {
        "; nor whether given weights were made with these very answers"
    } else {
        ""
    };
    // Swapping places by juror, 2 of 2^jurors ways are as one-sided as can be.
    let smallest_p = maths::pow(0.5, board.clusters.len() as f64 - 1.0);
    let others = board.lines.len().saturating_sub(1) as f64;
    let few = if smallest_p * others > ALPHA {
        format!(
            ". So few {who} cannot show any difference among {} beyond chance, however large",
            counted(board.lines.len(), "method")
        )
    } else {
        String::new()
    };
    format!(
        "{apart}{seen}{few}. Rules were fitted without the answers they are scored on ({}, \
         seed {}).",
        scored.holdout, scored.seed
    )
}
