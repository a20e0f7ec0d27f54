//! Edges of a dependency network weighed by a jury.
//!
//! Jurors compare dependencies of one parent with each other (column `parent`).
//! Structure weighs all edges first; where the jury compared, it redistributes:
//!
//! ```text
//! weight(p, c) = M · v_c / Σ v        over the island of c
//! ```
//!
//! An *island* is a set of dependencies of `p` that comparisons join, `v` are
//! the weights a rule fits to it, and `M` is what structure gives the island as
//! a whole. Nobody has to compare everything: what is not compared keeps its
//! structural weight, and islands are never guessed against each other.
//!
//! A [`Replicate`] says how often each juror counts: one of each for the result,
//! drawn with replacement for a bootstrap.

use std::collections::{BTreeMap, BTreeSet};

use thiserror::Error;

use crate::apportion::{apportion, quantise};
use crate::comparisons::{Builder, Comparisons};
use crate::connectivity::islands_of;
use crate::random::Random;
use crate::rules::{FitError, Parameters, fit};
use crate::weighted::{WHOLE, WeightedGraph};

/// Comparisons below each parent, and how weights are made of them.
#[derive(Debug, Clone)]
pub struct Judgements {
    /// The comparisons of dependencies of each parent, by its id.
    pub by_parent: BTreeMap<String, Comparisons>,
    /// Id of the rule.
    pub rule: String,
    /// What the rule is told.
    pub parameters: Parameters,
}

/// Why judgements do not fit a network.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum JudgeError {
    /// A parent or item is no node.
    #[error("line {line}: `{name}` is not in the graph")]
    Unknown {
        /// Line of the comparison.
        line: u32,
        /// The name.
        name: String,
    },
    /// An item is no dependency of its parent.
    #[error("line {line}: `{item}` is no dependency of `{parent}`")]
    NoEdge {
        /// Line of the comparison.
        line: u32,
        /// The item.
        item: String,
        /// The parent.
        parent: String,
    },
    /// The rule gives no weights.
    #[error("below `{parent}`: {error}")]
    Fit {
        /// The parent.
        parent: String,
        /// Why.
        error: FitError,
    },
}

/// How often each juror counts.
#[derive(Debug, Clone, PartialEq)]
pub struct Replicate(Option<BTreeMap<String, usize>>);

impl Replicate {
    /// Each juror once.
    pub fn all() -> Self {
        Self(None)
    }

    fn times(&self, juror: &str) -> usize {
        self.0.as_ref().map_or(1, |times| times.get(juror).copied().unwrap_or(0))
    }
}

impl Judgements {
    /// The names of all jurors, sorted.
    pub fn jurors(&self) -> Vec<String> {
        let all: BTreeSet<&String> =
            self.by_parent.values().flat_map(Comparisons::jurors).collect();
        all.into_iter().cloned().collect()
    }

    /// How many comparisons there are.
    pub fn len(&self) -> usize {
        self.by_parent.values().map(Comparisons::len).sum()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All comparisons as one table, each item under its parent: what jurors do
    /// can be looked at together, though nothing joins the parents.
    pub fn pooled(&self) -> Comparisons {
        let mut builder = Builder::default();
        for (parent, comparisons) in &self.by_parent {
            let items: Vec<u32> = comparisons
                .items()
                .iter()
                .map(|item| builder.item(&pooled_name(parent, item)))
                .collect();
            for row in comparisons.rows() {
                let juror = builder.juror(&comparisons.jurors()[row.juror as usize]);
                let pair = (items[row.left as usize], items[row.right as usize]);
                builder.push(juror, pair, row.choice, row.intensity);
            }
        }
        builder.finish()
    }

    /// As many jurors as there are, drawn with replacement.
    pub fn draw(&self, random: &mut Random) -> Replicate {
        let jurors = self.jurors();
        let mut times = BTreeMap::new();
        for _ in 0..jurors.len() {
            *times.entry(jurors[random.below(jurors.len())].clone()).or_default() += 1;
        }
        Replicate(Some(times))
    }

    /// Puts the jury's weights on the edges it compared; returns how many.
    pub fn apply(
        &self,
        network: &mut WeightedGraph,
        replicate: &Replicate,
    ) -> Result<usize, JudgeError> {
        let mut changed = network.weights.clone();
        let mut judged = 0;
        for (parent, comparisons) in &self.by_parent {
            let edges = edges(network, parent, comparisons)?;
            let rows: Vec<usize> = comparisons
                .rows()
                .enumerate()
                .flat_map(|(at, row)| {
                    let juror = &comparisons.jurors()[row.juror as usize];
                    std::iter::repeat_n(at, replicate.times(juror))
                })
                .collect();
            let heard = comparisons.take(&rows);
            for island in islands_of(&heard).into_iter().filter(|island| island.len() > 1) {
                let estimate = fit(&self.rule, &heard.among(&island), &self.parameters)
                    .map_err(|error| JudgeError::Fit { parent: parent.clone(), error })?;
                let places: Vec<usize> = island.iter().map(|item| edges[*item as usize]).collect();
                let mass = places.iter().map(|place| network.weights[*place]).sum();
                let parts = apportion(&quantise(&estimate.weights()), mass)
                    .expect("weights of a fit are above zero together");
                for (place, part) in places.into_iter().zip(parts) {
                    changed[place] = part;
                    judged += 1;
                }
            }
        }
        network.weights = changed;
        debug_assert!(network.weights.iter().all(|weight| *weight <= WHOLE));
        Ok(judged)
    }
}

/// The name of an item below a parent, where parents are pooled.
pub fn pooled_name(parent: &str, item: &str) -> String {
    format!("{parent}: {item}")
}

/// Where the edge to each compared item stands.
fn edges(
    network: &WeightedGraph,
    parent: &str,
    comparisons: &Comparisons,
) -> Result<Vec<usize>, JudgeError> {
    let line_of = |item: u32| {
        let named = |row: &(usize, crate::comparisons::Comparison)| {
            row.1.left == item || row.1.right == item
        };
        comparisons.rows().enumerate().find(named).map_or(0, |(at, _)| comparisons.line(at))
    };
    let unknown = |line: u32, name: &str| JudgeError::Unknown { line, name: name.to_owned() };
    let first = if comparisons.is_empty() { 0 } else { comparisons.line(0) };
    let from = network.index(parent).ok_or_else(|| unknown(first, parent))?;
    (0_u32..)
        .zip(comparisons.items())
        .map(|(item, name)| {
            let to = network.index(name).ok_or_else(|| unknown(line_of(item), name))?;
            network.position(from, to).ok_or_else(|| JudgeError::NoEdge {
                line: line_of(item),
                item: name.clone(),
                parent: parent.to_owned(),
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::comparisons::Reading;
    use crate::graph::{EdgeKind, GraphBuilder};
    use crate::structural::{Settings, weigh};
    use allonet_core::fault::SourceFile;

    /// app → a, b, c, d; all weigh the same.
    fn network() -> WeightedGraph {
        let mut builder = GraphBuilder::default();
        let [app, a, b, c, d] = ["app", "a", "b", "c", "d"].map(|id| builder.list(id));
        builder.mark_root(app);
        for to in [a, b, c, d] {
            builder.edge(app, to, EdgeKind::Normal, None);
        }
        weigh(&builder.finish(), &Settings::default()).unwrap()
    }

    fn judgements(rows: &str) -> Judgements {
        let text = format!("parent,juror,item_a,item_b,winner,multiplier\n{rows}");
        let file = SourceFile::new("c.csv", text);
        Judgements {
            by_parent: Comparisons::read_by_parent(&file, &Reading::default()).unwrap(),
            rule: "least-squares".to_owned(),
            parameters: Parameters::default(),
        }
    }

    fn percent(network: &WeightedGraph) -> Vec<u64> {
        let app = network.index("app").unwrap();
        network
            .dependencies(app)
            .map(|(_, weight)| (weight + WHOLE / 200) / (WHOLE / 100))
            .collect()
    }

    #[test]
    fn an_island_divides_what_structure_gives_it() {
        // a is worth 4 times b, c 1.5 times d; each island has one half.
        let judged = judgements("app,ann,a,b,a,4\napp,bob,c,d,c,1.5\n");
        let mut network = network();
        assert_eq!(judged.apply(&mut network, &Replicate::all()), Ok(4));
        assert_eq!(percent(&network), [40, 10, 30, 20]);
        let app = network.index("app").unwrap();
        assert_eq!(network.dependencies(app).map(|(_, weight)| weight).sum::<u64>(), WHOLE);
    }

    #[test]
    fn a_replicate_leaves_jurors_out() {
        let judged = judgements("app,ann,a,b,a,4\napp,bob,c,d,c,1.5\n");
        let mut changed = network();
        let only_ann = Replicate(Some([("ann".to_owned(), 2)].into()));
        assert_eq!(judged.apply(&mut changed, &only_ann), Ok(2));
        assert_eq!(percent(&changed), [40, 10, 25, 25]);
        let drawn = judged.draw(&mut Random::new(3));
        assert_eq!(drawn.times("ann") + drawn.times("bob"), 2);
    }

    #[test]
    fn what_is_no_dependency_is_named() {
        let apply = |rows: &str| {
            judgements(rows).apply(&mut network(), &Replicate::all()).unwrap_err().to_string()
        };
        assert_eq!(apply("app,ann,a,b,a,2\napp,ann,a,z,a,2\n"), "line 3: `z` is not in the graph");
        assert_eq!(apply("app,ann,app,b,1,2\n"), "line 2: `app` is no dependency of `app`");
    }

    #[test]
    fn money_flows_by_what_was_judged() {
        let judged = judgements("app,ann,a,b,a,4\n");
        let mut network = network();
        judged.apply(&mut network, &Replicate::all()).unwrap();
        let flow = network.flow(&network.entries()).unwrap();
        let a = network.index("a").unwrap() as usize;
        assert!((flow.kept[a] - 0.4).abs() < 1e-12, "{flow:?}");
        assert!((flow.kept.iter().sum::<f64>() - 1.0).abs() < 1e-12);
    }
}
