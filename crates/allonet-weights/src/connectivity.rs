//! How well comparisons join the items: islands, groups that never lost, and
//! how far the joined ones are known.
//!
//! # Formula
//!
//! * Islands are the connected parts of the graph of compared pairs. Between
//!   islands nothing is known.
//! * In the graph with an edge from `i` to `j` where `i` beat `j` (ties join
//!   both ways) everything must reach everything, else a group that never lost
//!   to the rest has no largest likelihood (Ford's condition).
//! * `λ₂` is the second-smallest eigenvalue of the Laplacian of comparison
//!   counts, `tr(L⁺)/n` the mean diagonal entry of its pseudo-inverse. A
//!   comparison of two equals tells a quarter of a unit of information, so log
//!   weights of direct answers have a root mean squared standard error of at
//!   least `2 √(tr(L⁺)/n)`, and no direction one above `2 / √λ₂` between
//!   equals.
//!
//! # Known weaknesses
//!
//! * Counts of comparisons know nothing of lopsided answers: where one item
//!   nearly always wins, less is known than these figures say. The standard
//!   errors of a fit do know.
//!
//! # Sources
//!
//! * Ford (1957), *Solution of a ranking problem from binary comparisons*.
//! * Shah, Balakrishnan, Bradley, Parekh, Ramchandran, Wainwright (2016),
//!   *Estimation from pairwise comparisons* (error and `tr(L⁺)`).

mod forest;
mod spectrum;

use allonet_core::condensation::{Digraph, condense};

use crate::comparisons::{Comparisons, Tally};
use crate::rules::FitError;

pub(crate) use forest::Forest;
pub use spectrum::{Joined, joined};

/// Items of each island in ascending order, the largest island first.
pub fn islands(tally: &Tally) -> Vec<Vec<u32>> {
    let pairs = (0_u32..).take(tally.items()).flat_map(|item| {
        let row = tally.offsets[item as usize]..tally.offsets[item as usize + 1];
        tally.others[row].iter().map(move |other| (item, *other))
    });
    largest_first(Forest::of(tally.items(), pairs))
}

/// The [`islands`] of comparisons, without a tally.
pub fn islands_of(comparisons: &Comparisons) -> Vec<Vec<u32>> {
    let pairs = comparisons.rows().map(|row| (row.left, row.right));
    largest_first(Forest::of(comparisons.items().len(), pairs))
}

fn largest_first(mut forest: Forest) -> Vec<Vec<u32>> {
    let mut islands = forest.groups();
    // The sort keeps the order of first items among islands of one size.
    islands.sort_by_key(|island| std::cmp::Reverse(island.len()));
    islands
}

/// Groups of items within which everything beat everything, directly or by way
/// of others; a group stands before those it beat. One group means that a
/// largest likelihood exists.
pub fn groups(tally: &Tally) -> Vec<Vec<u32>> {
    let (mut offsets, mut targets) = (vec![0], Vec::new());
    for item in 0..tally.items() {
        let range = tally.offsets[item]..tally.offsets[item + 1];
        targets.extend(range.filter(|at| tally.wins[*at] > 0.0).map(|at| tally.others[at]));
        offsets.push(targets.len());
    }
    let parts = condense(&Digraph { offsets: &offsets, targets: &targets });
    parts.parts().map(<[u32]>::to_vec).collect()
}

/// Whether every item beat every other, directly or by way of others.
pub fn is_bounded(tally: &Tally) -> bool {
    let all =
        |side: &[f64]| tally.items() == 0 || reached(tally, |at| side[at] > 0.0) == tally.items();
    all(&tally.wins) && all(&tally.losses)
}

/// Fails where some items are not joined to others.
pub fn require_one_island(comparisons: &Comparisons) -> Result<(), FitError> {
    let islands = islands_of(comparisons);
    if islands.len() <= 1 {
        return Ok(());
    }
    let islands = islands.iter().map(|island| names(comparisons, island)).collect();
    Err(FitError::Disconnected { islands })
}

/// Fails where likelihood has no maximum: items on several islands, or a group
/// that never lost to the rest.
pub fn require_bounded(comparisons: &Comparisons, tally: &Tally) -> Result<(), FitError> {
    if is_bounded(tally) {
        return Ok(());
    }
    require_one_island(comparisons)?;
    let groups = groups(tally);
    Err(FitError::Unbounded { better: names(comparisons, &groups[0]) })
}

/// Where islands are each centred, which places them to each other: a sentence
/// for the user.
pub(crate) fn centred_islands_warning(comparisons: &Comparisons) -> Option<String> {
    let count = islands_of(comparisons).len();
    (count > 1).then(|| {
        format!(
            "no comparison joins the {count} islands of items: each island's mean is set to the \
             same, which the data do not say"
        )
    })
}

/// What to tell where only records are counted, each on its island.
pub(crate) fn apart_warning(comparisons: &Comparisons) -> Option<String> {
    let count = islands_of(comparisons).len();
    (count > 1).then(|| {
        format!(
            "no comparison joins the {count} islands of items: a weight says how an item did on \
             its island, not what it is worth beside items of another one"
        )
    })
}

/// Where only a prior relates items: a sentence for the user.
pub(crate) fn island_warning(comparisons: &Comparisons, tally: &Tally) -> Option<String> {
    let islands = islands(tally);
    let smallest = islands.last().filter(|_| islands.len() > 1)?;
    let name = &comparisons.items()[smallest[0] as usize];
    Some(format!(
        "the items are on {} islands that no comparison joins (the smallest is that of `{name}`): \
         between islands the weights say nothing but the prior",
        islands.len()
    ))
}

fn names(comparisons: &Comparisons, items: &[u32]) -> Vec<String> {
    items.iter().map(|item| comparisons.items()[*item as usize].clone()).collect()
}

/// How many items can be reached from the first along the entries that `follow`
/// accepts, itself included.
fn reached(tally: &Tally, follow: impl Fn(usize) -> bool) -> usize {
    let mut found = vec![0_u32];
    let mut seen = vec![false; tally.items()];
    seen[0] = true;
    let mut next = 0;
    // Dense rows reach everything long before all of them are looked at.
    while next < found.len() && found.len() < seen.len() {
        let item = found[next] as usize;
        next += 1;
        for at in tally.offsets[item]..tally.offsets[item + 1] {
            let other = tally.others[at];
            if follow(at) && !std::mem::replace(&mut seen[other as usize], true) {
                found.push(other);
            }
        }
    }
    found.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::comparisons::{Builder, Choice};

    fn duels(rows: &[(&str, &str)]) -> Comparisons {
        let mut builder = Builder::default();
        let juror = builder.juror("");
        for (winner, loser) in rows {
            let pair = (builder.item(winner), builder.item(loser));
            builder.push(juror, pair, Choice::Left, None);
        }
        builder.finish()
    }

    #[test]
    fn islands_are_named_largest_first() {
        let duels = duels(&[("x", "y"), ("a", "b"), ("b", "c"), ("c", "a")]);
        let tally = duels.tally();
        assert_eq!(islands(&tally), [vec![0, 1, 2], vec![3, 4]]);
        let refused = require_bounded(&duels, &tally).unwrap_err();
        assert!(matches!(&refused, FitError::Disconnected { islands } if islands[1] == ["x", "y"]));
        let warning = island_warning(&duels, &tally).unwrap();
        assert!(warning.contains("2 islands") && warning.contains("`x`"), "{warning}");
        assert_eq!(islands_of(&duels), islands(&tally));
        assert!(centred_islands_warning(&duels).is_some_and(|text| text.contains("2 islands")));
    }

    #[test]
    fn a_group_that_never_lost_is_named() {
        let duels = duels(&[("a", "b"), ("b", "a"), ("a", "c"), ("c", "d"), ("d", "c")]);
        let tally = duels.tally();
        assert!(!is_bounded(&tally));
        assert_eq!(groups(&tally), [vec![0, 1], vec![2, 3]]);
        let refused = require_bounded(&duels, &tally).unwrap_err();
        assert_eq!(refused, FitError::Unbounded { better: vec!["a".into(), "b".into()] });
    }

    #[test]
    fn a_circle_and_a_tie_are_bounded() {
        assert!(is_bounded(&duels(&[("a", "b"), ("b", "c"), ("c", "a")]).tally()));
        assert!(is_bounded(&Tally::from_columns(2, &[0], &[1], &[Choice::Tie])));
        assert!(!is_bounded(&Tally::from_columns(2, &[0], &[1], &[Choice::Left])));
        let nothing = Tally::from_columns(0, &[], &[], &[]);
        assert!(is_bounded(&nothing) && islands(&nothing).is_empty());
    }
}
