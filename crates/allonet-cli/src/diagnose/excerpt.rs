//! A few lines of a file around a fault. Files may be large and their lines
//! long, so only what is shown is copied, and lines are counted once.

use std::ops::Range;
use std::sync::Arc;

use allonet_core::fault::{Place, SourceFile};
use miette::{MietteError, MietteSpanContents, SourceCode, SourceSpan, SpanContents};

/// Most bytes shown on each side of the place.
const SIDE_BYTES: usize = 160;
/// Most bytes of the place itself that are underlined.
const SPAN_BYTES: usize = 200;

/// Counts lines of files; places in ascending order cost one pass in all.
#[derive(Debug, Default)]
pub(super) struct LineCounter {
    at: Option<(Arc<SourceFile>, usize, usize)>,
}

impl LineCounter {
    /// The line of a byte, from 1.
    pub(super) fn line(&mut self, file: &Arc<SourceFile>, offset: usize) -> usize {
        let offset = file.text.floor_char_boundary(offset);
        let (from, line) = match &self.at {
            Some((known, at, line)) if Arc::ptr_eq(known, file) && *at <= offset => (*at, *line),
            _ => (0, 1),
        };
        let line = line + file.text[from..offset].matches('\n').count();
        self.at = Some((Arc::clone(file), offset, line));
        line
    }
}

/// A few lines of a file with a place in them.
#[derive(Debug)]
pub(super) struct Excerpt {
    name: String,
    text: String,
    /// Line of the first character shown, from 0.
    first_line: usize,
    /// Column of the place, from 0.
    column: usize,
    span: Range<usize>,
}

impl Excerpt {
    pub(super) fn new(place: &Place, lines: &mut LineCounter) -> Self {
        let text = &place.file.text;
        let start = text.floor_char_boundary(place.span.start);
        let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
        let line_end = text[start..].find('\n').map_or(text.len(), |at| start + at);
        let last = place.span.end.clamp(start, line_end).min(start.saturating_add(SPAN_BYTES));
        let end = text.floor_char_boundary(last);
        let mut shown = String::new();
        let mut first_line = lines.line(&place.file, start) - 1;
        if line_start > 0 {
            first_line -= 1;
            let from = text[..line_start - 1].rfind('\n').map_or(0, |at| at + 1);
            push_cut(&mut shown, &text[from..line_start - 1]);
            shown.push('\n');
        }
        let from = text.floor_char_boundary(line_start.max(start.saturating_sub(SIDE_BYTES)));
        if from > line_start {
            shown.push('…');
        }
        push_clean(&mut shown, &text[from..start]);
        let begin = shown.len();
        push_clean(&mut shown, &text[start..end]);
        let span = begin..shown.len();
        push_cut(&mut shown, &text[end..line_end]);
        if span.is_empty() && begin == shown.len() {
            // A place at the end of a line needs something to point at.
            shown.push(' ');
        }
        if line_end < text.len() {
            shown.push('\n');
            let rest = &text[line_end + 1..];
            push_cut(&mut shown, rest.split('\n').next().unwrap_or_default());
        }
        let column = text[line_start..start].chars().count();
        Self { name: place.file.path.clone(), text: shown, first_line, column, span }
    }

    /// Where the place is in the excerpt.
    pub(super) fn span(&self) -> Range<usize> {
        self.span.clone()
    }
}

/// The beginning of a line.
fn push_cut(shown: &mut String, line: &str) {
    let end = line.floor_char_boundary(SIDE_BYTES);
    push_clean(shown, &line[..end]);
    if end < line.len() {
        shown.push('…');
    }
}

/// Text that cannot steer a terminal.
fn push_clean(shown: &mut String, text: &str) {
    let text = text.strip_suffix('\r').unwrap_or(text);
    let visible = |c: char| if c.is_control() && c != '\t' { '\u{fffd}' } else { c };
    shown.extend(text.chars().map(visible));
}

impl SourceCode for Excerpt {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let found = self.text.as_str().read_span(span, before, after)?;
        // Asked for without context, it is for the heading: line and column.
        let column = if before == 0 { self.column } else { found.column() };
        Ok(Box::new(MietteSpanContents::new_named(
            self.name.clone(),
            found.data(),
            *found.span(),
            found.line() + self.first_line,
            column,
            found.line_count(),
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn excerpt(text: &str, span: Range<usize>) -> Excerpt {
        let file = SourceFile::new("a.csv", text);
        Excerpt::new(&Place::new(&file, span), &mut LineCounter::default())
    }

    #[test]
    fn one_line_on_each_side_is_shown() {
        let found = excerpt("one\ntwo\nthree\nfour\nfive\n", 8..13);
        assert_eq!(
            (found.text.as_str(), found.first_line, found.column),
            ("two\nthree\nfour", 1, 0)
        );
        assert_eq!(&found.text[found.span()], "three");
    }

    #[test]
    fn a_place_over_many_lines_ends_with_its_first() {
        let found = excerpt("ab\ncd\nef", 1..8);
        assert_eq!(&found.text[found.span()], "b");
        assert_eq!((found.text.as_str(), found.column), ("ab\ncd", 1));
    }

    #[test]
    fn long_lines_are_cut_on_both_sides() {
        let text = format!("{}ä!{}", "x".repeat(5_000), "y".repeat(5_000));
        let found = excerpt(&text, 5_002..5_003);
        assert!(found.text.starts_with("…x") && found.text.ends_with("y…"), "{}", found.text);
        assert!(found.text.len() < 2 * SIDE_BYTES + 20);
        assert_eq!((&found.text[found.span()], found.column), ("!", 5_001));
    }

    #[test]
    fn places_beyond_the_text_and_within_characters_do_no_harm() {
        for (start, end) in [(0, 0), (0, 99), (50, 99), (1, 2), (3, 1)] {
            let found = excerpt("äöü\nz", Range { start, end });
            assert!(found.text.contains("äöü"));
        }
        assert_eq!(excerpt("", 0..0).text, " ");
    }

    #[test]
    fn nothing_in_a_file_steers_the_terminal() {
        assert_eq!(excerpt("a\u{1b}[31mb\r\n", 0..1).text, "a\u{fffd}[31mb\n");
    }

    #[test]
    fn lines_are_counted_onwards() {
        let file = SourceFile::new("a", "a\nb\nc\nd");
        let mut lines = LineCounter::default();
        let found: Vec<usize> = [0, 2, 6, 2, 99].map(|at| lines.line(&file, at)).to_vec();
        assert_eq!(found, [1, 2, 4, 2, 4]);
    }
}
