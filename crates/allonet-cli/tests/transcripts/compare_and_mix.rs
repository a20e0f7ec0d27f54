//! Rules side by side, and mixes of models, at the command line.

use snapbox::str;

use crate::room::Room;

/// x is worth 2 y to ann, 8 y to ben; both hold z below y.
const DUELS: &str = "\
juror,item_a,item_b,winner,multiplier
ann,x,y,x,2
ann,y,z,y,2
ann,x,z,x,4
ben,x,y,x,8
ben,z,y,y,2
ben,x,z,x,16
";

fn room() -> Room {
    Room::new()
        .file("duels.csv", DUELS)
        .file("ann.csv", "item,weight\nx,4\ny,2\nz,1\n")
        .file("ben.csv", "repo,weight\ny,0.105263\nx,0.842105\nz,0.052632\n")
        .file("flat.csv", "item,weight\nx,1\ny,1\nz,1\n")
}

#[test]
fn rules_stand_side_by_side() {
    room().tells(
        "allonet weights compare duels.csv --rules least-squares,win-rate,thurstone",
        str![],
    );
}

#[test]
fn models_are_mixed_and_judged_on_others() {
    room().tells(
        "allonet weights mix duels.csv --weights ann.csv --weights ben.csv --weights flat.csv",
        str![],
    );
}

#[test]
fn a_stray_character_is_shown_in_its_place() {
    room()
        .file("stray.csv", "item,weight\nx,0.0285C\ny,1\nz,1\n")
        .tells("allonet weights mix duels.csv --weights stray.csv", str![]);
}

#[test]
fn a_weight_of_nothing_wants_a_floor() {
    let room = room().file("nothing.csv", "item,weight\nx,1\ny,1\nz,0\n");
    room.tells("allonet weights mix duels.csv --weights nothing.csv", str![]);
    let told = room.done("allonet weights mix duels.csv --weights nothing.csv --floor 0.001");
    assert!(told.out.contains("0.000"), "{}", told.out);
}

#[test]
fn results_for_programs() {
    let room = room();
    let told = room.done("allonet weights compare duels.csv --format json");
    let value: serde_json::Value = serde_json::from_str(&told.out).expect("one JSON value");
    assert_eq!(value["items"], serde_json::json!(["x", "y", "z"]));
    assert_eq!(
        value["differences"][0].as_array().map(Vec::len),
        value["rules"].as_array().map(Vec::len)
    );
    let told = room
        .done("allonet weights mix duels.csv --weights ann.csv --weights ben.csv --format json");
    let value: serde_json::Value = serde_json::from_str(&told.out).expect("one JSON value");
    assert!((value["models"][0]["part"].as_f64().expect("a part") - 0.5).abs() < 1e-4);
}
