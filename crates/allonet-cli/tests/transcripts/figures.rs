//! Numbers that are no amounts, shares or times.

use snapbox::str;

use crate::room::Room;

/// Checks the round with another line of votes.
#[track_caller]
fn vote(amount: &str, expected: impl snapbox::IntoData) {
    let room = Room::usual();
    room.edit("votes.csv", "cem,park,9", &format!("cem,park,{amount}"));
    room.tells("allonet check round.allonet.toml", expected);
}

/// The same with votes in base units.
#[track_caller]
fn vote_in_base_units(amount: &str, expected: impl snapbox::IntoData) {
    let room = Room::usual();
    room.edit("round.allonet.toml", "saturation", "amounts = \"base-units\"\nsaturation");
    room.edit("votes.csv", "cem,park,9", &format!("cem,park,{amount}"));
    room.tells("allonet check round.allonet.toml", expected);
}

/// Checks the payments with another text in the network file.
#[track_caller]
fn pay(from: &str, to: &str, expected: impl snapbox::IntoData) {
    let room = Room::usual();
    room.edit("pay.allonet.toml", from, to);
    room.tells("allonet check pay.allonet.toml", expected);
}

#[test]
fn negative_base_units() {
    vote_in_base_units(
        "-9",
        str![[r#"
── standard error
bad-amount

  × `-9` is not a whole, non-negative number of base units
   ╭─[votes.csv:5:10]
 4 │ ann,park,4
 5 │ cem,park,-9
   ·          ─┬
   ·           ╰── here
   ╰────
  help: amounts = "base-units" is set; decimals need amounts = "decimal"

1 error
── exit 3
"#]],
    );
}

#[test]
fn parts_of_base_units() {
    vote_in_base_units(
        "9.5",
        str![[r#"
── standard error
bad-amount

  × `9.5` is not a whole, non-negative number of base units
   ╭─[votes.csv:5:10]
 4 │ ann,park,4
 5 │ cem,park,9.5
   ·          ─┬─
   ·           ╰── here
   ╰────
  help: amounts = "base-units" is set; decimals need amounts = "decimal"

1 error
── exit 3
"#]],
    );
}

#[test]
fn a_negative_vote() {
    vote(
        "-9",
        str![[r#"
── standard error
bad-amount

  × `-9` is negative; amounts are zero or more
   ╭─[votes.csv:5:10]
 4 │ ann,park,4
 5 │ cem,park,-9
   ·          ─┬
   ·           ╰── here
   ╰────

1 error
── exit 3
"#]],
    );
}

#[test]
fn more_decimals_than_the_asset_has_in_a_table() {
    vote(
        "9.0000001",
        str![[r#"
── standard error
bad-amount

  × `9.0000001` has 7 decimals, but the asset has 6; shorten it yourself, allonet never rounds an
  │ input
   ╭─[votes.csv:5:10]
 4 │ ann,park,4
 5 │ cem,park,9.0000001
   ·          ────┬────
   ·              ╰── here
   ╰────

1 error
── exit 3
"#]],
    );
}

#[test]
fn zeros_behind_the_decimals_do_no_harm() {
    let room = Room::usual();
    room.edit("votes.csv", "cem,park,9", "cem,park,9.00000000");
    room.done("allonet check round.allonet.toml");
}

#[test]
fn not_a_number_in_a_table() {
    vote(
        "NaN",
        str![[r#"
── standard error
bad-amount

  × `NaN` is not a decimal number; write for example 1_250.75
   ╭─[votes.csv:5:10]
 4 │ ann,park,4
 5 │ cem,park,NaN
   ·          ─┬─
   ·           ╰── here
   ╰────

1 error
── exit 3
"#]],
    );
}

#[test]
fn infinity_in_a_table() {
    vote(
        "inf",
        str![[r#"
── standard error
bad-amount

  × `inf` is not a decimal number; write for example 1_250.75
   ╭─[votes.csv:5:10]
 4 │ ann,park,4
 5 │ cem,park,inf
   ·          ─┬─
   ·           ╰── here
   ╰────

1 error
── exit 3
"#]],
    );
}

#[test]
fn a_number_with_an_exponent() {
    vote(
        "1e3",
        str![[r#"
── standard error
bad-amount

  × `1e3` is not a decimal number; write for example 1_250.75
   ╭─[votes.csv:5:10]
 4 │ ann,park,4
 5 │ cem,park,1e3
   ·          ─┬─
   ·           ╰── here
   ╰────

1 error
── exit 3
"#]],
    );
}

#[test]
fn a_number_with_a_comma() {
    vote(
        "\"1,5\"",
        str![[r#"
── standard error
bad-amount

  × `1,5` is not a decimal number; write for example 1_250.75
   ╭─[votes.csv:5:11]
 4 │ ann,park,4
 5 │ cem,park,"1,5"
   ·           ─┬─
   ·            ╰── here
   ╰────

1 error
── exit 3
"#]],
    );
}

#[test]
fn an_empty_cell() {
    vote(
        "",
        str![[r#"
── standard error
bad-amount

  × this vote has no amount
   ╭─[votes.csv:5:10]
 4 │ ann,park,4
 5 │ cem,park,
   ·          ▲
   ·          ╰── here
   ╰────

1 error
── exit 3
"#]],
    );
}

#[test]
fn a_vote_beyond_256_bits() {
    let digits = "9".repeat(80);
    vote(
        &digits,
        str![[r#"
── standard error
bad-amount

  × `99999999999999999999999999999999999999999999999999999999999999999999999999999999` is more
  │ than 2^256 base units; check the asset's decimals
   ╭─[votes.csv:5:10]
 4 │ ann,park,4
 5 │ cem,park,99999999999999999999999999999999999999999999999999999999999999999999999999999999
   ·          ────────────────────────────────────────┬───────────────────────────────────────
   ·                                                  ╰── here
   ╰────

1 error
── exit 3
"#]],
    );
}

#[test]
fn more_decimals_than_the_asset_has_in_the_network_file() {
    pay(
        "100 USDC",
        "100.1234567 USDC",
        str![[r#"
── standard error
bad-amount

  × gives: `100.1234567` has 7 decimals, but the asset has 6; shorten it yourself, allonet never
  │ rounds an input
   ╭─[pay.allonet.toml:8:9]
 7 │ [sources.treasury]
 8 │ gives = "100.1234567 USDC"
   ·         ─────────┬────────
   ·                  ╰── here
 9 │ to    = { alice = "70%", bob = "30%" }
   ╰────
  help: an amount is a decimal and an asset: "1_250.75 USDC"

1 error
── exit 3
"#]],
    );
}

#[test]
fn a_negative_amount() {
    pay(
        "100 USDC",
        "-100 USDC",
        str![[r#"
── standard error
bad-amount

  × gives: `-100` is negative; amounts are zero or more
   ╭─[pay.allonet.toml:8:9]
 7 │ [sources.treasury]
 8 │ gives = "-100 USDC"
   ·         ─────┬─────
   ·              ╰── here
 9 │ to    = { alice = "70%", bob = "30%" }
   ╰────
  help: an amount is a decimal and an asset: "1_250.75 USDC"

1 error
── exit 3
"#]],
    );
}

#[test]
fn an_amount_with_a_point_outside_of_quotes() {
    pay(
        "\"100 USDC\"",
        "100.5",
        str![[r#"
── standard error
wrong-type

  × `gives` is a number with a point, but must be an amount
   ╭─[pay.allonet.toml:8:9]
 7 │ [sources.treasury]
 8 │ gives = 100.5
   ·         ──┬──
   ·           ╰── must be an amount
 9 │ to    = { alice = "70%", bob = "30%" }
   ╰────
  help: write it as text: gives = "100.5 USDC"

1 error
── exit 3
"#]],
    );
}

#[test]
fn an_amount_of_an_unknown_asset() {
    pay(
        "100 USDC",
        "100 UDSC",
        str![[r#"
── standard error
unknown-asset

  × unknown asset `UDSC`
   ╭─[pay.allonet.toml:8:9]
 7 │ [sources.treasury]
 8 │ gives = "100 UDSC"
   ·         ─────┬────
   ·              ╰── no such key in [assets]
 9 │ to    = { alice = "70%", bob = "30%" }
   ╰────
  help: did you mean `USDC`?

1 error
── exit 3
"#]],
    );
}

#[test]
fn an_amount_beyond_256_bits() {
    let most = "115792089237316195423570985008687907853269984665640564039457584007913129.639935";
    let room = Room::usual();
    room.edit("pay.allonet.toml", "100 USDC", &format!("{most} USDC"));
    room.done("allonet check pay.allonet.toml");
    room.edit("pay.allonet.toml", "639935 USDC", "639936 USDC");
    room.tells(
        "allonet check pay.allonet.toml",
        str![[r#"
── standard error
bad-amount

  × gives: `115792089237316195423570985008687907853269984665640564039457584007913129.639936` is
  │ more than 2^256 base units; check the asset's decimals
   ╭─[pay.allonet.toml:8:9]
 7 │ [sources.treasury]
 8 │ gives = "115792089237316195423570985008687907853269984665640564039457584007913129.639936 USDC"
   ·         ───────────────────────────────────────────┬──────────────────────────────────────────
   ·                                                    ╰── here
 9 │ to    = { alice = "70%", bob = "30%" }
   ╰────
  help: an amount is a decimal and an asset: "1_250.75 USDC"

1 error
── exit 3
"#]],
    );
}

const TWO_SOURCES: &str = r#"[network]
name = "sum"

[assets.USDC]
decimals = 0

[sources.one]
gives = "115792089237316195423570985008687907853269984665640564039457584007913129639935 USDC"
to    = "alice"

[sources.two]
gives = "1 USDC"
to    = "alice"

[recipients.alice]
"#;

#[test]
fn sources_beyond_256_bits_together() {
    let room = Room::new().file("sum.allonet.toml", TWO_SOURCES);
    room.tells(
        "allonet check sum.allonet.toml",
        str![[r#"
── standard error
too-much-money

  × with `two`, 2^256 base units of USDC or more come in
    ╭─[sum.allonet.toml:11:10]
 10 │
 11 │ [sources.two]
    ·          ─┬─
    ·           ╰── too much from here on
 12 │ gives = "1 USDC"
    ╰────
  help: check the amounts, and the decimals of USDC

1 error
── exit 3
"#]],
    );
    room.tells(
        "allonet run sum.allonet.toml",
        str![[r#"
── standard error
too-much-money

  × with `two`, 2^256 base units of USDC or more come in
    ╭─[sum.allonet.toml:11:10]
 10 │
 11 │ [sources.two]
    ·          ─┬─
    ·           ╰── too much from here on
 12 │ gives = "1 USDC"
    ╰────
  help: check the amounts, and the decimals of USDC

1 error
── exit 3
"#]],
    );
    assert!(!room.path("out").exists());
}

#[test]
fn weights_that_miss_the_whole() {
    pay(
        "30%",
        "29%",
        str![[r#"
── standard error
weights-sum

  × the shares add up to 99%, not 100%
   ╭─[pay.allonet.toml:9:9]
 8 │ gives = "100 USDC"
 9 │ to    = { alice = "70%", bob = "29%" }
   ·         ───────────────┬──────────────
   ·                        ╰── here
   ╰────
  help: raise one of them, or let one payee take what is left: "rest"

1 error
── exit 3
"#]],
    );
}

#[test]
fn weights_beyond_the_whole() {
    pay(
        "30%",
        "30.5%",
        str![[r#"
── standard error
weights-sum

  × the shares add up to 100.5%, not 100%
   ╭─[pay.allonet.toml:9:9]
 8 │ gives = "100 USDC"
 9 │ to    = { alice = "70%", bob = "30.5%" }
   ·         ────────────────┬───────────────
   ·                         ╰── here
   ╰────
  help: lower one of them, or write plain numbers, which count in proportion

1 error
── exit 3
"#]],
    );
}

#[test]
fn weights_of_two_kinds() {
    pay(
        "\"30%\"",
        "3",
        str![[r#"
── standard error
mixed-weights

  × `bob` has the plain number 3, but `alice` has 70%
   ╭─[pay.allonet.toml:9:26]
 8 │ gives = "100 USDC"
 9 │ to    = { alice = "70%", bob = 3 }
   ·                          ─┬─
   ·                           ╰── here
   ╰────
  help: write all weights as shares (50%, 1/3, rest) or all as plain numbers

1 error
── exit 3
"#]],
    );
}

#[test]
fn a_weight_that_is_not_a_number() {
    pay(
        "alice = \"70%\", bob = \"30%\"",
        "alice = nan, bob = 1",
        str![[r#"
── standard error
wrong-type

  × `alice` is a number with a point, but must be a weight
   ╭─[pay.allonet.toml:9:19]
 8 │ gives = "100 USDC"
 9 │ to    = { alice = nan, bob = 1 }
   ·                   ─┬─
   ·                    ╰── must be a weight
   ╰────
  help: write it as text: alice = "0.5"

1 error
── exit 3
"#]],
    );
}

#[test]
fn an_infinite_weight() {
    pay(
        "alice = \"70%\", bob = \"30%\"",
        "alice = inf, bob = 1",
        str![[r#"
── standard error
wrong-type

  × `alice` is a number with a point, but must be a weight
   ╭─[pay.allonet.toml:9:19]
 8 │ gives = "100 USDC"
 9 │ to    = { alice = inf, bob = 1 }
   ·                   ─┬─
   ·                    ╰── must be a weight
   ╰────
  help: write it as text: alice = "0.5"

1 error
── exit 3
"#]],
    );
}

#[test]
fn a_setting_that_is_not_a_number() {
    let room = Room::usual();
    room.edit("round.allonet.toml", "saturation", "score_low = nan\nsaturation");
    room.tells(
        "allonet check round.allonet.toml",
        str![[r#"
── standard error
out-of-bounds

  × `score_low` is nan, but must be a number, 0 to 1000000000
    ╭─[round.allonet.toml:14:13]
 13 │ votes      = "votes.csv"
 14 │ score_low = nan
    ·             ─┬─
    ·              ╰── must be a number, 0 to 1000000000
 15 │ saturation = "fill"
    ╰────

1 error
── exit 3
"#]],
    );
}

#[test]
fn an_originality_that_is_not_a_number() {
    let network = r#"[network]
name = "deep"

[assets.USD]
decimals = 2

[sources.fund]
gives = "100 USD"
to    = "graph"

[neurons.graph]
mechanism   = "dependency"
roots       = ["app"]
edges       = "edges.csv"
originality = "originality.csv"
"#;
    let room = Room::new()
        .file("deep.allonet.toml", network)
        .file("edges.csv", "parent,repo,weight\napp,lib,inf\n")
        .file("originality.csv", "node,originality\napp,NaN\n");
    room.tells(
        "allonet check deep.allonet.toml",
        str![[r#"
── standard error
bad-number

  × `inf` is not a number from 0 to 10^30
   ╭─[edges.csv:2:9]
 1 │ parent,repo,weight
 2 │ app,lib,inf
   ·         ─┬─
   ·          ╰── here
   ╰────
  help: write it as a decimal, such as 0.25 or 2.5e-1

1 error
── exit 3
"#]],
    );
}

#[test]
fn a_time_that_is_none() {
    pay(
        "name = \"pay\"",
        "name = \"pay\"\nepoch_ends = [\"2026-02-30T00:00:00Z\"]",
        str![[r#"
── standard error
bad-time

  × `2026-02-30T00:00:00Z` is not a moment; write for example 2026-01-31T18:30:00Z,
  │ 2026-01-31T18:30:00+02:00 or 2026-01-31
   ╭─[pay.allonet.toml:3:15]
 2 │ name = "pay"
 3 │ epoch_ends = ["2026-02-30T00:00:00Z"]
   ·               ───────────┬──────────
   ·                          ╰── here
   ╰────

1 error
── exit 3
"#]],
    );
}

#[test]
fn epochs_that_end_in_another_order() {
    pay(
        "name = \"pay\"",
        "name = \"pay\"\nepoch_ends = [\"2026-02-01\", \"2026-01-01\"]",
        str![[r#"
── standard error
epoch-order

  × this epoch ends at 2026-01-01T00:00:00Z, not after the one before (2026-02-01T00:00:00Z)
   ╭─[pay.allonet.toml:3:29]
 2 │ name = "pay"
 3 │ epoch_ends = ["2026-02-01", "2026-01-01"]
   ·                             ──────┬─────
   ·                                   ╰── here
   ╰────
  help: give the ends of epochs in order of time

1 error
── exit 3
"#]],
    );
}
