//! What work builds on beside code: papers, standards, ideas and people.
//!
//! A row says that one thing stands in a relation to another, with who says so,
//! when, and on what evidence. Relations point from what builds to what it
//! builds on, so that money follows them like any dependency.
//!
//! # Vocabulary
//!
//! | relation       | from … to                                              |
//! |----------------|--------------------------------------------------------|
//! | `depends-on`   | software to what it needs to run or be built           |
//! | `implements`   | software to the standard or paper it makes work        |
//! | `specified-by` | a format or service to the document that defines it    |
//! | `derived-from` | a fork or port to what it was made from                |
//! | `cites`        | a paper or document to a source it names               |
//! | `inspired-by`  | anything to what gave the idea, without taking a part   |
//!
//! `dependsOn`, `depends_on` and `depends on` are read as `depends-on`.
//!
//! | id                     | is                                             |
//! |------------------------|------------------------------------------------|
//! | `repo:owner/name`, an address of a repository | a repository            |
//! | `pkg:cargo/serde`      | a package, by its package URL                  |
//! | `doi:10.1145/…`, `arxiv:…` | a paper, also by its address at doi.org or arxiv.org |
//! | `rfc:9110`, `eip:1559`, `erc:20` | a standard, also by its address      |
//! | `paper:…`, `standard:…` | one without a registry                        |
//! | `person:…`, `orcid:…`, `org:…` | a person, an organisation              |
//!
//! An unknown relation or prefix is refused with the nearest known one. In a
//! graph a repository keeps its bare name `owner/name`, so that typed edges
//! [join](crate::graph::DependencyGraph::union) with graphs from lock files.
//!
//! # Units
//!
//! A weight is relative among the rows of the same `from`, whatever their
//! relation; a [`View`] scales relations against each other and lets evidence
//! fade with age.
//!
//! # Known weaknesses
//!
//! Citations are cheap: who may write rows decides who is paid. Filter by
//! author, scale `cites` and `inspired-by` down, and keep contests open.
//!
//! # Sources
//!
//! Relation types after schema.org and DataCite's `relationType`; the choice of
//! six is this project's own.
//!
//! # Example
//!
//! ```
//! use allonet_weights::relation::{Relation, Relations, View};
//! use allonet_weights::import::ReadOptions;
//! use allonet_weights::structural::{Settings, weigh};
//!
//! let text = "from,relation,to,weight,evidence,author,date\n\
//!     X/Client,implements,https://eips.ethereum.org/EIPS/eip-1559,1,spec.md,ann,2026-01-05\n\
//!     x/client,dependsOn,pkg:cargo/serde,3,Cargo.toml,ann,2026-01-05\n\
//!     eip:1559,cites,doi:10.1000/XYZ,1,references,bo,2026-02-01\n";
//! let relations = Relations::parse(text, &ReadOptions::default())?;
//! let graph = relations.graph(&View::default());
//! let network = weigh(&graph, &Settings::default())?;
//! let ids: Vec<&str> = network.nodes().iter().map(String::as_str).collect();
//! assert_eq!(ids, ["doi:10.1000/xyz", "eip:1559", "pkg:cargo/serde", "x/client"]);
//!
//! let code = View { relations: [Relation::DependsOn].into(), ..View::default() };
//! assert_eq!(relations.graph(&code).edge_count(), 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod entity;

use std::collections::{BTreeMap, BTreeSet};

use allonet_core::fault::did_you_mean;
use allonet_core::table::Column;
use allonet_core::time::Instant;

use crate::eras::decay;
use crate::graph::{DependencyGraph, EdgeKind, GraphBuilder};
use crate::import::{ImportError, ReadOptions, shown};
use crate::rows::{Row, Sheet};

pub use entity::{EntityKind, UnknownEntity, entity};

const FORMAT: &str = "relation CSV";

/// Weights are relative; beyond this size a unit must have been mistaken.
const LARGEST_WEIGHT: f64 = 1e12;

/// How one thing builds on another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Relation {
    /// It needs it to run or to be built.
    DependsOn,
    /// It makes it work.
    Implements,
    /// It is defined by it.
    SpecifiedBy,
    /// It was made from it.
    DerivedFrom,
    /// It names it as a source.
    Cites,
    /// It took the idea from it.
    InspiredBy,
}

impl Relation {
    /// All relations.
    pub const ALL: [Self; 6] = [
        Self::DependsOn,
        Self::Implements,
        Self::SpecifiedBy,
        Self::DerivedFrom,
        Self::Cites,
        Self::InspiredBy,
    ];

    /// Its name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::DependsOn => "depends-on",
            Self::Implements => "implements",
            Self::SpecifiedBy => "specified-by",
            Self::DerivedFrom => "derived-from",
            Self::Cites => "cites",
            Self::InspiredBy => "inspired-by",
        }
    }

    /// The relation of a name, whatever its case and the signs between words.
    pub fn parse(text: &str) -> Option<Self> {
        let bare = |text: &str| -> String {
            text.chars().filter(char::is_ascii_alphabetic).map(|c| c.to_ascii_lowercase()).collect()
        };
        let found = bare(text);
        Self::ALL.into_iter().find(|relation| bare(relation.name()) == found)
    }
}

/// One statement.
#[derive(Debug, Clone, PartialEq)]
pub struct RelationRow {
    /// What builds, as a canonical id.
    pub from: String,
    /// How.
    pub relation: Relation,
    /// What it builds on, as a canonical id.
    pub to: String,
    /// How much beside the other rows of the same `from`.
    pub weight: Option<f64>,
    /// Where it can be checked.
    pub evidence: Option<String>,
    /// Who says so.
    pub author: Option<String>,
    /// When.
    pub date: Option<Instant>,
    /// The line of the file, from one.
    pub line: u32,
}

/// Statements, in the order of their file.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Relations {
    /// The rows.
    pub rows: Vec<RelationRow>,
}

/// What part of the statements a graph is made of. The default takes all.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct View {
    /// Only these relations; empty for all.
    pub relations: BTreeSet<Relation>,
    /// Only statements of these authors; empty for all.
    pub authors: BTreeSet<String>,
    /// A factor for the weights of a relation; one where none is given.
    /// Finite and at least zero.
    pub scale: BTreeMap<Relation, f64>,
    /// The moment of the view: later statements are not known yet.
    pub at: Option<Instant>,
    /// Statements lose half their weight in so many seconds; needs `at`.
    /// Those without a date do not fade.
    pub half_life_secs: Option<u64>,
}

const COLUMNS: [Column; 7] = [
    Column::required(&["from", "source"]),
    Column::required(&["relation", "type"]),
    Column::required(&["to", "target"]),
    Column::optional(&["weight"]),
    Column::optional(&["evidence", "link"]),
    Column::optional(&["author", "by"]),
    Column::optional(&["date", "at"]),
];

impl Relations {
    /// Reads a table with the columns `from`, `relation`, `to`, and where there
    /// are any `weight`, `evidence`, `author` and `date`.
    pub fn parse(text: &str, options: &ReadOptions) -> Result<Self, ImportError> {
        let table = Sheet::read(FORMAT, text, &COLUMNS)?;
        let rows = table.rows().map(|row| read(&row, options)).collect::<Result<_, _>>()?;
        Ok(Self { rows })
    }

    /// The graph of a view. What nothing else builds on are the roots.
    ///
    /// Statements of one pair add up. Where a view scales or fades, a row
    /// without a weight weighs one; else it has none, and a dependent whose rows
    /// have weights only in part is refused when it is weighed.
    ///
    /// # Panics
    ///
    /// If a factor of the view is negative or not finite.
    pub fn graph(&self, view: &View) -> DependencyGraph {
        let mut builder = GraphBuilder::default();
        let weighted = !view.scale.is_empty() || view.half_life_secs.is_some();
        for row in self.rows.iter().filter(|row| view.shows(row)) {
            let (from, to) = (builder.list(&row.from), builder.list(&row.to));
            let kind = match row.relation {
                Relation::DependsOn => EdgeKind::Normal,
                _ => EdgeKind::Unknown,
            };
            let given = row.weight.or(weighted.then_some(1.0));
            builder.edge(from, to, kind, given.map(|weight| weight * view.factor(row)));
        }
        builder.mark_sources_as_roots();
        builder.finish()
    }
}

impl View {
    fn shows(&self, row: &RelationRow) -> bool {
        let known = match (self.at, row.date) {
            (Some(at), Some(date)) => date <= at,
            _ => true,
        };
        let author = || row.author.as_ref().is_some_and(|author| self.authors.contains(author));
        known
            && (self.relations.is_empty() || self.relations.contains(&row.relation))
            && (self.authors.is_empty() || author())
    }

    fn factor(&self, row: &RelationRow) -> f64 {
        let scale = self.scale.get(&row.relation).copied().unwrap_or(1.0);
        match (self.at, row.date, self.half_life_secs) {
            (Some(at), Some(date), Some(half_life)) => scale * decay(date, at, half_life),
            _ => scale,
        }
    }
}

fn read(row: &Row, options: &ReadOptions) -> Result<RelationRow, ImportError> {
    let end = |column: usize| {
        let text = row.text(column)?;
        entity(text, options).map(|(_, id)| id).map_err(|unknown| {
            row.refuse(
                column,
                &format!("`{}`", shown(text)),
                "the id of an entity",
                &unknown.to_string(),
            )
        })
    };
    let text = row.text(1)?;
    let relation = Relation::parse(text).ok_or_else(|| {
        let names = Relation::ALL.map(Relation::name);
        let spelled = text.to_ascii_lowercase().replace(['_', ' '], "-");
        let hint = did_you_mean(&spelled, names).unwrap_or_else(|| names.join(", "));
        row.refuse(1, &format!("`{}`", shown(text)), "a relation of the vocabulary", &hint)
    })?;
    let weight = row.optional(3).map(|_| row.number(3, LARGEST_WEIGHT)).transpose()?;
    let date = row.optional(6).map(|text| {
        text.parse::<Instant>().map_err(|error| {
            row.refuse(6, &format!("`{}`", shown(text)), "a date", &error.to_string())
        })
    });
    Ok(RelationRow {
        from: end(0)?,
        relation,
        to: end(2)?,
        weight,
        evidence: row.optional(4).map(str::to_owned),
        author: row.optional(5).map(str::to_owned),
        date: date.transpose()?,
        line: row.line(),
    })
}
