//! The documentation page of a mechanism, in Markdown, written from its card
//! and from the documentation of its module, so that it cannot contradict the
//! code.

use crate::card::{Absent, Action, Card, Family, Kind, Setting, Source, Status};

const WRITTEN: &str = "<!-- Written by `cargo xtask gen` from the mechanism's card and the \
                       documentation of its module. Edit those. -->\n";

/// The page of one mechanism. `module_docs` is the text of its module's `//!`
/// header, without the slashes; its headings move one level down.
///
/// Equal cards and texts give equal bytes.
pub fn mechanism_page(card: &Card, module_docs: &str) -> String {
    let docs = demoted(module_docs);
    let detail = if docs.is_empty() { docs } else { format!("\n## In detail\n\n{docs}") };
    [
        head(card),
        settings(card.settings),
        actions(card.actions),
        signals(card),
        references(card.sources),
        detail,
    ]
    .concat()
}

/// The page that lists all mechanisms, family by family, in the order given
/// within each; each links to `<id>.md` next to it.
pub fn catalogue_page<'a>(cards: impl IntoIterator<Item = &'a Card>) -> String {
    let cards: Vec<&Card> = cards.into_iter().collect();
    let mut page = format!("{WRITTEN}\n# Mechanisms\n");
    for family in Family::ALL {
        let own = || cards.iter().filter(|card| card.family == *family);
        if own().next().is_none() {
            continue;
        }
        let heading = format!("\n## {}: {}\n\n", capital(family.name()), family.about());
        page += &heading;
        page += "| id | name | status | rule |\n|---|---|---|---|\n";
        page.extend(own().map(|card| {
            let (id, title) = (card.id, cell(card.title));
            let (status, formula) = (status(card.status), cell(card.formula));
            format!("| [`{id}`]({id}.md) | {title} | {status} | {formula} |\n")
        }));
    }
    page
}

fn capital(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// What a setting may be, in words: `whole number, 1 to 100`.
pub fn kind_in_words(kind: Kind) -> String {
    match kind {
        Kind::Bool => "`true` or `false`".to_owned(),
        Kind::Integer { min, max } => {
            let least = (min != i64::MIN).then(|| min.to_string());
            let most = (max != i64::MAX).then(|| max.to_string());
            format!("whole number{}", bounds(least, most))
        }
        Kind::Number { min, max } => {
            let bound = |bound: f64| (bound.abs() < f64::MAX).then(|| bound.to_string());
            format!("number{}", bounds(bound(min), bound(max)))
        }
        Kind::Share => "share: `4%`, `0.04` or `1/25`".to_owned(),
        Kind::Decimal => "amount, such as `1_250.75 USDC`".to_owned(),
        Kind::Text => "text".to_owned(),
        Kind::Choice(words) => {
            let words: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
            match words.split_last() {
                Some((last, rest)) if !rest.is_empty() => {
                    format!("{} or {last}", rest.join(", "))
                }
                _ => words.concat(),
            }
        }
        Kind::File => "data file".to_owned(),
        Kind::List => "list of texts".to_owned(),
        Kind::Weights => "one payee, or payees with weights".to_owned(),
        Kind::Time => "moment, such as `2026-01-31T00:00:00Z`".to_owned(),
    }
}

/// `, 1 to 100`, with a side left open where there is no bound.
fn bounds(least: Option<String>, most: Option<String>) -> String {
    match (least, most) {
        (Some(least), Some(most)) => format!(", {least} to {most}"),
        (Some(least), None) => format!(", {least} or more"),
        (None, Some(most)) => format!(", {most} or less"),
        (None, None) => String::new(),
    }
}

fn head(card: &Card) -> String {
    let Card { id, title, formula, .. } = card;
    let status = status(card.status);
    format!(
        "{WRITTEN}\n# {title}\n\n`mechanism = \"{id}\"` · {status}\n\n```text\n{formula}\n```\n"
    )
}

fn status(status: Status) -> String {
    match status {
        Status::Preview { since } => format!("preview since {since}"),
        Status::Stable { since } => format!("stable since {since}"),
    }
}

fn settings(settings: &[Setting]) -> String {
    if settings.is_empty() {
        return "\n## Settings\n\nNone.\n".to_owned();
    }
    let mut text = "\n## Settings\n\n| key | may be | when absent | meaning |\n".to_owned();
    text += "|---|---|---|---|\n";
    text.extend(settings.iter().map(|setting| {
        let absent = match setting.default {
            Absent::Required => "must be given".to_owned(),
            Absent::None(meaning) => meaning.to_owned(),
            Absent::Default(value) => format!("`{value}`"),
        };
        let kind = cell(&kind_in_words(setting.kind));
        let (absent, doc) = (cell(&absent), cell(setting.doc));
        format!("| `{}` | {kind} | {absent} | {doc} |\n", setting.name)
    }));
    text
}

fn actions(actions: &[Action]) -> String {
    if actions.is_empty() {
        return String::new();
    }
    let mut text = "\n## Events\n\nThe key `events` names an event log, one JSON object a line \
                    with `time`, `actor`, `action` and the fields below.\n\n\
                    | action | fields | may have | meaning |\n|---|---|---|---|\n"
        .to_owned();
    text.extend(actions.iter().map(|action| {
        let (fields, doc) = (names(action.fields), cell(action.doc));
        let optional = names(action.optional);
        format!("| `{}` | {fields} | {optional} | {doc} |\n", action.name)
    }));
    text
}

fn signals(card: &Card) -> String {
    let line = |verb: &str, signals: &[&str]| match signals {
        [] => String::new(),
        signals => format!("* {verb}: {}\n", names(signals)),
    };
    let text = line("Reads", card.reads) + &line("Emits", card.emits);
    if text.is_empty() { text } else { format!("\n## Signals\n\n{text}") }
}

fn references(sources: &[Source]) -> String {
    if sources.is_empty() {
        return String::new();
    }
    let mut text = "\n## References\n\n".to_owned();
    text.extend(sources.iter().map(|Source { cite, url }| format!("* {cite}: <{url}>\n")));
    text
}

fn names(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// Text that fits a cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

/// Module documentation as a part of a page: headings one level down, examples
/// marked as Rust without their hidden lines, links to items as plain names.
fn demoted(docs: &str) -> String {
    let mut text = String::new();
    let mut fence: Option<bool> = None;
    for line in docs.trim().lines() {
        if let Some(language) = line.trim_start().strip_prefix("```") {
            fence = match fence {
                Some(_) => None,
                None => Some(is_rust(language)),
            };
            let bare = fence == Some(true) && language.trim().is_empty();
            text += if bare { "```rust" } else { line };
        } else if let Some(rust) = fence {
            let hidden = line == "#" || line.starts_with("# ");
            if rust && hidden {
                continue;
            }
            text += line;
        } else {
            if line.starts_with('#') {
                text.push_str("##");
            }
            text += &without_item_links(line);
        }
        text.push('\n');
    }
    text
}

/// Whether rustdoc takes a code block of this language for Rust.
fn is_rust(language: &str) -> bool {
    const WORDS: [&str; 6] =
        ["rust", "should_panic", "no_run", "ignore", "compile_fail", "edition2024"];
    language.trim().split(',').all(|word| word.is_empty() || WORDS.contains(&word))
}

/// ``[`Amount`]`` becomes `` `Amount` ``; links with a target stay.
fn without_item_links(line: &str) -> String {
    let mut text = String::new();
    let mut rest = line;
    while let Some((before, after)) = rest.split_once("[`") {
        text += before;
        match after.split_once("`]") {
            Some((name, tail)) if !tail.starts_with(['(', '[', ':']) => {
                text.extend(["`", name, "`"]);
                rest = tail;
            }
            _ => {
                text += "[`";
                rest = after;
            }
        }
    }
    text + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    const CARD: Card = Card {
        id: "fair",
        title: "Fair share",
        family: Family::Flow,
        formula: "x = pool / n",
        status: Status::Preview { since: "0.1.0" },
        sources: &[Source { cite: "A. Author (2020)", url: "https://example.org/fair" }],
        settings: &[
            Setting {
                name: "cap",
                kind: Kind::Share,
                default: Absent::None("no cap"),
                doc: "Most for one payee | of the pool.",
            },
            Setting {
                name: "rounds",
                kind: Kind::Integer { min: 1, max: 9 },
                default: Absent::Default("3"),
                doc: "How often.",
            },
        ],
        actions: &[Action {
            name: "join",
            fields: &["weight"],
            optional: &["note"],
            doc: "Takes part.",
        }],
        reads: &["weights"],
        emits: &[],
    };

    #[test]
    fn a_page_says_all_that_the_card_says() {
        let docs = "Equal parts of [`Amount`].\n\n# Limits\n\nNone.\n\n# Example\n\n```\n# use x;\n\
                    f();\n#[test]\n```\n\n```text\n# kept\n```";
        let page = mechanism_page(&CARD, docs);
        let expected = "\
# Fair share

`mechanism = \"fair\"` · preview since 0.1.0

```text
x = pool / n
```

## Settings

| key | may be | when absent | meaning |
|---|---|---|---|
| `cap` | share: `4%`, `0.04` or `1/25` | no cap | Most for one payee \\| of the pool. |
| `rounds` | whole number, 1 to 9 | `3` | How often. |

## Events

The key `events` names an event log, one JSON object a line with `time`, `actor`, `action` and \
the fields below.

| action | fields | may have | meaning |
|---|---|---|---|
| `join` | `weight` | `note` | Takes part. |

## Signals

* Reads: `weights`

## References

* A. Author (2020): <https://example.org/fair>

## In detail

Equal parts of `Amount`.

### Limits

None.

### Example

```rust
f();
#[test]
```

```text
# kept
```
";
        assert_eq!(page.strip_prefix(WRITTEN).unwrap().trim_start(), expected);
    }

    #[test]
    fn a_bare_card_gives_a_short_page() {
        let card = Card { settings: &[], actions: &[], reads: &[], sources: &[], ..CARD };
        let page = mechanism_page(&card, "");
        assert!(page.ends_with("```\n\n## Settings\n\nNone.\n"), "{page}");
    }

    #[test]
    fn the_catalogue_links_every_page() {
        let page = catalogue_page([&CARD]);
        assert!(page.ends_with(
            "| [`fair`](fair.md) | Fair share | preview since 0.1.0 | x = pool / n |\n"
        ));
    }

    #[test]
    fn kinds_read_well() {
        let words = |kind| kind_in_words(kind);
        assert_eq!(words(Kind::Integer { min: 0, max: i64::MAX }), "whole number, 0 or more");
        assert_eq!(words(Kind::Integer { min: i64::MIN, max: 5 }), "whole number, 5 or less");
        assert_eq!(words(Kind::Number { min: f64::NEG_INFINITY, max: f64::MAX }), "number");
        assert_eq!(words(Kind::Number { min: 0.25, max: 2.0 }), "number, 0.25 to 2");
        assert_eq!(words(Kind::Choice(&["a", "b", "c"])), "`a`, `b` or `c`");
        assert_eq!(words(Kind::Choice(&["a"])), "`a`");
    }

    #[test]
    fn links_with_a_target_stay() {
        let line = "see [`a`], [`b`](c.md), [`open and [x](y)";
        assert_eq!(without_item_links(line), "see `a`, [`b`](c.md), [`open and [x](y)");
    }
}
