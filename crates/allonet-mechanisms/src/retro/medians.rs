//! Medians of what voters say, some of whom may count for more than others.

/// Who counts, and how much.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Electorate<'a> {
    /// By voter; all alike where absent.
    pub(crate) power: Option<&'a [f64]>,
    /// A voter who is left out.
    pub(crate) without: Option<u32>,
}

impl Electorate<'_> {
    /// How much a voter counts.
    pub(crate) fn weight(&self, voter: u32) -> f64 {
        if self.without == Some(voter) {
            return 0.0;
        }
        self.power.map_or(1.0, |power| power[voter as usize])
    }
}

/// Sums of equal weights may differ from half the total by this part of it.
const ROUNDING: f64 = 1e-12;

/// What several voters say of one thing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Column<T> {
    /// In order of value, then voter.
    sorted: Vec<(T, u32)>,
}

impl<T: Copy> Column<T> {
    /// Sorts by `order`, then voter.
    pub(crate) fn new(
        mut said: Vec<(T, u32)>,
        order: impl Fn(&T, &T) -> std::cmp::Ordering,
    ) -> Self {
        said.sort_unstable_by(|a, b| order(&a.0, &b.0).then(a.1.cmp(&b.1)));
        Self { sorted: said }
    }

    /// What was said, in order of value, by voters who count.
    pub(crate) fn said<'a>(
        &'a self,
        by: &'a Electorate<'a>,
    ) -> impl DoubleEndedIterator<Item = (T, u32)> + 'a {
        self.sorted.iter().copied().filter(|(_, voter)| by.weight(*voter) > 0.0)
    }

    /// The two values in the middle: half of all weight is said to be no more
    /// than the first, half no less than the second. Mostly they are one.
    /// Nothing where nobody counts.
    pub(crate) fn middle(&self, by: &Electorate<'_>) -> Option<(T, T)> {
        let total: f64 = self.said(by).map(|(_, voter)| by.weight(voter)).sum();
        let (low, high) = (total * (1.0 - ROUNDING), total * (1.0 + ROUNDING));
        let mut below = 0.0;
        let mut said = self.said(by);
        while let Some((value, voter)) = said.next() {
            below += by.weight(voter);
            if below * 2.0 >= low {
                let next = if below * 2.0 <= high { said.next() } else { None };
                return Some((value, next.map_or(value, |(next, _)| next)));
            }
        }
        None
    }
}

impl Column<f64> {
    /// Numbers by voter.
    pub(crate) fn of_numbers(said: Vec<(f64, u32)>) -> Self {
        Self::new(said, f64::total_cmp)
    }

    /// The median: the mean of the two values in the middle.
    pub(crate) fn median(&self, by: &Electorate<'_>) -> Option<f64> {
        self.middle(by).map(|(low, high)| low.midpoint(high))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn column(values: &[f64]) -> Column<f64> {
        Column::of_numbers(values.iter().copied().zip(0..).collect())
    }

    #[test]
    fn the_middle_is_one_or_two() {
        let all = Electorate::default();
        assert_eq!(column(&[]).median(&all), None);
        assert_eq!(column(&[7.0]).median(&all), Some(7.0));
        assert_eq!(column(&[9.0, 1.0]).median(&all), Some(5.0));
        assert_eq!(column(&[9.0, 1.0, 2.0]).median(&all), Some(2.0));
        let without = Electorate { without: Some(0), ..all };
        assert_eq!(column(&[9.0, 1.0, 2.0]).median(&without), Some(1.5));
    }

    #[test]
    fn weights_move_the_middle() {
        let median = |power: &[f64]| {
            let by = Electorate { power: Some(power), without: None };
            column(&[1.0, 2.0, 10.0]).median(&by)
        };
        assert_eq!(median(&[1.0, 1.0, 3.0]), Some(10.0));
        assert_eq!(median(&[1.0, 1.0, 2.0]), Some(6.0));
        assert_eq!(median(&[0.1, 0.1, 0.1]), Some(2.0));
        assert_eq!(median(&[1.0, 0.0, 1.0]), Some(5.5));
        assert_eq!(median(&[0.0, 0.0, 0.0]), None);
    }

    proptest! {
        // Reference: each voter stands in a list as often as they count.
        #[test]
        fn weights_are_repetitions(
            said in prop::collection::vec((0_u8..9, 0_u8..4), 1..9),
        ) {
            let values: Vec<f64> = said.iter().map(|(value, _)| f64::from(*value)).collect();
            let power: Vec<f64> = said.iter().map(|(_, weight)| f64::from(*weight) * 0.1).collect();
            let by = Electorate { power: Some(&power), without: None };
            let mut list: Vec<u8> = Vec::new();
            for (value, weight) in &said {
                list.extend(std::iter::repeat_n(*value, usize::from(*weight)));
            }
            list.sort_unstable();
            let expected = (!list.is_empty()).then(|| {
                let (low, high) = (list[(list.len() - 1) / 2], list[list.len() / 2]);
                f64::midpoint(low.into(), high.into())
            });
            prop_assert_eq!(column(&values).median(&by), expected);
        }
    }
}
