//! The run report: one HTML file that holds everything it shows and loads nothing.
//!
//! [`render`] puts the page's own sources (template, style, scripts) and the data into one file.
//! The scripts share one scope and are joined in the order below. The page is a function of the
//! data alone: no clock, no randomness, no network (its content policy forbids it).

mod build;
mod data;

pub(crate) use build::build;
pub(crate) use data::Report;

const TEMPLATE: &str = include_str!("template.html");
const STYLE: &str = include_str!("style.css");
const SCRIPTS: [&str; 11] = [
    "\"use strict\";\n",
    include_str!("money.js"),
    include_str!("graph.js"),
    include_str!("layout.js"),
    include_str!("dom.js"),
    include_str!("chart.js"),
    include_str!("table.js"),
    include_str!("detail.js"),
    include_str!("summary.js"),
    include_str!("exhibits.js"),
    include_str!("app.js"),
];

/// The whole report page. Equal data gives equal bytes.
pub(crate) fn render(data: &Report) -> String {
    let title = data.network.title.as_deref().unwrap_or(&data.network.name);
    let json = serde_json::to_string(data).expect("report data has only string keys");
    fill(
        TEMPLATE,
        &[
            ("{{title}}", &escape_text(title)),
            ("{{style}}", STYLE),
            ("{{data}}", &escape_json(&json)),
            ("{{script}}", &SCRIPTS.concat()),
        ],
    )
}

/// Replaces every slot of the template in one pass, so that a slot's name inside a value (an id
/// may contain anything) stays as it is.
pub(crate) fn fill(template: &str, slots: &[(&str, &str)]) -> String {
    let mut page = String::with_capacity(
        template.len() + slots.iter().map(|(_, value)| value.len()).sum::<usize>(),
    );
    let mut rest = template;
    while let Some(start) = rest.find("{{") {
        let (before, from) = rest.split_at(start);
        let (name, value) = slots
            .iter()
            .find(|(name, _)| from.starts_with(name))
            .expect("every slot of the template has a value");
        page.push_str(before);
        page.push_str(value);
        rest = &from[name.len()..];
    }
    page.push_str(rest);
    page
}

/// Makes JSON safe inside a script element: no `<` is left to end it or to open a comment, and no
/// line separator that older script parsers trip over. The parsed value is the same.
pub(crate) fn escape_json(json: &str) -> String {
    let mut safe = String::with_capacity(json.len());
    for character in json.chars() {
        match character {
            '<' => safe.push_str("\\u003c"),
            '>' => safe.push_str("\\u003e"),
            '&' => safe.push_str("\\u0026"),
            '\u{2028}' => safe.push_str("\\u2028"),
            '\u{2029}' => safe.push_str("\\u2029"),
            other => safe.push(other),
        }
    }
    safe
}

/// Makes text safe as the content of an element.
pub(crate) fn escape_text(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::data::{AssetAmount, Network, Node, NodeKind};
    use super::*;

    fn hostile() -> Report {
        let id = "</script><!--<script>\u{2028}\u{2029}{{style}}&\"'";
        Report {
            engine: "allonet 0.1.0".into(),
            network: Network { name: id.into(), ..Network::default() },
            nodes: vec![Node {
                id: id.into(),
                title: None,
                kind: NodeKind::Recipient,
                mechanism: None,
                rule: None,
                part: None,
                merged: None,
                inflow: vec![AssetAmount { asset: 0, amount: "1".into() }],
                paid_out: vec![],
                retained: vec![],
                unspent: vec![],
            }],
            ..Report::default()
        }
    }

    fn data_of(page: &str) -> &str {
        let (_, from) = page.split_once("id=\"data\">").expect("the page has a data element");
        from.split_once("</script>").expect("the data element ends").0
    }

    #[test]
    fn data_survives_embedding_and_cannot_leave_its_element() {
        let report = hostile();
        let page = render(&report);
        let data = data_of(&page);
        assert!(!data.contains(['<', '>', '&', '\u{2028}', '\u{2029}']));
        let parsed: serde_json::Value = serde_json::from_str(data).expect("still JSON");
        assert_eq!(parsed["nodes"][0]["id"], report.nodes[0].id.as_str());
        assert_eq!(parsed["nodes"][0]["kind"], "recipient");
    }

    #[test]
    fn title_is_text_and_slots_inside_values_are_left_alone() {
        let page = render(&hostile());
        assert!(page.contains("<title>&lt;/script&gt;&lt;!--&lt;script&gt;"));
        assert_eq!(page.matches("{{style}}").count(), 4, "title, heading, name and id keep it");
    }

    #[test]
    fn the_page_names_no_address_but_the_svg_namespace() {
        let page = render(&Report::default());
        for scheme in
            ["http://", "https://", "ws://", "wss://", "@import", "url(h", "fetch(", "XMLHttp"]
        {
            let found = page.matches(scheme).count();
            let expected = usize::from(scheme == "http://");
            assert_eq!(found, expected, "{scheme} occurs {found} times");
        }
        assert!(page.contains("http://www.w3.org/2000/svg"));
        assert!(page.contains("default-src 'none'"));
    }

    #[test]
    fn own_sources_cannot_end_their_elements() {
        assert!(!STYLE.contains("</"));
        assert!(!SCRIPTS.concat().contains("</script"));
        assert!(!SCRIPTS.concat().contains("<!--"));
    }

    #[test]
    fn equal_data_gives_equal_bytes() {
        assert_eq!(render(&hostile()), render(&hostile()));
    }
}
