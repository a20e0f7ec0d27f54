//! How close donors are to the supporters of projects, as cluster match sees
//! it: `1 − k`, a row of projects for each donor.

use super::donations::{Donations, index};

/// How close a donor is to the supporters of a project. Donors of the project
/// itself are at 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Similarity {
    /// Where one arrives from the donor in three steps along shares of money:
    /// to a project, to a donor of it, to a project.
    Markov,
    /// What part of those who share a project with the donor give to it.
    PctFriends,
    /// 1 where anybody who shares a project with the donor gives to it.
    Og,
}

/// Rows of `1 − k`.
pub(super) struct Distances<'a> {
    donations: &'a Donations,
    /// What each donor gives in all.
    pub(super) totals: Vec<f64>,
    steps: Steps,
    /// The row of each donor.
    row_of: Vec<u32>,
    /// A donor for each row.
    examples: Vec<u32>,
    /// All rows, one after the other, if they are kept.
    kept: Vec<f64>,
    /// The row at hand, if they are not.
    row: Vec<f64>,
    friends: Friends,
}

/// From each project `h` to all projects `g`, row by row.
enum Steps {
    /// The money of the donors of `h`, as it is shared among projects.
    Money(Vec<f64>),
    /// 1 where a donor of `h` gives to `g`.
    Reach(Vec<f64>),
    /// Counted donor by donor.
    Friends,
}

impl<'a> Distances<'a> {
    pub(super) fn new(donations: &'a Donations, similarity: Similarity) -> Self {
        let donors = donations.donors();
        let totals: Vec<f64> =
            (0..donors).map(|donor| donations.of_donor.amounts(donor).iter().sum()).collect();
        let steps = match similarity {
            Similarity::Markov => Steps::Money(money_steps(donations, &totals)),
            Similarity::Og => Steps::Reach(reach(donations)),
            Similarity::PctFriends => Steps::Friends,
        };
        let (row_of, examples) = match similarity {
            Similarity::Markov => ((0..index(donors)).collect(), (0..index(donors)).collect()),
            Similarity::Og | Similarity::PctFriends => donations.profiles(),
        };
        let row = vec![0.0; donations.projects()];
        let friends = Friends { met: vec![0; donors], ..Friends::default() };
        Self { donations, totals, steps, row_of, examples, kept: Vec::new(), row, friends }
    }

    /// How many different rows there are.
    pub(super) fn count(&self) -> usize {
        self.examples.len()
    }

    /// Works out all rows.
    pub(super) fn keep(&mut self) {
        let mut kept = vec![0.0; self.examples.len() * self.row.len()];
        let examples = std::mem::take(&mut self.examples);
        for (row, donor) in kept.chunks_exact_mut(self.row.len().max(1)).zip(&examples) {
            self.write(*donor as usize, row);
        }
        (self.kept, self.examples) = (kept, examples);
    }

    /// The row of a donor.
    pub(super) fn row(&mut self, donor: usize) -> &[f64] {
        let projects = self.row.len();
        if self.kept.is_empty() {
            let mut row = std::mem::take(&mut self.row);
            self.write(donor, &mut row);
            self.row = row;
            return &self.row;
        }
        let at = self.row_of[donor] as usize * projects;
        &self.kept[at..at + projects]
    }

    fn write(&mut self, donor: usize, row: &mut [f64]) {
        let theirs = self.donations.of_donor.of(donor);
        row.fill(0.0);
        match &self.steps {
            Steps::Money(steps) => {
                for (project, amount) in theirs {
                    let share = amount / self.totals[donor];
                    let steps = &steps[project as usize * row.len()..][..row.len()];
                    row.iter_mut().zip(steps).for_each(|(near, step)| *near += share * step);
                }
            }
            Steps::Reach(steps) => {
                for (project, _) in theirs {
                    let steps = &steps[project as usize * row.len()..][..row.len()];
                    row.iter_mut().zip(steps).for_each(|(near, step)| *near = near.max(*step));
                }
            }
            Steps::Friends => self.friends.write(self.donations, donor, row),
        }
        for near in &mut *row {
            *near = (1.0 - *near).max(0.0);
        }
        for project in self.donations.of_donor.numbers(donor) {
            row[*project as usize] = 0.0;
        }
    }
}

/// Counts those who share a project with a donor.
#[derive(Default)]
struct Friends {
    /// The round in which each donor was last met.
    met: Vec<u32>,
    round: u32,
}

impl Friends {
    /// What part of the friends of a donor give to each project.
    fn write(&mut self, donations: &Donations, donor: usize, row: &mut [f64]) {
        let Donations { of_donor, of_project } = donations;
        self.round += 1;
        let mut friends = 0_u32;
        for project in of_donor.numbers(donor) {
            for friend in of_project.numbers(*project as usize) {
                if self.met[*friend as usize] != self.round {
                    self.met[*friend as usize] = self.round;
                    friends += 1;
                    for project in of_donor.numbers(*friend as usize) {
                        row[*project as usize] += 1.0;
                    }
                }
            }
        }
        if friends > 0 {
            for count in row {
                *count /= f64::from(friends);
            }
        }
    }
}

/// From project `h` to project `g`: `Σ_j (c_jh / Σ_j c_jh) · N_jg`.
fn money_steps(donations: &Donations, totals: &[f64]) -> Vec<f64> {
    let projects = donations.projects();
    let mut steps = vec![0.0; projects * projects];
    for (project, row) in steps.chunks_exact_mut(projects.max(1)).enumerate() {
        let given: f64 = donations.of_project.amounts(project).iter().sum();
        for (donor, amount) in donations.of_project.of(project) {
            let part = amount / given / totals[donor as usize];
            for (other, theirs) in donations.of_donor.of(donor as usize) {
                row[other as usize] += part * theirs;
            }
        }
    }
    steps
}

fn reach(donations: &Donations) -> Vec<f64> {
    let projects = donations.projects();
    let mut steps = vec![0.0; projects * projects];
    for donor in 0..donations.donors() {
        let theirs = donations.of_donor.numbers(donor);
        for from in theirs {
            for to in theirs {
                steps[*from as usize * projects + *to as usize] = 1.0;
            }
        }
    }
    steps
}
