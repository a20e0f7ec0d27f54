//! Networks made from what people have at hand.

use snapbox::str;

use crate::room::{Room, VOTES};

const LOCK: &str = r#"version = 4

[[package]]
name = "app"
version = "0.1.0"
dependencies = ["lexer", "parser"]

[[package]]
name = "lexer"
version = "1.2.0"
source = "registry+https://github.com/rust-lang/crates.io-index"

[[package]]
name = "parser"
version = "2.0.1"
source = "registry+https://github.com/rust-lang/crates.io-index"
dependencies = ["lexer"]
"#;

#[test]
fn what_can_be_read_is_listed() {
    Room::new().tells("allonet new", str![[r#"
── standard output
allonet new --from PATH writes a network file from one of these:
 kind          file                                             becomes
 votes         CSV of votes: voter, project, amount             a matching pool under quadratic funding
 payments      CSV of payments: payer, payee, amount            each payer as a source, each payee with its exact amount
 cargo-lock    Rust's Cargo.lock                                a budget along the dependency graph
 package-lock  npm's package-lock.json, version 2 or 3          a budget along the dependency graph
 go-mod        Go's go.mod, best with --graph                   a budget along the dependency graph
 uv-lock       uv.lock (Python)                                 a budget along the dependency graph
 poetry-lock   poetry.lock (Python)                             a budget along the dependency graph
 cyclonedx     CycloneDX bill of materials in JSON              a budget along the dependency graph
 spdx          SPDX document in JSON                            a budget along the dependency graph
 node-link     Node-link JSON of a dependency graph             a budget along the dependency graph
 seed-map      JSON of seeds and their dependencies             a budget along the dependency graph
 weight-csv    CSV of edges with weights: repo, parent, weight  a budget along the dependency graph
 edges-csv     CSV of edges: seed_repo, dependency_repo         a budget along the dependency graph
The kind is found by itself; see allonet new --help for more.
Mechanisms to write a network with are listed by allonet new --list.
── exit 0
"#]]);
}

#[test]
fn a_lock_file_becomes_a_network_that_verifies() {
    let room = Room::new().file("Cargo.lock", LOCK);
    room.tells(
        "allonet new --from Cargo.lock --budget \"1_000 USDC\" --name app --out app.allonet.toml",
        str![[r#"
── standard output
app: 1,000.00 USDC to 3 projects over 3 edges, from 1 root
wrote app.edges.csv
wrote app.sources.csv
wrote app.originality.csv
wrote app.allonet.toml
next: allonet check app.allonet.toml; then: allonet run app.allonet.toml
── exit 0
"#]],
    );
    room.tells("allonet check app.allonet.toml", str![[r#"
── standard output
network     app (Dependencies of app)
assets      USDC (6 decimals)
sources     budget: 1,000.00 USDC
neurons     1: 1 dependency
recipients  3
edges       4 of value, 0 of signals; depth 2, fan-out up to 3
loops       none
epochs      1
promises    none
inputs      app.allonet.toml (748 bytes, blake3 [HASH])
            app.edges.csv (97 bytes, blake3 [HASH])
            app.sources.csv (17 bytes, blake3 [HASH])
            app.originality.csv (34 bytes, blake3 [HASH])
rules       dependencies: Dependency graph — payout = money · o·x, with x = s + Wᵀ diag(1 − o) x, app.edges.csv (3 rows), app.sources.csv (1 row), app.originality.csv (2 rows)
the network is sound
── exit 0
"#]]);
    room.tells(
        "allonet run app.allonet.toml",
        str![[r#"
── standard error
note: no 0xSplits lists for USDC: they need at least two recipients with an address, found 0
note: no Drips list for USDC: no recipient has an address or is a GitHub repository
note: not in a Safe file but in not-payable.csv: 2 payouts without chain or address
── standard output
Dependencies of app, 1 epoch

 #  recipient       USDC  share
 1  lexer      637.21727  63.7%
 2  parser     362.78273  36.3%

1,000.00 USDC came in = 1,000.00 paid

5 files in out/app, among them
  report   out/app/report.html
  receipt  out/app/receipt.json
check it with: allonet verify out/app/receipt.json
── exit 0
"#]],
    );
    room.tells(
        "allonet verify out/app/receipt.json",
        str![[r#"
── standard output
PASS out/app/receipt.json
recomputed from 4 input files; 1,000.00 USDC and 4 output files are as they should be
── exit 0
"#]],
    );
}

#[test]
fn votes_become_a_round() {
    let room = Room::new().file("spring.csv", VOTES);
    room.tells(
        "allonet new --from spring.csv --budget \"100 USDC\"",
        str![[r#"
── standard error
note: columns used: voter = `voter`, project = `project`, amount = `amount`
── standard output
spring: 100.00 USDC to match 4 votes of 3 voters for 2 projects
wrote spring.allonet.toml
next: allonet check spring.allonet.toml; then: allonet run spring.allonet.toml
── exit 0
"#]],
    );
    room.done("allonet run spring.allonet.toml");
    room.done("allonet verify out/spring/receipt.json");
}

#[test]
fn payments_become_sources() {
    let payments = "payer,payee,amount\nfund,alice,10.50\nfund,bob,3\ndonor,bob,1\n";
    let room = Room::new().file("past.csv", payments);
    room.tells(
        "allonet new --from past.csv --asset USD",
        str![[r#"
── standard error
note: columns used: payer = `payer`, payee = `payee`, amount = `amount`
note: 3 payments in the file; added up by payer and payee there are 3
── standard output
past: 14.50 USD from 2 payers to 2 payees
wrote past.recipients.csv
wrote past.allonet.toml
next: allonet check past.allonet.toml; then: allonet run past.allonet.toml
── exit 0
"#]],
    );
    room.done("allonet run past.allonet.toml");
    room.done("allonet verify out/past/receipt.json");
}

#[test]
fn nothing_is_overwritten_unasked() {
    let room = Room::new().file("spring.csv", VOTES).file("spring.allonet.toml", "mine\n");
    room.tells(
        "allonet new --from spring.csv",
        str![[r#"
── standard error
exists

  × `spring.allonet.toml` is there already
  help: choose another file with --out, or overwrite with --force
── exit 2
"#]],
    );
    assert_eq!(room.read("spring.allonet.toml"), "mine\n");
    room.done("allonet new --from spring.csv --force");
    room.done("allonet check spring.allonet.toml");
}

#[test]
fn a_kind_that_is_unknown() {
    let room = Room::new().file("letter.txt", "Dear all\n").file("table.csv", "name,age\nann,7\n");
    room.tells(
        "allonet new --from letter.txt",
        str![[r#"
── standard error
unknown-kind

  × cannot tell what kind of file `letter.txt` is
  help: `allonet new` lists what can be read; say with --kind what this is
── exit 3
"#]],
    );
    room.tells(
        "allonet new --from table.csv",
        str![[r#"
── standard error
unknown-kind

  × cannot tell what kind of file `table.csv` is
   ╭─[table.csv:1:1]
 1 │ name,age
   · ────┬───
   ·     ╰── these columns say neither who votes nor who pays
 2 │ ann,7
   ╰────
  help: votes have the columns voter, project, amount; payments payer, payee, amount; dependencies
        repo, parent, weight. Rename the columns, or say with --kind

1 error
── exit 3
"#]],
    );
    room.tells(
        "allonet new --from table.csv --kind votes",
        str![[r#"
── standard error
missing-column

  × column `voter` is missing; found: name, age; accepted names: voter, voter_address, sender,
  │ donor, donor_address, contributor, contributor_address, from, from_address, wallet, address,
  │ user
   ╭─[table.csv:1:1]
 1 │ name,age
   · ────┬───
   ·     ╰── the header
 2 │ ann,7
   ╰────
  help: the first line of a table names its columns

missing-column

  × column `project` is missing; found: name, age; accepted names: project, project_name,
  │ application_id, application, project_id, grant, grant_id, recipient, recipient_id, payee, to
   ╭─[table.csv:1:1]
 1 │ name,age
   · ────┬───
   ·     ╰── the header
 2 │ ann,7
   ╰────
  help: the first line of a table names its columns

missing-column

  × column `amount` is missing; found: name, age; accepted names: amount, value, donation,
  │ contribution, amount_usd, usd
   ╭─[table.csv:1:1]
 1 │ name,age
   · ────┬───
   ·     ╰── the header
 2 │ ann,7
   ╰────
  help: the first line of a table names its columns

3 errors
── exit 3
"#]],
    );
    room.tells("allonet new --from table.csv --kind vote", str![[r#"
── standard error
error: invalid value 'vote' for '--kind <KIND>'
  [possible values: votes, payments, cargo-lock, package-lock, go-mod, uv-lock, poetry-lock, cyclonedx, spdx, node-link, seed-map, weight-csv, edges-csv]

  tip: a similar value exists: 'votes'

For more information, try '--help'.
── exit 2
"#]]);
}

#[test]
fn a_file_that_is_not_there() {
    Room::new().file("Cargo.lock", LOCK).tells(
        "allonet new --from Cargo.lok",
        str![[r#"
── standard error
no-file

  × cannot read `Cargo.lok`: not found
  help: did you mean `Cargo.lock`?
── exit 3
"#]],
    );
}

#[test]
fn a_budget_that_is_none() {
    Room::new().file("Cargo.lock", LOCK).tells(
        "allonet new --from Cargo.lock --budget much",
        str![[r#"
── standard error
bad-amount

  × --budget: `much` is not a decimal number; write for example 1_250.75
  help: an amount and an asset, such as "10_000 USDC"
── exit 2
"#]],
    );
}
