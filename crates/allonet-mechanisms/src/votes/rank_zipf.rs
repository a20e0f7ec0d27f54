//! Rank to Zipf: a ranking alone decides, and the shape of the shares is fixed.
//!
//! Use it where people can say which project matters more, but not by how much:
//! the shares follow Zipf's law, and a jury only puts projects in order.
//!
//! # Formula
//!
//! ```text
//! weight of place k = 1 / k^s
//! payout_p = money · weight_p / Σ weight
//! ```
//!
//! Projects that tie share the places they take: each has the mean of their
//! weights. Who is ranked by nobody gets nothing.
//!
//! The table gives ranks (1 is best; only their order matters) or, where it has
//! no column of ranks, scores (most is best). With a column of voters it holds
//! one ballot for each, and projects are put in order of their mean place, each
//! ballot weighed by the signal `power` if there is one:
//!
//! ```text
//! borda       every project on every ballot; who is left out of a ballot shares
//!             the places below those ranked on it
//! mean-rank   only ballots that rank the project
//! ```
//!
//! # Units and rounding
//!
//! | quantity      | unit                    | rounding                           |
//! |---------------|-------------------------|------------------------------------|
//! | mean places   | `f64`                   | nearest; within 10⁻⁹ they tie      |
//! | weights       | `f64`                   | nearest; then to 2⁻⁹⁶ of the largest |
//! | payouts, each asset | base units        | largest remainder, earliest id first |
//!
//! # Limits
//!
//! * Ranks and scores: numbers of zero or more; an empty cell leaves a project
//!   out. Nobody ranks a project twice.
//! * `s` from 0 (all equal) to 10.
//!
//! # Known weaknesses
//!
//! * Shares are as unequal as Zipf's law, whatever the projects are.
//! * Adding a weak project shifts nothing but the sum; adding a twin of the best
//!   takes a place from everybody below.
//! * Under `mean-rank` a project that one friendly voter ranks first is first.
//!
//! # Sources
//!
//! * G. K. Zipf (1949), *Human Behavior and the Principle of Least Effort*.
//! * J.-C. de Borda (1781), *Mémoire sur les élections au scrutin*.
//! * Deep Funding: fix the distribution of weights and let juries predict ranks.
//!
//! # Example
//!
//! ```
//! use allonet_core::money::Amount;
//! use allonet_mechanisms::trial::trial_of;
//!
//! // 1 + 1/2 + 1/3 = 11/6.
//! let ranking = "project,rank\nwell,1\nbridge,2\nkiosk,3\n";
//! let result = trial_of("rank-zipf").file("ranking", ranking).run(1_100)?;
//! assert_eq!(result.paid("well"), Amount::from_base(600));
//! assert_eq!(result.paid("bridge"), Amount::from_base(300));
//! assert_eq!(result.paid("kiosk"), Amount::from_base(200));
//! # Ok::<(), allonet_mechanisms::trial::NoTrial>(())
//! ```

use std::collections::BTreeMap;
use std::sync::Arc;

use allonet_core::card::{Absent, Card, Family, Kind, Setting, Source, Status};
use allonet_core::fault::Fault;
use allonet_core::maths;
use allonet_core::mechanism::{Allocation, Blueprint, Mechanism, Outcome, Refusal, Turn};
use allonet_core::network::id_problem;
use allonet_core::table::{Column, Faults, Row, Table};

use crate::ballots::number;
use crate::hearing::heard;
use crate::paying::{CAP, CAP_OVERFLOW, MINIMUM, Terms, shares};
use crate::people::{person, shown};

// --- Card -------------------------------------------------------------------

/// What the rule says of itself.
pub static CARD: Card = Card {
    id: "rank-zipf",
    title: "Rank to Zipf",
    family: Family::Votes,
    formula: "payout = money · k⁻ˢ / Σ k⁻ˢ, for place k",
    status: Status::Preview { since: "0.1.0" },
    sources: &[
        Source {
            cite: "Zipf (1949), Human Behavior and the Principle of Least Effort",
            url: "https://archive.org/details/in.ernet.dli.2015.90211",
        },
        Source {
            cite: "Deep Funding: fixed distribution, predicted ranks",
            url: "https://deepfunding.org/",
        },
    ],
    settings: &[
        Setting {
            name: "ranking",
            kind: Kind::File,
            default: Absent::Required,
            doc: "Table of projects, columns `project` and `rank` (or `score`), and for ballots \
                  `voter`.",
        },
        Setting {
            name: "s",
            kind: Kind::Number { min: 0.0, max: 10.0 },
            default: Absent::Default("1"),
            doc: "How steeply weights fall from place to place; at 0 all are equal.",
        },
        Setting {
            name: "ballots",
            kind: Kind::Choice(&["borda", "mean-rank"]),
            default: Absent::Default("borda"),
            doc: "Whether a project left out of a ballot shares its last places or is not judged \
                  by it.",
        },
        CAP,
        CAP_OVERFLOW,
        MINIMUM,
    ],
    actions: &[],
    reads: &["power"],
    emits: &["weights"],
};

const RANKING: &[Column] = &[
    Column::required(&["project", "project_id", "id", "recipient", "repo", "choice"]),
    Column::optional(&["rank", "place", "position"]),
    Column::optional(&["score", "weight", "points", "value"]),
    Column::optional(&["voter", "juror", "badgeholder", "ballot", "ballot_id", "user", "address"]),
];
const PROJECT: usize = 0;
const RANK: usize = 1;
const SCORE: usize = 2;
const VOTER: usize = 3;

// --- Settings ---------------------------------------------------------------

/// The rule with its ballots.
#[derive(Debug)]
pub struct RankZipf {
    /// Sorted by id.
    payees: Vec<Arc<str>>,
    ballots: Vec<Ballot>,
    /// Whether ballots have voters.
    voted: bool,
    steepness: f64,
    mean_rank: bool,
    terms: Terms,
}

/// One ballot: places of projects, by their index.
#[derive(Debug)]
struct Ballot {
    voter: String,
    places: BTreeMap<usize, f64>,
}

/// Builds the rule from its settings.
pub fn build(blueprint: &Blueprint<'_>) -> Result<Box<dyn Mechanism>, Vec<Fault>> {
    let settings = blueprint.settings;
    let asset = blueprint.assets.first().ok_or_else(|| vec![missing("asset")])?;
    let terms = Terms::read(settings, asset).map_err(|fault| vec![fault])?;
    let file = settings.file("ranking").ok_or_else(|| vec![missing("ranking")])?;
    let table = Table::read(file, RANKING)?;
    let mut faults = Faults::new();
    let ranked = read(&table, &mut faults);
    faults.or(())?;
    let mut payees: Vec<Arc<str>> = table.rows().map(|row| row.cell(PROJECT).into()).collect();
    payees.sort();
    payees.dedup();
    let index = |name: &str| {
        payees.binary_search_by(|payee| (**payee).cmp(name)).expect("all projects are listed")
    };
    let ballot = |(voter, ranks): (String, BTreeMap<&str, f64>)| {
        let keys = ranks.into_iter().map(|(name, key)| (index(name), key)).collect();
        Ballot { voter, places: places(keys, 0.0) }
    };
    let ballots = ranked.into_iter().map(ballot).collect();
    Ok(Box::new(RankZipf {
        payees,
        ballots,
        voted: table.has(VOTER),
        steepness: settings.number("s").unwrap_or(1.0),
        mean_rank: settings.text("ballots") == Some("mean-rank"),
        terms,
    }))
}

/// For each voter, a number for each project that is smaller for the better.
fn read<'t>(table: &'t Table, faults: &mut Faults) -> BTreeMap<String, BTreeMap<&'t str, f64>> {
    if !table.has(RANK) && !table.has(SCORE) {
        let message = format!("{} has neither ranks nor scores", table.file().path);
        let fault = Fault::new("no-rank", message);
        faults.push(fault.help("add a column `rank` (1 is best) or `score` (most is best)"));
    }
    let mut ballots: BTreeMap<String, BTreeMap<&str, f64>> = BTreeMap::new();
    let mut lines: BTreeMap<(String, &str), usize> = BTreeMap::new();
    for row in table.rows() {
        let project = row.cell(PROJECT);
        if let Some(problem) = id_problem(project) {
            let message = format!("`{project}` cannot be paid: {problem}");
            faults.push(row.fault(PROJECT, "bad-name", message));
        }
        let voter = if table.has(VOTER) { person(row, VOTER, faults) } else { Some(String::new()) };
        let key = key(row, table.has(RANK), faults);
        let Some(voter) = voter else { continue };
        if let Some(first) = lines.insert((voter.clone(), project), row.line()) {
            let message = format!("`{project}` is ranked twice; the first is on line {first}");
            faults.push(row.fault(PROJECT, "double-rank", message).help("keep the one meant"));
        }
        let ballot = ballots.entry(voter).or_default();
        ballot.extend(key.map(|key| (project, key)));
    }
    ballots
}

/// The rank of a row, or its score turned round; none where the cell is empty.
fn key(row: Row<'_>, ranks: bool, faults: &mut Faults) -> Option<f64> {
    let found = number(row, if ranks { RANK } else { SCORE }, false).unwrap_or_else(|fault| {
        faults.push(fault.help("write a number of zero or more; an empty cell leaves it out"));
        None
    });
    found.map(|found| if ranks { found } else { -found })
}

/// The place of each, from 1; those within `slack` of the one before share the
/// mean of theirs.
fn places(mut keys: Vec<(usize, f64)>, slack: f64) -> BTreeMap<usize, f64> {
    let mut found = BTreeMap::new();
    for (first, tied) in groups(&mut keys, slack) {
        let place = first as f64 + (tied.len() as f64 - 1.0) / 2.0;
        found.extend(tied.iter().map(|(at, _)| (*at, place)));
    }
    found
}

/// Those that tie, best first, each group with its first place.
fn groups(keys: &mut [(usize, f64)], slack: f64) -> Vec<(usize, &[(usize, f64)])> {
    keys.sort_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0)));
    let mut next = 1;
    let groups = keys.chunk_by(|a, b| b.1 - a.1 <= slack);
    groups
        .map(|group| {
            let first = next;
            next += group.len();
            (first, group)
        })
        .collect()
}

// --- Signals ----------------------------------------------------------------

impl RankZipf {
    /// What each ballot counts.
    fn powers(&self, turn: &Turn<'_>, remarks: &mut Vec<String>) -> Result<Vec<f64>, Refusal> {
        let Some(heard) = heard(turn, "power", f64::MAX)? else {
            return Ok(vec![1.0; self.ballots.len()]);
        };
        if !self.voted {
            remarks.push("a ranking without voters: the signal `power` changes nothing".to_owned());
            return Ok(vec![1.0; self.ballots.len()]);
        }
        let top = heard.values().copied().fold(0.0, f64::max);
        let power = |ballot: &Ballot| heard.get(&ballot.voter).copied().unwrap_or(0.0) / top;
        let powers: Vec<f64> =
            self.ballots.iter().map(|ballot| if top > 0.0 { power(ballot) } else { 0.0 }).collect();
        let silent = powers.iter().filter(|power| **power == 0.0).count();
        if silent > 0 {
            remarks.push(format!("ballots without power, not counted: {silent}"));
        }
        Ok(powers)
    }
}

// --- Refusals ---------------------------------------------------------------

fn missing(name: &str) -> Fault {
    Fault::new("missing", format!("there is no {name}"))
}

// --- Rule -------------------------------------------------------------------

/// Mean places this near tie.
const TIE: f64 = 1e-9;

impl RankZipf {
    /// The mean place of each project that somebody ranks.
    fn means(&self, powers: &[f64]) -> Vec<(usize, f64)> {
        let counted = || self.ballots.iter().zip(powers).filter(|(_, power)| **power > 0.0);
        let mut ranked: Vec<usize> =
            counted().flat_map(|(ballot, _)| ballot.places.keys().copied()).collect();
        ranked.sort_unstable();
        ranked.dedup();
        let mean = |project: usize| {
            let (mut sum, mut weight) = (0.0, 0.0);
            for (ballot, power) in counted() {
                let below = (ballot.places.len() + 1 + ranked.len()) as f64 / 2.0;
                let place = match ballot.places.get(&project) {
                    Some(place) => *place,
                    None if self.mean_rank || ballot.places.is_empty() => continue,
                    None => below,
                };
                sum += power * place;
                weight += power;
            }
            sum / weight
        };
        ranked.iter().map(|project| (*project, mean(*project))).collect()
    }
}

impl Mechanism for RankZipf {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn payees(&self) -> &[Arc<str>] {
        &self.payees
    }

    fn step(&self, turn: &Turn<'_>, allocation: &mut Allocation<'_>) -> Result<Outcome, Refusal> {
        let mut outcome = Outcome::default();
        let powers = self.powers(turn, &mut outcome.remarks)?;
        let mut means = self.means(&powers);
        let count = means.len();
        let mut scores = vec![0.0; self.payees.len()];
        let mut why = vec!["ranked by nobody".to_owned(); self.payees.len()];
        for (first, tied) in groups(&mut means, TIE) {
            let last = first + tied.len() - 1;
            let weight = |place: usize| maths::pow(place as f64, -self.steepness);
            let mean = maths::sum((first..=last).map(weight)) / tied.len() as f64;
            for (project, place) in tied {
                scores[*project] = mean;
                let own = if tied.len() == 1 {
                    format!("place {first} of {count}")
                } else {
                    format!("places {first} to {last} of {count}, shared")
                };
                let ballots =
                    if self.voted { format!(" (mean {})", shown(*place)) } else { String::new() };
                why[*project] = format!("{own}{ballots}: weight {}", shown(mean));
            }
        }
        let remarks = self.terms.pay(turn, allocation, &scores, |payee| why[payee].clone())?;
        outcome.remarks.extend(remarks);
        outcome.signals.push(("weights", shares(&self.payees, &scores)));
        let reasons = self.payees.iter().zip(why);
        outcome.reasons = reasons.map(|(payee, why)| (payee.to_string(), vec![why])).collect();
        Ok(outcome)
    }
}

// --- Tests ------------------------------------------------------------------

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use allonet_core::card::Value;
    use allonet_core::signal::SignalData;
    use proptest::prelude::*;

    use super::*;
    use crate::trial::{Trial, TurnResult, trial_of};

    fn trial(table: &str) -> Trial {
        trial_of("rank-zipf").file("ranking", table)
    }

    fn paid(trial: &Trial, pool: u128) -> Vec<(String, u128)> {
        let result = trial.run(pool).unwrap();
        let amount = |name: &Arc<str>| result.paid(name).to_u128().unwrap();
        result.payees.iter().map(|name| (name.to_string(), amount(name))).collect()
    }

    fn check(trial: &Trial, pool: u128, expected: &[(&str, u128)]) {
        let expected: Vec<(String, u128)> =
            expected.iter().map(|(name, amount)| ((*name).to_owned(), *amount)).collect();
        assert_eq!(paid(trial, pool), expected);
    }

    fn weights(result: &TurnResult) -> Vec<f64> {
        match &result.outcome.signals[0] {
            ("weights", SignalData::Scores(scores)) => scores.values().copied().collect(),
            other => panic!("no weights: {other:?}"),
        }
    }

    // Worked examples.

    #[test]
    fn ties_share_their_places() {
        // Places 2 and 3 share 1/2 + 1/3 = 5/6; of 11/6 in all.
        let tied = trial("project,rank\na,1\nb,7\nc,7\nd,\n");
        check(&tied, 1_100, &[("a", 600), ("b", 250), ("c", 250), ("d", 0)]);
        let outcome = tied.run(1_100).unwrap().outcome;
        assert_eq!(outcome.reasons["b"], ["places 2 to 3 of 3, shared: weight 0.416667"]);
        assert_eq!(outcome.reasons["d"], ["ranked by nobody"]);
        // 1, 1/4 and 1/9 are 36, 9 and 4 of 49.
        let steep = trial("project,score\na,9\nb,8\nc,0.5\n").set("s", Value::Number(2.0));
        check(&steep, 49, &[("a", 36), ("b", 9), ("c", 4)]);
        check(&steep.set("s", Value::Number(0.0)), 9, &[("a", 3), ("b", 3), ("c", 3)]);
    }

    #[test]
    fn ballots_are_put_together() {
        let table = "voter,project,rank\n\
            ann,a,1\nann,b,2\nann,c,3\nbob,b,1\nbob,a,2\nbob,c,\ncem,c,1\n";
        // Left out, c has place 3 with bob; a and b share 2.5 with cem.
        // a: (1 + 2 + 2.5)/3, b: (2 + 1 + 2.5)/3, c: (3 + 3 + 1)/3.
        check(&trial(table), 1_100, &[("a", 450), ("b", 450), ("c", 200)]);
        // By those alone who rank it: a 1.5, b 1.5, c 2.
        let alone = trial(table).text("ballots", "mean-rank");
        check(&alone, 1_100, &[("a", 450), ("b", 450), ("c", 200)]);
        // Cem alone counts: c is first and the others are ranked by nobody.
        let cem = trial(table).scores("power", &[("cem", 3.0)]);
        check(&cem, 1_100, &[("a", 0), ("b", 0), ("c", 1_100)]);
        // Bob counts twice as much as ann: a (1 + 4)/3, b (2 + 2)/3.
        let bob = trial(table).scores("power", &[("ann", 1.0), ("bob", 2.0)]);
        check(&bob, 1_100, &[("a", 300), ("b", 600), ("c", 200)]);
        let remarks = bob.run(1_100).unwrap().outcome.remarks;
        assert_eq!(remarks, ["ballots without power, not counted: 1"]);
    }

    #[test]
    fn nothing_ranked_pays_nothing() {
        for table in ["project,rank\n", "project,rank\na,\n"] {
            let result = trial(table).run(7).unwrap();
            assert_eq!(result.unspent.of(0).to_u128(), Some(7));
        }
        let silent = trial("voter,project,rank\nann,a,1\n").scores("power", &[("ann", 0.0)]);
        assert_eq!(silent.run(7).unwrap().unspent.of(0).to_u128(), Some(7));
    }

    #[test]
    fn the_minimum_drops_the_last() {
        // c would get 200.
        let table = trial("project,rank\na,1\nb,2\nc,3\n").text("minimum", "2.50");
        check(&table, 1_100, &[("a", 733), ("b", 367), ("c", 0)]);
    }

    // Refusals.

    #[test]
    fn tables_that_cannot_be_meant_are_refused() {
        for (table, expected) in [
            ("project\na\n", "neither ranks nor scores"),
            ("project,rank\n,1\n", "cannot be paid: it is empty"),
            ("project,rank\na,-1\n", "`-1` is below zero"),
            ("project,rank\na,first\n", "`first` is no number"),
            ("project,rank\na,1\na,2\n", "`a` is ranked twice; the first is on line 2"),
            ("voter,project,rank\n,a,1\n", "names nobody"),
        ] {
            let told = trial(table).run(0).unwrap_err().to_string();
            assert!(told.contains(expected), "{told}");
        }
        let told = trial_of("rank-zipf").run(0).unwrap_err().to_string();
        assert!(told.contains("there is no ranking"), "{told}");
        let bad = trial("voter,project,rank\nann,a,1\n").scores("power", &[("ann", -1.0)]);
        assert!(bad.run(0).unwrap_err().to_string().contains("gives `ann` -1"));
    }

    // Laws.

    proptest! {
        #[test]
        fn weights_add_up_and_follow_the_ranks(
            ranks in prop::collection::vec(0_u8..12, 1..20),
            tenths in 0_u32..=40,
        ) {
            let row = |(at, rank)| format!("p{at:02},{rank}");
            let rows: Vec<String> = ranks.iter().enumerate().map(row).collect();
            let trial = trial(&format!("project,rank\n{}\n", rows.join("\n")));
            let trial = trial.set("s", Value::Number(f64::from(tenths) / 10.0));
            let weights = weights(&trial.run(1_000_000).unwrap());
            prop_assert!((weights.iter().sum::<f64>() - 1.0).abs() < 1e-12);
            for (a, x) in ranks.iter().zip(&weights) {
                for (b, y) in ranks.iter().zip(&weights) {
                    prop_assert!(a > b || x >= y, "{a} {b} {x} {y}");
                    prop_assert!(a != b || (x - y).abs() < 1e-15);
                }
            }
        }
    }

    // Reference: places by counting who is better; powers by repeated division.

    proptest! {
        #[test]
        fn it_agrees_with_counting(
            ballots in prop::collection::vec(prop::collection::vec(0_u16..5, 6), 1..5),
            s in 0_i32..4,
        ) {
            let mut table = "voter,project,rank\n".to_owned();
            for (voter, ranks) in ballots.iter().enumerate() {
                for (at, rank) in ranks.iter().enumerate() {
                    writeln!(table, "v{voter},p{at},{rank}").unwrap();
                }
            }
            // Twice the place on a ballot, to stay in whole numbers.
            let doubled = |ranks: &Vec<u16>, at: usize| {
                let better = ranks.iter().filter(|rank| **rank < ranks[at]).count();
                let equal = ranks.iter().filter(|rank| **rank == ranks[at]).count();
                2 * better + equal + 1
            };
            let sums: Vec<usize> =
                (0..6).map(|at| ballots.iter().map(|ranks| doubled(ranks, at)).sum()).collect();
            let weight = |place: usize| (0..s).fold(1.0, |left, _| left / place as f64);
            let mean = |at: usize| {
                let better = sums.iter().filter(|sum| **sum < sums[at]).count();
                let equal = sums.iter().filter(|sum| **sum == sums[at]).count();
                (better + 1..=better + equal).map(weight).sum::<f64>() / equal as f64
            };
            let all: f64 = (0..6).map(mean).sum();
            let found = trial(&table).set("s", Value::Number(f64::from(s))).run(0).unwrap();
            for (at, found) in weights(&found).iter().enumerate() {
                prop_assert!((found - mean(at) / all).abs() < 1e-12);
            }
        }
    }
}
