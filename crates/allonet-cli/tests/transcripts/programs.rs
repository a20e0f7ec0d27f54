//! Programs as neurons: honest ones, and all the ways in which one can fail.
#![cfg(unix)]

use snapbox::{IntoData, str};

use crate::room::Room;

const NETWORK: &str = r#"[network]
name = "crew"

[assets.USDC]
decimals = 6

[sources.treasury]
gives = "100 USDC"
to    = "crew"

[neurons.crew]
mechanism = "external"
command   = ["python3", "rule.py"]
to        = ["alice", "bob"]

[recipients]
alice = {}
bob   = {}
"#;

/// Divides evenly; what is left over stays unspent.
const EVEN: &str = r#"import json, sys
question = json.load(sys.stdin)
payouts = [
    {"to": payee, "asset": asset, "amount": str(int(amount) // len(question["payees"]))}
    for asset, amount in question["available"].items()
    for payee in question["payees"]
]
json.dump({"payouts": payouts, "state": (question["state"] or 0) + 1}, sys.stdout)
"#;

fn crew(rule: &str) -> Room {
    Room::new().with_python().file("crew.allonet.toml", NETWORK).file("rule.py", rule)
}

/// Runs a network whose neuron is this program.
#[track_caller]
fn rule(rule: &str, expected: impl IntoData) {
    let room = crew(rule);
    room.tells("allonet run crew.allonet.toml", expected);
    assert!(!room.path("out").exists(), "a failed run writes nothing");
}

#[test]
fn an_honest_one() {
    let room = crew(EVEN);
    room.tells(
        "allonet run crew.allonet.toml",
        str![[r#"
── standard error
note: no 0xSplits lists for USDC: they need at least two recipients with an address, found 0
note: no Drips list for USDC: no recipient has an address or is a GitHub repository
note: not in a Safe file but in not-payable.csv: 2 payouts without chain or address
── standard output
crew, 1 epoch

 #  recipient   USDC  share
 1  alice      50.00  50.0%
 2  bob        50.00  50.0%

100.00 USDC came in = 100.00 paid

6 files in out/crew, among them
  report   out/crew/report.html
  receipt  out/crew/receipt.json
check it with: allonet verify out/crew/receipt.json
── exit 0
"#]],
    );
    room.tells(
        "allonet verify out/crew/receipt.json",
        str![[r#"
── standard output
PASS out/crew/receipt.json
recomputed from 1 input file; 100.00 USDC and 5 output files are as they should be
── exit 0
"#]],
    );
    room.tells(
        "allonet verify out/crew/receipt.json --rerun-programs",
        str![[r#"
── standard output
PASS out/crew/receipt.json
recomputed from 1 input file; 100.00 USDC and 5 output files are as they should be
── exit 0
"#]],
    );
}

#[test]
fn what_was_answered_cannot_be_changed() {
    let room = crew(EVEN);
    room.done("allonet run crew.allonet.toml");
    room.edit("out/crew/programs.jsonl", "50000000", "50000001");
    room.tells(
        "allonet verify out/crew/receipt.json",
        str![[r#"
── standard error
bad-answer

  × `crew` refuses in epoch 0: the answer of `crew`'s program, `payouts[1]`: it would pay 50000000
  │ base units of USDC to `bob`, but only 49999999 of its 100000000 are left
    ╭─[crew.allonet.toml:11:10]
 10 │
 11 │ [neurons.crew]
    ·          ──┬─
    ·            ╰── this neuron refuses
 12 │ mechanism = "external"
    ╰────

1 error
── standard output
FAIL out/crew/receipt.json
── exit 1
"#]],
    );
}

#[test]
fn a_program_that_has_changed_since() {
    let room = crew(EVEN);
    room.done("allonet run crew.allonet.toml");
    room.edit("rule.py", "// len", "// 2 // len");
    room.done("allonet verify out/crew/receipt.json");
    room.tells(
        "allonet verify out/crew/receipt.json --rerun-programs",
        str![[r#"
── standard error
receipt-differs

  × receipt.json: epochs[0].flows[0].amount should be 25000000, found 50000000

output-differs

  × merkle-usdc.json, line 1, column [..]: should be
...

output-differs

  × not-payable.csv, line 2, column 12: should be `alice,USDC,25000000,no-chain`, found
  │ `alice,USDC,50000000,no-chain`

output-differs

  × payouts.csv, line 2, column 14: should be `alice,,,USDC,25.000000,25000000,0.50000000`, found
  │ `alice,,,USDC,50.000000,50000000,0.50000000`

output-differs

  × programs.jsonl, line 1, column [..]: should be[..]
...

output-differs

  × report.html, line [..], column [..]: should be
...

6 errors
── standard output
FAIL out/crew/receipt.json
── exit 1
"#]],
    );
}

#[test]
fn a_run_goes_on_after_a_stop() {
    let room = crew(EVEN);
    room.edit("crew.allonet.toml", "name = \"crew\"", "name = \"crew\"\nepochs = 3");
    room.edit("crew.allonet.toml", "gives = ", "every_epoch = true\ngives = ");
    room.done("allonet run crew.allonet.toml --out whole");
    room.done("allonet run crew.allonet.toml --before-epoch 1 --out part");
    room.done("allonet run crew.allonet.toml --resume part/state.json --out rest");
    room.done("allonet verify rest/receipt.json");
    room.same("whole", "rest");
    std::fs::remove_file(room.path("part/programs.jsonl")).unwrap();
    room.tells(
        "allonet run crew.allonet.toml --resume part/state.json",
        str![[r#"
── standard error
no-file

  × cannot read `part/programs.jsonl`: not found
  help: it stands beside the state and belongs to it
── exit 3
"#]],
    );
}

#[test]
fn programs_may_be_forbidden() {
    crew(EVEN).tells(
        "allonet run crew.allonet.toml --no-programs",
        str![[r#"
── standard error
no-programs

  × `crew` asks for a program, and none may run here
    ╭─[crew.allonet.toml:13:13]
 12 │ mechanism = "external"
 13 │ command   = ["python3", "rule.py"]
    ·             ───────────┬──────────
    ·                        ╰── here
 14 │ to        = ["alice", "bob"]
    ╰────

1 error
── exit 3
"#]],
    );
}

#[test]
fn one_that_hangs() {
    let room = crew("import time\ntime.sleep(600)\n");
    room.edit("crew.allonet.toml", "to        = [", "time_limit = 300\nto = [");
    room.tells(
        "allonet run crew.allonet.toml",
        str![[r#"
── standard error
program-too-slow

  × `crew` refuses in epoch 0: the program of `crew` took longer than 300 ms
    ╭─[crew.allonet.toml:11:10]
 10 │
 11 │ [neurons.crew]
    ·          ──┬─
    ·            ╰── this neuron refuses
 12 │ mechanism = "external"
    ╰────
  help: make it faster, or raise `time_limit`

1 error
── exit 4
"#]],
    );
}

#[test]
fn one_that_spends_more_than_there_is() {
    rule(
        r#"print('{"payouts": [{"to": "alice", "amount": "60000000"}, {"to": "bob", "amount": "40000001"}]}')"#,
        str![[r#"
── standard error
bad-answer

  × `crew` refuses in epoch 0: the answer of `crew`'s program, `payouts[1]`: it would pay 40000001
  │ base units of USDC to `bob`, but only 40000000 of its 100000000 are left
    ╭─[crew.allonet.toml:11:10]
 10 │
 11 │ [neurons.crew]
    ·          ──┬─
    ·            ╰── this neuron refuses
 12 │ mechanism = "external"
    ╰────

1 error
── exit 4
"#]],
    );
}

#[test]
fn one_that_pays_a_stranger() {
    rule(
        r#"print('{"payouts": [{"to": "mallory", "amount": "1"}]}')"#,
        str![[r#"
── standard error
bad-answer

  × `crew` refuses in epoch 0: the answer of `crew`'s program, `payouts[0].to`: found "mallory";
  │ write one of the question's `payees`
    ╭─[crew.allonet.toml:11:10]
 10 │
 11 │ [neurons.crew]
    ·          ──┬─
    ·            ╰── this neuron refuses
 12 │ mechanism = "external"
    ╰────
  help: known here: `alice`, `bob`

1 error
── exit 4
"#]],
    );
}

#[test]
fn one_that_pays_in_numbers() {
    rule(
        r#"print('{"payouts": [{"to": "alice", "amount": 1.5}]}')"#,
        str![[r#"
── standard error
bad-answer

  × `crew` refuses in epoch 0: the answer of `crew`'s program, `payouts[0].amount`: found 1.5;
  │ write a text of digits below 2^256 without leading zeros, in base units: "1500"
    ╭─[crew.allonet.toml:11:10]
 10 │
 11 │ [neurons.crew]
    ·          ──┬─
    ·            ╰── this neuron refuses
 12 │ mechanism = "external"
    ╰────

1 error
── exit 4
"#]],
    );
}

#[test]
fn one_that_prints_garbage() {
    rule(
        "print('thinking ...')",
        str![[r#"
── standard error
bad-answer

  × `crew` refuses in epoch 0: the answer of `crew`'s program is no JSON object: expected ident at
  │ line 1 column 2; it begins `thinking ...`
    ╭─[crew.allonet.toml:11:10]
 10 │
 11 │ [neurons.crew]
    ·          ──┬─
    ·            ╰── this neuron refuses
 12 │ mechanism = "external"
    ╰────
  help: print one JSON object such as {"payouts": []}, and nothing else

1 error
── exit 4
"#]],
    );
}

#[test]
fn one_that_prints_nothing() {
    rule(
        "",
        str![[r#"
── standard error
bad-answer

  × `crew` refuses in epoch 0: the answer of `crew`'s program is empty
    ╭─[crew.allonet.toml:11:10]
 10 │
 11 │ [neurons.crew]
    ·          ──┬─
    ·            ╰── this neuron refuses
 12 │ mechanism = "external"
    ╰────
  help: print one JSON object such as {"payouts": []}, and nothing else

1 error
── exit 4
"#]],
    );
}

#[test]
fn one_that_prints_too_much() {
    let room = crew("print('x' * 5000)");
    room.edit("crew.allonet.toml", "to        = [", "answer_limit = 4096\nto = [");
    room.tells(
        "allonet run crew.allonet.toml",
        str![[r#"
── standard error
answer-too-long

  × `crew` refuses in epoch 0: the answer of `crew`'s program has more than the 4096 bytes allowed
    ╭─[crew.allonet.toml:11:10]
 10 │
 11 │ [neurons.crew]
    ·          ──┬─
    ·            ╰── this neuron refuses
 12 │ mechanism = "external"
    ╰────
  help: shorten it, or raise `answer_limit`

1 error
── exit 4
"#]],
    );
}

#[test]
fn one_that_fails() {
    rule(
        "import sys\nsys.exit('no weights today')",
        str![[r#"
── standard error
program-failed

  × `crew` refuses in epoch 0: the program of `crew` failed: exit status: 1; it said:
  │ no weights today
    ╭─[crew.allonet.toml:11:10]
 10 │
 11 │ [neurons.crew]
    ·          ──┬─
    ·            ╰── this neuron refuses
 12 │ mechanism = "external"
    ╰────

1 error
── exit 4
"#]],
    );
}

#[test]
fn one_that_says_no() {
    rule(
        r#"print('{"error": "the jury has not voted"}')"#,
        str![[r#"
── standard error
program-refuses

  × `crew` refuses in epoch 0: the program of `crew` refuses: the jury has not voted
    ╭─[crew.allonet.toml:11:10]
 10 │
 11 │ [neurons.crew]
    ·          ──┬─
    ·            ╰── this neuron refuses
 12 │ mechanism = "external"
    ╰────

1 error
── exit 4
"#]],
    );
}

#[test]
fn one_that_is_not_there() {
    let room = crew(EVEN);
    room.edit("crew.allonet.toml", "[\"python3\", \"rule.py\"]", "[\"no-such-program\"]");
    room.tells(
        "allonet check crew.allonet.toml",
        str![[r#"
── standard error
no-program

  × there is no program `no-such-program` on the search path
    ╭─[crew.allonet.toml:13:13]
 12 │ mechanism = "external"
 13 │ command   = ["no-such-program"]
    ·             ─────────┬─────────
    ·                      ╰── this program
 14 │ to        = ["alice", "bob"]
    ╰────
  help: install it, or write its path from the folder of the network file

1 error
── exit 3
"#]],
    );
    room.edit("crew.allonet.toml", "no-such-program", "rule.py");
    room.tells(
        "allonet check crew.allonet.toml",
        str![[r#"
── standard error
no-program

  × there is no program `rule.py` on the search path
    ╭─[crew.allonet.toml:13:13]
 12 │ mechanism = "external"
 13 │ command   = ["rule.py"]
    ·             ─────┬─────
    ·                  ╰── this program
 14 │ to        = ["alice", "bob"]
    ╰────
  help: write "./rule.py" for the file beside the network file, or name its interpreter

1 error
── exit 3
"#]],
    );
    room.edit("crew.allonet.toml", "rule.py", "./rule.py");
    room.tells(
        "allonet check crew.allonet.toml",
        str![[r#"
── standard error
no-program

  × `./rule.py` may not be run
    ╭─[crew.allonet.toml:13:13]
 12 │ mechanism = "external"
 13 │ command   = ["./rule.py"]
    ·             ──────┬──────
    ·                   ╰── this program
 14 │ to        = ["alice", "bob"]
    ╰────
  help: mark it as a program: chmod +x ./rule.py; or name its interpreter

1 error
── exit 3
"#]],
    );
    room.edit("crew.allonet.toml", "./rule.py", "./rules.py");
    room.tells(
        "allonet check crew.allonet.toml",
        str![[r#"
── standard error
no-program

  × there is no program `./rules.py`
    ╭─[crew.allonet.toml:13:13]
 12 │ mechanism = "external"
 13 │ command   = ["./rules.py"]
    ·             ───────┬──────
    ·                    ╰── this program
 14 │ to        = ["alice", "bob"]
    ╰────
  help: paths of programs start from the folder of the network file

1 error
── exit 3
"#]],
    );
}

#[test]
fn a_program_that_keeps_the_protocol() {
    crew(EVEN).tells(
        "allonet check --plugin python3 -I -S rule.py",
        str![[r#"
── standard output
pass  nothing                    with no money at all it answers and pays nothing
pass  one-unit                   it divides a single base unit without paying it twice
pass  many-amounts               what it pays and retains is never more than what is available
pass  huge                       amounts of 2^255 base units stay exact: they are texts, not numbers
pass  carried-over               it may spend what was unspent before, not only the inflow
pass  several-assets             it keeps assets apart and names them by their id
pass  second-asset               it copes with money in another than the main asset
pass  later-epoch                it answers in any epoch, whether or not that has an end
pass  unknown-field              it passes over fields of the question that it does not know
pass  unknown-signal             it passes over signals that it does not know
pass  unknown-event              it passes over events whose action it does not know
pass  same-question-same-answer  the same question gets the same answer, byte for byte
pass  state-round-trip           it understands the state that it answered itself, turn after turn
pass  order-of-payees            who gets what does not depend on the order of the payees
14 of 14 cases passed
── exit 0
"#]],
    );
}

#[test]
fn a_program_that_breaks_the_protocol() {
    let careless = EVEN.replace("int(amount) // len", "float(amount) / len");
    crew(&careless).tells("allonet check --plugin python3 -I -S rule.py", str![[r#"
── standard output
fail  nothing                    with no money at all it answers and pays nothing
      asked about no money at all: the answer of `conformance`'s program, `payouts[0].amount`: found "0.0"; write a text of digits below 2^256 without leading zeros, in base units: "1500"
fail  one-unit                   it divides a single base unit without paying it twice
      asked about one base unit: the answer of `conformance`'s program, `payouts[0].amount`: found "0.3333333333333333"; write a text of digits below 2^256 without leading zeros, in base units: "1500"
fail  many-amounts               what it pays and retains is never more than what is available
      asked about 2 base units: the answer of `conformance`'s program, `payouts[0].amount`: found "0.6666666666666666"; write a text of digits below 2^256 without leading zeros, in base units: "1500"
fail  huge                       amounts of 2^255 base units stay exact: they are texts, not numbers
      asked about 2^255 base units: the answer of `conformance`'s program, `payouts[0].amount`: found "1.9298681539552698e+76"; write a text of digits below 2^256 without leading zeros, in base units: "1500"
fail  carried-over               it may spend what was unspent before, not only the inflow
      asked about 1000 base units from before: the answer of `conformance`'s program, `payouts[0].amount`: found "333.3333333333333"; write a text of digits below 2^256 without leading zeros, in base units: "1500"
fail  several-assets             it keeps assets apart and names them by their id
      asked about three assets: the answer of `conformance`'s program, `payouts[0].amount`: found "3.333333333333333e+17"; write a text of digits below 2^256 without leading zeros, in base units: "1500"
fail  second-asset               it copes with money in another than the main asset
      asked about money in the second asset: the answer of `conformance`'s program, `payouts[0].amount`: found "18.333333333333332"; write a text of digits below 2^256 without leading zeros, in base units: "1500"
fail  later-epoch                it answers in any epoch, whether or not that has an end
      asked about epoch 41: the answer of `conformance`'s program, `payouts[0].amount`: found "166.66666666666666"; write a text of digits below 2^256 without leading zeros, in base units: "1500"
fail  unknown-field              it passes over fields of the question that it does not know
      asked about 500 base units, with the unknown field `x-future`: the answer of `conformance`'s program, `payouts[0].amount`: found "166.66666666666666"; write a text of digits below 2^256 without leading zeros, in base units: "1500"
fail  unknown-signal             it passes over signals that it does not know
      asked about an unknown signal: the answer of `conformance`'s program, `payouts[0].amount`: found "166.66666666666666"; write a text of digits below 2^256 without leading zeros, in base units: "1500"
fail  unknown-event              it passes over events whose action it does not know
      asked about an unknown event: the answer of `conformance`'s program, `payouts[0].amount`: found "166.66666666666666"; write a text of digits below 2^256 without leading zeros, in base units: "1500"
pass  same-question-same-answer  the same question gets the same answer, byte for byte
fail  state-round-trip           it understands the state that it answered itself, turn after turn
      asked about epoch 0, with the state of the epoch before: the answer of `conformance`'s program, `payouts[0].amount`: found "33.333333333333336"; write a text of digits below 2^256 without leading zeros, in base units: "1500"
fail  order-of-payees            who gets what does not depend on the order of the payees
      asked about 1001 base units, with the payees in another order: the answer of `conformance`'s program, `payouts[0].amount`: found "333.6666666666667"; write a text of digits below 2^256 without leading zeros, in base units: "1500"
1 of 14 cases passed, 13 failed
── exit 1
"#]]);
}

#[test]
fn a_program_checked_for_programs() {
    let room = Room::new().file("rule.sh", "echo no\n");
    let told = room.run("allonet check --format json --plugin sh rule.sh");
    assert!(told.code == 1 && told.err.is_empty(), "{}", told.text());
    let failed = told.out.matches("\"verdict\": \"fail\"").count();
    assert!(failed > 10 && told.out.contains("\"case\": \"one-unit\""), "{}", told.out);
}

#[test]
fn a_program_to_check_that_is_not_there() {
    Room::new().tells(
        "allonet check --plugin no-such-program",
        str![[r#"
── standard error
no-program

  × there is no program `no-such-program` on the search path
  help: install it, or write its path from the folder of the network file
── exit 3
"#]],
    );
}

#[test]
fn answers_that_nobody_asked_for() {
    let room = crew(EVEN);
    room.done("allonet run crew.allonet.toml");
    let line = room.read("out/crew/programs.jsonl");
    let invented = line.replacen("\"question\":\"", "\"question\":\"f", 1);
    std::fs::write(room.path("out/crew/programs.jsonl"), line + &invented).unwrap();
    let told = room.run("allonet verify out/crew/receipt.json");
    assert_eq!(told.code, 1, "{}", told.text());
    assert!(told.err.contains("programs.jsonl, line 2, column 1: should be"), "{}", told.text());
}

#[test]
fn an_explanation_runs_a_program_only_if_it_may() {
    let room = crew(EVEN);
    room.done("allonet explain crew.allonet.toml alice");
    let told = room.run("allonet explain crew.allonet.toml alice --no-programs");
    assert!(told.code == 3 && told.err.contains("none may run here"), "{}", told.text());
    room.done("allonet run crew.allonet.toml");
    std::fs::remove_file(room.path("rule.py")).unwrap();
    room.done("allonet explain out/crew/receipt.json alice");
}
