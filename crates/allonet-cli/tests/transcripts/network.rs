//! Networks that contradict themselves, or whose money goes astray.

use snapbox::str;

use crate::room::{PAY, Room};

#[track_caller]
fn pay(from: &str, to: &str, expected: impl snapbox::IntoData) {
    let room = Room::usual();
    room.edit("pay.allonet.toml", from, to);
    room.tells("allonet check pay.allonet.toml", expected);
}

#[track_caller]
fn round(from: &str, to: &str, expected: impl snapbox::IntoData) {
    let room = Room::usual();
    room.edit("round.allonet.toml", from, to);
    room.tells("allonet check round.allonet.toml", expected);
}

#[test]
fn an_unknown_neuron_is_guessed() {
    round(
        "to    = \"matching\"",
        "to    = \"matchng\"",
        str![[r#"
── standard error
unknown-node

  × unknown payee `matchng`
   ╭─[round.allonet.toml:9:9]
 8 │ gives = "100 USDC"
 9 │ to    = "matchng"
   ·         ────┬────
   ·             ╰── not declared anywhere
   ╰────
  help: did you mean `matching`? if not, declare it: [recipients.matchng]

1 error
── exit 3
"#]],
    );
}

#[test]
fn an_unknown_mechanism_is_guessed() {
    round(
        "\"quadratic\"",
        "\"quadratc\"",
        str![[r#"
── standard error
unknown-mechanism

  × unknown mechanism `quadratc`
    ╭─[round.allonet.toml:12:14]
 11 │ [neurons.matching]
 12 │ mechanism  = "quadratc"
    ·              ─────┬────
    ·                   ╰── here
 13 │ votes      = "votes.csv"
    ╰────
  help: did you mean `quadratic`? `allonet new --list` lists them all

1 error
── exit 3
"#]],
    );
}

#[test]
fn without_a_guess_all_mechanisms_are_named() {
    round(
        "\"quadratic\"",
        "\"retroactive\"",
        str![[r#"
── standard error
unknown-mechanism

  × unknown mechanism `retroactive`
    ╭─[round.allonet.toml:12:14]
 11 │ [neurons.matching]
 12 │ mechanism  = "retroactive"
    ·              ──────┬──────
    ·                    ╰── here
 13 │ votes      = "votes.csv"
    ╰────
  help: did you mean `retro-ballots`? `allonet new --list` lists them all

1 error
── exit 3
"#]],
    );
}

#[test]
fn an_unknown_setting_is_guessed() {
    round(
        "saturation",
        "satturation",
        str![[r#"
── standard error
unknown-key

  × unknown key `satturation` in [neurons.matching]
    ╭─[round.allonet.toml:14:1]
 13 │ votes      = "votes.csv"
 14 │ satturation = "fill"
    · ─────┬─────
    ·      ╰── not a key of this table
    ╰────
  help: did you mean `saturation`?

1 error
── exit 3
"#]],
    );
}

#[test]
fn a_setting_with_another_choice() {
    round(
        "\"fill\"",
        "\"full\"",
        str![[r#"
── standard error
bad-choice

  × `full` is no choice for `saturation`
    ╭─[round.allonet.toml:14:14]
 13 │ votes      = "votes.csv"
 14 │ saturation = "full"
    ·              ───┬──
    ·                 ╰── must be `keep` or `fill`
    ╰────
  help: did you mean `fill`?

1 error
── exit 3
"#]],
    );
}

#[test]
fn a_setting_that_is_missing() {
    round(
        "votes      = \"votes.csv\"\n",
        "",
        str![[r#"
── standard error
missing-key

  × [neurons.matching] lacks `votes`: Table of votes, columns `voter`, `project` and `amount` or
  │ their common names.
    ╭─[round.allonet.toml:11:1]
 10 │
 11 │ [neurons.matching]
    · ─────────┬────────
    ·          ╰── `votes` is missing
 12 │ mechanism  = "quadratic"
    ╰────
  help: add for example: votes = "table.csv"

1 error
── exit 3
"#]],
    );
}

#[test]
fn one_id_for_two_nodes() {
    pay(
        "alice = { title = \"Alice\" }",
        "alice = {}\ntreasury = {}",
        str![[r#"
── standard error
duplicate-id

  × `treasury` is declared twice, first at pay.allonet.toml:7:10
    ╭─[pay.allonet.toml:13:1]
 12 │ alice = {}
 13 │ treasury = {}
    · ────┬───
    ·     ╰── second time
 14 │ bob   = {}
    ╰────
  help: sources, neurons and recipients share one set of ids; rename one of them

1 error
── exit 3
"#]],
    );
}

#[test]
fn one_key_twice() {
    pay(
        "bob   = {}",
        "bob   = {}\nbob   = {}",
        str![[r#"
── standard error
duplicate-key

  × `bob` is given twice in one table
    ╭─[pay.allonet.toml:14:1]
 13 │ bob   = {}
 14 │ bob   = {}
    · ─┬─
    ·  ╰── second time
    ╰────
  help: a key stands once in a table and a [table] once in a file; join the two, or rename one

1 error
── exit 3
"#]],
    );
}

#[test]
fn one_id_twice_in_a_table() {
    let room = Room::usual().file("people.csv", "id,title\nalice,Alice\ncarla,\nalice,Al\n");
    room.edit("pay.allonet.toml", "name = \"pay\"", "name = \"pay\"\nrecipients = \"people.csv\"");
    room.edit("pay.allonet.toml", "alice = { title = \"Alice\" }\n", "");
    room.tells(
        "allonet check pay.allonet.toml",
        str![[r#"
── standard error
duplicate-id

  × `alice` is declared twice, first at people.csv:2:1
   ╭─[people.csv:4:1]
 3 │ carla,
 4 │ alice,Al
   · ──┬──
   ·   ╰── second time
   ╰────
  help: sources, neurons and recipients share one set of ids; rename one of them

1 error
── exit 3
"#]],
    );
}

#[test]
fn every_fault_is_told_at_once() {
    let room = Room::usual();
    room.edit("pay.allonet.toml", "decimals = 6", "decimals = 600");
    room.edit("pay.allonet.toml", "\"30%\"", "\"30 percent\"");
    room.edit("pay.allonet.toml", "title = ", "titel = ");
    room.tells(
        "allonet check pay.allonet.toml",
        str![[r#"
── standard error
out-of-bounds

  × `decimals` is 600, but must be 0 to 255
   ╭─[pay.allonet.toml:5:12]
 4 │ [assets.USDC]
 5 │ decimals = 600
   ·            ─┬─
   ·             ╰── must be 0 to 255
   ╰────

bad-weight

  × weight of `bob`: `30 percent` is not a weight; write a share (70%, 1/3), a number (3, 0.5) or
  │ rest
   ╭─[pay.allonet.toml:9:32]
 8 │ gives = "100 USDC"
 9 │ to    = { alice = "70%", bob = "30 percent" }
   ·                                ──────┬─────
   ·                                      ╰── here
   ╰────

unknown-key

  × unknown key `titel` in [recipients.alice]
    ╭─[pay.allonet.toml:12:11]
 11 │ [recipients]
 12 │ alice = { titel = "Alice" }
    ·           ──┬──
    ·             ╰── not a key of this table
 13 │ bob   = {}
    ╰────
  help: did you mean `title`?

3 errors
── exit 3
"#]],
    );
}

#[test]
fn faults_for_programs() {
    let room = Room::usual();
    room.edit("round.allonet.toml", "to    = \"matching\"", "to    = \"matchng\"");
    room.tells("allonet check round.allonet.toml --format json", str![[r#"
── standard error
{"code":"unknown-node","column":9,"end_column":18,"end_line":9,"file":"round.allonet.toml","help":"did you mean `matching`? if not, declare it: [recipients.matchng]","label":"not declared anywhere","line":9,"message":"unknown payee `matchng`","severity":"error"}
── exit 3
"#]]);
}

#[test]
fn a_neuron_that_nothing_reaches() {
    let spare = "[neurons.spare]\nmechanism = \"split\"\nto = { bob = 1 }\n\n[recipients]";
    let room = Room::usual();
    room.edit("pay.allonet.toml", "[recipients]", spare);
    room.tells(
        "allonet check pay.allonet.toml",
        str![[r#"
── standard error
unreached

  ⚠ no money can reach `spare`
    ╭─[pay.allonet.toml:11:10]
 10 │
 11 │ [neurons.spare]
    ·          ──┬──
    ·            ╰── here
 12 │ mechanism = "split"
    ╰────
  help: name it in the `to` of a source or neuron, or remove it

1 warning
── standard output
network     pay
assets      USDC (6 decimals)
sources     treasury: 100.00 USDC
neurons     1: 1 split
recipients  2
edges       3 of value, 0 of signals; depth 1, fan-out up to 2
loops       none
epochs      1
promises    none
inputs      pay.allonet.toml (236 bytes, blake3 [HASH])
rules       spare: Fixed split — payout = money · weight / Σ weights, to bob 1
the network runs, with 1 warning
── exit 0
"#]],
    );
    room.done("allonet run pay.allonet.toml");
}

/// Two neurons that pay each other.
const LOOP: &str = r#"[network]
name = "loop"

[assets.USDC]
decimals = 6

[sources.treasury]
gives = "100 USDC"
to    = "north"

[neurons.north]
mechanism = "split"
to        = { south = "50%", alice = "50%" }

[neurons.south]
mechanism = "split"
to        = { north = "50%", alice = "50%" }

[recipients.alice]
"#;

#[test]
fn money_that_can_never_leave_a_loop() {
    let room = Room::new().file("loop.allonet.toml", LOOP);
    room.done("allonet check loop.allonet.toml");
    room.edit("loop.allonet.toml", "south = \"50%\", alice = \"50%\"", "south = 1");
    room.edit("loop.allonet.toml", "north = \"50%\", alice = \"50%\"", "north = 1");
    room.edit("loop.allonet.toml", "to    = \"north\"", "to    = { north = 1, alice = 1 }");
    room.tells(
        "allonet check loop.allonet.toml",
        str![[r#"
── standard error
trapped-money

  × money that enters the loop `north`, `south` can never leave it
    ╭─[loop.allonet.toml:11:10]
 10 │
 11 │ [neurons.north]
    ·          ──┬──
    ·            ╰── here
 12 │ mechanism = "split"
    ╰────
  help: let one of them keep a share (retain = "10%") or pay somebody outside the loop

1 error
── exit 3
"#]],
    );
}

#[test]
fn a_loop_through_a_rule_needs_a_delay() {
    let rule = "mechanism = \"quadratic\"\nvotes     = \"votes.csv\"\n";
    let room = Room::new()
        .file("loop.allonet.toml", LOOP)
        .file("votes.csv", "voter,project,amount\nann,north,4\nben,north,9\n");
    let split = "mechanism = \"split\"\nto        = { north = \"50%\", alice = \"50%\" }\n";
    room.edit("loop.allonet.toml", split, rule);
    room.tells(
        "allonet check loop.allonet.toml",
        str![[r#"
── standard error
undelayed-loop

  × the loop south → north → south has no delay, and `south` does not divide by fixed weights
    ╭─[loop.allonet.toml:15:10]
 14 │
 15 │ [neurons.south]
    ·          ──┬──
    ·            ╰── this neuron waits for itself
 16 │ mechanism = "quadratic"
    ╰────
  help: let one of these edges arrive in the next epoch: south → north, north → south; for
        example:
        [[edges]]
        from = "south"
        to = "north"
        delay = 1

1 error
── exit 3
"#]],
    );
    let delay = "\n[[edges]]\nfrom  = \"north\"\nto    = \"south\"\ndelay = 1\n";
    room.edit("loop.allonet.toml", "[recipients.alice]\n", &format!("[recipients.alice]\n{delay}"));
    room.done("allonet check loop.allonet.toml");
}

#[test]
fn a_modifier_of_an_edge_that_is_not_there() {
    let edge = "[[edges]]\nfrom = \"treasury\"\nto = \"bob\"\ndelay = 1\n\n\
                [[edges]]\nfrom = \"bob\"\nto = \"alice\"\ndelay = 1\n";
    let room = Room::new().file("pay.allonet.toml", format!("{PAY}\n{edge}"));
    room.tells(
        "allonet check pay.allonet.toml",
        str![[r#"
── standard error
unknown-edge

  × no money flows from `bob` to `alice`
    ╭─[pay.allonet.toml:22:6]
 21 │ from = "bob"
 22 │ to = "alice"
    ·      ───┬───
    ·         ╰── here
 23 │ delay = 1
    ╰────
  help: [[edges]] changes an edge that a node already has

1 error
── exit 3
"#]],
    );
}

#[test]
fn a_promise_on_nobody() {
    let promise = "[[promises]]\non = \"treasuri\"\nmax_share = \"10%\"\n";
    let room = Room::new().file("pay.allonet.toml", format!("{PAY}\n{promise}"));
    room.tells(
        "allonet check pay.allonet.toml",
        str![[r#"
── standard error
unknown-node

  × unknown node `treasuri`
    ╭─[pay.allonet.toml:16:6]
 15 │ [[promises]]
 16 │ on = "treasuri"
    ·      ─────┬────
    ·           ╰── not declared anywhere
 17 │ max_share = "10%"
    ╰────
  help: did you mean `treasury`?

1 error
── exit 3
"#]],
    );
}

#[test]
fn an_address_with_a_slip() {
    let address = "0xBead000000000000000000000000000000000002";
    pay(
        "bob   = {}",
        &format!("bob   = {{ address = \"{address}\" }}"),
        str![[r#"
── standard error
bad-address

  × `0xBead000000000000000000000000000000000002` has a wrong EIP-55 checksum (letter 4 has the
  │ wrong case), so it may be mistyped; copy it again from its owner
    ╭─[pay.allonet.toml:13:21]
 12 │ alice = { title = "Alice" }
 13 │ bob   = { address = "0xBead000000000000000000000000000000000002" }
    ·                     ──────────────────────┬─────────────────────
    ·                                           ╰── here
    ╰────

1 error
── exit 3
"#]],
    );
}
