//! From prices to weights.
//!
//! # Formula
//!
//! ```text
//! weight      w_i = p_i / Σ p_j
//! TWAP        p_i = Σ p_i(k) (t_{k+1} − t_k) / (t_end − t_start)
//! volatility  standard deviation of ln p_i over the window, by time
//! ```
//!
//! The price at a moment is the last one seen before. An outcome whose market
//! is thinner than asked for gets no weight of its own: its price says what one
//! trader could pay for. An outcome whose price moved more than allowed keeps
//! its weight and is marked: a jury should look before money moves.
//!
//! # Units and rounding
//!
//! Prices in units of collateral, `f64`; times in seconds. Three times the
//! price is three times the weight.
//!
//! # Known weaknesses
//!
//! * A window of time makes manipulation dearer, not impossible: who holds a
//!   price all the time moves the mean as far.
//!
//! # Sources
//!
//! * Uniswap v2 whitepaper (Adams, Zinsmeister, Robinson 2020), §2.2 (time-weighted prices).

use allonet_core::maths;
use serde::Serialize;

use super::MarketError;

/// Prices of all outcomes at one time.
#[derive(Debug, Clone, PartialEq)]
pub struct Quote {
    /// When, in seconds since 1970.
    pub time: i64,
    /// Prices from then on.
    pub prices: Vec<f64>,
}

/// How prices become weights.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reader {
    /// Over how many seconds before the end the mean is taken; zero for
    /// the last price alone.
    pub window: i64,
    /// A market of less depth at the end gives no weight.
    pub min_depth: f64,
    /// A price that varied more than this, as a standard deviation of
    /// logarithms, asks for a jury; none for no limit.
    pub max_volatility: Option<f64>,
}

impl Default for Reader {
    /// The last price, whatever the depth.
    fn default() -> Self {
        Self { window: 0, min_depth: 0.0, max_volatility: None }
    }
}

/// The weight of an outcome, and what it is made of.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct PriceWeight {
    /// The last price.
    pub spot: f64,
    /// The mean over the window.
    pub mean: f64,
    /// Money that moves the price up by a tenth.
    pub depth: f64,
    /// Standard deviation of the price's logarithm over the window.
    pub volatility: f64,
    /// Whether its market is too thin to count.
    pub thin: bool,
    /// Whether a jury should look at it.
    pub jury: bool,
    /// Its part of all weights.
    pub weight: f64,
}

/// Weights from quotes in order of time, as they stand at `end`; `depths` is
/// the money that moves each price up by a tenth.
///
/// # Panics
///
/// If there is not one depth for each outcome.
pub fn weights(
    quotes: &[Quote],
    depths: &[f64],
    end: i64,
    reader: &Reader,
) -> Result<Vec<PriceWeight>, MarketError> {
    if reader.window < 0 {
        let (what, found) = ("the window", reader.window as f64);
        return Err(MarketError::Setting { what, found, wanted: "it is zero or longer" });
    }
    let seen = quotes.partition_point(|quote| quote.time <= end);
    let Some(last) = quotes[..seen].last() else {
        return Err(MarketError::NoLiquidity { what: "the market before this time".to_owned() });
    };
    assert_eq!(last.prices.len(), depths.len(), "one depth for each outcome");
    let spans = spans(&quotes[..seen], end, reader.window);
    let mut found = Vec::with_capacity(last.prices.len());
    for (outcome, (spot, depth)) in last.prices.iter().zip(depths).enumerate() {
        let (mean, volatility) = moments(&spans, outcome);
        if !(mean.is_finite() && mean >= 0.0) {
            return Err(MarketError::Price { found: mean });
        }
        let jury = reader.max_volatility.is_some_and(|most| volatility > most);
        // A depth that is no number is none.
        let thin = depth.is_nan() || *depth < reader.min_depth;
        let (spot, depth) = (*spot, *depth);
        found.push(PriceWeight { spot, mean, depth, volatility, thin, jury, weight: 0.0 });
    }
    let sum = maths::sum(found.iter().filter(|part| !part.thin).map(|part| part.mean));
    if sum <= 0.0 {
        return Err(MarketError::NoLiquidity { what: "every outcome's market".to_owned() });
    }
    for part in found.iter_mut().filter(|part| !part.thin) {
        part.weight = part.mean / sum;
    }
    Ok(found)
}

/// For how long each quote stood within the window; the last one for some time
/// where the window is empty.
fn spans(quotes: &[Quote], end: i64, window: i64) -> Vec<(f64, &Quote)> {
    let start = end.saturating_sub(window);
    let mut spans: Vec<(f64, &Quote)> = Vec::new();
    for (at, quote) in quotes.iter().enumerate() {
        let until = quotes.get(at + 1).map_or(end, |next| next.time);
        let stood = until.saturating_sub(quote.time.max(start));
        if stood > 0 {
            spans.push((stood as f64, quote));
        }
    }
    if window == 0 || spans.is_empty() {
        spans = quotes.last().map(|last| (1.0, last)).into_iter().collect();
    }
    spans
}

fn moments(spans: &[(f64, &Quote)], outcome: usize) -> (f64, f64) {
    let time = maths::sum(spans.iter().map(|(stood, _)| *stood));
    let price = |quote: &Quote| quote.prices[outcome];
    let mean = maths::sum(spans.iter().map(|(stood, quote)| stood * price(quote))) / time;
    let log = |quote: &Quote| maths::ln(price(quote).max(f64::MIN_POSITIVE));
    let log_mean = maths::sum(spans.iter().map(|(stood, quote)| stood * log(quote))) / time;
    let square = |quote: &Quote| (log(quote) - log_mean) * (log(quote) - log_mean);
    let variance = maths::sum(spans.iter().map(|(stood, quote)| stood * square(quote))) / time;
    (mean, variance.sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quote(time: i64, prices: &[f64]) -> Quote {
        Quote { time, prices: prices.to_vec() }
    }

    fn weigh(quotes: &[Quote], end: i64, reader: Reader) -> Vec<f64> {
        weights(quotes, &vec![10.0; quotes[0].prices.len()], end, &reader)
            .unwrap()
            .iter()
            .map(|part| part.weight)
            .collect()
    }

    #[test]
    fn three_times_the_price_is_three_times_the_weight() {
        let quotes = [quote(0, &[0.3, 0.1])];
        let found = weigh(&quotes, 5, Reader::default());
        assert!((found[0] / found[1] - 3.0).abs() < 1e-12 && (found[0] - 0.75).abs() < 1e-12);
        // Doubling all prices changes no bit.
        let doubled = [quote(0, &[0.6, 0.2])];
        assert_eq!(found, weigh(&doubled, 5, Reader::default()));
    }

    #[test]
    fn a_known_price_path_has_its_mean() {
        // 0.2 for 60, 0.5 for 30, 0.8 for the last 10: 0.35.
        let path = [quote(0, &[0.2, 0.8]), quote(60, &[0.5, 0.5]), quote(90, &[0.8, 0.2])];
        let twap = Reader { window: 100, ..Reader::default() };
        let found = weights(&path, &[10.0; 2], 100, &twap).unwrap();
        assert!((found[0].mean - 0.35).abs() < 1e-15 && (found[0].weight - 0.35).abs() < 1e-15);
        assert!((weigh(&path, 100, Reader::default())[0] - 0.8).abs() < 1e-15);
        // The last 40: 0.5 for 30, 0.8 for 10.
        let short = Reader { window: 40, ..Reader::default() };
        assert!((weigh(&path, 100, short)[0] - 0.575).abs() < 1e-15);
        // What comes after the end is not seen; what was before it starts the window.
        assert!((weigh(&path, 59, twap)[0] - 0.2).abs() < 1e-15);
        assert!(weights(&path, &[10.0; 2], -1, &twap).is_err());
    }

    #[test]
    fn thin_and_restless_markets_are_marked() {
        let quotes = vec![quote(0, &[0.2, 0.2, 0.6]), quote(50, &[0.4, 0.2, 0.4])];
        let depths = [10.0, 9.0, 10.0];
        let reader = Reader { window: 100, min_depth: 10.0, max_volatility: Some(0.3) };
        let found = weights(&quotes, &depths, 100, &reader).unwrap();
        assert_eq!([0, 1, 2].map(|at| found[at].thin), [false, true, false]);
        // Half the time twice the price: ln 2 / 2 = 0.347.
        assert!((found[0].volatility - 0.346_573_6).abs() < 1e-6);
        assert_eq!([0, 1, 2].map(|at| found[at].jury), [true, false, false]);
        assert_eq!((found[1].weight, found[0].weight), (0.0, 0.3 / 0.8));
        let strict = Reader { min_depth: 11.0, ..reader };
        assert!(matches!(
            weights(&quotes, &depths, 100, &strict),
            Err(MarketError::NoLiquidity { .. })
        ));
        let backwards = Reader { window: -1, ..reader };
        assert!(matches!(
            weights(&quotes, &depths, 100, &backwards),
            Err(MarketError::Setting { .. })
        ));
    }
}
