//! Faults as text for people and as JSON lines for programs.

use std::fmt;

use allonet_core::fault::{Fault, Severity};
use miette::{
    Diagnostic, LabeledSpan, MietteHandler, MietteHandlerOpts, ReportHandler, SourceCode,
};
use serde_json::json;
use textwrap::{WordSeparator, WordSplitter};

use super::excerpt::{Excerpt, LineCounter};
use super::tally;

/// Width of all text that does not go to a terminal, so that it is the same
/// everywhere.
pub(crate) const PLAIN_WIDTH: usize = 100;

/// How text is to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Look {
    /// With colours.
    pub(crate) color: bool,
    /// On a terminal, whose width counts.
    pub(crate) terminal: bool,
}

/// Faults with the lines they are about, and how many there are.
pub(crate) fn text(faults: &[Fault], look: Look) -> String {
    let mut options = MietteHandlerOpts::new()
        .force_graphical(true)
        .terminal_links(false)
        .unicode(true)
        .color(look.color)
        .without_syntax_highlighting()
        // Names and times are copied: they stay in one piece.
        .word_separator(WordSeparator::AsciiSpace)
        .word_splitter(WordSplitter::NoHyphenation)
        .context_lines(1);
    if !look.terminal {
        options = options.width(PLAIN_WIDTH);
    }
    let handler = options.build();
    let mut lines = LineCounter::default();
    let mut text = String::new();
    for fault in faults {
        let shown = Shown::new(fault, &mut lines);
        for line in Rendered(&handler, &shown).to_string().trim_end().lines() {
            text.extend([line.trim_end(), "\n"]);
        }
        if shown.excerpt.is_some() || faults.len() > 1 {
            text.push('\n');
        }
    }
    let located = faults.iter().any(|fault| fault.place.is_some());
    if located || faults.len() > 1 {
        text += &tally(faults);
        text.push('\n');
    }
    text
}

/// One fault as one line of JSON.
pub(crate) fn json_line(fault: &Fault) -> String {
    let place = fault.place.as_ref();
    let at = |offset| place.map(|place| place.file.line_column(offset));
    let start = place.and_then(|place| at(place.span.start));
    let end = place.and_then(|place| at(place.span.end));
    json!({
        "severity": match fault.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        },
        "code": fault.code,
        "message": fault.message,
        "help": fault.help,
        "file": place.map(|place| &place.file.path),
        "line": start.map(|(line, _)| line),
        "column": start.map(|(_, column)| column),
        "end_line": end.map(|(line, _)| line),
        "end_column": end.map(|(_, column)| column),
        "label": place.map(|_| &fault.label),
    })
    .to_string()
}

/// Text from outside, without what could steer a terminal.
pub(crate) fn clean(text: &str) -> String {
    let visible = |c: char| if c.is_control() && c != '\n' { '\u{fffd}' } else { c };
    text.chars().map(visible).collect()
}

/// A fault in the shape that the renderer wants.
#[derive(Debug)]
struct Shown<'a> {
    fault: &'a Fault,
    message: String,
    help: Option<String>,
    excerpt: Option<Excerpt>,
}

impl<'a> Shown<'a> {
    fn new(fault: &'a Fault, lines: &mut LineCounter) -> Self {
        Self {
            fault,
            message: clean(&fault.message),
            help: fault.help.as_deref().map(clean),
            excerpt: fault.place.as_ref().map(|place| Excerpt::new(place, lines)),
        }
    }
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Shown<'_> {}

impl Diagnostic for Shown<'_> {
    fn code<'b>(&'b self) -> Option<Box<dyn fmt::Display + 'b>> {
        Some(Box::new(self.fault.code))
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.fault.severity {
            Severity::Error => miette::Severity::Error,
            Severity::Warning => miette::Severity::Warning,
        })
    }

    fn help<'b>(&'b self) -> Option<Box<dyn fmt::Display + 'b>> {
        self.help.as_ref().map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.excerpt.as_ref().map(|excerpt| excerpt as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let span = self.excerpt.as_ref()?.span();
        let label = Some(clean(&self.fault.label));
        Some(Box::new(std::iter::once(LabeledSpan::new(label, span.start, span.len()))))
    }
}

struct Rendered<'a>(&'a MietteHandler, &'a dyn Diagnostic);

impl fmt::Display for Rendered<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.debug(self.1, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use allonet_core::fault::{Place, SourceFile};

    const PLAIN: Look = Look { color: false, terminal: false };

    #[test]
    fn a_fault_shows_its_line_column_label_and_help() {
        let file = SourceFile::new("a.toml", "[network]\nname = \"x\"\nepoch = 1\n");
        let fault = Fault::new("unknown-key", "unknown key `epoch`")
            .at(Place::new(&file, 21..26))
            .label("not a key")
            .help("did you mean `epochs`?");
        let text = text(&[fault.clone(), fault.warning()], PLAIN);
        for part in ["unknown-key", "× unknown key `epoch`", "a.toml:3:1", "epoch = 1", "not a key"]
        {
            assert!(text.contains(part), "{part} is missing in\n{text}");
        }
        assert!(text.contains("help: did you mean `epochs`?"), "{text}");
        assert!(text.ends_with("\n1 error, 1 warning\n"), "{text}");
        assert!(text.lines().all(|line| !line.ends_with(' ')), "{text}");
        assert!(!text.contains('\u{1b}'));
    }

    #[test]
    fn a_lone_message_needs_no_tally() {
        let text = text(&[Fault::new("no-file", "cannot read `x`")], PLAIN);
        assert!(!text.contains("1 error"), "{text}");
    }

    #[test]
    fn a_fault_far_into_a_large_file_keeps_its_line() {
        let mut table = "a,b\n".repeat(200_000);
        let start = table.len();
        table.push_str("c,bad\nlast\n");
        let file = SourceFile::new("large.csv", table);
        let fault = Fault::new("bad", "`bad` is bad").at(Place::new(&file, start + 2..start + 5));
        let text = text(&[fault], PLAIN);
        assert!(text.contains("large.csv:200001:3"), "{text}");
        assert!(text.contains("200001 │ c,bad"), "{text}");
    }

    #[test]
    fn json_holds_everything_on_one_line() {
        let file = SourceFile::new("a.csv", "x\nyy");
        let fault = Fault::new("bad", "two\nlines").at(Place::new(&file, 2..4)).help("try");
        let line = json_line(&fault);
        assert!(!line.contains('\n'));
        let value: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(value["file"], "a.csv");
        assert_eq!((&value["line"], &value["column"]), (&json!(2), &json!(1)));
        assert_eq!((&value["end_line"], &value["end_column"]), (&json!(2), &json!(3)));
        assert_eq!(value["severity"], "error");
        let bare: serde_json::Value =
            serde_json::from_str(&json_line(&Fault::new("a", "b").warning())).unwrap();
        assert!(bare["line"].is_null() && bare["severity"] == "warning");
    }

    #[test]
    fn messages_cannot_steer_the_terminal() {
        let text = text(&[Fault::new("a", "\u{1b}[2Jgone")], PLAIN);
        assert!(!text.contains('\u{1b}'));
    }
}
