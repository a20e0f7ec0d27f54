//! Scores of projects as whole numbers, and how they come about.

use allonet_core::money::{Amount, MoneyError};
use ruint::aliases::U256;

use super::kernel::{Pairs, Roots, float, float_score};

/// Scores of the projects, in units of 2⁻ᵇⁱᵗˢ of a base unit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scores {
    /// One for each project; their sum fits 256 bits.
    pub values: Vec<U256>,
    /// Binary digits behind the point.
    pub bits: u32,
}

impl Scores {
    /// A score in whole base units, rounded down.
    pub fn units(&self, project: usize) -> Amount {
        Amount::from_u256(self.values[project] >> self.bits)
    }

    /// The same scores less what was paid already, in base units.
    #[must_use]
    pub fn less(&self, paid: &[Amount]) -> Self {
        let mut less = self.clone();
        for (project, (value, paid)) in less.values.iter_mut().zip(paid).enumerate() {
            *value = if *paid < self.units(project) {
                *value - (paid.to_u256() << self.bits)
            } else if paid.is_zero() {
                *value
            } else {
                U256::ZERO
            };
        }
        less
    }

    /// A score as a float, in base units.
    pub(super) fn float(&self, project: usize) -> f64 {
        f64::from(self.values[project]) / unit(self.bits)
    }

    /// Their sum, in their own units.
    pub fn sum(&self) -> Result<U256, MoneyError> {
        let overflow = MoneyError::Overflow { context: "the sum of all scores" };
        let add = |sum: U256, value: &U256| sum.checked_add(*value);
        self.values.iter().try_fold(U256::ZERO, add).ok_or(overflow)
    }
}

/// `2^bits`.
fn unit(bits: u32) -> f64 {
    (0..bits).fold(1.0, |power, _| power * 2.0)
}

/// Binary digits behind the point of a score that was a float.
const FLOAT_BITS: u32 = 64;

/// What the roots are taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arithmetic {
    /// In whole numbers.
    Exact(Roots),
    /// In floats.
    Float,
}

/// How votes become scores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scoring {
    /// What the roots are taken in.
    pub arithmetic: Arithmetic,
    /// Whether a voter's own donation is part of the score: `(Σ√c)²`, not
    /// `(Σ√c)² − Σc`.
    pub with_own: bool,
}

impl Scoring {
    /// Scores of all projects.
    pub fn scores(&self, pairs: &Pairs) -> Scores {
        let score = |project| self.score(pairs.of(project));
        Scores { values: (0..pairs.project_count()).map(score).collect(), bits: self.bits() }
    }

    /// The score of one project, in the units of [`Scoring::scores`].
    pub fn score(&self, pairs: impl Iterator<Item = (u32, u128)>) -> U256 {
        match self.arithmetic {
            Arithmetic::Float => from_float(float_score(pairs, self.with_own)),
            Arithmetic::Exact(roots) => {
                let mut given = U256::ZERO;
                let pairs = pairs.inspect(|(_, total)| {
                    if self.with_own {
                        given += U256::from(*total);
                    }
                });
                let cross = roots.sums_of(pairs).cross();
                cross + (given << self.bits())
            }
        }
    }

    /// The root of one voter's total, in root base units.
    pub(super) fn root(&self, total: u128) -> f64 {
        match self.arithmetic {
            Arithmetic::Float => float(total).sqrt(),
            Arithmetic::Exact(roots) => roots.root(total) as f64 / unit(roots.bits),
        }
    }

    /// Binary digits behind the point of a score.
    fn bits(&self) -> u32 {
        match self.arithmetic {
            Arithmetic::Float => FLOAT_BITS,
            Arithmetic::Exact(roots) => 2 * roots.bits,
        }
    }
}

/// A score from a float, in units of 2⁻⁶⁴ of a base unit, to the nearest.
///
/// Scores stay below 2¹⁹¹: the square of the roots of 2³¹ votes below 2¹²⁸.
fn from_float(score: f64) -> U256 {
    U256::try_from(score * unit(FLOAT_BITS)).expect("a score is finite, positive and below 2^191")
}

#[cfg(test)]
mod tests {
    use super::super::kernel::Columns;
    use super::*;

    fn pairs(amounts: &[u128]) -> Pairs {
        let count = u32::try_from(amounts.len()).unwrap();
        let columns = Columns {
            voters: (0..count).collect(),
            projects: vec![0; amounts.len()],
            amounts: amounts.to_vec(),
            voter_count: amounts.len(),
            project_count: 1,
        };
        Pairs::gather(&columns).unwrap()
    }

    #[test]
    fn all_arithmetics_agree_on_squares() {
        let pairs = pairs(&[100, 400, 2_500]);
        let exact = Arithmetic::Exact(Roots::finest(&pairs));
        for arithmetic in [Arithmetic::Exact(Roots::GRANTS_STACK), exact, Arithmetic::Float] {
            for (with_own, expected) in [(false, 3_400), (true, 6_400)] {
                let scores = Scoring { arithmetic, with_own }.scores(&pairs);
                assert_eq!(scores.units(0), Amount::from_base(expected));
                assert_eq!(scores.values[0], U256::from(expected) << scores.bits);
            }
        }
    }

    #[test]
    fn a_lone_voter_has_no_score_but_their_own() {
        for total in [0, 1, 7, 1 << 90, u128::MAX] {
            let pairs = pairs(&[total]);
            for arithmetic in [Arithmetic::Exact(Roots::finest(&pairs)), Arithmetic::Float] {
                let score = |with_own| Scoring { arithmetic, with_own }.scores(&pairs).units(0);
                assert_eq!(score(false), Amount::ZERO);
                let own = score(true).to_f64();
                assert!((own - total as f64).abs() <= 1e-9 * own.max(1.0), "{total} {own}");
            }
        }
    }

    #[test]
    fn the_largest_scores_fit() {
        let pairs = pairs(&[u128::MAX; 1_000]);
        for arithmetic in [Arithmetic::Exact(Roots::finest(&pairs)), Arithmetic::Float] {
            let score = Scoring { arithmetic, with_own: true }.scores(&pairs).float(0);
            let expected = 1e6 * u128::MAX as f64;
            assert!((score / expected - 1.0).abs() < 1e-12, "{score}");
        }
    }

    #[test]
    fn what_was_paid_is_taken_off() {
        let scores = Scores { values: vec![U256::from(11), U256::from(4), U256::ONE], bits: 1 };
        let less = scores.less(&[3, 2, 0].map(Amount::from_base));
        assert_eq!(less.values, [5_u64, 0, 1].map(U256::from));
    }
}
