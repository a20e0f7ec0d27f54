//! What programs read: one JSON value, and tables.

use allonet_weights::evaluate::bootstrap::Difference;
use allonet_weights::evaluate::metrics::metrics;
use allonet_weights::evaluate::scoreboard::Line;
use serde_json::{Map, Value, json};

use super::{Scored, show};
use crate::files::cell;
use crate::ui::Ui;

/// Everything.
pub(super) fn json(scored: &Scored<'_>) -> Value {
    let board = &scored.board;
    let name = |at: usize| board.lines[at].name.as_str();
    let methods: Vec<Value> = board.lines.iter().map(|line| method(scored, line)).collect();
    let jurors: Vec<Value> = scored
        .nearness
        .iter()
        .map(|juror| {
            let nearest: Vec<&str> = juror.nearest.iter().map(|at| name(*at)).collect();
            let scores: Map<String, Value> = (0..board.lines.len())
                .map(|at| (name(at).to_owned(), json!(juror.scores[at])))
                .collect();
            json!({
                "juror": juror.juror, "answers": juror.answers,
                "nearest": nearest, "scores": scores,
            })
        })
        .collect();
    let choice = scored.choice.as_ref().map(|chosen| {
        let name = |at: &usize| chosen.candidates[*at].name.as_str();
        json!({
            "chosen": chosen.choice.chosen.iter().map(name).collect::<Vec<_>>(),
            "score": chosen.choice.score,
            "best": chosen.choice.best.as_ref().map(name),
            "cost": chosen.choice.cost,
        })
    });
    let strong = scored.selected.as_ref().map(|selected| {
        let item = |place: u32| &scored.comparisons.items()[place as usize];
        let pairs: Vec<Value> = selected
            .pairs
            .iter()
            .map(|pair| {
                json!({
                    "items": [item(pair.pair.0), item(pair.pair.1)],
                    "jurors": pair.jurors, "said": pair.said, "worth": pair.worth(),
                })
            })
            .collect();
        json!({ "chosen": selected.chosen.map(name), "pairs": pairs })
    });
    json!({
        "metric": scored.metric.id,
        "answers": scored.comparisons.len(),
        "holdout": scored.holdout.to_string(),
        "seed": scored.seed,
        "best": board.best.map(name),
        "methods": methods,
        "jurors": jurors,
        "choice": choice,
        "strong": strong,
        "claims": claims(scored),
        "remarks": show::remarks(scored),
        "conclusion": show::conclusion(scored),
    })
}

fn method(scored: &Scored<'_>, line: &Line) -> Value {
    let scores: Map<String, Value> = metrics()
        .iter()
        .zip(&line.scores)
        .map(|(metric, score)| (metric.id.to_owned(), json!(score)))
        .collect();
    let at = scored.board.place(&line.name);
    json!({
        "method": line.name,
        "baseline": at.is_some_and(|at| scored.methods.all[..scored.methods.baselines]
            .iter().any(|method| method.name == scored.board.lines[at].name)),
        "scores": scores,
        "floored": line.total.floored,
        "beside_best": line.beside_best.map(difference),
        "beside_equal": line.beside_equal.map(difference),
        "alerts": line.alerts,
    })
}

fn difference(found: Difference) -> Value {
    let interval = found.interval.map(|ends| [ends.low, ends.high]);
    let real = found.p.map(|p| p <= show::ALPHA);
    json!({ "estimate": found.estimate, "interval": interval, "p": found.p, "real": real })
}

fn claims(scored: &Scored<'_>) -> Value {
    let Some((claims, tested)) = &scored.claims else { return Value::Null };
    let claim = claims.registration.hypotheses.iter().zip(tested).map(|(claim, tested)| {
        json!({
            "id": claim.id, "metric": claim.metric.id, "a": claim.a, "b": claim.b,
            "difference": tested.difference.map(difference),
            "p": tested.p, "adjusted_p": tested.adjusted_p, "verdict": tested.verdict,
        })
    });
    claim.collect()
}

/// Files for a folder: their names and what stands in them.
pub(super) fn tables(scored: &Scored<'_>, ui: &Ui) -> Vec<(&'static str, String)> {
    let report = show::lines(scored, ui).join("\n") + "\n";
    vec![
        ("scores.csv", scores(scored)),
        ("differences.csv", differences(scored)),
        ("jurors.csv", jurors(scored)),
        ("report.txt", report),
    ]
}

fn scores(scored: &Scored<'_>) -> String {
    let mut text = "method,metric,better,score\n".to_owned();
    for line in &scored.board.lines {
        for (metric, score) in metrics().iter().zip(&line.scores) {
            let better = format!("{:?}", metric.better).to_lowercase();
            let row = [&cell(&line.name), metric.id, &better, &number(*score)].join(",");
            text += &(row + "\n");
        }
    }
    text
}

fn differences(scored: &Scored<'_>) -> String {
    let mut text = "metric,method,beside,estimate,low,high,p_holm\n".to_owned();
    let best = scored.board.best.map_or("", |at| scored.board.lines[at].name.as_str());
    for line in &scored.board.lines {
        for (beside, found) in [(best, line.beside_best), ("equal", line.beside_equal)] {
            let Some(found) = found else { continue };
            let end = |end: fn(allonet_weights::evaluate::bootstrap::Interval) -> f64| {
                number(found.interval.map(end))
            };
            let row = [
                scored.metric.id.to_owned(),
                cell(&line.name),
                cell(beside),
                number(Some(found.estimate)),
                end(|ends| ends.low),
                end(|ends| ends.high),
                number(found.p),
            ];
            text += &(row.join(",") + "\n");
        }
    }
    text
}

fn jurors(scored: &Scored<'_>) -> String {
    let mut text = "juror,answers,method,score,nearest\n".to_owned();
    for juror in &scored.nearness {
        for (at, line) in scored.board.lines.iter().enumerate() {
            let row = [
                cell(&juror.juror),
                juror.answers.to_string(),
                cell(&line.name),
                number(juror.scores[at]),
                juror.nearest.contains(&at).to_string(),
            ];
            text += &(row.join(",") + "\n");
        }
    }
    text
}

fn number(value: Option<f64>) -> String {
    value.map_or(String::new(), |value| value.to_string())
}
