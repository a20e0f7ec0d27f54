//! What retro funding pays for scores: the limits of a weight file, met with the
//! money that a neuron has.
//!
//! ```text
//! pool = min(money, budget)
//! pay  = pool by score, nobody above max_share_per_project · pool; whoever is
//!        below min_amount_per_project gets nothing, and the others share it
//! ```

use allonet_core::card::{Absent, Kind, Setting, Settings};
use allonet_core::fault::Fault;
use allonet_core::mechanism::{Allocation, Refusal, Turn};
use allonet_core::money::{Amount, Asset, Rounding, Share};
use allonet_core::table::Faults;

use super::allocator::{optimism, round_to};
use super::yaml::Section;
use crate::paying::{Divided, Terms, show};

/// Decimals of published rewards.
const PUBLISHED_DECIMALS: u8 = 2;

/// The setting `rounding`.
pub(crate) const ROUNDING: Setting = Setting {
    name: "rounding",
    kind: Kind::Choice(&["exact", "published"]),
    default: Absent::Default("exact"),
    doc: "Pay the pool to the last base unit, or each reward rounded to two decimals by itself, \
          as Optimism publishes them; those add up to a few cents more or less than the pool.",
};

/// The section `allocation` of a weight file.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Award {
    /// Most that is paid in all.
    budget: Amount,
    minimum: Amount,
    share: Share,
    /// Rewards are rounded one by one.
    published: bool,
}

impl Award {
    /// Reads the section; what is at fault in it is told.
    pub(crate) fn read(
        section: &Section<'_>,
        settings: &Settings,
        asset: &Asset,
        faults: &mut Faults,
    ) -> Self {
        section.only(&["budget", "min_amount_per_project", "max_share_per_project"], faults);
        let mut amount = |key: &str| {
            let text = section.text(key, faults);
            if text.is_empty() {
                return Amount::ZERO;
            }
            asset.parse(text).unwrap_or_else(|error| {
                let message = format!("`allocation.{key}`: {error}");
                faults.push(Fault::new("bad-amount", message).at(section.place(key)));
                Amount::ZERO
            })
        };
        let (budget, minimum) = (amount("budget"), amount("min_amount_per_project"));
        let text = section.text("max_share_per_project", faults);
        let share = text.parse::<Share>().ok().filter(|share| !share.is_zero());
        if share.is_none() && !text.is_empty() {
            let message = format!("`allocation.max_share_per_project` is `{text}`");
            let fault = Fault::new("bad-share", message).at(section.place("max_share_per_project"));
            faults.push(fault.help("write a share above zero: 0.05 or 5%; 1 for no cap"));
        }
        let published = settings.text("rounding") == Some("published");
        if published && asset.decimals < PUBLISHED_DECIMALS {
            let message = format!(
                "{} has {} decimals; published rewards have {PUBLISHED_DECIMALS}",
                asset.symbol, asset.decimals
            );
            faults.push(Fault::new("decimals", message).at_some(settings.place("rounding")));
        }
        Self { budget, minimum, share: share.unwrap_or(Share::ONE), published }
    }

    /// Pays the scores of a neuron's payees; `why` is the note of the first step.
    ///
    /// Other assets than the main one are divided whole, under the same cap.
    pub(crate) fn pay(
        &self,
        turn: &Turn<'_>,
        allocation: &mut Allocation<'_>,
        scores: &[f64],
        why: impl Fn(usize) -> String,
    ) -> Result<Vec<String>, Refusal> {
        let mut remarks = Vec::new();
        let available = allocation.available().clone();
        for (asset, money) in available.iter() {
            let pool = if asset == 0 { money.min(self.budget) } else { money };
            let divided = self.divide(turn.assets, asset, pool, money, scores)?;
            divided.book(asset, turn, allocation, &why)?;
            if asset == 0 {
                remarks = divided.remarks(turn.assets, scores, pool);
                remarks.extend(self.budget_remark(turn.assets, money));
            }
        }
        Ok(remarks)
    }

    fn divide(
        &self,
        assets: &[Asset],
        asset: usize,
        pool: Amount,
        money: Amount,
        scores: &[f64],
    ) -> Result<Divided, Refusal> {
        let terms = Terms {
            cap: Some(self.share),
            keep_overflow: false,
            minimum: (asset == 0).then_some(self.minimum),
            rounding: Rounding::default(),
        };
        let mut divided = terms.divide(pool, scores)?;
        if self.published && asset == 0 {
            divided.paid = self.rounded(&assets[0], pool, scores)?;
            let paid = Amount::sum(divided.paid.iter().copied(), "rewards")?;
            if paid > money {
                return Err(too_little(assets, paid, money));
            }
        }
        Ok(divided)
    }

    /// The allocator in floats, each reward rounded by itself.
    fn rounded(&self, asset: &Asset, pool: Amount, scores: &[f64]) -> Result<Vec<Amount>, Refusal> {
        let unit = (0..asset.decimals).fold(1.0, |unit, _| unit * 10.0);
        let (pool, least) = (pool.to_f64() / unit, self.minimum.to_f64() / unit);
        let sum = allonet_core::maths::sum(scores.iter().copied());
        let wanted: Vec<f64> =
            scores.iter().map(|score| if sum > 0.0 { score / sum * pool } else { 0.0 }).collect();
        let paid = optimism(&wanted, pool, self.share.to_f64() * pool, least);
        let amount = |paid: f64| {
            let paid = round_to(paid, u32::from(PUBLISHED_DECIMALS));
            let text = format!("{paid:.places$}", places = usize::from(PUBLISHED_DECIMALS));
            asset.parse(&text).map_err(|error| Refusal::new("amount", error.to_string()))
        };
        paid.into_iter().map(amount).collect()
    }

    fn budget_remark(&self, assets: &[Asset], money: Amount) -> Option<String> {
        let (budget, there) = (show(assets, 0, self.budget), show(assets, 0, money));
        if money > self.budget {
            Some(format!("the weight file's budget of {budget} is the limit; there is {there}"))
        } else {
            let less = format!("the weight file's budget is {budget}, but there is only {there}");
            (money < self.budget).then_some(less)
        }
    }
}

fn too_little(assets: &[Asset], paid: Amount, money: Amount) -> Refusal {
    let more = show(assets, 0, paid.saturating_sub(money));
    let message = format!(
        "rounded one by one the rewards add up to {}, {more} more than the {} there is",
        show(assets, 0, paid),
        show(assets, 0, money)
    );
    let help = format!("give it {more} more, or set `rounding = \"exact\"`");
    Refusal::new("overspent", message).help(help)
}
