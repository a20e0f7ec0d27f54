//! The file of answers that an interview adds to: always a whole, valid table.
//!
//! Each change writes the table anew beside its place and renames it, so that
//! neither a lost connection nor a full disk leaves half a row. A file that
//! somebody else changed in the meantime is not written over.

use std::path::{Path, PathBuf};

use allonet_core::fault::{Fault, SourceFile};
use allonet_core::table::{Column, Table};
use allonet_core::time::Instant;
use allonet_weights::ask::{Answer, Bucket};
use allonet_weights::comparisons::{Choice, Comparisons, Reading};

use super::reading::open;
use crate::diagnose::Failure;
use crate::files::{Outputs, cell, folder_of};

const HEADER: &str = "juror,item_a,item_b,winner,multiplier,time";
const COLUMNS: &[Column] = &[
    Column::required(&["juror"]),
    Column::required(&["item_a"]),
    Column::required(&["item_b"]),
    Column::required(&["winner"]),
    Column::required(&["multiplier"]),
    Column::required(&["time"]),
];

/// Answers of a juror, in a file that may hold those of others.
#[derive(Debug)]
pub(super) struct AnswersFile {
    path: PathBuf,
    juror: String,
    /// What the file holds; none where there is no file yet.
    text: Option<String>,
    rows: Vec<[String; 6]>,
    /// The row of each answer of the juror.
    own: Vec<usize>,
}

/// What stood in the file.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) file: AnswersFile,
    /// The juror's answers.
    pub(super) answers: Vec<Answer>,
    /// All rows, if there are any, and the place of the juror in them.
    pub(super) all: Option<(Comparisons, Option<u32>)>,
}

impl AnswersFile {
    /// Reads what is there.
    pub(super) fn open(path: &Path, juror: &str, items: &[String]) -> Result<Found, Failure> {
        let mut file = Self {
            path: path.to_owned(),
            juror: juror.to_owned(),
            text: None,
            rows: Vec::new(),
            own: Vec::new(),
        };
        if !path.exists() {
            return Ok(Found { file, answers: Vec::new(), all: None });
        }
        let source = open(path)?;
        file.text = Some(source.text.clone());
        file.rows = rows_of(&source)?;
        if file.rows.is_empty() {
            return Ok(Found { file, answers: Vec::new(), all: None });
        }
        let reading = Reading { items: Some(items.to_vec()), ..Reading::default() };
        let all = Comparisons::read(&source, &reading)?;
        let place = all.juror(juror);
        let mut answers = Vec::new();
        for (at, row) in all.rows().enumerate() {
            if Some(row.juror) == place {
                let (left, right, choice) = (row.left, row.right, row.choice);
                answers.push(Answer { left, right, choice, intensity: row.intensity });
                file.own.push(at);
            }
        }
        Ok(Found { file, answers, all: Some((all, place)) })
    }

    /// Writes the answer at this place, the next or one before.
    pub(super) fn set(
        &mut self,
        at: usize,
        answer: &Answer,
        items: &[String],
        now: Instant,
    ) -> Result<(), Failure> {
        let (left, right) = (&items[answer.left as usize], &items[answer.right as usize]);
        let winner = match answer.choice {
            Choice::Left => left.clone(),
            Choice::Right => right.clone(),
            Choice::Tie => word_for_tie(left, right).to_owned(),
        };
        let times = answer.intensity.map(|intensity| Bucket::of(intensity).multiplier());
        let times = times.filter(|_| answer.choice != Choice::Tie);
        let row = [
            self.juror.clone(),
            left.clone(),
            right.clone(),
            winner,
            times.map(|times| times.to_string()).unwrap_or_default(),
            now.to_string(),
        ];
        if let Some(known) = self.own.get(at) {
            self.rows[*known] = row;
        } else {
            self.own.push(self.rows.len());
            self.rows.push(row);
        }
        self.save()
    }

    /// Takes the last answer away.
    pub(super) fn take_back(&mut self) -> Result<(), Failure> {
        if let Some(row) = self.own.pop() {
            self.rows.remove(row);
        }
        self.save()
    }

    fn save(&mut self) -> Result<(), Failure> {
        let now = match std::fs::read_to_string(&self.path) {
            Ok(text) => Some(text),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => {
                let message = format!("cannot read `{}`: {error}", self.path.display());
                return Err(Fault::new("unreadable", message).into());
            }
        };
        // Reading takes a byte order mark away; the table is the same.
        if now.as_deref().map(without_mark) != self.text.as_deref().map(without_mark) {
            let message = format!("somebody else has changed `{}`", self.path.display());
            let fault = Fault::new("file-changed", message);
            return Err(fault.help("nothing was written over; start again to go on").into());
        }
        let mut text = format!("{HEADER}\n");
        for row in &self.rows {
            let cells: Vec<String> = row.iter().map(|text| cell(text)).collect();
            text.push_str(&cells.join(","));
            text.push('\n');
        }
        let name = self.path.file_name().unwrap_or_default().to_string_lossy();
        let mut outputs = Outputs::new(&folder_of(&self.path))?;
        outputs.add(&name, text.as_bytes())?;
        outputs.commit()?;
        self.text = Some(text);
        Ok(())
    }
}

fn rows_of(source: &std::sync::Arc<SourceFile>) -> Result<Vec<[String; 6]>, Failure> {
    let header = without_mark(&source.text).lines().next().unwrap_or_default().trim_end();
    if header != HEADER {
        let message = format!("`{}` has other columns than an interview writes", source.path);
        let help = format!(
            "give another file for --answers, and this one for --known; the columns are {HEADER}"
        );
        return Err(Fault::new("other-columns", message).help(help).into());
    }
    let table = Table::read(source, COLUMNS)?;
    let cells = |row: allonet_core::table::Row<'_>| {
        std::array::from_fn(|column| row.cell(column).to_owned())
    };
    Ok(table.rows().map(cells).collect())
}

fn without_mark(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

/// A word that names neither item.
fn word_for_tie(left: &str, right: &str) -> &'static str {
    let free = |word: &&&str| **word != left && **word != right;
    ["tie", "draw", "equal"].iter().find(free).expect("two items cannot take three words")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("answers.csv");
        let items = ["a \"b\"".to_owned(), "c, d".to_owned(), "tie".to_owned()];
        let now: Instant = "2026-01-31T18:30:00Z".parse().unwrap();
        let mut file = AnswersFile::open(&path, "ann", &items).unwrap().file;
        let answers = [
            Answer { left: 0, right: 1, choice: Choice::Right, intensity: None },
            Answer { left: 2, right: 0, choice: Choice::Tie, intensity: None },
            Answer {
                left: 1,
                right: 2,
                choice: Choice::Left,
                intensity: Some(Bucket::Same.intensity()),
            },
        ];
        for (at, answer) in answers.iter().enumerate() {
            file.set(at, answer, &items, now).unwrap();
        }
        let found = AnswersFile::open(&path, "ann", &items).unwrap();
        assert_eq!(found.answers[0], answers[0]);
        assert_eq!(found.answers[1].choice, Choice::Tie);
        assert!((found.answers[2].intensity.unwrap() - Bucket::Same.intensity()).abs() < 1e-12);
        let mut file = found.file;
        file.take_back().unwrap();
        file.set(0, &answers[1], &items, now).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let expected = format!(
            "{HEADER}\nann,tie,\"a \"\"b\"\"\",draw,,2026-01-31T18:30:00Z\n\
             ann,tie,\"a \"\"b\"\"\",draw,,2026-01-31T18:30:00Z\n"
        );
        assert_eq!(text, expected);
        std::fs::write(&path, format!("{HEADER}\n")).unwrap();
        let refused = file.take_back().unwrap_err();
        assert_eq!(refused.faults[0].code, "file-changed");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), format!("{HEADER}\n"));
    }

    #[test]
    fn other_tables_are_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("duels.csv");
        std::fs::write(&path, "a,b,winner\nx,y,x\n").unwrap();
        let refused = AnswersFile::open(&path, "ann", &["x".into(), "y".into()]).unwrap_err();
        assert_eq!(refused.faults[0].code, "other-columns");
    }
}
