//! Every format against a small hand-written file, and what is wrong with files.

use allonet_weights::graph::{DependencyGraph, EdgeKind, Policy};
use allonet_weights::import::{Format, ImportError, ReadOptions, Versions, detect, read};
use allonet_weights::repository::Aliases;
use allonet_weights::structural::{Settings, weigh};
use proptest::prelude::*;

macro_rules! fixture {
    ($name:literal) => {
        include_str!(concat!("fixtures/", $name))
    };
}

fn graph(format: Format, text: &str) -> DependencyGraph {
    read(format, text, &ReadOptions::default()).expect("the fixture is valid")
}

fn refused(format: Format, text: &str) -> ImportError {
    read(format, text, &ReadOptions::default()).expect_err("the text is not valid")
}

/// Every edge as `dependent → dependency (kind)`, sorted.
fn edges(graph: &DependencyGraph) -> Vec<String> {
    let id = |node: u32| graph.nodes()[node as usize].id.as_str();
    let line = |edge: &allonet_weights::graph::Edge| {
        format!("{} → {} ({})", id(edge.dependent), id(edge.dependency), edge.kind.name())
    };
    graph.edges().iter().map(line).collect()
}

fn roots(graph: &DependencyGraph) -> Vec<&str> {
    graph.roots().iter().map(|&root| graph.nodes()[root as usize].id.as_str()).collect()
}

fn notes(graph: &DependencyGraph) -> Vec<&str> {
    graph.notes().iter().map(|note| note.text.as_str()).collect()
}

fn versions(graph: &DependencyGraph, id: &str) -> Vec<(String, u32)> {
    let node = graph.index(id).expect("the node exists");
    let packages = graph.nodes()[node as usize].packages.iter();
    packages
        .map(|found| (found.version.clone().unwrap_or_default(), found.line.unwrap_or_default()))
        .collect()
}

#[test]
fn fixtures_are_recognised_by_name_or_content() {
    for (name, text, format) in [
        ("Cargo.lock", fixture!("Cargo.lock"), Format::CargoLock),
        ("x", fixture!("Cargo.lock"), Format::CargoLock),
        ("x", fixture!("package-lock.v3.json"), Format::PackageLock),
        ("x", fixture!("go.mod"), Format::GoMod),
        ("x", fixture!("uv.lock"), Format::UvLock),
        ("x", fixture!("poetry.lock"), Format::PoetryLock),
        ("x", fixture!("bom.cdx.json"), Format::CycloneDx),
        ("x", fixture!("github.spdx.json"), Format::Spdx),
        ("x", fixture!("graph.node-link.json"), Format::NodeLink),
        ("x", fixture!("weights.csv"), Format::WeightCsv),
    ] {
        assert_eq!(detect(name, text), Some(format), "{name}");
    }
}

#[test]
fn cargo_lock_merges_versions_and_keeps_them_as_evidence() {
    let graph = graph(Format::CargoLock, fixture!("Cargo.lock"));
    let expected = [
        "kiln → kiln-core (unknown)",
        "kiln → rand (unknown)",
        "kiln → serde (unknown)",
        "kiln-core → glaze (unknown)",
        "kiln-core → rand (unknown)",
        "rand → rand_core (unknown)",
        "serde → serde_derive (unknown)",
    ];
    assert_eq!(edges(&graph), expected);
    assert_eq!(roots(&graph), ["kiln", "kiln-core"]);
    let rand = [("0.8.5".to_owned(), 28), ("0.9.0".to_owned(), 37)];
    assert_eq!(versions(&graph, "rand"), rand);
    let glaze = &graph.nodes()[graph.index("glaze").expect("it is locked") as usize];
    assert_eq!(glaze.packages[0].repository.as_deref(), Some("potters/glaze"));
    assert_eq!(glaze.packages[0].purl.as_deref(), Some("pkg:cargo/glaze@0.1.0"));
}

#[test]
fn cargo_lock_can_keep_versions_apart() {
    let options = ReadOptions { versions: Versions::Split, ..ReadOptions::default() };
    let graph = read(Format::CargoLock, fixture!("Cargo.lock"), &options).expect("valid");
    assert!(edges(&graph).contains(&"kiln → rand@0.9.0 (unknown)".to_owned()));
    assert!(edges(&graph).contains(&"rand@0.8.5 → rand_core@0.6.4 (unknown)".to_owned()));
    assert!(graph.index("serde").is_some());
    assert_eq!((graph.node_count(), graph.edge_count()), (9, 8));
}

#[test]
fn old_cargo_locks_name_sources() {
    let graph = graph(Format::CargoLock, fixture!("Cargo.v1.lock"));
    assert_eq!(edges(&graph), ["kiln → rand (unknown)"]);
    assert_eq!(versions(&graph, "rand").len(), 2);
}

#[test]
fn a_cargo_lock_that_lost_its_end_is_refused_with_the_place() {
    let text = fixture!("Cargo.lock");
    let cut = &text[..text.find("[[package]]\nname = \"serde\"").expect("it is there")];
    let error = refused(Format::CargoLock, cut);
    assert_eq!((error.line, error.column), (Some(11), Some(2)));
    assert_eq!(error.found, "`serde`, which no package of the file matches");
}

#[test]
fn npm_resolves_as_node_does() {
    let graph = graph(Format::PackageLock, fixture!("package-lock.v3.json"));
    let expected = [
        "@tea/lint → leaf (normal)",
        "@tea/lint → rules (normal)",
        "kettle → leaf (normal)",
        "kettle → vapour (normal)",
        "rules → leaf (normal)",
        "teahouse → @tea/lint (dev)",
        "teahouse → kettle (normal)",
        "teahouse → leaf (normal)",
        "tray → kettle (normal)",
        "tray → leaf (normal)",
        "vapour → leaf (normal)",
        "vapour → missing-link (normal)",
    ];
    assert_eq!(edges(&graph), expected);
    assert_eq!(roots(&graph), ["teahouse", "tray"]);
    assert_eq!(
        notes(&graph),
        [
            "optional `fsevents` of `teahouse` is not installed",
            "peer `cup` of `kettle` is not installed",
            "`missing-link` of `vapour` is not described",
        ]
    );
    let missing = graph.index("missing-link").expect("it stays as a node");
    assert!(!graph.nodes()[missing as usize].listed);
}

#[test]
fn npm_nested_versions_belong_to_their_own_dependents() {
    let options = ReadOptions { versions: Versions::Split, ..ReadOptions::default() };
    let text = fixture!("package-lock.v3.json");
    let graph = read(Format::PackageLock, text, &options).expect("valid");
    let leaf: Vec<_> = edges(&graph).into_iter().filter(|edge| edge.contains("→ leaf")).collect();
    let expected = [
        "@tea/lint → leaf@2.5.0 (normal)",
        "kettle → leaf@3.0.1 (normal)",
        "rules → leaf@1.9.0 (normal)",
        "teahouse → leaf@1.9.0 (normal)",
        "tray → leaf@4.0.0 (normal)",
        "vapour → leaf@1.9.0 (normal)",
    ];
    assert_eq!(leaf, expected);
    let git = &graph.nodes()[graph.index("leaf@1.9.0").expect("locked") as usize].packages[0];
    assert_eq!(git.repository.as_deref(), Some("tea-growers/leaf"));
}

#[test]
fn npm_packages_flagged_dev_are_those_only_dev_edges_reach() {
    let options = ReadOptions { versions: Versions::Split, ..ReadOptions::default() };
    let text = fixture!("package-lock.v3.json");
    let graph = read(Format::PackageLock, text, &options).expect("valid");
    let policy = Policy { drop_kinds: [EdgeKind::Dev].into(), ..Policy::default() };
    let kept = graph.filter(&policy).expect("it has roots");
    for id in ["@tea/lint", "leaf@2.5.0", "rules"] {
        assert!(graph.index(id).is_some() && kept.index(id).is_none(), "{id}");
    }
    assert_eq!(kept.node_count(), graph.node_count() - 3);
}

#[test]
fn npm_version_2_is_read_and_version_1_refused() {
    let graph = graph(Format::PackageLock, fixture!("package-lock.v2.json"));
    assert_eq!(edges(&graph), ["a → b (normal)", "b → a (normal)", "teaspoon → a (normal)"]);
    assert_eq!(graph.two_cycles().len(), 1);
    let error = refused(Format::PackageLock, fixture!("package-lock.v1.json"));
    assert_eq!(error.found, "lockfileVersion 1 without `packages`");
    assert!(error.hint.contains("--lockfile-version 3"));
}

#[test]
fn go_mod_alone_knows_direct_and_indirect() {
    let graph = graph(Format::GoMod, fixture!("go.mod"));
    let main = "github.com/example/ferry";
    let expected = [
        "example.com/ferry/charts (normal)",
        "github.com/example/rope (normal)",
        "github.com/harbour/sail/v2 (normal)",
        "golang.org/x/tide (indirect)",
        "gopkg.in/knots.v3 (indirect)",
    ];
    assert_eq!(edges(&graph), expected.map(|edge| format!("{main} → {edge}")));
    assert_eq!(roots(&graph), ["example.com/ferry/charts", main]);
    assert_eq!(
        graph.repositories(&Aliases::default())["github.com/harbour/sail/v2"],
        "harbour/sail"
    );
}

#[test]
fn go_mod_graph_gives_the_edges_of_selected_versions() {
    let options =
        ReadOptions { go_graph: Some(fixture!("go.mod.graph")), ..ReadOptions::default() };
    let graph = read(Format::GoMod, fixture!("go.mod"), &options).expect("valid");
    let main = "github.com/example/ferry";
    let (rope, sail) = ("github.com/example/rope", "github.com/harbour/sail/v2");
    let canvas = "github.com/harbour/canvas";
    let expected = [
        format!("{main} → example.com/ferry/charts (normal)"),
        format!("{main} → {rope} (normal)"),
        format!("{main} → {sail} (normal)"),
        format!("{main} → golang.org/x/tide (indirect)"),
        format!("{rope} → {canvas} (unknown)"),
        format!("{rope} → gopkg.in/knots.v3 (unknown)"),
        format!("{sail} → {rope} (unknown)"),
        format!("{sail} → {canvas} (unknown)"),
    ];
    assert_eq!(edges(&graph), {
        let mut sorted = expected;
        sorted.sort();
        sorted
    });
    assert_eq!(versions(&graph, canvas), [("v0.5.0".to_owned(), 0)]);
    assert!(notes(&graph).contains(&"left out 2 modules only unselected versions need"));
}

#[test]
fn go_faults_name_their_line() {
    let error = refused(Format::GoMod, "module a.b/c\n\nrequire x\n");
    assert_eq!((error.line, error.field.as_deref()), (Some(3), Some("require")));
    let error = refused(Format::GoMod, "module a.b/c\nrequire (\n x v1.0.0\n");
    assert_eq!(error.found, "a block without end");
    let options = ReadOptions { go_graph: Some("a b c\n"), ..ReadOptions::default() };
    let error = read(Format::GoMod, "module a.b/c\n", &options).expect_err("three words");
    assert_eq!((error.format, error.line), ("go mod graph", Some(1)));
}

#[test]
fn uv_reads_groups_extras_and_forked_versions() {
    let graph = graph(Format::UvLock, fixture!("uv.lock"));
    let expected = [
        "loom → indigo (optional)",
        "loom → numpy (normal)",
        "loom → pytest (dev)",
        "loom → weave-tools (normal)",
        "loom-docs → loom (normal)",
        "weave-tools → indigo (optional)",
        "weave-tools → numpy (normal)",
    ];
    assert_eq!(edges(&graph), expected);
    assert_eq!(roots(&graph), ["loom", "loom-docs"]);
    assert_eq!(versions(&graph, "numpy").len(), 2);
    assert_eq!(graph.repositories(&Aliases::default())["weave-tools"], "weavers/weave-tools");
    let cut =
        fixture!("uv.lock").replace("name = \"pytest\"\nversion", "name = \"pytest2\"\nversion");
    let error = refused(Format::UvLock, &cut);
    assert_eq!(
        (error.line, error.found.as_str()),
        (Some(26), "`pytest`, which is not one package")
    );
}

#[test]
fn poetry_gets_a_root_and_reaches_cycles() {
    let options = ReadOptions { root: Some("farm"), ..ReadOptions::default() };
    let graph = read(Format::PoetryLock, fixture!("poetry.lock"), &options).expect("valid");
    let expected = [
        "black → attrs (normal)",
        "farm → black (dev)",
        "farm → potato-graph (normal)",
        "farm → ring-a (optional)",
        "potato-graph → attrs (normal)",
        "potato-graph → salt (normal)",
        "ring-a → ring-b (normal)",
        "ring-b → ring-a (normal)",
    ];
    assert_eq!(edges(&graph), expected);
    assert_eq!(roots(&graph), ["farm"]);
    assert!(notes(&graph).contains(&"`salt` of `potato-graph` is not described"));
    assert!(notes(&graph).contains(&"conditional `tomli` of `black` is not locked"));
    assert_eq!(graph.repositories(&Aliases::default())["potato-graph"], "farm/potato-graph");
    assert!(graph.depths().iter().all(Option::is_some));
}

#[test]
fn cyclonedx_reads_nested_components_scopes_and_repositories() {
    let graph = graph(Format::CycloneDx, fixture!("bom.cdx.json"));
    let expected = [
        "pkg:cargo/arch → keystone (normal)",
        "pkg:cargo/arch → pkg:cargo/mortar (unknown)",
        "pkg:cargo/arch → pkg:npm/%40span/cable (normal)",
        "pkg:cargo/bridge → pkg:cargo/arch (normal)",
        "pkg:cargo/bridge → pkg:cargo/loadtest (dev)",
        "pkg:cargo/bridge → pkg:npm/%40span/cable (optional)",
    ];
    assert_eq!(edges(&graph), expected);
    assert_eq!(roots(&graph), ["pkg:cargo/bridge"]);
    assert_eq!(notes(&graph), ["`pkg:cargo/mortar@0.9.0` is referred to but not described"]);
    assert_eq!(graph.repositories(&Aliases::default())["pkg:cargo/arch"], "masons/arch");
    let cable = [("1.0.0".to_owned(), 29), ("2.0.0".to_owned(), 38)];
    assert_eq!(versions(&graph, "pkg:npm/%40span/cable"), cable);
    let error = refused(Format::CycloneDx, &fixture!("bom.cdx.json").replace("c-3", "c-2"));
    assert_eq!((error.line, error.field.as_deref()), (Some(38), Some("bom-ref")));
}

#[test]
fn spdx_reads_githubs_export_in_both_directions() {
    let graph = graph(Format::Spdx, fixture!("github.spdx.json"));
    let oven = "pkg:github/Bakers/oven";
    let expected = [
        format!("{oven} → pkg:githubactions/actions/checkout (unknown)"),
        format!("{oven} → pkg:npm/flour (unknown)"),
        format!("{oven} → scale (dev)"),
        "pkg:npm/flour → SPDXRef-wheat (unknown)".to_owned(),
        "pkg:npm/flour → yeast (unknown)".to_owned(),
    ];
    assert_eq!(edges(&graph), expected);
    assert_eq!(roots(&graph), [oven]);
    let repositories = graph.repositories(&Aliases::default());
    assert_eq!(repositories[oven], "bakers/oven");
    assert_eq!(repositories["yeast"], "gitlab.com/brewers/yeast");
    let ecosystems = ["githubactions".to_owned()].into();
    let policy = Policy { drop_ecosystems: ecosystems, ..Policy::default() };
    assert_eq!(graph.filter(&policy).expect("it has a root").edge_count(), 4);
    let error = refused(Format::Spdx, "{\"spdxVersion\":\"SPDX-3.0\"}");
    assert!(error.hint.contains("2.3"));
}

#[test]
fn node_link_keeps_loops_and_unlisted_targets() {
    let text = fixture!("graph.node-link.json");
    let graph = graph(Format::NodeLink, text);
    let expected = [
        "alpha/one → beta/two (unknown)",
        "beta/two → beta/two (unknown)",
        "beta/two → delta/four (unknown)",
    ];
    assert_eq!(edges(&graph), expected);
    assert_eq!(roots(&graph), ["alpha/one"]);
    assert_eq!(notes(&graph), ["`delta/four` is linked but not among the nodes"]);
    assert!(graph.edges().iter().all(|edge| edge.weight.is_none()));
    let negative = text.replacen("\"weight\": 0", "\"weight\": -0.5", 1);
    let error = refused(Format::NodeLink, &negative);
    assert_eq!((error.line, error.found.as_str()), (Some(11), "-0.5"));
}

#[test]
fn seed_maps_come_with_and_without_weights() {
    let text =
        "{\"A/one\": [\"b/two\"], \"c/three\": {\"b/two\": 0.25, \"a/one\": 0.5}, \"d/four\": []}";
    let graph = graph(Format::SeedMap, text);
    assert_eq!(roots(&graph), ["a/one", "c/three", "d/four"]);
    let weights: Vec<_> = graph.edges().iter().map(|edge| edge.weight).collect();
    assert_eq!(weights, [None, Some(0.5), Some(0.25)]);
    assert!(refused(Format::SeedMap, "{\"a/b\": [3]}").found.contains("expected a string"));
    assert_eq!(refused(Format::SeedMap, "{\"a/b\": {\"c/d\": -1}}").found, "-1");
}

#[test]
fn weight_csv_reads_any_delimiter_ending_and_mark() {
    let comma = graph(Format::WeightCsv, fixture!("weights.csv"));
    assert_eq!(roots(&comma), ["ethereum"]);
    let weights: Vec<_> = comma.edges().iter().filter_map(|edge| edge.weight).collect();
    assert_eq!(weights, [1.0, 0.6, 0.4]);
    for delimiter in [",", ";", "\t"] {
        let text = fixture!("weights.csv").replace(',', delimiter).replace('\n', "\r\n");
        assert_eq!(graph(Format::WeightCsv, &format!("\u{feff}{text}")), comma, "{delimiter:?}");
    }
    let columns = "Weight,Parent,Note,Repo\n0.6,ethereum,x,alpha/one\n0.4,ethereum,\"a, b\",beta/two\n\
                   1,alpha/one,,gamma/three\n";
    assert_eq!(graph(Format::WeightCsv, columns), comma);
}

#[test]
fn weight_csv_faults_name_line_and_column() {
    for (rows, line, column, found) in [
        ("a/b,c/d,NaN\n", 2, 9, "`NaN`"),
        ("a/b,c/d,-0.5\n", 2, 9, "`-0.5`"),
        ("a/b,c/d,inf\n", 2, 9, "`inf`"),
        ("a/b,c/d,\"0,5\"\n", 2, 9, "`0,5`"),
        ("a/b,c/d,half\n", 2, 9, "`half`"),
        ("a/b,c/d,\n", 2, 9, "nothing"),
        ("a/b,c/d,1\n\n,c/d,1\n", 4, 1, "nothing"),
        ("a/b,c/d\n", 2, 1, "that this row has 2 cells, but the header has 3"),
        ("a/b,c/d,1\nx/y,\"c/d,1\na/b,c/d,1\n", 3, 5, "that this quote is never closed"),
        ("a/b,c/d,1\nx/y,c/d,\"1\na/b,c/d,1\n", 3, 9, "that this quote is never closed"),
        ("a/b,c/d,1\n\"x/y,c/d,1\na/b\",c/d,1\n", 3, 1, "a quoted field that spans lines"),
        ("a/b,c/d,1\nA/B,c/d,1\n", 3, 1, "`a/b` under `c/d` again, first on line 2"),
        ("https://,c/d,1\n", 2, 1, "`https://`"),
    ] {
        let error = refused(Format::WeightCsv, &format!("repo,parent,weight\n{rows}"));
        let expected = (Some(line), Some(column), found.to_owned());
        assert_eq!((error.line, error.column, error.found), expected, "{rows}");
    }
    let error = refused(Format::WeightCsv, "repo,parent\na,b\n");
    assert_eq!((error.field.as_deref(), error.line), (Some("weight"), Some(1)));
    let found = "weight CSV, line 1, column 1, weight: found that column `weight` is missing; ";
    assert!(error.to_string().starts_with(found), "{error}");
    assert_eq!(refused(Format::WeightCsv, "repo,parent,weight\n").found, "a header without rows");
    let twice = refused(Format::WeightCsv, "repo,parent,weight,weight\na/b,c/d,1,2\n");
    assert_eq!(twice.found, "that there are two columns `weight`");
    assert_eq!(
        (twice.line, twice.column, twice.field.as_deref()),
        (Some(1), Some(20), Some("weight"))
    );
    let twice = detect("x", "repo,parent,weight,weight\n");
    assert_eq!(twice, Some(Format::WeightCsv), "so that its reader can say what is wrong");
}

#[test]
fn edge_csv_keeps_packages_as_evidence() {
    let text = "seed_repo,dependency_repo,package_name,package_manager,package_url\n\
                https://github.com/a/app,https://github.com/serde-rs/serde,serde,RUST,pkg:cargo/serde@1\n\
                https://github.com/a/app,https://github.com/serde-rs/serde,serde_derive,RUST,\n\
                https://github.com/b/old,https://github.com/a/app,,,\n";
    let aliases = Aliases::parse("alias,repo\nb/old,b/new\n").expect("one row");
    let options = ReadOptions { aliases: Some(&aliases), ..ReadOptions::default() };
    let graph = read(Format::EdgesCsv, text, &options).expect("valid");
    assert_eq!(edges(&graph), ["a/app → serde-rs/serde (unknown)", "b/new → a/app (unknown)"]);
    assert_eq!(roots(&graph), ["a/app", "b/new"]);
    assert_eq!(versions(&graph, "serde-rs/serde").len(), 2);
}

#[test]
fn truncated_json_says_where_it_ends() {
    let text = fixture!("package-lock.v3.json");
    let error = refused(Format::PackageLock, &text[..text.len() / 2]);
    assert_eq!(error.expected, "complete JSON");
    assert!(error.line.is_some_and(|line| line > 30));
    let broken = text.replace("\"version\": \"1.9.0\"", "\"version\": [1]");
    let error = refused(Format::PackageLock, &broken);
    assert_eq!(error.line, Some(58));
    assert_eq!(error.field.as_deref(), Some("packages `node_modules/leaf`"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Files cut, doubled and garbled at any place are read or refused, and
    /// what is read can be weighed.
    #[test]
    fn damaged_files_never_make_a_reader_panic(
        file in 0_usize..10,
        from in any::<prop::sample::Index>(),
        length in 0_usize..40,
        insert in "[\\[\\]{}\"=,:@#v0-9 \nä-]{0,6}",
    ) {
        let (format, text) = [
            (Format::CargoLock, fixture!("Cargo.lock")),
            (Format::PackageLock, fixture!("package-lock.v3.json")),
            (Format::GoMod, fixture!("go.mod")),
            (Format::GoMod, fixture!("go.mod.graph")),
            (Format::UvLock, fixture!("uv.lock")),
            (Format::PoetryLock, fixture!("poetry.lock")),
            (Format::CycloneDx, fixture!("bom.cdx.json")),
            (Format::Spdx, fixture!("github.spdx.json")),
            (Format::NodeLink, fixture!("graph.node-link.json")),
            (Format::WeightCsv, fixture!("weights.csv")),
        ][file];
        let characters: Vec<char> = text.chars().collect();
        let from = from.index(characters.len());
        let rest = (from + length).min(characters.len());
        let mut damaged: String = characters[..from].iter().collect();
        damaged.push_str(&insert);
        damaged.extend(&characters[rest..]);
        let go_graph = (text == fixture!("go.mod.graph")).then_some(damaged.as_str());
        let text = if go_graph.is_some() { fixture!("go.mod") } else { &damaged };
        for versions in [Versions::Merge, Versions::Split] {
            let options = ReadOptions { versions, go_graph, ..ReadOptions::default() };
            if let Ok(graph) = read(format, text, &options) {
                let merged = graph.merge(&graph.repositories(&Aliases::default()));
                let _ = weigh(&merged, &Settings::default());
            }
        }
    }
}
