//! Whom traders trade with: one market maker for all outcomes, or a pool for
//! each.

use allonet_core::money::Amount;
use serde::Serialize;

use super::concentrated::Concentrated;
use super::constant_product::ConstantProduct;
use super::lmsr::Lmsr;
use super::{MarketError, fixed};

/// Whom traders trade with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Maker {
    /// A logarithmic market scoring rule over all outcomes.
    Lmsr {
        /// Who put the subsidy in, and gets what is left.
        sponsor: String,
        /// The rule.
        rule: Lmsr,
        /// INVALID tokens of the sets it minted.
        invalid: Amount,
    },
    /// A pool of constant product for each outcome.
    ConstantProduct(Vec<ConstantProduct>),
    /// A pool of concentrated liquidity for each outcome.
    Concentrated(Vec<Concentrated>),
}

impl Maker {
    /// Prices of all outcomes; zero where a pool is empty.
    pub fn prices(&self) -> Vec<f64> {
        match self {
            Self::Lmsr { rule, .. } => rule.prices(),
            Self::ConstantProduct(pools) => {
                pools.iter().map(|pool| pool.price().unwrap_or(0.0)).collect()
            }
            Self::Concentrated(pools) => {
                pools.iter().map(|pool| pool.price().unwrap_or(0.0)).collect()
            }
        }
    }

    /// Takes money and gives tokens of an outcome.
    pub fn buy(&mut self, outcome: usize, money: Amount) -> Result<Amount, MarketError> {
        match self {
            Self::Lmsr { rule, invalid, .. } => {
                let more = invalid.add(money, "INVALID tokens")?;
                let bought = rule.buy(outcome, money)?;
                *invalid = more;
                Ok(bought)
            }
            Self::ConstantProduct(pools) => pools[outcome].buy(money),
            Self::Concentrated(pools) => pools[outcome].buy(money),
        }
    }

    /// Takes tokens of an outcome and gives money.
    pub fn sell(&mut self, outcome: usize, tokens: Amount) -> Result<Amount, MarketError> {
        match self {
            Self::Lmsr { rule, invalid, .. } => {
                let paid = rule.proceeds(outcome, tokens)?;
                let Ok(rest) = invalid.sub(paid, "INVALID tokens") else {
                    let outcome = super::payout::INVALID.to_owned();
                    return Err(MarketError::OutOfTokens { outcome });
                };
                let paid = rule.sell(outcome, tokens)?;
                *invalid = rest;
                Ok(paid)
            }
            Self::ConstantProduct(pools) => pools[outcome].sell(tokens),
            Self::Concentrated(pools) => pools[outcome].sell(tokens),
        }
    }

    /// Money that brings an outcome's price up to this one.
    pub fn money_until(&self, outcome: usize, price: f64) -> Result<Amount, MarketError> {
        match self {
            Self::Lmsr { rule, .. } => rule.money_until(outcome, price),
            Self::ConstantProduct(pools) => pools[outcome].money_until(price),
            Self::Concentrated(pools) => pools[outcome].money_until(price),
        }
    }

    /// Tokens that bring an outcome's price down to this one.
    pub fn tokens_until(&self, outcome: usize, price: f64) -> Result<Amount, MarketError> {
        match self {
            Self::Lmsr { rule, .. } => rule.tokens_until(outcome, price),
            Self::ConstantProduct(pools) => pools[outcome].tokens_until(price),
            Self::Concentrated(pools) => pools[outcome].tokens_until(price),
        }
    }

    /// Money that moves each price up by a tenth (or half of the way to one);
    /// zero where nothing can be traded.
    pub fn depths(&self) -> Vec<f64> {
        let aim = |price: f64| (price * 1.1).min(f64::midpoint(price, 1.0));
        let money = |(outcome, price): (usize, &f64)| {
            self.money_until(outcome, aim(*price)).map_or(0.0, Amount::to_f64)
        };
        self.prices().iter().enumerate().map(money).collect()
    }

    /// Collateral in pools; an LMSR has turned all of it into sets.
    pub fn collateral(&self) -> Result<Amount, MarketError> {
        let held: Vec<Amount> = match self {
            Self::Lmsr { .. } => Vec::new(),
            Self::ConstantProduct(pools) => {
                pools.iter().map(|pool| pool.holds().collateral).collect()
            }
            Self::Concentrated(pools) => pools.iter().map(|pool| pool.holds().collateral).collect(),
        };
        Ok(Amount::sum(held, "collateral in pools")?)
    }

    /// Tokens it holds of each outcome, the INVALID ones last.
    pub fn tokens(&self) -> Vec<Amount> {
        let (mut held, invalid): (Vec<Amount>, Amount) = match self {
            Self::Lmsr { rule, invalid, .. } => (rule.tokens().to_vec(), *invalid),
            Self::ConstantProduct(pools) => {
                (pools.iter().map(|pool| pool.holds().tokens).collect(), Amount::ZERO)
            }
            Self::Concentrated(pools) => {
                (pools.iter().map(|pool| pool.holds().tokens).collect(), Amount::ZERO)
            }
        };
        held.push(invalid);
        held
    }

    /// What a pool is called on its own.
    pub(super) fn pools(
        kind: &PoolKind,
        outcomes: usize,
        fee_ppm: u32,
    ) -> Result<Self, MarketError> {
        fixed::checked_fee(fee_ppm)?;
        Ok(match kind {
            PoolKind::ConstantProduct => {
                Self::ConstantProduct(vec![ConstantProduct::new(fee_ppm)?; outcomes])
            }
            PoolKind::Concentrated => {
                Self::Concentrated(vec![Concentrated::new(fee_ppm)?; outcomes])
            }
        })
    }
}

/// What kind of pools a market has.
pub(super) enum PoolKind {
    ConstantProduct,
    Concentrated,
}
