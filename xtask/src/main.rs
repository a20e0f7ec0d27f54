//! `cargo xtask <verb>`: checks this repository and writes its generated files.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program for developers")]

#[cfg(test)]
mod agreement;
mod ci;
mod deps;
mod finding;
mod generate;
mod json_schema;
mod rules;
mod rust_source;
mod tidy;
mod workspace;

use std::env;
use std::process::ExitCode;

use crate::finding::Trouble;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match run(&arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => {
            eprint!("{}", usage());
            ExitCode::from(2)
        }
        Err(trouble) => {
            eprintln!("error: {trouble}");
            ExitCode::FAILURE
        }
    }
}

/// Does what was asked; `false` where nothing known was.
fn run(arguments: &[&str]) -> Result<bool, Trouble> {
    match arguments {
        ["ci"] => ci::all()?,
        ["gen"] => generate::write()?,
        ["help" | "--help" | "-h"] => print!("{}", usage()),
        _ => {
            let asked = arguments.join(" ");
            let Some(step) = ci::STEPS.iter().find(|step| step.alone() == asked) else {
                return Ok(false);
            };
            (step.run)()?;
        }
    }
    Ok(true)
}

fn usage() -> String {
    let mut text = "cargo xtask <verb>\n\n".to_owned();
    text += "  ci           all steps below, in this order\n";
    text.extend(ci::STEPS.iter().map(|step| format!("  {:<12} {}\n", step.alone(), step.about)));
    text + "\n  gen          writes the generated files\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_verbs_are_refused() {
        for arguments in [&[][..], &["cI"], &["ci", "now"], &["gen", "--chekc"], &["test", "x"]] {
            assert!(matches!(run(arguments), Ok(false)), "{arguments:?}");
        }
    }

    #[test]
    fn the_usage_names_every_verb() {
        let usage = usage();
        for step in &ci::STEPS {
            assert!(usage.contains(step.about), "{}", step.verb);
        }
    }
}
