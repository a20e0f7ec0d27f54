//! Comparisons from a table, in the spellings that platforms use.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use allonet_core::fault::{Fault, SourceFile, did_you_mean};
use allonet_core::maths;
use allonet_core::repository::canonical_repo;
use allonet_core::table::{Column, Faults, Row, Table};
use allonet_core::time::microseconds;

use super::{Builder, Choice, Comparisons};
use crate::repository::Aliases;

const COLUMNS: &[Column] = &[
    Column::required(&["item_a", "left", "repo_a", "project_a", "a", "item_1", "repo_1"]),
    Column::required(&["item_b", "right", "repo_b", "project_b", "b", "item_2", "repo_2"]),
    Column::optional(&["winner", "choice", "preferred", "result", "answer"]),
    Column::optional(&["multiplier", "ratio", "times", "intensity"]),
    Column::optional(&["log_multiplier", "log_ratio"]),
    Column::optional(&["weight_a"]),
    Column::optional(&["weight_b"]),
    Column::optional(&["juror", "juror_id", "l1_juror", "evaluator", "voter", "user", "annotator"]),
    Column::optional(&["time", "timestamp", "created_at", "comparison_created_at", "date"]),
    Column::optional(&["parent"]),
];
const LEFT: usize = 0;
const RIGHT: usize = 1;
const WINNER: usize = 2;
const MULTIPLIER: usize = 3;
const LOG: usize = 4;
const WEIGHT_A: usize = 5;
const WEIGHT_B: usize = 6;
const JUROR: usize = 7;
const TIME: usize = 8;
const PARENT: usize = 9;

const ITEMS: &[Column] =
    &[Column::required(&["item", "repo", "repository", "project", "id", "name"])];

/// How the names of items are taken.
#[derive(Debug, Clone, Default)]
pub enum Naming {
    /// As they are written.
    #[default]
    Verbatim,
    /// As addresses of repositories: one name for all spellings, old names
    /// replaced by those of today.
    Repository(Aliases),
}

impl Naming {
    /// The items that a table lists, column `item`, each under its name.
    ///
    /// Faults: those of [`Table::read`], `no-item`, `no-items`.
    pub fn items(&self, file: &Arc<SourceFile>) -> Result<Vec<String>, Vec<Fault>> {
        let table = Table::read(file, ITEMS)?;
        let mut faults = Faults::new();
        for row in table.rows().filter(|row| row.cell(0).is_empty()) {
            faults.push(row.fault(0, "no-item", "this row does not name its item"));
        }
        if table.is_empty() {
            let fault = Fault::new("no-items", format!("{} lists no items", file.path));
            faults.push(fault.help("add a row for each item"));
        }
        faults.or(())?;
        Ok(table.rows().map(|row| self.name(row.cell(0))).collect())
    }

    /// The name of an item as it is known from here on.
    pub fn name(&self, written: &str) -> String {
        match self {
            Self::Verbatim => written.to_owned(),
            Self::Repository(aliases) => aliases.resolve(&canonical_repo(written)),
        }
    }
}

/// How a table of comparisons is read.
#[derive(Debug, Clone)]
pub struct Reading {
    /// How items are named.
    pub naming: Naming,
    /// All items there are, under their names; a comparison of another one is a
    /// fault. None: those that are compared.
    pub items: Option<Vec<String>>,
    /// The largest multiplier believed; a larger one is a fault.
    pub max_multiplier: f64,
    /// Multipliers above are taken for this one, none where there is no limit.
    pub clip: Option<f64>,
    /// Drop rows that compare an item with itself, and count them
    /// ([`Comparisons::self_comparisons`]), instead of refusing the table.
    pub drop_self_comparisons: bool,
}

impl Default for Reading {
    /// Names as written; multipliers to 1,000, as the pilot of Deep Funding
    /// allowed.
    fn default() -> Self {
        Self {
            naming: Naming::Verbatim,
            items: None,
            max_multiplier: 1_000.0,
            clip: None,
            drop_self_comparisons: false,
        }
    }
}

impl Comparisons {
    /// Reads a table with one comparison in each row.
    ///
    /// | column | meaning |
    /// |---|---|
    /// | `item_a`, `item_b` | the two items, in the order they were shown |
    /// | `winner` | the name of one, or `1`, `2`, `a`, `b`, `left`, `right`; `tie` |
    /// | `multiplier` | how many times more the winner is worth, from 1 |
    /// | `log_multiplier` | instead: `ln(value of b / value of a)` |
    /// | `weight_a`, `weight_b` | instead: what each is worth |
    /// | `juror`, `time` | who and when |
    ///
    /// Faults: those of [`Table::read`], `no-comparisons`, `no-answer`,
    /// `no-item`, `unknown-item`, `self-comparison`, `bad-choice`,
    /// `bad-multiplier`, `bad-weight`, `bad-time`.
    pub fn read(file: &Arc<SourceFile>, reading: &Reading) -> Result<Self, Vec<Fault>> {
        let mut parents = read(file, reading, false)?;
        Ok(parents.pop_first().expect("one parent stands for all").1)
    }

    /// Reads a table whose rows compare items below a parent each (column
    /// `parent`), as dependencies of a project are compared with each other.
    ///
    /// Faults: those of [`Comparisons::read`].
    pub fn read_by_parent(
        file: &Arc<SourceFile>,
        reading: &Reading,
    ) -> Result<BTreeMap<String, Self>, Vec<Fault>> {
        read(file, reading, true)
    }
}

fn read(
    file: &Arc<SourceFile>,
    reading: &Reading,
    by_parent: bool,
) -> Result<BTreeMap<String, Comparisons>, Vec<Fault>> {
    let table = Table::read(file, COLUMNS)?;
    if table.is_empty() {
        let fault = Fault::new("no-comparisons", format!("{} has no comparisons", file.path));
        return Err(vec![fault.help("add a row for each answer of a juror")]);
    }
    let answers = [WINNER, LOG, WEIGHT_A].iter().any(|column| table.has(*column));
    if !answers || table.has(WEIGHT_A) != table.has(WEIGHT_B) {
        let message = format!("{} does not say which of two items is worth more", file.path);
        let help = "add a column `winner`, or `log_multiplier`, or both `weight_a` and `weight_b`";
        return Err(vec![Fault::new("no-answer", message).help(help)]);
    }
    let mut reader = Reader {
        reading,
        table: &table,
        listed: reading.items.iter().flatten().map(String::as_str).collect(),
        names: BTreeMap::new(),
        faults: Faults::new(),
        builders: BTreeMap::new(),
    };
    for row in table.rows() {
        reader.take(row, by_parent);
    }
    let Reader { faults, builders, .. } = reader;
    faults.or(())?;
    if builders.values().all(Builder::is_empty) {
        let message = format!("each row of {} compares an item with itself", file.path);
        return Err(vec![Fault::new("no-comparisons", message).help("compare two items in a row")]);
    }
    Ok(builders.into_iter().map(|(parent, builder)| (parent, builder.finish())).collect())
}

struct Reader<'t> {
    reading: &'t Reading,
    table: &'t Table,
    /// The items there are, where they are listed.
    listed: BTreeSet<&'t str>,
    /// What each written name is known as, or else what to try.
    names: BTreeMap<&'t str, Result<String, Option<String>>>,
    faults: Faults,
    builders: BTreeMap<String, Builder>,
}

impl<'t> Reader<'t> {
    fn take(&mut self, row: Row<'t>, by_parent: bool) {
        let items = (self.item(row, LEFT), self.item(row, RIGHT));
        if let (Some(left), Some(right)) = &items
            && left == right
        {
            if self.reading.drop_self_comparisons {
                self.builder(row, by_parent).dropped();
                return;
            }
            let message = format!("`{left}` is compared with itself");
            let help = "remove the row; two spellings of one repository are one item";
            self.faults.push(row.fault(RIGHT, "self-comparison", message).help(help));
            return;
        }
        // Without its items a row cannot be understood: one fault for it is enough.
        let (Some(left), Some(right)) = items else { return };
        let items = (left, right);
        let answer = self.answer(row, &items);
        let time = match row.cell(TIME) {
            "" => None,
            text => match microseconds(text) {
                Ok(time) => Some(time),
                Err(error) => {
                    self.faults.push(row.fault(TIME, "bad-time", error.to_string()));
                    return;
                }
            },
        };
        let Some((choice, intensity)) = answer else { return };
        let builder = self.builder(row, by_parent);
        let pair = (builder.item(&items.0), builder.item(&items.1));
        let juror = builder.juror(row.cell(JUROR));
        builder.push(juror, pair, choice, intensity);
        builder.on_line(row.line());
        if let Some(time) = time {
            builder.at(time);
        }
    }

    /// Where the row belongs.
    fn builder(&mut self, row: Row<'t>, by_parent: bool) -> &mut Builder {
        let parent =
            if by_parent { self.reading.naming.name(row.cell(PARENT)) } else { String::new() };
        let listed = self.reading.items.as_deref().unwrap_or_default();
        self.builders.entry(parent).or_insert_with(|| {
            let mut builder = Builder::default();
            for item in listed.iter().filter(|_| !by_parent) {
                builder.item(item);
            }
            builder
        })
    }

    /// The name of an item.
    fn item(&mut self, row: Row<'t>, column: usize) -> Option<String> {
        let written = row.cell(column);
        if written.is_empty() {
            self.faults.push(row.fault(column, "no-item", "this row does not name its item"));
            return None;
        }
        if !self.names.contains_key(written) {
            let named = self.named(written);
            self.names.insert(written, named);
        }
        match &self.names[written] {
            Ok(name) => Some(name.clone()),
            Err(help) => {
                let message = format!("`{written}` is no item");
                let mut fault = row.fault(column, "unknown-item", message);
                fault.help.clone_from(help);
                self.faults.push(fault);
                None
            }
        }
    }

    /// What a written name is known as, or else what to try.
    fn named(&self, written: &str) -> Result<String, Option<String>> {
        let name = self.reading.naming.name(written);
        let Some(items) = &self.reading.items else { return Ok(name) };
        if self.listed.contains(name.as_str()) {
            return Ok(name);
        }
        // A fault that is only counted needs no help, which takes a look at every item.
        let help = || did_you_mean(&name, items.iter().map(String::as_str));
        Err((!self.faults.is_full()).then(help).flatten())
    }

    /// What the row answers.
    fn answer(&mut self, row: Row<'t>, items: &(String, String)) -> Option<(Choice, Option<f64>)> {
        let answer = if self.table.has(LOG) {
            from_log(row, self.reading)
        } else if self.table.has(WEIGHT_A) {
            from_weights(row, self.reading)
        } else {
            self.chosen(row, items)
        };
        answer.map_err(|fault| self.faults.push(fault)).ok()
    }

    fn chosen(
        &self,
        row: Row<'t>,
        items: &(String, String),
    ) -> Result<(Choice, Option<f64>), Fault> {
        let choice = self.choice(row, items)?;
        let text = row.cell(MULTIPLIER);
        if text.is_empty() {
            return Ok((choice, None));
        }
        let found = text.parse::<f64>().ok().filter(|found| found.is_finite());
        let help = format!(
            "how many times more the winner is worth: a number from 1 to {}; leave it empty where \
             the juror did not say",
            self.reading.max_multiplier
        );
        let bad = |message: String| row.fault(MULTIPLIER, "bad-multiplier", message).help(&help);
        let found = found.ok_or_else(|| bad(format!("`{text}` is no multiplier")))?;
        if found < 1.0 {
            let why = "below 1 the other item would be the winner";
            return Err(bad(format!("the multiplier `{text}` is below 1; {why}")));
        }
        if found > self.reading.max_multiplier {
            let most = self.reading.max_multiplier;
            return Err(bad(format!("the multiplier `{text}` is above {most}")));
        }
        if choice == Choice::Tie && found > 1.0 {
            return Err(bad(format!("a tie has the multiplier 1, not `{text}`")));
        }
        Ok((choice, Some(maths::ln(found.min(self.reading.clip.unwrap_or(f64::INFINITY))))))
    }

    fn choice(&self, row: Row<'t>, (left, right): &(String, String)) -> Result<Choice, Fault> {
        let text = row.cell(WINNER);
        let named = self.reading.naming.name(text);
        if *left == named {
            return Ok(Choice::Left);
        }
        if *right == named {
            return Ok(Choice::Right);
        }
        match text.to_ascii_lowercase().as_str() {
            "1" | "1.0" | "a" | "left" | "item_a" | "repo_a" => Ok(Choice::Left),
            "2" | "2.0" | "b" | "right" | "item_b" | "repo_b" => Ok(Choice::Right),
            "tie" | "draw" | "equal" | "same" | "0" => Ok(Choice::Tie),
            _ => {
                let message = format!("`{text}` is neither of the two items");
                let help = "write the name of one, 1 or 2, a or b, left or right, or `tie`";
                Err(row.fault(WINNER, "bad-choice", message).help(help))
            }
        }
    }
}

/// From `ln(value of b / value of a)`.
fn from_log(row: Row<'_>, reading: &Reading) -> Result<(Choice, Option<f64>), Fault> {
    let text = row.cell(LOG);
    let found = text.parse::<f64>().ok().filter(|found| found.is_finite()).ok_or_else(|| {
        let help = "write ln(value of b / value of a), below zero where a is worth more";
        row.fault(LOG, "bad-multiplier", format!("`{text}` is no logarithm")).help(help)
    })?;
    answered(found, reading).map_err(|message| row.fault(LOG, "bad-multiplier", message))
}

/// From what each is worth.
fn from_weights(row: Row<'_>, reading: &Reading) -> Result<(Choice, Option<f64>), Fault> {
    let worth = |column: usize| {
        let text = row.cell(column);
        let found = text.parse::<f64>().ok().filter(|found| found.is_finite() && *found > 0.0);
        found.ok_or_else(|| {
            let help = "what an item is worth is a number above zero: a ratio to nothing is none";
            row.fault(column, "bad-weight", format!("`{text}` is no worth")).help(help)
        })
    };
    let (left, right) = (worth(WEIGHT_A)?, worth(WEIGHT_B)?);
    answered(maths::ln(right / left), reading)
        .map_err(|message| row.fault(WEIGHT_B, "bad-weight", message))
}

fn answered(log_ratio: f64, reading: &Reading) -> Result<(Choice, Option<f64>), String> {
    let intensity = log_ratio.abs();
    if intensity > maths::ln(reading.max_multiplier) * (1.0 + 1e-12) {
        return Err(format!("a ratio above {} is not believed", reading.max_multiplier));
    }
    let choice = match log_ratio {
        c if c > 0.0 => Choice::Right,
        c if c < 0.0 => Choice::Left,
        _ => Choice::Tie,
    };
    let most = reading.clip.map_or(f64::INFINITY, maths::ln);
    Ok((choice, Some(intensity.min(most))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Comparisons, Vec<Fault>> {
        Comparisons::read(&SourceFile::new("c.csv", text), &Reading::default())
    }

    fn refused(text: &str) -> String {
        read(text).unwrap_err()[0].to_string()
    }

    #[test]
    fn the_spellings_of_platforms_agree() {
        let logs = |text: &str| {
            let read = read(text).unwrap();
            read.rows().map(|row| (row.choice, row.log_ratio())).collect::<Vec<_>>()
        };
        let expected = [(Choice::Left, Some(-maths::ln(4.0)))];
        for table in [
            "item_a,item_b,winner,multiplier\nx,y,x,4\n",
            "repo_a,repo_b,choice,multiplier\nx,y,1,4\n",
            "project_a,project_b,weight_a,weight_b\nx,y,4,1\n",
            "a,b,log_multiplier\nx,y,-1.3862943611198906\n",
        ] {
            let found = logs(table);
            assert_eq!(found[0].0, expected[0].0, "{table}");
            assert!((found[0].1.unwrap() - expected[0].1.unwrap()).abs() < 1e-15, "{table}");
        }
        assert_eq!(logs("a,b,winner\nx,y,y\n"), [(Choice::Right, None)]);
        assert_eq!(logs("a,b,winner\nx,y,tie\n"), [(Choice::Tie, None)]);
    }

    #[test]
    fn addresses_of_one_repository_are_one_item() {
        let aliases = Aliases::parse("alias,repo\nethereum/solidity,argotorg/solidity\n").unwrap();
        let reading = Reading { naming: Naming::Repository(aliases), ..Reading::default() };
        let text = "a,b,winner\nhttps://github.com/ethereum/Solidity,x/y,argotorg/solidity\n";
        let read = Comparisons::read(&SourceFile::new("c.csv", text), &reading).unwrap();
        assert_eq!(read.items(), ["argotorg/solidity", "x/y"]);
        assert_eq!(read.row(0).choice, Choice::Left);
        let text = "a,b,winner\nethereum/solidity,argotorg/solidity,1\n";
        let refused = Comparisons::read(&SourceFile::new("c.csv", text), &reading).unwrap_err();
        assert_eq!(refused[0].code, "self-comparison");
    }

    #[test]
    fn wrong_rows_are_named() {
        let row = |row: &str| refused(&format!("a,b,winner,multiplier\n{row}\n"));
        assert!(row("x,x,x,2").starts_with("c.csv:2:3: `x` is compared with itself"));
        assert!(row("x,y,z,2").starts_with("c.csv:2:5: `z` is neither"));
        assert!(row("x,y,x,0").contains("is below 1"));
        assert!(row("x,y,x,-3").contains("is below 1"));
        assert!(row("x,y,x,NaN").contains("is no multiplier"));
        assert!(row("x,y,x,1000000000").contains("is above 1000"));
        assert!(row("x,y,tie,3").contains("a tie has"));
        assert!(row(",y,1,3").contains("does not name"));
        assert!(refused("a,b\nx,y\n").contains("does not say which"));
        assert!(refused("a,b,winner\n").contains("has no comparisons"));
        let reading = Reading { items: Some(vec!["xa".into()]), ..Reading::default() };
        let file = SourceFile::new("c.csv", "a,b,winner\nxa,xb,1\n");
        let refused = Comparisons::read(&file, &reading).unwrap_err();
        assert!(refused[0].to_string().contains("`xb` is no item"));
        let file = SourceFile::new("c.csv", "a,b,winner\nxa,xb,xb\n");
        let refused = Comparisons::read(&file, &reading).unwrap_err();
        assert_eq!(refused.len(), 1, "one fault for one slip: {refused:?}");
    }

    #[test]
    fn self_comparisons_are_dropped_only_when_asked() {
        let reading = Reading { drop_self_comparisons: true, ..Reading::default() };
        let read = |text: &str| Comparisons::read(&SourceFile::new("c.csv", text), &reading);
        let kept = read("a,b,winner\nx,x,x\nx,y,x\nz,z,neither\n").unwrap();
        assert_eq!((kept.len(), kept.self_comparisons()), (1, 2));
        assert_eq!((kept.items(), kept.line(0)), (&["x".to_owned(), "y".to_owned()][..], 3));
        assert_eq!(read("a,b,winner\nx,y,x\n").unwrap().self_comparisons(), 0);
        let nothing = read("a,b,winner\nx,x,x\n").unwrap_err();
        assert_eq!(nothing[0].code, "no-comparisons");
    }

    #[test]
    fn many_unknown_items_are_counted_in_reasonable_time() {
        use std::fmt::Write;
        let mut text = String::from("a,b,winner\n");
        for at in 0..3_000 {
            writeln!(text, "nobody-knows-{at},x0,1").unwrap();
        }
        let items = (0..3_000).map(|at| format!("x{at}")).collect();
        let reading = Reading { items: Some(items), ..Reading::default() };
        let refused = Comparisons::read(&SourceFile::new("c.csv", text), &reading).unwrap_err();
        assert_eq!(refused.len(), Faults::KEPT + 1);
        assert!(refused[Faults::KEPT].to_string().contains("2980 more faults"));
    }

    #[test]
    fn below_each_parent_items_are_apart() {
        let text = "parent,a,b,winner\np,x,y,1\nq,x,z,2\n";
        let file = SourceFile::new("c.csv", text);
        let read = Comparisons::read_by_parent(&file, &Reading::default()).unwrap();
        assert_eq!(read["p"].items(), ["x", "y"]);
        assert_eq!(read["q"].items(), ["x", "z"]);
    }
}
