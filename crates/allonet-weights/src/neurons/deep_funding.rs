//! Deep Funding: a dependency graph from a lock file, weighed by a jury, pays
//! those it stands on.
//!
//! Use it where a project's money should reach what the project is built on: the
//! graph comes from a file that exists anyway, structure weighs every edge, and
//! jurors correct it by comparing dependencies two by two.
//!
//! # Formula
//!
//! ```text
//! w(p, c)   structural weight, or where jurors compared: mass of the island · v_c / Σ v
//! x = s + Wᵀ diag(1 − o) x            what arrives at each node
//! payout_i = money · o_i x_i
//! ```
//!
//! `v` are the weights that a rule of [`crate::rules`] fits to the comparisons
//! of one parent; an island is a set of dependencies that comparisons join (see
//! [`crate::judged`]). `s` says where the money enters, `o` what each node keeps
//! (its originality), from the file or, above it, a signal `originality`. Loops
//! are solved, not cut.
//!
//! With `replicates`, jurors are drawn with replacement so many times and the
//! payouts computed each time: the report shows the interval of each share, and
//! what the comparisons do not support.
//!
//! # Units and rounding
//!
//! | quantity           | unit                    | rounding                              |
//! |--------------------|-------------------------|---------------------------------------|
//! | weights, `o`       | 10⁻¹⁸ of a whole        | largest remainder, earliest id first  |
//! | `x`, shares        | `f64`, part of all money | nearest                              |
//! | payouts, each asset | base units             | largest remainder, earliest id first  |
//!
//! # Limits
//!
//! * Comparisons name dependencies of their parent as the graph does.
//! * Multipliers up to 1,000.
//! * At most 10,000 replicates.
//!
//! # Known weaknesses
//!
//! * Whoever sets its own dependencies decides who is compared.
//! * An interval tells how much hangs on which jurors were asked, not whether
//!   jurors see what matters.
//! * Two dependencies of different islands are related by structure alone.
//!
//! # Sources
//!
//! * Deep Funding: a graph, weights by jurors who compare, money along it,
//!   `deepfunding/dependency-graph` and `deepfunding/scoring`.
//! * B. Efron, R. Tibshirani (1993), *An Introduction to the Bootstrap*, ch. 13
//!   (percentile intervals).
//!
//! # Example
//!
//! ```
//! use allonet_core::money::Amount;
//! use allonet_weights::trial_of;
//!
//! // The parser is worth three times the logger.
//! let result = trial_of("deep-funding")
//!     .file("graph", "repo,parent,weight\nparser,app,1\nlogger,app,1\n")
//!     .list("roots", &["app"])
//!     .file("comparisons", "parent,item_a,item_b,winner,multiplier\napp,parser,logger,1,3\n")
//!     .run(800)?;
//! assert_eq!(result.paid("parser"), Amount::from_base(600));
//! assert_eq!(result.paid("logger"), Amount::from_base(200));
//! # Ok::<(), allonet_core::trial::NoTrial>(())
//! ```

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

use allonet_core::absorbing::AbsorbingError;
use allonet_core::card::{Absent, Card, Family, Kind, Setting, Source, Status};
use allonet_core::exhibit::Exhibit;
use allonet_core::fault::Fault;
use allonet_core::mechanism::{Allocation, Blueprint, Mechanism, Outcome, Refusal, Turn};
use allonet_core::paying::{Terms, shares};
use rayon::prelude::*;

use super::evidence;
use super::graph_reading::{aliases, graph, judge_fault, judgements, structure};
use super::hearing::heard;
use super::reading::Jury;
use crate::evaluate::baselines::equal;
use crate::evaluate::trial::{Method, Source as MethodSource};
use crate::judged::{Judgements, Replicate, pooled_name};
use crate::overrides::{ShareRow, override_originality};
use crate::random::Random;
use crate::rules::{self, Parameters};
use crate::statistics::quantile;
use crate::weighted::{Flow, WHOLE, WeightedGraph};

// --- Card -------------------------------------------------------------------

/// What the rule says of itself.
pub static CARD: Card = Card {
    id: "deep-funding",
    title: "Deep Funding",
    family: Family::Weights,
    formula: "payout = money · o·x, x = s + Wᵀ diag(1 − o) x, W by structure and jury",
    status: Status::Preview { since: "0.1.0" },
    sources: &[
        Source {
            cite: "Deep Funding: dependency graph, jury comparisons, money along the graph",
            url: "https://deepfunding.org/",
        },
        Source {
            cite: "Efron, Tibshirani (1993), An Introduction to the Bootstrap, chapter 13",
            url: "https://doi.org/10.1201/9780429246593",
        },
    ],
    settings: &[
        Setting {
            name: "graph",
            kind: Kind::File,
            default: Absent::Required,
            doc: "Lock file, bill of materials, or table of who builds on whom; its format is \
                  told by its name and content.",
        },
        Setting {
            name: "roots",
            kind: Kind::List,
            default: Absent::None("the projects that the file is about"),
            doc: "Nodes where the money enters, in equal parts.",
        },
        Setting {
            name: "aliases",
            kind: Kind::File,
            default: Absent::None("names are current"),
            doc: "Table of old names of repositories, columns `alias` and `repo`.",
        },
        Setting {
            name: "drop",
            kind: Kind::List,
            default: Absent::None("all kinds are paid"),
            doc: "Kinds of dependencies that are not paid, such as `dev` and `build`.",
        },
        Setting {
            name: "max_dependencies",
            kind: Kind::Integer { min: 1, max: 1_000_000 },
            default: Absent::None("all"),
            doc: "Most dependencies of one project that are paid; the largest, most needed stay.",
        },
        Setting {
            name: "max_depth",
            kind: Kind::Integer { min: 1, max: 1_000 },
            default: Absent::None("any distance"),
            doc: "Most steps from a root to whoever is paid.",
        },
        Setting {
            name: "structure",
            kind: Kind::Choice(&["need", "uniform"]),
            default: Absent::Default("need"),
            doc: "How edges are weighed that nobody compared.",
        },
        Setting {
            name: "comparisons",
            kind: Kind::File,
            default: Absent::None("structure alone decides"),
            doc: "Table of comparisons, columns `parent`, `item_a`, `item_b`, `winner`, and best \
                  also `multiplier` and `juror`.",
        },
        super::reading::RULE,
        super::reading::PARAMETERS,
        Setting {
            name: "originality",
            kind: Kind::File,
            default: Absent::None("all have `default_originality`"),
            doc: "Table of what part each node keeps, columns `repo` and `originality`.",
        },
        Setting {
            name: "default_originality",
            kind: Kind::Number { min: 0.0, max: 1.0 },
            default: Absent::Default("0.5"),
            doc: "Part that a node with dependencies keeps; roots keep nothing unless \
                  `originality` says so.",
        },
        super::reading::REPLICATES,
        super::reading::LEVEL,
        super::reading::SEED,
    ],
    actions: &[],
    reads: &["originality", "weights"],
    emits: &["weights"],
};

// --- Settings ---------------------------------------------------------------

/// The graph, weighed, and how sure the jury is.
#[derive(Debug)]
pub struct DeepFunding {
    payees: Vec<Arc<str>>,
    network: WeightedGraph,
    judgements: Option<Judgements>,
    /// How the jurors answered, and how well weights foresee them.
    evidence: Vec<Exhibit>,
    /// Networks as drawn juries weigh them.
    replicates: Vec<WeightedGraph>,
    level: f64,
    remarks: Vec<String>,
}

/// Reads the graph and the comparisons, weighs.
pub fn build(blueprint: &Blueprint<'_>) -> Result<Box<dyn Mechanism>, Vec<Fault>> {
    let settings = blueprint.settings;
    let aliases = aliases(settings)?;
    let mut remarks = Vec::new();
    let graph = graph(settings, &aliases, &mut remarks)?;
    let structural = structure(settings, &graph, &aliases)?;
    let judgements = judgements(settings, &aliases)?;
    let jury = Jury::read(settings);
    let mut network = structural.clone();
    let (mut replicates, mut shown) = (Vec::new(), Vec::new());
    if let Some((judged, file)) = &judgements {
        let refused = |error: &crate::judged::JudgeError| vec![judge_fault(error, settings, file)];
        let count = judged.apply(&mut network, &Replicate::all()).map_err(|e| refused(&e))?;
        remarks.push(format!(
            "the jury weighs {count} of {} dependencies; the others keep their structural weight",
            network.targets().len()
        ));
        replicates = drawn(judged, &structural, &jury);
        if jury.replicates > 0 {
            shown = evidence_of(judged, &structural, &jury);
        }
        if replicates.len() < jury.replicates {
            let lost = jury.replicates - replicates.len();
            remarks.push(format!("{lost} drawn juries gave no weights and are left out"));
        }
    }
    Ok(Box::new(DeepFunding {
        payees: network.nodes().iter().map(|id| id.as_str().into()).collect(),
        network,
        judgements: judgements.map(|(judged, _)| judged),
        evidence: shown,
        replicates,
        level: jury.level,
        remarks,
    }))
}

/// How the jurors answered, and whether a jury's weights foresee jurors who
/// were kept back better than structure does, or than treating all alike.
fn evidence_of(judged: &Judgements, structural: &WeightedGraph, jury: &Jury) -> Vec<Exhibit> {
    let pooled = judged.pooled();
    let mut weights = BTreeMap::new();
    for (parent, comparisons) in &judged.by_parent {
        for item in comparisons.items() {
            let place = structural
                .index(parent)
                .zip(structural.index(item))
                .and_then(|(parent, item)| structural.position(parent, item));
            let weight = place.map_or(0.0, |place| structural.weights()[place] as f64);
            weights.insert(pooled_name(parent, item), weight);
        }
    }
    let given = |name: &str, weights: Vec<f64>| Method {
        name: name.to_owned(),
        source: MethodSource::Given(weights),
    };
    let structure = pooled.items().iter().map(|item| weights[item]).collect();
    let mut methods =
        vec![given("equal", equal(pooled.items().len())), given("structure", structure)];
    // Nothing joins the parents: the rule itself may refuse all of them together.
    let (id, parameters) = match rules::fit(&judged.rule, &pooled, &judged.parameters) {
        Ok(_) => (judged.rule.clone(), judged.parameters.clone()),
        Err(_) if pooled.all_have_intensity() => {
            ("least-squares".to_owned(), Parameters::default().with("ridge", 1e-6))
        }
        Err(_) => ("bradley-terry-ridge".to_owned(), Parameters::default()),
    };
    let name = format!("jury, by {id}");
    methods.push(Method { name, source: MethodSource::Rule { id, parameters } });
    evidence::jurors(&pooled)
        .into_iter()
        .chain(evidence::foreseen(&pooled, &methods, jury))
        .collect()
}

/// The network as juries drawn with replacement weigh it.
fn drawn(judged: &Judgements, structural: &WeightedGraph, jury: &Jury) -> Vec<WeightedGraph> {
    let draw = |number: usize| {
        let replicate = judged.draw(&mut Random::part(jury.seed, number as u64));
        let mut network = structural.clone();
        judged.apply(&mut network, &replicate).ok().map(|_| network)
    };
    (0..jury.replicates).into_par_iter().filter_map(draw).collect()
}

// --- Signals ----------------------------------------------------------------

impl DeepFunding {
    /// Where the money enters: at the nodes that a signal names, or the roots.
    fn entries(&self, turn: &Turn<'_>, remarks: &mut Vec<String>) -> Result<Vec<f64>, Refusal> {
        let Some(signal) = turn.signal("weights") else { return Ok(self.network.entries()) };
        let scores = heard(signal, f64::MAX)?;
        let mut entries = vec![0.0; self.payees.len()];
        let mut unknown = Vec::new();
        for (id, score) in scores {
            match self.network.index(id) {
                Some(node) => entries[node as usize] = *score,
                None if *score > 0.0 => unknown.push(id.as_str()),
                None => {}
            }
        }
        if let Some(first) = unknown.first() {
            let count = unknown.len();
            remarks.push(format!(
                "{count} of those that `{}` weighs are not in the graph, such as `{first}`",
                signal.from
            ));
        }
        let sum: f64 = entries.iter().sum();
        if !(sum > 0.0 && sum.is_finite()) {
            return Err(nobody(&signal.from));
        }
        for entry in &mut entries {
            *entry /= sum;
        }
        Ok(entries)
    }
}

impl DeepFunding {
    /// What each node keeps where a signal says so.
    fn own(&self, turn: &Turn<'_>, remarks: &mut Vec<String>) -> Result<Vec<ShareRow>, Refusal> {
        let Some(signal) = turn.signal("originality") else { return Ok(Vec::new()) };
        let scores = heard(signal, 1.0)?;
        let (mut rows, mut unknown) = (Vec::new(), Vec::new());
        for (id, share) in scores {
            match self.network.index(id) {
                Some(_) => rows.push(ShareRow { id: id.clone(), share: *share, line: 0 }),
                None => unknown.push(id.as_str()),
            }
        }
        if let Some(first) = unknown.first() {
            remarks.push(format!(
                "{} that `{}` gives an originality are not in the graph, such as `{first}`",
                unknown.len(),
                signal.from
            ));
        }
        Ok(rows)
    }
}

/// A network in which nodes keep what these rows say.
fn keeping<'n>(
    network: &'n WeightedGraph,
    own: &[ShareRow],
) -> Result<Cow<'n, WeightedGraph>, Refusal> {
    if own.is_empty() {
        return Ok(Cow::Borrowed(network));
    }
    let mut changed = network.clone();
    override_originality(&mut changed, own).map_err(|error| {
        Refusal::new("originality", format!("the signal `originality`: {error}"))
            .help("give a node of the loop an originality above zero")
    })?;
    Ok(Cow::Owned(changed))
}

// --- Refusals ---------------------------------------------------------------

fn nobody(from: &str) -> Refusal {
    let message = format!("nobody that `{from}` gives a weight is in the graph");
    Refusal::new("no-source", message).help("name projects as the graph does, or give aliases")
}

fn no_flow(error: &AbsorbingError) -> Refusal {
    Refusal::new("unsettled-flow", error.to_string()).help("give a node of the loop an originality")
}

// --- Rule -------------------------------------------------------------------

impl Mechanism for DeepFunding {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn payees(&self) -> &[Arc<str>] {
        &self.payees
    }

    fn step(&self, turn: &Turn<'_>, allocation: &mut Allocation<'_>) -> Result<Outcome, Refusal> {
        // The graph never changes: said once, not in every epoch.
        let mut remarks = if turn.epoch == 0 { self.remarks.clone() } else { Vec::new() };
        let entries = self.entries(turn, &mut remarks)?;
        let own = self.own(turn, &mut remarks)?;
        let network = keeping(&self.network, &own)?;
        let flow = network.flow(&entries).map_err(|error| no_flow(&error))?;
        let origins = self.origins(&flow);
        let why = |at: usize| note(&flow, at, &origins[at]);
        remarks.extend(Terms::default().pay(turn, allocation, &flow.kept, why)?);
        Ok(Outcome {
            signals: vec![("weights", shares(&self.payees, &flow.kept))],
            exhibits: self.exhibits(&flow, &entries, &own),
            remarks,
            ..Outcome::default()
        })
    }
}

impl DeepFunding {
    /// What reaches each node from whom, most first.
    fn origins(&self, flow: &Flow) -> Vec<Vec<(f64, &str)>> {
        let mut origins = vec![Vec::new(); self.payees.len()];
        for (parent, name) in self.payees.iter().enumerate() {
            let passed = flow.inflow[parent] - flow.kept[parent];
            let node = u32::try_from(parent).expect("a node");
            for (to, weight) in self.network.dependencies(node) {
                let part = passed * (weight as f64 / WHOLE as f64);
                origins[to as usize].push((part, &**name));
            }
        }
        for parts in &mut origins {
            parts.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
        }
        origins
    }

    /// Shares with their intervals, and what the comparisons do not support.
    fn exhibits(&self, flow: &Flow, entries: &[f64], own: &[ShareRow]) -> Vec<Exhibit> {
        let Some(judgements) = self.judgements.as_ref().filter(|_| !self.replicates.is_empty())
        else {
            return Vec::new();
        };
        let drawn: Vec<Vec<f64>> = self
            .replicates
            .par_iter()
            .filter_map(|network| Some(keeping(network, own).ok()?.flow(entries).ok()?.kept))
            .collect();
        let about = format!(
            "Part of all money, and where it lies for {:.0} of 100 juries drawn from the {} who \
             answered. Structure is taken as it is: an interval of no width was judged by nobody.",
            self.level * 100.0,
            judgements.jurors().len()
        );
        let mut table = Exhibit::new("Payouts", about, &["project", "share", "low", "high"]);
        let mut order: Vec<usize> =
            (0..self.payees.len()).filter(|at| flow.kept[*at] > 0.0).collect();
        order.sort_by(|a, b| flow.kept[*b].total_cmp(&flow.kept[*a]).then(a.cmp(b)));
        let bounds: BTreeMap<usize, (f64, f64)> = order
            .iter()
            .map(|at| (*at, interval(drawn.iter().map(|kept| kept[*at]).collect(), self.level)))
            .collect();
        for at in &order {
            let (low, high) = bounds[at];
            let name = self.payees[*at].to_string();
            table.push([name.into(), flow.kept[*at].into(), low.into(), high.into()]);
        }
        let own = [table, self.unsupported(&order, &drawn)];
        own.into_iter().chain(self.evidence.iter().cloned()).collect()
    }

    /// Neighbours in the ranking whose order drawn juries often turn round.
    fn unsupported(&self, order: &[usize], drawn: &[Vec<f64>]) -> Exhibit {
        let about = "Neighbours in the ranking that drawn juries put the other way round more \
                     often than the level allows: do not argue from which of the two is paid more.";
        let mut table = Exhibit::new(
            "Not supported by the comparisons",
            about,
            &["paid more", "paid less", "probability"],
        );
        for pair in order.windows(2) {
            let held = |kept: &Vec<f64>| match kept[pair[0]].total_cmp(&kept[pair[1]]) {
                Ordering::Greater => 1.0,
                Ordering::Equal => 0.5,
                Ordering::Less => 0.0,
            };
            let varies =
                |at: usize| drawn.iter().any(|kept| kept[at].total_cmp(&drawn[0][at]).is_ne());
            let share = drawn.iter().map(held).sum::<f64>() / drawn.len() as f64;
            if share < self.level && (varies(pair[0]) || varies(pair[1])) {
                let names = pair.iter().map(|at| self.payees[*at].to_string().into());
                table.push(names.chain([share.into()]));
            }
        }
        table
    }
}

/// The interval that holds the middle part `level` of the values.
fn interval(mut values: Vec<f64>, level: f64) -> (f64, f64) {
    values.sort_unstable_by(f64::total_cmp);
    let tail = (1.0 - level) / 2.0;
    (quantile(&values, tail), quantile(&values, 1.0 - tail))
}

/// What a node keeps, of what, and from whom most of it comes.
fn note(flow: &Flow, at: usize, origins: &[(f64, &str)]) -> String {
    let inflow = flow.inflow[at];
    let named: Vec<String> = origins
        .iter()
        .take(3)
        .filter(|(part, _)| *part > 0.0)
        .map(|(part, name)| format!("{:.1}% from {name}", part / inflow * 100.0))
        .collect();
    let from = if named.is_empty() { "all from outside".to_owned() } else { named.join(", ") };
    let kept = flow.kept[at] / inflow * 100.0;
    format!("keeps {kept:.2}% of an inflow of {:.4}%: {from}", inflow * 100.0)
}

// --- Tests ------------------------------------------------------------------

#[cfg(test)]
mod tests {
    use allonet_core::trial::Trial;
    use proptest::prelude::*;

    use crate::trial_of;

    const GRAPH: &str = "repo,parent,weight\nparser,app,1\nlogger,app,1\nutf8,parser,1\n";

    fn trial(comparisons: &str) -> Trial {
        let table = format!("parent,juror,item_a,item_b,winner,multiplier\n{comparisons}");
        let trial = trial_of("deep-funding").file("graph", GRAPH).list("roots", &["app"]);
        if comparisons.is_empty() { trial } else { trial.file("comparisons", &table) }
    }

    fn paid(trial: &Trial, money: u128) -> Vec<u128> {
        let result = trial.run(money).unwrap();
        let amount = |name: &&str| result.paid(name).to_u128().unwrap();
        ["parser", "logger", "utf8"].iter().map(amount).collect()
    }

    fn refused(trial: &Trial) -> String {
        trial.run(100).unwrap_err().to_string()
    }

    // Worked examples.

    #[test]
    fn the_parser_keeps_half_of_three_quarters() {
        // Of 800, the jury gives the parser 600 and the logger 200; the parser
        // keeps 300 and passes 300 to utf8.
        assert_eq!(paid(&trial("app,ann,parser,logger,1,3\n"), 800), [300, 200, 300]);
        // The file's own weights are equal.
        assert_eq!(paid(&trial(""), 800), [200, 400, 200]);
    }

    #[test]
    fn money_enters_where_a_signal_says() {
        let sent = trial("").scores("weights", &[("parser", 3.0), ("logger", 1.0)]);
        assert_eq!(paid(&sent, 800), [300, 200, 300]);
    }

    #[test]
    fn originality_is_what_a_project_keeps() {
        let original = trial("").file("originality", "repo,originality\nparser,0.75\n");
        assert_eq!(paid(&original, 800), [300, 400, 100]);
    }

    #[test]
    fn a_signal_says_what_a_project_keeps() {
        let filed = trial("").file("originality", "repo,originality\nparser,0.75\n");
        let sent = filed.scores("originality", &[("parser", 0.25), ("elsewhere", 0.5)]);
        assert_eq!(paid(&sent, 800), [100, 400, 300]);
        let remarks = sent.run(800).unwrap().outcome.remarks;
        assert!(remarks.iter().any(|r| r.contains("such as `elsewhere`")), "{remarks:?}");
        // Drawn juries too, so that a share lies within its interval.
        let judged =
            trial("app,ann,parser,logger,1,3\n").scores("originality", &[("parser", 0.25)]);
        let tables = judged.run(800).unwrap().outcome.exhibits;
        let row = tables[0].rows.iter().find(|row| row[0] == "parser".into()).unwrap();
        assert!(row[1] == row[2] && row[1] == row[3], "{row:?}");
        let above = trial("").scores("originality", &[("parser", 1.5)]);
        assert!(refused(&above).contains("gives `parser` 1.5"));
        assert!(refused(&trial("").scores("originality", &[("parser", f64::NAN)])).contains("NaN"));
    }

    #[test]
    fn what_two_jurors_leave_open_is_shown() {
        let split = "app,ann,parser,logger,1,3\napp,bob,parser,logger,2,2\n";
        let result = trial(split).run(800).unwrap();
        let tables = result.outcome.exhibits;
        assert_eq!(tables[0].title, "Payouts");
        assert!(!tables[1].rows.is_empty(), "{tables:?}");
        let agreed = "app,ann,parser,logger,1,3\napp,bob,parser,logger,1,3\n";
        let tables = trial(agreed).run(800).unwrap().outcome.exhibits;
        assert!(tables[1].rows.is_empty(), "{tables:?}");
    }

    // Refusals.

    #[test]
    fn what_does_not_fit_the_graph_is_named() {
        let told = refused(&trial("app,ann,parser,loger,1,3\n"));
        assert!(told.starts_with("comparisons.csv:2:1: line 2: `loger` is not in"), "{told}");
        let told = refused(&trial("parser,ann,utf8,logger,1,3\n"));
        assert!(told.contains("`logger` is no dependency of `parser`"), "{told}");
        let told = refused(&trial("").list("drop", &["devel"]));
        assert!(told.contains("`devel` is no kind of dependency"), "{told}");
        let told = refused(&trial("").list("roots", &["ap"]));
        assert!(told.contains("root `ap` is not in graph.csv"), "{told}");
        let told = refused(&trial("").file("graph", "a poem\n"));
        assert!(told.contains("cannot tell what kind of file"), "{told}");
    }

    #[test]
    fn a_signal_that_weighs_nobody_is_refused() {
        assert!(refused(&trial("").scores("weights", &[("zoe", 1.0)])).contains("nobody that"));
        let told = refused(&trial("").scores("weights", &[("app", f64::NAN)]));
        assert!(told.contains("gives `app` NaN"), "{told}");
    }

    // Laws.

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn all_money_is_paid_and_sides_do_not_matter(
            money in 0_u128..1_000_000_000,
            answers in prop::collection::vec((any::<bool>(), 1_u32..50, 0_u8..3), 1..8),
        ) {
            let rows = |turned: bool| -> String {
                let row = |(first, times, juror): &(bool, u32, u8)| {
                    let (a, b) = if turned { ("logger", "parser") } else { ("parser", "logger") };
                    let winner = if *first { "parser" } else { "logger" };
                    format!("app,j{juror},{a},{b},{winner},{times}\n")
                };
                answers.iter().map(row).collect()
            };
            let straight = paid(&trial(&rows(false)), money);
            prop_assert_eq!(straight.iter().sum::<u128>(), money);
            prop_assert_eq!(straight, paid(&trial(&rows(true)), money));
        }
    }

    // Reference: money carried hop by hop until nothing moves.

    #[test]
    fn the_flow_equals_carrying_money_hop_by_hop() {
        let graph = "repo,parent,weight\na,app,3\nb,app,1\nb,a,2\nc,a,1\na,b,1\nc,b,4\nc,c,1\n";
        let trial = trial_of("deep-funding").file("graph", graph).list("roots", &["app"]);
        let result = trial.run(1_000_000_000).unwrap();
        let edges: [(usize, usize, f64); 6] = [
            (0, 1, 0.75),
            (0, 2, 0.25),
            (1, 2, 2.0 / 3.0),
            (1, 3, 1.0 / 3.0),
            (2, 1, 0.2),
            (2, 3, 0.8),
        ];
        let own = [0.0, 0.5, 0.5, 1.0];
        let mut moving = [1.0, 0.0, 0.0, 0.0];
        let mut kept = [0.0; 4];
        for _ in 0..200 {
            let mut next = [0.0; 4];
            for at in 0..4 {
                kept[at] += own[at] * moving[at];
            }
            for (from, to, weight) in edges {
                next[to] += moving[from] * (1.0 - own[from]) * weight;
            }
            moving = next;
        }
        for (at, name) in ["app", "a", "b", "c"].into_iter().enumerate() {
            let paid = result.paid(name).to_u128().unwrap() as f64;
            assert!((paid - kept[at] * 1e9).abs() < 2.0, "{name}: {paid} {kept:?}");
        }
    }
}
