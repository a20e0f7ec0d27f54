//! Trials of question orders: how many answers until the weights are so good?

use std::collections::BTreeMap;

use allonet_weights::ask::{Criterion, Session, Settings};
use allonet_weights::comparisons::{Choice, Comparisons};
use allonet_weights::estimate::softmax;
use allonet_weights::random::Random;
use allonet_weights::synthetic::{Drawn, Jury};
use rayon::prelude::*;

/// How pairs are chosen; none: at random.
pub(crate) type Order = Option<Criterion>;

/// Where answers come from.
pub(crate) enum World<'c> {
    /// Jurors who never were, each seed another truth.
    Drawn { items: usize, spread: f64 },
    /// Comparisons that were made, each used once; all together are the truth.
    Pool(&'c Comparisons),
}

/// What was reached after so many answers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Point {
    pub(crate) answers: usize,
    pub(crate) total_variation: f64,
    pub(crate) log_error: f64,
}

/// One curve for each seed.
pub(crate) fn curves(
    world: &World<'_>,
    order: Order,
    batch: usize,
    most: usize,
    seeds: u64,
) -> Vec<Vec<Point>> {
    (0..seeds).into_par_iter().map(|seed| curve(world, order, batch, most, seed)).collect()
}

fn curve(world: &World<'_>, order: Order, batch: usize, most: usize, seed: u64) -> Vec<Point> {
    let mut oracle = Oracle::new(world, seed);
    let settings = Settings { criterion: order.unwrap_or_default(), seed, ..Settings::default() };
    let mut session = Session::new(oracle.truth.len(), settings).expect("enough items");
    let mut points = Vec::new();
    let mut answers = 0;
    while answers < most {
        let pairs: Vec<(u32, u32)> = match order {
            None => (0..batch).filter_map(|_| oracle.random_pair()).collect(),
            Some(_) => session.batch(batch).iter().map(|q| (q.left, q.right)).collect(),
        };
        if pairs.is_empty() {
            break;
        }
        let taken: Vec<_> = pairs.iter().filter_map(|pair| oracle.answer(*pair)).collect();
        answers += taken.len();
        session.observe_all(taken);
        for (left, right) in pairs {
            if oracle.is_done((left, right)) {
                session.mark(left, right, false);
            }
        }
        points.push(point(answers, session.log_weights(), &oracle.truth));
    }
    points
}

fn point(answers: usize, found: &[f64], truth: &[f64]) -> Point {
    let parts = softmax(found).into_iter().zip(softmax(truth));
    let mean = found.iter().zip(truth).map(|(a, b)| a - b).sum::<f64>() / truth.len() as f64;
    let squares = found.iter().zip(truth).map(|(a, b)| (a - b - mean) * (a - b - mean));
    Point {
        answers,
        total_variation: parts.map(|(a, b)| (a - b).abs()).sum::<f64>() / 2.0,
        log_error: (squares.sum::<f64>() / truth.len() as f64).sqrt(),
    }
}

struct Oracle {
    truth: Vec<f64>,
    random: Random,
    source: Source,
}

/// Left, right and what was chosen.
type Given = (u32, u32, Choice);

enum Source {
    Drawn(Box<Drawn>),
    /// Answers not used yet, by pair, and all in random order for the random arm.
    Pool {
        unused: BTreeMap<(u32, u32), Vec<Given>>,
        order: Vec<(u32, u32)>,
    },
}

impl Oracle {
    fn new(world: &World<'_>, seed: u64) -> Self {
        let mut random = Random::part(99, seed);
        match world {
            World::Drawn { items, spread } => {
                let jury = Jury { items: *items, spread: *spread, jurors: 1, ..Jury::default() };
                let drawn = jury.draw(1_000 + seed);
                let truth = drawn.truth.clone();
                Self { truth, random, source: Source::Drawn(Box::new(drawn)) }
            }
            World::Pool(all) => {
                let known = Session::knowing(all, Settings::default()).expect("enough items");
                let mut unused: BTreeMap<_, Vec<_>> = BTreeMap::new();
                let mut order = Vec::with_capacity(all.len());
                for row in all.rows() {
                    unused.entry(row.pair()).or_default().push((row.left, row.right, row.choice));
                    order.push(row.pair());
                }
                for answers in unused.values_mut() {
                    random.shuffle(answers);
                }
                random.shuffle(&mut order);
                let truth = known.log_weights().to_vec();
                Self { truth, random, source: Source::Pool { unused, order } }
            }
        }
    }

    /// A pair at random; in a pool each with as many chances as it has answers.
    fn random_pair(&mut self) -> Option<(u32, u32)> {
        let items = self.truth.len();
        match &mut self.source {
            Source::Drawn(_) => {
                let left = self.random.below(items);
                let right = (left + 1 + self.random.below(items - 1)) % items;
                Some((u32::try_from(left).unwrap(), u32::try_from(right).unwrap()))
            }
            Source::Pool { order, .. } => order.pop(),
        }
    }

    fn answer(&mut self, (left, right): (u32, u32)) -> Option<(u32, u32, Choice)> {
        match &mut self.source {
            Source::Drawn(drawn) => {
                let (choice, _) = drawn.ask(0, left as usize, right as usize);
                Some((left, right, choice))
            }
            Source::Pool { unused, .. } => {
                unused.get_mut(&(left.min(right), left.max(right)))?.pop()
            }
        }
    }

    fn is_done(&self, (left, right): (u32, u32)) -> bool {
        match &self.source {
            Source::Drawn(_) => false,
            Source::Pool { unused, .. } => {
                unused.get(&(left.min(right), left.max(right))).is_none_or(Vec::is_empty)
            }
        }
    }
}

/// How many answers the mean curve of these seeds takes to come down to this
/// error, between points on a straight line; none if it does not.
fn answers_for(
    curves: &[Vec<Point>],
    seeds: &[usize],
    error: impl Fn(&Point) -> f64,
    goal: f64,
) -> Option<f64> {
    let mut last: Option<(f64, f64)> = None;
    let mean = |at: usize, of: &dyn Fn(&Point) -> f64| {
        seeds.iter().map(|seed| of(&curves[*seed][at])).sum::<f64>() / seeds.len() as f64
    };
    for at in 0..curves.iter().map(Vec::len).min()? {
        let (answers, found) = (mean(at, &|point| point.answers as f64), mean(at, &error));
        if found <= goal {
            let (before, above) = last.unwrap_or((answers, found));
            let part = if above > found { (above - goal) / (above - found) } else { 1.0 };
            return Some(before + part * (answers - before));
        }
        last = Some((answers, found));
    }
    None
}

/// Answers for the error that the random order has after so many: by random,
/// by the other order, and the ratio with its 90 % interval over seeds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Saving {
    pub(crate) error: f64,
    pub(crate) random: f64,
    pub(crate) active: f64,
    pub(crate) ratio: f64,
    pub(crate) low: f64,
    pub(crate) high: f64,
}

/// None where the other order did not come to that error.
pub(crate) fn saving(
    random: &[Vec<Point>],
    active: &[Vec<Point>],
    error: impl Fn(&Point) -> f64 + Copy,
    goal: f64,
) -> Option<Saving> {
    let all: Vec<usize> = (0..random.len()).collect();
    let ratio = |seeds: &[usize]| {
        let by_random = answers_for(random, seeds, error, goal)?;
        let by_active = answers_for(active, seeds, error, goal)?;
        Some((by_random, by_active))
    };
    let (by_random, by_active) = ratio(&all)?;
    let mut ratios: Vec<f64> = (0..1_000)
        .filter_map(|number| {
            let mut draw = Random::part(5, number);
            let seeds: Vec<usize> = all.iter().map(|_| draw.below(all.len())).collect();
            ratio(&seeds).map(|(random, active)| active / random)
        })
        .collect();
    ratios.sort_by(f64::total_cmp);
    Some(Saving {
        error: goal,
        random: by_random,
        active: by_active,
        ratio: by_active / by_random,
        low: ratios[ratios.len() / 20],
        high: ratios[ratios.len() - 1 - ratios.len() / 20],
    })
}
