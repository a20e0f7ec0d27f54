//! Several opinions on one set of edges: overlays, curators, funders.
//!
//! A group weighs some or all edges of a network: that is its overlay. A curator
//! answers for it and may ask a fee. A funder chooses one overlay or a mix.
//!
//! # Formula
//!
//! With the mix `m` (shares of overlays, together one) and the weights `w_k` of
//! overlay `k` among the dependencies of a node:
//!
//! | combination                | weight of an edge, before division by the sum    |
//! |----------------------------|--------------------------------------------------|
//! | [`Combination::Mean`]      | `Σ m_k w_k`: as if the money were split first    |
//! | [`Combination::Geometric`] | `Π w_k^{m_k}`: nothing, where one says nothing   |
//! | [`Combination::Median`]    | the median of `w_k`, each counted by `m_k`       |
//!
//! Where geometric mean or median leave a node without any weight (nobody agrees
//! on anything) the mean is taken for that node.
//!
//! Votes of funders make a mix by [`quadratic_mix`]: `m_k ∝ (Σ_f √c_fk)²`.
//!
//! # Units and rounding
//!
//! Shares and weights are whole numbers of 10⁻¹⁸, fees parts per million of the
//! money that follows an overlay. Each funder's amount is divided once by
//! largest remainder into the fees and the rest, the rest flows through the
//! network and is divided once over all nodes: nothing is lost or made.
//!
//! # Known weaknesses
//!
//! * An overlay that says little follows the base and still earns its fee; look
//!   at [`Overlays::moved`] before paying one.
//! * Quadratic votes count persons: who votes under several names gains.
//! * The median of edges is not the median of opinions: it may be a division
//!   nobody proposed.
//!
//! # Sources
//!
//! Geometric pooling: Genest and Zidek (1986), Combining probability
//! distributions. Quadratic votes: Buterin, Hitzig, Weyl (2019).
//!
//! # Example
//!
//! ```
//! use allonet_core::money::Amount;
//! use allonet_weights::import::{ReadOptions, weight_csv};
//! use allonet_weights::overlay::{Combination, Funding, Overlay, Overlays};
//! use allonet_weights::structural::{Settings, weigh};
//!
//! let options = ReadOptions::default();
//! let base = weight_csv::read("repo,parent,weight\na,app,1\nb,app,1\n", &options)?;
//! let overlay = |id: &str, a: f64| -> Result<Overlay, Box<dyn std::error::Error>> {
//!     let rows = format!("repo,parent,weight\na,app,{a}\n");
//!     let rows = weight_csv::rows(&rows, &options)?;
//!     Ok(Overlay { id: id.into(), curator: format!("{id}-guild"), fee_ppm: 50_000, rows })
//! };
//! let base = weigh(&base, &Settings::default())?;
//! let overlays = Overlays::new(base, vec![overlay("x", 0.9)?, overlay("y", 0.1)?])?;
//! // Three quarters follow x: 0.75·0.9 + 0.25·0.1 = 0.7 for a.
//! let mix = overlays.mix(&[3.0, 1.0])?;
//! let funding = Funding { funder: "ann".into(), amount: Amount::from_base(1000), mix };
//! let paid = overlays.pay(&[funding], Combination::Mean)?;
//! assert_eq!(paid.curators["x-guild"], Amount::from_base(38)); // 37.5
//! assert_eq!(paid.curators["y-guild"], Amount::from_base(12)); // 12.5
//! assert_eq!(paid.nodes, [665, 0, 285].map(Amount::from_base)); // a, app, b
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::collections::BTreeMap;

use allonet_core::maths;
use allonet_core::money::{self, Amount, Rounding};
use thiserror::Error;

use crate::apportion::{apportion, quantise};
use crate::graph::diff::money_moved;
use crate::import::weight_csv::WeightRow;
use crate::overrides::{OverrideError, override_weights};
use crate::repository::Aliases;
use crate::structural::{WeightError, refuse_trapped};
use crate::weighted::{PayoutError, WHOLE, WeightedGraph};

const MILLION: u32 = 1_000_000;

/// What one group says.
#[derive(Debug, Clone, PartialEq)]
pub struct Overlay {
    /// Its name.
    pub id: String,
    /// Who answers for it and gets the fee.
    pub curator: String,
    /// The fee, in parts per million of the money that follows it.
    pub fee_ppm: u32,
    /// Weights of edges, as in [`override_weights`]; edges it does not name
    /// follow the base.
    pub rows: Vec<WeightRow>,
}

/// How overlays become one weighting.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Combination {
    /// The mean.
    #[default]
    Mean,
    /// The geometric mean.
    Geometric,
    /// The median of each edge.
    Median,
}

/// A base and overlays on its edges.
#[derive(Debug, Clone, PartialEq)]
pub struct Overlays {
    base: WeightedGraph,
    groups: Vec<Overlay>,
    networks: Vec<WeightedGraph>,
}

/// Money of one funder and which overlays it follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Funding {
    /// Who gives.
    pub funder: String,
    /// How much.
    pub amount: Amount,
    /// The share of each overlay, from [`Overlays::mix`].
    pub mix: Vec<u64>,
}

/// Who got what.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Payment {
    /// Each node of the base, in its order.
    pub nodes: Vec<Amount>,
    /// Each curator.
    pub curators: BTreeMap<String, Amount>,
}

/// Why overlays were refused.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum OverlayError {
    /// There is nothing to choose from.
    #[error("there is no overlay; the base alone needs no mix")]
    None,
    /// Two overlays have one name.
    #[error("two overlays are called `{id}`; rename one")]
    Twice {
        /// The name.
        id: String,
    },
    /// A fee above everything.
    #[error("overlay `{id}` asks a fee of {found} ppm, allowed are 0 to 1000000")]
    Fee {
        /// The overlay.
        id: String,
        /// Its fee.
        found: u32,
    },
    /// Rows that do not fit the base.
    #[error("overlay `{id}`: {error}")]
    Rows {
        /// The overlay.
        id: String,
        /// What is wrong.
        error: OverrideError,
    },
    /// A mix that divides nothing, or not over these overlays.
    #[error(
        "a mix needs a share for each of {overlays} overlays, one of them above 0; found {found}"
    )]
    Mix {
        /// How many overlays there are.
        overlays: usize,
        /// What was found.
        found: String,
    },
    /// The combination would trap money.
    #[error(transparent)]
    Network(#[from] WeightError),
    /// Money that cannot be divided.
    #[error(transparent)]
    Payout(#[from] PayoutError),
}

impl Overlays {
    /// Checks every overlay against the base.
    pub fn new(base: WeightedGraph, overlays: Vec<Overlay>) -> Result<Self, OverlayError> {
        if overlays.is_empty() {
            return Err(OverlayError::None);
        }
        let mut networks = Vec::with_capacity(overlays.len());
        for (at, overlay) in overlays.iter().enumerate() {
            let id = || overlay.id.clone();
            if overlays[..at].iter().any(|earlier| earlier.id == overlay.id) {
                return Err(OverlayError::Twice { id: id() });
            }
            if overlay.fee_ppm > MILLION {
                return Err(OverlayError::Fee { id: id(), found: overlay.fee_ppm });
            }
            let mut network = base.clone();
            override_weights(&mut network, &overlay.rows)
                .map_err(|error| OverlayError::Rows { id: id(), error })?;
            networks.push(network);
        }
        Ok(Self { base, groups: overlays, networks })
    }

    /// The edges and weights all overlays start from.
    pub fn base(&self) -> &WeightedGraph {
        &self.base
    }

    /// The overlays, in the order given.
    pub fn overlays(&self) -> &[Overlay] {
        &self.groups
    }

    /// The base as one overlay weighs it.
    pub fn network(&self, overlay: usize) -> &WeightedGraph {
        &self.networks[overlay]
    }

    /// Shares of overlays from proportions, one for each; exact to [`WHOLE`].
    pub fn mix(&self, proportions: &[f64]) -> Result<Vec<u64>, OverlayError> {
        let refused =
            || OverlayError::Mix { overlays: self.groups.len(), found: format!("{proportions:?}") };
        let valid = |share: &f64| share.is_finite() && *share >= 0.0;
        if proportions.len() != self.groups.len() || !proportions.iter().all(valid) {
            return Err(refused());
        }
        apportion(&quantise(proportions), WHOLE).ok_or_else(refused)
    }

    /// One network of all overlays under a mix.
    pub fn combined(
        &self,
        mix: &[u64],
        combination: Combination,
    ) -> Result<WeightedGraph, OverlayError> {
        self.check(mix)?;
        let mut network = self.base.clone();
        for node in (0_u32..).take(self.base.nodes().len()) {
            let range = self.base.range(node);
            if range.is_empty() {
                continue;
            }
            let scores = match combination {
                Combination::Mean => None,
                Combination::Geometric => {
                    apportion(&quantise(&self.geometric(mix, range.clone())), WHOLE)
                }
                Combination::Median => apportion(&self.median(mix, range.clone()), WHOLE),
            };
            let weights = scores
                .or_else(|| apportion(&self.mean(mix, range.clone()), WHOLE))
                .expect("each overlay divides everything");
            network.weights[range].copy_from_slice(&weights);
        }
        refuse_trapped(&network)?;
        Ok(network)
    }

    fn check(&self, mix: &[u64]) -> Result<(), OverlayError> {
        let sum: u128 = mix.iter().copied().map(u128::from).sum();
        if mix.len() == self.groups.len() && sum == u128::from(WHOLE) {
            return Ok(());
        }
        let found = format!("{mix:?}");
        Err(OverlayError::Mix { overlays: self.groups.len(), found })
    }

    /// Networks that a mix follows, with their shares.
    fn followed<'s>(&'s self, mix: &'s [u64]) -> impl Iterator<Item = (&'s WeightedGraph, u64)> {
        let shares = self.networks.iter().zip(mix.iter().copied());
        shares.filter(|(_, share)| *share > 0)
    }

    /// At most 10^36 in all.
    fn mean(&self, mix: &[u64], range: std::ops::Range<usize>) -> Vec<u128> {
        let score = |edge: usize| {
            let parts = self.followed(mix);
            parts.map(|(network, m)| u128::from(network.weights[edge]) * u128::from(m)).sum()
        };
        range.map(score).collect()
    }

    fn geometric(&self, mix: &[u64], range: std::ops::Range<usize>) -> Vec<f64> {
        let log = |edge: usize| {
            let parts = self.followed(mix).map(|(network, m)| {
                let weight = network.weights[edge];
                // `ln 0` is minus infinity, and so is the sum: a weight of zero.
                m as f64 / WHOLE as f64 * maths::ln(weight as f64)
            });
            parts.fold(0.0, |sum, part| sum + part)
        };
        let logs: Vec<f64> = range.map(log).collect();
        let top = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        if top == f64::NEG_INFINITY {
            return vec![0.0; logs.len()];
        }
        logs.into_iter().map(|log| maths::exp(log - top)).collect()
    }

    /// Twice the median of each edge, so that a middle of two is whole.
    fn median(&self, mix: &[u64], range: std::ops::Range<usize>) -> Vec<u128> {
        let middle = |edge: usize| {
            let parts = self.followed(mix);
            let mut weights: Vec<(u64, u64)> =
                parts.map(|(network, m)| (network.weights[edge], m)).collect();
            weights.sort_unstable();
            let mut below = 0;
            for (at, &(weight, share)) in weights.iter().enumerate() {
                below += share;
                if below == WHOLE / 2 {
                    let next = weights.get(at + 1).map_or(weight, |(next, _)| *next);
                    return u128::from(weight) + u128::from(next);
                }
                if below > WHOLE / 2 {
                    return 2 * u128::from(weight);
                }
            }
            unreachable!("the shares of a mix add up to one whole")
        };
        range.map(middle).collect()
    }

    /// Pays everybody: fees to curators, the rest through the network of each
    /// funder's mix.
    pub fn pay(
        &self,
        fundings: &[Funding],
        combination: Combination,
    ) -> Result<Payment, OverlayError> {
        let mut payment = Payment {
            nodes: vec![Amount::ZERO; self.base.nodes().len()],
            curators: BTreeMap::new(),
        };
        for funding in fundings {
            let network = self.combined(&funding.mix, combination)?;
            let (fees, rest) = self.fees(funding)?;
            for (overlay, fee) in self.groups.iter().zip(fees) {
                let got = payment.curators.entry(overlay.curator.clone()).or_default();
                *got = got.add(fee, "curators' fees").map_err(too_much)?;
            }
            for (got, part) in payment.nodes.iter_mut().zip(network.payouts(rest)?) {
                *got = got.add(part, "payouts").map_err(too_much)?;
            }
        }
        Ok(payment)
    }

    /// The fee of each overlay and what is left. Weights add up to 10²⁴.
    fn fees(&self, funding: &Funding) -> Result<(Vec<Amount>, Amount), OverlayError> {
        let fee =
            |(overlay, share): (&Overlay, &u64)| u128::from(*share) * u128::from(overlay.fee_ppm);
        let mut weights: Vec<u128> = self.groups.iter().zip(&funding.mix).map(fee).collect();
        let all = u128::from(WHOLE) * u128::from(MILLION);
        weights.push(all - weights.iter().sum::<u128>());
        let parts = money::apportion(funding.amount, &weights, Rounding::LargestRemainder);
        let mut parts = parts.map_err(PayoutError::from)?.parts;
        let rest = parts.pop().expect("one part for each weight");
        Ok((parts, rest))
    }

    /// How much of a budget each overlay sends elsewhere than the base does,
    /// before fees.
    pub fn moved(&self, budget: Amount) -> Result<Vec<Amount>, OverlayError> {
        let none = Aliases::default();
        let moved = self
            .networks
            .iter()
            .map(|network| Ok(money_moved(&self.base, network, budget, &none)?.moved));
        moved.collect()
    }
}

fn too_much(error: money::MoneyError) -> OverlayError {
    PayoutError::from(error).into()
}

/// Proportions of overlays from the votes of funders: for each overlay the
/// square of the sum of the square roots of what each funder puts on it.
///
/// `votes[f][k]` is what funder `f` puts on overlay `k`, finite and at least
/// zero; feed the result to [`Overlays::mix`].
///
/// ```
/// use allonet_weights::overlay::quadratic_mix;
///
/// // Four small voters stand against one with four times as much as each.
/// let votes = [[4.0, 0.0], [0.0, 1.0], [0.0, 1.0], [0.0, 1.0], [0.0, 1.0]];
/// assert_eq!(quadratic_mix(&votes), [4.0, 16.0]);
/// ```
pub fn quadratic_mix<V: AsRef<[f64]>>(votes: &[V]) -> Vec<f64> {
    let overlays = votes.iter().map(|vote| vote.as_ref().len()).max().unwrap_or(0);
    let score = |overlay: usize| {
        let on = votes.iter().filter_map(|vote| vote.as_ref().get(overlay));
        let root = maths::sum(on.map(|amount| amount.sqrt()));
        root * root
    };
    (0..overlays).map(score).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::{EdgeKind, GraphBuilder};
    use crate::structural::{Settings, StructuralRule, weigh};
    use proptest::prelude::*;

    fn rows(weights: &[f64]) -> Vec<WeightRow> {
        let row = |(at, &weight): (usize, &f64)| WeightRow {
            repo: format!("d{at}"),
            parent: "app".to_owned(),
            weight,
            line: 2,
        };
        weights.iter().enumerate().map(row).collect()
    }

    fn overlays(given: &[(&[f64], u32)]) -> Result<Overlays, OverlayError> {
        let mut builder = GraphBuilder::default();
        let app = builder.list("app");
        builder.mark_root(app);
        for at in 0..3 {
            let node = builder.list(&format!("d{at}"));
            builder.edge(app, node, EdgeKind::Normal, None);
        }
        let settings = Settings { rule: StructuralRule::Uniform, ..Settings::default() };
        let base = weigh(&builder.finish(), &settings).expect("it has a root");
        let overlay = |(at, (weights, fee_ppm)): (usize, &(&[f64], u32))| Overlay {
            id: format!("o{at}"),
            curator: format!("c{}", at % 2),
            fee_ppm: *fee_ppm,
            rows: rows(weights),
        };
        Overlays::new(base, given.iter().enumerate().map(overlay).collect())
    }

    fn weights(overlays: &Overlays, proportions: &[f64], combination: Combination) -> Vec<f64> {
        let mix = overlays.mix(proportions).expect("valid");
        let network = overlays.combined(&mix, combination).expect("nothing is trapped");
        let app = network.index("app").expect("it is there");
        network.dependencies(app).map(|(_, weight)| weight as f64 / WHOLE as f64).collect()
    }

    fn near(found: &[f64], expected: &[f64]) {
        let close = found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12);
        assert!(close && found.len() == expected.len(), "{found:?} {expected:?}");
    }

    #[test]
    fn combinations_with_a_pencil() {
        let given: [(&[f64], u32); 3] =
            [(&[0.8, 0.1, 0.1], 0), (&[0.2, 0.4, 0.4], 0), (&[0.0, 0.5, 0.5], 0)];
        let all = overlays(&given).expect("valid");
        near(&weights(&all, &[1.0, 1.0, 0.0], Combination::Mean), &[0.5, 0.25, 0.25]);
        // √(0.8·0.2) = 0.4 and √(0.1·0.4) = 0.2: 2 : 1 : 1.
        near(&weights(&all, &[1.0, 1.0, 0.0], Combination::Geometric), &[0.5, 0.25, 0.25]);
        // Medians 0.2, 0.4, 0.4.
        near(&weights(&all, &[1.0, 1.0, 1.0], Combination::Median), &[0.2, 0.4, 0.4]);
        // With half of the mix on the first: (0.8 + 0.2)/2, (0.1 + 0.4)/2 twice.
        near(&weights(&all, &[2.0, 1.0, 1.0], Combination::Median), &[0.5, 0.25, 0.25]);
        // What the third gives nothing to gets nothing.
        near(&weights(&all, &[1.0, 0.0, 1.0], Combination::Geometric), &[0.0, 0.5, 0.5]);
        // One overlay alone is that overlay.
        for combination in [Combination::Mean, Combination::Geometric, Combination::Median] {
            near(&weights(&all, &[1.0, 0.0, 0.0], combination), &[0.8, 0.1, 0.1]);
        }
        // Nobody agrees on anything: the mean.
        let apart = overlays(&[(&[1.0, 0.0, 0.0], 0), (&[0.0, 1.0, 0.0], 0)]).expect("valid");
        near(&weights(&apart, &[1.0, 1.0], Combination::Geometric), &[0.5, 0.5, 0.0]);
    }

    #[test]
    fn partial_overlays_follow_the_base_and_move_what_they_say() {
        let all = overlays(&[(&[0.6], 0), (&[], 0)]).expect("valid");
        near(&weights(&all, &[1.0, 0.0], Combination::Mean), &[0.6, 0.2, 0.2]);
        // 200 for each by the base; 360, 120, 120 by the first overlay.
        let moved = all.moved(Amount::from_base(600)).expect("it flows");
        assert_eq!(moved, [160, 0].map(Amount::from_base));
    }

    #[test]
    fn each_refusal_once() {
        assert_eq!(overlays(&[]), Err(OverlayError::None));
        let fee = overlays(&[(&[], MILLION + 1)]);
        assert!(matches!(fee, Err(OverlayError::Fee { found: 1_000_001, .. })));
        let above = overlays(&[(&[0.9, 0.9], 0)]).expect_err("1.8");
        assert!(above.to_string().starts_with("overlay `o0`: line 2: the weights"), "{above}");
        let all = overlays(&[(&[], 0)]).expect("valid");
        for mix in [&[][..], &[0.0], &[f64::NAN], &[-1.0], &[1.0, 1.0]] {
            assert!(matches!(all.mix(mix), Err(OverlayError::Mix { .. })), "{mix:?}");
        }
        assert!(matches!(all.combined(&[1], Combination::Mean), Err(OverlayError::Mix { .. })));
        let twice = vec![all.groups[0].clone(), all.groups[0].clone()];
        assert!(matches!(Overlays::new(all.base, twice), Err(OverlayError::Twice { .. })));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn money_is_neither_lost_nor_made(
            given in prop::collection::vec(
                (prop::collection::vec(0.01_f64..0.3, 0..=3), 0_u32..=MILLION),
                1..4,
            ),
            fundings in prop::collection::vec(
                (any::<u64>(), prop::collection::vec(0.0_f64..1.0, 4)),
                1..4,
            ),
            combination in prop::sample::select(
                vec![Combination::Mean, Combination::Geometric, Combination::Median]
            ),
        ) {
            let given: Vec<(&[f64], u32)> =
                given.iter().map(|(rows, fee)| (&rows[..], *fee)).collect();
            let all = overlays(&given).expect("valid");
            let funding = |(amount, mix): &(u64, Vec<f64>)| {
                let mix = all.mix(&mix[..given.len()]).ok()?;
                let amount = Amount::from_base(u128::from(*amount));
                Some(Funding { funder: amount.to_string(), amount, mix })
            };
            let mut fundings: Vec<Funding> = fundings.iter().filter_map(funding).collect();
            let paid = all.pay(&fundings, combination).expect("it flows");
            let amounts = fundings.iter().map(|funding| funding.amount);
            let everybody = paid.nodes.iter().chain(paid.curators.values()).copied();
            prop_assert_eq!(Amount::sum(everybody, "paid"), Amount::sum(amounts, "given"));
            // The order of funders does not matter.
            fundings.reverse();
            prop_assert_eq!(all.pay(&fundings, combination).expect("it flows"), paid);
        }
    }
}
