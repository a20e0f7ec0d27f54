//! What a sound network looks like.

use snapbox::str;

use crate::room::Room;

#[test]
fn the_summary_of_a_network() {
    Room::usual().tells("allonet check round.allonet.toml", str![[r#"
── standard output
network     round
assets      USDC (6 decimals)
sources     treasury: 100.00 USDC
neurons     1: 1 quadratic
recipients  2
edges       3 of value, 0 of signals; depth 2, fan-out up to 2
loops       none
epochs      1
promises    none
inputs      round.allonet.toml (201 bytes, blake3 [HASH])
            votes.csv (69 bytes, blake3 [HASH])
rules       matching: Quadratic funding — match = min(λ · ((Σ√c)² − Σc), cap · pool), votes.csv (4 rows), saturation fill
the network is sound
── exit 0
"#]]);
}

#[test]
fn the_summary_names_loops_epochs_promises_and_sources() {
    let network = r#"[network]
name       = "mutual"
title      = "Mutual aid"
epoch_ends = ["2026-01-31", "2026-02-28"]

[assets.USDC]
decimals = 6
chain    = "optimism"

[assets.ETH]
decimals = 18

[sources.north-income]
gives       = ["100 USDC", "0.25 ETH"]
every_epoch = true
to          = "north"

[sources.south-income]
gives = "50 USDC"
to    = "south"

[neurons.north]
title     = "North DAO"
mechanism = "split"
to        = { south = "20%", alice = "rest" }

[neurons.south]
mechanism = "split"
retain    = "5%"
to        = { north = 1, alice = 3 }

[recipients.alice]

[[promises]]
min_recipients = 1

[[promises]]
on         = "north"
budget_max = "1_000 USDC"
"#;
    let room = Room::new().file("mutual.allonet.toml", network);
    room.tells("allonet check mutual.allonet.toml", str![[r#"
── standard output
network     mutual (Mutual aid)
assets      USDC@optimism (6 decimals), ETH (18 decimals)
sources     250.00 USDC, 0.50 ETH from 2 sources
            north-income: 200.00 USDC, 0.50 ETH, 4 times
            south-income: 50.00 USDC
neurons     2: 2 split
recipients  1
edges       6 of value, 0 of signals; depth 2, fan-out up to 2
loops       1; the largest has 2 members
epochs      2; the first ends 2026-01-31T00:00:00Z, the last 2026-02-28T00:00:00Z
promises    the network: at least 1 recipient is paid
            north: at most 1,000.00 USDC comes in
inputs      mutual.allonet.toml (652 bytes, blake3 [HASH])
rules       north (North DAO): Fixed split — payout = money · weight / Σ weights, to alice rest, south 20%
            south: Fixed split — payout = money · weight / Σ weights, retains 5%, to alice 3, north 1
the network is sound
── exit 0
"#]]);
}

#[test]
fn the_summary_for_programs() {
    Room::usual().tells("allonet check round.allonet.toml --format json", str![[r#"
── standard output
{
  "assets": [
    {
      "decimals": 6,
      "symbol": "USDC"
    }
  ],
  "depth": 2,
  "epochs": 1,
  "fan_out_max": 2,
  "inputs": [
    {
      "blake3": "[HASH]",
      "bytes": 201,
      "path": "round.allonet.toml"
    },
    {
      "blake3": "[HASH]",
      "bytes": 69,
      "path": "votes.csv"
    }
  ],
  "loop_members_max": 0,
  "loops": 0,
  "name": "round",
  "neurons": [
    {
      "id": "matching",
      "mechanism": "quadratic",
      "retain": "0%",
      "rule": "Quadratic funding — match = min(λ · ((Σ√c)² − Σc), cap · pool), votes.csv (4 rows), saturation fill",
      "settings": {
        "amounts": "decimal",
        "arithmetic": "integer",
        "cap_overflow": "redistribute",
        "min_donation_per": "vote",
        "parity": "none",
        "rounding": "largest-remainder",
        "saturation": "fill",
        "score_floor": "50%",
        "score_high": "25",
        "score_low": "15",
        "self_votes": "count",
        "variant": "without-own",
        "votes": "votes.csv"
      },
      "title": null
    }
  ],
  "promises": [],
  "recipients": 2,
  "signal_edges": 0,
  "sources": [
    {
      "gives": {
        "USDC": "100000000"
      },
      "id": "treasury",
      "title": null
    }
  ],
  "title": null,
  "value_edges": 3,
  "warnings": 0
}
── exit 0
"#]]);
}
