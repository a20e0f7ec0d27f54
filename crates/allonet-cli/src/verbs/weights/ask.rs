//! `allonet weights ask`: an interview with one juror, in the terminal.

use std::io::{self, BufRead};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::SystemTime;

use allonet_core::fault::Fault;
use allonet_core::time::Instant;
use allonet_weights::ask::{Bucket, Contradiction, Given, Input, Interview, Moved, Step, Stopping};
use allonet_weights::comparisons::{Builder, Choice, Comparisons};
use clap::Args;
use serde_json::json;

use super::answers::{AnswersFile, Found};
use super::asking::{AskingArgs, failure, known, listed};
use crate::diagnose::{Failure, clean};
use crate::ui::{Tone, Ui, counted, percent};

/// `allonet weights ask`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  allonet weights ask --items items.csv --answers answers.csv --juror ann
  allonet weights ask --items items.csv --answers ann.csv --juror ann --known others.csv --how-much
  allonet weights fit answers.csv --rule bradley-terry

Every answer is saved at once; start again to go on where you stopped.")]
pub(super) struct AskArgs {
    /// The items, a table with a column `item`
    #[arg(long, value_name = "FILE")]
    items: PathBuf,
    /// Where answers go: juror, item_a, item_b, winner, multiplier, time
    #[arg(long, value_name = "FILE")]
    answers: PathBuf,
    /// Who answers
    #[arg(long, value_name = "NAME")]
    juror: String,
    /// What others said before; questions build on it
    #[arg(long, value_name = "FILE")]
    known: Option<PathBuf>,
    /// Ask also how many times more, in five steps
    #[arg(long)]
    how_much: bool,
    /// End after so many answers
    #[arg(long, value_name = "N")]
    count: Option<usize>,
    #[command(flatten)]
    asking: AskingArgs,
}

/// Asks.
pub(super) fn run(args: &AskArgs, ui: &Ui) -> Result<ExitCode, Failure> {
    if args.juror.trim().is_empty() {
        let fault = Fault::new("bad-option", "--juror is empty");
        return Err(Failure::usage(fault.help("answers belong to somebody: give a name")));
    }
    let items = listed(&args.items)?;
    let juror = args.juror.trim();
    let Found { file, answers, all } = AnswersFile::open(&args.answers, juror, &items)?;
    let said = args.known.as_deref().map(|path| known(path, &items)).transpose()?;
    let others = others(&items, juror, said.as_ref(), all.as_ref());
    let before = answers.len();
    let settings = args.asking.settings()?;
    let interview = Interview::new(items.len(), Some(&others), answers, settings, args.how_much)
        .map_err(|error| failure(&error))?;
    if before > 0 {
        ui.note(&format!("going on after {} of {juror}", counted(before, "answer")));
    }
    let stopping = args.asking.stopping()?;
    let mut talk = Talk { ui, items, file, interview, stopping, advised: false };
    talk.lead(args.count)?;
    talk.sum_up();
    Ok(ExitCode::SUCCESS)
}

/// What was said by others, in both files.
fn others(
    items: &[String],
    juror: &str,
    said: Option<&Comparisons>,
    all: Option<&(Comparisons, Option<u32>)>,
) -> Comparisons {
    let mut builder = Builder::default();
    for item in items {
        builder.item(item);
    }
    let own = said.and_then(|said| said.juror(juror));
    let tables = said.map(|said| (said, own)).into_iter();
    for (table, own) in tables.chain(all.map(|(all, own)| (all, *own))) {
        for row in table.rows().filter(|row| Some(row.juror) != own) {
            let who = builder.juror(&table.jurors()[row.juror as usize]);
            let pair =
                [row.left, row.right].map(|item| builder.item(&table.items()[item as usize]));
            builder.push(who, (pair[0], pair[1]), row.choice, row.intensity);
        }
    }
    builder.finish()
}

/// What a juror can type.
enum Typed {
    Input(Input),
    Quit,
    Help,
    Unknown,
}

struct Talk<'u> {
    ui: &'u Ui,
    items: Vec<String>,
    file: AnswersFile,
    interview: Interview,
    stopping: Option<Stopping>,
    advised: bool,
}

impl Talk<'_> {
    /// Asks until there is nothing to read, or enough. Answers may be changed
    /// even after the last question.
    fn lead(&mut self, most: Option<usize>) -> Result<(), Failure> {
        let stdin = io::stdin();
        let mut lines = stdin.lock().lines();
        self.help();
        loop {
            let given = self.interview.answers().len() - self.interview.earlier();
            let open = matches!(self.interview.step(), Step::Which { instead_of: None, .. });
            if open && most.is_some_and(|most| given >= most) {
                return Ok(());
            }
            self.ask();
            let line = match lines.next() {
                None => return Ok(()),
                Some(Ok(line)) => line,
                Some(Err(error)) => {
                    let message = format!("cannot read the answer: {error}");
                    return Err(Fault::new("unreadable", message).into());
                }
            };
            match typed(line.trim(), self.interview.step()) {
                Typed::Quit => return Ok(()),
                Typed::Help => self.help(),
                Typed::Unknown => {
                    self.ui.note(&format!("`{}` is no answer; ? tells all", line.trim()));
                }
                Typed::Input(input) => self.take(input)?,
            }
        }
    }

    fn take(&mut self, input: Input) -> Result<(), Failure> {
        let before = self.interview.answers().len();
        let given = match self.interview.give(input) {
            Ok(given) => given,
            Err(refused) => {
                self.ui.note(&refused.to_string());
                return Ok(());
            }
        };
        if self.interview.answers().len() < before {
            self.file.take_back()?;
        }
        if let Some(at) = given.answer {
            let answer = self.interview.answers()[at];
            self.file.set(at, &answer, &self.items, now())?;
        }
        self.tell(&given);
        self.advise();
        Ok(())
    }

    fn advise(&mut self) {
        let Some(stopping) = self.stopping.as_ref().filter(|_| !self.advised) else { return };
        let advice = stopping.advice(self.interview.session());
        if advice.stop {
            self.ui.note(&advice.sentence);
            self.advised = true;
        }
    }

    fn help(&self) {
        if !self.ui.is_json() {
            self.ui.note(
                "1 or 2: that one is worth more; = about the same; s skip; u undo; c 3 change \
                 answer 3; q quit; ? this text",
            );
        }
    }

    fn name(&self, item: u32) -> String {
        clean(&self.items[item as usize])
    }

    fn ask(&self) {
        let ui = self.ui;
        match *self.interview.step() {
            Step::Done if ui.is_json() => ui.print(&json!({ "ask": "done" }).to_string()),
            Step::Done => ui.print("\nEvery pair was asked. c NUMBER changes an answer, q ends."),
            Step::Which { question, instead_of } => {
                let number = instead_of.map_or(self.interview.answers().len(), |at| at) + 1;
                let (left, right) = (self.name(question.left), self.name(question.right));
                if ui.is_json() {
                    let question = json!({ "ask": "which", "number": number,
                        "item_a": left, "item_b": right });
                    return ui.print(&question.to_string());
                }
                let head = format!("{number}. Which is worth more?");
                ui.print(&format!("\n{}", ui.tone(Tone::Strong, &head)));
                ui.print(&format!("   [1] {left}\n   [2] {right}"));
            }
            Step::HowMuch { answer } => {
                if ui.is_json() {
                    let question = json!({ "ask": "how-much", "number": answer + 1 });
                    return ui.print(&question.to_string());
                }
                let words: Vec<String> = (1..)
                    .zip(Bucket::ALL)
                    .map(|(number, bucket)| format!("[{number}] {}", bucket.words()))
                    .collect();
                ui.print(&format!("   How much more?  {}  [s] do not say", words.join("  ")));
            }
        }
    }

    fn tell(&self, given: &Given) {
        if self.ui.is_json() {
            let contradictions: Vec<String> =
                given.contradictions.iter().map(|found| self.in_words(found)).collect();
            let moved = given.moved.as_ref().map(|moved| moved.total);
            let told = json!({ "answer": given.answer.map(|at| at + 1), "moved": moved,
                "contradictions": contradictions });
            return self.ui.print(&told.to_string());
        }
        if let Some(moved) = &given.moved {
            self.ui.print(&format!("   {}", self.moved(moved, 1)));
        }
        for found in &given.contradictions {
            let words = self.in_words(found);
            self.ui.print(&format!("   {} {words}", self.ui.tone(Tone::Doubtful, "!")));
        }
    }

    fn moved(&self, moved: &Moved, most: usize) -> String {
        let shown = moved.most.iter().take(most).map(|(item, before, after)| {
            let name = clean(&self.items[*item]);
            format!("{name} {} → {}", percent(*before), percent(*after))
        });
        let shown: Vec<String> = shown.collect();
        format!("moves {} of the weight: {}", percent(moved.total), shown.join(", "))
    }

    /// The contradiction, and how to resolve it.
    fn in_words(&self, found: &Contradiction) -> String {
        let answers = self.interview.answers();
        let over = |at: &usize| {
            let answer = answers[*at];
            let (winner, loser) = answer.winner_loser().unwrap_or((answer.left, answer.right));
            let sign = if answer.choice == Choice::Tie { "=" } else { ">" };
            format!("{} {sign} {} ({})", self.name(winner), self.name(loser), at + 1)
        };
        let listed = found.answers().iter().map(over).collect::<Vec<_>>().join(", ");
        match found {
            Contradiction::Turned { .. } => {
                format!("you answered this pair both ways: {listed}; c NUMBER changes one")
            }
            Contradiction::Circle { .. } => {
                format!("your answers go round in a circle: {listed}; c NUMBER changes one")
            }
            Contradiction::Triangle { implied, .. } => format!(
                "the ratios do not fit: {listed}; by the other two it would be about {implied:.1} \
                 times; c NUMBER changes one"
            ),
        }
    }

    fn sum_up(&self) {
        let summary = self.interview.summary();
        let ui = self.ui;
        let words: Vec<String> =
            summary.contradictions.iter().map(|found| self.in_words(found)).collect();
        if ui.is_json() {
            let decisive: Vec<_> = summary
                .decisive
                .iter()
                .map(|(at, moved)| json!({ "answer": at + 1, "moves": moved }))
                .collect();
            let summary = json!({ "summary": {
                "answers": summary.answers, "skipped": summary.skipped,
                "contradictions": words, "expected_error_before": summary.error.0,
                "expected_error": summary.error.1, "moved": summary.moved.total,
                "decisive": decisive } });
            return ui.print(&summary.to_string());
        }
        let answers = counted(summary.answers, "answer");
        ui.print(&format!("\n{answers}, {} skipped", summary.skipped));
        if summary.answers == 0 {
            return;
        }
        ui.print(&format!("Together your judgement {}", self.moved(&summary.moved, 3)));
        ui.print(&format!(
            "Part of the money that would go elsewhere if all were known, about: {} before, {} now",
            percent(summary.error.0),
            percent(summary.error.1),
        ));
        for (at, moved) in &summary.decisive {
            let answer = self.interview.answers()[*at];
            let (left, right) = (self.name(answer.left), self.name(answer.right));
            let (place, moved) = (at + 1, percent(*moved));
            ui.print(&format!(
                "Answer {place} ({left} or {right}): without it {moved} would be elsewhere"
            ));
        }
        for words in words {
            ui.print(&format!("Still open: {words}"));
        }
    }
}

fn typed(line: &str, step: &Step) -> Typed {
    let lower = line.to_ascii_lowercase();
    let (word, rest) = lower.split_once(char::is_whitespace).unwrap_or((&lower, ""));
    let input = match (word, step) {
        ("q" | "quit", _) => return Typed::Quit,
        ("?" | "h" | "help", _) => return Typed::Help,
        ("u" | "undo", _) => Input::Undo,
        ("s" | "skip", _) => Input::Skip,
        ("c" | "change", _) => match rest.trim().parse::<usize>() {
            Ok(number) if number > 0 => Input::Change(number - 1),
            _ => return Typed::Unknown,
        },
        ("1" | "a" | "left", Step::Which { .. }) => Input::Choose(Choice::Left),
        ("2" | "b" | "right", Step::Which { .. }) => Input::Choose(Choice::Right),
        ("=" | "0" | "tie", Step::Which { .. }) => Input::Choose(Choice::Tie),
        (word, Step::HowMuch { .. }) => {
            let bucket = word
                .parse::<usize>()
                .ok()
                .and_then(|number| Bucket::ALL.get(number.wrapping_sub(1)).copied());
            match bucket {
                Some(bucket) => Input::HowMuch(bucket),
                None => return Typed::Unknown,
            }
        }
        _ => return Typed::Unknown,
    };
    Typed::Input(input)
}

/// The present second.
fn now() -> Instant {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let seconds = since.map_or(0, |since| since.as_secs());
    Instant::from_unix(i64::try_from(seconds).unwrap_or(i64::MAX))
}
