//! Rules that divide a pool by squared sums of roots: what they have in common
//! once they have read their votes and settings.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use allonet_core::fault::{Fault, Place};
use allonet_core::mechanism::{Allocation, Outcome, Purse, Refusal, State, Turn, VoterEffect};
use allonet_core::money::{Amount, Asset, Share};
use allonet_core::signal::SignalData;

use super::division::{Divided, Division, DivisionError};
use super::influence::{Pool, Round};
use super::kernel::{Pairs, Roots, Support};
use super::matches::Match;
use super::scores::{Arithmetic, Scores, Scoring};
use super::trust::weigh;
use super::votes::Votes;
use crate::paying::{several, show};

/// How many givers a reason names.
const NAMED: usize = 3;

/// What the roots are taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Precision {
    /// In whole numbers, as fine as the votes allow.
    Finest,
    /// In floats.
    Float,
    /// In whole base units, with the roots of Grants Stack.
    GrantsStack,
}

/// Votes that count, and what follows from them alone.
#[derive(Clone, Debug)]
pub(super) struct Tally {
    pub(super) pairs: Pairs,
    pub(super) scoring: Scoring,
    pub(super) scores: Scores,
    pub(super) supports: Vec<Support>,
}

impl Tally {
    fn count(pairs: Pairs, precision: Precision, with_own: bool) -> Self {
        let arithmetic = match precision {
            Precision::Finest => Arithmetic::Exact(Roots::finest(&pairs)),
            Precision::Float => Arithmetic::Float,
            Precision::GrantsStack => Arithmetic::Exact(Roots::GRANTS_STACK),
        };
        let scoring = Scoring { arithmetic, with_own };
        let scores = scoring.scores(&pairs);
        let supports = (0..pairs.project_count()).map(|project| pairs.support(project)).collect();
        Self { pairs, scoring, scores, supports }
    }
}

/// A pool, its votes and how they divide it.
#[derive(Debug)]
pub(super) struct Matching {
    /// Sorted by id.
    pub(super) payees: Vec<Arc<str>>,
    /// Sorted by name.
    pub(super) voters: Vec<Box<str>>,
    precision: Precision,
    with_own: bool,
    /// Before trust in voters is looked at.
    tally: Tally,
    pub(super) division: Division,
    /// The projects' own caps; may be empty.
    pub(super) caps: Vec<Option<Share>>,
    /// What became of votes that do not count in full.
    pub(super) remarks: Vec<String>,
}

/// Votes that count, with the projects' own caps and remarks about the others.
pub(super) struct Counted {
    pub(super) votes: Votes,
    pub(super) caps: Vec<Option<Share>>,
    pub(super) remarks: Vec<String>,
    /// Where the votes are set.
    pub(super) place: Option<Place>,
}

/// What each project was paid in earlier epochs, by id.
type Paid = BTreeMap<String, Amount>;

impl Matching {
    /// From votes as far as they count.
    pub(super) fn new(
        counted: Counted,
        precision: Precision,
        with_own: bool,
        division: Division,
    ) -> Result<Self, Vec<Fault>> {
        let Counted { votes, caps, remarks, place } = counted;
        let pairs = votes.pairs(place)?;
        let Votes { voters, projects, .. } = votes;
        let tally = Tally::count(pairs, precision, with_own);
        Ok(Self { payees: projects, voters, precision, with_own, tally, division, caps, remarks })
    }

    /// The votes as far as their voters are trusted this turn, with remarks.
    pub(super) fn tally(&self, turn: &Turn<'_>) -> Result<(Cow<'_, Tally>, Vec<String>), Refusal> {
        Ok(match weigh(turn, &self.voters, &self.tally.pairs)? {
            None => (Cow::Borrowed(&self.tally), Vec::new()),
            Some((pairs, remarks)) => {
                (Cow::Owned(Tally::count(pairs, self.precision, self.with_own)), remarks)
            }
        })
    }

    /// Divides what is left of the allocation, up to `pools`, and books it.
    pub(super) fn step(
        &self,
        turn: &Turn<'_>,
        allocation: &mut Allocation<'_>,
        pools: &Purse,
    ) -> Result<Outcome, Refusal> {
        let mut paid: Paid = turn.state.read()?;
        let (tally, more) = self.tally(turn)?;
        let remarks = self.remarks.iter().cloned().chain(more).collect();
        let mut outcome = Outcome { remarks, ..Outcome::default() };
        let nothing = vec![Amount::ZERO; self.payees.len()];
        let main = self.divide(&tally, 0, pools.of(0), &self.paid_before(&paid))?;
        main.book(turn.assets, allocation)?;
        for (asset, pool) in pools.iter().filter(|(asset, _)| *asset > 0) {
            self.divide(&tally, asset, pool, &nothing)?.book(turn.assets, allocation)?;
        }
        remark(&tally, &main, turn.assets, &mut outcome.remarks);
        outcome.signals.push(("match", SignalData::Scores(main.shares(&self.payees))));
        outcome.reasons = self.reasons(&tally, turn.assets);
        if !self.division.fill {
            for (payee, amount) in self.payees.iter().zip(&main.divided.matches) {
                if !amount.is_zero() {
                    let before = paid.entry(payee.to_string()).or_default();
                    *before = before.add(*amount, "what was paid so far")?;
                }
            }
        }
        outcome.state = if paid.is_empty() { State::empty() } else { State::write(&paid) };
        Ok(outcome)
    }

    /// The voter who moves most of each pool.
    pub(super) fn voter_effect(
        &self,
        turn: &Turn<'_>,
        pools: &Purse,
    ) -> Option<Vec<(usize, VoterEffect)>> {
        let paid = self.paid_before(&turn.state.read().ok()?);
        let (tally, _) = self.tally(turn).ok()?;
        let nothing = vec![Amount::ZERO; self.payees.len()];
        let divisions = [self.division_of(0), self.division_of(1)];
        let assets: Vec<(usize, Amount)> = pools.iter().collect();
        let pools: Vec<Pool<'_>> = assets
            .iter()
            .map(|(asset, amount)| Pool {
                amount: *amount,
                division: &divisions[(*asset).min(1)],
                paid: if *asset == 0 { &paid } else { &nothing },
                caps: &self.caps,
            })
            .collect();
        let Tally { pairs, scoring, scores, .. } = &*tally;
        let largest = Round { pairs, scoring, scores }.largest(&pools).ok()?;
        let effect = |((asset, _), found): (&(usize, Amount), Option<(usize, Amount)>)| {
            let (voter, moved) = found?;
            Some((*asset, VoterEffect { voter: self.voters[voter].to_string(), moved }))
        };
        Some(assets.iter().zip(largest).filter_map(effect).collect())
    }

    /// The main asset as it is set; scores are no ceiling for other assets.
    fn division_of(&self, asset: usize) -> Division {
        Division { fill: self.division.fill || asset > 0, ..self.division }
    }

    fn paid_before(&self, paid: &Paid) -> Vec<Amount> {
        self.payees.iter().map(|id| paid.get(&**id).copied().unwrap_or_default()).collect()
    }

    /// Divides one asset; `paid` is what each project's score is less by.
    fn divide<'t>(
        &self,
        tally: &'t Tally,
        asset: usize,
        pool: Amount,
        paid: &[Amount],
    ) -> Result<Match<'t>, Refusal> {
        let left = tally.scores.less(paid);
        let divided = self.division_of(asset).divide_under(&left, pool, &self.caps)?;
        let (scores, supports) = (&tally.scores, &tally.supports[..]);
        Ok(Match { asset, pool, scores, supports, with_own: self.with_own, left, divided })
    }

    /// Who stands behind each project.
    pub(super) fn reasons(&self, tally: &Tally, assets: &[Asset]) -> BTreeMap<String, Vec<String>> {
        let reason = |(project, payee): (usize, &Arc<str>)| {
            let Support { donors, given } = tally.supports[project];
            if donors == 0 {
                return None;
            }
            let mut givers: Vec<(u32, u128)> = tally.pairs.of(project).collect();
            let order =
                |(a, of_a): &(u32, u128), (b, of_b): &(u32, u128)| of_b.cmp(of_a).then(a.cmp(b));
            if givers.len() > NAMED {
                givers.select_nth_unstable_by(NAMED, order);
                givers.truncate(NAMED);
            }
            givers.sort_unstable_by(order);
            let named: Vec<String> = givers
                .iter()
                .map(|(voter, total)| {
                    let total = show(assets, 0, Amount::from_base(*total));
                    format!("`{}` {total}", self.voters[*voter as usize])
                })
                .collect();
            let verb = if donors == 1 { "gives" } else { "give" };
            let line = format!(
                "{} {verb} {}, most of it {}",
                several(donors, "voter"),
                show(assets, 0, Amount::from_u256(given)),
                named.join(", ")
            );
            Some((payee.to_string(), vec![line]))
        };
        self.payees.iter().enumerate().filter_map(reason).collect()
    }
}

/// What the operator should know of the division of the main asset.
fn remark(tally: &Tally, main: &Match<'_>, assets: &[Asset], remarks: &mut Vec<String>) {
    let show = |amount| show(assets, main.asset, amount);
    let Divided { limits, wanted, matches, uncapped, .. } = &main.divided;
    if tally.pairs.is_empty() {
        remarks.push("there are no votes: nothing is paid".to_owned());
    } else if main.pool.is_zero() {
        return;
    } else if wanted.is_zero() {
        remarks.push("no project has a score above zero: nothing is paid".to_owned());
    } else if *wanted < main.pool {
        remarks.push(format!(
            "the scores ask for {}, less than the pool of {}; the rest stays unspent",
            show(*wanted),
            show(main.pool)
        ));
    }
    let above = |at: &usize| limits[*at].is_some_and(|limit| uncapped[*at] > limit);
    let held = |at: &usize| limits[*at] == Some(matches[*at]);
    let everybody = 0..limits.len();
    let capped = everybody.clone().filter(above).count();
    if capped == 0 {
        return;
    }
    let held: Vec<usize> = everybody.filter(held).collect();
    let same = held.iter().all(|at| limits[*at] == limits[held[0]]);
    let limit = limits[held[0]].filter(|_| same).map(|limit| format!("the cap of {}", show(limit)));
    remarks.push(format!(
        "at {}: {}, of which {capped} would have more without it",
        limit.as_deref().unwrap_or("their caps"),
        several(held.len(), "project"),
    ));
}

impl From<DivisionError> for Refusal {
    fn from(error: DivisionError) -> Self {
        Self::new("division", error.to_string())
    }
}
