//! Rows of tables in text: core reads the table, what an importer cannot use is
//! refused with its line and column. A row is never skipped.

use allonet_core::fault::{Fault, SourceFile};
use allonet_core::table::{self, Column, Table};

use crate::import::{ImportError, ReadOptions, count, shown};

/// A table under the name of its format.
#[derive(Debug)]
pub(crate) struct Sheet<'c> {
    format: &'static str,
    columns: &'c [Column],
    table: Table,
}

/// One row of a table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row<'s> {
    sheet: &'s Sheet<'s>,
    row: table::Row<'s>,
}

impl<'c> Sheet<'c> {
    /// Reads a table whose header holds the required columns.
    pub(crate) fn read(
        format: &'static str,
        text: &str,
        columns: &'c [Column],
    ) -> Result<Self, ImportError> {
        // Without its byte order mark, which is no column of the first line.
        let file = SourceFile::new(format, text.strip_prefix('\u{feff}').unwrap_or(text));
        let table = Table::read(&file, columns).map_err(|faults| refusal(format, &faults))?;
        let sheet = Self { format, columns, table };
        sheet.rows().try_for_each(|row| row.check_lines())?;
        Ok(sheet)
    }

    /// Whether a text looks like such a table, judged by its header alone.
    pub(crate) fn fits(text: &str, columns: &[Column]) -> bool {
        let header = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
        let faults = Table::read(&SourceFile::new("the header", header), columns).err();
        // A column that is there twice is refused when the table is read.
        faults.iter().flatten().all(|fault| fault.code == "double-column")
    }

    /// Whether it has a header only.
    pub(crate) fn is_empty(&self) -> bool {
        self.table.is_empty()
    }

    /// The rows in the order of the file.
    pub(crate) fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        self.table.rows().map(|row| Row { sheet: self, row })
    }
}

/// The first fault of a table, as an importer says it.
fn refusal(format: &'static str, faults: &[Fault]) -> ImportError {
    let fault = faults.first().expect("a table is refused for a reason");
    let hint = fault.help.as_deref().unwrap_or("rename or remove what should not be read");
    let found = format!("that {}", fault.message);
    let error = ImportError::whole(format, &found, &format!("a well-formed {format}"), hint);
    // Of these messages, only those about one column quote anything: its name.
    let error = match fault.message.split('`').nth(1) {
        Some(column) => error.field(column),
        None => error,
    };
    match &fault.place {
        Some(place) => error.at(&place.file, place.span.start),
        None => error,
    }
}

impl<'s> Row<'s> {
    /// The line the row begins on.
    pub(crate) fn line(&self) -> u32 {
        count(self.row.line())
    }

    /// The text of an optional column; `None` when absent or empty.
    pub(crate) fn optional(&self, column: usize) -> Option<&'s str> {
        Some(self.row.cell(column).trim()).filter(|text| !text.is_empty())
    }

    /// The text of a required column; empty is refused.
    pub(crate) fn text(&self, column: usize) -> Result<&'s str, ImportError> {
        let hint = "fill in the field or remove the row";
        self.optional(column).ok_or_else(|| self.refuse(column, "nothing", "a name", hint))
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
            return Err(self.refuse(column, &found, "a repository", hint));
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
            self.refuse(column, &format!("`{}`", shown(text)), &expected, hint)
        })
    }

    /// A refusal at one field of this row.
    pub(crate) fn refuse(
        &self,
        column: usize,
        found: &str,
        expected: &str,
        hint: &str,
    ) -> ImportError {
        let place = self.row.place(column);
        let start = place.span.start;
        // A quoted field begins with its quote.
        let quote = usize::from(place.file.text[..start].ends_with('"'));
        ImportError::whole(self.sheet.format, found, expected, hint)
            .field(self.sheet.columns[column].name())
            .at(&place.file, start - quote)
    }

    /// A field that spans lines is nearly always a quote that was never closed,
    /// and would swallow the rows after it.
    fn check_lines(&self) -> Result<(), ImportError> {
        let spans = |column: &usize| self.row.cell(*column).contains('\n');
        (0..self.sheet.columns.len()).find(spans).map_or(Ok(()), |column| {
            let hint = "close the double quote; a quote inside a quoted field is written twice";
            Err(self.refuse(column, "a quoted field that spans lines", "fields on one line", hint))
        })
    }
}
