//! Pairwise-bounded quadratic funding: what any two donors move together is
//! bounded, in all projects together.
//!
//! Two donors who always give to the same projects, as the accounts of one
//! person do, move little more than a fixed sum; donors who meet only here move
//! as much as in plain quadratic funding. Use it where no table says who is who.
//!
//! # Formula
//!
//! Donor `i` gives `c_ip` to project `p`.
//!
//! ```text
//! t_ij    = Σ_p √c_ip·√c_jp
//! score_p = Σ_{i<j} √c_ip·√c_jp · M / (M + t_ij)
//! ```
//!
//! | `form`         | `M`, the threshold                   | pool                                |
//! |----------------|--------------------------------------|-------------------------------------|
//! | `"buterin"`    | 25                                   | scores are a ceiling                |
//! | `"gitcoin"`    | 25 · the larger trust in the two     | scores are nearly a ceiling, see below |
//! | `"calculator"` | 0.01                                 | divided in full                     |
//!
//! *Buterin*: `min(pool, Σ score)` is divided in proportion to the scores; the
//! rest stays. `parity = "quadratic-funding"` repeats a misplaced bracket of the
//! first program: the factor is `(M + 1) / t_ij`, so that each pair moves the
//! same sum, whatever it gives.
//!
//! *Gitcoin*, rounds 8 to 15: scores are cut at `cap · pool` before anything is
//! scaled, and what is cut off is lost to all. Where the cut scores reach the
//! pool, all of it is divided in their proportions, which may lift a project
//! above the cap again; else each is paid `1 + ln(pool / Σ score)/100` times its
//! score. Trust comes from the table `trust` or the signal `trust`, which goes
//! before it; without either it is 1, and who is not spoken of has 0.
//!
//! *Calculator*: all of the pool is divided in proportion to the scores.
//!
//! With a ceiling, what a project was paid in earlier epochs is taken off its
//! score. In the other forms than `"gitcoin"` the signal `trust` multiplies what
//! a voter gives. Votes count only in part where `scores`, `overrides` or
//! `min_donation` say so, as in `quadratic`.
//!
//! # Units and rounding
//!
//! | quantity          | unit                           | rounding                             |
//! |-------------------|--------------------------------|--------------------------------------|
//! | donations, scores, `M` | units of the main asset, `f64` | nearest; sums in order of names |
//! | what is divided   | base units                     | nearest                              |
//! | payouts           | base units of each asset       | largest remainder, earliest id first |
//! | cap               | base units                     | down                                 |
//!
//! Scores say nothing about amounts of other assets than the main one: those are
//! divided in full, in the proportions of the scores and under the cap.
//!
//! # Limits
//!
//! * One voter's total for one project: below 2^128 base units.
//! * Time: the sum of the squared numbers of donors, over all projects. No list
//!   of pairs is kept.
//!
//! # Known weaknesses
//!
//! * The bound is for each pair: many accounts have many pairs. A pair is worth
//!   up to `M`, so that `n` accounts still move up to `n²·M/2`.
//! * `M` is in units of the asset: it means something else in each currency.
//! * Friends who honestly share their projects count less, strangers more.
//!
//! # Sources
//!
//! * V. Buterin (2019), *Pairwise coordination subsidies: a new quadratic funding
//!   design*.
//! * Gitcoin, quadratic-funding, `clr.py`; web, `app/grants/clr.py`;
//!   qf-calculator, `pairwise`.
//!
//! # Example
//!
//! ```
//! use allonet_core::money::Amount;
//! use allonet_mechanisms::trial::trial_of;
//!
//! // Both pairs give 25 each to a project: t = 25 for the first. The second
//! // pair meets in two projects: t = 50.
//! let votes = "voter,project,amount\n\
//!              ann,well,25\nbob,well,25\n\
//!              eve,tower,25\nivy,tower,25\neve,gate,25\nivy,gate,25\n";
//! let result = trial_of("pairwise").file("votes", votes).run(100_00)?;
//! assert_eq!(result.paid("well"), Amount::from_base(12_50)); // 25 · 25/(25 + 25)
//! assert_eq!(result.paid("tower"), Amount::from_base(8_33)); // 25 · 25/(25 + 50)
//! # Ok::<(), allonet_mechanisms::trial::NoTrial>(())
//! ```

use std::collections::BTreeMap;
use std::sync::Arc;

use allonet_core::card::{Absent, Card, Family, Kind, Setting, Settings, Source, Status};
use allonet_core::fault::Fault;
use allonet_core::maths;
use allonet_core::mechanism::{Allocation, Blueprint, Mechanism, Outcome, Refusal, State, Turn};
use allonet_core::money::{Amount, ApportionError, Asset, Rounding, apportion, weights_from_f64};
use allonet_core::table::{Column, Faults, Table};

use super::bounded::{self, Bound};
use super::reading::{
    AMOUNTS, MIN_DONATION, OVERRIDES, PROJECTS, Reader, SCORE_FLOOR, SCORE_HIGH, SCORE_LOW, SCORES,
    VOTES,
};
use super::round::{Round, TRUST_MAX, parts_of_sum, percent};
use crate::paying::{CAP, CAP_OVERFLOW, Terms, shares, show};

// --- Card -------------------------------------------------------------------

/// What the rule says of itself.
pub static CARD: Card = Card {
    id: "pairwise",
    title: "Pairwise-bounded quadratic funding",
    family: Family::Quadratic,
    formula: "score = Σ_{i<j} √(c_i·c_j)·M/(M + t_ij), t_ij = Σ_p √(c_ip·c_jp)",
    status: Status::Preview { since: "0.1.0" },
    sources: &[
        Source {
            cite: "Buterin (2019), Pairwise coordination subsidies",
            url: "https://ethresear.ch/t/pairwise-coordination-subsidies-a-new-quadratic-funding-design/5553",
        },
        Source {
            cite: "Gitcoin, quadratic-funding, clr.py",
            url: "https://github.com/gitcoinco/quadratic-funding",
        },
        Source {
            cite: "Gitcoin, web, app/grants/clr.py",
            url: "https://github.com/gitcoinco/web/blob/stable/app/grants/clr.py",
        },
        Source {
            cite: "Gitcoin, qf-calculator, pairwise",
            url: "https://github.com/gitcoinco/qf-calculator/blob/main/fundingutils.py",
        },
    ],
    settings: SETTINGS,
    actions: &[],
    reads: &["trust"],
    emits: &["match"],
};

const SETTINGS: &[Setting] = &[
    VOTES,
    AMOUNTS,
    Setting {
        name: "form",
        kind: Kind::Choice(&["buterin", "gitcoin", "calculator"]),
        default: Absent::Default("buterin"),
        doc: "Whose form of the rule: how the threshold is taken and what becomes of a rich pool.",
    },
    Setting {
        name: "threshold",
        kind: Kind::Number { min: 1e-9, max: 1e12 },
        default: Absent::None("25, and 0.01 in the form `calculator`"),
        doc: "What two donors can move in all, in units of the main asset: `M`.",
    },
    Setting {
        name: "trust",
        kind: Kind::File,
        default: Absent::None("every voter has trust 1"),
        doc: "Table of voters and the trust in them, columns `voter` and `trust`, for the form \
              `gitcoin`; who is not in it has trust 0.",
    },
    Setting {
        name: "parity",
        kind: Kind::Choice(&["none", "quadratic-funding"]),
        default: Absent::Default("none"),
        doc: "Whose arithmetic to repeat; `quadratic-funding` pays every pair `M + 1` in all.",
    },
    CAP,
    CAP_OVERFLOW,
    SCORES,
    SCORE_LOW,
    SCORE_HIGH,
    SCORE_FLOOR,
    OVERRIDES,
    MIN_DONATION,
    PROJECTS,
];

// --- Settings ---------------------------------------------------------------

/// The rule with its votes.
#[derive(Debug)]
pub struct Pairwise {
    round: Round,
    form: Form,
    threshold: f64,
    /// Every pair moves the same sum.
    fixed: bool,
    /// Trust in each voter, for the form `gitcoin`.
    trust: Option<Vec<f64>>,
    terms: Terms,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Buterin,
    Gitcoin,
    Calculator,
}

/// Builds the rule from its settings.
pub fn build(blueprint: &Blueprint<'_>) -> Result<Box<dyn Mechanism>, Vec<Fault>> {
    let reader = Reader::new(blueprint)?;
    let settings = reader.settings;
    let form = match settings.text("form") {
        Some("gitcoin") => Form::Gitcoin,
        Some("calculator") => Form::Calculator,
        _ => Form::Buterin,
    };
    let mut faults = contradictions(settings, form);
    let terms = Terms::read(settings, reader.asset).map_err(|fault| faults.push(fault));
    let round = Round::read(reader).map_err(|more| faults.extend(more));
    let (Ok(terms), Ok(round), true) = (terms, round, faults.is_empty()) else {
        return Err(faults);
    };
    let trust = trust_table(settings, &round)?;
    let usual = if form == Form::Calculator { 0.01 } else { 25.0 };
    Ok(Box::new(Pairwise {
        round,
        form,
        threshold: settings.number("threshold").unwrap_or(usual),
        fixed: settings.text("parity") == Some("quadratic-funding"),
        trust,
        terms: Terms { keep_overflow: terms.keep_overflow || form == Form::Gitcoin, ..terms },
    }))
}

// --- Signals ----------------------------------------------------------------

const TRUST_COLUMNS: &[Column] = &[
    Column::required(&["voter", "address", "voter_address", "wallet", "donor", "contributor"]),
    Column::required(&["trust", "trust_bonus"]),
];

/// Trust in each voter, from the table.
fn trust_table(settings: &Settings, round: &Round) -> Result<Option<Vec<f64>>, Vec<Fault>> {
    let Some(file) = settings.file("trust") else { return Ok(None) };
    let table = Table::read(file, TRUST_COLUMNS)?;
    let mut faults = Faults::new();
    let mut found: Vec<Option<f64>> = vec![None; round.voters.len()];
    for row in table.rows() {
        let (voter, text) = (row.cell(0), row.cell(1));
        let value = text.parse::<f64>().ok().filter(|value| (0.0..=TRUST_MAX).contains(value));
        let Some(value) = value else {
            let message = format!("`{text}` is no trust; write a decimal from 0 to 1e60");
            faults.push(row.fault(1, "bad-trust", message));
            continue;
        };
        let Some(number) = round.voter(voter) else { continue };
        if found[number].replace(value).is_some() {
            let message = format!("voter `{voter}` has trust twice");
            faults.push(row.fault(0, "listed-twice", message).help("remove one of them"));
        }
    }
    faults.or(Some(found.into_iter().map(|trust| trust.unwrap_or(0.0)).collect()))
}

// --- Refusals ---------------------------------------------------------------

/// Settings that cannot hold together.
fn contradictions(settings: &Settings, form: Form) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut refuse = |name: &str, code, message: &str, help: &str| {
        faults.push(Fault::new(code, message).at_some(settings.place(name)).help(help));
    };
    if settings.file("trust").is_some() && form != Form::Gitcoin {
        let help = "set form = \"gitcoin\", or send trust as a signal to weigh voters";
        refuse("trust", "form", "only the form `gitcoin` knows a table of trust", help);
    }
    if settings.text("parity") == Some("quadratic-funding") && form != Form::Buterin {
        let message = "parity = \"quadratic-funding\" is a variant of the form `buterin`";
        refuse("parity", "form", message, "leave `parity` or `form` out");
    }
    if form == Form::Gitcoin
        && settings.text("cap_overflow") == Some("redistribute")
        && settings.place("cap_overflow").is_some()
    {
        let message = "in the form `gitcoin`, what the cap cuts off is lost to all";
        refuse("cap_overflow", "form", message, "leave `cap_overflow` out");
    }
    faults
}

// --- Rule -------------------------------------------------------------------

/// What each project was paid in earlier epochs, by id.
type Paid = BTreeMap<String, Amount>;

impl Mechanism for Pairwise {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn payees(&self) -> &[Arc<str>] {
        &self.round.payees
    }

    fn step(&self, turn: &Turn<'_>, allocation: &mut Allocation<'_>) -> Result<Outcome, Refusal> {
        let mut paid: Paid = turn.state.read()?;
        let scores = self.scores(turn)?;
        let parts = parts_of_sum(&scores)?;
        let part = |project: usize| format!("{} of all scores", percent(parts[project]));
        let why = |project: usize| {
            format!("{}; {}", self.round.support(project, turn.assets), part(project))
        };
        let mut outcome = Outcome { remarks: self.round.remarks.clone(), ..Outcome::default() };
        let available = allocation.available().clone();
        for (asset, pool) in available.iter().filter(|(asset, _)| *asset > 0) {
            self.terms.pay_of(pool, asset, turn, allocation, &scores, why)?;
        }
        let asked = self.ask(available.of(0), &scores, &paid, turn.assets)?;
        let terms = Terms { cap: self.terms.cap.filter(|_| !self.cuts_first()), ..self.terms };
        let divided = terms.pay_of(asked.wanted, 0, turn, allocation, &asked.scores, why)?;
        outcome.remarks.extend(divided.remarks(turn.assets, &asked.scores, available.of(0)));
        outcome.remarks.extend(asked.remarks);
        outcome.signals.push(("match", shares(&self.round.payees, &scores)));
        outcome.reasons = self.round.reasons(turn.assets, part);
        if self.form != Form::Calculator {
            self.remember(&mut paid, &divided.paid)?;
        }
        outcome.state = if paid.is_empty() { State::empty() } else { State::write(&paid) };
        Ok(outcome)
    }
}

/// What is to be divided of the main asset, and by which scores.
struct Asked {
    wanted: Amount,
    scores: Vec<f64>,
    remarks: Vec<String>,
}

impl Pairwise {
    fn scores(&self, turn: &Turn<'_>) -> Result<Vec<f64>, Refusal> {
        let signal = self.round.trust(turn)?;
        if self.form == Form::Gitcoin {
            let donations = self.round.donations(None);
            let trust = signal.as_ref().or(self.trust.as_ref());
            let bound = trust
                .map_or(Bound::Soft(self.threshold), |trust| Bound::Trusted(self.threshold, trust));
            return Ok(bounded::scores(&donations, bound));
        }
        let bound =
            if self.fixed { Bound::Fixed(self.threshold) } else { Bound::Soft(self.threshold) };
        Ok(bounded::scores(&self.round.donations(signal.as_deref()), bound))
    }

    /// Scores are cut at the cap before they are scaled.
    fn cuts_first(&self) -> bool {
        self.form == Form::Gitcoin
    }

    fn ask(
        &self,
        pool: Amount,
        scores: &[f64],
        paid: &Paid,
        assets: &[Asset],
    ) -> Result<Asked, Refusal> {
        if self.form == Form::Calculator {
            return Ok(Asked { wanted: pool, scores: scores.to_vec(), remarks: Vec::new() });
        }
        let unit = self.round.unit;
        let before = |payee: &Arc<str>| paid.get(&**payee).map_or(0.0, |paid| paid.to_f64() / unit);
        let mut remarks = Vec::new();
        let mut left: Vec<f64> = (self.round.payees.iter().zip(scores))
            .map(|(payee, score)| (score - before(payee)).max(0.0))
            .collect();
        let pot = pool.to_f64() / unit;
        if let Some(cap) = self.terms.cap.filter(|_| self.cuts_first()) {
            let most = cap.to_f64() * pot;
            let cut = left.iter().filter(|score| **score > most).count();
            for score in &mut left {
                *score = score.min(most);
            }
            if cut > 0 {
                remarks.push(format!("scores cut at {} of the pool: {cut}", percent(cap.to_f64())));
            }
        }
        let sum = maths::sum(left.iter().copied());
        let growth = if self.form == Form::Gitcoin && sum > 0.0 && sum < pot {
            1.0 + maths::ln(pot / sum) / 100.0
        } else {
            1.0
        };
        let wanted = portion(pool, sum * growth, pot)?;
        if wanted < pool && !wanted.is_zero() {
            remarks.push(format!(
                "the scores ask for {}, less than the pool of {}; the rest stays unspent",
                show(assets, 0, wanted),
                show(assets, 0, pool)
            ));
        }
        Ok(Asked { wanted, scores: left, remarks })
    }

    fn remember(&self, paid: &mut Paid, amounts: &[Amount]) -> Result<(), Refusal> {
        for (payee, amount) in self.round.payees.iter().zip(amounts) {
            if !amount.is_zero() {
                let before = paid.entry(payee.to_string()).or_default();
                *before = before.add(*amount, "what was paid so far")?;
            }
        }
        Ok(())
    }
}

/// `sum` parts in `of` of a pool; all of it from there on.
fn portion(pool: Amount, sum: f64, of: f64) -> Result<Amount, Refusal> {
    if sum >= of {
        return Ok(pool);
    }
    let refusal = |error: ApportionError| Refusal::new("division", error.to_string());
    let weights = weights_from_f64(&[sum, of - sum]).map_err(refusal)?;
    Ok(apportion(pool, &weights, Rounding::default()).map_err(refusal)?.parts[0])
}

// --- Tests ------------------------------------------------------------------

#[cfg(test)]
#[expect(clippy::inconsistent_digit_grouping, reason = "dollars and cents")]
mod tests {
    use allonet_core::card::{Placed, Value};
    use allonet_core::fault::{Place, SourceFile};
    use allonet_core::mechanism::Purse;
    use proptest::prelude::*;

    use super::*;
    use crate::trial::{NoTrial, Trial, paid, trial_of};

    /// `well`: a pair with t = 25. `gate` and `tower`: a pair with t = 50.
    const PAIRS: &str = "voter,project,amount\n\
        ann,well,25\nbob,well,25\n\
        eve,tower,25\nivy,tower,25\neve,gate,25\nivy,gate,25\n";

    fn trial(votes: &str) -> Trial {
        trial_of("pairwise").file("votes", votes)
    }

    fn gitcoin(votes: &str) -> Trial {
        trial(votes).text("form", "gitcoin")
    }

    fn share(text: &str) -> Value {
        Value::Share(text.parse().unwrap())
    }

    fn run(trial: &Trial, pool: u128) -> Vec<u128> {
        paid(&trial.run(pool).unwrap())
    }

    // Worked examples.

    #[test]
    fn the_same_pair_counts_less_each_time() {
        // gate and tower 25·25/75, well 25·25/50: 29.1667 in all, to the nearest
        // cent; the one that is left goes to the earliest.
        let result = trial(PAIRS).run(100_00).unwrap();
        assert_eq!(paid(&result), [8_34, 8_33, 12_50]);
        assert_eq!(
            result.outcome.remarks,
            [
                "the scores ask for 29.17 USD, less than the pool of 100.00 USD; the rest stays unspent"
            ]
        );
        // ⅓ + ⅓ + ½ of a pool of 7.
        assert_eq!(run(&trial(PAIRS), 7_00), [2_00, 2_00, 3_00]);
        // With a threshold of 50: 25·50/100 twice, 25·50/75.
        let wider = trial(PAIRS).set("threshold", Value::Number(50.0));
        assert_eq!(run(&wider, 5_00), [1_50, 1_50, 2_00]);
    }

    #[test]
    fn the_misplaced_bracket_pays_each_pair_the_same() {
        let parity = trial(PAIRS).text("parity", "quadratic-funding");
        assert_eq!(run(&parity, 100_00), [13_00, 13_00, 26_00]);
    }

    #[test]
    fn the_calculator_divides_all() {
        // 25·0.01/50.01, twice, and 25·0.01/25.01: as 1/50.01 to 1/25.01.
        let found = run(&trial(PAIRS).text("form", "calculator"), 100_000_00);
        assert_eq!(found, [25_002_50, 25_002_50, 49_995_00]);
        let capped = trial(PAIRS).text("form", "calculator").set("cap", share("40%"));
        assert_eq!(run(&capped, 100_00), [30_00, 30_00, 40_00]);
    }

    #[test]
    fn trust_widens_the_bound_of_a_pair() {
        // Twice the threshold for both pairs: 25·50/100 and 25·50/75.
        let trust = "voter,trust\nann,2\nbob,0\neve,1\nivy,2\nzoe,9\n";
        assert_eq!(run(&gitcoin(PAIRS).file("trust", trust), 5_00), [1_50, 1_50, 2_00]);
        // The signal goes before the table; nobody else is trusted.
        let signal = gitcoin(PAIRS).file("trust", trust).scores("trust", &[("ann", 0.5)]);
        assert_eq!(run(&signal, 5_00), [0, 0, 5_00]);
        // In the other forms it weighs gifts: roots of 100·25 for the first pair,
        // 25·50/75.
        let all = [("ann", 4.0), ("bob", 1.0)];
        assert_eq!(run(&trial(PAIRS).scores("trust", &all), 100_00), [0, 0, 16_67]);
    }

    #[test]
    fn gitcoin_cuts_before_it_scales_and_adds_a_little() {
        // Of 20.00 at most 8.00 each: 8 + 8 + 8, scaled to 20.
        let capped = gitcoin(PAIRS).set("cap", share("40%"));
        assert_eq!(run(&capped, 20_00), [6_67, 6_67, 6_66]);
        // Of 100.00 at most 10.00: 8.333 twice and 10, which is 26.667; each
        // times 1 + ln(100/26.667)/100 = 1.013218.
        let rich = gitcoin(PAIRS).set("cap", share("10%"));
        let result = rich.run(100_00).unwrap();
        assert_eq!(paid(&result), [8_45, 8_44, 10_13]);
        assert_eq!(result.outcome.remarks[0], "scores cut at 10.00 % of the pool: 1");
    }

    #[test]
    fn scores_are_paid_once() {
        let trial = trial(PAIRS);
        let rule = trial.build().unwrap();
        let pool = Purse::new(vec![Amount::from_base(20_00)]);
        let mut state = State::empty();
        let mut spent = Vec::new();
        for epoch in 0..3 {
            let result = trial.turn(&*rule, epoch, &pool, &pool, &[], &state).unwrap();
            spent.push(paid(&result).iter().sum::<u128>());
            state = result.outcome.state;
        }
        assert_eq!(spent, [20_00, 9_17, 0]);
    }

    #[test]
    fn rounds_without_pairs_pay_nobody() {
        for votes in ["voter,project,amount\n", "voter,project,amount\na,x,5\nb,y,3\nc,y,0\n"] {
            for form in ["buterin", "gitcoin", "calculator"] {
                let result = trial(votes).text("form", form).run(9).unwrap();
                assert_eq!(result.unspent.of(0), Amount::from_base(9));
                let remark = "no project has a score above zero: nothing is paid";
                assert_eq!(result.outcome.remarks, [remark]);
            }
        }
    }

    #[test]
    fn other_assets_follow_the_scores() {
        for form in ["buterin", "gitcoin", "calculator"] {
            let mut trial = trial(PAIRS).text("form", form).set("threshold", Value::Number(25.0));
            trial.assets.push(Asset::new("ETH", 18));
            let rule = trial.build().unwrap();
            let pools = Purse::new(vec![Amount::ZERO, Amount::from_base(700)]);
            let result = trial.turn(&*rule, 0, &pools, &pools, &[], &State::empty()).unwrap();
            let ether = ["gate", "tower", "well"].map(|payee| result.paid_in(payee, 1));
            assert_eq!(ether, [200, 200, 300].map(Amount::from_base));
        }
    }

    // Refusals.

    #[test]
    fn bad_settings_and_tables_are_refused() {
        for (trial, start) in [
            (trial_of("pairwise"), "there are no votes to divide by"),
            (trial(PAIRS).set("cap", share("0%")), "a cap of 0% would pay nobody"),
            (trial(PAIRS).file("trust", "voter,trust\n"), "only the form `gitcoin`"),
            (
                gitcoin(PAIRS).text("parity", "quadratic-funding"),
                "parity = \"quadratic-funding\" is a variant of the form `buterin`",
            ),
            (gitcoin(PAIRS).file("trust", "voter,trust\nann,-1\n"), "trust.csv:2:5: `-1` is no"),
            (
                gitcoin(PAIRS).file("trust", "voter,trust\nann,1\nann,2\n"),
                "trust.csv:3:1: voter `ann` has trust twice",
            ),
            (
                trial(PAIRS).scores("trust", &[("ann", -0.5)]),
                "the signal `trust` from `elsewhere` gives `ann` -0.5",
            ),
        ] {
            let found = match trial.run(1).unwrap_err() {
                NoTrial::Faults(faults) => faults[0].to_string(),
                NoTrial::Refusal(refusal) => refusal.to_string(),
            };
            assert!(found.starts_with(start), "{found}");
        }
    }

    #[test]
    fn a_form_without_overflow_refuses_to_hand_it_on() {
        let mut settings = Settings::new();
        let file = SourceFile::new("n.toml", "cap_overflow");
        let place = Place { file, span: 0..12 };
        let value = Value::Text("redistribute".to_owned());
        let placed = Placed { value, place: Some(place) };
        settings.set("cap_overflow", placed);
        let faults = contradictions(&settings, Form::Gitcoin);
        assert!(faults[0].to_string().contains("what the cap cuts off is lost to all"));
        assert!(contradictions(&settings, Form::Buterin).is_empty());
    }

    // Laws.

    fn any_trial(votes: &[(u8, u8, u32)], choice: u8) -> Trial {
        let row = |(v, p, units): &(u8, u8, u32)| format!("v{v},p{p},{units}\n");
        let rows: String = votes.iter().map(row).collect();
        let trial = trial(&format!("voter,project,amount\n{rows}")).text("amounts", "base-units");
        let trial = match choice % 4 {
            0 => trial,
            1 => trial.text("parity", "quadratic-funding"),
            2 => trial.text("form", "gitcoin"),
            _ => trial.text("form", "calculator"),
        };
        if choice & 4 == 0 { trial } else { trial.set("cap", share("30%")) }
    }

    fn votes() -> impl Strategy<Value = Vec<(u8, u8, u32)>> {
        prop::collection::vec((0_u8..8, 0_u8..5, 0_u32..10_000), 0..40)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn money_is_conserved_in_any_order(
            votes in votes(),
            pool: u64,
            choice in 0_u8..8,
            by in 0_usize..40,
        ) {
            let result = any_trial(&votes, choice).run(u128::from(pool)).unwrap();
            let spent: u128 = paid(&result).iter().sum();
            prop_assert_eq!(spent + result.unspent.of(0).to_u128().unwrap(), u128::from(pool));
            let mut other = votes.clone();
            other.reverse();
            other.rotate_left(by.min(votes.len()));
            prop_assert_eq!(any_trial(&other, choice).run(u128::from(pool)), Ok(result));
        }

        #[test]
        fn two_donors_never_move_more_than_the_threshold(
            gifts in prop::collection::vec((0_u8..2, 0_u8..5, 1_u32..u32::MAX), 1..20),
        ) {
            for (choice, most) in [(0, 25_00), (1, 26_00)] {
                let spent: u128 = run(&any_trial(&gifts, choice), 1 << 90).iter().sum();
                prop_assert!(spent <= most, "{spent}");
            }
        }

        // Reference: without a bound, pairwise is half of plain quadratic funding.
        #[test]
        fn without_a_bound_it_is_plain_quadratic_funding(votes in votes()) {
            let wide = any_trial(&votes, 3).set("threshold", Value::Number(1e12));
            let plain = trial_of("quadratic").text("saturation", "fill");
            let plain = Trial { settings: wide.settings.clone(), ..plain };
            let plain = plain.text("saturation", "fill");
            let pool = 1_u128 << 80;
            for (found, expected) in run(&wide, pool).iter().zip(run(&plain, pool)) {
                prop_assert!((*found as f64 - expected as f64).abs() <= 1e-6 * pool as f64);
            }
        }
    }
}
