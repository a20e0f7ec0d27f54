//! Money divided by scores, booked with the steps that lead to each payout.
//!
//! Rules that end in "and the pool is divided in proportion to the scores" end
//! here. Scores are floats; money meets them once, in the apportionment of
//! `allonet_core`.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::card::{Absent, Kind, Setting, Settings};
use crate::fault::Fault;
use crate::mechanism::{Allocation, Blueprint, Change, Refusal, Step, Turn};
use crate::money::{Amount, ApportionError, Asset, Rounding, Share, apportion, weights_from_f64};
use crate::signal::SignalData;
use ruint::aliases::{U256, U512};

/// The setting `cap`.
pub const CAP: Setting = Setting {
    name: "cap",
    kind: Kind::Share,
    default: Absent::None("no cap"),
    doc: "Most that one project may take of the pool.",
};

/// The setting `cap_overflow`.
pub const CAP_OVERFLOW: Setting = Setting {
    name: "cap_overflow",
    kind: Kind::Choice(&["redistribute", "keep"]),
    default: Absent::Default("redistribute"),
    doc: "Whether money above the cap goes to the other projects by score or stays unspent.",
};

/// The setting `minimum`.
pub const MINIMUM: Setting = Setting {
    name: "minimum",
    kind: Kind::Decimal,
    default: Absent::None("no minimum"),
    doc: "Least that a project is paid of the main asset; who would get less gets nothing, and the \
          others share it.",
};

/// The asset that rules divide, and amounts in settings and tables are in.
pub fn main_asset<'a>(blueprint: &Blueprint<'a>) -> Result<&'a Asset, Vec<Fault>> {
    let no_asset = || vec![Fault::new("no-asset", "the network has no asset to divide")];
    blueprint.assets.first().ok_or_else(no_asset)
}

/// The fault of a `cap` that leaves nothing.
pub fn cap_zero(settings: &Settings, help: &str) -> Option<Fault> {
    settings.share("cap").filter(|cap| cap.is_zero())?;
    let fault = Fault::new("cap-zero", "a cap of 0% would pay nobody anything");
    Some(fault.at_some(settings.place("cap")).help(help))
}

/// The help to it where there may be no cap.
pub const NO_CAP: &str = "leave `cap` out for no cap";

/// How a pool is divided by scores.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Terms {
    /// Most that one payee may take of the pool.
    pub cap: Option<Share>,
    /// What the cap cuts off stays unspent.
    pub keep_overflow: bool,
    /// Least that one payee is paid of the main asset.
    pub minimum: Option<Amount>,
    /// How fractions of a base unit are settled.
    pub rounding: Rounding,
}

impl Terms {
    /// From the settings [`CAP`], [`CAP_OVERFLOW`] and [`MINIMUM`], as far as a
    /// card has them.
    pub fn read(settings: &Settings, asset: &Asset) -> Result<Self, Fault> {
        let minimum = match settings.text("minimum") {
            None => None,
            Some(text) => Some(asset.parse(text).map_err(|error| {
                Fault::new("bad-amount", error.to_string()).at_some(settings.place("minimum"))
            })?),
        };
        if let Some(fault) = cap_zero(settings, NO_CAP) {
            return Err(fault);
        }
        let cap = settings.share("cap");
        let keep_overflow = settings.text("cap_overflow") == Some("keep");
        Ok(Self { cap, keep_overflow, minimum, rounding: Rounding::default() })
    }

    /// Divides a pool; nobody is paid where no score is above zero.
    ///
    /// Who would get less than the minimum is dropped, all at once, and the
    /// pool divided again, until nobody is.
    pub fn divide(&self, pool: Amount, scores: &[f64]) -> Result<Divided, Refusal> {
        self.divide_of(pool, pool, scores)
    }

    fn divide_of(&self, wanted: Amount, pool: Amount, scores: &[f64]) -> Result<Divided, Refusal> {
        let limit = self.cap.map(|cap| cap.of(pool)).transpose()?;
        let uncapped = weigh(scores).and_then(|weights| parts(wanted, &weights, Rounding::Floor));
        let uncapped = uncapped.map_err(|error| refusal(&error))?;
        let mut scores = scores.to_vec();
        let mut dropped = vec![false; scores.len()];
        loop {
            let paid = self.under(limit, wanted, &scores).map_err(|error| refusal(&error))?;
            let small = |at: &usize| {
                scores[*at] > 0.0 && self.minimum.is_some_and(|least| paid[*at] < least)
            };
            let fallen: Vec<usize> = (0..scores.len()).filter(small).collect();
            if fallen.is_empty() {
                return Ok(Divided { paid, uncapped, dropped, limit });
            }
            for at in fallen {
                scores[at] = 0.0;
                dropped[at] = true;
            }
        }
    }

    fn under(
        &self,
        limit: Option<Amount>,
        pool: Amount,
        scores: &[f64],
    ) -> Result<Vec<Amount>, ApportionError> {
        match limit {
            None => parts(pool, &weigh(scores)?, self.rounding),
            Some(limit) if self.keep_overflow => {
                let parts = parts(pool, &weigh(scores)?, self.rounding)?;
                Ok(parts.into_iter().map(|part| part.min(limit)).collect())
            }
            Some(limit) => fill_by_score(pool, scores, limit, self.rounding),
        }
    }

    /// Divides everything a neuron may spend by the scores of its payees and
    /// books it. Scores say nothing about amounts of other assets than the main
    /// one: their minimum is nothing. `why` is the note of a payee's first step.
    ///
    /// Returns remarks for the operator.
    pub fn pay(
        &self,
        turn: &Turn<'_>,
        allocation: &mut Allocation<'_>,
        scores: &[f64],
        why: impl Fn(usize) -> String,
    ) -> Result<Vec<String>, Refusal> {
        book(turn, allocation, scores, why, |asset, pool| self.of_asset(asset).divide(pool, scores))
    }

    /// Divides so much of one asset, which may be less than there is; a cap is
    /// a share of all there is.
    pub fn pay_of(
        &self,
        wanted: Amount,
        asset: usize,
        turn: &Turn<'_>,
        allocation: &mut Allocation<'_>,
        scores: &[f64],
        why: impl Fn(usize) -> String,
    ) -> Result<Divided, Refusal> {
        let pool = allocation.available().of(asset);
        let divided = self.divide_of(wanted.min(pool), pool, scores)?;
        divided.book(asset, turn, allocation, &why)?;
        Ok(divided)
    }

    /// The terms for one asset: the minimum is an amount of the main one.
    #[must_use]
    pub fn of_asset(&self, asset: usize) -> Self {
        Self { minimum: self.minimum.filter(|_| asset == 0), ..*self }
    }
}

/// Books what `divide` makes of each asset and its pool.
///
/// Returns remarks for the operator.
pub fn book(
    turn: &Turn<'_>,
    allocation: &mut Allocation<'_>,
    scores: &[f64],
    why: impl Fn(usize) -> String,
    divide: impl Fn(usize, Amount) -> Result<Divided, Refusal>,
) -> Result<Vec<String>, Refusal> {
    let mut remarks = Vec::new();
    let available = allocation.available().clone();
    for (asset, pool) in available.iter() {
        let divided = divide(asset, pool)?;
        divided.book(asset, turn, allocation, &why)?;
        if asset == 0 {
            remarks = divided.remarks(turn.assets, scores, pool);
        }
    }
    Ok(remarks)
}

/// A pool divided by scores.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Divided {
    /// What each payee is paid.
    pub paid: Vec<Amount>,
    /// What it would have without cap and minimum, rounded down.
    pub uncapped: Vec<Amount>,
    /// Who is below the minimum.
    pub dropped: Vec<bool>,
    /// The cap in base units.
    pub limit: Option<Amount>,
}

impl Divided {
    /// Books what each payee is paid of an asset.
    pub fn book(
        &self,
        asset: usize,
        turn: &Turn<'_>,
        allocation: &mut Allocation<'_>,
        why: impl Fn(usize) -> String,
    ) -> Result<(), Refusal> {
        for (payee, amount) in (0_u32..).zip(&self.paid) {
            if !amount.is_zero() {
                let steps = self.steps(payee as usize, &why, turn.assets, asset);
                allocation.pay(payee, asset, *amount, steps)?;
            }
        }
        Ok(())
    }

    /// The way to what a payee is paid. `why` is the note of the first step.
    pub fn steps(
        &self,
        payee: usize,
        why: impl Fn(usize) -> String,
        assets: &[Asset],
        asset: usize,
    ) -> Vec<Step> {
        let mut walk = Walk::default();
        walk.to(self.uncapped[payee], "share by score", || why(payee));
        if let Some(limit) = self.limit {
            let most = || format!("at most {}", show(assets, asset, limit));
            walk.to(walk.reached.min(limit), "cap", most);
        }
        let capped = self.uncapped[payee].min(self.limit.unwrap_or(self.uncapped[payee]));
        // More than a unit of rounding came from others.
        if self.paid[payee].saturating_sub(capped) > Amount::from_base(1) {
            walk.to(self.paid[payee], "share of what others could not take", String::new);
        }
        walk.to(self.paid[payee], "rounding", String::new);
        walk.steps
    }

    /// What the operator should know of the division.
    pub fn remarks(&self, assets: &[Asset], scores: &[f64], pool: Amount) -> Vec<String> {
        let mut remarks = Vec::new();
        if !pool.is_zero() && scores.iter().all(|score| *score == 0.0) {
            remarks.push("no project has a score above zero: nothing is paid".to_owned());
        }
        let dropped = self.dropped.iter().filter(|dropped| **dropped).count();
        if dropped > 0 {
            remarks
                .push(format!("below the minimum and not paid: {}", several(dropped, "project")));
        }
        if self.limit.is_some_and(Amount::is_zero) && !pool.is_zero() {
            remarks.push("the cap is below one base unit: nothing is paid".to_owned());
        }
        if let Some(limit) = self.limit.filter(|limit| !limit.is_zero()) {
            let held = self.paid.iter().filter(|paid| **paid == limit).count();
            if held > 0 {
                let limit = show(assets, 0, limit);
                remarks.push(format!("at the cap of {limit}: {}", several(held, "project")));
            }
        }
        remarks
    }
}

/// `1 vote`, `2 votes`.
pub fn several(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

fn parts(
    pool: Amount,
    weights: &[U256],
    rounding: Rounding,
) -> Result<Vec<Amount>, ApportionError> {
    if weights.iter().all(U256::is_zero) {
        return Ok(vec![Amount::ZERO; weights.len()]);
    }
    Ok(apportion(pool, weights, rounding)?.parts)
}

/// Scores as integer weights.
fn weigh(scores: &[f64]) -> Result<Vec<U256>, ApportionError> {
    Ok(weights_from_f64(scores)?.into_iter().map(U256::from).collect())
}

/// [`fill_under`] by scores. Scores too small to weigh anything beside the
/// largest share what is left once all others are at the limit.
fn fill_by_score(
    pool: Amount,
    scores: &[f64],
    limit: Amount,
    rounding: Rounding,
) -> Result<Vec<Amount>, ApportionError> {
    let mut paid = vec![Amount::ZERO; scores.len()];
    let (mut rest, mut scores) = (pool, scores.to_vec());
    while !rest.is_zero() && scores.iter().any(|score| *score != 0.0) {
        let weights = weigh(&scores)?;
        let parts = fill_under(rest, &weights, limit, rounding)?;
        let mut full = true;
        for (at, part) in parts.into_iter().enumerate().filter(|(at, _)| !weights[*at].is_zero()) {
            paid[at] = part;
            rest = rest.saturating_sub(part);
            scores[at] = 0.0;
            full &= part == limit;
        }
        // Else the rest is dust.
        if !full {
            break;
        }
    }
    Ok(paid)
}

/// Divides `wanted` so that nobody is above `limit` and all below it keep the
/// proportions of their weights; what nobody can take stays.
///
/// At most `wanted / limit + 1` payees are looked at one by one.
pub fn fill_under(
    wanted: Amount,
    weights: &[U256],
    limit: Amount,
    rounding: Rounding,
) -> Result<Vec<Amount>, ApportionError> {
    fill_under_each(wanted, weights, &vec![Some(limit); weights.len()], rounding)
}

/// [`fill_under`] where each has a limit of its own, or none.
///
/// Whoever reaches the limit at the least factor comes first; they are looked
/// at one by one until one stays below.
pub fn fill_under_each(
    wanted: Amount,
    weights: &[U256],
    limits: &[Option<Amount>],
    rounding: Rounding,
) -> Result<Vec<Amount>, ApportionError> {
    let add = |sum: U256, weight: &U256| sum.checked_add(*weight);
    let sum = weights.iter().try_fold(U256::ZERO, add);
    let mut sum = sum.ok_or(ApportionError::WeightsTooLarge)?;
    let limited = |(at, limit): (usize, &Option<Amount>)| limit.map(|limit| (at, limit));
    let mut order: Vec<(usize, Amount)> = limits.iter().enumerate().filter_map(limited).collect();
    order.sort_unstable_by(|(a, of_a), (b, of_b)| {
        if of_a == of_b {
            return weights[*b].cmp(&weights[*a]).then(a.cmp(b));
        }
        let (left, right): (U512, U512) =
            (weights[*b].widening_mul(of_a.to_u256()), weights[*a].widening_mul(of_b.to_u256()));
        left.cmp(&right).then(a.cmp(b))
    });
    let mut rest = wanted;
    let mut below = weights.to_vec();
    let mut capped = Vec::new();
    for (at, limit) in order {
        let part: U512 = weights[at].widening_mul(rest.to_u256());
        let most: U512 = limit.to_u256().widening_mul(sum);
        if part <= most {
            break;
        }
        rest = rest.saturating_sub(limit);
        sum -= weights[at];
        below[at] = U256::ZERO;
        capped.push((at, limit));
    }
    let mut paid = parts(rest, &below, rounding)?;
    for (at, limit) in capped {
        paid[at] = limit;
    }
    Ok(paid)
}

/// Scores as parts of their sum: what a rule emits.
pub fn shares(payees: &[Arc<str>], scores: &[f64]) -> SignalData {
    let scores = in_range(scores);
    let sum = crate::maths::sum(scores.iter().copied());
    let share = |score: f64| if sum > 0.0 { score / sum } else { 0.0 };
    let named = payees.iter().zip(&scores);
    let shares: BTreeMap<String, f64> =
        named.map(|(payee, score)| (payee.to_string(), share(*score))).collect();
    SignalData::Scores(shares)
}

/// Scores scaled by a power of two so that their sum stays finite.
pub fn in_range(scores: &[f64]) -> Vec<f64> {
    let large = scores.iter().any(|score| *score > 1e150);
    let scale = if large { f64::from_bits((1023 - 512) << 52) } else { 1.0 };
    scores.iter().map(|score| score * scale).collect()
}

/// Steps on the way to a payout, and how far they have come.
#[derive(Default)]
pub struct Walk {
    /// Where the steps stand.
    pub reached: Amount,
    /// The steps so far; they add up to [`Walk::reached`].
    pub steps: Vec<Step>,
}

impl Walk {
    /// Goes to an amount, if it is another than the one reached. An empty note
    /// is none.
    pub fn to(&mut self, amount: Amount, label: &'static str, note: impl FnOnce() -> String) {
        let change = Change::between(self.reached, amount);
        if !change.is_zero() {
            let note = note();
            let step = Step::new(label, change);
            self.steps.push(if note.is_empty() { step } else { step.note(note) });
            self.reached = amount;
        }
    }
}

/// An amount for people.
pub fn show(assets: &[Asset], asset: usize, amount: Amount) -> String {
    assets.get(asset).map_or_else(|| amount.to_string(), |asset| asset.show(amount))
}

fn refusal(error: &ApportionError) -> Refusal {
    Refusal::new("division", error.to_string())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn paid(terms: Terms, pool: u128, scores: &[f64]) -> Vec<u128> {
        let divided = terms.divide(Amount::from_base(pool), scores).unwrap();
        divided.paid.iter().map(|part| part.to_u128().unwrap()).collect()
    }

    fn cap(percent: u64) -> Terms {
        Terms { cap: Share::new(percent, 100), ..Terms::default() }
    }

    fn least(units: u128) -> Terms {
        Terms { minimum: Some(Amount::from_base(units)), ..Terms::default() }
    }

    #[test]
    fn the_cap_is_filled_and_the_minimum_drops() {
        assert_eq!(paid(Terms::default(), 100, &[1.0, 3.0]), [25, 75]);
        assert_eq!(paid(cap(40), 100, &[60.0, 30.0, 10.0]), [40, 40, 20]);
        assert_eq!(paid(cap(10), 100, &[1.0, 1.0]), [10, 10]);
        let keep = Terms { keep_overflow: true, ..cap(40) };
        assert_eq!(paid(keep, 100, &[60.0, 30.0, 10.0]), [40, 30, 10]);
        assert_eq!(paid(least(20), 100, &[60.0, 30.0, 10.0]), [67, 33, 0]);
        assert_eq!(paid(least(200), 100, &[60.0, 40.0]), [0, 0]);
        // Those at the cap keep it; the third rises above the minimum only after
        // the last has fallen.
        let both = Terms { minimum: Some(Amount::from_base(9)), ..cap(45) };
        assert_eq!(paid(both, 100, &[500.0, 400.0, 10.0, 1.0]), [45, 45, 10, 0]);
        assert_eq!(paid(Terms::default(), 100, &[0.0, 0.0]), [0, 0]);
    }

    /// Scores that differ by more than floats can add.
    fn wild() -> impl Strategy<Value = f64> {
        let few = [0.0, 5e-324, 1e-300, 1e-40, 1.0, 3.0, 1e16, 1e300, f64::MAX];
        prop_oneof![prop::sample::select(few.to_vec()), 0.0_f64..1e3]
    }

    fn pools() -> impl Strategy<Value = Amount> {
        let power = |shift: usize| Amount::from_u256(U256::from(1) << shift);
        let few = vec![Amount::ZERO, Amount::from_base(1), power(96), power(250), Amount::MAX];
        prop_oneof![
            prop::sample::select(few),
            any::<u16>().prop_map(|units| Amount::from_base(units.into()))
        ]
    }

    proptest! {
        #[test]
        fn no_scores_and_no_pool_break_the_terms(
            pool in pools(),
            scores in prop::collection::vec(wild(), 0..12),
            cap in prop::option::of(prop::sample::select(vec![(1, u64::MAX), (1, 100), (2, 5), (1, 1)])),
            minimum in prop::option::of(pools()),
            keep_overflow: bool,
        ) {
            let cap = cap.map(|(part, whole)| Share::new(part, whole).unwrap());
            let terms = Terms { cap, keep_overflow, minimum, rounding: Rounding::default() };
            let Divided { paid, dropped, limit, .. } = terms.divide(pool, &scores).unwrap();
            let limit = limit.unwrap_or(Amount::MAX);
            let sum = Amount::sum(paid.iter().copied(), "test").unwrap();
            prop_assert!(sum <= pool && paid.iter().all(|paid| *paid <= limit));
            let open = |at: usize| scores[at] > 0.0 && !dropped[at] && paid[at] < limit;
            let all = 0..scores.len();
            if !keep_overflow {
                prop_assert!(sum == pool || !all.clone().any(open), "{paid:?}");
            }
            for at in all.clone() {
                prop_assert!(scores[at] > 0.0 || paid[at].is_zero());
                prop_assert!(!dropped[at] || paid[at].is_zero());
                prop_assert!(minimum.is_some() || !dropped[at]);
                for other in all.clone().filter(|other| scores[*other] >= scores[at]) {
                    let less = paid[at].saturating_sub(paid[other]);
                    prop_assert!(less <= Amount::from_base(1), "{at} {other} {paid:?}");
                }
            }
        }

        #[test]
        fn shares_of_any_scores_add_up(scores in prop::collection::vec(wild(), 1..12)) {
            let payees: Vec<Arc<str>> = (0..scores.len()).map(|at| format!("p{at}").into()).collect();
            let SignalData::Scores(shares) = shares(&payees, &scores) else { panic!("scores") };
            let sum: f64 = shares.values().sum();
            let none = scores.iter().all(|score| *score == 0.0);
            prop_assert!(if none { sum == 0.0 } else { (sum - 1.0).abs() < 1e-9 }, "{sum}");
        }

        #[test]
        fn steps_are_found_for_every_payout(
            pool in pools(),
            scores in prop::collection::vec(wild(), 1..6),
            percent in prop::option::of(1_u64..=100),
        ) {
            let terms = percent.map_or_else(Terms::default, cap);
            let divided = terms.divide(pool, &scores).unwrap();
            let assets = [Asset::new("USD", 2)];
            for (at, paid) in divided.paid.iter().enumerate() {
                let steps = divided.steps(at, |_| String::new(), &assets, 0);
                prop_assert_eq!(steps.is_empty(), paid.is_zero() && divided.uncapped[at].is_zero());
            }
        }
    }

    proptest! {
        #[test]
        fn nothing_is_lost_while_somebody_can_take_it(
            pool: u64,
            scores in prop::collection::vec(0.0_f64..1e6, 1..30),
            percent in 1_u64..=100,
            minimum in 0_u64..1 << 60,
        ) {
            let terms = Terms { minimum: Some(Amount::from_base(u128::from(minimum))), ..cap(percent) };
            let pool = Amount::from_base(u128::from(pool));
            let divided = terms.divide(pool, &scores).unwrap();
            let sum = Amount::sum(divided.paid.iter().copied(), "test").unwrap();
            let limit = divided.limit.unwrap();
            prop_assert!(sum <= pool);
            let least = Amount::from_base(u128::from(minimum));
            prop_assert!(divided.paid.iter().all(|paid| paid.is_zero() || *paid >= least));
            let open = |at: usize| {
                scores[at] > 0.0 && !divided.dropped[at] && divided.paid[at] < limit
            };
            prop_assert!(sum == pool || !(0..scores.len()).any(open));
        }
    }
}
