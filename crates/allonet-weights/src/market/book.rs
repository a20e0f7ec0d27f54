//! A market as it stands: who holds what, whom they trade with, and what has
//! been ruled. Events change it; nothing else does.

use std::collections::BTreeMap;

use allonet_core::fault::did_you_mean;
use allonet_core::money::Amount;
use serde::Serialize;

use super::complete_set::Accounts;
use super::concentrated::{DEFAULT_FEE_PPM, Range};
use super::constant_product::Pair;
use super::fixed::PPM;
use super::lmsr::Lmsr;
use super::log::{Action, Event};
use super::maker::{Maker, PoolKind};
use super::payout::INVALID;
use super::resolution::{Docket, Ruling};
use super::{MarketError, Payout};

/// A market as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Market {
    outcomes: Vec<String>,
    accounts: Accounts,
    maker: Option<Maker>,
    docket: Docket,
    /// Answers given but not yet ruled on.
    answers: Vec<Option<u128>>,
    settled: Option<Payout>,
}

impl Default for Market {
    /// No outcome is listed yet.
    fn default() -> Self {
        Self {
            outcomes: Vec::new(),
            accounts: Accounts::new(0),
            maker: None,
            docket: Docket::default(),
            answers: Vec::new(),
            settled: None,
        }
    }
}

impl Market {
    /// Names of the outcomes, without the INVALID one.
    pub fn outcomes(&self) -> &[String] {
        &self.outcomes
    }

    /// Who holds what; the last token of each is the INVALID one.
    pub fn accounts(&self) -> &Accounts {
        &self.accounts
    }

    /// Whom traders trade with.
    pub fn maker(&self) -> Option<&Maker> {
        self.maker.as_ref()
    }

    /// What has been ruled.
    pub fn docket(&self) -> &Docket {
        &self.docket
    }

    /// What tokens are paid, once it is settled.
    pub fn settled(&self) -> Option<&Payout> {
        self.settled.as_ref()
    }

    /// The place of an outcome.
    pub fn outcome(&self, name: &str) -> Result<usize, MarketError> {
        self.outcomes.iter().position(|known| known == name).ok_or_else(|| {
            let help = did_you_mean(name, self.outcomes.iter().map(String::as_str));
            MarketError::UnknownOutcome { name: name.to_owned(), help }
        })
    }

    /// Does what an event says; nothing, where that is refused.
    pub fn apply(&mut self, event: &Event) -> Result<(), MarketError> {
        if self.settled.is_some() {
            return untimely("the market is settled: nothing changes any more");
        }
        if event.action == Action::List {
            return self.list(&event.outcome);
        }
        if self.outcomes.len() < 2 {
            return Err(MarketError::Outcomes { found: self.outcomes.len() });
        }
        if self.docket.is_open() && event.action.is_trade() {
            return untimely("the market has been resolved: trading is over");
        }
        match event.action {
            Action::List => unreachable!("outcomes are listed above"),
            Action::Deposit => self.accounts.deposit(&event.trader, event.amount()?),
            Action::Withdraw => self.accounts.withdraw(&event.trader, event.amount()?),
            Action::Mint => self.accounts.mint(&event.trader, event.amount()?),
            Action::Merge => self.accounts.merge(&event.trader, event.amount()?),
            Action::OpenLmsr => self.open_lmsr(event),
            Action::OpenConstantProduct => self.open_pools(event, &PoolKind::ConstantProduct),
            Action::OpenConcentrated => self.open_pools(event, &PoolKind::Concentrated),
            Action::Buy => self.buy(event),
            Action::Sell => self.sell(event),
            Action::Add => self.add(event),
            Action::Remove => self.remove(event),
            Action::Window => self.set_window(event),
            Action::Answer => self.answer(event),
            Action::Resolve => self.resolve(event),
        }
    }

    /// Pays all tokens once the dispute window is over, and gives back what is
    /// in pools. What was paid for tokens, by name.
    pub fn settle(&mut self, now: i64) -> Result<BTreeMap<String, Amount>, MarketError> {
        if self.settled.is_some() {
            return untimely("the market is settled already");
        }
        let payout = self.docket.payout(now)?;
        let mut after = self.clone();
        after.close_maker()?;
        let paid = payout.divide(&after.accounts)?;
        after.accounts.redeem(&paid)?;
        after.settled = Some(payout);
        *self = after;
        Ok(paid)
    }

    /// Whether every token is backed and no collateral lost: the first law that
    /// is broken, in words.
    pub fn broken_law(&self) -> Option<String> {
        let (accounts, maker) = (&self.accounts, self.maker.as_ref());
        let stock = maker.map(Maker::tokens).unwrap_or_default();
        for outcome in 0..=self.outcomes.len() {
            let held = accounts.accounts().values().map(|account| account.tokens[outcome]);
            let all = Amount::sum(held.chain(stock.get(outcome).copied()), "tokens");
            if all != Ok(accounts.sets()) {
                let sets = accounts.sets();
                return Some(format!("{all:?} tokens of outcome {outcome} for {sets} sets"));
            }
        }
        let cash = accounts.accounts().values().map(|account| account.cash);
        let pooled = maker.map_or(Ok(Amount::ZERO), Maker::collateral).unwrap_or(Amount::MAX);
        let all = Amount::sum(cash.chain([accounts.sets(), pooled]), "collateral");
        let inside = accounts.inside();
        (all != Ok(inside)).then(|| format!("{all:?} collateral of {inside}"))
    }

    fn list(&mut self, name: &str) -> Result<(), MarketError> {
        if self.accounts.inside() > Amount::ZERO || self.maker.is_some() {
            return untimely("outcomes are listed before anything else happens");
        }
        if name.is_empty() {
            return Err(MarketError::Missing { action: "list", field: "an outcome" });
        }
        if name == INVALID || self.outcomes.iter().any(|known| known == name) {
            return Err(MarketError::DoubleOutcome { name: name.to_owned() });
        }
        self.outcomes.push(name.to_owned());
        self.answers.push(None);
        self.accounts = Accounts::new(self.outcomes.len() + 1);
        Ok(())
    }

    fn open_lmsr(&mut self, event: &Event) -> Result<(), MarketError> {
        self.not_yet_open()?;
        let rule = Lmsr::new(event.amount()?, self.outcomes.len())?;
        let subsidy = rule.subsidy();
        self.accounts.take_cash(&event.trader, subsidy)?;
        self.accounts.lock(subsidy)?;
        let sponsor = event.trader.clone();
        self.maker = Some(Maker::Lmsr { sponsor, rule, invalid: subsidy });
        Ok(())
    }

    fn open_pools(&mut self, event: &Event, kind: &PoolKind) -> Result<(), MarketError> {
        self.not_yet_open()?;
        let fee_ppm = event.fee_ppm.unwrap_or(DEFAULT_FEE_PPM);
        if fee_ppm >= PPM {
            return Err(MarketError::Fee { found: fee_ppm });
        }
        self.maker = Some(Maker::pools(kind, self.outcomes.len(), fee_ppm)?);
        Ok(())
    }

    fn not_yet_open(&self) -> Result<(), MarketError> {
        if self.maker.is_some() { untimely("the market is open already") } else { Ok(()) }
    }

    fn opened(&mut self) -> Result<&mut Maker, MarketError> {
        let closed = "the market is not open: there is nobody to trade with";
        self.maker.as_mut().ok_or(MarketError::Untimely { what: closed.to_owned() })
    }

    fn buy(&mut self, event: &Event) -> Result<(), MarketError> {
        let (outcome, money) = (self.outcome(&event.outcome)?, event.amount()?);
        let before = event.least.and(self.maker.clone());
        self.opened()?;
        self.accounts.take_cash(&event.trader, money)?;
        let bought = self.opened()?.buy(outcome, money).and_then(|bought| {
            at_least(bought, event.least)?;
            Ok(bought)
        });
        let bought = match bought {
            Ok(bought) => bought,
            Err(refused) => {
                self.accounts.give_cash(&event.trader, money)?;
                self.maker = before.or(self.maker.take());
                return Err(refused);
            }
        };
        if matches!(self.maker, Some(Maker::Lmsr { .. })) {
            self.accounts.lock(money)?;
        }
        self.accounts.give(&event.trader, outcome, bought)
    }

    fn sell(&mut self, event: &Event) -> Result<(), MarketError> {
        let (outcome, tokens) = (self.outcome(&event.outcome)?, event.amount()?);
        let before = event.least.and(self.maker.clone());
        self.opened()?;
        self.accounts.take(&event.trader, outcome, tokens, &event.outcome)?;
        let paid = self.opened()?.sell(outcome, tokens).and_then(|paid| {
            at_least(paid, event.least)?;
            Ok(paid)
        });
        let paid = match paid {
            Ok(paid) => paid,
            Err(refused) => {
                self.accounts.give(&event.trader, outcome, tokens)?;
                self.maker = before.or(self.maker.take());
                return Err(refused);
            }
        };
        if matches!(self.maker, Some(Maker::Lmsr { .. })) {
            self.accounts.unlock(paid)?;
        }
        self.accounts.give_cash(&event.trader, paid)
    }

    fn add(&mut self, event: &Event) -> Result<(), MarketError> {
        let (outcome, amount) = (self.outcome(&event.outcome)?, event.amount()?);
        let mut maker = self.opened()?.clone();
        let due = match &mut maker {
            Maker::Lmsr { .. } => return untimely("an LMSR takes no further liquidity"),
            Maker::ConstantProduct(pools) => {
                let tokens = event.needs(event.tokens, "tokens")?;
                pools[outcome].add(&event.trader, Pair { tokens, collateral: amount })?
            }
            Maker::Concentrated(pools) => {
                pools[outcome].add(event.range()?, amount, event.price)?
            }
        };
        let held = self.accounts.of(&event.trader);
        if held.cash < due.collateral {
            let (trader, what) = (event.trader.clone(), "collateral".to_owned());
            let (held, asked) = (held.cash, due.collateral);
            return Err(MarketError::NotHeld { trader, what, held, asked });
        }
        self.accounts.take(&event.trader, outcome, due.tokens, &event.outcome)?;
        self.accounts.take_cash(&event.trader, due.collateral)?;
        self.maker = Some(maker);
        Ok(())
    }

    fn remove(&mut self, event: &Event) -> Result<(), MarketError> {
        let (outcome, amount) = (self.outcome(&event.outcome)?, event.amount()?);
        let out = match self.opened()? {
            Maker::Lmsr { .. } => {
                return untimely("the subsidy of an LMSR stays until the market is settled");
            }
            Maker::ConstantProduct(pools) => pools[outcome].remove(&event.trader, amount)?,
            Maker::Concentrated(pools) => pools[outcome].remove(&event.range()?, amount)?,
        };
        self.hand_back(&event.trader, outcome, out)
    }

    fn hand_back(&mut self, owner: &str, outcome: usize, pair: Pair) -> Result<(), MarketError> {
        self.accounts.give(owner, outcome, pair.tokens)?;
        self.accounts.give_cash(owner, pair.collateral)
    }

    fn set_window(&mut self, event: &Event) -> Result<(), MarketError> {
        if self.docket.is_open() {
            return untimely("the dispute window is set before the first ruling");
        }
        let seconds = event.needs(event.amount, "an amount of seconds")?;
        let seconds = seconds.to_u128().and_then(|seconds| i64::try_from(seconds).ok());
        let seconds = seconds.filter(|seconds| *seconds < i64::from(u32::MAX));
        let seconds = seconds.ok_or(MarketError::Setting {
            what: "the dispute window",
            found: event.amount.unwrap_or_default().to_f64(),
            wanted: "it lasts less than 2^32 seconds",
        })?;
        self.docket = Docket::new(seconds)?;
        Ok(())
    }

    fn answer(&mut self, event: &Event) -> Result<(), MarketError> {
        let outcome = self.outcome(&event.outcome)?;
        let answer = event.amount.map(|amount| {
            let found = amount;
            amount.to_u128().ok_or(MarketError::TooLarge { what: "the answer", found })
        });
        self.answers[outcome] = answer.transpose()?;
        Ok(())
    }

    /// Rules by the answers given since the last ruling.
    fn resolve(&mut self, event: &Event) -> Result<(), MarketError> {
        self.rule(event.time.unix(), &event.trader, &event.note, self.answers.clone())?;
        self.answers.fill(None);
        Ok(())
    }

    /// Rules how the market resolves, or overrules within the window.
    pub fn rule(
        &mut self,
        time: i64,
        author: &str,
        reason: &str,
        answers: Vec<Option<u128>>,
    ) -> Result<(), MarketError> {
        if answers.len() != self.outcomes.len() {
            let (found, wanted) = (answers.len(), self.outcomes.len());
            return Err(MarketError::Answers { found, wanted });
        }
        let (author, reason) = (author.to_owned(), reason.to_owned());
        self.docket.rule(Ruling { time, author, reason, answers })
    }

    /// Everything that pools and market makers hold goes to whom it belongs.
    fn close_maker(&mut self) -> Result<(), MarketError> {
        let mut back: Vec<(usize, String, Pair)> = Vec::new();
        match self.maker.take() {
            None => {}
            Some(maker @ Maker::Lmsr { .. }) => {
                let tokens = maker.tokens();
                let Maker::Lmsr { sponsor, .. } = maker else { unreachable!("it is one") };
                for (outcome, tokens) in tokens.into_iter().enumerate() {
                    let pair = Pair { tokens, collateral: Amount::ZERO };
                    back.push((outcome, sponsor.clone(), pair));
                }
            }
            Some(Maker::ConstantProduct(mut pools)) => {
                for (outcome, pool) in pools.iter_mut().enumerate() {
                    let closed = pool.close()?.into_iter();
                    back.extend(closed.map(|(owner, pair)| (outcome, owner, pair)));
                }
            }
            Some(Maker::Concentrated(mut pools)) => {
                for (outcome, pool) in pools.iter_mut().enumerate() {
                    let closed = pool.close()?.into_iter();
                    back.extend(closed.map(|(owner, pair)| (outcome, owner, pair)));
                }
            }
        }
        back.into_iter()
            .try_for_each(|(outcome, owner, pair)| self.hand_back(&owner, outcome, pair))
    }
}

fn at_least(found: Amount, least: Option<Amount>) -> Result<(), MarketError> {
    match least {
        Some(least) if found < least => Err(MarketError::BelowLeast { found, least }),
        _ => Ok(()),
    }
}

fn untimely<T>(what: &str) -> Result<T, MarketError> {
    Err(MarketError::Untimely { what: what.to_owned() })
}

impl Event {
    fn amount(&self) -> Result<Amount, MarketError> {
        self.needs(self.amount, "an amount")
    }

    fn needs<T>(&self, value: Option<T>, field: &'static str) -> Result<T, MarketError> {
        value.ok_or(MarketError::Missing { action: self.action.id(), field })
    }

    fn range(&self) -> Result<Range, MarketError> {
        let (lower, upper) = (self.needs(self.lower, "lower")?, self.needs(self.upper, "upper")?);
        Ok(Range { owner: self.trader.clone(), lower, upper })
    }
}
