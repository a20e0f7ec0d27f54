//! One rule's weights, what a jury's answers are good for, and how many more it
//! takes.

use snapbox::str;

use crate::room::Room;

/// Three jurors agree that x is worth most; dan contradicts himself in a circle.
const DUELS: &str = "\
juror,item_a,item_b,winner,multiplier
ann,x,y,x,2
ann,y,z,y,2
ann,x,z,x,4
ben,x,y,x,8
ben,z,y,y,2
ben,x,z,x,16
cem,x,y,x,2
cem,z,x,x,3
dan,x,y,y,2
dan,y,z,z,2
dan,z,x,x,2
";

fn room() -> Room {
    Room::new().file("duels.csv", DUELS)
}

#[test]
fn a_rule_is_fitted() {
    room().tells(
        "allonet weights fit duels.csv",
        str![[r#"
── standard output
 rank  item    weight
    1  x     0.591806
    2  y     0.249883
    3  z     0.158310
least-squares by 11 comparisons of 4 jurors
── exit 0
"#]],
    );
    room().tells(
        "allonet weights fit duels.csv --rule win-rate --format json",
        str![[r#"
── standard output
{
  "rule": "win-rate",
  "weights": [
    {
      "item": "x",
      "weight": 0.5454545454545455
    },
    {
      "item": "y",
      "weight": 0.30303030303030304
    },
    {
      "item": "z",
      "weight": 0.1515151515151515
    }
  ]
}
── exit 0
"#]],
    );
}

#[test]
fn the_rules_are_listed() {
    room().tells("allonet weights fit --list", str![]);
}

#[test]
fn a_misspelt_rule_is_refused() {
    room().tells(
        "allonet weights fit duels.csv --rule least-square",
        str![[r#"
── standard error
unknown-rule

  × there is no rule `least-square`
  help: did you mean `least-squares`?
── exit 2
"#]],
    );
}

#[test]
fn a_winner_who_was_not_compared_is_shown() {
    let room = Room::new().file("duels.csv", DUELS.replace("cem,x,y,x,2", "cem,x,y,w,2"));
    room.tells("allonet weights fit duels.csv", str![]);
}

#[test]
fn islands_are_refused() {
    let room = Room::new().file("duels.csv", format!("{DUELS}ann,v,w,v,2\n"));
    room.tells("allonet weights fit duels.csv", str![]);
}

#[test]
fn a_jury_is_looked_into() {
    room().tells("allonet weights jury duels.csv --replicates 100", str![]);
}

#[test]
fn more_answers_are_planned() {
    room().tells("allonet weights plan duels.csv --target 20%", str![]);
    room().tells("allonet weights plan --items 45 --target 5% --error money --noise 2.28", str![]);
}
