//! Published graphs, where the data is at hand.

use allonet_weights::graph::DependencyGraph;
use allonet_weights::import::{Format, ReadOptions, detect, read};
use allonet_weights::overrides::{
    originality_rows, override_originality, override_sources, source_rows,
};
use allonet_weights::structural::{GivenWeights, Settings, StructuralRule, weigh};
use allonet_weights::weighted::WHOLE;

fn data(path: &str) -> Option<String> {
    allonet_testdata::text(&format!("deep-funding/{path}"))
}

fn graph(path: &str, format: Format) -> Option<DependencyGraph> {
    let text = data(path)?;
    assert_eq!(detect(path, &text), Some(format));
    Some(read(format, &text, &ReadOptions::default()).expect("published files are valid"))
}

#[test]
fn the_pilot_graph_has_the_published_counts() {
    let Some(graph) = graph("graphs/unweighted_graph.json", Format::NodeLink) else { return };
    assert_eq!((graph.node_count(), graph.edge_count()), (5_024, 14_927));
    assert_eq!((graph.self_loops().len(), graph.two_cycles().len()), (7, 1));
    assert_eq!(graph.roots().len(), 34);
    let (left, right) = graph.two_cycles()[0];
    assert_eq!(graph.nodes()[left as usize].id, "nomicfoundation/hardhat");
    assert_eq!(graph.nodes()[right as usize].id, "openzeppelin/openzeppelin-contracts");

    let network = weigh(&graph, &Settings::default()).expect("it has roots");
    assert!(network.trapped().is_empty());
    for node in (0_u32..).take(graph.node_count()) {
        let sum: u64 = network.dependencies(node).map(|(_, weight)| weight).sum();
        assert!(sum == WHOLE || graph.dependencies(node).is_empty());
    }
}

#[test]
fn the_uniform_rule_is_the_published_baseline() {
    let Some(given) = graph("graphs/repo_parent_weight_graph.csv", Format::WeightCsv) else {
        return;
    };
    assert_eq!(given.edge_count(), 14_961);
    let ethereum = given.index("ethereum").expect("the source of all weights");
    assert_eq!(given.dependencies(ethereum).len(), 34);
    let settings = |given| Settings { rule: StructuralRule::Uniform, given, ..Settings::default() };
    let ours = weigh(&given, &settings(GivenWeights::Ignore)).expect("it has a root");
    for (edge, &weight) in given.edges().iter().zip(ours.weights()) {
        let published = edge.weight.expect("every row has a weight");
        assert!((published - weight as f64 / WHOLE as f64).abs() < 1e-15);
    }
}

#[test]
fn the_gg24_seeds_are_all_there() {
    let path = "graphs/gg24_seed_repos_with_dependencies_pruned.json";
    let Some(graph) = graph(path, Format::SeedMap) else { return };
    assert_eq!((graph.roots().len(), graph.edge_count()), (98, 5_314));
    assert_eq!(graph.self_loops().len(), 3);
    let alone = graph.roots().into_iter().filter(|&root| graph.dependencies(root).is_empty());
    assert_eq!(alone.count(), 15);
}

#[test]
fn the_second_graph_keeps_every_row_as_evidence() {
    let path = "graphs/dependency-graph-v2.csv";
    let Some(graph) = graph(path, Format::EdgesCsv) else { return };
    let rows = data(path).expect("it was read before").lines().count() - 1;
    let packages: usize = graph.nodes().iter().map(|node| node.packages.len()).sum();
    assert_eq!(packages, rows);
    assert!(graph.edge_count() <= rows);
    assert!(graph.depths().iter().all(Option::is_some));
}

#[test]
fn the_flow_vector_survives_in_whole_numbers() {
    let (Some(edges), Some(flow), Some(sources)) = (
        data("scoring/flow_gg24_edges.csv"),
        data("scoring/flow_gg24.csv"),
        data("scoring/flow_gg24_sources.csv"),
    ) else {
        return;
    };
    let options = ReadOptions::default();
    let originality = originality_rows(&flow, &options).expect("valid");
    let shares = source_rows(&sources, &options).expect("valid");
    // Some seeds depend on nothing, so the edge table does not name them.
    let ids: Vec<&str> = originality.iter().map(|row| row.id.as_str()).collect();
    let graph = read(Format::WeightCsv, &edges, &options).expect("valid").with_nodes(&ids);
    assert_eq!((graph.node_count(), graph.edge_count()), (1_936, 3_517));
    let mut network = weigh(&graph, &Settings::default()).expect("it has roots");
    override_originality(&mut network, &originality).expect("every node is known");
    override_sources(&mut network, &shares).expect("every source is known");
    assert_eq!(network.sources().len(), 98);
    for (edge, &weight) in graph.edges().iter().zip(network.weights()) {
        let given = edge.weight.expect("every row has a weight");
        assert!((given - weight as f64 / WHOLE as f64).abs() < 1e-12);
    }
    for row in originality {
        let node = network.index(&row.id).expect("it is known") as usize;
        assert!((row.share - network.own_shares()[node] as f64 / WHOLE as f64).abs() < 1e-15);
    }
}

#[test]
fn this_repository_reads_its_own_lock() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../Cargo.lock");
    let Ok(text) = std::fs::read_to_string(path) else { return };
    let graph = read(Format::CargoLock, &text, &ReadOptions::default()).expect("cargo wrote it");
    assert!(
        graph.roots().iter().any(|&root| { graph.nodes()[root as usize].id == "allonet-weights" })
    );
    assert!(graph.index("serde").is_some());
    let merged: usize = graph.nodes().iter().map(|node| node.packages.len()).sum();
    assert_eq!(merged, text.matches("[[package]]").count());
}
