//! Who conferred a tool's score: applications by their packages, developers by
//! their work, and applications through them.
//!
//! A rank is the sum of what each way brings and what the teleport brings. For a
//! tool the teleport is its own standing; for a developer it is reputation, which
//! applications gave. So every part of a score has a giver.

use std::collections::BTreeMap;

use super::metric::percent;
use super::trust::{Pass, Ranked, Trust, node_of};

/// How many givers are named.
const SHOWN: usize = 5;

/// The givers of one tool's score, in parts of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Conferral {
    /// Applications whose packages depend on it, by node.
    packages: BTreeMap<u32, f64>,
    /// Developers, by node.
    developers: BTreeMap<u32, f64>,
    /// Applications by packages and through developers, by node.
    projects: BTreeMap<u32, f64>,
    /// Its own standing.
    own: f64,
}

/// What each way into each node of a pass brings.
fn brought(pass: &Pass) -> BTreeMap<u32, Vec<(u32, f64)>> {
    let mut into: BTreeMap<u32, Vec<(u32, f64)>> = BTreeMap::new();
    for (from, to, part) in pass.ways.parts() {
        let amount = pass.alpha * pass.rank[from as usize] * part;
        let (from, to) = (pass.nodes[from as usize], pass.nodes[to as usize]);
        into.entry(to).or_default().push((from, amount));
    }
    into
}

/// The givers of each tool, by its place in the list; none where it has no score.
pub(crate) fn conferrals(trust: &Trust, ranked: &Ranked) -> Vec<Conferral> {
    let into = ranked.passes.each_ref().map(brought);
    let origins = origins(trust, ranked, &into[1]);
    let of = |tool: &std::sync::Arc<str>| {
        let node = node_of(&trust.projects, tool);
        let mut found = Conferral::default();
        for (pass, into) in ranked.passes.iter().zip(&into) {
            let at = pass.nodes.binary_search(&node);
            found.own += at.map_or(0.0, |at| pass.own[at] * pass.factor);
            for (from, amount) in into.get(&node).into_iter().flatten() {
                let amount = amount * pass.factor;
                if let Some(origins) = origins.get(from) {
                    *found.developers.entry(*from).or_default() += amount;
                    for (project, part) in origins {
                        *found.projects.entry(*project).or_default() += amount * part;
                    }
                } else {
                    *found.packages.entry(*from).or_default() += amount;
                    *found.projects.entry(*from).or_default() += amount;
                }
            }
        }
        found.scaled()
    };
    trust.tools.projects.iter().map(of).collect()
}

/// For each developer, the parts of the rank that applications gave.
fn origins(
    trust: &Trust,
    ranked: &Ranked,
    into: &BTreeMap<u32, Vec<(u32, f64)>>,
) -> BTreeMap<u32, BTreeMap<u32, f64>> {
    let pass = &ranked.passes[1];
    let first = u32::try_from(trust.projects.len()).expect("fewer projects than rows");
    let mut all = BTreeMap::new();
    for (at, node) in pass.nodes.iter().enumerate().filter(|(_, node)| **node >= first) {
        let mut given: BTreeMap<u32, f64> = BTreeMap::new();
        for (project, amount) in into.get(node).into_iter().flatten() {
            *given.entry(*project).or_default() += amount;
        }
        let reputation = ranked.reputation.get(node).map_or(&[][..], Vec::as_slice);
        let sum: f64 = reputation.iter().map(|(_, part)| part).sum();
        for (project, part) in reputation.iter().filter(|_| sum > 0.0) {
            *given.entry(*project).or_default() += pass.own[at] * part / sum;
        }
        let brought: f64 = into.get(node).into_iter().flatten().map(|(_, amount)| amount).sum();
        let whole = brought + pass.own[at];
        given.retain(|_, amount| *amount > 0.0);
        for amount in given.values_mut() {
            *amount /= whole;
        }
        all.insert(*node, given);
    }
    all
}

impl Conferral {
    /// In parts of the whole.
    fn scaled(mut self) -> Self {
        let whole: f64 = self.packages.values().chain(self.developers.values()).sum();
        let whole = whole + self.own;
        if whole > 0.0 {
            self.own /= whole;
            for givers in [&mut self.packages, &mut self.developers, &mut self.projects] {
                for part in givers.values_mut() {
                    *part /= whole;
                }
            }
        }
        self
    }

    /// In one line, for a payout.
    pub(crate) fn note(&self, trust: &Trust, score: f64) -> String {
        let top = |givers: &BTreeMap<u32, f64>| names(trust, givers, 2);
        let mut parts = Vec::new();
        for (what, givers) in [("packages of", &self.packages), ("work of", &self.developers)] {
            let sum = givers.values().sum();
            if sum > 0.0 {
                parts.push(format!("{} by {what} {}", percent(sum), top(givers)));
            }
        }
        parts.push(format!("{} its own standing", percent(self.own)));
        format!("{} of all scores: {}", percent(score), parts.join("; "))
    }

    /// At length: a line for each kind of giver.
    pub(crate) fn lines(&self, trust: &Trust) -> Vec<String> {
        let mut lines = Vec::new();
        for (what, givers) in [
            ("by applications that use its packages", &self.packages),
            ("by developers who work on it or watch it", &self.developers),
            ("in all by applications, through packages and developers", &self.projects),
        ] {
            let sum = givers.values().sum();
            if sum > 0.0 {
                lines.push(format!("{} {what}: {}", percent(sum), names(trust, givers, SHOWN)));
            }
        }
        if self.own > 0.0 {
            lines.push(format!(
                "{} by its own standing: its links, stars, packages",
                percent(self.own)
            ));
        }
        lines
    }
}

/// The largest givers by name, and the rest in one.
fn names(trust: &Trust, givers: &BTreeMap<u32, f64>, shown: usize) -> String {
    let mut sorted: Vec<(u32, f64)> =
        givers.iter().filter(|(_, part)| **part > 0.0).map(|(node, part)| (*node, *part)).collect();
    sorted.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    let rest = sorted.split_off(shown.min(sorted.len()));
    let mut told: Vec<String> = sorted
        .iter()
        .map(|(node, part)| format!("{} {}", name(trust, *node), percent(*part)))
        .collect();
    if !rest.is_empty() {
        let sum = rest.iter().map(|(_, part)| part).sum();
        told.push(format!("{} others {}", rest.len(), percent(sum)));
    }
    told.join(", ")
}

fn name(trust: &Trust, node: u32) -> &str {
    let node = node as usize;
    if let Some(developer) = node.checked_sub(trust.projects.len()) {
        return &trust.developers[developer];
    }
    let id = &trust.projects[node];
    let title = |metrics: &'_ super::metric::Metrics| metrics.find(id);
    match (title(&trust.onchain), title(&trust.tools)) {
        (Some(at), _) => &trust.onchain.titles[at],
        (None, Some(at)) => &trust.tools.titles[at],
        (None, None) => id,
    }
}
