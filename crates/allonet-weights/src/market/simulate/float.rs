//! The logarithmic scoring rule in floats, where a trade is a bundle of tokens
//! of all outcomes at once: that is how somebody moves to what they believe.

use allonet_core::maths;

use super::scene::dot;
use crate::estimate::softmax;

/// The market maker.
#[derive(Debug, Clone)]
pub(super) struct Float {
    b: f64,
    /// Tokens sold of each outcome.
    sold: Vec<f64>,
}

/// Tokens bought (sold, where negative) and money paid for them.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Bundle {
    pub(super) tokens: Vec<f64>,
    pub(super) cost: f64,
}

impl Bundle {
    /// What it earns when tokens are paid so.
    pub(super) fn profit(&self, payout: &[f64]) -> f64 {
        dot(&self.tokens, payout) - self.cost
    }
}

impl Float {
    /// At equal prices.
    pub(super) fn new(b: f64, outcomes: usize) -> Self {
        Self { b, sold: vec![0.0; outcomes] }
    }

    /// Prices, which add up to one.
    pub(super) fn prices(&self) -> Vec<f64> {
        softmax(&self.sold.iter().map(|sold| sold / self.b).collect::<Vec<_>>())
    }

    /// What the maker has lost, when tokens are paid so and this was taken.
    pub(super) fn loss(&self, payout: &[f64], outcomes: usize) -> f64 {
        let start = vec![0.0; outcomes];
        dot(&self.sold, payout) - self.cost(&start, &self.sold)
    }

    /// Brings prices to a belief, as far as the budget allows: in the worst
    /// outcome it is lost and no more.
    pub(super) fn trade_to(&mut self, belief: &[f64], budget: f64) -> Bundle {
        let bundle = self.affordable(belief, budget, 1.0);
        self.apply(&bundle);
        bundle
    }

    /// Trades of several at one price for all: together they bring prices to
    /// the mean of their beliefs in logarithms, as far as budgets allow.
    pub(super) fn batch(&mut self, beliefs: &[&[f64]], budget: f64) -> Vec<Bundle> {
        let part = 1.0 / beliefs.len() as f64;
        let mut bundles: Vec<Bundle> =
            beliefs.iter().map(|belief| self.affordable(belief, budget, part)).collect();
        let sum: Vec<f64> = (0..self.sold.len())
            .map(|at| maths::sum(bundles.iter().map(|bundle| bundle.tokens[at])))
            .collect();
        let after: Vec<f64> = self.sold.iter().zip(&sum).map(|(q, d)| q + d).collect();
        let (cost, price) = (self.cost(&self.sold, &after), self.mean_price(&sum));
        // The mean price pays the cost but for the error of the integral.
        let rest = (cost - dot(&price, &sum)) * part;
        for bundle in &mut bundles {
            bundle.cost = dot(&price, &bundle.tokens) + rest;
        }
        self.sold = after;
        bundles
    }

    /// Buys one outcome until its price is this; nothing where it is higher.
    pub(super) fn raise(&mut self, outcome: usize, price: f64) -> Bundle {
        let now = self.prices()[outcome];
        let odds = |p: f64| maths::ln(p) - maths::ln_1p(-p);
        let mut tokens = vec![0.0; self.sold.len()];
        if price > now {
            tokens[outcome] = self.b * (odds(price) - odds(now));
        }
        let after: Vec<f64> = self.sold.iter().zip(&tokens).map(|(q, d)| q + d).collect();
        let bundle = Bundle { cost: self.cost(&self.sold, &after), tokens };
        self.apply(&bundle);
        bundle
    }

    /// The bundle towards a belief, `part` of the way or less.
    fn affordable(&self, belief: &[f64], budget: f64, part: f64) -> Bundle {
        let prices = self.prices();
        let toward = |(w, p): (&f64, &f64)| {
            part * self.b * (maths::ln(w.max(1e-300)) - maths::ln(p.max(1e-300)))
        };
        let mut tokens: Vec<f64> = belief.iter().zip(&prices).map(toward).collect();
        let cost = |tokens: &[f64]| {
            let after: Vec<f64> = self.sold.iter().zip(tokens).map(|(q, d)| q + d).collect();
            self.cost(&self.sold, &after)
        };
        let worst = tokens.iter().copied().fold(f64::INFINITY, f64::min);
        let loss = cost(&tokens) - worst;
        if loss > budget {
            // The loss is convex in the size of the bundle: this part costs less.
            let scale = budget / loss;
            for tokens in &mut tokens {
                *tokens *= scale;
            }
        }
        Bundle { cost: cost(&tokens), tokens }
    }

    fn apply(&mut self, bundle: &Bundle) {
        for (sold, tokens) in self.sold.iter_mut().zip(&bundle.tokens) {
            *sold += tokens;
        }
    }

    /// `b ln Σ e^{q'/b} − b ln Σ e^{q/b}`.
    fn cost(&self, before: &[f64], after: &[f64]) -> f64 {
        let level = |q: &[f64]| {
            let top = q.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let sum = maths::sum(q.iter().map(|q| maths::exp((q - top) / self.b)));
            top + self.b * maths::ln(sum)
        };
        level(after) - level(before)
    }

    /// Prices on the way to a bundle, on the mean (Simpson's rule).
    fn mean_price(&self, bundle: &[f64]) -> Vec<f64> {
        const PARTS: usize = 8;
        let mut mean = vec![0.0; bundle.len()];
        for at in 0..=PARTS {
            let weight = match at {
                0 | PARTS => 1.0,
                odd if odd % 2 == 1 => 4.0,
                _ => 2.0,
            };
            let gone = at as f64 / PARTS as f64;
            let sold = self.sold.iter().zip(bundle).map(|(q, d)| (q + gone * d) / self.b);
            for (mean, price) in mean.iter_mut().zip(softmax(&sold.collect::<Vec<_>>())) {
                *mean += weight * price / (3 * PARTS) as f64;
            }
        }
        mean
    }
}

#[cfg(test)]
mod tests {
    use allonet_core::money::Amount;

    use super::*;
    use crate::market::Lmsr;

    #[test]
    fn floats_trade_like_whole_numbers() {
        let mut float = Float::new(100.0, 3);
        let mut exact = Lmsr::new(Amount::from_base(100_000_000_000), 3).unwrap();
        let bundle = float.raise(1, 0.6);
        let money = exact.money_until(1, 0.6).unwrap();
        let tokens = exact.buy(1, money).unwrap();
        assert!((bundle.cost - money.to_f64() / 1e9).abs() < 1e-6);
        assert!((bundle.tokens[1] - tokens.to_f64() / 1e9).abs() < 1e-6);
        assert!((float.prices()[0] - exact.price(0)).abs() < 1e-9);
    }

    #[test]
    fn a_belief_is_reached_or_the_budget_is_the_worst_loss() {
        let mut maker = Float::new(100.0, 3);
        let belief = [0.5, 0.3, 0.2];
        let mut rich = maker.clone();
        rich.trade_to(&belief, 1e9);
        assert!((rich.prices()[0] - 0.5).abs() < 1e-12);
        // b Σ w ln(w / p) where the belief is right.
        let gain = rich.loss(&belief, 3);
        let relative: f64 = belief.iter().map(|w| w * maths::ln(3.0 * w)).sum();
        assert!((gain - 100.0 * relative).abs() < 1e-9, "{gain}");
        let poor = maker.trade_to(&belief, 5.0);
        let worst = (0..3).map(|at| poor.tokens[at] - poor.cost).fold(f64::INFINITY, f64::min);
        assert!((-5.0..-3.0).contains(&worst), "{worst}");
    }

    #[test]
    fn one_batch_has_one_price_and_no_order() {
        let (a, b) = ([0.6, 0.3, 0.1], [0.2, 0.2, 0.6]);
        let (mut one, mut other) = (Float::new(50.0, 3), Float::new(50.0, 3));
        let found = one.batch(&[&a, &b], 1e9);
        let turned = other.batch(&[&b, &a], 1e9);
        assert!((found[0].cost - turned[1].cost).abs() < 1e-12);
        let geometric =
            softmax(&[maths::ln(0.12) / 2.0, maths::ln(0.06) / 2.0, maths::ln(0.06) / 2.0]);
        assert!((one.prices()[0] - geometric[0]).abs() < 1e-12);
        // All that is paid is the cost of both together.
        let sum = found[0].cost + found[1].cost;
        let tokens: Vec<f64> =
            found[0].tokens.iter().zip(&found[1].tokens).map(|(a, b)| a + b).collect();
        let start = Float::new(50.0, 3);
        assert!((sum - start.cost(&[0.0; 3], &tokens)).abs() < 1e-12);
    }
}
