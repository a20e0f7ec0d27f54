//! Ballots on categories as Optimism publishes them: a JSON list with an object
//! for each ballot.
//!
//! ```json
//! [{"voter_id": "ann", "budget": 5000, "category_assignment": "tools",
//!   "category_allocations": {"tools": 60, "research": 40},
//!   "project_allocations": {"compiler": 70, "debugger": null}}]
//! ```
//!
//! Allocations may also be lists of objects with one key each. `null` abstains.

use std::collections::BTreeMap;
use std::sync::Arc;

use allonet_core::fault::{Fault, Place, SourceFile};
use allonet_core::json::Object;
use allonet_core::money::{Amount, Asset};
use allonet_core::network::id_problem;
use allonet_core::table::Faults;
use allonet_core::time::Instant;
use serde::de::Deserialize;
use serde_json::value::RawValue;

use super::category_round::{Ballots, Given};
use crate::ballots::Reading;
use crate::names::plain;

/// Names of the fields, the first found counts.
const VOTER: &[&str] = &["voter_id", "voter_address", "voter", "address"];
const TIME: &[&str] = &["time", "timestamp", "created_at", "published_at"];

/// A value and the text it was read from.
type Fields<'t> = BTreeMap<String, &'t RawValue>;

/// Whether a file is JSON rather than a table.
pub(crate) fn is_json(file: &SourceFile) -> bool {
    file.text.trim_start_matches('\u{feff}').trim_start().starts_with(['[', '{'])
}

/// Reads a file of ballots; `listed` gives the category of each project that may
/// be paid, if there is a list.
///
/// Faults: `not-json`, `not-a-ballot`, `no-voter`, `double-voter`, `bad-amount`,
/// `no-time`, `bad-time`, `bad-name`, `double-vote`, `no-category`,
/// `two-categories`.
pub(crate) fn read(
    file: &Arc<SourceFile>,
    asset: &Asset,
    reading: &Reading,
    listed: Option<BTreeMap<String, String>>,
) -> Result<Ballots, Vec<Fault>> {
    let start = file.text.len() - file.text.trim_start_matches('\u{feff}').len();
    let raws: Vec<&RawValue> = parse(file, start, &file.text[start..], "not-json")
        .map_err(|fault| vec![fault.help("a file of ballots is a JSON list of objects")])?;
    let mut reader = Reader {
        file,
        asset,
        reading,
        fixed: listed.is_some(),
        ballots: Ballots { category_of: listed.unwrap_or_default(), ..Ballots::default() },
        seen: BTreeMap::new(),
        faults: Faults::new(),
        late: 0,
        unlisted: BTreeMap::new(),
    };
    for raw in raws {
        if let Err(fault) = reader.ballot(raw) {
            reader.faults.push(*fault);
        }
    }
    let Reader { mut ballots, faults, late, unlisted, .. } = reader;
    if late > 0 {
        ballots.remarks.push(format!("ballots outside the voting window, not counted: {late}"));
    }
    if let Some(first) = unlisted.keys().next() {
        let count: usize = unlisted.values().sum();
        ballots.remarks.push(format!(
            "votes for projects that are not listed, such as `{first}`, not counted: {count}"
        ));
    }
    faults.or(ballots)
}

/// Parses a part of a file that begins at a byte.
fn parse<'t, T: Deserialize<'t>>(
    file: &Arc<SourceFile>,
    start: usize,
    text: &'t str,
    code: &'static str,
) -> Result<T, Box<Fault>> {
    serde_json::from_str(text).map_err(|error| {
        // Columns of serde_json count bytes.
        let lines = text.split_inclusive('\n').take(error.line().saturating_sub(1));
        let byte = lines.map(str::len).sum::<usize>() + error.column().saturating_sub(1);
        let mut at = start + byte.min(text.len());
        while !file.text.is_char_boundary(at) {
            at -= 1;
        }
        let told = error.to_string();
        let told = told.split(" at line ").next().unwrap_or(&told).to_owned();
        Box::new(Fault::new(code, told).at(Place::new(file, at..at)))
    })
}

struct Reader<'t> {
    file: &'t Arc<SourceFile>,
    asset: &'t Asset,
    reading: &'t Reading,
    /// The list of projects is not added to.
    fixed: bool,
    ballots: Ballots,
    /// Where each voter's ballot begins.
    seen: BTreeMap<String, usize>,
    faults: Faults,
    late: usize,
    unlisted: BTreeMap<String, usize>,
}

impl<'t> Reader<'t> {
    fn start(&self, raw: &RawValue) -> usize {
        raw.get().as_ptr().addr() - self.file.text.as_ptr().addr()
    }

    fn place(&self, raw: &RawValue) -> Place {
        let start = self.start(raw);
        Place::new(self.file, start..start + raw.get().len())
    }

    /// Where a ballot begins: its place without its length.
    fn head(&self, raw: &RawValue) -> Place {
        let start = self.start(raw);
        Place::new(self.file, start..start + 1)
    }

    fn fault(&self, raw: &RawValue, code: &'static str, message: String) -> Fault {
        Fault::new(code, message).at(self.place(raw))
    }

    fn parse<T: Deserialize<'t>>(&self, raw: &'t RawValue) -> Result<T, Box<Fault>> {
        parse(self.file, self.start(raw), raw.get(), "not-a-ballot")
    }

    fn ballot(&mut self, raw: &'t RawValue) -> Result<(), Box<Fault>> {
        let Object(fields) = self.parse::<Object<&RawValue>>(raw)?;
        let voter = self.voter(raw, &fields)?;
        if !self.in_window(raw, &fields)? {
            self.late += 1;
            return Ok(());
        }
        let budget = self.budget(&fields)?;
        let assigned = match field(&fields, &["category_assignment"]) {
            Some(raw) => Some(self.parse::<String>(raw)?),
            None => None,
        };
        let categories = self.allocations(&fields, "category_allocations", &voter)?;
        let projects = self.allocations(&fields, "project_allocations", &voter)?;
        for (project, raw) in projects {
            self.assign(&project, raw, assigned.as_deref())?;
            if !self.ballots.category_of.contains_key(&project) {
                *self.unlisted.entry(project).or_default() += 1;
            } else if let Some(given) = self.given(&voter, project, raw)? {
                self.ballots.projects.push(given);
            }
        }
        for (category, raw) in categories {
            if let Some(given) = self.given(&voter, category, raw)? {
                self.ballots.categories.push(given);
            }
        }
        self.ballots.budgets.extend(budget.map(|budget| (voter.clone(), budget)));
        self.ballots.voters.insert(voter);
        Ok(())
    }

    fn voter(&mut self, raw: &RawValue, fields: &Fields<'t>) -> Result<String, Box<Fault>> {
        let name = match field(fields, VOTER) {
            Some(raw) => plain(&self.parse::<String>(raw)?).into_owned(),
            None => String::new(),
        };
        if name.is_empty() {
            let fault = Fault::new("no-voter", "this ballot names no voter").at(self.head(raw));
            return Err(Box::new(fault.help("each ballot has a field `voter_id`")));
        }
        if let Some(first) = self.seen.insert(name.clone(), self.start(raw)) {
            let first = self.file.line_column(first).0;
            let message = format!("`{name}` votes a second time; the first begins on line {first}");
            let fault = Fault::new("double-voter", message).at(self.head(raw));
            return Err(Box::new(fault.help("keep the ballot that is meant")));
        }
        Ok(name)
    }

    fn in_window(&self, raw: &RawValue, fields: &Fields<'t>) -> Result<bool, Box<Fault>> {
        let Reading { opens, closes, .. } = self.reading;
        if opens.is_none() && closes.is_none() {
            return Ok(true);
        }
        let Some(field) = field(fields, TIME) else {
            let message = "this ballot does not say when it was cast";
            let fault = Fault::new("no-time", message).at(self.head(raw));
            let help = "`opens` and `closes` need a field `time` in each ballot";
            return Err(Box::new(fault.help(help)));
        };
        let time = self.parse::<String>(field)?.parse::<Instant>();
        let time = time.map_err(|error| self.fault(field, "bad-time", error.to_string()))?;
        Ok(opens.is_none_or(|opens| time >= opens) && closes.is_none_or(|closes| time < closes))
    }

    fn budget(&self, fields: &Fields<'t>) -> Result<Option<Amount>, Box<Fault>> {
        let Some(raw) = field(fields, &["budget"]) else { return Ok(None) };
        let amount = self.asset.parse(bare(raw));
        Ok(Some(amount.map_err(|error| self.fault(raw, "bad-amount", error.to_string()))?))
    }

    /// Names with the values they stand with, each name once.
    fn allocations(
        &self,
        fields: &Fields<'t>,
        name: &'static str,
        voter: &str,
    ) -> Result<Fields<'t>, Box<Fault>> {
        let Some(raw) = field(fields, &[name]) else { return Ok(Fields::new()) };
        let parts: Vec<&RawValue> =
            if raw.get().starts_with('[') { self.parse(raw)? } else { vec![raw] };
        let mut found = Fields::new();
        for part in parts {
            for (to, value) in self.parse::<Object<&RawValue>>(part)?.0 {
                if let Some(problem) = id_problem(&to) {
                    let message = format!("`{to}` in `{name}` cannot be a name: {problem}");
                    return Err(Box::new(self.fault(value, "bad-name", message)));
                }
                let message = format!("`{voter}` gives `{to}` a second share in `{name}`");
                if found.insert(to, value).is_some() {
                    let fault = self.fault(value, "double-vote", message);
                    return Err(Box::new(fault.help("keep the share that is meant")));
                }
            }
        }
        Ok(found)
    }

    /// Puts a project into the category of the ballot, where no list says
    /// otherwise.
    fn assign(
        &mut self,
        project: &str,
        raw: &RawValue,
        assigned: Option<&str>,
    ) -> Result<(), Box<Fault>> {
        if self.fixed {
            return Ok(());
        }
        let Some(assigned) = assigned else {
            let message = format!("nothing says which category `{project}` is in");
            let fault = self.fault(raw, "no-category", message);
            return Err(Box::new(fault.help("give a `category_assignment`, or set `projects`")));
        };
        let known = self.ballots.category_of.entry(project.to_owned());
        let known = known.or_insert_with(|| assigned.to_owned());
        if known == assigned {
            return Ok(());
        }
        let message =
            format!("`{project}` is in `{known}` in an earlier ballot, and here in `{assigned}`");
        let fault = self.fault(raw, "two-categories", message);
        let help = "a project is in one category; a table `projects` can say in which";
        Err(Box::new(fault.help(help)))
    }

    /// A share in percent; none for `null`.
    fn given(&self, voter: &str, to: String, raw: &RawValue) -> Result<Option<Given>, Box<Fault>> {
        let text = bare(raw);
        if matches!(text, "null" | "") {
            return Ok(None);
        }
        let plain = text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
        let share = text.parse::<f64>().ok().filter(|share| plain && share.is_finite());
        let Some(share) = share else {
            let fault = self.fault(raw, "bad-amount", format!("`{text}` is no share"));
            return Err(Box::new(fault.help("write a number in percent, or null to abstain")));
        };
        if share < 0.0 {
            let message = format!("the share {text} is below zero");
            return Err(Box::new(self.fault(raw, "negative-amount", message)));
        }
        Ok(Some(Given { voter: voter.to_owned(), to, share, place: self.place(raw) }))
    }
}

/// The first field of these names that is not `null`.
fn field<'t>(fields: &Fields<'t>, names: &[&str]) -> Option<&'t RawValue> {
    let found = names.iter().find_map(|name| fields.get(*name).copied());
    found.filter(|raw| raw.get() != "null")
}

/// A number's text, which may stand in quotes.
fn bare(raw: &RawValue) -> &str {
    raw.get().trim_matches('"').trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Vec<String> {
        let file = SourceFile::new("b.json", text);
        let read = read(&file, &Asset::new("OP", 2), &Reading::default(), None);
        read.unwrap_err().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn both_shapes_are_read() {
        let object = r#"[{"voter_id":"a","budget":7,"category_assignment":"x",
            "category_allocations":{"x":60,"y":40},"project_allocations":{"p":1.5,"q":null}}]"#;
        let list = r#"[{"voter_address":"a","budget":"7","category_assignment":"x","status":1,
            "category_allocations":[{"y":"40"},{"x":60}],
            "project_allocations":[{"q":null},{"p":1.5}]}]"#;
        let read = |text: &str| {
            let file = SourceFile::new("b.json", text);
            let ballots = read(&file, &Asset::new("OP", 2), &Reading::default(), None).unwrap();
            let shares = |given: &[Given]| -> Vec<(String, f64)> {
                given.iter().map(|one| (one.to.clone(), one.share)).collect()
            };
            let (categories, projects) = (shares(&ballots.categories), shares(&ballots.projects));
            (ballots.budgets, categories, projects, ballots.category_of)
        };
        assert_eq!(read(object), read(list));
        assert_eq!(read(object).1, [("x".to_owned(), 60.0), ("y".to_owned(), 40.0)]);
        assert_eq!(read(object).3.len(), 2);
    }

    #[test]
    fn faults_have_places() {
        for (text, expected) in [
            ("[{\"voter_id\":\"a\"},\n{]", "b.json:2:2: key must be a string"),
            ("{}", "b.json:1:1: invalid type: map, expected a sequence (a file of"),
            ("[3]", "b.json:1:2: invalid type: integer `3`, expected an object"),
            ("[{}]", "b.json:1:2: this ballot names no voter"),
            ("[{\"voter\":\"a\",\n\"voter\":\"b\"}]", "b.json:2:7: the key `voter` stands twice"),
            (
                "[{\"voter\":\"a\"},\n{\"voter\":\"a\"}]",
                "b.json:2:1: `a` votes a second time; the first begins on line 1",
            ),
            ("[{\"voter\":\"a\",\"budget\":-5}]", "b.json:1:24: `-5` is negative"),
            (
                "[{\"voter\":\"a\",\"category_assignment\":\"x\",\n\"project_allocations\":{\"p\":-1}}]",
                "b.json:2:28: the share -1 is below zero",
            ),
            (
                "[{\"voter\":\"a\",\"category_allocations\":[{\"x\":1},{\"x\":2}]}]",
                "b.json:1:52: `a` gives `x` a second share in `category_allocations`",
            ),
            (
                "[{\"voter\":\"a\",\"project_allocations\":{\"p\":1e999}}]",
                "b.json:1:42: nothing says which category `p` is in",
            ),
            (
                "[{\"voter\":\"a\",\"category_assignment\":\"x\",\"project_allocations\":{\"p\":1e999}}]",
                "b.json:1:68: `1e999` is no share",
            ),
        ] {
            let told = told(text);
            assert!(told[0].starts_with(expected), "{told:?}");
        }
    }

    #[test]
    fn a_project_is_in_one_category() {
        let ballot = |voter: &str, category: &str| {
            format!(
                r#"{{"voter":"{voter}","category_assignment":"{category}","project_allocations":{{"p":1}}}}"#
            )
        };
        let told = told(&format!("[{},\n{}]", ballot("a", "x"), ballot("b", "y")));
        let expected = "b.json:2:67: `p` is in `x` in an earlier ballot, and here in `y`";
        assert!(told[0].starts_with(expected), "{told:?}");
    }
}
