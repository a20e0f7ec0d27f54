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
 kind            file                                                                             becomes
 votes           CSV of votes with money, as from Grants Stack: voter, project, amount            a matching pool under quadratic funding
 ballots         Retro ballots, as from EasyRetroPGF: voter, project, amount; CSV or JSON         a retro round by the median of its ballots
 rf4             Ballots over metrics, as of Retro Funding 4: voter, metric, weight; CSV or JSON  a retro round by metrics that ballots weigh
 snapshot        A poll, as from Snapshot: voter, choice, voting power; CSV or JSON               a pool divided by a poll
 octant          Allocations of an Octant epoch: donor, project, amount; CSV or JSON              an epoch of capped quadratic funding
 payments        CSV of payments: payer, payee, amount                                            each payer as a source, each payee with its exact amount
 cargo-lock      Rust's Cargo.lock                                                                a budget along the dependency graph
 cargo-metadata  The output of `cargo metadata --format-version 1`                                a budget along the dependency graph
 package-lock    npm's package-lock.json, version 2 or 3                                          a budget along the dependency graph
 go-mod          Go's go.mod, best with --graph                                                   a budget along the dependency graph
 uv-lock         uv.lock (Python)                                                                 a budget along the dependency graph
 poetry-lock     poetry.lock (Python)                                                             a budget along the dependency graph
 cyclonedx       CycloneDX bill of materials in JSON                                              a budget along the dependency graph
 spdx            SPDX document in JSON                                                            a budget along the dependency graph
 node-link       Node-link JSON of a dependency graph                                             a budget along the dependency graph
 seed-map        JSON of seeds and their dependencies                                             a budget along the dependency graph
 weight-csv      CSV of edges with weights: repo, parent, weight                                  a budget along the dependency graph
 edges-csv       CSV of edges: seed_repo, dependency_repo                                         a budget along the dependency graph
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
  [possible values: votes, ballots, rf4, snapshot, octant, payments, cargo-lock, cargo-metadata, package-lock, go-mod, uv-lock, poetry-lock, cyclonedx, spdx, node-link, seed-map, weight-csv, edges-csv]

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

/// Says what it understood, and the network it writes runs and verifies.
fn understands(room: &Room, command: &str, name: &str, told: impl snapbox::IntoData) {
    room.tells(command, told);
    room.done(&format!("allonet run {name}.allonet.toml"));
    room.done(&format!("allonet verify out/{name}/receipt.json"));
}

#[test]
fn votes_of_grants_stack() {
    let votes = "id,projectId,applicationId,token,voter,grantAddress,amount,amountUSD,\
                 amountRoundToken\n\
                 1,0xp,7,0x0,ann,0x1,9,2.5,2500000\n2,0xp,7,0x0,bob,0x1,9,2.5,2500000\n";
    let room = Room::new().file("votes.csv", votes);
    understands(
        &room,
        "allonet new --from votes.csv",
        "votes",
        str![[r#"
── standard error
note: columns used: voter = `voter`, project = `applicationId`, amount = `amountRoundToken`
note: these look like votes of Grants Stack
note: the amounts of the votes are taken for base units of USDC, as they are whole numbers of up to 7 digits
── standard output
votes: 10,000.00 USDC to match 2 votes of 2 voters for 1 project
wrote votes.allonet.toml
next: allonet check votes.allonet.toml; then: allonet run votes.allonet.toml
── exit 0
"#]],
    );
}

#[test]
fn ballots_of_easy_retro_pgf() {
    let ballots = "voterId,projectId,amount\nann,park,10\nann,choir,5\nbob,park,20\nbob,mill,\n";
    let room = Room::new().file("ballots.csv", ballots).file(
        "kept.json",
        r#"[{"voterId":"ann","votes":[{"projectId":"park","amount":10},
            {"projectId":"choir","amount":5}]}]"#,
    );
    understands(
        &room,
        "allonet new --from ballots.csv",
        "ballots",
        str![[r#"
── standard error
note: understood as --kind ballots
note: columns used: voter = `voterId`, project = `projectId`, amount = `amount`
── standard output
ballots: 10,000.00 USDC by 2 ballots on 3 projects
wrote ballots.allonet.toml
next: allonet check ballots.allonet.toml; then: allonet run ballots.allonet.toml
── exit 0
"#]],
    );
    understands(
        &room,
        "allonet new --from kept.json",
        "kept",
        str![[r#"
── standard error
note: understood as --kind ballots
note: read kept.json as JSON and wrote its 2 votes as a table
note: columns used: voter = `voter`, project = `project`, amount = `amount`
── standard output
kept: 10,000.00 USDC by 1 ballot on 2 projects
wrote kept.ballots.csv
wrote kept.allonet.toml
next: allonet check kept.allonet.toml; then: allonet run kept.allonet.toml
── exit 0
"#]],
    );
}

#[test]
fn votes_of_retro_funding_4() {
    let room = Room::new()
        .file("rf4.csv", "voter,metric_id,allocation,os_multiplier\nann,gas,60,2\nann,users,40,2\n")
        .file("metrics.csv", "project,gas,users\npark,10,5\nchoir,20,50\n");
    room.tells(
        "allonet new --from rf4.csv",
        str![[r#"
── standard error
no-metrics

  × ballots over metrics say nothing without the metrics of the projects
  help: give them with --metrics FILE: a table project,metric,value, or one with a column
        `project` and a column for each metric
── exit 2
"#]],
    );
    understands(
        &room,
        "allonet new --from rf4.csv --metrics metrics.csv",
        "rf4",
        str![[r#"
── standard error
note: understood as --kind rf4
note: columns used: voter = `voter`, metric = `metric_id`, weight = `allocation`
note: the factors for open source (os_multiplier) stand in a table of their own
── standard output
rf4: 10,000.00 USDC by 1 ballot on 2 projects
wrote rf4.ballots.csv
wrote rf4.voters.csv
wrote rf4.values.csv
wrote rf4.allonet.toml
next: allonet check rf4.allonet.toml; then: allonet run rf4.allonet.toml
── exit 0
"#]],
    );
}

#[test]
fn polls_of_snapshot() {
    let poll = "address,choice,voting_power,timestamp\nann,1,10.5,1700000000\nbob,2,4,1700000001\n";
    let room = Room::new().file("poll.csv", poll).file(
        "ranks.json",
        r#"{"data":{"proposal":{"choices":["Park","Choir","Mill"]},"votes":[
            {"voter":"ann","choice":[2,1,3],"vp":3},{"voter":"bob","choice":[3,2,1],"vp":2}]}}"#,
    );
    understands(
        &room,
        "allonet new --from poll.csv",
        "poll",
        str![[r#"
── standard error
note: understood as --kind snapshot
note: the choices have no names here: rename choice-1, choice-2, … at will
note: columns used: voter = `address`, choice = `choice`
note: the ballots look like one choice each, so the rule is single-choice
── standard output
poll: 10,000.00 USDC by 2 ballots on 2 choices
wrote poll.allonet.toml
next: allonet check poll.allonet.toml; then: allonet run poll.allonet.toml
── exit 0
"#]],
    );
    understands(
        &room,
        "allonet new --from ranks.json",
        "ranks",
        str![[r#"
── standard error
note: understood as --kind snapshot
note: the ballots look like full rankings of the choices, so the rule is ranked-choice
── standard output
ranks: 10,000.00 USDC by 2 ballots on 3 choices
wrote ranks.allonet.toml
next: allonet check ranks.allonet.toml; then: allonet run ranks.allonet.toml
── exit 0
"#]],
    );
}

#[test]
fn allocations_of_octant() {
    let csv = "donor,amount,proposal\nann,1000000000000000000,park\nbob,500000000000000000,park\n";
    let json =
        r#"{"allocations":[{"donor":"ann","amount":"1000000000000000000","proposal":"park"}]}"#;
    let room = Room::new().file("epoch.csv", csv).file("api.json", json);
    understands(
        &room,
        "allonet new --from epoch.csv",
        "epoch",
        str![[r#"
── standard error
note: understood as --kind octant
note: columns used: donor = `donor`, project = `proposal`, amount = `amount`
note: the amounts are whole numbers and taken for base units (wei)
── standard output
epoch: 10.00 ETH by allocations of 2 donors to 1 project
wrote epoch.allocations.csv
wrote epoch.allonet.toml
next: allonet check epoch.allonet.toml; then: allonet run epoch.allonet.toml
── exit 0
"#]],
    );
    understands(
        &room,
        "allonet new --from api.json",
        "api",
        str![[r#"
── standard error
note: understood as --kind octant
note: read api.json as JSON and wrote its 1 allocations as a table
note: columns used: donor = `voter`, project = `project`, amount = `amount`
note: the amounts are whole numbers and taken for base units (wei)
── standard output
api: 10.00 ETH by allocations of 1 donor to 1 project
wrote api.allocations.csv
wrote api.allonet.toml
next: allonet check api.allonet.toml; then: allonet run api.allonet.toml
── exit 0
"#]],
    );
}

#[test]
fn an_export_with_a_gap() {
    let room = Room::new().file("kept.json", r#"[{"voterId":"ann","votes":[{"amount":10}]}]"#);
    room.tells(
        "allonet new --from kept.json",
        str![[r#"
── standard error
bad-export

  × kept.json: entry 1 of its list has none of the fields projectId, project_id, project,
  │ proposal, project_address, proposal_address, applicationId
── exit 3
"#]],
    );
}
