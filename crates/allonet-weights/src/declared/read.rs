//! Declarations and opt-outs from tables.

use std::collections::BTreeMap;

use allonet_core::table::Column;
use allonet_core::time::Instant;

use super::{Declaration, Declarations, OptOut, Part, Statement};
use crate::import::{ImportError, ReadOptions, shown};
use crate::rows::{Row, Sheet};

const FORMAT: &str = "declaration CSV";
const OPT_OUTS: &str = "opt-out CSV";

/// The word for what a node keeps.
const SELF: &str = "SELF";

const COLUMNS: [Column; 7] = [
    Column::required(&["repo", "dependency"]),
    Column::required(&["parent", "node", "dependent"]),
    Column::required(&["weight", "share"]),
    Column::required(&["author", "owner"]),
    Column::required(&["date"]),
    Column::required(&["reason"]),
    Column::optional(&["evidence", "link"]),
];

const SPLITS: [Column; 6] = [
    Column::required(&["recipient", "to"]),
    Column::required(&["node", "repo", "parent"]),
    Column::required(&["share", "weight"]),
    Column::required(&["author", "owner"]),
    Column::required(&["date"]),
    Column::required(&["reason"]),
];

/// Numbers that are too large are refused with the statement, so that one
/// owner's slip does not stop the others.
const LARGEST: f64 = 1e12;

/// What belongs together: node, date, author.
type Key = (String, Instant, String);

impl Declarations {
    /// Reads declarations: `repo,parent,weight,author,date,reason` and where
    /// there is any `evidence`. Rows of one parent, author and date are one
    /// declaration; `SELF` in the place of `repo` gives the own share.
    pub fn parse(text: &str, options: &ReadOptions) -> Result<Self, ImportError> {
        let table = Sheet::read(FORMAT, text, &COLUMNS)?;
        let mut found: BTreeMap<Key, Declaration> = BTreeMap::new();
        for row in table.rows() {
            let statement = statement(&row, options)?;
            let weight = row.number(2, LARGEST)?;
            let dependency = row.repository(0, options)?;
            let declaration = found.entry(key(&statement)).or_insert_with(|| Declaration {
                statement: statement.clone(),
                own: None,
                parts: Vec::new(),
            });
            fill_reason(&mut declaration.statement, statement.reason);
            let own =
                row.text(0)?.eq_ignore_ascii_case(SELF) || dependency == declaration.statement.node;
            let known = declaration.parts.iter().any(|part| part.dependency == dependency);
            if known || (own && declaration.own.is_some()) {
                return Err(twice(&row, 0, &dependency));
            }
            if own {
                declaration.own = Some(weight);
            } else {
                let evidence = row.optional(6).map(str::to_owned);
                declaration.parts.push(Part { dependency, weight, evidence });
            }
        }
        Ok(Self { declarations: found.into_values().collect(), opt_outs: Vec::new() })
    }

    /// The same with opt-outs of another table:
    /// `node,recipient,share,author,date,reason`.
    pub fn with_opt_outs(mut self, text: &str, options: &ReadOptions) -> Result<Self, ImportError> {
        let table = Sheet::read(OPT_OUTS, text, &SPLITS)?;
        let mut found: BTreeMap<Key, OptOut> = BTreeMap::new();
        for row in table.rows() {
            let statement = statement(&row, options)?;
            let recipient = row.text(0)?.to_owned();
            let weight = row.number(2, LARGEST)?;
            let opt_out = found
                .entry(key(&statement))
                .or_insert_with(|| OptOut { statement: statement.clone(), split: Vec::new() });
            fill_reason(&mut opt_out.statement, statement.reason);
            if opt_out.split.iter().any(|(known, _)| *known == recipient) {
                return Err(twice(&row, 0, &recipient));
            }
            opt_out.split.push((recipient, weight));
        }
        self.opt_outs.extend(found.into_values());
        Ok(self)
    }
}

fn statement(row: &Row, options: &ReadOptions) -> Result<Statement, ImportError> {
    let text = row.text(4)?;
    let date = text.parse::<Instant>().map_err(|error| {
        row.refuse(4, &format!("`{}`", shown(text)), "a date", &error.to_string())
    })?;
    Ok(Statement {
        node: row.repository(1, options)?,
        author: row.text(3)?.to_owned(),
        date,
        reason: row.optional(5).unwrap_or_default().to_owned(),
        line: row.line(),
    })
}

fn key(statement: &Statement) -> Key {
    (statement.node.clone(), statement.date, statement.author.clone())
}

/// One reason suffices for all rows of a statement.
fn fill_reason(statement: &mut Statement, reason: String) {
    if statement.reason.is_empty() {
        statement.reason = reason;
    }
}

fn twice(row: &Row, column: usize, id: &str) -> ImportError {
    let hint = "keep one of the rows; different addresses may be the same repository";
    let found = format!("`{}` again in one statement", shown(id));
    row.refuse(column, &found, "each one once", hint)
}
