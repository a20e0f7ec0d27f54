//! What a simulation found, as text, JSON and tables.

use allonet_topics::simulate::adversaries::Finding;

use allonet_topics::simulate::design::Design;
use allonet_topics::simulate::scenes::Played;
use allonet_topics::simulate::statements::{Statement, Verdict};
use allonet_topics::simulate::statistics::Estimate;
use serde_json::{Value, json};
use std::fmt::Write as _;

use super::Findings;
use crate::diagnose::Failure;
use crate::files::{Outputs, cell};
use crate::ui::{Tone, Ui};

/// Prints all of it for people.
pub(super) fn text(design: &Design, seeds: u32, findings: &Findings, ui: &Ui) {
    ui.print(&ui.tone(Tone::Strong, "What is claimed of topics, and what simulations say"));
    ui.print(&format!(
        "{} inferers, {} forecasters, {} reputers, {} epochs, {seeds} seeds; losses are log10; \
         values with 95 % intervals",
        design.inferers, design.forecasters, design.reputers, design.epochs
    ));
    ui.print("");
    let rows: Vec<Vec<String>> =
        findings.statements.iter().map(|statement| claim(statement, ui)).collect();
    ui.print(&ui.table(&["", "claim", "measure", "found", "needs", ""], &rows, &[]));
    if !findings.scenes.is_empty() {
        heading("Does the network outperform every participant?", ui);
        let rows: Vec<Vec<String>> = findings.scenes.iter().map(scene).collect();
        let head = [
            "setting",
            "naive − network",
            "best inferer − network",
            "ahead of every inferer",
            "and of every implied",
        ];
        ui.print(&ui.table(&head, &rows, &[]));
    }
    if !findings.adversaries.is_empty() {
        heading("What cheating gains", ui);
        let mut last = "";
        let rows: Vec<Vec<String>> = findings
            .adversaries
            .iter()
            .map(|Finding { case, measure, found }| {
                let shown = if case == last { String::new() } else { case.clone() };
                last = case;
                vec![shown, (*measure).to_owned(), figure(found)]
            })
            .collect();
        ui.print(&ui.table(&["who", "measure", "found"], &rows, &[]));
    }
}

fn heading(text: &str, ui: &Ui) {
    ui.print("");
    ui.print(&ui.tone(Tone::Strong, text));
}

fn claim(statement: &Statement, ui: &Ui) -> Vec<String> {
    let (tone, verdict) = match statement.verdict() {
        Verdict::Holds => (Tone::Good, "holds"),
        Verdict::Open => (Tone::Doubtful, "open"),
        Verdict::Fails => (Tone::Bad, "fails"),
    };
    vec![
        statement.id.to_owned(),
        statement.claim.to_owned(),
        statement.measure.to_owned(),
        figure(&statement.found),
        range(statement.range),
        ui.tone(tone, verdict),
    ]
}

fn scene(played: &Played) -> Vec<String> {
    let estimates = [&played.naive_gap, &played.best_gap, &played.every_inferer, &played.everybody];
    let mut row = vec![played.name.to_owned()];
    row.extend(estimates.map(figure));
    row
}

/// `1.23 [1.10, 1.35]`; the value alone where no chance is in it.
fn figure(found: &Estimate) -> String {
    let Estimate { value, low, high, .. } = *found;
    if low.to_bits() == high.to_bits() {
        return if value.abs() < 5e-4 && value != 0.0 {
            format!("{value:.0e}")
        } else {
            format!("{value:.3}")
        };
    }
    let places = if value.abs() >= 10.0 { 1 } else { 3 };
    let part = |x: f64| {
        let text = format!("{x:.places$}");
        // A number that rounds to nothing has no sign.
        if text.trim_start_matches('-').chars().all(|c| matches!(c, '0' | '.')) {
            text.trim_start_matches('-').to_owned()
        } else {
            text
        }
    };
    format!("{} [{}, {}]", part(value), part(low), part(high))
}

fn range((least, most): (f64, f64)) -> String {
    match (least.is_finite(), most.is_finite()) {
        (true, true) if least == 0.0 && most < 1e-3 => format!("at most {most:.0e}"),
        (true, true) => format!("{least} to {}", (most * 1e6).round() / 1e6),
        (true, false) => format!("above {least}"),
        (false, true) => format!("below {most}"),
        (false, false) => "any".to_owned(),
    }
}

fn estimate(found: &Estimate) -> Value {
    json!({ "value": found.value, "error": found.error, "low": found.low, "high": found.high })
}

/// Prints all of it for programs.
pub(super) fn json(findings: &Findings, ui: &Ui) {
    let statements: Vec<Value> = findings
        .statements
        .iter()
        .map(|one| {
            json!({
                "id": one.id,
                "claim": one.claim,
                "measure": one.measure,
                "found": estimate(&one.found),
                "least": one.range.0,
                "most": one.range.1,
                "verdict": one.verdict(),
            })
        })
        .collect();
    let scenes: Vec<Value> = findings
        .scenes
        .iter()
        .map(|one| {
            json!({
                "setting": one.name,
                "naive_gap": estimate(&one.naive_gap),
                "best_gap": estimate(&one.best_gap),
                "ahead_of_every_inferer": estimate(&one.every_inferer),
                "ahead_of_everybody": estimate(&one.everybody),
            })
        })
        .collect();
    let adversaries: Vec<Value> = findings
        .adversaries
        .iter()
        .map(|one| {
            let found = estimate(&one.found);
            json!({ "case": one.case, "measure": one.measure, "found": found })
        })
        .collect();
    ui.print_json(&json!({
        "statements": statements,
        "settings": scenes,
        "adversaries": adversaries,
    }));
}

/// Adds all of it as tables.
pub(super) fn tables(findings: &Findings, outputs: &mut Outputs) -> Result<(), Failure> {
    let numbers =
        |found: &Estimate| format!("{},{},{},{}", found.value, found.error, found.low, found.high);
    let mut text = "id,claim,measure,value,error,low,high,least,most,verdict\n".to_owned();
    for one in &findings.statements {
        let verdict = match one.verdict() {
            Verdict::Holds => "holds",
            Verdict::Open => "open",
            Verdict::Fails => "fails",
        };
        let (least, most) = one.range;
        let words = [one.id, one.claim, one.measure].map(cell).join(",");
        let _ = writeln!(text, "{words},{},{least},{most},{verdict}", numbers(&one.found));
    }
    outputs.add("statements.csv", text.as_bytes())?;
    if !findings.scenes.is_empty() {
        let mut text = "setting,measure,value,error,low,high\n".to_owned();
        for one in &findings.scenes {
            let parts = [
                ("naive gap", &one.naive_gap),
                ("best gap", &one.best_gap),
                ("ahead of every inferer", &one.every_inferer),
                ("ahead of everybody", &one.everybody),
            ];
            for (measure, found) in parts {
                let _ = writeln!(text, "{},{measure},{}", cell(one.name), numbers(found));
            }
        }
        outputs.add("settings.csv", text.as_bytes())?;
    }
    if !findings.adversaries.is_empty() {
        let mut text = "case,measure,value,error,low,high\n".to_owned();
        for one in &findings.adversaries {
            let words = [one.case.as_str(), one.measure].map(cell).join(",");
            let _ = writeln!(text, "{words},{}", numbers(&one.found));
        }
        outputs.add("adversaries.csv", text.as_bytes())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_read_well() {
        assert_eq!(figure(&Estimate::exact(12.0)), "12.000");
        assert_eq!(figure(&Estimate::exact(2e-16)), "2e-16");
        let found = Estimate { value: -0.0001, error: 0.1, low: -0.2, high: 0.2 };
        assert_eq!(figure(&found), "0.000 [-0.200, 0.200]");
        assert_eq!(range((0.0, f64::INFINITY)), "above 0");
        assert_eq!(range((0.8, 1.2)), "0.8 to 1.2");
        assert_eq!(range((0.0, 1e-12)), "at most 1e-12");
    }
}
