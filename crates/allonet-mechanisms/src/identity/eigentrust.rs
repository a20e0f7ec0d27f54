//! Trust as the resting state of a walk along vouches.
//!
//! `t = (1 − a)·Cᵀt + a·p`: who walks follows a vouch by its share of all that
//! a person gives, or starts again at one of the seeds, with probability `a`
//! each time and always where a person vouches for nobody.

use allonet_core::maths;

use super::vouch::Vouch;

/// The walk has come to rest when all that still moves is below this.
const REST: f64 = 1e-12;
/// Far more rounds than the smallest `a` needs.
const ROUNDS_MAX: u32 = 10_000;

/// Trust of each person, with sum 1. `vouches` are in order of giver; `seeds`
/// are not empty.
pub(super) fn rest(people: usize, vouches: &[Vouch], seeds: &[usize], pretrust: f64) -> Vec<f64> {
    let mut start = vec![0.0; people];
    for seed in seeds {
        start[*seed] = 1.0 / seeds.len() as f64;
    }
    let shares = shares(people, vouches);
    let mut gives = vec![false; people];
    for vouch in vouches {
        gives[vouch.from] = true;
    }
    let mut trust = start.clone();
    for _ in 0..ROUNDS_MAX {
        let idle = maths::sum((0..people).filter(|at| !gives[*at]).map(|at| trust[at]));
        let restart = pretrust + (1.0 - pretrust) * idle;
        let mut next: Vec<f64> = start.iter().map(|share| share * restart).collect();
        for (vouch, share) in vouches.iter().zip(&shares) {
            next[vouch.to] += (1.0 - pretrust) * trust[vouch.from] * share;
        }
        let moved = maths::sum(next.iter().zip(&trust).map(|(new, old)| (new - old).abs()));
        trust = next;
        if moved <= REST {
            break;
        }
    }
    trust
}

/// What part of all that its giver vouches each vouch is.
pub(super) fn shares(people: usize, vouches: &[Vouch]) -> Vec<f64> {
    let mut sums = vec![0.0; people];
    for vouch in vouches {
        sums[vouch.from] += vouch.weight;
    }
    vouches.iter().map(|vouch| vouch.weight / sums[vouch.from]).collect()
}
