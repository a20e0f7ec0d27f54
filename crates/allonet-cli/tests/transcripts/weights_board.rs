//! `allonet weights board`.

use crate::room::Room;

const DUELS: &str = "\
item_a,item_b,winner,multiplier,juror
geth,viem,geth,2,ann
viem,hevm,hevm,3,ben
geth,hevm,geth,2,cem
geth,viem,viem,1.5,dan
";

const NEW: &str = "allonet weights board new b --comparisons duels.csv --seed 5 --closes";

fn room() -> Room {
    Room::new().file("duels.csv", DUELS).file("w.csv", "item,weight\ngeth,5\nviem,3\nhevm,2\n")
}

#[test]
fn a_board_is_open_then_closed() {
    let room = room();
    room.done(&format!("{NEW} 2024-02-01"));
    let submit = |at: &str| {
        let line = "allonet weights board submit b w.csv --identity ann --at";
        room.run(&format!("{line} {at}"))
    };
    assert!(submit("2024-01-01").out.contains("a new best"));
    assert!(submit("2024-01-01").out.contains("the best before stands"));
    assert!(submit("2023-12-31").err.contains("would stand before the last one"));
    assert!(submit("2024-02-01").err.contains("the board closed at"));
    assert!(room.done("allonet weights board show b").out.contains("2 of 60"));
    assert!(room.done("allonet weights board final b").out.contains("final brier"));
}

#[test]
fn the_end_is_hidden_while_the_board_is_open() {
    let room = room();
    room.done(&format!("{NEW} 9000-01-01"));
    let told = room.run("allonet weights board final b");
    assert_eq!(told.code, 3);
    assert!(told.err.contains("final scores are hidden until"), "{}", told.err);
    assert_eq!(room.run(&format!("{NEW} 9000-01-01")).code, 2);
}

#[test]
fn what_was_changed_is_found() {
    let room = room();
    room.done(&format!("{NEW} 9000-01-01"));
    room.done("allonet weights board submit b w.csv --identity ann --at 2024-01-01");
    room.edit("b/log.jsonl", "5.0", "6.0");
    let told = room.run("allonet weights board show b");
    assert!(told.err.contains("the log was changed") && told.err.contains("log.jsonl:1:1"));
    room.edit("b/log.jsonl", "6.0", "5.0");
    room.edit("b/board.toml", "per_day = 3", "per_day = 9");
    assert!(room.run("allonet weights board show b").err.contains("the log was changed"));
    room.edit("b/board.toml", "per_day = 9", "per_day = 3");
    room.edit("b/comparisons.csv", "1.5", "2.5");
    assert!(room.run("allonet weights board show b").err.contains("is not what the board began"));
}
