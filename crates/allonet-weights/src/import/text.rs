//! A text with positions: every entry of a file can be traced to its line.

use allonet_core::fault::SourceFile;

use super::{ImportError, count};

/// A text under the name of its format, without byte order mark.
#[derive(Debug)]
pub(super) struct Text<'a> {
    pub(super) format: &'static str,
    pub(super) content: &'a str,
    /// Where lines begin. Core counts them from the beginning of a file, which
    /// is fit for a fault but too slow for every entry.
    starts: Vec<usize>,
}

impl<'a> Text<'a> {
    /// Refuses a text without content.
    pub(super) fn new(format: &'static str, text: &'a str) -> Result<Self, ImportError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        if text.trim().is_empty() {
            return Err(ImportError::empty(format));
        }
        let ends = text.bytes().enumerate().filter(|&(_, byte)| byte == b'\n');
        let starts = std::iter::once(0).chain(ends.map(|(at, _)| at + 1)).collect();
        Ok(Self { format, content: text, starts })
    }

    /// The line that holds `offset`, from one.
    pub(super) fn line(&self, offset: usize) -> u32 {
        count(self.starts.partition_point(|&start| start <= offset))
    }

    /// The offset of a line and a column in bytes, as JSON parsers report them.
    pub(super) fn offset(&self, line: usize, byte_column: usize) -> usize {
        let start = self.starts.get(line.saturating_sub(1)).copied().unwrap_or(0);
        start + byte_column.saturating_sub(1)
    }

    /// A refusal at an offset.
    pub(super) fn refuse(
        &self,
        offset: usize,
        found: &str,
        expected: &str,
        hint: &str,
    ) -> ImportError {
        let file = SourceFile::new(self.format, self.content);
        ImportError::whole(self.format, found, expected, hint).at(&file, offset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_start_at_one_and_count_characters() {
        let text = Text::new("text", "\u{feff}ab\näöü\n").expect("it has content");
        for (offset, line, column) in [(0, 1, 1), (1, 1, 2), (7, 2, 3), (10, 3, 1), (99, 3, 1)] {
            let refused = text.refuse(offset, "a", "b", "c");
            assert_eq!((refused.line, refused.column), (Some(line), Some(column)), "{offset}");
            assert_eq!(text.line(offset), line);
        }
        assert_eq!(text.offset(2, 1), 3);
    }
}
