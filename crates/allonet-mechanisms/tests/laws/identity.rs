//! Random people with scores, stamps, vouches and delegations.

use std::fmt::Write as _;

use allonet_core::card::Value;
use allonet_mechanisms::trial::{Trial, trial_of};

use allonet_laws::Draw;
use allonet_laws::{Case, Maker};

pub(crate) const MAKERS: &[Maker] =
    &[("delegation", delegation), ("passport", passport), ("vouch", vouch)];

/// A table with a row for each pair that is drawn.
fn pairs(draw: &mut Draw, header: &str, rare: usize, cell: fn(&mut Draw) -> String) -> String {
    let mut table = format!("{header}\n");
    let people = 2 + draw.below(9);
    for from in 0..people {
        for to in 0..people {
            if draw.chance(rare) {
                let cell = cell(draw);
                writeln!(table, "v{from},v{to},{cell}").expect("a text grows");
            }
        }
    }
    table
}

fn people(draw: &mut Draw, header: &str, cell: fn(&mut Draw) -> String) -> String {
    let mut table = format!("{header}\n");
    for person in 0..10 {
        if draw.chance(2) {
            let cell = cell(draw);
            writeln!(table, "v{person}{cell}").expect("a text grows");
        }
    }
    table
}

fn signal(draw: &mut Draw, trial: Trial, name: &str) -> Trial {
    if draw.chance(3) {
        trial.scores(name, &[("v0", 0.5), ("v1", 2.0), ("v9", 0.0)])
    } else {
        trial
    }
}

fn delegation(draw: &mut Draw) -> Case {
    let header = "delegator,delegate,share";
    let table = if draw.chance(2) {
        pairs(draw, header, 6, |_| String::new())
    } else {
        pairs(draw, header, 5, |draw| format!("{}/100", draw.below(34)))
    };
    let mut trial = trial_of("delegation").file("delegations", &table);
    if draw.chance(2) {
        let powers = people(draw, "voter,power", |draw| format!(",{}", draw.amount()));
        trial = trial.file("powers", &powers);
    }
    if draw.chance(3) {
        let voters = people(draw, "voter", |_| String::new());
        trial = trial.file("voters", &voters);
    }
    trial = trial.set("lost", Value::Bool(draw.chance(3)));
    let trial = signal(draw, trial, "power");
    Case { trial, pool: draw.pool(), unordered: &["delegations", "powers", "voters"] }
}

fn passport(draw: &mut Draw) -> Case {
    let mut trial = trial_of("passport");
    if draw.chance(2) {
        let scores = people(draw, "voter,score", |draw| format!(",{}", draw.below(40)));
        trial = trial.file("scores", &scores);
    } else {
        let expiry = |draw: &mut Draw| if draw.chance(2) { "2026-02-01" } else { "" }.to_owned();
        trial = trial.file("stamps", &pairs(draw, "voter,stamp,expires", 3, expiry));
        trial = trial.set("as_of", Value::Time("2026-01-31".parse().expect("a date")));
        let rule = draw.one(&["score", "all", "any"]);
        trial = match rule {
            "score" => {
                let weights = people(draw, "stamp,weight", |draw| format!(",{}", draw.amount()));
                trial.file("stamp_weights", &weights)
            }
            _ => trial.text("rule", rule).list("needed", &["v0", "v1"]),
        };
    }
    match draw.below(4) {
        0 => {
            let header = "voter,coefficient,author,reason";
            let list = people(draw, header, |draw| format!(",0.{},kim,seen", draw.below(100)));
            trial = trial.file("overrides", &list);
        }
        1 => {}
        _ => {
            let list = people(draw, "voter,author,reason", |_| ",kim,known".to_owned());
            trial = trial.file(if draw.number() & 1 == 0 { "allow" } else { "deny" }, &list);
        }
    }
    let trial = signal(draw, trial, "trust");
    let unordered = &["scores", "stamps", "stamp_weights", "allow", "deny", "overrides"];
    Case { trial, pool: draw.pool(), unordered }
}

fn vouch(draw: &mut Draw) -> Case {
    let weight = |draw: &mut Draw| draw.amount();
    let vouches = pairs(draw, "voter,vouched,weight", 4, weight);
    let seeds = format!("voter\nv0\nv{}\n", 1 + draw.below(12));
    let mut trial = trial_of("vouch").file("vouches", &vouches).file("seeds", &seeds);
    match draw.below(3) {
        0 => trial = trial.text("method", "eigentrust"),
        1 => trial = trial.text("capacity", "open").list("capacities", &["4", "3", "2", "1"]),
        _ => trial = trial.list("capacities", &["6", "2", "1"]),
    }
    Case { trial, pool: draw.pool(), unordered: &["vouches", "seeds"] }
}
