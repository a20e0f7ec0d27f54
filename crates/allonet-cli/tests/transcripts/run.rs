//! Runs that end well, and runs that a rule or promise ends.

use snapbox::str;

use crate::room::Room;

#[test]
fn what_a_run_prints() {
    let room = Room::usual();
    room.tells(
        "allonet run round.allonet.toml",
        str![[r#"
── standard error
note: no 0xSplits lists for USDC: they need at least two recipients with an address, found 0
note: no Drips list for USDC: no recipient has an address or is a GitHub repository
note: not in a Safe file but in not-payable.csv: 2 payouts without chain or address
── standard output
round, 1 epoch

 #  recipient       USDC  share
 1  park       85.714286  85.7%
 2  garden     14.285714  14.3%

100.00 USDC came in = 100.00 paid

5 files in out/round, among them
  report   out/round/report.html
  receipt  out/round/receipt.json
check it with: allonet verify out/round/receipt.json
── exit 0
"#]],
    );
    let names = room.names("out/round");
    assert_eq!(
        names,
        ["merkle-usdc.json", "not-payable.csv", "payouts.csv", "receipt.json", "report.html"]
    );
}

#[test]
fn what_a_run_prints_for_programs() {
    Room::usual().tells(
        "allonet run round.allonet.toml --format json --out there",
        str![[r#"
── standard output
{
  "epochs": 1,
  "files": [
    "merkle-usdc.json",
    "not-payable.csv",
    "payouts.csv",
    "receipt.json",
    "report.html"
  ],
  "folder": "there",
  "network": "round",
  "payouts": [
    {
      "amount": "85714286",
      "asset": "USDC",
      "recipient": "park"
    },
    {
      "amount": "14285714",
      "asset": "USDC",
      "recipient": "garden"
    }
  ],
  "remarks": [],
  "run": "[HASH]",
  "totals": {
    "USDC": {
      "brought_in": "100000000",
      "in_flight": "0",
      "paid": "100000000",
      "retained": "0",
      "unspent": "0"
    }
  }
}
── exit 0
"#]],
    );
}

#[test]
fn the_table_can_be_cut() {
    Room::usual().tells(
        "allonet run pay.allonet.toml --top 1",
        str![[r#"
── standard error
note: no 0xSplits lists for USDC: they need at least two recipients with an address, found 0
note: no Drips list for USDC: no recipient has an address or is a GitHub repository
note: not in a Safe file but in not-payable.csv: 2 payouts without chain or address
── standard output
pay, 1 epoch

 #  recipient       USDC  share
 1  Alice (alice)  70.00  70.0%
    and 1 more     30.00  30.0%

100.00 USDC came in = 100.00 paid

5 files in out/pay, among them
  report   out/pay/report.html
  receipt  out/pay/receipt.json
check it with: allonet verify out/pay/receipt.json
── exit 0
"#]],
    );
}

#[test]
fn the_number_of_threads_changes_no_byte() {
    let room = Room::usual();
    for threads in [1, 2, 5] {
        let told = room
            .done(&format!("allonet run round.allonet.toml --out {threads} --threads {threads}"));
        assert!(told.out.contains("100.00 USDC came in = 100.00 paid"), "{}", told.out);
    }
    room.same("1", "2");
    room.same("1", "5");
}

#[test]
fn a_broken_promise_names_step_and_amount() {
    let room = Room::usual();
    let promises = "cap = \"100%\"\n\n[[promises]]\non = \"matching\"\nmax_share = \"80%\"\n";
    room.edit(
        "round.allonet.toml",
        "saturation = \"fill\"\n",
        &format!("saturation = \"fill\"\n{promises}"),
    );
    room.tells(
        "allonet run round.allonet.toml",
        str![[r#"
── standard error
promise-broken

  × promise broken in epoch 0, at `matching`: no payee takes more than 80%, but `park` would get
  │ 85.714286 USDC of 100.00 USDC
    ╭─[round.allonet.toml:19:13]
 18 │ on = "matching"
 19 │ max_share = "80%"
    ·             ──┬──
    ·               ╰── promised here
    ╰────
  help: nothing was paid; change the network or the promise

1 error
── exit 1
"#]],
    );
    assert!(!room.path("out").exists());
    room.edit("round.allonet.toml", "max_share = \"80%\"", "max_voter_effect = \"10%\"");
    room.tells(
        "allonet run round.allonet.toml",
        str![[r#"
── standard error
promise-broken

  × promise broken in epoch 0, at `matching`: no voter moves more than 10%, but `ann` moves 100.00
  │ USDC of 100.00 USDC
    ╭─[round.allonet.toml:19:20]
 18 │ on = "matching"
 19 │ max_voter_effect = "10%"
    ·                    ──┬──
    ·                      ╰── promised here
    ╰────
  help: nothing was paid; change the network or the promise

1 error
── exit 1
"#]],
    );
    room.edit("round.allonet.toml", "max_voter_effect = \"10%\"", "min_recipients = 3");
    room.tells(
        "allonet run round.allonet.toml",
        str![[r#"
── standard error
promise-broken

  × promise broken in epoch 0, at `matching`: at least 3 recipients are paid, but only 2 would be
  │ paid
    ╭─[round.allonet.toml:19:18]
 18 │ on = "matching"
 19 │ min_recipients = 3
    ·                  ┬
    ·                  ╰── promised here
    ╰────
  help: nothing was paid; change the network or the promise

1 error
── exit 1
"#]],
    );
    room.edit(
        "round.allonet.toml",
        "on = \"matching\"\nmin_recipients = 3",
        "budget_max = \"99 USDC\"",
    );
    room.tells(
        "allonet run round.allonet.toml",
        str![[r#"
── standard error
promise-broken

  × promise broken in epoch 0: at most 99.00 USDC comes in, but 100.00 USDC does
    ╭─[round.allonet.toml:18:14]
 17 │ [[promises]]
 18 │ budget_max = "99 USDC"
    ·              ────┬────
    ·                  ╰── promised here
    ╰────
  help: nothing was paid; change the network or the promise

1 error
── exit 1
"#]],
    );
}

#[test]
fn a_rule_may_refuse() {
    let room = Room::usual();
    let listens = "\
[neurons.matching]
mechanism   = \"split\"
from_signal = true
payees      = [\"alice\", \"bob\"]

[recipients]
alice = {}
bob   = {}
";
    let network = room.read("round.allonet.toml");
    let head = network.split("[neurons").next().unwrap();
    let room = room.file("round.allonet.toml", format!("{head}{listens}"));
    room.tells(
        "allonet run round.allonet.toml",
        str![[r#"
── standard error
no-signal

  × `matching` refuses in epoch 0: no signal `weights` has arrived to divide the money by
    ╭─[round.allonet.toml:11:10]
 10 │
 11 │ [neurons.matching]
    ·          ────┬───
    ·              ╰── this neuron refuses
 12 │ mechanism   = "split"
    ╰────
  help: add [[signals]] with `name` or `as` = "weights" to this neuron

1 error
── exit 4
"#]],
    );
}

/// Where results go by default is below `out`, whatever a network is called.
#[test]
fn a_name_that_leads_elsewhere() {
    let room = Room::usual();
    room.edit("pay.allonet.toml", "\"pay\"", "\"../../pay\"");
    room.tells(
        "allonet run pay.allonet.toml",
        str![[r#"
── standard error
bad-name

  × `../../pay` is no name of a network: it has the character `/`
   ╭─[pay.allonet.toml:2:8]
 1 │ [network]
 2 │ name = "../../pay"
   ·        ─────┬─────
   ·             ╰── here
   ╰────
  help: allowed: letters, digits, `-`, `_`, `.` and spaces between them; any text may be the
        `title`

1 error
── exit 3
"#]],
    );
    room.edit("pay.allonet.toml", "../../pay", "Spring round");
    room.done("allonet run pay.allonet.toml");
    assert_eq!(room.names("out"), ["Spring-round"]);
}

const TWO_COINS: &str = r#"[network]
name = "coins"

[assets.USDC]
decimals = 6
chain    = "arbitrum one"
address  = "0xaf88d065e77c8cC2239327C5EDb3A432268e5831"

[assets.ODD]
decimals = 6
chain    = "arbitrum-one"

[assets.COIN]
decimals = 18
chain    = "arbitrum-one"

[sources.first]
gives = "100 USDC"
to    = "alice"

[sources.second]
gives = "10 ODD"
to    = "alice"

[sources.third]
gives = "1 COIN"
to    = "alice"

[recipients]
alice = { address = "0x1111111111111111111111111111111111111111" }
"#;

/// Two chains whose names look alike keep their files, and one unsound coin
/// leaves those of the others alone.
#[test]
fn chains_and_coins_stay_apart() {
    let room = Room::new().file("coins.allonet.toml", TWO_COINS);
    room.tells("allonet run coins.allonet.toml", str![[r#"
── standard error
note: no 0xSplits lists for COIN@arbitrum-one: they need at least two recipients with an address, found 1
note: no 0xSplits lists for ODD@arbitrum-one: they need at least two recipients with an address, found 1
note: no 0xSplits lists for USDC@arbitrum one:0xaf88d065e77c8cc2239327c5edb3a432268e5831: they need at least two recipients with an address, found 1
note: only in not-payable.csv: asset `ODD@arbitrum-one` has no contract address, so a Safe would take it for the coin of its chain and read amounts with 18 decimals, not 6; add the token's `address`
── standard output
coins, 1 epoch

 #  recipient  USDC@arbitrum one   share
 1  alice                 100.00  100.0%

100.00 USDC came in = 100.00 paid

 #  recipient  ODD@arbitrum-one   share
 1  alice                 10.00  100.0%

10.00 ODD came in = 10.00 paid

 #  recipient  COIN@arbitrum-one   share
 1  alice                   1.00  100.0%

1.00 COIN came in = 1.00 paid

15 files in out/coins, among them
  report   out/coins/report.html
  receipt  out/coins/receipt.json
check it with: allonet verify out/coins/receipt.json
── exit 0
"#]]);
    let names = room.names("out/coins");
    let safe: Vec<&String> = names.iter().filter(|name| name.starts_with("safe-")).collect();
    assert_eq!(safe.len(), 2, "{names:?}");
    assert!(safe.iter().all(|name| name.starts_with("safe-arbitrum-one-")), "{names:?}");
    let texts: String = safe.iter().map(|name| room.read(&format!("out/coins/{name}"))).collect();
    assert!(texts.contains(",100.000000,") && texts.contains("native,,"), "{texts}");
    let left = room.read("out/coins/not-payable.csv");
    assert!(left.contains("alice,ODD@arbitrum-one,10000000,unsound-asset"), "{left}");
    room.done("allonet verify out/coins/receipt.json");
}
