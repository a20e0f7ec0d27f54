//! Values of the file with their places, tables with their keys, and the faults
//! of what has the wrong type or name.

use std::fmt::Write;
use std::ops::RangeInclusive;
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::fault::{Fault, Place, SourceFile, did_you_mean};
use crate::money::{Share, ShareError};
use crate::time::Instant;

/// Faults found so far; beyond a thousand they are only counted.
#[derive(Debug, Default)]
pub(super) struct Sink {
    faults: Vec<Fault>,
    more: usize,
}

impl Sink {
    const KEPT: usize = 1_000;
    const SHOWN: usize = 100;

    pub(super) fn push(&mut self, fault: Fault) {
        if self.faults.len() < Self::KEPT {
            self.faults.push(fault);
        } else {
            self.more += 1;
        }
    }

    pub(super) fn extend(&mut self, faults: impl IntoIterator<Item = Fault>) {
        faults.into_iter().for_each(|fault| self.push(fault));
    }

    /// The value, or nothing and the fault is kept.
    pub(super) fn keep<T>(&mut self, result: Result<T, Fault>) -> Option<T> {
        result.map_err(|fault| self.push(fault)).ok()
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.faults.len() + self.more
    }

    /// In the order of the file, faults of other files after it, cut at a
    /// hundred.
    pub(super) fn into_vec(mut self, file: &Arc<SourceFile>) -> Vec<Fault> {
        let rank = |fault: &Fault| match &fault.place {
            Some(place) if place.file.path == file.path => (0, String::new(), place.span.start),
            Some(place) => (1, place.file.path.clone(), place.span.start),
            None => (2, String::new(), 0),
        };
        self.faults.sort_by_cached_key(rank);
        let more = self.more + self.faults.len().saturating_sub(Self::SHOWN);
        self.faults.truncate(Self::SHOWN);
        if more > 0 {
            let message = format!("{more} more faults in {} are not shown", file.path);
            self.faults.push(Fault::new("more-faults", message));
        }
        self.faults
    }
}

/// A value of the file, under the key that it was given.
#[derive(Clone, Copy)]
pub(super) struct Item<'a> {
    /// The key.
    pub(super) name: &'a str,
    key_span: (usize, usize),
    pub(super) file: &'a Arc<SourceFile>,
    value: &'a Spanned<DeValue<'a>>,
}

impl<'a> Item<'a> {
    /// What it is.
    pub(super) fn value(self) -> &'a DeValue<'a> {
        self.value.get_ref()
    }

    /// Where it stands.
    pub(super) fn place(self) -> Place {
        Place::new(self.file, self.value.span())
    }

    /// Where its key stands.
    pub(super) fn key_place(self) -> Place {
        Place::new(self.file, self.key_span.0..self.key_span.1)
    }

    /// A fault at the value.
    pub(super) fn fault(self, code: &'static str, message: impl Into<String>) -> Fault {
        Fault::new(code, message).at(self.place())
    }

    /// The fault of a value of another type.
    pub(super) fn wrong_type(self, wanted: &str, example: &str) -> Fault {
        let found = match self.value() {
            DeValue::String(_) => "a text",
            DeValue::Integer(_) => "a whole number",
            DeValue::Float(_) => "a number with a point",
            DeValue::Boolean(_) => "true or false",
            DeValue::Datetime(_) => "a date",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        };
        self.fault("wrong-type", format!("`{}` is {found}, but must be {wanted}", self.name))
            .label(format!("must be {wanted}"))
            .help(format!("write for example {example}"))
    }

    /// A text.
    pub(super) fn text(self) -> Result<&'a str, Fault> {
        let written = match self.value() {
            DeValue::String(text) => return Ok(text),
            DeValue::Integer(number) => Some(number.to_string()),
            DeValue::Float(number) => Some(number.to_string()),
            DeValue::Datetime(date) => Some(date.to_string()),
            _ => None,
        };
        let name = toml_key(self.name);
        Err(match written {
            Some(written) => self
                .wrong_type("a text", "")
                .help(format!("put it in quotes: {name} = \"{written}\"")),
            None => self.wrong_type("a text", &format!("{name} = \"…\"")),
        })
    }

    /// A text that is an id of a node, with its place.
    pub(super) fn id(self) -> Result<(&'a str, Place), Fault> {
        let id = self.text()?;
        match crate::network::build::id_problem(id) {
            None => Ok((id, self.place())),
            Some(problem) => {
                Err(self.fault("bad-id", format!("`{}` is no id: {problem}", id.escape_debug())))
            }
        }
    }

    /// A text that is the name of a network.
    pub(super) fn network_name(self) -> Result<&'a str, Fault> {
        let name = self.text()?;
        match super::name_problem(name) {
            None => Ok(name),
            Some(problem) => {
                let message = format!("`{name}` is no name of a network: {problem}");
                let allowed = "allowed: letters, digits, `-`, `_`, `.` and spaces between them; \
                               any text may be the `title`";
                Err(self.fault("bad-name", message).help(allowed))
            }
        }
    }

    /// A share: `4%`, `0.04` or `1/25`.
    pub(super) fn share(self) -> Result<Share, Fault> {
        let name = toml_key(self.name);
        let text = match self.value() {
            DeValue::String(text) => text,
            DeValue::Integer(number) => {
                let help = format!("write it as text: {name} = \"{number}%\"");
                return Err(self.wrong_type("a share", "").help(help));
            }
            DeValue::Float(number) => {
                let help = format!("write it as text: {name} = \"{number}\"");
                return Err(self.wrong_type("a share", "").help(help));
            }
            _ => return Err(self.wrong_type("a share", &format!("{name} = \"5%\""))),
        };
        text.parse()
            .map_err(|error: ShareError| self.fault("bad-share", format!("{}: {error}", self.name)))
    }

    /// A moment, as a text or as a date of TOML.
    pub(super) fn time(self) -> Result<Instant, Fault> {
        let parsed = match self.value() {
            DeValue::Datetime(date) => date.to_string().parse::<Instant>(),
            DeValue::String(text) => text.parse(),
            _ => return Err(self.wrong_type("a moment", "2026-01-31T00:00:00Z")),
        };
        parsed.map_err(|error| self.fault("bad-time", error.to_string()))
    }

    /// `true` or `false`.
    pub(super) fn boolean(self) -> Result<bool, Fault> {
        let example = format!("{} = true", toml_key(self.name));
        self.value().as_bool().ok_or_else(|| self.wrong_type("true or false", &example))
    }

    /// A whole number within bounds.
    pub(super) fn whole(self, bounds: RangeInclusive<i64>) -> Result<i64, Fault> {
        let (least, most) = (*bounds.start(), *bounds.end());
        let DeValue::Integer(number) = self.value() else {
            let example = format!("{} = {}", toml_key(self.name), 1.clamp(least, most));
            return Err(self.wrong_type("a whole number", &example));
        };
        let found = i64::from_str_radix(number.as_str(), number.radix()).ok();
        found.filter(|found| bounds.contains(found)).ok_or_else(|| {
            let allowed = match (least, most) {
                (i64::MIN, i64::MAX) => "a number of 64 bits".to_owned(),
                (_, i64::MAX) => format!("at least {least}"),
                (i64::MIN, _) => format!("at most {most}"),
                _ => format!("{least} to {most}"),
            };
            let message = format!("`{}` is {number}, but must be {allowed}", self.name);
            self.fault("out-of-bounds", message).label(format!("must be {allowed}"))
        })
    }

    /// A whole number of 32 bits.
    pub(super) fn count(self, bounds: RangeInclusive<u32>) -> Result<u32, Fault> {
        let number = self.whole(i64::from(*bounds.start())..=i64::from(*bounds.end()))?;
        Ok(u32::try_from(number).expect("the bounds were checked"))
    }

    /// The items of a list.
    pub(super) fn list(self, example: &str) -> Result<Vec<Item<'a>>, Fault> {
        let DeValue::Array(values) = self.value() else {
            return Err(self.wrong_type("a list", example));
        };
        Ok(values.iter().map(|value| Item { value, ..self }).collect())
    }

    /// The entries of a table, in the order of the file.
    pub(super) fn entries(self, example: &str) -> Result<Vec<Item<'a>>, Fault> {
        match self.value() {
            DeValue::Table(table) => Ok(entries(self.file, table)),
            _ => Err(self.wrong_type("a table", example)),
        }
    }
}

/// The entries of a table, in the order of the file.
pub(super) fn entries<'a>(file: &'a Arc<SourceFile>, table: &'a DeTable<'a>) -> Vec<Item<'a>> {
    let item = |(key, value): (&'a Spanned<std::borrow::Cow<'a, str>>, _)| Item {
        name: key.get_ref(),
        key_span: (key.span().start, key.span().end),
        file,
        value,
    };
    let mut items: Vec<Item<'a>> = table.iter().map(item).collect();
    items.sort_by_key(|item| item.key_span);
    items
}

/// A table whose keys are known.
pub(super) struct Section<'a> {
    /// How it is called in messages: `[sources.treasury]`.
    title: String,
    place: Place,
    items: Vec<Item<'a>>,
}

impl<'a> Section<'a> {
    /// A table under a title; its keys are still to be checked.
    pub(super) fn open(item: Item<'a>, title: String, example: &str) -> Result<Self, Fault> {
        let items = item.entries(example)?;
        Ok(Self { title, place: item.place(), items })
    }

    /// All keys that are not allowed become faults.
    pub(super) fn only(&self, allowed: &[&str], faults: &mut Sink) {
        for item in self.items.iter().filter(|item| !allowed.contains(&item.name)) {
            let message = format!("unknown key `{}` in {}", item.name, self.title);
            let mut fault = Fault::new("unknown-key", message)
                .at(item.key_place())
                .label("not a key of this table");
            fault.help = did_you_mean(item.name, allowed.iter().copied());
            faults.push(fault);
        }
    }

    /// The value of a key.
    pub(super) fn get(&self, name: &str) -> Option<Item<'a>> {
        self.items.iter().copied().find(|item| item.name == name)
    }

    /// The value of a key that must be there.
    pub(super) fn need(&self, name: &str, example: &str) -> Result<Item<'a>, Fault> {
        self.get(name).ok_or_else(|| {
            Fault::new("missing-key", format!("{} lacks `{name}`", self.title))
                .at(self.place.clone())
                .label(format!("`{name}` is missing"))
                .help(format!("add for example: {name} = {example}"))
        })
    }

    /// A text that may be absent.
    pub(super) fn text(&self, name: &str, faults: &mut Sink) -> Option<String> {
        let item = self.get(name)?;
        faults.keep(item.text()).map(str::to_owned)
    }

    /// Where it stands.
    pub(super) fn place(&self) -> Place {
        self.place.clone()
    }
}

/// A key as TOML wants it: in quotes where it has more than plain letters.
pub(super) fn toml_key(key: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if !key.is_empty() && key.chars().all(bare) {
        return key.to_owned();
    }
    let mut quoted = String::with_capacity(key.len() + 2);
    quoted.push('"');
    for c in key.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => {
                write!(quoted, "\\u{:04X}", u32::from(c)).expect("a text can be written to");
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}
