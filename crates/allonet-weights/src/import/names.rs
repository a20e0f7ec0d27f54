//! Node ids of packages, and names that only look different.

use std::collections::{BTreeMap, BTreeSet};

use super::Versions;

/// The node id of every `(name, version)`.
pub(super) fn node_ids(versions: Versions, packages: &[(&str, &str)]) -> Vec<String> {
    let mut known: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    if versions == Versions::Split {
        for &(name, version) in packages {
            known.entry(name).or_default().insert(version);
        }
    }
    let several = |name: &str| known.get(name).is_some_and(|found| found.len() > 1);
    let id = |&(name, version): &(&str, &str)| {
        if several(name) { format!("{name}@{version}") } else { name.to_owned() }
    };
    packages.iter().map(id).collect()
}

/// Where the packages of a lock file stand in it: by name, each with its version.
#[derive(Debug)]
pub(super) struct Known<'l>(BTreeMap<&'l str, Vec<(&'l str, usize)>>);

impl<'l> Known<'l> {
    /// From every `(name, version)`, in the order of the file.
    pub(super) fn new(packages: &[(&'l str, &'l str)]) -> Self {
        let mut known: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for (at, &(name, version)) in packages.iter().enumerate() {
            known.entry(name).or_default().push((version, at));
        }
        Self(known)
    }

    /// All packages of a name, or of one version of it, in the order of the file.
    pub(super) fn find(&self, name: &str, version: Option<&str>) -> Vec<usize> {
        let found = self.0.get(name).into_iter().flatten();
        let fitting = found.filter(|(known, _)| version.is_none_or(|version| version == *known));
        fitting.map(|&(_, at)| at).collect()
    }
}

/// A Python project name as PEP 503 compares it: lower case, and every run of
/// `-`, `_` and `.` as one hyphen.
pub(super) fn python_name(name: &str) -> String {
    let mut normal = String::with_capacity(name.len());
    for character in name.trim().chars() {
        let separator = matches!(character, '-' | '_' | '.');
        if !(separator && normal.ends_with('-')) {
            normal.push(if separator { '-' } else { character.to_ascii_lowercase() });
        }
    }
    normal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_shown_only_where_two_coexist() {
        let packages =
            [("serde", "1.0.1"), ("rand", "0.8.5"), ("rand", "0.9.0"), ("rand", "0.9.0")];
        assert_eq!(node_ids(Versions::Merge, &packages), ["serde", "rand", "rand", "rand"]);
        let split = ["serde", "rand@0.8.5", "rand@0.9.0", "rand@0.9.0"];
        assert_eq!(node_ids(Versions::Split, &packages), split);
    }

    #[test]
    fn python_names_compare_as_pep_503_says() {
        for name in ["Zope.Interface", "zope-interface", "zope__interface", "ZOPE.-_interface"] {
            assert_eq!(python_name(name), "zope-interface");
        }
    }
}
