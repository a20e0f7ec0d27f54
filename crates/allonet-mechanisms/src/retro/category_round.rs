//! Ballots on a budget, on categories and on the projects in them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use allonet_core::fault::{Fault, Place};
use allonet_core::maths;
use allonet_core::money::Amount;
use allonet_core::table::Faults;

use super::medians::{Column, Electorate};

/// One share that a voter gives, and where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Given {
    pub(crate) voter: String,
    /// A category or a project.
    pub(crate) to: String,
    /// In percent, zero or more.
    pub(crate) share: f64,
    pub(crate) place: Place,
}

/// Ballots as read; abstentions are left out.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ballots {
    /// Everyone with a ballot.
    pub(crate) voters: BTreeSet<String>,
    pub(crate) budgets: Vec<(String, Amount)>,
    pub(crate) categories: Vec<Given>,
    pub(crate) projects: Vec<Given>,
    /// The category of each project that may be paid.
    pub(crate) category_of: BTreeMap<String, String>,
    pub(crate) remarks: Vec<String>,
}

/// A round that can be counted for any electorate.
#[derive(Clone, Debug)]
pub(crate) struct Round {
    /// Sorted.
    pub(crate) voters: Vec<Box<str>>,
    /// Sorted.
    pub(crate) projects: Vec<Arc<str>>,
    /// Sorted by name.
    pub(crate) categories: Vec<Category>,
    budgets: Column<Amount>,
    /// By project, its category and what voters give it.
    votes: Vec<(usize, Column<f64>)>,
}

/// A category of projects.
#[derive(Clone, Debug)]
pub(crate) struct Category {
    pub(crate) name: String,
    votes: Column<f64>,
}

/// What an electorate decides.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Decision {
    /// Median budget, if anybody votes on it.
    pub(crate) budget: Option<Amount>,
    /// By category, its part of the budget.
    pub(crate) categories: Vec<f64>,
    /// By project, its part of its category.
    pub(crate) within: Vec<f64>,
    /// By project, its part of the budget.
    pub(crate) scores: Vec<f64>,
}

/// Percent, and what rounding may add to it.
const WHOLE: f64 = 100.0 + 1e-6;

impl Ballots {
    /// Orders everything by name.
    ///
    /// Faults: `over-budget`.
    pub(crate) fn gather(self) -> Result<(Round, Vec<String>), Vec<Fault>> {
        let mut faults = Faults::new();
        over_budget(&self.categories, |_| "all categories".to_owned(), &mut faults);
        let category = |project: &str| self.category_of[project].clone();
        over_budget(&self.projects, category, &mut faults);
        faults.or(())?;
        let voters: Vec<Box<str>> = self.voters.iter().map(|voter| voter.as_str().into()).collect();
        let number = |voter: &str| {
            let at = voters.binary_search_by(|known| (**known).cmp(voter));
            u32::try_from(at.expect("who votes is a voter")).expect("fewer than 2^31 rows")
        };
        let columns = |given: &[Given]| {
            let mut by_name: BTreeMap<&str, Vec<(f64, u32)>> = BTreeMap::new();
            for one in given {
                by_name.entry(&one.to).or_default().push((one.share, number(&one.voter)));
            }
            by_name
                .into_iter()
                .map(|(to, said)| (to.to_owned(), Column::of_numbers(said)))
                .collect()
        };
        let mut on_categories: BTreeMap<String, Column<f64>> = columns(&self.categories);
        let mut on_projects: BTreeMap<String, Column<f64>> = columns(&self.projects);
        for category in self.category_of.values() {
            on_categories.entry(category.clone()).or_default();
        }
        let names: Vec<&String> = on_categories.keys().collect();
        let mut votes = Vec::with_capacity(self.category_of.len());
        for (project, category) in &self.category_of {
            let place = names.binary_search(&category).expect("every category was entered");
            votes.push((place, on_projects.remove(project).unwrap_or_default()));
        }
        let budgets = self.budgets.iter().map(|(voter, budget)| (*budget, number(voter))).collect();
        let round = Round {
            budgets: Column::new(budgets, Ord::cmp),
            projects: self.category_of.keys().map(|project| project.as_str().into()).collect(),
            votes,
            categories: on_categories
                .into_iter()
                .map(|(name, votes)| Category { name, votes })
                .collect(),
            voters,
        };
        Ok((round, self.remarks))
    }
}

/// Refuses ballots that give more than all of a whole.
fn over_budget(given: &[Given], whole: impl Fn(&str) -> String, faults: &mut Faults) {
    let mut sums: BTreeMap<(&str, String), Vec<&Given>> = BTreeMap::new();
    for one in given {
        sums.entry((&one.voter, whole(&one.to))).or_default().push(one);
    }
    for ((voter, whole), mut given) in sums {
        given.sort_by(|a, b| a.to.cmp(&b.to));
        let sum = maths::sum(given.iter().map(|one| one.share));
        if sum > WHOLE {
            let message = format!("`{voter}` gives {sum} % of `{whole}`");
            let last = given.iter().max_by_key(|one| one.place.span.start);
            let place = last.map(|one| one.place.clone());
            let fault = Fault::new("over-budget", message).at_some(place);
            faults.push(fault.help("the shares of a ballot add up to 100 % or less"));
        }
    }
}

impl Round {
    /// What an electorate decides.
    pub(crate) fn decide(&self, by: &Electorate<'_>) -> Decision {
        let medians = self.categories.iter().map(|category| category.votes.median(by));
        let categories = normalised(medians.map(Option::unwrap_or_default).collect());
        let medians: Vec<f64> =
            self.votes.iter().map(|(_, votes)| votes.median(by).unwrap_or(0.0)).collect();
        let mut sums = vec![0.0; categories.len()];
        for ((category, _), median) in self.votes.iter().zip(&medians) {
            sums[*category] += median;
        }
        let part = |((category, _), median): (&(usize, _), &f64)| {
            if sums[*category] > 0.0 { median / sums[*category] } else { 0.0 }
        };
        let within: Vec<f64> = self.votes.iter().zip(&medians).map(part).collect();
        let score = |((category, _), part): (&(usize, _), &f64)| categories[*category] * part;
        let scores = self.votes.iter().zip(&within).map(score).collect();
        let budget = self.budgets.middle(by).map(|(low, high)| halfway(low, high));
        Decision { budget, categories, within, scores }
    }

    /// Place of a project's category.
    pub(crate) fn category(&self, project: usize) -> usize {
        self.votes[project].0
    }

    /// What voters who count give a project, in order of size.
    pub(crate) fn said<'a>(
        &'a self,
        project: usize,
        by: &'a Electorate<'a>,
    ) -> impl DoubleEndedIterator<Item = (f64, u32)> + 'a {
        self.votes[project].1.said(by)
    }
}

fn normalised(values: Vec<f64>) -> Vec<f64> {
    let sum = maths::sum(values.iter().copied());
    if sum > 0.0 { values.into_iter().map(|value| value / sum).collect() } else { values }
}

/// The mean of two amounts, rounded down.
fn halfway(low: Amount, high: Amount) -> Amount {
    let half = high.saturating_sub(low).to_u256() >> 1_usize;
    low.add(Amount::from_u256(half), "a mean").expect("it is no more than the higher")
}

#[cfg(test)]
mod tests {
    use allonet_core::fault::SourceFile;

    use super::*;

    fn given(voter: &str, to: &str, share: f64) -> Given {
        let place = Place::new(&SourceFile::new("b.csv", "x"), 0..1);
        Given { voter: voter.to_owned(), to: to.to_owned(), share, place }
    }

    fn ballots() -> Ballots {
        Ballots {
            voters: ["ann", "bob"].map(str::to_owned).into(),
            budgets: vec![
                ("ann".to_owned(), Amount::from_base(10)),
                ("bob".to_owned(), Amount::MAX),
            ],
            categories: vec![given("ann", "x", 60.0), given("bob", "x", 20.0)],
            projects: vec![given("ann", "p", 30.0), given("ann", "q", 10.0)],
            category_of: [("p", "x"), ("q", "x"), ("r", "y")]
                .map(|(project, category)| (project.to_owned(), category.to_owned()))
                .into(),
            remarks: Vec::new(),
        }
    }

    #[test]
    fn medians_are_parts_of_parts() {
        let (round, _) = ballots().gather().unwrap();
        let decision = round.decide(&Electorate::default());
        assert_eq!(decision.categories, [1.0, 0.0]);
        assert_eq!(decision.scores, [0.75, 0.25, 0.0]);
        let half = Amount::MAX.to_u256() >> 1_usize;
        assert_eq!(
            decision.budget,
            Some(Amount::from_u256(half).add(Amount::from_base(5), "").unwrap())
        );
        let by = Electorate { power: Some(&[1.0, 0.0]), without: None };
        assert_eq!(round.decide(&by).budget, Some(Amount::from_base(10)));
    }

    #[test]
    fn nobody_gives_more_than_all() {
        let mut more = ballots();
        more.projects.push(given("ann", "q", 61.0));
        let told = more.gather().unwrap_err()[0].to_string();
        assert!(told.starts_with("b.csv:1:1: `ann` gives 101 % of `x`"), "{told}");
    }
}
