//! Complete sets: one unit of collateral is one token of every outcome, and the
//! other way round.
//!
//! # Formula
//!
//! ```text
//! mint   1 unit of collateral → 1 token of each outcome
//! merge  1 token of each outcome → 1 unit of collateral
//! ```
//!
//! Exactly one outcome (or a mixture that adds up to one) is paid in the end,
//! so a complete set is always worth its collateral. Prices of outcomes that
//! add up to more than one can be sold against minted sets, to less than one
//! bought and merged.
//!
//! # Units and rounding
//!
//! Whole base units; nothing is ever rounded.
//!
//! # Sources
//!
//! * Gnosis Conditional Tokens, `splitPosition` and `mergePositions`.

use std::collections::BTreeMap;

use allonet_core::money::Amount;
use serde::Serialize;

use super::MarketError;
use super::fixed::checked;

/// What somebody has.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Account {
    /// Collateral that is free.
    pub cash: Amount,
    /// Tokens of each outcome.
    pub tokens: Vec<Amount>,
}

/// Who has what, and the collateral that backs all tokens.
///
/// Two laws hold after every change: for each outcome the tokens that anyone
/// holds add up to `sets`, and all cash and `sets` add up to what came in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Accounts {
    outcomes: usize,
    by_name: BTreeMap<String, Account>,
    /// Complete sets there are: so much collateral is locked up for them.
    sets: Amount,
    /// Collateral that came in and did not leave.
    inside: Amount,
}

impl Accounts {
    /// Nobody has anything of so many outcomes.
    pub fn new(outcomes: usize) -> Self {
        Self { outcomes, by_name: BTreeMap::new(), sets: Amount::ZERO, inside: Amount::ZERO }
    }

    /// Everybody who ever had anything, by name.
    pub fn accounts(&self) -> &BTreeMap<String, Account> {
        &self.by_name
    }

    /// What somebody has; nothing, if they are not known.
    pub fn of(&self, trader: &str) -> Account {
        let nothing = Account { cash: Amount::ZERO, tokens: vec![Amount::ZERO; self.outcomes] };
        self.by_name.get(trader).cloned().unwrap_or(nothing)
    }

    /// Complete sets there are.
    pub fn sets(&self) -> Amount {
        self.sets
    }

    /// Collateral that came in and did not leave.
    pub fn inside(&self) -> Amount {
        self.inside
    }

    /// Collateral comes in from outside.
    pub fn deposit(&mut self, trader: &str, amount: Amount) -> Result<(), MarketError> {
        let amount = checked(amount, "the deposit")?;
        // A limit on all of it keeps every sum in the market below the limit.
        let inside = checked(self.inside.add(amount, "deposits")?, "all collateral together")?;
        self.inside = inside;
        self.give_cash(trader, amount)
    }

    /// Collateral leaves.
    pub fn withdraw(&mut self, trader: &str, amount: Amount) -> Result<(), MarketError> {
        self.take_cash(trader, checked(amount, "the withdrawal")?)?;
        self.inside = self.inside.sub(amount, "collateral in the market")?;
        Ok(())
    }

    /// Collateral becomes complete sets.
    pub fn mint(&mut self, trader: &str, amount: Amount) -> Result<(), MarketError> {
        self.take_cash(trader, checked(amount, "the amount to mint")?)?;
        self.sets = self.sets.add(amount, "complete sets")?;
        for outcome in 0..self.outcomes {
            self.give(trader, outcome, amount)?;
        }
        Ok(())
    }

    /// Complete sets become collateral.
    pub fn merge(&mut self, trader: &str, amount: Amount) -> Result<(), MarketError> {
        checked(amount, "the amount to merge")?;
        let held = self.of(trader).tokens.into_iter().min().unwrap_or_default();
        if held < amount {
            let (trader, what) = (trader.to_owned(), "complete sets".to_owned());
            return Err(MarketError::NotHeld { trader, what, held, asked: amount });
        }
        for outcome in 0..self.outcomes {
            self.take(trader, outcome, amount, "tokens")?;
        }
        self.sets = self.sets.sub(amount, "complete sets")?;
        self.give_cash(trader, amount)
    }

    /// Collateral that was taken from somebody becomes sets, whose tokens the
    /// caller keeps.
    pub(super) fn lock(&mut self, amount: Amount) -> Result<(), MarketError> {
        self.sets = self.sets.add(amount, "complete sets")?;
        Ok(())
    }

    /// Sets that the caller kept become collateral to be given to somebody.
    pub(super) fn unlock(&mut self, amount: Amount) -> Result<(), MarketError> {
        self.sets = self.sets.sub(amount, "complete sets")?;
        Ok(())
    }

    /// Adds to somebody's cash what was taken elsewhere.
    pub(super) fn give_cash(&mut self, trader: &str, amount: Amount) -> Result<(), MarketError> {
        let account = self.entry(trader);
        account.cash = account.cash.add(amount, "cash")?;
        Ok(())
    }

    /// Takes somebody's cash.
    pub(super) fn take_cash(&mut self, trader: &str, amount: Amount) -> Result<(), MarketError> {
        let held = self.of(trader).cash;
        if held < amount {
            let (trader, what) = (trader.to_owned(), "collateral".to_owned());
            return Err(MarketError::NotHeld { trader, what, held, asked: amount });
        }
        self.entry(trader).cash = held.sub(amount, "cash")?;
        Ok(())
    }

    /// Adds tokens that were taken elsewhere.
    pub(super) fn give(
        &mut self,
        trader: &str,
        outcome: usize,
        amount: Amount,
    ) -> Result<(), MarketError> {
        let held = &mut self.entry(trader).tokens[outcome];
        *held = held.add(amount, "tokens")?;
        Ok(())
    }

    /// Takes tokens.
    pub(super) fn take(
        &mut self,
        trader: &str,
        outcome: usize,
        amount: Amount,
        what: &str,
    ) -> Result<(), MarketError> {
        let held = self.of(trader).tokens[outcome];
        if held < amount {
            let (trader, what) = (trader.to_owned(), what.to_owned());
            return Err(MarketError::NotHeld { trader, what, held, asked: amount });
        }
        self.entry(trader).tokens[outcome] = held.sub(amount, "tokens")?;
        Ok(())
    }

    /// Locked collateral is paid for tokens: nobody holds any after.
    pub(super) fn redeem(&mut self, paid: &BTreeMap<String, Amount>) -> Result<(), MarketError> {
        for account in self.by_name.values_mut() {
            account.tokens.fill(Amount::ZERO);
        }
        for (trader, amount) in paid {
            self.give_cash(trader, *amount)?;
        }
        let total = Amount::sum(paid.values().copied(), "payouts")?;
        self.sets = self.sets.sub(total, "complete sets")?;
        Ok(())
    }

    fn entry(&mut self, trader: &str) -> &mut Account {
        let outcomes = self.outcomes;
        self.by_name
            .entry(trader.to_owned())
            .or_insert_with(|| Account { cash: Amount::ZERO, tokens: vec![Amount::ZERO; outcomes] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base(units: u128) -> Amount {
        Amount::from_base(units)
    }

    #[test]
    fn a_set_is_its_collateral_and_back() {
        let mut accounts = Accounts::new(3);
        accounts.deposit("ann", base(10)).unwrap();
        accounts.mint("ann", base(7)).unwrap();
        let ann = accounts.of("ann");
        assert_eq!((ann.cash, ann.tokens), (base(3), vec![base(7); 3]));
        assert_eq!((accounts.sets(), accounts.inside()), (base(7), base(10)));
        accounts.merge("ann", base(7)).unwrap();
        assert_eq!(accounts.of("ann").cash, base(10));
        assert_eq!(accounts.sets(), Amount::ZERO);
        accounts.withdraw("ann", base(10)).unwrap();
        assert_eq!(accounts.inside(), Amount::ZERO);
    }

    #[test]
    fn more_than_held_is_refused_and_changes_nothing() {
        let mut accounts = Accounts::new(2);
        accounts.deposit("ann", base(10)).unwrap();
        accounts.mint("ann", base(4)).unwrap();
        let before = accounts.clone();
        let told = accounts.mint("ann", base(7)).unwrap_err().to_string();
        assert_eq!(told, "`ann` holds 6 of collateral, fewer than 7");
        assert!(matches!(accounts.merge("ann", base(5)), Err(MarketError::NotHeld { .. })));
        assert!(matches!(accounts.merge("bob", base(1)), Err(MarketError::NotHeld { .. })));
        assert!(matches!(accounts.withdraw("ann", base(7)), Err(MarketError::NotHeld { .. })));
        assert!(matches!(accounts.mint("ann", Amount::ZERO), Err(MarketError::Nothing { .. })));
        assert_eq!(accounts, before);
        let most = base(u128::MAX);
        assert!(matches!(accounts.deposit("bob", most), Err(MarketError::TooLarge { .. })));
        assert_eq!(accounts, before);
    }
}
