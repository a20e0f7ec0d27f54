//! Rust text split into code and comments, so that a scanner is not misled by
//! braces in a string or words in a comment.

use std::collections::BTreeSet;
use std::ops::Range;

/// A Rust file, three times the same lines.
#[derive(Debug)]
pub(crate) struct RustSource {
    /// Code alone: comments, and what is inside quotes, are blank.
    pub code: String,
    /// Comments alone.
    pub comments: String,
    /// Lines, from 1, that a raw string touches.
    pub raw_string_lines: BTreeSet<usize>,
}

impl RustSource {
    /// Splits a file. Text that is no Rust gives some split, never a panic.
    pub(crate) fn read(text: &str) -> Self {
        let mut reader = Reader::new(text);
        while reader.at < reader.chars.len() {
            reader.step();
        }
        Self {
            code: reader.code,
            comments: reader.comments,
            raw_string_lines: reader.raw_string_lines,
        }
    }

    /// The code without what stands behind `#[cfg(test)]`; same lines.
    pub(crate) fn code_without_tests(&self) -> String {
        let mut code = self.code.clone().into_bytes();
        if self.code.contains("#![cfg(test)]") {
            blank(&mut code, 0..self.code.len());
        }
        for (start, attribute) in self.code.match_indices("#[cfg(test)]") {
            let body = &self.code[start + attribute.len()..];
            let length = item_length(body).unwrap_or(body.len());
            blank(&mut code, start..start + attribute.len() + length);
        }
        String::from_utf8(code).expect("whole characters are blanked")
    }
}

/// The line, from 1, of a byte offset.
pub(crate) fn line_of(text: &str, offset: usize) -> usize {
    text[..offset].matches('\n').count() + 1
}

/// Whether a character may be part of a name.
pub(crate) fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

/// The offset of the brace that closes the first one in `code`.
pub(crate) fn closing_brace(code: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for (offset, character) in code.char_indices() {
        match character {
            '{' => depth += 1,
            '}' if depth <= 1 => return Some(offset),
            '}' => depth -= 1,
            _ => {}
        }
    }
    None
}

/// How far an item reaches: to its `;` or its closing brace.
fn item_length(code: &str) -> Option<usize> {
    let end = code.find([';', '{'])?;
    if code[end..].starts_with(';') {
        return Some(end + 1);
    }
    closing_brace(&code[end..]).map(|close| end + close + 1)
}

/// Blanks bytes, keeping the lines.
fn blank(code: &mut [u8], range: Range<usize>) {
    for byte in &mut code[range] {
        if *byte != b'\n' {
            *byte = b' ';
        }
    }
}

/// Where a character belongs.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Code,
    Comment,
    Quoted,
}

struct Reader {
    chars: Vec<char>,
    at: usize,
    line: usize,
    code: String,
    comments: String,
    raw_string_lines: BTreeSet<usize>,
}

impl Reader {
    fn new(text: &str) -> Self {
        Self {
            chars: text.chars().collect(),
            at: 0,
            line: 1,
            code: String::with_capacity(text.len()),
            comments: String::with_capacity(text.len()),
            raw_string_lines: BTreeSet::new(),
        }
    }

    fn peek(&self, ahead: usize) -> Option<char> {
        self.chars.get(self.at + ahead).copied()
    }

    /// Takes one token or one character of code.
    fn step(&mut self) {
        match (self.peek(0), self.peek(1)) {
            (Some('/'), Some('/')) => self.line_comment(),
            (Some('/'), Some('*')) => self.block_comment(),
            (Some('"'), _) => self.quoted('"'),
            (Some('\''), Some('\\')) => self.quoted('\''),
            (Some('\''), Some(_)) if self.peek(2) == Some('\'') => self.quoted('\''),
            (Some('r'), Some('"' | '#')) => match self.raw_hashes() {
                Some(hashes) => self.raw_string(hashes),
                None => self.take(1, Part::Code),
            },
            _ => self.take(1, Part::Code),
        }
    }

    /// Puts characters where they belong, and blanks in the other text.
    fn take(&mut self, count: usize, part: Part) {
        for _ in 0..count {
            let Some(character) = self.peek(0) else { return };
            self.at += 1;
            let blank = if character == '\n' { '\n' } else { ' ' };
            self.line += usize::from(character == '\n');
            self.code.push(if part == Part::Code { character } else { blank });
            self.comments.push(if part == Part::Comment { character } else { blank });
        }
    }

    fn line_comment(&mut self) {
        while self.peek(0).is_some_and(|character| character != '\n') {
            self.take(1, Part::Comment);
        }
    }

    fn block_comment(&mut self) {
        let mut depth = 0_usize;
        while let Some(character) = self.peek(0) {
            match (character, self.peek(1)) {
                ('/', Some('*')) => depth += 1,
                ('*', Some('/')) => depth -= 1,
                _ => {
                    self.take(1, Part::Comment);
                    continue;
                }
            }
            self.take(2, Part::Comment);
            if depth == 0 {
                return;
            }
        }
    }

    /// A string or character with escapes; its quotes stay code.
    fn quoted(&mut self, quote: char) {
        self.take(1, Part::Code);
        while let Some(character) = self.peek(0) {
            if character == quote {
                return self.take(1, Part::Code);
            }
            self.take(if character == '\\' { 2 } else { 1 }, Part::Quoted);
        }
    }

    /// How many `#` open the raw string that begins here, if one does.
    fn raw_hashes(&self) -> Option<usize> {
        let before = self.at.checked_sub(1).map_or(' ', |at| self.chars[at]);
        // `b` and `c` may stand before the `r` of a raw string, names may not.
        if is_word(before) && !matches!(before, 'b' | 'c') {
            return None;
        }
        let hashes = self.chars[self.at + 1..].iter().take_while(|c| **c == '#').count();
        (self.peek(1 + hashes) == Some('"')).then_some(hashes)
    }

    fn raw_string(&mut self, hashes: usize) {
        let first = self.line;
        self.take(2 + hashes, Part::Code);
        let closes = |reader: &Self| (1..=hashes).all(|ahead| reader.peek(ahead) == Some('#'));
        while let Some(character) = self.peek(0) {
            if character == '"' && closes(self) {
                self.take(1 + hashes, Part::Code);
                break;
            }
            self.take(1, Part::Quoted);
        }
        self.raw_string_lines.extend(first..=self.line);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> String {
        RustSource::read(text).code
    }

    #[test]
    fn comments_and_quotes_are_no_code() {
        assert_eq!(code("a // {\nb"), "a     \nb");
        assert_eq!(code("a /* { /* } */ */ b"), "a                 b");
        assert_eq!(code(r#"f("{ \" }")"#), r#"f("      ")"#);
        assert_eq!(code(r"('{', '\'', 'a) fn f<'a>()"), r"(' ', '  ', 'a) fn f<'a>()");
        assert_eq!(code("r#\"a\"b{\"#;"), "r#\"    \"#;");
        assert_eq!(code("br\"{\" r#type for\"{\""), "br\" \" r#type for\" \"");
    }

    #[test]
    fn comments_are_kept_apart() {
        let source = RustSource::read("x(\"// no\"); // yes\n");
        assert_eq!(source.comments.trim(), "// yes");
    }

    #[test]
    fn raw_strings_know_their_lines() {
        let source = RustSource::read("a\nr\"b\nc\"\nd");
        assert_eq!(source.raw_string_lines, BTreeSet::from([2, 3]));
    }

    #[test]
    fn tests_are_left_out() {
        let text = "fn a() {}\n#[cfg(test)]\nmod t { fn b() {} }\n#[cfg(test)]\nmod u;\nfn c() {}";
        let code = RustSource::read(text).code_without_tests();
        assert_eq!(code.split_whitespace().collect::<String>(), "fna(){}fnc(){}");
        assert_eq!(line_of(&code, code.find("fn c").unwrap()), 6);
    }

    #[test]
    fn broken_text_does_not_panic() {
        for text in ["\"", "r#\"", "/*", "'", "'\\", "b'", "#[cfg(test)]", "#[cfg(test)] {", "r#"] {
            RustSource::read(text).code_without_tests();
        }
    }
}
