//! A pool of concentrated liquidity: tokens of one outcome against collateral,
//! each provider within a range of prices of their own.
//!
//! # Formula
//!
//! ```text
//! position of liquidity L from tick a to b, at price P:
//!   tokens      x = L (1/√P − 1/√b)       for P clamped to the range
//!   collateral  y = L (√P − √a)
//! swap within a range:  Δy = L Δ√P,  Δx = L Δ(1/√P)
//! ```
//!
//! Liquidity of all positions that contain the price adds up. A swap runs
//! through range after range until all is traded; where no position is, the
//! price jumps to the next one.
//!
//! # Units and rounding
//!
//! Roots of prices have 96 bits behind the point, see [`tick`](super::tick);
//! amounts and liquidity are whole numbers below 2^128. What comes in is
//! rounded up, what goes out down, and the price moves a hair less than it
//! could. The fee of each step is divided among the positions that serve it in
//! proportion to their liquidity (largest remainder), so nothing of it is lost;
//! the published contracts keep running sums instead, and round down.
//!
//! # Known weaknesses
//!
//! * Outside all ranges nothing can be traded, however large the money.
//! * A range of low prices holds few units of collateral: an outcome of a
//!   hundred is cheap to push by several times its price.
//!
//! # Sources
//!
//! * Uniswap v3 whitepaper (Adams, Zinsmeister, Salem, Keefer, Robinson 2021),
//!   §2, §6.2.
//! * The money until a price is the sum that `seer-pm`'s trading app makes.

use std::collections::{BTreeMap, BTreeSet};

use allonet_core::money::{Amount, Rounding, apportion};
use ruint::aliases::U256;
use serde::{Serialize, Serializer};

use super::MarketError;
use super::constant_product::Pair;
use super::fixed::{PPM, checked, checked_fee, mul_div, mul_div_up};
use super::lmsr::checked_price;
use super::tick::{RESOLUTION, TICK_MIN, price_of, sqrt_of, sqrt_price};

/// The fee of Seer's trading app, 1%.
pub const DEFAULT_FEE_PPM: u32 = 10_000;

/// A pool of concentrated liquidity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Concentrated {
    fee_ppm: u32,
    /// Root of the price; none before the first position.
    sqrt_price: Option<U256>,
    #[serde(serialize_with = "as_list")]
    positions: BTreeMap<Range, Position>,
    tokens: Amount,
    collateral: Amount,
}

/// Whose position, and from which tick to which.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Range {
    /// Who provides it.
    pub owner: String,
    /// The tick of the lowest price it serves.
    pub lower: i32,
    /// The tick of the highest.
    pub upper: i32,
}

/// Liquidity of one provider in one range, and the fees it has earned.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Position {
    /// Its `L`.
    pub liquidity: Amount,
    /// Fees in tokens.
    pub fee_tokens: Amount,
    /// Fees in collateral.
    pub fee_collateral: Amount,
}

/// One step of a swap: part of it within one range.
struct Step {
    sqrt_price: U256,
    fee: Amount,
}

/// A swap, not yet booked.
struct Walk {
    /// What was taken, the fee with it.
    used: Amount,
    out: Amount,
    end: U256,
    steps: Vec<Step>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    /// Collateral in: the price rises.
    Buy,
    /// Tokens in: the price falls.
    Sell,
}

impl Concentrated {
    /// An empty pool that takes this fee of what comes in.
    pub fn new(fee_ppm: u32) -> Result<Self, MarketError> {
        Ok(Self {
            fee_ppm: checked_fee(fee_ppm)?,
            sqrt_price: None,
            positions: BTreeMap::new(),
            tokens: Amount::ZERO,
            collateral: Amount::ZERO,
        })
    }

    /// Collateral for a token, for show and decisions; none before the first
    /// position.
    pub fn price(&self) -> Option<f64> {
        self.sqrt_price.map(price_of)
    }

    /// What is in it.
    pub fn holds(&self) -> Pair {
        Pair { tokens: self.tokens, collateral: self.collateral }
    }

    /// All positions.
    pub fn positions(&self) -> &BTreeMap<Range, Position> {
        &self.positions
    }

    /// Opens or enlarges a position; `price` is where an empty pool begins.
    /// Gives what the provider has to pay.
    pub fn add(
        &mut self,
        range: Range,
        liquidity: Amount,
        price: Option<f64>,
    ) -> Result<Pair, MarketError> {
        let Range { lower, upper, .. } = range;
        if lower >= upper || lower < TICK_MIN || upper > 0 {
            return Err(MarketError::Ticks { lower, upper, least: TICK_MIN });
        }
        checked(liquidity, "the liquidity")?;
        let start = match (self.sqrt_price, price) {
            (Some(now), _) => now,
            (None, Some(price)) => sqrt_of(checked_price(price)?).max(sqrt_price(TICK_MIN)),
            (None, None) => return Err(MarketError::Price { found: f64::NAN }),
        };
        let (low, high) = (sqrt_price(lower), sqrt_price(upper));
        let at = start.clamp(low, high);
        let due = Pair {
            tokens: Amount::from_u256(tokens_between(liquidity.to_u256(), at, high, true)?),
            collateral: Amount::from_u256(collateral_between(liquidity.to_u256(), low, at, true)?),
        };
        let tokens = stocked(self.tokens, due.tokens)?;
        let collateral = stocked(self.collateral, due.collateral)?;
        let known = self.positions.values().map(|position| position.liquidity);
        checked(Amount::sum(known.chain([liquidity]), "liquidity")?, "all liquidity of a pool")?;
        let position = self.positions.entry(range).or_default();
        position.liquidity = position.liquidity.add(liquidity, "liquidity")?;
        (self.tokens, self.collateral, self.sqrt_price) = (tokens, collateral, Some(start));
        Ok(due)
    }

    /// Takes liquidity out of a position, its fees with the last of it.
    pub fn remove(&mut self, range: &Range, liquidity: Amount) -> Result<Pair, MarketError> {
        checked(liquidity, "the liquidity")?;
        let unknown = || MarketError::NoPosition { trader: range.owner.clone() };
        let mut position = *self.positions.get(range).ok_or_else(unknown)?;
        if position.liquidity < liquidity {
            let (trader, what) = (range.owner.clone(), "liquidity in this range".to_owned());
            let held = position.liquidity;
            return Err(MarketError::NotHeld { trader, what, held, asked: liquidity });
        }
        let (low, high) = (sqrt_price(range.lower), sqrt_price(range.upper));
        let at = self.sqrt_price.unwrap_or(low).clamp(low, high);
        let mut out = Pair {
            tokens: Amount::from_u256(tokens_between(liquidity.to_u256(), at, high, false)?),
            collateral: Amount::from_u256(collateral_between(liquidity.to_u256(), low, at, false)?),
        };
        position.liquidity = position.liquidity.sub(liquidity, "liquidity")?;
        if position.liquidity.is_zero() {
            out.tokens = out.tokens.add(position.fee_tokens, "fees")?;
            out.collateral = out.collateral.add(position.fee_collateral, "fees")?;
            self.positions.remove(range);
        } else {
            self.positions.insert(range.clone(), position);
        }
        self.tokens = self.tokens.sub(out.tokens, "tokens in a pool")?;
        self.collateral = self.collateral.sub(out.collateral, "collateral in a pool")?;
        Ok(out)
    }

    /// Gives all back, by provider; what rounding left goes to the last.
    pub fn close(&mut self) -> Result<Vec<(String, Pair)>, MarketError> {
        let ranges: Vec<(Range, Amount)> =
            self.positions.iter().map(|(range, held)| (range.clone(), held.liquidity)).collect();
        let mut out = Vec::with_capacity(ranges.len());
        for (range, liquidity) in ranges {
            let mut pair = self.remove(&range, liquidity)?;
            if self.positions.is_empty() {
                pair.tokens = pair.tokens.add(std::mem::take(&mut self.tokens), "tokens")?;
                let rest = std::mem::take(&mut self.collateral);
                pair.collateral = pair.collateral.add(rest, "collateral")?;
            }
            out.push((range.owner, pair));
        }
        Ok(out)
    }

    /// Takes money and gives tokens.
    pub fn buy(&mut self, money: Amount) -> Result<Amount, MarketError> {
        self.swap(Side::Buy, money)
    }

    /// Takes tokens and gives money.
    pub fn sell(&mut self, tokens: Amount) -> Result<Amount, MarketError> {
        self.swap(Side::Sell, tokens)
    }

    /// Money that brings the price up to this one, fees with it, as far as
    /// there is liquidity; nothing where it is there.
    pub fn money_until(&self, price: f64) -> Result<Amount, MarketError> {
        let limit = sqrt_of(checked_price(price)?);
        Ok(self.walk(Side::Buy, Amount::from_base(u128::MAX), limit)?.used)
    }

    /// Tokens that bring the price down to this one, fees with it, as far as
    /// there is liquidity; nothing where it is there.
    pub fn tokens_until(&self, price: f64) -> Result<Amount, MarketError> {
        let limit = sqrt_of(checked_price(price)?);
        Ok(self.walk(Side::Sell, Amount::from_base(u128::MAX), limit)?.used)
    }

    fn swap(&mut self, side: Side, given: Amount) -> Result<Amount, MarketError> {
        checked(given, "the amount to trade")?;
        let limit = match side {
            Side::Buy => U256::from(1) << RESOLUTION,
            Side::Sell => U256::ZERO,
        };
        let walk = self.walk(side, given, limit)?;
        if walk.used < given {
            return Err(MarketError::Exhausted { most: walk.used, asked: given });
        }
        if walk.out.is_zero() {
            return Err(MarketError::TooSmall { amount: given });
        }
        let (paid_in, paid_out) = match side {
            Side::Buy => (&mut self.collateral, &mut self.tokens),
            Side::Sell => (&mut self.tokens, &mut self.collateral),
        };
        let stock = stocked(*paid_in, given)?;
        *paid_out = paid_out.sub(walk.out, "a pool's stock")?;
        *paid_in = stock;
        for step in &walk.steps {
            self.share_fee(side, step)?;
        }
        self.sqrt_price = Some(walk.end);
        Ok(walk.out)
    }

    /// A swap up to a limit of the price, range after range.
    fn walk(&self, side: Side, given: Amount, limit: U256) -> Result<Walk, MarketError> {
        let mut at = self
            .sqrt_price
            .ok_or_else(|| MarketError::NoLiquidity { what: "the pool".to_owned() })?;
        let mut walk = Walk { used: Amount::ZERO, out: Amount::ZERO, end: at, steps: Vec::new() };
        for edge in self.edges(side, at) {
            let past = if side == Side::Buy { at >= limit } else { at <= limit };
            if walk.used == given || past {
                break;
            }
            let target = if side == Side::Buy { edge.min(limit) } else { edge.max(limit) };
            let liquidity = self.liquidity_between(at.min(edge), at.max(edge))?;
            if liquidity.is_zero() {
                // Nobody serves these prices: the next range begins at its edge.
                at = target;
                continue;
            }
            let rest = given.sub(walk.used, "the rest of a swap")?;
            let (end, used, out, fee) = self.step(side, liquidity, at, target, rest)?;
            walk.steps.push(Step { sqrt_price: at.midpoint_with(end), fee });
            walk.used = walk.used.add(used, "a swap")?;
            walk.out = walk.out.add(out, "a swap")?;
            at = end;
            walk.end = end;
        }
        Ok(walk)
    }

    /// Ends of ranges beyond a price, the nearest first.
    fn edges(&self, side: Side, at: U256) -> Vec<U256> {
        let ticks: BTreeSet<i32> =
            self.positions.keys().flat_map(|range| [range.lower, range.upper]).collect();
        let roots = ticks.into_iter().map(sqrt_price);
        match side {
            Side::Buy => roots.filter(|root| *root > at).collect(),
            Side::Sell => roots.rev().filter(|root| *root < at).collect(),
        }
    }

    /// Liquidity of the positions that contain all of these prices.
    fn liquidity_between(&self, low: U256, high: U256) -> Result<U256, MarketError> {
        let serving = self
            .positions
            .iter()
            .filter(|(range, _)| sqrt_price(range.lower) <= low && sqrt_price(range.upper) >= high);
        Ok(Amount::sum(serving.map(|(_, held)| held.liquidity), "liquidity")?.to_u256())
    }

    /// Within one range: where the price ends, what was used (fee included),
    /// what comes out, and the fee.
    fn step(
        &self,
        side: Side,
        liquidity: U256,
        at: U256,
        target: U256,
        rest: Amount,
    ) -> Result<(U256, Amount, Amount, Amount), MarketError> {
        let (keeps, whole) = (U256::from(PPM - self.fee_ppm), U256::from(PPM));
        let net = mul_div(rest.to_u256(), keeps, whole)?;
        let to_target = match side {
            Side::Buy => collateral_between(liquidity, at, target, true)?,
            Side::Sell => tokens_between(liquidity, target, at, true)?,
        };
        let (end, used, net) = if net >= to_target {
            let gross = mul_div_up(to_target, whole, keeps)?;
            (target, Amount::from_u256(gross).min(rest), to_target)
        } else {
            (moved(side, liquidity, at, net)?, rest, net)
        };
        let out = match side {
            Side::Buy => tokens_between(liquidity, at, end, false)?,
            Side::Sell => collateral_between(liquidity, end, at, false)?,
        };
        let fee = used.sub(Amount::from_u256(net), "the fee of a swap")?;
        Ok((end, used, Amount::from_u256(out), fee))
    }

    /// Divides the fee of a step among the positions that served it.
    fn share_fee(&mut self, side: Side, step: &Step) -> Result<(), MarketError> {
        let serving: Vec<&mut Position> = self
            .positions
            .iter_mut()
            .filter(|(range, _)| {
                let (low, high) = (sqrt_price(range.lower), sqrt_price(range.upper));
                (low..=high).contains(&step.sqrt_price)
            })
            .map(|(_, position)| position)
            .collect();
        let weights: Vec<U256> = serving.iter().map(|held| held.liquidity.to_u256()).collect();
        let parts = apportion(step.fee, &weights, Rounding::LargestRemainder)?.parts;
        for (position, part) in serving.into_iter().zip(parts) {
            let fees = match side {
                Side::Buy => &mut position.fee_collateral,
                Side::Sell => &mut position.fee_tokens,
            };
            *fees = fees.add(part, "fees")?;
        }
        Ok(())
    }
}

/// The middle of two prices, which lies within the range both are in.
trait Midpoint {
    fn midpoint_with(self, other: Self) -> Self;
}

impl Midpoint for U256 {
    fn midpoint_with(self, other: Self) -> Self {
        (self + other) >> 1
    }
}

/// Where the price is after so much came in: never beyond where it should be.
fn moved(side: Side, liquidity: U256, at: U256, net: U256) -> Result<U256, MarketError> {
    match side {
        Side::Buy => Ok(at + mul_div(net, U256::from(1) << RESOLUTION, liquidity)?),
        Side::Sell => {
            // 1/√P' = 1/√P + Δx/L, hence √P' = L√P / (L + Δx√P), rounded up.
            let scaled = liquidity << RESOLUTION;
            let whole = scaled + net * at;
            mul_div_up(scaled, at, whole)
        }
    }
}

/// `L (√high − √low)`.
fn collateral_between(l: U256, low: U256, high: U256, up: bool) -> Result<U256, MarketError> {
    let one = U256::from(1) << RESOLUTION;
    if up { mul_div_up(l, high - low, one) } else { mul_div(l, high - low, one) }
}

/// `L (1/√low − 1/√high) = L (√high − √low) / (√low √high)`.
fn tokens_between(l: U256, low: U256, high: U256, up: bool) -> Result<U256, MarketError> {
    let scaled = l << RESOLUTION;
    if up {
        mul_div_up(mul_div_up(scaled, high - low, high)?, U256::from(1), low)
    } else {
        mul_div(mul_div(scaled, high - low, high)?, U256::from(1), low)
    }
}

fn stocked(stock: Amount, more: Amount) -> Result<Amount, MarketError> {
    let stock = stock.add(more, "a pool's stock")?;
    if stock.to_u128().is_none() {
        return Err(MarketError::TooLarge { what: "a pool's stock", found: stock });
    }
    Ok(stock)
}

fn as_list<S: Serializer>(
    positions: &BTreeMap<Range, Position>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(positions)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::market::tick::tick_below as tick;

    fn base(units: u128) -> Amount {
        Amount::from_base(units)
    }

    fn range(owner: &str, lower: i32, upper: i32) -> Range {
        Range { owner: owner.to_owned(), lower, upper }
    }

    #[test]
    fn one_range_by_hand() {
        // L = 10⁶ at price 1/4 in [1/16, 1]: x = 10⁶ (2 − 1), y = 10⁶ (1/2 − 1/4).
        let mut pool = Concentrated::new(0).unwrap();
        let due = pool.add(range("ann", tick(1.0 / 16.0), 0), base(1_000_000), Some(0.25)).unwrap();
        assert_eq!(due.tokens, base(1_000_000));
        assert!(due.collateral.to_f64() - 250_000.0 < 20.0, "{due:?}");
        // To 4/9: Δy = 10⁶ (2/3 − 1/2) = 166,667; Δx = 10⁶ (2 − 3/2) = 500,000.
        let money = pool.money_until(4.0 / 9.0).unwrap();
        assert_eq!(money, base(166_667));
        let bought = pool.buy(money).unwrap();
        assert!((499_999..=500_001).contains(&bought.to_u128().unwrap()), "{bought}");
        assert!((pool.price().unwrap() - 4.0 / 9.0).abs() < 1e-5);
        // And back to 1/4.
        let tokens = pool.tokens_until(0.25).unwrap();
        assert!((499_999..=500_001).contains(&tokens.to_u128().unwrap()), "{tokens}");
        assert!(pool.sell(tokens).unwrap() <= money);
    }

    #[test]
    fn ticks_are_crossed_and_gaps_jumped() {
        let (quarter, half) = (tick(0.25), tick(0.5));
        let mut pool = Concentrated::new(10_000).unwrap();
        pool.add(range("ann", tick(0.1), quarter), base(4_000_000), Some(0.2)).unwrap();
        // Nobody between 1/4 and 1/2; bob and cat above.
        pool.add(range("bob", half, 0), base(3_000_000), None).unwrap();
        pool.add(range("cat", half, 0), base(1_000_000), None).unwrap();
        let near = |amount: Amount, expected: f64| {
            let off = (amount.to_f64() - expected).abs();
            assert!(off < 2.0 + 2e-4 * expected, "{amount} {expected}");
        };
        // (4 (√.25 − √.2) + 4 (√.64 − √.5)) · 10⁶ / 0.99.
        let parts = [(0.25_f64, 0.2_f64), (0.64, 0.5)].map(|(high, low)| high.sqrt() - low.sqrt());
        let money = pool.money_until(0.64).unwrap();
        near(money, 4e6 * (parts[0] + parts[1]) / 0.99);
        pool.buy(money).unwrap();
        assert!((pool.price().unwrap() - 0.64).abs() < 1e-4);
        let fee =
            |owner, lower, upper| pool.positions()[&range(owner, lower, upper)].fee_collateral;
        near(fee("ann", tick(0.1), quarter), 4e6 * parts[0] / 99.0);
        near(fee("bob", half, 0), 3e6 * parts[1] / 99.0);
        near(fee("cat", half, 0), 1e6 * parts[1] / 99.0);
        // All the way down, through the gap; more than that nobody serves.
        let all = pool.tokens_until(0.05).unwrap();
        let more = all.add(base(1_000), "").unwrap();
        assert!(matches!(pool.clone().sell(more), Err(MarketError::Exhausted { .. })));
        pool.sell(all).unwrap();
        assert!((pool.price().unwrap() - 0.1).abs() < 1e-4);
        pool.remove(&range("cat", half, 0), base(1_000_000)).unwrap();
        let whole = pool.holds();
        let closed = pool.close().unwrap();
        let sum = closed.iter().map(|(_, pair)| pair.collateral);
        assert_eq!(Amount::sum(sum, "").unwrap(), whole.collateral);
        assert_eq!(pool.holds(), Pair::default());
    }

    #[test]
    fn what_cannot_be_is_refused() {
        assert!(matches!(Concentrated::new(PPM), Err(MarketError::Fee { .. })));
        let mut pool = Concentrated::new(DEFAULT_FEE_PPM).unwrap();
        assert!(matches!(pool.buy(base(1)), Err(MarketError::NoLiquidity { .. })));
        for (lower, upper) in [(-5, -5), (-5, -10), (-5, 1), (TICK_MIN - 1, 0)] {
            let added = pool.add(range("ann", lower, upper), base(5), Some(0.5));
            assert!(matches!(added, Err(MarketError::Ticks { .. })));
        }
        let wide = || range("ann", TICK_MIN, 0);
        assert!(matches!(pool.add(wide(), base(5), None), Err(MarketError::Price { .. })));
        assert!(matches!(pool.add(wide(), base(5), Some(1.5)), Err(MarketError::Price { .. })));
        assert!(matches!(pool.add(wide(), base(0), Some(0.5)), Err(MarketError::Nothing { .. })));
        let huge = pool.add(wide(), base(u128::MAX), Some(1e-8));
        assert!(matches!(huge, Err(MarketError::TooLarge { .. })), "{huge:?}");
        pool.add(wide(), base(100), Some(0.5)).unwrap();
        let most = base(101);
        assert!(matches!(pool.remove(&wide(), most), Err(MarketError::NotHeld { .. })));
        let other = range("bob", TICK_MIN, 0);
        assert!(matches!(pool.remove(&other, base(1)), Err(MarketError::NoPosition { .. })));
    }

    /// A range of all prices is a pool of constant product.
    #[test]
    fn the_widest_range_trades_like_a_constant_product() {
        use crate::market::ConstantProduct;
        let mut wide = Concentrated::new(3_000).unwrap();
        let due = wide.add(range("ann", TICK_MIN, 0), base(1 << 70), Some(0.09)).unwrap();
        // Virtual reserves: x = L/√P, y = L√P.
        let l = (1_u128 << 70) as f64;
        let mut flat = ConstantProduct::new(3_000).unwrap();
        let pair = Pair {
            tokens: super::super::fixed::floor(l / 0.3),
            collateral: super::super::fixed::floor(l * 0.3),
        };
        flat.add("ann", pair).unwrap();
        assert!(due.tokens < pair.tokens && due.collateral < pair.collateral);
        let money = base(1 << 66);
        let (one, other) = (wide.buy(money).unwrap(), flat.buy(money).unwrap());
        assert!((one.to_f64() / other.to_f64() - 1.0).abs() < 1e-12, "{one} {other}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn nobody_gets_more_out_than_in(
            ranges in prop::collection::vec((1_i32..60_000, 1_i32..60_000, 1_u128..1 << 60), 1..5),
            trades in prop::collection::vec((1_u128..1 << 50, any::<bool>()), 1..12),
            fee in 0_u32..500_000,
        ) {
            let mut pool = Concentrated::new(fee).unwrap();
            let mut paid = Pair::default();
            for (at, (one, other, liquidity)) in ranges.into_iter().enumerate() {
                let (lower, upper) = (-one.max(other), -one.min(other));
                let who = format!("lp{at}");
                let Ok(due) = pool.add(range(&who, lower, upper), base(liquidity), Some(0.1)) else {
                    continue;
                };
                paid.tokens = paid.tokens.add(due.tokens, "").unwrap();
                paid.collateral = paid.collateral.add(due.collateral, "").unwrap();
            }
            for (amount, buys) in trades {
                let before = pool.holds();
                let given = base(amount);
                let done = if buys { pool.buy(given) } else { pool.sell(given) };
                let Ok(out) = done else {
                    prop_assert_eq!(pool.holds(), before);
                    continue;
                };
                if buys {
                    paid.collateral = paid.collateral.add(given, "").unwrap();
                    paid.tokens = paid.tokens.sub(out, "").unwrap();
                } else {
                    paid.tokens = paid.tokens.add(given, "").unwrap();
                    paid.collateral = paid.collateral.sub(out, "").unwrap();
                }
                prop_assert_eq!(pool.holds(), paid);
            }
            // Every position can leave: what rounding left is not negative.
            let closed = pool.close().unwrap();
            let tokens = Amount::sum(closed.iter().map(|(_, pair)| pair.tokens), "").unwrap();
            prop_assert!(closed.is_empty() || tokens == paid.tokens);
        }
    }
}
