//! A claim made beforehand, held against the result at the end.
//!
//! # Formula
//!
//! A registration names, before answers are seen, which method is to beat which
//! in what score, and how sure that must be:
//!
//! ```toml
//! title = "Does the market beat a direct fit?"
//! seed = 7
//! replicates = 2000
//! holdout = "jurors:5"
//!
//! [[hypothesis]]
//! id = "market-beats-direct"
//! metric = "brier"
//! a = "market"
//! b = "least-squares"
//! direction = "a-better"     # or "different"
//! alpha = 0.05
//! margin = 0.0               # smallest difference that matters
//! ```
//!
//! *Passed*: Holm's p value is at most `alpha`, and the whole interval lies
//! beyond the margin in the direction claimed. *Failed*: the whole interval lies
//! where the claim is false. Else *not decidable*: more answers are needed. The
//! interval is at the level `1 − alpha / number of hypotheses`; `different` can
//! fail only where a margin above zero is given. The p value of a direction is
//! half of the two-sided one, or its complement.
//!
//! A [`Seal`] holds the hashes of the registration and of all that it is to be
//! tested on; a text that was changed afterwards is refused.
//!
//! # Known weaknesses
//!
//! * A seal proves order only where somebody else saw it: publish it, for
//!   example in a commit or a transaction, before the answers are opened.
//!
//! # Sources
//!
//! * Holm (1979); Lakens (2017), *Equivalence tests* (failing within a margin).

use std::collections::BTreeMap;
use std::sync::Arc;

use allonet_core::fault::{Fault, Place, SourceFile};
use serde::{Deserialize, Serialize};
use toml::Spanned;

use super::bootstrap::{Difference, Interval};
use super::holdout::Holdout;
use super::metrics::{Metric, metric};
use crate::statistics::holm;

/// What was claimed beforehand.
#[derive(Debug, Clone)]
pub struct Registration {
    /// What it is about.
    pub title: String,
    /// What determines all draws.
    pub seed: u64,
    /// How many draws.
    pub replicates: u32,
    /// How answers are kept back; the usual way if none.
    pub holdout: Option<Holdout>,
    /// The claims.
    pub hypotheses: Vec<Hypothesis>,
}

/// One claim.
#[derive(Debug, Clone)]
pub struct Hypothesis {
    /// Its id.
    pub id: String,
    /// The score of answers it is about.
    pub metric: &'static Metric,
    /// Name of the one method.
    pub a: String,
    /// Name of the other method.
    pub b: String,
    /// What is claimed.
    pub direction: Direction,
    /// Risk of passing by chance.
    pub alpha: f64,
    /// Smallest difference that matters, in units of the score.
    pub margin: f64,
}

/// What is claimed of two methods.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// The first is better.
    ABetter,
    /// They differ, whichever is better.
    Different,
}

/// What became of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The answers bear it out.
    Passed,
    /// The answers contradict it.
    Failed,
    /// The answers do neither.
    NotDecidable,
}

/// A claim with its test.
#[derive(Debug, Clone, PartialEq)]
pub struct Tested {
    /// Score of `a` less that of `b`; none where one has none.
    pub difference: Option<Difference>,
    /// The p value of the claim alone.
    pub p: Option<f64>,
    /// The p value beside the other claims.
    pub adjusted_p: Option<f64>,
    /// What became of it.
    pub verdict: Verdict,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default)]
    title: String,
    seed: u64,
    #[serde(default = "usual_replicates")]
    replicates: Spanned<u32>,
    holdout: Option<Spanned<String>>,
    hypothesis: Vec<WrittenHypothesis>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenHypothesis {
    id: Spanned<String>,
    metric: Spanned<String>,
    a: String,
    b: Spanned<String>,
    direction: Direction,
    #[serde(default = "usual_alpha")]
    alpha: Spanned<f64>,
    #[serde(default = "no_margin")]
    margin: Spanned<f64>,
}

fn usual_replicates() -> Spanned<u32> {
    Spanned::new(0..0, 2_000)
}

fn usual_alpha() -> Spanned<f64> {
    Spanned::new(0..0, 0.05)
}

fn no_margin() -> Spanned<f64> {
    Spanned::new(0..0, 0.0)
}

impl Registration {
    /// Reads a registration.
    ///
    /// Faults: `bad-registration`, `unknown-metric`, `bad-holdout`.
    pub fn read(file: &Arc<SourceFile>) -> Result<Self, Vec<Fault>> {
        let written: Written = toml::from_str(&file.text).map_err(|error| {
            let place = error.span().map(|span| Place::new(file, span));
            vec![Fault::new("bad-registration", error.message()).at_some(place)]
        })?;
        let mut faults = Vec::new();
        if !(100..=1_000_000).contains(written.replicates.get_ref()) {
            let message = format!("{} replicates", written.replicates.get_ref());
            let fault = bad(file, &written.replicates, message);
            faults.push(fault.help("from 100 to 1000000; 2000 is usual"));
        }
        let holdout = written.holdout.and_then(|text| match text.get_ref().parse() {
            Ok(holdout) => Some(holdout),
            Err(error) => {
                faults.push(Fault::from(error).at(Place::new(file, text.span())));
                None
            }
        });
        let mut hypotheses: Vec<Hypothesis> = Vec::new();
        for written in written.hypothesis {
            if hypotheses.iter().any(|known| known.id == *written.id.get_ref()) {
                let message = format!("there are two hypotheses `{}`", written.id.get_ref());
                faults.push(bad(file, &written.id, message));
            }
            hypotheses.extend(written.checked(file, &mut faults));
        }
        if hypotheses.is_empty() && faults.is_empty() {
            faults.push(Fault::new("bad-registration", format!("{} claims nothing", file.path)));
        }
        let registration = Self {
            title: written.title,
            seed: written.seed,
            replicates: written.replicates.into_inner(),
            holdout,
            hypotheses,
        };
        if faults.is_empty() { Ok(registration) } else { Err(faults) }
    }

    /// How sure the interval of a claim is to be.
    pub fn level(&self, hypothesis: &Hypothesis) -> f64 {
        1.0 - hypothesis.alpha / self.hypotheses.len() as f64
    }

    /// Tests all claims; `difference` gives score of `a` less that of `b` with
    /// an interval of [`Registration::level`].
    pub fn test(
        &self,
        mut difference: impl FnMut(&Hypothesis) -> Option<Difference>,
    ) -> Vec<Tested> {
        let found: Vec<_> =
            self.hypotheses.iter().map(|claim| (claim, difference(claim))).collect();
        let own: Vec<Option<f64>> =
            found.iter().map(|(claim, difference)| claim.p((*difference)?)).collect();
        // A claim that could not be tested counts among those beside it.
        let p: Vec<f64> = own.iter().map(|p| p.unwrap_or(1.0)).collect();
        let tested = found.into_iter().zip(own).zip(holm(&p));
        tested
            .map(|(((claim, difference), p), adjusted)| {
                let adjusted_p = p.map(|_| adjusted);
                let interval = difference.and_then(|difference| difference.interval);
                let verdict = claim.verdict(interval, adjusted_p);
                Tested { difference, p, adjusted_p, verdict }
            })
            .collect()
    }
}

impl WrittenHypothesis {
    fn checked(self, file: &Arc<SourceFile>, faults: &mut Vec<Fault>) -> Option<Hypothesis> {
        let before = faults.len();
        let found = metric(self.metric.get_ref());
        let place = Place::new(file, self.metric.span());
        match &found {
            Ok(metric) if !metric.is_of_pairs() => {
                let message = format!("`{}` is no score of answers", metric.id);
                let help = "claims are tested on answers: brier, log-loss, pilot-cost, accuracy …";
                faults.push(Fault::new("bad-registration", message).at(place).help(help));
            }
            Ok(_) => {}
            Err(fault) => faults.push(fault.clone().at(place)),
        }
        let (alpha, margin) = (*self.alpha.get_ref(), *self.margin.get_ref());
        if !(alpha > 0.0 && alpha < 0.5) {
            let fault = bad(file, &self.alpha, format!("alpha is {alpha}"));
            faults.push(fault.help("between 0 and 0.5; 0.05 is usual"));
        }
        if !(margin >= 0.0 && margin.is_finite()) {
            faults.push(bad(file, &self.margin, format!("margin is {margin}")).help("at least 0"));
        }
        if self.a == *self.b.get_ref() {
            let message = format!("`{}` is compared with itself", self.a);
            faults.push(bad(file, &self.b, message));
        }
        (faults.len() == before).then_some(Hypothesis {
            id: self.id.into_inner(),
            metric: found.ok()?,
            a: self.a,
            b: self.b.into_inner(),
            direction: self.direction,
            alpha,
            margin,
        })
    }
}

fn bad<T>(file: &Arc<SourceFile>, at: &Spanned<T>, message: String) -> Fault {
    Fault::new("bad-registration", message).at(Place::new(file, at.span()))
}

impl Hypothesis {
    fn p(&self, difference: Difference) -> Option<f64> {
        let p = difference.p?;
        let worse = self.metric.loss(difference.estimate, 0.0);
        match self.direction {
            Direction::Different => Some(p),
            Direction::ABetter if worse < 0.0 => Some(p / 2.0),
            Direction::ABetter => Some(1.0 - p / 2.0),
        }
    }

    fn verdict(&self, interval: Option<Interval>, adjusted_p: Option<f64>) -> Verdict {
        let (Some(interval), Some(p)) = (interval, adjusted_p) else {
            return Verdict::NotDecidable;
        };
        // By how much `a` is better: at least, at most.
        let ends = [interval.low, interval.high].map(|end| -self.metric.loss(end, 0.0));
        let (least, most) = (ends[0].min(ends[1]), ends[0].max(ends[1]));
        let (borne_out, contradicted) = match self.direction {
            Direction::ABetter => (least > self.margin, most < self.margin),
            Direction::Different => {
                let apart = least > self.margin || most < -self.margin;
                (apart, least > -self.margin && most < self.margin)
            }
        };
        match (borne_out && p <= self.alpha, contradicted) {
            (true, _) => Verdict::Passed,
            (false, true) => Verdict::Failed,
            (false, false) => Verdict::NotDecidable,
        }
    }
}

/// Hashes (BLAKE3) of all that must not change after registration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seal {
    /// Hash of the registration.
    pub registration: String,
    /// Hash of each file it is tested on, by its name.
    pub files: BTreeMap<String, String>,
}

impl Seal {
    /// The seal of a registration and the files it is to be tested on, each
    /// with its name.
    pub fn of(registration: &str, files: &[(&str, &str)]) -> Self {
        let hash = |text: &str| blake3::hash(text.as_bytes()).to_hex().to_string();
        let files = files.iter().map(|(name, text)| ((*name).to_owned(), hash(text)));
        Self { registration: hash(registration), files: files.collect() }
    }

    /// As a text to publish.
    ///
    /// # Panics
    ///
    /// Never: texts and tables of texts can be written.
    pub fn to_text(&self) -> String {
        toml::to_string(self).expect("texts can be written")
    }

    /// Reads [`Seal::to_text`].
    ///
    /// Faults: `bad-seal`.
    pub fn read(file: &Arc<SourceFile>) -> Result<Self, Fault> {
        toml::from_str(&file.text).map_err(|error| {
            let place = error.span().map(|span| Place::new(file, span));
            Fault::new("bad-seal", error.message()).at_some(place)
        })
    }

    /// Whether the same registration is tested on the same files.
    ///
    /// Faults: `changed-after-sealing`.
    pub fn check(&self, registration: &str, files: &[(&str, &str)]) -> Result<(), Vec<Fault>> {
        let now = Self::of(registration, files);
        let fault = |message: String| {
            Fault::new("changed-after-sealing", message)
                .help("a claim is tested as it was registered: restore the file, or register anew")
        };
        let mut faults = Vec::new();
        if now.registration != self.registration {
            faults.push(fault("the registration was changed after it was sealed".to_owned()));
        }
        for (name, hash) in &now.files {
            match self.files.get(name) {
                Some(sealed) if sealed == hash => {}
                Some(_) => faults.push(fault(format!("`{name}` was changed after it was sealed"))),
                None => faults.push(fault(format!("`{name}` is not under the seal"))),
            }
        }
        for name in self.files.keys().filter(|name| !now.files.contains_key(*name)) {
            faults.push(fault(format!("`{name}` is under the seal, but is not given")));
        }
        if faults.is_empty() { Ok(()) } else { Err(faults) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"
title = "t"
seed = 7
holdout = "jurors:5"

[[hypothesis]]
id = "one"
metric = "brier"
a = "x"
b = "y"
direction = "a-better"

[[hypothesis]]
id = "two"
metric = "accuracy"
a = "x"
b = "y"
direction = "different"
margin = 0.1
"#;

    fn read(text: &str) -> Result<Registration, Vec<Fault>> {
        Registration::read(&SourceFile::new("h.toml", text))
    }

    fn verdicts(differences: [(f64, f64, f64, f64); 2]) -> [Verdict; 2] {
        let registration = read(TEXT).unwrap();
        let mut next = differences.into_iter();
        let tested = registration.test(|_| {
            next.next().map(|(estimate, low, high, p)| Difference {
                estimate,
                interval: Some(Interval { low, high }),
                p: Some(p),
            })
        });
        [tested[0].verdict, tested[1].verdict]
    }

    #[test]
    fn passed_failed_and_neither() {
        use Verdict::{Failed, NotDecidable, Passed};
        // Lower Brier is better: x passes where the difference is below zero.
        let passed = verdicts([(-0.1, -0.2, -0.05, 0.001), (0.3, 0.2, 0.4, 0.001)]);
        assert_eq!(passed, [Passed, Passed]);
        let failed = verdicts([(0.1, 0.05, 0.2, 0.001), (0.0, -0.05, 0.05, 0.9)]);
        assert_eq!(failed, [Failed, Failed]);
        let neither = verdicts([(-0.1, -0.2, 0.1, 0.2), (0.1, -0.1, 0.3, 0.04)]);
        assert_eq!(neither, [NotDecidable, NotDecidable]);
        // 2 · 0.03 is above 0.05: the claim beside it counts.
        let beside = verdicts([(0.0, -0.1, 0.1, 0.9), (0.3, 0.2, 0.4, 0.03)]);
        assert_eq!(beside, [NotDecidable, NotDecidable]);
    }

    #[test]
    fn a_claim_without_a_score_is_not_decidable() {
        let tested = read(TEXT).unwrap().test(|_| None);
        assert!(tested.iter().all(|tested| tested.verdict == Verdict::NotDecidable));
    }

    #[test]
    fn a_changed_text_breaks_the_seal() {
        let files = [("duels.csv", "a,b\n"), ("market.csv", "item,weight\n")];
        let seal = Seal::of(TEXT, &files);
        let again = Seal::read(&SourceFile::new("s", seal.to_text())).unwrap();
        assert_eq!(seal, again);
        assert_eq!(again.check(TEXT, &files), Ok(()));
        let changed = again.check(&TEXT.replace('7', "8"), &files).unwrap_err();
        assert!(changed[0].message.contains("registration was changed"), "{changed:?}");
        let changed = again.check(TEXT, &[("duels.csv", "a,c\n"), ("other.csv", "")]).unwrap_err();
        let told: Vec<&str> = changed.iter().map(|fault| fault.message.as_str()).collect();
        assert_eq!(
            told,
            [
                "`duels.csv` was changed after it was sealed",
                "`other.csv` is not under the seal",
                "`market.csv` is under the seal, but is not given",
            ]
        );
    }

    #[test]
    fn wrong_registrations_are_named() {
        let refused =
            |from: &str, to: &str| read(&TEXT.replace(from, to)).unwrap_err()[0].to_string();
        assert!(refused("brier", "bier").starts_with("h.toml:8:10: there is no score `bier`"));
        assert!(refused("\"brier\"", "\"drift\"").contains("is no score of answers"));
        assert!(refused("jurors:5", "rows:5").contains("is no way to keep answers back"));
        assert!(refused("margin = 0.1", "margin = -1").contains("margin is -1"));
        assert!(refused("margin = 0.1", "alpha = 0.7").contains("alpha is 0.7"));
        assert!(refused("\"two\"", "\"one\"").contains("two hypotheses `one`"));
        assert!(refused("b = \"y\"", "b = \"x\"").contains("compared with itself"));
        assert!(refused("seed = 7", "sed = 7").contains("sed"));
        assert!(refused("seed = 7", "seed = 7\nreplicates = 3").contains("3 replicates"));
    }
}
