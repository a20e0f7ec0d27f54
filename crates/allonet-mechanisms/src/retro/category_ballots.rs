//! Category ballots: voters decide the budget, its division among categories, and
//! the division of one category among its projects; medians decide.
//!
//! A voter need not look at everything: many vote on the projects of one
//! category only, all on the budget and the categories. Use it where experts
//! judge projects and everybody judges what kinds of work matter.
//!
//! # Formula
//!
//! ```text
//! budget     = median of the budgets voted for; all there is, without such votes
//! category_k = median_k / Σ medians of categories
//! within_p   = median_p / Σ medians of the projects in its category
//! score_p    = category_k · within_p,  k the category of p
//! payout_p   = min(λ · score_p, cap · budget),  Σ payout = budget  above `minimum` or nothing
//! ```
//!
//! Blank cells and `null` abstain (a conflict of interest) and do not count for a
//! median; zeros do. What the cap cuts off goes to all others by score. Whoever
//! would get less than the minimum gets nothing, and the others share it. What
//! voters give a category in which no project has a median above zero goes to
//! the others.
//!
//! The budget is granted once: what was paid in earlier epochs is taken off it.
//! It is an amount of the main asset; others are divided in full. Optimism Retro
//! Funding 5 and 6 had `cap = "12.5%"` and `minimum = "1_000"`.
//!
//! With a signal `power`, medians are weighted: half of all power stands for no
//! more, half for no less.
//!
//! # Units and rounding
//!
//! | quantity      | unit                     | rounding                             |
//! |---------------|--------------------------|--------------------------------------|
//! | budget        | base units of the main asset | mean of two middle votes: down   |
//! | shares        | percent                  | `f64`                                |
//! | score         | part of the budget       | `f64`, summed in order of name       |
//! | cap           | base units of each asset, of what is divided | down             |
//! | payout        | base units of each asset | largest remainder, earliest id first |
//! | with `parity = "optimism"` | parts of the budget in `f64` | what they come to in base units by largest remainder |
//!
//! # Limits
//!
//! * The shares of a ballot add up to 100 % or less, but for 0.000001: of all
//!   categories, and of the projects of each category.
//! * A project is in one category.
//!
//! # Known weaknesses
//!
//! * In a category with few voters, a few of them decide much money.
//! * Medians do not add up: the weight of a category depends on how much its
//!   voters agree.
//! * A project on which nearly everybody abstains has the median of the few.
//!
//! # Sources
//!
//! * Optimism Retro Funding 5, `rf5_scorer.py`; 6, `scorer.py`.
//!
//! # Example
//!
//! ```
//! use allonet_core::money::Amount;
//! use allonet_mechanisms::trial::trial_of;
//!
//! let ballots = "voter,project,share\n\
//!                ann,compiler,80\nann,debugger,20\n\
//!                bob,compiler,60\nbob,debugger,40\n\
//!                cem,survey,100\n";
//! let result = trial_of("category-ballots")
//!     .file("ballots", ballots)
//!     .file("projects", "id,category\ncompiler,tools\ndebugger,tools\nsurvey,research\n")
//!     .file("category_votes", "voter,category,share\nann,tools,60\nann,research,40\n\
//!                              bob,tools,90\nbob,research,10\n")
//!     .file("budgets", "voter,budget\nann,8\nbob,12\n")
//!     .run(50_00)?;
//! // A budget of 10; tools 75 %, research 25 %; compiler 70 %, debugger 30 % of tools.
//! assert_eq!(result.paid("compiler"), Amount::from_base(5_25));
//! assert_eq!(result.paid("debugger"), Amount::from_base(2_25));
//! assert_eq!(result.paid("survey"), Amount::from_base(2_50));
//! assert_eq!(result.unspent.of(0), Amount::from_base(40_00));
//! # Ok::<(), allonet_mechanisms::trial::NoTrial>(())
//! ```

use std::collections::BTreeMap;
use std::sync::Arc;

use allonet_core::card::{Absent, Card, Family, Kind, Setting, Settings, Source, Status};
use allonet_core::fault::Fault;
use allonet_core::mechanism::{
    Allocation, Blueprint, Mechanism, Outcome, Purse, Refusal, State, Turn, VoterEffect,
};
use allonet_core::money::{Amount, Asset};
use serde::{Deserialize, Serialize};

use super::category_round::{Ballots, Decision, Round};
use super::leave_one_out;
use super::medians::Electorate;
use super::optimism::{Division, PARITY};
use super::voters::power;
use super::{category_json, category_tables};
use crate::ballots::{CLOSES, OPENS, Reading};
use crate::paying::{CAP, Divided, MINIMUM, book, main_asset, shares, show};

// --- Card -------------------------------------------------------------------

/// What the rule says of itself.
pub static CARD: Card = Card {
    id: "category-ballots",
    title: "Category ballots",
    family: Family::Retro,
    formula: "payout = median budget · median share of category · median share of project",
    status: Status::Preview { since: "0.1.0" },
    sources: &[Source {
        cite: "Optimism Retro Funding 5, rf5_scorer.py",
        url: "https://github.com/opensource-observer/insights/blob/main/analysis/optimism/retrofunding5/scripts/rf5_scorer.py",
    }],
    settings: &[
        Setting {
            name: "ballots",
            kind: Kind::File,
            default: Absent::Required,
            doc: "Ballots: a JSON list as Optimism publishes it, or a table of shares of projects \
                  in percent of their category, columns `voter`, `project` and `share`; an empty \
                  share abstains.",
        },
        Setting {
            name: "projects",
            kind: Kind::File,
            default: Absent::None("JSON ballots say which project is in which category"),
            doc: "List of projects that may be paid, columns `id` and `category`; needed with \
                  tables.",
        },
        Setting {
            name: "category_votes",
            kind: Kind::File,
            default: Absent::None("JSON ballots hold these votes"),
            doc: "Table of shares of categories in percent, columns `voter`, `category` and \
                  `share`; needed with tables.",
        },
        Setting {
            name: "budgets",
            kind: Kind::File,
            default: Absent::None("JSON ballots hold these votes; else all there is is divided"),
            doc: "Table of votes on the budget, columns `voter` and `budget` (an amount of the \
                  main asset).",
        },
        OPENS,
        CLOSES,
        CAP,
        MINIMUM,
        PARITY,
    ],
    actions: &[],
    reads: &["power"],
    emits: &["shares"],
};

// --- Settings ---------------------------------------------------------------

/// The rule with its ballots.
#[derive(Debug)]
pub struct CategoryBallots {
    round: Round,
    division: Division,
    remarks: Vec<String>,
}

/// Builds the rule from its settings.
pub fn build(blueprint: &Blueprint<'_>) -> Result<Box<dyn Mechanism>, Vec<Fault>> {
    let settings = blueprint.settings;
    let asset = main_asset(blueprint)?;
    let division = Division::read(settings, asset).map_err(|fault| vec![fault])?;
    let (round, remarks) = read(settings, asset)?.gather()?;
    Ok(Box::new(CategoryBallots { round, division, remarks }))
}

fn read(settings: &Settings, asset: &Asset) -> Result<Ballots, Vec<Fault>> {
    let file = settings.file("ballots").ok_or_else(no_ballots)?;
    let reading = window(settings)?;
    if !category_json::is_json(file) {
        return category_tables::read(settings, file, asset, &reading);
    }
    let doubled = ["category_votes", "budgets"].into_iter();
    let doubled: Vec<Fault> = doubled
        .filter(|name| settings.file(name).is_some())
        .map(|name| twice(settings, name))
        .collect();
    if !doubled.is_empty() {
        return Err(doubled);
    }
    let listed = settings.file("projects").map(category_tables::categories).transpose()?;
    category_json::read(file, asset, &reading, listed)
}

/// The voting window; the list of projects is read elsewhere.
fn window(settings: &Settings) -> Result<Reading, Vec<Fault>> {
    let mut times = Settings::new();
    for name in ["opens", "closes"] {
        if let Some(time) = settings.get(name) {
            times.set(name, time.clone());
        }
    }
    Reading::from_settings(&times)
}

// --- Signals ----------------------------------------------------------------

// `power` by voter weighs the medians; `shares` are the scores, as parts of
// their sum.

// --- Refusals ---------------------------------------------------------------

fn no_ballots() -> Vec<Fault> {
    let help = "add `ballots = \"ballots.csv\"` or `ballots = \"ballots.json\"`";
    vec![Fault::new("no-votes", "there are no ballots to count").help(help)]
}

fn twice(settings: &Settings, name: &str) -> Fault {
    let message = format!("JSON ballots hold what `{name}` would say");
    Fault::new("double-votes", message).at_some(settings.place(name)).help("leave it out")
}

// --- Rule -------------------------------------------------------------------

/// What is remembered.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Memory {
    /// What was paid of the main asset in earlier epochs.
    paid: Amount,
}

impl Mechanism for CategoryBallots {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn payees(&self) -> &[Arc<str>] {
        &self.round.projects
    }

    fn step(&self, turn: &Turn<'_>, allocation: &mut Allocation<'_>) -> Result<Outcome, Refusal> {
        let memory: Memory = turn.state.read()?;
        let power = power(turn, &self.round.voters)?;
        let by = Electorate { power: power.as_deref(), without: None };
        let decision = self.round.decide(&by);
        let mut outcome = Outcome { remarks: self.remarks.clone(), ..Outcome::default() };
        let available = allocation.available().of(0);
        outcome.remarks.extend(self.remarks_on(&decision, &memory, available, turn.assets));
        let why = |payee: usize| self.why(&decision, payee);
        let divide = |asset, pool| self.divide(&decision, &memory, asset, pool);
        outcome.remarks.extend(book(turn, allocation, &decision.scores, why, divide)?);
        let spent = available.sub(allocation.left().of(0), "what was paid")?;
        let paid = memory.paid.add(spent, "what was paid so far")?;
        outcome.state =
            if paid.is_zero() { State::empty() } else { State::write(&Memory { paid }) };
        outcome.signals.push(("shares", shares(&self.round.projects, &decision.scores)));
        outcome.reasons = self.reasons(&by, &decision);
        Ok(outcome)
    }

    fn voter_effect(
        &self,
        turn: &Turn<'_>,
        available: &Purse,
    ) -> Option<Vec<(usize, VoterEffect)>> {
        let memory: Memory = turn.state.read().ok()?;
        let power = power(turn, &self.round.voters).ok()?;
        leave_one_out::largest(available, &self.round.voters, |without| {
            let by = Electorate { power: power.as_deref(), without };
            let decision = self.round.decide(&by);
            let paid =
                |(asset, pool)| Some(self.divide(&decision, &memory, asset, pool).ok()?.paid);
            available.iter().map(paid).collect()
        })
    }
}

impl CategoryBallots {
    /// Divides one asset: of the main one what is left of the budget.
    fn divide(
        &self,
        decision: &Decision,
        memory: &Memory,
        asset: usize,
        pool: Amount,
    ) -> Result<Divided, Refusal> {
        let granted = decision.budget.filter(|_| asset == 0);
        let granted = granted.map(|budget| budget.saturating_sub(memory.paid));
        self.division.divide(asset, granted.map_or(pool, |most| most.min(pool)), &decision.scores)
    }

    fn why(&self, decision: &Decision, payee: usize) -> String {
        let category = self.round.category(payee);
        format!(
            "`{}` has {} of the budget, and this project {} of it",
            self.round.categories[category].name,
            percent(decision.categories[category]),
            percent(decision.within[payee])
        )
    }

    /// What the operator should know of a decision.
    fn remarks_on(
        &self,
        decision: &Decision,
        memory: &Memory,
        available: Amount,
        assets: &[Asset],
    ) -> Vec<String> {
        let mut remarks = Vec::new();
        if let Some(budget) = decision.budget {
            let left = budget.saturating_sub(memory.paid);
            let compared = if left > available { "more" } else { "no more" };
            remarks.push(format!(
                "the median budget is {}; {} of it is left, {compared} than the {} there is",
                show(assets, 0, budget),
                show(assets, 0, left),
                show(assets, 0, available)
            ));
        }
        let within = |place| {
            let own = (0..self.round.projects.len()).filter(|at| self.round.category(*at) == place);
            own.into_iter().any(|at| decision.within[at] > 0.0)
        };
        for (place, category) in self.round.categories.iter().enumerate() {
            let part = decision.categories[place];
            if part > 0.0 && !within(place) {
                let (name, part) = (&category.name, percent(part));
                remarks.push(format!(
                    "no project in `{name}` has a share; its {part} goes to the other categories"
                ));
            }
        }
        remarks
    }

    fn reasons(&self, by: &Electorate<'_>, decision: &Decision) -> BTreeMap<String, Vec<String>> {
        let lines = |(at, project): (usize, &Arc<str>)| {
            let mut lines = vec![self.why(decision, at)];
            let said = || self.round.said(at, by);
            if let (Some(least), Some(most)) = (said().next(), said().next_back()) {
                let by_voter = |(share, voter): (f64, u32)| {
                    format!("{share:.2} % from {}", self.round.voters[voter as usize])
                };
                let (count, least, most) = (said().count(), by_voter(least), by_voter(most));
                lines.push(format!("{count} voters: the least is {least}, the most {most}"));
            }
            (project.to_string(), lines)
        };
        self.round.projects.iter().enumerate().map(lines).collect()
    }
}

fn percent(part: f64) -> String {
    format!("{:.4} %", part * 100.0)
}

// --- Tests ------------------------------------------------------------------

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use allonet_core::card::Value;
    use allonet_core::fault::SourceFile;
    use proptest::prelude::*;

    use super::*;
    use crate::trial::{Trial, TurnResult, paid, trial_of};

    const PROJECTS: &str = "id,category\ncompiler,tools\ndebugger,tools\nsurvey,research\n";
    const BALLOTS: &str = "voter,project,share\nann,compiler,80\nann,debugger,20\n\
        bob,compiler,60\nbob,debugger,40\ncem,survey,100\n";
    const CATEGORIES: &str = "voter,category,share\nann,tools,60\nann,research,40\n\
        bob,tools,90\nbob,research,10\n";
    const BUDGETS: &str = "voter,budget\nann,8\nbob,12\n";

    fn trial() -> Trial {
        trial_of("category-ballots")
            .file("ballots", BALLOTS)
            .file("projects", PROJECTS)
            .file("category_votes", CATEGORIES)
    }

    fn json(text: &str) -> Trial {
        let file = SourceFile::new("ballots.json", text);
        trial_of("category-ballots").set("ballots", Value::File(file))
    }

    fn refused(trial: &Trial) -> String {
        trial.run(1_000).unwrap_err().to_string()
    }

    // Worked examples.

    #[test]
    fn medians_decide_budget_categories_and_projects() {
        let result = trial().file("budgets", BUDGETS).run(5000).unwrap();
        assert_eq!(paid(&result), [525, 225, 250]);
        let note = result.payouts[1].steps[0].note.as_deref();
        let expected = "`tools` has 75.0000 % of the budget, and this project 30.0000 % of it";
        assert_eq!(note, Some(expected));
        assert_eq!(
            result.outcome.reasons["debugger"][1],
            "2 voters: the least is 20.00 % from ann, the most 40.00 % from bob"
        );
        assert_eq!(
            result.outcome.remarks,
            ["the median budget is 10.00 USD; 10.00 USD of it is left, no more than the 50.00 \
                 USD there is"]
        );
    }

    #[test]
    fn without_votes_on_it_the_budget_is_all_there_is() {
        assert_eq!(paid(&trial().run(2000).unwrap()), [1050, 450, 500]);
    }

    #[test]
    fn the_budget_is_granted_once() {
        let trial = trial().file("budgets", BUDGETS);
        let rule = trial.build().unwrap();
        let turn = |units, state: &State| {
            let purse = Purse::new(vec![Amount::from_base(units)]);
            trial.turn(&*rule, 0, &purse, &purse, &[], state).unwrap()
        };
        let first = turn(400, &State::empty());
        assert_eq!(paid(&first), [210, 90, 100]);
        let second = turn(900, &first.outcome.state);
        assert_eq!(paid(&second), [315, 135, 150]);
        assert_eq!(paid(&turn(900, &second.outcome.state)), [0, 0, 0]);
    }

    #[test]
    fn a_blank_abstains_and_a_zero_counts() {
        let with = |last: &str| {
            let ballots = format!("{BALLOTS}dan,compiler,{last}\n");
            let result = trial().file("ballots", &ballots).run(2000).unwrap();
            result.paid("compiler").to_u128().unwrap()
        };
        assert_eq!(with(""), 1050);
        // 60 of 60 + 30, and three quarters of 20.
        assert_eq!(with("0"), 1000);
    }

    #[test]
    fn cap_and_minimum_hold() {
        let capped = trial().set("cap", Value::Share("40%".parse().unwrap()));
        let result = capped.clone().run(2000).unwrap();
        assert_eq!(paid(&result), [800, 568, 632]);
        for parity in ["none", "optimism"] {
            let trial = capped.clone().text("minimum", "6").text("parity", parity);
            assert_eq!(paid(&trial.run(2000).unwrap()), [800, 0, 800], "{parity}");
        }
    }

    #[test]
    fn what_nobody_in_a_category_takes_goes_to_the_others() {
        let result = trial().file("ballots", &BALLOTS.replace("cem,survey,100\n", ""));
        let result = result.run(1000).unwrap();
        assert_eq!(paid(&result), [700, 300, 0]);
        let remark = "no project in `research` has a share; its 25.0000 % goes to the other \
                      categories";
        assert_eq!(result.outcome.remarks, [remark]);
    }

    #[test]
    fn power_weighs_all_medians() {
        let some = trial().file("budgets", BUDGETS).scores("power", &[("bob", 2.0), ("cem", 1.0)]);
        assert_eq!(paid(&some.run(5000).unwrap()), [648, 432, 120]);
        assert_eq!(paid(&trial().scores("power", &[]).run(1).unwrap()), [0, 0, 0]);
    }

    #[test]
    fn ballots_may_be_json() {
        let text = r#"[
            {"voter_id": "ann", "budget": 8, "category_assignment": "tools",
             "category_allocations": {"tools": 60, "research": 40},
             "project_allocations": {"compiler": 80, "debugger": 20}},
            {"voter_id": "bob", "budget": 12, "category_assignment": "tools",
             "category_allocations": [{"tools": 90}, {"research": 10}],
             "project_allocations": [{"compiler": 60}, {"debugger": 40}]},
            {"voter_id": "cem", "category_assignment": "research",
             "project_allocations": {"survey": 100}}]"#;
        let tables = trial().file("budgets", BUDGETS).run(5000).unwrap();
        assert_eq!(json(text).run(5000), Ok(tables.clone()));
        // A list of projects says who may be paid.
        let list = "id,category\nsurvey,research\n";
        let result = json(text).file("projects", list).run(5000).unwrap();
        assert_eq!(paid(&result), [1000]);
        let remark = "votes for projects that are not listed, such as `compiler`, not counted: 4";
        assert_eq!(result.outcome.remarks[0], remark);
    }

    #[test]
    fn the_window_decides() {
        let cut = |text: &str| {
            let mut lines = text.lines();
            let mut timed = format!("{},time\n", lines.next().unwrap());
            for line in lines {
                let day = if line.starts_with("bob") { 9 } else { 2 };
                writeln!(timed, "{line},2026-01-0{day}").unwrap();
            }
            timed
        };
        let closes = Value::Time("2026-01-05".parse().unwrap());
        let result = trial()
            .file("ballots", &cut(BALLOTS))
            .file("category_votes", &cut(CATEGORIES))
            .file("budgets", &cut(BUDGETS))
            .set("closes", closes.clone())
            .run(5000);
        assert_eq!(paid(&result.unwrap()), [384, 96, 320]);
        let ballot = |voter, day| {
            format!(
                r#"{{"voter":"{voter}","time":"2026-01-0{day}","category_assignment":"x",
                "category_allocations":{{"x":1}},"project_allocations":{{"p{voter}":1}}}}"#
            )
        };
        let text = format!("[{},{}]", ballot("a", 2), ballot("b", 9));
        let result = json(&text).set("closes", closes).run(7).unwrap();
        assert_eq!(result.paid("pa"), Amount::from_base(7));
        assert_eq!(result.outcome.remarks, ["ballots outside the voting window, not counted: 1"]);
    }

    // Refusals.

    #[test]
    fn ballots_that_give_too_much_are_refused() {
        // Shares of another category are apart.
        let apart = format!("{BALLOTS}ann,survey,100\n");
        assert!(trial().file("ballots", &apart).build().is_ok());
        let told =
            refused(&trial().file("ballots", &BALLOTS.replace("debugger,20", "debugger,21")));
        assert!(told.starts_with("ballots.csv:3:14: `ann` gives 101 % of `tools`"), "{told}");
        let told =
            refused(&trial().file("category_votes", "voter,category,share\nann,tools,101\n"));
        assert!(told.contains("`ann` gives 101 % of `all categories`"), "{told}");
    }

    #[test]
    fn tables_are_complete() {
        let told = refused(&trial_of("category-ballots"));
        assert!(told.starts_with("there are no ballots"), "{told}");
        let alone = trial_of("category-ballots").file("ballots", BALLOTS);
        assert!(refused(&alone).contains("need `projects` besides"));
        let told = refused(&alone.file("projects", PROJECTS));
        assert!(told.contains("need `category_votes` besides"), "{told}");
        let told = refused(&trial().file("projects", "id,category\ncompiler,\n"));
        assert!(told.contains("which category `compiler` is in"), "{told}");
    }

    #[test]
    fn budgets_are_amounts_once_by_voter() {
        let told = refused(&trial().file("budgets", "voter,budget\nann,-8\n,1\nbob,1\nbob,2\n"));
        for part in ["`-8`", "names no voter", "the first is on line 4"] {
            assert!(told.contains(part), "{told}");
        }
    }

    #[test]
    fn json_needs_no_tables() {
        let told = refused(&json("[]").file("budgets", BUDGETS));
        assert_eq!(told, "JSON ballots hold what `budgets` would say (leave it out)");
    }

    // Laws.

    /// Votes of 3 categories and 4 projects by voter, and a budget.
    type Ballot = ([u8; 3], [Option<u8>; 4], u16);

    /// The category of each project.
    const IN: [usize; 4] = [0, 0, 1, 2];

    fn ballots() -> impl Strategy<Value = Vec<Ballot>> {
        let share = prop::option::weighted(0.8, 0..=50_u8);
        let ballot = (prop::array::uniform3(0..=33_u8), prop::array::uniform4(share), 1..999_u16);
        prop::collection::vec(ballot, 1..7)
    }

    fn drawn(ballots: &[Ballot]) -> Trial {
        let mut texts = ["voter,project,share\n", "voter,category,share\n", "voter,budget\n"]
            .map(str::to_owned);
        for (voter, (categories, projects, budget)) in ballots.iter().enumerate() {
            for (at, share) in categories.iter().enumerate() {
                writeln!(texts[1], "v{voter},c{at},{share}").unwrap();
            }
            for (at, share) in projects.iter().enumerate() {
                let share = share.map(|share| share.to_string()).unwrap_or_default();
                writeln!(texts[0], "v{voter},p{at},{share}").unwrap();
            }
            writeln!(texts[2], "v{voter},{budget}").unwrap();
        }
        trial_of("category-ballots")
            .file("projects", "id,category\np0,c0\np1,c0\np2,c1\np3,c2\n")
            .file("ballots", &texts[0])
            .file("category_votes", &texts[1])
            .file("budgets", &texts[2])
    }

    fn all(result: &TurnResult) -> Vec<u128> {
        let mut paid = paid(result);
        paid.push(result.unspent.of(0).to_u128().unwrap());
        paid
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn money_is_conserved_and_the_budget_kept(ballots in ballots(), pool: u64) {
            let result = drawn(&ballots).run(pool.into()).unwrap();
            prop_assert_eq!(all(&result).iter().sum::<u128>(), u128::from(pool));
            let most = ballots.iter().map(|ballot| u128::from(ballot.2) * 100).max().unwrap();
            prop_assert!(paid(&result).iter().sum::<u128>() <= most);
        }

        // Twice the same ballots decide the same.
        #[test]
        fn copies_change_nothing(ballots in ballots()) {
            let twice = drawn(&[ballots.clone(), ballots.clone()].concat());
            prop_assert_eq!(all(&twice.run(9_999).unwrap()), all(&drawn(&ballots).run(9_999).unwrap()));
        }

        #[test]
        fn the_largest_effect_is_that_of_a_round_without_the_voter(ballots in ballots()) {
            let trial = drawn(&ballots);
            let purse = Purse::new(vec![Amount::from_base(9_999)]);
            let state = State::empty();
            let turn = Turn {
                epoch: 0, ends: None, assets: &trial.assets, inflow: &purse, signals: &[],
                events: &[], state: &state,
            };
            let found = trial.build().unwrap().voter_effect(&turn, &purse).unwrap();
            let found = found.first().map_or(0, |(_, effect)| effect.moved.to_u128().unwrap());
            let with = all(&trial.run(9_999).unwrap());
            let most = (0..ballots.len()).map(|voter| {
                let mut others = ballots.clone();
                others.remove(voter);
                let without = all(&drawn(&others).run(9_999).unwrap());
                with.iter().zip(without).map(|(a, b)| a.abs_diff(b)).sum::<u128>() / 2
            });
            prop_assert_eq!(found, most.max().unwrap());
        }

        // Reference: the scorer's steps in floats.
        #[test]
        fn payouts_are_those_of_the_scorer(ballots in ballots()) {
            let median = |mut values: Vec<f64>| {
                values.sort_by(f64::total_cmp);
                let n = values.len();
                if n == 0 { 0.0 } else { values[(n - 1) / 2].midpoint(values[n / 2]) }
            };
            let column = |at: usize| ballots.iter().map(|b| f64::from(b.0[at])).collect();
            let categories: Vec<f64> = (0..3).map(|at| median(column(at))).collect();
            let column = |at: usize| ballots.iter().filter_map(|b| b.1[at].map(f64::from)).collect();
            let projects: Vec<f64> = (0..4).map(|at| median(column(at))).collect();
            let score = |at: usize| {
                let sum: f64 = (0..4).filter(|o| IN[*o] == IN[at]).map(|o| projects[o]).sum();
                if sum > 0.0 { categories[IN[at]] * projects[at] / sum } else { 0.0 }
            };
            let sum: f64 = (0..4).map(score).sum();
            let budget = median(ballots.iter().map(|b| f64::from(b.2) * 1e8).collect());
            let mut trial = drawn(&ballots);
            trial.assets[0] = Asset::new("USD", 8);
            for parity in ["none", "optimism"] {
                let result = trial.clone().text("parity", parity).run(1 << 90).unwrap();
                for (at, paid) in paid(&result).into_iter().enumerate() {
                    let fair = if sum > 0.0 { score(at) / sum * budget } else { 0.0 };
                    prop_assert!((paid as f64 - fair).abs() < 3.0, "{} {}", paid, fair);
                }
            }
        }
    }
}
