//! Text that is no TOML, explained.

use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, Error};

use crate::fault::{Fault, Place, SourceFile};

/// Most syntax errors that are shown.
const SHOWN: usize = 20;

/// In longer texts only the first syntax error is looked for: garbage has an
/// error in every byte.
const RECOVERED_BYTES_MAX: usize = 1 << 20;

const MINIMAL: &str = "a small network:
[network]
name = \"round\"
[assets.USDC]
decimals = 6
[sources.treasury]
gives = \"100 USDC\"
to = \"alice\"
[recipients.alice]";

/// The tables of the file.
pub(super) fn parse(file: &Arc<SourceFile>) -> Result<Spanned<DeTable<'_>>, Vec<Fault>> {
    if file.text.trim_start_matches('\u{feff}').trim().is_empty() {
        let fault = Fault::new("empty-file", "the network file is empty");
        return Err(vec![fault.at(Place::new(file, 0..0)).help(MINIMAL)]);
    }
    let first = match DeTable::parse(&file.text) {
        Ok(table) => return Ok(table),
        Err(error) => error,
    };
    let mut errors = vec![first];
    if file.text.len() <= RECOVERED_BYTES_MAX {
        errors = DeTable::parse_recoverable(&file.text).1;
    }
    errors.sort_by_key(|error| error.span().map_or(usize::MAX, |span| span.start));
    let mut faults: Vec<Fault> = Vec::new();
    let mut last_line = None;
    for error in &errors {
        // Several errors in one line mostly follow from the first.
        let line = error.span().map(|span| line_start(&file.text, span.start));
        if last_line == Some(line) {
            continue;
        }
        last_line = Some(line);
        faults.push(explain(file, error));
        if faults.len() == SHOWN || derails(error) {
            break;
        }
    }
    Err(faults)
}

fn line_start(text: &str, offset: usize) -> usize {
    let before = &text.as_bytes()[..offset.min(text.len())];
    before.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1)
}

/// Whether what follows can no longer be told apart.
fn derails(error: &Error) -> bool {
    let message = error.message();
    is_open(message)
        || ["invalid basic", "invalid literal", "invalid multi-line"]
            .iter()
            .any(|start| message.starts_with(start))
}

/// Whether a `{` or `[` seems to lack its end.
fn is_open(message: &str) -> bool {
    ["unclosed", "missing comma", "missing key for inline"]
        .iter()
        .any(|start| message.starts_with(start))
}

fn explain(file: &Arc<SourceFile>, error: &Error) -> Fault {
    let span = error.span().unwrap_or(0..0);
    let (start, end) = (span.start.min(file.text.len()), span.end.min(file.text.len()));
    let found = file.text.get(start..end).unwrap_or("").trim_end();
    let fault = |code, message: String| Fault::new(code, message).at(Place::new(file, start..end));
    let message = error.message();
    if message == "duplicate key" {
        return fault("duplicate-key", format!("`{found}` is given twice in one table"))
            .label("second time")
            .help(
                "a key stands once in a table and a [table] once in a file; join the two, or \
                 rename one",
            );
    }
    if message.starts_with("string values must be quoted") {
        if found.is_empty() {
            return fault("syntax", "this key has no value".to_owned())
                .help("write a value behind the `=`");
        }
        let shown: String = found.chars().take(60).collect();
        return fault("syntax", format!("`{shown}` must stand in quotes"))
            .label("a text without quotes")
            .help(format!("write \"{}\"", shown.replace('"', "")));
    }
    let first = file.text.trim_start_matches('\u{feff}').trim_start().chars().next();
    let help = match first {
        Some('{') => "this looks like JSON; a network file is TOML, see https://toml.io",
        Some('<') => "this looks like a web page; a network file is TOML, see https://toml.io",
        _ if message.starts_with("key with no value") => "write: key = value",
        _ if message.starts_with("unexpected key or value") => {
            "begin a new line for each key; put text in \"quotes\""
        }
        _ if is_open(message) => "close every { and [, with commas between what they hold",
        _ => "a network file is TOML, see https://toml.io",
    };
    fault("syntax", format!("this is not TOML: {message}")).help(help)
}
