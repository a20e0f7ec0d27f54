//! How much the network pays out: a part of its treasury, smoothed so that the
//! yield of stakers does not jump when locked tokens come free.
//!
//! # Formula
//!
//! With `T` the treasury (fees kept and tokens that may still be minted),
//! `N_circ`, `N_staked` and `N_total` the circulating, staked and total supply,
//! and `f` the part of the last emission that went to stakers:
//!
//! | | | Eq |
//! |---|---|---|
//! | emission | `E = e · N_staked / N_epochs` | 48 |
//! | target | `ê_target = f_e · T · N_circ / (N_staked · N_total)` | 49 |
//! | monthly yield | `ξ = f · e` | 50 |
//! | cap | `ê_max = ξ_max / f` | 51 |
//! | capped target | `ê = min(ê_target, ê_max)` | 52 |
//! | smoothing | `e = α·ê + (1 − α)·e′`; `e = ê` in the first epoch | 53 |
//! | cadence | `α_Δt = 1 − (1 − α)^(Δt / month)` | 54 |
//!
//! # Units and rounding
//!
//! Rates `e` are per month and staked token, times are in months. What is paid
//! is whole base units: the treasury is divided between what is paid and what
//! stays, to the nearest unit. Fees are paid out before anything is minted.
//!
//! # Limits
//!
//! What is paid never exceeds the treasury, also in the epoch that empties it.
//! Where nobody stakes, or nothing is in circulation, the rate is carried on
//! and nothing is paid. Where stakers get no part of the emission no cap binds.
//!
//! # Sources
//!
//! Kruijssen et al. (2024), section 5.1, Eq 48 to 54.
//!
//! # Example
//!
//! ```
//! use allonet_core::money::Amount;
//! use allonet_topics::emission::{Emission, Parameters, Supply, Treasury};
//!
//! let supply = Supply { circulating: 155.0e6, staked: 47.0e6, total: 1e9 };
//! let treasury = Treasury { fees: Amount::ZERO, mintable: Amount::from_base(359_500_000) };
//! let mut emission = Emission::new(Parameters::default(), treasury)?;
//! let rate = emission.update(&supply, 0.5, 1.0);
//! assert_eq!(rate, 0.0095 / 0.5); // the cap binds: 12 % a year
//! let paid = emission.pay(supply.staked, 1.0 / 30.0)?;
//! assert_eq!(paid.minted, Amount::from_base(29_767)); // 0.019 · 47 million / 30
//! # Ok::<(), allonet_topics::emission::EmissionError>(())
//! ```

use allonet_core::maths;
use allonet_core::money::{
    Amount, ApportionError, MoneyError, Rounding, apportion, weights_from_f64,
};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// What the network has fixed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Parameters {
    /// Part of the treasury to emit in a month if all tokens circulated (`f_e`).
    pub treasury_part: f64,
    /// Most that a staked token may earn in a month (`ξ_max`).
    pub greatest_yield: f64,
    /// Weight of the newest rate at a cadence of a month (`α_e`); 1 is no smoothing.
    pub smoothing: f64,
}

impl Default for Parameters {
    fn default() -> Self {
        Self { treasury_part: 0.025, greatest_yield: 0.0095, smoothing: 0.1 }
    }
}

/// Why nothing can be emitted.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum EmissionError {
    /// A number outside of its range.
    #[error("{name} is {found}; give a number from {least} to {most}")]
    OutOfRange {
        /// Of what.
        name: &'static str,
        /// What it is.
        found: f64,
        /// The least allowed.
        least: f64,
        /// The most allowed.
        most: f64,
    },
    /// Amounts that do not fit.
    #[error(transparent)]
    Money(#[from] MoneyError),
    /// Weights that divide nothing.
    #[error(transparent)]
    Apportion(#[from] ApportionError),
}

/// Tokens by where they are, in whole tokens or base units alike.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Supply {
    /// Neither locked nor in the treasury.
    pub circulating: f64,
    /// Staked by reputers and validators.
    pub staked: f64,
    /// All there will ever be, in the units of the other two.
    pub total: f64,
}

/// What may still be paid out, in base units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Treasury {
    /// Fees collected and not yet paid out.
    pub fees: Amount,
    /// Tokens that may still be minted.
    pub mintable: Amount,
}

/// What was paid out, by where it came from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Paid {
    /// From collected fees.
    pub fees: Amount,
    /// Newly minted.
    pub minted: Amount,
}

/// The emission of a network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Emission {
    parameters: Parameters,
    treasury: Treasury,
    /// Monthly emission for each staked token (`e`); none before the first epoch.
    rate: Option<f64>,
}

impl Emission {
    /// Before its first epoch.
    pub fn new(parameters: Parameters, treasury: Treasury) -> Result<Self, EmissionError> {
        within("the part of the treasury", parameters.treasury_part, 0.0, 1.0)?;
        within("the greatest monthly yield", parameters.greatest_yield, 0.0, 1.0)?;
        within("the smoothing", parameters.smoothing, 0.0, 1.0)?;
        treasury.total()?;
        Ok(Self { parameters, treasury, rate: None })
    }

    /// What may still be paid out.
    pub fn treasury(&self) -> Treasury {
        self.treasury
    }

    /// The rate `e` of the newest epoch, 0 before the first.
    pub fn rate(&self) -> f64 {
        self.rate.unwrap_or(0.0)
    }

    /// Adds fees to the treasury.
    pub fn collect(&mut self, fees: Amount) -> Result<(), EmissionError> {
        let kept = self.treasury.fees.add(fees, "collected fees")?;
        let treasury = Treasury { fees: kept, ..self.treasury };
        treasury.total()?;
        self.treasury = treasury;
        Ok(())
    }

    /// The rate after so many months since the last update (Eq 49 to 54).
    ///
    /// `supply` is in base units; `stakers` is the part of the last emission
    /// that went to them ([`stakers_part`]).
    pub fn update(&mut self, supply: &Supply, stakers: f64, months: f64) -> f64 {
        let treasury = self.treasury.fees.to_f64() + self.treasury.mintable.to_f64();
        let Some(target) = self.parameters.capped(treasury, supply, stakers) else {
            return self.rate();
        };
        let rate = smoothed(cadence(self.parameters.smoothing, months), target, self.rate);
        self.rate = Some(rate);
        rate
    }

    /// Pays for so many months (Eq 48): fees first, then newly minted tokens,
    /// never more than the treasury has.
    ///
    /// `staked` is in base units.
    pub fn pay(&mut self, staked: f64, months: f64) -> Result<Paid, EmissionError> {
        let treasury = self.treasury.total()?;
        let part = (self.rate() * staked.max(0.0) * months.max(0.0) / treasury.to_f64()).min(1.0);
        if treasury.is_zero() || part.is_nan() {
            return Ok(Paid::default());
        }
        let weights = weights_from_f64(&[part, 1.0 - part])?;
        let wanted = apportion(treasury, &weights, Rounding::LargestRemainder)?.parts[0];
        Ok(self.treasury.take(wanted))
    }

    /// Puts back what found nobody to go to, as fees that are paid out first.
    pub fn put_back(&mut self, unspent: Amount) -> Result<(), EmissionError> {
        self.collect(unspent)
    }
}

impl Treasury {
    /// Fees and what may be minted together.
    pub fn total(self) -> Result<Amount, EmissionError> {
        Ok(self.fees.add(self.mintable, "the treasury")?)
    }

    /// Takes out what is wanted, or all there is: fees first.
    pub fn take(&mut self, wanted: Amount) -> Paid {
        let fees = wanted.min(self.fees);
        let minted = wanted.saturating_sub(fees).min(self.mintable);
        self.fees = self.fees.saturating_sub(fees);
        self.mintable = self.mintable.saturating_sub(minted);
        Paid { fees, minted }
    }
}

impl Paid {
    /// All that was paid.
    pub fn total(self) -> Result<Amount, EmissionError> {
        Ok(self.fees.add(self.minted, "what was paid")?)
    }
}

impl Parameters {
    /// `ê` (Eq 52): the target, cut at the cap; none where nobody stakes.
    pub fn capped(&self, treasury: f64, supply: &Supply, stakers: f64) -> Option<f64> {
        let target = self.target(treasury, supply)?;
        Some(self.cap(stakers).map_or(target, |cap| target.min(cap)))
    }

    /// `ê_target` (Eq 49); none where nobody stakes or nothing exists.
    pub fn target(&self, treasury: f64, supply: &Supply) -> Option<f64> {
        let held = supply.staked * supply.total;
        let target = self.treasury_part * treasury * supply.circulating / held;
        (held > 0.0 && target.is_finite() && target >= 0.0).then_some(target)
    }

    /// `ê_max` (Eq 51); none where stakers get nothing, so that no rate could
    /// give them too much.
    pub fn cap(&self, stakers: f64) -> Option<f64> {
        let cap = self.greatest_yield / stakers;
        (stakers > 0.0 && cap.is_finite()).then_some(cap)
    }
}

/// One step of a moving average (Eq 53, 57): the first value stands for itself.
pub fn smoothed(alpha: f64, value: f64, before: Option<f64>) -> f64 {
    before.map_or(value, |before| alpha * value + (1.0 - alpha) * before)
}

/// The weight of the newest value for steps of another length (Eq 54): `steps`
/// is the new length in units of the one that `alpha` is for.
///
/// ```
/// use allonet_topics::emission::cadence;
///
/// assert_eq!(cadence(0.5, 4.0), 0.9375); // a week's 0.5 for a month of four
/// ```
pub fn cadence(alpha: f64, steps: f64) -> f64 {
    if steps.is_nan() || steps <= 0.0 {
        return 0.0;
    }
    if steps.to_bits() == 1.0_f64.to_bits() {
        return alpha;
    }
    -maths::exp_m1(steps * maths::ln_1p(-alpha))
}

/// The part of an emission that goes to stakers (`f` of Eq 50): all of the
/// validators' part `f_v`, and of the rest what reputers had.
pub fn stakers_part(validators: f64, reputers: f64) -> f64 {
    validators + (1.0 - validators) * reputers
}

/// What a monthly yield comes to in a year, and back with
/// [`monthly_yield`].
pub fn yearly_yield(monthly: f64) -> f64 {
    let quarter = (1.0 + monthly) * (1.0 + monthly) * (1.0 + monthly);
    quarter * quarter * quarter * quarter - 1.0
}

/// The monthly yield that comes to `yearly` in a year.
pub fn monthly_yield(yearly: f64) -> f64 {
    maths::pow(1.0 + yearly, 1.0 / 12.0) - 1.0
}

fn within(name: &'static str, found: f64, least: f64, most: f64) -> Result<(), EmissionError> {
    if (least..=most).contains(&found) {
        return Ok(());
    }
    Err(EmissionError::OutOfRange { name, found, least, most })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn units(units: u128) -> Amount {
        Amount::from_base(units)
    }

    fn emission(fees: u128, mintable: u128) -> Emission {
        let treasury = Treasury { fees: units(fees), mintable: units(mintable) };
        Emission::new(Parameters::default(), treasury).unwrap()
    }

    const SUPPLY: Supply = Supply { circulating: 500.0, staked: 300.0, total: 1000.0 };

    #[test]
    fn target_cap_and_smoothing_by_hand() {
        // 0.025 · 400 · 500 / (300 · 1000) = 1/60; the cap is 0.0095 / 0.5 = 0.019.
        let parameters = Parameters::default();
        let target = parameters.target(400.0, &SUPPLY).unwrap();
        assert!((target - 1.0 / 60.0).abs() < 1e-17);
        assert_eq!(parameters.capped(400.0, &SUPPLY, 0.5), Some(target));
        assert_eq!(parameters.capped(800.0, &SUPPLY, 0.5), Some(0.019));
        assert_eq!(parameters.capped(800.0, &SUPPLY, 0.0), parameters.target(800.0, &SUPPLY));
        // e: ê at first, then 0.1 ê + 0.9 e′.
        let mut emission = emission(0, 800);
        assert_eq!(emission.update(&SUPPLY, 0.5, 1.0).to_bits(), 0.019_f64.to_bits());
        let next = emission.update(&SUPPLY, 1.0, 1.0);
        assert!((next - (0.1 * 0.0095 + 0.9 * 0.019)).abs() < 1e-17, "{next}");
    }

    #[test]
    fn many_short_steps_are_one_long_one() {
        let days = (1.0 - cadence(0.1, 1.0 / 30.0)).sqrt();
        let halves = 1.0 - cadence(0.1, 1.0 / 60.0);
        assert!((days - halves).abs() < 1e-15);
        let left = (0..30).fold(1.0, |left, _| left * (1.0 - cadence(0.1, 1.0 / 30.0)));
        assert!((1.0 - left - 0.1).abs() < 1e-15, "{left}");
        let edges = [cadence(0.1, 0.0), cadence(0.1, f64::NAN), cadence(1.0, 0.5)];
        assert_eq!(edges.map(f64::to_bits), [0.0, 0.0, 1.0].map(f64::to_bits));
    }

    #[test]
    fn fees_go_out_before_anything_is_minted() {
        let mut treasury = Treasury { fees: units(10), mintable: units(5) };
        let first = treasury.take(units(7));
        assert_eq!((first.fees, first.minted), (units(7), Amount::ZERO));
        let second = treasury.take(units(7));
        assert_eq!((second.fees, second.minted), (units(3), units(4)));
        // More is wanted than may be minted: the supply never grows beyond its limit.
        let last = treasury.take(units(7));
        assert_eq!((last.fees, last.minted), (Amount::ZERO, units(1)));
        assert_eq!(treasury.total().unwrap(), Amount::ZERO);
    }

    #[test]
    fn a_large_stake_empties_the_treasury_and_no_more() {
        let mut emission = emission(0, 800);
        emission.update(&SUPPLY, 0.5, 1.0);
        let paid = emission.pay(1e12, 1.0).unwrap();
        assert_eq!(paid.total().unwrap(), units(800));
        assert_eq!(emission.pay(1e12, 1.0).unwrap(), Paid::default());
        emission.put_back(units(5)).unwrap();
        assert_eq!(emission.pay(f64::INFINITY, 1.0).unwrap().fees, units(5));
    }

    #[test]
    fn without_stakers_nothing_is_paid_and_the_rate_stays() {
        let mut emission = emission(3, 800);
        let nobody = Supply { staked: 0.0, ..SUPPLY };
        assert_eq!(emission.update(&nobody, 0.5, 1.0).to_bits(), 0.0_f64.to_bits());
        assert_eq!(emission.pay(0.0, 1.0).unwrap(), Paid::default());
        let rate = emission.update(&SUPPLY, 0.5, 1.0);
        let odd = Supply { circulating: f64::NAN, ..SUPPLY };
        for supply in [nobody, odd] {
            assert_eq!(emission.update(&supply, 0.5, 1.0).to_bits(), rate.to_bits());
        }
        assert_eq!(emission.pay(f64::NAN, 1.0).unwrap(), Paid::default());
        assert_eq!(emission.pay(-5.0, 1.0).unwrap(), Paid::default());
    }

    #[test]
    fn parameters_outside_of_their_range_are_named() {
        let parameters = Parameters { smoothing: f64::NAN, ..Parameters::default() };
        let error = Emission::new(parameters, Treasury::default()).unwrap_err();
        assert_eq!(error.to_string(), "the smoothing is NaN; give a number from 0 to 1");
        let treasury = Treasury { fees: Amount::MAX, mintable: units(1) };
        assert!(Emission::new(Parameters::default(), treasury).is_err());
    }

    #[test]
    fn a_year_of_the_greatest_yield_is_twelve_percent() {
        assert!((yearly_yield(monthly_yield(0.12)) - 0.12).abs() < 1e-14);
        assert!((yearly_yield(0.0095) - 0.120_149).abs() < 1e-6);
        assert_eq!(stakers_part(0.25, 1.0 / 3.0).to_bits(), 0.5_f64.to_bits());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn nothing_is_lost_and_nothing_made(
            mintable in 0_u128..1 << 90,
            steps in prop::collection::vec((0_u128..1 << 80, 0.0_f64..1e27, 0.0_f64..3.0), 1..20),
        ) {
            let mut emission = emission(0, mintable);
            let (mut paid, mut collected) = (units(0), units(0));
            for (fees, staked, months) in steps {
                emission.collect(units(fees)).unwrap();
                collected = collected.add(units(fees), "test").unwrap();
                let supply = Supply { circulating: 1e27, staked, total: 1e27 };
                let rate = emission.update(&supply, 0.5, months);
                prop_assert!((0.0..0.019 * (1.0 + 1e-14)).contains(&rate));
                paid = paid.add(emission.pay(staked, months).unwrap().total().unwrap(), "test").unwrap();
            }
            let left = emission.treasury().total().unwrap();
            let all = units(mintable).add(collected, "test").unwrap();
            prop_assert_eq!(left.add(paid, "test").unwrap(), all);
        }
    }
}
