//! Which items pairs join, found by union.

/// Items joined so far. The first item of a group stands for it, so that
/// nothing depends on the order of pairs.
#[derive(Debug, Clone)]
pub(crate) struct Forest {
    parents: Vec<u32>,
    count: usize,
}

impl Forest {
    /// So many items, none joined.
    pub(crate) fn apart(items: usize) -> Self {
        Self { parents: (0_u32..).take(items).collect(), count: items }
    }

    /// So many items and the pairs that join them.
    pub(crate) fn of(items: usize, pairs: impl IntoIterator<Item = (u32, u32)>) -> Self {
        let mut forest = Self::apart(items);
        for (a, b) in pairs {
            // Many pairs join everything long before all of them are looked at.
            if forest.count <= 1 {
                break;
            }
            forest.join(a, b);
        }
        forest
    }

    pub(crate) fn join(&mut self, a: u32, b: u32) {
        let (a, b) = (self.root(a), self.root(b));
        if a != b {
            self.parents[a.max(b) as usize] = a.min(b);
            self.count -= 1;
        }
    }

    /// The first item of an item's group.
    pub(crate) fn root(&mut self, mut item: u32) -> u32 {
        while self.parents[item as usize] != item {
            let up = self.parents[self.parents[item as usize] as usize];
            self.parents[item as usize] = up;
            item = up;
        }
        item
    }

    /// How many groups there are.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// The number of each item's group; groups are numbered by their first
    /// items.
    pub(crate) fn numbers(&mut self) -> Vec<usize> {
        let mut numbers = Vec::with_capacity(self.parents.len());
        let mut groups = 0;
        for item in (0_u32..).take(self.parents.len()) {
            let root = self.root(item);
            if root == item {
                numbers.push(groups);
                groups += 1;
            } else {
                // The root stands before its item.
                numbers.push(numbers[root as usize]);
            }
        }
        numbers
    }

    /// Items of each group in order, groups by their first items.
    pub(crate) fn groups(&mut self) -> Vec<Vec<u32>> {
        let mut groups = vec![Vec::new(); self.count];
        for (item, group) in (0_u32..).zip(self.numbers()) {
            groups[group].push(item);
        }
        groups
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn groups_are_numbered_by_their_first_item() {
        let mut forest = Forest::of(5, [(3, 1), (4, 0), (1, 3)]);
        assert_eq!(forest.numbers(), [0, 1, 2, 1, 0]);
        assert_eq!(forest.groups(), [vec![0, 4], vec![1, 3], vec![2]]);
        assert_eq!((forest.count(), forest.root(4)), (3, 0));
        assert_eq!(Forest::apart(0).groups(), [[0; 0]; 0]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn groups_are_those_of_spreading_the_least_item(
            pairs in prop::collection::vec((0_u32..12, 0_u32..12), 0..14),
        ) {
            let mut least: Vec<u32> = (0..12).collect();
            for _ in 0..12 {
                for (a, b) in &pairs {
                    let both = least[*a as usize].min(least[*b as usize]);
                    (least[*a as usize], least[*b as usize]) = (both, both);
                }
            }
            let mut forest = Forest::of(12, pairs.iter().rev().copied());
            let roots: Vec<u32> = (0..12).map(|item| forest.root(item)).collect();
            prop_assert_eq!(&roots, &least);
            least.sort_unstable();
            least.dedup();
            prop_assert_eq!((forest.count(), forest.groups().len()), (least.len(), least.len()));
        }
    }
}
