//! Graphs as a round uses them: licences, differences, divisions, overlays,
//! owners, entities, relations; by hand, by law, and on published snapshots.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use allonet_core::money::{self, Amount, Rounding};
use allonet_weights::declared::{
    Declarations, Layer, Layers, Limit, Limits, PRECEDENCE, Refusal, Resolved, Rules, Stance,
    Verdict, resolve,
};
use allonet_weights::entity::{Containment, Plan, Policy as Paid};
use allonet_weights::graph::diff::{GraphDiff, money_moved};
use allonet_weights::graph::{
    DependencyGraph, DroppedWeight, EdgeKind, GraphBuilder, LicencePolicy, Licences, Policy,
    Standing, Unlicensed,
};
use allonet_weights::import::{Format, ReadOptions, read, weight_csv};
use allonet_weights::overlay::{Combination, Funding, Overlay, Overlays};
use allonet_weights::overrides::{
    ShareRow, originality_rows, override_originality, override_sources, source_rows,
};
use allonet_weights::relation::{Relation, Relations, View};
use allonet_weights::repository::Aliases;
use allonet_weights::structural::{Settings, weigh};
use allonet_weights::weighted::{WHOLE, WeightedGraph};
use proptest::prelude::*;

const PERCENT: u64 = WHOLE / 100;

fn units(amount: Amount) -> u128 {
    amount.to_u128().expect("small")
}

fn weighted(rows: &str) -> WeightedGraph {
    let text = format!("repo,parent,weight\n{rows}");
    let graph = weight_csv::read(&text, &ReadOptions::default()).expect("valid");
    weigh(&graph, &Settings::default()).expect("it has a root")
}

/// Dependencies of a node in percent, rounded to the nearest.
fn percent(network: &WeightedGraph, node: &str) -> Vec<(String, u64)> {
    let at = network.index(node).expect("it is there");
    let edges = network.dependencies(at);
    edges
        .map(|(target, weight)| {
            (network.nodes()[target as usize].clone(), (weight + PERCENT / 2) / PERCENT)
        })
        .collect()
}

fn pairs(expected: &[(&str, u64)]) -> Vec<(String, u64)> {
    expected.iter().map(|&(id, percent)| (id.to_owned(), percent)).collect()
}

// --- Licences and cargo metadata --------------------------------------------

/// Two members; `app` uses one library plainly and in tests, one to build.
const METADATA: &str = r#"{"version":1,"packages":[
{"id":"p#app","name":"app","version":"0.1.0","source":null,"license":"MIT","repository":null},
{"id":"p#tool","name":"tool","version":"0.1.0","source":null,"license":null,"repository":""},
{"id":"r#lib","name":"lib","version":"2.0.0","source":"registry+x","license":"MIT/Apache-2.0","repository":"https://github.com/Acme/lib"},
{"id":"g#gen","name":"gen","version":"1.0.0","source":"git+https://github.com/acme/gen?rev=1#abc","license":"GPL-3.0-only","repository":null}],
"workspace_members":["p#app","p#tool"],
"resolve":{"nodes":[
{"id":"p#app","deps":[{"name":"lib","pkg":"r#lib","dep_kinds":[{"kind":"dev","target":null},{"kind":null,"target":null}]},
 {"name":"gen","pkg":"g#gen","dep_kinds":[{"kind":"build","target":"cfg(unix)"}]}]},
{"id":"p#tool","deps":[{"name":"app","pkg":"p#app","dep_kinds":[{"kind":"dev","target":null}]}]},
{"id":"r#lib","deps":[]},{"id":"g#gen","deps":[]}],"root":null}}"#;

#[test]
fn cargo_metadata_knows_kinds_licences_and_repositories() {
    let graph = read(Format::CargoMetadata, METADATA, &ReadOptions::default()).expect("valid");
    let id = |node: u32| graph.nodes()[node as usize].id.as_str();
    let edges: Vec<_> = graph
        .edges()
        .iter()
        .map(|edge| (id(edge.dependent), id(edge.dependency), edge.kind))
        .collect();
    let expected = [
        ("app", "gen", EdgeKind::Build),
        ("app", "lib", EdgeKind::Normal),
        ("tool", "app", EdgeKind::Dev),
    ];
    assert_eq!(edges, expected);
    let repositories = graph.repositories(&Aliases::default());
    assert_eq!(repositories["lib"], "acme/lib");
    assert_eq!(repositories["gen"], "acme/gen");
    let standing = |id: &str| {
        Licences::Permissive.standing(&graph.nodes()[graph.index(id).expect("there") as usize])
    };
    assert_eq!(standing("lib"), Standing::Admitted);
    assert_eq!(standing("gen"), Standing::Refused);
    assert_eq!(standing("tool"), Standing::Unlicensed);

    let refused = |text: &str| {
        read(Format::CargoMetadata, text, &ReadOptions::default()).expect_err("not valid")
    };
    let cut = refused(&METADATA.replace("\"pkg\":\"g#gen\"", "\"pkg\":\"g#gone\""));
    assert_eq!((cut.line, cut.found.contains("g#gone")), (Some(8), true), "{cut}");
    let bare = refused(r#"{"version":1,"packages":[],"workspace_members":[],"resolve":null}"#);
    assert!(bare.hint.contains("--no-deps"), "{bare}");
    assert!(refused(&METADATA.replacen("\"version\":1", "\"version\":2", 1)).found.contains('2'));
}

#[test]
fn bills_of_materials_and_locks_state_licences() {
    let licences = |format, text: &str| -> BTreeMap<String, Option<String>> {
        let graph = read(format, text, &ReadOptions::default()).expect("valid");
        let nodes = graph.nodes().iter();
        nodes.map(|node| (node.name(), node.packages[0].licence.clone())).collect()
    };
    let lock = r#"{"name":"x","lockfileVersion":3,"packages":{
        "":{"name":"x","license":"UNLICENSED","dependencies":{"a":"1","b":"1"}},
        "node_modules/a":{"version":"1.0.0","license":"ISC"},
        "node_modules/b":{"version":"1.0.0","license":{"type":"MIT","url":"y"}}}}"#;
    let found = licences(Format::PackageLock, lock);
    assert_eq!(found["a"].as_deref(), Some("ISC"));
    assert_eq!(found["b"].as_deref(), Some("MIT"));
    let bom = r#"{"bomFormat":"CycloneDX","components":[
        {"name":"a","licenses":[{"license":{"id":"MIT"}},{"license":{"name":"Zlib"}}]},
        {"name":"b","licenses":[{"expression":"MIT OR ISC"}]},{"name":"c"}],"dependencies":[]}"#;
    let found = licences(Format::CycloneDx, bom);
    assert_eq!(found["a"].as_deref(), Some("(MIT) AND (Zlib)"));
    assert_eq!(found["b"].as_deref(), Some("MIT OR ISC"));
    assert_eq!(found["c"], None);
    let spdx = r#"{"spdxVersion":"SPDX-2.3","packages":[
        {"SPDXID":"a","name":"a","licenseDeclared":"NOASSERTION","licenseConcluded":"MIT"},
        {"SPDXID":"b","name":"b","licenseDeclared":"NONE"}]}"#;
    let found = licences(Format::Spdx, spdx);
    assert_eq!(found["a"].as_deref(), Some("MIT"));
    assert_eq!(found["b"], None);
}

trait Named {
    fn name(&self) -> String;
}

impl Named for allonet_weights::graph::Node {
    fn name(&self) -> String {
        self.packages[0].name.clone()
    }
}

// --- Differences ------------------------------------------------------------

fn random_graph() -> impl Strategy<Value = DependencyGraph> {
    let kinds = prop::sample::select(vec![EdgeKind::Normal, EdgeKind::Dev]);
    let weight = prop::option::of(prop::sample::select(vec![0.25, 0.5, 1.0]));
    let edges = prop::collection::vec((0_u8..9, 0_u8..9, kinds, weight), 0..30);
    (edges, 0_u8..9).prop_map(|(edges, root)| {
        let mut builder = GraphBuilder::default();
        let root = builder.list(&format!("n{root}"));
        builder.mark_root(root);
        for (from, to, kind, weight) in edges {
            let (from, to) = (builder.list(&format!("n{from}")), builder.list(&format!("n{to}")));
            builder.edge(from, to, kind, weight);
        }
        builder.finish()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_difference_is_empty_mirrored_and_complete(old in random_graph(), new in random_graph()) {
        let none = Aliases::default();
        prop_assert!(GraphDiff::between(&old, &old, &none).is_empty());
        prop_assert_eq!(
            GraphDiff::between(&old, &new, &none).is_empty(),
            old.content_hash() == new.content_hash()
        );
        let (there, back) =
            (GraphDiff::between(&old, &new, &none), GraphDiff::between(&new, &old, &none));
        prop_assert_eq!(&there.nodes_added, &back.nodes_removed);
        prop_assert_eq!(&there.edges_added, &back.edges_removed);
        prop_assert_eq!(&there.edges_removed, &back.edges_added);
        prop_assert_eq!(there.reweighted.len(), back.reweighted.len());
        prop_assert_eq!(there.kind_changed.len(), back.kind_changed.len());
        let counted = old.edge_count() + there.edges_added.len();
        prop_assert_eq!(counted, new.edge_count() + there.edges_removed.len());
    }

    #[test]
    fn redistributed_weights_keep_their_sum(graph in random_graph(), width in 1_usize..4) {
        let policy = Policy {
            max_dependencies: Some(width),
            dropped_weight: DroppedWeight::Redistributed,
            keep_unreachable: true,
            ..Policy::default()
        };
        let kept = graph.filter(&policy).expect("no root is needed");
        let sum = |graph: &DependencyGraph, node: u32| -> f64 {
            graph.dependencies(node).iter().filter_map(|edge| edge.weight).sum()
        };
        for node in (0_u32..).take(graph.node_count()) {
            let (before, after) = (sum(&graph, node), sum(&kept, node));
            prop_assert!(after == 0.0 || (before - after).abs() < 1e-12, "{before} {after}");
            prop_assert!(kept.dependencies(node).len() <= width);
        }
    }
}

#[test]
fn a_rename_moves_no_money_and_a_new_weight_does() {
    let old = weighted("old/a,app,0.5\nb/b,app,0.5\n");
    let new = weighted("new/a,app,0.75\nb/b,app,0.25\n");
    let aliases = Aliases::parse("alias,repo\nold/a,new/a\n").expect("one row");
    let budget = Amount::from_base(1000);
    let moved = money_moved(&old, &new, budget, &aliases).expect("it flows");
    assert_eq!(units(moved.moved), 250);
    let rows: Vec<_> =
        moved.nodes.iter().map(|n| (n.id.as_str(), units(n.before), units(n.after))).collect();
    assert_eq!(rows, [("app", 0, 0), ("b/b", 500, 250), ("new/a", 500, 750)]);
    let blind = money_moved(&old, &new, budget, &Aliases::default()).expect("it flows");
    assert_eq!(units(blind.moved), 750);
}

// --- Relations --------------------------------------------------------------

#[test]
fn a_mixed_graph_flows_and_views_filter_it() {
    let text = "from,relation,to,weight,evidence,author,date\n\
        x/client,depends on,y/lib,2,Cargo.toml,ann,2026-01-01\n\
        x/client,IMPLEMENTS,eip:1559,1,spec,ann,2026-01-01\n\
        eip:1559,cites,doi:10.1/p,1,refs,bo,2026-01-11\n\
        y/lib,inspired_by,person:Ada,1,readme,bo,2026-01-21\n\
        doi:10.1/p,derived-from,eip:1559,1,,bo,\n";
    let relations = Relations::parse(text, &ReadOptions::default()).expect("valid");
    let all = relations.graph(&View::default());
    assert_eq!((all.node_count(), all.edge_count(), all.two_cycles().len()), (5, 5, 1));
    let network = weigh(&all, &Settings::default()).expect("x/client is the root");
    let paid = network.payouts(Amount::from_base(900)).expect("it flows");
    // 600 to the library, which keeps half; of 300 the circle of proposal and
    // paper keeps 200 and 100.
    let named: Vec<_> =
        network.nodes().iter().map(String::as_str).zip(paid.iter().map(|a| units(*a))).collect();
    let expected = [
        ("doi:10.1/p", 100),
        ("eip:1559", 200),
        ("person:Ada", 300),
        ("x/client", 0),
        ("y/lib", 300),
    ];
    assert_eq!(named, expected);

    let view = |relations: &[Relation]| View {
        relations: relations.iter().copied().collect(),
        ..View::default()
    };
    assert_eq!(relations.graph(&view(&[Relation::DependsOn])).node_count(), 2);
    let by_bo = View { authors: ["bo".to_owned()].into(), ..View::default() };
    assert_eq!(relations.graph(&by_bo).edge_count(), 3);

    // Ten days are one half-life; a statement of tomorrow is not known.
    let at = "2026-01-11".parse().expect("a date");
    let faded = View { at: Some(at), half_life_secs: Some(864_000), ..View::default() };
    let graph = relations.graph(&faded);
    let weights: Vec<_> = graph.edges().iter().map(|edge| edge.weight).collect();
    assert_eq!(weights, [Some(1.0), Some(1.0), Some(0.5), Some(1.0)]);
    let scaled = View { scale: [(Relation::DependsOn, 0.5)].into(), ..View::default() };
    let graph = relations.graph(&scaled);
    let client = graph.index("x/client").expect("there");
    assert!(graph.dependencies(client).iter().all(|edge| edge.weight == Some(1.0)));
}

#[test]
fn an_unknown_relation_is_refused_with_the_nearest() {
    let text = "from,relation,to\nx/a,implments,rfc:1\n";
    let refused = Relations::parse(text, &ReadOptions::default()).expect_err("misspelt");
    assert_eq!((refused.line, refused.column), (Some(2), Some(5)));
    assert!(refused.hint.contains("implements"), "{refused}");
    let text = "from,relation,to\nx/a,cites,rcf:1\n";
    let refused = Relations::parse(text, &ReadOptions::default()).expect_err("misspelt");
    assert_eq!((refused.line, refused.column), (Some(2), Some(11)));
}

#[test]
fn typed_edges_join_code() {
    let code = weight_csv::read("repo,parent,weight\ny/lib,x/app,1\n", &ReadOptions::default());
    let text = "from,relation,to,weight\nrepo:Y/Lib,implements,rfc:9110,1\n";
    let relations = Relations::parse(text, &ReadOptions::default()).expect("valid");
    let both = code.expect("valid").union(&relations.graph(&View::default()));
    let ids: Vec<_> = both.nodes().iter().map(|node| node.id.as_str()).collect();
    assert_eq!(ids, ["rfc:9110", "x/app", "y/lib"]);
    // Roots of either stay roots; who asks for one source names it.
    let both = both.with_roots(&["x/app"]).expect("it is there");
    let network = weigh(&both, &Settings::default()).expect("rooted");
    let paid = network.payouts(Amount::from_base(100)).expect("it flows");
    assert_eq!(paid.into_iter().map(units).collect::<Vec<_>>(), [50, 0, 50]);
}

// --- Owners -----------------------------------------------------------------

/// me/app keeps 20 %; of the rest x/a has a half, x/b 30 %, me/c 20 %.
fn base() -> WeightedGraph {
    let mut network = weighted("x/a,me/app,0.5\nx/b,me/app,0.3\nme/c,me/app,0.2\n");
    let own = [ShareRow { id: "me/app".to_owned(), share: 0.2, line: 1 }];
    override_originality(&mut network, &own).expect("it is there");
    network
}

fn rules(stance: Stance, limits: Limits) -> Rules {
    let owners = [("me/app".to_owned(), ["ann".to_owned()].into())].into();
    Rules { owners, limits, stance, ..Rules::default() }
}

fn declare(rows: &str, rules: &Rules) -> Resolved {
    let text = format!("repo,parent,weight,author,date,reason,evidence\n{rows}");
    let declarations = Declarations::parse(&text, &ReadOptions::default()).expect("valid");
    let layers = Layers { declarations: Some(&declarations), ..Layers::default() };
    resolve(&base(), &layers, rules).expect("no jury to disagree")
}

fn refusal(rows: &str, limits: Limits) -> Refusal {
    let resolved = declare(rows, &rules(Stance::Allow, limits));
    assert_eq!(resolved.network, base(), "a refused statement changes nothing");
    match &resolved.outcomes[0].verdict {
        Verdict::Refused(refusal) => refusal.clone(),
        other => panic!("{other:?}"),
    }
}

fn free() -> Limits {
    Limits { max_moved: 1.0, max_own: 1.0, max_organisation: 1.0, top: 0, min_top: 0.0 }
}

#[test]
fn a_declaration_within_the_limits_holds() {
    let rows = "SELF,me/app,0.3,ann,2026-05-01,we do more,\nx/b,me/app,0.4,ann,2026-05-01,,\n\
                z/new,me/app,0.1,ann,2026-05-01,,https://example.org/proof\n";
    let resolved = declare(rows, &rules(Stance::Allow, Limits::default()));
    let outcome = &resolved.outcomes[0];
    assert_eq!(outcome.verdict, Verdict::Applied);
    // The other half is divided as 5 : 2.
    let expected = pairs(&[("me/c", 14), ("x/a", 36), ("x/b", 40), ("z/new", 10)]);
    assert_eq!(percent(&resolved.network, "me/app"), expected);
    let app = resolved.network.index("me/app").expect("there") as usize;
    assert_eq!(resolved.network.own_shares()[app], 30 * PERCENT);
    // Gains: self 0.10, x/b 0.7·0.4 − 0.24 = 0.04, z/new 0.07.
    assert!((outcome.moved - 0.21).abs() < 1e-12, "{}", outcome.moved);
}

#[test]
fn every_limit_refuses_or_caps() {
    for (rows, limits, limit, found) in [
        ("SELF,me/app,0.6", Limits { max_moved: 0.25, ..free() }, Limit::Moved, 0.4),
        ("SELF,me/app,0.6", Limits { max_own: 0.5, ..free() }, Limit::Own, 0.6),
        // Self 0.2 and 0.8·0.75 for me/c.
        ("me/c,me/app,0.75", Limits { max_organisation: 0.5, ..free() }, Limit::Organisation, 0.8),
        // x/a falls from 0.4 to 0.8·0.1.
        ("x/a,me/app,0.1", Limits { top: 1, min_top: 0.5, ..free() }, Limit::Top, 0.2),
    ] {
        let rows = format!("{rows},ann,2026-05-01,because,\n");
        let Refusal::Limit { limit: named, found: value, .. } = refusal(&rows, limits.clone())
        else {
            panic!("a limit is named");
        };
        assert_eq!(named, limit);
        assert!((value - found).abs() < 1e-9, "{limit:?}: {value}");
        // Capped, it goes exactly as far as the limit.
        let capped = declare(&rows, &rules(Stance::Cap, limits.clone()));
        let Verdict::Capped { taken, limit: named } = capped.outcomes[0].verdict else {
            panic!("it is capped");
        };
        assert_eq!(named, limit);
        let app = capped.network.index("me/app").expect("there");
        let own = capped.network.own_shares()[app as usize] as f64 / WHOLE as f64;
        let part = |id: &str| {
            let mut edges = capped.network.dependencies(app);
            let weight = edges.find(|(to, _)| capped.network.nodes()[*to as usize] == id);
            weight.map_or(0.0, |(_, weight)| weight as f64 / WHOLE as f64) * (1.0 - own)
        };
        let (at_limit, allowed) = match limit {
            Limit::Moved => (capped.outcomes[0].moved, limits.max_moved),
            Limit::Own => (own, limits.max_own),
            Limit::Organisation => (own + part("me/c"), limits.max_organisation),
            Limit::Top => (part("x/a") / 0.4, limits.min_top),
        };
        assert!((at_limit - allowed).abs() < 1e-12, "{limit:?}: {at_limit}");
        assert!(taken > 0.0 && taken < 1.0);
    }
}

#[test]
fn every_refusal_is_named() {
    let row = |author: &str, reason: &str, repo: &str, weight: &str| {
        format!("{repo},me/app,{weight},{author},2026-05-01,{reason},\n")
    };
    let found = |rows: String| refusal(&rows, free());
    assert!(matches!(found(row("eve", "why", "x/a", "0.4")), Refusal::NotOwner { .. }));
    assert_eq!(found(row("ann", "", "x/a", "0.4")), Refusal::NoReason);
    assert!(matches!(found(row("ann", "why", "z/new", "0.4")), Refusal::NewEdge { .. }));
    assert!(matches!(found(row("ann", "why", "x/a", "1.4")), Refusal::NotShare { .. }));
    let sum = row("ann", "why", "x/a", "0.7") + &row("ann", "why", "x/b", "0.7");
    assert!(matches!(found(sum), Refusal::NotShare { found, .. } if found > 1.3));
    let zero = ["x/a", "x/b", "me/c"].map(|repo| row("ann", "why", repo, "0")).concat();
    assert_eq!(found(zero), Refusal::Nobody);
    let elsewhere = "x/a,no/where,0.4,ann,2026-05-01,why,\n";
    assert!(matches!(found(elsewhere.to_owned()), Refusal::UnknownNode { .. }));
    let ignored = declare(&row("ann", "why", "x/a", "0.4"), &rules(Stance::Ignore, free()));
    assert!(matches!(ignored.outcomes[0].verdict, Verdict::Refused(Refusal::Ignored { .. })));

    let mut both = rules(Stance::Allow, free());
    both.owners.insert("me/app".to_owned(), ["ann".to_owned(), "bo".to_owned()].into());
    let later = row("ann", "why", "x/a", "0.4") + "x/a,me/app,0.6,bo,2026-06-01,better,\n";
    let resolved = declare(&later, &both);
    let verdicts: Vec<_> = resolved.outcomes.iter().map(|one| &one.verdict).collect();
    assert!(matches!(verdicts[0], Verdict::Refused(Refusal::Superseded { .. })));
    assert_eq!(verdicts[1], &Verdict::Applied);
    let together = row("ann", "why", "x/a", "0.4") + &row("bo", "why", "x/a", "0.6");
    let resolved = declare(&together, &both);
    let ambiguous = |one: &allonet_weights::declared::Outcome| {
        matches!(one.verdict, Verdict::Refused(Refusal::Ambiguous { .. }))
    };
    assert!(resolved.outcomes.iter().all(ambiguous));
    assert_eq!(resolved.network, base());
}

#[test]
fn the_jury_prevails_over_owners_and_owners_over_the_base() {
    assert_eq!(PRECEDENCE, [Layer::Jury, Layer::OptOut, Layer::Owner, Layer::Base]);
    let text = "repo,parent,weight,author,date,reason\nx/a,me/app,0.2,ann,2026-05-01,why\n\
                SELF,me/app,0.1,ann,2026-05-01,why\n";
    let declarations = Declarations::parse(text, &ReadOptions::default()).expect("valid");
    let jury = weight_csv::rows("repo,parent,weight\nx/b,me/app,0.6\n", &ReadOptions::default());
    let jury = jury.expect("valid");
    let jury_own = [ShareRow { id: "me/app".to_owned(), share: 0.5, line: 1 }];
    let layers = Layers { declarations: Some(&declarations), jury: &jury, jury_own: &jury_own };
    let resolved = resolve(&base(), &layers, &rules(Stance::Allow, free())).expect("valid");
    // The owner leaves 0.2 : 0.48 : 0.32 for a, b, c; the jury sets b to 0.6,
    // and a and c share 0.4 as 0.2 : 0.32.
    let expected = pairs(&[("me/c", 25), ("x/a", 15), ("x/b", 60)]);
    assert_eq!(percent(&resolved.network, "me/app"), expected);
    let app = resolved.network.index("me/app").expect("there") as usize;
    assert_eq!(resolved.network.own_shares()[app], WHOLE / 2);
}

#[test]
fn an_opt_out_sends_the_own_share_elsewhere_if_the_organiser_lets_it() {
    let text = "recipient,node,share,author,date,reason\ncharity,me/app,3,ann,2026-05-01,we need none\n\
                x/b,me/app,1,ann,2026-05-01,\n";
    let declarations = Declarations::default().with_opt_outs(text, &ReadOptions::default());
    let declarations = declarations.expect("valid");
    let paid = |stance, max_moved| {
        let limits = Limits { max_moved, ..free() };
        let layers = Layers { declarations: Some(&declarations), ..Layers::default() };
        let resolved = resolve(&base(), &layers, &rules(stance, limits)).expect("valid");
        let paid = resolved.network.payouts(Amount::from_base(1000)).expect("it flows");
        let named = resolved.network.nodes().iter().cloned().zip(paid.into_iter().map(units));
        (resolved.outcomes[0].verdict.clone(), named.collect::<BTreeMap<String, u128>>())
    };
    // Of 1000 the app keeps 200: 150 for charity, 50 for x/b on top of 240.
    let (verdict, all) = paid(Stance::Allow, 1.0);
    assert_eq!(verdict, Verdict::Applied);
    assert_eq!((all["charity"], all["x/b"], all["me/app"], all["x/a"]), (150, 290, 0, 400));
    let (verdict, half) = paid(Stance::Cap, 0.1);
    assert!(matches!(verdict, Verdict::Capped { limit: Limit::Moved, .. }));
    assert_eq!((half["charity"], half["x/b"], half["me/app"]), (75, 265, 100));
    for (stance, max_moved) in [(Stance::Allow, 0.1), (Stance::Ignore, 1.0)] {
        let (verdict, none) = paid(stance, max_moved);
        assert!(matches!(verdict, Verdict::Refused(_)));
        assert_eq!((none.get("charity"), none["me/app"]), (None, 200));
    }
}

// --- Entities ---------------------------------------------------------------

/// Entities `e0`, `e1`, …, each of a level and held by an earlier coarser one.
fn random_entities() -> impl Strategy<Value = (Containment, Vec<(String, f64)>, f64)> {
    let one = (0_usize..4, any::<prop::sample::Index>(), any::<bool>(), 0_u8..5);
    (prop::collection::vec(one, 1..14), 0_u8..=4).prop_map(|(rows, trust)| {
        let levels = ["organisation", "project", "repository", "package"];
        let mut text = "entity,level,parent\n".to_owned();
        let mut applicants = Vec::new();
        for (at, (level, parent, applies, weight)) in rows.iter().enumerate() {
            let coarser: Vec<usize> = (0..at).filter(|other| rows[*other].0 < *level).collect();
            let parent = (!coarser.is_empty()).then(|| coarser[parent.index(coarser.len())]);
            let parent = parent.map_or(String::new(), |parent| format!("e{parent}"));
            writeln!(text, "e{at},{},{parent}", levels[*level]).expect("text takes all");
            if *applies {
                applicants.push((format!("e{at}"), f64::from(*weight)));
            }
        }
        let entities = Containment::parse(&text).expect("levels descend");
        (entities, applicants, f64::from(trust) / 4.0)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// The money of an outermost applicant with all below it is the same under
    /// every policy, all money is paid, and no path pays twice.
    #[test]
    fn nobody_is_paid_twice(
        (entities, applicants, trust) in random_entities(),
        budget in 1_u64..=u64::MAX,
    ) {
        let plan = Plan::new(&entities, &applicants, trust).expect("all are known");
        let budget = Amount::from_base(u128::from(budget));
        let top = |id: &str| {
            let chain = std::iter::once(id).chain(entities.above(id));
            let applied = chain.filter(|id| applicants.iter().any(|(known, _)| known == id));
            applied.last().expect("it applied itself").to_owned()
        };
        let mut subtrees: Vec<BTreeMap<String, u128>> = Vec::new();
        for policy in [Paid::FinestWins, Paid::CoarsestWins, Paid::SplitBelow] {
            let Ok(paid) = plan.pay(budget, policy) else { continue };
            let sum: u128 = paid.values().copied().map(units).sum();
            prop_assert_eq!(sum, units(budget));
            let mut subtree: BTreeMap<String, u128> = BTreeMap::new();
            for (id, amount) in &paid {
                *subtree.entry(top(id)).or_default() += units(*amount);
                let holders_paid = entities
                    .above(id)
                    .filter(|holder| paid.get(*holder).is_some_and(|amount| !amount.is_zero()));
                if policy != Paid::SplitBelow && !amount.is_zero() {
                    prop_assert_eq!(holders_paid.count(), 0, "{} and what holds it", id);
                }
            }
            subtrees.push(subtree);
        }
        prop_assert!(subtrees.windows(2).all(|pair| pair[0] == pair[1]), "{:?}", subtrees);
    }

    /// After weights agree, no holder weighs less than its parts.
    #[test]
    fn agreed_weights_cover_their_parts((entities, applicants, trust) in random_entities()) {
        let plan = Plan::new(&entities, &applicants, trust).expect("all are known");
        let weights: BTreeMap<&str, f64> = plan.weights().collect();
        let mut below: BTreeMap<String, f64> = BTreeMap::new();
        for (holder, part) in plan.conflicts() {
            *below.entry(holder).or_default() += weights[&*part];
        }
        for (holder, sum) in below {
            prop_assert!(sum <= weights[&*holder] * (1.0 + 1e-9), "{holder}: {sum}");
        }
    }
}

#[test]
fn trust_moves_between_the_two_judgements() {
    let entities = Containment::parse("entity,level,parent\no,org,\nr,repo,o\ns,repo,o\n");
    let entities = entities.expect("valid");
    let applicants = [("o", 2.0), ("r", 6.0), ("s", 2.0)].map(|(id, w)| (id.to_owned(), w));
    let weights = |trust| -> Vec<f64> {
        let plan = Plan::new(&entities, &applicants, trust).expect("valid");
        assert_eq!((plan.disagreements()[0].own, plan.disagreements()[0].parts), (2.0, 8.0));
        plan.weights().map(|(_, weight)| weight).collect()
    };
    assert_eq!(weights(0.0), [8.0, 6.0, 2.0]);
    assert_eq!(weights(1.0), [2.0, 1.5, 0.5]);
    // √(2·8) = 4.
    let middle = weights(0.5);
    assert!((middle[0] - 4.0).abs() < 1e-12 && (middle[1] - 3.0).abs() < 1e-12, "{middle:?}");
}

// --- Published snapshots ----------------------------------------------------

fn data(path: &str) -> Option<String> {
    allonet_testdata::text(&format!("deep-funding/{path}"))
}

fn published(path: &str, format: Format) -> Option<DependencyGraph> {
    let text = data(&format!("graphs/{path}"))?;
    Some(read(format, &text, &ReadOptions::default()).expect("published files are valid"))
}

const RENAMES: &str = "alias,repo\n\
    prysmaticlabs/prysm,offchainlabs/prysm\nethereum/solidity,argotorg/solidity\n\
    ethereum/sourcify,argotorg/sourcify\nethereum/fe,argotorg/fe\n\
    hyperledger-web3j/web3j,lfdt-web3j/web3j\n\
    ethereum/remix-project,remix-project-org/remix-project\nipsilon/evmone,ethereum/evmone\n";

/// All published graphs pay out every base unit, cycles and loops included.
#[test]
fn every_published_graph_pays_all_of_it() {
    for (path, format) in [
        ("unweighted_graph.json", Format::NodeLink),
        ("repo_parent_weight_graph.csv", Format::WeightCsv),
        ("dependency-graph-v2.csv", Format::EdgesCsv),
        ("gg24_seed_repos_with_dependencies_pruned.json", Format::SeedMap),
    ] {
        let Some(graph) = published(path, format) else { return };
        let cut = graph.filter(&Policy::deep_funding()).expect("it has roots");
        let widest = |graph: &DependencyGraph| {
            (0_u32..).take(graph.node_count()).map(|node| graph.dependencies(node).len()).max()
        };
        assert!(widest(&cut) <= Some(128), "{path}");
        for graph in [&graph, &cut] {
            let network = weigh(graph, &Settings::default()).expect("it has roots");
            let budget = Amount::from_base(350_000_000_000);
            let paid = network.payouts(budget).expect("nothing is trapped");
            assert_eq!(Amount::sum(paid, "paid"), Ok(budget), "{path}");
        }
    }
}

#[test]
fn the_two_forms_of_the_pilot_differ_in_their_source_only() {
    let (Some(json), Some(csv)) = (
        published("unweighted_graph.json", Format::NodeLink),
        published("repo_parent_weight_graph.csv", Format::WeightCsv),
    ) else {
        return;
    };
    let diff = GraphDiff::between(&json, &csv, &Aliases::default());
    assert_eq!((diff.nodes_added, diff.nodes_removed.len()), (vec!["ethereum".to_owned()], 0));
    assert_eq!((diff.edges_added.len(), diff.edges_removed.len()), (34, 0));
    assert!(diff.edges_added.iter().all(|edge| edge.dependent == "ethereum"));
    assert_eq!((diff.reweighted.len(), diff.kind_changed.len()), (14_927, 0));
    assert_eq!((diff.roots_added.len(), diff.roots_removed.len()), (1, 34));
}

#[test]
fn renames_between_pilot_and_gg24_are_no_losses() {
    let (Some(old), Some(new)) = (
        published("unweighted_graph.json", Format::NodeLink),
        published("gg24_seed_repos_with_dependencies_pruned.json", Format::SeedMap),
    ) else {
        return;
    };
    let aliases = Aliases::parse(RENAMES).expect("valid");
    let blind = GraphDiff::between(&old, &new, &Aliases::default());
    let seeing = GraphDiff::between(&old, &new, &aliases);
    let lost = |diff: &GraphDiff, id: &str| diff.nodes_removed.iter().any(|node| node == id);
    assert!(lost(&blind, "prysmaticlabs/prysm") && !lost(&seeing, "offchainlabs/prysm"));
    assert!(seeing.renamed.iter().any(|(old, _)| old == "ethereum/solidity"));
    assert!(seeing.edges_added.len() < blind.edges_added.len());
    let weighted = |graph: &DependencyGraph| weigh(graph, &Settings::default()).expect("rooted");
    let budget = Amount::from_base(35_000_000);
    let moved = |aliases: &Aliases| {
        let moved = money_moved(&weighted(&old), &weighted(&new), budget, aliases);
        units(moved.expect("it flows").moved)
    };
    let (with, without) = (moved(&aliases), moved(&Aliases::default()));
    assert!(with < without && without <= 35_000_000, "{with} {without}");
}

/// 350,000.00 through the GG24 graph: every share within 1e-15, every cent.
#[test]
fn the_gg24_flow_is_paid_to_the_cent() {
    let (Some(edges), Some(flow), Some(sources)) = (
        data("scoring/flow_gg24_edges.csv"),
        data("scoring/flow_gg24.csv"),
        data("scoring/flow_gg24_sources.csv"),
    ) else {
        return;
    };
    let options = ReadOptions::default();
    let originality = originality_rows(&flow, &options).expect("valid");
    let ids: Vec<&str> = originality.iter().map(|row| row.id.as_str()).collect();
    let graph = read(Format::WeightCsv, &edges, &options).expect("valid").with_nodes(&ids);
    let mut network = weigh(&graph, &Settings::default()).expect("it has roots");
    override_originality(&mut network, &originality).expect("all are known");
    override_sources(&mut network, &source_rows(&sources, &options).expect("valid"))
        .expect("known");
    let kept = network.kept().expect("it flows");
    let mut expected = vec![0; network.nodes().len()];
    for line in flow.lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        let node = network.index(cells[0]).expect("it is there") as usize;
        let share: f64 = cells[3].parse().expect("a number");
        assert!((kept[node] - share).abs() < 1e-15, "{line}: {}", kept[node]);
        expected[node] = cells[4].parse::<u128>().expect("cents");
    }
    let weights = money::weights_from_f64(&kept).expect("finite");
    let cents = Amount::from_base(35_000_000);
    let cumulative = money::apportion(cents, &weights, Rounding::Cumulative).expect("positive");
    let found: Vec<u128> = cumulative.parts.into_iter().map(units).collect();
    let different = found.iter().zip(&expected).filter(|(a, b)| a != b).count();
    assert_eq!(different, 0);
    let ours: Vec<u128> =
        network.payouts(cents).expect("it flows").into_iter().map(units).collect();
    assert_eq!(ours.iter().sum::<u128>(), 35_000_000);
    assert!(ours.iter().zip(&expected).all(|(a, b)| a.abs_diff(*b) <= 1));
}

#[test]
fn overlays_on_the_gg24_graph_conserve_money_and_say_what_they_move() {
    let Some(edges) = data("scoring/flow_gg24_edges.csv") else { return };
    let options = ReadOptions::default();
    let graph = read(Format::WeightCsv, &edges, &options).expect("valid");
    let base = weigh(&graph, &Settings::default()).expect("it has roots");
    // One group doubts the largest weight of every seed, one repeats the base.
    let rows = weight_csv::rows(&edges, &options).expect("valid");
    let mut largest: BTreeMap<&str, &weight_csv::WeightRow> = BTreeMap::new();
    for row in &rows {
        let known = largest.entry(&row.parent).or_insert(row);
        if row.weight > known.weight {
            *known = row;
        }
    }
    let several = |parent: &str| rows.iter().filter(|row| row.parent == parent).count() > 1;
    let halved = largest
        .values()
        .filter(|row| several(&row.parent))
        .map(|row| weight_csv::WeightRow { weight: row.weight / 2.0, ..(*row).clone() });
    let overlay =
        |id: &str, fee_ppm, rows| Overlay { id: id.into(), curator: id.into(), fee_ppm, rows };
    let overlays =
        vec![overlay("doubt", 20_000, halved.collect()), overlay("same", 10_000, rows.clone())];
    let overlays = Overlays::new(base, overlays).expect("all edges are known");
    let budget = Amount::from_base(350_000_000_000);
    let moved: Vec<u128> =
        overlays.moved(budget).expect("it flows").into_iter().map(units).collect();
    assert!(moved[0] > 10_000_000_000 && moved[1] <= 2_000, "{moved:?}");
    let funding = |funder: &str, mix: &[f64]| Funding {
        funder: funder.to_owned(),
        amount: budget,
        mix: overlays.mix(mix).expect("valid"),
    };
    let fundings = [funding("ann", &[1.0, 0.0]), funding("bo", &[1.0, 3.0])];
    for combination in [Combination::Mean, Combination::Geometric, Combination::Median] {
        let paid = overlays.pay(&fundings, combination).expect("it flows");
        let all = paid.nodes.iter().chain(paid.curators.values()).copied();
        assert_eq!(Amount::sum(all, "paid").map(units), Ok(700_000_000_000));
        // 2 % of 1 + 1/4 budgets, 1 % of 3/4.
        assert_eq!(units(paid.curators["doubt"]), 8_750_000_000);
        assert_eq!(units(paid.curators["same"]), 2_625_000_000);
    }
}

#[test]
fn this_repository_is_permissive_by_its_own_metadata() {
    let Some(text) = std::env::var_os("CARGO").and_then(|cargo| {
        let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
        let arguments = ["metadata", "--offline", "--format-version", "1"];
        let output = std::process::Command::new(cargo).args(arguments).current_dir(root).output();
        output
            .ok()
            .filter(|output| output.status.success())
            .and_then(|o| String::from_utf8(o.stdout).ok())
    }) else {
        return;
    };
    let graph =
        read(Format::CargoMetadata, &text, &ReadOptions::default()).expect("cargo wrote it");
    let licences = Some(LicencePolicy { admitted: Licences::Osi, unlicensed: Unlicensed::Drop });
    let drop_kinds = [EdgeKind::Dev].into();
    let policy = Policy { licences, drop_kinds, ..Policy::default() };
    let kept = graph.filter(&policy).expect("the workspace is the root");
    assert!(kept.index("serde").is_some() && kept.node_count() <= graph.node_count());
    assert!(kept.node_count() > 50, "{}", kept.node_count());
}
