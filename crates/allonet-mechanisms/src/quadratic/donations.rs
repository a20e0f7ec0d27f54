//! Donations as floats, sorted both by donor and by project: what cluster match
//! and pairwise matching compute from.

use super::kernel::{Pairs, float};

/// What each donor gives to each project, as far as it is above zero.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Donations {
    /// Projects of each donor, in order.
    pub of_donor: Lists,
    /// Donors of each project, in order.
    pub of_project: Lists,
}

impl Donations {
    /// From pairs of voter and project; `amount` says what the base units of a
    /// voter count.
    pub fn new(pairs: &Pairs, amount: impl Fn(u32, f64) -> f64) -> Self {
        let of_project = Lists::collect((0..pairs.project_count()).map(|project| {
            pairs.of(project).map(|(voter, units)| (voter, amount(voter, float(units))))
        }));
        let of_donor = of_project.transposed(pairs.voter_count());
        Self { of_donor, of_project }
    }

    /// How many projects there are, with and without donors.
    pub fn projects(&self) -> usize {
        self.of_project.len()
    }

    /// How many donors there are, with and without donations.
    pub fn donors(&self) -> usize {
        self.of_donor.len()
    }

    /// Scores of plain quadratic funding, `(Σ√c)² − Σc`; zero for a lone donor.
    pub fn plain_scores(&self) -> Vec<f64> {
        let score = |project: usize| {
            let gifts = self.of_project.amounts(project);
            if gifts.len() < 2 {
                return 0.0;
            }
            let (roots, given) =
                gifts.iter().fold((0.0, 0.0), |(r, g), gift| (r + gift.sqrt(), g + gift));
            (roots * roots - given).max(0.0)
        };
        (0..self.projects()).map(score).collect()
    }

    /// The number of each donor's set of projects, in order of their first
    /// donors, and the first donor of each set. Donors without donations share
    /// the empty set.
    pub fn profiles(&self) -> (Vec<u32>, Vec<u32>) {
        let mut numbers = std::collections::BTreeMap::new();
        let mut firsts = Vec::new();
        let number = |donor: u32| {
            *numbers.entry(self.of_donor.numbers(donor as usize)).or_insert_with(|| {
                firsts.push(donor);
                index(firsts.len() - 1)
            })
        };
        let of: Vec<u32> = (0..index(self.donors())).map(number).collect();
        (of, firsts)
    }
}

/// Lists of numbers with an amount beside each, one after the other.
#[derive(Clone, Debug, PartialEq)]
pub struct Lists {
    /// Where each list begins, and where the last one ends.
    starts: Vec<usize>,
    numbers: Vec<u32>,
    amounts: Vec<f64>,
}

impl Default for Lists {
    fn default() -> Self {
        Self { starts: vec![0], numbers: Vec::new(), amounts: Vec::new() }
    }
}

impl Lists {
    /// Keeps what is not zero.
    fn collect<I: Iterator<Item = (u32, f64)>>(lists: impl Iterator<Item = I>) -> Self {
        let mut all = Self::default();
        for list in lists {
            for (number, amount) in list.filter(|(_, amount)| *amount != 0.0) {
                all.numbers.push(number);
                all.amounts.push(amount);
            }
            all.starts.push(all.numbers.len());
        }
        all
    }

    /// The same entries sorted by their number, of which there are `count`.
    fn transposed(&self, count: usize) -> Self {
        let mut starts = vec![0; count + 1];
        for number in &self.numbers {
            starts[*number as usize + 1] += 1;
        }
        for at in 0..count {
            starts[at + 1] += starts[at];
        }
        let mut next = starts.clone();
        let (mut numbers, mut amounts) =
            (vec![0; self.numbers.len()], vec![0.0; self.numbers.len()]);
        for list in 0..self.len() {
            for (number, amount) in self.of(list) {
                let place = &mut next[number as usize];
                (numbers[*place], amounts[*place]) = (index(list), amount);
                *place += 1;
            }
        }
        Self { starts, numbers, amounts }
    }

    /// How many lists there are.
    pub fn len(&self) -> usize {
        self.starts.len() - 1
    }

    /// Whether there are no lists.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The numbers of one list, in order.
    pub fn numbers(&self, list: usize) -> &[u32] {
        &self.numbers[self.starts[list]..self.starts[list + 1]]
    }

    /// The amounts of one list, in order of its numbers.
    pub fn amounts(&self, list: usize) -> &[f64] {
        &self.amounts[self.starts[list]..self.starts[list + 1]]
    }

    /// Numbers and amounts of one list.
    pub fn of(&self, list: usize) -> impl ExactSizeIterator<Item = (u32, f64)> + '_ {
        self.numbers(list).iter().copied().zip(self.amounts(list).iter().copied())
    }
}

/// Donors and projects have 32-bit numbers.
pub(super) fn index(number: usize) -> u32 {
    u32::try_from(number).expect("donors and projects have 32-bit numbers")
}

#[cfg(test)]
mod tests {
    use super::super::kernel::Columns;
    use super::*;

    #[test]
    fn both_orders_hold_the_same() {
        let columns = Columns {
            voters: vec![2, 0, 2, 1, 0],
            projects: vec![1, 1, 0, 0, 0],
            amounts: vec![4, 9, 1, 0, 7],
            voter_count: 4,
            project_count: 3,
        };
        let pairs = Pairs::gather(&columns).unwrap();
        let donations = Donations::new(&pairs, |voter, units| units * f64::from(voter + 1));
        assert_eq!(donations.of_project.of(0).collect::<Vec<_>>(), [(0, 7.0), (2, 3.0)]);
        assert_eq!(donations.of_donor.of(2).collect::<Vec<_>>(), [(0, 3.0), (1, 12.0)]);
        assert_eq!(donations.of_donor.of(1).len(), 0);
        assert_eq!((donations.projects(), donations.donors()), (3, 4));
        assert_eq!(donations.profiles(), (vec![0, 1, 0, 1], vec![0, 1]));
        // (√9 + √12)² − 21 = 2·√108.
        let scores = donations.plain_scores();
        assert!((scores[1] - 2.0 * 108.0_f64.sqrt()).abs() < 1e-12);
        assert_eq!(scores[2].to_bits(), 0);
    }
}
