//! Divides a pool by scores: in proportion, at most what the scores ask for if
//! so wished, and under a cap.
//!
//! ```text
//! W       = pool, or min(pool, Σ score) where a score is a ceiling
//! share_p = score_p·W / Σ score
//! match_p = min(share_p, cap)                     the overflow stays unspent, or
//! match_p = min(λ·score_p, cap), Σ match_p = W    the overflow goes to the others
//! ```
//!
//! λ is found exactly: the highest scores are capped one after the other until
//! the next one's part of the rest fits under the cap. [`Division::grants_stack`]
//! repeats the loop of `pluralistic.js` instead, which comes to the same but for
//! its rounding.

use allonet_core::money::{Amount, ApportionError, MoneyError, Rounding, Share, apportion};
use ruint::aliases::U256;
use thiserror::Error;

use super::scores::Scores;
use crate::paying::fill_under;

/// What becomes of money above the cap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overflow {
    /// It goes to the projects below the cap, by score.
    Redistribute,
    /// It stays unspent.
    Keep,
}

/// How a pool is divided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Division {
    /// Divide the whole pool even where the scores ask for less.
    pub fill: bool,
    /// Most that one project may take of the pool.
    pub cap: Option<Share>,
    /// What becomes of money above the cap.
    pub overflow: Overflow,
    /// How fractions of a base unit are settled.
    pub rounding: Rounding,
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
    /// The cap in base units.
    pub limit: Option<Amount>,
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
    /// Divides a pool. Without a score above zero nobody is paid.
    pub fn divide(&self, scores: &Scores, pool: Amount) -> Result<Divided, DivisionError> {
        let sum = scores.sum()?;
        let asked = Amount::from_u256(sum >> scores.bits);
        let wanted = if self.fill && !sum.is_zero() { pool } else { pool.min(asked) };
        let limit = self.cap.map(|cap| self.limit(cap, pool)).transpose()?;
        let nobody = || vec![Amount::ZERO; scores.values.len()];
        if sum.is_zero() || wanted.is_zero() {
            let (matches, uncapped, floors) = (nobody(), nobody(), nobody());
            return Ok(Divided { matches, uncapped, floors, limit, wanted });
        }
        let uncapped = apportion(wanted, &scores.values, Rounding::Floor)?.parts;
        let under = |rounding| -> Result<Vec<Amount>, DivisionError> {
            let parts = || Ok(apportion(wanted, &scores.values, rounding)?.parts);
            match limit {
                None => parts(),
                Some(limit) if self.overflow == Overflow::Keep => {
                    Ok(parts()?.into_iter().map(|part: Amount| part.min(limit)).collect())
                }
                Some(limit) => Ok(fill_under(wanted, &scores.values, limit, rounding)?),
            }
        };
        let (floors, matches) = match limit {
            Some(limit) if self.grants_stack => {
                let matches = grants_stack_cap(uncapped.clone(), limit)?;
                (matches.clone(), matches)
            }
            _ if self.grants_stack => (uncapped.clone(), uncapped.clone()),
            _ => (under(Rounding::Floor)?, under(self.rounding)?),
        };
        Ok(Divided { matches, uncapped, floors, limit, wanted })
    }

    /// The cap in base units.
    pub fn limit(&self, cap: Share, pool: Amount) -> Result<Amount, MoneyError> {
        if !self.grants_stack {
            return cap.of(pool);
        }
        let parts = u128::from(cap.numerator()) * 10_000 / u128::from(cap.denominator());
        pool.mul_div(U256::from(parts), U256::from(10_000_u64), "the cap")
    }
}

/// The loop of `pluralistic.js`: what is above the cap goes to those strictly
/// below it in proportion to what they have, rounded down each time.
///
/// Each round but the last brings a project to the cap for good.
fn grants_stack_cap(mut matches: Vec<Amount>, limit: Amount) -> Result<Vec<Amount>, MoneyError> {
    loop {
        let (mut overflow, mut below) = (Amount::ZERO, Amount::ZERO);
        for part in &mut matches {
            if *part > limit {
                overflow = overflow.add(part.saturating_sub(limit), "the cap's overflow")?;
                *part = limit;
            } else if *part < limit {
                below = below.add(*part, "matches below the cap")?;
            }
        }
        if overflow.is_zero() || below.is_zero() {
            return Ok(matches);
        }
        for part in matches.iter_mut().filter(|part| **part < limit) {
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
        rounding: Rounding::LargestRemainder,
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
        let floor = Division { rounding: Rounding::Floor, fill: true, ..PLAIN };
        assert_eq!(matches(floor, 100, &[1, 1, 1]), [33, 33, 33]);
        assert_eq!(matches(Division { fill: true, ..PLAIN }, 100, &[1, 1, 1]), [34, 33, 33]);
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
        (any::<bool>(), 0_u64..=100, any::<bool>(), any::<bool>(), any::<bool>()).prop_map(
            |(fill, cap, keep, floor, grants_stack)| Division {
                fill,
                cap: Share::new(cap, 100).filter(|cap| !cap.is_zero()),
                overflow: if keep { Overflow::Keep } else { Overflow::Redistribute },
                rounding: if floor { Rounding::Floor } else { Rounding::LargestRemainder },
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
        ) {
            let pool = Amount::from_base(u128::from(pool));
            let divided = division.divide(&scores(&values), pool).unwrap();
            let paid = Amount::sum(divided.matches.iter().copied(), "test").unwrap();
            prop_assert!(paid <= divided.wanted && divided.wanted <= pool);
            if let Some(limit) = divided.limit {
                prop_assert!(divided.matches.iter().all(|part| *part <= limit));
            }
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
            let limit = divided.limit.unwrap();
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
