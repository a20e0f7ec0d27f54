//! MACI rounds: quadratic funding from a tally that hides who voted for whom.
//!
//! Contributors turn money into voice credits, spend them on votes that stay
//! secret (a vote of weight `v` costs `v²` credits), and only the sums are
//! published: votes and spent credits of each project. Use it to settle such a
//! round, as in clr.fund and MACI_QF, or to see what the ballots would have
//! brought before they are encrypted.
//!
//! # Formula
//!
//! For project `p` let `t_p = Σ v` be its tally and `s_p = Σ v²` the credits spent
//! on it; `F` is the money one credit stands for, and `spent = Σ s_p`. The pool
//! is the whole **budget** of the round: what the contributors paid in and the
//! sponsors' matching money together.
//!
//! ```text
//! matching = budget − F · spent
//!
//! variant = "alpha"                         clr.fund v2, MACI_QF
//!   α        = ⌊matching · 10¹⁸ / (F · (Σ t² − spent))⌋
//!   payout_p = ⌊(α·F·t_p² + 10¹⁸·F·s_p − α·F·s_p) / 10¹⁸⌋ = F·s_p + ⌊α·F·(t_p² − s_p) / 10¹⁸⌋
//!
//! variant = "linear"                        clr.fund v1
//!   payout_p = F·s_p + ⌊matching · t_p / Σ t⌋
//! ```
//!
//! With `alpha` every project gets back what its voters spent on it, and of the
//! matching money a part by how much its square of votes exceeds that. The
//! linear rule matches by votes alone, so a lone voter is matched as well. Money
//! that stands for no spent credit (credits not used, fractions of a credit)
//! is part of the matching money.
//!
//! Several epochs: what a project was paid before is taken off. Money that comes
//! later raises the matches.
//!
//! # Units and rounding
//!
//! | quantity               | unit                                            | rounding |
//! |------------------------|-------------------------------------------------|----------|
//! | budget, payout         | base units of the main asset                    | down     |
//! | `voice_credit_factor`  | base units for one credit; by default `max(1, ⌊10⁴ · 10^decimals / 10⁹⌋)` | down |
//! | votes, credits         | whole numbers                                   | none     |
//! | `α`                    | 10⁻¹⁸; may be above 1 if there is much matching money | down |
//!
//! What rounding leaves stays unspent: with `linear` less than one base unit for
//! each project, with `alpha` also what one unit of `α` is worth. Other assets
//! than the main one are divided in full by `t²`, or `t` with `linear`.
//!
//! # Limits
//!
//! * Sums of squares and `F · spent`: below 2^256. A single vote among `votes`: at
//!   most 2^53.
//! * A tally must be possible: `t ≤ s ≤ t²` for every project.
//! * `alpha` refuses `Σ t² ≤ spent`: every project then has one supporter at most,
//!   nothing is left to match by, and the contract reverts.
//! * A budget below `F · spent` is refused: the contributions are not all there.
//!
//! # Known weaknesses
//!
//! * A tally says nothing about who voted: this rule trusts it. The proofs are
//!   checked where the round runs.
//! * One person posing as many gains without bound. Check identity at sign-up.
//! * With `linear` a wealthy contributor can match alone.
//!
//! # Sources
//!
//! * clr.fund, `FundingRound.sol`: `calcAlpha`, `getAllocatedAmountWithoutRank`;
//!   version 1 for the linear rule.
//! * Gitcoin MACI_QF, `MACIQF.sol` and `MACIQFBase.sol`: the factor and the same
//!   `α`.
//! * V. Buterin, Z. Hitzig, E. G. Weyl (2019), *A Flexible Design for Funding
//!   Public Goods*: capital-constrained quadratic funding, `α` as there.
//!
//! # Example
//!
//! ```
//! use allonet_core::card::Value;
//! use allonet_core::money::Amount;
//! use allonet_mechanisms::trial::trial_of;
//!
//! // Three voters gave `garden` one vote each, one gave `tower` three.
//! let tally = "project,tally,spent\ngarden,3,3\ntower,3,9\n";
//! let trial = trial_of("maci")
//!     .file("tally", tally)
//!     .set("voice_credit_factor", Value::Integer(100));
//! // 12.00 was contributed, 6.00 is to match: α = 600 / (100 · (18 − 12)) = 1.
//! let result = trial.run(18_00)?;
//! assert_eq!(result.paid("garden"), Amount::from_base(9_00));
//! assert_eq!(result.paid("tower"), Amount::from_base(9_00));
//! # Ok::<(), allonet_mechanisms::trial::NoTrial>(())
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use allonet_core::card::{Absent, Card, Family, Kind, Setting, Settings, Source, Status};
use allonet_core::fault::Fault;
use allonet_core::mechanism::{Allocation, Blueprint, Mechanism, Outcome, Refusal, Turn};
use allonet_core::money::{Amount, Asset};
use allonet_core::network::id_problem;
use allonet_core::table::{Column, Faults, Table};
use ruint::aliases::{U256, U512};

use super::credits::{limits, overspent};
use super::instalments::{Due, Instalments};
use crate::ballots::{self, Ballots, CLOSES, OPENS, PROJECTS, Reading, Vote};
use crate::paying::{main_asset, show};
use crate::whole::{narrow, whole};

// --- Card -------------------------------------------------------------------

/// What the rule says of itself.
pub static CARD: Card = Card {
    id: "maci",
    title: "MACI round",
    family: Family::Quadratic,
    formula: "payout = F·s + α·F·(t² − s),  α = (budget − F·Σs) / (F·(Σt² − Σs))",
    status: Status::Preview { since: "0.1.0" },
    sources: &[
        Source {
            cite: "clr.fund, FundingRound.sol: calcAlpha, getAllocatedAmountWithoutRank",
            url: "https://github.com/clrfund/monorepo/blob/develop/contracts/contracts/FundingRound.sol",
        },
        Source { cite: "Gitcoin MACI_QF, MACIQF.sol", url: "https://github.com/gitcoinco/MACI_QF" },
        Source {
            cite: "Buterin, Hitzig, Weyl (2019), A Flexible Design for Funding Public Goods",
            url: "https://arxiv.org/abs/1809.06421",
        },
    ],
    settings: SETTINGS,
    actions: &[],
    reads: &[],
    emits: &["match"],
};

const SETTINGS: &[Setting] = &[
    Setting {
        name: "tally",
        kind: Kind::File,
        default: Absent::None("it is counted from `votes`"),
        doc: "Published tally, columns `project`, `tally` and `spent` (voice credits) or their \
              common names.",
    },
    Setting {
        name: "votes",
        kind: Kind::File,
        default: Absent::None("the tally is given"),
        doc: "Ballots to count, columns `voter`, `project` and `votes`, in whole votes.",
    },
    Setting {
        name: "variant",
        kind: Kind::Choice(&["alpha", "linear"]),
        default: Absent::Default("alpha"),
        doc: "Whether matching money follows squares of votes or the votes themselves.",
    },
    Setting {
        name: "voice_credit_factor",
        kind: Kind::Integer { min: 1, max: i64::MAX },
        default: Absent::None("10⁴ · 10^decimals / 10⁹, at least 1"),
        doc: "Base units of the main asset that one voice credit stands for.",
    },
    Setting {
        name: "credits",
        kind: Kind::File,
        default: Absent::None("credits are not checked"),
        doc: "What each voter may spend, columns `voter` and either `credits` or `amount`, the \
              contribution in units of the main asset; who is not in it has none.",
    },
    Setting {
        name: "over_budget",
        kind: Kind::Choice(&["refuse", "drop"]),
        default: Absent::Default("refuse"),
        doc: "What becomes of voters who spend more credits than they have: the round is \
              refused, or none of their votes count.",
    },
    PROJECTS,
    OPENS,
    CLOSES,
];

const TALLY_COLUMNS: &[Column] = &[
    Column::required(&["project", "recipient", "option", "vote_option", "id", "name"]),
    Column::required(&["tally", "tally_result", "votes", "vote_count"]),
    Column::required(&["spent", "spent_voice_credits", "voice_credits", "credits"]),
];

// --- Settings ---------------------------------------------------------------

/// The rule with its tally.
#[derive(Debug)]
pub struct Maci {
    /// Sorted by id.
    payees: Vec<Arc<str>>,
    /// In the order of the payees.
    tallies: Vec<Tally>,
    linear: bool,
    factor: U256,
    /// `Σ t`.
    votes: U256,
    /// `Σ t²`.
    squares: U256,
    /// `Σ s`.
    spent: U256,
    remarks: Vec<String>,
}

/// What is known of one project.
#[derive(Clone, Debug, Default)]
struct Tally {
    votes: U256,
    spent: U256,
    why: String,
    reasons: Vec<String>,
}

/// Builds the rule from its settings.
pub fn build(blueprint: &Blueprint<'_>) -> Result<Box<dyn Mechanism>, Vec<Fault>> {
    let settings = blueprint.settings;
    let asset = main_asset(blueprint)?;
    let factor = settings.integer("voice_credit_factor").map(i64::unsigned_abs);
    let factor = factor.map_or_else(|| default_factor(asset), U256::from);
    let (payees, tallies, remarks) = match (settings.file("tally"), settings.file("votes")) {
        (Some(_), Some(_)) | (None, None) => return Err(vec![not_one(settings)]),
        (Some(file), None) => {
            for name in ["credits", "over_budget", "projects", "opens", "closes"] {
                let usual = settings.text(name) == Some("refuse");
                if settings.get(name).is_some() && !usual {
                    return Err(vec![needs_votes(settings, name)]);
                }
            }
            read_tally(&Table::read(file, TALLY_COLUMNS)?)?
        }
        (None, Some(file)) => {
            let drops = settings.text("over_budget") == Some("drop");
            if drops && settings.get("credits").is_none() {
                return Err(vec![needs_credits(settings)]);
            }
            let ballots = Table::read(file, ballots::COLUMNS)?;
            count(&ballots, settings, asset, factor)?
        }
    };
    let sum = |of: fn(&Tally) -> Option<U256>| {
        let add = |sum: U256, tally| sum.checked_add(of(tally)?);
        tallies.iter().try_fold(U256::ZERO, add).ok_or_else(|| vec![too_large()])
    };
    let rule = Maci {
        linear: settings.text("variant") == Some("linear"),
        factor,
        votes: sum(|tally| Some(tally.votes))?,
        squares: sum(|tally| tally.votes.checked_mul(tally.votes))?,
        spent: sum(|tally| Some(tally.spent))?,
        payees,
        tallies,
        remarks,
    };
    if rule.spent.checked_mul(factor).is_none() {
        return Err(vec![too_large()]);
    }
    if !rule.linear && !rule.votes.is_zero() && rule.squares <= rule.spent {
        return Err(vec![nothing_to_match(settings)]);
    }
    Ok(Box::new(rule))
}

/// `⌊10⁴ · 10^decimals / 10⁹⌋`, at least 1.
fn default_factor(asset: &Asset) -> U256 {
    let zeros = u64::from(asset.decimals.saturating_sub(5));
    U256::from(10).checked_pow(U256::from(zeros)).unwrap_or(U256::MAX)
}

// --- Signals ----------------------------------------------------------------

type Counted = (Vec<Arc<str>>, Vec<Tally>, Vec<String>);

/// The tally as it was published.
fn read_tally(table: &Table) -> Result<Counted, Vec<Fault>> {
    let mut faults = Faults::new();
    let mut read: BTreeMap<&str, Tally> = BTreeMap::new();
    for row in table.rows() {
        let name = row.cell(0);
        if let Some(problem) = id_problem(name) {
            faults.push(row.fault(0, "bad-name", format!("`{name}` cannot be paid: {problem}")));
        }
        let (votes, spent) = match (whole(row, 1), whole(row, 2)) {
            (Ok(votes), Ok(spent)) => (votes, spent),
            (votes, spent) => {
                [votes.err(), spent.err()].into_iter().flatten().for_each(|f| faults.push(*f));
                continue;
            }
        };
        if spent < votes || votes.checked_mul(votes).is_some_and(|most| spent > most) {
            let message = format!("{votes} votes cannot have cost {spent} credits");
            let help = "votes of sum t cost at least t credits and at most t²; are the columns \
                        swapped?";
            faults.push(row.fault(2, "impossible-tally", message).help(help));
        }
        let why = format!("{votes} votes for {spent} credits");
        let reasons = vec![why.clone()];
        if read.insert(name, Tally { votes, spent, why, reasons }).is_some() {
            let message = format!("`{name}` stands in the tally twice");
            faults.push(row.fault(0, "double-project", message).help("keep one of the rows"));
        }
    }
    faults.or(())?;
    let (names, tallies): (Vec<&str>, Vec<Tally>) = read.into_iter().unzip();
    Ok((names.into_iter().map(Arc::from).collect(), tallies, Vec::new()))
}

/// The tally of ballots, of voters who keep to their credits.
fn count(
    table: &Table,
    settings: &Settings,
    asset: &Asset,
    factor: U256,
) -> Result<Counted, Vec<Fault>> {
    let read = Ballots::read(table, &Reading::from_settings(settings)?)?;
    let mut faults = Faults::new();
    let mut cost = vec![U256::ZERO; read.voters.len()];
    for vote in &read.votes {
        if vote.amount.fract() != 0.0 || vote.amount > MOST_VOTES {
            let row = table.row(vote.row as usize).expect("a vote has a row");
            let message = format!("`{}` is no number of votes", row.cell(ballots::AMOUNT));
            let help = "votes are whole numbers up to 2^53; a vote of weight v costs v² credits";
            faults.push(row.fault(ballots::AMOUNT, "bad-amount", message).help(help));
            continue;
        }
        cost[vote.voter as usize] += squared(vote);
    }
    faults.or(())?;
    let mut remarks = read.remarks.clone();
    let over = match limits(settings, "credits", asset, factor)? {
        None => BTreeSet::new(),
        Some(limits) if settings.text("over_budget") == Some("drop") => {
            let over = overspent(&read.voters, &cost, &limits);
            remarks.extend(over.values().map(|told| format!("{told}: these votes do not count")));
            over.into_keys().collect()
        }
        Some(limits) => {
            let mut faults = Faults::new();
            let mut first = vec![None; read.voters.len()];
            for vote in &read.votes {
                first[vote.voter as usize].get_or_insert(vote.row);
            }
            for (voter, told) in overspent(&read.voters, &cost, &limits) {
                let row = first[voter].and_then(|row| table.row(row as usize));
                let row = row.expect("a vote costs");
                let help = "a vote of weight v costs v² credits; or set `over_budget = \"drop\"`";
                faults.push(row.fault(ballots::VOTER, "over-budget", told).help(help));
            }
            faults.or(BTreeSet::new())?
        }
    };
    let counts = |vote: &&Vote| vote.amount > 0.0 && !over.contains(&(vote.voter as usize));
    let tallies = read
        .by_project()
        .map(|votes| tally(&read.voters, votes.iter().filter(counts).copied().collect()))
        .collect();
    Ok((read.projects, tallies, remarks))
}

/// The most votes that are exact in a float.
const MOST_VOTES: f64 = 9_007_199_254_740_992.0;

/// How many voters a project's reasons name.
const NAMED: usize = 5;

fn squared(vote: &Vote) -> U256 {
    let weight = U256::from(vote.amount);
    weight * weight
}

fn tally(voters: &[Box<str>], mut votes: Vec<Vote>) -> Tally {
    votes.sort_by(|a, b| b.amount.total_cmp(&a.amount).then(a.voter.cmp(&b.voter)));
    let sum = votes.iter().map(|vote| U256::from(vote.amount)).sum();
    let spent = votes.iter().map(squared).sum();
    let people = if votes.len() == 1 { "1 voter" } else { &format!("{} voters", votes.len()) };
    let why = format!("{sum} votes of {people} for {spent} credits");
    let named = votes.iter().take(NAMED).map(|vote| {
        let (name, cost) = (&voters[vote.voter as usize], squared(vote));
        format!("{name} gives {} votes for {cost} credits", vote.amount)
    });
    let reasons = std::iter::once(why.clone()).chain(named).collect();
    Tally { votes: sum, spent, why, reasons }
}

// --- Refusals ---------------------------------------------------------------

fn not_one(settings: &Settings) -> Fault {
    let both = settings.file("tally").is_some();
    let found =
        if both { "both `tally` and `votes` are" } else { "neither `tally` nor `votes` is" };
    Fault::new("one-tally", format!("{found} given"))
        .at_some(settings.place("votes"))
        .help("give the published sums as `tally`, or ballots to count as `votes`")
}

fn needs_votes(settings: &Settings, name: &str) -> Fault {
    let message = format!("`{name}` says which votes count, but a tally is already counted");
    Fault::new("already-counted", message)
        .at_some(settings.place(name))
        .help(format!("remove `{name}`, or give the ballots as `votes`"))
}

fn needs_credits(settings: &Settings) -> Fault {
    Fault::new("misplaced-setting", "`over_budget` works only with `credits`")
        .at_some(settings.place("over_budget"))
        .help("add `credits = \"credits.csv\"`, or leave `over_budget` out")
}

fn too_large() -> Fault {
    Fault::new("too-large", "the sums of votes, squares or spent money are 2^256 or more")
        .help("check the tally and `voice_credit_factor`")
}

fn nothing_to_match(settings: &Settings) -> Fault {
    let name = if settings.file("tally").is_some() { "tally" } else { "votes" };
    let message = "the squares of the tally add up to the spent credits: no project has more \
                   than one supporter, so there is nothing to match by";
    Fault::new("nothing-to-match", message)
        .at_some(settings.place(name))
        .help("such a round cannot be settled by alpha; `variant = \"linear\"` can")
}

fn short(budget: Amount, owed: Amount, assets: &[Asset]) -> Refusal {
    let (budget, owed) = (show(assets, 0, budget), show(assets, 0, owed));
    let message =
        format!("the spent voice credits stand for {owed}, and only {budget} have come in");
    Refusal::new("budget-short", message)
        .help("the pool holds the contributions and the matching money; check both sources")
}

// --- Rule -------------------------------------------------------------------

/// Parts of a whole `α`.
const PRECISION: u64 = 1_000_000_000_000_000_000;

impl Maci {
    /// What a project's voters spent on it, in money.
    fn own(&self, tally: &Tally) -> U256 {
        tally.spent * self.factor
    }

    /// What each project is owed of a budget, which covers the spent credits.
    fn owed(&self, budget: Amount) -> Result<Vec<Amount>, Refusal> {
        let matching = budget.to_u256() - self.spent * self.factor;
        let alpha = self.alpha(matching);
        let owed = |tally: &Tally| {
            let matched = if self.linear {
                Amount::from_u256(matching).mul_div(tally.votes, self.votes, "matches")?
            } else {
                // α · F · (t² − s) is at most 10¹⁸ times the matching money.
                let above = tally.votes * tally.votes - tally.spent;
                let parts = alpha * U512::from(self.factor) * U512::from(above);
                let matched = narrow(parts / U512::from(PRECISION));
                Amount::from_u256(matched.expect("no match is above the matching money"))
            };
            Ok(Amount::from_u256(self.own(tally)).add(matched, "a payout")?)
        };
        self.tallies.iter().map(owed).collect()
    }

    /// `α` in parts of 10⁻¹⁸.
    fn alpha(&self, matching: U256) -> U512 {
        let above: U512 = self.factor.widening_mul(self.squares - self.spent);
        if self.linear || above.is_zero() {
            return U512::ZERO;
        }
        U512::from(matching) * U512::from(PRECISION) / above
    }
}

impl Mechanism for Maci {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn payees(&self) -> &[Arc<str>] {
        &self.payees
    }

    fn step(&self, turn: &Turn<'_>, allocation: &mut Allocation<'_>) -> Result<Outcome, Refusal> {
        let instalments = Instalments::read(turn)?;
        let budget = instalments.budget(allocation)?;
        let spent = Amount::from_u256(self.spent * self.factor);
        let mut remarks = self.remarks.clone();
        let settled = !self.votes.is_zero() && !budget.is_zero();
        if settled && budget < spent {
            return Err(short(budget, spent, turn.assets));
        }
        let owed =
            if settled { self.owed(budget)? } else { vec![Amount::ZERO; self.tallies.len()] };
        if self.votes.is_zero() {
            remarks.push("there are no votes: nothing is paid".to_owned());
        } else if settled {
            let left = budget.saturating_sub(spent);
            let (spent, matching) = (show(turn.assets, 0, spent), show(turn.assets, 0, left));
            let alpha = if self.linear {
                String::new()
            } else {
                format!(", α = {:.6}", f64::from(self.alpha(left.to_u256())) / PRECISION as f64)
            };
            remarks.push(format!("contributions {spent}, matching {matching}{alpha}"));
        }
        let due = |(tally, total): (&Tally, Amount)| Due {
            own: Amount::from_u256(self.own(tally)).min(total),
            total,
            why: tally.why.clone(),
            weight: if self.linear { tally.votes } else { tally.votes * tally.votes },
        };
        let dues: Vec<Due> = self.tallies.iter().zip(owed).map(due).collect();
        let mut outcome = instalments.pay(&self.payees, &dues, allocation)?;
        let told = self.payees.iter().zip(&self.tallies);
        outcome.reasons =
            told.map(|(payee, tally)| (payee.to_string(), tally.reasons.clone())).collect();
        outcome.remarks = remarks;
        Ok(outcome)
    }
}

// --- Tests ------------------------------------------------------------------

#[cfg(test)]
mod tests {
    use allonet_core::card::Value;
    use allonet_core::mechanism::{Purse, State};
    use proptest::prelude::*;

    use super::*;
    use crate::trial::{NoTrial, Trial, paid, trial_of};

    fn tally(rows: &str) -> Trial {
        let table = format!("project,tally,spent\n{rows}");
        trial_of("maci").file("tally", &table).set("voice_credit_factor", Value::Integer(100))
    }

    fn votes(rows: &str) -> Trial {
        let table = format!("voter,project,votes\n{rows}");
        trial_of("maci").file("votes", &table).set("voice_credit_factor", Value::Integer(100))
    }

    fn run(trial: &Trial, pool: u128) -> Vec<u128> {
        paid(&trial.run(pool).unwrap())
    }

    fn refused(trial: &Trial, pool: u128) -> String {
        match trial.run(pool).unwrap_err() {
            NoTrial::Faults(faults) => faults[0].to_string(),
            NoTrial::Refusal(refusal) => refusal.to_string(),
        }
    }

    const THREE: &str = "a,4,6\nb,3,3\nc,5,25\n";

    // Worked examples.

    #[test]
    fn alpha_matches_what_squares_exceed() {
        // Contributions 34.00. Above: a 16 − 6 = 10, b 9 − 3 = 6, c nothing; 8.00
        // to match are α = 800 / (100 · 16) = 1/2 of that.
        assert_eq!(run(&tally(THREE), 42_00), [6_00 + 5_00, 3_00 + 3_00, 25_00]);
        // With more money α rises above 1.
        assert_eq!(run(&tally(THREE), 34_00 + 32_00), [6_00 + 20_00, 3_00 + 12_00, 25_00]);
        assert_eq!(run(&tally(THREE), 34_00), [6_00, 3_00, 25_00]);
    }

    #[test]
    fn linear_matches_by_votes() {
        let linear = tally(THREE).text("variant", "linear");
        assert_eq!(run(&linear, 34_00 + 12_00), [6_00 + 4_00, 3_00 + 3_00, 25_00 + 5_00]);
        // 1.00 · 4/12 = 33.3 cents and so on; the dust stays.
        let result = linear.run(34_00 + 1_00).unwrap();
        assert_eq!(paid(&result), [6_33, 3_25, 25_41]);
        assert_eq!(result.unspent.of(0), Amount::from_base(1));
    }

    #[test]
    fn ballots_come_to_the_same_tally() {
        let ballots = "u,a,2\nv,a,1\nw,a,1\nu,b,1\nv,b,1\nw,b,1\nx,c,5\n";
        let result = votes(ballots).run(42_00).unwrap();
        assert_eq!(paid(&result), run(&tally(THREE), 42_00));
        let reasons = &result.outcome.reasons["a"];
        assert_eq!(reasons[0], "4 votes of 3 voters for 6 credits");
        assert_eq!(reasons[1], "u gives 2 votes for 4 credits");
        assert_eq!(
            result.outcome.remarks,
            ["contributions 34.00 USD, matching 8.00 USD, α = 0.500000"]
        );
        let steps: Vec<String> = result.payouts[0]
            .steps
            .iter()
            .map(|step| format!("{} {}", step.label, step.change))
            .collect();
        assert_eq!(steps, ["contributions +600", "match +500"]);
    }

    #[test]
    fn later_money_raises_the_matches() {
        let trial = tally(THREE);
        let rule = trial.build().unwrap();
        let (mut state, mut epochs) = (State::empty(), Vec::new());
        for money in [42_00, 0, 24_00] {
            let pool = Purse::new(vec![Amount::from_base(money)]);
            let result = trial.turn(&*rule, 0, &pool, &pool, &[], &state).unwrap();
            epochs.push(paid(&result));
            state = result.outcome.state;
        }
        assert_eq!(epochs, [vec![11_00, 6_00, 25_00], vec![0, 0, 0], vec![15_00, 9_00, 0]]);
    }

    #[test]
    fn credits_come_from_contributions() {
        // 4.99 buys four credits of 1.00, and two votes cost four.
        let voters = "voter,amount\nu,4.99\nv,1\n";
        let trial = votes("u,a,2\nv,a,1\n").file("credits", voters);
        assert_eq!(run(&trial, 10_00), [9_99 + 1]);
        let poor = trial.file("credits", "voter,credits\nu,3\nv,1\n");
        let message = "votes.csv:2:1: `u` spends 4 credits and has 3";
        assert!(refused(&poor, 10_00).starts_with(message));
        let dropped = poor.text("over_budget", "drop").text("variant", "linear").run(10_00);
        let dropped = dropped.unwrap();
        assert_eq!(paid(&dropped), [10_00]);
        assert!(dropped.outcome.remarks[0].starts_with("`u` spends 4 credits and has 3: these"));
    }

    #[test]
    fn the_factor_follows_the_decimals() {
        for (decimals, factor) in [(18, 10_000_000_000_000_u64), (6, 10), (5, 1), (0, 1)] {
            let asset = Asset::new("X", decimals);
            assert_eq!(default_factor(&asset), U256::from(factor), "{decimals}");
        }
    }

    #[test]
    fn rounds_without_votes_or_money_pay_nobody() {
        for trial in [tally(""), tally("a,0,0\n"), votes(""), votes("u,a,0\n")] {
            let result = trial.run(5).unwrap();
            assert!(result.payouts.is_empty());
            assert_eq!(result.outcome.remarks, ["there are no votes: nothing is paid"]);
        }
        assert!(tally(THREE).run(0).unwrap().payouts.is_empty());
    }

    // Refusals.

    #[test]
    fn what_is_no_round_is_refused() {
        let both = tally(THREE).file("votes", "voter,project,votes\n");
        let counted = tally(THREE).file("credits", "voter,credits\n");
        let huge = format!("a,{},{}\n", U256::MAX, U256::MAX);
        for (trial, start) in [
            (trial_of("maci"), "neither `tally` nor `votes` is given"),
            (both, "both `tally` and `votes` are given"),
            (counted, "`credits` says which votes count"),
            (tally(THREE).text("over_budget", "drop"), "`over_budget` says which votes count"),
            (votes("u,a,2\n").text("over_budget", "drop"), "`over_budget` works only with"),
            (tally("a,1,1\nb,3,9\n"), "the squares of the tally add up to the spent credits"),
            (tally("a,4,17\n"), "tally.csv:2:5: 4 votes cannot have cost 17"),
            (tally("a,4,3\n"), "tally.csv:2:5: 4 votes cannot have cost 3"),
            (tally("a,4,6\na,4,6\n"), "tally.csv:3:1: `a` stands in the tally twice"),
            (tally("a,-4,6\n"), "tally.csv:2:3: `-4` is below zero"),
            (tally("a,4,6.5\n"), "tally.csv:2:5: `6.5` is no whole number"),
            (tally(&huge), "the sums of votes, squares or spent money are 2^256"),
            (votes("u,a,1.5\n"), "votes.csv:2:5: `1.5` is no number of votes"),
            (
                votes("u,a,2\n").file("credits", "voter\nu\n"),
                "credits.csv has neither a column `credits` nor `amount`",
            ),
            (
                votes("u,a,2\n").file("credits", "voter,credits\nu,4\nu,4\n"),
                "credits.csv:3:1: `u` stands here twice",
            ),
        ] {
            let found = refused(&trial, 1);
            assert!(found.starts_with(start), "{found}");
        }
    }

    #[test]
    fn a_budget_below_the_contributions_is_refused() {
        assert_eq!(
            refused(&tally(THREE), 33_99),
            "the spent voice credits stand for 34.00 USD, and only 33.99 USD have come in"
        );
    }

    // Laws.

    type Ballot = (u8, u8, u16);

    fn ballots() -> impl Strategy<Value = Vec<Ballot>> {
        let one = (0_u8..7, 0_u8..5, 0_u16..300);
        prop::collection::btree_map((0_u8..7, 0_u8..5), one, 1..25).prop_map(|ballots| {
            ballots.into_iter().map(|((voter, project), (_, _, v))| (voter, project, v)).collect()
        })
    }

    fn rows(ballots: &[Ballot]) -> String {
        let row = |(voter, project, v): &Ballot| format!("v{voter},p{project},{v}\n");
        ballots.iter().map(row).collect()
    }

    fn spent(ballots: &[Ballot]) -> u128 {
        ballots.iter().map(|(_, _, v)| 100 * u128::from(*v) * u128::from(*v)).sum()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn the_order_of_ballots_does_not_matter(ballots in ballots(), more in 0_u128..1 << 70) {
            let mut other = ballots.clone();
            other.reverse();
            let pool = spent(&ballots) + more;
            let linear = |ballots| votes(&rows(ballots)).text("variant", "linear").run(pool);
            prop_assert_eq!(linear(&ballots), linear(&other));
        }

        #[test]
        fn every_project_gets_at_least_what_was_spent_on_it(
            ballots in ballots(),
            more in 0_u128..1 << 70,
        ) {
            let pool = spent(&ballots) + more;
            let Ok(result) = votes(&rows(&ballots)).run(pool) else { return Ok(()) };
            for (payee, amount) in result.payees.iter().zip(paid(&result)) {
                let own: Vec<Ballot> = ballots
                    .iter()
                    .filter(|(_, project, _)| *format!("p{project}") == **payee)
                    .copied()
                    .collect();
                prop_assert!(amount >= spent(&own));
            }
            let all: u128 = paid(&result).iter().sum();
            prop_assert!(all <= pool);
        }

        // Reference: the contract's own formula, term by term, in 512 bits.
        #[test]
        fn agrees_with_the_contracts_formula(
            ballots in ballots(),
            more in 0_u128..1 << 70,
            factor in 1_i64..1_000_000,
        ) {
            let factor_value = Value::Integer(factor);
            let trial = votes(&rows(&ballots)).set("voice_credit_factor", factor_value);
            let (one, factor) = (U512::from(PRECISION), U512::from(factor.unsigned_abs()));
            let mut sums: BTreeMap<u8, (U512, U512)> = BTreeMap::new();
            for (_, project, v) in &ballots {
                let (t, s) = sums.entry(*project).or_default();
                *t += U512::from(*v);
                *s += U512::from(*v) * U512::from(*v);
            }
            let spent: U512 = sums.values().map(|(_, s)| *s).sum();
            let squares: U512 = sums.values().map(|(t, _)| *t * *t).sum();
            prop_assume!(squares > spent);
            let budget = spent * factor + U512::from(more);
            let alpha = (budget - spent * factor) * one / (factor * (squares - spent));
            let expected: Vec<u128> = sums
                .values()
                .map(|(t, s)| {
                    let (quadratic, linear) = (alpha * factor * *t * *t, one * factor * *s);
                    ((quadratic + linear - alpha * factor * *s) / one).to()
                })
                .collect();
            prop_assert_eq!(run(&trial, budget.to()), expected);
        }
    }
}
