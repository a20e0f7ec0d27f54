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
        str![[r#"
── standard output
 item  least-squares  win-rate
 x            0.7273    0.5556
 y            0.1818    0.3333
 z            0.0909    0.1111

 moved of 1,000,000 / tau  least-squares       win-rate
 least-squares                         -  171717 / 1.00
 win-rate                  171717 / 1.00              -

 juror: cost / accuracy  least-squares       win-rate  nearest
 ann                     0.320 / 1.000  0.082 / 1.000  win-rate
 ben                     0.320 / 1.000  1.326 / 1.000  least-squares

thurstone gives no weights: `x` never lost to any other item (the data put no limit to how much better they are: give the rule a prior, or ask more questions across the two groups)
2 rules by 6 comparisons of 2 jurors
── exit 0
"#]],
    );
}

#[test]
fn models_are_mixed_and_judged_on_others() {
    room().tells(
        "allonet weights mix duels.csv --weights ann.csv --weights ben.csv --weights flat.csv",
        str![[r#"
── standard error
note: the weights of ann.csv add up to 7; only ratios count
note: the weights of flat.csv add up to 3; only ratios count
── standard output
 model                     cost  part in the mix
 ben.csv                 0.6406           0.5000
 ann.csv                 0.6406           0.5000
 flat.csv                2.5624           0.0000
 best mix                0.3203
 best mix, cross-fitted  1.2812
 models in equal parts   0.5694
 all items the same      2.5624

 item  weight in the best mix
 x                   0.727273
 y                   0.181818
 z                   0.090909
3 models by 6 answers of 2 jurors
── exit 0
"#]],
    );
}

#[test]
fn a_stray_character_is_shown_in_its_place() {
    room().file("stray.csv", "item,weight\nx,0.0285C\ny,1\nz,1\n").tells(
        "allonet weights mix duels.csv --weights stray.csv",
        str![[r#"
── standard error
bad-weight

  × `0.0285C` is no weight
   ╭─[stray.csv:2:3]
 1 │ item,weight
 2 │ x,0.0285C
   ·   ───┬───
   ·      ╰── here
 3 │ y,1
   ╰────
  help: write a plain number, at least 0, such as 0.0285

1 error
── exit 3
"#]],
    );
}

#[test]
fn a_weight_of_nothing_wants_a_floor() {
    let room = room().file("nothing.csv", "item,weight\nx,1\ny,1\nz,0\n");
    room.tells(
        "allonet weights mix duels.csv --weights nothing.csv",
        str![[r#"
── standard error
note: the weights of nothing.csv add up to 2; only ratios count
zero-weight

  × nothing.csv gives `z` nothing
  help: no ratio to nothing is finite: give a weight above 0, or a --floor
── exit 3
"#]],
    );
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
