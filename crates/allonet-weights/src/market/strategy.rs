//! From what somebody believes to orders: sell what is dearer than they think,
//! buy what is cheaper.
//!
//! # Formula
//!
//! ```text
//! gap_i = w_i − p_i                      w: the trader's weights, p: prices
//! 1  mint as many complete sets as the overpriced outcomes can take, up to the
//!    budget, and sell each of them down to w_i
//! 2  merge the sets that are still whole
//! 3  buy each underpriced outcome towards w_i, with money in proportion to
//!    gap_i, as long as money is left
//! ```
//!
//! Orders smaller than the least volume are left out. The plan is played on a
//! copy of the market, so every order is one that the market takes.
//!
//! # Known weaknesses
//!
//! * A trader who believes their own weights alone, and not what prices say,
//!   pays for the better knowledge of others.
//! * On a market maker over all outcomes each order moves all prices; orders
//!   are then made from prices as they are when their turn comes.
//!
//! # Sources
//!
//! * `seer-pm/ai-prediction-markets`, the trading app's strategy; least volume
//!   0.01 and least price 10⁻⁸ there.

use std::collections::BTreeMap;
use std::sync::Arc;

use allonet_core::fault::{Fault, SourceFile, did_you_mean};
use allonet_core::maths;
use allonet_core::money::{Amount, Rounding, apportion, weights_from_f64};
use allonet_core::table::{Column, Faults, Table};
use allonet_core::time::Instant;

use super::book::Market;
use super::log::{Action, Event};
use super::{Maker, MarketError};

/// Prices below count as this: nothing can be sold down to zero.
const PRICE_MIN: f64 = 1e-8;

/// Whose orders, when, and how large.
#[derive(Debug, Clone, PartialEq)]
pub struct Trader {
    /// Who.
    pub name: String,
    /// When.
    pub time: Instant,
    /// At most so much collateral is put in.
    pub budget: Amount,
    /// Orders of less are left out.
    pub least: Amount,
}

/// Reads what somebody believes, columns `item` and `weight`, and scales it to
/// add up to one. Outcomes that are not in the table weigh nothing.
///
/// Faults: those of [`Table::read`], `unknown-outcome`, `double-item`,
/// `bad-weight`, `no-weight`.
pub fn read_weights(file: &Arc<SourceFile>, outcomes: &[String]) -> Result<Vec<f64>, Vec<Fault>> {
    const COLUMNS: &[Column] = &[
        Column::required(&["item", "outcome", "repo", "project", "name"]),
        Column::required(&["weight", "share", "value"]),
    ];
    let table = Table::read(file, COLUMNS)?;
    let mut weights: BTreeMap<usize, f64> = BTreeMap::new();
    let mut faults = Faults::new();
    for row in table.rows() {
        let (name, text) = (row.cell(0), row.cell(1));
        let Some(place) = outcomes.iter().position(|known| known == name) else {
            let message = format!("`{name}` is no outcome of this market");
            let mut fault = row.fault(0, "unknown-outcome", message);
            fault.help = did_you_mean(name, outcomes.iter().map(String::as_str));
            faults.push(fault);
            continue;
        };
        let weight = text.parse::<f64>().ok().filter(|weight| weight.is_finite() && *weight >= 0.0);
        let Some(weight) = weight else {
            let message = format!("`{text}` is no weight");
            faults.push(row.fault(1, "bad-weight", message).help("a number of zero or more"));
            continue;
        };
        if weights.insert(place, weight).is_some() {
            faults.push(row.fault(0, "double-item", format!("`{name}` has a weight already")));
        }
    }
    let sum = maths::sum(weights.values().copied());
    if faults.is_empty() && !(sum > 0.0 && sum.is_finite()) {
        faults.push(Fault::new("no-weight", format!("{} gives nothing a weight", file.path)));
    }
    let weigh = |place: usize| weights.get(&place).map_or(0.0, |weight| weight / sum);
    faults.or((0..outcomes.len()).map(weigh).collect())
}

/// The orders by which a trader brings prices towards these weights, which add
/// up to one; empty where nothing is worth an order.
pub fn orders(
    market: &Market,
    trader: &Trader,
    weights: &[f64],
) -> Result<Vec<Event>, MarketError> {
    if weights.len() != market.outcomes().len() {
        let (found, wanted) = (weights.len(), market.outcomes().len());
        return Err(MarketError::Answers { found, wanted });
    }
    if market.maker().is_none() {
        return Err(MarketError::NoLiquidity { what: "the market".to_owned() });
    }
    let reserve = market.accounts().of(&trader.name).cash.saturating_sub(trader.budget);
    let mut plan = Plan { market: market.clone(), trader, reserve, events: Vec::new() };
    plan.sell(weights)?;
    plan.merge()?;
    plan.buy(weights)?;
    Ok(plan.events)
}

/// Orders so far, and the market after them.
struct Plan<'t> {
    market: Market,
    trader: &'t Trader,
    /// Cash that is not to be used.
    reserve: Amount,
    events: Vec<Event>,
}

impl Plan<'_> {
    fn sell(&mut self, weights: &[f64]) -> Result<(), MarketError> {
        let maker = self.maker();
        let mut wanted: Vec<(usize, Amount)> = Vec::new();
        for (outcome, (price, weight)) in maker.prices().iter().zip(weights).enumerate() {
            if price > weight {
                let tokens = maker.tokens_until(outcome, weight.max(PRICE_MIN))?;
                wanted.push((outcome, tokens));
            }
        }
        let held = &self.market.accounts().of(&self.trader.name).tokens;
        let missing = wanted.iter().map(|(at, tokens)| tokens.saturating_sub(held[*at])).max();
        let mint = missing.unwrap_or_default().min(self.spendable());
        if mint >= self.trader.least && !mint.is_zero() {
            self.order(Action::Mint, None, mint)?;
        }
        for (outcome, _) in wanted {
            // Prices may have moved since.
            let until = weights[outcome].max(PRICE_MIN);
            let tokens = self.maker().tokens_until(outcome, until)?;
            let held = self.market.accounts().of(&self.trader.name).tokens[outcome];
            self.swap(Action::Sell, outcome, tokens.min(held))?;
        }
        Ok(())
    }

    fn merge(&mut self) -> Result<(), MarketError> {
        let whole = self.market.accounts().of(&self.trader.name).tokens.into_iter().min();
        match whole.filter(|whole| !whole.is_zero() && *whole >= self.trader.least) {
            Some(whole) => self.order(Action::Merge, None, whole),
            None => Ok(()),
        }
    }

    fn buy(&mut self, weights: &[f64]) -> Result<(), MarketError> {
        let prices = self.maker().prices();
        let gap = |(weight, price): (&f64, &f64)| {
            if *price > 0.0 { (weight - price).max(0.0) } else { 0.0 }
        };
        let gaps: Vec<f64> = weights.iter().zip(&prices).map(gap).collect();
        if gaps.iter().all(|gap| *gap == 0.0) {
            return Ok(());
        }
        let parts = weights_from_f64(&gaps)?;
        let purse = apportion(self.spendable(), &parts, Rounding::Floor)?.parts;
        for (outcome, money) in purse.into_iter().enumerate().filter(|(at, _)| gaps[*at] > 0.0) {
            let until = weights[outcome].min(1.0 - PRICE_MIN);
            let money = money.min(self.maker().money_until(outcome, until)?);
            self.swap(Action::Buy, outcome, money)?;
        }
        Ok(())
    }

    /// A trade, unless it is too small for the trader or for the market.
    fn swap(&mut self, action: Action, outcome: usize, amount: Amount) -> Result<(), MarketError> {
        if amount.is_zero() || amount < self.trader.least {
            return Ok(());
        }
        match self.order(action, Some(outcome), amount) {
            Err(MarketError::TooSmall { .. } | MarketError::OutOfTokens { .. }) => Ok(()),
            done => done,
        }
    }

    fn order(
        &mut self,
        action: Action,
        outcome: Option<usize>,
        amount: Amount,
    ) -> Result<(), MarketError> {
        let mut event = Event::new(self.trader.time, &self.trader.name, action).of(amount);
        if let Some(outcome) = outcome {
            event = event.on(&self.market.outcomes()[outcome]);
        }
        self.market.apply(&event)?;
        self.events.push(event);
        Ok(())
    }

    fn spendable(&self) -> Amount {
        let cash = self.market.accounts().of(&self.trader.name).cash;
        cash.saturating_sub(self.reserve).min(Amount::from_base(u128::MAX))
    }

    fn maker(&self) -> &Maker {
        self.market.maker().expect("it was checked that somebody trades")
    }
}
