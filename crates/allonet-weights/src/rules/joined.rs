//! Whether comparisons join all items, and whether every item can be placed.

use allonet_core::condensation::{Digraph, condense};

use super::FitError;
use crate::comparisons::{Comparisons, Tally};

/// Items that comparisons join, directly or over others: places ascending, the
/// largest island first.
pub(super) fn islands(comparisons: &Comparisons) -> Vec<Vec<u32>> {
    let mut parent: Vec<u32> = (0_u32..).take(comparisons.items().len()).collect();
    for row in comparisons.rows() {
        let (a, b) = (root(&mut parent, row.left), root(&mut parent, row.right));
        // The smaller place stays the root, whatever the order of rows.
        parent[a.max(b) as usize] = a.min(b);
    }
    let mut islands: Vec<Vec<u32>> = vec![Vec::new(); parent.len()];
    for item in (0_u32..).take(parent.len()) {
        islands[root(&mut parent, item) as usize].push(item);
    }
    islands.retain(|island| !island.is_empty());
    islands.sort_by(|a, b| b.len().cmp(&a.len()).then(a.cmp(b)));
    islands
}

fn root(parent: &mut [u32], mut item: u32) -> u32 {
    while parent[item as usize] != item {
        let above = parent[parent[item as usize] as usize];
        parent[item as usize] = above;
        item = above;
    }
    item
}

/// Refuses islands.
pub(super) fn require_joined(comparisons: &Comparisons) -> Result<(), FitError> {
    let islands = islands(comparisons);
    if islands.len() <= 1 {
        return Ok(());
    }
    let names = |island: Vec<u32>| -> Vec<String> {
        island.into_iter().map(|item| comparisons.items()[item as usize].clone()).collect()
    };
    Err(FitError::Disconnected { islands: islands.into_iter().map(names).collect() })
}

/// What to tell where only records are counted, each on its island.
pub(super) fn apart_warning(comparisons: &Comparisons) -> Option<String> {
    let count = islands(comparisons).len();
    (count > 1).then(|| {
        format!(
            "no comparison joins the {count} islands of items: a weight says how an item did on \
             its island, not what it is worth beside items of another one"
        )
    })
}

/// What to tell where a prior, not a comparison, places islands to each other.
pub(super) fn island_warning(comparisons: &Comparisons) -> Option<String> {
    let count = islands(comparisons).len();
    (count > 1).then(|| {
        format!(
            "no comparison joins the {count} islands of items: each island's mean is set to the \
             same, which the data do not say"
        )
    })
}

/// Refuses islands, and groups of items that never lost to an item outside.
pub(super) fn require_bounded(comparisons: &Comparisons, tally: &Tally) -> Result<(), FitError> {
    require_joined(comparisons)?;
    let (mut offsets, mut targets) = (vec![0], Vec::new());
    for item in 0..tally.items() {
        let beaten = tally.row(item).filter(|(_, wins, _)| *wins > 0.0);
        targets.extend(beaten.map(|(other, ..)| place(other)));
        offsets.push(targets.len());
    }
    let parts = condense(&Digraph { offsets: &offsets, targets: &targets });
    if parts.len() <= 1 {
        return Ok(());
    }
    let names = parts.part(0).iter().map(|item| comparisons.items()[*item as usize].clone());
    Err(FitError::Unbounded { better: names.collect() })
}

fn place(at: usize) -> u32 {
    u32::try_from(at).expect("fewer than 2^32 items")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::comparisons::{Builder, Choice};

    fn of(wins: &[(&str, &str)]) -> Comparisons {
        let mut builder = Builder::default();
        let juror = builder.juror("j");
        for (winner, loser) in wins {
            let pair = (builder.item(winner), builder.item(loser));
            builder.push(juror, pair, Choice::Left, None);
        }
        builder.finish()
    }

    #[test]
    fn islands_are_named_the_largest_first() {
        let comparisons = of(&[("x", "y"), ("a", "b"), ("b", "c")]);
        let Err(FitError::Disconnected { islands }) = require_joined(&comparisons) else {
            panic!("there are two islands")
        };
        assert_eq!(islands, [vec!["a", "b", "c"], vec!["x", "y"]]);
        assert!(island_warning(&comparisons).is_some_and(|text| text.contains("2 islands")));
    }

    #[test]
    fn who_never_lost_outside_the_group_is_named() {
        let comparisons = of(&[("a", "b"), ("b", "a"), ("b", "c"), ("c", "d"), ("d", "c")]);
        let refused = require_bounded(&comparisons, &comparisons.tally()).unwrap_err();
        assert_eq!(refused, FitError::Unbounded { better: vec!["a".into(), "b".into()] });
        let fine = of(&[("a", "b"), ("b", "c"), ("c", "a")]);
        assert_eq!(require_bounded(&fine, &fine.tally()), Ok(()));
    }
}
