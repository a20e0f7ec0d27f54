//! A pool of constant product: tokens of one outcome against collateral.
//!
//! # Formula
//!
//! ```text
//! price           p = y / x                 x tokens, y collateral
//! out for in      ⌊in γ R_out / (R_in + in γ)⌋,   γ = 1 − fee
//! until price P   y (√(P/p) − 1) / γ collateral, or x (√(p/P) − 1) / γ tokens
//! ```
//!
//! # Units and rounding
//!
//! Whole base units throughout, products in 512 bits; what a trader gets is
//! rounded down. The fee stays in the pool, so `x y` never falls. The money
//! until a price is computed in `f64` and rounded down: it guides a decision.
//! Liquidity counts in shares, `⌊√(x y)⌋` for the first provider, then in
//! proportion; what a provider has to add is rounded up, what is given back
//! rounded down, and the last one to leave takes the rest.
//!
//! # Known weaknesses
//!
//! * Providers lose everything on one side when the outcome's price moves far;
//!   nothing bounds their loss but what they put in.
//! * A pool of little depth is cheap to push; see
//!   [`simulate`](super::simulate).
//!
//! # Sources
//!
//! * Uniswap v2, `getAmountOut` (there the fee is 3,000 ppm), and its
//!   whitepaper (Adams, Zinsmeister, Robinson 2020), §2 and §3.

use std::collections::BTreeMap;

use allonet_core::money::Amount;
use ruint::aliases::U256;
use serde::Serialize;

use super::MarketError;
use super::fixed::{PPM, checked, checked_fee, floor, mul_div, mul_div_up};
use super::lmsr::checked_price;

/// A pool of one outcome's tokens and collateral.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ConstantProduct {
    fee_ppm: u32,
    tokens: Amount,
    collateral: Amount,
    /// Who provided the liquidity, in shares.
    shares: BTreeMap<String, Amount>,
}

/// Tokens and collateral that leave or enter a pool together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Pair {
    /// Tokens of the outcome.
    pub tokens: Amount,
    /// Collateral.
    pub collateral: Amount,
}

impl ConstantProduct {
    /// An empty pool that takes this fee of what comes in.
    pub fn new(fee_ppm: u32) -> Result<Self, MarketError> {
        let fee_ppm = checked_fee(fee_ppm)?;
        let (tokens, collateral) = (Amount::ZERO, Amount::ZERO);
        Ok(Self { fee_ppm, tokens, collateral, shares: BTreeMap::new() })
    }

    /// What is in it.
    pub fn holds(&self) -> Pair {
        Pair { tokens: self.tokens, collateral: self.collateral }
    }

    /// Collateral for a token, for show and decisions; none in an empty pool.
    pub fn price(&self) -> Option<f64> {
        (!self.tokens.is_zero()).then(|| self.collateral.to_f64() / self.tokens.to_f64())
    }

    /// Takes money and gives tokens.
    pub fn buy(&mut self, money: Amount) -> Result<Amount, MarketError> {
        let out = self.out(money, self.collateral, self.tokens)?;
        self.collateral = stocked(self.collateral, money)?;
        self.tokens = self.tokens.sub(out, "tokens in a pool")?;
        Ok(out)
    }

    /// Takes tokens and gives money.
    pub fn sell(&mut self, tokens: Amount) -> Result<Amount, MarketError> {
        let out = self.out(tokens, self.tokens, self.collateral)?;
        self.tokens = stocked(self.tokens, tokens)?;
        self.collateral = self.collateral.sub(out, "collateral in a pool")?;
        Ok(out)
    }

    /// Money that brings the price up to this one; nothing where it is there.
    pub fn money_until(&self, price: f64) -> Result<Amount, MarketError> {
        let price = checked_price(price)?;
        let now = self.price().ok_or_else(no_liquidity)?;
        Ok(floor(self.collateral.to_f64() * ((price / now).sqrt() - 1.0) / self.keeps()))
    }

    /// Tokens that bring the price down to this one; nothing where it is there.
    pub fn tokens_until(&self, price: f64) -> Result<Amount, MarketError> {
        let price = checked_price(price)?;
        let now = self.price().ok_or_else(no_liquidity)?;
        Ok(floor(self.tokens.to_f64() * ((now / price).sqrt() - 1.0) / self.keeps()))
    }

    /// Adds liquidity of at most these amounts; gives what was taken. In a pool
    /// that is not empty it keeps the price.
    pub fn add(&mut self, owner: &str, most: Pair) -> Result<Pair, MarketError> {
        checked(most.tokens, "the tokens to add")?;
        checked(most.collateral, "the collateral to add")?;
        let (x, y) = (most.tokens.to_u256(), most.collateral.to_u256());
        let total = Amount::sum(self.shares.values().copied(), "shares of a pool")?.to_u256();
        let (shares, taken) = if total.is_zero() {
            ((x * y).root(2), most)
        } else {
            let (held_x, held_y) = (self.tokens.to_u256(), self.collateral.to_u256());
            let shares = mul_div(x, total, held_x)?.min(mul_div(y, total, held_y)?);
            let tokens = Amount::from_u256(mul_div_up(shares, held_x, total)?);
            let collateral = Amount::from_u256(mul_div_up(shares, held_y, total)?);
            (shares, Pair { tokens, collateral })
        };
        if shares.is_zero() {
            return Err(MarketError::TooSmall { amount: most.tokens.min(most.collateral) });
        }
        let (tokens, collateral) =
            (stocked(self.tokens, taken.tokens)?, stocked(self.collateral, taken.collateral)?);
        let owned = self.shares.entry(owner.to_owned()).or_default();
        *owned = owned.add(Amount::from_u256(shares), "shares of a pool")?;
        (self.tokens, self.collateral) = (tokens, collateral);
        Ok(taken)
    }

    /// Shares of a provider; the pool's last share is worth all that is left.
    pub fn shares(&self, owner: &str) -> Amount {
        self.shares.get(owner).copied().unwrap_or_default()
    }

    /// Gives so many shares' part of the pool back.
    pub fn remove(&mut self, owner: &str, shares: Amount) -> Result<Pair, MarketError> {
        checked(shares, "the number of shares")?;
        let held = self.shares(owner);
        if held < shares {
            let (trader, what) = (owner.to_owned(), "shares of the pool".to_owned());
            return Err(MarketError::NotHeld { trader, what, held, asked: shares });
        }
        let total = Amount::sum(self.shares.values().copied(), "shares of a pool")?.to_u256();
        let part = |whole: Amount| whole.mul_div(shares.to_u256(), total, "a part of a pool");
        let out = Pair { tokens: part(self.tokens)?, collateral: part(self.collateral)? };
        self.tokens = self.tokens.sub(out.tokens, "tokens in a pool")?;
        self.collateral = self.collateral.sub(out.collateral, "collateral in a pool")?;
        if held == shares {
            self.shares.remove(owner);
        } else {
            self.shares.insert(owner.to_owned(), held.sub(shares, "shares of a pool")?);
        }
        Ok(out)
    }

    /// Gives all back, by provider.
    pub fn close(&mut self) -> Result<Vec<(String, Pair)>, MarketError> {
        let owners: Vec<String> = self.shares.keys().cloned().collect();
        owners
            .into_iter()
            .map(|owner| {
                let shares = self.shares(&owner);
                self.remove(&owner, shares).map(|pair| (owner, pair))
            })
            .collect()
    }

    /// `in γ R_out / (R_in + in γ)`, rounded down.
    fn out(
        &self,
        given: Amount,
        stock_in: Amount,
        stock_out: Amount,
    ) -> Result<Amount, MarketError> {
        checked(given, "the amount to trade")?;
        if stock_in.is_zero() || stock_out.is_zero() {
            return Err(no_liquidity());
        }
        // Amounts are below 2^128, so that the denominator is below 2^149.
        let kept = given.to_u256() * U256::from(PPM - self.fee_ppm);
        let whole = stock_in.to_u256() * U256::from(PPM) + kept;
        let out = stock_out.mul_div(kept, whole, "a swap")?;
        if out.is_zero() { Err(MarketError::TooSmall { amount: given }) } else { Ok(out) }
    }

    fn keeps(&self) -> f64 {
        f64::from(PPM - self.fee_ppm) / f64::from(PPM)
    }
}

fn no_liquidity() -> MarketError {
    MarketError::NoLiquidity { what: "the pool".to_owned() }
}

fn stocked(stock: Amount, more: Amount) -> Result<Amount, MarketError> {
    checked(stock.add(more, "a pool's stock")?, "a pool's stock")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn base(units: u128) -> Amount {
        Amount::from_base(units)
    }

    fn pool(fee_ppm: u32, tokens: u128, collateral: u128) -> ConstantProduct {
        let mut pool = ConstantProduct::new(fee_ppm).unwrap();
        pool.add("ann", Pair { tokens: base(tokens), collateral: base(collateral) }).unwrap();
        pool
    }

    #[test]
    fn swaps_by_hand() {
        // Uniswap v2's 0.3%: 1,000 in, 5,000 against 10,000: 997·10000/5997 = 1662.
        let mut small = pool(3_000, 10_000, 5_000);
        assert_eq!(small.buy(base(1_000)), Ok(base(1_662)));
        assert_eq!(small.holds(), Pair { tokens: base(8_338), collateral: base(6_000) });
        // Without a fee, 100 against 400: 100·100/200 = 50.
        let mut free = pool(0, 400, 100);
        assert_eq!(free.sell(base(400)), Ok(base(50)));
        assert!((free.price().unwrap() - 50.0 / 800.0).abs() < 1e-15);
    }

    #[test]
    fn moving_to_a_price_by_hand() {
        // 1/4 to 4/9: 10⁶ (√(16/9) − 1) = 333,333, and 1% more with the fee.
        let mut free = pool(0, 4_000_000, 1_000_000);
        assert_eq!(free.money_until(4.0 / 9.0), Ok(base(333_333)));
        free.buy(base(333_333)).unwrap();
        assert!((free.price().unwrap() - 4.0 / 9.0).abs() < 1e-6);
        let dear = pool(10_000, 4_000_000, 1_000_000);
        assert_eq!(dear.money_until(4.0 / 9.0), Ok(base(336_700)));
        // 1/4 to 1/9: 4·10⁶ (1.5 − 1) tokens.
        let mut free = pool(0, 4_000_000, 1_000_000);
        let tokens = free.tokens_until(1.0 / 9.0).unwrap();
        assert!((1_999_999..=2_000_000).contains(&tokens.to_u128().unwrap()));
        free.sell(tokens).unwrap();
        assert!((free.price().unwrap() - 1.0 / 9.0).abs() < 1e-6);
        assert_eq!(dear.money_until(0.2), Ok(Amount::ZERO));
    }

    #[test]
    fn providers_share_in_proportion_and_the_last_takes_the_rest() {
        let mut pool = pool(10_000, 900, 100);
        assert_eq!(pool.shares("ann"), base(300));
        let most = Pair { tokens: base(1_000), collateral: base(50) };
        let taken = pool.add("bob", most).unwrap();
        assert_eq!(taken, Pair { tokens: base(450), collateral: base(50) });
        pool.buy(base(77)).unwrap();
        let whole = pool.holds();
        let closed = pool.close().unwrap();
        assert_eq!(closed.len(), 2);
        let tokens = closed[0].1.tokens.add(closed[1].1.tokens, "").unwrap();
        assert_eq!(tokens, whole.tokens);
        assert_eq!(pool.holds(), Pair::default());
    }

    #[test]
    fn what_cannot_be_traded_is_refused() {
        assert!(matches!(ConstantProduct::new(1_000_000), Err(MarketError::Fee { .. })));
        let mut empty = ConstantProduct::new(0).unwrap();
        assert!(matches!(empty.buy(base(5)), Err(MarketError::NoLiquidity { .. })));
        assert!(empty.price().is_none() && empty.money_until(0.5).is_err());
        let mut pool = pool(10_000, 1_000_000, 10);
        assert!(matches!(pool.sell(base(1)), Err(MarketError::TooSmall { .. })));
        assert!(matches!(pool.buy(Amount::ZERO), Err(MarketError::Nothing { .. })));
        assert!(matches!(pool.buy(base(u128::MAX)), Err(MarketError::TooLarge { .. })));
        assert!(matches!(pool.remove("bob", base(1)), Err(MarketError::NotHeld { .. })));
        let most = Pair { tokens: base(1), collateral: base(1) };
        assert!(pool.add("bob", most).is_err() || pool.shares("bob") > Amount::ZERO);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn the_product_never_falls(
            tokens in 1_000_u128..1 << 90, collateral in 1_000_u128..1 << 90,
            fee in 0_u32..1_000_000,
            trades in prop::collection::vec((1_u128..1 << 90, any::<bool>()), 1..20),
        ) {
            let mut pool = pool(fee, tokens, collateral);
            let product = |pool: &ConstantProduct| {
                pool.holds().tokens.to_u256() * pool.holds().collateral.to_u256()
            };
            for (amount, buys) in trades {
                let before = product(&pool);
                let _ = if buys { pool.buy(base(amount)) } else { pool.sell(base(amount)) };
                prop_assert!(product(&pool) >= before);
            }
        }
    }
}
