//! Built-in workers: models that infer a series, and models that forecast how
//! far off the inferers will be.
//!
//! All are trained online. A model is told each truth once, in order, when it
//! becomes known ([`Inferer::learn`], [`Forecaster::learn`]), and asked in
//! between; it never holds what is not known yet, so that nothing it says can
//! depend on the future.
//!
//! | inferer      | says                                                             |
//! |--------------|------------------------------------------------------------------|
//! | `naive`      | the newest value                                                 |
//! | `drift`      | the newest value and the mean of recent changes                  |
//! | `ema`        | an exponential moving average                                    |
//! | `ar`         | an autoregression, by recursive least squares with forgetting    |
//! | `seasonal`   | the value of one season ago                                      |
//! | `reversion`  | the newest value, part of the way back to a moving mean          |
//!
//! | forecaster   | expects of each inferer                                          |
//! |--------------|------------------------------------------------------------------|
//! | `mean`       | a moving average of its losses                                   |
//! | `neighbours` | its losses in past epochs that looked like this one              |
//! | `regression` | a linear function of the situation                               |
//! | `boosting`   | a sum of shallow trees of the situation                          |
//! | `recurrent`  | what a gated recurrent network makes of the sequence             |
//!
//! The [`situation`] is what forecasters know: the public series and the
//! curated data feed.
//!
//! # Sources
//!
//! * Kruijssen et al. (2024), §2.2 (inferers and forecasters) and §6.1
//!   (forecaster models, curated data stream).
//! * Each model's own file.
//!
//! # Example
//!
//! ```
//! use allonet_topics::models::{Parameters, inferer};
//!
//! let mut ema = inferer("ema", &Parameters::from([("alpha".to_owned(), 0.5)]))?;
//! ema.learn(1.0);
//! ema.learn(2.0);
//! assert_eq!(ema.infer(1), Some(1.5));
//! let error = inferer("emma", &Parameters::new()).unwrap_err();
//! assert_eq!(error.to_string(), "there is no inferer `emma`: did you mean `ema`?");
//! # Ok::<(), allonet_topics::models::ModelError>(())
//! ```

mod autoregression;
mod boosting;
mod card;
mod drift;
mod ema;
mod gru;
mod least_squares;
mod naive;
mod neighbours;
mod recurrent;
mod regression;
mod reversion;
mod running_mean;
mod seasonal;
pub mod situation;
mod tree;

use std::fmt::Debug;

pub use self::card::{Card, ModelError, Parameter, Parameters};
use self::card::{Values, find};
use self::situation::Situation;

/// A model of a series.
pub trait Inferer: Debug {
    /// Takes in the next truth, which is finite.
    fn learn(&mut self, truth: f64);

    /// What the series will be so many steps (at least one) after the newest
    /// truth; `None` as long as it knows too little. Always finite.
    fn infer(&self, ahead: usize) -> Option<f64>;
}

/// A model of inferers' losses.
///
/// [`forecast`](Self::forecast) is called once for each epoch, in order, and
/// [`learn`](Self::learn) once for each epoch, in order, when its losses have
/// become known, with the situation that the forecast was made in.
pub trait Forecaster: Debug {
    /// Takes in the log10 losses of an epoch, by inferer; `NaN` where an inferer
    /// had none.
    fn learn(&mut self, then: &Situation, losses: &[f64]);

    /// Writes the log10 losses expected in this situation, by inferer; `NaN`
    /// where it knows nothing of an inferer yet. Never infinite.
    fn forecast(&mut self, now: &Situation, out: &mut [f64]);
}

/// The inferers there are.
pub static INFERERS: &[Card] =
    &[autoregression::CARD, drift::CARD, ema::CARD, naive::CARD, reversion::CARD, seasonal::CARD];

/// The forecasters there are.
pub static FORECASTERS: &[Card] =
    &[boosting::CARD, running_mean::CARD, neighbours::CARD, recurrent::CARD, regression::CARD];

/// An inferer by its name.
///
/// # Errors
///
/// For an unknown name or parameter, and a parameter out of its range.
pub fn inferer(name: &str, parameters: &Parameters) -> Result<Box<dyn Inferer>, ModelError> {
    let card = find("inferer", INFERERS, name)?;
    let values = card.values(parameters)?;
    Ok(match card.name {
        "ar" => Box::new(autoregression::Autoregression::new(&values)),
        "drift" => Box::new(drift::Drift::new(&values)),
        "ema" => Box::new(ema::Ema::new(&values)),
        "reversion" => Box::new(reversion::Reversion::new(&values)),
        "seasonal" => Box::new(seasonal::Seasonal::new(&values)),
        _ => Box::new(naive::Naive::default()),
    })
}

/// A forecaster by its name, for so many inferers. The seed matters to those
/// that start from random weights.
///
/// # Errors
///
/// For an unknown name or parameter, and a parameter out of its range.
pub fn forecaster(
    name: &str,
    parameters: &Parameters,
    inferers: usize,
    seed: u64,
) -> Result<Box<dyn Forecaster>, ModelError> {
    let card = find("forecaster", FORECASTERS, name)?;
    let values = card.values(parameters)?;
    Ok(match card.name {
        "boosting" => Box::new(boosting::Boosting::new(&values, inferers)),
        "neighbours" => Box::new(neighbours::Neighbours::new(&values)),
        "recurrent" => Box::new(recurrent::Recurrent::new(&values, inferers, seed)),
        "regression" => Box::new(regression::Regression::new(&values, inferers)),
        _ => Box::new(running_mean::RunningMean::new(&values, inferers)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_card_is_built_with_its_defaults() {
        for card in INFERERS {
            let built = format!("{:?}", inferer(card.name, &Parameters::new()).unwrap());
            assert!(card.name == "naive" || !built.starts_with("Naive"), "{built}");
        }
        for card in FORECASTERS {
            let built = forecaster(card.name, &Parameters::new(), 2, 1).unwrap();
            let built = format!("{built:?}");
            assert!(card.name == "mean" || !built.starts_with("RunningMean"), "{built}");
        }
    }

    #[test]
    fn what_is_no_model_is_told() {
        let parameters = Parameters::from([("alpah".to_owned(), 0.5)]);
        let error = inferer("ema", &parameters).unwrap_err().to_string();
        assert_eq!(error, "`ema` has no parameter `alpah`: did you mean `alpha`?");
        let parameters = Parameters::from([("alpha".to_owned(), 2.0)]);
        let error = inferer("ema", &parameters).unwrap_err().to_string();
        assert_eq!(error, "`alpha` of `ema` is 2: it lies between 0 and 1");
        let parameters = Parameters::from([("order".to_owned(), 1.5)]);
        let error = inferer("ar", &parameters).unwrap_err().to_string();
        assert_eq!(error, "`order` of `ar` is 1.5: it is a whole number from 1 to 32");
        assert!(forecaster("naive", &Parameters::new(), 1, 1).is_err());
    }

    #[test]
    fn inferers_bear_anything_finite() {
        for card in INFERERS {
            let mut model = inferer(card.name, &Parameters::new()).unwrap();
            assert_eq!(model.infer(1), None, "{}", card.name);
            for round in 0..60 {
                for value in [1e300, -1e300, 0.0, 1e-300, 1e300, 1e300, f64::MAX, f64::MIN] {
                    model.learn(value);
                    let said = model.infer(1 + round % 3);
                    assert!(said.is_none_or(f64::is_finite), "{}: {said:?}", card.name);
                }
            }
            assert!(model.infer(1).is_some(), "{}", card.name);
        }
    }
}
