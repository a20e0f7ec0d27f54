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
    room().tells("allonet weights market prices log.csv --window 172800 --max-volatility 0.1 --at 2026-01-04", str![[""]]);
}

#[test]
fn beliefs_become_orders() {
    let room = room().file("model.csv", "item,weight\ngeth,2\nreth,1\nbesu,1\n");
    room.tells(
        "allonet weights market trade log.csv --trader ann --weights model.csv --budget 400000 --output more.csv",
        str![[""]],
    );
    room.tells("allonet weights market prices more.csv", str![[""]]);
}

#[test]
fn a_jury_settles() {
    room().tells("allonet weights market settle log.csv --comparisons jury.csv", str![[""]]);
}

#[test]
fn wrong_rows_are_shown() {
    let row = |row: &str| Room::new().file("log.csv", format!("{LOG}2026-01-04,{row}\n"));
    row("ann,buy,geth,9000000").tells("allonet weights market prices log.csv", str![[""]]);
    row("ann,buy,geht,-9").tells("allonet weights market prices log.csv", str![[""]]);
    room().tells("allonet weights market settle log.csv", str![[""]]);
    room().tells("allonet weights market simulate --runs 1", str![[""]]);
}
