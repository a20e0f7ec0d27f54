//! What holds what.

use std::collections::BTreeMap;

use allonet_core::fault::did_you_mean;
use allonet_core::table::Column;

use crate::import::{ImportError, shown};
use crate::rows::Sheet;

const FORMAT: &str = "entity CSV";

/// How coarse an entity is, the coarsest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// People who work together under one name.
    Organisation,
    /// Something they make.
    Project,
    /// Where its code is kept.
    Repository,
    /// What is published from there.
    Package,
}

impl Level {
    /// All levels, the coarsest first.
    pub const ALL: [Self; 4] = [Self::Organisation, Self::Project, Self::Repository, Self::Package];

    /// Its name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Organisation => "organisation",
            Self::Project => "project",
            Self::Repository => "repository",
            Self::Package => "package",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        let found = text.to_ascii_lowercase();
        match found.as_str() {
            "organization" | "org" => Some(Self::Organisation),
            "repo" => Some(Self::Repository),
            _ => Self::ALL.into_iter().find(|level| level.name() == found),
        }
    }
}

/// A forest of entities: each has a level and at most one holder.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Containment(BTreeMap<String, (Level, Option<String>)>);

const COLUMNS: [Column; 3] = [
    Column::required(&["entity", "id", "name"]),
    Column::required(&["level", "kind"]),
    Column::optional(&["parent", "holder", "part_of"]),
];

impl Containment {
    /// Reads a table with the columns `entity`, `level` and `parent`, which is
    /// empty where nothing holds the entity.
    ///
    /// Refuses an entity on two rows, a holder that has no row, and a holder
    /// that is not coarser; so there are no circles.
    pub fn parse(text: &str) -> Result<Self, ImportError> {
        let table = Sheet::read(FORMAT, text, &COLUMNS)?;
        let mut entities = BTreeMap::new();
        for row in table.rows() {
            let text = row.text(1)?;
            let level = Level::parse(text).ok_or_else(|| {
                let names = Level::ALL.map(Level::name);
                let found = text.to_ascii_lowercase();
                let hint = did_you_mean(&found, names).unwrap_or_else(|| names.join(", "));
                row.refuse(1, &format!("`{}`", shown(text)), "a level", &hint)
            })?;
            let id = row.text(0)?.to_owned();
            let parent = row.optional(2).map(str::to_owned);
            if entities.insert(id.clone(), (level, parent)).is_some() {
                let found = format!("`{}` for the second time", shown(&id));
                let hint = "keep the row with its direct holder";
                return Err(row.refuse(0, &found, "one row for each entity", hint));
            }
        }
        for row in table.rows() {
            let Some(parent) = row.optional(2) else { continue };
            let level = entities[row.text(0)?].0;
            let found = || format!("`{}`", shown(parent));
            let Some((above, _)) = entities.get(parent) else {
                let hint = "add a row for the holder, or leave the cell empty";
                return Err(row.refuse(2, &found(), "an entity of the table", hint));
            };
            if *above >= level {
                let found =
                    format!("{}, a {}, as holder of a {}", found(), above.name(), level.name());
                let hint = "organisations hold projects, those repositories, those packages";
                return Err(row.refuse(2, &found, "a coarser entity", hint));
            }
        }
        Ok(Self(entities))
    }

    /// Whether an entity is in the table.
    pub fn contains(&self, id: &str) -> bool {
        self.0.contains_key(id)
    }

    /// The level of an entity.
    pub fn level(&self, id: &str) -> Option<Level> {
        self.0.get(id).map(|(level, _)| *level)
    }

    /// What holds an entity, from the inside out.
    pub fn above<'s>(&'s self, id: &str) -> impl Iterator<Item = &'s str> {
        let parent = |id: &str| self.0.get(id).and_then(|(_, parent)| parent.as_deref());
        std::iter::successors(parent(id), move |id| parent(id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_name_their_place() {
        for (rows, line, column, hint) in [
            ("a,organisation,\na,project,\n", 3, 1, "keep the row"),
            ("a,repositry,\n", 2, 3, "did you mean `repository`?"),
            ("a,project,b\n", 2, 11, "add a row for the holder"),
            ("a,project,b\nb,repository,\n", 2, 11, "organisations hold"),
            ("a,project,a\n", 2, 11, "organisations hold"),
        ] {
            let refused = Containment::parse(&format!("entity,level,parent\n{rows}"));
            let refused = refused.expect_err(rows);
            assert_eq!((refused.line, refused.column), (Some(line), Some(column)), "{refused}");
            assert!(refused.hint.contains(hint), "{refused}");
        }
        let text = "entity,level\nx,org\ny,Repo\n";
        let read = Containment::parse(text).expect("no holders");
        assert_eq!(read.level("y"), Some(Level::Repository));
        assert_eq!(read.above("y").count(), 0);
    }
}
