//! YAML with the place of everything: the part of it that weight files use.
//!
//! Mappings, numbers, words and texts in quotes. Lists, anchors, aliases, tags
//! and a second document are refused: a file of settings needs none of them.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use allonet_core::fault::{Fault, Place, SourceFile, did_you_mean};
use allonet_core::table::Faults;
use saphyr_parser::{Event, Parser, Span};

/// Deepest nesting of mappings.
const DEPTH_MAX: usize = 8;
/// Largest number that is taken; larger ones could overflow further on.
const NUMBER_MAX: f64 = 1e18;

/// A value and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Node {
    span: Range<usize>,
    value: Value,
}

#[derive(Clone, Debug, PartialEq)]
enum Value {
    Text(String),
    Map(Vec<Entry>),
}

/// One line of a mapping.
#[derive(Clone, Debug, PartialEq)]
struct Entry {
    key: String,
    span: Range<usize>,
    node: Node,
}

/// Reads a file; its outermost value must be a mapping.
///
/// Faults: `bad-yaml`, `double-key`, `too-deep`, `not-a-mapping`.
pub(crate) fn read(file: &Arc<SourceFile>) -> Result<Node, Vec<Fault>> {
    let bytes: Vec<usize> = file.text.char_indices().map(|(at, _)| at).collect();
    let at = |index: usize| bytes.get(index).copied().unwrap_or(file.text.len());
    let mut builder = Builder { file, open: Vec::new(), root: None };
    for event in Parser::new_from_str(&file.text) {
        let (event, span) = event.map_err(|error| {
            let mark = at(error.marker().index());
            vec![
                Fault::new("bad-yaml", format!("this is no YAML: {}", error.info()))
                    .at(Place::new(file, mark..mark)),
            ]
        })?;
        builder.take(&event, bytes_of(span, &at)).map_err(|fault| vec![*fault])?;
    }
    if let Some(root @ Node { value: Value::Map(_), .. }) = builder.root {
        return Ok(root);
    }
    let fault = Fault::new("not-a-mapping", format!("{} holds no settings", file.path));
    Err(vec![fault.help("write `key: value`, one a line").at(Place::new(file, 0..0))])
}

fn bytes_of(span: Span, at: &impl Fn(usize) -> usize) -> Range<usize> {
    let start = at(span.start.index());
    start..at(span.end.index()).max(start)
}

/// A key and where it stands.
type Key = (String, Range<usize>);

/// Mappings that are open, the outermost first, each with the key that waits for
/// its value.
struct Builder<'f> {
    file: &'f Arc<SourceFile>,
    open: Vec<(Node, Option<Key>)>,
    root: Option<Node>,
}

impl Builder<'_> {
    fn take(&mut self, event: &Event<'_>, span: Range<usize>) -> Result<(), Box<Fault>> {
        let fault = |code, message: &str| {
            Box::new(Fault::new(code, message).at(Place::new(self.file, span.clone())))
        };
        match event {
            Event::Scalar(text, _, 0, None) => {
                let key = self.open.last().is_some_and(|(_, key)| key.is_none());
                if key {
                    return self.key(text, span);
                }
                self.place(Node { span, value: Value::Text(text.to_string()) });
                Ok(())
            }
            Event::MappingStart(0, None) => {
                if self.open.len() >= DEPTH_MAX {
                    return Err(fault("too-deep", "this is nested too deeply for a weight file"));
                }
                if self.open.last().is_some_and(|(_, key)| key.is_none()) {
                    return Err(fault("bad-yaml", "a mapping cannot be a key here"));
                }
                self.open.push((Node { span, value: Value::Map(Vec::new()) }, None));
                Ok(())
            }
            Event::MappingEnd => {
                if let Some((node, _)) = self.open.pop() {
                    self.place(node);
                }
                Ok(())
            }
            Event::SequenceStart(..) => {
                Err(fault("bad-yaml", "a list stands here; weight files have none"))
            }
            Event::Alias(_) | Event::Scalar(..) | Event::MappingStart(..) => {
                Err(fault("bad-yaml", "anchors, aliases and tags are not read here"))
            }
            Event::DocumentStart(_) if self.root.is_some() => {
                Err(fault("bad-yaml", "a second document begins here; one is read"))
            }
            _ => Ok(()),
        }
    }

    fn key(&mut self, text: &str, span: Range<usize>) -> Result<(), Box<Fault>> {
        let (node, key) = self.open.last_mut().expect("a key stands in a mapping");
        let Value::Map(entries) = &node.value else { unreachable!("only mappings are open") };
        if let Some(first) = entries.iter().find(|entry| entry.key == text) {
            let (line, _) = self.file.line_column(first.span.start);
            let message =
                format!("`{text}` stands here a second time; the first is on line {line}");
            return Err(Box::new(
                Fault::new("double-key", message).at(Place::new(self.file, span)),
            ));
        }
        *key = Some((text.to_owned(), span));
        Ok(())
    }

    fn place(&mut self, node: Node) {
        match self.open.last_mut() {
            None => self.root = Some(node),
            Some((Node { value: Value::Map(entries), .. }, key)) => {
                let (key, span) = key.take().expect("a value follows its key");
                entries.push(Entry { key, span, node });
            }
            Some(_) => unreachable!("only mappings are open"),
        }
    }
}

/// One mapping being read, and the faults found in its file so far.
pub(crate) struct Section<'n> {
    file: &'n Arc<SourceFile>,
    /// Its way from the root: `simulation.periods`; empty for the root.
    path: String,
    span: Range<usize>,
    entries: &'n [Entry],
}

impl<'n> Section<'n> {
    /// The whole file.
    pub(crate) fn root(file: &'n Arc<SourceFile>, node: &'n Node) -> Self {
        let Value::Map(entries) = &node.value else { unreachable!("`read` gives a mapping") };
        Self { file, path: String::new(), span: node.span.clone(), entries }
    }

    fn path_to(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    fn find(&self, key: &str) -> Option<&'n Entry> {
        self.entries.iter().find(|entry| entry.key == key)
    }

    /// Where a key's value stands, or the whole mapping.
    pub(crate) fn place(&self, key: &str) -> Place {
        let span = self.find(key).map_or(&self.span, |entry| &entry.node.span);
        Place::new(self.file, span.clone())
    }

    /// A fault for each key that is not known here.
    pub(crate) fn only(&self, known: &[&str], faults: &mut Faults) {
        for entry in self.entries.iter().filter(|entry| !known.contains(&entry.key.as_str())) {
            let message = format!("`{}` is not known here", self.path_to(&entry.key));
            let mut fault =
                Fault::new("unknown-key", message).at(Place::new(self.file, entry.span.clone()));
            fault.help = did_you_mean(&entry.key, known.iter().copied());
            faults.push(fault);
        }
    }

    fn missing(&self, key: &str, faults: &mut Faults) {
        let message = format!("`{}` is missing in {}", self.path_to(key), self.file.path);
        let place = Place::new(self.file, self.span.start..self.span.start);
        faults.push(Fault::new("missing-key", message).at(place));
    }

    fn wrong(&self, entry: &Entry, wanted: &str) -> Fault {
        let found = match &entry.node.value {
            Value::Text(text) if text.is_empty() => "nothing".to_owned(),
            Value::Text(text) => format!("`{text}`"),
            Value::Map(_) => "a mapping".to_owned(),
        };
        let message = format!("`{}` is {found}; wanted is {wanted}", self.path_to(&entry.key));
        Fault::new("wrong-kind", message).at(Place::new(self.file, entry.node.span.clone()))
    }

    /// A mapping within; an empty one, and a fault, where there is none.
    pub(crate) fn section(&self, key: &str, faults: &mut Faults) -> Self {
        let none = Self {
            file: self.file,
            path: self.path_to(key),
            span: self.span.start..self.span.start,
            entries: &[],
        };
        match self.find(key) {
            None => {
                self.missing(key, faults);
                none
            }
            Some(Entry { node: Node { span, value: Value::Map(entries) }, .. }) => {
                Self { span: span.clone(), entries, ..none }
            }
            Some(entry) => {
                faults.push(self.wrong(entry, "a mapping of keys and values"));
                none
            }
        }
    }

    /// Whether the key is there.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.find(key).is_some()
    }

    /// A text as it stands; empty, and a fault, where there is none.
    pub(crate) fn text(&self, key: &str, faults: &mut Faults) -> &'n str {
        match self.find(key) {
            None => self.missing(key, faults),
            Some(Entry { node: Node { value: Value::Text(text), .. }, .. }) if !text.is_empty() => {
                return text;
            }
            Some(entry) => faults.push(self.wrong(entry, "a text")),
        }
        ""
    }

    /// `true` or `false`.
    pub(crate) fn truth(&self, key: &str, absent: bool, faults: &mut Faults) -> bool {
        let Some(entry) = self.find(key) else { return absent };
        match &entry.node.value {
            Value::Text(text) if text.eq_ignore_ascii_case("true") => true,
            Value::Text(text) if text.eq_ignore_ascii_case("false") => false,
            _ => {
                faults.push(self.wrong(entry, "`true` or `false`"));
                absent
            }
        }
    }

    /// A number from `least` to `most`, which must be there unless `absent`
    /// says what it is else.
    pub(crate) fn number(
        &self,
        key: &str,
        (least, most): (f64, f64),
        absent: Option<f64>,
        faults: &mut Faults,
    ) -> f64 {
        match (self.find(key), absent) {
            (Some(entry), _) => self.number_of(entry, (least, most), faults),
            (None, Some(absent)) => absent,
            (None, None) => {
                self.missing(key, faults);
                least
            }
        }
    }

    fn number_of(&self, entry: &Entry, (least, most): (f64, f64), faults: &mut Faults) -> f64 {
        let most = most.min(NUMBER_MAX);
        let number = match &entry.node.value {
            Value::Text(text) => number(text),
            Value::Map(_) => None,
        };
        if let Some(number) = number.filter(|number| (least..=most).contains(number)) {
            return number;
        }
        let wanted = if most < NUMBER_MAX {
            format!("a number from {least} to {most}")
        } else {
            format!("a number of {least} or more, up to 10^18")
        };
        faults.push(self.wrong(entry, &wanted));
        least
    }

    /// All keys with their numbers, none below zero.
    pub(crate) fn weights(&self, faults: &mut Faults) -> BTreeMap<String, f64> {
        let weight =
            |entry: &Entry| (entry.key.clone(), self.number_of(entry, (0.0, NUMBER_MAX), faults));
        self.entries.iter().map(weight).collect()
    }
}

/// A finite number written in digits.
fn number(text: &str) -> Option<f64> {
    let digits = text.replace('_', "");
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
    digits.parse::<f64>().ok().filter(|number| plain && number.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str, act: impl FnOnce(&Section<'_>, &mut Faults)) -> Vec<String> {
        let file = SourceFile::new("w.yaml", text);
        let mut faults = Faults::new();
        match read(&file) {
            Ok(node) => {
                act(&Section::root(&file, &node), &mut faults);
                faults.into_vec().iter().map(Fault::to_string).collect()
            }
            Err(faults) => faults.iter().map(Fault::to_string).collect(),
        }
    }

    #[test]
    fn values_are_read() {
        let text = "# é first\na:\n  'b c': 1_000.5   # note\n  d: [x\nq: Dec 2025\n";
        assert_eq!(told(text, |_, _| ()).len(), 1);
        let text = "# é first\na:\n  'b c': 1_000.5   # note\n  d: 2e-3\nq: Dec 2025\nt: True\n";
        let faults = told(text, |root, faults| {
            let a = root.section("a", faults);
            let weights = a.weights(faults);
            assert_eq!(weights, BTreeMap::from([("b c".to_owned(), 1000.5), ("d".into(), 0.002)]));
            assert_eq!(root.text("q", faults), "Dec 2025");
            assert!(root.truth("t", false, faults) && root.has("q"));
            assert!((root.number("none", (0.0, 9.0), Some(3.0), faults) - 3.0).abs() < 1e-12);
            assert_eq!(a.place("d").to_string(), "w.yaml:4:6");
        });
        assert_eq!(faults, Vec::<String>::new());
    }

    #[test]
    fn slips_are_told_with_their_place() {
        let faults = told("alpha: 2\nbeta: [1]\n", |_, _| ());
        assert_eq!(faults, ["w.yaml:2:7: a list stands here; weight files have none"]);
        let faults = told("alhpa: 0.5\nbeta:\n  x: -1\ngamma: nan\n", |root, faults| {
            root.only(&["alpha", "beta", "gamma"], faults);
            root.number("alpha", (0.0, 1.0), None, faults);
            root.section("beta", faults).weights(faults);
            root.number("gamma", (0.0, 1.0), None, faults);
            root.section("gamma", faults);
            root.text("beta", faults);
        });
        assert_eq!(
            faults,
            [
                "w.yaml:1:1: `alhpa` is not known here (did you mean `alpha`?)",
                "w.yaml:1:1: `alpha` is missing in w.yaml",
                "w.yaml:3:6: `beta.x` is `-1`; wanted is a number of 0 or more, up to 10^18",
                "w.yaml:4:8: `gamma` is `nan`; wanted is a number from 0 to 1",
                "w.yaml:4:8: `gamma` is `nan`; wanted is a mapping of keys and values",
                "w.yaml:3:3: `beta` is a mapping; wanted is a text",
            ]
        );
    }

    #[test]
    fn what_is_no_weight_file_is_refused() {
        for (text, part) in [
            ("", "w.yaml holds no settings"),
            ("just words", "w.yaml holds no settings"),
            ("a: 1\na: 2\n", "`a` stands here a second time; the first is on line 1"),
            ("a: &x 1\n", "anchors"),
            ("a: *x\n", "w.yaml:1:"),
            ("a: !!int 1\n", "tags"),
            ("? {a: 1}\n: 2\n", "a mapping cannot be a key"),
            ("a: 1\n---\nb: 2\n", "a second document"),
            ("a: {b: {c: {d: {e: {f: {g: {h: {i: 1}}}}}}}}\n", "too deeply"),
            ("a: \"open\n", "w.yaml:"),
        ] {
            let faults = told(text, |_, _| ());
            assert!(faults.len() == 1 && faults[0].contains(part), "{text}: {faults:?}");
        }
    }
}
