//! Going in circles: preferences that cannot all be right, and ratios that do
//! not multiply up.
//!
//! # Formula
//!
//! Answers on a pair are merged first: the item preferred more often, and the
//! mean of `c`. Over three items all of whose pairs were compared,
//!
//! * an *order cycle* is `a > b > c > a`;
//! * the *loop* is `|c_ab + c_bc − c_ac|` in nats: 0.22 nats is 25 %.
//!
//! Triangles are counted exactly, whatever their number. Beyond triangles, the
//! sum of squares of all answers falls into three parts (Hodge):
//!
//! ```text
//! Σ c² = explained by weights + cyclic + disagreement on the same pair
//! ```
//!
//! The first is `R²`: what any weights can explain. The second is what no
//! weights can explain although everybody said the same about each pair.
//!
//! # Known weaknesses
//!
//! * Noise makes cycles: between items of equal worth a quarter of all
//!   triangles of coin tosses are cyclic. Items far apart should show none.
//!
//! # Sources
//!
//! * Kendall and Babington Smith (1940), *On the method of paired comparisons*;
//!   Jiang, Lim, Yao, Ye (2011), *Statistical ranking and combinatorial Hodge
//!   theory*, section 2.

use std::collections::BTreeMap;

use allonet_core::maths;

use super::repeats::{prefers_first, towards_second};
use crate::comparisons::{Comparison, Comparisons};
use crate::linear::Laplacian;

/// 25 % in nats.
pub const QUARTER: f64 = 0.223_143_551_314_209_76;

/// Circles in some answers.
#[derive(Debug, Clone, PartialEq)]
pub struct Cycles {
    /// Triples of items all of whose pairs were compared, with an answer that
    /// prefers one.
    pub triangles: usize,
    /// How many of them are order cycles.
    pub order_cycles: usize,
    /// Triples all of whose pairs have answers that say how much.
    pub loops: usize,
    /// How many of them miss by more than the threshold.
    pub wide_loops: usize,
    /// The worst, the widest first: order cycles before loops.
    pub worst: Vec<Triangle>,
    /// How the intensities divide; none where no answer says how much.
    pub energy: Option<Energy>,
}

/// Three items in a circle.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Triangle {
    /// Places of the items; where it is an order cycle, each is preferred to
    /// the next and the last to the first.
    pub items: [u32; 3],
    /// Whether it is an order cycle.
    pub order_cycle: bool,
    /// By how much the ratios miss, in nats, where they are known.
    pub gap: Option<f64>,
}

/// Sums of squares of intensities, in square nats.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Energy {
    /// Of all.
    pub total: f64,
    /// What weights explain.
    pub gradient: f64,
    /// What goes in circles.
    pub cyclic: f64,
    /// What answers on the same pair differ by.
    pub disagreement: f64,
}

impl Energy {
    /// `1 − R²`: the share of the signal that no weights explain.
    pub fn unexplained(&self) -> f64 {
        if self.total > 0.0 { 1.0 - self.gradient / self.total } else { 0.0 }
    }
}

/// Circles in all answers and in those of each juror.
#[derive(Debug, Clone, PartialEq)]
pub struct JuryCycles {
    /// All answers together.
    pub overall: Cycles,
    /// Each juror's own.
    pub jurors: Vec<Cycles>,
}

/// Counts circles of each juror and of all; loops wider than `threshold` nats
/// are counted as wide, and `listed` of the worst are named.
pub fn jury_cycles(comparisons: &Comparisons, threshold: f64, listed: usize) -> JuryCycles {
    let rows: Vec<Comparison> = comparisons.rows().collect();
    let items = comparisons.items().len();
    let of_juror = |places: &Vec<usize>| {
        let own: Vec<Comparison> = places.iter().map(|at| rows[*at]).collect();
        cycles(&own, items, threshold, listed)
    };
    JuryCycles {
        overall: cycles(&rows, items, threshold, listed),
        jurors: comparisons.rows_by_juror().iter().map(of_juror).collect(),
    }
}

/// All answers on a pair, towards its second item.
#[derive(Debug, Clone, Default)]
struct Merged {
    votes: i64,
    said: Vec<f64>,
}

#[derive(Debug, Clone, Copy)]
struct Edge {
    /// Above zero where the second item is preferred.
    sign: i64,
    mean: Option<f64>,
}

fn cycles(rows: &[Comparison], items: usize, threshold: f64, listed: usize) -> Cycles {
    let mut merged: BTreeMap<(u32, u32), Merged> = BTreeMap::new();
    for row in rows {
        let pair = merged.entry(row.pair()).or_default();
        pair.votes += prefers_first(row).map_or(0, |first| if first { -1 } else { 1 });
        pair.said.extend(towards_second(row));
    }
    for pair in merged.values_mut() {
        pair.said.sort_unstable_by(f64::total_cmp);
    }
    // For each item the later ones it was compared with, in order.
    let mut later: Vec<Vec<(u32, Edge)>> = vec![Vec::new(); items];
    for ((a, b), pair) in &merged {
        let mean = (!pair.said.is_empty())
            .then(|| maths::sum(pair.said.iter().copied()) / pair.said.len() as f64);
        later[*a as usize].push((*b, Edge { sign: pair.votes.signum(), mean }));
    }
    let energy = energy(&merged, items);
    let mut found = Cycles {
        triangles: 0,
        order_cycles: 0,
        loops: 0,
        wide_loops: 0,
        worst: Vec::new(),
        energy,
    };
    for (a, of_a) in (0_u32..).zip(&later) {
        for (at, (b, ab)) in of_a.iter().enumerate() {
            for (c, ac, bc) in common(&of_a[at + 1..], &later[*b as usize]) {
                found.add([a, *b, c], [*ab, bc, ac], threshold);
                if found.worst.len() >= 2 * listed + 64 {
                    found.keep_worst(listed);
                }
            }
        }
    }
    found.keep_worst(listed);
    found
}

/// Entries of both lists.
fn common<'e>(
    of_a: &'e [(u32, Edge)],
    of_b: &'e [(u32, Edge)],
) -> impl Iterator<Item = (u32, Edge, Edge)> + 'e {
    let mut rest = of_b;
    of_a.iter().filter_map(move |(c, ac)| {
        rest = &rest[rest.partition_point(|(other, _)| other < c)..];
        let (other, bc) = rest.first()?;
        (other == c).then_some((*c, *ac, *bc))
    })
}

impl Cycles {
    /// Counts the triangle of `a < b < c`, whose edges are `ab`, `bc`, `ac`.
    fn add(&mut self, [a, b, c]: [u32; 3], [ab, bc, ac]: [Edge; 3], threshold: f64) {
        let mut order_cycle = false;
        let mut items = [a, b, c];
        if ab.sign != 0 && bc.sign != 0 && ac.sign != 0 {
            self.triangles += 1;
            order_cycle = ab.sign == bc.sign && ac.sign == -ab.sign;
            self.order_cycles += usize::from(order_cycle);
            if order_cycle && ab.sign > 0 {
                items = [a, c, b];
            }
        }
        let means = (ab.mean, bc.mean, ac.mean);
        let gap = if let (Some(ab), Some(bc), Some(ac)) = means {
            Some((ab + bc - ac).abs())
        } else {
            None
        };
        let wide = gap.is_some_and(|gap| gap > threshold);
        self.loops += usize::from(gap.is_some());
        self.wide_loops += usize::from(wide);
        if order_cycle || wide {
            self.worst.push(Triangle { items, order_cycle, gap });
        }
    }

    fn keep_worst(&mut self, listed: usize) {
        self.worst.sort_by(|x, y| {
            let gap = |one: &Triangle| one.gap.unwrap_or(0.0);
            (y.order_cycle.cmp(&x.order_cycle))
                .then(gap(y).total_cmp(&gap(x)))
                .then(x.items.cmp(&y.items))
        });
        self.worst.truncate(listed);
    }
}

fn energy(merged: &BTreeMap<(u32, u32), Merged>, items: usize) -> Option<Energy> {
    let said = || merged.iter().filter(|(_, pair)| !pair.said.is_empty());
    said().next()?;
    let edges = said().map(|((a, b), pair)| (*a, *b, pair.said.len() as f64));
    let laplacian = Laplacian::new(items, edges);
    let mut pull = vec![0.0; items];
    for ((a, b), pair) in said() {
        let sum = maths::sum(pair.said.iter().copied());
        pull[*b as usize] += sum;
        pull[*a as usize] -= sum;
    }
    let z = laplacian.solve(&pull).values;
    let (mut total, mut cyclic, mut disagreement) = (Vec::new(), Vec::new(), Vec::new());
    for ((a, b), pair) in said() {
        let count = pair.said.len() as f64;
        let mean = maths::sum(pair.said.iter().copied()) / count;
        let left = mean - (z[*b as usize] - z[*a as usize]);
        cyclic.push(count * left * left);
        total.extend(pair.said.iter().map(|c| c * c));
        disagreement.extend(pair.said.iter().map(|c| (c - mean) * (c - mean)));
    }
    let [total, cyclic, disagreement] = [total, cyclic, disagreement].map(maths::sum);
    let gradient = (total - cyclic - disagreement).max(0.0);
    Some(Energy { total, gradient, cyclic, disagreement })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::comparisons::{Builder, Choice};
    use crate::synthetic::Jury;

    fn of(rows: &[(&str, &str, &str, f64)]) -> Comparisons {
        let mut builder = Builder::default();
        for (juror, winner, loser, intensity) in rows {
            let juror = builder.juror(juror);
            let (winner, loser) = (builder.item(winner), builder.item(loser));
            builder.push(juror, (winner, loser), Choice::Left, Some(*intensity));
        }
        builder.finish()
    }

    #[test]
    fn a_circle_is_named_in_its_direction() {
        let comparisons = of(&[
            ("ann", "c", "b", 1.0),
            ("ann", "b", "a", 1.0),
            ("ann", "a", "c", 1.0),
            ("bob", "a", "b", 1.0),
            ("bob", "b", "c", 2.0),
            ("bob", "a", "c", 3.1),
        ]);
        let found = jury_cycles(&comparisons, QUARTER, 5);
        let ann = &found.jurors[0];
        assert_eq!((ann.triangles, ann.order_cycles, ann.wide_loops), (1, 1, 1));
        let worst = ann.worst[0];
        assert_eq!((worst.items, worst.order_cycle), ([0, 2, 1], true));
        assert!((worst.gap.expect("known") - 3.0).abs() < 1e-12);
        // Nothing but a circle.
        let energy = ann.energy.expect("known");
        assert!(energy.unexplained() > 1.0 - 1e-12 && energy.disagreement.abs() < 1e-12);
        let bob = &found.jurors[1];
        assert_eq!((bob.triangles, bob.order_cycles, bob.loops, bob.wide_loops), (1, 0, 1, 0));
        // A loop of 0.1 over three answers: 0.1² / 3.
        assert!((bob.energy.expect("known").cyclic - 0.01 / 3.0).abs() < 1e-12);
    }

    #[test]
    fn parts_of_the_energy_add_up() {
        let comparisons =
            Jury { items: 6, jurors: 3, noise: 1.0, ..Jury::default() }.draw(1).comparisons(60);
        let found = jury_cycles(&comparisons, QUARTER, 3).overall;
        let energy = found.energy.expect("known");
        let squares: f64 =
            comparisons.rows().filter_map(|row| row.log_ratio()).map(|c| c * c).sum();
        assert!((energy.total - squares).abs() < 1e-10);
        // R² of a fit made elsewhere.
        let fit = crate::jury::Model::LeastSquares { ridge: 0.0 }.fit(&comparisons).expect("valid");
        let z = &fit.log_weights;
        let left: f64 = comparisons
            .rows()
            .map(|row| {
                row.log_ratio().expect("known") - z[row.right as usize] + z[row.left as usize]
            })
            .map(|r| r * r)
            .sum();
        assert!((energy.unexplained() - left / squares).abs() < 1e-10);
        assert_eq!(found.worst.len(), 3);
    }

    #[test]
    fn triangles_are_counted_as_by_trying_all() {
        let comparisons = Jury { items: 12, jurors: 1, ..Jury::default() }.draw(8).comparisons(50);
        let found = &jury_cycles(&comparisons, QUARTER, 100).overall;
        let mut net = [[0_i32; 12]; 12];
        for row in comparisons.rows() {
            let (winner, loser) = row.winner_loser().expect("no ties");
            net[winner as usize][loser as usize] += 1;
            net[loser as usize][winner as usize] -= 1;
        }
        let (mut triangles, mut circles) = (0, 0);
        for a in 0..12 {
            for b in a + 1..12 {
                for c in b + 1..12 {
                    let signs = [net[a][b], net[b][c], net[c][a]].map(i32::signum);
                    triangles += usize::from(!signs.contains(&0));
                    circles += usize::from(signs == [1; 3] || signs == [-1; 3]);
                }
            }
        }
        assert!(circles > 0);
        assert_eq!((found.triangles, found.order_cycles), (triangles, circles));
        for circle in &found.worst {
            let [a, b, c] = circle.items.map(|item| item as usize);
            assert!(net[a][b] > 0 && net[b][c] > 0 && net[c][a] > 0);
        }
        assert_eq!((found.loops, found.energy), (0, None));
    }
}
