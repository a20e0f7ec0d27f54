//! What kind of poll a set of ballots is.

use std::collections::BTreeSet;
use std::sync::Arc;

use allonet_core::fault::{Fault, SourceFile};
use allonet_core::table::{Column, Table};
use serde_json::Value;

use super::export::is_json;
use crate::diagnose::Failure;

/// A poll, as far as its ballots tell.
pub(super) struct Poll {
    /// The choices, in their order, by names that can be paid.
    pub(super) choices: Vec<String>,
    pub(super) ballots: usize,
    pub(super) mechanism: &'static str,
    pub(super) looks_like: &'static str,
    pub(super) notes: Vec<String>,
}

/// Reads ballots only as far as needed to tell what they are.
pub(super) fn of(file: &Arc<SourceFile>) -> Result<Poll, Failure> {
    let (ballots, named) = if is_json(&file.text) { from_json(file)? } else { from_table(file)? };
    if ballots.is_empty() {
        let message = format!("`{}` has no ballots", file.path);
        return Err(Fault::new("no-votes", message).into());
    }
    let forms: BTreeSet<Form> = ballots.iter().map(form).collect();
    let (mechanism, looks_like) = match forms.last() {
        Some(Form::Shares) => ("weighted", "shares for several choices"),
        Some(Form::List) if complete(&ballots) => ("ranked-choice", "full rankings of the choices"),
        Some(Form::List) => ("approval", "lists of approved choices"),
        _ => ("single-choice", "one choice each"),
    };
    let mut notes = Vec::new();
    let choices = named.unwrap_or_else(|| {
        let most = ballots.iter().flat_map(numbers).max().unwrap_or(0);
        if most > 0 {
            notes.push(
                "the choices have no names here: rename choice-1, choice-2, … at will".to_owned(),
            );
            return (1..=most).map(|number| format!("choice-{number}")).collect();
        }
        let names: BTreeSet<String> = ballots.iter().flat_map(texts).collect();
        names.into_iter().collect()
    });
    Ok(Poll { choices, ballots: ballots.len(), mechanism, looks_like, notes })
}

/// Forms of ballots, those that say more last.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Form {
    One,
    List,
    Shares,
}

fn form(choice: &Value) -> Form {
    match choice {
        Value::Array(_) => Form::List,
        Value::Object(_) => Form::Shares,
        _ => Form::One,
    }
}

/// Whether every list names all choices: then they are rankings.
fn complete(ballots: &[Value]) -> bool {
    let all: BTreeSet<String> = ballots.iter().flat_map(texts).collect();
    ballots.iter().all(|choice| texts(choice).len() == all.len()) && all.len() > 1
}

/// The choices a ballot names, as texts.
fn texts(choice: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    match choice {
        Value::Array(list) => list.iter().map(text).collect(),
        Value::Object(shares) => shares.keys().cloned().collect(),
        one => vec![text(one)],
    }
}

/// The choices a ballot names by their place.
fn numbers(choice: &Value) -> Vec<u32> {
    texts(choice).iter().filter_map(|text| text.trim().parse().ok()).collect()
}

type Ballots = (Vec<Value>, Option<Vec<String>>);

fn from_json(file: &Arc<SourceFile>) -> Result<Ballots, Failure> {
    let text = file.text.trim_start_matches('\u{feff}');
    let json: Value = serde_json::from_str(text)
        .map_err(|error| Fault::new("bad-json", format!("`{}`: {error}", file.path)))?;
    let data = json.get("data").unwrap_or(&json);
    let votes = data.as_array().or_else(|| data.get("votes").and_then(Value::as_array));
    let votes = votes.map_or(&[][..], Vec::as_slice).iter();
    let choices = data.pointer("/proposal/choices").and_then(Value::as_array);
    let named = choices.map(|list| list.iter().flat_map(texts).collect());
    Ok((votes.filter_map(|vote| vote.get("choice").cloned()).collect(), named))
}

fn from_table(file: &Arc<SourceFile>) -> Result<Ballots, Failure> {
    let columns = &[Column::required(&["choice", "choices", "vote", "ballot", "ranking"])];
    let table = Table::read(file, columns)?;
    let choice = |text: &str| {
        let list = || text.split(';').map(|part| Value::String(part.trim().to_owned())).collect();
        serde_json::from_str(text).unwrap_or_else(|_| {
            if text.contains(';') { Value::Array(list()) } else { Value::String(text.to_owned()) }
        })
    };
    let cells = table.rows().map(|row| row.cell(0)).filter(|text| !text.is_empty());
    Ok((cells.map(choice).collect(), None))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> (&'static str, Vec<String>) {
        let poll = of(&SourceFile::new("poll.csv", text))
            .unwrap_or_else(|failure| panic!("{}", failure.faults[0]));
        (poll.mechanism, poll.choices)
    }

    #[test]
    fn the_form_of_ballots_tells_the_rule() {
        let names =
            |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let numbered = names(&["choice-1", "choice-2"]);
        assert_eq!(found("voter,choice\na,1\nb,2\n"), ("single-choice", numbered.clone()));
        assert_eq!(found("voter,choice\na,1\nb,1;2\n"), ("approval", numbered.clone()));
        assert_eq!(
            found("voter,choice\na,\"[1,2]\"\nb,\"[2,1]\"\n"),
            ("ranked-choice", numbered.clone())
        );
        let shares = "voter,choice\na,\"{\"\"1\"\": 3, \"\"2\"\": 1}\"\n";
        assert_eq!(found(shares), ("weighted", numbered));
        assert_eq!(found("voter,choice\na,park\nb,choir\n").1, names(&["choir", "park"]));
        let json = r#"{"proposal":{"choices":["A","B"]},"votes":[{"choice":2,"balance":1}]}"#;
        assert_eq!(found(json), ("single-choice", names(&["A", "B"])));
    }
}
