//! Comparisons by juror, in an order that does not depend on the file's.

use std::collections::BTreeSet;

use crate::comparisons::{Comparison, Comparisons};

/// One juror's answers.
#[derive(Debug, Clone)]
pub(in crate::rules) struct Juror {
    /// The items it compared, sorted.
    pub(in crate::rules) items: Vec<u32>,
    /// Its answers, sorted.
    pub(in crate::rules) rows: Vec<Row>,
}

/// One answer.
#[derive(Debug, Clone, Copy)]
pub(in crate::rules) struct Row {
    /// The item shown first.
    pub(in crate::rules) left: u32,
    /// The item shown second.
    pub(in crate::rules) right: u32,
    /// Place of `left` in the juror's items.
    pub(in crate::rules) left_at: u32,
    /// Place of `right` in the juror's items.
    pub(in crate::rules) right_at: u32,
    /// 1 if the right item is worth more, 0 if the left, ½ for a tie; or the
    /// log ratio, for models of intensities.
    pub(in crate::rules) said: f64,
}

/// All answers by juror; `said` gives the number to keep of each.
pub(in crate::rules) fn by_juror(
    comparisons: &Comparisons,
    said: impl Fn(&Comparison) -> f64,
) -> Vec<Juror> {
    let rows_by_juror = comparisons.rows_by_juror();
    let juror = |places: &Vec<usize>| {
        let mut rows: Vec<(u32, u32, f64)> = places
            .iter()
            .map(|at| comparisons.row(*at))
            .map(|row| (row.left, row.right, said(&row)))
            .collect();
        rows.sort_unstable_by(|a, b| (a.0, a.1).cmp(&(b.0, b.1)).then(a.2.total_cmp(&b.2)));
        let items: BTreeSet<u32> = rows.iter().flat_map(|row| [row.0, row.1]).collect();
        let items: Vec<u32> = items.into_iter().collect();
        let at = |item: u32| {
            let at = items.binary_search(&item).expect("it is the juror's own item");
            u32::try_from(at).expect("fewer than 2^32 items")
        };
        let rows = rows
            .into_iter()
            .map(|(left, right, said)| Row {
                left,
                right,
                left_at: at(left),
                right_at: at(right),
                said,
            })
            .collect();
        Juror { items, rows }
    };
    rows_by_juror.iter().map(juror).collect()
}

/// What the right item of a row has above the left.
pub(in crate::rules) fn gap(log_weights: &[f64], row: &Row) -> f64 {
    log_weights[row.right as usize] - log_weights[row.left as usize]
}
