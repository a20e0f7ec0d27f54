//! What a neuron with a prediction market shows beside its payouts.

use allonet_core::exhibit::{Cell, Exhibit};
use allonet_core::maths;
use allonet_core::money::Amount;

use super::evidence::Shown;
use crate::market::weights::PriceWeight;
use crate::market::{Maker, Replay};

/// A market when trading ended.
#[derive(Debug, Clone, Copy)]
pub(super) struct Quotation<'a> {
    pub(super) replay: &'a Replay,
    /// For each outcome.
    pub(super) found: &'a [PriceWeight],
    /// When trading ended.
    pub(super) end: i64,
    /// Seconds before the end that are looked at.
    pub(super) window: i64,
}

/// Prices, how firm they are, and what to look at before money follows them.
pub(super) fn of(quotation: &Quotation<'_>) -> Shown {
    let exhibits = vec![prices(quotation), firmness(quotation)];
    Shown { exhibits, remarks: remarks(quotation) }
}

/// For each outcome, its prices.
pub(super) fn notes(found: &[PriceWeight]) -> Vec<String> {
    let note = |part: &PriceWeight| {
        let thin = if part.thin { "; its market is too thin to count" } else { "" };
        format!("last price {:.4}, mean {:.4}{thin}", part.spot, part.mean)
    };
    found.iter().map(note).collect()
}

fn prices(quotation: &Quotation<'_>) -> Exhibit {
    let about = "Last price, mean by time over the window, money that moves the price up by a \
                 tenth (in base units of the market's collateral), and how far the price moved in \
                 the window (standard deviation of its logarithm).";
    let columns = ["outcome", "price", "twap", "liquidity", "volatility", "weight", "remark"];
    let mut table = Exhibit::new("Prices", about, &columns);
    for (name, part) in outcomes(quotation) {
        let remark = match (part.thin, part.jury) {
            (true, _) => "too thin to count",
            (false, true) => "restless: a jury should look",
            (false, false) => "",
        };
        let figures = [part.spot, part.mean, part.depth, part.volatility, part.weight];
        let cells = std::iter::once(name.into()).chain(figures.map(Cell::from));
        table.push(cells.chain([remark.into()]));
    }
    table
}

fn outcomes<'a>(quotation: &Quotation<'a>) -> impl Iterator<Item = (&'a str, &'a PriceWeight)> {
    quotation.replay.market.outcomes().iter().map(String::as_str).zip(quotation.found)
}

/// By how much a weight is to be moved.
const POINT: f64 = 0.01;

fn firmness(quotation: &Quotation<'_>) -> Exhibit {
    let about = "What it costs to raise a weight by one percentage point, from the last prices, in \
                 base units of the market's collateral: the price to reach, the money to put in, \
                 and what of it is lost if tokens are later paid what they cost before. To raise a \
                 mean as far, the price must be held over the whole window.";
    let columns =
        ["outcome", "weight by last price", "price to reach", "money to put in", "lost if wrong"];
    let mut table = Exhibit::new("How firm", about, &columns);
    let Some(maker) = quotation.replay.market.maker() else {
        return table;
    };
    let counted = quotation.found.iter().filter(|part| !part.thin);
    let sum = maths::sum(counted.map(|part| part.spot));
    for (at, (name, part)) in outcomes(quotation).enumerate() {
        let unknown = || Cell::from("–");
        if part.thin || sum <= 0.0 {
            table.push([name.into(), 0.0.into(), unknown(), unknown(), unknown()]);
            continue;
        }
        let aim = price_for(maker, part.spot, sum);
        let pushed = aim.and_then(|aim| push(maker, at, part.spot, aim));
        let number = |value: Option<f64>| value.map_or_else(unknown, Cell::from);
        table.push([
            name.into(),
            (part.spot / sum).into(),
            number(aim),
            number(pushed.map(|(money, _)| money)),
            number(pushed.map(|(_, lost)| lost)),
        ]);
    }
    table
}

/// The price at which an outcome's part of all counted prices is a point more;
/// none where that takes a whole unit of collateral or more.
fn price_for(maker: &Maker, price: f64, sum: f64) -> Option<f64> {
    let (aim, others) = (price / sum + POINT, sum - price);
    if aim >= 1.0 || others <= 0.0 {
        return None;
    }
    let wanted = match maker {
        // All prices add up to one: those of the others fall together.
        Maker::Lmsr { .. } => {
            let kept = aim * others / (1.0 - price);
            kept / (1.0 - aim + kept)
        }
        Maker::ConstantProduct(_) | Maker::Concentrated(_) => aim * others / (1.0 - aim),
    };
    (wanted > price && wanted < 1.0).then_some(wanted)
}

/// A push counts that comes so far of its way; base units may be too coarse for
/// the whole.
const FAR_ENOUGH: f64 = 0.9;

/// The money that brings a price there, and what of it buys nothing; none where
/// liquidity ends before.
fn push(maker: &Maker, outcome: usize, price: f64, aim: f64) -> Option<(f64, f64)> {
    let below = maker.money_until(outcome, aim).ok()?;
    let money = below.add(Amount::from_base(1), "money to move a price").ok()?;
    let mut after = maker.clone();
    let tokens = after.buy(outcome, money).ok()?;
    let moved = after.prices()[outcome] - price;
    let lost = money.to_f64() - tokens.to_f64() * price;
    (moved >= FAR_ENOUGH * (aim - price)).then(|| (money.to_f64(), lost.max(0.0)))
}

fn remarks(quotation: &Quotation<'_>) -> Vec<String> {
    let mut remarks = Vec::new();
    let named = |test: fn(&PriceWeight) -> bool| {
        let marked = outcomes(quotation).filter(|(_, part)| test(part));
        marked.map(|(name, _)| name).collect::<Vec<_>>().join(", ")
    };
    let thin = named(|part| part.thin);
    if !thin.is_empty() {
        remarks.push(format!("too thin to count, no weight: {thin}"));
    }
    let restless = named(|part| part.jury && !part.thin);
    if !restless.is_empty() {
        remarks.push(format!("restless prices, a jury should look before money moves: {restless}"));
    }
    let sum = maths::sum(quotation.found.iter().map(|part| part.spot));
    if !(0.98..=1.02).contains(&sum) {
        let whoever = if sum > 1.0 { "mints and sells" } else { "buys and merges" };
        remarks.push(format!(
            "all last prices together are {sum:.4} of a unit: whoever {whoever} complete sets \
             earns the difference, so these prices are not settled yet"
        ));
    }
    let quotes = &quotation.replay.quotes;
    let open = quotes.first().map_or(0, |first| quotation.end.saturating_sub(first.time));
    if open < quotation.window {
        let window = quotation.window;
        remarks.push(format!(
            "the market had been open for {open} of the {window} seconds of the window"
        ));
    }
    remarks
}

/// The market's weights beside a jury's, among the outcomes that the jury
/// compared, and by how much they differ; none where it compared nothing that
/// has a weight.
pub(super) fn beside_jury(
    quotation: &Quotation<'_>,
    jury: &[Option<u128>],
) -> Option<(Exhibit, String)> {
    let pairs = || jury.iter().zip(quotation.found).filter(|(said, _)| said.is_some());
    let said = |weight: &Option<u128>| weight.map_or(0.0, |weight| weight as f64);
    let by_jury = maths::sum(pairs().map(|(weight, _)| said(weight)));
    let by_market = maths::sum(pairs().map(|(_, part)| part.weight));
    if by_jury <= 0.0 || by_market <= 0.0 {
        return None;
    }
    let about = "Weights of the market and of the jury, each adding up to 1 among the outcomes \
                 that the jury compared. The jury changes no payout here.";
    let columns = ["outcome", "market", "jury", "market minus jury"];
    let mut table = Exhibit::new("Market and jury", about, &columns);
    let mut apart = Vec::new();
    for ((name, part), weight) in outcomes(quotation).zip(jury) {
        if weight.is_none() {
            table.push([name.into(), "–".into(), "not compared".into(), "–".into()]);
            continue;
        }
        let (market, jury) = (part.weight / by_market, said(weight) / by_jury);
        apart.push((market - jury).abs());
        table.push([name.into(), market.into(), jury.into(), (market - jury).into()]);
    }
    let percent = 50.0 * maths::sum(apart.iter().copied());
    let of = format!("{} of {} outcomes", apart.len(), jury.len());
    let remark = format!(
        "market and jury would put {percent:.1} % of the money in different places (the jury \
         compared {of})"
    );
    Some((table, remark))
}
