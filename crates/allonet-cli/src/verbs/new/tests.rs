//! Whole plans: each must pass `check`, run, and pay what its file says.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use allonet_core::engine::{RunOptions, run};
use allonet_core::fault::SourceFile;
use allonet_core::network::Network;
use clap::Parser;

use super::plan::{Memory, Plan};
use super::*;
use crate::args::{Arguments, Verb};

fn arguments(options: &[&str]) -> NewArgs {
    let line = ["allonet", "new", "--from", "x.csv"].into_iter().chain(options.iter().copied());
    match Arguments::parse_from(line).verb {
        Verb::New(args) => args,
        other => panic!("new was asked for, not {other:?}"),
    }
}

fn told(failure: &Failure) -> String {
    let lines = failure.faults.iter().map(|fault| format!("{}: {fault}", fault.code));
    lines.collect::<Vec<_>>().join("\n")
}

/// The plan for a text, checked.
fn planned(path: &str, text: &str, options: &[&str]) -> Result<Plan, String> {
    let args = arguments(options);
    let file = SourceFile::new(path, text);
    let planned = || {
        let kind = args.kind.map_or_else(|| detect::kind(&file), Ok)?;
        refuse_useless(&args, kind)?;
        let names = names(&args, Path::new(path))?;
        super::plan(&args, kind, &file, &names)
    };
    planned().map_err(|failure| told(&failure))
}

fn network(plan: &Plan, text: &str) -> Network {
    let file = SourceFile::new("x.allonet.toml", text);
    let mut find = |path: &str| {
        let found = plan.data.iter().find(|(name, _)| name == path);
        Ok(Arc::clone(&found.expect("the plan holds its files").1))
    };
    file::read(&file, catalogue(), &mut Memory(&mut find), &NoOracles).expect("it was checked")
}

/// What the network pays, in base units of its only asset.
fn paid(plan: &Plan, text: &str) -> BTreeMap<String, String> {
    let network = network(plan, text);
    let result = run(&network, RunOptions::default()).expect("nothing refuses");
    assert_eq!(result.totals[0].brought_in, result.totals[0].accounted().unwrap());
    let nodes = (0_u32..).zip(network.nodes()).filter(|(_, node)| node.is_recipient());
    let amounts = nodes.map(|(at, node)| (node.id.to_string(), result.inflow(at, 0).to_string()));
    amounts.collect()
}

// --- Payments ---------------------------------------------------------------

#[test]
fn payments_are_paid_exactly() {
    let text =
        "from;to;amount\nann;bob;0.1\nann;cem;2\nbob;ann;7.25\nann;bob;0.25\n;cem;1\ncem;;0\n";
    let plan = planned("gifts.csv", text, &["--asset", "EUR", "--decimals", "2"]).unwrap();
    let expected = [("ann", "725"), ("bob", "35"), ("cem", "300")];
    let expected = expected.map(|(who, units)| (who.to_owned(), units.to_owned()));
    assert_eq!(paid(&plan, &plan.network), expected.into());
    assert_eq!(plan.about, "gifts: 10.60 EUR from 3 payers to 3 payees");
    let notes = plan.notes.join("\n");
    assert!(notes.contains("payer = `from`, payee = `to`, amount = `amount`"), "{notes}");
    assert!(notes.contains("6 payments in the file"), "{notes}");
    assert!(notes.contains("1 payment of nothing left out"), "{notes}");
    assert!(notes.contains("1 payment without a payer, now from `(no name)`"), "{notes}");
    assert!(notes.contains("as a payer it is `ann (payer)`"), "{notes}");
}

#[test]
fn amounts_finer_than_the_asset_are_rounded_once_and_said() {
    let text = "payer,payee,amount\na,b,0.0004\na,b,0.0002\na,c,0.0004\na,d,3\n";
    let plan = planned("x.csv", text, &["--decimals", "3"]).unwrap();
    // 0.0006 becomes 0.001, 0.0004 nothing.
    let expected = [("b", "1"), ("d", "3000")].map(|(a, b)| (a.to_owned(), b.to_owned()));
    assert_eq!(paid(&plan, &plan.network), expected.into());
    assert!(plan.notes.iter().any(|note| note.contains("2 sums with more decimals than the 3")));
    assert!(plan.notes.iter().any(|note| note.contains("1 of them to nothing")));
}

#[test]
fn digits_too_many_for_shares_stay_exact() {
    let text = "payer,payee,amount\na,b,123456789.123456789012345678\na,c,1.000000000000000001\n";
    let plan = planned("x.csv", text, &["--asset", "ETH"]).unwrap();
    let paid = paid(&plan, &plan.network);
    assert_eq!(paid["b"], "123456789123456789012345678");
    assert_eq!(paid["c"], "1000000000000000001");
}

#[test]
fn hostile_names_stay_names() {
    let text = "payer,payee,amount\n\"a\"\"]\n=\",\"b\\\",1\n";
    let told = planned("x.csv", text, &[]).unwrap_err();
    assert!(told.contains("bad-id"), "{told}");
    let text = "payer,payee,amount\n\"a\"\"].x=1#\",\"b\\,'\"\"\",1\nunnamed,#,2\n,to,3\n";
    let plan = planned("x.csv", text, &[]).unwrap();
    let paid = paid(&plan, &plan.network);
    assert_eq!(paid["b\\,'\""], "1000000");
    assert_eq!(paid["#"], "2000000");
}

#[test]
fn payments_that_cannot_be_read_are_refused_at_their_cell() {
    let text = "payer,payee,amount\na,b,1e5\na,b,-3\n";
    let told = planned("x.csv", text, &[]).unwrap_err();
    assert!(told.contains("x.csv:2:5: `1e5`") && told.contains("x.csv:3:5: `-3`"), "{told}");
    let told = planned("x.csv", "payer,payee,amount\na,b,0\n", &[]).unwrap_err();
    assert!(told.contains("holds no payment above zero"), "{told}");
    let told = planned("x.csv", "payer,payee,amount\na,b,1\n", &["--budget", "3"]).unwrap_err();
    assert!(told.contains("payments say themselves"), "{told}");
}

#[test]
fn a_public_record_of_funding_keeps_its_sum_and_its_pinch() {
    let Some(path) = allonet_testdata::data("oss-funding/funding_data.csv") else { return };
    let text = std::fs::read_to_string(path).unwrap();
    let plan = planned("funding_data.csv", &text, &["--decimals", "2"]).unwrap();
    assert!(plan.about.starts_with("funding_data: 448,389,323."), "{}", plan.about);
    let pinch = "pinch = { share = \"2%\", to = \"upstream\" }\n";
    let mut pinched = String::new();
    for line in plan.network.lines() {
        let after = if line.starts_with("gives = ") { pinch } else { "" };
        pinched.extend([line, "\n", after]);
    }
    pinched += "\n[recipients.upstream]\n";
    let upstream: u128 = paid(&plan, &pinched)["upstream"].parse().unwrap();
    assert_eq!(upstream / 100, 8_967_786);
}

// --- Votes ------------------------------------------------------------------

#[test]
fn votes_become_a_matching_pool() {
    let text = "voter,project,amount\nann,pool,4\nbob,pool,4\ncem,matching,9\n";
    let plan = planned("x.csv", text, &["--budget", "100 USDC"]).unwrap();
    assert_eq!(plan.about, "x: 100.00 USDC to match 3 votes of 3 voters for 2 projects");
    // (2 + 2)² − 8 = 8; the lone voter for `matching` moves nothing.
    let paid = paid(&plan, &plan.network);
    assert_eq!((paid["pool"].as_str(), paid["matching"].as_str()), ("8000000", "0"));
    assert!(plan.network.contains("[sources.pool-2]"), "{}", plan.network);
}

#[test]
fn amounts_of_votes_decide_the_decimals() {
    let wei = "voter,project,amount\na,p,1000000000000000000\nb,p,4000000000000000000\n";
    let plan = planned("x.csv", wei, &["--budget", "10 ETH"]).unwrap();
    assert!(plan.network.contains("amounts = \"base-units\""));
    assert_eq!(paid(&plan, &plan.network)["p"], "4000000000000000000");
    let fine = "voter,project,amount\na,p,0.123456789\n";
    let plan = planned("x.csv", fine, &[]).unwrap();
    assert!(plan.network.contains("[assets.USD]\ndecimals = 9"), "{}", plan.network);
    let told = planned("x.csv", fine, &["--budget", "10 USDC"]).unwrap_err();
    assert!(told.contains("the votes have up to 9 decimals, but USDC has 6"), "{told}");
    let told = planned("x.csv", "voter,project,amount\n", &[]).unwrap_err();
    assert!(told.contains("has no votes"), "{told}");
}

// --- Graphs -----------------------------------------------------------------

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../allonet-weights/tests/fixtures");

fn fixture(name: &str) -> String {
    std::fs::read_to_string(Path::new(FIXTURES).join(name)).unwrap()
}

#[test]
fn every_format_becomes_a_network_that_pays_its_budget() {
    for name in [
        "Cargo.lock",
        "Cargo.v1.lock",
        "bom.cdx.json",
        "github.spdx.json",
        "go.mod",
        "graph.node-link.json",
        "package-lock.v2.json",
        "package-lock.v3.json",
        "poetry.lock",
        "uv.lock",
        "weights.csv",
    ] {
        let plan = planned(name, &fixture(name), &["--name", "budget"]).expect(name);
        let paid = paid(&plan, &plan.network);
        let sum: u128 = paid.values().map(|units| units.parse::<u128>().unwrap()).sum();
        assert_eq!(sum, 10_000_000_000, "{name}");
        assert_eq!(plan.data.len(), 3);
    }
}

#[test]
fn judged_weights_and_originality_replace_structural_ones() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_string_lossy().into_owned()
    };
    let edges = "repo,parent,weight\na,app,1\nb,app,1\nc,a,1\n";
    let weights = write("w.csv", "repo,parent,weight\na,app,0.9\n");
    let own = write("o.csv", "repo,originality\na,0.25\napp,0.5\n");
    let options = ["--weights", &weights, "--originality", &own, "--budget", "1000", "--rule"];
    let plan = planned("x.csv", edges, &[&options[..], &["uniform"]].concat()).unwrap();
    // app keeps 500; a gets 450 and keeps a quarter of it; b gets 50.
    let paid = paid(&plan, &plan.network);
    let found = ["app", "a", "b", "c"].map(|id| paid[id].as_str());
    assert_eq!(found, ["500000000", "112500000", "50000000", "337500000"]);
    let bad = write("bad.csv", "repo,parent,weight\nnone,app,0.9\n");
    let told = planned("x.csv", edges, &["--weights", &bad]).unwrap_err();
    assert!(told.contains("bad.csv:2:1: the network has no `none`"), "{told}");
}

#[test]
fn roots_are_needed_and_can_be_named() {
    let circle = "repo,parent,weight\na,b,1\nb,a,1\nc,b,1\n";
    let told = planned("x.csv", circle, &[]).unwrap_err();
    assert!(told.contains("no-root") && told.contains("--root ID"), "{told}");
    let plan = planned("x.csv", circle, &["--root", "a"]).unwrap();
    assert!(plan.data[1].1.text.contains("\na,1\n"));
    let told = planned("x.csv", circle, &["--root", "aa"]).unwrap_err();
    assert!(told.contains("unknown-root"), "{told}");
    let told = planned("go.mod", "module example.com/x\n", &[]).unwrap_err();
    assert!(told.contains("--graph"), "{told}");
}

#[test]
fn what_an_importer_refuses_is_shown_at_its_place() {
    let told = planned("Cargo.lock", "version = 4\n\n[[package]]\nname = 3\n", &[]).unwrap_err();
    assert!(told.contains("Cargo.lock:"), "{told}");
    let told = planned("package-lock.json", &fixture("package-lock.v1.json"), &[]).unwrap_err();
    assert!(told.contains("lockfileVersion"), "{told}");
}

// --- Files ------------------------------------------------------------------

#[test]
fn nothing_is_overwritten_unasked() {
    let folder = tempfile::tempdir().unwrap();
    let votes = folder.path().join("votes.csv");
    let out = folder.path().join("round/spring.allonet.toml");
    std::fs::write(&votes, "voter,project,amount\na,p,1\nb,p,1\n").unwrap();
    let [from, out] = [&votes, &out].map(|path| path.to_string_lossy().into_owned());
    let ui = crate::ui::Ui::new(&Arguments::parse_from(["allonet", "new"]).common);
    let mut args = arguments(&["--out", &out]);
    args.from = Some(from.into());
    assert!(super::run(&args, &ui).is_ok());
    let names = |failure: &Failure| failure.faults[0].message.clone();
    let failure = super::run(&args, &ui).unwrap_err();
    assert!(names(&failure).contains("votes.csv`") && names(&failure).contains("is there already"));
    args.force = true;
    assert!(super::run(&args, &ui).is_ok());
    // Beside its votes the network names them where they are.
    args.out = Some(folder.path().join("near.allonet.toml"));
    args.force = false;
    assert!(super::run(&args, &ui).is_ok());
}
