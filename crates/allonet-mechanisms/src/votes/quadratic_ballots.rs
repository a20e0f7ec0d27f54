//! Quadratic ballots: each badgeholder has credits, and a vote of `v` costs `v²`.
//!
//! Use it for juries and councils that say how strongly they care: the second
//! vote for the same project costs three times the first, so that credits are
//! spread. Votes may be against a project too. Optimism's first retro round was
//! decided like this.
//!
//! # Formula
//!
//! ```text
//! cost_i   = Σ_p v_ip²                      at most `budget`
//! score_p  = max(0, Σ_i power_i · v_ip)     payout = "linear"
//! score_p  = Σ_i power_i · √v_ip, v > 0     payout = "roots"
//! payout_p = pool · score_p / Σ score
//! ```
//!
//! Payouts are linear in votes: the roots are already in the price of a vote.
//! Simulators of that round have taken roots of the votes once more, which is
//! another rule, off by up to 0.9 % of the pool for a single project;
//! `payout = "roots"` repeats it for comparison.
//!
//! `power` is 1, or what the signal `power` says of the voter. It does not change
//! the price of votes.
//!
//! # Units and rounding
//!
//! | quantity     | unit                                    | rounding |
//! |--------------|-----------------------------------------|----------|
//! | votes, cost  | votes and credits, in `f64`; sums in order of voters | nearest |
//! | `budget`     | credits, with 10⁻⁹ of tolerance for decimal votes | none |
//! | pool, payout | base units, each asset by itself        | largest remainder, earliest id first |
//!
//! # Limits
//!
//! * An empty cell abstains; a voter votes on a project once.
//! * Ballots over budget refuse the round; with `over_budget = "drop"` none of
//!   their votes count, with `"scale"` all are scaled by `√(budget / cost)`, so
//!   that they cost the budget.
//! * A project with more votes against it than for it gets nothing, and takes
//!   nothing from others.
//! * A vote: at most 10^9 either way.
//!
//! # Known weaknesses
//!
//! * Voters who agree to spread each other's votes get more of them for the same
//!   credits.
//! * Votes against are as cheap as votes for.
//!
//! # Sources
//!
//! * Optimism, retroactive public goods funding, round 1 (2021): 22 ballots of 100
//!   credits, one million dollars; the published payouts are linear in votes.
//! * V. Buterin (2021), *Review of Optimism retro funding round 1*.
//! * S. Lalley, E. G. Weyl (2018), *Quadratic Voting*: the price of votes.
//!
//! # Example
//!
//! ```
//! use allonet_core::money::Amount;
//! use allonet_mechanisms::trial::trial_of;
//!
//! let votes = "voter,project,votes\nann,wiki,8\nann,docs,6\nbob,wiki,4\nbob,docs,-2\n";
//! // Ann spends 64 + 36 = 100 credits. Wiki has 12 votes, docs 4.
//! let result = trial_of("quadratic-ballots").file("votes", votes).run(16_00)?;
//! assert_eq!(result.paid("wiki"), Amount::from_base(12_00));
//! assert_eq!(result.paid("docs"), Amount::from_base(4_00));
//! # Ok::<(), allonet_mechanisms::trial::NoTrial>(())
//! ```

use std::sync::Arc;

use allonet_core::card::{Absent, Card, Family, Kind, Setting, Settings, Source, Status};
use allonet_core::fault::Fault;
use allonet_core::maths;
use allonet_core::mechanism::{Allocation, Blueprint, Mechanism, Outcome, Refusal, Turn};
use allonet_core::table::{Faults, Table};

use crate::ballots::{self, Ballots, CLOSES, OPENS, PROJECTS, Reading, Vote};
use crate::hearing::by_person;
use crate::paying::{CAP, CAP_OVERFLOW, MINIMUM, Terms, main_asset, shares};

// --- Card -------------------------------------------------------------------

/// What the rule says of itself.
pub static CARD: Card = Card {
    id: "quadratic-ballots",
    title: "Quadratic ballots",
    family: Family::Votes,
    formula: "payout = pool · max(0, Σv) / Σ max(0, Σv),  Σv² ≤ budget for each voter",
    status: Status::Preview { since: "0.1.0" },
    sources: &[
        Source {
            cite: "Buterin (2021), Review of Optimism retro funding round 1",
            url: "https://vitalik.eth.limo/general/2021/11/16/retro1.html",
        },
        Source {
            cite: "Lalley, Weyl (2018), Quadratic Voting, AEA Papers and Proceedings 108",
            url: "https://doi.org/10.1257/pandp.20181002",
        },
    ],
    settings: SETTINGS,
    actions: &[],
    reads: &["power"],
    emits: &["votes"],
};

const SETTINGS: &[Setting] = &[
    Setting {
        name: "votes",
        kind: Kind::File,
        default: Absent::Required,
        doc: "Table of ballots, columns `voter`, `project` and `votes`; votes below zero are \
              against a project.",
    },
    Setting {
        name: "budget",
        kind: Kind::Number { min: 0.0, max: 1e18 },
        default: Absent::Default("100"),
        doc: "Credits of each voter; votes for one project cost their square.",
    },
    Setting {
        name: "over_budget",
        kind: Kind::Choice(&["refuse", "drop", "scale"]),
        default: Absent::Default("refuse"),
        doc: "What becomes of ballots that cost more: the round is refused, none of their votes \
              count, or all are scaled down to the budget.",
    },
    Setting {
        name: "payout",
        kind: Kind::Choice(&["linear", "roots"]),
        default: Absent::Default("linear"),
        doc: "Whether payouts follow sums of votes, or sums of roots of votes as in simulations \
              of the rule.",
    },
    PROJECTS,
    OPENS,
    CLOSES,
    CAP,
    CAP_OVERFLOW,
    MINIMUM,
];

// --- Settings ---------------------------------------------------------------

/// The rule with its ballots.
#[derive(Debug)]
pub struct QuadraticBallots {
    ballots: Ballots,
    roots: bool,
    terms: Terms,
}

/// Builds the rule from its settings.
pub fn build(blueprint: &Blueprint<'_>) -> Result<Box<dyn Mechanism>, Vec<Fault>> {
    let settings = blueprint.settings;
    let asset = main_asset(blueprint)?;
    let terms = Terms::read(settings, asset).map_err(|fault| vec![fault])?;
    let file = settings.file("votes").ok_or_else(|| vec![no_votes()])?;
    let table = Table::read(file, ballots::COLUMNS)?;
    let reading = Reading { negative: true, ..Reading::from_settings(settings)? };
    let mut ballots = Ballots::read(&table, &reading)?;
    keep_to_budget(&mut ballots, &table, settings)?;
    let roots = settings.text("payout") == Some("roots");
    Ok(Box::new(QuadraticBallots { ballots, roots, terms }))
}

// --- Signals ----------------------------------------------------------------

/// The largest vote, either way.
const MOST: f64 = 1e9;

/// What decimals of votes may cost above the budget, as a part of it.
const TOLERANCE: f64 = 1e-9;

/// Refuses, drops or scales ballots that cost more than the budget.
fn keep_to_budget(
    ballots: &mut Ballots,
    table: &Table,
    settings: &Settings,
) -> Result<(), Vec<Fault>> {
    let mut faults = Faults::new();
    let row = |vote: &Vote| table.row(vote.row as usize).expect("a vote has a row");
    let mut costs = vec![0.0; ballots.voters.len()];
    for vote in &ballots.votes {
        if vote.amount.abs() > MOST {
            let row = row(vote);
            let message = format!("`{}` votes are too many", row.cell(ballots::AMOUNT));
            let help = "a vote is at most 10^9 either way";
            faults.push(row.fault(ballots::AMOUNT, "too-large", message).help(help));
        }
        costs[vote.voter as usize] += vote.amount * vote.amount;
    }
    faults.or(())?;
    let budget = settings.number("budget").unwrap_or(100.0);
    let over = |voter: u32| costs[voter as usize] > budget * (1.0 + TOLERANCE);
    let people: Vec<u32> = (0_u32..).zip(&costs).map(|(at, _)| at).filter(|at| over(*at)).collect();
    let told = |voter: u32| {
        let (name, cost) = (&ballots.voters[voter as usize], costs[voter as usize]);
        format!("the ballot of `{name}` costs {cost} credits of {budget}")
    };
    match settings.text("over_budget") {
        Some("drop") => {
            let remarks = people.iter().map(|at| format!("{}: not counted", told(*at)));
            let remarks: Vec<String> = remarks.collect();
            ballots.remarks.extend(remarks);
            ballots.votes.retain(|vote| !over(vote.voter));
        }
        Some("scale") => {
            let remarks = people.iter().map(|at| format!("{}: scaled down", told(*at)));
            let remarks: Vec<String> = remarks.collect();
            ballots.remarks.extend(remarks);
            for vote in ballots.votes.iter_mut().filter(|vote| over(vote.voter)) {
                vote.amount *= (budget / costs[vote.voter as usize]).sqrt();
            }
        }
        _ => {
            let mut faults = Faults::new();
            let mut first = vec![None; ballots.voters.len()];
            for vote in &ballots.votes {
                first[vote.voter as usize].get_or_insert(vote);
            }
            for at in people {
                let row = row(first[at as usize].expect("a ballot costs by its votes"));
                let help = "votes for one project cost their square; or set `over_budget` to \
                            `drop` or `scale`";
                faults.push(row.fault(ballots::VOTER, "over-budget", told(at)).help(help));
            }
            return faults.or(());
        }
    }
    Ok(())
}

// --- Refusals ---------------------------------------------------------------

fn no_votes() -> Fault {
    Fault::new("no-votes", "there are no ballots to count").help("add `votes = \"votes.csv\"`")
}

// --- Rule -------------------------------------------------------------------

/// How many voters a project's reasons name.
const NAMED: usize = 5;

impl QuadraticBallots {
    /// Votes of one project, as they count.
    fn sum(&self, votes: &[Vote], power: Option<&[f64]>) -> f64 {
        let power = |vote: &Vote| power.map_or(1.0, |power| power[vote.voter as usize]);
        let counts = |vote: &Vote| {
            if self.roots { vote.amount.max(0.0).sqrt() } else { vote.amount }
        };
        maths::sum(votes.iter().map(|vote| power(vote) * counts(vote)))
    }

    fn reasons(&self, votes: &[Vote], sum: f64) -> Vec<String> {
        let mut votes = votes.to_vec();
        let size = |vote: &Vote| vote.amount.abs();
        votes.sort_by(|a, b| size(b).total_cmp(&size(a)).then(a.voter.cmp(&b.voter)));
        let named = votes.iter().take(NAMED).map(|vote| {
            format!("{} gives {} votes", self.ballots.voters[vote.voter as usize], vote.amount)
        });
        std::iter::once(why(votes.len(), sum)).chain(named).collect()
    }
}

fn why(voters: usize, sum: f64) -> String {
    let people = if voters == 1 { "1 voter".to_owned() } else { format!("{voters} voters") };
    format!("{sum} votes of {people}")
}

impl Mechanism for QuadraticBallots {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn payees(&self) -> &[Arc<str>] {
        &self.ballots.projects
    }

    fn step(&self, turn: &Turn<'_>, allocation: &mut Allocation<'_>) -> Result<Outcome, Refusal> {
        let power = by_person(turn, "power", &self.ballots.voters, f64::MAX)?;
        let by_project: Vec<&[Vote]> = self.ballots.by_project().collect();
        let sum = |votes: &&[Vote]| self.sum(votes, power.as_deref());
        let sums: Vec<f64> = by_project.iter().map(sum).collect();
        let scores: Vec<f64> = sums.iter().map(|sum| sum.max(0.0)).collect();
        let mut remarks = self.ballots.remarks.clone();
        let named = self.payees().iter().zip(&sums);
        for (name, sum) in named.clone().filter(|(_, sum)| **sum < 0.0) {
            remarks.push(format!("`{name}` has {sum} votes, so it gets nothing"));
        }
        let told = |payee: usize| why(by_project[payee].len(), sums[payee]);
        remarks.extend(self.terms.pay(turn, allocation, &scores, told)?);
        let reasons = named
            .zip(&by_project)
            .map(|((name, sum), votes)| (name.to_string(), self.reasons(votes, *sum)));
        Ok(Outcome {
            signals: vec![("votes", shares(self.payees(), &scores))],
            reasons: reasons.collect(),
            remarks,
            ..Outcome::default()
        })
    }
}

// --- Tests ------------------------------------------------------------------

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use allonet_core::card::Value;
    use allonet_core::money::Amount;
    use proptest::prelude::*;

    use crate::trial::{Trial, paid, refused, trial_of};

    fn trial(rows: &str) -> Trial {
        let table = format!("voter,project,votes\n{rows}");
        trial_of("quadratic-ballots").file("votes", &table)
    }

    fn run(trial: &Trial, pool: u128) -> Vec<u128> {
        paid(&trial.run(pool).unwrap())
    }

    // Worked examples.

    #[test]
    fn the_pool_follows_sums_of_votes() {
        // a: 6 + 9 − 1 = 14; b: 8 − 2 = 6.
        let rows = "u,a,6\nu,b,8\nv,a,9\nv,b,-2\nw,a,-1\n";
        let result = trial(rows).run(20_00).unwrap();
        assert_eq!(paid(&result), [14_00, 6_00]);
        assert_eq!(
            result.outcome.reasons["b"],
            ["6 votes of 2 voters", "u gives 8 votes", "v gives -2 votes"]
        );
    }

    #[test]
    fn projects_below_zero_get_nothing() {
        let result = trial("u,a,3\nu,b,2\nv,b,-5\nv,c,1\n").run(8).unwrap();
        assert_eq!(paid(&result), [6, 0, 2]);
        assert_eq!(result.outcome.remarks, ["`b` has -3 votes, so it gets nothing"]);
    }

    #[test]
    fn ballots_over_budget_are_dropped_or_scaled() {
        // u spends 36 + 64 = 100 of 25: its votes are halved.
        let over = trial("u,a,6\nu,b,8\nv,a,3\n").set("budget", Value::Number(25.0));
        assert_eq!(
            refused(&over),
            "votes.csv:2:1: the ballot of `u` costs 100 credits of 25 (votes for one project cost \
             their square; or set `over_budget` to `drop` or `scale`)"
        );
        let dropped = over.clone().text("over_budget", "drop").run(10).unwrap();
        assert_eq!(paid(&dropped), [10, 0]);
        let told = "the ballot of `u` costs 100 credits of 25: not counted";
        assert_eq!(dropped.outcome.remarks, [told]);
        assert_eq!(run(&over.text("over_budget", "scale"), 10), [6, 4]);
        assert_eq!(run(&trial("u,a,7.0710678118654755\nu,b,7.0710678118654755\n"), 10), [5, 5]);
    }

    #[test]
    fn power_weighs_votes() {
        let powered = trial("u,a,4\nv,b,4\nw,b,4\n").scores("power", &[("u", 1.0), ("v", 3.0)]);
        assert_eq!(run(&powered, 100), [25, 75]);
    }

    #[test]
    fn roots_of_votes_are_another_rule() {
        let roots = trial("u,a,9\nv,b,1\nv,c,-4\n").text("payout", "roots");
        assert_eq!(run(&roots, 100), [75, 25, 0]);
    }

    #[test]
    fn nobody_is_paid_without_votes() {
        for rows in ["", "u,a,0\n", "u,a,\n", "u,a,-1\n"] {
            let result = trial(rows).run(5).unwrap();
            assert_eq!(result.unspent.of(0), Amount::from_base(5));
            let told = "no project has a score above zero: nothing is paid";
            assert_eq!(result.outcome.remarks.last().unwrap(), told);
        }
    }

    // Refusals.

    #[test]
    fn what_is_no_ballot_is_refused() {
        let power = trial("u,a,1\n").scores("power", &[("u", -1.0)]);
        for (trial, start) in [
            (trial_of("quadratic-ballots"), "there are no ballots to count"),
            (trial("u,a,NaN\n"), "votes.csv:2:5: `NaN` is no number"),
            (trial("u,a,1\nu,a,2\n"), "votes.csv:3:1: `u` votes on `a` a second time"),
            (trial("u,a,1e10\n"), "votes.csv:2:5: `1e10` votes are too many"),
            (trial("u,a,10.01\n"), "votes.csv:2:1: the ballot of `u` costs 100.2"),
            (power, "the signal `power` from `elsewhere` gives `u` -1"),
        ] {
            let found = refused(&trial);
            assert!(found.starts_with(start), "{found}");
        }
    }

    // Laws.

    type Ballot = (u8, u8, i8);

    fn ballots() -> impl Strategy<Value = Vec<Ballot>> {
        let ballots = prop::collection::btree_map((0_u8..7, 0_u8..5), -9_i8..=9, 1..25);
        ballots.prop_map(|all| all.into_iter().map(|((voter, to), v)| (voter, to, v)).collect())
    }

    fn rows(ballots: &[Ballot]) -> String {
        let row = |(voter, to, v): &Ballot| format!("v{voter},p{to},{v}\n");
        ballots.iter().map(row).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn the_order_of_ballots_does_not_matter(found in ballots(), choice in 0_usize..2) {
            let mut other = found.clone();
            other.reverse();
            let run = |found: &[Ballot]| {
                trial(&rows(found)).text("over_budget", ["drop", "scale"][choice]).run(1_000_003)
            };
            prop_assert_eq!(run(&found), run(&other));
        }

        #[test]
        fn a_vote_more_never_harms(found in ballots(), more in 1_i8..9) {
            let mut other = found.clone();
            other[0].2 += more;
            let of = |found: &[Ballot]| {
                let trial = trial(&rows(found)).set("budget", Value::Number(1e6));
                let result = trial.run(1_000_000).unwrap();
                result.paid(&format!("p{}", found[0].1))
            };
            prop_assert!(of(&other) >= of(&found));
        }

        // Reference: whole votes and shares in whole numbers.
        #[test]
        fn agrees_with_whole_numbers(found in ballots()) {
            let mut sums: BTreeMap<u8, i64> = BTreeMap::new();
            for (_, to, v) in &found {
                *sums.entry(*to).or_default() += i64::from(*v);
            }
            let sums: Vec<u128> =
                sums.values().map(|sum| u128::try_from(*sum).unwrap_or(0)).collect();
            let all: u128 = sums.iter().sum();
            prop_assume!(all > 0);
            let pool = 1_000_003;
            let trial = trial(&rows(&found)).set("budget", Value::Number(1e6));
            for (paid, sum) in run(&trial, pool).into_iter().zip(sums) {
                let exact = pool * sum / all;
                prop_assert!(paid == exact || paid == exact + 1, "{paid} {exact}");
            }
        }
    }
}
