//! Greedy budgeting: the most voted projects that fit.
//!
//! How most cities decide participatory budgets. Use it as the plain way, or to
//! compare with `equal-shares`.
//!
//! # Formula
//!
//! ```text
//! score_p = Σ_i power_i · amount_ip
//! order     by score            by = "votes"
//!           by score / cost     by = "votes-per-cost"
//! ```
//!
//! Down the order, each project with a score is paid its cost while the money
//! lasts. One that costs more than what is left is passed over (`skip = true`),
//! or ends it (`skip = false`). Of equals the earliest id comes first.
//!
//! A project is paid once; later epochs go on with those not paid yet.
//!
//! # Units and rounding
//!
//! | quantity | unit | rounding |
//! |---|---|---|
//! | money, cost | base units of the main asset | exact |
//! | score | as the ballots have it | `f64`, summed in order of voters |
//!
//! What no project takes stays unspent, and so do other assets.
//!
//! # Limits
//!
//! * Costs: above zero, below 2^100 base units.
//! * Sums of votes that are not finite are refused.
//!
//! # Known weaknesses
//!
//! * A majority that votes alike decides everything; a minority of nearly half
//!   may get nothing.
//! * A few dear projects can use up the money: by = "votes-per-cost" favours
//!   cheap ones instead.
//!
//! # Sources
//!
//! * H. Aziz, N. Shah (2021), *Participatory Budgeting: Models and Approaches*:
//!   knapsack voting and greedy rules.
//!
//! # Example
//!
//! ```
//! use allonet_core::money::Amount;
//! use allonet_mechanisms::trial::trial_of;
//!
//! let votes = "voter,project,amount\nann,bridge,1\nbob,bridge,1\ncem,park,1\nann,swing,1\n";
//! let costs = "id,cost\nbridge,70\npark,40\nswing,20\n";
//! let budget = trial_of("greedy-budget").file("votes", votes).file("projects", costs);
//! let result = budget.run(100_00)?;
//! assert_eq!(result.paid("bridge"), Amount::from_base(70_00));
//! assert_eq!(result.paid("park"), Amount::ZERO); // 30 are left
//! assert_eq!(result.paid("swing"), Amount::from_base(20_00));
//! # Ok::<(), allonet_mechanisms::trial::NoTrial>(())
//! ```

use std::collections::BTreeMap;
use std::sync::Arc;

use allonet_core::card::{Absent, Card, Family, Kind, Setting, Source, Status};
use allonet_core::fault::Fault;
use allonet_core::mechanism::{
    Allocation, Blueprint, Change, Mechanism, Outcome, Refusal, Step, Turn,
};
use allonet_core::signal::SignalData;

use super::costs::{BALLOTS, COSTS, Priced};
use super::poll::figure;
use super::power::{POWER, powers};
use crate::ballots::{CLOSES, OPENS, Vote};
use crate::paying::show;

// --- Card -------------------------------------------------------------------

/// What the rule says of itself.
pub static CARD: Card = Card {
    id: "greedy-budget",
    title: "Greedy budgeting",
    family: Family::Votes,
    formula: "pay the most voted projects while they fit",
    status: Status::Preview { since: "0.1.0" },
    sources: &[Source {
        cite: "Aziz, Shah (2021), Participatory Budgeting: Models and Approaches",
        url: "https://arxiv.org/abs/2003.00606",
    }],
    settings: &[
        BALLOTS,
        COSTS,
        Setting {
            name: "by",
            kind: Kind::Choice(&["votes", "votes-per-cost"]),
            default: Absent::Default("votes"),
            doc: "Whether projects come in order of their votes or of votes for each unit of \
                  money.",
        },
        Setting {
            name: "skip",
            kind: Kind::Bool,
            default: Absent::Default("true"),
            doc: "Whether a project that costs more than what is left is passed over, or ends it.",
        },
        OPENS,
        CLOSES,
    ],
    actions: &[],
    reads: &[POWER],
    emits: &["scores", "weights"],
};

// --- Settings ---------------------------------------------------------------

/// The rule with its ballots.
#[derive(Debug)]
struct GreedyBudget {
    priced: Priced,
    per_cost: bool,
    skip: bool,
}

/// Builds the rule from its settings.
pub fn build(blueprint: &Blueprint<'_>) -> Result<Box<dyn Mechanism>, Vec<Fault>> {
    let settings = blueprint.settings;
    let asset = blueprint
        .assets
        .first()
        .ok_or_else(|| vec![Fault::new("no-asset", "the network has no asset to pay costs in")])?;
    Ok(Box::new(GreedyBudget {
        priced: Priced::read(settings, asset)?,
        per_cost: settings.text("by") == Some("votes-per-cost"),
        skip: settings.get("skip").is_none() || settings.bool("skip"),
    }))
}

// --- Signals ----------------------------------------------------------------

/// What a project has in votes, and from how many voters.
fn score(votes: &[Vote], powers: Option<&[f64]>) -> (f64, usize) {
    let weigh = |vote: &Vote| vote.amount * powers.map_or(1.0, |p| p[vote.voter as usize]);
    let counted = || votes.iter().map(weigh).filter(|amount| *amount > 0.0);
    (counted().sum(), counted().count())
}

// --- Refusals ---------------------------------------------------------------

fn too_many_votes(project: &str) -> Refusal {
    let message = format!("the votes for `{project}` add up to more than a number can hold");
    Refusal::new("too-many-votes", message).help("write smaller amounts")
}

// --- Rule -------------------------------------------------------------------

impl Mechanism for GreedyBudget {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn payees(&self) -> &[Arc<str>] {
        self.priced.projects()
    }

    fn step(&self, turn: &Turn<'_>, allocation: &mut Allocation<'_>) -> Result<Outcome, Refusal> {
        let Priced { ballots, costs } = &self.priced;
        let powers = powers(turn, &ballots.voters)?;
        let scores: Vec<(f64, usize)> =
            ballots.by_project().map(|votes| score(votes, powers.as_deref())).collect();
        if let Some(at) = scores.iter().position(|(score, _)| !score.is_finite()) {
            return Err(too_many_votes(&ballots.projects[at]));
        }
        let before = self.priced.paid_before(turn.state)?;
        let rank = |at: &usize| {
            let score = scores[*at].0;
            if self.per_cost { score / costs[*at].to_f64() } else { score }
        };
        let mut order: Vec<usize> =
            (0..costs.len()).filter(|at| scores[*at].0 > 0.0 && !before[*at]).collect();
        order.sort_by(|a, b| rank(b).total_cmp(&rank(a)));

        let mut remarks = ballots.remarks.clone();
        remarks.extend(ties(&order, rank, &ballots.projects));
        let mut reasons: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let mut chosen = Vec::new();
        let mut over = false;
        for (place, at) in (1..).zip(&order) {
            let (cost, left) = (costs[*at], allocation.left().of(0));
            let (score, voters) = scores[*at];
            let votes = format!("place {place}: {} from {voters} voters", figure(score));
            let money = |amount| show(turn.assets, 0, amount);
            let fate = if over {
                "not looked at: it ended before".to_owned()
            } else if cost <= left {
                let step = Step::new("cost", Change::Plus(cost)).note(votes.clone());
                let payee = u32::try_from(*at).expect("fewer projects than 2^31");
                allocation.pay(payee, 0, cost, vec![step])?;
                chosen.push(*at);
                format!("its cost of {} is paid", money(cost))
            } else {
                over = !self.skip;
                format!("costs {}, and {} are left", money(cost), money(left))
            };
            reasons.insert(ballots.projects[*at].to_string(), vec![votes, fate]);
        }
        let total: f64 = chosen.iter().map(|at| costs[*at].to_f64()).sum();
        let ids = || ballots.projects.iter().map(ToString::to_string);
        let mut is_chosen = vec![false; costs.len()];
        for at in &chosen {
            is_chosen[*at] = true;
        }
        let part = |at: usize| if is_chosen[at] { costs[at].to_f64() / total } else { 0.0 };
        let parts = ids().zip((0..costs.len()).map(part)).collect();
        let scores = ids().zip(scores.iter().map(|(score, _)| *score)).collect();
        Ok(Outcome {
            state: self.priced.remember(&before, &chosen),
            signals: vec![
                ("scores", SignalData::Scores(scores)),
                ("weights", SignalData::Scores(parts)),
            ],
            remarks,
            reasons,
            exhibits: Vec::new(),
        })
    }
}

/// Says which projects are in order of their ids alone.
fn ties(order: &[usize], rank: impl Fn(&usize) -> f64, projects: &[Arc<str>]) -> Option<String> {
    let tied = |pair: &&[usize]| rank(&pair[0]).total_cmp(&rank(&pair[1])).is_eq();
    let pairs: Vec<String> = order
        .windows(2)
        .filter(tied)
        .map(|pair| format!("`{}` before `{}`", projects[pair[0]], projects[pair[1]]))
        .collect();
    (!pairs.is_empty()).then(|| format!("tied, and in order of id: {}", pairs.join(", ")))
}

// --- Tests ------------------------------------------------------------------

#[cfg(test)]
mod tests {
    use allonet_core::card::Value;
    use allonet_core::mechanism::Purse;
    use allonet_core::money::Amount;
    use proptest::prelude::*;

    use super::super::poll::testing::paid;
    use crate::trial::{Trial, trial_of};

    fn budget(votes: &str, costs: &str) -> Trial {
        trial_of("greedy-budget")
            .file("votes", &format!("voter,project,amount\n{votes}"))
            .file("projects", &format!("id,cost\n{costs}"))
    }

    fn refused(trial: &Trial) -> String {
        trial.run(1).unwrap_err().to_string()
    }

    const VOTES: &str = "ann,a,3\nbob,b,2\ncem,c,1\n";
    const ALL: [&str; 3] = ["a", "b", "c"];

    // Worked examples.

    #[test]
    fn what_does_not_fit_is_passed_over_or_ends_it() {
        let trial = budget(VOTES, "a,0.60\nb,0.50\nc,0.40\n");
        assert_eq!(paid(&trial.run(100).unwrap(), &ALL), [60, 0, 40]);
        let stop = trial.set("skip", Value::Bool(false)).run(100).unwrap();
        assert_eq!(paid(&stop, &ALL), [60, 0, 0]);
        assert_eq!(stop.unspent.of(0), Amount::from_base(40));
        let why = &stop.outcome.reasons;
        assert_eq!(why["b"], ["place 2: 2 from 1 voters", "costs 0.50 USD, and 0.40 USD are left"]);
        assert_eq!(why["c"][1], "not looked at: it ended before");
    }

    #[test]
    fn votes_for_each_unit_of_money_may_decide() {
        let trial = budget(VOTES, "a,0.60\nb,0.50\nc,0.10\n").text("by", "votes-per-cost");
        // c, then a does not fit into 0.50, but b does.
        assert_eq!(paid(&trial.run(60).unwrap(), &ALL), [0, 50, 10]);
        assert_eq!(paid(&trial.run(70).unwrap(), &ALL), [60, 0, 10]);
    }

    #[test]
    fn equals_come_in_order_of_id() {
        let result = budget("ann,b,1\nann,a,1\nbob,c,0\n", "b,1\na,1\nc,1\n").run(150).unwrap();
        assert_eq!(paid(&result, &ALL), [100, 0, 0]);
        assert_eq!(result.outcome.remarks, ["tied, and in order of id: `a` before `b`"]);
    }

    #[test]
    fn a_project_is_paid_once() {
        let trial = budget(VOTES, "a,0.60\nb,0.50\nc,0.40\n");
        let rule = trial.build().unwrap();
        let purse = Purse::new(vec![Amount::from_base(100)]);
        let first = trial.run(100).unwrap();
        let second = trial.turn(&*rule, 1, &purse, &purse, &[], &first.outcome.state).unwrap();
        assert_eq!(paid(&second, &ALL), [0, 50, 0]);
        let third = trial.turn(&*rule, 2, &purse, &purse, &[], &second.outcome.state).unwrap();
        assert!(third.payouts.is_empty());
        assert_eq!(third.outcome.state, second.outcome.state);
    }

    #[test]
    fn the_signal_multiplies_votes() {
        let trial = budget(VOTES, "a,1\nb,1\nc,1\n").scores("power", &[("cem", 9.0), ("bob", 1.0)]);
        assert_eq!(paid(&trial.run(250).unwrap(), &ALL), [0, 100, 100]);
    }

    // Refusals.

    #[test]
    fn costs_that_are_none_are_refused_by_place() {
        for (costs, expected) in [
            ("a,1\na,2\n", "projects.csv:3:1: `a` is listed twice"),
            ("a,0\n", "projects.csv:2:3: `a` costs nothing (leave it out"),
            ("a,x\n", "projects.csv:2:3: "),
            ("a,-1\n", "projects.csv:2:3: "),
            ("a,1e3\n", "projects.csv:2:3: "),
            (
                "a,1267650600228229401496703205376\n",
                "projects.csv:2:3: `a` costs 1267650600228229401496703205376, 2^100 base units",
            ),
        ] {
            let told = refused(&budget("", costs));
            assert!(told.starts_with(expected), "{costs}: {told}");
        }
        let none = trial_of("greedy-budget").file("votes", "voter,project,amount\n");
        assert!(refused(&none).starts_with("nothing says what the projects cost"));
    }

    #[test]
    fn votes_beyond_all_numbers_are_refused() {
        let told = refused(&budget("ann,a,1e308\nbob,a,1e308\n", "a,1\n"));
        assert!(told.starts_with("the votes for `a` add up to more than a number can hold"));
    }

    // Laws.

    /// Ballots on four projects, and their costs.
    fn instances() -> impl Strategy<Value = (Vec<[u32; 4]>, [u32; 4])> {
        let ballots = prop::collection::vec(prop::array::uniform4(0_u32..4), 0..6);
        (ballots, prop::array::uniform4(1_u32..50))
    }

    fn of(ballots: &[[u32; 4]], costs: [u32; 4]) -> Trial {
        let lines = |(voter, amounts): (usize, &[u32; 4])| {
            let line = |(project, amount): (usize, &u32)| format!("v{voter},p{project},{amount}\n");
            amounts.iter().enumerate().map(line).collect::<String>()
        };
        let votes: String = ballots.iter().enumerate().map(lines).collect();
        let costs: Vec<String> = (0..4).map(|at| format!("p{at},0.{:02}", costs[at])).collect();
        budget(&votes, &costs.join("\n"))
    }

    const FOUR: [&str; 4] = ["p0", "p1", "p2", "p3"];

    proptest! {
        #[test]
        fn with_skipping_nothing_more_fits((ballots, costs) in instances(), money in 0_u32..150) {
            let result = of(&ballots, costs).run(money.into()).unwrap();
            let left = result.unspent.of(0).to_u128().unwrap();
            for (project, paid) in paid(&result, &FOUR).into_iter().enumerate() {
                let cost = u128::from(costs[project]);
                let votes: u32 = ballots.iter().map(|amounts| amounts[project]).sum();
                prop_assert!(paid == 0 || paid == cost);
                prop_assert!(paid > 0 || votes == 0 || cost > left);
            }
        }
    }

    // Reference: the best of what is left, again and again.

    proptest! {
        #[test]
        fn picking_the_best_again_and_again_agrees(
            (ballots, costs) in instances(),
            money in 0_u32..150,
            skip: bool,
        ) {
            let mut left = money;
            let mut expected = [0; 4];
            let mut open = vec![0, 1, 2, 3];
            while !open.is_empty() {
                let votes = |at: usize| ballots.iter().map(|amounts| amounts[at]).sum::<u32>();
                let mut best = open[0];
                for at in &open {
                    if votes(*at) > votes(best) {
                        best = *at;
                    }
                }
                open.retain(|at| *at != best);
                if votes(best) > 0 && costs[best] <= left {
                    left -= costs[best];
                    expected[best] = u128::from(costs[best]);
                } else if votes(best) > 0 && !skip {
                    break;
                }
            }
            let result = of(&ballots, costs).set("skip", Value::Bool(skip)).run(money.into());
            prop_assert_eq!(paid(&result.unwrap(), &FOUR), expected);
        }
    }
}
