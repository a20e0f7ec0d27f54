//! Scores of pairwise-bounded quadratic funding: what two donors move together
//! is bounded, however many projects they share.
//!
//! ```text
//! t_ij    = Σ_p √c_ip·√c_jp
//! score_p = Σ_{i<j} √c_ip·√c_jp · b(t_ij)
//! ```
//!
//! Donors are taken one by one, each with all later donors of the same projects:
//! there is one number for each later donor at a time, and never a list of
//! pairs. Cost: `Σ_p n_p²` for projects with `n_p` donors.

use super::donations::Donations;

/// The factor `b(t)` of a pair of donors with the total `t` above zero.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Bound<'a> {
    /// `M / (M + t)`: a pair moves less than `M` in all.
    Soft(f64),
    /// `M / (M + t)` with `M` times the larger trust in the two donors.
    Trusted(f64, &'a [f64]),
    /// `(M + 1) / t`: each pair moves `M + 1` in all.
    Fixed(f64),
}

impl Bound<'_> {
    fn factor(self, first: usize, second: usize, total: f64) -> f64 {
        match self {
            Self::Soft(most) => most / (most + total),
            Self::Trusted(most, trust) => {
                let most = most * trust[first].max(trust[second]);
                most / (most + total)
            }
            Self::Fixed(most) => (most + 1.0) / total,
        }
    }
}

/// Scores of all projects, in the unit of the donations. Every project with two
/// donors has one, every other none.
pub fn scores(donations: &Donations, bound: Bound<'_>) -> Vec<f64> {
    let Donations { of_donor, of_project } = donations;
    let mut scores = vec![0.0; donations.projects()];
    let roots: Vec<Vec<f64>> = (0..donations.projects())
        .map(|project| of_project.amounts(project).iter().map(|gift| gift.sqrt()).collect())
        .collect();
    // Donors of each project who are not behind the donor at hand.
    let mut begin = vec![0_usize; donations.projects()];
    let mut totals = vec![0.0; donations.donors()];
    let mut met = Vec::new();
    for donor in 0..donations.donors() {
        let theirs = of_donor.numbers(donor);
        for project in theirs {
            let project = *project as usize;
            let own = roots[project][begin[project]];
            begin[project] += 1;
            let others = &of_project.numbers(project)[begin[project]..];
            for (other, root) in others.iter().zip(&roots[project][begin[project]..]) {
                let total = &mut totals[*other as usize];
                if *total == 0.0 {
                    met.push(*other);
                }
                *total += own * root;
            }
        }
        for other in &met {
            let total = &mut totals[*other as usize];
            *total = bound.factor(donor, *other as usize, *total);
        }
        for project in theirs {
            let project = *project as usize;
            let at = begin[project];
            let others = of_project.numbers(project)[at..].iter().zip(&roots[project][at..]);
            let sum: f64 = others.map(|(other, root)| root * totals[*other as usize]).sum();
            scores[project] += roots[project][at - 1] * sum;
        }
        met.drain(..).for_each(|other| totals[other as usize] = 0.0);
    }
    scores
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::donations::index;
    use super::super::kernel::{Columns, Pairs};
    use super::*;

    fn donations(gifts: &[(u32, u32, u32)]) -> Donations {
        let columns = Columns {
            voters: gifts.iter().map(|gift| gift.0).collect(),
            projects: gifts.iter().map(|gift| gift.1).collect(),
            amounts: gifts.iter().map(|gift| u128::from(gift.2)).collect(),
            voter_count: 9,
            project_count: 6,
        };
        Donations::new(&Pairs::gather(&columns).unwrap(), |_, units| units)
    }

    #[test]
    fn a_pair_in_two_projects() {
        // Roots 2·3 = 6 in project 0 and 4·1 = 4 in project 1: t = 10.
        let gifts = donations(&[(0, 0, 4), (3, 0, 9), (0, 1, 16), (3, 1, 1), (5, 1, 0)]);
        assert_eq!(scores(&gifts, Bound::Soft(10.0))[..3], [3.0, 2.0, 0.0]);
        assert_eq!(scores(&gifts, Bound::Fixed(9.0))[..3], [6.0, 4.0, 0.0]);
        let mut trust = [0.0; 9];
        trust[3] = 3.0;
        assert_eq!(scores(&gifts, Bound::Trusted(10.0, &trust))[..3], [4.5, 3.0, 0.0]);
        assert_eq!(scores(&gifts, Bound::Trusted(10.0, &[0.0; 9])), [0.0; 6]);
    }

    proptest! {
        // Reference: all pairs, from the definition.
        #[test]
        fn agrees_with_the_double_sum(
            gifts in prop::collection::vec((0_u32..9, 0_u32..6, 0_u32..500), 0..60),
            most in 0.01_f64..100.0,
            trust in prop::array::uniform9(0.0_f64..2.0),
        ) {
            let donations = donations(&gifts);
            let root = |donor: usize, project: usize| -> f64 {
                let (donor, project) = (index(donor), index(project));
                let gift = |(d, p, _): &&(u32, u32, u32)| (*d, *p) == (donor, project);
                gifts.iter().filter(gift).map(|gift| f64::from(gift.2)).sum::<f64>().sqrt()
            };
            for bound in [Bound::Soft(most), Bound::Fixed(most), Bound::Trusted(most, &trust)] {
                let mut expected = [0.0; 6];
                for i in 0..9 {
                    for j in 0..i {
                        let total: f64 = (0..6).map(|p| root(i, p) * root(j, p)).sum();
                        if total > 0.0 {
                            let factor = match bound {
                                Bound::Soft(m) => m / (m + total),
                                Bound::Fixed(m) => (m + 1.0) / total,
                                Bound::Trusted(m, t) => {
                                    1.0 / (total / (m * t[i].max(t[j])) + 1.0)
                                }
                            };
                            for (p, sum) in expected.iter_mut().enumerate() {
                                *sum += root(i, p) * root(j, p) * factor;
                            }
                        }
                    }
                }
                for (found, expected) in scores(&donations, bound).iter().zip(expected) {
                    prop_assert!((found - expected).abs() <= 1e-9 * expected.max(1e-3));
                }
            }
        }
    }
}
