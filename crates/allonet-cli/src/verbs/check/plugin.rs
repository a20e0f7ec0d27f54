//! Puts the cases of the protocol to a program.

use std::path::Path;
use std::process::ExitCode;

use allonet_core::mechanism::{OracleFactory, Program};
use allonet_mechanisms::program::conformance::{self, CaseResult, Verdict};
use serde_json::json;

use crate::diagnose::{Exit, Failure, clean};
use crate::program::RunPrograms;
use crate::ui::{Tone, Ui};

/// The limits that a neuron has by default.
const TIME_LIMIT_MS: u64 = 10_000;
const ANSWER_LIMIT_BYTES: u64 = 1 << 20;

/// Checks a command, found from the current folder.
pub(super) fn run(command: &[String], ui: &Ui) -> Result<ExitCode, Failure> {
    let program = Program {
        neuron: "plugin".into(),
        command: command.to_vec(),
        time_limit_ms: TIME_LIMIT_MS,
        answer_limit_bytes: ANSWER_LIMIT_BYTES,
    };
    let oracle = RunPrograms::new(Path::new(".")).oracle(program)?;
    let results = {
        let _working = ui.working("asking");
        conformance::run(&*oracle)
    };
    if ui.is_json() {
        let rows: Vec<_> = results.iter().map(row_json).collect();
        ui.print_json(&rows);
    } else {
        ui.print(&table(&results, ui));
    }
    let failed = results.iter().any(|result| matches!(result.verdict, Verdict::Failed(_)));
    Ok(if failed { Exit::NotHeld.into() } else { ExitCode::SUCCESS })
}

/// The verdict in a word, with its tone and what to do.
fn told(verdict: &Verdict) -> (&'static str, Tone, Option<&str>) {
    match verdict {
        Verdict::Passed => ("pass", Tone::Good, None),
        Verdict::Warning(hint) => ("warn", Tone::Doubtful, Some(hint)),
        Verdict::Failed(hint) => ("fail", Tone::Bad, Some(hint)),
    }
}

fn table(results: &[CaseResult], ui: &Ui) -> String {
    let width = results.iter().map(|result| result.name.len()).max().unwrap_or(0);
    let mut lines = Vec::new();
    for result in results {
        let (word, tone, hint) = told(&result.verdict);
        lines.push(format!("{}  {:width$}  {}", ui.tone(tone, word), result.name, result.checks));
        if let Some(hint) = hint {
            lines.extend(clean(hint).lines().map(|line| format!("      {line}")));
        }
    }
    let passed = results.iter().filter(|result| result.verdict == Verdict::Passed).count();
    let mut counts = vec![format!("{passed} of {} cases passed", results.len())];
    for (kind, plural) in [("fail", "failed"), ("warn", "warned")] {
        let count = results.iter().filter(|result| told(&result.verdict).0 == kind).count();
        if count > 0 {
            counts.push(format!("{count} {plural}"));
        }
    }
    lines.push(counts.join(", "));
    lines.join("\n")
}

fn row_json(result: &CaseResult) -> serde_json::Value {
    let (word, _, hint) = told(&result.verdict);
    json!({ "case": result.name, "checks": result.checks, "verdict": word, "hint": hint })
}
