//! Laws of whole networks with rules that vote and remember.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::PathBuf;

use allonet_core::engine::{Checkpoint, RunOptions, run};
use allonet_core::mechanism::NoOracles;
use allonet_core::money::Amount;
use allonet_core::network::{Network, Node};
use allonet_core::time::Instant;
use proptest::prelude::*;

mod support;

use support::{Files, bytes, network, run_checked};

fn files<'a>(texts: &'a [(&'a str, String)]) -> Files<'a> {
    Files { folder: PathBuf::new(), texts }
}

// A run that stops at any event and goes on ends the same.

const DAY: i64 = 86_400;
/// 2026-01-01T00:00:00Z.
const BEGIN: i64 = 1_767_225_600;
const EVENTS: usize = 150;

/// A council whose money passes rules that remember, waits on an edge and
/// steers by a late signal.
const COUNCIL: &str = r#"
    [network]
    name       = "council"
    epoch_ends = ["2026-01-31", "2026-03-02", "2026-04-01"]
    [assets.USDC]
    decimals = 6
    [assets.ETH]
    decimals = 18
    [sources.treasury]
    gives       = ["40_000 USDC", "3 ETH"]
    every_epoch = true
    to          = "council"
    # The signal that divides the bonus comes one epoch late.
    [sources.sponsor]
    gives = [{ amount = "700 USDC", epoch = 1 }, { amount = "0.01 ETH", epoch = 2 }]
    to    = "bonus"
    [neurons.council]
    mechanism = "multisig"
    owners    = ["ann", "ben", "cleo"]
    threshold = 2
    to        = ["team", "round", "shop"]
    events    = "events.jsonl"
    [neurons.team]
    mechanism = "split"
    retain    = "3%"
    to        = { dev = "2/3", council-fund = "rest" }
    [neurons.council-fund]
    mechanism = "pass-through"
    to        = "council"
    [[edges]]
    from  = "council-fund"
    to    = "council"
    delay = 1
    [neurons.round]
    mechanism = "quadratic"
    votes     = "votes.csv"
    cap       = "60%"
    [neurons.bonus]
    mechanism   = "split"
    from_signal = true
    payees      = ["garden", "park"]
    rounding    = "floor"
    [[signals]]
    from  = "round"
    to    = "bonus"
    name  = "match"
    as    = "weights"
    delay = 1
    [recipients.dev]
    [recipients.shop]
    [recipients.garden]
    [recipients.park]
"#;

const VOTES: &str = "voter,project,amount\n\
    a,garden,400\nb,garden,900\nc,garden,100\na,park,2500\nd,park,1600\ne,park,3\n";

/// A log of three months. Its events 50 and 100 come at the very end of an
/// epoch, and every fifth at the same time as the one before it.
fn log() -> Vec<(Instant, String)> {
    let owners = ["ann", "ben", "cleo"];
    let mut deeds: Vec<String> = Vec::new();
    let mut nonce = 0;
    while deeds.len() < EVENTS {
        let (first, second) = (owners[nonce % 3], owners[(nonce + 1) % 3]);
        let mut add = |actor: &str, action: &str, fields: &str| {
            deeds.push(format!(
                r#""actor": "{actor}", "action": "{action}", "nonce": {nonce}{fields}"#
            ));
        };
        match nonce % 6 {
            0 => add(
                first,
                "propose",
                r#", "transfers": [{"to": "team", "amount": "900.5 USDC"}, {"to": "shop", "amount": "0.25 ETH"}]"#,
            ),
            1 => add(first, "propose", r#", "to": "round", "amount": "350.123457 USDC""#),
            2 => {
                add(first, "propose", r#", "to": "shop", "amount": "9_999 USDC""#);
                add(first, "approve", "");
                add(second, "propose", r#", "hash": "less", "to": "round", "amount": "99 USDC""#);
                add(second, "approve", r#", "hash": "less""#);
                add(first, "approve", r#", "hash": "less""#);
            }
            3 if nonce % 12 == 3 => add(first, "add-owner", r#", "owner": "dan""#),
            3 => add(first, "remove-owner", r#", "owner": "dan""#),
            4 => {
                add(first, "propose", r#", "to": "shop", "amount": "1_000_000 USDC""#);
                add(first, "approve", "");
                add(second, "reject", "");
                add(first, "reject", "");
            }
            _ => {
                add("nobody", "approve", "");
                add(first, "propose", r#", "to": "team", "amount": "1_500 USDC""#);
            }
        }
        add(first, "approve", "");
        add(second, "approve", "");
        nonce += 1;
    }
    deeds.truncate(EVENTS);
    let dated = (0_i64..).zip(deeds).map(|(at, deed)| {
        let time = Instant::from_unix(BEGIN + (at - i64::from(at % 5 == 1)) * 3 * DAY / 5);
        (time, format!(r#"{{"time": "{time}", {deed}}}"#))
    });
    dated.collect()
}

fn council(log: &[(Instant, String)]) -> Network {
    let mut events = String::new();
    for (_, line) in log {
        writeln!(events, "{line}").expect("text takes all");
    }
    let texts = [("events.jsonl", events), ("votes.csv", VOTES.to_owned())];
    network(COUNCIL, files(&texts), &NoOracles)
}

#[test]
fn a_run_that_stops_at_any_event_ends_the_same() {
    let log = log();
    let network = council(&log);
    assert_eq!(network.warnings(), []);
    let whole = run_checked(&network);
    let last = bytes(&network, &whole);
    assert_eq!(whole.records.len(), 3);
    for id in ["dev", "shop", "garden", "park"] {
        let node = network.find(id).expect("it is declared");
        assert!((0..2).any(|asset| !whole.inflow(node, asset).is_zero()), "{id} is paid");
    }
    assert!(!whole.totals[0].in_flight.is_zero());
    let council_at = network.find("council").expect("it is declared");
    let state = String::from_utf8_lossy(whole.memory.states[&council_at].bytes()).into_owned();
    assert!(state.contains("\"nonce\":35"), "{state}");
    for (time, _) in &log {
        let options = RunOptions { until: Some(*time), ..RunOptions::default() };
        let stopped = run(&network, options).unwrap();
        // It is as if the later events had never been written.
        let earlier: Vec<_> = log.iter().filter(|(at, _)| at <= time).cloned().collect();
        let before = u32::try_from(stopped.records.len()).ok();
        let options = RunOptions { before, ..RunOptions::default() };
        let shorter = run(&council(&earlier), options).unwrap();
        assert_eq!(stopped.records, shorter.records, "until {time}");
        assert_eq!((stopped.memory.clone(), &stopped.totals), (shorter.memory, &shorter.totals));

        let state = bytes(&network, &stopped);
        let resume: Checkpoint = serde_json::from_slice(&state).expect("it was just written");
        let options = RunOptions { resume: Some(resume), ..RunOptions::default() };
        let resumed = run(&network, options).unwrap();
        assert!(bytes(&network, &resumed) == last, "stopped at {time}");
    }
}

// Changing one neuron's voters changes only its descendants.

/// Two rounds side by side; `right` also steers a sponsor by its signal.
const ROUNDS: &str = r#"
    [network]
    name   = "rounds"
    epochs = 2
    [assets.USDC]
    decimals = 6
    [assets.ETH]
    decimals = 18
    [sources.pool]
    gives       = ["900 USDC", "1 ETH"]
    every_epoch = true
    to          = { left = 2, right = 1, untouched = 1 }
    [sources.sponsor]
    gives = "100 USDC"
    to    = "bonus"
    [neurons.left]
    mechanism  = "quadratic"
    votes      = "left.csv"
    saturation = "fill"
    [neurons.right]
    mechanism  = "quadratic"
    votes      = "right.csv"
    cap        = "60%"
    saturation = "fill"
    pinch      = { share = "2%", to = "upstream" }
    [neurons.shared]
    mechanism = "split"
    retain    = "10%"
    to        = { below = "50%", beside = "rest" }
    [neurons.untouched]
    mechanism = "split"
    to        = { still = 1, quiet = 2 }
    [neurons.bonus]
    mechanism   = "split"
    from_signal = true
    payees      = ["a", "b", "shared"]
    [[signals]]
    from = "right"
    to   = "bonus"
    name = "match"
    as   = "weights"
    [recipients]
    below = {}
    beside = {}
    still = {}
    quiet = {}
    upstream = {}
    a = {}
    b = {}
"#;

fn rounds(left: &str, right: &str) -> Network {
    let texts = [("left.csv", left.to_owned()), ("right.csv", right.to_owned())];
    network(ROUNDS, files(&texts), &NoOracles)
}

const LEFT: &str = "voter,project,amount\n\
    kim,a,4\nlea,a,9\nmo,a,1\nkim,shared,16\nlea,shared,4\nkim,left-only,1\nlea,left-only,1\n";

/// A table of votes: two voters agree on a project, so that something is paid.
fn votes() -> impl Strategy<Value = String> {
    let vote = (0..6_u8, 0..3_usize, 1..1_000_u32);
    prop::collection::vec(vote, 0..12).prop_map(|votes| {
        let mut text = "voter,project,amount\nv0,shared,1\nv1,shared,2\n".to_owned();
        for (voter, project, cents) in votes {
            let project = ["a", "b", "shared"][project];
            let (units, cents) = (cents / 100, cents % 100);
            writeln!(text, "v{voter},{project},{units}.{cents:02}").expect("text takes all");
        }
        text
    })
}

/// A node with everyone whom its money or its signals can reach, by id.
fn descendants(network: &Network, id: &str) -> BTreeSet<String> {
    let mut stack = vec![network.find(id).expect("it is declared")];
    let mut found = BTreeSet::new();
    while let Some(node) = stack.pop() {
        if found.insert(network.node(node).id.to_string()) {
            stack.extend(network.legs().of(node).map(|leg| network.legs().targets[leg]));
            let heard = network.signals().iter().filter(|edge| edge.from == node);
            stack.extend(heard.map(|edge| edge.to));
        }
    }
    found
}

/// What reaches each node in each epoch, by id and asset.
fn inflows(network: &Network) -> Vec<(String, Vec<Amount>)> {
    let result = run_checked(network);
    let of = |(at, node): (usize, &Node)| {
        let flows = result.records.iter().flat_map(|record| &record.flows);
        let amounts = flows.map(|flow| flow.as_ref().map_or(Amount::ZERO, |flow| flow.inflow[at]));
        (node.id.to_string(), amounts.collect())
    };
    network.nodes().iter().enumerate().map(of).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn changing_the_voters_of_one_round_changes_only_its_descendants(
        before in votes(),
        after in votes(),
    ) {
        let (before, after) = (rounds(LEFT, &before), rounds(LEFT, &after));
        let mut reached = descendants(&before, "right");
        reached.append(&mut descendants(&after, "right"));
        let apart = |network: &Network| {
            let mut inflows = inflows(network);
            inflows.retain(|(id, _)| !reached.contains(id));
            inflows
        };
        let known = apart(&before);
        let ids: Vec<&str> = known.iter().map(|(id, _)| id.as_str()).collect();
        prop_assert_eq!(ids, ["left", "left-only", "pool", "quiet", "sponsor", "still", "untouched"]);
        prop_assert_eq!(known, apart(&after));
    }
}

#[test]
fn changing_the_voters_of_one_round_does_change_its_descendants() {
    let votes = |project: &str| {
        format!("voter,project,amount\nv0,{project},4\nv1,{project},9\nv0,b,1\nv1,b,1\n")
    };
    let (before, after) = (rounds(LEFT, &votes("a")), rounds(LEFT, &votes("shared")));
    let (before, after) = (inflows(&before), inflows(&after));
    let changed = before.iter().zip(&after).filter(|(before, after)| before != after);
    let changed: Vec<&str> = changed.map(|((id, _), _)| id.as_str()).collect();
    assert_eq!(changed, ["a", "below", "beside", "shared"]);
}
