//! Random input: the same for the same seed, on every machine.

use std::fmt::Write as _;

/// A stream of numbers (SplitMix64).
#[derive(Debug)]
pub struct Draw(u64);

impl Draw {
    /// The stream of a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Any number.
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Below `end`, which is not zero.
    pub fn below(&mut self, end: usize) -> usize {
        let end = u64::try_from(end).expect("an index");
        usize::try_from(self.number() % end).expect("below an index")
    }

    /// Once in so many times.
    pub fn chance(&mut self, of: usize) -> bool {
        self.below(of) == 0
    }

    /// One of several.
    pub fn one<'a, T: ?Sized>(&mut self, of: &[&'a T]) -> &'a T {
        of[self.below(of.len())]
    }

    /// A decimal with up to two places, of very different sizes; sometimes 0.
    pub fn amount(&mut self) -> String {
        let size = 10_usize.pow(u32::try_from(self.below(7)).expect("small"));
        let cents = self.below(100);
        match self.below(10) {
            0 => "0".to_owned(),
            1 => format!("{}", self.below(10)),
            _ => format!("{}.{cents:02}", self.below(size)),
        }
    }

    /// A pool in base units: mostly moderate, sometimes nothing or huge.
    pub fn pool(&mut self) -> u128 {
        match self.below(12) {
            0 => 0,
            1 => 1,
            2 => u128::from(self.number()) << 32,
            3 => (1 << 96) + u128::from(self.number()),
            _ => u128::from(self.number() % 100_000_000),
        }
    }

    /// In another order.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for end in (1..items.len()).rev() {
            items.swap(end, self.below(end + 1));
        }
    }

    /// A table `voter,project,amount` in which nobody votes twice on a project.
    pub fn votes(&mut self, voters: usize, projects: usize) -> String {
        let mut table = "voter,project,amount\n".to_owned();
        let (voters, projects) = (1 + self.below(voters), 1 + self.below(projects));
        let rare = 1 + self.below(3);
        for voter in 0..voters {
            for project in 0..projects {
                if self.chance(rare) {
                    let amount = self.amount();
                    writeln!(table, "v{voter},p{project},{amount}").expect("a text grows");
                }
            }
        }
        table
    }
}
