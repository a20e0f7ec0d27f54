//! All that is printed: data on standard output, everything else on standard
//! error. No other file prints.

use std::cell::RefCell;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use allonet_core::fault::Fault;
use comfy_table::{Cell, CellAlignment, ContentArrangement, Table, presets};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use serde_json::json;

use crate::args::{Common, Format, When};
use crate::diagnose::{self, Exit, Failure, Look, clean};

/// Work that takes longer gets a sign that it goes on.
const PATIENCE: Duration = Duration::from_millis(500);
/// How often the sign moves.
const TICK: Duration = Duration::from_millis(100);

/// Where and how to print.
#[derive(Debug)]
pub(crate) struct Ui {
    format: Format,
    out: Look,
    err: Look,
    /// The first failure to write to standard output; nothing is printed after.
    broken: RefCell<Option<io::Error>>,
}

/// What a word is to say beside its meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    /// A heading.
    Strong,
    /// As it should be.
    Good,
    /// Perhaps not as it should be.
    Doubtful,
    /// Not as it should be.
    Bad,
}

impl Ui {
    /// As the options and the environment say.
    pub(crate) fn new(common: &Common) -> Self {
        let look = |terminal: bool| Look { terminal, color: color(common.color, terminal) };
        Self {
            format: common.format,
            out: look(io::stdout().is_terminal()),
            err: look(io::stderr().is_terminal()),
            broken: RefCell::new(None),
        }
    }

    /// Whether results are to be one JSON value.
    pub(crate) fn is_json(&self) -> bool {
        self.format == Format::Json
    }

    /// Prints a line of the result.
    pub(crate) fn print(&self, line: &str) {
        let mut broken = self.broken.borrow_mut();
        if broken.is_none() {
            *broken = writeln!(io::stdout().lock(), "{line}").err();
        }
    }

    /// Prints the result as one JSON value.
    pub(crate) fn print_json(&self, value: &impl Serialize) {
        let text = serde_json::to_string_pretty(value).expect("results have text keys");
        self.print(&text);
    }

    /// Tells the user something that is no part of the result.
    pub(crate) fn note(&self, text: &str) {
        let line = match self.format {
            Format::Text => format!("note: {}", clean(text)),
            Format::Json => json!({ "severity": "note", "message": text }).to_string(),
        };
        say(&line);
    }

    /// Shows faults and warnings.
    pub(crate) fn faults(&self, faults: &[Fault]) {
        if faults.is_empty() {
            return;
        }
        match self.format {
            Format::Text => say(diagnose::text(faults, self.err).trim_end_matches('\n')),
            Format::Json => faults.iter().for_each(|fault| say(&diagnose::json_line(fault))),
        }
    }

    /// Shows why a verb failed; gives the exit code for it.
    pub(crate) fn fail(&self, failure: &Failure) -> ExitCode {
        self.faults(&failure.faults);
        failure.exit.into()
    }

    /// Whether all results were printed; a reader that closed its pipe has what
    /// it wanted.
    pub(crate) fn close(self) -> Result<(), Failure> {
        let flushed = io::stdout().flush().err();
        match self.broken.into_inner().or(flushed) {
            Some(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                let message = format!("cannot write to standard output: {error}");
                Err(Failure { exit: Exit::Usage, faults: vec![Fault::new("no-output", message)] })
            }
            _ => Ok(()),
        }
    }

    /// A word of the result, coloured if colours are on.
    pub(crate) fn tone(&self, tone: Tone, text: &str) -> String {
        let code = match tone {
            Tone::Strong => "1",
            Tone::Good => "32",
            Tone::Doubtful => "33",
            Tone::Bad => "31",
        };
        if self.out.color { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    /// Rows in columns without lines around them; `right` are the columns of
    /// figures. On a terminal long cells are wrapped.
    pub(crate) fn table(&self, head: &[&str], rows: &[Vec<String>], right: &[usize]) -> String {
        let mut table = Table::new();
        table.load_style(presets::NOTHING);
        if self.out.terminal {
            table.set_content_arrangement(ContentArrangement::Dynamic);
        } else {
            table.force_no_tty();
        }
        let cell = |(at, text): (usize, &str)| {
            let align =
                if right.contains(&at) { CellAlignment::Right } else { CellAlignment::Left };
            Cell::new(text).set_alignment(align)
        };
        if !head.is_empty() {
            table.set_header(head.iter().copied().enumerate().map(cell));
        }
        for row in rows {
            table.add_row(row.iter().map(String::as_str).enumerate().map(cell));
        }
        table.lines().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>().join("\n")
    }

    /// Shows, after half a second and on a terminal only, that work goes on
    /// until the guard is dropped.
    pub(crate) fn working(&self, what: &str) -> Working {
        let shown = self.err.terminal && !self.is_json();
        Working(shown.then(|| watch(what.to_owned())))
    }
}

fn color(when: When, terminal: bool) -> bool {
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    match when {
        When::Always => true,
        When::Never => false,
        When::Auto => {
            let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
            terminal && !set("NO_COLOR") && !dumb
        }
    }
}

/// Prints to standard error. Where that is gone, there is nobody to tell.
fn say(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Work under way; dropping it ends the sign.
#[derive(Debug)]
pub(crate) struct Working(Option<(Sender<()>, JoinHandle<()>)>);

fn watch(what: String) -> (Sender<()>, JoinHandle<()>) {
    let (done, wait) = channel();
    let thread = std::thread::spawn(move || {
        if wait.recv_timeout(PATIENCE) != Err(RecvTimeoutError::Timeout) {
            return;
        }
        let style = ProgressStyle::with_template("{spinner} {msg} {elapsed}");
        let bar = ProgressBar::new_spinner().with_message(what);
        bar.set_style(style.expect("the template is right"));
        while wait.recv_timeout(TICK) == Err(RecvTimeoutError::Timeout) {
            bar.tick();
        }
        bar.finish_and_clear();
    });
    (done, thread)
}

impl Drop for Working {
    fn drop(&mut self) {
        if let Some((done, thread)) = self.0.take() {
            drop(done);
            // A sign that failed takes nothing from the work.
            let _ = thread.join();
        }
    }
}

/// A share as a percentage.
pub(crate) fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}

/// `1 row`, `1,234 rows`.
pub(crate) fn counted(count: usize, word: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{} {word}{plural}", grouped(count))
}

/// `1,234`.
pub(crate) fn grouped(count: usize) -> String {
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain() -> Ui {
        let look = Look { color: false, terminal: false };
        Ui { format: Format::Text, out: look, err: look, broken: RefCell::new(None) }
    }

    #[test]
    fn tables_align_figures_and_carry_no_spaces_at_the_end() {
        let rows = [vec!["alice".to_owned(), "1.00".into()], vec!["bo".into(), "100.00".into()]];
        let table = plain().table(&["who", "amount"], &rows, &[1]);
        let lines: Vec<&str> = table.lines().collect();
        assert_eq!(lines, [" who    amount", " alice    1.00", " bo     100.00"]);
    }

    #[test]
    fn counts_are_grouped() {
        assert_eq!(counted(1, "row"), "1 row");
        assert_eq!(counted(1_234_567, "row"), "1,234,567 rows");
        assert_eq!(grouped(0), "0");
    }

    #[test]
    fn colours_follow_the_option() {
        assert!(color(When::Always, false));
        assert!(!color(When::Never, true));
        assert!(!color(When::Auto, false));
        assert_eq!(plain().tone(Tone::Bad, "x"), "x");
    }

    #[test]
    fn a_sign_that_never_shows_ends_at_once() {
        let started = std::time::Instant::now();
        drop(Working(Some(watch("counting".to_owned()))));
        assert!(started.elapsed() < PATIENCE);
    }
}
