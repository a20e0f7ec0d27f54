//! Passport: who counts, and how much, by scores or stamps.
//!
//! Use it ahead of rules that count voters, so that one person posing as many
//! gains little. It needs no money; it emits `trust`, a number for each voter.
//!
//! # Formula
//!
//! With `rule = "score"`, for a voter with score `s`:
//!
//! ```text
//! trust = 0                                       s < score_low
//! trust = 1                                       s ≥ score_high
//! trust = f + (1 − f)·(s − score_low)/(score_high − score_low)     between
//! ```
//!
//! `f` is `score_floor`. The score stands in the table `scores`, or is the sum
//! of the weights (`stamp_weights`) of the stamps a voter holds. Thresholds in
//! use:
//!
//! | rounds with              | `score_low` | `score_high` |
//! |--------------------------|-------------|--------------|
//! | Passport stamps (GG20)   | 15          | 25           |
//! | model-based detection    | 25          | 50           |
//! | the Avalanche programme  | 25          | 25           |
//!
//! With `rule = "all"` trust is 1 for voters who hold all stamps of `needed`,
//! with `"any"` for those who hold one of them; 0 for all others. A stamp counts
//! until the moment it expires.
//!
//! If a signal `trust` arrives, it multiplies the result; who is not in it has 0.
//!
//! Lists come last and decide alone: `allow` gives 1, `deny` 0, `overrides` the
//! coefficient written there. Each entry names its author and a reason; both
//! stand in the remarks and reasons of every run.
//!
//! # Units and rounding
//!
//! | quantity     | unit                  | rounding |
//! |--------------|-----------------------|----------|
//! | scores, trust | `f64`, without unit  | nearest  |
//! | sum of stamps | `f64`                | in order of the stamps' names |
//!
//! It pays nobody: money that reaches it stays unspent.
//!
//! # Limits
//!
//! * Scores and weights: numbers from 0 to 10³⁰. A voter without a score, or
//!   with an empty one, has score 0.
//! * Coefficients: 0 to 100. A voter stands on one list, once.
//! * Stamps that expire need a moment to be compared with: `as_of`, or the end
//!   of the epoch.
//!
//! # Known weaknesses
//!
//! * A score says what a bot costs, not whether somebody is one.
//! * Whoever writes the lists decides. That is why they are signed and shown.
//!
//! # Sources
//!
//! * Gitcoin, `grants-stack-indexer`, `calculateMatches`: the sliding scale.
//! * Gitcoin, `qf-calculator`, `fundingutils.py`: thresholds of the rounds.
//!
//! # Example
//!
//! ```
//! use allonet_mechanisms::trial::trial_of;
//!
//! let scores = "voter,score\nann,14.9\nbob,15\ncem,20\ndan,25\n";
//! let result = trial_of("passport").file("scores", scores).run(0)?;
//! let (name, data) = &result.outcome.signals[0];
//! assert_eq!(*name, "trust");
//! let told = serde_json::to_string(data).expect("numbers");
//! assert_eq!(told, r#"{"ann":0.0,"bob":0.5,"cem":0.75,"dan":1.0}"#);
//! # Ok::<(), allonet_mechanisms::trial::NoTrial>(())
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use allonet_core::card::{Absent, Card, Family, Kind, Setting, Settings, Source, Status};
use allonet_core::fault::Fault;
use allonet_core::maths;
use allonet_core::mechanism::{Allocation, Blueprint, Mechanism, Outcome, Refusal, Turn};
use allonet_core::signal::SignalData;
use allonet_core::table::{Column, Faults, Row, Table};
use allonet_core::time::Instant;

use crate::hearing::heard;
use crate::people::{Figures, PERSON, figure_in, figures, listed_twice, moment_in, person, shown};

// --- Card -------------------------------------------------------------------

/// What the rule says of itself.
pub static CARD: Card = Card {
    id: "passport",
    title: "Passport",
    family: Family::Identity,
    formula: "trust = 0 below score_low, 1 from score_high, a sliding scale between",
    status: Status::Preview { since: "0.1.0" },
    sources: &[
        Source {
            cite: "Gitcoin, grants-stack-indexer, calculateMatches: the sliding scale",
            url: "https://github.com/gitcoinco/grants-stack-indexer",
        },
        Source {
            cite: "Gitcoin, qf-calculator, fundingutils.py: thresholds of the rounds",
            url: "https://github.com/gitcoinco/qf-calculator",
        },
    ],
    settings: SETTINGS,
    actions: &[],
    reads: &["trust"],
    emits: &["trust"],
};

const SETTINGS: &[Setting] = &[
    Setting {
        name: "rule",
        kind: Kind::Choice(&["score", "all", "any"]),
        default: Absent::Default("score"),
        doc: "Judge voters by a score, or by whether they hold all or any of the stamps in \
              `needed`.",
    },
    Setting {
        name: "scores",
        kind: Kind::File,
        default: Absent::None("the score is made of stamps"),
        doc: "Table of voters and their scores, columns `voter` and `score`; who is not in it has \
              score 0.",
    },
    Setting {
        name: "stamps",
        kind: Kind::File,
        default: Absent::None("stamps do not matter"),
        doc: "Table of the stamps that voters hold, columns `voter`, `stamp`, and if wished \
              `expires`.",
    },
    Setting {
        name: "stamp_weights",
        kind: Kind::File,
        default: Absent::None("stamps make no score"),
        doc: "Table of what each stamp adds to a score, columns `stamp` and `weight`; others add \
              nothing.",
    },
    Setting {
        name: "needed",
        kind: Kind::List,
        default: Absent::None("no stamp is needed"),
        doc: "Names of the stamps that the rules `all` and `any` ask for.",
    },
    Setting {
        name: "score_low",
        kind: Kind::Number { min: 0.0, max: 1e9 },
        default: Absent::Default("15"),
        doc: "Voters with a score below this do not count.",
    },
    Setting {
        name: "score_high",
        kind: Kind::Number { min: 0.0, max: 1e9 },
        default: Absent::Default("25"),
        doc: "Voters with a score from here on count in full.",
    },
    Setting {
        name: "score_floor",
        kind: Kind::Share,
        default: Absent::Default("50%"),
        doc: "What a voter counts at `score_low`; it rises evenly up to `score_high`.",
    },
    Setting {
        name: "allow",
        kind: Kind::File,
        default: Absent::None("nobody is let in by hand"),
        doc: "Table of voters who count in full whatever their score, columns `voter`, `author` \
              and `reason`.",
    },
    Setting {
        name: "deny",
        kind: Kind::File,
        default: Absent::None("nobody is kept out by hand"),
        doc: "Table of voters who do not count whatever their score, columns `voter`, `author` \
              and `reason`.",
    },
    Setting {
        name: "overrides",
        kind: Kind::File,
        default: Absent::None("nothing is set by hand"),
        doc: "Table of voters and what they count whatever their score, columns `voter`, \
              `coefficient`, `author` and `reason`.",
    },
    Setting {
        name: "as_of",
        kind: Kind::Time,
        default: Absent::None("the end of the epoch"),
        doc: "The moment at which stamps must still be valid.",
    },
];

const SCORES: &[Column] =
    &[Column::required(PERSON), Column::required(&["score", "raw_score", "passport_score"])];
const STAMPS: &[Column] = &[
    Column::required(PERSON),
    Column::required(&["stamp", "credential", "provider"]),
    Column::optional(&["expires", "expiration", "expires_at", "expiration_date"]),
];
const STAMP_WEIGHTS: &[Column] = &[
    Column::required(&["stamp", "credential", "provider"]),
    Column::required(&["weight", "score", "points"]),
];
/// Of the lists; the coefficient stands in `overrides` alone.
const LIST: &[Column] = &[
    Column::required(PERSON),
    Column::required(&["author", "by"]),
    Column::required(&["reason", "note", "comment"]),
];
const OVERRIDES: &[Column] =
    &[LIST[0], LIST[1], LIST[2], Column::required(&["coefficient", "trust"])];
const AUTHOR: usize = 1;
const REASON: usize = 2;
const COEFFICIENT: usize = 3;

// --- Settings ---------------------------------------------------------------

/// The rule with what is known of the voters.
#[derive(Debug)]
pub struct Passport {
    rule: Rule,
    scale: Scale,
    scores: Figures,
    /// The stamps each voter holds, and when they expire.
    stamps: BTreeMap<String, BTreeMap<String, Option<Instant>>>,
    /// What stamps add to a score.
    weights: Figures,
    needed: BTreeSet<String>,
    decisions: BTreeMap<String, Decision>,
    as_of: Option<Instant>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rule {
    Score,
    Stamps,
    All,
    Any,
}

#[derive(Clone, Copy, Debug)]
struct Scale {
    low: f64,
    high: f64,
    floor: f64,
}

/// What a person has decided about a voter.
#[derive(Clone, Debug)]
struct Decision {
    coefficient: f64,
    author: String,
    reason: String,
}

/// Builds the rule from its settings.
pub fn build(blueprint: &Blueprint<'_>) -> Result<Box<dyn Mechanism>, Vec<Fault>> {
    let settings = blueprint.settings;
    let faults = contradictions(settings);
    if !faults.is_empty() {
        return Err(faults);
    }
    let table = |name: &str, columns: &'static [Column]| {
        settings.file(name).map(|file| Table::read(file, columns)).transpose()
    };
    let mut faults = Faults::new();
    let scores = table("scores", SCORES)?.map(|table| figures(&table, 0.0, &mut faults));
    let stamps = table("stamps", STAMPS)?.map(|table| read_stamps(&table, &mut faults));
    let weights = table("stamp_weights", STAMP_WEIGHTS)?;
    let weights = weights.map(|table| figures(&table, 0.0, &mut faults));
    let mut decisions = BTreeMap::new();
    let lists =
        [("allow", LIST, Some(1.0)), ("deny", LIST, Some(0.0)), ("overrides", OVERRIDES, None)];
    for (name, columns, coefficient) in lists {
        let Some(table) = table(name, columns)? else { continue };
        for row in table.rows() {
            read_decision(row, coefficient, &mut decisions, &mut faults);
        }
    }
    let number = |name: &str, default| settings.number(name).unwrap_or(default);
    let floor = settings.share("score_floor").map_or(0.5, allonet_core::money::Share::to_f64);
    let rule = match settings.text("rule") {
        Some("all") => Rule::All,
        Some("any") => Rule::Any,
        _ if stamps.is_some() => Rule::Stamps,
        _ => Rule::Score,
    };
    faults
        .or(Box::new(Passport {
            rule,
            scale: Scale {
                low: number("score_low", 15.0),
                high: number("score_high", 25.0),
                floor,
            },
            scores: scores.unwrap_or_default(),
            stamps: stamps.unwrap_or_default(),
            weights: weights.unwrap_or_default(),
            needed: settings.list("needed").iter().map(|stamp| stamp.value.clone()).collect(),
            decisions,
            as_of: settings.time("as_of"),
        }))
        .map(|rule| rule as Box<dyn Mechanism>)
}

fn read_stamps(
    table: &Table,
    faults: &mut Faults,
) -> BTreeMap<String, BTreeMap<String, Option<Instant>>> {
    let mut found: BTreeMap<String, BTreeMap<String, Option<Instant>>> = BTreeMap::new();
    for row in table.rows() {
        let (stamp, expires) = (row.cell(1), moment_in(row, 2, faults));
        if stamp.is_empty() {
            faults.push(row.fault(1, "no-stamp", "this row names no stamp"));
            continue;
        }
        let Some(voter) = person(row, 0, faults) else { continue };
        if found.entry(voter).or_default().insert(stamp.to_owned(), expires).is_some() {
            let message = format!("`{}` holds the stamp `{stamp}` twice", row.cell(0));
            let fault = row.fault(1, "double-stamp", message);
            faults.push(fault.help("keep the line with the later expiry"));
        }
    }
    found
}

/// Reads a row of one of the lists; `coefficient` is what the list gives.
fn read_decision(
    row: Row<'_>,
    coefficient: Option<f64>,
    decisions: &mut BTreeMap<String, Decision>,
    faults: &mut Faults,
) {
    for (column, what) in [(AUTHOR, "author"), (REASON, "reason")] {
        if row.cell(column).is_empty() {
            let message = format!("this decision has no {what}");
            let fault = row.fault(column, "unsigned", message);
            faults.push(fault.help("who decides about a voter says who they are, and why"));
        }
    }
    let Some(voter) = person(row, 0, faults) else { return };
    let coefficient = match coefficient {
        Some(coefficient) => coefficient,
        None => match coefficient_in(row, faults) {
            Some(coefficient) => coefficient,
            None => return,
        },
    };
    let text = |column: usize| row.cell(column).to_owned();
    let decision = Decision { coefficient, author: text(AUTHOR), reason: text(REASON) };
    if decisions.insert(voter, decision).is_some() {
        faults.push(listed_twice(row, 0));
    }
}

fn coefficient_in(row: Row<'_>, faults: &mut Faults) -> Option<f64> {
    let text = row.cell(COEFFICIENT);
    let found = figure_in(row, COEFFICIENT, f64::NAN, &mut Faults::new());
    let found = found.filter(|found| (0.0..=COEFFICIENT_MAX).contains(found));
    if found.is_none() {
        let fault =
            row.fault(COEFFICIENT, "bad-coefficient", format!("`{text}` is no coefficient"));
        faults.push(fault.help("write a number from 0 to 100; 1 counts in full"));
    }
    found
}

// --- Signals ----------------------------------------------------------------

impl Passport {
    /// Everybody of whom something is known.
    fn voters(&self) -> BTreeSet<&str> {
        let known = self.scores.keys().chain(self.stamps.keys()).chain(self.decisions.keys());
        known.map(String::as_str).collect()
    }
}

// --- Refusals ---------------------------------------------------------------

/// Settings that do not go together.
fn contradictions(settings: &Settings) -> Vec<Fault> {
    let given = |name: &str| settings.get(name).is_some();
    let mut faults = Vec::new();
    let mut fault = |name: &str, code, message: &str, help: &str| {
        faults.push(Fault::new(code, message).at_some(settings.place(name)).help(help));
    };
    let listed = given("allow") || given("overrides");
    let by_score = matches!(settings.text("rule"), None | Some("score"));
    if by_score {
        if given("scores") && given("stamps") {
            let help = "leave one of them out, or ask for stamps with `rule = \"all\"`";
            fault("stamps", "two-scores", "`scores` and `stamps` both give scores", help);
        } else if given("stamps") && !given("stamp_weights") {
            let help = "add a table `stamp_weights`, or set `rule` to `all` or `any`";
            fault("stamps", "no-weights", "nothing says what each stamp adds to a score", help);
        } else if !given("scores") && !given("stamps") && !listed {
            let help = "add a table `scores` or `stamps`, or let voters in with `allow`";
            fault("rule", "no-scores", "there is nothing to judge voters by", help);
        }
    } else {
        if !given("stamps") || settings.list("needed").is_empty() {
            let help = "add a table `stamps` and a list `needed = [\"…\"]`";
            fault("rule", "no-stamps", "this rule asks for stamps, and none are given", help);
        }
        if given("scores") {
            let help = "leave `scores` out, or set `rule = \"score\"`";
            fault("scores", "misplaced-setting", "this rule does not look at scores", help);
        }
    }
    let [low, high] = ["score_low", "score_high"].map(|name| settings.number(name));
    let (low, high) = (low.unwrap_or(15.0), high.unwrap_or(25.0));
    if low > high {
        let message = format!("score_low = {low} is above score_high = {high}");
        fault("score_low", "scale", &message, "swap them, or make them equal for one threshold");
    }
    faults
}

fn no_moment() -> Refusal {
    Refusal::new("no-moment", "some stamps expire, and nothing says which moment to compare with")
        .help("set `as_of`, or `epoch_ends` of the network")
}

// --- Rule -------------------------------------------------------------------

/// The largest coefficient of an override.
const COEFFICIENT_MAX: f64 = 100.0;

impl Mechanism for Passport {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn payees(&self) -> &[Arc<str>] {
        &[]
    }

    fn step(&self, turn: &Turn<'_>, _: &mut Allocation<'_>) -> Result<Outcome, Refusal> {
        let now = self.as_of.or(turn.ends);
        let expires = self.stamps.values().any(|held| held.values().any(Option::is_some));
        if now.is_none() && expires {
            return Err(no_moment());
        }
        let heard = heard(turn, "trust", f64::MAX)?;
        let (mut trust, mut outcome) = (Figures::new(), Outcome::default());
        for voter in self.voters() {
            let (mut found, why) = self.judge(voter, now);
            let mut reasons = vec![why];
            if let Some(heard) = &heard {
                let factor = heard.get(voter).copied().unwrap_or(0.0);
                found *= factor;
                reasons.push(format!("times the trust that was heard: {}", shown(factor)));
            }
            if let Some(Decision { coefficient, author, reason }) = self.decisions.get(voter) {
                let (was, is) = (shown(found), shown(*coefficient));
                found = *coefficient;
                reasons.push(format!("set to {is} by {author}: {reason}"));
                let remark =
                    format!("`{voter}` counts {is} in place of {was}, by {author}: {reason}");
                outcome.remarks.push(remark);
            }
            trust.insert(voter.to_owned(), found);
            outcome.reasons.insert(voter.to_owned(), reasons);
        }
        outcome.remarks.push(summary(&trust));
        outcome.signals.push(("trust", SignalData::Scores(trust)));
        Ok(outcome)
    }
}

impl Passport {
    /// What a voter counts by the rule, and why.
    fn judge(&self, voter: &str, now: Option<Instant>) -> (f64, String) {
        if self.rule == Rule::Score {
            let Some(score) = self.scores.get(voter) else {
                return self.scale.judge(0.0, "no score");
            };
            return self.scale.judge(*score, &format!("score {}", shown(*score)));
        }
        let held = self.stamps.get(voter).into_iter().flatten();
        let valid =
            held.filter(|(_, expires)| expires.is_none_or(|end| now.is_some_and(|now| now < end)));
        let valid: BTreeSet<&str> = valid.map(|(stamp, _)| stamp.as_str()).collect();
        let names = |stamps: &[&str]| match stamps {
            [] => "none".to_owned(),
            stamps => stamps.join(", "),
        };
        if self.rule == Rule::Stamps {
            let points = valid.iter().filter_map(|stamp| self.weights.get(*stamp));
            let score = maths::sum(points.copied());
            let held: Vec<&str> = valid.into_iter().collect();
            let why = format!("score {} from stamps: {}", shown(score), names(&held));
            return self.scale.judge(score, &why);
        }
        let (has, lacks): (Vec<&str>, Vec<&str>) =
            self.needed.iter().map(String::as_str).partition(|stamp| valid.contains(stamp));
        let passes = if self.rule == Rule::All { lacks.is_empty() } else { !has.is_empty() };
        let why = format!("stamps held: {}; lacking: {}", names(&has), names(&lacks));
        (if passes { 1.0 } else { 0.0 }, why)
    }
}

impl Scale {
    fn judge(&self, score: f64, why: &str) -> (f64, String) {
        let Self { low, high, floor } = *self;
        let (shown_low, shown_high) = (shown(low), shown(high));
        if score < low {
            (0.0, format!("{why}, below {shown_low}"))
        } else if score >= high {
            (1.0, format!("{why}, from {shown_high} on in full"))
        } else {
            let trust = floor + (1.0 - floor) * (score - low) / (high - low);
            (
                trust,
                format!("{why}, on the scale from {shown_low} to {shown_high}: {}", shown(trust)),
            )
        }
    }
}

fn summary(trust: &Figures) -> String {
    let count = |test: fn(f64) -> bool| trust.values().filter(|trust| test(**trust)).count();
    let (full, none) = (count(|trust| trust >= 1.0), count(|trust| trust == 0.0));
    let part = trust.len() - full - none;
    format!("voters who count in full: {full}, in part: {part}, not at all: {none}")
}

// --- Tests ------------------------------------------------------------------

#[cfg(test)]
mod tests {
    use allonet_core::card::Value;
    use proptest::prelude::*;

    use super::*;
    use crate::trial::{Trial, TurnResult, trial_of};

    fn trust(result: &TurnResult) -> &Figures {
        match &result.outcome.signals[0] {
            ("trust", SignalData::Scores(scores)) => scores,
            other => panic!("not trust: {other:?}"),
        }
    }

    fn of(trial: &Trial) -> Vec<(String, f64)> {
        trust(&trial.run(7).unwrap()).clone().into_iter().collect()
    }

    fn named(figures: &[(&str, f64)]) -> Vec<(String, f64)> {
        figures.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect()
    }

    fn refused(trial: &Trial) -> String {
        trial.run(0).unwrap_err().to_string()
    }

    const STAMPS: &str = "voter,stamp,expires\n\
        ann,github,\nann,ens,2026-06-01\nbob,github,2026-01-01\ncem,ens,\n";

    fn stamps(rule: &str) -> Trial {
        let as_of = Value::Time("2026-03-01".parse().unwrap());
        trial_of("passport").text("rule", rule).file("stamps", STAMPS).set("as_of", as_of)
    }

    // Worked examples.

    #[test]
    fn the_scale_of_gg20() {
        let trial = trial_of("passport").file(
            "scores",
            "voter,score\nnil,\nzero,0\nlow,14.999\nfirst,15\nhalf,20\nlast,25\nhigh,40\n",
        );
        let expected = [
            ("first", 0.5),
            ("half", 0.75),
            ("high", 1.0),
            ("last", 1.0),
            ("low", 0.0),
            ("nil", 0.0),
            ("zero", 0.0),
        ];
        assert_eq!(of(&trial), named(&expected));
        let result = trial.run(7).unwrap();
        assert_eq!(result.unspent.of(0).to_u128(), Some(7));
        assert_eq!(result.outcome.reasons["half"], ["score 20, on the scale from 15 to 25: 0.75"]);
        assert_eq!(
            result.outcome.remarks,
            ["voters who count in full: 2, in part: 2, not at all: 3"]
        );
    }

    #[test]
    fn one_threshold_for_avalanche() {
        let trial = trial_of("passport")
            .file("scores", "voter,score\nann,24.9\nbob,25\n")
            .set("score_low", Value::Number(25.0));
        assert_eq!(of(&trial), named(&[("ann", 0.0), ("bob", 1.0)]));
    }

    #[test]
    fn stamps_decide_while_they_are_valid() {
        let all = stamps("all").list("needed", &["github", "ens"]);
        assert_eq!(of(&all), named(&[("ann", 1.0), ("bob", 0.0), ("cem", 0.0)]));
        let any = stamps("any").list("needed", &["github", "ens"]);
        assert_eq!(of(&any), named(&[("ann", 1.0), ("bob", 0.0), ("cem", 1.0)]));
        let result = any.run(0).unwrap();
        assert_eq!(result.outcome.reasons["cem"], ["stamps held: ens; lacking: github"]);
        // 12 + 8 is 20; 8 is below 15.
        let score = stamps("score").file("stamp_weights", "stamp,weight\ngithub,12\nens,8\n");
        assert_eq!(of(&score), named(&[("ann", 0.75), ("bob", 0.0), ("cem", 0.0)]));
    }

    #[test]
    fn lists_decide_alone_and_are_signed() {
        let trial = trial_of("passport")
            .file("scores", "voter,score\nann,20\nbob,30\n")
            .file("allow", "voter,author,reason\ncem,kim,known in person\n")
            .file("deny", "voter,author,reason\nbob,kim,three accounts\n")
            .file("overrides", "voter,coefficient,author,reason\n0xAB,1.5,lee,steward\n")
            .scores("trust", &[("ann", 0.5)]);
        let expected = [("0xAB", 1.5), ("ann", 0.375), ("bob", 0.0), ("cem", 1.0)];
        assert_eq!(of(&trial), named(&expected));
        let outcome = trial.run(0).unwrap().outcome;
        assert_eq!(outcome.remarks[1], "`bob` counts 0 in place of 0, by kim: three accounts");
        assert_eq!(outcome.reasons["bob"][2], "set to 0 by kim: three accounts");
        assert_eq!(outcome.reasons["ann"][1], "times the trust that was heard: 0.5");
    }

    // Refusals.

    #[test]
    fn tables_that_cannot_be_meant_are_refused() {
        let scores = |text: &str| refused(&trial_of("passport").file("scores", text));
        for (text, expected) in [
            ("voter,score\nann,-1\n", "`-1` is below zero"),
            ("voter,score\nann,NaN\n", "`NaN` is no number"),
            ("voter,score\n,1\n", "names nobody"),
            ("voter,score\n0xab,1\nann,1\nann,2\n", "`ann` is listed twice"),
        ] {
            assert!(scores(text).contains(expected), "{}", scores(text));
        }
        let list = |name, text: &str| {
            refused(&trial_of("passport").file("scores", "voter,score\n").file(name, text))
        };
        for (name, text, expected) in [
            ("deny", "voter,author,reason\nann,,spam\n", "no author"),
            ("deny", "voter,author,reason\nann,kim,\n", "no reason"),
            ("deny", "voter,author\nann,kim\n", "column `reason` is missing"),
            ("overrides", "voter,coefficient,author,reason\nann,what,k,r\n", "`what` is no coeff"),
            ("overrides", "voter,coefficient,author,reason\nann,,k,r\n", "`` is no coefficient"),
            ("overrides", "voter,coefficient,author,reason\nann,101,k,r\n", "`101` is no coeff"),
            ("deny", "voter,author,reason\nann,kim,a\nann,kim,b\n", "listed twice"),
        ] {
            assert!(list(name, text).contains(expected), "{}", list(name, text));
        }
        let held = stamps("all").list("needed", &["x"]);
        for (text, expected) in [
            ("voter,stamp\nann,x\nann,x\n", "`ann` holds the stamp `x` twice"),
            ("voter,stamp\nann,\n", "names no stamp"),
            ("voter,stamp,expires\nann,x,soon\n", "`soon` is not a moment"),
        ] {
            let told = refused(&held.clone().file("stamps", text));
            assert!(told.contains(expected), "{told}");
        }
    }

    #[test]
    fn settings_that_do_not_fit_are_refused() {
        let scores = trial_of("passport").file("scores", "voter,score\n");
        let no_time = trial_of("passport")
            .text("rule", "any")
            .file("stamps", STAMPS)
            .list("needed", &["ens"]);
        for (trial, expected) in [
            (trial_of("passport"), "nothing to judge voters by"),
            (scores.clone().file("stamps", STAMPS), "both give scores"),
            (stamps("score"), "nothing says what each stamp adds"),
            (stamps("all"), "asks for stamps, and none are given"),
            (stamps("any").list("needed", &["x"]).file("scores", "voter,score\n"), "not look at"),
            (scores.clone().set("score_low", Value::Number(26.0)), "score_low = 26 is above"),
            (no_time, "some stamps expire"),
            (scores.clone().scores("trust", &[("ann", -1.0)]), "gives `ann` -1"),
            (scores.scores("trust", &[("0xAB", 1.0), ("ann", f64::NAN)]), "gives `ann` NaN"),
        ] {
            assert!(refused(&trial).contains(expected), "{}", refused(&trial));
        }
    }

    // Laws.

    proptest! {
        #[test]
        fn more_score_never_counts_less(
            scores in prop::collection::vec(0.0_f64..60.0, 2),
            low in 0.0_f64..30.0,
            width in 0.0_f64..30.0,
            percent in 0_u64..=100,
        ) {
            let table = format!("voter,score\na,{}\nb,{}\n", scores[0], scores[1]);
            let floor = allonet_core::money::Share::new(percent, 100).unwrap();
            let trial = trial_of("passport")
                .file("scores", &table)
                .set("score_low", Value::Number(low))
                .set("score_high", Value::Number(low + width))
                .set("score_floor", Value::Share(floor));
            let found = of(&trial);
            prop_assert!(found.iter().all(|(_, trust)| (0.0..=1.0).contains(trust)));
            prop_assert!((scores[0] <= scores[1]) <= (found[0].1 <= found[1].1));
        }

        #[test]
        fn all_asks_more_than_any(
            held in prop::collection::btree_set((0_u8..4, 0_u8..4), 0..12),
            needed in prop::collection::btree_set(0_u8..4, 1..4),
        ) {
            let rows = held.iter().map(|(voter, stamp)| format!("v{voter},s{stamp}\n"));
            let table: String = ["voter,stamp\n".to_owned()].into_iter().chain(rows).collect();
            let needed: Vec<String> = needed.iter().map(|stamp| format!("s{stamp}")).collect();
            let needed: Vec<&str> = needed.iter().map(String::as_str).collect();
            let trial = trial_of("passport").file("stamps", &table).list("needed", &needed);
            let of_rule = |rule: &str| of(&trial.clone().text("rule", rule));
            for (all, any) in of_rule("all").into_iter().zip(of_rule("any")) {
                prop_assert!(all.1 <= any.1);
            }
        }
    }

    // Reference: linear interpolation between the two ends, clamped.

    #[test]
    fn it_is_a_clamped_interpolation() {
        for tenth in 0..=400_u32 {
            let score = f64::from(tenth) / 10.0;
            let table = format!("voter,score\nann,{score}\n");
            let found = of(&trial_of("passport").file("scores", &table))[0].1;
            let place = ((score - 15.0) / 10.0).clamp(0.0, 1.0);
            let expected = if score < 15.0 { 0.0 } else { 0.5 * (1.0 - place) + place };
            assert!((found - expected).abs() < 1e-12, "{score}: {found} {expected}");
        }
    }
}
