//! The logarithmic market scoring rule: a market maker that always quotes a
//! price for every outcome and loses no more than was put in.
//!
//! # Formula
//!
//! ```text
//! cost          C(q) = b ln Σ e^{q_i / b}          q: tokens sold
//! price         p_i  = e^{q_i / b} / Σ e^{q_j / b}
//! buy Δ of i    C(q + Δ) − C(q) = b ln(1 + p_i (e^{Δ/b} − 1))
//! for money m   Δ = b ln(1 + (e^{m/b} − 1) / p_i)
//! most lost     b ln n
//! ```
//!
//! The maker turns all of its collateral into complete sets, and holds `t_i`
//! tokens of each outcome: at first `⌈b ln n⌉` of each. Who buys pays `m`, the
//! maker mints `m` sets and hands `Δ` tokens over. Then `Σ e^{−t_i / b} ≤ 1`
//! always, so that no `t_i` is ever negative: every token is backed, and the
//! sponsor's loss is at most what was put in.
//!
//! # Units and rounding
//!
//! Tokens and collateral are whole base units. The formulas are evaluated in
//! `f64` with relative errors below 10⁻¹², and results are moved by 2⁻⁴⁰
//! (about 10⁻¹²) and rounded to base units against the trader: costs up, what
//! a trader gets down.
//!
//! # Known weaknesses
//!
//! * Where budgets are small against `b`, who comes first earns most of the
//!   subsidy; see [`simulate`](super::simulate).
//! * `b` is chosen by hand: small, and noise moves prices far; large, and the
//!   subsidy is large and prices hardly move.
//!
//! # Sources
//!
//! * Hanson (2003), *Combinatorial information market design*; Hanson (2007),
//!   *Logarithmic market scoring rules for modular combinatorial information
//!   aggregation*.
//! * Chen and Pennock (2007), *A utility framework for bounded-loss market
//!   makers* (cost functions).
//!
//! # Example
//!
//! ```
//! use allonet_core::money::Amount;
//! use allonet_weights::market::Lmsr;
//!
//! // b = 100, two outcomes: the sponsor puts in 100 ln 2 = 69.3, so 70.
//! let mut maker = Lmsr::new(Amount::from_base(100), 2)?;
//! assert_eq!(maker.subsidy(), Amount::from_base(70));
//! // 100 ln(1 + (e − 1) / 2) = 62.01, rounded up.
//! assert_eq!(maker.cost(0, Amount::from_base(100))?, Amount::from_base(63));
//! assert_eq!(maker.price(0), 0.5);
//! # Ok::<(), allonet_weights::market::MarketError>(())
//! ```

use allonet_core::maths;
use allonet_core::money::Amount;
use serde::Serialize;

use super::MarketError;
use super::fixed::{ceil, checked, floor};

/// By how much results are moved against the trader before they are rounded:
/// more than the error of the formulas.
const MARGIN: f64 = 1.0 / (1_u64 << 40) as f64;

/// A logarithmic market scoring rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Lmsr {
    liquidity: Amount,
    subsidy: Amount,
    /// Tokens of each outcome it holds.
    tokens: Vec<Amount>,
}

impl Lmsr {
    /// Of liquidity `b` in base units, over so many outcomes at equal prices.
    pub fn new(liquidity: Amount, outcomes: usize) -> Result<Self, MarketError> {
        if outcomes < 2 {
            return Err(MarketError::Outcomes { found: outcomes });
        }
        let liquidity = checked(liquidity, "the liquidity")?;
        let most = liquidity.to_f64() * maths::ln(outcomes as f64);
        let subsidy = ceil(most * (1.0 + MARGIN));
        Ok(Self { liquidity, subsidy, tokens: vec![subsidy; outcomes] })
    }

    /// What the sponsor puts in and can lose, `⌈b ln n⌉`.
    pub fn subsidy(&self) -> Amount {
        self.subsidy
    }

    /// Its `b` in base units.
    pub fn liquidity(&self) -> Amount {
        self.liquidity
    }

    /// Tokens of each outcome that it holds.
    pub fn tokens(&self) -> &[Amount] {
        &self.tokens
    }

    /// The price of an outcome, for show and for decisions.
    pub fn price(&self, outcome: usize) -> f64 {
        maths::exp(self.log_price(outcome).0)
    }

    /// All prices; they add up to one.
    pub fn prices(&self) -> Vec<f64> {
        let (logs, sum) = self.logs();
        logs.iter().map(|log| maths::exp(*log) / sum).collect()
    }

    /// What so many tokens of an outcome cost, rounded up.
    pub fn cost(&self, outcome: usize, tokens: Amount) -> Result<Amount, MarketError> {
        let tokens = checked(tokens, "the number of tokens")?;
        let (log_price, others) = self.log_price(outcome);
        let b = self.liquidity.to_f64();
        let x = tokens.to_f64() / b;
        Ok(ceil(b * log_mix(log_price, others, x) * (1.0 + MARGIN)))
    }

    /// How many tokens of an outcome so much money buys, rounded down.
    pub fn tokens_for(&self, outcome: usize, money: Amount) -> Result<Amount, MarketError> {
        let money = checked(money, "the money")?;
        let (log_price, _) = self.log_price(outcome);
        let b = self.liquidity.to_f64();
        let log = log_exp_m1(money.to_f64() / b) - log_price;
        let x = if log > 0.0 {
            log + maths::ln_1p(maths::exp(-log))
        } else {
            maths::ln_1p(maths::exp(log))
        };
        // Of the mint's sets a whole one is handed over beside those held before.
        let most = self.tokens[outcome].add(money, "tokens of a market maker")?;
        Ok(floor(b * x * (1.0 - MARGIN)).min(most))
    }

    /// What the maker pays for so many tokens of an outcome, rounded down.
    pub fn proceeds(&self, outcome: usize, tokens: Amount) -> Result<Amount, MarketError> {
        let tokens = checked(tokens, "the number of tokens")?;
        let (log_price, others) = self.log_price(outcome);
        let b = self.liquidity.to_f64();
        let gain = -log_mix(log_price, others, -tokens.to_f64() / b);
        Ok(floor(b * gain * (1.0 - MARGIN)))
    }

    /// Takes money and gives tokens.
    pub fn buy(&mut self, outcome: usize, money: Amount) -> Result<Amount, MarketError> {
        let bought = self.tokens_for(outcome, money)?;
        if bought.is_zero() {
            return Err(MarketError::TooSmall { amount: money });
        }
        let mut tokens = self.tokens.clone();
        for held in &mut tokens {
            *held =
                checked(held.add(money, "tokens of a market maker")?, "a market maker's stock")?;
        }
        tokens[outcome] = tokens[outcome].sub(bought, "tokens of a market maker")?;
        self.tokens = tokens;
        Ok(bought)
    }

    /// Takes tokens and gives money.
    pub fn sell(&mut self, outcome: usize, tokens: Amount) -> Result<Amount, MarketError> {
        let paid = self.proceeds(outcome, tokens)?;
        if paid.is_zero() {
            return Err(MarketError::TooSmall { amount: tokens });
        }
        let mut held = self.tokens.clone();
        let more = held[outcome].add(tokens, "tokens of a market maker")?;
        held[outcome] = checked(more, "a market maker's stock")?;
        for held in &mut held {
            *held = held.sub(paid, "tokens of a market maker")?;
        }
        self.tokens = held;
        Ok(paid)
    }

    /// Money that brings the price of an outcome up to this one; nothing where
    /// it is there already. `m = b ln((1 − p) / (1 − p'))`.
    pub fn money_until(&self, outcome: usize, price: f64) -> Result<Amount, MarketError> {
        let price = checked_price(price)?;
        let (_, others) = self.log_price(outcome);
        let m = self.liquidity.to_f64() * (maths::ln(others) - maths::ln(1.0 - price));
        Ok(floor(m))
    }

    /// Tokens that bring the price of an outcome down to this one; nothing where
    /// it is there already. `Δ = b (ln odds(p) − ln odds(p'))`.
    pub fn tokens_until(&self, outcome: usize, price: f64) -> Result<Amount, MarketError> {
        let price = checked_price(price)?;
        let (log_price, others) = self.log_price(outcome);
        let odds = log_price - maths::ln(others);
        Ok(floor(self.liquidity.to_f64() * (odds - maths::ln(price) + maths::ln(1.0 - price))))
    }

    /// The logarithm of an outcome's price, and the price of all others.
    fn log_price(&self, outcome: usize) -> (f64, f64) {
        let (logs, sum) = self.logs();
        let others = (0..logs.len()).filter(|at| *at != outcome).map(|at| maths::exp(logs[at]));
        (logs[outcome] - maths::ln(sum), maths::sum(others) / sum)
    }

    /// `−t_i / b`, the largest of them zero, and the sum of their exponentials.
    fn logs(&self) -> (Vec<f64>, f64) {
        let least = *self.tokens.iter().min().expect("there are two outcomes");
        let b = self.liquidity.to_f64();
        let logs: Vec<f64> =
            self.tokens.iter().map(|held| -held.saturating_sub(least).to_f64() / b).collect();
        let sum = maths::sum(logs.iter().map(|log| maths::exp(*log)));
        (logs, sum)
    }
}

/// A price that can be aimed at.
pub(super) fn checked_price(price: f64) -> Result<f64, MarketError> {
    if price > 0.0 && price < 1.0 { Ok(price) } else { Err(MarketError::Price { found: price }) }
}

/// `ln(1 − p + p eˣ)`, for `p = e^{log_p}` and `others = 1 − p`.
fn log_mix(log_p: f64, others: f64, x: f64) -> f64 {
    if x < 700.0 {
        let shift = maths::exp(log_p) * maths::exp_m1(x);
        // Near −1 the sum itself has the digits that `1 + shift` has lost.
        return if shift > -0.5 {
            maths::ln_1p(shift)
        } else {
            maths::ln(others + maths::exp(log_p + x))
        };
    }
    let up = log_p + x;
    if up > 0.0 {
        up + maths::ln_1p(others * maths::exp(-up))
    } else {
        maths::ln_1p(maths::exp(up))
    }
}

/// `ln(eʸ − 1)` for `y > 0`.
fn log_exp_m1(y: f64) -> f64 {
    if y > 1.0 { y + maths::ln_1p(-maths::exp(-y)) } else { maths::ln(maths::exp_m1(y)) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn base(units: u128) -> Amount {
        Amount::from_base(units)
    }

    /// `b ln Σ e^{q/b}` from its definition.
    fn slow_cost(b: f64, q: &[f64]) -> f64 {
        b * maths::ln(q.iter().map(|q| maths::exp(q / b)).sum())
    }

    #[test]
    fn two_outcomes_by_hand() {
        let mut maker = Lmsr::new(base(1_000_000), 2).unwrap();
        assert_eq!(maker.subsidy(), base(693_148));
        // 10⁶ ln(1 + (e − 1)/2) = 620,114.5…
        assert_eq!(maker.cost(0, base(1_000_000)), Ok(base(620_115)));
        let bought = maker.buy(0, base(620_115)).unwrap();
        assert!((1_000_000..=1_000_001).contains(&bought.to_u128().unwrap()), "{bought}");
        // e / (1 + e) = 0.731058…
        assert!((maker.price(0) - 0.731_058_6).abs() < 1e-6);
        assert!(maker.sell(0, bought).unwrap() <= base(620_115));
    }

    #[test]
    fn moving_to_a_price_takes_what_the_formula_says() {
        let mut maker = Lmsr::new(base(1_000_000), 4).unwrap();
        // From 1/4 to 1/2: 10⁶ ln(0.75 / 0.5) = 405,465.1.
        let money = maker.money_until(2, 0.5).unwrap();
        assert_eq!(money, base(405_465));
        maker.buy(2, money).unwrap();
        assert!((maker.price(2) - 0.5).abs() < 1e-6 && (maker.price(0) - 1.0 / 6.0).abs() < 1e-6);
        let back = maker.tokens_until(2, 0.25).unwrap();
        maker.sell(2, back).unwrap();
        assert!((maker.price(2) - 0.25).abs() < 1e-6);
        assert_eq!(maker.money_until(2, 0.1), Ok(Amount::ZERO));
    }

    #[test]
    fn extreme_sizes_are_answered_or_refused() {
        assert!(matches!(Lmsr::new(Amount::ZERO, 2), Err(MarketError::Nothing { .. })));
        assert!(matches!(Lmsr::new(base(1), 1), Err(MarketError::Outcomes { found: 1 })));
        assert!(matches!(Lmsr::new(Amount::MAX, 2), Err(MarketError::TooLarge { .. })));
        let mut maker = Lmsr::new(base(10), 3).unwrap();
        // Far above b money buys nearly as many tokens, and prices reach one.
        let bought = maker.buy(1, base(1 << 100)).unwrap();
        assert!(bought > base(1 << 99) && maker.price(1) > 0.999_999);
        assert!(maker.price(0) >= 0.0 && maker.tokens()[1] >= Amount::ZERO);
        assert!(maker.buy(0, base(5)).is_ok_and(|bought| bought > base(1 << 90)));
        let mut maker = Lmsr::new(base(10), 3).unwrap();
        assert!(matches!(maker.sell(0, base(1)), Err(MarketError::TooSmall { .. })));
        assert!(matches!(maker.buy(0, Amount::MAX), Err(MarketError::TooLarge { .. })));
        assert!(maker.money_until(0, 1.0).is_err() && maker.tokens_until(0, f64::NAN).is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// Whatever is traded, every token is backed: the sponsor loses at most
        /// what was put in, which is within a unit of `b ln n`.
        #[test]
        fn the_loss_is_bounded(
            n in 2_usize..8,
            b in 1_u64..1_000_000,
            trades in prop::collection::vec((0_usize..8, 1_u64..5_000_000, any::<bool>()), 1..40),
        ) {
            let mut maker = Lmsr::new(base(u128::from(b)), n).unwrap();
            let most = b as f64 * maths::ln(n as f64);
            prop_assert!(maker.subsidy().to_f64() <= (most * (1.0 + 1e-11)).ceil());
            let mut taken = Amount::ZERO;
            let mut sold = vec![Amount::ZERO; n];
            for (outcome, amount, buys) in trades {
                let outcome = outcome % n;
                let amount = base(u128::from(amount));
                if buys {
                    let Ok(bought) = maker.buy(outcome, amount) else { continue };
                    taken = taken.add(amount, "").unwrap();
                    sold[outcome] = sold[outcome].add(bought, "").unwrap();
                } else if !sold[outcome].is_zero() {
                    let amount = amount.min(sold[outcome]);
                    let Ok(paid) = maker.sell(outcome, amount) else { continue };
                    taken = taken.sub(paid, "").unwrap();
                    sold[outcome] = sold[outcome].sub(amount, "").unwrap();
                }
                for (held, sold) in maker.tokens().iter().zip(&sold) {
                    // held = subsidy + taken − sold ≥ 0: what is owed is there.
                    let stock = maker.subsidy().add(taken, "").unwrap();
                    prop_assert_eq!(stock.sub(*sold, "").unwrap(), *held);
                }
                let sum: f64 = maker.prices().iter().sum();
                prop_assert!((sum - 1.0).abs() < 1e-9);
            }
        }

        #[test]
        fn costs_are_those_of_the_cost_function(
            q in prop::collection::vec(0.0_f64..300.0, 3), delta in 1_u64..400,
        ) {
            let mut maker = Lmsr::new(base(100_000_000), 3).unwrap();
            for (outcome, q) in q.iter().enumerate() {
                let cost = maker.cost(outcome, floor(q * 1e6).max(base(1))).unwrap();
                maker.buy(outcome, cost).unwrap();
            }
            let start: Vec<f64> =
                maker.tokens().iter().map(|held| -held.to_f64() / 1e6).collect();
            let mut end = start.clone();
            end[1] += delta as f64;
            let slow = slow_cost(100.0, &end) - slow_cost(100.0, &start);
            let found = maker.cost(1, base(u128::from(delta) * 1_000_000)).unwrap();
            prop_assert!((found.to_f64() / 1e6 - slow).abs() < 2e-6, "{found} {slow}");
            let back = slow_cost(100.0, &start) - {
                let mut less = start.clone();
                less[1] -= delta as f64;
                slow_cost(100.0, &less)
            };
            let found = maker.proceeds(1, base(u128::from(delta) * 1_000_000)).unwrap();
            prop_assert!((found.to_f64() / 1e6 - back).abs() < 2e-6, "{found} {back}");
        }

        #[test]
        fn turning_round_earns_nothing(money in 1_u64..10_000_000, outcome in 0_usize..3) {
            let mut maker = Lmsr::new(base(50_000), 3).unwrap();
            let money = base(u128::from(money));
            if let Ok(bought) = maker.buy(outcome, money)
                && let Ok(paid) = maker.sell(outcome, bought)
            {
                prop_assert!(paid <= money);
            }
        }
    }
}
