//! A worked example of every construct, a table of bad files, and texts that
//! must not panic.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;

use super::{Loader, read};
use crate::card::{Absent, Action, Card, Family, Kind, Setting, Status};
use crate::fault::{Fault, Severity, SourceFile};
use crate::mechanism::{
    Allocation, Blueprint, Entry, Mechanism, NoOracles, Outcome, Refusal, Turn,
};
use crate::money::{Amount, Asset};
use crate::network::{Bound, Network, NodeKind};
use crate::weights;

// --- Two small mechanisms ---------------------------------------------------

const fn setting(name: &'static str, kind: Kind, default: Absent) -> Setting {
    Setting { name, kind, default, doc: "what it says" }
}

const fn card(id: &'static str, settings: &'static [Setting]) -> Card {
    Card {
        id,
        title: "Test",
        family: Family::Flow,
        formula: "payout = test",
        status: Status::Preview { since: "0.1.0" },
        sources: &[],
        settings,
        actions: &[],
        reads: &["weights"],
        emits: &["scores"],
    }
}

static DIVIDE: Card = card("divide", &[setting("to", Kind::Weights, Absent::Required)]);

static VOTE: Card = Card {
    actions: &[Action {
        name: "approve",
        fields: &["nonce"],
        optional: &["hash"],
        doc: "Approves a round.",
    }],
    ..card(
        "vote",
        &[
            setting("votes", Kind::File, Absent::Required),
            setting("strict", Kind::Bool, Absent::Default("true")),
            setting("seats", Kind::Integer { min: 1, max: 100 }, Absent::Default("10")),
            setting("power", Kind::Number { min: 0.0, max: 2.0 }, Absent::Default("0.5")),
            setting("floor", Kind::Share, Absent::Default("1/3")),
            setting("cap", Kind::Decimal, Absent::None("no cap")),
            setting("note", Kind::Text, Absent::Default("none")),
            setting("mode", Kind::Choice(&["plain", "quadratic"]), Absent::Default("plain")),
            setting("tags", Kind::List, Absent::Default("a, b")),
            setting("until", Kind::Time, Absent::None("for ever")),
            setting("fee_to", Kind::Text, Absent::None("no fee")),
        ],
    )
};

static CATALOGUE: [Entry; 2] =
    [Entry { card: &DIVIDE, build: divide }, Entry { card: &VOTE, build: vote }];

#[derive(Debug)]
struct Test {
    card: &'static Card,
    payees: Vec<Arc<str>>,
    weights: Option<Vec<u64>>,
}

impl Mechanism for Test {
    fn card(&self) -> &'static Card {
        self.card
    }

    fn payees(&self) -> &[Arc<str>] {
        &self.payees
    }

    fn step(&self, _: &Turn<'_>, _: &mut Allocation<'_>) -> Result<Outcome, Refusal> {
        Ok(Outcome::default())
    }

    fn fixed_weights(&self) -> Option<Vec<u64>> {
        self.weights.clone()
    }
}

fn divide(blueprint: &Blueprint<'_>) -> Result<Box<dyn Mechanism>, Vec<Fault>> {
    let to = blueprint.settings.weights("to");
    let payees = to.iter().map(|(payee, _)| payee.value.as_str().into()).collect();
    let weights = Some(weights::exact(to).map_err(|mut fault| {
        fault.place = fault.place.or_else(|| blueprint.settings.place("to"));
        vec![fault]
    })?);
    Ok(Box::new(Test { card: &DIVIDE, payees, weights }))
}

/// Each line of the file is a payee.
fn vote(blueprint: &Blueprint<'_>) -> Result<Box<dyn Mechanism>, Vec<Fault>> {
    let file = blueprint.settings.file("votes").expect("the setting is required");
    if file.text.contains("bad") {
        return Err(vec![Fault::new("bad-vote", "a bad vote")]);
    }
    let payees = file.text.lines().map(Arc::from).collect();
    Ok(Box::new(Test { card: &VOTE, payees, weights: None }))
}

// --- Reading ----------------------------------------------------------------

struct Files(BTreeMap<&'static str, &'static str>);

impl Loader for Files {
    fn load(&mut self, path: &str) -> Result<Arc<SourceFile>, Fault> {
        let text = self.0.get(path);
        let text = text.ok_or_else(|| Fault::new("no-file", format!("cannot read `{path}`")))?;
        Ok(SourceFile::new(path, *text))
    }
}

fn files() -> Files {
    Files(BTreeMap::from([
        ("votes.csv", "dave\nerin"),
        ("bad.csv", "bad"),
        (
            "people.csv",
            "id,title,address\ncarol,Carol,0x52908400098527886e0f7030069857d2e4169ee7\n",
        ),
        ("twice.csv", "id\ncarol\nalice\ncarol\n"),
        ("wrong.csv", "id,address\ncarol,0x12\n,\n"),
        ("columns.csv", "name\ncarol\n"),
        (
            "log.jsonl",
            "{\"time\":\"2026-01-02\",\"actor\":\"x\",\"action\":\"approve\",\"nonce\":1}\n\
             {\"time\":\"2026-03-01\",\"actor\":\"x\",\"action\":\"approve\",\"nonce\":2}\n",
        ),
        (
            "bad.jsonl",
            "{\"time\":\"2026-01-02\",\"actor\":\"x\",\"action\":\"aprove\",\"nonce\":1}\n\
             {\"time\":\"2026-01-03\",\"actor\":\"x\",\"action\":\"approve\"}\n\
             {\"time\":\"2026-01-03\",\"actor\":\"x\",\"action\":\"approve\",\"nonce\":1,\"hahs\":\"y\"}\n\
             {\"time\":\"2026-01-03\",\"actor\":\"x\",\"action\":\"approve\",\"nonce\":1,\"hash\":\"y\"}\n",
        ),
        ("no.jsonl", "nonsense\n"),
    ]))
}

fn network(text: &str) -> Result<Network, Vec<Fault>> {
    read(&SourceFile::new("n.toml", text), &CATALOGUE, &mut files(), &NoOracles)
}

fn faults(text: &str) -> Vec<String> {
    network(text).map_or_else(
        |faults| faults.iter().map(ToString::to_string).collect(),
        |_| vec!["no fault".to_owned()],
    )
}

const GOOD: &str = r#"# a network with one of everything
[network]
name        = "spring"
title       = "Spring round"
description = "One of everything"
asset       = "USDC"
epoch_ends  = [2026-01-31T00:00:00Z, "2026-02-28T00:00:00+01:00"]
max_depth   = 16
recipients  = "people.csv"

[assets.ETH]
decimals = 18
[assets.USDC]
symbol   = "USD"
decimals = 6
chain    = "optimism"
address  = "0x0b2c639c533813f4aa9d7837caf62653d097ff85"

[sources.treasury]
title = "DAO treasury"
gives = ["500_000 USDC", "0.25 ETH", 7, { amount = "5", epoch = 1 }]
every_epoch = true
to    = { council = "70%", jury = { share = "rest", delay = 1, pinch = { share = "1%", to = "alice" } } }
pinch = { share = "2%", to = "upstream" }

[sources.gift]
gives = 3
to    = "council"

[neurons.council]
mechanism = "divide"
title  = "Council"
retain = "5%"
pinch  = { share = "2%", to = "upstream" }
to     = { alice = 3, "b b" = "1.5", carol = { share = 1 } }

[neurons.jury]
mechanism = "vote"
events = "log.jsonl"
votes  = "votes.csv"
seats  = 1_2
power  = 1
cap    = "10 USDC"
mode   = "quadratic"
tags   = ["x", "y"]
until  = 2026-01-31
fee_to = "alice"

[recipients.alice]
title   = "Alice"
address = "0x52908400098527886E0F7030069857D2E4169EE7"
[recipients."b b"]
[recipients.upstream]

[[edges]]
from  = "jury"
to    = "dave"
delay = 1
pinch = { share = "1/4", to = "upstream" }

[[signals]]
from  = "jury"
to    = "jury"
name  = "scores"
as    = "weights"
delay = 1

[[promises]]
on = "jury"
max_share = "10%"
max_voter_effect = "2%"
min_recipients = 2

[[promises]]
budget_min = "1 ETH"
budget_max = "500_000"
"#;

#[test]
fn one_of_everything() {
    let network = network(GOOD).unwrap();
    let names: Vec<&str> = network.nodes().iter().map(|node| &*node.id).collect();
    let expected = "alice,b b,carol,council,dave,erin,gift,jury,treasury,upstream"
        .split(',')
        .collect::<Vec<_>>();
    assert_eq!(names, expected);
    assert_eq!((network.name.as_str(), network.title.as_deref()), ("spring", Some("Spring round")));
    assert_eq!(network.description.as_deref(), Some("One of everything"));
    let assets: Vec<String> = network.assets().iter().map(Asset::id).collect();
    assert_eq!(assets, ["USD@optimism:0x0b2c639c533813f4aa9d7837caf62653d097ff85", "ETH"]);
    assert_eq!(network.epochs(), 2);
    assert_eq!(network.epoch_end(1).unwrap().to_string(), "2026-02-27T23:00:00Z");
    let node = |id: &str| network.node(network.find(id).unwrap());
    assert_eq!(node("treasury").title(), "DAO treasury");
    assert_eq!(node("carol").title(), "Carol");
    assert_eq!(node("carol").address(), node("alice").address());
    assert_eq!(node("council").retain().to_string(), "5%");
    assert_eq!(node("jury").events().unwrap().events().len(), 2);
    assert_eq!(node("alice").place().unwrap().to_string(), "n.toml:49:13");
    assert_eq!(node("carol").place().unwrap().to_string(), "people.csv:2:1");
}

#[test]
fn grants_come_in_their_epochs() {
    let network = network(GOOD).unwrap();
    let NodeKind::Source(grants) = &network.node(network.find("treasury").unwrap()).kind else {
        panic!("the treasury is a source");
    };
    let found: Vec<(u32, usize, Amount)> =
        grants.iter().map(|grant| (grant.epoch, grant.asset, grant.amount)).collect();
    let amount = Amount::from_base;
    let plain = [(0, 500_000_000_000), (1, 250_000_000_000_000_000), (0, 7_000_000)];
    let mut expected = Vec::new();
    for (asset, units) in plain {
        expected.extend([(0, asset, amount(units)), (1, asset, amount(units))]);
    }
    expected.push((1, 0, amount(5_000_000)));
    assert_eq!(found, expected);
}

#[test]
fn weights_delays_and_pinches_become_legs() {
    let network = network(GOOD).unwrap();
    let legs = |id: &str| {
        let range = network.legs().of(network.find(id).unwrap());
        let leg = |leg: usize| {
            let target = network.node(network.legs().targets[leg]).id.to_string();
            (target, network.legs().weights[leg], network.legs().note(leg).delay)
        };
        range.map(leg).collect::<Vec<_>>()
    };
    let leg = |id: &str, weight, delay| (id.to_owned(), weight, delay);
    // 70 % and 30 %; of the first 2 % go upstream, of the second 1 % to alice.
    assert_eq!(
        legs("treasury"),
        [leg("council", 686, 0), leg("jury", 297, 1), leg("alice", 3, 0), leg("upstream", 14, 0)]
    );
    // 3 : 1.5 : 1, each less 2 %.
    let expected = [("alice", 294), ("b b", 147), ("carol", 98), ("upstream", 11)];
    assert_eq!(legs("council"), expected.map(|(id, weight)| leg(id, weight, 0)));
    let note = network.legs().note(network.legs().of(network.find("jury").unwrap()).start);
    assert_eq!((note.delay, note.pinch.unwrap().0.to_string().as_str()), (1, "25%"));
}

#[test]
fn joins_are_read() {
    let network = network(GOOD).unwrap();
    let [signal] = network.signals() else { panic!("there is one signal") };
    assert_eq!((signal.name.as_str(), signal.heard_as.as_str()), ("scores", "weights"));
    assert_eq!(signal.delay, 1);
    let jury = network.find("jury");
    let bounds: Vec<String> = network
        .promises()
        .iter()
        .map(|promise| format!("{:?} {}", promise.on == jury, promise.bound.show(network.assets())))
        .collect();
    assert_eq!(
        bounds,
        [
            "true no payee takes more than 10%",
            "true no voter moves more than 2%",
            "true at least 2 recipients are paid",
            "false at least 1.00 ETH comes in",
            "false at most 500,000.00 USD comes in",
        ]
    );
    assert!(matches!(network.promises()[3].bound, Bound::BudgetMin { asset: 1, .. }));
}

#[test]
fn settings_are_recorded_as_they_run() {
    let network = network(GOOD).unwrap();
    let settings = |id: &str| {
        let node = network.node(network.find(id).unwrap());
        let settings = &node.details.as_ref().unwrap().settings;
        settings.iter().map(|(name, text)| format!("{name}={text}")).collect::<Vec<_>>().join("; ")
    };
    assert_eq!(
        settings("jury"),
        "cap=10; fee_to=alice; floor=1/3; mode=quadratic; note=none; power=1; seats=12; \
         strict=true; tags=[\"x\",\"y\"]; until=2026-01-31T00:00:00Z; votes=votes.csv"
    );
    assert_eq!(settings("council"), r#"to={"alice":"3","b b":"1.5","carol":"1"}"#);
}

#[test]
fn what_may_not_be_as_meant_is_a_warning() {
    let text = format!("{GOOD}[[edges]]\nfrom = \"jury\"\nto = \"erin\"\n");
    let network = network(&text).unwrap();
    let warnings: Vec<String> = network.warnings().iter().map(ToString::to_string).collect();
    assert_eq!(
        warnings,
        [
            "log.jsonl:2:1: this event is later than the end of the last epoch, \
             2026-02-27T23:00:00Z (no turn will see it; add an epoch, or remove it)",
            "n.toml:77:1: this edge has neither a delay nor a pinch (it changes nothing: add \
             delay = 1, or remove it)",
        ]
    );
    assert!(network.warnings().iter().all(|fault| fault.severity == Severity::Warning));
}

#[test]
fn byte_order_mark_and_carriage_returns_do_no_harm() {
    let text = format!("\u{feff}{}", GOOD.replace('\n', "\r\n"));
    assert_eq!(network(&text).unwrap().nodes().len(), network(GOOD).unwrap().nodes().len());
    let faults = faults(&text.replace("max_depth", "max_deep"));
    assert_eq!(
        faults,
        ["n.toml:8:1: unknown key `max_deep` in [network] (did you mean `max_depth`?)"]
    );
}

#[test]
fn a_delay_beyond_the_longest_run_is_refused() {
    let more = "[recipients.alice]\n[[edges]]\nfrom = \"jury\"\nto = \"dave\"\ndelay = ";
    for (delay, bad) in [(0_u64, false), (10_000, false), (10_001, true), (4_294_967_295, true)] {
        let found = faults(&SMALL.replace("[recipients.alice]", &format!("{more}{delay}")));
        let expected = format!("`delay` is {delay}, but must be 0 to 10000");
        assert_eq!(found.iter().any(|fault| fault.contains(&expected)), bad, "{found:?}");
    }
}

#[test]
fn the_name_of_a_network_stays_in_its_folder() {
    for good in ["n", "Spring round 2026", "grüne-wiese", "春", "v1.2_b", ".x"] {
        assert_eq!(super::name_problem(good), None, "{good}");
    }
    let long = "x".repeat(101);
    let bad =
        ["", ".", "..", "...", "../../x", "/tmp/x", "a/b", "a\\b", "C:", "a\u{7}", " a", &long];
    for bad in bad {
        assert!(super::name_problem(bad).is_some(), "{bad}");
    }
    let found = faults(&SMALL.replace("\"n\"", "\"../../x\""));
    assert!(
        found[0]
            .starts_with("n.toml:2:8: `../../x` is no name of a network: it has the character `/`"),
        "{found:?}"
    );
}

// --- Bad files --------------------------------------------------------------

const SMALL: &str = r#"[network]
name = "n"

[assets.USDC]
decimals = 6

[sources.treasury]
gives = "100 USDC"
to = "council"

[neurons.council]
mechanism = "divide"
to = { alice = 1 }

[neurons.jury]
mechanism = "vote"
votes = "votes.csv"

[recipients.alice]
"#;

/// What is replaced in the small file, by what, and the faults that follow.
const BAD: &[(&str, &str, &[&str])] = &[
    // Text that is no TOML.
    (
        r#"to = "council""#,
        "to = council",
        &[r#"n.toml:9:6: `council` must stand in quotes (write "council")"#],
    ),
    (
        r#"to = "council""#,
        "to =",
        &["n.toml:9:5: this key has no value (write a value behind the `=`)"],
    ),
    (
        r#"gives = "100 USDC""#,
        "gives = 100%\nto = x",
        &[
            r#"n.toml:8:9: `100%` must stand in quotes (write "100%")"#,
            r#"n.toml:9:6: `x` must stand in quotes (write "x")"#,
            "n.toml:10:1: `to` is given twice in one table (a key stands once in a table and a [table] once in a file; join the two, or rename one)",
        ],
    ),
    (
        r#"name = "n""#,
        "name = \"n\"\nname = \"m\"",
        &[
            "n.toml:3:1: `name` is given twice in one table (a key stands once in a table and a [table] once in a file; join the two, or rename one)",
        ],
    ),
    (
        "[recipients.alice]",
        "[recipients.alice]\n[recipients.alice]",
        &[
            "n.toml:20:13: `alice` is given twice in one table (a key stands once in a table and a [table] once in a file; join the two, or rename one)",
        ],
    ),
    (
        "to = { alice = 1 }",
        "to = { alice = 1\n[x]\ny = 2",
        &[
            "n.toml:14:1: this is not TOML: missing key for inline table element, expected `,` (close every { and [, with commas between what they hold)",
        ],
    ),
    (
        r#"name = "n""#,
        "name",
        &["n.toml:2:5: this is not TOML: key with no value, expected `=` (write: key = value)"],
    ),
    (
        r#"name = "n""#,
        "name = \"n\nx = 1",
        &[
            r#"n.toml:2:10: this is not TOML: invalid basic string, expected `"` (a network file is TOML, see https://toml.io)"#,
        ],
    ),
    // [network].
    (
        "[network]\nname = \"n\"",
        "",
        &[
            r#"n.toml:1:1: the file has no table [network] (begin with: [network] name = "spring-round")"#,
        ],
    ),
    (
        r#"name = "n""#,
        "",
        &[r#"n.toml:1:1: [network] lacks `name` (add for example: name = "spring-round")"#],
    ),
    (
        r#"name = "n""#,
        "name = 7",
        &[
            r#"n.toml:2:8: `name` is a whole number, but must be a text (put it in quotes: name = "7")"#,
        ],
    ),
    (
        r#"name = "n""#,
        "name = \" n\"\ntitel = \"x\"",
        &[
            "n.toml:2:8: ` n` is no name of a network: it begins or ends with a space (allowed: letters, digits, `-`, `_`, `.` and spaces between them; any text may be the `title`)",
            "n.toml:3:1: unknown key `titel` in [network] (did you mean `title`?)",
        ],
    ),
    (
        r#"name = "n""#,
        "name = \"n\"\nepochs = 0",
        &["n.toml:3:10: `epochs` is 0, but must be 1 to 10000"],
    ),
    (
        r#"name = "n""#,
        "name = \"n\"\nepochs = 10_001",
        &["n.toml:3:10: `epochs` is 10001, but must be 1 to 10000"],
    ),
    (
        r#"name = "n""#,
        "name = \"n\"\nepochs = \"3\"",
        &[
            "n.toml:3:10: `epochs` is a text, but must be a whole number (write for example epochs = 1)",
        ],
    ),
    (
        r#"name = "n""#,
        "name = \"n\"\nepochs = 2.0",
        &[
            "n.toml:3:10: `epochs` is a number with a point, but must be a whole number (write for example epochs = 1)",
        ],
    ),
    (
        r#"name = "n""#,
        "name = \"n\"\nepochs = 1\nepoch_ends = [\"2026-01-31\"]",
        &[
            "n.toml:3:10: `epochs` and `epoch_ends` are both given (remove `epochs`: it is the number of `epoch_ends`)",
        ],
    ),
    (
        r#"name = "n""#,
        "name = \"n\"\nepoch_ends = [\"2026-01-31\", \"2026-01-31T00:00:00Z\", \"soon\", 3]",
        &[
            "n.toml:3:29: this epoch ends at 2026-01-31T00:00:00Z, not after the one before (2026-01-31T00:00:00Z) (give the ends of epochs in order of time)",
            "n.toml:3:53: `soon` is not a moment; write for example 2026-01-31T18:30:00Z, 2026-01-31T18:30:00+02:00 or 2026-01-31",
            "n.toml:3:61: `epoch_ends` is a whole number, but must be a moment (write for example 2026-01-31T00:00:00Z)",
        ],
    ),
    (
        r#"name = "n""#,
        "name = \"n\"\nepoch_ends = []",
        &["n.toml:3:14: `epoch_ends` has 0 moments (allowed: 1 to 10000)"],
    ),
    (
        r#"name = "n""#,
        "name = \"n\"\nepoch_ends = [2026-01-31T10:00:00]",
        &[
            "n.toml:3:15: `2026-01-31T10:00:00` is not a moment; write for example 2026-01-31T18:30:00Z, 2026-01-31T18:30:00+02:00 or 2026-01-31",
        ],
    ),
    (
        r#"name = "n""#,
        "name = \"n\"\nasset = \"USD\"",
        &["n.toml:3:9: unknown asset `USD` (did you mean `USDC`?)"],
    ),
    (
        r#"name = "n""#,
        "name = \"n\"\nmax_depth = 0",
        &["n.toml:3:13: `max_depth` is 0, but must be 1 to 4294967295"],
    ),
    (
        r#"name = "n""#,
        "name = \"n\"\nrecipients = \"none.csv\"",
        &["n.toml:3:14: cannot read `none.csv`"],
    ),
    (
        r#"name = "n""#,
        "name = \"n\"\nrecipients = \"twice.csv\"",
        &[
            "n.toml:20:13: `alice` is declared twice, first at twice.csv:3:1 (sources, neurons and recipients share one set of ids; rename one of them)",
            "twice.csv:4:1: `carol` is declared twice, first at twice.csv:2:1 (sources, neurons and recipients share one set of ids; rename one of them)",
        ],
    ),
    (
        r#"name = "n""#,
        "name = \"n\"\nrecipients = \"wrong.csv\"",
        &[
            "wrong.csv:2:7: `0x12` is not an EVM address; write 0x followed by 40 hexadecimal digits",
            "wrong.csv:3:1: `` is no id: it is empty",
        ],
    ),
    (
        r#"name = "n""#,
        "name = \"n\"\nrecipients = \"columns.csv\"",
        &[
            "columns.csv:1:1: column `id` is missing; found: name; accepted names: id (the first line of a table names its columns)",
        ],
    ),
    (
        r#"name = "n""#,
        "name = \"n\"\nrecipients = \" \"",
        &[
            r#"n.toml:3:14: `recipients` names no file (write its path next to the network file: "votes.csv")"#,
        ],
    ),
    (
        "[recipients.alice]",
        "[recipiets.alice]",
        &["n.toml:19:2: unknown table or key `recipiets` (did you mean `recipients`?)"],
    ),
    (
        "[recipients.alice]",
        "recipients.alice",
        &["n.toml:19:17: this is not TOML: key with no value, expected `=` (write: key = value)"],
    ),
    // [assets].
    (
        "[assets.USDC]\ndecimals = 6\n",
        "",
        &[
            "n.toml:1:1: the network has no asset (declare one, for example: [assets.USDC] decimals = 6)",
        ],
    ),
    (
        "decimals = 6",
        "",
        &["n.toml:4:1: [assets.USDC] lacks `decimals` (add for example: decimals = 6)"],
    ),
    ("decimals = 6", "decimals = 256", &["n.toml:5:12: `decimals` is 256, but must be 0 to 255"]),
    (
        "decimals = 6",
        "decimals = 6\naddress = \"0x12\"",
        &["n.toml:6:11: `0x12` is not an EVM address; write 0x followed by 40 hexadecimal digits"],
    ),
    (
        "decimals = 6",
        "decimals = 6\n[assets.usd]\nsymbol = \"USDC\"\ndecimals = 2",
        &[
            "n.toml:6:9: `usd` and `USDC` are the same asset USDC (give each its own symbol, chain or address)",
        ],
    ),
    // Sources.
    (
        r#""100 USDC""#,
        r#""100 USCD""#,
        &["n.toml:8:9: unknown asset `USCD` (did you mean `USDC`?)"],
    ),
    (r#""100 USDC""#, r#""100 EUR""#, &["n.toml:8:9: unknown asset `EUR` (known here: `USDC`)"]),
    (
        r#""100 USDC""#,
        r#""1.2345678 USDC""#,
        &[
            r#"n.toml:8:9: gives: `1.2345678` has 7 decimals, but the asset has 6; shorten it yourself, allonet never rounds an input (an amount is a decimal and an asset: "1_250.75 USDC")"#,
        ],
    ),
    (
        r#""100 USDC""#,
        r#""-1 USDC""#,
        &[
            r#"n.toml:8:9: gives: `-1` is negative; amounts are zero or more (an amount is a decimal and an asset: "1_250.75 USDC")"#,
        ],
    ),
    (
        r#""100 USDC""#,
        r#""1,000 USDC""#,
        &[
            r#"n.toml:8:9: gives: `1,000` is not a decimal number; write for example 1_250.75 (an amount is a decimal and an asset: "1_250.75 USDC")"#,
        ],
    ),
    (
        r#""100 USDC""#,
        r#""100USDC""#,
        &[
            r#"n.toml:8:9: gives: `100USDC` is not a decimal number; write for example 1_250.75 (an amount is a decimal and an asset: "1_250.75 USDC")"#,
        ],
    ),
    (
        r#""100 USDC""#,
        "[\"115792089237316195423570985008687907853269984665640564039457584007913129.639935\", \"0.000001 USDC\"]",
        &[
            "n.toml:7:10: with `treasury`, 2^256 base units of USDC or more come in (check the amounts, and the decimals of USDC)",
        ],
    ),
    (
        r#""100 USDC""#,
        "0.25",
        &[
            r#"n.toml:8:9: `gives` is a number with a point, but must be an amount (write it as text: gives = "0.25 USDC")"#,
        ],
    ),
    (
        r#""100 USDC""#,
        "true",
        &[
            r#"n.toml:8:9: `gives` is true or false, but must be an amount (write for example gives = "1_250.75 USDC")"#,
        ],
    ),
    (
        r#""100 USDC""#,
        "-5",
        &[
            r#"n.toml:8:9: gives: `-5` is negative; amounts are zero or more (an amount is a decimal and an asset: "1_250.75 USDC")"#,
        ],
    ),
    (
        r#""100 USDC""#,
        "[]",
        &[r#"n.toml:8:9: `gives` lists no amounts (write for example gives = ["1_000 USDC"])"#],
    ),
    (
        r#""100 USDC""#,
        r#"[{ amount = "1", epoch = 1 }, { epok = 0 }]"#,
        &[
            "n.toml:8:34: epoch 1 is beyond the last one, 0; the first is 0 (raise `epochs` in [network], or lower it)",
            r#"n.toml:8:39: `gives` lacks `amount` (add for example: amount = "1_000 USDC")"#,
            "n.toml:8:41: unknown key `epok` in `gives` (did you mean `epoch`?)",
        ],
    ),
    (
        r#"gives = "100 USDC""#,
        r#"every_epoch = "yes""#,
        &[
            r#"n.toml:7:1: [sources.treasury] lacks `gives` (add for example: gives = "1_000 USDC")"#,
            "n.toml:8:15: `every_epoch` is a text, but must be true or false (write for example every_epoch = true)",
        ],
    ),
    (
        r#"to = "council""#,
        r#"to = "counsil""#,
        &[
            "n.toml:9:6: unknown payee `counsil` (did you mean `council`? if not, declare it: [recipients.counsil])",
        ],
    ),
    (
        r#"to = "council""#,
        r#"to = { council = "70%", alice = "20%" }"#,
        &[
            r#"n.toml:9:6: the shares add up to 90%, not 100% (raise one of them, or let one payee take what is left: "rest")"#,
        ],
    ),
    (
        r#"to = "council""#,
        r#"to = { council = "50%", alice = 3 }"#,
        &[
            "n.toml:9:25: `alice` has the plain number 3, but `council` has 50% (write all weights as shares (50%, 1/3, rest) or all as plain numbers)",
        ],
    ),
    (
        r#"to = "council""#,
        r#"to = { council = "rest", alice = "rest" }"#,
        &[
            "n.toml:9:8: `alice` and `council` both take the rest (give one of them a share, such as 10%)",
        ],
    ),
    (
        r#"to = "council""#,
        "to = { council = nan, alice = inf }",
        &[
            r#"n.toml:9:18: `council` is a number with a point, but must be a weight (write it as text: council = "0.5")"#,
            r#"n.toml:9:31: `alice` is a number with a point, but must be a weight (write it as text: alice = "0.5")"#,
        ],
    ),
    (
        r#"to = "council""#,
        r#"to = { council = 0.5, alice = -1, jury = "x" }"#,
        &[
            r#"n.toml:9:18: `council` is a number with a point, but must be a weight (write it as text: council = "0.5")"#,
            "n.toml:9:31: weight of `alice`: `-1` is negative; a weight is above zero",
            "n.toml:9:42: weight of `jury`: `x` is not a weight; write a share (70%, 1/3), a number (3, 0.5) or rest",
        ],
    ),
    (
        r#"to = "council""#,
        "to = {}",
        &[
            r#"n.toml:9:6: nobody to pay is named (name at least one, for example: to = "alice" or to = { alice = 2, bob = 1 })"#,
        ],
    ),
    (
        r#"to = "council""#,
        r#"to = ["council"]"#,
        &[
            r#"n.toml:9:6: `to` is a list, but must be one payee, or a table of payees (write for example to = "alice" or to = { alice = 2, bob = 1 })"#,
        ],
    ),
    (
        r#"to = "council""#,
        r#"to = { council = { share = "70%", dely = 1 }, alice = { delay = -1 } }"#,
        &[
            "n.toml:9:35: unknown key `dely` in `council` (did you mean `delay`?)",
            r#"n.toml:9:55: `alice` lacks `share` (add for example: share = "50%")"#,
            "n.toml:9:65: `delay` is -1, but must be 0 to 10000",
        ],
    ),
    (
        r#"to = "council""#,
        "to = \"council\"\npinch = { share = \"200%\", too = \"alice\" }",
        &[
            r#"n.toml:10:9: `pinch` lacks `to` (add for example: to = "upstream")"#,
            "n.toml:10:19: share: `200%` is more than the whole; a share lies between 0% and 100%",
            "n.toml:10:27: unknown key `too` in `pinch` (did you mean `to`?)",
        ],
    ),
    (
        r#"to = "council""#,
        "to = \"council\"\npinch = \"2%\"",
        &[
            r#"n.toml:10:9: `pinch` is a text, but must be a table (write for example pinch = { share = "2%", to = "upstream" })"#,
        ],
    ),
    // Neurons and recipients.
    (
        r#"to = "council""#,
        "to = \"council\"\npinch = { share = \"2%\", to = \"upsteam\" }",
        &[
            "n.toml:10:30: unknown node `upsteam` (known here: `treasury`, `council`, `jury`, `alice`, `dave`, `erin`)",
        ],
    ),
    (
        r#"mechanism = "divide""#,
        "",
        &[
            r#"n.toml:11:1: [neurons.council] lacks `mechanism` (add for example: mechanism = "divide")"#,
        ],
    ),
    (
        r#"mechanism = "divide""#,
        "mechanism = \"divde\"\nshare = 1",
        &[
            "n.toml:12:13: unknown mechanism `divde` (did you mean `divide`? `allonet new --list` lists them all)",
        ],
    ),
    (
        r#"mechanism = "divide""#,
        "mechanism = \"divide\"\nretian = \"5%\"",
        &["n.toml:13:1: unknown key `retian` in [neurons.council] (did you mean `retain`?)"],
    ),
    (
        r#"mechanism = "divide""#,
        "mechanism = \"divide\"\nretain = 0.05",
        &[
            r#"n.toml:13:10: `retain` is a number with a point, but must be a share (write it as text: retain = "0.05")"#,
        ],
    ),
    (
        r#"mechanism = "divide""#,
        "mechanism = \"divide\"\nretain = \"half\"",
        &["n.toml:13:10: retain: `half` is not a share; write for example 12.5%, 0.125 or 1/8"],
    ),
    (
        r#"mechanism = "divide""#,
        "mechanism = \"divide\"\nevents = \"log.jsonl\"",
        &["n.toml:13:1: `divide` reads no event log (remove `events`)"],
    ),
    (
        "to = { alice = 1 }",
        "",
        &[
            "n.toml:11:1: [neurons.council] lacks `to`: what it says (add for example: to = { alice = 2, bob = 1 })",
        ],
    ),
    (
        "to = { alice = 1 }",
        "to = { bob = 1 }",
        &["n.toml:13:8: unknown payee `bob` (declare it: [recipients.bob])"],
    ),
    (
        "to = { alice = 1 }",
        r#"to = { alice = "90%" }"#,
        &[
            r#"n.toml:13:6: the shares add up to 90%, not 100% (raise one of them, or let one payee take what is left: "rest")"#,
        ],
    ),
    (r#"votes = "votes.csv""#, r#"votes = "vote.csv""#, &["n.toml:17:9: cannot read `vote.csv`"]),
    (r#"votes = "votes.csv""#, r#"votes = "bad.csv""#, &["n.toml:15:10: a bad vote"]),
    (
        r#"votes = "votes.csv""#,
        "votes = \"votes.csv\"\nseats = 101\nstrict = 1\npower = nan\nfloor = \"4\"\ncap = \"1 EUR\"",
        &[
            "n.toml:18:9: `seats` is 101, but must be 1 to 100",
            "n.toml:19:10: `strict` is a whole number, but must be true or false (write for example strict = true)",
            "n.toml:20:9: `power` is nan, but must be a number, 0 to 2",
            "n.toml:21:9: floor: `4` is more than the whole; a share lies between 0% and 100%",
            "n.toml:22:7: unknown asset `EUR` (known here: `USDC`)",
        ],
    ),
    (
        r#"votes = "votes.csv""#,
        "votes = \"votes.csv\"\nseats = 9_999_999_999_999_999_999\npower = 3\nmode = \"quadratc\"\ntags = \"x\"\nuntil = \"soon\"\nnote = 3\nfee_to = \"bob\"",
        &[
            "n.toml:18:9: `seats` is 9999999999999999999, but must be 1 to 100",
            "n.toml:19:9: `power` is 3, but must be a number, 0 to 2",
            "n.toml:20:8: `quadratc` is no choice for `mode` (did you mean `quadratic`?)",
            r#"n.toml:21:8: `tags` is a text, but must be a list (write for example tags = ["alice", "bob"])"#,
            "n.toml:22:9: `soon` is not a moment; write for example 2026-01-31T18:30:00Z, 2026-01-31T18:30:00+02:00 or 2026-01-31",
            r#"n.toml:23:8: `note` is a whole number, but must be a text (put it in quotes: note = "3")"#,
            "n.toml:24:10: unknown payee `bob` (declare it: [recipients.bob])",
        ],
    ),
    (
        r#"votes = "votes.csv""#,
        "votes = \"votes.csv\"\nevents = \"bad.jsonl\"",
        &[
            "bad.jsonl:1:1: `vote` knows no action `aprove` (did you mean `approve`?)",
            "bad.jsonl:2:1: `approve` lacks the field `nonce` (it needs `nonce`: Approves a round.)",
            "bad.jsonl:3:1: `approve` has no field `hahs` (did you mean `hash`?)",
        ],
    ),
    (
        r#"votes = "votes.csv""#,
        "votes = \"votes.csv\"\nevents = \"no.jsonl\"",
        &[
            r#"no.jsonl:1:2: this line is no event: expected ident (each line is one JSON object such as {"time": "2026-01-31T18:30:00Z", "actor": "alice", "action": "approve", "nonce": 0})"#,
        ],
    ),
    (
        "[recipients.alice]",
        "[recipients.alice]\naddress = \"0x52908400098527886E0F7030069857D2E4169Ee7\"\npinch = {}",
        &[
            "n.toml:20:11: `0x52908400098527886E0F7030069857D2E4169Ee7` has a wrong EIP-55 checksum (letter 39 has the wrong case), so it may be mistyped; copy it again from its owner",
            "n.toml:21:1: unknown key `pinch` in [recipients.alice] (known here: `title`, `address`)",
        ],
    ),
    (
        "[recipients.alice]",
        "[recipients.council]",
        &[
            "n.toml:13:8: unknown payee `alice` (declare it: [recipients.alice])",
            "n.toml:19:13: `council` is declared twice, first at n.toml:11:10 (sources, neurons and recipients share one set of ids; rename one of them)",
        ],
    ),
    // Edges, signals, promises.
    (
        "[recipients.alice]",
        r#"[recipients."a\u0007"]"#,
        &[
            "n.toml:13:8: unknown payee `alice` (declare it: [recipients.alice])",
            "n.toml:19:13: `a\\u{7}` is no id: it has a control character",
        ],
    ),
    (
        "[recipients.alice]",
        "[recipients.alice]\n[edges]\nfrom = \"a\"",
        &["n.toml:20:1: `edges` is a table, but must be a list (write for example [[edges]])"],
    ),
    (
        "[recipients.alice]",
        "[recipients.alice]\n[[edges]]\nfrom = \"jury\"\nto = \"alice\"\ndelay = 1",
        &[
            "n.toml:22:6: no money flows from `jury` to `alice` ([[edges]] changes an edge that a node already has)",
        ],
    ),
    (
        "[recipients.alice]",
        "[recipients.alice]\n[[edges]]\nfrom = \"jry\"\ndelay = \"1\"",
        &[
            r#"n.toml:20:1: [[edges]] lacks `to` (add for example: to = "matching")"#,
            "n.toml:22:9: `delay` is a text, but must be a whole number (write for example delay = 1)",
        ],
    ),
    (
        "[recipients.alice]",
        "[recipients.alice]\n[[edges]]\nfrom = \"jury\"\nto = \"dave\"\ndelay = 1\n[[edges]]\nfrom = \"jury\"\nto = \"dave\"\ndelay = 2",
        &[
            "n.toml:26:6: the edge `jury` → `dave` is changed twice, first at n.toml:22:6 (put delay and pinch together in one place)",
        ],
    ),
    (
        "[recipients.alice]",
        "[recipients.alice]\n[[signals]]\nfrom = \"jury\"\nto = \"council\"\nname = \"score\"",
        &[
            "n.toml:23:8: `jury` does not emit a signal `score` (did you mean `scores`?)",
            "n.toml:23:8: `council` does not read a signal `score` (`council` reads no signals)",
        ],
    ),
    (
        "[recipients.alice]",
        "[recipients.alice]\n[[signals]]\nfrom = \"jury\"\nto = \"cuncil\"\nname = \"scores\"\nas = \"weights\"\nlate = 1",
        &[
            "n.toml:22:6: unknown neuron `cuncil` (did you mean `council`?)",
            "n.toml:25:1: unknown key `late` in [[signals]] (known here: `from`, `to`, `name`, `as`, `delay`)",
        ],
    ),
    (
        "[recipients.alice]",
        "[recipients.alice]\n[[promises]]\non = \"jury\"",
        &[
            "n.toml:20:1: this promise bounds nothing (give one of max_share, max_voter_effect, min_recipients, budget_min, budget_max)",
        ],
    ),
    (
        "[recipients.alice]",
        "[recipients.alice]\n[[promises]]\non = \"jurry\"\nmax_share = 10\nmin_recipients = -1\nbudget_min = \"x\"",
        &[
            r#"n.toml:22:13: `max_share` is a whole number, but must be a share (write it as text: max_share = "10%")"#,
            "n.toml:23:18: `min_recipients` is -1, but must be at least 0",
            r#"n.toml:24:14: budget_min: `x` is not a decimal number; write for example 1_250.75 (an amount is a decimal and an asset: "1_250.75 USDC")"#,
        ],
    ),
    (
        "[recipients.alice]",
        "[recipients.alice]\n[[promises]]\non = \"alice\"\nmax_share = \"10%\"",
        &[
            "n.toml:22:13: `alice` cannot keep the promise that no payee takes more than 10% (it has no voters or pays nobody; put the promise on another node)",
        ],
    ),
    // Several tables at fault: nothing hides, nothing is made up.
    (
        "[network]\nname = \"n\"\n\n[assets.USDC]\ndecimals = 6",
        "[network]\nnam = \"n\"\nrecipients = \"none.csv\"\n[assets.USDC]\ndecimals = \"6\"",
        &[
            r#"n.toml:1:1: [network] lacks `name` (add for example: name = "spring-round")"#,
            "n.toml:2:1: unknown key `nam` in [network] (did you mean `name`?)",
            "n.toml:3:14: cannot read `none.csv`",
            "n.toml:5:12: `decimals` is a text, but must be a whole number (write for example decimals = 1)",
        ],
    ),
    (
        r#"votes = "votes.csv""#,
        "votes = \"bad.csv\"\n[[edges]]\nfrom = \"jury\"\nto = \"dave\"\ndelay = 1\n[[signals]]\nfrom = \"jury\"\nto = \"jry\"\nname = \"scores\"",
        &["n.toml:15:10: a bad vote", "n.toml:24:6: unknown neuron `jry` (did you mean `jury`?)"],
    ),
];

#[test]
fn each_fault_is_told_with_its_place() {
    for (found, replacement, expected) in BAD {
        assert!(SMALL.contains(found), "{found}");
        let text = SMALL.replacen(found, replacement, 1);
        assert_eq!(faults(&text), *expected, "{replacement}");
    }
}

#[test]
fn texts_that_are_no_network() {
    let starts = |text: &str, expected: &str| {
        let faults = faults(text);
        assert!(faults[0].starts_with(expected), "{faults:?}");
    };
    starts("", "n.toml:1:1: the network file is empty (a small network:\n[network]");
    starts("\u{feff} \r\n", "n.toml:1:1: the network file is empty");
    starts("# nothing\n", "n.toml:1:1: the file has no table [network]");
    starts("{\"network\": {}}", "n.toml:1:1: this is not TOML: invalid key-value pair");
    assert!(
        faults("{\"a\": 1}")[0]
            .ends_with("(this looks like JSON; a network file is TOML, see https://toml.io)")
    );
    assert!(faults("<html>\n</html>").iter().all(|fault| fault.contains("looks like a web page")));
    assert_eq!(faults(&"=\n".repeat(600_000)).len(), 1);
    assert_eq!(faults(&"=\n".repeat(1_000)).len(), 20);
    for deep in [
        format!("a{} = 1", ".a".repeat(100_000)),
        format!("[a{}]", ".a".repeat(100_000)),
        "a = ".to_owned() + &"[".repeat(100_000),
    ] {
        assert!(!faults(&deep).is_empty());
    }
}

#[test]
fn many_faults_are_counted() {
    let mut text = SMALL.to_owned();
    text.extend((0..3_000).map(|number| format!("[recipients.r{number}]\nx = 1\n")));
    let faults = faults(&text);
    assert_eq!(faults.len(), 101);
    assert_eq!(
        faults[0],
        "n.toml:21:1: unknown key `x` in [recipients.r0] (known here: `title`, `address`)"
    );
    assert_eq!(faults[100], "2900 more faults in n.toml are not shown");
}

#[test]
fn a_default_that_the_main_asset_cannot_hold_is_told() {
    static FINE: Card = card("fine", &[setting("least", Kind::Decimal, Absent::Default("0.001"))]);
    let catalogue = [Entry { card: &FINE, build: vote }];
    let text = SMALL.replace("\"divide\"\nto = { alice = 1 }", "\"fine\"").replace("= 6", "= 2");
    let file = SourceFile::new("n.toml", text);
    let faults = read(&file, &catalogue, &mut files(), &NoOracles).unwrap_err();
    assert_eq!(
        faults[0].to_string(),
        "n.toml:11:1: the default of `least`: `0.001` has 3 decimals, but the asset has 2; \
         shorten it yourself, allonet never rounds an input (set `least` yourself)"
    );
}

// --- Texts that must not panic ----------------------------------------------

/// A fault must have a place that can be printed and, in its own file, shown.
fn told(faults: &[Fault]) -> bool {
    let shown = |fault: &Fault| {
        !fault.message.is_empty()
            && fault.place.as_ref().is_none_or(|place| {
                let text = &place.file.text;
                !place.to_string().is_empty() && text.get(place.span.clone()).is_some()
            })
    };
    !faults.is_empty() && faults.iter().all(shown)
}

const SCRAPS: &[&str] = &[
    "=",
    "[",
    "]",
    "{",
    "}",
    "\"",
    "\n",
    ".",
    ",",
    "to",
    "alice",
    "rest",
    "50%",
    "1/0",
    "-1",
    "nan",
    "[[edges]]\n",
    "[neurons.x]\n",
    "mechanism = \"vote\"\n",
    "delay = 1\n",
    "\u{0}",
    "é",
    "99999999999999999999",
    "1e400",
    "2026-01-31",
    "true",
    "[]",
    "{}",
    "pinch",
    "share",
    "USDC",
];

proptest! {
    #[test]
    fn no_text_panics(text in "[a-z=\\[\\]{}\",.0-9\n# é-]{0,80}") {
        if let Err(faults) = network(&text) {
            prop_assert!(told(&faults), "{faults:?}");
        }
    }

    #[test]
    fn no_change_to_a_good_file_panics(
        edits in prop::collection::vec(
            (any::<prop::sample::Index>(), 0_usize..30, prop::sample::select(SCRAPS)), 1..4),
    ) {
        let mut text = GOOD.to_owned();
        for (at, length, scrap) in edits {
            let start = at.index(text.len() + 1);
            let end = (start + length).min(text.len());
            if text.is_char_boundary(start) && text.is_char_boundary(end) {
                text.replace_range(start..end, scrap);
            }
        }
        if let Err(faults) = network(&text) {
            prop_assert!(told(&faults), "{faults:?}");
        }
    }

    #[test]
    fn no_change_to_one_value_panics(
        line in any::<prop::sample::Index>(), value in prop::sample::select(SCRAPS),
    ) {
        let lines: Vec<&str> = GOOD.lines().collect();
        let at = line.index(lines.len());
        let changed = match lines[at].split_once('=') {
            Some((key, _)) => format!("{key} = {value}"),
            None => value.to_owned(),
        };
        let text = [&lines[..at], &[changed.as_str()], &lines[at + 1..]].concat().join("\n");
        if let Err(faults) = network(&text) {
            prop_assert!(told(&faults), "{faults:?}");
        }
    }
}
