//! Which items comparisons join, and which are cut off when some go.

use crate::connectivity::Forest;

/// Groups of items that edges join, each by its number; groups are numbered by
/// their first item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Islands {
    /// The group of each item.
    pub(super) of: Vec<usize>,
    /// How many groups there are.
    pub(super) count: usize,
}

impl Islands {
    /// Those of so many items and these edges.
    pub(super) fn new(items: usize, edges: impl IntoIterator<Item = (u32, u32)>) -> Self {
        let mut forest = Forest::of(items, edges);
        Self { of: forest.numbers(), count: forest.count() }
    }

    /// Sizes of the groups.
    pub(super) fn sizes(&self) -> Vec<usize> {
        let mut sizes = vec![0; self.count];
        self.of.iter().for_each(|island| sizes[*island] += 1);
        sizes
    }

    /// Items outside the largest of the groups that make up a group of
    /// `before`; what was cut off.
    pub(super) fn cut_off(&self, before: &Self) -> Vec<usize> {
        let sizes = self.sizes();
        let mut kept: Vec<Option<usize>> = vec![None; before.count];
        for (item, island) in self.of.iter().enumerate() {
            let known = &mut kept[before.of[item]];
            if known.is_none_or(|known| sizes[known] < sizes[*island]) {
                *known = Some(*island);
            }
        }
        (0..self.of.len()).filter(|item| kept[before.of[*item]] != Some(self.of[*item])).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn islands_are_numbered_by_their_first_item() {
        let islands = Islands::new(5, [(3, 1), (4, 0)]);
        assert_eq!(islands, Islands { of: vec![0, 1, 2, 1, 0], count: 3 });
        assert_eq!(islands.sizes(), [2, 2, 1]);
        let whole = Islands::new(5, [(0, 1), (1, 2), (2, 3), (3, 4)]);
        let parted = Islands::new(5, [(0, 1), (2, 3), (3, 4)]);
        assert_eq!(parted.cut_off(&whole), [0, 1]);
    }
}
