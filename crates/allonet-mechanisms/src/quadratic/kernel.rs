//! Scores of quadratic funding from columns of numbers, in whole numbers or in
//! floats. Sorting by project and voter is the cost; all passes are linear.
//!
//! For project `p` with the total `c_i` of each voter `i`,
//!
//! ```text
//! score_p = Σ_{i≠j} √c_i·√c_j = (Σ√c)² − Σ(√c)²   (+ Σc with own donations)
//! ```
//!
//! In whole numbers a root is `⌊√(c·4^b)⌋`, in units of 2⁻ᵇ of a root base
//! unit, and a score is in units of 4⁻ᵇ of a base unit ([`Roots::bits`]).
//! Adding whole numbers in any order gives the same sum; floats are added in
//! order of voter.

use ruint::aliases::U256;
use thiserror::Error;

/// Votes as columns: voter, project, amount in base units.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Columns {
    /// Number of the voter of each vote, below `voter_count`.
    pub voters: Vec<u32>,
    /// Number of its project, below `project_count`.
    pub projects: Vec<u32>,
    /// Its amount, in base units.
    pub amounts: Vec<u128>,
    /// How many voters there are.
    pub voter_count: usize,
    /// How many projects there are.
    pub project_count: usize,
}

/// A voter's votes for one project add up to 2¹²⁸ base units or more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("voter number {voter} gives project number {project} 2^128 base units or more")]
pub struct PairTooLarge {
    /// Number of the voter.
    pub voter: u32,
    /// Number of the project.
    pub project: u32,
}

/// What each voter gives to each project in all, sorted by project, then voter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pairs {
    /// Where the pairs of each project begin, and where the last ones end.
    starts: Vec<usize>,
    voters: Vec<u32>,
    totals: Vec<u128>,
    voter_count: usize,
}

impl Pairs {
    /// Sorts votes and adds up those of one voter for one project.
    ///
    /// Linear in votes, voters and projects (two counting sorts).
    ///
    /// # Panics
    ///
    /// When the columns differ in length or a number is not below its count.
    pub fn gather(columns: &Columns) -> Result<Self, PairTooLarge> {
        let Columns { voters, projects, amounts, voter_count, project_count } = columns;
        assert!(voters.len() == projects.len() && voters.len() == amounts.len(), "equal columns");
        let mut next = starts(projects, *project_count);
        let mut pairs = Self {
            starts: next.clone(),
            voters: vec![0; voters.len()],
            totals: vec![0; voters.len()],
            voter_count: *voter_count,
        };
        for row in by_number(voters, *voter_count) {
            let row = row as usize;
            let place = &mut next[projects[row] as usize];
            pairs.voters[*place] = voters[row];
            pairs.totals[*place] = amounts[row];
            *place += 1;
        }
        pairs.merge()?;
        Ok(pairs)
    }

    /// Adds up neighbours of one voter, project by project.
    fn merge(&mut self) -> Result<(), PairTooLarge> {
        let mut write = 0;
        for project in 0..self.project_count() {
            let (from, to) = (self.starts[project], self.starts[project + 1]);
            self.starts[project] = write;
            for read in from..to {
                let (voter, amount) = (self.voters[read], self.totals[read]);
                if write > self.starts[project] && self.voters[write - 1] == voter {
                    let total = &mut self.totals[write - 1];
                    let project = u32::try_from(project).expect("projects have 32-bit numbers");
                    *total = total.checked_add(amount).ok_or(PairTooLarge { voter, project })?;
                } else {
                    self.voters[write] = voter;
                    self.totals[write] = amount;
                    write += 1;
                }
            }
        }
        if let Some(last) = self.starts.last_mut() {
            *last = write;
        }
        self.voters.truncate(write);
        self.totals.truncate(write);
        Ok(())
    }

    /// The same pairs with other totals, given voter and total; pairs that get
    /// none are left out.
    pub(super) fn with_totals<E>(
        &self,
        mut total: impl FnMut(u32, u128) -> Result<Option<u128>, E>,
    ) -> Result<Self, E> {
        let mut other = Self { starts: vec![0], voter_count: self.voter_count, ..Self::default() };
        for project in 0..self.project_count() {
            for (voter, old) in self.of(project) {
                if let Some(new) = total(voter, old)? {
                    other.voters.push(voter);
                    other.totals.push(new);
                }
            }
            other.starts.push(other.voters.len());
        }
        Ok(other)
    }

    /// How many projects there are, with and without votes.
    pub fn project_count(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }

    /// How many voters there are.
    pub fn voter_count(&self) -> usize {
        self.voter_count
    }

    /// How many pairs of voter and project there are.
    pub fn len(&self) -> usize {
        self.voters.len()
    }

    /// Whether there are no pairs.
    pub fn is_empty(&self) -> bool {
        self.voters.is_empty()
    }

    /// Voters of a project, in order, with what each gives it.
    pub fn of(&self, project: usize) -> impl ExactSizeIterator<Item = (u32, u128)> + '_ {
        let range = self.starts[project]..self.starts[project + 1];
        self.voters[range.clone()].iter().copied().zip(self.totals[range].iter().copied())
    }

    /// The same pairs without those of some projects.
    pub(super) fn only(&self, keep: impl Fn(usize) -> bool) -> Self {
        let mut other = Self { starts: vec![0], voter_count: self.voter_count, ..Self::default() };
        for project in 0..self.project_count() {
            if keep(project) {
                let range = self.starts[project]..self.starts[project + 1];
                other.voters.extend_from_slice(&self.voters[range.clone()]);
                other.totals.extend_from_slice(&self.totals[range]);
            }
            other.starts.push(other.voters.len());
        }
        other
    }

    /// Whether a voter gives to a project.
    pub(super) fn has(&self, project: usize, voter: usize) -> bool {
        let voters = &self.voters[self.starts[project]..self.starts[project + 1]];
        voters.binary_search_by(|found| (*found as usize).cmp(&voter)).is_ok()
    }

    /// How many voters a project has, and what they give it in all.
    pub fn support(&self, project: usize) -> Support {
        let pairs = self.of(project);
        let donors = pairs.len();
        let mut given = Wide::default();
        pairs.for_each(|(_, total)| given.add(total));
        Support { donors, given: given.total() }
    }

    /// The same pairs sorted by voter: where those of each voter begin, and
    /// their projects and totals.
    pub(super) fn by_voter(&self) -> (Vec<usize>, Vec<(u32, u128)>) {
        let begins = starts(&self.voters, self.voter_count);
        let mut next = begins.clone();
        let mut sorted = vec![(0, 0); self.len()];
        for project in 0..self.project_count() {
            let number = u32::try_from(project).expect("projects have 32-bit numbers");
            for (voter, total) in self.of(project) {
                let place = &mut next[voter as usize];
                sorted[*place] = (number, total);
                *place += 1;
            }
        }
        (begins, sorted)
    }
}

/// Who stands behind a project.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Support {
    /// How many voters, those with a total of zero included.
    pub donors: usize,
    /// What they give in all, in base units.
    pub given: U256,
}

/// Where the rows of each number begin once they are sorted, and their end.
fn starts(numbers: &[u32], count: usize) -> Vec<usize> {
    let mut starts = vec![0; count + 1];
    for number in numbers {
        starts[*number as usize + 1] += 1;
    }
    for at in 1..starts.len() {
        starts[at] += starts[at - 1];
    }
    starts
}

/// Rows sorted by their number, those of one number in their old order.
fn by_number(numbers: &[u32], count: usize) -> Vec<u32> {
    let mut next = starts(numbers, count);
    let mut rows = vec![0; numbers.len()];
    for (row, number) in (0_u32..).zip(numbers) {
        let place = &mut next[*number as usize];
        rows[*place] = row;
        *place += 1;
    }
    rows
}

/// A running sum of 128-bit numbers.
#[derive(Clone, Copy, Default)]
struct Wide {
    low: u128,
    high: u64,
}

impl Wide {
    fn add(&mut self, value: u128) {
        let (low, carry) = self.low.overflowing_add(value);
        self.low = low;
        self.high += u64::from(carry);
    }

    fn total(self) -> U256 {
        (U256::from(self.high) << 128) | U256::from(self.low)
    }
}

/// How whole roots are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Roots {
    /// Binary digits behind the point of a root: 0 for whole roots of base
    /// units, up to 32.
    pub bits: u32,
    /// Repeat `pluralistic.js`, whose roots of 4, 5 and 9 are 1, 1 and 2.
    pub grants_stack: bool,
}

/// Most digits behind the point of a root.
const ROOT_BITS_MAX: u32 = 32;
/// Totals that are shifted for their root stay below 2 to this power, so that
/// roots fit 63 bits and scores of 2³⁰ votes 190.
const SHIFTED_BITS: u32 = 126;

impl Roots {
    /// Whole roots of base units, as Grants Stack takes them.
    pub const GRANTS_STACK: Self = Self { bits: 0, grants_stack: true };

    /// The finest roots that fit the largest total of these pairs.
    pub fn finest(pairs: &Pairs) -> Self {
        let largest = pairs.totals.iter().copied().max().unwrap_or(0);
        let spare = SHIFTED_BITS.saturating_sub(128 - largest.leading_zeros());
        Self { bits: (spare / 2).min(ROOT_BITS_MAX), grants_stack: false }
    }

    /// `⌊√(total·4^bits)⌋`.
    pub fn root(self, total: u128) -> u64 {
        if self.grants_stack && matches!(total, 4 | 5 | 9) {
            return if total == 9 { 2 } else { 1 };
        }
        let shifted = total << (2 * self.bits);
        match u64::try_from(shifted) {
            Ok(small) => small.isqrt(),
            Err(_) => u64::try_from(shifted.isqrt()).expect("the root of 128 bits has 64"),
        }
    }

    /// Sums of roots of each project.
    pub fn sums(self, pairs: &Pairs) -> Vec<RootSums> {
        (0..pairs.project_count()).map(|project| self.sums_of(pairs.of(project))).collect()
    }

    /// Sums of roots of one project.
    pub fn sums_of(self, pairs: impl Iterator<Item = (u32, u128)>) -> RootSums {
        let (mut roots, mut squares) = (0_u128, Wide::default());
        for (_, total) in pairs {
            let root = u128::from(self.root(total));
            roots += root;
            squares.add(root * root);
        }
        RootSums { roots, squares: squares.total() }
    }
}

/// Sums over the voters of one project.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RootSums {
    /// Sum of the roots.
    pub roots: u128,
    /// Sum of their squares; at most what was given, as roots are cut.
    pub squares: U256,
}

impl RootSums {
    /// `Σ_{i≠j} r_i·r_j`: the score without own donations.
    pub fn cross(&self) -> U256 {
        let roots = U256::from(self.roots);
        roots * roots - self.squares
    }
}

/// Scores of each project in base units, in floats: `(Σ√c)² − Σc`, or `(Σ√c)²`
/// with own donations. Never negative; a single donor's score without own
/// donations is zero.
pub fn float_scores(pairs: &Pairs, with_own: bool) -> Vec<f64> {
    (0..pairs.project_count()).map(|project| float_score(pairs.of(project), with_own)).collect()
}

/// [`float_scores`] of one project.
pub fn float_score(pairs: impl Iterator<Item = (u32, u128)>, with_own: bool) -> f64 {
    let (mut roots, mut given, mut donors) = (0.0, 0.0, 0_u32);
    for (_, total) in pairs {
        let total = float(total);
        roots += total.sqrt();
        given += total;
        donors += u32::from(total > 0.0);
    }
    match (with_own, donors) {
        (true, _) => roots * roots,
        (false, 0 | 1) => 0.0,
        (false, _) => (roots * roots - given).max(0.0),
    }
}

/// The nearest float; quicker where 64 bits suffice.
pub(super) fn float(units: u128) -> f64 {
    u64::try_from(units).map_or(units as f64, |small| small as f64)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn columns(votes: &[(u32, u32, u128)]) -> Columns {
        Columns {
            voters: votes.iter().map(|vote| vote.0).collect(),
            projects: votes.iter().map(|vote| vote.1).collect(),
            amounts: votes.iter().map(|vote| vote.2).collect(),
            voter_count: 6,
            project_count: 4,
        }
    }

    fn cross(votes: &[(u32, u32, u128)], roots: Roots) -> Vec<U256> {
        let pairs = Pairs::gather(&columns(votes)).unwrap();
        roots.sums(&pairs).iter().map(RootSums::cross).collect()
    }

    #[test]
    fn roots_of_one_project() {
        // (10 + 20 + 10 + 30)² − 1,500 = 3,400.
        let votes = [(0, 1, 100), (1, 1, 400), (2, 1, 100), (3, 1, 900)];
        let whole = Roots { bits: 0, grants_stack: false };
        let found = cross(&votes, whole);
        assert_eq!(found, [0, 3_400, 0, 0].map(U256::from));
        let floats = float_scores(&Pairs::gather(&columns(&votes)).unwrap(), false);
        assert_eq!(floats[1].to_bits(), 3_400.0_f64.to_bits());
    }

    #[test]
    fn votes_of_one_voter_are_one_vote() {
        let pairs = Pairs::gather(&columns(&[(2, 0, 3), (1, 0, 5), (2, 0, 4), (1, 3, 1)])).unwrap();
        assert_eq!(pairs.of(0).collect::<Vec<_>>(), [(1, 5), (2, 7)]);
        assert_eq!(pairs.of(3).collect::<Vec<_>>(), [(1, 1)]);
        assert_eq!(pairs.support(0), Support { donors: 2, given: U256::from(12) });
        assert_eq!(pairs.by_voter(), (vec![0, 0, 2, 3, 3, 3, 3], vec![(0, 5), (3, 1), (0, 7)]));
    }

    #[test]
    fn totals_can_be_changed() {
        let pairs = Pairs::gather(&columns(&[(2, 0, 3), (1, 0, 5), (1, 3, 1)])).unwrap();
        let other = pairs.with_totals(|voter, total| match voter {
            1 => Ok::<_, ()>(Some(2 * total)),
            _ => Ok(None),
        });
        let other = other.unwrap();
        assert_eq!(other.of(0).collect::<Vec<_>>(), [(1, 10)]);
        assert_eq!(other.of(3).collect::<Vec<_>>(), [(1, 2)]);
        assert_eq!((other.project_count(), other.len()), (4, 2));
        assert_eq!(pairs.with_totals(|_, _| Err(7)), Err(7));
    }

    #[test]
    fn too_much_is_refused() {
        let votes = [(1, 2, u128::MAX), (1, 2, 1)];
        let refusal = Pairs::gather(&columns(&votes)).unwrap_err();
        assert_eq!(refusal, PairTooLarge { voter: 1, project: 2 });
        let whole = [(1, 2, u128::MAX), (0, 2, u128::MAX), (3, 2, 0)];
        let pairs = Pairs::gather(&columns(&whole)).unwrap();
        assert_eq!(Roots::finest(&pairs).bits, 0);
        let root = U256::from(u64::MAX);
        assert_eq!(cross(&whole, Roots::finest(&pairs))[2], root * root * U256::from(2));
        assert_eq!(pairs.support(2).given, U256::from(u128::MAX) * U256::from(2));
    }

    #[test]
    fn grants_stack_has_its_own_roots() {
        let roots: Vec<u64> = (0..12).map(|total| Roots::GRANTS_STACK.root(total)).collect();
        assert_eq!(roots, [0, 1, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3]);
    }

    #[test]
    fn no_votes_have_no_scores() {
        assert_eq!(cross(&[], Roots::GRANTS_STACK), [U256::ZERO; 4]);
        assert_eq!(Pairs::gather(&Columns::default()).unwrap().project_count(), 0);
    }

    fn votes() -> impl Strategy<Value = Vec<(u32, u32, u128)>> {
        let amount = prop_oneof![0_u128..100, 0_u128..1 << 60, 0_u128..1 << 100];
        prop::collection::vec((0_u32..6, 0_u32..4, amount), 0..40)
    }

    proptest! {
        #[test]
        fn a_root_is_the_largest_whole_one(total: u128, bits in 0_u32..=32) {
            let total = total >> (2 * bits);
            let root = U256::from(Roots { bits, grants_stack: false }.root(total));
            let shifted = U256::from(total) << (2 * bits);
            prop_assert!(root * root <= shifted);
            prop_assert!((root + U256::ONE) * (root + U256::ONE) > shifted);
        }

        #[test]
        fn order_does_not_matter((votes, mixed) in votes().prop_flat_map(|votes| {
            (Just(votes.clone()), Just(votes).prop_shuffle())
        })) {
            let (one, two) = (Pairs::gather(&columns(&votes)), Pairs::gather(&columns(&mixed)));
            prop_assert_eq!(&one, &two);
            let bits = |pairs: &Pairs| -> Vec<u64> {
                float_scores(pairs, true).into_iter().map(f64::to_bits).collect()
            };
            prop_assert_eq!(bits(&one.unwrap()), bits(&two.unwrap()));
        }

        // Reference: the double sum over pairs of voters, from the definition.
        #[test]
        fn the_score_is_the_sum_over_pairs_of_voters(votes in votes()) {
            let pairs = Pairs::gather(&columns(&votes)).unwrap();
            let roots = Roots::finest(&pairs);
            for (project, sums) in (0_u32..).zip(roots.sums(&pairs)) {
                let mut totals = [0_u128; 6];
                for (voter, _, amount) in votes.iter().filter(|vote| vote.1 == project) {
                    totals[*voter as usize] += amount;
                }
                let taken = totals.map(|total| U256::from(roots.root(total)));
                let mut expected = U256::ZERO;
                for (i, left) in taken.iter().enumerate() {
                    for (j, right) in taken.iter().enumerate() {
                        if i != j {
                            expected += *left * *right;
                        }
                    }
                }
                prop_assert_eq!(sums.cross(), expected);
            }
        }

        #[test]
        fn floats_agree_to_nine_digits(votes in votes()) {
            let pairs = Pairs::gather(&columns(&votes)).unwrap();
            let roots = Roots { bits: 13, grants_stack: false };
            let unit = f64::from(1_u32 << 26);
            for (sums, float) in roots.sums(&pairs).iter().zip(float_scores(&pairs, false)) {
                // Cutting costs each root less than 2⁻¹³, so the score less
                // than twice the sum of roots times that.
                let exact = f64::from(sums.cross()) / unit;
                let slack = 6.0 * 2.0 * (sums.roots as f64 / unit) + 1e-9 * float.max(1.0);
                let cancelled = 1e-14 * pairs.totals.iter().map(|t| *t as f64).sum::<f64>();
                prop_assert!((exact - float).abs() <= slack + cancelled, "{exact} {float}");
            }
        }
    }
}
