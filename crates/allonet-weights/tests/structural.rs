//! Structural weights on graphs a person can follow with a pencil, their laws,
//! and judged weights on top.

use std::collections::BTreeSet;

use allonet_weights::graph::{DependencyGraph, EdgeKind, GraphBuilder};
use allonet_weights::import::{ReadOptions, weight_csv};
use allonet_weights::overrides::{
    OverrideError, ShareRow, originality_rows, override_originality, override_sources,
    override_weights, source_rows,
};
use allonet_weights::structural::{
    GivenWeights, NeedParameters, OwnShares, Settings, StructuralRule, WeightError, weigh,
};
use allonet_weights::weighted::{WHOLE, WeightedGraph};
use proptest::prelude::*;

const PERCENT: u64 = WHOLE / 100;

fn graph(edges: &[(&str, &[&str])], roots: &[&str]) -> DependencyGraph {
    let mut builder = GraphBuilder::default();
    for (dependent, dependencies) in edges {
        let from = builder.list(dependent);
        for dependency in *dependencies {
            let to = builder.list(dependency);
            builder.edge(from, to, EdgeKind::Normal, None);
        }
    }
    builder.finish().with_roots(roots).expect("the roots exist")
}

/// An application of one framework and three one-line helpers; the framework
/// brings five packages of its own and needs two of the helpers too.
fn framework_and_helpers() -> DependencyGraph {
    graph(
        &[
            ("app", &["web", "left", "pad", "trim"]),
            ("web", &["http", "json", "tls", "url", "zip", "pad", "trim"]),
        ],
        &["app"],
    )
}

fn uniform() -> Settings {
    Settings { rule: StructuralRule::Uniform, ..Settings::default() }
}

fn network(graph: &DependencyGraph, settings: &Settings) -> WeightedGraph {
    weigh(graph, settings).expect("the graph has a root")
}

/// Weights of one node's dependencies, in units of a percent, rounded down.
fn percent(network: &WeightedGraph, node: &str) -> Vec<(String, u64)> {
    let node = network.index(node).expect("the node exists");
    let named =
        |(target, weight): (u32, u64)| (network.nodes()[target as usize].clone(), weight / PERCENT);
    network.dependencies(node).map(named).collect()
}

/// What everybody keeps of one whole, by passing it along an acyclic network.
fn payout(network: &WeightedGraph, id: &str) -> f64 {
    fn walk(network: &WeightedGraph, node: u32, inflow: f64, paid: &mut [f64]) {
        let own = network.own_shares()[node as usize] as f64 / WHOLE as f64;
        paid[node as usize] += inflow * own;
        if own < 1.0 {
            for (target, weight) in network.dependencies(node) {
                let part = inflow * (1.0 - own) * weight as f64 / WHOLE as f64;
                walk(network, target, part, paid);
            }
        }
    }
    let mut paid = vec![0.0; network.nodes().len()];
    for &(source, share) in network.sources() {
        walk(network, source, share as f64 / WHOLE as f64, &mut paid);
    }
    paid[network.index(id).expect("the node exists") as usize]
}

fn pairs(expected: &[(&str, u64)]) -> Vec<(String, u64)> {
    expected.iter().map(|&(id, percent)| (id.to_owned(), percent)).collect()
}

#[test]
fn need_against_uniform_with_a_pencil() {
    let graph = framework_and_helpers();

    // Uniform: a quarter each, as if four equal things were needed.
    let plain = network(&graph, &uniform());
    let expected = pairs(&[("left", 25), ("pad", 25), ("trim", 25), ("web", 25)]);
    assert_eq!(percent(&plain, "app"), expected);

    // Need: web carries itself, half of five packages, and half of its half of
    // two more: 1 + 5/2 + 2/4 = 4, so 1 + log₂ 4 = 3 shares. left is 1 share;
    // pad and trim come through web as well, so half a share each.
    // In all 3 + 1 + 1/2 + 1/2 = 5 shares.
    let need = network(&graph, &Settings::default());
    let expected = pairs(&[("left", 20), ("pad", 10), ("trim", 10), ("web", 60)]);
    assert_eq!(percent(&need, "app"), expected);

    // What goes wrong with uniform: a one-line helper keeps 26.8 %, twice the
    // framework and fifteen times a package that does the framework's work.
    assert!(payout(&plain, "pad") > 2.1 * payout(&plain, "web"));
    assert!(payout(&plain, "pad") > 14.9 * payout(&plain, "http"));
    assert!(payout(&need, "web") > 2.0 * payout(&need, "pad"));
    assert!(payout(&need, "pad") < 3.4 * payout(&need, "http"));
}

#[test]
fn defaults_of_own_shares() {
    let need = network(&framework_and_helpers(), &Settings::default());
    let own = |id: &str| need.own_shares()[need.index(id).expect("it exists") as usize];
    assert_eq!((own("app"), own("web"), own("pad")), (0, WHOLE / 2, WHOLE));
    assert_eq!(need.sources(), [(0, WHOLE)]);
}

#[test]
fn a_self_edge_needs_nothing_and_makes_no_leaf_poor() {
    let graph = graph(&[("app", &["a", "b"]), ("a", &["a", "b"]), ("b", &["b"])], &["app"]);
    let need = network(&graph, &Settings::default());
    assert_eq!(percent(&need, "a"), pairs(&[("a", 0), ("b", 100)]));
    assert_eq!(percent(&need, "b"), pairs(&[("b", 100)]));
    assert_eq!(need.own_shares(), [WHOLE / 2, 0, WHOLE]);
}

#[test]
fn roots_in_a_closed_circle_keep_something() {
    let graph = graph(&[("a", &["b"]), ("b", &["a"])], &["a", "b"]);
    let need = network(&graph, &Settings::default());
    assert_eq!(need.own_shares(), [WHOLE / 2, WHOLE / 2]);
    let own = OwnShares { root: 0, inner: 0 };
    let refused = weigh(&graph, &Settings { own, ..Settings::default() });
    assert_eq!(refused, Err(WeightError::Trapped { node: "a".to_owned() }));
}

#[test]
fn private_packages_raise_need_at_most_by_the_stated_factor() {
    for count in [1_u32, 6, 62, 1000] {
        let mut builder = GraphBuilder::default();
        let [app, plain, padded] = ["app", "plain", "padded"].map(|id| builder.list(id));
        builder.mark_root(app);
        builder.edge(app, plain, EdgeKind::Normal, None);
        builder.edge(app, padded, EdgeKind::Normal, None);
        for number in 0..count {
            let private = builder.list(&format!("private-{number}"));
            builder.edge(padded, private, EdgeKind::Normal, None);
        }
        let need = network(&builder.finish(), &Settings::default());
        let app = need.index("app").expect("it exists");
        let weights: Vec<f64> = need.dependencies(app).map(|(_, weight)| weight as f64).collect();
        let bound = 1.0 + libm::log2(1.0 + f64::from(count) / 2.0);
        assert!((weights[0] / weights[1] - bound).abs() < 1e-9, "{count}");
    }
}

#[test]
fn given_weights_are_proportions_or_parts() {
    let text = "repo,parent,weight\na,app,0.25\nb,app,0.5\n";
    let graph = weight_csv::read(text, &ReadOptions::default()).expect("valid");
    let proportional = network(&graph, &Settings::default());
    assert_eq!(percent(&proportional, "app"), pairs(&[("a", 33), ("b", 66)]));
    assert_eq!(proportional.own_shares()[1], 0);

    let parts = Settings { given: GivenWeights::RemainderIsOwn, ..Settings::default() };
    let parts = network(&graph, &parts);
    assert_eq!(percent(&parts, "app"), pairs(&[("a", 33), ("b", 66)]));
    assert_eq!(parts.own_shares()[1], WHOLE / 4);

    let ignored = Settings { given: GivenWeights::Ignore, ..Settings::default() };
    assert_eq!(percent(&network(&graph, &ignored), "app"), pairs(&[("a", 50), ("b", 50)]));
}

#[test]
fn what_weigh_refuses() {
    let read = |text: &str| weight_csv::read(text, &ReadOptions::default()).expect("valid");
    let heavy = read("repo,parent,weight\na,app,0.75\nb,app,0.5\n");
    let parts = Settings { given: GivenWeights::RemainderIsOwn, ..Settings::default() };
    assert!(matches!(weigh(&heavy, &parts), Err(WeightError::AboveOne { sum, .. }) if sum > 1.2));
    let zero = read("repo,parent,weight\na,app,0\n");
    let refused = weigh(&zero, &Settings::default());
    assert_eq!(refused, Err(WeightError::AllZero { dependent: "app".to_owned() }));
    let rootless = graph(&[("a", &["b"])], &[]);
    assert_eq!(weigh(&rootless, &Settings::default()), Err(WeightError::NoRoots));
    let own = OwnShares { root: WHOLE + 1, inner: 0 };
    let refused = weigh(&heavy, &Settings { own, ..Settings::default() });
    assert!(matches!(refused, Err(WeightError::ShareAboveOne { .. })));
    let rule =
        StructuralRule::Need(NeedParameters { carry_ppm: 1_000_000, ..NeedParameters::default() });
    let refused = weigh(&heavy, &Settings { rule, ..Settings::default() });
    assert!(matches!(refused, Err(WeightError::Parameter { largest: 999_999, .. })));

    let mut builder = GraphBuilder::default();
    let [app, a, b] = ["app", "a", "b"].map(|id| builder.list(id));
    builder.mark_root(app);
    builder.edge(app, a, EdgeKind::Normal, Some(1.0));
    builder.edge(app, b, EdgeKind::Normal, None);
    let refused = weigh(&builder.finish(), &Settings::default()).expect_err("b has no weight");
    assert!(refused.to_string().contains("`b`"));
}

// --- Overrides --------------------------------------------------------------

fn overridden(rows: &str) -> Result<WeightedGraph, OverrideError> {
    let mut network = network(&framework_and_helpers(), &Settings::default());
    let text = format!("repo,parent,weight\n{rows}");
    let rows = weight_csv::rows(&text, &ReadOptions::default()).expect("valid");
    override_weights(&mut network, &rows).map(|()| network)
}

#[test]
fn given_rows_keep_their_value_and_the_rest_shares_the_rest() {
    // Of 60, 20, 10, 10 the first becomes 20: the others share 80 as 2 : 1 : 1.
    let network = overridden("web,app,0.2\n").expect("one row");
    let expected = pairs(&[("left", 40), ("pad", 20), ("trim", 20), ("web", 20)]);
    assert_eq!(percent(&network, "app"), expected);
    // Other parents are as before.
    assert_eq!(percent(&network, "web")[0], ("http".to_owned(), 14));
}

#[test]
fn rows_for_all_dependencies_are_proportions() {
    let rows = "web,app,0.4\nleft,app,0.2\npad,app,0.2\ntrim,app,0\n";
    let network = overridden(rows).expect("four rows");
    let expected = pairs(&[("left", 25), ("pad", 25), ("trim", 0), ("web", 50)]);
    assert_eq!(percent(&network, "app"), expected);
}

#[test]
fn faulty_rows_change_nothing_and_say_why() {
    let above = overridden("web,app,0.8\npad,app,0.3\n").expect_err("1.1");
    assert!(matches!(above, OverrideError::AboveOne { line: 3, .. }), "{above}");
    let edge = overridden("http,app,0.1\n").expect_err("app does not name http");
    assert!(matches!(edge, OverrideError::UnknownEdge { line: 2, .. }), "{edge}");
    let node = overridden("nobody,app,0.1\n").expect_err("no such node");
    assert!(matches!(node, OverrideError::UnknownNode { line: 2, .. }), "{node}");
    let zero = overridden("web,app,0\nleft,app,0\npad,app,0\ntrim,app,0\n").expect_err("all 0");
    assert!(matches!(zero, OverrideError::AllZero { .. }), "{zero}");
}

#[test]
fn originality_and_sources_come_from_tables() {
    let mut network = network(&framework_and_helpers(), &Settings::default());
    let options = ReadOptions::default();
    let rows = originality_rows("repo,originality\napp,0.25\nweb,1\nhttp,0.1\n", &options);
    override_originality(&mut network, &rows.expect("valid")).expect("all exist");
    let own = |id: &str| network.own_shares()[network.index(id).expect("it exists") as usize];
    assert_eq!((own("app"), own("web"), own("http")), (WHOLE / 4, WHOLE, WHOLE));
    let rows = source_rows("node,share\nweb,3\napp,1\n", &options).expect("valid");
    let before = network.clone();
    override_sources(&mut network, &rows).expect("both exist");
    assert_eq!(network.sources(), [(0, WHOLE / 4), (8, WHOLE / 4 * 3)]);

    let twice = [1, 2].map(|line| ShareRow { id: "app".to_owned(), share: 0.5, line });
    let refused = override_sources(&mut network, &twice);
    assert_eq!(refused, Err(OverrideError::Twice { line: 2, id: "app".to_owned() }));
    let high = [ShareRow { id: "app".to_owned(), share: 1.5, line: 2 }];
    assert!(matches!(
        override_originality(&mut network, &high),
        Err(OverrideError::Range { line: 2, .. })
    ));
    assert_eq!(network.own_shares(), before.own_shares());
}

#[test]
fn own_shares_that_trap_money_are_refused() {
    let graph = graph(&[("app", &["a"]), ("a", &["b"]), ("b", &["a"])], &["app"]);
    let mut network = network(&graph, &Settings::default());
    let zero = ["a", "b"].map(|id| ShareRow { id: id.to_owned(), share: 0.0, line: 1 });
    let refused = override_originality(&mut network, &zero);
    let trapped = WeightError::Trapped { node: "a".to_owned() };
    assert_eq!(refused, Err(OverrideError::Network(trapped)));
    assert!(override_originality(&mut network, &zero[..1]).is_ok());
}

// --- Laws -------------------------------------------------------------------

fn random_graph() -> impl Strategy<Value = DependencyGraph> {
    let kinds = [
        EdgeKind::Normal,
        EdgeKind::Unknown,
        EdgeKind::Peer,
        EdgeKind::Build,
        EdgeKind::Optional,
        EdgeKind::Dev,
        EdgeKind::Indirect,
    ];
    let edges =
        prop::collection::vec((0_u8..15, 0_u8..15, prop::sample::select(kinds.to_vec())), 0..80);
    (edges, 0_u8..15).prop_map(|(edges, root)| {
        let mut builder = GraphBuilder::default();
        let root = builder.list(&format!("n{root}"));
        builder.mark_root(root);
        for (from, to, kind) in edges {
            let (from, to) = (builder.list(&format!("n{from}")), builder.list(&format!("n{to}")));
            builder.edge(from, to, kind, None);
        }
        builder.finish()
    })
}

/// The formula of need as it is written, for one edge.
fn need_by_definition(graph: &DependencyGraph, from: u32, to: u32, hops: u32) -> f64 {
    fn carried(graph: &DependencyGraph, node: u32, hops: u32) -> f64 {
        if hops == 0 {
            return 1.0;
        }
        let below = graph.dependencies(node).iter().filter(|edge| edge.dependency != node);
        let portions = below.map(|edge| {
            let all = graph.edges().iter();
            let dependents = all
                .filter(|other| other.dependency == edge.dependency)
                .filter(|other| other.dependent != other.dependency);
            carried(graph, edge.dependency, hops - 1) / dependents.count() as f64
        });
        1.0 + 0.5 * portions.sum::<f64>()
    }
    let others = graph.dependencies(from).iter().map(|edge| edge.dependency);
    let siblings = others
        .filter(|&other| other != from && other != to && graph.edge(other, to).is_some())
        .count();
    let kind = match graph.edge(from, to).expect("the edge exists").kind {
        EdgeKind::Build | EdgeKind::Optional => 0.5,
        EdgeKind::Dev | EdgeKind::Indirect => 0.25,
        _ => 1.0,
    };
    let own = if from == to { 0.0 } else { 1.0 };
    own * kind * (1.0 + libm::log2(carried(graph, to, hops))) / (1.0 + siblings as f64)
}

proptest! {
    #[test]
    fn weights_and_sources_add_up_exactly(graph in random_graph()) {
        for settings in [Settings::default(), uniform()] {
            let network = network(&graph, &settings);
            for (node, listed) in (0_u32..).zip(graph.nodes()) {
                let sum: u64 = network.dependencies(node).map(|(_, weight)| weight).sum();
                let expected = if graph.dependencies(node).is_empty() { 0 } else { WHOLE };
                prop_assert_eq!(sum, expected, "{}", listed.id);
            }
            prop_assert_eq!(network.sources().iter().map(|&(_, share)| share).sum::<u64>(), WHOLE);
            prop_assert!(network.own_shares().iter().all(|&own| own <= WHOLE));
            prop_assert!(network.trapped().is_empty());
        }
    }

    #[test]
    fn need_is_what_its_formula_says(
        layers in prop::collection::btree_set((0_u32..9, 1_u32..9), 1..24),
    ) {
        // Edges point from smaller to larger numbers: no cycle, at most 9 hops.
        let edges: BTreeSet<_> = layers.into_iter().filter(|(from, to)| from < to).collect();
        let mut builder = GraphBuilder::default();
        let nodes: Vec<u32> = (0..9).map(|at| builder.list(&format!("n{at}"))).collect();
        builder.mark_root(nodes[0]);
        for &(from, to) in &edges {
            builder.edge(nodes[from as usize], nodes[to as usize], EdgeKind::Normal, None);
        }
        let graph = builder.finish();
        let network = network(&graph, &Settings::default());
        for node in 0..9 {
            let needs: Vec<f64> = network
                .dependencies(node)
                .map(|(target, _)| need_by_definition(&graph, node, target, 9))
                .collect();
            let sum: f64 = needs.iter().sum();
            for ((_, weight), need) in network.dependencies(node).zip(needs) {
                prop_assert!((weight as f64 / WHOLE as f64 - need / sum).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn any_admissible_rows_leave_exact_sums(
        graph in random_graph(),
        parts in prop::collection::vec(0.0_f64..0.2, 0..5),
    ) {
        let mut network = network(&graph, &Settings::default());
        let Some(first) = graph.edges().first() else { return Ok(()) };
        let name = |node: u32| graph.nodes()[node as usize].id.clone();
        let edges = graph.dependencies(first.dependent);
        let rows: Vec<weight_csv::WeightRow> = edges
            .iter()
            .zip(&parts)
            .map(|(edge, &weight)| weight_csv::WeightRow {
                repo: name(edge.dependency),
                parent: name(first.dependent),
                weight,
                line: 2,
            })
            .collect();
        if override_weights(&mut network, &rows).is_ok() {
            let sum: u64 = network.dependencies(first.dependent).map(|(_, weight)| weight).sum();
            prop_assert_eq!(sum, WHOLE);
        }
    }
}
