//! What models of jurors share: answers by juror, and the information that
//! answers hold on items once the uncertainty of the jurors is taken off.

pub(super) mod answers;
pub(super) mod information;
pub(super) mod reliable;
pub(super) mod scaled;

use crate::comparisons::Comparisons;

pub(super) use answers::{Juror, Row};
pub(super) use information::{Block, Information, spread_block};

/// The next guess at the variance that values are drawn from (`MacKay`, 1992).
///
/// The values' estimates have squares that add up to `squares`; what is not
/// known of them has variances that add up to `unknown`, given the variance of
/// now. The fixed point is that of expectation–maximisation, `count · variance
/// = squares + unknown`, with one value more that showed `guess`: it keeps the
/// variance of few values from zero, where no later value could move it again.
pub(super) fn next_variance(
    now: f64,
    count: f64,
    (squares, unknown): (f64, f64),
    guess: f64,
) -> f64 {
    let known = (count - unknown / now).max(0.0);
    (squares + guess) / (known + 1.0)
}

/// A warning where no comparison joins some of the items.
pub(super) fn islands_warning(comparisons: &Comparisons) -> Option<String> {
    let items = comparisons.items().len();
    let mut island: Vec<usize> = (0..items).collect();
    for row in comparisons.rows() {
        let left = root(&mut island, row.left as usize);
        let right = root(&mut island, row.right as usize);
        island[left.max(right)] = left.min(right);
    }
    let count = (0..items).filter(|item| island[*item] == *item).count();
    (count > 1).then(|| {
        format!(
            "no comparison joins the {count} islands of items: between them only the prior decides"
        )
    })
}

/// The first item of an item's island; shortens the way there.
fn root(island: &mut [usize], mut item: usize) -> usize {
    while island[item] != item {
        island[item] = island[island[item]];
        item = island[item];
    }
    item
}
