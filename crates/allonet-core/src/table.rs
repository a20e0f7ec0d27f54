//! Tables in text (CSV), with the exact place of every cell.
//!
//! ```
//! use allonet_core::fault::SourceFile;
//! use allonet_core::table::{Column, Faults, Table};
//!
//! // The first name is the one in messages; all are accepted, the first found wins.
//! const PROJECT: usize = 0;
//! const WEIGHT: usize = 1;
//! const COLUMNS: &[Column] = &[
//!     Column::required(&["project", "recipient"]),
//!     Column::optional(&["weight", "share_ppm"]),
//! ];
//!
//! let file = SourceFile::new("weights.csv", "Project;Share PPM\r\nalpha;3\r\n\"b;\"\"x\";-1\r\n");
//! let table = Table::read(&file, COLUMNS)?;
//! assert!(table.has(WEIGHT));
//!
//! let mut faults = Faults::new();
//! for row in table.rows() {
//!     let (project, weight) = (row.cell(PROJECT), row.cell(WEIGHT));
//!     if weight.parse::<u64>().is_err() {
//!         faults.push(row.fault(WEIGHT, "bad-weight", format!("`{weight}` is no weight")));
//!     }
//!     assert!(["alpha", "b;\"x"].contains(&project));
//! }
//! let faults = faults.into_vec();
//! assert_eq!(faults[0].to_string(), "weights.csv:3:9: `-1` is no weight");
//! # Ok::<(), Vec<allonet_core::fault::Fault>>(())
//! ```
//!
//! * [`Table::read`] finds the delimiter (comma, semicolon or tab: the one
//!   under which the header has most of the columns asked for), the columns
//!   (upper and lower case, spaces, `_` and `-` make no difference) and the
//!   cells. Line ends may be LF or CRLF; a byte order mark, empty lines and
//!   spaces around a cell are passed over; `"…"` quotes a cell, `""` a quote
//!   in it.
//! * [`Table::rows`] and [`Table::row`] give rows; [`Row::cell`] a cell as
//!   borrowed text (empty for an optional column that is absent),
//!   [`Row::place`] its place, [`Row::line`] the line the row begins on,
//!   [`Row::fault`] a fault at a cell.
//! * [`Faults`] keeps the first twenty faults and counts the rest.
//!
//! A row is never dropped: one with too few or too many cells is a fault.

use std::sync::Arc;

use crate::fault::{Fault, Place, SourceFile};

/// Longest table, in bytes: places in it are kept in 31 bits.
const BYTES_MAX: usize = (1 << 31) - 1;
/// Marks the end of a cell whose text had doubled quotes.
const UNESCAPED: u32 = 1 << 31;
/// Delimiters that are recognised, the preferred one first.
const DELIMITERS: [u8; 3] = [b',', b';', b'\t'];
/// The marker that some programs write in front of a text.
const BYTE_ORDER_MARK: &str = "\u{feff}";

/// A column to look for, by the names it goes by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    names: &'static [&'static str],
    required: bool,
}

impl Column {
    /// A column the table must have. The first name found wins; the first of
    /// the list stands in messages.
    pub const fn required(names: &'static [&'static str]) -> Self {
        Self { names, required: true }
    }

    /// A column the table may lack.
    pub const fn optional(names: &'static [&'static str]) -> Self {
        Self { names, required: false }
    }

    /// Its name in messages.
    pub const fn name(&self) -> &'static str {
        self.names[0]
    }

    /// The name of this column that the header has, and where.
    fn find(&self, header: &[String]) -> Option<(&'static str, usize)> {
        self.names.iter().find_map(|name| {
            let plain = plain(name);
            header.iter().position(|found| *found == plain).map(|at| (*name, at))
        })
    }
}

/// A header name without what makes no difference.
fn plain(name: &str) -> String {
    let kept = name.chars().filter(|c| !matches!(c, ' ' | '_' | '-'));
    kept.flat_map(char::to_lowercase).collect()
}

/// The faults of one table: the first twenty, and how many more.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    kept: Vec<Fault>,
    more: usize,
}

impl Faults {
    /// How many faults are kept.
    pub const KEPT: usize = 20;

    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// One more.
    pub fn push(&mut self, fault: Fault) {
        if self.kept.len() < Self::KEPT {
            self.kept.push(fault);
        } else {
            self.more += 1;
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// All that were kept, and a last one that counts the others.
    pub fn into_vec(mut self) -> Vec<Fault> {
        if let (1.., Some(last)) = (self.more, self.kept.last()) {
            let name = last.place.as_ref().map_or("the input", |place| &place.file.path);
            let message = format!("{} more faults in {name} are not shown", self.more);
            self.kept.push(Fault::new("more-faults", message));
        }
        self.kept
    }

    /// The value, if there are no faults.
    pub fn or<T>(self, value: T) -> Result<T, Vec<Fault>> {
        if self.is_empty() { Ok(value) } else { Err(self.into_vec()) }
    }
}

/// Where a cell's text stands; `end` may carry [`UNESCAPED`].
#[derive(Clone, Copy, Debug, Default)]
struct Span {
    start: u32,
    end: u32,
}

/// A table, its wanted columns found and its rows checked for their length.
#[derive(Clone, Debug)]
pub struct Table {
    file: Arc<SourceFile>,
    columns: &'static [Column],
    /// For each wanted column, which of the kept ones it is.
    slots: Vec<Option<usize>>,
    /// Kept columns.
    width: usize,
    /// Kept cells, row after row.
    cells: Vec<Span>,
    /// Where each row begins: byte and line.
    begins: Vec<(u32, u32)>,
    /// Texts that had doubled quotes, by the start of their span.
    unescaped: Vec<(u32, String)>,
}

impl Table {
    /// Reads the table in a file. A column asked for is known by its place in
    /// `columns` from then on.
    ///
    /// Faults: `empty-table`, `missing-column`, `double-column`, `ragged-row`,
    /// `open-quote`, `stray-text`, `table-too-long`.
    pub fn read(
        file: &Arc<SourceFile>,
        columns: &'static [Column],
    ) -> Result<Self, Vec<Fault>> {
        if file.text.len() > BYTES_MAX {
            let message = format!("`{}` has {} bytes", file.path, file.text.len());
            let help = format!("a table may have {BYTES_MAX} bytes; split it");
            return Err(vec![Fault::new("table-too-long", message).help(help)]);
        }
        let mut header = Vec::new();
        let (delimiter, body, header_line) = DELIMITERS
            .into_iter()
            .map(|delimiter| {
                let mut scanner = Scanner::new(file, delimiter);
                let (line, names) = scanner.header();
                let score = matched(&names, columns);
                (score, names, delimiter, scanner, line)
            })
            .reduce(|best, next| if next.0 > best.0 { next } else { best })
            .map(|(_, names, delimiter, scanner, line)| {
                header = names;
                (delimiter, scanner, line)
            })
            .expect("there are three delimiters");
        if header.is_empty() {
            let wanted: Vec<&str> = columns.iter().map(Column::name).collect();
            let help = format!("its first line names its columns: {}", wanted.join(","));
            let fault = Fault::new("empty-table", "this table is empty").help(help);
            return Err(vec![fault.at(Place::new(file, 0..0))]);
        }
        todo!()
    }
}
