//! Jurors are asked: `weights next`, `weights ask`, `weights ballot`.

use snapbox::str;

use crate::room::Room;

const ITEMS: &str = "item\ngeth\nsolidity\nvyper\n\"<b>, \"\"q\"\"\"\n";
const ASK: &str = "allonet weights ask --items items.csv --answers answers.csv --juror ann";

fn room() -> Room {
    Room::new().file("items.csv", ITEMS)
}

/// The answers of the file, without the times.
fn answers(room: &Room) -> Vec<String> {
    let text = room.read("answers.csv");
    let rows = text.lines().map(|row| row.rsplit_once(',').expect("it has columns").0);
    rows.map(str::to_owned).collect()
}

#[test]
fn questions_join_items_first() {
    room().tells(
        "allonet weights next --items items.csv --count 3 --seed 2",
        str![[r#"
── standard output
 first     second    first wins  why
 <b>, "q"  solidity      50.0 %  joins items that no answer joins yet
 solidity  geth          50.0 %  joins items that no answer joins yet
 vyper     geth          50.0 %  joins items that no answer joins yet
── exit 0
"#]],
    );
}

#[test]
fn what_a_juror_answered_is_not_asked_again() {
    let duels = "juror,item_a,item_b,winner\nann,geth,vyper,geth\nbob,geth,vyper,geth\n\
                 bob,vyper,solidity,solidity\n";
    let room = room().file("duels.csv", duels);
    room.tells(
        "allonet weights next duels.csv --juror ann --count 9 --money 1000 --cost 500",
        str![[r#"
── standard error
note: these are all that fit a batch; 9 questions were wanted
── standard output
 first     second    first wins  why
 solidity  geth          43.1 %  puts about 9.765 % of the money right
 vyper     solidity      14.7 %  puts about 0.915 % of the money right
Stop: one more answer is expected to put 97.65 of 1000 right, less than its cost of 500.00.
── exit 0
"#]],
    );
    let refused = room.run("allonet weights next duels.csv --criterion variances").text();
    assert!(refused.contains("did you mean `variance`?"), "{refused}");
    let refused = room.run("allonet weights next duels.csv --prior 0").text();
    assert!(refused.contains("`prior` is 0, allowed are 0.001 to 1000"), "{refused}");
}

#[test]
fn answers_can_be_taken_back() {
    let room = room();
    let told = room.typing(&format!("{ASK} --how-much"), "1\n2\n9\n2\nx\nu\nu\nu\nq\n");
    told.is(str![[r#"
── standard error
note: 1 or 2: that one is worth more; = about the same; s skip; u undo; c 3 change answer 3; q quit; ? this text
note: `9` is no answer; ? tells all
note: `x` is no answer; ? tells all
note: there is nothing to take back
── standard output

1. Which is worth more?
   [1] <b>, "q"
   [2] solidity
   moves 19.1 % of the weight: <b>, "q" 25.0 % → 44.1 %
   How much more?  [1] about the same  [2] about 2 times  [3] about 5 times  [4] about 10 times  [5] 30 times or more  [s] do not say

2. Which is worth more?
   [1] vyper
   [2] <b>, "q"

2. Which is worth more?
   [1] vyper
   [2] <b>, "q"
   moves 13.8 % of the weight: <b>, "q" 44.1 % → 57.9 %
   How much more?  [1] about the same  [2] about 2 times  [3] about 5 times  [4] about 10 times  [5] 30 times or more  [s] do not say
   How much more?  [1] about the same  [2] about 2 times  [3] about 5 times  [4] about 10 times  [5] 30 times or more  [s] do not say

2. Which is worth more?
   [1] vyper
   [2] <b>, "q"

1. Which is worth more?
   [1] <b>, "q"
   [2] solidity

1. Which is worth more?
   [1] <b>, "q"
   [2] solidity

0 answers, 0 skipped
── exit 0
"#]]);
}

#[test]
fn contradictions_are_told_and_can_be_changed() {
    let room = room();
    let told = room.typing(ASK, "1\n2\n2\n2\n1\n2\nc 6\n1\n");
    told.is(str![[r#"
── standard error
note: 1 or 2: that one is worth more; = about the same; s skip; u undo; c 3 change answer 3; q quit; ? this text
── standard output

1. Which is worth more?
   [1] <b>, "q"
   [2] solidity
   moves 19.1 % of the weight: <b>, "q" 25.0 % → 44.1 %

2. Which is worth more?
   [1] vyper
   [2] <b>, "q"
   moves 13.8 % of the weight: <b>, "q" 44.1 % → 57.9 %

3. Which is worth more?
   [1] vyper
   [2] geth
   moves 13.5 % of the weight: geth 19.5 % → 33.0 %

4. Which is worth more?
   [1] geth
   [2] <b>, "q"
   moves 16.7 % of the weight: <b>, "q" 49.7 % → 66.3 %

5. Which is worth more?
   [1] solidity
   [2] geth
   moves 10.2 % of the weight: solidity 10.3 % → 20.5 %

6. Which is worth more?
   [1] solidity
   [2] vyper
   moves 9.7 % of the weight: solidity 20.5 % → 10.8 %
   ! your answers go round in a circle: vyper > solidity (6), solidity > geth (5), geth > vyper (3); c NUMBER changes one

Every pair was asked. c NUMBER changes an answer, q ends.

6. Which is worth more?
   [1] solidity
   [2] vyper
   moves 12.6 % of the weight: solidity 10.8 % → 23.4 %

Every pair was asked. c NUMBER changes an answer, q ends.

6 answers, 0 skipped
Together your judgement moves 39.1 % of the weight: <b>, "q" 25.0 % → 64.1 %, vyper 25.0 % → 3.4 %, geth 25.0 % → 9.2 %
Part of the money that would go elsewhere if all were known, about: 63.1 % before, 28.3 % now
Answer 1 (<b>, "q" or solidity): without it 22.2 % would be elsewhere
Answer 5 (solidity or geth): without it 7.8 % would be elsewhere
Answer 4 (geth or <b>, "q"): without it 6.7 % would be elsewhere
── exit 0
"#]]);
}

#[test]
fn an_interview_goes_on_where_it_was_left() {
    let room = room();
    assert_eq!(room.typing(ASK, "1\n2\ns\n=\n").code, 0);
    let first = answers(&room);
    assert_eq!(first.len(), 4, "a header and three answers");
    assert_eq!(first[0], "juror,item_a,item_b,winner,multiplier");
    let told = room.typing(ASK, "c 1\n2\n").text();
    assert!(told.contains("going on after 3 answers of ann"), "{told}");
    let second = answers(&room);
    assert_eq!(second.len(), 4);
    assert_ne!(second[1], first[1], "the first answer was turned round");
    assert_eq!(second[2..], first[2..]);
    // Bob's answers go to the same file and leave those of Ann alone.
    let bob = ASK.replace("ann", "bob");
    assert_eq!(room.typing(&bob, "1\nu\n2\n1\n").code, 0);
    let third = answers(&room);
    assert_eq!(third[..4], second[..]);
    assert!(third.len() == 6 && third[4].starts_with("bob,"), "{third:?}");
    assert_eq!(room.names("."), ["answers.csv", "items.csv"], "nothing else is left");
    let known = format!("{} --known answers.csv", bob.replace("answers.csv", "bob.csv"));
    assert_eq!(room.typing(&known, "1\n").code, 0);
}

#[test]
fn programs_can_lead_an_interview() {
    let told = room().typing(&format!("{ASK} --format json"), "1\n");
    for line in told.out.lines() {
        assert!(line.starts_with('{') && line.ends_with('}'), "{line}");
    }
    assert!(told.out.contains("\"ask\":\"which\"") && told.out.contains("\"summary\""));
}

#[test]
fn a_table_of_somebody_else_is_not_written_over() {
    let room = room().file("answers.csv", "a,b,winner\ngeth,vyper,geth\n");
    let told = room.typing(ASK, "1\n");
    assert_eq!(told.code, 3);
    assert!(told.err.contains("other columns than an interview writes"), "{}", told.err);
    assert_eq!(room.read("answers.csv"), "a,b,winner\ngeth,vyper,geth\n");
}

#[test]
fn a_ballot_is_one_file() {
    let room = room();
    let told = room.done("allonet weights ballot --items items.csv --out out/ballot.html");
    assert_eq!(told.out, "out/ballot.html: 4 items, 6 answers wanted\n");
    let page = room.read("out/ballot.html");
    assert!(page.contains(r#""items":["\u003cb\u003e, \"q\"","geth","solidity","vyper"]"#));
    let few = Room::new().file("items.csv", "item\ngeth\n");
    let refused = few.run("allonet weights ballot --items items.csv --out ballot.html");
    assert_eq!(refused.code, 3);
    assert!(refused.err.contains("comparing takes two items, these are 1"), "{}", refused.err);
}
