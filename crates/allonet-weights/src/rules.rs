//! From comparisons to weights: the catalogue of rules.
//!
//! One rule is one file. [`rules`] lists all; [`fit`] applies one by its id.
//!
//! ```
//! use allonet_core::fault::SourceFile;
//! use allonet_weights::comparisons::{Comparisons, Reading};
//! use allonet_weights::rules::{Parameters, fit};
//!
//! let table = "a,b,winner,multiplier\nx,y,x,2\ny,z,y,3\nx,z,x,6\n";
//! let file = SourceFile::new("duels.csv", table);
//! let comparisons = Comparisons::read(&file, &Reading::default()).unwrap();
//! let estimate = fit("least-squares", &comparisons, &Parameters::default()).unwrap();
//! // 6 : 3 : 1.
//! assert!((estimate.weights()[0] - 0.6).abs() < 1e-12);
//! ```

pub mod bradley_terry;
pub mod pagerank;

pub(crate) mod juror_scale;
pub(crate) mod reliability;

mod answers;
mod colley;
mod eigenvector;
mod elo;
mod hierarchical;
mod huber;
mod huber_adaptive;
mod huber_fixed;
mod least_squares;
mod rank_centrality;
mod rank_zipf;
mod side_by_side;
mod thurstone;
mod win_rate;

use std::collections::BTreeMap;

use allonet_core::fault::{Fault, did_you_mean};
use thiserror::Error;

use crate::comparisons::Comparisons;
use crate::connectivity;
use crate::estimate::Estimate;

pub use rank_zipf::by_place;
pub use side_by_side::{Column, Difference, Fit, SideBySide, side_by_side};

/// What a rule looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Uses {
    /// How many times more one is worth than the other.
    Intensity,
    /// Only which one is worth more.
    Direction,
}

/// A number that a rule can be told.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// Its value when nothing is said.
    pub default: f64,
    /// The smallest allowed.
    pub min: f64,
    /// The largest allowed.
    pub max: f64,
    /// What it does, in a sentence.
    pub doc: &'static str,
}

/// A rule that makes weights of comparisons.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// Its id, such as `bradley-terry`.
    pub id: &'static str,
    /// Its name.
    pub title: &'static str,
    /// What it does, in a line.
    pub formula: &'static str,
    /// What it looks at.
    pub uses: Uses,
    /// Whether the order of rows matters to it.
    pub by_time: bool,
    /// Whether it goes by the record of each item: islands do not stop it, and a
    /// warning tells of them.
    pub by_record: bool,
    /// What it can be told.
    pub parameters: &'static [Parameter],
    /// Applies it. Parameters are complete and within their bounds.
    pub fit: fn(&Comparisons, &Parameters) -> Result<Estimate, FitError>,
}

/// By id.
static RULES: &[Rule] = &[
    bradley_terry::RULE,
    bradley_terry::intensity::RULE,
    bradley_terry::mm::RULE,
    bradley_terry::ridge::RULE,
    bradley_terry::ties::RULE,
    colley::RULE,
    eigenvector::RULE,
    elo::RULE,
    huber_adaptive::RULE,
    huber_fixed::RULE,
    juror_scale::RULE,
    least_squares::RULE,
    pagerank::RULE,
    rank_centrality::RULE,
    rank_zipf::RULE,
    reliability::RULE,
    thurstone::RULE,
    win_rate::RULE,
];

/// Beyond this a ratio, e^700, is near the largest number there is.
const MOST_INTENSITY: f64 = 700.0;

/// All rules, by id.
pub fn rules() -> &'static [Rule] {
    RULES
}

/// The rule of this id.
pub fn rule(id: &str) -> Result<&'static Rule, FitError> {
    RULES.iter().find(|rule| rule.id == id).ok_or_else(|| FitError::UnknownRule {
        id: id.to_owned(),
        help: did_you_mean(id, RULES.iter().map(|rule| rule.id)),
    })
}

/// Applies a rule by its id; parameters not given are the rule's defaults.
pub fn fit(
    id: &str,
    comparisons: &Comparisons,
    parameters: &Parameters,
) -> Result<Estimate, FitError> {
    let rule = rule(id)?;
    let parameters = parameters.complete(rule)?;
    if comparisons.is_empty() {
        return Err(FitError::Empty);
    }
    let huge = |intensity: Option<f64>| intensity.is_some_and(|found| found > MOST_INTENSITY);
    if let Some(first) = comparisons.rows().position(|row| huge(row.intensity)) {
        return Err(FitError::HugeIntensity { line: comparisons.line(first) });
    }
    let mut estimate = if rule.by_time {
        (rule.fit)(comparisons, &parameters)?
    } else {
        (rule.fit)(&comparisons.sorted(), &parameters)?
    };
    assert!(
        estimate.log_weights.iter().all(|log| log.is_finite()),
        "a rule gives finite weights or an error"
    );
    if rule.by_record {
        estimate.warnings.extend(connectivity::apart_warning(comparisons));
    }
    Ok(estimate)
}

/// Numbers for a rule, by name.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Parameters(BTreeMap<String, f64>);

impl Parameters {
    /// One more, or another value.
    #[must_use]
    pub fn with(mut self, name: &str, value: f64) -> Self {
        self.0.insert(name.to_owned(), value);
        self
    }

    /// From texts such as `prior=0.1`; gives the first that is no number for a
    /// parameter.
    pub fn read<'t>(texts: impl IntoIterator<Item = &'t str>) -> Result<Self, &'t str> {
        texts.into_iter().try_fold(Self::default(), |parameters, text| {
            let parsed = text.split_once('=').and_then(|(name, value)| {
                let value: f64 = value.trim().parse().ok()?;
                value.is_finite().then_some((name.trim(), value))
            });
            parsed.map(|(name, value)| parameters.with(name, value)).ok_or(text)
        })
    }

    /// The value of a parameter.
    ///
    /// # Panics
    ///
    /// If it is not there: within a rule, all of its parameters are.
    pub fn of(&self, name: &str) -> f64 {
        self.0.get(name).copied().unwrap_or_else(|| panic!("the rule has no parameter `{name}`"))
    }

    /// Whether a parameter that is 1 for yes and 0 for no says yes.
    ///
    /// # Panics
    ///
    /// Like [`Parameters::of`].
    pub fn says(&self, name: &str) -> bool {
        self.of(name) != 0.0
    }

    /// The value of a parameter that counts something.
    ///
    /// # Panics
    ///
    /// Like [`Parameters::of`].
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "counts have bounds that a whole number holds"
    )]
    pub fn count(&self, name: &str) -> usize {
        self.of(name).round() as usize
    }

    /// All of a rule's parameters, checked.
    pub fn complete(&self, rule: &Rule) -> Result<Self, FitError> {
        let known = || rule.parameters.iter().map(|parameter| parameter.name);
        for name in self.0.keys() {
            if !known().any(|known| known == name) {
                return Err(FitError::UnknownParameter {
                    rule: rule.id,
                    name: name.clone(),
                    help: did_you_mean(name, known()),
                });
            }
        }
        let mut complete = BTreeMap::new();
        for parameter in rule.parameters {
            let Parameter { name, min, max, .. } = *parameter;
            let found = self.0.get(name).copied().unwrap_or(parameter.default);
            if !(min..=max).contains(&found) {
                return Err(FitError::Parameter { rule: rule.id, name, found, min, max });
            }
            complete.insert(name.to_owned(), found);
        }
        Ok(Self(complete))
    }
}

/// Why a rule gives no weights.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum FitError {
    /// There is no such rule.
    #[error("there is no rule `{id}`")]
    UnknownRule {
        /// What was asked for.
        id: String,
        /// The nearest name.
        help: Option<String>,
    },
    /// The rule has no such parameter.
    #[error("the rule `{rule}` has no parameter `{name}`")]
    UnknownParameter {
        /// The rule.
        rule: &'static str,
        /// What was given.
        name: String,
        /// The nearest name.
        help: Option<String>,
    },
    /// A parameter is out of bounds.
    #[error("`{name}` of the rule `{rule}` is {found}, allowed are {min} to {max}")]
    Parameter {
        /// The rule.
        rule: &'static str,
        /// The parameter.
        name: &'static str,
        /// Its value.
        found: f64,
        /// The smallest allowed.
        min: f64,
        /// The largest allowed.
        max: f64,
    },
    /// There is nothing to go by.
    #[error("there are no comparisons")]
    Empty,
    /// Some comparisons do not say how much.
    #[error("{count} comparisons do not say how many times more (the first on line {line})")]
    NoIntensity {
        /// How many.
        count: usize,
        /// Line of the first.
        line: u32,
    },
    /// A ratio that no number holds.
    #[error("the log ratio on line {line} is above {MOST_INTENSITY}: no number holds such a ratio")]
    HugeIntensity {
        /// Line of the first.
        line: u32,
    },
    /// Nothing relates some items to others.
    #[error("{}", islands_in_words(islands))]
    Disconnected {
        /// Names of the items of each island, the largest first.
        islands: Vec<Vec<String>>,
    },
    /// Some items only ever win or only ever lose against the rest.
    #[error("{}", unbounded_in_words(better))]
    Unbounded {
        /// A group of items none of which ever lost to an item outside it.
        better: Vec<String>,
    },
    /// The iteration did not settle.
    #[error("`{rule}` did not settle within {iterations} iterations")]
    Unsettled {
        /// The rule.
        rule: &'static str,
        /// How many were allowed.
        iterations: usize,
    },
    /// The problem is too large for this method.
    #[error("`{rule}` takes at most {most} items, these are {found}")]
    TooLarge {
        /// The rule.
        rule: &'static str,
        /// How many there are.
        found: usize,
        /// How many there may be.
        most: usize,
    },
}

impl FitError {
    /// What to try.
    pub fn help(&self) -> Option<String> {
        let help = match self {
            Self::UnknownRule { help, .. } | Self::UnknownParameter { help, .. } => {
                return help.clone();
            }
            Self::Parameter { .. } => return None,
            Self::Empty => "give at least one",
            Self::NoIntensity { .. } => {
                "use a rule of directions alone, such as bradley-terry, or fill in the multipliers"
            }
            Self::HugeIntensity { .. } => "clip multipliers; the pilot allowed at most 1,000",
            Self::Disconnected { .. } => {
                "compare items across the islands, leave one out, or give the rule a prior"
            }
            Self::Unbounded { .. } => {
                "the data put no limit to how much better they are: give the rule a prior, or ask \
                 more questions across the two groups"
            }
            Self::Unsettled { .. } => "give the rule a prior",
            Self::TooLarge { .. } => "choose a sparse rule, such as bradley-terry",
        };
        Some(help.to_owned())
    }
}

impl From<FitError> for Fault {
    fn from(error: FitError) -> Self {
        let code = match error {
            FitError::UnknownRule { .. } => "unknown-rule",
            FitError::UnknownParameter { .. } => "unknown-parameter",
            FitError::Parameter { .. } => "bad-parameter",
            FitError::Empty => "no-comparisons",
            FitError::NoIntensity { .. } => "no-intensity",
            FitError::HugeIntensity { .. } => "huge-intensity",
            FitError::Disconnected { .. } => "disconnected",
            FitError::Unbounded { .. } => "unbounded",
            FitError::Unsettled { .. } => "unsettled",
            FitError::TooLarge { .. } => "too-large",
        };
        let help = error.help();
        let mut fault = Self::new(code, error.to_string());
        fault.help = help;
        fault
    }
}

const ISLANDS_SHOWN: usize = 4;
const NAMES_SHOWN: usize = 4;

fn islands_in_words(islands: &[Vec<String>]) -> String {
    let mut shown: Vec<String> =
        islands.iter().take(ISLANDS_SHOWN).map(|island| names_in_words(island)).collect();
    if islands.len() > ISLANDS_SHOWN {
        shown.push(format!("{} more", islands.len() - ISLANDS_SHOWN));
    }
    format!(
        "the items are on {} islands that no comparison joins: {}",
        islands.len(),
        shown.join("; ")
    )
}

fn names_in_words(names: &[String]) -> String {
    let shown: Vec<String> =
        names.iter().take(NAMES_SHOWN).map(|name| format!("`{name}`")).collect();
    let more = match names.len().saturating_sub(NAMES_SHOWN) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("{}{more}", shown.join(", "))
}

fn unbounded_in_words(better: &[String]) -> String {
    format!("{} never lost to any other item", names_in_words(better))
}
