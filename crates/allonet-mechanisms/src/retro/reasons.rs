//! Why a project has its score, in words.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::round::{Round, Rule, Scratch};
use crate::paying::several;

/// Voters named in a reason.
const NAMED: usize = 3;

/// What a person wants to know of a project's ballots.
pub(super) struct Reasons<'a> {
    pub(super) round: &'a Round,
    pub(super) voters: &'a [Box<str>],
    pub(super) projects: &'a [Arc<str>],
    pub(super) scratch: &'a Scratch,
}

impl Reasons<'_> {
    /// In one line: `median 26 of 4 ballots`.
    pub(super) fn score(&self, project: usize) -> String {
        let Rule { statistic, absent_is_zero, .. } = self.round.rule();
        let absent = if *absent_is_zero { ", all others count as zero" } else { "" };
        let (score, ballots) = (self.scratch.scores[project], self.scratch.ballots[project]);
        format!(
            "{} {} of {}{absent}",
            statistic.name(),
            short(score),
            several(ballots as usize, "ballot")
        )
    }

    /// Why a project is not paid, if its ballots say so.
    fn shortfall(&self, project: usize) -> Option<String> {
        let Rule { quorum, least_score, .. } = *self.round.rule();
        let (score, ballots) = (self.scratch.scores[project], self.scratch.ballots[project]);
        if ballots < quorum {
            return Some(format!(
                "not paid: {} of the {quorum} it needs",
                several(ballots as usize, "ballot")
            ));
        }
        let short_of = format!("not paid: its score is below {}", short(least_score));
        (score < least_score).then_some(short_of)
    }

    /// Lines for each project.
    pub(super) fn all(&self) -> BTreeMap<String, Vec<String>> {
        let lines = |project: usize| {
            let mut lines = vec![self.score(project)];
            lines.extend(self.most(project));
            lines.extend(self.shortfall(project));
            lines
        };
        let named = self.projects.iter().enumerate();
        named.map(|(project, name)| (name.to_string(), lines(project))).collect()
    }

    /// Who gives most.
    fn most(&self, project: usize) -> Option<String> {
        let mut votes = self.round.votes(project).to_vec();
        votes.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        let named = votes.iter().take(NAMED);
        let named: Vec<String> = named
            .map(|(voter, amount)| format!("{} {}", self.voters[*voter as usize], short(*amount)))
            .collect();
        (!named.is_empty()).then(|| format!("most from {}", named.join(", ")))
    }
}

/// How many projects fall short, for the operator.
pub(super) fn remarks(reasons: &Reasons<'_>) -> Vec<String> {
    let Rule { quorum, least_score, .. } = *reasons.round.rule();
    let projects = 0..reasons.projects.len();
    let few = projects.clone().filter(|at| reasons.scratch.ballots[*at] < quorum).count();
    let low = projects.filter(|at| {
        reasons.scratch.ballots[*at] >= quorum && reasons.scratch.scores[*at] < least_score
    });
    let mut remarks = Vec::new();
    let mut remark = |count: usize, what: String| {
        if count > 0 {
            remarks.push(format!("{what}: {}", several(count, "project")));
        }
    };
    remark(few, format!("below the quorum of {} and not paid", several(quorum as usize, "ballot")));
    remark(low.count(), format!("with a score below {} and not paid", short(least_score)));
    remarks
}

/// A number with at most four decimals, or in powers of ten where that would
/// leave little of it.
pub(super) fn short(number: f64) -> String {
    if number != 0.0 && number.abs() < 0.001 {
        return format!("{number:.3e}");
    }
    let text = format!("{number:.4}");
    if number.abs() < 1e15 && text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        format!("{number:e}")
    }
}
