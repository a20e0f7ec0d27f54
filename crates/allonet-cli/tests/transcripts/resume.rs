//! Runs that stop and go on.

use snapbox::str;

use crate::room::Room;

/// Three epochs of a council and of a delayed loop: what is unspent, on its way
/// or proposed goes from one to the next.
const STREAM: &str = r#"[network]
name       = "stream"
epoch_ends = ["2026-01-31", "2026-02-28", "2026-03-31"]

[assets.USDC]
decimals = 6

[sources.treasury]
gives       = "100 USDC"
every_epoch = true
to          = "council"

[neurons.council]
mechanism = "multisig"
owners    = ["ann", "ben"]
threshold = 2
to        = ["team", "alice"]
events    = "council.jsonl"

[neurons.team]
mechanism = "split"
to        = { council = "10%", bob = "rest" }

[[edges]]
from  = "team"
to    = "council"
delay = 1

[recipients]
alice = {}
bob   = {}
"#;

const COUNCIL: &str = r#"{"time":"2026-01-05","actor":"ann","action":"propose","nonce":0,"to":"team","amount":"70 USDC"}
{"time":"2026-01-06","actor":"ann","action":"approve","nonce":0}
{"time":"2026-01-07","actor":"ben","action":"approve","nonce":0}
{"time":"2026-01-08","actor":"ann","action":"propose","nonce":1,"to":"alice","amount":"120 USDC"}
{"time":"2026-01-09","actor":"ann","action":"approve","nonce":1}
{"time":"2026-02-10","actor":"ben","action":"approve","nonce":1}
{"time":"2026-03-10","actor":"ann","action":"propose","nonce":2,"to":"team","amount":"11.000001 USDC"}
{"time":"2026-03-11","actor":"ann","action":"approve","nonce":2}
{"time":"2026-03-12","actor":"ben","action":"approve","nonce":2}
"#;

fn stream() -> Room {
    Room::usual().file("stream.allonet.toml", STREAM).file("council.jsonl", COUNCIL)
}

#[test]
fn an_unfinished_run_says_how_to_go_on() {
    let room = stream();
    room.tells(
        "allonet run stream.allonet.toml --before-epoch 1",
        str![[r#"
── standard error
note: the run is not finished; go on with --resume out/stream/state.json
note: no 0xSplits lists for USDC: they need at least two recipients with an address, found 0
note: no Drips list for USDC: no recipient has an address or is a GitHub repository
note: not in a Safe file but in not-payable.csv: 1 payout without chain or address
── standard output
stream, 1 epoch

 #  recipient   USDC   share
 1  bob        63.00  100.0%

100.00 USDC came in = 63.00 paid + 30.00 unspent + 7.00 in flight

6 files in out/stream, among them
  report   out/stream/report.html
  receipt  out/stream/receipt.json
check it with: allonet verify out/stream/receipt.json
── exit 0
"#]],
    );
    room.tells(
        "allonet verify out/stream/receipt.json",
        str![[r#"
── standard output
PASS out/stream/receipt.json (before epoch 1)
recomputed from 2 input files; 100.00 USDC and 5 output files are as they should be
── exit 0
"#]],
    );
    room.tells(
        "allonet run stream.allonet.toml --resume out/stream/state.json --out all",
        str![[r#"
── standard error
note: no 0xSplits lists for USDC: they need at least two recipients with an address, found 0
note: no Drips list for USDC: no recipient has an address or is a GitHub repository
note: not in a Safe file but in not-payable.csv: 2 payouts without chain or address
── standard output
stream, 3 epochs

 #  recipient       USDC  share
 1  alice         120.00  62.2%
 2  bob        72.900001  37.8%

300.00 USDC came in = 192.900001 paid + 105.999999 unspent + 1.10 in flight

5 files in all, among them
  report   all/report.html
  receipt  all/receipt.json
check it with: allonet verify all/receipt.json
── exit 0
"#]],
    );
    room.tells(
        "allonet verify all/receipt.json",
        str![[r#"
── standard output
PASS all/receipt.json
recomputed from 2 input files; 300.00 USDC and 4 output files are as they should be
── exit 0
"#]],
    );
}

#[test]
fn wherever_a_run_stops_it_ends_with_the_same_bytes() {
    let room = stream();
    room.done("allonet run stream.allonet.toml --out whole");
    for epoch in 0..=2 {
        let (part, rest) = (format!("part{epoch}"), format!("rest{epoch}"));
        room.done(&format!("allonet run stream.allonet.toml --before-epoch {epoch} --out {part}"));
        room.done(&format!(
            "allonet run stream.allonet.toml --resume {part}/state.json --out {rest}"
        ));
        room.same("whole", &rest);
    }
    let stop = "--before-epoch 2 --resume part1/state.json --out part12";
    room.done(&format!("allonet run stream.allonet.toml {stop}"));
    room.same("part12", "part2");
}

#[test]
fn a_run_may_stop_at_a_moment() {
    let room = stream();
    room.tells(
        "allonet run stream.allonet.toml --until 2026-01-08T12:00:00Z",
        str![[r#"
── standard error
note: the run is not finished; go on with --resume out/stream/state.json
note: no 0xSplits lists for USDC: they need at least two recipients with an address, found 0
note: no Drips list for USDC: no recipient has an address or is a GitHub repository
note: not in a Safe file but in not-payable.csv: 1 payout without chain or address
── standard output
stream, 1 epoch

 #  recipient   USDC   share
 1  bob        63.00  100.0%

100.00 USDC came in = 63.00 paid + 30.00 unspent + 7.00 in flight

6 files in out/stream, among them
  report   out/stream/report.html
  receipt  out/stream/receipt.json
check it with: allonet verify out/stream/receipt.json
── exit 0
"#]],
    );
    room.done("allonet verify out/stream/receipt.json");
    room.done("allonet run stream.allonet.toml --resume out/stream/state.json --out rest");
    room.done("allonet run stream.allonet.toml --out whole");
    room.same("whole", "rest");
}

#[test]
fn an_explanation_may_be_of_one_epoch() {
    let room = stream();
    room.tells(
        "allonet explain stream.allonet.toml bob --epoch 2",
        str![[r#"
── standard output
bob

72.900001 USDC, 37.8% of all that is paid, rank 2 of 2

from team (split) in epoch 2: 9.900001 USDC
   share         +9.90  9 of 10 parts of 11.000001 USDC that `team` passes on
   rounding  +0.000001
   =          9.900001  USDC
── exit 0
"#]],
    );
    room.tells(
        "allonet explain stream.allonet.toml council --paths 1",
        str![[r#"
── standard output
council

307.00 USDC

from team (split), sent in epoch 0, delayed: 7.00 USDC
   share  +7.00  1 of 10 parts of 70.00 USDC that `team` passes on
   =       7.00  USDC

from treasury in epoch 0: 100.00 USDC
   share  +100.00  all of 100.00 USDC that `treasury` passes on
   =       100.00  USDC

from treasury in epoch 1: 100.00 USDC
   share  +100.00  all of 100.00 USDC that `treasury` passes on
   =       100.00  USDC

from treasury in epoch 2: 100.00 USDC
   share  +100.00  all of 100.00 USDC that `treasury` passes on
   =       100.00  USDC

by source, in proportion
 treasury  307.00  100.0%

by path, in proportion
 300.00  97.7%  treasury → council
   7.00   2.3%  all other ways, round trips included
── exit 0
"#]],
    );
}

#[test]
fn epochs_that_the_network_does_not_have() {
    stream().tells(
        "allonet run stream.allonet.toml --before-epoch 4",
        str![[r#"
── standard error
note: the network has no more than 3 epochs
note: no 0xSplits lists for USDC: they need at least two recipients with an address, found 0
note: no Drips list for USDC: no recipient has an address or is a GitHub repository
note: not in a Safe file but in not-payable.csv: 2 payouts without chain or address
── standard output
stream, 3 epochs

 #  recipient       USDC  share
 1  alice         120.00  62.2%
 2  bob        72.900001  37.8%

300.00 USDC came in = 192.900001 paid + 105.999999 unspent + 1.10 in flight

5 files in out/stream, among them
  report   out/stream/report.html
  receipt  out/stream/receipt.json
check it with: allonet verify out/stream/receipt.json
── exit 0
"#]],
    );
}

#[test]
fn a_state_of_another_network() {
    let room = stream();
    room.done("allonet run stream.allonet.toml --before-epoch 1");
    room.tells(
        "allonet run pay.allonet.toml --resume out/stream/state.json",
        str![[r#"
── standard error
checkpoint

  × this state does not fit the network: nodes, edges, amounts or settings differ
  help: resume with the network file that the state was written for
── exit 3
"#]],
    );
    room.edit("stream.allonet.toml", "threshold = 2", "threshold = 1");
    room.tells(
        "allonet run stream.allonet.toml --resume out/stream/state.json",
        str![[r#"
── standard error
checkpoint

  × this state does not fit the network: nodes, edges, amounts or settings differ
  help: resume with the network file that the state was written for
── exit 3
"#]],
    );
}

#[test]
fn a_state_that_is_none() {
    let room = stream();
    room.done("allonet run stream.allonet.toml --before-epoch 1");
    room.tells(
        "allonet run stream.allonet.toml --resume out/stream/receipt.json",
        str![[r#"
── standard error
bad-json

  × this is no state of a run: unknown field `engine`, expected one of `format`, `network`,
  │ `epoch`, `history`, `memory`
   ╭─[out/stream/receipt.json:3:10]
 2 │   "format": "allonet-receipt/1",
 3 │   "engine": "allonet 0.1.0",
   ·          ▲
   ·          ╰── here
 4 │   "run": "[HASH]",
   ╰────
  help: give the state.json that an unfinished run wrote

1 error
── exit 3
"#]],
    );
    room.tells(
        "allonet run stream.allonet.toml --resume out/stream/stat.json",
        str![[r#"
── standard error
no-file

  × cannot read `out/stream/stat.json`: not found
  help: did you mean `out/stream/state.json`?
── exit 3
"#]],
    );
    let text = room.read("out/stream/state.json");
    let room = room.file("out/stream/state.json", &text[..text.len() / 2]);
    room.tells("allonet run stream.allonet.toml --resume out/stream/state.json", str![[r#"
── standard error
bad-json

  × the state of a run is cut off
   ╭─[out/stream/state.json:1:294]
 1 │ …e5015c6d06f7cb8290775089532a8a63ae75c7e527af6e0f600058e46e9041","memory":{"states":{"2":"{\"owners\":[\"ann\",\"ben\"],\"threshold\":2,\"nonce\":1,\"proposals\":
   ·                                                                                                                                                                  ▲
   ·                                                                                                                                                                  ╰── here
   ╰────
  help: give the state.json that an unfinished run wrote

1 error
── exit 3
"#]]);
}

#[test]
fn a_verdict_on_part_of_a_run_says_so() {
    let room = stream();
    room.done("allonet run stream.allonet.toml --before-epoch 1 --out part");
    room.tells(
        "allonet verify part/receipt.json",
        str![[r#"
── standard output
PASS part/receipt.json (before epoch 1)
recomputed from 2 input files; 100.00 USDC and 5 output files are as they should be
── exit 0
"#]],
    );
    room.done("allonet run stream.allonet.toml --until 2026-02-10 --out part");
    room.tells(
        "allonet verify part/receipt.json",
        str![[r#"
── standard output
PASS part/receipt.json (until 2026-02-10T00:00:00Z)
recomputed from 2 input files; 200.00 USDC and 5 output files are as they should be
── exit 0
"#]],
    );
}
