//! `go.mod`: what a Go module requires, alone or with `go mod graph`.
//!
//! Alone, the file says which modules the main module needs itself
//! ([`EdgeKind::Normal`]) and which it lists for others (`// indirect`,
//! [`EdgeKind::Indirect`]), not for whom.
//!
//! With the output of `go mod graph` the edges between modules are known, for
//! every version that was considered. Only the versions the build selects count:
//! the one `go.mod` requires, otherwise the highest one mentioned. An indirect
//! requirement then becomes an edge of the main module only if no selected
//! module needs it. The `go` and `toolchain` pseudo-modules are not modules.
//!
//! A replaced module is the module that replaces it; one replaced by a local
//! folder is the project's own, and a root like the main module.

mod version;

use std::collections::{BTreeMap, BTreeSet};

use super::{ImportError, ReadOptions, count, shown};
use crate::graph::{DependencyGraph, EdgeKind, GraphBuilder, Package};
use crate::purl;
use crate::repository::canonical_repo;

pub(super) const FORMAT: &str = "go.mod";
const GRAPH: &str = "go mod graph";

/// A module path and, where one is named, a version.
type Named<'a> = (&'a str, Option<&'a str>);

#[derive(Debug)]
struct Require<'a> {
    path: &'a str,
    version: &'a str,
    indirect: bool,
    line: u32,
}

#[derive(Debug, Default)]
struct GoMod<'a> {
    module: Option<(&'a str, u32)>,
    requires: Vec<Require<'a>>,
    /// Old modules to new ones; without a version, every version is meant.
    replaces: BTreeMap<Named<'a>, Named<'a>>,
    excludes: BTreeSet<(&'a str, &'a str)>,
}

/// Reads a `go.mod`, with the module graph when the options carry one.
pub fn read(text: &str, options: &ReadOptions) -> Result<DependencyGraph, ImportError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.trim().is_empty() {
        return Err(ImportError::empty(FORMAT));
    }
    let file = parse(text)?;
    let Some((main, main_line)) = file.module else {
        return Err(ImportError::whole(
            FORMAT,
            "no `module` line",
            "`module` and the path of the main module",
            "check that this is a go.mod file",
        ));
    };
    let mut builder = GraphBuilder::default();
    let root = builder.describe(main, evidence(main, None, Some(main_line)));
    builder.mark_root(root);
    for require in &file.requires {
        describe(&mut builder, &file, require.path, require.version, Some(require.line));
        if file.excludes.contains(&(require.path, require.version)) {
            let text = format!("`{}` is required at an excluded version", require.path);
            builder.note(Some(require.line), text);
        }
    }
    let needed = match options.go_graph {
        Some(graph) => add_graph(&mut builder, &file, main, graph)?,
        None => BTreeSet::new(),
    };
    for require in &file.requires {
        let node = builder.node(file.replaced(require.path, require.version).0);
        if !require.indirect {
            builder.edge(root, node, EdgeKind::Normal, None);
        } else if !needed.contains(require.path) {
            builder.edge(root, node, EdgeKind::Indirect, None);
        }
    }
    Ok(builder.finish())
}

// --- The file ---------------------------------------------------------------

fn parse(text: &str) -> Result<GoMod<'_>, ImportError> {
    let mut file = GoMod::default();
    let mut block: Option<(&str, u32)> = None;
    for (at, line) in text.lines().enumerate() {
        let number = count(at + 1);
        let (code, comment) = line.split_once("//").unwrap_or((line, ""));
        let words: Vec<&str> =
            code.split_whitespace().map(|word| word.trim_matches(['"', '`'])).collect();
        match (block, words.as_slice()) {
            (_, []) => {}
            (Some(_), [")"]) => block = None,
            (Some((verb, _)), words) => file.directive(verb, words, comment, number)?,
            (None, [verb, "("]) => block = Some((verb, number)),
            (None, [verb, words @ ..]) => file.directive(verb, words, comment, number)?,
        }
    }
    match block {
        None => Ok(file),
        Some((verb, line)) => Err(refuse(
            line,
            Some(verb),
            "a block without end",
            "a line with `)`",
            "the file seems cut off; fetch it again",
        )),
    }
}

impl<'a> GoMod<'a> {
    fn directive(
        &mut self,
        verb: &str,
        words: &[&'a str],
        comment: &str,
        line: u32,
    ) -> Result<(), ImportError> {
        let wrong = |expected: &str| {
            let found = format!("`{}`", shown(&words.join(" ")));
            let hint = "see the go.mod reference, https://go.dev/ref/mod#go-mod-file";
            refuse(line, Some(verb), &found, expected, hint)
        };
        match verb {
            "module" => match words {
                [path] if self.module.is_none() => self.module = Some((path, line)),
                _ => return Err(wrong("one module path, once")),
            },
            "require" => match words {
                [path, version] if version.starts_with('v') => {
                    let mut comments = comment.split([';', '/']);
                    let indirect = comments.any(|comment| comment.trim() == "indirect");
                    self.requires.push(Require { path, version, indirect, line });
                }
                _ => return Err(wrong("a module path and a version such as v1.2.3")),
            },
            "replace" => {
                let arrow = words.iter().position(|&word| word == "=>");
                let sides = arrow.map(|at| (&words[..at], &words[at + 1..]));
                let (Some(old), Some(new)) =
                    (sides.and_then(|s| module(s.0)), sides.and_then(|s| module(s.1)))
                else {
                    return Err(wrong("`old [version] => new [version]`"));
                };
                self.replaces.insert(old, new);
            }
            "exclude" => match words {
                [path, version] => {
                    self.excludes.insert((path, version));
                }
                _ => return Err(wrong("a module path and a version")),
            },
            "go" | "toolchain" | "godebug" | "retract" | "tool" | "ignore" => {}
            _ => {
                let found = format!("`{}`", shown(verb));
                let expected = "module, go, toolchain, godebug, require, replace, exclude, \
                                retract, tool or ignore";
                return Err(refuse(
                    line,
                    None,
                    &found,
                    expected,
                    "check that this is a go.mod file",
                ));
            }
        }
        Ok(())
    }

    /// The module that stands in for another; itself when not replaced.
    fn replaced<'s>(&self, path: &'s str, version: &'s str) -> Named<'s>
    where
        'a: 's,
    {
        let exact = self.replaces.get(&(path, Some(version)));
        let new = exact.or_else(|| self.replaces.get(&(path, None)));
        match new {
            Some(&(new, _)) if is_folder(new) => (path, Some(version)),
            Some(&new) => new,
            None => (path, Some(version)),
        }
    }

    fn is_local(&self, path: &str, version: &str) -> bool {
        let exact = self.replaces.get(&(path, Some(version)));
        let new = exact.or_else(|| self.replaces.get(&(path, None)));
        new.is_some_and(|&(new, _)| is_folder(new))
    }
}

/// `path` or `path version`.
fn module<'a>(words: &[&'a str]) -> Option<Named<'a>> {
    match *words {
        [path] => Some((path, None)),
        [path, version] => Some((path, Some(version))),
        _ => None,
    }
}

/// Local replacements begin with `./`, `../`, `/` or a drive letter.
fn is_folder(path: &str) -> bool {
    path.starts_with(['.', '/', '\\']) || path.as_bytes().get(1) == Some(&b':')
}

fn refuse(line: u32, field: Option<&str>, found: &str, expected: &str, hint: &str) -> ImportError {
    ImportError {
        line: Some(line),
        field: field.map(str::to_owned),
        ..ImportError::whole(FORMAT, found, expected, hint)
    }
}

// --- Nodes ------------------------------------------------------------------

fn describe(
    builder: &mut GraphBuilder,
    file: &GoMod,
    path: &str,
    version: &str,
    line: Option<u32>,
) -> u32 {
    let (new, new_version) = file.replaced(path, version);
    let node = builder.describe(new, evidence(new, new_version, line));
    if new != path {
        builder.note(line, format!("`{path}` is replaced by `{new}`"));
    }
    if file.is_local(path, version) {
        builder.mark_root(node);
        builder.note(line, format!("`{path}` is replaced by a folder: the project's own"));
    }
    node
}

fn evidence(path: &str, version: Option<&str>, line: Option<u32>) -> Package {
    let hosts = ["github.com/", "gitlab.com/", "bitbucket.org/", "codeberg.org/"];
    let known = hosts.iter().any(|host| path.starts_with(host));
    let repository = path.splitn(4, '/').take(3).collect::<Vec<_>>().join("/");
    Package {
        name: path.to_owned(),
        version: version.map(str::to_owned),
        purl: Some(purl::of("golang", path, version)),
        repository: known.then(|| canonical_repo(&repository)),
        licence: None,
        line,
    }
}

// --- The module graph -------------------------------------------------------

/// Adds the edges between selected versions; returns the modules somebody other
/// than the main module needs.
fn add_graph<'a>(
    builder: &mut GraphBuilder,
    file: &GoMod<'a>,
    main: &'a str,
    text: &'a str,
) -> Result<BTreeSet<&'a str>, ImportError> {
    let pairs = parse_graph(text)?;
    let mut selected: BTreeMap<&str, &str> = BTreeMap::new();
    for &(path, version) in pairs.iter().flat_map(|(from, to)| [from, to]) {
        let best = selected.entry(path).or_insert(version);
        if version::is_later(version, best) {
            *best = version;
        }
    }
    selected.extend(file.requires.iter().map(|require| (require.path, require.version)));
    selected.insert(main, "");
    let reached = reachable(&pairs, &selected, main);
    let required: BTreeSet<&str> = file.requires.iter().map(|require| require.path).collect();
    for &path in reached.iter().filter(|&&path| path != main && !required.contains(path)) {
        describe(builder, file, path, selected[path], None);
    }
    let mut needed = BTreeSet::new();
    for (from, to) in &pairs {
        if from.0 != main && selected[from.0] == from.1 && reached.contains(from.0) {
            let dependent = builder.node(file.replaced(from.0, selected[from.0]).0);
            let dependency = builder.node(file.replaced(to.0, selected[to.0]).0);
            builder.edge(dependent, dependency, EdgeKind::Unknown, None);
            needed.insert(to.0);
        }
    }
    let left_out = selected.keys().filter(|&path| !reached.contains(path)).count();
    if left_out > 0 {
        builder.note(None, format!("left out {left_out} modules only unselected versions need"));
    }
    Ok(needed)
}

type Module<'a> = (&'a str, &'a str);

fn parse_graph(text: &str) -> Result<Vec<(Module<'_>, Module<'_>)>, ImportError> {
    let split = |word| str::split_once(word, '@').unwrap_or((word, ""));
    let mut pairs = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[..] {
            [] => {}
            [from, to] => {
                let (from, to) = (split(from), split(to));
                let pseudo = |path| matches!(path, "go" | "toolchain");
                if !pseudo(from.0) && !pseudo(to.0) {
                    pairs.push((from, to));
                }
            }
            _ => {
                return Err(ImportError {
                    format: GRAPH,
                    line: Some(count(at + 1)),
                    ..ImportError::whole(
                        GRAPH,
                        &format!("`{}`", shown(line)),
                        "two modules, as in `example.com/a example.com/b@v1.2.3`",
                        "give the unchanged output of `go mod graph`",
                    )
                });
            }
        }
    }
    Ok(pairs)
}

/// The modules the main module leads to along selected versions.
fn reachable<'a>(
    pairs: &[(Module<'a>, Module<'a>)],
    selected: &BTreeMap<&'a str, &'a str>,
    main: &'a str,
) -> BTreeSet<&'a str> {
    let mut below: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (from, to) in pairs {
        if selected[from.0] == from.1 {
            below.entry(from.0).or_default().push(to.0);
        }
    }
    let mut reached = BTreeSet::from([main]);
    let mut stack = vec![main];
    while let Some(path) = stack.pop() {
        for &next in below.get(path).into_iter().flatten() {
            if reached.insert(next) {
                stack.push(next);
            }
        }
    }
    reached
}
