//! Tables in text: comma, semicolon or tab, any line ending, with or without a
//! byte order mark. A row is never skipped: what cannot be read is refused with
//! its line and column.

use csv::{ReaderBuilder, StringRecord, Trim};

use crate::import::{ImportError, ReadOptions};
use crate::lines::{Lines, Place};

/// A column a reader asks for, under any of several header names.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Column {
    name: &'static str,
    headers: &'static [&'static str],
    required: bool,
}

impl Column {
    /// A column the table must have; earlier header names are preferred.
    pub(crate) const fn required(name: &'static str, headers: &'static [&'static str]) -> Self {
        Self { name, headers, required: true }
    }

    /// A column the table may lack.
    pub(crate) const fn optional(name: &'static str, headers: &'static [&'static str]) -> Self {
        Self { name, headers, required: false }
    }

    fn position(&self, header: &[String]) -> Option<usize> {
        self.headers.iter().find_map(|name| header.iter().position(|found| found == name))
    }
}

/// A table in memory.
#[derive(Debug)]
pub(crate) struct Table<'a> {
    format: &'static str,
    text: &'a str,
    lines: Lines,
    delimiter: u8,
    columns: Vec<(Column, Option<usize>)>,
    records: Vec<StringRecord>,
}

/// One row of a table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row<'t> {
    table: &'t Table<'t>,
    record: &'t StringRecord,
}

impl<'a> Table<'a> {
    /// Reads a table whose header holds the required columns.
    pub(crate) fn read(
        format: &'static str,
        text: &'a str,
        columns: &[Column],
    ) -> Result<Self, ImportError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        if text.trim().is_empty() {
            return Err(ImportError::empty(format));
        }
        let delimiter = delimiter(text, columns);
        let header = header(text, delimiter);
        let mut table = Self {
            format,
            text,
            lines: Lines::new(text),
            delimiter,
            columns: columns.iter().map(|&column| (column, column.position(&header))).collect(),
            records: Vec::new(),
        };
        table.check_header(&header)?;
        let mut reader =
            ReaderBuilder::new().delimiter(delimiter).trim(Trim::All).from_reader(text.as_bytes());
        for record in reader.records() {
            let record = record.map_err(|error| table.broken_row(&error, header.len()))?;
            table.check_fields(&record)?;
            table.records.push(record);
        }
        Ok(table)
    }

    /// Whether a text looks like such a table, judged by its header alone.
    pub(crate) fn fits(text: &str, columns: &[Column]) -> bool {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let header = header(text, delimiter(text, columns));
        missing(&header, columns).next().is_none()
    }

    /// The rows in the order of the file.
    pub(crate) fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        self.records.iter().map(|record| Row { table: self, record })
    }

    fn check_header(&self, header: &[String]) -> Result<(), ImportError> {
        let columns: Vec<Column> = self.columns.iter().map(|&(column, _)| column).collect();
        let place = self.lines.place(self.text, start(self.text, 0));
        let refuse = |field: &str, found: String, expected: String, hint: &str| ImportError {
            format: self.format,
            line: Some(place.line),
            column: Some(place.column),
            field: Some(field.to_owned()),
            found,
            expected,
            hint: hint.to_owned(),
        };
        if let Some(column) = missing(header, &columns).next() {
            return Err(refuse(
                column.name,
                format!("the columns {}", shown(&header.join(", "))),
                format!("a column named {}", column.headers.join(" or ")),
                "the first line must name the columns, separated by comma, semicolon or tab",
            ));
        }
        for (column, at) in &self.columns {
            let twice = at.is_some_and(|at| header[at + 1..].contains(&header[at]));
            if twice {
                return Err(refuse(
                    column.name,
                    "two columns of this name".to_owned(),
                    "one".to_owned(),
                    "rename the column that should not be read",
                ));
            }
        }
        Ok(())
    }

    fn broken_row(&self, error: &csv::Error, width: usize) -> ImportError {
        let offset = error.position().map_or(0, |position| offset_of(position.byte()));
        let place = self.lines.place(self.text, start(self.text, offset));
        let found = match error.kind() {
            csv::ErrorKind::UnequalLengths { len, .. } => format!("{len} fields"),
            _ => error.to_string(),
        };
        ImportError {
            format: self.format,
            line: Some(place.line),
            column: Some(place.column),
            field: None,
            found,
            expected: format!("{width} fields, as in the header"),
            hint: "check for a missing delimiter, or put a text that holds one in double quotes"
                .to_owned(),
        }
    }

    /// A field that spans lines is nearly always a quote that was never closed,
    /// and would swallow the rows after it.
    fn check_fields(&self, record: &StringRecord) -> Result<(), ImportError> {
        let Some(at) = record.iter().position(|field| field.contains('\n')) else {
            return Ok(());
        };
        let place = self.field_place(record, at);
        Err(ImportError {
            format: self.format,
            line: Some(place.line),
            column: Some(place.column),
            field: None,
            found: "a quoted field that spans lines".to_owned(),
            expected: "fields on one line".to_owned(),
            hint: "close the double quote; a quote inside a quoted field is written twice"
                .to_owned(),
        })
    }

    /// Where a field of a record begins.
    fn field_place(&self, record: &StringRecord, field: usize) -> Place {
        let from = record.position().map_or(0, |position| offset_of(position.byte()));
        let from = start(self.text, from);
        let (mut quoted, mut passed, mut offset) = (false, 0, from);
        for (at, byte) in self.text.bytes().enumerate().skip(from) {
            if passed == field {
                break;
            }
            quoted ^= byte == b'"';
            if byte == self.delimiter && !quoted {
                passed += 1;
                offset = at + 1;
            }
        }
        self.lines.place(self.text, offset)
    }
}

impl<'t> Row<'t> {
    /// The line the row begins on.
    pub(crate) fn line(&self) -> u32 {
        let from = self.record.position().map_or(0, |position| offset_of(position.byte()));
        self.table.lines.line(start(self.table.text, from))
    }

    /// The text of an optional column; `None` when absent or empty.
    pub(crate) fn optional(&self, column: usize) -> Option<&'t str> {
        let at = self.table.columns[column].1?;
        self.record.get(at).filter(|field| !field.is_empty())
    }

    /// The text of a required column; empty is refused.
    pub(crate) fn text(&self, column: usize) -> Result<&'t str, ImportError> {
        self.optional(column).ok_or_else(|| {
            self.refuse(
                column,
                "nothing".to_owned(),
                "a name",
                "fill in the field or remove the row",
            )
        })
    }

    /// The canonical repository name of a required column.
    pub(crate) fn repository(
        &self,
        column: usize,
        options: &ReadOptions,
    ) -> Result<String, ImportError> {
        let address = self.text(column)?;
        let name = options.repository(address);
        if name.is_empty() {
            let found = format!("`{}`", shown(address));
            let hint = "name the repository, for instance https://github.com/owner/name";
            return Err(self.refuse(column, found, "a repository", hint));
        }
        Ok(name)
    }

    /// The number of a required column, within `0 ..= largest`.
    pub(crate) fn number(&self, column: usize, largest: f64) -> Result<f64, ImportError> {
        let text = self.text(column)?;
        let number = text.parse::<f64>().ok();
        number.filter(|number| (0.0..=largest).contains(number)).ok_or_else(|| {
            let expected = format!("a number from 0 to {largest}");
            let hint = if text.contains(',') {
                "write the decimal point as a point"
            } else {
                "write plain decimals such as 0.25; remove the row if there is no weight"
            };
            self.refuse(column, format!("`{}`", shown(text)), &expected, hint)
        })
    }

    /// A refusal at one field of this row.
    pub(crate) fn refuse(
        &self,
        column: usize,
        found: String,
        expected: &str,
        hint: &str,
    ) -> ImportError {
        let (asked, at) = &self.table.columns[column];
        let place = self.table.field_place(self.record, at.unwrap_or(0));
        ImportError {
            format: self.table.format,
            line: Some(place.line),
            column: Some(place.column),
            field: Some(asked.name.to_owned()),
            found,
            expected: expected.to_owned(),
            hint: hint.to_owned(),
        }
    }
}

/// The required columns a header lacks.
fn missing<'c>(header: &[String], columns: &'c [Column]) -> impl Iterator<Item = &'c Column> {
    columns.iter().filter(|column| column.required && column.position(header).is_none())
}

/// The delimiter under which the header names the most columns; comma in doubt.
fn delimiter(text: &str, columns: &[Column]) -> u8 {
    let lacking = |&delimiter: &u8| missing(&header(text, delimiter), columns).count();
    [b',', b';', b'\t'].into_iter().min_by_key(lacking).unwrap_or(b',')
}

/// The column names of the first line that is not blank, in lower case.
fn header(text: &str, delimiter: u8) -> Vec<String> {
    let line = text[start(text, 0)..].lines().next().unwrap_or_default();
    let names = line.split(char::from(delimiter));
    names.map(|name| name.trim().trim_matches('"').trim().to_ascii_lowercase()).collect()
}

/// The first offset from `from` on that is not a line ending.
fn start(text: &str, from: usize) -> usize {
    let rest = text.as_bytes().get(from..).unwrap_or_default();
    let ends = rest.iter().take_while(|&&byte| byte == b'\n' || byte == b'\r');
    from + ends.count()
}

fn offset_of(byte: u64) -> usize {
    usize::try_from(byte).expect("an offset into a text in memory")
}

/// A text from a file, short enough for a message.
pub(crate) fn shown(text: &str) -> String {
    const LONGEST: usize = 60;
    let clean = |text: &str| text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    match text.char_indices().nth(LONGEST) {
        None => clean(text),
        Some((end, _)) => format!("{}…", clean(&text[..end]) as String),
    }
}
