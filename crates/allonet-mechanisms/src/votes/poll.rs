//! What all votes on a list of choices have in common: ballots are read, a rule
//! counts them, and a decision pays.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use allonet_core::card::{Card, Setting};
use allonet_core::fault::Fault;
use allonet_core::maths;
use allonet_core::mechanism::{Allocation, Blueprint, Mechanism, Outcome, Refusal, Turn};
use allonet_core::signal::SignalData;

use super::choices::{CHOICES, Cast, Choice, Election, PAYEES, VOTES};
use super::decision::{Counted, Decision, PAYS, QUORUM, SEATS, THRESHOLD};
use super::power::{POWER_MAX, powers};
use super::written::Form;
use crate::ballots::{CLOSES, OPENS};
use crate::paying::{CAP, CAP_OVERFLOW, MINIMUM, main_asset};

/// A way to count ballots.
pub(super) trait Rule: fmt::Debug + Send + Sync {
    /// What it says of itself.
    fn card(&self) -> &'static Card;

    /// Counts.
    fn count(&self, ballots: &Ballots<'_>) -> Count;
}

/// The ballots of one turn.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ballots<'a> {
    election: &'a Election,
    powers: Option<&'a [f64]>,
}

impl<'a> Ballots<'a> {
    /// How many choices there are.
    pub(super) fn choices(&self) -> usize {
        self.election.choices.len()
    }

    /// What a choice is called.
    pub(super) fn name(&self, choice: usize) -> &'a str {
        &self.election.choices[choice].name
    }

    /// Valid ballots with voting power, in order of voters.
    pub(super) fn valid(&self) -> impl Iterator<Item = Cast<'a>> + Clone + use<'a> {
        self.election.cast(self.powers).filter(|cast| cast.valid && cast.power > 0.0)
    }
}

/// What a rule has counted.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Count {
    /// One for each choice, zero or more.
    pub(super) scores: Vec<f64>,
    /// How each choice came to its score, in lines for people.
    pub(super) reasons: Vec<Vec<String>>,
    /// What the operator should know.
    pub(super) remarks: Vec<String>,
}

/// Sums the marks of each choice: what `weight` says of each, with the voters
/// who count most as reasons.
pub(super) fn add_up(ballots: &Ballots<'_>, weight: impl Fn(f64, f64) -> f64) -> Count {
    let mut supporters = vec![Supporters::default(); ballots.choices()];
    for cast in ballots.valid() {
        for mark in cast.marks {
            let weight = weight(cast.power, mark.share);
            supporters[mark.choice as usize].add(cast.voter, weight);
        }
    }
    Count {
        scores: supporters.iter().map(|supporters| supporters.sum).collect(),
        reasons: supporters.iter().map(|supporters| vec![supporters.line(ballots)]).collect(),
        remarks: Vec::new(),
    }
}

/// Who supports a choice.
#[derive(Clone, Debug, Default)]
pub(super) struct Supporters {
    pub(super) sum: f64,
    count: usize,
    /// The largest amounts, at most three, with their voters.
    most: Vec<(f64, usize)>,
}

impl Supporters {
    /// One more, in order of voters.
    pub(super) fn add(&mut self, voter: usize, amount: f64) {
        const SHOWN: usize = 3;
        self.sum += amount;
        self.count += 1;
        let place = self.most.partition_point(|(more, _)| *more >= amount);
        if place < SHOWN {
            self.most.truncate(SHOWN - 1);
            self.most.insert(place, (amount, voter));
        }
    }

    /// For people: `3 voters, most by `ann` (5), `bob` (2)`.
    pub(super) fn line(&self, ballots: &Ballots<'_>) -> String {
        let voter = |(amount, voter): &(f64, usize)| {
            format!("`{}` ({})", ballots.election.voters[*voter], figure(*amount))
        };
        let most: Vec<String> = self.most.iter().map(voter).collect();
        match self.count {
            0 => "no voter".to_owned(),
            1 => format!("1 voter, {}", most.join(", ")),
            count => format!("{count} voters, most by {}", most.join(", ")),
        }
    }
}

/// A number for people, to four places.
pub(super) fn figure(number: f64) -> String {
    if number.abs() >= 1e12 {
        return format!("{number:e}");
    }
    let text = format!("{number:.4}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A vote on a list of choices.
#[derive(Debug)]
struct Poll {
    rule: Box<dyn Rule>,
    election: Election,
    decision: Decision,
}

/// Builds a vote from its settings.
pub(super) fn build(
    blueprint: &Blueprint<'_>,
    form: Form,
    rule: impl Rule + 'static,
) -> Result<Box<dyn Mechanism>, Vec<Fault>> {
    let asset = main_asset(blueprint)?;
    let decision = Decision::read(blueprint.settings, asset).map_err(|fault| vec![fault]);
    let election = Election::read(blueprint.settings, form);
    match (decision, election) {
        (Ok(decision), Ok(election)) => {
            Ok(Box::new(Poll { rule: Box::new(rule), election, decision }))
        }
        (decision, election) => {
            let faults = [decision.err(), election.err()];
            Err(faults.into_iter().flatten().flatten().collect())
        }
    }
}

impl Mechanism for Poll {
    fn card(&self) -> &'static Card {
        self.rule.card()
    }

    fn payees(&self) -> &[Arc<str>] {
        &self.election.payees
    }

    fn step(&self, turn: &Turn<'_>, allocation: &mut Allocation<'_>) -> Result<Outcome, Refusal> {
        let powers = powers(turn, &self.election.voters)?;
        let ballots = Ballots { election: &self.election, powers: powers.as_deref() };
        let cast = self.election.cast(powers.as_deref());
        if let Some(cast) = cast.clone().find(|cast| cast.power > POWER_MAX) {
            return Err(too_much(&self.election.voters[cast.voter]));
        }
        let turnout = maths::sum(cast.map(|cast| cast.power));
        let valid = maths::sum(ballots.valid().map(|cast| cast.power));
        let Count { scores, mut reasons, remarks } = self.rule.count(&ballots);
        let mut all_remarks = self.election.remarks.clone();
        all_remarks.extend(remarks);

        let counted = Counted { scores: &scores, turnout, valid };
        let (weights, remarks) = self.decision.weights(&self.election, counted);
        all_remarks.extend(remarks);
        let note = |at: usize| {
            let first = reasons[at].first().map_or("", String::as_str);
            format!("score {} of {}; {first}", figure(scores[at]), figure(valid))
        };
        let paid = self.decision.pay(turn, allocation, &self.election, &weights, note)?;
        all_remarks.extend(paid);

        let ids = || self.election.ids().map(ToString::to_string);
        for (lines, score) in reasons.iter_mut().zip(&scores) {
            let score = format!("score {} of {} valid power", figure(*score), figure(valid));
            lines.insert(0, score);
        }
        let named = |numbers: Vec<f64>| SignalData::Scores(ids().zip(numbers).collect());
        let sum = maths::sum(weights.iter().copied());
        let part = |weight: &f64| if sum > 0.0 { weight / sum } else { 0.0 };
        let of_payees = |(_, choice): &((String, f64), &Choice)| choice.payee.is_some();
        let parts: BTreeMap<String, f64> = ids()
            .zip(weights.iter().map(part))
            .zip(&self.election.choices)
            .filter(of_payees)
            .map(|(part, _)| part)
            .collect();
        Ok(Outcome {
            signals: vec![
                ("scores", named(scores)),
                ("scores_total", SignalData::Number(turnout)),
                ("weights", SignalData::Scores(parts)),
            ],
            remarks: all_remarks,
            reasons: ids().zip(reasons).collect(),
            ..Outcome::default()
        })
    }
}

/// The settings of every vote.
pub(super) const SETTINGS: &[Setting] = &[
    VOTES,
    PAYEES,
    CHOICES,
    PAYS,
    SEATS,
    QUORUM,
    THRESHOLD,
    CAP,
    CAP_OVERFLOW,
    MINIMUM,
    OPENS,
    CLOSES,
];

/// The signals of every vote.
pub(super) const EMITS: &[&str] = &["scores", "scores_total", "weights"];

fn too_much(voter: &str) -> Refusal {
    let message = format!("the power of `{voter}`, times what the signal says, is above 10^60");
    Refusal::new("bad-power", message).help("give one of them in larger units")
}

#[cfg(test)]
pub(super) mod testing {
    use proptest::prelude::*;

    use super::*;
    use crate::trial::{Trial, TurnResult, trial_of};

    /// Votes on the choices `a`, `b`, `c` … by a table of `voter,choice,power`.
    pub(in crate::votes) fn poll(mechanism: &str, choices: usize, rows: &[(&str, &str)]) -> Trial {
        const NAMES: [&str; 5] = ["a", "b", "c", "d", "e"];
        let row = |(at, (choice, power)): (usize, &(&str, &str))| {
            format!("v{at:02},\"{}\",{power}\n", choice.replace('"', "\"\""))
        };
        let rows: String = rows.iter().enumerate().map(row).collect();
        trial_of(mechanism)
            .list("payees", &NAMES[..choices])
            .file("votes", &format!("voter,choice,power\n{rows}"))
    }

    /// The signal `scores` of a turn with 1,000 base units, in order of ids.
    pub(in crate::votes) fn scores(trial: &Trial) -> Vec<f64> {
        scores_of(&trial.run(1_000).unwrap())
    }

    pub(in crate::votes) fn scores_of(result: &TurnResult) -> Vec<f64> {
        let SignalData::Scores(scores) = &result.outcome.signals[0].1 else { panic!() };
        scores.values().copied().collect()
    }

    pub(in crate::votes) fn close(found: &[f64], expected: &[f64]) -> bool {
        let near = |(a, b): (&f64, &f64)| (a - b).abs() <= 1e-9 * b.abs().max(1e-9);
        found.len() == expected.len() && found.iter().zip(expected).all(near)
    }

    pub(in crate::votes) fn paid(result: &TurnResult, payees: &[&str]) -> Vec<u128> {
        payees.iter().map(|payee| result.paid(payee).to_u128().unwrap()).collect()
    }

    /// Some of the choices from 1, in any order, with powers.
    pub(in crate::votes) fn rankings(
        choices: usize,
        least: usize,
    ) -> impl Strategy<Value = Vec<(Vec<usize>, u32)>> {
        let places: Vec<usize> = (1..=choices).collect();
        let ranking = (Just(places).prop_shuffle(), least..=choices)
            .prop_map(|(order, kept)| order[..kept].to_vec());
        prop::collection::vec((ranking, 0_u32..5), 0..12)
    }

    /// A table of such ballots, as [`poll`] reads it.
    pub(in crate::votes) fn ranked(
        mechanism: &str,
        choices: usize,
        ballots: &[(Vec<usize>, u32)],
    ) -> Trial {
        let rows: Vec<(String, String)> = ballots
            .iter()
            .map(|(ranking, power)| (format!("{ranking:?}"), power.to_string()))
            .collect();
        let rows: Vec<(&str, &str)> =
            rows.iter().map(|(ranking, power)| (ranking.as_str(), power.as_str())).collect();
        poll(mechanism, choices, &rows)
    }
}
