//! A pool divided by scores: exactly, or with Optimism's arithmetic in floats.

use allonet_core::card::{Absent, Kind, Setting, Settings};
use allonet_core::fault::Fault;
use allonet_core::mechanism::{Purse, Refusal};
use allonet_core::money::{Amount, Asset, apportion, weights_from_f64};

use super::allocator::optimism;
use crate::paying::{Divided, Terms, in_range};

/// The setting `parity`.
pub(crate) const PARITY: Setting = Setting {
    name: "parity",
    kind: Kind::Choice(&["none", "optimism"]),
    default: Absent::Default("none"),
    doc: "Whose arithmetic to repeat: `optimism` divides in floats, from the highest score down.",
};

/// What is left of a pool by rounding alone is less than this part of it.
const ROUNDING: f64 = 1e-12;

/// How a pool is divided.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Division {
    pub(crate) terms: Terms,
    in_floats: bool,
}

impl Division {
    /// From the settings of [`Terms::read`] and [`PARITY`].
    pub(crate) fn read(settings: &Settings, asset: &Asset) -> Result<Self, Fault> {
        let terms = Terms::read(settings, asset)?;
        let in_floats = settings.text("parity") == Some("optimism");
        Ok(Self { terms, in_floats })
    }

    /// Divides the pool of one asset.
    pub(crate) fn divide(
        &self,
        asset: usize,
        pool: Amount,
        scores: &[f64],
    ) -> Result<Divided, Refusal> {
        let terms = self.terms.of_asset(asset);
        let divided = terms.divide(pool, scores)?;
        if self.in_floats { in_floats(&terms, pool, scores, divided) } else { Ok(divided) }
    }

    /// What every payee is paid, for each asset of a purse.
    pub(crate) fn paid(&self, available: &Purse, scores: &[f64]) -> Option<Vec<Vec<Amount>>> {
        let divide = |(asset, pool)| Some(self.divide(asset, pool, scores).ok()?.paid);
        available.iter().map(divide).collect()
    }
}

/// The same with the payouts of Optimism's allocator; what it leaves, beyond
/// rounding, stays.
fn in_floats(
    terms: &Terms,
    pool: Amount,
    scores: &[f64],
    exact: Divided,
) -> Result<Divided, Refusal> {
    let budget = pool.to_f64();
    let cap = terms.cap.map_or(f64::INFINITY, |cap| cap.to_f64() * budget);
    let minimum = terms.minimum.map_or(0.0, Amount::to_f64);
    let scores = in_range(scores);
    let mut amounts = optimism(&scores, budget, cap, minimum);
    let dropped = scores.iter().zip(&amounts).map(|(s, a)| *s > 0.0 && *a == 0.0).collect();
    let rest = budget - amounts.iter().sum::<f64>();
    amounts.push(if rest > budget * ROUNDING { rest } else { 0.0 });
    let refused = |error| Refusal::new("division", format!("{error}"));
    let weights = weights_from_f64(&amounts).map_err(refused)?;
    if weights.iter().all(|weight| *weight == 0) {
        return Ok(Divided { paid: vec![Amount::ZERO; scores.len()], dropped, ..exact });
    }
    let mut paid = apportion(pool, &weights, terms.rounding).map_err(refused)?.parts;
    paid.pop();
    if let Some(limit) = exact.limit {
        for paid in &mut paid {
            *paid = (*paid).min(limit);
        }
    }
    Ok(Divided { paid, dropped, ..exact })
}

#[cfg(test)]
mod tests {
    use allonet_core::money::Share;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        // Both are water-filling; floats differ in the last places.
        #[test]
        fn floats_and_whole_numbers_agree(
            scores in prop::collection::vec(0.0_f64..1e3, 1..20),
            percent in 1_u64..=100,
            minimum in 0_u64..1 << 40,
        ) {
            let pool = Amount::from_base(1 << 44);
            let terms = Terms {
                cap: Share::new(percent, 100),
                minimum: Some(Amount::from_base(minimum.into())),
                ..Terms::default()
            };
            let exact = Division { terms, in_floats: false }.divide(0, pool, &scores).unwrap();
            let floats = Division { terms, in_floats: true }.divide(0, pool, &scores).unwrap();
            for (exact, floats) in exact.paid.iter().zip(&floats.paid) {
                let apart = exact.to_f64() - floats.to_f64();
                prop_assert!(apart.abs() <= 64.0, "{exact} {floats}");
            }
        }

        #[test]
        fn no_scores_break_the_floats(
            scores in prop::collection::vec(
                prop::sample::select(&[0.0, 1e-300, 1.0, 1e16, 2.9, 1e300, f64::MAX][..]), 0..6),
            percent in 1_u64..=100,
        ) {
            let terms = Terms { cap: Share::new(percent, 100), ..Terms::default() };
            let pool = Amount::MAX;
            let paid = Division { terms, in_floats: true }.divide(0, pool, &scores).unwrap().paid;
            prop_assert!(Amount::sum(paid, "test").is_ok());
        }
    }
}
