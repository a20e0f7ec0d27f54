//! Bad input for the weights verbs: what is refused, what is said, and which exit
//! code stands for it.

use crate::room::Room;

const DUELS: &str = "\
juror,item_a,item_b,winner,multiplier
ann,x,y,x,2
ann,y,z,y,2
ben,x,z,x,4
ben,x,x,x,1
cem,y,x,x,3
";

/// Each verb that reads comparisons.
const READERS: [&str; 6] = [
    "fit duels.csv",
    "compare duels.csv --rules least-squares",
    "mix duels.csv --weights w.csv",
    "jury duels.csv --replicates 20",
    "plan duels.csv",
    "next duels.csv",
];

fn room() -> Room {
    Room::new().file("duels.csv", DUELS).file("w.csv", "item,weight\nx,4\ny,2\nz,1\n")
}

#[test]
fn self_comparisons_are_refused_and_dropped_only_when_asked() {
    let room = room();
    for verb in READERS {
        let told = room.run(&format!("allonet weights {verb}"));
        assert_eq!((told.code, told.out.as_str()), (3, ""), "{verb}: {}", told.err);
        assert!(told.err.contains("`x` is compared with itself"), "{verb}: {}", told.err);
        assert!(told.err.contains("--drop-self-comparisons"), "{verb}: {}", told.err);
        let told = room.done(&format!("allonet weights {verb} --drop-self-comparisons"));
        let note = "note: dropped 1 row of an item compared with itself";
        assert!(told.err.contains(note), "{verb}: {}", told.err);
    }
    let score = "allonet weights score duels.csv --weights w.csv --drop-self-comparisons";
    assert!(room.done(score).err.contains("dropped 1 row"));
}

#[test]
fn a_slip_in_a_rule_is_wrong_usage_everywhere() {
    let room = room();
    for verb in [
        "fit duels.csv --rule least-square",
        "fit duels.csv --drop-self-comparisons --set priro=1",
        "compare duels.csv --rules least-square",
        "jury duels.csv --rule least-square",
        "mix duels.csv --weights w.csv --folds 0",
        "jury duels.csv --cap 0",
        "jury duels.csv --cap nan",
        "market settle log.csv --rule least-square",
    ] {
        let told = room.run(&format!("allonet weights {verb}"));
        assert_eq!((told.code, told.out.as_str()), (2, ""), "{verb}: {}", told.err);
    }
}

#[test]
fn the_list_of_rules_is_for_programs_too() {
    let told = room().done("allonet weights fit --list --format json");
    let value: serde_json::Value = serde_json::from_str(&told.out).expect("one JSON value");
    let rules = value["rules"].as_array().expect("a list");
    assert!(rules.iter().any(|rule| rule["rule"] == "least-squares" && rule["how_much"] == true));
}

#[test]
fn a_list_of_items_names_them() {
    let room = room().file("none.csv", "item\n").file("gap.csv", "id,item\n1,x\n2,\n");
    let told = room.run("allonet weights fit duels.csv --items none.csv");
    assert_eq!(told.code, 3);
    assert!(told.err.contains("none.csv lists no items"), "{}", told.err);
    let told = room.run("allonet weights next --items gap.csv");
    assert_eq!(told.code, 3);
    assert!(told.err.contains("gap.csv:3:3") && told.err.contains("no-item"), "{}", told.err);
}

#[test]
fn islands_are_told_by_every_rule() {
    let room = Room::new().file(
        "duels.csv",
        "juror,item_a,item_b,winner,multiplier\nann,x,y,x,2\nann,u,v,u,3\nben,y,x,y,2\nben,v,u,v,2\n",
    );
    let listed = room.done("allonet weights fit --list --format json");
    let listed: serde_json::Value = serde_json::from_str(&listed.out).expect("one JSON value");
    for rule in listed["rules"].as_array().expect("a list") {
        let rule = rule["rule"].as_str().expect("a name");
        let told = room.run(&format!("allonet weights fit duels.csv --rule {rule}"));
        assert!(told.code == 0 || told.code == 3, "{rule}: {}", told.text());
        assert!(told.err.contains("2 islands"), "{rule}: {}", told.text());
        assert!(!told.out.contains("NaN") && !told.out.contains("inf"), "{rule}: {}", told.out);
    }
}

#[test]
fn a_board_with_wrong_settings_is_wrong_usage_and_not_begun() {
    let room = room().file("duels.csv", DUELS.replace("ben,x,x,x,1", "dan,y,z,z,2"));
    let new = "allonet weights board new b --comparisons duels.csv --closes 2999-01-01 --seed 7";
    for wrong in ["--public 2", "--metric zz", "--step nan"] {
        let told = room.run(&format!("{new} {wrong}"));
        assert_eq!((told.code, told.out.as_str()), (2, ""), "{wrong}: {}", told.err);
        assert!(!room.path("b").exists(), "{wrong}");
    }
    room.done(new);
    let before = room.read("b/log.jsonl");
    let told = room.run("allonet weights board submit b w.csv --identity \"a\n2  ben\"");
    assert_eq!(told.code, 2, "{}", told.err);
    assert_eq!(room.read("b/log.jsonl"), before);
}
