//! Walks over the cells of a text, quotes and all.

use std::sync::Arc;

use crate::fault::{Fault, Place, SourceFile};

/// The marker that some programs write in front of a text.
const BYTE_ORDER_MARK: &str = "\u{feff}";

/// One cell as it was scanned.
pub(super) struct Cell {
    pub(super) start: usize,
    pub(super) end: usize,
    /// It is quoted and holds doubled quotes.
    pub(super) doubled: bool,
    /// It ends its row.
    pub(super) last: bool,
    flaw: Option<Flaw>,
}

/// What can be wrong with quotes.
enum Flaw {
    /// The opening quote has no closing one.
    Open,
    /// Text follows the closing quote, up to this byte.
    Stray(usize),
}

impl Cell {
    /// The fault of its quotes, if there is one.
    pub(super) fn fault(&self, file: &Arc<SourceFile>) -> Option<Fault> {
        let help = "a quote inside a quoted cell is doubled: \"\"";
        match self.flaw.as_ref()? {
            Flaw::Open => {
                let place = Place::new(file, self.start - 1..self.start);
                Some(Fault::new("open-quote", "this quote is never closed").at(place).help(help))
            }
            Flaw::Stray(end) => {
                let place = Place::new(file, self.end + 1..*end);
                Some(Fault::new("stray-text", "text follows a closing quote").at(place).help(help))
            }
        }
    }
}

/// Walks over the cells of a text.
pub(super) struct Scanner<'a> {
    bytes: &'a [u8],
    delimiter: u8,
    /// The next byte.
    pub(super) at: usize,
    /// Its line, from 1.
    pub(super) line: u32,
}

impl<'a> Scanner<'a> {
    /// At the beginning of a text, behind its byte order mark.
    pub(super) fn new(text: &'a str, delimiter: u8) -> Self {
        let at = if text.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { 0 };
        Self { bytes: text.as_bytes(), delimiter, at, line: 1 }
    }

    /// Goes to the next line with anything on it; `false` at the end.
    pub(super) fn skip_empty_lines(&mut self) -> bool {
        let mut ahead = self.at;
        while let Some(byte) = self.bytes.get(ahead) {
            ahead += 1;
            match byte {
                b'\n' => {
                    self.line += 1;
                    self.at = ahead;
                }
                b' ' | b'\t' | b'\r' => {}
                _ => return true,
            }
        }
        false
    }

    /// The next cell; the scanner then stands behind its delimiter or line end.
    pub(super) fn cell(&mut self) -> Cell {
        let blank = |byte: u8| byte != self.delimiter && matches!(byte, b' ' | b'\t');
        let mut start = self.at;
        while self.bytes.get(start).is_some_and(|byte| blank(*byte)) {
            start += 1;
        }
        if self.bytes.get(start) == Some(&b'"') {
            return self.quoted(start + 1);
        }
        let (end, last) = self.finish(start);
        let end = trimmed(self.bytes, start, end);
        Cell { start, end, doubled: false, last, flaw: None }
    }

    /// A cell whose text begins behind its opening quote.
    fn quoted(&mut self, start: usize) -> Cell {
        let mut doubled = false;
        let mut end = start;
        loop {
            match (self.bytes.get(end), self.bytes.get(end + 1)) {
                (None, _) => {
                    self.at = end;
                    return Cell { start, end, doubled, last: true, flaw: Some(Flaw::Open) };
                }
                (Some(b'"'), Some(b'"')) => {
                    doubled = true;
                    end += 1;
                }
                (Some(b'"'), _) => break,
                (Some(b'\n'), _) => self.line += 1,
                _ => {}
            }
            end += 1;
        }
        let (stray, last) = self.finish(end + 1);
        let stray = trimmed(self.bytes, end + 1, stray);
        if stray > end + 1 {
            return Cell { start, end, doubled, last, flaw: Some(Flaw::Stray(stray)) };
        }
        let (start, end) = inside(self.bytes, start, end);
        Cell { start, end, doubled, last, flaw: None }
    }

    /// Goes behind the next delimiter or line end; says where that stands and
    /// whether the row ends there.
    fn finish(&mut self, from: usize) -> (usize, bool) {
        let rest = &self.bytes[from..];
        let ends = |byte: &u8| *byte == self.delimiter || *byte == b'\n';
        let end = from + rest.iter().position(ends).unwrap_or(rest.len());
        let last = self.bytes.get(end) != Some(&self.delimiter);
        self.line += u32::from(self.bytes.get(end) == Some(&b'\n'));
        self.at = (end + 1).min(self.bytes.len());
        (end, last)
    }
}

/// A quoted text without the blanks and line ends around it, so that quotes do
/// not make two names of one.
fn inside(bytes: &[u8], start: usize, end: usize) -> (usize, usize) {
    let text = &bytes[start..end];
    let blank = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
    let lead = text.iter().take_while(|byte| blank(byte)).count();
    let tail = text[lead..].iter().rev().take_while(|byte| blank(byte)).count();
    (start + lead, end - tail)
}

/// The end of a text without the blanks that close it.
fn trimmed(bytes: &[u8], start: usize, mut end: usize) -> usize {
    while end > start && matches!(bytes[end - 1], b' ' | b'\t' | b'\r') {
        end -= 1;
    }
    end
}
