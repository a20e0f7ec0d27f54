//! Divides a pool by scores: in proportion, at most what the scores ask for if
//! so wished, and under a cap.
//!
//! ```text
//! W       = pool, or min(pool, Σ score) where a score is a ceiling
//! share_p = score_p·W / Σ score
//! match_p = min(share_p, cap_p)                     the overflow stays unspent, or
//! match_p = min(λ·score_p, cap_p), Σ match_p = W    the overflow goes to the others
//! ```
//!
//! λ is found exactly: those with the highest score for their cap are capped one
//! after the other until the next one's part of the rest fits under its own.
//! [`Division::grants_stack`] repeats the loop of `pluralistic.js` instead, which
//! comes to the same but for its rounding.

use allonet_core::money::{Amount, ApportionError, MoneyError, Rounding, Share, apportion};
use ruint::aliases::U256;
use thiserror::Error;

use super::scores::Scores;
use crate::paying::fill_under_each;

/// What becomes of money above the cap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overflow {
    /// It goes to the projects below the cap, by score.
    Redistribute,
    /// It stays unspent.
    Keep,
}

/// How fractions of a base unit are settled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dust {
    /// A unit each to the largest remainders, the earliest id first.
    #[default]
    ByRemainder,
    /// All to the largest match that has room for it, the earliest id first.
    ToLargest,
    /// It stays unspent.
    Unpaid,
}

/// How a pool is divided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Division {
    /// Divide the whole pool even where the scores ask for less.
    pub fill: bool,
    /// Most that a project without a cap of its own may take of the pool.
    pub cap: Option<Share>,
    /// What becomes of money above the cap.
    pub overflow: Overflow,
    /// How fractions of a base unit are settled.
    pub dust: Dust,
    /// Repeat the integer arithmetic of `pluralistic.js`: floors throughout,
    /// the cap cut to hundredths of a percent, its loop for the overflow.
    pub grants_stack: bool,
}

/// A divided pool, project by project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Divided {
    /// What each project is paid.
    pub matches: Vec<Amount>,
    /// Its part without a cap, rounded down.
    pub uncapped: Vec<Amount>,
    /// Its part under the cap, rounded down.
    pub floors: Vec<Amount>,
    /// The cap of each project in base units, where it has one.
    pub limits: Vec<Option<Amount>>,
    /// What was to be divided, at most the pool.
    pub wanted: Amount,
}

/// Why a pool cannot be divided.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum DivisionError {
    /// The scores cannot serve as weights.
    #[error(transparent)]
    Apportion(#[from] ApportionError),
    /// An amount did not fit.
    #[error(transparent)]
    Money(#[from] MoneyError),
}

impl Division {
    /// Divides a pool among projects without caps of their own. Without a score
    /// above zero nobody is paid.
    pub fn divide(&self, scores: &Scores, pool: Amount) -> Result<Divided, DivisionError> {
        self.divide_under(scores, pool, &[])
    }

    /// Divides a pool. `own` are the projects' own caps, which go before the
    /// general one; it may be empty.
    pub fn divide_under(
        &self,
        scores: &Scores,
        pool: Amount,
        own: &[Option<Share>],
    ) -> Result<Divided, DivisionError> {
        let sum = scores.sum()?;
        let asked = Amount::from_u256(sum >> scores.bits);
        let wanted = if self.fill && !sum.is_zero() { pool } else { pool.min(asked) };
        let limits = self.limits(scores.values.len(), pool, own)?;
        if sum.is_zero() || wanted.is_zero() {
            let nobody = || vec![Amount::ZERO; scores.values.len()];
            let (matches, uncapped, floors) = (nobody(), nobody(), nobody());
            return Ok(Divided { matches, uncapped, floors, limits, wanted });
        }
        let uncapped = apportion(wanted, &scores.values, Rounding::Floor)?.parts;
        let (floors, matches) = if self.grants_stack {
            let matches = grants_stack_cap(uncapped.clone(), &limits)?;
            (matches.clone(), matches)
        } else {
            let floors = self.under(wanted, scores, &limits, Rounding::Floor)?;
            let matches = match self.dust {
                Dust::Unpaid => floors.clone(),
                Dust::ByRemainder => {
                    self.under(wanted, scores, &limits, Rounding::LargestRemainder)?
                }
                Dust::ToLargest => {
                    let mut parts = floors.clone();
                    let due = self.under(wanted, scores, &limits, Rounding::LargestRemainder)?;
                    give_to_largest(&mut parts, &due, &limits)?;
                    parts
                }
            };
            (floors, matches)
        };
        Ok(Divided { matches, uncapped, floors, limits, wanted })
    }

    fn under(
        &self,
        wanted: Amount,
        scores: &Scores,
        limits: &[Option<Amount>],
        rounding: Rounding,
    ) -> Result<Vec<Amount>, ApportionError> {
        if self.overflow == Overflow::Redistribute && limits.iter().any(Option::is_some) {
            return fill_under_each(wanted, &scores.values, limits, rounding);
        }
        let mut parts = apportion(wanted, &scores.values, rounding)?.parts;
        for (part, limit) in parts.iter_mut().zip(limits) {
            *part = limit.map_or(*part, |limit| limit.min(*part));
        }
        Ok(parts)
    }

    /// The cap of each of so many projects in base units.
    pub fn limits(
        &self,
        projects: usize,
        pool: Amount,
        own: &[Option<Share>],
    ) -> Result<Vec<Option<Amount>>, MoneyError> {
        let cap = |project: usize| own.get(project).copied().flatten().or(self.cap);
        (0..projects).map(|at| cap(at).map(|cap| self.limit(cap, pool)).transpose()).collect()
    }

    /// A cap in base units.
    pub fn limit(&self, cap: Share, pool: Amount) -> Result<Amount, MoneyError> {
        if !self.grants_stack {
            return cap.of(pool);
        }
        let parts = u128::from(cap.numerator()) * 10_000 / u128::from(cap.denominator());
        pool.mul_div(U256::from(parts), U256::from(10_000_u64), "the cap")
    }
}

/// Gives what rounding down left of `due` to the largest of the parts, as far as
/// its limit allows, then to the next.
fn give_to_largest(
    parts: &mut [Amount],
    due: &[Amount],
    limits: &[Option<Amount>],
) -> Result<(), MoneyError> {
    let sum = |amounts: &[Amount]| Amount::sum(amounts.iter().copied(), "all matches");
    let mut dust = sum(due)?.sub(sum(parts)?, "the dust")?;
    let mut order: Vec<usize> = (0..parts.len()).collect();
    order.sort_by(|a, b| parts[*b].cmp(&parts[*a]));
    for at in order {
        let room = limits[at].map_or(dust, |limit| limit.saturating_sub(parts[at]));
        let more = dust.min(room);
        parts[at] = parts[at].add(more, "a match")?;
        dust = dust.saturating_sub(more);
    }
    Ok(())
}

/// The loop of `pluralistic.js`: what is above the cap goes to those strictly
/// below it in proportion to what they have, rounded down each time.
///
/// Each round but the last brings a project to its cap for good.
fn grants_stack_cap(
    mut matches: Vec<Amount>,
    limits: &[Option<Amount>],
) -> Result<Vec<Amount>, MoneyError> {
    loop {
        let (mut overflow, mut below) = (Amount::ZERO, Amount::ZERO);
        for (part, limit) in matches.iter_mut().zip(limits) {
            match *limit {
                Some(limit) if *part > limit => {
                    overflow = overflow.add(part.saturating_sub(limit), "the cap's overflow")?;
                    *part = limit;
                }
                Some(limit) if *part == limit => {}
                _ => below = below.add(*part, "matches below the cap")?,
            }
        }
        if overflow.is_zero() || below.is_zero() {
            return Ok(matches);
        }
        let open = |(part, limit): &(&mut Amount, &Option<Amount>)| {
            limit.is_none_or(|limit| **part < limit)
        };
        for (part, _) in matches.iter_mut().zip(limits).filter(open) {
            let more = part.mul_div(overflow.to_u256(), below.to_u256(), "the cap's overflow")?;
            *part = part.add(more, "a match")?;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PLAIN: Division = Division {
        fill: false,
        cap: None,
        overflow: Overflow::Redistribute,
        dust: Dust::ByRemainder,
        grants_stack: false,
    };

    fn scores(values: &[u64]) -> Scores {
        Scores { values: values.iter().map(|value| U256::from(*value)).collect(), bits: 0 }
    }

    fn matches(division: Division, pool: u128, values: &[u64]) -> Vec<u128> {
        let divided = division.divide(&scores(values), Amount::from_base(pool)).unwrap();
        divided.matches.iter().map(|part| part.to_u128().unwrap()).collect()
    }

    fn capped(percent: u64) -> Division {
        Division { fill: true, cap: Share::new(percent, 100), ..PLAIN }
    }

    #[test]
    fn a_rich_pool_pays_the_scores() {
        assert_eq!(matches(PLAIN, 100, &[10, 0, 30]), [10, 0, 30]);
        assert_eq!(matches(PLAIN, 20, &[10, 0, 30]), [5, 0, 15]);
        assert_eq!(matches(Division { fill: true, ..PLAIN }, 100, &[10, 0, 30]), [25, 0, 75]);
    }

    #[test]
    fn overflow_goes_to_the_others_by_score() {
        // 60, 30, 10 under 40: 20 too much, of which 15 and 5; then 45 is too
        // much as well, and 5 go to the last.
        assert_eq!(matches(capped(40), 100, &[60, 30, 10]), [40, 40, 20]);
        assert_eq!(
            matches(Division { overflow: Overflow::Keep, ..capped(40) }, 100, &[60, 30, 10]),
            [40, 30, 10]
        );
        assert_eq!(
            matches(Division { grants_stack: true, ..capped(40) }, 100, &[60, 30, 10]),
            [40, 40, 20]
        );
        // Everybody at the cap: the rest stays.
        assert_eq!(matches(capped(10), 100, &[60, 30, 10]), [10, 10, 10]);
        assert_eq!(matches(capped(50), 100, &[60, 0]), [50, 0]);
    }

    #[test]
    fn floors_leave_dust() {
        let floor = Division { dust: Dust::Unpaid, fill: true, ..PLAIN };
        assert_eq!(matches(floor, 100, &[1, 1, 1]), [33, 33, 33]);
        assert_eq!(matches(Division { fill: true, ..PLAIN }, 100, &[1, 1, 1]), [34, 33, 33]);
    }

    #[test]
    fn dust_may_go_to_the_largest() {
        // 14.3, 28.6 and 57.1: one unit is left.
        let largest = Division { dust: Dust::ToLargest, fill: true, ..PLAIN };
        assert_eq!(matches(largest, 100, &[1, 2, 4]), [14, 28, 58]);
        assert_eq!(matches(Division { fill: true, ..PLAIN }, 100, &[1, 2, 4]), [14, 29, 57]);
        // Under 30%: 30 for the last two, and nobody can take more; then 57 are
        // the cap, so that the unit goes to the next.
        let under = |percent| Division { cap: Share::new(percent, 100), ..largest };
        assert_eq!(matches(under(30), 100, &[1, 2, 4]), [30, 30, 30]);
        assert_eq!(matches(under(57), 100, &[1, 2, 4]), [14, 29, 57]);
    }

    #[test]
    fn projects_may_have_caps_of_their_own() {
        // 60, 30, 10: the first may have 20 and the last 50; 40 go on as 3 : 1.
        let own = [Share::new(20, 100), None, Share::new(50, 100)];
        let divided = |division: Division, own: &[Option<Share>]| -> Vec<u128> {
            let divided =
                division.divide_under(&scores(&[60, 30, 10]), Amount::from_base(100), own);
            divided.unwrap().matches.iter().map(|part| part.to_u128().unwrap()).collect()
        };
        let fill = Division { fill: true, ..PLAIN };
        assert_eq!(divided(fill, &own), [20, 60, 20]);
        assert_eq!(divided(Division { grants_stack: true, ..fill }, &own), [20, 60, 20]);
        assert_eq!(divided(Division { overflow: Overflow::Keep, ..fill }, &own), [20, 30, 10]);
        // With 40% for who has none: 40 for the second, and the rest fits.
        assert_eq!(divided(capped(40), &own), [20, 40, 40]);
        assert_eq!(divided(fill, &[Some(Share::ZERO), Some(Share::ZERO)]), [0, 0, 100]);
    }

    #[test]
    fn nothing_is_divided_without_scores_or_money() {
        for division in [PLAIN, capped(10), Division { grants_stack: true, ..PLAIN }] {
            assert_eq!(matches(division, 100, &[0, 0]), [0, 0]);
            assert_eq!(matches(division, 0, &[3, 4]), [0, 0]);
            assert_eq!(matches(division, 7, &[]), Vec::<u128>::new());
        }
    }

    #[test]
    fn grants_stack_cuts_the_cap_to_hundredths_of_a_percent() {
        let division = Division { cap: Share::new(1, 3), grants_stack: true, ..PLAIN };
        let limit = division.limit(Share::new(1, 3).unwrap(), Amount::from_base(1_000_000));
        assert_eq!(limit, Ok(Amount::from_base(333_300)));
    }

    #[test]
    fn scores_may_have_digits_behind_the_point() {
        // 2.5 and 1.5 base units.
        let scores = Scores { values: vec![U256::from(10), U256::from(6)], bits: 2 };
        let divided = PLAIN.divide(&scores, Amount::from_base(100)).unwrap();
        assert_eq!(divided.wanted, Amount::from_base(4));
        assert_eq!(divided.matches, [3, 1].map(Amount::from_base));
        assert_eq!(scores.units(0), Amount::from_base(2));
    }

    fn any_division() -> impl Strategy<Value = Division> {
        (any::<bool>(), 0_u64..=100, any::<bool>(), 0_usize..3, any::<bool>()).prop_map(
            |(fill, cap, keep, dust, grants_stack)| Division {
                fill,
                cap: Share::new(cap, 100).filter(|cap| !cap.is_zero()),
                overflow: if keep { Overflow::Keep } else { Overflow::Redistribute },
                dust: [Dust::ByRemainder, Dust::ToLargest, Dust::Unpaid][dust],
                grants_stack,
            },
        )
    }

    proptest! {
        #[test]
        fn never_above_the_pool_or_the_cap(
            division in any_division(),
            pool: u64,
            values in prop::collection::vec(0_u64..1 << 50, 0..30),
            own in prop::collection::vec(prop::option::of(0_u64..=100), 0..30),
        ) {
            let pool = Amount::from_base(u128::from(pool));
            let own: Vec<Option<Share>> =
                own.iter().map(|cap| cap.and_then(|cap| Share::new(cap, 100))).collect();
            let divided = division.divide_under(&scores(&values), pool, &own).unwrap();
            let paid = Amount::sum(divided.matches.iter().copied(), "test").unwrap();
            prop_assert!(paid <= divided.wanted && divided.wanted <= pool);
            let caps = divided.limits.iter().zip(&divided.matches);
            prop_assert!(caps.clone().all(|(cap, part)| cap.is_none_or(|cap| *part <= cap)));
            let full = caps.clone().zip(&values).all(|((cap, part), value)| {
                *value == 0 || cap.is_some_and(|cap| *part == cap)
            });
            let lossy = division.overflow == Overflow::Keep
                || division.grants_stack
                || division.dust == Dust::Unpaid;
            prop_assert!(lossy || full || paid == divided.wanted);
        }

        #[test]
        fn nothing_is_lost_while_somebody_is_below_the_cap(
            pool: u64,
            values in prop::collection::vec(1_u64..1 << 50, 1..30),
            cap in 1_u64..=100,
        ) {
            let division = Division { fill: true, cap: Share::new(cap, 100), ..PLAIN };
            let pool = Amount::from_base(u128::from(pool));
            let divided = division.divide(&scores(&values), pool).unwrap();
            let paid = Amount::sum(divided.matches.iter().copied(), "test").unwrap();
            let limit = divided.limits[0].unwrap();
            prop_assert!(paid == pool || divided.matches.iter().all(|part| *part == limit));
        }

        // Reference: the loop of Grants Stack, with floors, ends within a few
        // units of the exact solution.
        #[test]
        fn the_loop_and_the_exact_solution_agree(
            values in prop::collection::vec(1_u64..1 << 30, 1..30),
            cap in 1_u64..=100,
        ) {
            let exact = Division { fill: true, cap: Share::new(cap, 100), ..PLAIN };
            let looped = Division { grants_stack: true, ..exact };
            let pool = 1_u128 << 70;
            for (a, b) in matches(exact, pool, &values).iter().zip(matches(looped, pool, &values)) {
                prop_assert!(a.abs_diff(b) <= 1 << 12, "{a} {b}");
            }
        }
    }
}
