//! Receipts, and files beside them, that somebody has changed.

use allonet_core::receipt::{FileHash, Receipt};
use snapbox::str;

use crate::room::Room;

const VERIFY: &str = "allonet verify out/round/receipt.json";

fn ran() -> Room {
    let room = Room::usual();
    room.done("allonet run round.allonet.toml");
    room
}

#[test]
fn all_is_as_the_receipt_says() {
    let room = ran();
    room.tells(
        VERIFY,
        str![[r#"
── standard output
PASS out/round/receipt.json
recomputed from 2 input files; 100.00 USDC and 4 output files are as they should be
── exit 0
"#]],
    );
    room.tells(
        &format!("{VERIFY} --format json"),
        str![[r#"
── standard output
{
  "differences": [],
  "result": "PASS",
  "run": "[HASH]"
}
── exit 0
"#]],
    );
}

#[test]
fn the_whole_folder_may_move() {
    let room = ran().file("elsewhere/.keep", "");
    for name in ["out", "round.allonet.toml", "votes.csv"] {
        std::fs::rename(room.path(name), room.path("elsewhere").join(name)).unwrap();
    }
    room.done("allonet verify elsewhere/out/round/receipt.json");
}

#[test]
fn half_a_receipt() {
    let room = ran();
    let text = room.read("out/round/receipt.json");
    let room = room.file("out/round/receipt.json", &text[..text.len() / 2]);
    room.tells(
        VERIFY,
        str![[r#"
── standard error
bad-json

  × the receipt is cut off
    ╭─[out/round/receipt.json:67:11]
 66 │           "from": "matching",
 67 │           "
    ·           ▲
    ·           ╰── here
    ╰────
  help: take the receipt.json that `allonet run` wrote, unchanged

1 error
── standard output
FAIL out/round/receipt.json
── exit 1
"#]],
    );
}

#[test]
fn one_digit_of_the_receipt() {
    let room = ran();
    room.edit(
        "out/round/receipt.json",
        "\"brought_in\": \"100000000\"",
        "\"brought_in\": \"100000001\"",
    );
    room.tells(
        VERIFY,
        str![[r#"
── standard error
receipt-differs

  × receipt.json: totals.USDC.brought_in should be 100000000, found 100000001
── standard output
FAIL out/round/receipt.json
── exit 1
"#]],
    );
    room.tells(
        &format!("{VERIFY} --format json"),
        str![[r#"
── standard output
{
  "differences": [
    "receipt.json: totals.USDC.brought_in should be 100000000, found 100000001"
  ],
  "result": "FAIL"
}
── exit 1
"#]],
    );
}

/// Every byte counts: whichever is changed, the receipt does not pass.
#[test]
fn any_byte_of_the_receipt() {
    let room = ran();
    let receipt = std::fs::read(room.path("out/round/receipt.json")).unwrap();
    for at in (0..receipt.len()).step_by(receipt.len() / 40) {
        let mut changed = receipt.clone();
        changed[at] = if changed[at] == b'7' { b'8' } else { b'7' };
        std::fs::write(room.path("out/round/receipt.json"), changed).unwrap();
        let told = room.run(VERIFY);
        assert!(told.code == 1 && told.out.starts_with("FAIL "), "byte {at}: {}", told.text());
    }
}

#[test]
fn one_digit_of_a_data_file() {
    let room = ran();
    room.edit("votes.csv", "cem,park,9", "cem,park,8");
    room.tells(
        VERIFY,
        str![[r#"
── standard error
input-changed

  × input `votes.csv` is not the file that was run: BLAKE3
  │ [HASH] (69 bytes), the receipt says
  │ [HASH] (69 bytes)

receipt-differs

  × receipt.json: epochs[0].flows[0].amount should be 15022110, found 14285714

output-differs

  × 4 other differences of the outputs follow
...

3 errors
── standard output
FAIL out/round/receipt.json
── exit 1
"#]],
    );
}

#[test]
fn one_digit_of_the_network_file() {
    let room = ran();
    room.edit("round.allonet.toml", "100 USDC", "101 USDC");
    room.tells(
        VERIFY,
        str![[r#"
── standard error
input-changed

  × input `round.allonet.toml` is not the file that was run: BLAKE3
  │ [HASH] (201 bytes), the receipt says
  │ [HASH] (201 bytes)

receipt-differs

  × receipt.json: epochs[0].flows[0].amount should be 14428571, found 14285714

output-differs

  × 4 other differences of the outputs follow
...

3 errors
── standard output
FAIL out/round/receipt.json
── exit 1
"#]],
    );
}

#[test]
fn an_input_that_is_gone() {
    let room = ran();
    std::fs::remove_file(room.path("votes.csv")).unwrap();
    room.tells(
        VERIFY,
        str![[r#"
── standard error
no-file

  × cannot read `votes.csv`: not found
    ╭─[round.allonet.toml:13:14]
 12 │ mechanism  = "quadratic"
 13 │ votes      = "votes.csv"
    ·              ─────┬─────
    ·                   ╰── here
 14 │ saturation = "fill"
    ╰────

1 error
── standard output
FAIL out/round/receipt.json
── exit 1
"#]],
    );
}

#[test]
fn a_network_file_that_is_gone() {
    let room = ran();
    std::fs::remove_file(room.path("round.allonet.toml")).unwrap();
    room.tells(
        VERIFY,
        str![[r#"
── standard error
no-file

  × cannot read `round.allonet.toml`: not found
── standard output
FAIL out/round/receipt.json
── exit 1
"#]],
    );
}

#[test]
fn one_digit_of_the_payouts() {
    let room = ran();
    room.edit("out/round/payouts.csv", "85", "86");
    room.tells(
        VERIFY,
        str![[r#"
── standard error
output-differs

  × payouts.csv, line 2, column 14: should be `park,,,USDC,85.714286,85714286,0.85714286`, found
  │ `park,,,USDC,86.714286,85714286,0.85714286`
── standard output
FAIL out/round/receipt.json
── exit 1
"#]],
    );
}

#[test]
fn one_digit_of_the_merkle_tree() {
    let room = ran();
    room.edit("out/round/merkle-usdc.json", "\"85714286\"", "\"85714287\"");
    room.tells(
        VERIFY,
        str![[r#"
── standard error
output-differs

  × merkle-usdc.json, line 1, column [..]: should be
  │ `…"treeIndex":2},{"value":["park","85714286"],"treeIndex":1}]}`, found
  │ `…"treeIndex":2},{"value":["park","85714287"],"treeIndex":1}]}`
── standard output
FAIL out/round/receipt.json
── exit 1
"#]],
    );
}

#[test]
fn one_digit_of_the_report() {
    let room = ran();
    room.edit("out/round/report.html", "\"85714286\"", "\"85714287\"");
    room.tells(
        VERIFY,
        str![[r#"
── standard error
output-differs

  × report.html, line [..], column [..]: should be
  │ `…[..]"amount":"85714286"[..]
...
  │ `…[..]"amount":"85714287"[..]
...
── standard output
FAIL out/round/receipt.json
── exit 1
"#]],
    );
}

#[test]
fn an_output_that_is_gone() {
    let room = ran();
    std::fs::remove_file(room.path("out/round/not-payable.csv")).unwrap();
    room.tells(
        VERIFY,
        str![[r#"
── standard error
output-missing

  × output `not-payable.csv` is missing in `out/round`
── standard output
FAIL out/round/receipt.json
── exit 1
"#]],
    );
}

#[test]
fn a_file_that_is_no_receipt() {
    let room = ran();
    room.tells(
        "allonet verify out/round/merkle-usdc.json",
        str![[r#"
── standard error
bad-json

  × this is no receipt: unknown field `leafEncoding`, expected one of `format`, `engine`, `run`,
  │ `network`, `file`, `inputs`, `extent`, `assets`, `settings`, `promises`, `epochs`, `totals`,
  │ `payouts`, `outputs`
   ╭─[out/round/merkle-usdc.json:1:38]
 1 │ {"format":"standard-v1","leafEncoding":["string","uint256"],"tree":[[..]
   ·                                      ▲
   ·                                      ╰── here
   ╰────
  help: take the receipt.json that `allonet run` wrote, unchanged

1 error
── standard output
FAIL out/round/merkle-usdc.json
── exit 1
"#]],
    );
    room.tells(
        "allonet verify votes.csv",
        str![[r#"
── standard error
bad-json

  × this is no receipt: expected value
   ╭─[votes.csv:1:1]
 1 │ voter,project,amount
   · ▲
   · ╰── here
 2 │ ann,garden,1
   ╰────
  help: take the receipt.json that `allonet run` wrote, unchanged

1 error
── standard output
FAIL votes.csv
── exit 1
"#]],
    );
    room.tells(
        "allonet verify out/round/receit.json",
        str![[r#"
── standard error
no-file

  × cannot read `out/round/receit.json`: not found
  help: did you mean `out/round/receipt.json`?
── exit 3
"#]],
    );
}

/// Results as another version of the engine would have written them.
fn ran_by_another_engine() -> Room {
    let room = ran();
    let mut receipt: Receipt = serde_json::from_str(&room.read("out/round/receipt.json")).unwrap();
    let (engine, run) = (receipt.engine.clone(), receipt.run.clone());
    "allonet 0.0.0".clone_into(&mut receipt.engine);
    receipt.run = receipt.run_id();
    let own = format!("\"engine\":\"{engine}\"");
    room.edit("out/round/report.html", &own, "\"engine\":\"allonet 0.0.0\"");
    room.edit("out/round/report.html", &run, &receipt.run);
    let report = room.read("out/round/report.html");
    let output = receipt.outputs.iter_mut().find(|output| output.path == "report.html").unwrap();
    *output = FileHash::of("report.html", report.as_bytes());
    let text = serde_json::to_string_pretty(&receipt).unwrap() + "\n";
    room.file("out/round/receipt.json", text)
}

/// Only the engine's name may be another; everything else is compared as ever.
#[test]
fn a_receipt_of_another_engine() {
    let room = ran_by_another_engine();
    let told = room.done(VERIFY);
    assert!(told.err.starts_with("note: the receipt is of allonet 0.0.0, this is"), "{}", told.err);
    let good = room.read("out/round/receipt.json");
    let run = &good[good.find("\"run\": \"").unwrap() + 8..][..64];
    let changes = [
        (run, "0", "run should be"),
        ("\"allonet 0.0.0\"", "\"allonet 0.0.1\"", "outputs[3].blake3 should be"),
        ("{\n", "{ \n", "receipt.json, line 1, column 2: should be"),
        ("  \"network\"", "  \"approved\": 1,\n  \"network\"", "unknown field `approved`"),
        ("\"inputs\": [", "\"inputs\":  [", "receipt.json, line 11, column 13: should be"),
    ];
    for (from, to, expected) in changes {
        let changed = good.replacen(from, to, 1);
        assert_ne!(good, changed, "{from}");
        std::fs::write(room.path("out/round/receipt.json"), changed).unwrap();
        let told = room.run(VERIFY);
        assert!(told.code == 1 && told.out.starts_with("FAIL "), "{to}: {}", told.text());
        assert!(told.err.contains(expected), "{to}: {}", told.text());
    }
}

#[test]
fn the_form_of_a_receipt_counts() {
    let room = ran();
    room.edit("out/round/receipt.json", "\"inputs\": [", "\"inputs\":  [");
    room.tells(
        VERIFY,
        str![[r#"
── standard error
output-differs

  × receipt.json, line 11, column 13: should be `  "inputs": [`, found `  "inputs":  [`
── standard output
FAIL out/round/receipt.json
── exit 1
"#]],
    );
}

#[test]
fn a_field_that_receipts_do_not_have() {
    let room = ran();
    room.edit("out/round/receipt.json", "\"engine\"", "\"approved\": true,\n  \"engine\"");
    room.tells(
        VERIFY,
        str![[r#"
── standard error
bad-json

  × this is no receipt: unknown field `approved`, expected one of `format`, `engine`, `run`,
  │ `network`, `file`, `inputs`, `extent`, `assets`, `settings`, `promises`, `epochs`, `totals`,
  │ `payouts`, `outputs`
   ╭─[out/round/receipt.json:3:12]
 2 │   "format": "allonet-receipt/1",
 3 │   "approved": true,
   ·            ▲
   ·            ╰── here
 4 │   "engine": "allonet 0.1.0",
   ╰────
  help: take the receipt.json that `allonet run` wrote, unchanged

1 error
── standard output
FAIL out/round/receipt.json
── exit 1
"#]],
    );
}

#[test]
fn the_run_is_the_same_wherever_it_is_put() {
    let room = ran();
    let run = |folder: &str| {
        let receipt = room.read(&format!("{folder}/receipt.json"));
        receipt.split("\"run\": \"").nth(1).unwrap()[..64].to_owned()
    };
    room.done("allonet run round.allonet.toml --out a/b/c/d");
    assert_eq!(run("out/round"), run("a/b/c/d"));
}

#[cfg(unix)]
#[test]
fn results_may_be_reached_through_a_link() {
    let room = Room::usual().file("far/away/results/.keep", "");
    std::os::unix::fs::symlink("far/away/results", room.path("link")).unwrap();
    room.done("allonet run round.allonet.toml --out link/new");
    room.done("allonet verify far/away/results/new/receipt.json");
    room.done("allonet verify link/new/receipt.json");
    room.done("allonet explain link/new/receipt.json park");
    std::os::unix::fs::symlink("far", room.path("short")).unwrap();
    room.done("allonet run round.allonet.toml --out short/other");
    room.done("allonet verify far/other/receipt.json");
    // The network itself may lie behind a link as well.
    std::fs::create_dir(room.path("far/net")).unwrap();
    for name in ["round.allonet.toml", "votes.csv"] {
        std::fs::copy(room.path(name), room.path("far/net").join(name)).unwrap();
    }
    room.done("allonet run short/net/round.allonet.toml --out short/third");
    room.done("allonet verify far/third/receipt.json");
}
