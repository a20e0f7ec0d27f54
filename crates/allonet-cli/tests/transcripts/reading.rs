//! Files that are missing, damaged or written by other programs.

use snapbox::str;

use crate::room::{PAY, ROUND, Room, VOTES};

#[test]
fn a_missing_network_file_is_guessed() {
    Room::usual().tells(
        "allonet check ronud.allonet.toml",
        str![[r#"
── standard error
no-file

  × cannot read `ronud.allonet.toml`: not found
  help: did you mean `round.allonet.toml`?
── exit 3
"#]],
    );
}

#[test]
fn a_missing_folder_is_named() {
    Room::usual().tells(
        "allonet run rounds/round.allonet.toml",
        str![[r#"
── standard error
no-file

  × cannot read `rounds/round.allonet.toml`: not found
  help: there is no folder `rounds`
── exit 3
"#]],
    );
}

#[test]
fn a_folder_is_no_network_file() {
    Room::new().file("spring/pay.allonet.toml", PAY).tells(
        "allonet check spring",
        str![[r#"
── standard error
is-folder

  × cannot read `spring`: it is a folder
  help: did you mean `spring/pay.allonet.toml`?
── exit 3
"#]],
    );
}

#[test]
fn an_empty_network_file_lacks_everything() {
    Room::new().file("a.allonet.toml", "").tells(
        "allonet check a.allonet.toml",
        str![[r#"
── standard error
empty-file

  × the network file is empty
   ╭─[a.allonet.toml:1:1]
 1 │
   · ▲
   · ╰── here
   ╰────
  help: a small network:
        [network]
        name = "round"
        [assets.USDC]
        decimals = 6
        [sources.treasury]
        gives = "100 USDC"
        to = "alice"
        [recipients.alice]

1 error
── exit 3
"#]],
    );
}

#[test]
fn a_slip_in_toml_is_shown() {
    let room = Room::usual();
    room.edit("pay.allonet.toml", "decimals = 6", "decimals = ");
    room.tells(
        "allonet check pay.allonet.toml",
        str![[r#"
── standard error
syntax

  × this key has no value
   ╭─[pay.allonet.toml:5:12]
 4 │ [assets.USDC]
 5 │ decimals =
   ·            ▲
   ·            ╰── here
   ╰────
  help: write a value behind the `=`

1 error
── exit 3
"#]],
    );
}

#[test]
fn a_missing_data_file_is_guessed() {
    let room = Room::usual();
    room.edit("round.allonet.toml", "votes.csv", "vote.csv");
    room.tells(
        "allonet check round.allonet.toml",
        str![[r#"
── standard error
no-file

  × cannot read `vote.csv`: not found
    ╭─[round.allonet.toml:13:14]
 12 │ mechanism  = "quadratic"
 13 │ votes      = "vote.csv"
    ·              ─────┬────
    ·                   ╰── here
 14 │ saturation = "fill"
    ╰────
  help: did you mean `votes.csv`?

1 error
── exit 3
"#]],
    );
}

#[test]
fn a_wrong_column_is_shown() {
    let room = Room::usual();
    room.edit("votes.csv", "project", "projekt");
    room.tells(
        "allonet check round.allonet.toml",
        str![[r#"
── standard error
missing-column

  × column `project` is missing; found: voter, projekt, amount; accepted names: project,
  │ project_name, application_id, application, project_id, grant, grant_id, recipient,
  │ recipient_id, payee, to
   ╭─[votes.csv:1:7]
 1 │ voter,projekt,amount
   ·       ───┬───
   ·          ╰── is this `project`?
 2 │ ann,garden,1
   ╰────
  help: if so, rename it to `project`

1 error
── exit 3
"#]],
    );
}

#[test]
fn a_short_row_is_shown() {
    let room = Room::usual();
    room.edit("votes.csv", "ann,park,4", "ann,park");
    room.tells(
        "allonet check round.allonet.toml",
        str![[r#"
── standard error
ragged-row

  × this row has 2 cells, but the header has 3
   ╭─[votes.csv:4:1]
 3 │ ben,garden,1
 4 │ ann,park
   · ────┬───
   ·     ╰── this row
 5 │ cem,park,9
   ╰────
  help: fill or remove cells; a cell that holds the delimiter stands in "quotes"

1 error
── exit 3
"#]],
    );
}

#[test]
fn windows_line_ends_and_a_byte_order_mark_change_nothing() {
    let windows = |text: &str| format!("\u{feff}{}", text.replace('\n', "\r\n"));
    let room = Room::usual()
        .file("windows/round.allonet.toml", windows(ROUND))
        .file("windows/votes.csv", windows(VOTES));
    room.done("allonet run round.allonet.toml --out plain");
    room.done("allonet run windows/round.allonet.toml --out windows/out");
    assert_eq!(room.read("plain/payouts.csv"), room.read("windows/out/payouts.csv"));
    room.done("allonet verify windows/out/receipt.json");
}

#[test]
fn places_in_windows_files_are_right() {
    let room = Room::usual()
        .file("votes.csv", "\u{feff}voter,project,amount\r\nann,garden,1\r\nben,garden,x\r\n");
    room.tells(
        "allonet check round.allonet.toml",
        str![[r#"
── standard error
bad-amount

  × `x` is not a decimal number; write for example 1_250.75
   ╭─[votes.csv:3:12]
 2 │ ann,garden,1
 3 │ ben,garden,x
   ·            ┬
   ·            ╰── here
   ╰────

1 error
── exit 3
"#]],
    );
}

fn utf16(text: &str) -> Vec<u8> {
    [0xfeff].into_iter().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect()
}

#[test]
fn a_table_in_utf_16_is_refused() {
    let room = Room::usual().file("votes.csv", utf16(VOTES));
    room.tells(
        "allonet check round.allonet.toml",
        str![[r#"
── standard error
not-utf8

  × `votes.csv` is written in UTF-16
    ╭─[round.allonet.toml:13:14]
 12 │ mechanism  = "quadratic"
 13 │ votes      = "votes.csv"
    ·              ─────┬─────
    ·                   ╰── here
 14 │ saturation = "fill"
    ╰────
  help: save it as UTF-8 (in a spreadsheet: export as "CSV UTF-8")

1 error
── exit 3
"#]],
    );
}

#[test]
fn a_network_in_utf_16_is_refused() {
    let room = Room::new().file("pay.allonet.toml", utf16(PAY));
    room.tells(
        "allonet check pay.allonet.toml",
        str![[r#"
── standard error
not-utf8

  × `pay.allonet.toml` is written in UTF-16
  help: save it as UTF-8 (in a spreadsheet: export as "CSV UTF-8")
── exit 3
"#]],
    );
}

#[test]
fn other_bytes_are_named() {
    let room = Room::usual().file("votes.csv", b"voter,project,amount\nann,caf\xe9,1\n");
    room.tells(
        "allonet check round.allonet.toml",
        str![[r#"
── standard error
not-utf8

  × `votes.csv` is not UTF-8: byte 28, on line 2, is 0xe9
    ╭─[round.allonet.toml:13:14]
 12 │ mechanism  = "quadratic"
 13 │ votes      = "votes.csv"
    ·              ─────┬─────
    ·                   ╰── here
 14 │ saturation = "fill"
    ╰────
  help: save it as UTF-8; is it a text file at all?

1 error
── exit 3
"#]],
    );
}

#[test]
fn a_table_without_rows_is_refused() {
    let room = Room::usual().file("votes.csv", "voter,project,amount\n");
    room.tells("allonet check round.allonet.toml", str![[r#"
── standard error
no-payees

  ⚠ `matching` can pay nobody: all it gets stays unspent
    ╭─[round.allonet.toml:11:10]
 10 │
 11 │ [neurons.matching]
    ·          ────┬───
    ·              ╰── here
 12 │ mechanism  = "quadratic"
    ╰────
  help: name payees in its settings; or are its data files empty?

1 warning
── standard output
network     round
assets      USDC (6 decimals)
sources     treasury: 100.00 USDC
neurons     1: 1 quadratic
recipients  0
edges       1 of value, 0 of signals; depth 1, fan-out up to 1
loops       none
epochs      1
promises    none
inputs      round.allonet.toml (201 bytes, blake3 [HASH])
            votes.csv (21 bytes, blake3 [HASH])
rules       matching: Quadratic funding — match = min(λ · ((Σ√c)² − Σc), cap · pool), votes.csv (0 rows), saturation fill
the network runs, with 1 warning
── exit 0
"#]]);
}

#[test]
fn an_event_log_is_read_line_by_line() {
    let log = r#"{"time":"2026-01-01","actor":"ann","action":"propse","nonce":0}
{"time":"2026-01-02T25:00:00Z","actor":"ann","action":"approve","nonce":0}
{"time":"2026-01-02","actor":"ann"
"#;
    let room = Room::usual().file("council.jsonl", log);
    room.edit(
        "round.allonet.toml",
        "mechanism  = \"quadratic\"\nvotes      = \"votes.csv\"\nsaturation = \"fill\"\n",
        "mechanism = \"multisig\"\nowners = [\"ann\"]\nthreshold = 1\nevents = \"council.jsonl\"\n",
    );
    room.tells(
        "allonet check round.allonet.toml",
        str![[r#"
── standard error
not-an-event

  × this line is no event: `2026-01-02T25:00:00Z` is not a moment; write for example
  │ 2026-01-31T18:30:00Z, 2026-01-31T18:30:00+02:00 or 2026-01-31
   ╭─[council.jsonl:2:30]
 1 │ {"time":"2026-01-01","actor":"ann","action":"propse","nonce":0}
 2 │ {"time":"2026-01-02T25:00:00Z","actor":"ann","action":"approve","nonce":0}
   ·                              ──────────────────────┬──────────────────────
   ·                                                    ╰── here
 3 │ {"time":"2026-01-02","actor":"ann"
   ╰────
  help: each line is one JSON object such as {"time": "2026-01-31T18:30:00Z", "actor": "alice",
        "action": "approve", "nonce": 0}

not-an-event

  × this line is no event: it is cut off
   ╭─[council.jsonl:3:34]
 2 │ {"time":"2026-01-02T25:00:00Z","actor":"ann","action":"approve","nonce":0}
 3 │ {"time":"2026-01-02","actor":"ann"
   ·                                  ┬
   ·                                  ╰── here
   ╰────
  help: each line is one JSON object such as {"time": "2026-01-31T18:30:00Z", "actor": "alice",
        "action": "approve", "nonce": 0}

2 errors
── exit 3
"#]],
    );
}
