//! The habits of this repository that no compiler checks.

use std::ops::Range;

use crate::finding::{Finding, Trouble, conclude};
use crate::generate;
use crate::rules;
use crate::rust_source::{RustSource, closing_brace, is_word, line_of};
use crate::workspace::{self, Member};

const FUNCTION_LINES_MAX: usize = 70;
const FILE_LINES_MAX: usize = 500;
const WIDTH_MAX: usize = 100;
const LICENSE: &str = "Apache-2.0 OR MIT";
const HOUSE_FILES: [&str; 7] = [
    "README.md",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "docs/README.md",
];

/// Endings of files that people write.
const WRITTEN: [&str; 11] =
    [".rs", ".toml", ".md", ".sh", ".py", ".js", ".css", ".html", ".sol", ".yml", ".ci/run"];

/// Folders of a machine; no file of a repository lives there.
const MACHINE_FOLDERS: [&str; 5] = ["home", "root", "tmp", "work", "Users"];

/// Words for unfinished work.
const UNFINISHED: [&str; 3] = ["TODO", "FIXME", "XXX"];

/// Checks every file, every mechanism and every crate.
pub(crate) fn check() -> Result<(), Trouble> {
    let files = workspace::files()?;
    let mut findings = Vec::new();
    for path in files.iter().filter(|path| is_written(path)) {
        match workspace::text_of(path)? {
            Some(text) => findings.extend(file(path, &text)),
            None => findings.push(Finding::new(path, "is not UTF-8")),
        }
    }
    for house_file in HOUSE_FILES.iter().filter(|name| !files.iter().any(|path| path == *name)) {
        findings.push(Finding::new(*house_file, "is missing"));
    }
    findings.extend(workspace::members()?.iter().filter_map(licence));
    findings.extend(rules::check(&files, &generate::mechanism_ids())?);
    conclude(findings)
}

/// Whether a person writes this file; fixtures stay as they were made.
fn is_written(path: &str) -> bool {
    WRITTEN.iter().any(|ending| path.ends_with(ending)) && !path.contains("/fixtures/")
}

fn licence(member: &Member) -> Option<Finding> {
    let found = member.license.as_deref().unwrap_or("none");
    (found != LICENSE).then(|| {
        let message = format!("has the licence {found}; write `license.workspace = true`");
        Finding::new(member.name.clone(), message)
    })
}

// --- Files ------------------------------------------------------------------

fn file(path: &str, text: &str) -> Vec<Finding> {
    let mut findings = everywhere(path, text);
    if workspace::is_rust(path) {
        let source = RustSource::read(text);
        findings.extend(unfinished(path, &source.comments));
        if !is_test_file(path) {
            findings.extend(too_wide(path, before_tests(text), &source));
            findings.extend(too_long(path, before_tests(&source.code)));
            findings.extend(long_functions(path, &source.code_without_tests()));
            findings.extend(machine_paths(path, before_tests(text)));
        }
    } else {
        findings.extend(unfinished(path, text));
        if !is_test_file(path) {
            findings.extend(machine_paths(path, text));
        }
    }
    findings
}

fn is_test_file(path: &str) -> bool {
    path.split('/').any(|part| matches!(part, "tests" | "benches" | "tests.rs"))
}

/// What no file of any kind may have.
fn everywhere(path: &str, text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (line, content) in (1..).zip(text.split('\n')) {
        if content.contains('\t') {
            findings.push(Finding::on_line(path, line, "has a tab; indent with spaces"));
        }
        if content.ends_with([' ', '\r']) {
            findings.push(Finding::on_line(path, line, "ends in a space or carriage return"));
        }
    }
    if !text.is_empty() && !text.ends_with('\n') {
        findings.push(Finding::new(path, "does not end with a line break"));
    }
    findings
}

/// Lines over the limit, where the line could have been broken: no address, no
/// row of a table in the documentation, no raw string.
fn too_wide(path: &str, text: &str, source: &RustSource) -> Vec<Finding> {
    let is_row = |content: &str| {
        let content = content.trim_start();
        content.starts_with("//! |") || content.starts_with("/// |")
    };
    let can_break = |line: usize, content: &str| {
        !content.contains("://") && !is_row(content) && !source.raw_string_lines.contains(&line)
    };
    (1..)
        .zip(text.lines())
        .map(|(line, content)| (line, content, content.chars().count()))
        .filter(|(line, content, width)| *width > WIDTH_MAX && can_break(*line, content))
        .map(|(line, _, width)| {
            let message = format!("is {width} characters wide; {WIDTH_MAX} are allowed");
            Finding::on_line(path, line, message)
        })
        .collect()
}

/// The text up to its tests.
fn before_tests(text: &str) -> &str {
    let mut offset = 0;
    for line in text.split_inclusive('\n') {
        if line.starts_with("// --- Tests") || line.starts_with("#[cfg(test)]") {
            return &text[..offset];
        }
        offset += line.len();
    }
    text
}

/// Documentation and empty lines do not count: nobody should be short of words.
fn too_long(path: &str, code: &str) -> Option<Finding> {
    let lines = code.lines().filter(|line| !line.trim().is_empty()).count();
    (lines > FILE_LINES_MAX).then(|| {
        let message = format!(
            "has {lines} lines of code before its tests; {FILE_LINES_MAX} are allowed, so look \
             for the second idea in it"
        );
        Finding::new(path, message)
    })
}

fn long_functions(path: &str, code: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, range) in functions(code) {
        let (first, last) = (line_of(code, range.start), line_of(code, range.end));
        let lines = last - first + 1;
        if lines > FUNCTION_LINES_MAX {
            let message = format!(
                "the function `{name}` has {lines} lines; {FUNCTION_LINES_MAX} are allowed, so \
                 give a part of it a name"
            );
            findings.push(Finding::on_line(path, first, message));
        }
    }
    findings
}

/// Every function with a body: its name, and from its `fn` to its last brace.
fn functions(code: &str) -> Vec<(&str, Range<usize>)> {
    let mut found = Vec::new();
    for (start, _) in code.match_indices("fn ") {
        if code[..start].ends_with(is_word) {
            continue;
        }
        let after = &code[start + "fn ".len()..];
        let name = &after[..after.find(|c| !is_word(c)).unwrap_or(after.len())];
        let Some(body) = body_start(after).filter(|_| !name.is_empty()) else { continue };
        if let Some(length) = closing_brace(&after[body..]) {
            found.push((name, start..start + "fn ".len() + body + length));
        }
    }
    found
}

/// Where the body of a function begins; `None` for a mere signature.
fn body_start(signature: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for (offset, character) in signature.char_indices() {
        match character {
            '(' | '[' => depth += 1,
            ')' | ']' => depth = depth.saturating_sub(1),
            '{' if depth == 0 => return Some(offset),
            ';' if depth == 0 => return None,
            _ => {}
        }
    }
    None
}

/// Words for unfinished work without a reason in brackets behind them.
fn unfinished(path: &str, text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    for word in UNFINISHED {
        for (offset, _) in text.match_indices(word) {
            let after = &text[offset + word.len()..];
            let alone = !text[..offset].ends_with(is_word) && !after.starts_with(is_word);
            if alone && !after.starts_with('(') {
                let message = format!("has {word}; finish it, or give the reason: `{word}(why)`");
                findings.push(Finding::on_line(path, line_of(text, offset), message));
            }
        }
    }
    findings
}

/// Absolute paths of somebody's machine.
fn machine_paths(path: &str, text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    for folder in MACHINE_FOLDERS {
        let root = format!("/{folder}/");
        for (offset, _) in text.match_indices(&root) {
            // Part of a longer path or an address: `https://example.org/home/`.
            let continued = |c: char| is_word(c) || matches!(c, '.' | '-' | '>' | '}' | '*' | '~');
            if !text[..offset].ends_with(continued) {
                let message =
                    format!("names `{root}`, a folder of one machine; use a relative path");
                findings.push(Finding::on_line(path, line_of(text, offset), message));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(findings: &[Finding]) -> Vec<Option<usize>> {
        findings.iter().map(|finding| finding.line).collect()
    }

    #[test]
    fn functions_are_measured() {
        let code = "impl X {\n    fn a(&self) -> [u8; 2] {\n        b\n    }\n}\nfn c();\n\
                    type F = fn (u8);\npub fn d() {}\nlet often { }";
        let found: Vec<_> = functions(code)
            .into_iter()
            .map(|(name, range)| (name, line_of(code, range.start), line_of(code, range.end)))
            .collect();
        assert_eq!(found, [("a", 2, 4), ("d", 8, 8)]);
    }

    #[test]
    fn a_long_function_is_found() {
        let function = |lines: usize| format!("fn f() {{\n{}}}\n", "    x;\n".repeat(lines - 2));
        assert_eq!(long_functions("a.rs", &function(FUNCTION_LINES_MAX)), []);
        let found = long_functions("a.rs", &function(FUNCTION_LINES_MAX + 1));
        assert!(found[0].message.contains("`f` has 71 lines"), "{}", found[0]);
    }

    #[test]
    fn tests_and_documentation_do_not_count_towards_the_length() {
        let code = "x;\n".repeat(FILE_LINES_MAX);
        let found = |text: &str| file("a.rs", text).len();
        assert_eq!(found(&format!("//! Doc.\n\n{code}#[cfg(test)]\nmod tests;\ny\n")), 0);
        assert_eq!(found(&format!("{code}// --- Tests ---\n#[cfg(test)]\nmod tests {{ y }}\n")), 0);
        assert_eq!(found(&format!("{code}y;\n")), 1);
    }

    #[test]
    fn wide_lines_are_found_where_they_can_be_broken() {
        let wide = "x".repeat(WIDTH_MAX + 1);
        let text = format!(
            "{wide}\n// https://{wide}\nlet a = r\"{wide}\";\n    //! | {wide} |\n{}\n",
            "ä".repeat(99)
        );
        assert_eq!(lines(&too_wide("a.rs", &text, &RustSource::read(&text))), [Some(1)]);
    }

    #[test]
    fn tabs_trailing_spaces_and_missing_line_breaks_are_found() {
        assert_eq!(lines(&everywhere("a.md", "\ta\nb \nc\r\nd\n")), [Some(1), Some(2), Some(3)]);
        assert_eq!(lines(&everywhere("a.md", "a")), [None]);
        assert_eq!(everywhere("a.md", ""), []);
    }

    #[test]
    fn unfinished_work_needs_a_reason() {
        let found = unfinished("a.md", "TODO: x\nTODO(waits for a release)\n0xXXX TODOS\n XXX\n");
        assert_eq!(lines(&found), [Some(1), Some(4)]);
        assert_eq!(file("a.rs", "const A: &str = \"TODO\";\n"), []);
        assert_eq!(file("a.rs", "// FIXME\n").len(), 1);
    }

    #[test]
    fn machine_paths_are_found_outside_tests() {
        let text = "see /home/ann/x\nhttps://example.org/home/x\n$root/tmp/x\n`/tmp/y`\n";
        assert_eq!(lines(&machine_paths("a.md", text)), [Some(1), Some(4)]);
        assert_eq!(file("tests/a.rs", "// /tmp/x\n"), []);
        assert_eq!(file("a.rs", "#[cfg(test)]\n// /tmp/x\n"), []);
    }

    #[test]
    fn licences_are_checked() {
        let member = |license: Option<&str>| Member {
            name: "x".to_owned(),
            license: license.map(str::to_owned),
            dependencies: Vec::new(),
        };
        assert_eq!(licence(&member(Some(LICENSE))), None);
        assert!(licence(&member(None)).is_some());
        assert!(licence(&member(Some("GPL-3.0"))).is_some());
    }
}
