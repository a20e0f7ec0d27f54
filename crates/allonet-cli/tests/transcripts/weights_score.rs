//! `allonet weights score`.

use crate::room::Room;

const DUELS: &str = "\
item_a,item_b,winner,multiplier,juror
geth,viem,geth,2,ann
viem,hevm,hevm,3,ann
geth,hevm,geth,2,ben
geth,viem,viem,1.5,cem
viem,hevm,viem,2,ben
geth,hevm,geth,4,cem
";

const CLAIM: &str = r#"
seed = 7
replicates = 200
holdout = "jurors:3"

[[hypothesis]]
id = "one"
metric = "brier"
a = "mine"
b = "equal"
direction = "a-better"
"#;

fn room() -> Room {
    let mine = "item,weight\ngeth,0.5\nviem,0.3\nhevm,0.2\n";
    Room::new().file("duels.csv", DUELS).file("mine.csv", mine).file("claim.toml", CLAIM)
}

#[test]
fn a_stray_character_is_named_with_its_place() {
    let room = room().file("bad.csv", "item,weight\ngeth,0.5\nviem,0.0285C\n");
    let told = room.run("allonet weights score duels.csv --weights bad.csv");
    assert_eq!(told.code, 3);
    assert!(told.err.contains("`0.0285C` is no weight"), "{}", told.err);
    assert!(told.err.contains("bad.csv:3:6"), "{}", told.err);
}

#[test]
fn baselines_stand_beside_and_the_end_says_what_does_not_follow() {
    let room = room().file("some.csv", "item,weight\ngeth,9\nviem,1\n");
    let told = room.done("allonet weights score duels.csv --weights mine.csv --weights some.csv");
    for name in ["equal", "random", "least-squares", "mine", "some"] {
        assert!(told.out.lines().any(|line| line.trim_start().starts_with(name)), "{}", told.out);
    }
    for part in [
        "some: 1 of 3 items are missing and get nothing: `hevm`",
        "some: `geth` gets 90.0 %, above 30.0 %",
        "it cannot be concluded from 6 answers of 3 jurors that",
        "So few jurors cannot show any difference",
        "nearest of 3 jurors:",
    ] {
        assert!(told.out.contains(part), "{part}\n{}", told.out);
    }
    let one = room.done("allonet weights score duels.csv --weights mine.csv --threads 1");
    let two = room.done("allonet weights score duels.csv --weights mine.csv --threads 2");
    assert_eq!(one.out, two.out);
}

#[test]
fn tables_are_written_and_json_is_one_value() {
    let room = room();
    let line = "allonet weights score duels.csv --weights mine.csv --out o --format json";
    let told = room.done(line);
    let value: serde_json::Value = serde_json::from_str(&told.out).unwrap();
    assert_eq!(value["methods"][0]["scores"]["coverage"], 1.0);
    assert_eq!(value["jurors"].as_array().unwrap().len(), 3);
    assert_eq!(room.names("o"), ["differences.csv", "jurors.csv", "report.txt", "scores.csv"]);
    assert!(room.read("o/scores.csv").contains("\nequal,skill,higher,0\n"));
}

#[test]
fn a_claim_is_sealed_first_and_refused_when_changed() {
    let room = room();
    let line = "allonet weights score duels.csv --weights mine.csv --hypotheses claim.toml";
    assert!(room.run(line).err.contains("is not sealed"));
    assert!(room.done(&format!("{line} --seal")).out.contains("sealed 1 claim and 2 files"));
    assert!(room.done(line).out.contains("not decidable"));
    assert_eq!(room.run(&format!("{line} --seal")).code, 2);
    room.edit("claim.toml", "200", "300");
    let told = room.run(line);
    assert_eq!(told.code, 3);
    assert!(told.err.contains("the registration was changed after it was sealed"), "{}", told.err);
    room.edit("claim.toml", "300", "200");
    room.edit("mine.csv", "0.5", "0.6");
    assert!(room.run(line).err.contains("`mine` was changed after it was sealed"));
}

#[test]
fn what_cannot_be_scored_is_refused() {
    let room = room().file("other.csv", "item,weight\nx,1\n");
    let told = |rest: &str| room.run(&format!("allonet weights score duels.csv {rest}")).err;
    assert!(told("--weights other.csv").contains("gives nothing to any item"));
    assert!(told("--metric drift").contains("no score of answers"));
    assert!(told("--holdout jurors:9").contains("3 jurors cannot be kept back in 9 groups"));
    assert!(told("--fit least-sqares").contains("least-squares"));
    assert!(told("--weights mine.csv --weights mine.csv").contains("two methods are `mine`"));
    assert!(told("--strong 3").contains("--strong 3:50"));
}
