//! What the creator of a topic fixes, with the defaults that the authors' data
//! follow.

use serde::{Deserialize, Serialize};

use crate::bounds::{BadRules, holds, number_holds, part};

/// A potential function `φ(x) = ln(1 + e^{p(x − c)})` (Eq 6).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Potential {
    /// Steepness.
    pub p: f64,
    /// Where it turns upwards.
    pub c: f64,
}

/// By what regrets are divided before they become weights (Eq 8, 11).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scale {
    /// Sample standard deviation of the regrets that are weighed together.
    #[default]
    Own,
    /// Sample standard deviation of the regrets of the network inference, for
    /// it and all secondary inferences. Forecasted regrets keep their own.
    Common,
    /// `1.4826 ×` the median absolute deviation of the regrets of the network
    /// inference, for it and all secondary inferences. Forecasted regrets keep
    /// their own, as median absolute deviation.
    Mad,
}

/// How a normalised regret becomes a weight.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    /// `φ′(x) / φ′(x_max)`: the shares of Eq 5 and 10, never 0/0.
    #[default]
    Ratio,
    /// `φ′` of a regret cut at `c + 6.75/p`; all are moved up together where
    /// none reaches `c − 8.25/p`; zero below `c − 17.25/p`. As the authors' data.
    Clip,
}

/// What stands for the loss of the epoch before in the first epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ColdStart {
    /// The mean of all forecasted losses.
    #[default]
    MeanForecast,
    /// Nothing: there are no forecast-implied inferences yet, and the network
    /// inference is the median of the inferences.
    Median,
}

/// The part of a forecaster's score that its one-in inference has (Eq 26).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Solo {
    /// `1 / 2^(N − 1)`, the part of the coalitions of the others that are empty,
    /// as the authors' data.
    #[default]
    Coalitions,
    /// `1 / 2^N`, as printed.
    Printed,
}

/// Which scores the spread of Eq 29 is taken over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Window {
    /// So many scores, newest epoch first, participants in order: the authors'
    /// data have 10.
    Scores(usize),
    /// The scores of so many epochs.
    Epochs(usize),
}

/// How reputers come to a consensus (Eq 30 to 35).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Consensus {
    /// Tolerance `ε_r` of Eq 33.
    pub epsilon: f64,
    /// Learning rate `λ`.
    pub rate: f64,
    /// Most steps in one epoch.
    pub iterations: usize,
    /// Step of the finite differences.
    pub difference: f64,
    /// It stops where no coefficient moves by more than this times the rate.
    pub threshold: f64,
    /// Least part of the stake that is listened to.
    pub floor: f64,
    /// Whether coefficients are cut to 0 to 1 where a step is stretched to reach
    /// the floor, as Eq 30 has it. The authors' chain lets them out: `false`.
    pub bounded: bool,
}

impl Default for Consensus {
    fn default() -> Self {
        Self {
            epsilon: 0.01,
            rate: 0.05,
            iterations: 10,
            difference: 1e-3,
            threshold: 1e-3,
            floor: 0.5,
            bounded: true,
        }
    }
}

/// The settings of a topic.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Turns regrets into weights (Eq 5, 10).
    pub potential: Potential,
    /// Precision at which losses differ, in log10 units (`ε` of Eq 8, 11, 29).
    pub epsilon: f64,
    /// By what regrets are divided.
    pub scale: Scale,
    /// How regrets become weights.
    pub form: Form,
    /// The first epoch.
    pub cold_start: ColdStart,
    /// Weight of the newest regret (`α` of Eq 15).
    pub regret_alpha: f64,
    /// Weight of one-in scores.
    pub solo: Solo,
    /// Turns scores into rewards (Eq 29).
    pub reward_potential: Potential,
    /// Over which scores they are scaled.
    pub window: Window,
    /// How reputers come to a consensus.
    pub consensus: Consensus,
    /// Power of stake times score in reputers' rewards (`p` of Eq 36).
    pub reputer_power: f64,
    /// Weight of the newest reward fractions (`α` of Eq 40).
    pub fraction_alpha: f64,
    /// Power of the ratio that makes copies worthless (`β` of Eq 38).
    pub entropy_beta: f64,
    /// Weight of the newest utility (`α` of Eq 44).
    pub utility_alpha: f64,
}

impl Default for Potential {
    fn default() -> Self {
        Self { p: 3.0, c: 0.75 }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            potential: Potential::default(),
            epsilon: 0.01,
            scale: Scale::default(),
            form: Form::default(),
            cold_start: ColdStart::default(),
            regret_alpha: 0.1,
            solo: Solo::default(),
            reward_potential: Potential::default(),
            window: Window::Scores(10),
            consensus: Consensus::default(),
            reputer_power: 1.0,
            fraction_alpha: 0.1,
            entropy_beta: 0.25,
            utility_alpha: 0.1,
        }
    }
}

impl Settings {
    /// The first setting that is out of bounds, if any. The fields of the error
    /// begin with `settings`.
    ///
    /// ```
    /// # use allonet_topics::settings::Settings;
    /// let mut settings = Settings::default();
    /// assert!(settings.check().is_ok());
    /// settings.regret_alpha = 2.0;
    /// assert_eq!(settings.check().unwrap_err().field, "settings.regret_alpha");
    /// ```
    pub fn check(&self) -> Result<(), BadRules> {
        let [p, c] = ["settings.potential.p", "settings.potential.c"];
        self.potential.check(p, c)?;
        let [p, c] = ["settings.reward_potential.p", "settings.reward_potential.c"];
        self.reward_potential.check(p, c)?;
        let epsilon = self.epsilon;
        number_holds(precision(epsilon), "settings.epsilon", epsilon, PRECISION)?;
        for (field, alpha) in [
            ("settings.regret_alpha", self.regret_alpha),
            ("settings.fraction_alpha", self.fraction_alpha),
            ("settings.utility_alpha", self.utility_alpha),
        ] {
            number_holds(part(alpha), field, alpha, "above 0 and at most 1")?;
        }
        let (field, power) = ("settings.reputer_power", self.reputer_power);
        number_holds(power > 0.0 && power <= 100.0, field, power, "above 0 and at most 100")?;
        let (field, beta) = ("settings.entropy_beta", self.entropy_beta);
        number_holds((0.0..=100.0).contains(&beta), field, beta, "0 to 100")?;
        self.window.check()?;
        self.consensus.check()
    }
}

const PRECISION: &str = "0.000000001 to 1000";

fn precision(epsilon: f64) -> bool {
    (1e-9..=1e3).contains(&epsilon)
}

impl Potential {
    fn check(self, p: &'static str, c: &'static str) -> Result<(), BadRules> {
        number_holds((1e-3..=1e3).contains(&self.p), p, self.p, "0.001 to 1000")?;
        number_holds((-1e3..=1e3).contains(&self.c), c, self.c, "-1000 to 1000")
    }
}

impl Window {
    fn check(self) -> Result<(), BadRules> {
        let (count, most, allowed) = match self {
            Self::Scores(count) => (count, 100_000, "1 to 100000 scores"),
            Self::Epochs(count) => (count, 1_000, "1 to 1000 epochs"),
        };
        holds((1..=most).contains(&count), "settings.window", count, allowed)
    }
}

impl Consensus {
    fn check(&self) -> Result<(), BadRules> {
        let Self { epsilon, rate, iterations, difference, threshold, floor, bounded: _ } = *self;
        number_holds(precision(epsilon), "settings.consensus.epsilon", epsilon, PRECISION)?;
        let fits = rate > 0.0 && rate <= 10.0;
        number_holds(fits, "settings.consensus.rate", rate, "above 0 and at most 10")?;
        let fits = iterations <= 10_000;
        holds(fits, "settings.consensus.iterations", iterations, "at most 10000")?;
        let fits = (1e-9..=0.5).contains(&difference);
        number_holds(fits, "settings.consensus.difference", difference, "0.000000001 to 0.5")?;
        let fits = (0.0..=1e6).contains(&threshold);
        number_holds(fits, "settings.consensus.threshold", threshold, "0 to 1000000")?;
        number_holds((0.0..=1.0).contains(&floor), "settings.consensus.floor", floor, "0 to 1")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Change = fn(&mut Settings, f64);

    const NUMBERS: [(&str, Change); 14] = [
        ("settings.potential.p", |s, x| s.potential.p = x),
        ("settings.potential.c", |s, x| s.potential.c = x),
        ("settings.reward_potential.p", |s, x| s.reward_potential.p = x),
        ("settings.reward_potential.c", |s, x| s.reward_potential.c = x),
        ("settings.epsilon", |s, x| s.epsilon = x),
        ("settings.regret_alpha", |s, x| s.regret_alpha = x),
        ("settings.fraction_alpha", |s, x| s.fraction_alpha = x),
        ("settings.utility_alpha", |s, x| s.utility_alpha = x),
        ("settings.reputer_power", |s, x| s.reputer_power = x),
        ("settings.entropy_beta", |s, x| s.entropy_beta = x),
        ("settings.consensus.epsilon", |s, x| s.consensus.epsilon = x),
        ("settings.consensus.rate", |s, x| s.consensus.rate = x),
        ("settings.consensus.difference", |s, x| s.consensus.difference = x),
        ("settings.consensus.floor", |s, x| s.consensus.floor = x),
    ];

    #[test]
    fn numbers_out_of_bounds_are_refused_by_name() {
        for (field, change) in NUMBERS {
            for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e300, -1e4] {
                let mut settings = Settings::default();
                change(&mut settings, value);
                assert_eq!(settings.check().map_err(|bad| bad.field), Err(field), "{value}");
            }
            let mut settings = Settings::default();
            change(&mut settings, 0.5);
            assert_eq!(settings.check(), Ok(()), "{field}");
        }
    }

    #[test]
    fn counts_out_of_bounds_are_refused() {
        for window in [Window::Scores(0), Window::Epochs(0), Window::Epochs(1_001)] {
            let settings = Settings { window, ..Settings::default() };
            assert_eq!(settings.check().unwrap_err().field, "settings.window");
        }
        let consensus = Consensus { iterations: usize::MAX, ..Consensus::default() };
        let settings = Settings { consensus, ..Settings::default() };
        assert_eq!(settings.check().unwrap_err().field, "settings.consensus.iterations");
    }

    #[test]
    fn what_is_not_written_has_its_default_and_what_is_unknown_is_refused() {
        let settings: Settings = toml::from_str("consensus = { floor = 0.3 }").unwrap();
        let consensus = Consensus { floor: 0.3, ..Consensus::default() };
        assert_eq!(settings, Settings { consensus, ..Settings::default() });
        let unknown = toml::from_str::<Settings>("potential = { p = 3.0, q = 1.0 }").unwrap_err();
        assert!(unknown.message().contains("unknown field `q`"), "{unknown}");
    }
}
