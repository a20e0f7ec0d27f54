//! The method of equal shares: participatory budgeting in which each voter has
//! the same part of the money to spend.
//!
//! Voters who like a project buy it together. A group with a common wish and a
//! tenth of the voters decides over a tenth of the money, which no majority can
//! take from it. Use it where a budget should serve everybody.
//!
//! # Formula
//!
//! Of the money `B`, voter `i` has the part `b_i = B · power_i / Σ power` to
//! begin with, and gains `u_ip` from project `p`: its cost if they give it any
//! vote above zero (`utility = "cost"`), or the amount of the vote
//! (`"cardinal"`).
//!
//! ```text
//! ρ_p   the lowest ρ with   Σ_i min(b_i, ρ · u_ip) = cost_p
//! buy   the project with the lowest ρ_p:  b_i ← b_i − min(b_i, ρ_p · u_ip)
//! until nobody can raise the cost of another project
//! ```
//!
//! Some money may be left then. `completion` says what happens with it:
//!
//! * `none`: it stays unspent.
//! * `add1`: the voters are given more and more, by `step` of the money each
//!   time, and the method starts anew; the last result that costs no more than
//!   the money counts. It ends early where nothing more would fit into what is
//!   left, or at 128 times the money.
//! * `greedy`: projects that still fit are added in order of `Σ power · u / cost`.
//! * `add1-greedy`: one after the other.
//!
//! A project is paid its cost, once; later epochs go on with those not paid yet
//! and divide all there is anew. Everybody with a row of votes is a voter, also
//! if it is blank: their part stays unspent.
//!
//! # Units and rounding
//!
//! | quantity | unit | rounding |
//! |---|---|---|
//! | money, cost | base units of the main asset | exact |
//! | `b_i` and payments | 2⁻⁶⁴ of a base unit and finer | payments down, then a unit each in order of voters |
//! | power | whole numbers, below 2⁵⁰ in all | down; equal powers exactly |
//! | `u` of `cardinal` | 96-bit whole numbers in proportion | down |
//!
//! Two ρ that less than 2⁻³² of a base unit would make equal are a tie, as is
//! money that meets a cost up to so little. Of equals the earliest id is
//! bought, with a remark. What no project takes stays unspent, and so do other
//! assets.
//!
//! # Limits
//!
//! * Money: below 2^128 base units. Costs: above zero, below 2^100.
//! * Projects that cost more than all money are left out.
//! * Time grows with projects times votes, and for each step of `add1` anew.
//!
//! # Known weaknesses
//!
//! * Money is left where voters have spread their wishes thinly.
//! * With `add1` a voter may do better by not saying that they like a project
//!   which others will buy anyway.
//! * The steps of `add1` are shares of the money, not one unit for each voter:
//!   a large `step` may pass over a better result.
//!
//! # Sources
//!
//! * D. Peters, G. Pierczyński, P. Skowron (2021), *Proportional Participatory
//!   Budgeting with Additive Utilities*, NeurIPS 34: the rule, and why every
//!   group gets its part up to one project.
//! * equalshares.net: the completions.
//!
//! # Example
//!
//! ```
//! use allonet_core::money::Amount;
//! use allonet_mechanisms::trial::trial_of;
//!
//! // Three of five like the bridge and the swing, two the park. Each has 20.
//! let votes = "voter,project,amount\nann,bridge,1\nbob,bridge,1\ncem,bridge,1\n\
//!              ann,swing,1\nbob,swing,1\ncem,swing,1\ndan,park,1\neve,park,1\n";
//! let costs = "id,cost\nbridge,60\npark,40\nswing,20\n";
//! let budget = trial_of("equal-shares").file("votes", votes).file("projects", costs);
//! let result = budget.run(100_00)?;
//! assert_eq!(result.paid("bridge"), Amount::from_base(60_00));
//! assert_eq!(result.paid("park"), Amount::from_base(40_00));
//! # Ok::<(), allonet_mechanisms::trial::NoTrial>(())
//! ```

use std::collections::BTreeMap;
use std::sync::Arc;

use allonet_core::card::{Absent, Card, Family, Kind, Setting, Settings, Source, Status};
use allonet_core::fault::Fault;
use allonet_core::mechanism::{
    Allocation, Blueprint, Change, Mechanism, Outcome, Refusal, Step, Turn,
};
use allonet_core::money::{Amount, Share, weights_from_f64};
use allonet_core::signal::SignalData;
use ruint::aliases::{U256, U512};

use super::costs::{BALLOTS, COSTS, Priced};
use super::power::{POWER, powers};
use super::purchase::{Gain, Market, Project, Purchase};
use crate::ballots::{CLOSES, OPENS};
use crate::paying::show;

// --- Card -------------------------------------------------------------------

/// What the rule says of itself.
pub static CARD: Card = Card {
    id: "equal-shares",
    title: "Method of equal shares",
    family: Family::Votes,
    formula: "lowest ρ first, with Σ min(b, ρ · u) = cost; b = money / voters",
    status: Status::Preview { since: "0.1.0" },
    sources: &[
        Source {
            cite: "Peters, Pierczyński, Skowron (2021), Proportional Participatory Budgeting with \
                   Additive Utilities",
            url: "https://arxiv.org/abs/2008.13276",
        },
        Source { cite: "The completions add1 and greedy", url: "https://equalshares.net" },
    ],
    settings: SETTINGS,
    actions: &[],
    reads: &[POWER],
    emits: &["weights", "spent"],
};

const SETTINGS: &[Setting] = &[
    BALLOTS,
    COSTS,
    Setting {
        name: "utility",
        kind: Kind::Choice(&["cost", "cardinal"]),
        default: Absent::Default("cost"),
        doc: "What a voter gains from a project they vote for: its cost, or the amount of their \
              vote.",
    },
    Setting {
        name: "completion",
        kind: Kind::Choice(&["none", "add1", "greedy", "add1-greedy"]),
        default: Absent::Default("none"),
        doc: "What happens with money that voters cannot spend together: it stays, everybody is \
              given more until all is spent, or the most wanted projects are added.",
    },
    Setting {
        name: "step",
        kind: Kind::Share,
        default: Absent::Default("1%"),
        doc: "How much more of the money is given with each step of `add1`.",
    },
    OPENS,
    CLOSES,
];

// --- Settings ---------------------------------------------------------------

/// The rule with its ballots.
#[derive(Debug)]
struct EqualShares {
    priced: Priced,
    /// What voters gain, for each project.
    gains: Vec<Vec<Gain>>,
    /// How much more each time.
    add: Option<Share>,
    greedy: bool,
}

/// Builds the rule from its settings.
pub fn build(blueprint: &Blueprint<'_>) -> Result<Box<dyn Mechanism>, Vec<Fault>> {
    let settings = blueprint.settings;
    let asset = blueprint
        .assets
        .first()
        .ok_or_else(|| vec![Fault::new("no-asset", "the network has no asset to pay costs in")])?;
    let step = settings.share("step").or(Share::new(1, 100)).expect("a hundredth is a share");
    let (add, greedy) = match settings.text("completion") {
        Some("add1") => (Some(step), false),
        Some("greedy") => (None, true),
        Some("add1-greedy") => (Some(step), true),
        _ => (None, false),
    };
    if add.is_some_and(|step| step.to_f64() < STEP_LEAST) {
        return Err(vec![no_step(settings)]);
    }
    if add.is_none() && Some(step) != Share::new(1, 100) {
        return Err(vec![needs_add1(settings)]);
    }
    let priced = Priced::read(settings, asset)?;
    let gains = gains(&priced, settings.text("utility") == Some("cardinal"));
    Ok(Box::new(EqualShares { priced, gains, add, greedy }))
}

// --- Signals ----------------------------------------------------------------

fn gains(priced: &Priced, cardinal: bool) -> Vec<Vec<Gain>> {
    let votes = &priced.ballots.votes;
    let amounts: Vec<f64> = votes.iter().map(|vote| vote.amount).collect();
    let whole = weights_from_f64(&amounts).expect("votes are finite and not below zero");
    let mut gains = vec![Vec::new(); priced.costs.len()];
    for (vote, whole) in votes.iter().zip(whole) {
        let project = vote.project as usize;
        let wanted = if cardinal { whole > 0 } else { vote.amount > 0.0 };
        let utility = if cardinal { U256::from(whole) } else { priced.costs[project].to_u256() };
        if wanted {
            gains[project].push(Gain { voter: vote.voter, utility });
        }
    }
    gains
}

// --- Refusals ---------------------------------------------------------------

/// So that at most 128,000 counts are taken.
const STEP_LEAST: f64 = 0.001;

fn no_step(settings: &Settings) -> Fault {
    Fault::new("step-too-small", "each step counts all ballots again; it is at least 0.1%")
        .at_some(settings.place("step"))
        .help("write for example `step = \"1%\"`")
}

fn needs_add1(settings: &Settings) -> Fault {
    Fault::new("misplaced-setting", "`step` works only with a completion by `add1`")
        .at_some(settings.place("step"))
        .help("set completion = \"add1\" or \"add1-greedy\", or leave `step` out")
}

fn too_much(budget: Amount) -> Refusal {
    let message = format!("{budget} base units are 2^128 or more, too many to divide by voters");
    Refusal::new("too-much-money", message).help("check the decimals of the asset")
}

// --- Rule -------------------------------------------------------------------

impl Mechanism for EqualShares {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn payees(&self) -> &[Arc<str>] {
        self.priced.projects()
    }

    fn step(&self, turn: &Turn<'_>, allocation: &mut Allocation<'_>) -> Result<Outcome, Refusal> {
        let voters = &self.priced.ballots.voters;
        let powers = powers(turn, voters)?;
        let before = self.priced.paid_before(turn.state)?;
        let budget = allocation.available().of(0);
        if budget.to_u128().is_none() {
            return Err(too_much(budget));
        }
        let open: Vec<usize> = (0..self.gains.len())
            .filter(|at| !before[*at] && self.priced.costs[*at] <= budget)
            .filter(|at| !self.gains[*at].is_empty())
            .collect();
        let project = |at: &usize| Project {
            cost: self.priced.costs[*at].to_u256(),
            gains: self.gains[*at].clone(),
        };
        let market =
            Market::new(voters.len(), powers.as_deref(), open.iter().map(project).collect());
        let mut round = Round { rule: self, turn, open, market, remarks: Vec::new() };
        round.remarks.clone_from(&self.priced.ballots.remarks);
        let too_dear = |at: &usize| !before[*at] && self.priced.costs[*at] > budget;
        let dear = (0..before.len()).filter(too_dear).count();
        if dear > 0 && !budget.is_zero() {
            round
                .remarks
                .push(format!("dearer than all money and left out: {dear} of the projects"));
        }
        round.settle(budget, &before, allocation)
    }
}

/// One turn.
struct Round<'a> {
    rule: &'a EqualShares,
    turn: &'a Turn<'a>,
    /// The projects of the market, by their place among all.
    open: Vec<usize>,
    market: Market,
    remarks: Vec<String>,
}

impl Round<'_> {
    fn settle(
        mut self,
        budget: Amount,
        before: &[bool],
        allocation: &mut Allocation<'_>,
    ) -> Result<Outcome, Refusal> {
        let (bought, given) = self.buy(budget.to_u256());
        let mut reasons: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let mut spent = vec![U256::ZERO; self.rule.priced.ballots.voters.len()];
        let mut chosen = Vec::new();
        for purchase in &bought {
            let note = self.told(purchase, &mut reasons, &mut spent);
            self.pay(purchase.project, "bought together", note, allocation, &mut reasons)?;
            chosen.push(self.open[purchase.project]);
        }
        let costs = &self.rule.priced.costs;
        if self.rule.greedy {
            for at in self.by_welfare(&chosen) {
                if costs[self.open[at]] <= allocation.left().of(0) {
                    let note = "it fits into what is left".to_owned();
                    self.pay(at, "added by votes", note, allocation, &mut reasons)?;
                    chosen.push(self.open[at]);
                }
            }
        }
        self.tell_voters(given, &spent, &mut reasons);
        let total: f64 = chosen.iter().map(|at| costs[*at].to_f64()).sum();
        let part = |at: usize| if chosen.contains(&at) { costs[at].to_f64() / total } else { 0.0 };
        let projects = self.rule.priced.projects().iter().map(ToString::to_string);
        let parts = projects.zip((0..costs.len()).map(part)).collect();
        let spent = spent.into_iter().map(|fine| self.units(self.market.base(fine)));
        let voters = self.rule.priced.ballots.voters.iter().map(ToString::to_string);
        Ok(Outcome {
            state: self.rule.priced.remember(before, &chosen),
            signals: vec![
                ("weights", SignalData::Scores(parts)),
                ("spent", SignalData::Scores(voters.zip(spent).collect())),
            ],
            remarks: self.remarks,
            reasons,
            exhibits: Vec::new(),
        })
    }

    /// What is bought, and the money that was given out for it.
    fn buy(&mut self, budget: U256) -> (Vec<Purchase>, U256) {
        const MOST: u64 = 128;
        let mut best = (self.market.run(budget), budget);
        let Some(step) = self.rule.add else { return best };
        let step = step.of(Amount::from_u256(budget)).map_or(U256::ZERO, Amount::to_u256);
        let step = step.max(U256::ONE);
        let most = budget * U256::from(MOST);
        while self.more_fits(&best.0, budget) {
            let given = best.1 + step;
            if given > most {
                self.remarks.push(format!("`add1` ends at {MOST} times the money"));
                break;
            }
            let bought = self.market.run(given);
            if self.cost(&bought) > budget {
                break;
            }
            best = (bought, given);
        }
        best
    }

    fn cost(&self, bought: &[Purchase]) -> U256 {
        let costs = bought.iter().map(|purchase| self.market.projects[purchase.project].cost);
        costs.fold(U256::ZERO, |sum, cost| sum + cost)
    }

    /// Whether another project that somebody with power wants would fit into
    /// what is left.
    fn more_fits(&self, bought: &[Purchase], budget: U256) -> bool {
        let left = budget - self.cost(bought);
        let is_bought = |at: usize| bought.iter().any(|purchase| purchase.project == at);
        let mut projects = self.market.projects.iter().enumerate();
        projects.any(|(at, project)| {
            project.cost <= left && !is_bought(at) && !self.market.welfare(at).is_zero()
        })
    }

    /// Books the cost of a project.
    fn pay(
        &self,
        at: usize,
        label: &'static str,
        note: String,
        allocation: &mut Allocation<'_>,
        reasons: &mut BTreeMap<String, Vec<String>>,
    ) -> Result<(), Refusal> {
        let project = self.open[at];
        let cost = self.rule.priced.costs[project];
        let name = self.rule.priced.projects()[project].to_string();
        reasons.entry(name).or_default().push(format!("{label}: {note}"));
        let steps = vec![Step::new(label, Change::Plus(cost)).note(note)];
        let payee = u32::try_from(project).expect("fewer projects than 2^31");
        Ok(allocation.pay(payee, 0, cost, steps)?)
    }

    /// Says of each buyer what they pay, and of all together in one line.
    fn told(
        &mut self,
        purchase: &Purchase,
        reasons: &mut BTreeMap<String, Vec<String>>,
        spent: &mut [U256],
    ) -> String {
        let ballots = &self.rule.priced.ballots;
        let name = &ballots.projects[self.open[purchase.project]];
        let money = |fine: U256| show(self.turn.assets, 0, self.market.base(fine));
        for (voter, payment) in &purchase.payments {
            spent[*voter as usize] += payment;
            let line = format!("pays {} for `{name}`", money(*payment));
            reasons.entry(ballots.voters[*voter as usize].to_string()).or_default().push(line);
        }
        if purchase.tied {
            self.remarks.push(format!("tied, and bought first as the earliest id: `{name}`"));
        }
        let amounts = || purchase.payments.iter().map(|(_, payment)| *payment);
        let (least, most) = (amounts().min(), amounts().max());
        let (least, most) = (least.unwrap_or_default(), most.unwrap_or_default());
        let voters = match purchase.payments.len() {
            1 => "1 voter pays".to_owned(),
            count => format!("{count} voters pay"),
        };
        format!("{voters} {} to {}", money(least), money(most))
    }

    /// Says of each voter who pays something what they had and have left.
    fn tell_voters(
        &self,
        given: U256,
        spent: &[U256],
        reasons: &mut BTreeMap<String, Vec<String>>,
    ) {
        let money = |fine: U256| show(self.turn.assets, 0, self.market.base(fine));
        for (voter, name) in self.rule.priced.ballots.voters.iter().enumerate() {
            let start = self.market.start(voter, given);
            let left = start.saturating_sub(spent[voter]);
            let line = format!("has {} to spend, and {} left", money(start), money(left));
            reasons.entry(name.to_string()).or_default().insert(0, line);
        }
    }

    /// The other projects of the market, in order of what all gain from a unit
    /// of money.
    fn by_welfare(&self, chosen: &[usize]) -> Vec<usize> {
        let rest = (0..self.open.len()).filter(|at| !chosen.contains(&self.open[*at]));
        let mut rest: Vec<(usize, U256)> =
            rest.map(|at| (at, self.market.welfare(at))).filter(|(_, w)| !w.is_zero()).collect();
        let cost = |at: usize| self.market.projects[at].cost;
        rest.sort_by(|(a, own), (b, other)| {
            let own: U512 = own.widening_mul(cost(*b));
            let other: U512 = other.widening_mul(cost(*a));
            other.cmp(&own)
        });
        rest.into_iter().map(|(at, _)| at).collect()
    }

    /// An amount in whole units of the main asset, for a signal.
    fn units(&self, amount: Amount) -> f64 {
        let decimals = self.turn.assets.first().map_or(0, |asset| asset.decimals);
        amount.to_f64() / (0..decimals).fold(1.0, |unit, _| unit * 10.0)
    }
}

// --- Tests ------------------------------------------------------------------

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use allonet_core::card::Value;
    use allonet_core::mechanism::{Purse, State};
    use proptest::prelude::*;

    use super::super::poll::testing::paid;
    use super::*;
    use crate::trial::{Trial, TurnResult, trial_of};

    fn budget(votes: &str, costs: &str) -> Trial {
        trial_of("equal-shares")
            .file("votes", &format!("voter,project,amount\n{votes}"))
            .file("projects", &format!("id,cost\n{costs}"))
    }

    fn refused(trial: &Trial) -> String {
        trial.run(1).unwrap_err().to_string()
    }

    /// Six want a and b, four want c and d.
    const TWO_CAMPS: &str = "1,a,1\n2,a,1\n3,a,1\n4,a,1\n5,a,1\n6,a,1\n\
                             1,b,1\n2,b,1\n3,b,1\n4,b,1\n5,b,1\n6,b,1\n\
                             7,c,1\n8,c,1\n9,c,1\n0,c,1\n7,d,1\n8,d,1\n9,d,1\n0,d,1\n";
    const ALL: [&str; 4] = ["a", "b", "c", "d"];

    // Worked examples.

    #[test]
    fn each_camp_decides_over_its_part() {
        // Each has 10.00: six pay 9.17 each for a and then 0.83 are left.
        let trial = budget(TWO_CAMPS, "a,55\nb,45\nc,30\nd,10\n");
        let result = trial.run(10_000).unwrap();
        assert_eq!(paid(&result, &ALL), [55_00, 0, 30_00, 10_00]);
        assert_eq!(result.unspent.of(0), Amount::from_base(5_00));
        assert_eq!(
            result.outcome.reasons["1"],
            ["has 10.00 USD to spend, and 0.83 USD left", "pays 9.16 USD for `a`"]
        );
        assert_eq!(
            result.outcome.reasons["a"],
            ["bought together: 6 voters pay 9.16 USD to 9.16 USD"]
        );
        let SignalData::Scores(spent) = &result.outcome.signals[1].1 else { panic!() };
        assert_eq!((spent["1"], spent["7"]), (9.16, 10.0));
        // Greedy budgeting gives all to the majority.
        let greedy = Trial { entry: trial_of("greedy-budget").entry, ..trial };
        assert_eq!(paid(&greedy.run(10_000).unwrap(), &ALL), [55_00, 45_00, 0, 0]);
    }

    #[test]
    fn completions_spend_more() {
        let trial = budget(TWO_CAMPS, "a,45\nb,35\nc,30\nd,25\n");
        assert_eq!(paid(&trial.run(10_000).unwrap(), &ALL), [45_00, 0, 30_00, 0]);
        // 25.00 are left: too little for b, enough for d.
        let greedy = trial.clone().text("completion", "greedy").run(10_000).unwrap();
        assert_eq!(paid(&greedy, &ALL), [45_00, 0, 30_00, 25_00]);
        // With 13.40 each the six buy b as well, which is too much; with 13.80
        // the four would have bought d.
        let add = trial.clone().text("completion", "add1");
        assert_eq!(paid(&add.run(10_000).unwrap(), &ALL), [45_00, 0, 30_00, 0]);
        let both = trial.text("completion", "add1-greedy").run(10_000).unwrap();
        assert_eq!(paid(&both, &ALL), [45_00, 0, 30_00, 25_00]);
        // Where b costs more, the four are there first.
        let add = budget(TWO_CAMPS, "a,45\nb,45\nc,30\nd,25\n").text("completion", "add1");
        let result = add.run(10_000).unwrap();
        assert_eq!(paid(&result, &ALL), [45_00, 0, 30_00, 25_00]);
        let told = &result.outcome.reasons["7"][0];
        assert_eq!(told, "has 13.80 USD to spend, and 0.05 USD left");
    }

    #[test]
    fn who_has_too_little_pays_all_they_have() {
        // ann has 5 of 10 power: 50. a costs 60: bob and cem have 25 each, and
        // ρ = 20 for each. b: bob has 5 left, ann 30.
        let trial = budget("ann,a,1\nbob,a,1\ncem,a,1\nann,b,1\nbob,b,1\n", "a,60\nb,34\n")
            .scores("power", &[("ann", 5.0), ("bob", 2.5), ("cem", 2.5)]);
        let result = trial.run(10_000).unwrap();
        assert_eq!(paid(&result, &["a", "b"]), [60_00, 34_00]);
        assert_eq!(
            result.outcome.reasons["bob"],
            [
                "has 25.00 USD to spend, and 0.00 USD left",
                "pays 20.00 USD for `a`",
                "pays 5.00 USD for `b`"
            ]
        );
        assert_eq!(result.outcome.reasons["ann"][2], "pays 29.00 USD for `b`");
    }

    #[test]
    fn amounts_may_say_how_much_is_gained() {
        // For a: ρ = 40/4; for b: 30/5. Then 30.00 are left, too little for a.
        let votes = "ann,a,3\nbob,a,1\nann,b,1\nbob,b,4\n";
        let trial = budget(votes, "a,40\nb,30\n").text("utility", "cardinal");
        let result = trial.run(60_00).unwrap();
        assert_eq!(paid(&result, &["a", "b"]), [0, 30_00]);
        assert_eq!(result.outcome.reasons["bob"][1], "pays 24.00 USD for `b`");
        assert_eq!(result.outcome.reasons["ann"][1], "pays 6.00 USD for `b`");
    }

    #[test]
    fn of_equals_the_earliest_is_bought() {
        let result =
            budget("ann,b,1\nbob,b,1\nann,a,1\nbob,a,1\n", "b,7\na,7\n").run(10_00).unwrap();
        assert_eq!(paid(&result, &["a", "b"]), [7_00, 0]);
        assert_eq!(result.outcome.remarks, ["tied, and bought first as the earliest id: `a`"]);
    }

    #[test]
    fn nobody_one_voter_and_too_dear() {
        let costs = "a,1\nb,2\n";
        assert!(budget("", costs).run(100).unwrap().payouts.is_empty());
        assert_eq!(paid(&budget("ann,a,1\n", costs).run(100).unwrap(), &["a", "b"]), [100, 0]);
        let dear = budget("ann,b,1\nbob,a,\n", costs).text("completion", "add1").run(100).unwrap();
        assert!(dear.payouts.is_empty());
        assert_eq!(dear.outcome.remarks, ["dearer than all money and left out: 1 of the projects"]);
        let zero = budget("ann,a,1\n", costs).scores("power", &[]).run(100).unwrap();
        assert!(zero.payouts.is_empty());
    }

    #[test]
    fn a_project_is_paid_once() {
        let trial = budget("ann,a,1\nann,b,1\n", "a,1\nb,2\n");
        let rule = trial.build().unwrap();
        let purse = Purse::new(vec![Amount::from_base(200)]);
        let first = trial.run(200).unwrap();
        assert_eq!(paid(&first, &["a", "b"]), [100, 0]);
        let next = |state| trial.turn(&*rule, 1, &purse, &purse, &[], state).unwrap();
        let second = next(&first.outcome.state);
        assert_eq!(paid(&second, &["a", "b"]), [0, 200]);
        assert!(next(&second.outcome.state).payouts.is_empty());
    }

    // Refusals.

    #[test]
    fn what_cannot_be_divided_is_refused() {
        let trial = budget("ann,a,1\n", "a,1\n");
        let rule = trial.build().unwrap();
        let purse = Purse::new(vec![Amount::from_u256(U256::ONE << 128)]);
        let told = trial.turn(&*rule, 0, &purse, &purse, &[], &State::empty()).unwrap_err();
        assert!(told.to_string().ends_with("are 2^128 or more, too many to divide by voters"));
        let misplaced = trial.clone().set("step", Value::Share(Share::ONE));
        assert!(refused(&misplaced).starts_with("`step` works only with a completion"));
        let step = trial.text("completion", "add1").set("step", Value::Share(Share::ZERO));
        assert!(refused(&step).starts_with("each step counts all ballots again"));
    }

    // Laws.

    /// Votes of each voter on each project, costs, and the money.
    #[derive(Clone, Debug)]
    struct Instance {
        votes: Vec<[u32; 4]>,
        costs: [u32; 4],
        money: u32,
    }

    fn instances(highest: u32) -> impl Strategy<Value = Instance> {
        let votes = prop::collection::vec(prop::array::uniform4(0..=highest), 1..6);
        (votes, prop::array::uniform4(1_u32..30), 1_u32..60)
            .prop_map(|(votes, costs, money)| Instance { votes, costs, money })
    }

    const FOUR: [&str; 4] = ["p0", "p1", "p2", "p3"];

    impl Instance {
        fn trial(&self) -> Trial {
            let mut votes = String::new();
            for (voter, own) in self.votes.iter().enumerate() {
                for (project, vote) in own.iter().enumerate() {
                    writeln!(votes, "v{voter},p{project},{vote}").unwrap();
                }
            }
            let costs: Vec<String> =
                (0..4).map(|at| format!("p{at},0.{:02}", self.costs[at])).collect();
            budget(&votes, &costs.join("\n"))
        }

        fn run(&self, trial: &Trial) -> TurnResult {
            trial.run(self.money.into()).unwrap()
        }
    }

    proptest! {
        #[test]
        fn costs_are_met_and_completion_leaves_nothing_that_fits(
            instance in instances(3),
            completion in prop::sample::select(vec!["none", "add1", "greedy", "add1-greedy"]),
        ) {
            let mut trial = instance.trial().text("completion", completion);
            if completion.starts_with("add1") {
                trial = trial.set("step", Value::Share(Share::new(1, 10).unwrap()));
            }
            let result = instance.run(&trial);
            let left = result.unspent.of(0).to_u128().unwrap();
            for (project, paid) in paid(&result, &FOUR).into_iter().enumerate() {
                let cost = u128::from(instance.costs[project]);
                let wanted = instance.votes.iter().any(|votes| votes[project] > 0);
                prop_assert!(paid == 0 || paid == cost && wanted);
                let fits = paid == 0 && wanted && cost <= left;
                prop_assert!(!(fits && completion.ends_with("greedy")));
            }
        }

        /// Extended justified representation up to one project.
        #[test]
        fn every_group_gets_its_part_up_to_one_project(instance in instances(1)) {
            let result = instance.run(&instance.trial());
            let bought: Vec<bool> = paid(&result, &FOUR).iter().map(|paid| *paid > 0).collect();
            let voters = instance.votes.len();
            for wish in 1_usize..16 {
                let wished = |project: usize| wish >> project & 1 == 1;
                let cost: u32 = (0..4).filter(|p| wished(*p)).map(|p| instance.costs[p]).sum();
                // All who want every one of these, if they hold the money for it.
                let group: Vec<&[u32; 4]> = instance
                    .votes
                    .iter()
                    .filter(|votes| (0..4).all(|p| !wished(p) || votes[p] > 0))
                    .collect();
                let size = u32::try_from(group.len()).unwrap();
                if cost * u32::try_from(voters).unwrap() > size * instance.money || size == 0 {
                    continue;
                }
                // Every subgroup that is large enough has such a member as well:
                // the members with least stand for the worst subgroup.
                let enough = |votes: &[u32; 4]| {
                    let gain: u32 = (0..4)
                        .filter(|p| bought[*p] && votes[*p] > 0)
                        .map(|p| instance.costs[p])
                        .sum();
                    let more = (0..4).filter(|p| wished(*p) && !bought[*p]);
                    gain >= cost || more.into_iter().any(|p| gain + instance.costs[p] > cost)
                };
                let without = u32::try_from(group.iter().filter(|v| !enough(v)).count()).unwrap();
                let holds = cost * u32::try_from(voters).unwrap() > without * instance.money;
                prop_assert!(holds || without == 0, "{wish:b} {bought:?}");
            }
        }

        #[test]
        fn the_scale_of_power_means_nothing(instance in instances(3), factor in 1_u32..9) {
            let names: Vec<String> =
                (0..instance.votes.len()).map(|voter| format!("v{voter}")).collect();
            let all: Vec<(&str, f64)> =
                names.iter().map(|name| (name.as_str(), f64::from(factor) / 3.0)).collect();
            let plain = instance.run(&instance.trial());
            let scaled = instance.run(&instance.trial().scores("power", &all));
            prop_assert_eq!(plain.payouts, scaled.payouts);
        }
    }

    // Reference: exact fractions, supporters in order of what they can bear.

    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    struct Fraction(i128, i128);

    impl Fraction {
        fn new(over: i128, under: i128) -> Self {
            let (mut a, mut b) = (over, under);
            while b != 0 {
                (a, b) = (b, a % b);
            }
            let common = a * a.signum() * under.signum();
            Self(over / common, under / common)
        }

        fn minus(self, other: Self) -> Self {
            Self::new(self.0 * other.1 - other.0 * self.1, self.1 * other.1)
        }

        fn times(self, by: i128) -> Self {
            Self::new(self.0 * by, self.1)
        }

        fn over(self, by: i128) -> Self {
            Self::new(self.0, self.1 * by)
        }

        fn less(self, other: Self) -> bool {
            self.0 * other.1 < other.0 * self.1
        }
    }

    fn by_fractions(instance: &Instance, cardinal: bool) -> Vec<u128> {
        let voters = i128::try_from(instance.votes.len()).unwrap();
        let mut has = vec![Fraction::new(instance.money.into(), voters); instance.votes.len()];
        let mut bought = vec![0; 4];
        let gain = |voter: usize, project: usize| -> i128 {
            let vote = instance.votes[voter][project];
            let vote = if cardinal { vote } else { vote.min(1) * instance.costs[project] };
            vote.into()
        };
        loop {
            let mut best: Option<(Fraction, usize)> = None;
            for project in (0..4).filter(|project| bought[*project] == 0) {
                let mut fans: Vec<usize> =
                    (0..has.len()).filter(|voter| gain(*voter, project) > 0).collect();
                let bears = |voter: usize| has[voter].over(gain(voter, project));
                fans.sort_by(|a, b| match (bears(*a).less(bears(*b)), bears(*a) == bears(*b)) {
                    (true, _) => std::cmp::Ordering::Less,
                    (_, true) => std::cmp::Ordering::Equal,
                    _ => std::cmp::Ordering::Greater,
                });
                let mut due = Fraction::new(instance.costs[project].into(), 1);
                for first in 0..fans.len() {
                    let gains: i128 = fans[first..].iter().map(|v| gain(*v, project)).sum();
                    let price = due.over(gains);
                    if !bears(fans[first]).less(price) {
                        if best.is_none_or(|(least, _)| price.less(least)) {
                            best = Some((price, project));
                        }
                        break;
                    }
                    due = due.minus(has[fans[first]]);
                }
            }
            let Some((price, project)) = best else { return bought };
            bought[project] = instance.costs[project].into();
            for (voter, has) in has.iter_mut().enumerate() {
                let asked = price.times(gain(voter, project));
                *has = if has.less(asked) { Fraction(0, 1) } else { has.minus(asked) };
            }
        }
    }

    proptest! {
        #[test]
        fn exact_fractions_agree(instance in instances(3), cardinal: bool) {
            let utility = if cardinal { "cardinal" } else { "cost" };
            let result = instance.run(&instance.trial().text("utility", utility));
            prop_assert_eq!(paid(&result, &FOUR), by_fractions(&instance, cardinal));
        }
    }
}
