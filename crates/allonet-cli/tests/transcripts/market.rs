//! Prediction markets: prices, orders, settlement, and what is refused.

use snapbox::str;

use crate::room::Room;

const LOG: &str = "time,trader,action,outcome,amount
2026-01-01,sponsor,list,geth,
2026-01-01,sponsor,list,reth,
2026-01-01,sponsor,list,besu,
2026-01-01,sponsor,deposit,,2000000
2026-01-01,sponsor,open-lmsr,,1000000
2026-01-02,ann,deposit,,3000000
2026-01-03,ann,buy,geth,500000
";

const JURY: &str = "item_a,item_b,winner,multiplier
geth,reth,geth,2
reth,besu,reth,2
";

fn room() -> Room {
    Room::new().file("log.csv", LOG).file("jury.csv", JURY)
}

#[test]
fn prices_make_weights() {
    room().tells("allonet weights market prices log.csv --window 172800 --max-volatility 0.1 --at 2026-01-04", str![[r#"
── standard error
note: restless prices, a jury should look before money moves: geth, reth, besu
── standard output
 outcome     price      mean   depth  volatility    weight
 geth     0.595646  0.464490  159356    0.290252  0.464490  jury
 reth     0.202177  0.267755   25667    0.250000  0.267755  jury
 besu     0.202177  0.267755   25667    0.250000  0.267755  jury
7 events as of 2026-01-04T00:00:00Z
── exit 0
"#]]);
}

#[test]
fn beliefs_become_orders() {
    let room = room().file("model.csv", "item,weight\ngeth,2\nreth,1\nbesu,1\n");
    room.tells(
        "allonet weights market trade log.csv --trader ann --weights model.csv --budget 400000 --output more.csv",
        str![[r#"
── standard error
note: 1 order for 0 base units; prices were 0.0956 from these weights and are 0.0000 after (0 is agreement, 1 the opposite)
── standard output
time,trader,action,outcome,amount,tokens,least,fee_ppm,price,lower,upper,note
2026-01-03T00:00:00Z,ann,sell,geth,387355,,,,,,,
── exit 0
"#]],
    );
    room.tells(
        "allonet weights market prices more.csv",
        str![[r#"
── standard output
 outcome     price      mean   depth  volatility    weight
 geth     0.500000  0.500000  105360    0.000000  0.500000
 reth     0.250000  0.250000   33901    0.000000  0.250000
 besu     0.250000  0.250000   33901    0.000000  0.250000
8 events as of 2026-01-03T00:00:00Z
── exit 0
"#]],
    );
}

#[test]
fn a_jury_settles() {
    room().tells(
        "allonet weights market settle log.csv --comparisons jury.csv",
        str![[r#"
── standard output
 outcome  paid for a token
 geth             0.571429
 reth             0.285714
 besu             0.142857
 INVALID          0.000000

 account  paid for tokens  holds now
 ann               617430    3117430
 sponsor           981183    1882570

ruled by jury: least-squares of jury.csv
5000000 base units of 2 accounts, as much as came in and did not leave
── exit 0
"#]],
    );
}

#[test]
fn wrong_rows_are_shown() {
    let row = |row: &str| Room::new().file("log.csv", format!("{LOG}2026-01-04,{row}\n"));
    row("ann,buy,geth,9000000").tells(
        "allonet weights market prices log.csv",
        str![[r#"
── standard error
not-held

  × `ann` holds 2500000 of collateral, fewer than 9000000
   ╭─[log.csv:9:25]
 8 │ 2026-01-03,ann,buy,geth,500000
 9 │ 2026-01-04,ann,buy,geth,9000000
   ·                         ───┬───
   ·                            ╰── here
   ╰────

1 error
── exit 3
"#]],
    );
    row("ann,buy,geht,-9").tells(
        "allonet weights market prices log.csv",
        str![[r#"
── standard error
bad-amount

  × `-9` is not a whole, non-negative number of base units
   ╭─[log.csv:9:25]
 8 │ 2026-01-03,ann,buy,geth,500000
 9 │ 2026-01-04,ann,buy,geht,-9
   ·                         ─┬
   ·                          ╰── here
   ╰────
  help: amounts are whole base units of the collateral

1 error
── exit 3
"#]],
    );
    room().tells(
        "allonet weights market settle log.csv",
        str![[r#"
── standard error
untimely

  × nobody has ruled how the market resolves
── exit 3
"#]],
    );
    room().tells(
        "allonet weights market simulate --runs 1",
        str![[r#"
── standard error
bad-event

  × the number of runs is 1; projects 2 to 1,000, traders 4 to 1,000, comparisons 2 to 10,000,
  │ batch 1 to 1,000, window 1 to 10,000, runs 2 to 100,000
── exit 2
"#]],
    );
}
