//! The ballot: one HTML file that asks a juror, loads nothing and sends nothing.
//!
//! The page is a function of its data alone. `ask.js` chooses questions and
//! finds contradictions; `page.js` shows them. Answers stay in the browser until
//! the juror downloads them.

use serde::Serialize;

use crate::report::{escape_json, escape_text, fill};

const TEMPLATE: &str = include_str!("template.html");
const STYLE: &str = include_str!("style.css");
const SCRIPTS: [&str; 4] = [
    "\"use strict\";\n",
    include_str!("../report/dom.js"),
    include_str!("ask.js"),
    include_str!("page.js"),
];

/// What the page knows.
#[derive(Debug, Serialize)]
pub(crate) struct Ballot {
    /// What it is called.
    pub(crate) title: String,
    /// What is asked of each pair.
    pub(crate) question: String,
    /// Names of the items, sorted.
    pub(crate) items: Vec<String>,
    /// What others said: two places, wins of the first, answers.
    pub(crate) known: Vec<(usize, usize, f64, f64)>,
    /// Whether to ask how many times more.
    pub(crate) how_much: bool,
    /// How many answers are enough.
    pub(crate) goal: usize,
    /// Decides the first questions and which item stands first.
    pub(crate) seed: u32,
}

/// The whole page. Equal data gives equal bytes.
pub(crate) fn render(ballot: &Ballot) -> String {
    let json = serde_json::to_string(ballot).expect("a ballot has only text keys");
    let slots = [
        ("{{title}}", escape_text(&ballot.title)),
        ("{{style}}", STYLE.to_owned()),
        ("{{data}}", escape_json(&json)),
        ("{{script}}", SCRIPTS.concat()),
    ];
    let slots: Vec<(&str, &str)> =
        slots.iter().map(|(name, value)| (*name, value.as_str())).collect();
    fill(TEMPLATE, &slots)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_survive_and_cannot_leave_their_element() {
        let hostile = "</script><!--<script>{{style}}&\"'\u{2028}";
        let ballot = Ballot {
            title: hostile.into(),
            question: hostile.into(),
            items: vec![hostile.into(), "b".into()],
            known: vec![(0, 1, 0.5, 1.0)],
            how_much: true,
            goal: 1,
            seed: 0,
        };
        let page = render(&ballot);
        let (_, from) = page.split_once("id=\"data\">").expect("the page has data");
        let data = from.split_once("</script>").expect("it ends").0;
        assert!(!data.contains(['<', '>', '&', '\u{2028}']));
        let parsed: serde_json::Value = serde_json::from_str(data).expect("still JSON");
        assert_eq!(parsed["items"][0], hostile);
        assert!(page.contains("<title>&lt;/script&gt;"));
        assert_eq!(page, render(&ballot));
    }

    #[test]
    fn the_page_names_no_address_and_its_sources_stay_inside() {
        let sources = [TEMPLATE, STYLE, &SCRIPTS.concat()].concat();
        for scheme in ["https://", "ws://", "wss://", "@import", "url(h", "fetch(", "XMLHttp"] {
            assert!(!sources.contains(scheme), "{scheme}");
        }
        assert_eq!(sources.matches("http://").count(), 1, "the namespace of drawings");
        assert!(TEMPLATE.contains("default-src 'none'"));
        assert!(!SCRIPTS.concat().contains("</script") && !SCRIPTS.concat().contains("innerHTML"));
    }
}
