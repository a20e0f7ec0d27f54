//! What owners say of their own: declarations and opt-outs, within limits.
//!
//! An owner may state how its node divides what reaches it, or where its own
//! share is to go. The organiser sets limits and a stance for each node. What is
//! refused is named, with the reason.
//!
//! # Who prevails
//!
//! From the strongest to the weakest, see [`PRECEDENCE`]:
//!
//! | layer        | says                                    | yields to            |
//! |--------------|------------------------------------------|---------------------|
//! | jury         | weights of edges, own shares             | nobody              |
//! | opt-out      | who gets a node's own share              | the jury on its size |
//! | owner        | weights of its edges, its own share      | the jury            |
//! | base         | all else: structure, overlays, markets   | everybody           |
//!
//! Where a jury judged some edges of a node, those keep the judged weight and
//! the others share the rest in the proportions the owner declared.
//!
//! # Limits
//!
//! All are shares of the node's inflow. With `p` the base and `q` the declared
//! division over self and dependencies:
//!
//! | limit              | bound                                                |
//! |--------------------|------------------------------------------------------|
//! | `max_moved`        | `½ Σ |q − p|`                                        |
//! | `max_own`          | `q_self`                                             |
//! | `max_organisation` | `q_self + Σ q_i` over dependencies of the same owner name |
//! | `min_top`          | `Σ q_i / Σ p_i` over the `top` largest edges of the base |
//!
//! A base that is above `max_own` or `max_organisation` itself may stay there,
//! but not rise. An edge that the base does not have needs evidence of its own.
//!
//! The organiser's [`Stance`]: `Allow` takes a declaration within the limits and
//! refuses any other; `Cap` goes from the base towards the declaration as far as
//! the limits allow, `p + t (q − p)` with the largest `t`; `Ignore` takes none.
//!
//! # Units and rounding
//!
//! Shares are whole numbers of 10⁻¹⁸; `t` is rounded down, parts by largest
//! remainder. Limits hold to within one such unit for each edge.
//!
//! # Known weaknesses
//!
//! * Owners can pay friends through an edge with thin evidence: limits bound the
//!   damage, [contests](crate::contest) undo it.
//! * "The same organisation" is the same owner name of a repository. Friends
//!   under another name are not seen.
//! * A recipient of an opt-out that is a node of the network passes money on
//!   like any other inflow.
//!
//! # Sources
//!
//! The rules are this project's own.
//!
//! # Example
//!
//! ```
//! use allonet_weights::declared::{Declarations, Layers, Rules, Verdict, resolve};
//! use allonet_weights::import::{ReadOptions, weight_csv};
//! use allonet_weights::structural::{Settings, weigh};
//!
//! let options = ReadOptions::default();
//! let base = weight_csv::read("repo,parent,weight\nx/a,me/app,0.8\nx/b,me/app,0.2\n", &options)?;
//! let base = weigh(&base, &Settings::default())?;
//! let text = "repo,parent,weight,author,date,reason,evidence\n\
//!     x/a,me/app,0.6,ann,2026-05-01,b does the parsing now,src/parse.rs\n";
//! let declarations = Declarations::parse(text, &options)?;
//! let mut rules = Rules::default();
//! rules.owners.insert("me/app".into(), ["ann".to_owned()].into());
//!
//! let layers = Layers { declarations: Some(&declarations), ..Layers::default() };
//! let resolved = resolve(&base, &layers, &rules)?;
//! assert_eq!(resolved.outcomes[0].verdict, Verdict::Applied);
//! let app = resolved.network.index("me/app").expect("it is there");
//! let percent = resolved.network.dependencies(app).map(|(_, weight)| weight / 10_u64.pow(16));
//! assert_eq!(percent.collect::<Vec<_>>(), [60, 40]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod limits;
mod read;

use std::collections::{BTreeMap, BTreeSet};

use allonet_core::time::Instant;
use thiserror::Error;

use crate::apportion::{apportion, quantise};
use crate::import::weight_csv::WeightRow;
use crate::overrides::{OverrideError, ShareRow, override_originality, override_weights};
use crate::structural::refuse_trapped;
use crate::weighted::{NamedNode, WHOLE, WeightedGraph, assembled, named, share};

pub use limits::{Limit, Limits};

/// A layer of statements about weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layer {
    /// What a jury judged.
    Jury,
    /// Where an owner sends its own share.
    OptOut,
    /// What an owner declares.
    Owner,
    /// Structure, overlays, markets.
    Base,
}

/// The layers, the strongest first.
pub const PRECEDENCE: [Layer; 4] = [Layer::Jury, Layer::OptOut, Layer::Owner, Layer::Base];

/// Who states something, when and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// The node it is about.
    pub node: String,
    /// Who says so.
    pub author: String,
    /// When.
    pub date: Instant,
    /// Why, in the author's words.
    pub reason: String,
    /// The first line of the file that belongs to it, from one.
    pub line: u32,
}

/// One part of a declared division.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// The dependency.
    pub dependency: String,
    /// What part of what the node passes on goes there.
    pub weight: f64,
    /// Where it can be checked.
    pub evidence: Option<String>,
}

/// How an owner divides what reaches its node.
#[derive(Debug, Clone, PartialEq)]
pub struct Declaration {
    /// Who, when and why.
    pub statement: Statement,
    /// What the node keeps of its inflow; `None` leaves it as it is.
    pub own: Option<f64>,
    /// Weights of edges, as in [`crate::overrides`]: edges that are not named
    /// share what remains.
    pub parts: Vec<Part>,
}

/// Where an owner sends its own share instead of keeping it.
#[derive(Debug, Clone, PartialEq)]
pub struct OptOut {
    /// Who, when and why.
    pub statement: Statement,
    /// Recipients, in proportion.
    pub split: Vec<(String, f64)>,
}

/// All that owners say.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Declarations {
    /// Divisions.
    pub declarations: Vec<Declaration>,
    /// Opt-outs.
    pub opt_outs: Vec<OptOut>,
}

/// What the organiser does with an owner's statement.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Stance {
    /// Takes it if it is within the limits.
    #[default]
    Allow,
    /// Takes as much of it as the limits allow.
    Cap,
    /// Does not take it.
    Ignore,
}

/// What the organiser sets.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rules {
    /// Who may speak for a node.
    pub owners: BTreeMap<String, BTreeSet<String>>,
    /// The limits for all.
    pub limits: Limits,
    /// The stance for nodes that are not named.
    pub stance: Stance,
    /// The stance for single nodes.
    pub stances: BTreeMap<String, Stance>,
}

/// Statements above the base.
#[derive(Debug, Clone, Copy, Default)]
pub struct Layers<'a> {
    /// Of owners.
    pub declarations: Option<&'a Declarations>,
    /// Weights that a jury judged.
    pub jury: &'a [WeightRow],
    /// Own shares that a jury judged.
    pub jury_own: &'a [ShareRow],
}

/// Why a statement was not taken.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum Refusal {
    /// The author does not speak for the node.
    #[error("`{author}` is no owner of `{node}`; the organiser lists owners")]
    NotOwner {
        /// The author.
        author: String,
        /// The node.
        node: String,
    },
    /// The node is not there.
    #[error("the network has no `{node}`")]
    UnknownNode {
        /// The node.
        node: String,
    },
    /// The organiser takes none of this node.
    #[error("the organiser takes no statements of `{node}`")]
    Ignored {
        /// The node.
        node: String,
    },
    /// There is a later one.
    #[error("a later statement of {date} takes its place")]
    Superseded {
        /// The date of the later one.
        date: Instant,
    },
    /// There are two of the same date.
    #[error("there is another statement for `{node}` of the same date; date one of them later")]
    Ambiguous {
        /// The node.
        node: String,
    },
    /// It says nothing of why.
    #[error("it gives no reason")]
    NoReason,
    /// A new edge without evidence.
    #[error("`{dependency}` is no known dependency, and no evidence is given for it")]
    NewEdge {
        /// The dependency.
        dependency: String,
    },
    /// A number that is no share.
    #[error("{what} is {found}; allowed are 0 to 1, and at most 1 in all")]
    NotShare {
        /// What.
        what: String,
        /// Its value.
        found: f64,
    },
    /// There is nobody to pass anything on to.
    #[error("it leaves something for dependencies but has none with a weight above 0")]
    Nobody,
    /// A limit.
    #[error("{limit} is {found:.4}, allowed is {} {allowed:.4}", limit.side())]
    Limit {
        /// Which.
        limit: Limit,
        /// What was declared.
        found: f64,
        /// What is allowed.
        allowed: f64,
    },
}

/// What became of a statement.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// It holds as it was stated.
    Applied,
    /// It holds in part: so much of the way from the base to the declaration.
    Capped {
        /// From 0 to 1.
        taken: f64,
        /// What went too far.
        limit: Limit,
    },
    /// It does not hold.
    Refused(Refusal),
}

/// A statement and what became of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// The statement.
    pub statement: Statement,
    /// Whether it is an opt-out.
    pub opt_out: bool,
    /// What became of it.
    pub verdict: Verdict,
    /// What part of the node's inflow it moved.
    pub moved: f64,
}

/// The network after all layers.
#[derive(Debug, Clone, PartialEq)]
pub struct Resolved {
    /// The network.
    pub network: WeightedGraph,
    /// Every statement, by node, date and line.
    pub outcomes: Vec<Outcome>,
}

/// Applies all layers to a base; see the [module](self) for who prevails.
///
/// Statements of owners are judged one by one. Rows of a jury must fit, or all
/// is refused.
pub fn resolve(
    base: &WeightedGraph,
    layers: &Layers,
    rules: &Rules,
) -> Result<Resolved, OverrideError> {
    let mut nodes = named(base);
    let mut outcomes = Vec::new();
    let all = layers.declarations.map_or(&[][..], |all| &all.declarations);
    let statements: Vec<&Statement> = all.iter().map(|one| &one.statement).collect();
    for (declaration, standing) in all.iter().zip(standing(&statements)) {
        let taken = standing
            .and_then(|()| rules.admit(&declaration.statement, &nodes))
            .and_then(|stance| limits::divided(&nodes, declaration, &rules.limits, stance));
        outcomes.push(taken.map_or_else(
            |refusal| refused(&declaration.statement, false, refusal),
            |taken| taken.apply(&declaration.statement, &mut nodes),
        ));
    }
    let mut network = assembled(nodes, &base.named_sources());
    refuse_trapped(&network)?;
    override_weights(&mut network, layers.jury)?;
    override_originality(&mut network, layers.jury_own)?;
    let mut nodes = named(&network);
    let all = layers.declarations.map_or(&[][..], |all| &all.opt_outs);
    let statements: Vec<&Statement> = all.iter().map(|one| &one.statement).collect();
    for (opt_out, standing) in all.iter().zip(standing(&statements)) {
        let taken =
            standing.and_then(|()| rules.admit(&opt_out.statement, &nodes)).and_then(|stance| {
                redirected(&nodes[&opt_out.statement.node], opt_out, &rules.limits, stance)
            });
        outcomes.push(taken.map_or_else(
            |refusal| refused(&opt_out.statement, true, refusal),
            |taken| taken.apply(&opt_out.statement, &mut nodes),
        ));
    }
    outcomes.sort_by(|left, right| {
        let key = |one: &Outcome| {
            (one.statement.node.clone(), one.opt_out, one.statement.date, one.statement.line)
        };
        key(left).cmp(&key(right))
    });
    let network = assembled(nodes, &base.named_sources());
    refuse_trapped(&network)?;
    Ok(Resolved { network, outcomes })
}

fn refused(statement: &Statement, opt_out: bool, refusal: Refusal) -> Outcome {
    Outcome {
        statement: statement.clone(),
        opt_out,
        verdict: Verdict::Refused(refusal),
        moved: 0.0,
    }
}

/// Which statements are the last for their node.
fn standing(statements: &[&Statement]) -> Vec<Result<(), Refusal>> {
    let of = |statement: &Statement| {
        let node = statement.node.clone();
        let same = statements.iter().filter(|other| other.node == node);
        let last = same.clone().map(|other| other.date).max().unwrap_or(statement.date);
        let together = same.filter(|other| other.date == last).count();
        match () {
            () if statement.date < last => Err(Refusal::Superseded { date: last }),
            () if together > 1 => Err(Refusal::Ambiguous { node }),
            () => Ok(()),
        }
    };
    statements.iter().map(|statement| of(statement)).collect()
}

impl Rules {
    /// Whether the author may speak, and what the organiser does with it.
    fn admit(
        &self,
        statement: &Statement,
        nodes: &BTreeMap<String, NamedNode>,
    ) -> Result<Stance, Refusal> {
        let Statement { node, author, reason, .. } = statement;
        if !nodes.contains_key(node) {
            return Err(Refusal::UnknownNode { node: node.clone() });
        }
        if self.owners.get(node).is_none_or(|owners| !owners.contains(author)) {
            return Err(Refusal::NotOwner { author: author.clone(), node: node.clone() });
        }
        if reason.trim().is_empty() {
            return Err(Refusal::NoReason);
        }
        match self.stances.get(node).copied().unwrap_or(self.stance) {
            Stance::Ignore => Err(Refusal::Ignored { node: node.clone() }),
            stance => Ok(stance),
        }
    }
}

/// A statement that holds, at least in part.
#[derive(Debug)]
struct Taken {
    node: NamedNode,
    verdict: Verdict,
    moved: f64,
    opt_out: bool,
}

impl Taken {
    /// Puts the node in its place, and those it names beside it.
    fn apply(self, statement: &Statement, nodes: &mut BTreeMap<String, NamedNode>) -> Outcome {
        for (id, _) in &self.node.edges {
            let leaf = || NamedNode { own: WHOLE, edges: Vec::new() };
            nodes.entry(id.clone()).or_insert_with(leaf);
        }
        nodes.insert(statement.node.clone(), self.node);
        let Self { verdict, moved, opt_out, .. } = self;
        Outcome { statement: statement.clone(), opt_out, verdict, moved }
    }
}

/// A node whose own share goes to recipients, as far as `max_moved` allows.
fn redirected(
    node: &NamedNode,
    opt_out: &OptOut,
    limits: &Limits,
    stance: Stance,
) -> Result<Taken, Refusal> {
    for (recipient, weight) in &opt_out.split {
        if !(weight.is_finite() && *weight >= 0.0) {
            let what = format!("the share of `{recipient}`");
            return Err(Refusal::NotShare { what, found: *weight });
        }
    }
    let allowed = share(limits.max_moved);
    let (moved, verdict) = match stance {
        _ if node.own <= allowed => (node.own, Verdict::Applied),
        Stance::Cap => {
            let taken = allowed as f64 / node.own as f64;
            (allowed, Verdict::Capped { taken, limit: Limit::Moved })
        }
        _ => {
            let found = node.own as f64 / WHOLE as f64;
            return Err(Refusal::Limit { limit: Limit::Moved, found, allowed: limits.max_moved });
        }
    };
    let scores: Vec<f64> = opt_out.split.iter().map(|(_, weight)| *weight).collect();
    let parts = apportion(&quantise(&scores), moved).ok_or(Refusal::Nobody)?;
    let passed = WHOLE - node.own;
    let mut edges: BTreeMap<String, u128> = BTreeMap::new();
    for (id, weight) in &node.edges {
        *edges.entry(id.clone()).or_default() += u128::from(*weight) * u128::from(passed);
    }
    for ((id, _), part) in opt_out.split.iter().zip(parts) {
        *edges.entry(id.clone()).or_default() += u128::from(part) * u128::from(WHOLE);
    }
    let scores: Vec<u128> = edges.values().copied().collect();
    // Nothing at all moves from a node that keeps nothing and passes nothing on.
    let Some(weights) = apportion(&scores, WHOLE) else { return Err(Refusal::Nobody) };
    let node = NamedNode { own: node.own - moved, edges: edges.into_keys().zip(weights).collect() };
    Ok(Taken { node, verdict, moved: moved as f64 / WHOLE as f64, opt_out: true })
}
