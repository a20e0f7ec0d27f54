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
//!   cells. Line ends may be LF or CRLF; a byte order mark and empty lines are
//!   passed over; `"…"` quotes a cell, `""` a quote in it. Spaces around a
//!   cell are passed over, also inside its quotes: `"ann "` is `ann`.
//! * [`Table::rows`] and [`Table::row`] give rows; [`Row::cell`] a cell as
//!   borrowed text (empty for an optional column that is absent),
//!   [`Row::place`] its place, [`Row::line`] the line the row begins on,
//!   [`Row::fault`] a fault at a cell.
//! * [`Faults`] keeps the first twenty faults and counts the rest.
//!
//! A row is never dropped: one with too few or too many cells is a fault.

mod scan;

use std::sync::Arc;

use self::scan::{Cell, Scanner};
use crate::fault::{Fault, Place, SourceFile, closest};

/// Longest table, in bytes: places in it are kept in 31 bits.
const BYTES_MAX: usize = (1 << 31) - 1;
/// Marks the end of a cell whose text had doubled quotes.
const UNESCAPED: u32 = 1 << 31;
/// Delimiters that are recognised, the preferred one first.
const DELIMITERS: [u8; 3] = [b',', b';', b'\t'];

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

    /// The name of this column that a header name was probably meant to be.
    fn nearest(&self, header: &str) -> Option<&'static str> {
        closest(header, self.names.iter().copied())
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

    /// Whether further ones are only counted.
    pub fn is_full(&self) -> bool {
        self.kept.len() == Self::KEPT
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

/// A table, its wanted columns found and its rows checked for their length.
#[derive(Clone, Debug)]
pub struct Table {
    file: Arc<SourceFile>,
    /// For each column asked for, which of the kept ones it is.
    slots: Vec<Option<usize>>,
    /// How many columns are kept.
    width: usize,
    /// Kept cells, row after row.
    cells: Vec<Span>,
    /// Where each row begins.
    begins: Vec<Begin>,
    /// Texts that had doubled quotes, by the start of their span.
    unescaped: Vec<(u32, String)>,
}

/// Where a kept cell's text stands; `end` may carry [`UNESCAPED`].
#[derive(Clone, Copy, Debug, Default)]
struct Span {
    start: u32,
    end: u32,
}

/// Where a row begins.
#[derive(Clone, Copy, Debug)]
struct Begin {
    byte: u32,
    line: u32,
}

impl Table {
    /// Reads the table in a file. A column asked for is known by its place in
    /// `columns` from then on.
    ///
    /// Faults: `table-too-long`, `empty-table`, `missing-column`,
    /// `double-column`, `ragged-row`, `open-quote`, `stray-text`.
    pub fn read(file: &Arc<SourceFile>, columns: &[Column]) -> Result<Self, Vec<Fault>> {
        Self::read_with(file, columns, &[])
    }

    /// Reads a table of which some columns are known only from other input.
    /// They may be absent, and stand after `columns` in the count.
    ///
    /// Faults: those of [`Table::read`].
    pub fn read_with(
        file: &Arc<SourceFile>,
        columns: &[Column],
        named: &[&str],
    ) -> Result<Self, Vec<Fault>> {
        if file.text.len() > BYTES_MAX {
            let message = format!("{} has {} bytes", file.path, file.text.len());
            let help = format!("a table may have {BYTES_MAX} bytes; split it");
            return Err(vec![Fault::new("table-too-long", message).help(help)]);
        }
        let mut faults = Faults::new();
        let (header, mut scanner) = header(file, columns);
        let mut positions = header.positions(file, columns, &mut faults);
        positions.extend(named.iter().map(|name| header.position(file, name, &mut faults)));
        if !faults.is_empty() {
            return Err(faults.into_vec());
        }
        let mut keep = vec![None; header.cells.len()];
        let mut width = 0;
        for position in positions.iter().flatten() {
            keep[*position].get_or_insert_with(|| {
                width += 1;
                width - 1
            });
        }
        let slots = positions.iter().map(|position| position.and_then(|at| keep[at])).collect();
        let mut table = Self {
            file: Arc::clone(file),
            slots,
            width,
            cells: Vec::new(),
            begins: Vec::new(),
            unescaped: Vec::new(),
        };
        while scanner.skip_empty_lines() {
            table.row_from(&mut scanner, &keep, &mut faults);
        }
        faults.or(table)
    }

    /// Reads one row; `keep` says for each cell of a full row where it goes.
    fn row_from(&mut self, scanner: &mut Scanner<'_>, keep: &[Option<usize>], faults: &mut Faults) {
        let begin = Begin { byte: low(scanner.at), line: scanner.line };
        let base = self.cells.len();
        self.cells.resize(base + self.width, Span::default());
        self.begins.push(begin);
        let mut count = 0;
        loop {
            let cell = scanner.cell();
            if let Some(slot) = keep.get(count).copied().flatten() {
                let start = low(cell.start);
                let mut end = low(cell.end);
                if cell.doubled {
                    let text = self.file.text[cell.start..cell.end].replace("\"\"", "\"");
                    self.unescaped.push((start, text));
                    end |= UNESCAPED;
                }
                self.cells[base + slot] = Span { start, end };
            }
            count += 1;
            if let Some(fault) = cell.fault(&self.file) {
                faults.push(fault);
            }
            if cell.last {
                break;
            }
        }
        if count != keep.len() {
            faults.push(ragged(&self.file, begin, count, keep.len()));
        }
    }

    /// How many rows it has, the header not counted.
    pub fn len(&self) -> usize {
        self.begins.len()
    }

    /// Whether it has no rows.
    pub fn is_empty(&self) -> bool {
        self.begins.is_empty()
    }

    /// Whether it has the column asked for at this place of the list.
    pub fn has(&self, column: usize) -> bool {
        self.slots.get(column).is_some_and(Option::is_some)
    }

    /// The file it was read from.
    pub fn file(&self) -> &Arc<SourceFile> {
        &self.file
    }

    /// The row of this number, from 0, if there is one.
    pub fn row(&self, index: usize) -> Option<Row<'_>> {
        (index < self.len()).then_some(Row { table: self, index })
    }

    /// All rows, in the order of the file.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = Row<'_>> {
        (0..self.len()).map(|index| Row { table: self, index })
    }
}

/// One row of a table.
#[derive(Clone, Copy, Debug)]
pub struct Row<'t> {
    table: &'t Table,
    index: usize,
}

impl<'t> Row<'t> {
    /// The text of a cell, without quotes and the spaces around it; empty where
    /// the table lacks the column.
    pub fn cell(&self, column: usize) -> &'t str {
        let Some(span) = self.span(column) else { return "" };
        let table = self.table;
        if span.end & UNESCAPED == 0 {
            return &table.file.text[span.start as usize..span.end as usize];
        }
        let found = table.unescaped.binary_search_by_key(&span.start, |(start, _)| *start);
        found.map_or("", |at| &table.unescaped[at].1)
    }

    /// Where a cell stands; the whole row where the table lacks the column.
    pub fn place(&self, column: usize) -> Place {
        let file = &self.table.file;
        match self.span(column) {
            Some(span) => Place::new(file, span.start as usize..(span.end & !UNESCAPED) as usize),
            None => line_at(file, self.table.begins[self.index]),
        }
    }

    /// The line it begins on, from 1.
    pub fn line(&self) -> usize {
        self.table.begins[self.index].line as usize
    }

    /// Its number, from 0.
    pub fn index(&self) -> usize {
        self.index
    }

    /// A fault at a cell.
    pub fn fault(&self, column: usize, code: &'static str, message: impl Into<String>) -> Fault {
        Fault::new(code, message).at(self.place(column))
    }

    fn span(&self, column: usize) -> Option<Span> {
        let slot = self.table.slots.get(column).copied().flatten()?;
        self.table.cells.get(self.index * self.table.width + slot).copied()
    }
}

/// The first line that is not empty.
struct Header {
    line: Begin,
    cells: Vec<Cell>,
    names: Vec<String>,
    shown: String,
}

/// Reads the header under the delimiter that suits it best, and where the rows
/// begin.
fn header<'a>(file: &'a SourceFile, columns: &[Column]) -> (Header, Scanner<'a>) {
    let read = |delimiter| {
        let mut scanner = Scanner::new(&file.text, delimiter);
        let there = scanner.skip_empty_lines();
        let line = Begin { byte: low(scanner.at), line: scanner.line };
        let mut cells: Vec<Cell> = Vec::new();
        while there && cells.last().is_none_or(|cell| !cell.last) {
            cells.push(scanner.cell());
        }
        let text = |cell: &Cell| file.text[cell.start..cell.end].replace("\"\"", "\"");
        let shown: Vec<String> = cells.iter().map(text).collect();
        let names: Vec<String> = shown.iter().map(|name| plain(name)).collect();
        let known = columns.iter().filter(|column| column.find(&names).is_some()).count();
        let fitness = (known, names.len());
        (fitness, Header { line, cells, names, shown: shown.join(", ") }, scanner)
    };
    let [first, others @ ..] = DELIMITERS;
    let best = others
        .into_iter()
        .map(read)
        .fold(read(first), |best, next| if next.0 > best.0 { next } else { best });
    (best.1, best.2)
}

impl Header {
    /// Where each column stands; faults for those that are missing or there
    /// twice.
    fn positions(
        &self,
        file: &Arc<SourceFile>,
        columns: &[Column],
        faults: &mut Faults,
    ) -> Vec<Option<usize>> {
        if self.cells.is_empty() {
            let wanted = columns.iter().filter(|column| column.required).map(Column::name);
            let wanted = wanted.collect::<Vec<_>>().join(",");
            let fault = Fault::new("empty-table", "this table is empty")
                .at(Place::new(file, 0..0))
                .help(format!("its first line names its columns, such as {wanted}"));
            faults.push(fault);
            return Vec::new();
        }
        for fault in self.cells.iter().filter_map(|cell| cell.fault(file)) {
            faults.push(fault);
        }
        let position = |column: &Column| match column.find(&self.names) {
            Some((name, _)) => self.position(file, name, faults),
            None if column.required => {
                faults.push(self.missing(file, column, columns));
                None
            }
            None => None,
        };
        columns.iter().map(position).collect()
    }

    /// Where the column of this name stands; a fault if it is there twice.
    fn position(&self, file: &Arc<SourceFile>, name: &str, faults: &mut Faults) -> Option<usize> {
        let name_alone = plain(name);
        let mut found = (0..self.names.len()).filter(|at| self.names[*at] == name_alone);
        let first = found.next();
        if let Some(again) = found.next() {
            let cell = &self.cells[again];
            let message = format!("there are two columns `{name}`");
            let place = Place::new(file, cell.start..cell.end);
            faults.push(Fault::new("double-column", message).at(place));
        }
        first
    }

    fn missing(&self, file: &Arc<SourceFile>, column: &Column, columns: &[Column]) -> Fault {
        let message = format!(
            "column `{}` is missing; found: {}; accepted names: {}",
            column.name(),
            self.shown,
            column.names.join(", "),
        );
        let fault = Fault::new("missing-column", message);
        match self.nearest(column, columns) {
            Some((cell, name)) => fault
                .at(Place::new(file, cell.start..cell.end))
                .label(format!("is this `{name}`?"))
                .help(format!("if so, rename it to `{name}`")),
            None => fault
                .at(line_at(file, self.line))
                .label("the header")
                .help("the first line of a table names its columns"),
        }
    }

    /// A cell that nobody asked for but that is nearly a name of the column.
    fn nearest(&self, column: &Column, columns: &[Column]) -> Option<(&Cell, &'static str)> {
        let is_known = |name: &String| {
            columns.iter().flat_map(|column| column.names).any(|known| plain(known) == *name)
        };
        let mut cells = self.cells.iter().zip(&self.names);
        cells.find_map(|(cell, name)| {
            (!is_known(name)).then(|| column.nearest(name)).flatten().map(|name| (cell, name))
        })
    }
}

/// A line of the file, from its beginning.
fn line_at(file: &Arc<SourceFile>, begin: Begin) -> Place {
    let start = begin.byte as usize;
    let length = file.text[start..].lines().next().map_or(0, str::len);
    Place::new(file, start..start + length)
}

fn ragged(file: &Arc<SourceFile>, begin: Begin, found: usize, wanted: usize) -> Fault {
    let cells = if found == 1 { "cell" } else { "cells" };
    let message = format!("this row has {found} {cells}, but the header has {wanted}");
    Fault::new("ragged-row", message)
        .at(line_at(file, begin))
        .label("this row")
        .help("fill or remove cells; a cell that holds the delimiter stands in \"quotes\"")
}

/// A byte offset; the length of the file is checked before any is taken.
fn low(offset: usize) -> u32 {
    u32::try_from(offset).expect("the length of a table was checked")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const COLUMNS: &[Column] = &[
        Column::required(&["voter", "donor"]),
        Column::required(&["amount", "amount_usd"]),
        Column::optional(&["note"]),
    ];

    fn read(text: &str) -> Result<Vec<[String; 3]>, Vec<String>> {
        let table = Table::read(&SourceFile::new("t.csv", text), COLUMNS)
            .map_err(|faults| faults.iter().map(ToString::to_string).collect::<Vec<_>>())?;
        Ok(table.rows().map(|row| [0, 1, 2].map(|column| row.cell(column).to_owned())).collect())
    }

    #[test]
    fn columns_may_be_named_by_other_input() {
        let file = SourceFile::new("t.csv", "voter,amount,Gas Fees\nann,1,7\n");
        let table = Table::read_with(&file, COLUMNS, &["stars", "gas_fees"]).unwrap();
        assert!(!table.has(3) && table.has(4));
        assert_eq!(table.row(0).unwrap().cell(4), "7");
        let twice = SourceFile::new("t.csv", "voter,amount,gas,Gas\nann,1,7,8\n");
        assert!(Table::read_with(&twice, COLUMNS, &["gas"]).is_err());
    }

    fn fault(text: &str) -> String {
        read(text).unwrap_err().swap_remove(0)
    }

    #[test]
    fn common_spellings_of_one_table_agree() {
        let expected =
            Ok(vec![["a", "1", ""].map(str::to_owned), ["b", "2", ""].map(str::to_owned)]);
        for text in [
            "voter,amount\na,1\nb,2\n",
            "voter,amount\na,1\nb,2",
            "\u{feff}Donor;Amount USD\r\n\r\na;1\r\n  \r\nb;2\r\n\r\n",
            "\n\nAMOUNT-usd\tvoter\n1\ta\n2\tb\n",
            "\"voter\", \"amount\" ,other\n a ,1,x\n\"b\",\"2\" ,\n",
        ] {
            assert_eq!(read(text), expected, "{text:?}");
        }
    }

    #[test]
    fn the_first_accepted_name_wins() {
        let rows = read("amount_usd,donor,amount,voter\n9,x,1,a\n").unwrap();
        assert_eq!(rows, [["a", "1", ""].map(str::to_owned)]);
    }

    #[test]
    fn quotes_protect_everything() {
        let rows = read("voter,amount,note\n\"a,\nb\",1,\"say \"\"no\"\"\"\n\"\",2,x\"y\n");
        let expected = [["a,\nb", "1", "say \"no\""], ["", "2", "x\"y"]];
        assert_eq!(rows.unwrap(), expected.map(|row| row.map(str::to_owned)));
    }

    #[test]
    fn spaces_in_quotes_make_no_other_name() {
        let file =
            "voter,amount\n\"ann \",1\nann,1\n\" \tann\r\n\" ,1\n\" \"\"ann\"\" \",1\n\"  \",1\n";
        let names: Vec<String> = read(file).unwrap().into_iter().map(|[voter, ..]| voter).collect();
        assert_eq!(names, ["ann", "ann", "ann", "\"ann\"", ""]);
    }

    #[test]
    fn places_are_exact() {
        let file = SourceFile::new("t.csv", "voter,amount\r\n\"a\n\"\"\",  é1 \r\n\nb,2\n");
        let table = Table::read(&file, COLUMNS).unwrap();
        let at = |row: usize, column| {
            let place = table.row(row).unwrap().place(column);
            (place.to_string(), file.text[place.span].to_owned())
        };
        assert_eq!(at(0, 0), ("t.csv:2:2".into(), "a\n\"\"".into()));
        assert_eq!(at(0, 1), ("t.csv:3:7".into(), "é1".into()));
        assert_eq!(at(1, 0), ("t.csv:5:1".into(), "b".into()));
        assert_eq!(at(1, 2), ("t.csv:5:1".into(), "b,2".into()));
        assert_eq!(table.rows().map(|row| row.line()).collect::<Vec<_>>(), [2, 5]);
        assert!(!table.has(2) && table.row(2).is_none());
    }

    #[test]
    fn a_header_alone_is_a_table_without_rows() {
        assert_eq!(read("voter,amount"), Ok(vec![]));
    }

    #[test]
    fn what_is_wrong_is_named_with_its_place() {
        let help = "fill or remove cells; a cell that holds the delimiter stands in \"quotes\"";
        for (text, expected) in [
            ("\n \n", "t.csv:1:1: this table is empty (its first line names its columns, such as voter,amount)".to_owned()),
            ("name,amount\n", "t.csv:1:1: column `voter` is missing; found: name, amount; accepted names: voter, donor (the first line of a table names its columns)".into()),
            ("voters,amount\n", "t.csv:1:1: column `voter` is missing; found: voters, amount; accepted names: voter, donor (if so, rename it to `voter`)".into()),
            ("voter,amount,Voter\n", "t.csv:1:14: there are two columns `voter`".into()),
            ("voter,amount\na,1\nb\n", format!("t.csv:3:1: this row has 1 cell, but the header has 2 ({help})")),
            ("voter,amount\na,1,\n", format!("t.csv:2:1: this row has 3 cells, but the header has 2 ({help})")),
            ("voter,amount\na,\"1\nb,2\n", "t.csv:2:3: this quote is never closed (a quote inside a quoted cell is doubled: \"\")".into()),
            ("voter,amount\n\"a\"b,1\n", "t.csv:2:4: text follows a closing quote (a quote inside a quoted cell is doubled: \"\")".into()),
        ] {
            assert_eq!(fault(text), expected);
        }
    }

    #[test]
    fn many_faults_are_counted() {
        let text = format!("voter,amount\n{}", "a\n".repeat(50));
        let faults = read(&text).unwrap_err();
        assert_eq!(faults.len(), 21);
        assert_eq!(faults[20], "30 more faults in t.csv are not shown");
    }

    proptest! {
        #[test]
        fn what_is_written_with_quotes_is_read_back(
            rows in prop::collection::vec(prop::array::uniform3("[a\",;\n\t\r é]{0,6}"), 0..8),
            delimiter in prop::sample::select(vec![",", ";", "\t"]),
        ) {
            let mut text = ["voter", "amount", "note"].join(delimiter);
            for row in &rows {
                let cells = row.each_ref().map(|cell| format!("\"{}\"", cell.replace('"', "\"\"")));
                text.push('\n');
                text.push_str(&cells.join(delimiter));
            }
            let blank = [' ', '\t', '\r', '\n'];
            let trimmed = rows.iter().map(|row| {
                row.each_ref().map(|cell| cell.trim_matches(blank).to_owned())
            });
            prop_assert_eq!(read(&text), Ok(trimmed.collect()));
        }

        #[test]
        fn no_text_makes_it_panic(text in "[voteramunt\",;\n\t\r é]{0,60}") {
            for text in [text.clone(), format!("voter,amount\n{text}")] {
                let file = SourceFile::new("t.csv", text);
                match Table::read(&file, COLUMNS) {
                    Ok(table) => {
                        for row in table.rows() {
                            let _ = (row.cell(0), row.place(1).to_string(), row.cell(2));
                        }
                    }
                    Err(faults) => prop_assert!(!faults.is_empty()),
                }
            }
        }
    }
}
