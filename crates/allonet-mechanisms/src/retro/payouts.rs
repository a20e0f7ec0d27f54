//! How scores of projects become money.

use allonet_core::maths;
use allonet_core::mechanism::{Allocation, Change, Refusal, Step, Turn};
use allonet_core::money::{Amount, Asset, Rounding, apportion, weights_from_f64};
use ruint::aliases::{U256, U512};

use crate::paying::{Terms, Walk, show};

/// Parts of a whole in Drips.
const MILLION: u64 = 1_000_000;

/// How scores become money.
#[derive(Clone, Debug)]
pub(super) enum Payouts {
    /// The pool is divided in proportion to the scores.
    Shares(Terms),
    /// The same by parts per million, as a Drip list has them.
    Drips(Terms),
    /// The scores themselves, times `factor`, are paid in units of the main
    /// asset, rounded to so many decimals.
    Score { factor: f64, decimals: Option<u8> },
    /// EasyRetroPGF's integers; `budget` stands in for the pool.
    EasyRetroPgf { budget: Option<Amount> },
}

/// What to pay for, and why.
pub(super) struct Scored<'a, W: Fn(usize) -> String> {
    /// Zero where a project is not paid.
    pub(super) scores: &'a [f64],
    /// Note of a payee's first step.
    pub(super) why: W,
    /// What each payee was paid of the main asset in earlier epochs.
    pub(super) before: &'a [Amount],
}

impl Payouts {
    /// Books everything; returns remarks.
    pub(super) fn book(
        &self,
        turn: &Turn<'_>,
        allocation: &mut Allocation<'_>,
        scored: &Scored<'_, impl Fn(usize) -> String>,
    ) -> Result<Vec<String>, Refusal> {
        match self {
            Self::Shares(terms) => terms.pay(turn, allocation, scored.scores, &scored.why),
            Self::Drips(terms) => {
                let parts = drips(scored.scores)?;
                terms.pay(turn, allocation, &floats(&parts), |at| {
                    format!("{}; {} of {MILLION} parts", (scored.why)(at), parts[at])
                })
            }
            Self::Score { .. } | Self::EasyRetroPgf { .. } => {
                self.book_amounts(turn, allocation, scored)
            }
        }
    }

    /// What each payee gets of a pool of one asset. Scores say nothing about
    /// amounts of other assets than the main one.
    pub(super) fn amounts(
        &self,
        assets: &[Asset],
        asset: usize,
        pool: Amount,
        scores: &[f64],
        before: &[Amount],
    ) -> Result<Vec<Amount>, Refusal> {
        let main = asset == 0;
        let of = |terms: &Terms| Terms { minimum: terms.minimum.filter(|_| main), ..*terms };
        match self {
            Self::Shares(terms) => Ok(of(terms).divide(pool, scores)?.paid),
            Self::Drips(terms) => Ok(of(terms).divide(pool, &floats(&drips(scores)?))?.paid),
            _ if !main => Ok(Terms::default().divide(pool, scores)?.paid),
            Self::Score { .. } => within(pool, &self.asked(&assets[0], scores, before)?),
            Self::EasyRetroPgf { budget } => {
                let paid = easy_retro_pgf(scores, budget.unwrap_or(pool))?;
                let sum = Amount::sum(paid.iter().copied(), "EasyRetroPGF's payouts")?;
                if sum > pool { Err(overdrawn(&assets[0], sum, pool)) } else { Ok(paid) }
            }
        }
    }

    /// Scores as amounts, less what was paid before.
    fn asked(
        &self,
        asset: &Asset,
        scores: &[f64],
        before: &[Amount],
    ) -> Result<Vec<Amount>, Refusal> {
        let (factor, decimals) = match self {
            Self::Score { factor, decimals } => (*factor, *decimals),
            _ => (1.0, None),
        };
        let decimals = usize::from(decimals.unwrap_or(asset.decimals));
        let ask = |(score, before): (&f64, &Amount)| {
            let text = format!("{:.decimals$}", score * factor);
            let amount = asset.parse(&text).map_err(|error| {
                Refusal::new("score-too-large", format!("a score asks for {text}: {error}"))
            })?;
            Ok(amount.saturating_sub(*before))
        };
        scores.iter().zip(before).map(ask).collect()
    }

    fn book_amounts(
        &self,
        turn: &Turn<'_>,
        allocation: &mut Allocation<'_>,
        scored: &Scored<'_, impl Fn(usize) -> String>,
    ) -> Result<Vec<String>, Refusal> {
        let available = allocation.available().clone();
        for (asset, pool) in available.iter().filter(|(asset, _)| *asset > 0) {
            let shares = self.amounts(turn.assets, asset, pool, scored.scores, scored.before)?;
            for (payee, amount) in (0_u32..).zip(shares) {
                let why = (scored.why)(payee as usize);
                let step = Step::new("share by score", Change::Plus(amount)).note(why);
                allocation.pay(payee, asset, amount, vec![step])?;
            }
        }
        let pool = available.of(0);
        let paid = self.amounts(turn.assets, 0, pool, scored.scores, scored.before)?;
        let (asked, ceiling) = match self {
            Self::Score { .. } => {
                (self.asked(&turn.assets[0], scored.scores, scored.before)?, true)
            }
            _ => (paid.clone(), false),
        };
        for (payee, (amount, asked)) in (0_u32..).zip(paid.iter().zip(&asked)) {
            let mut walk = Walk::default();
            walk.to(*asked, "score", || (scored.why)(payee as usize));
            walk.to(*amount, "scaled to the pool", || show(turn.assets, 0, pool));
            allocation.pay(payee, 0, *amount, walk.steps)?;
        }
        remarks(turn.assets, pool, &asked, ceiling)
    }
}

/// What the operator should know of the sum asked for.
fn remarks(
    assets: &[Asset],
    pool: Amount,
    asked: &[Amount],
    ceiling: bool,
) -> Result<Vec<String>, Refusal> {
    let sum = Amount::sum(asked.iter().copied(), "what the scores ask for")?;
    let (asks, has) = (show(assets, 0, sum), show(assets, 0, pool));
    let remark = if sum.is_zero() {
        "no project is owed anything: nothing is paid".to_owned()
    } else if ceiling && sum < pool {
        format!("the scores ask for {asks}, less than the pool of {has}; the rest stays unspent")
    } else if sum > pool {
        format!("the scores ask for {asks}, more than the pool of {has}; all are scaled down")
    } else {
        return Ok(Vec::new());
    };
    Ok(vec![remark])
}

/// The amounts, scaled down to the pool if they are more.
fn within(pool: Amount, asked: &[Amount]) -> Result<Vec<Amount>, Refusal> {
    let sum = Amount::sum(asked.iter().copied(), "what the scores ask for")?;
    if sum <= pool {
        return Ok(asked.to_vec());
    }
    let weights: Vec<U256> = asked.iter().map(|amount| amount.to_u256()).collect();
    let divided = apportion(pool, &weights, Rounding::default());
    Ok(divided.map_err(|error| Refusal::new("division", error.to_string()))?.parts)
}

fn floats(parts: &[u32]) -> Vec<f64> {
    parts.iter().map(|part| f64::from(*part)).collect()
}

/// EasyRetroPGF's payouts of a pool, in base units:
/// `round(score · 100) · pool // ⌊Σ score⌋ // 100`.
///
/// Where the scores do not add up to a whole number, the payouts add up to more
/// than the pool: whoever books them must look.
pub fn easy_retro_pgf(scores: &[f64], pool: Amount) -> Result<Vec<Amount>, Refusal> {
    let sum = maths::sum(scores.iter().copied());
    let whole = |number: f64| {
        U256::try_from(number).map_err(|_| {
            let message = format!("{number:e} votes are more than whole numbers can hold");
            Refusal::new("score-too-large", message)
        })
    };
    let total = whole(sum.floor())?;
    if sum == 0.0 {
        return Ok(vec![Amount::ZERO; scores.len()]);
    }
    if total.is_zero() {
        let message = format!("the votes add up to {sum}, which EasyRetroPGF rounds down to 0");
        return Err(Refusal::new("parity", message).help("leave `parity` out"));
    }
    let hundred = U512::from(100_u64);
    let pay = |score: &f64| {
        let votes: U512 = whole((score * 100.0 + 0.5).floor())?.widening_mul(pool.to_u256());
        let paid = votes / U512::from(total) / hundred;
        if paid > U512::from(U256::MAX) {
            return Err(Refusal::new("amount", "a payout is above 2^256 base units"));
        }
        Ok(Amount::from_u256(paid.to::<U256>()))
    };
    scores.iter().map(pay).collect()
}

fn overdrawn(asset: &Asset, sum: Amount, pool: Amount) -> Refusal {
    let over = asset.show(sum.saturating_sub(pool));
    let (sum, pool) = (asset.show(sum), asset.show(pool));
    let message = format!(
        "EasyRetroPGF's payouts add up to {sum}, which is {over} more than the {pool} here"
    );
    Refusal::new("parity-overspends", message).help(
        "it rounds the sum of all votes down; leave `parity` out, or let more money come in and \
         set `budget`",
    )
}

/// Parts per million of a Drip list: each share rounded, then one part more or
/// less for each in turn, the largest first, until they add up.
pub fn drips(scores: &[f64]) -> Result<Vec<u32>, Refusal> {
    weights_from_f64(scores).map_err(|error| Refusal::new("division", error.to_string()))?;
    let sum = maths::sum(scores.iter().copied());
    if !sum.is_finite() {
        return Err(Refusal::new("score-too-large", "the scores add up to more than floats hold"));
    }
    if sum == 0.0 {
        return Ok(vec![0; scores.len()]);
    }
    let part = |score: &f64| {
        let part = U256::try_from((score / sum * 1e6 + 0.5).floor()).expect("at most a million");
        part.to::<u32>()
    };
    let mut parts: Vec<u32> = scores.iter().map(part).collect();
    let mut order: Vec<usize> = (0..parts.len()).filter(|at| scores[*at] > 0.0).collect();
    order.sort_by(|a, b| parts[*b].cmp(&parts[*a]).then(a.cmp(b)));
    let given: u64 = parts.iter().map(|part| u64::from(*part)).sum();
    let mut apart = MILLION.abs_diff(given);
    for at in order.iter().cycle() {
        if apart == 0 {
            break;
        }
        if given < MILLION {
            parts[*at] += 1;
            apart -= 1;
        } else if parts[*at] > 0 {
            parts[*at] -= 1;
            apart -= 1;
        }
    }
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn easy(scores: &[f64], pool: u128) -> Vec<u128> {
        let paid = easy_retro_pgf(scores, Amount::from_base(pool)).unwrap();
        paid.into_iter().map(|amount| amount.to_u128().unwrap()).collect()
    }

    #[test]
    fn easy_retro_pgf_rounds_the_sum_down() {
        assert_eq!(easy(&[10.0, 30.0], 1_000), [250, 750]);
        // 1,050 · 1,000,000 // 31 // 100; three of them are 1,016,127.
        assert_eq!(easy(&[10.5, 10.5, 10.5], 1_000_000), [338_709; 3]);
        assert_eq!(easy(&[0.0, 0.0], 1_000), [0, 0]);
        assert!(easy_retro_pgf(&[0.3, 0.4], Amount::from_base(9)).is_err());
        assert!(easy_retro_pgf(&[1e300], Amount::from_base(9)).is_err());
        assert!(easy_retro_pgf(&[f64::INFINITY], Amount::from_base(9)).is_err());
    }

    #[test]
    fn drip_lists_add_up_to_a_million() {
        // 333,333 each; the first gets the part that is left.
        assert_eq!(drips(&[1.0, 1.0, 1.0]).unwrap(), [333_334, 333_333, 333_333]);
        // 166,667 each, two too many; the first two give.
        let expected = [166_666, 166_666, 166_667, 166_667, 166_667, 166_667];
        assert_eq!(drips(&[2.0; 6]).unwrap(), expected);
        assert_eq!(drips(&[0.0, 0.0]).unwrap(), [0, 0]);
        assert!(drips(&[f64::NAN]).is_err());
    }

    proptest! {
        #[test]
        fn parts_are_within_a_round_robin(
            scores in prop::collection::vec(0.0_f64..1e9, 1..50),
        ) {
            let parts = drips(&scores).unwrap();
            let sum: f64 = scores.iter().sum();
            prop_assume!(sum > 0.0);
            prop_assert_eq!(parts.iter().sum::<u32>(), 1_000_000);
            for (part, score) in parts.iter().zip(&scores) {
                prop_assert!((f64::from(*part) - score / sum * 1e6).abs() < 2.0);
            }
        }
    }
}
