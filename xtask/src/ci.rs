//! The steps that every change must pass, one by one or all in order.

use std::time::Instant;

use crate::finding::Trouble;
use crate::workspace::{run_cargo, run_program, version_of};
use crate::{deps, generate, tidy};

/// A step of [`all`]; each is a verb of its own too.
pub(crate) struct Step {
    /// Its verb.
    pub verb: &'static str,
    /// What it checks.
    pub about: &'static str,
    /// Does it.
    pub run: fn() -> Result<(), Trouble>,
}

/// In this order. All cargo steps build the same crates with the same flags into
/// one target folder.
pub(crate) const STEPS: [Step; 10] = [
    Step { verb: "tools", about: "the programs the other steps need", run: tools },
    Step { verb: "fmt", about: "formatting", run: fmt },
    Step { verb: "clippy", about: "lints; warnings are errors", run: clippy },
    Step { verb: "test", about: "unit and integration tests", run: test },
    Step { verb: "doctest", about: "examples in the documentation", run: doctest },
    Step { verb: "page", about: "scripts of the report page and the ballot", run: page },
    Step { verb: "deps", about: "which crate may see which, and purity", run: deps::check },
    Step { verb: "tidy", about: "lengths, widths, pages, examples, licences", run: tidy::check },
    Step { verb: "gen", about: "generated files in step with the code", run: generate::check },
    Step { verb: "deny", about: "licences and advisories of dependencies", run: deny },
];

/// All steps in order; stops at the first that fails.
pub(crate) fn all() -> Result<(), Trouble> {
    let start = Instant::now();
    for (number, step) in (1..).zip(&STEPS) {
        println!("── {number}/{} {}: {}", STEPS.len(), step.verb, step.about);
        let begun = Instant::now();
        if let Err(trouble) = (step.run)() {
            println!("── {} failed after {:.1} s", step.verb, begun.elapsed().as_secs_f64());
            println!("   `cargo xtask {}` runs this step alone", step.alone());
            return Err(trouble);
        }
        println!("   {:.1} s", begun.elapsed().as_secs_f64());
    }
    println!("── all {} steps passed in {:.0} s", STEPS.len(), start.elapsed().as_secs_f64());
    Ok(())
}

impl Step {
    /// How to run it alone.
    pub(crate) fn alone(&self) -> String {
        if self.verb == "gen" { "gen --check".to_owned() } else { self.verb.to_owned() }
    }
}

/// A program that some step needs.
struct Tool {
    program: &'static str,
    arguments: &'static [&'static str],
    /// What it is for.
    why: &'static str,
    /// The commands that install it; none for what is useful but not needed.
    install: &'static [&'static [&'static str]],
}

const APT_UPDATE: &[&str] = &["apt-get", "update", "--quiet"];

const TOOLS: [Tool; 7] = [
    Tool {
        program: "git",
        arguments: &["--version"],
        why: "lists the files of the repository",
        install: &[APT_UPDATE, &["apt-get", "install", "--yes", "git"]],
    },
    Tool {
        program: "rustfmt",
        arguments: &["--version"],
        why: "formats",
        install: &[&["rustup", "component", "add", "rustfmt"]],
    },
    Tool {
        program: "cargo-clippy",
        arguments: &["--version"],
        why: "lints",
        install: &[&["rustup", "component", "add", "clippy"]],
    },
    Tool {
        program: "python3",
        arguments: &["--version"],
        why: "runs the example plug-in, a program of its own",
        install: &[APT_UPDATE, &["apt-get", "install", "--yes", "python3"]],
    },
    Tool {
        program: "node",
        arguments: &["--version"],
        why: "tests the scripts of the report page",
        install: &[APT_UPDATE, &["apt-get", "install", "--yes", "nodejs"]],
    },
    Tool {
        program: "cargo-nextest",
        arguments: &["nextest", "--version"],
        why: "runs tests faster; without it `cargo test` runs them",
        install: &[],
    },
    Tool {
        program: "cargo-deny",
        arguments: &["--version"],
        why: "checks licences and advisories of dependencies; without it nobody does",
        install: &[],
    },
];

/// Names the programs that are there, installs those that are needed and are
/// not.
fn tools() -> Result<(), Trouble> {
    for tool in &TOOLS {
        if let Some(version) = version_of(tool.program, tool.arguments) {
            println!("   {version}");
            continue;
        }
        println!("   {} is not installed: it {}", tool.program, tool.why);
        for command in tool.install {
            println!("   installing: {}", command.join(" "));
            run_program(command[0], &command[1..])?;
        }
        if !tool.install.is_empty() && version_of(tool.program, tool.arguments).is_none() {
            let message = format!("{} cannot be installed here; it {}", tool.program, tool.why);
            return Err(Trouble::Unexpected(message));
        }
    }
    Ok(())
}

/// The scripts of the report page and of the ballot.
fn page() -> Result<(), Trouble> {
    let tests =
        ["report_app", "ballot"].map(|name| format!("crates/allonet-cli/tests/{name}.test.mjs"));
    run_program("node", &["--test", &tests[0], &tests[1]])
}

fn fmt() -> Result<(), Trouble> {
    run_cargo(&["fmt", "--all", "--check"])
}

fn clippy() -> Result<(), Trouble> {
    run_cargo(&["clippy", "--workspace", "--all-targets", "--quiet", "--", "--deny", "warnings"])
}

fn test() -> Result<(), Trouble> {
    if version_of("cargo-nextest", &["nextest", "--version"]).is_some() {
        run_cargo(&["nextest", "run", "--workspace"])
    } else {
        run_cargo(&["test", "--workspace", "--lib", "--bins", "--tests", "--examples"])
    }
}

fn doctest() -> Result<(), Trouble> {
    run_cargo(&["test", "--workspace", "--doc"])
}

fn deny() -> Result<(), Trouble> {
    if version_of("cargo-deny", &["--version"]).is_none() {
        println!("   passed over: cargo-deny is not installed");
        return Ok(());
    }
    run_cargo(&["deny", "--workspace", "check"])
}
