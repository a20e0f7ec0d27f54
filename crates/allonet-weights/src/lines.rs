//! From a byte offset to the line and column a person sees.

/// Where the lines of a text begin.
#[derive(Debug, Clone)]
pub(crate) struct Lines {
    starts: Vec<usize>,
}

/// A position as editors show it: both numbers start at one, the column
/// counts characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) line: u32,
    pub(crate) column: u32,
}

impl Lines {
    pub(crate) fn new(text: &str) -> Self {
        let ends = text.bytes().enumerate().filter(|&(_, byte)| byte == b'\n');
        Self { starts: std::iter::once(0).chain(ends.map(|(at, _)| at + 1)).collect() }
    }

    /// The line that holds `offset`; logarithmic, so fit for every entry.
    pub(crate) fn line(&self, offset: usize) -> u32 {
        count(self.starts.partition_point(|&start| start <= offset))
    }

    /// Line and column of `offset`; walks the line, so meant for errors.
    pub(crate) fn place(&self, text: &str, offset: usize) -> Place {
        let line = self.line(offset);
        let start = self.starts[line as usize - 1];
        let column = text.get(start..).map_or(0, |rest| {
            rest.char_indices().take_while(|(at, _)| start + at < offset).count()
        });
        Place { line, column: count(column + 1) }
    }

    /// The byte offset of a line and byte column, as JSON parsers report them.
    pub(crate) fn offset(&self, line: usize, byte_column: usize) -> usize {
        let start = self.starts.get(line.saturating_sub(1)).copied().unwrap_or(0);
        start + byte_column.saturating_sub(1)
    }
}

/// A count as the 32 bits evidence keeps.
pub(crate) fn count(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_start_at_one_and_count_characters() {
        let text = "ab\näöü\n";
        let lines = Lines::new(text);
        assert_eq!(lines.place(text, 0), Place { line: 1, column: 1 });
        assert_eq!(lines.place(text, 1), Place { line: 1, column: 2 });
        assert_eq!(lines.place(text, 7), Place { line: 2, column: 3 });
        assert_eq!(lines.place(text, text.len()), Place { line: 3, column: 1 });
        assert_eq!(lines.offset(2, 1), 3);
    }
}
