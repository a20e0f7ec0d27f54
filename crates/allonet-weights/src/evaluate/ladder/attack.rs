//! What a hill-climber gains on a board: the attack, and the overfit gap.
//!
//! # Model
//!
//! A jury is drawn; a third of the answers is published, the rest goes to a
//! [`Board`] with half of its jurors public. The attacker starts from the
//! weights that everybody has (win rates of the published answers), then changes
//! one item at a time by a random factor, up or down, and submits through its
//! identities in turn. It keeps a change when it is told a better score than
//! ever before.
//!
//! # Formula
//!
//! ```text
//! gap = ((final − public) at the end − (final − public) at the start) / public at the start
//! ```
//!
//! both losses exact: how much better the public answers make the attacker look
//! than it is, as a part of the loss.
//!
//! # Known weaknesses
//!
//! * One attack of many. Another may gain more.
//!
//! # Sources
//!
//! * The climb seen on Deep Funding's board in 2025; Blum, Hardt (2015),
//!   section 4 (attacks by boosting).

use std::collections::BTreeMap;

use allonet_core::maths;
use allonet_core::time::Instant;
use rayon::prelude::*;

use super::Release;
use super::board::{Board, Settings};
use crate::comparisons::Comparisons;
use crate::estimate::softmax;
use crate::evaluate::bootstrap::{Interval, Resampling, interval};
use crate::evaluate::metrics::metric;
use crate::evaluate::pairs::{DEFAULT_FLOOR, sums};
use crate::random::Random;
use crate::synthetic::Jury;

/// An attack to simulate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Attack {
    /// How many items.
    pub items: usize,
    /// How many jurors the board has, public and hidden.
    pub jurors: usize,
    /// How many answers the board has, public and hidden.
    pub answers: usize,
    /// How many names the attacker goes by.
    pub identities: u32,
    /// How often each may submit.
    pub budget: u32,
    /// How many juries are drawn.
    pub worlds: u32,
    /// What determines them.
    pub seed: u64,
}

impl Default for Attack {
    /// 45 items, 40 jurors, 600 answers as in the pilot; five names, a hundred
    /// submissions each.
    fn default() -> Self {
        Self {
            items: 45,
            jurors: 40,
            answers: 600,
            identities: 5,
            budget: 100,
            worlds: 40,
            seed: 1,
        }
    }
}

/// What the attack gained.
#[derive(Debug, Clone, PartialEq)]
pub struct Gained {
    /// Mean gap, as a part of the loss at the start.
    pub gap: f64,
    /// Where the mean lies for other juries, 95 %.
    pub interval: Option<Interval>,
    /// Mean loss on the public answers: at the start and at the end.
    pub public: (f64, f64),
    /// Mean loss on the hidden answers: at the start and at the end.
    pub hidden: (f64, f64),
}

/// Losses of one world: public and hidden, start and end.
type World = [f64; 4];

/// Simulates an attack, scored by Brier.
///
/// # Panics
///
/// If there are fewer than two items or four jurors.
pub fn attack(attack: &Attack, release: Release) -> Gained {
    let worlds: Vec<World> = (0..attack.worlds)
        .into_par_iter()
        .map(|number| climb(attack, release, u64::from(number)))
        .collect();
    let mean =
        |of: &dyn Fn(&World) -> f64| maths::sum(worlds.iter().map(of)) / worlds.len().max(1) as f64;
    let gap = |world: &World| ((world[3] - world[1]) - (world[2] - world[0])) / world[0];
    let redrawn = |counts: &[u32]| {
        let gaps = worlds.iter().zip(counts).map(|(world, count)| f64::from(*count) * gap(world));
        Some(maths::sum(gaps) / worlds.len() as f64)
    };
    Gained {
        gap: mean(&gap),
        interval: interval(worlds.len(), &Resampling::default(), redrawn),
        public: (mean(&|world| world[0]), mean(&|world| world[1])),
        hidden: (mean(&|world| world[2]), mean(&|world| world[3])),
    }
}

fn climb(attack: &Attack, release: Release, number: u64) -> World {
    let seed = Random::part(attack.seed, number).bits();
    let jury = Jury { items: attack.items, jurors: attack.jurors, ..Jury::default() };
    let mut drawn = jury.draw(seed);
    let published = drawn.comparisons(attack.answers / 2);
    let judged = drawn.comparisons(attack.answers);
    let settings = Settings {
        title: String::new(),
        metric: "brier".to_owned(),
        closes: Instant::from_unix(1),
        public: 0.5,
        seed,
        per_identity: attack.budget,
        per_day: attack.budget,
        comparisons: String::new(),
        repositories: false,
        release,
    };
    let mut board = Board::new(settings, "", &judged).expect("there are enough jurors");
    let start = win_rates(&published);
    let end = climbed(attack, &mut board, &start, &mut Random::part(seed, 1));
    let (public, hidden) = board.sides();
    let loss = |comparisons: &Comparisons, logs: &[f64]| {
        let sums = sums(comparisons, &softmax(logs), DEFAULT_FLOOR);
        metric("brier").ok().and_then(|brier| brier.of_pairs(&sums)).expect("all pairs have mass")
    };
    [loss(public, &start), loss(public, &end), loss(hidden, &start), loss(hidden, &end)]
}

/// Submits until every budget is spent; the best weights by what was told.
fn climbed(attack: &Attack, board: &mut Board, start: &[f64], random: &mut Random) -> Vec<f64> {
    let mut best = start.to_vec();
    let mut best_told = f64::INFINITY;
    for query in 0..attack.budget * attack.identities {
        let mut tried = best.clone();
        if query > 0 {
            let item = random.below(tried.len());
            // From a nudge to a factor of 20.
            let size = maths::exp(-2.0 + 3.1 * random.uniform());
            tried[item] += if random.chance(0.5) { size } else { -size };
        }
        let identity = format!("name-{}", query % attack.identities);
        let weights = named(board, &softmax(&tried));
        let (told, _) = board.submit(0, &identity, weights).expect("the budget is not spent");
        if told.score < best_told {
            (best_told, best) = (told.score, tried);
        }
    }
    best
}

fn named(board: &Board, weights: &[f64]) -> BTreeMap<String, f64> {
    board.items().iter().cloned().zip(weights.iter().copied()).collect()
}

/// Logarithms of odds to win, with one win and one loss added.
fn win_rates(comparisons: &Comparisons) -> Vec<f64> {
    let tally = comparisons.tally();
    let of = |item: usize| {
        let (wins, losses) = tally
            .row(item)
            .fold((1.0, 1.0), |(wins, losses), entry| (wins + entry.1, losses + entry.2));
        maths::ln(wins / losses)
    };
    (0..tally.items()).map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ladder_stops_what_climbs_a_plain_board() {
        let small = Attack { worlds: 6, budget: 40, ..Attack::default() };
        let plain = attack(&small, Release::Plain {});
        let ladder = attack(&small, Release::Ladder { step: 0.02 });
        assert!(plain.public.1 < plain.public.0, "{plain:?}");
        assert!(plain.gap > 0.05, "{plain:?}");
        assert!(ladder.gap < 0.02, "{ladder:?}");
        assert_eq!(attack(&small, Release::Plain {}), plain);
    }
}
