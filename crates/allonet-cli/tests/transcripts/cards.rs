//! The catalogue of mechanisms at the command line.

use std::collections::BTreeSet;

use allonet_core::mechanism::{Entry, merged};
use snapbox::str;

use crate::room::Room;

fn catalogue() -> Vec<Entry> {
    merged(&[
        allonet_mechanisms::catalogue(),
        allonet_topics::catalogue(),
        allonet_weights::catalogue(),
    ])
}

#[test]
fn all_mechanisms_are_listed_by_family() {
    let told = Room::new().done("allonet new --list").text();
    let mut families: Vec<&str> = Vec::new();
    let mut ids = BTreeSet::new();
    for line in told.lines().filter(|line| line.starts_with(' ')).skip(1) {
        let mut words = line.split_whitespace();
        let first = words.next().expect("each line names a mechanism");
        if line.starts_with("  ") {
            ids.insert(first);
        } else {
            families.push(first);
            ids.insert(words.next().expect("each family begins with a mechanism"));
        }
    }
    let known: BTreeSet<&str> = catalogue().iter().map(|entry| entry.card.id).collect();
    assert_eq!(ids, known);
    let mut of_cards: Vec<_> = catalogue().iter().map(|entry| entry.card.family).collect();
    of_cards.sort_unstable();
    of_cards.dedup();
    assert_eq!(families, of_cards.iter().map(|family| family.name()).collect::<Vec<_>>());
}

#[test]
fn every_card_is_told() {
    let room = Room::new();
    for entry in catalogue() {
        let id = entry.card.id;
        let told = room.done(&format!("allonet explain --mechanism {id}")).text();
        for setting in entry.card.settings {
            assert!(told.contains(&format!("\n{}  ", setting.name)), "{id}: {}", setting.name);
        }
        let told = room.done(&format!("allonet explain --mechanism {id} --format json")).text();
        assert!(told.contains(&format!("\"id\": \"{id}\"")), "{told}");
    }
}

#[test]
fn a_card_for_people() {
    Room::new().tells(
        "allonet explain --mechanism pass-through",
        str![[r#"
── standard output
pass-through (Pass-through)
payout = money

 family  flow: fixed divisions and ways for money to pass
 status  preview, since 0.1.0
 reads   no signals
 emits   no signals
 page    docs/mechanisms/pass-through.md

to  one payee, or payees with weights; required
    The one payee who gets everything.

Drips, Splits.sol: an account hands on what it receives, but for its own share
  https://github.com/drips-network/contracts/blob/main/src/Splits.sol
── exit 0
"#]],
    );
}

#[test]
fn a_mechanism_that_is_unknown() {
    Room::new().tells(
        "allonet explain --mechanism quadratc",
        str![[r#"
── standard error
unknown-mechanism

  × there is no mechanism `quadratc`
  help: did you mean `quadratic`?
── exit 2
"#]],
    );
}

#[test]
fn what_a_signal_says_is_explained() {
    let room = Room::new()
        .file("votes.csv", crate::room::VOTES)
        .file(
            "double.allonet.toml",
            "[network]\nname = \"double\"\n\n[assets.USDC]\ndecimals = 6\n\n\
             [sources.sponsor]\ngives = \"90 USDC\"\nto = \"bonus\"\n\n\
             [sources.fund]\ngives = \"10 USDC\"\nto = \"matching\"\n\n\
             [neurons.matching]\nmechanism = \"quadratic\"\nvotes = \"votes.csv\"\n\n\
             [neurons.bonus]\nmechanism = \"split\"\nfrom_signal = true\npayees = [\"garden\", \"park\"]\n\n\
             [[signals]]\nfrom = \"matching\"\nto = \"bonus\"\nname = \"match\"\nas = \"weights\"\n\n\
             [recipients.garden]\n[recipients.park]\n",
        );
    room.tells(
        "allonet explain double.allonet.toml park",
        str![[r#"
── standard output
park

85.71429 USDC, 85.7% of all that is paid, rank 1 of 2

from bonus (split): 77.142861 USDC
   split  +77.142861
   =       77.142861  USDC
  said by matching: match 0.857143, 85.71% of all
    2 voters give 13.00 USDC, most of it `cem` 9.00 USDC, `ann` 4.00 USDC

from matching (quadratic): 8.571429 USDC
   square of roots        +25.00  2 voters give 13.00 USDC
   own donations          −13.00
   scaled to the pool  −3.428572  10.00 USDC for all scores
   rounding            +0.000001
   =                    8.571429  USDC
  said by matching: match 0.857143, 85.71% of all
    2 voters give 13.00 USDC, most of it `cem` 9.00 USDC, `ann` 4.00 USDC

by source, in proportion
 sponsor  77.142861  90.0%
 fund      8.571429  10.0%

by path, in proportion
 77.142861  90.0%  sponsor → bonus → park
  8.571429  10.0%  fund → matching → park
── exit 0
"#]],
    );
}
