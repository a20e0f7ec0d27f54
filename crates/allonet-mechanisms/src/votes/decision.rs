//! How the result of a vote pays.

use allonet_core::card::{Absent, Kind, Setting, Settings};
use allonet_core::fault::Fault;
use allonet_core::mechanism::{Allocation, Refusal, Turn};
use allonet_core::money::{Asset, Share};

use super::choices::Election;
use crate::paying::Terms;

/// The setting `pays`.
pub(super) const PAYS: Setting = Setting {
    name: "pays",
    kind: Kind::Choice(&["proportional", "winner", "top"]),
    default: Absent::Default("proportional"),
    doc: "Whether the money is divided by score, goes to the highest score, or in equal parts to \
          the `seats` highest.",
};

/// The setting `seats`.
pub(super) const SEATS: Setting = Setting {
    name: "seats",
    kind: Kind::Integer { min: 1, max: 1_000_000 },
    default: Absent::None("needed with pays = \"top\" alone"),
    doc: "How many choices are paid with pays = \"top\".",
};

/// The setting `quorum`.
pub(super) const QUORUM: Setting = Setting {
    name: "quorum",
    kind: Kind::Number { min: 0.0, max: 1e60 },
    default: Absent::None("no quorum"),
    doc: "Least voting power of all ballots together, those that are not valid included; below it \
          nobody is paid.",
};

/// The setting `threshold`.
pub(super) const THRESHOLD: Setting = Setting {
    name: "threshold",
    kind: Kind::Share,
    default: Absent::None("no threshold"),
    doc: "Share of the voting power of all valid ballots that a choice must have as its score to \
          be paid.",
};

/// Who is paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pays {
    /// Everybody by score.
    Proportional,
    /// So many of the highest scores, the same each.
    Top(usize),
}

/// How the result of a vote pays.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Decision {
    pays: Pays,
    quorum: Option<f64>,
    threshold: Option<Share>,
    terms: Terms,
}

/// What was counted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Counted<'a> {
    /// Scores of the choices, in their order.
    pub(super) scores: &'a [f64],
    /// Voting power of all ballots.
    pub(super) turnout: f64,
    /// Voting power of the valid ones.
    pub(super) valid: f64,
}

impl Decision {
    /// From the settings [`PAYS`], [`SEATS`], [`QUORUM`], [`THRESHOLD`] and
    /// those of [`Terms::read`], whose faults it passes on; `seats` is its own.
    pub(super) fn read(settings: &Settings, asset: &Asset) -> Result<Self, Fault> {
        let seats = settings.integer("seats").and_then(|seats| usize::try_from(seats).ok());
        let pays = match (settings.text("pays"), seats) {
            (Some("top"), Some(seats)) => Pays::Top(seats),
            (Some("top"), None) => {
                let message = "pays = \"top\" does not say how many are paid";
                let fault = Fault::new("seats", message).at_some(settings.place("pays"));
                return Err(fault.help("add `seats = 3`"));
            }
            (_, Some(_)) => {
                let message = "`seats` works only with pays = \"top\"";
                return Err(Fault::new("seats", message).at_some(settings.place("seats")));
            }
            (Some("winner"), None) => Pays::Top(1),
            (_, None) => Pays::Proportional,
        };
        Ok(Self {
            pays,
            quorum: settings.number("quorum"),
            threshold: settings.share("threshold"),
            terms: Terms::read(settings, asset)?,
        })
    }

    /// What each choice weighs in the division, with remarks. All zero where
    /// nobody is paid.
    pub(super) fn weights(
        &self,
        election: &Election,
        result: Counted<'_>,
    ) -> (Vec<f64>, Vec<String>) {
        let mut remarks = Vec::new();
        let mut weights = result.scores.to_vec();
        if let Some(quorum) = self.quorum.filter(|quorum| result.turnout < *quorum) {
            let turnout = result.turnout;
            remarks.push(format!("quorum of {quorum} not reached by {turnout}: nobody is paid"));
            return (vec![0.0; weights.len()], remarks);
        }
        if let Some(threshold) = self.threshold {
            let short = |weight: &f64| *weight < threshold.to_f64() * result.valid;
            let below = weights.iter().filter(|weight| **weight > 0.0 && short(weight)).count();
            weights.iter_mut().filter(|weight| short(weight)).for_each(|weight| *weight = 0.0);
            if below > 0 {
                let choices = if below == 1 { "choice" } else { "choices" };
                remarks.push(format!("below the threshold and not paid: {below} {choices}"));
            }
        }
        if let Pays::Top(seats) = self.pays {
            remarks.extend(seat(&mut weights, seats, election));
        }
        (weights, remarks)
    }

    /// Divides everything there is by weights and books it; what a choice that
    /// pays nobody has won stays unspent. `why` is the note of a choice's first
    /// step.
    pub(super) fn pay(
        &self,
        turn: &Turn<'_>,
        allocation: &mut Allocation<'_>,
        election: &Election,
        weights: &[f64],
        why: impl Fn(usize) -> String,
    ) -> Result<Vec<String>, Refusal> {
        let mut remarks = Vec::new();
        for (asset, pool) in allocation.available().clone().iter() {
            let terms = Terms { minimum: self.terms.minimum.filter(|_| asset == 0), ..self.terms };
            let divided = terms.divide(pool, weights)?;
            for (at, choice) in election.choices.iter().enumerate() {
                let amount = divided.paid[at];
                match choice.payee {
                    _ if amount.is_zero() => {}
                    Some(payee) => {
                        let steps = divided.steps(at, &why, turn.assets, asset);
                        allocation.pay(payee, asset, amount, steps)?;
                    }
                    None if asset == 0 => {
                        let amount = crate::paying::show(turn.assets, 0, amount);
                        let name = &choice.name;
                        remarks.push(format!("`{name}` pays nobody: {amount} stay unspent"));
                    }
                    None => {}
                }
            }
            if asset == 0 {
                remarks.extend(divided.remarks(turn.assets, weights, pool));
            }
        }
        Ok(remarks)
    }
}

/// Leaves the highest weights, as 1; of equals the earliest. Says so where that
/// decides.
fn seat(weights: &mut [f64], seats: usize, election: &Election) -> Option<String> {
    let mut order: Vec<usize> = (0..weights.len()).filter(|at| weights[*at] > 0.0).collect();
    order.sort_by(|a, b| weights[*b].total_cmp(&weights[*a]));
    let (seated, left) = order.split_at(seats.min(order.len()));
    let last = seated.last().map(|at| weights[*at]);
    let tied = left.first().zip(last).filter(|(next, last)| weights[**next] >= *last);
    let remark = tied.map(|(_, score)| {
        let names: Vec<String> = order
            .iter()
            .filter(|at| weights[**at].total_cmp(&score).is_eq())
            .map(|at| format!("`{}`", election.choices[*at].name))
            .collect();
        format!("tied at {score}, and the earliest of the list come first: {}", names.join(", "))
    });
    let seated: Vec<usize> = seated.to_vec();
    weights.fill(0.0);
    for at in seated {
        weights[at] = 1.0;
    }
    remark
}
