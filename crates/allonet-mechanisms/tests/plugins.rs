//! The example program passes its conformance suite, and the guide shows it as
//! it is.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use allonet_core::mechanism::{Oracle, Refusal};
use allonet_mechanisms::program::conformance::{Verdict, run, suite};

const PROGRAM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/plugins/even_split.py");
const GUIDE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/plugins.md");

#[derive(Debug)]
struct Python;

impl Oracle for Python {
    fn ask(&self, question: &str) -> Result<String, Refusal> {
        let mut program = Command::new("python3")
            .arg(PROGRAM)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python3 starts");
        let mut input = program.stdin.take().expect("standard input is piped");
        input.write_all(question.as_bytes()).expect("the program reads its question");
        drop(input);
        let output = program.wait_with_output().expect("the program ends");
        assert!(output.status.success(), "the program failed");
        Ok(String::from_utf8(output.stdout).expect("the answer is UTF-8"))
    }
}

#[test]
fn the_example_program_conforms() {
    if Command::new("python3").arg("--version").output().is_err() {
        println!("skipped: there is no python3");
        return;
    }
    for result in run(&Python) {
        assert_eq!(result.verdict, Verdict::Passed, "{}", result.name);
    }
}

#[test]
fn the_guide_shows_the_program_and_all_cases() {
    let read = |path: &str| fs::read_to_string(Path::new(path)).expect("the file is there");
    let (guide, program) = (read(GUIDE), read(PROGRAM));
    assert!(guide.contains(&format!("```python\n{program}```")));
    for case in suite() {
        let row = format!("| `{}` | {} |", case.name, case.checks);
        assert!(guide.contains(&row), "missing in the guide: {row}");
    }
}
