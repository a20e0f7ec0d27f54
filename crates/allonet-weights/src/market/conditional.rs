//! Markets within markets: tokens of one are the collateral of another.
//!
//! # Formula
//!
//! ```text
//! originality   1 → S_1 … S_n      S_j pays 1/s if j is one of the s judged, else 0
//!               S_j → UP_j, DOWN_j pay ô_j and 1 − ô_j of what S_j pays
//! dependencies  S_j → W_j1 … W_jm  pay ŵ_jk of what S_j pays
//! others        1 → W_1 … W_k, REST;  REST → W_k+1 … W_n
//! leverage      n / s: S_j costs 1/n where all are judged alike, and pays 1/s
//! ```
//!
//! Only what is judged is paid, so that a jury that looks at a few decides
//! about all money, and a trader who is right there earns `n / s` times what
//! the same trade earns in a market that judges everything.
//!
//! # Units and rounding
//!
//! [`Nested::settle`] divides the collateral of the top from level to level by
//! largest remainder: the leaves add up to it exactly.
//!
//! # Known weaknesses
//!
//! * What is judged must be chosen at random after trading ends; who knows the
//!   choice before knows where no answer will ever come.
//!
//! # Sources
//!
//! * Deep Funding's markets on Seer, as described on ethresear.ch (23101).
//!
//! # Example
//!
//! ```
//! use allonet_core::money::Amount;
//! use allonet_weights::market::conditional::{Judged, leverage, originality};
//!
//! // Four projects, two judged: 30% and 80% are their own work.
//! let judged = [Judged { place: 0, parts: vec![3, 7] }, Judged { place: 2, parts: vec![8, 2] }];
//! let market = originality(4, &judged)?;
//! let paid = market.settle(Amount::from_base(100))?;
//! let of = |path: &[usize]| paid[path].to_u128();
//! assert_eq!((of(&[0, 0]), of(&[0, 1]), of(&[1])), (Some(15), Some(35), Some(0)));
//! assert_eq!((of(&[2, 0]), of(&[2, 1])), (Some(40), Some(10)));
//! assert_eq!(leverage(4, judged.len()), Some(2.0));
//! # Ok::<(), allonet_weights::market::MarketError>(())
//! ```

use std::collections::BTreeMap;

use allonet_core::money::Amount;

use super::{MarketError, Payout};

/// A market whose tokens may be the collateral of further markets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nested {
    payout: Payout,
    /// Markets on a token, by the token's place.
    inner: BTreeMap<usize, Nested>,
}

/// A judged outcome of a parent market, and how its own tokens are paid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// Its place in the parent market.
    pub place: usize,
    /// In what proportion its tokens are paid: UP and DOWN, or the dependencies.
    pub parts: Vec<u128>,
}

/// Parent tokens for all, of which the judged ones share the collateral
/// equally and pass it on to their own tokens.
pub fn originality(total: usize, judged: &[Judged]) -> Result<Nested, MarketError> {
    let mut answers = vec![Some(0); total];
    for judged in judged {
        let answer = answers.get_mut(judged.place);
        let wanted = MarketError::Answers { found: judged.place + 1, wanted: total };
        let answer = answer.ok_or(wanted)?;
        if answer.replace(1) == Some(1) {
            let name = format!("place {}", judged.place);
            return Err(MarketError::DoubleOutcome { name });
        }
    }
    let mut market = Nested::new(Payout::multi_scalar(&answers)?);
    for judged in judged {
        let parts: Vec<_> = judged.parts.iter().map(|part| Some(*part)).collect();
        market = market.with(judged.place, Nested::new(Payout::multi_scalar(&parts)?))?;
    }
    Ok(market)
}

/// How many times more a right trade earns than where all are judged; none
/// where none is.
pub fn leverage(total: usize, judged: usize) -> Option<f64> {
    (judged > 0).then(|| total as f64 / judged as f64)
}

impl Nested {
    /// A market of its own.
    pub fn new(payout: Payout) -> Self {
        Self { payout, inner: BTreeMap::new() }
    }

    /// With a market whose collateral are the tokens of this place, such as
    /// the one of "other repositories".
    pub fn with(mut self, place: usize, inner: Self) -> Result<Self, MarketError> {
        let wanted = self.payout.numerators().len();
        if place >= wanted {
            return Err(MarketError::Answers { found: place + 1, wanted });
        }
        self.inner.insert(place, inner);
        Ok(self)
    }

    /// What all tokens of each leaf are paid of so much collateral, by their
    /// path from the top.
    pub fn settle(&self, collateral: Amount) -> Result<BTreeMap<Vec<usize>, Amount>, MarketError> {
        let mut paid = BTreeMap::new();
        let mut open = vec![(Vec::new(), self, collateral)];
        while let Some((path, market, collateral)) = open.pop() {
            for (place, part) in market.payout.by_outcome(collateral)?.into_iter().enumerate() {
                let mut path: Vec<usize> = path.clone();
                path.push(place);
                match market.inner.get(&place) {
                    Some(inner) => open.push((path, inner, part)),
                    None => drop(paid.insert(path, part)),
                }
            }
        }
        Ok(paid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base(units: u128) -> Amount {
        Amount::from_base(units)
    }

    #[test]
    fn the_rest_of_a_list_is_a_market_within() {
        // 0.5, 0.3 and 0.2 for the rest, of which 3/4 and 1/4.
        let rest = Payout::multi_scalar(&[Some(3), Some(1)]).unwrap();
        let all = Payout::multi_scalar(&[Some(5), Some(3), Some(2)]).unwrap();
        let market = Nested::new(all).with(2, Nested::new(rest)).unwrap();
        let paid = market.settle(base(1_000)).unwrap();
        assert_eq!(paid[[0].as_slice()], base(500));
        assert_eq!(paid[[2, 0].as_slice()], base(150));
        assert_eq!(paid[[2, 1].as_slice()], base(50));
        assert_eq!(Amount::sum(paid.into_values(), "").unwrap(), base(1_000));
    }

    #[test]
    fn shares_of_judged_projects_are_those_of_their_dependencies() {
        let judged = [Judged { place: 1, parts: vec![1, 1, 2] }];
        let paid = originality(3, &judged).unwrap().settle(base(101)).unwrap();
        assert_eq!(paid[[0].as_slice()], base(0));
        let inner: Vec<_> = (0..4).map(|at| paid[[1, at].as_slice()].to_u128().unwrap()).collect();
        assert_eq!(inner, [25, 25, 51, 0]);
    }

    #[test]
    fn a_judged_project_without_an_answer_pays_its_invalid_token() {
        let judged = [Judged { place: 0, parts: vec![0, 0] }];
        let paid = originality(2, &judged).unwrap().settle(base(10)).unwrap();
        assert_eq!(paid[[0, 2].as_slice()], base(10));
        // None judged at all: the parent's INVALID token.
        let paid = originality(2, &[]).unwrap().settle(base(10)).unwrap();
        assert_eq!(paid[[2].as_slice()], base(10));
        assert!((leverage(3_677, 685).unwrap() - 5.367_883).abs() < 1e-6);
        assert_eq!(leverage(3, 0), None);
    }

    #[test]
    fn what_does_not_exist_cannot_be_judged() {
        let judged = |place| Judged { place, parts: vec![1, 1] };
        assert!(matches!(originality(2, &[judged(2)]), Err(MarketError::Answers { .. })));
        let twice = originality(3, &[judged(1), judged(1)]);
        assert!(matches!(twice, Err(MarketError::DoubleOutcome { .. })));
        assert!(originality(1, &[judged(0)]).is_err());
    }
}
