//! Dependency graph: each project keeps its own part and pays those it builds on.
//!
//! Use it to pay the projects below those that a round funds: money enters at
//! the sources, every project keeps its originality and passes the rest on to
//! its dependencies, and so on until all of it is kept.
//!
//! # Formula
//!
//! ```text
//! x = s + Wᵀ diag(1 − o) x          what arrives at each node
//! payout_i = money · o_i x_i
//! ```
//!
//! `s` are the shares of the sources, `W_ij` the share of what `i` passes on
//! that goes to `j` (each row adds up to 1), `o_i` the originality of `i`: the
//! part it keeps. A node without dependencies keeps everything. Loops are
//! solved, not cut. With `depth` money is passed on at most so many times; the
//! node it then stands at keeps it.
//!
//! # Units and rounding
//!
//! | quantity          | unit                    | rounding                                    |
//! |-------------------|-------------------------|---------------------------------------------|
//! | weights, shares, `o` | `f64`, without unit  | nearest                                     |
//! | `o_i x_i`         | part of all money       | nearest; then to 2⁻⁹⁶ of the largest        |
//! | payouts           | base units of one asset | once, over all nodes: `rounding`, in id order |
//!
//! Nothing stays unspent.
//!
//! # Limits
//!
//! * Rows of one parent and the shares of the sources are divided by their sum;
//!   a sum that is not 1 within 10⁻⁶ is remarked.
//! * Rows with the same two ends are added up, which is remarked.
//! * A loop in which nobody keeps anything is refused.
//! * At most 2^32 nodes; weights and shares at most 10^30.
//!
//! # Known weaknesses
//!
//! * A project that splits into several and depends on itself through them
//!   keeps more: with originality `o`, a chain of `n` keeps `1 − (1 − o)ⁿ`.
//! * Whoever sets its own dependencies decides who is paid: a project gains by
//!   naming few, or its friends. Take weights from somebody else.
//! * Weights come from juries and models; the payout hides how rough they are.
//!
//! # Sources
//!
//! * Deep Funding: a dependency graph with weights by a jury and originality,
//!   `deepfunding/dependency-graph`.
//! * J. G. Kemeny, J. L. Snell (1960), *Finite Markov Chains*, theorem 3.2.4
//!   (visits of an absorbing chain).
//!
//! # Example
//!
//! ```
//! use allonet_core::money::Amount;
//! use allonet_mechanisms::trial::trial_of;
//!
//! // The wallet keeps half; of the other half the compiler gets three quarters.
//! let result = trial_of("dependency")
//!     .file("edges", "parent,repo,weight\nwallet,compiler,0.75\nwallet,parser,0.25\n")
//!     .list("roots", &["wallet"])
//!     .run(800)?;
//! assert_eq!(result.paid("wallet"), Amount::from_base(400));
//! assert_eq!(result.paid("compiler"), Amount::from_base(300));
//! assert_eq!(result.paid("parser"), Amount::from_base(100));
//! # Ok::<(), allonet_mechanisms::trial::NoTrial>(())
//! ```

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use allonet_core::absorbing::AbsorbingError;
use allonet_core::card::{Absent, Card, Family, Kind, Setting, Settings, Source, Status};
use allonet_core::fault::{Fault, Place, did_you_mean};
use allonet_core::maths;
use allonet_core::mechanism::{
    Allocation, Blueprint, Change, Mechanism, Outcome, Refusal, Step, Turn,
};
use allonet_core::money::{Rounding, apportion, weights_from_f64};
use allonet_core::repository::canonical_repo;
use allonet_core::signal::SignalData;

use crate::credit::{Flow, Graph, flow, flow_to_depth, read_edges, read_originality, read_shares};

// --- Card -------------------------------------------------------------------

/// What the rule says of itself.
pub static CARD: Card = Card {
    id: "dependency",
    title: "Dependency graph",
    family: Family::Graph,
    formula: "payout = money · o·x, with x = s + Wᵀ diag(1 − o) x",
    status: Status::Preview { since: "0.1.0" },
    sources: &[
        Source {
            cite: "Deep Funding, dependency graph with jury weights and originality",
            url: "https://github.com/deepfunding/dependency-graph",
        },
        Source {
            cite: "Kemeny, Snell (1960), Finite Markov Chains, theorem 3.2.4",
            url: "https://link.springer.com/book/9780387901923",
        },
    ],
    settings: &[
        Setting {
            name: "edges",
            kind: Kind::File,
            default: Absent::Required,
            doc: "Table of who builds on whom, columns `parent`, `repo` and `weight`.",
        },
        Setting {
            name: "sources",
            kind: Kind::File,
            default: Absent::None("the money enters at `roots`"),
            doc: "Table of where the money enters, columns `node` and `share`.",
        },
        Setting {
            name: "roots",
            kind: Kind::List,
            default: Absent::None("the money enters at `sources`"),
            doc: "Nodes where the money enters, in equal parts.",
        },
        Setting {
            name: "originality",
            kind: Kind::File,
            default: Absent::None("all have `default_originality`"),
            doc: "Table of what part each node keeps, columns `node` and `originality`.",
        },
        Setting {
            name: "default_originality",
            kind: Kind::Number { min: 0.0, max: 1.0 },
            default: Absent::Default("0.5"),
            doc: "Part that a node with dependencies keeps where `originality` is silent.",
        },
        Setting {
            name: "depth",
            kind: Kind::Integer { min: 0, max: 100_000 },
            default: Absent::None("money travels until all of it is kept"),
            doc: "Most times that money is passed on.",
        },
        Setting {
            name: "rounding",
            kind: Kind::Choice(&["largest-remainder", "cumulative"]),
            default: Absent::Default("largest-remainder"),
            doc: "How fractions of a base unit are settled.",
        },
        Setting {
            name: "ids",
            kind: Kind::Choice(&["verbatim", "repository"]),
            default: Absent::Default("verbatim"),
            doc: "Whether ids stay as written, or addresses of one repository become one id.",
        },
    ],
    actions: &[],
    reads: &[],
    emits: &["weights"],
};

// --- Settings ---------------------------------------------------------------

/// The solved graph: nothing in it changes from turn to turn.
#[derive(Debug)]
pub struct Dependency {
    payees: Vec<Arc<str>>,
    weights: Vec<u128>,
    /// Where each node's payout comes from, in figures.
    notes: Vec<String>,
    shares: BTreeMap<String, f64>,
    rounding: Rounding,
    remarks: Vec<String>,
}

/// Reads the tables, solves the graph, builds the rule.
pub fn build(blueprint: &Blueprint<'_>) -> Result<Box<dyn Mechanism>, Vec<Fault>> {
    let settings = blueprint.settings;
    let name: fn(&str) -> String = match settings.text("ids") {
        Some("repository") => canonical_repo,
        _ => str::to_owned,
    };
    let edges = settings.file("edges").map(|file| read_edges(file, name)).transpose()?;
    let entries = entries(settings, name)?;
    let graph = Graph::new(&edges.unwrap_or_default(), entries.keys().cloned());
    let mut remarks = remarks(&graph, settings, &entries);
    unknown_roots(&graph, settings, name)?;
    let sources =
        sources(&graph, &entries).map_err(|fault| vec![fault.at_some(enters(settings))])?;
    let originality = originality(&graph, settings, name, &mut remarks)?;
    let flow = match settings.integer("depth") {
        Some(depth) => flow_to_depth(&graph, &originality, &sources, depth.unsigned_abs()),
        None => flow(&graph, &originality, &sources)
            .map_err(|error| vec![no_flow(&error, &graph).at_some(settings.place("edges"))])?,
    };
    let weights = weights_from_f64(&flow.kept)
        .map_err(|error| vec![Fault::new("weights", error.to_string())])?;
    let all = maths::sum(flow.kept.iter().copied());
    let ids = graph.nodes.iter().map(ToString::to_string);
    Ok(Box::new(Dependency {
        notes: notes(&graph, &flow, &sources),
        shares: ids.zip(flow.kept.iter().map(|kept| kept / all)).collect(),
        payees: graph.nodes,
        weights,
        rounding: match settings.text("rounding") {
            Some("cumulative") => Rounding::Cumulative,
            _ => Rounding::LargestRemainder,
        },
        remarks,
    }))
}

/// Where the money enters, as written.
fn entries(
    settings: &Settings,
    name: fn(&str) -> String,
) -> Result<BTreeMap<String, f64>, Vec<Fault>> {
    let roots = settings.list("roots");
    match (settings.file("sources"), roots.is_empty()) {
        (Some(file), true) => read_shares(file, name),
        (None, false) => Ok(roots.iter().map(|root| (name(&root.value), 1.0)).collect()),
        (Some(_), false) => {
            Err(vec![one_entrance("both `sources` and `roots` are given", settings)])
        }
        (None, true) => Err(vec![one_entrance("nothing says where the money enters", settings)]),
    }
}

/// The share of the money that enters at each node.
fn sources(graph: &Graph, entries: &BTreeMap<String, f64>) -> Result<Vec<f64>, Fault> {
    let sum = maths::sum(entries.values().copied());
    if !(sum > 0.0 && sum.is_finite()) {
        let message = format!("the shares of the sources add up to {sum}");
        return Err(Fault::new("no-source", message).help("give one of them a share above zero"));
    }
    let share = |node: &Arc<str>| entries.get(&**node).map_or(0.0, |share| share / sum);
    Ok(graph.nodes.iter().map(share).collect())
}

/// What part of its credit each node keeps.
fn originality(
    graph: &Graph,
    settings: &Settings,
    name: fn(&str) -> String,
    remarks: &mut Vec<String>,
) -> Result<Vec<f64>, Vec<Fault>> {
    let file = settings.file("originality");
    let given = file.map(|file| read_originality(file, name)).transpose()?.unwrap_or_default();
    let default = settings.number("default_originality").unwrap_or(DEFAULT_ORIGINALITY);
    let of = |(at, node): (usize, &Arc<str>)| {
        let given = given.get(&**node).copied();
        if graph.is_leaf(at) {
            (1.0, given.is_some_and(|given| given < 1.0))
        } else {
            (given.unwrap_or(default), false)
        }
    };
    let found: Vec<(f64, bool)> = graph.nodes.iter().enumerate().map(of).collect();
    let raised: Vec<&str> = graph
        .nodes
        .iter()
        .zip(&found)
        .filter(|(_, (_, raised))| *raised)
        .map(|(id, _)| &**id)
        .collect();
    remark_some(remarks, &raised, "have an originality below 1 but pass nothing on; they keep all");
    let absent: Vec<&str> =
        given.keys().map(String::as_str).filter(|id| graph.find(id).is_none()).collect();
    remark_some(remarks, &absent, "have an originality but are not in the graph");
    Ok(found.into_iter().map(|(originality, _)| originality).collect())
}

const DEFAULT_ORIGINALITY: f64 = 0.5;

// --- Signals ----------------------------------------------------------------

// It emits `weights`: the part of all money that each node is paid.

// --- Refusals ---------------------------------------------------------------

fn enters(settings: &Settings) -> Option<Place> {
    settings.place("sources").or(settings.place("roots"))
}

fn one_entrance(message: &str, settings: &Settings) -> Fault {
    Fault::new("no-source", message)
        .at_some(enters(settings))
        .help("give either `sources = \"sources.csv\"` (node,share) or `roots = [\"node\"]`")
}

/// A root without edges is taken for a slip of the pen.
fn unknown_roots(
    graph: &Graph,
    settings: &Settings,
    name: fn(&str) -> String,
) -> Result<(), Vec<Fault>> {
    let is_alone = |node: u32| graph.is_leaf(node as usize) && !graph.targets.contains(&node);
    let mut faults = Vec::new();
    for root in settings.list("roots") {
        let id = name(&root.value);
        if graph.find(&id).is_none_or(is_alone) {
            let parents = (0..graph.nodes.len()).filter(|node| !graph.is_leaf(*node));
            let known = parents.map(|node| &*graph.nodes[node]);
            let mut fault = Fault::new("unknown-node", format!("root `{id}` is not in the graph"))
                .at_some(root.place.clone());
            fault.help = did_you_mean(&id, known);
            faults.push(fault);
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(faults) }
}

fn no_flow(error: &AbsorbingError, graph: &Graph) -> Fault {
    const SHOWN: usize = 6;
    let help = "give one of them an originality above 0, or set `depth`";
    match error {
        AbsorbingError::Trapped { members } => {
            let names: Vec<String> = members
                .iter()
                .filter_map(|node| graph.nodes.get(*node as usize))
                .take(SHOWN)
                .map(|name| format!("`{name}`"))
                .collect();
            let more = if members.len() > SHOWN { ", …" } else { "" };
            let message = format!(
                "money that enters the loop of {}{more} is never kept by anybody",
                names.join(", ")
            );
            Fault::new("trapped-money", message)
        }
        other => Fault::new("unsettled-flow", other.to_string()),
    }
    .help(help)
}

/// What the operator should know of the tables.
fn remarks(graph: &Graph, settings: &Settings, entries: &BTreeMap<String, f64>) -> Vec<String> {
    let mut remarks = Vec::new();
    if let Some((parent, sum, count)) = &graph.uneven {
        remarks.push(format!(
            "the weights of {count} parents do not add up to 1 (those of `{parent}` to {sum}); \
             they are divided by their sum"
        ));
    }
    if graph.merged > 0 {
        let rows = graph.merged;
        remarks.push(format!("{rows} rows repeat an edge; their weights are added to it"));
    }
    let sum = maths::sum(entries.values().copied());
    if settings.file("sources").is_some() && (sum - 1.0).abs() > 1e-6 {
        remarks.push(format!(
            "the shares of the sources add up to {sum}, not 1; they are divided by their sum"
        ));
    }
    let alone: Vec<&str> = entries
        .keys()
        .map(String::as_str)
        .filter(|id| graph.find(id).is_none_or(|node| graph.is_leaf(node as usize)))
        .collect();
    remark_some(&mut remarks, &alone, "are sources without dependencies; they keep all");
    remarks
}

fn remark_some(remarks: &mut Vec<String>, ids: &[&str], what: &str) {
    if let Some(first) = ids.first() {
        remarks.push(format!("{} nodes {what}, such as `{first}`", ids.len()));
    }
}

// --- Rule -------------------------------------------------------------------

impl Mechanism for Dependency {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn payees(&self) -> &[Arc<str>] {
        &self.payees
    }

    fn step(&self, turn: &Turn<'_>, allocation: &mut Allocation<'_>) -> Result<Outcome, Refusal> {
        for (asset, money) in allocation.left().clone().iter() {
            let parts = apportion(money, &self.weights, self.rounding)
                .map_err(|error| Refusal::new("weights", error.to_string()))?
                .parts;
            let paid = (0_u32..).zip(parts).zip(&self.notes);
            for ((payee, part), note) in paid.filter(|((_, part), _)| !part.is_zero()) {
                let step = Step::new("own credit", Change::Plus(part)).note(note);
                allocation.pay(payee, asset, part, vec![step])?;
            }
        }
        Ok(Outcome {
            signals: vec![("weights", SignalData::Scores(self.shares.clone()))],
            // The graph never changes: said once, not in every epoch.
            remarks: if turn.epoch == 0 { self.remarks.clone() } else { Vec::new() },
            ..Outcome::default()
        })
    }
}

/// How many of a node's origins its note names.
const ORIGINS_SHOWN: usize = 3;

/// For each node what it keeps of what, and from whom most of it comes.
fn notes(graph: &Graph, flow: &Flow, sources: &[f64]) -> Vec<String> {
    let mut origins: Vec<Vec<(f64, Option<usize>)>> = sources
        .iter()
        .map(|share| if *share > 0.0 { vec![(*share, None)] } else { Vec::new() })
        .collect();
    for (parent, passed) in flow.passed.iter().enumerate().filter(|(_, passed)| **passed > 0.0) {
        for (node, share) in graph.row(parent) {
            origins[node].push((passed * share, Some(parent)));
        }
    }
    let note = |(node, mut origins): (usize, Vec<(f64, Option<usize>)>)| {
        let inflow = flow.inflow[node];
        if inflow <= 0.0 {
            return String::new();
        }
        origins.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        let percent = |part: f64| part / inflow * 100.0;
        let kept = percent(flow.kept[node]);
        let mut text = format!("keeps {kept:.4}% of an inflow of {:.6}%:", inflow * 100.0);
        for (amount, parent) in origins.iter().take(ORIGINS_SHOWN) {
            let name = parent.map_or("the source", |parent| &graph.nodes[parent]);
            let _ = write!(text, " {:.1}% from {name},", percent(*amount));
        }
        match origins.len().saturating_sub(ORIGINS_SHOWN) {
            0 => drop(text.pop()),
            more => drop(write!(text, " the rest from {more} more")),
        }
        text
    };
    origins.into_iter().enumerate().map(note).collect()
}

// --- Tests ------------------------------------------------------------------

#[cfg(test)]
mod tests {
    use allonet_core::card::Value;
    use allonet_core::fault::SourceFile;
    use allonet_core::money::Amount;
    use allonet_core::table::{Column, Table};
    use allonet_testdata::text;
    use proptest::prelude::*;

    use super::*;
    use crate::trial::{Trial, TurnResult, trial_of};

    fn graph(edges: &str, roots: &[&str]) -> Trial {
        let edges = format!("parent,repo,weight\n{edges}");
        trial_of("dependency").file("edges", &edges).list("roots", roots)
    }

    fn paid(trial: &Trial, money: u128, names: &[&str]) -> Vec<u128> {
        let result = trial.run(money).unwrap();
        names.iter().map(|name| result.paid(name).to_u128().unwrap()).collect()
    }

    fn refused(trial: &Trial) -> String {
        trial.run(100).unwrap_err().to_string()
    }

    const ABCD: &[&str] = &["a", "b", "c", "d"];

    // Worked examples.

    #[test]
    fn each_keeps_half_and_leaves_keep_all() {
        // a keeps 400 of 800; b gets 300, keeps 150 and passes 150 to c; d gets 100.
        let trial = graph("a,b,0.75\na,d,0.25\nb,c,1\n", &["a"]);
        assert_eq!(paid(&trial, 800, ABCD), [400, 150, 150, 100]);
        let result = trial.run(800).unwrap();
        let step = &result.payouts[2].steps[0];
        assert_eq!(
            step.note.as_deref(),
            Some("keeps 100.0000% of an inflow of 18.750000%: 100.0% from b")
        );
        let shares = [("a", 0.5), ("b", 0.1875), ("c", 0.1875), ("d", 0.125)];
        let shares = shares.map(|(id, share)| (id.to_owned(), share)).into();
        assert_eq!(result.outcome.signals, [("weights", SignalData::Scores(shares))]);
        assert_eq!(result.outcome.remarks, <[String; 0]>::default());
    }

    #[test]
    fn a_loop_is_solved() {
        // a ↔ b: a gets 1 + 1/4 + 1/16 … = 4/3, b half of that.
        let trial = graph("a,b,1\nb,a,1\n", &["a"]);
        assert_eq!(paid(&trial, 900, &["a", "b"]), [600, 300]);
    }

    #[test]
    fn a_loop_to_itself_changes_nothing_for_the_others() {
        let trial = graph("a,a,0.5\na,b,0.3\na,c,0.2\n", &["a"]);
        // a keeps 1/2 of 4/3 of the money; the rest goes 3 : 2.
        assert_eq!(paid(&trial, 1_500, &["a", "b", "c"]), [1_000, 300, 200]);
    }

    #[test]
    fn originality_and_sources_come_from_tables() {
        let trial = trial_of("dependency")
            .file("edges", "source;target\na;c\nb;c\n")
            .file("sources", "node,share\na,3\nb,1\n")
            .file("originality", "repo,originality\na,0.9\nc,0.2\nx,1\n")
            .set("default_originality", Value::Number(0.0));
        assert_eq!(paid(&trial, 1_000, &["a", "b", "c"]), [675, 0, 325]);
        assert_eq!(
            trial.run(0).unwrap().outcome.remarks,
            [
                "the shares of the sources add up to 4, not 1; they are divided by their sum",
                "1 nodes have an originality below 1 but pass nothing on; they keep all, such as `c`",
                "1 nodes have an originality but are not in the graph, such as `x`",
            ]
        );
    }

    #[test]
    fn depth_ends_the_journey() {
        let trial = graph("a,b,1\nb,c,1\nc,d,1\n", &["a"]);
        for (depth, expected) in [
            (0, [800, 0, 0, 0]),
            (1, [400, 400, 0, 0]),
            (2, [400, 200, 200, 0]),
            (9, [400, 200, 100, 100]),
        ] {
            let trial = trial.clone().set("depth", Value::Integer(depth));
            assert_eq!(paid(&trial, 800, ABCD), expected, "depth {depth}");
        }
    }

    #[test]
    fn addresses_of_one_repository_are_one_node() {
        let edges = "a/b,https://github.com/X/Y,1\nhttps://github.com/A/B.git,x/y,1\n";
        let trial = graph(edges, &["A/B"]).text("ids", "repository");
        assert_eq!(paid(&trial, 10, &["a/b", "x/y"]), [5, 5]);
        assert_eq!(
            trial.run(10).unwrap().outcome.remarks,
            [
                "the weights of 1 parents do not add up to 1 (those of `a/b` to 2); they are \
                 divided by their sum",
                "1 rows repeat an edge; their weights are added to it",
            ]
        );
    }

    // Refusals.

    #[test]
    fn money_that_nobody_keeps_is_refused() {
        let trial = graph("a,b,1\nb,a,1\n", &["a"]).set("default_originality", Value::Number(0.0));
        assert_eq!(
            refused(&trial),
            "money that enters the loop of `a`, `b` is never kept by anybody (give one of them an \
             originality above 0, or set `depth`)"
        );
        assert_eq!(paid(&trial.set("depth", Value::Integer(3)), 10, &["a", "b"]), [0, 10]);
    }

    #[test]
    fn tables_that_mean_nothing_are_refused_by_place() {
        for (row, expected) in [
            ("a,b,-1", "edges.csv:2:5: `-1` is not a number from 0 to 10^30"),
            ("a,b,NaN", "edges.csv:2:5: `NaN` is not a number from 0 to 10^30"),
            ("a,b,inf", "edges.csv:2:5: `inf` is not a number from 0 to 10^30"),
            ("a,b,", "edges.csv:2:5: `` is not a number from 0 to 10^30"),
            (",b,1", "edges.csv:2:1: this row names no node"),
        ] {
            assert!(refused(&graph(row, &["a"])).starts_with(expected), "{row}");
        }
        let trial = trial_of("dependency").file("edges", "parent,repo\na,b\n");
        assert!(refused(&trial).starts_with("nothing says where the money enters"));
        let both = trial.clone().list("roots", &["a"]).file("sources", "node,share\na,1\n");
        assert!(refused(&both).starts_with("both `sources` and `roots` are given"));
        let zero = trial.clone().file("sources", "node,share\na,0\n");
        assert!(refused(&zero).starts_with("the shares of the sources add up to 0"));
        let rooted = trial.list("roots", &["aa"]);
        assert!(refused(&rooted).starts_with("root `aa` is not in the graph"));
        let rooted = rooted.list("roots", &["a"]);
        let high = rooted.clone().file("originality", "node,originality\na,1.01\n");
        assert!(
            refused(&high).starts_with("originality.csv:2:3: `1.01` is not a number from 0 to 1")
        );
        let two = rooted.file("originality", "node,originality\na,0.1\na,0.2\n");
        assert_eq!(
            refused(&two),
            "originality.csv:3:3: `a` has the originality 0.2 here and 0.1 above"
        );
    }

    // Laws.

    /// Rows over a few nodes; weights of thousandths.
    fn rows() -> impl Strategy<Value = Vec<(u32, u32, u32)>> {
        prop::collection::vec((0_u32..8, 0_u32..8, 1_u32..1_000), 1..24)
    }

    fn table(rows: &[(u32, u32, u32)]) -> String {
        let line =
            |(a, b, w): &(u32, u32, u32)| format!("n{a},n{b},{}.{:03}", w / 1_000, w % 1_000);
        rows.iter().map(line).collect::<Vec<_>>().join(
            "
",
        )
    }

    fn from_first(rows: &[(u32, u32, u32)]) -> Trial {
        graph(&table(rows), &[&format!("n{}", rows[0].0)])
    }

    fn total(result: &TurnResult) -> Amount {
        Amount::sum(result.payouts.iter().map(|payout| payout.amount), "").unwrap()
    }

    proptest! {
        #[test]
        fn all_money_is_paid_and_row_order_is_irrelevant(money: u128, mut rows in rows()) {
            let trial = from_first(&rows);
            let root = rows[0].0;
            rows.reverse();
            let reversed = graph(&table(&rows), &[&format!("n{root}")]);
            let (result, reversed) = (trial.run(money).unwrap(), reversed.run(money).unwrap());
            prop_assert_eq!(total(&result), Amount::from_base(money));
            prop_assert_eq!(result, reversed);
        }

        #[test]
        fn scaling_the_weights_of_all_rows_changes_nothing(money: u64, rows in rows()) {
            let doubled: Vec<_> = rows.iter().map(|(a, b, w)| (*a, *b, 2 * w)).collect();
            let (one, two) = (from_first(&rows), from_first(&doubled));
            let (one, two) = (one.run(money.into()).unwrap(), two.run(money.into()).unwrap());
            for payee in &one.payees {
                let (one, two) = (one.paid(payee), two.paid(payee));
                prop_assert!((one.to_f64() - two.to_f64()).abs() <= 1.0 + 1e-9 * money as f64);
            }
        }

        #[test]
        fn no_table_panics(edges in "(parent,repo,weight\n)?([ab/]{0,2},[ab]{0,2},[0-9.e-]{0,5}\n){0,6}") {
            let _ = trial_of("dependency").file("edges", &edges).list("roots", &["a"]).run(10);
        }
    }

    // Reference: the same credit passed on hop by hop.

    proptest! {
        #[test]
        fn the_solution_agrees_with_many_hops(rows in rows()) {
            let solved = from_first(&rows);
            let hops = solved.clone().set("depth", Value::Integer(100_000));
            let money = 10_u128.pow(12);
            let (solved, hops) = (solved.run(money).unwrap(), hops.run(money).unwrap());
            for payee in &solved.payees {
                let (solved, hops) = (solved.paid(payee).to_f64(), hops.paid(payee).to_f64());
                prop_assert!((solved - hops).abs() <= 2.0, "{payee}: {solved} {hops}");
            }
        }
    }

    // Reference: the GG24 graph, solved elsewhere.

    fn columns<const N: usize>(text: &str, columns: &[Column; N]) -> Vec<[String; N]> {
        let table = Table::read(&SourceFile::new("reference.csv", text), columns).unwrap();
        let row = |row: allonet_core::table::Row<'_>| {
            std::array::from_fn(|column| row.cell(column).to_owned())
        };
        table.rows().map(row).collect()
    }

    const PAYOUTS: [Column; 4] = [
        Column::required(&["node"]),
        Column::required(&["payout_cents"]),
        Column::required(&["inflow"]),
        Column::required(&["originality"]),
    ];
    const KEPT: [Column; 2] = [Column::required(&["node"]), Column::required(&["kept"])];

    #[test]
    fn the_gg24_graph_agrees_to_the_cent() {
        let read = |name: &str| text(&format!("deep-funding/scoring/flow_gg24{name}.csv"));
        let (Some(expected), Some(sources), Some(edges)) =
            (read(""), read("_sources"), read("_edges"))
        else {
            return;
        };
        let trial = trial_of("dependency")
            .file("edges", &edges)
            .file("sources", &sources)
            .file("originality", &expected)
            .text("rounding", "cumulative");
        let result = trial.run(35_000_000).unwrap();
        let rows = columns(&expected, &PAYOUTS);
        assert_eq!(rows.len(), 1_936);
        assert_eq!(result.payees.len(), rows.len());
        for [node, cents, ..] in &rows {
            assert_eq!(result.paid(node).to_string(), *cents, "{node}");
        }
        let SignalData::Scores(shares) = &result.outcome.signals[0].1 else { panic!() };
        for [node, _, inflow, originality] in &rows {
            let number = |text: &String| text.parse::<f64>().unwrap();
            let (found, expected) = (shares[node] / number(originality), number(inflow));
            assert!((found - expected).abs() <= 1e-12 * expected, "{node}: {found} {expected}");
        }
    }

    #[test]
    fn the_pruned_gg24_graph_agrees() {
        let read = |name: &str| text(&format!("mechanisms/network_gg24/N1_{name}.csv"));
        let (Some(edges), Some(inject), Some(expected)) =
            (read("edges"), read("inject"), read("expected"))
        else {
            return;
        };
        let trial = trial_of("dependency")
            .file("edges", &edges)
            .file("sources", &inject.replace("inject_usd", "amount"));
        // 350,000 USD in units of 10⁻¹² USD.
        let result = trial.run(350_000 * 10_u128.pow(12)).unwrap();
        let rows = columns(&expected, &KEPT);
        assert_eq!(result.payees.len(), rows.len());
        for [node, kept] in rows {
            let paid = result.paid(&node).to_f64() / 1e12;
            assert!((paid - kept.parse::<f64>().unwrap()).abs() < 2e-9, "{node}: {paid} {kept}");
        }
    }
}
