//! What is simulated: how many of whom, how good they are, and what forecasters
//! can know.
//!
//! # Formula
//!
//! Section 3.3 of the source: inferers with an error `10^N(−0.7, 0.176)` and a
//! bias `N(0, 0.05)` that fall by half with experience, one of which does better
//! by a factor of 0.3 in each epoch; forecasters who know the loss of an
//! inference up to an error and a bias, and by their context awareness know who
//! does better; reputers who report losses with an error and a bias of their own
//! and smooth them. Losses are squared errors.
//!
//! # Limits
//!
//! Forecasters of the source see the loss that an inference *will* have, with
//! noise. No honest forecaster can; [`Insight::Past`] is one that could exist.
//!
//! # Sources
//!
//! Kruijssen et al. (2024), section 3.3 and Figures 2 and 3. The number of epochs,
//! stakes and emission are not given there; ours are the defaults below.

use thiserror::Error;

use crate::layout::Layout;
use crate::settings::{Form, Scale, Settings, Solo, Window};

/// What forecasters know.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Insight {
    /// The loss that the inference of this epoch will have, with error and bias.
    #[default]
    Realised,
    /// What losses were published in the past: a moving average for each
    /// inferer, kept apart for each of so many phases that epochs go through.
    Past {
        /// After so many epochs the first phase is back; 1 for no phases.
        period: usize,
    },
    /// Nothing: noise of one unit of log10 loss around the same number for all.
    Nothing,
}

/// Who does better in an epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Turns {
    /// One at random.
    #[default]
    Random,
    /// Each in turn, so that it can be foreseen.
    Rotating,
}

/// A design of the experiment.
#[derive(Clone, Debug, PartialEq)]
pub struct Design {
    /// Workers who infer, apart from copies.
    pub inferers: usize,
    /// Further inferers who send what the first of them sends.
    pub copies: usize,
    /// Workers who forecast.
    pub forecasters: usize,
    /// Reputers.
    pub reputers: usize,
    /// Epochs of each seed.
    pub epochs: usize,
    /// What forecasters know.
    pub insight: Insight,
    /// Their context awareness, from 0 to 1; drawn for each where it is not set.
    pub context: Option<f64>,
    /// Who does better in an epoch.
    pub turns: Turns,
    /// Whether reputers smooth what they report.
    pub smooth_reports: bool,
    /// Whether parameters are `e^N` where the source has a logarithm without a
    /// base; else `10^N`.
    pub natural: bool,
    /// Reward of an epoch.
    pub emission: f64,
    /// Stake of each reputer at first.
    pub stake: f64,
    /// Standard deviation of these stakes, in log10 units.
    pub stake_spread: f64,
    /// Rules of the topic.
    pub settings: Settings,
}

impl Default for Design {
    fn default() -> Self {
        Self {
            inferers: 3,
            copies: 0,
            forecasters: 3,
            reputers: 5,
            epochs: 200,
            insight: Insight::Realised,
            context: None,
            turns: Turns::Random,
            smooth_reports: true,
            natural: false,
            emission: 7_600.0,
            stake: 100_000.0,
            stake_spread: 0.0,
            settings: Settings { form: Form::Clip, ..Settings::default() },
        }
    }
}

/// A design that cannot be run.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum DesignError {
    /// A number outside of its range.
    #[error("{name} is {found}; give {allowed}")]
    OutOfRange {
        /// Of what.
        name: &'static str,
        /// What it is.
        found: f64,
        /// What is allowed.
        allowed: &'static str,
    },
    /// No variant with this letter.
    #[error("there is no variant `{found}`; there are A to O")]
    NoVariant {
        /// The letter.
        found: char,
    },
}

impl Design {
    /// So many inferers, forecasters and reputers.
    pub fn sized(inferers: usize, forecasters: usize, reputers: usize) -> Self {
        Self { inferers, forecasters, reputers, ..Self::default() }
    }

    /// The same with reputers who report each epoch's losses as they see them.
    #[must_use]
    pub fn instantaneous(self) -> Self {
        Self { smooth_reports: false, ..self }
    }

    /// A variant by its letter.
    ///
    /// | | |
    /// |---|---|
    /// | A | the source as written |
    /// | B | as A, parameters `e^N` |
    /// | C | reputers do not smooth |
    /// | D | as C, parameters `e^N` |
    /// | E | as A, weights never cut |
    /// | F | as A, regrets in natural logarithms |
    /// | G | as C, regrets divided by the common median absolute deviation |
    /// | H | as C, five inferers |
    /// | I | as C, context awareness 1 |
    /// | J | as C, context awareness 0 |
    /// | K | as C, ten inferers and ten forecasters |
    /// | L | as A, one-in part, window and steps as printed |
    /// | M | as C, regrets divided by the common standard deviation |
    /// | N | as A, rewards high beside unequal stakes |
    /// | O | as C, likewise |
    pub fn variant(letter: char) -> Result<Self, DesignError> {
        let paper = Self::default();
        let instantaneous = paper.clone().instantaneous();
        let with = |design: Self, settings: Settings| Self { settings, ..design };
        let settings = paper.settings;
        let rich = |design: Self| Self { emission: 33_000.0, stake_spread: 0.3, ..design };
        Ok(match letter {
            'A' => paper,
            'B' => Self { natural: true, ..paper },
            'C' => instantaneous,
            'D' => Self { natural: true, ..instantaneous },
            'E' => with(paper, Settings { form: Form::Ratio, ..settings }),
            'F' => {
                let epsilon = settings.epsilon / std::f64::consts::LN_10;
                with(paper, Settings { epsilon, ..settings })
            }
            'G' => {
                let scaled = Settings { scale: Scale::Mad, form: Form::Ratio, ..settings };
                with(instantaneous, scaled)
            }
            'H' => Self { inferers: 5, ..instantaneous },
            'I' => Self { context: Some(1.0), ..instantaneous },
            'J' => Self { context: Some(0.0), ..instantaneous },
            'K' => Self { inferers: 10, forecasters: 10, ..instantaneous },
            'L' => with(paper, printed(settings)),
            'M' => with(instantaneous, Settings { scale: Scale::Common, ..settings }),
            'N' => rich(paper),
            'O' => rich(instantaneous),
            found => return Err(DesignError::NoVariant { found }),
        })
    }

    /// Whether it can be run.
    pub fn check(&self) -> Result<(), DesignError> {
        let count = |name, found: usize, least: usize, allowed| {
            let fits = (least..=64).contains(&found);
            if fits { Ok(()) } else { Err(out_of_range(name, found as f64, allowed)) }
        };
        count("the number of inferers", self.inferers + self.copies, 1, "1 to 64")?;
        count("the number of forecasters", self.forecasters, 1, "1 to 64")?;
        count("the number of reputers", self.reputers, 1, "1 to 64")?;
        if !(1..=100_000).contains(&self.epochs) {
            let found = self.epochs as f64;
            return Err(out_of_range("the number of epochs", found, "1 to 100,000"));
        }
        if let Some(found) = self.context.filter(|context| !(0.0..=1.0).contains(context)) {
            return Err(out_of_range("the context awareness", found, "a number from 0 to 1"));
        }
        let amounts = [
            ("the emission", self.emission),
            ("the stake", self.stake),
            ("the spread of stakes", self.stake_spread),
        ];
        match amounts.into_iter().find(|(_, found)| !(0.0..=1e15).contains(found)) {
            Some((name, found)) => Err(out_of_range(name, found, "a number from 0 to 1e15")),
            None => Ok(()),
        }
    }

    /// Order of inferences and losses.
    pub fn layout(&self) -> Layout {
        Layout::new(self.inferers + self.copies, self.forecasters)
    }
}

fn out_of_range(name: &'static str, found: f64, allowed: &'static str) -> DesignError {
    DesignError::OutOfRange { name, found, allowed }
}

fn printed(settings: Settings) -> Settings {
    let mut consensus = settings.consensus;
    consensus.iterations = 20;
    Settings { solo: Solo::Printed, window: Window::Epochs(10), consensus, ..settings }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_variants_can_be_run_and_differ() {
        let designs: Vec<Design> = ('A'..='O').map(|at| Design::variant(at).unwrap()).collect();
        for (at, design) in designs.iter().enumerate() {
            design.check().unwrap();
            assert!(designs[..at].iter().all(|other| other != design), "{at}");
        }
        let error = Design::variant('P').unwrap_err();
        assert_eq!(error.to_string(), "there is no variant `P`; there are A to O");
    }

    #[test]
    fn what_cannot_be_run_is_named() {
        let refused = |design: Design| design.check().unwrap_err().to_string();
        let none = refused(Design { inferers: 0, ..Design::default() });
        assert_eq!(none, "the number of inferers is 0; give 1 to 64");
        assert!(refused(Design { epochs: 0, ..Design::default() }).contains("epochs"));
        let odd = refused(Design { context: Some(f64::NAN), ..Design::default() });
        assert_eq!(odd, "the context awareness is NaN; give a number from 0 to 1");
        assert!(refused(Design { stake: -1.0, ..Design::default() }).contains("stake"));
    }
}
