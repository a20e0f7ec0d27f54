//! Laws of propagation, on worked examples and on thousands of random networks.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::sync::Arc;

use allonet_core::card::{Card, Family, Status};
use allonet_core::engine::{Run, RunError, RunOptions, run};
use allonet_core::fault::Fault;
use allonet_core::ledger::{Account, Ledger, plan};
use allonet_core::mechanism::{Allocation, Mechanism, Outcome, Refusal, State, Turn};
use allonet_core::money::{Amount, Asset, Share};
use allonet_core::network::{Bound, Details, Grant, Network, NetworkBuilder, NodeKind};
use proptest::prelude::*;

/// Pays by the digits of what it holds: anything but linear. Keeps a tenth for
/// good, leaves some unspent, counts its turns.
#[derive(Debug)]
struct Odd {
    payees: Vec<Arc<str>>,
}

const ODD: Card = Card {
    id: "odd",
    title: "Odd",
    family: Family::Flow,
    formula: "x² mod 7",
    status: Status::Preview { since: "0.1.0" },
    sources: &[],
    settings: &[],
    actions: &[],
    reads: &["turns"],
    emits: &["turns"],
};

impl Mechanism for Odd {
    fn card(&self) -> &'static Card {
        &ODD
    }

    fn payees(&self) -> &[Arc<str>] {
        &self.payees
    }

    fn step(&self, turn: &Turn<'_>, allocation: &mut Allocation<'_>) -> Result<Outcome, Refusal> {
        let turns: u64 = turn.state.read()?;
        let heard: f64 = turn.signals.iter().filter_map(|s| s.scores()?.get("turns")).sum();
        let available = allocation.available().clone();
        for (asset, amount) in available.iter() {
            allocation.retain(asset, Share::new(1, 10).unwrap().of(amount)?)?;
            for payee in (0_u32..).take(self.payees.len()) {
                let part = Share::new(u64::from(payee) % 3 + 1, 9).unwrap();
                let part = part.of(allocation.left().of(asset))?;
                allocation.pay(payee, asset, part, vec![])?;
            }
        }
        let scores = [("turns".to_owned(), heard + 1.0)].into();
        Ok(Outcome {
            state: State::write(&(turns + 1)),
            signals: vec![("turns", allonet_core::signal::SignalData::Scores(scores))],
            remarks: vec![],
            ..Outcome::default()
        })
    }
}

fn details(retain: Option<Share>) -> Box<Details> {
    Box::new(Details { retain, ..Details::default() })
}

fn grant(asset: usize, units: u128) -> Grant {
    Grant { epoch: 0, asset, amount: Amount::from_base(units) }
}

fn usd() -> NetworkBuilder {
    let mut builder = NetworkBuilder::new("test");
    builder.asset(Asset::new("USD", 2));
    builder
}

fn finish(builder: NetworkBuilder) -> Run {
    run(&builder.build().unwrap(), RunOptions::default()).unwrap()
}

// Worked examples.

#[test]
fn a_source_pays_two_recipients() {
    let mut builder = usd();
    let source = builder.node("pool", NodeKind::Source(vec![grant(0, 10)]), None);
    builder.node("a", NodeKind::Recipient, None);
    builder.node("b", NodeKind::Recipient, None);
    builder.edge_to(source, "a", 2, None);
    builder.edge_to(source, "b", 1, None);
    let network = builder.build().unwrap();
    let result = run(&network, RunOptions::default()).unwrap();
    assert_eq!(result.inflow(network.find("a").unwrap(), 0), Amount::from_base(7));
    assert_eq!(result.inflow(network.find("b").unwrap(), 0), Amount::from_base(3));
}

#[test]
fn retaining_nothing_a_part_and_everything() {
    for (retain, kept) in [("0%", 0), ("30%", 30), ("100%", 100)] {
        let mut builder = usd();
        let source = builder.node("pool", NodeKind::Source(vec![grant(0, 100)]), None);
        let project =
            builder.node("project", NodeKind::Fixed, Some(details(Some(retain.parse().unwrap()))));
        let next = builder.node("next", NodeKind::Recipient, None);
        builder.edge(source, project, 1);
        builder.edge(project, next, 1);
        let result = finish(builder);
        assert_eq!(result.totals[0].retained, Amount::from_base(kept), "{retain}");
        assert_eq!(result.totals[0].paid, Amount::from_base(100 - kept), "{retain}");
    }
}

/// a ⇄ b, a keeps half of what passes.
fn pair(units: u128) -> NetworkBuilder {
    let mut builder = usd();
    let source = builder.node("pool", NodeKind::Source(vec![grant(0, units)]), None);
    let a = builder.node("a", NodeKind::Fixed, Some(details(Some(Share::new(1, 2).unwrap()))));
    let b = builder.node("b", NodeKind::Fixed, None);
    let out = builder.node("out", NodeKind::Recipient, None);
    builder.edge(source, a, 1);
    builder.edge(a, b, 1);
    builder.edge(b, a, 1);
    builder.edge(b, out, 2);
    builder
}

#[test]
fn two_that_fund_each_other() {
    // x_a = 100 + x_b/3, x_b = x_a/2: x_a = 120, x_b = 60, out = 40, kept = 60.
    let network = pair(100).build().unwrap();
    let result = run(&network, RunOptions::default()).unwrap();
    let inflow = |id| result.inflow(network.find(id).unwrap(), 0).to_u128().unwrap();
    assert_eq!((inflow("a"), inflow("b"), inflow("out")), (120, 60, 40));
    assert_eq!(result.totals[0].retained, Amount::from_base(60));
}

#[test]
fn huge_amounts_circulate_too() {
    let mut builder = usd();
    let grant = Grant { epoch: 0, asset: 0, amount: Amount::from_u256(Amount::MAX.to_u256() >> 2) };
    let source = builder.node("pool", NodeKind::Source(vec![grant]), None);
    let a = builder.node("a", NodeKind::Fixed, Some(details(Some(Share::new(1, 2).unwrap()))));
    let out = builder.node("out", NodeKind::Recipient, None);
    builder.edge(source, a, 1);
    builder.edge(a, a, 1);
    builder.edge(a, out, 1);
    let result = finish(builder);
    assert_eq!(result.totals[0].accounted(), Ok(grant.amount));
}

#[test]
fn beyond_256_bits_is_an_error() {
    let mut builder = usd();
    let most = Grant { epoch: 0, asset: 0, amount: Amount::MAX };
    let sources = ["p", "q"].map(|id| builder.node(id, NodeKind::Source(vec![most]), None));
    let out = builder.node("out", NodeKind::Recipient, None);
    for source in sources {
        builder.edge(source, out, 1);
    }
    let found = faults(builder);
    assert_eq!(found[0].message, "with `q`, 2^256 base units of USD or more come in");
}

#[test]
fn a_delayed_edge_arrives_in_the_next_epoch() {
    let mut builder = pair(100);
    builder.delay(("b", None), ("a", None), 1);
    builder.epochs(2);
    let network = builder.build().unwrap();
    let result = run(&network, RunOptions::default()).unwrap();
    // Epoch 0: a 100, b 50 of which 17 wait. Epoch 1: a gets 17.
    let a = network.find("a").unwrap() as usize;
    let at = |epoch: usize| result.records[epoch].flows[0].as_ref().unwrap().inflow[a];
    assert_eq!((at(0), at(1)), (Amount::from_base(100), Amount::from_base(17)));
    assert!(!result.totals[0].in_flight.is_zero());
}

#[test]
fn a_pinch_diverts_a_share_of_every_edge() {
    let mut builder = usd();
    let source = builder.node("pool", NodeKind::Source(vec![grant(0, 10_000)]), None);
    let a = builder.node("a", NodeKind::Recipient, None);
    let b = builder.node("b", NodeKind::Recipient, None);
    builder.node("upstream", NodeKind::Recipient, None);
    builder.edge(source, a, 3);
    builder.edge(source, b, 1);
    builder.pinch(("pool", None), None, Share::new(2, 100).unwrap(), ("upstream", None));
    let network = builder.build().unwrap();
    let result = run(&network, RunOptions::default()).unwrap();
    let inflow = |id| result.inflow(network.find(id).unwrap(), 0).to_u128().unwrap();
    assert_eq!((inflow("a"), inflow("b"), inflow("upstream")), (7_350, 2_450, 200));
}

#[test]
fn a_signal_edge_reaches_its_reader_without_money() {
    let mut builder = usd();
    let source = builder.node("pool", NodeKind::Source(vec![grant(0, 100)]), None);
    let odd = |builder: &mut NetworkBuilder, id: &str| {
        let payees = vec!["out".into()];
        builder.node(id, NodeKind::Neuron(Box::new(Odd { payees })), None)
    };
    let first = odd(&mut builder, "first");
    odd(&mut builder, "second");
    builder.edge(source, first, 1);
    builder.signal(("first", None), ("second", None), "turns", "turns", 0, None);
    let network = builder.build().unwrap();
    let result = run(&network, RunOptions::default()).unwrap();
    let second = result.records[0].rule(network.find("second").unwrap()).unwrap();
    let scores = serde_json::to_string(&second.signals).unwrap();
    assert_eq!(scores, r#"[["turns",{"turns":2.0}]]"#);
}

// Refusals.

fn faults(builder: NetworkBuilder) -> Vec<Fault> {
    builder.build().unwrap_err()
}

#[test]
fn a_loop_through_a_rule_needs_a_delay() {
    let mut builder = usd();
    let source = builder.node("pool", NodeKind::Source(vec![grant(0, 100)]), None);
    let rule = Odd { payees: vec!["back".into(), "out".into()] };
    let odd = builder.node("odd", NodeKind::Neuron(Box::new(rule)), None);
    let back = builder.node("back", NodeKind::Fixed, None);
    builder.edge(source, odd, 1);
    builder.edge(back, odd, 1);
    let found = faults(builder);
    assert_eq!(
        found[0].message,
        "the loop odd → back → odd has no delay, and `odd` does not divide by fixed weights"
    );
    assert!(found[0].help.as_ref().unwrap().contains("odd → back, back → odd"));
}

#[test]
fn money_that_can_never_leave_is_found_before_the_run() {
    let mut builder = usd();
    let source = builder.node("pool", NodeKind::Source(vec![grant(0, 100)]), None);
    let a = builder.node("a", NodeKind::Fixed, None);
    let b = builder.node("b", NodeKind::Fixed, None);
    builder.edge(source, a, 1);
    builder.edge(a, b, 1);
    builder.edge(b, a, 1);
    let found = faults(builder);
    assert_eq!(found[0].code, "trapped-money");
}

#[test]
fn an_unknown_id_is_named_with_the_likely_one() {
    let mut builder = usd();
    let source = builder.node("pool", NodeKind::Source(vec![grant(0, 100)]), None);
    builder.node("matching", NodeKind::Recipient, None);
    builder.edge_to(source, "matchng", 1, None);
    let found = faults(builder);
    assert_eq!(found[0].message, "unknown node `matchng`");
    assert_eq!(found[0].help.as_deref(), Some("did you mean `matching`?"));
}

#[test]
fn a_broken_promise_stops_the_run_and_says_by_how_much() {
    let mut builder = usd();
    let source = builder.node("pool", NodeKind::Source(vec![grant(0, 10_000)]), None);
    let a = builder.node("a", NodeKind::Recipient, None);
    let b = builder.node("b", NodeKind::Recipient, None);
    builder.edge(source, a, 3);
    builder.edge(source, b, 1);
    builder.promise(None, Bound::MaxShare("50%".parse().unwrap()), None);
    let error = run(&builder.build().unwrap(), RunOptions::default()).unwrap_err();
    assert!(matches!(error, RunError::Broken { .. }));
    assert_eq!(
        error.to_string(),
        "promise broken in epoch 0: no payee takes more than 50%, but `a` would get \
         75.00 USD of 100.00 USD"
    );
}

// Laws.

/// The shape of a random network.
#[derive(Clone, Debug)]
struct Plan {
    kinds: Vec<u8>,
    edges: Vec<(usize, usize, u64)>,
    retain: Vec<u64>,
    grants: Vec<(usize, usize, u128)>,
    delays: Vec<usize>,
    pinches: Vec<(usize, usize, u64)>,
    epochs: u32,
}

const NODES: usize = 10;

fn plans() -> impl Strategy<Value = Plan> {
    let amount = prop_oneof![0_u128..50, 0_u128..1 << 40, any::<u128>().prop_map(|u| u >> 8)];
    (
        prop::collection::vec(0_u8..4, NODES),
        prop::collection::vec((0..NODES, 0..NODES, 1_u64..1000), 0..30),
        prop::collection::vec(prop_oneof![Just(0_u64), 0_u64..=100], NODES),
        prop::collection::vec((0..NODES, 0_usize..2, amount), 1..5),
        prop::collection::vec(0_usize..30, 0..6),
        prop::collection::vec((0..NODES, 0..NODES, 1_u64..100), 0..3),
        1_u32..4,
    )
        .prop_map(|(kinds, edges, retain, grants, delays, pinches, epochs)| Plan {
            kinds,
            edges,
            retain,
            grants,
            delays,
            pinches,
            epochs,
        })
}

/// Kinds 0 and 1: fixed shares; 2: a rule; 3: a recipient. Rules pay only to
/// later nodes, so that loops run through fixed shares.
fn build(plan: &Plan) -> Result<Network, Vec<Fault>> {
    let mut builder = usd();
    builder.asset(Asset { chain: Some("base".into()), ..Asset::new("USD", 18) });
    builder.epochs(plan.epochs);
    let id = |node: usize| format!("n{node}");
    let out = builder.node("out", NodeKind::Recipient, None);
    let mut keys = Vec::new();
    for (node, kind) in plan.kinds.iter().enumerate() {
        let retain = Some(details(Share::new(plan.retain[node], 100)));
        let kind = match kind {
            0 | 1 => NodeKind::Fixed,
            2 => {
                let later = plan.edges.iter().filter(|(from, to, _)| *from == node && to > from);
                let mut payees: Vec<Arc<str>> = later.map(|(_, to, _)| id(*to).into()).collect();
                payees.push("out".into());
                payees.sort();
                payees.dedup();
                NodeKind::Neuron(Box::new(Odd { payees }))
            }
            _ => NodeKind::Recipient,
        };
        keys.push(builder.node(id(node), kind, retain));
    }
    for (index, (from, to, weight)) in plan.edges.iter().enumerate() {
        if plan.kinds[*from] < 2 {
            builder.edge(keys[*from], keys[*to], *weight);
            if plan.delays.contains(&index) {
                let (from, to) = (id(*from), id(*to));
                builder.delay((&from, None), (&to, None), 1);
            }
        }
    }
    keys.iter().enumerate().filter(|(at, _)| plan.kinds[*at] < 2).for_each(|(_, key)| {
        builder.edge(*key, out, 1);
    });
    for (index, (to, asset, units)) in plan.grants.iter().enumerate() {
        let source =
            builder.node(format!("s{index}"), NodeKind::Source(vec![grant(*asset, *units)]), None);
        builder.edge(source, keys[*to], 1);
    }
    for (from, to, percent) in &plan.pinches {
        if plan.kinds[*from] < 3 && from < to {
            let share = Share::new(*percent, 100).unwrap();
            let (from, to) = (id(*from), id(*to));
            builder.pinch((&from, None), None, share, (&to, None));
        }
    }
    builder.build()
}

/// Every node passes on, keeps or holds exactly what reached it.
fn check_each_node(network: &Network, result: &Run) {
    let mut ledger = Ledger::new();
    for record in &result.records {
        ledger.apply(&plan(network, result, record.epoch)).unwrap();
    }
    for (at, node) in (0_u32..).zip(network.nodes()) {
        for asset in 0..network.assets().len() {
            let held = ledger.balance(Account::Node(at), asset);
            let expected = if node.is_recipient() {
                result.inflow(at, asset)
            } else {
                let flows = result.records.iter().filter_map(|r| r.flows[asset].as_ref());
                let kept = Amount::sum(flows.map(|f| f.retained_by(at)), "test").unwrap();
                let unspent = result.memory.unspent.get(&at).map_or(Amount::ZERO, |p| p.of(asset));
                kept.add(unspent, "test").unwrap()
            };
            assert_eq!(held, expected, "{} asset {asset}", node.id);
        }
    }
    for (asset, totals) in result.totals.iter().enumerate() {
        assert_eq!(totals.accounted().unwrap(), totals.brought_in);
        assert_eq!(ledger.balance(Account::InFlight, asset), totals.in_flight);
    }
}

#[test]
fn ten_thousand_random_networks_conserve_and_agree_on_one_and_two_threads() {
    let one = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    let two = rayon::ThreadPoolBuilder::new().num_threads(2).build().unwrap();
    let built = std::cell::Cell::new((0_u32, 0_u32));
    let config =
        ProptestConfig { cases: 10_000, max_global_rejects: 100_000, ..Default::default() };
    proptest!(config, |(plan in plans())| {
        let network = build(&plan);
        let (runs, loops) = built.get();
        // A loop through a rule is refused; so is a pinch that closes a loop.
        prop_assume!(network.is_ok());
        let network = network.unwrap();
        built.set((runs + 1, loops + u32::from(network.shape().loops > 0)));
        let first = one.install(|| run(&network, RunOptions::default())).unwrap();
        check_each_node(&network, &first);
        let second = two.install(|| run(&network, RunOptions::default())).unwrap();
        let bytes = |run: &Run| serde_json::to_vec(&run.checkpoint(&network)).unwrap();
        prop_assert_eq!(bytes(&first), bytes(&second));
        prop_assert_eq!(first, second);
    });
    let (runs, loops) = built.get();
    assert!(runs >= 10_000 && loops > 1_000, "{runs} networks, {loops} with loops");
}

#[test]
fn a_run_that_stops_between_epochs_ends_the_same() {
    proptest!(ProptestConfig::with_cases(500), |(plan in plans(), before in 0_u32..4)| {
        let network = build(&plan);
        prop_assume!(network.is_ok());
        let network = network.unwrap();
        let whole = run(&network, RunOptions::default()).unwrap();
        let part = RunOptions { before: Some(before), ..RunOptions::default() };
        let part = run(&network, part).unwrap();
        let text = serde_json::to_string(&part.checkpoint(&network)).unwrap();
        let resume = Some(serde_json::from_str(&text).unwrap());
        let resumed = run(&network, RunOptions { resume, ..RunOptions::default() }).unwrap();
        prop_assert_eq!(resumed, whole);
    });
}

#[test]
fn changing_one_neuron_changes_only_its_descendants() {
    // pool → left → (a, b), pool → right → (b, c): right's own rule changes.
    let with = |weight: u64| {
        let mut builder = usd();
        let source = builder.node("pool", NodeKind::Source(vec![grant(0, 1_000)]), None);
        let left = builder.node("left", NodeKind::Fixed, None);
        let right = builder.node("right", NodeKind::Fixed, None);
        for id in ["a", "b", "c"] {
            builder.node(id, NodeKind::Recipient, None);
        }
        builder.edge(source, left, 1);
        builder.edge(source, right, 1);
        for (from, to, weight) in
            [(left, "a", 1), (left, "b", 1), (right, "b", weight), (right, "c", 1)]
        {
            builder.edge_to(from, to, weight, None);
        }
        let network = builder.build().unwrap();
        let result = run(&network, RunOptions::default()).unwrap();
        ["a", "b", "c", "left", "right"].map(|id| result.inflow(network.find(id).unwrap(), 0))
    };
    let (before, after) = (with(1), with(3));
    let changed: Vec<usize> = (0..5).filter(|at| before[*at] != after[*at]).collect();
    assert_eq!(changed, [1, 2], "only b and c descend from right");
}

// Reference: the closed form (I − Wᵀ)⁻¹, by dense elimination.

#[test]
fn a_cyclic_network_pays_what_the_closed_form_says() {
    // Shares of the loop members a, b, c among themselves; the rest leaves.
    let shares: [[f64; 3]; 3] = [[0.1, 0.3, 0.2], [0.4, 0.0, 0.5], [0.2, 0.25, 0.05]];
    let units = 1_000_000_000_000_000_000_000_u128;
    let mut builder = usd();
    let source = builder.node("pool", NodeKind::Source(vec![grant(0, units)]), None);
    let keys = ["a", "b", "c"].map(|id| builder.node(id, NodeKind::Fixed, None));
    builder.edge(source, keys[0], 1);
    for (from, row) in shares.iter().enumerate() {
        let out = builder.node(format!("out-{from}"), NodeKind::Recipient, None);
        let mut left = 1_000;
        for (to, share) in row.iter().enumerate().filter(|(_, share)| **share > 0.0) {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small")]
            let weight = (share * 1_000.0).round() as u64;
            left -= weight;
            builder.edge(keys[from], keys[to], weight);
        }
        builder.edge(keys[from], out, left);
    }
    let network = builder.build().unwrap();
    let result = run(&network, RunOptions::default()).unwrap();

    // x = (I − Sᵀ)⁻¹ (1, 0, 0) by Cramer's rule.
    let m = |i: usize, j: usize| f64::from(u8::from(i == j)) - shares[j][i];
    let det = |a: [[f64; 3]; 3]| {
        a[0][0] * (a[1][1] * a[2][2] - a[1][2] * a[2][1])
            - a[0][1] * (a[1][0] * a[2][2] - a[1][2] * a[2][0])
            + a[0][2] * (a[1][0] * a[2][1] - a[1][1] * a[2][0])
    };
    let matrix = [0, 1, 2].map(|i| [m(i, 0), m(i, 1), m(i, 2)]);
    let mut paid = Amount::ZERO;
    for (column, key) in ["out-0", "out-1", "out-2"].into_iter().enumerate() {
        let mut replaced = matrix;
        for (row, entry) in [1.0, 0.0, 0.0].into_iter().enumerate() {
            replaced[row][column] = entry;
        }
        let passes = det(replaced) / det(matrix);
        let exit = 1.0 - shares[column].iter().sum::<f64>();
        let expected = passes * exit * 1e21;
        let found = result.inflow(network.find(key).unwrap(), 0);
        assert!((found.to_f64() - expected).abs() <= 1e-12 * expected, "{found} {expected}");
        paid = paid.add(found, "test").unwrap();
    }
    assert_eq!(paid, Amount::from_base(units));
}

#[test]
fn small_loops_are_exact_to_the_unit_however_large_the_amounts() {
    // x_a = T + x_b/3, x_b = x_a/2: a keeps 3/5 of T, out gets 2/5.
    for units in [5_u128.pow(40), 10_u128.pow(30) + 3, u128::MAX / 7] {
        let network = pair(units).build().unwrap();
        let result = run(&network, RunOptions::default()).unwrap();
        let out = result.inflow(network.find("out").unwrap(), 0).to_u128().unwrap();
        let exact = units / 5 * 2 + units % 5 * 2 / 5;
        assert!(out.abs_diff(exact) <= 1, "{units}: {out} {exact}");
    }
}
