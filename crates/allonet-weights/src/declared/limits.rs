//! How far an owner may go; bounds are in the [parent module](super).

use std::collections::BTreeMap;
use std::fmt;

use allonet_core::maths;

use super::{Declaration, Refusal, Stance, Taken, Verdict};
use crate::apportion::{apportion, quantise};
use crate::weighted::{NamedNode, WHOLE, equal_shares, share};

/// What owners may do, as shares from 0 to 1.
#[derive(Debug, Clone, PartialEq)]
pub struct Limits {
    /// At most this part of the inflow may go elsewhere than by the base.
    pub max_moved: f64,
    /// At most this part may be kept.
    pub max_own: f64,
    /// At most this part may stay with the node's own organisation.
    pub max_organisation: f64,
    /// How many of the base's largest edges are protected.
    pub top: usize,
    /// What part of their share by the base these keep at least, together.
    pub min_top: f64,
}

impl Default for Limits {
    /// A quarter may move, three quarters stay with the organisation, and the
    /// five largest dependencies keep half of what they had.
    fn default() -> Self {
        Self { max_moved: 0.25, max_own: 0.75, max_organisation: 0.75, top: 5, min_top: 0.5 }
    }
}

/// Which limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// What moves.
    Moved,
    /// What is kept.
    Own,
    /// What stays with the organisation.
    Organisation,
    /// What the largest dependencies keep.
    Top,
}

impl Limit {
    /// On which side of its number one has to stay.
    pub(super) fn side(self) -> &'static str {
        if self == Self::Top { "at least" } else { "at most" }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Moved => "the part of the inflow that moves",
            Self::Own => "the part that is kept",
            Self::Organisation => "the part that stays with the organisation",
            Self::Top => "what the largest dependencies keep of their share",
        })
    }
}

/// Self first, then the dependencies by id: parts of the inflow by the base and
/// as declared.
struct Division {
    ids: Vec<String>,
    base: Vec<u64>,
    declared: Vec<u64>,
}

/// The node as declared, as far as the limits allow.
pub(super) fn divided(
    nodes: &BTreeMap<String, NamedNode>,
    declaration: &Declaration,
    limits: &Limits,
    stance: Stance,
) -> Result<Taken, Refusal> {
    let id = &declaration.statement.node;
    let node = &nodes[id];
    let division = division(node, declaration)?;
    let bounds = division.bounds(id, limits);
    let worst = bounds.into_iter().min_by(|left, right| left.reach.total_cmp(&right.reach));
    let (parts, verdict) = match worst.filter(|bound| bound.reach < 1.0) {
        None => (division.declared.clone(), Verdict::Applied),
        Some(bound) if stance == Stance::Cap => {
            let taken = bound.reach;
            (division.towards(taken), Verdict::Capped { taken, limit: bound.limit })
        }
        Some(Bound { limit, found, allowed, .. }) => {
            return Err(Refusal::Limit { limit, found, allowed });
        }
    };
    let moved = moved(&division.base, &parts);
    let (own, passed) = parts.split_first().expect("self comes first");
    let scores: Vec<u128> = passed.iter().copied().map(u128::from).collect();
    // Weights of a node that keeps everything stay as they were.
    let weights = apportion(&scores, WHOLE).or_else(|| {
        let before =
            |id: &String| node.edges.iter().find(|(known, _)| known == id).map_or(0, |(_, w)| *w);
        let before: Vec<u128> = division.ids[1..].iter().map(|id| u128::from(before(id))).collect();
        apportion(&before, WHOLE)
    });
    let weights = weights.unwrap_or_else(|| equal_shares(passed.len(), WHOLE));
    let edges = division.ids.into_iter().skip(1).zip(weights).collect();
    Ok(Taken { node: NamedNode { own: *own, edges }, verdict, moved, opt_out: false })
}

fn division(node: &NamedNode, declaration: &Declaration) -> Result<Division, Refusal> {
    let checked = |what: &dyn Fn() -> String, found: f64| {
        let valid = (0.0..=1.0).contains(&found);
        if valid { Ok(found) } else { Err(Refusal::NotShare { what: what(), found }) }
    };
    let own = match declaration.own {
        None => node.own,
        Some(own) => share(checked(&|| "the own share".to_owned(), own)?),
    };
    let mut edges: BTreeMap<&str, (u64, Option<f64>)> =
        node.edges.iter().map(|(id, weight)| (&**id, (*weight, None))).collect();
    for part in &declaration.parts {
        let weight = checked(&|| format!("the weight of `{}`", part.dependency), part.weight)?;
        let known = edges.contains_key(&*part.dependency);
        if !known && part.evidence.is_none() {
            return Err(Refusal::NewEdge { dependency: part.dependency.clone() });
        }
        edges.entry(&part.dependency).or_default().1 = Some(weight);
    }
    let weights = replaced(&edges)?;
    if own < WHOLE && weights.iter().all(|weight| *weight == 0) {
        return Err(Refusal::Nobody);
    }
    let parts = |own: u64, weights: &[u64]| {
        let scores: Vec<u128> =
            weights.iter().map(|weight| u128::from(*weight) * u128::from(WHOLE - own)).collect();
        let scores = std::iter::once(u128::from(own) * u128::from(WHOLE)).chain(scores);
        apportion(&scores.collect::<Vec<_>>(), WHOLE)
    };
    let before: Vec<u64> = edges.values().map(|(weight, _)| *weight).collect();
    let ids = std::iter::once(declaration.statement.node.clone())
        .chain(edges.keys().map(|id| (*id).to_owned()));
    // By the base a node without dependencies keeps everything.
    let base =
        parts(node.own, &before).unwrap_or_else(|| parts(WHOLE, &before).expect("it keeps all"));
    let declared = parts(own, &weights).ok_or(Refusal::Nobody)?;
    Ok(Division { ids: ids.collect(), base, declared })
}

/// Weights after the declared ones took their place: the others share the rest
/// in proportion, and if all are declared they are proportions.
fn replaced(edges: &BTreeMap<&str, (u64, Option<f64>)>) -> Result<Vec<u64>, Refusal> {
    let given: Vec<f64> = edges.values().filter_map(|(_, weight)| *weight).collect();
    let sum = maths::sum(given.iter().copied());
    if sum > 1.0 + crate::structural::SLACK {
        return Err(Refusal::NotShare { what: "the sum of the weights".to_owned(), found: sum });
    }
    if given.len() == edges.len() {
        return Ok(apportion(&quantise(&given), WHOLE).unwrap_or_else(|| vec![0; given.len()]));
    }
    let mut left = WHOLE;
    let mut weights: Vec<Option<u64>> = Vec::with_capacity(edges.len());
    for (_, declared) in edges.values() {
        weights.push(declared.map(|weight| {
            let weight = share(weight).min(left);
            left -= weight;
            weight
        }));
    }
    let others = edges.values().filter(|(_, declared)| declared.is_none());
    let others: Vec<u128> = others.map(|(weight, _)| u128::from(*weight)).collect();
    let rest = apportion(&others, left).unwrap_or_else(|| equal_shares(others.len(), left));
    let mut rest = rest.into_iter();
    Ok(weights.into_iter().map(|weight| weight.or_else(|| rest.next()).unwrap_or(0)).collect())
}

/// How far one limit lets a declaration go.
struct Bound {
    limit: Limit,
    /// What was declared.
    found: f64,
    /// What is allowed.
    allowed: f64,
    /// The largest step towards the declaration, from 0; one or more is all.
    reach: f64,
}

impl Division {
    fn bounds(&self, node: &str, limits: &Limits) -> [Bound; 4] {
        let part = |share: u64| share as f64 / WHOLE as f64;
        let own = |parts: &[u64]| part(parts[0]);
        let organisation = organisation(node);
        let stays = |parts: &[u64]| {
            let same = |id: &String| {
                id == node || (organisation.is_some() && self::organisation(id) == organisation)
            };
            let mine = self.ids.iter().zip(parts).filter(|(id, _)| same(id));
            part(mine.map(|(_, share)| *share).sum())
        };
        let most = |limit, of: &dyn Fn(&[u64]) -> f64, allowed: f64| {
            let (before, found) = (of(&self.base), of(&self.declared));
            let allowed = allowed.max(before);
            Bound { limit, found, allowed, reach: reach(before, found, allowed) }
        };
        let moves = moved(&self.base, &self.declared);
        let top = self.largest(limits.top);
        let together = |parts: &[u64]| part(top.iter().map(|at| parts[*at]).sum());
        let (before, after) = (together(&self.base), together(&self.declared));
        let found = if before > 0.0 { after / before } else { 1.0 };
        [
            Bound {
                limit: Limit::Moved,
                found: moves,
                allowed: limits.max_moved,
                reach: reach(0.0, moves, limits.max_moved),
            },
            most(Limit::Own, &own, limits.max_own),
            most(Limit::Organisation, &stays, limits.max_organisation),
            Bound {
                limit: Limit::Top,
                found,
                allowed: limits.min_top,
                // What is lost grows from nothing.
                reach: reach(0.0, 1.0 - found, 1.0 - limits.min_top),
            },
        ]
    }

    /// The largest edges by the base, earlier ids first.
    fn largest(&self, count: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (1..self.base.len()).collect();
        order.sort_by(|a, b| self.base[*b].cmp(&self.base[*a]).then(a.cmp(b)));
        order.truncate(count);
        order
    }

    /// A step from the base towards the declaration.
    fn towards(&self, step: f64) -> Vec<u64> {
        let step = u128::from(share(step));
        let rest = u128::from(WHOLE) - step;
        let pairs = self.base.iter().zip(&self.declared);
        let scores =
            pairs.map(|(base, declared)| u128::from(*base) * rest + u128::from(*declared) * step);
        apportion(&scores.collect::<Vec<_>>(), WHOLE).expect("both divide one whole")
    }
}

/// How far from `before` to `found` one may go to stay at most at `allowed`,
/// which is at least `before`.
fn reach(before: f64, found: f64, allowed: f64) -> f64 {
    // A bound that is met but for the rounding of shares is met.
    if found <= allowed + 1e-12 { 1.0 } else { ((allowed - before) / (found - before)).max(0.0) }
}

fn moved(before: &[u64], after: &[u64]) -> f64 {
    let gains = before.iter().zip(after).map(|(before, after)| after.saturating_sub(*before));
    gains.sum::<u64>() as f64 / WHOLE as f64
}

/// The owner name of a repository: `serde-rs` of `serde-rs/serde`.
fn organisation(id: &str) -> Option<&str> {
    id.rsplit_once('/').map(|(organisation, _)| organisation)
}
