//! How much more, in five steps: people say "about five times" more steadily
//! than "4.7 times", and a last step that has a limit keeps one answer from
//! outweighing all others.
//!
//! # Formula
//!
//! | bucket | counted as | stands for |
//! |---|---|---|
//! | about the same | 1.2 | 1 to √2 |
//! | 2 times | 2 | √2 to √10 |
//! | 5 times | 5 | √10 to √50 |
//! | 10 times | 10 | √50 to √300 |
//! | 30 times or more | 30 | √300 and above |
//!
//! Borders are geometric means of neighbours. The intensity of a bucket is the
//! logarithm of what it is counted as.
//!
//! # Known weaknesses
//!
//! * Weights that truly differ by more than 30 are drawn together where they are
//!   compared directly.

use allonet_core::maths;

/// How many times more, roughly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Bucket {
    /// About the same.
    Same,
    /// About twice.
    Two,
    /// About five times.
    Five,
    /// About ten times.
    Ten,
    /// Thirty times or more.
    Thirty,
}

impl Bucket {
    /// All, from the smallest.
    pub const ALL: [Self; 5] = [Self::Same, Self::Two, Self::Five, Self::Ten, Self::Thirty];

    /// What it is counted as.
    pub fn multiplier(self) -> f64 {
        match self {
            Self::Same => 1.2,
            Self::Two => 2.0,
            Self::Five => 5.0,
            Self::Ten => 10.0,
            Self::Thirty => 30.0,
        }
    }

    /// The natural logarithm of what it is counted as.
    pub fn intensity(self) -> f64 {
        maths::ln(self.multiplier())
    }

    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Same => "about the same",
            Self::Two => "about 2 times",
            Self::Five => "about 5 times",
            Self::Ten => "about 10 times",
            Self::Thirty => "30 times or more",
        }
    }

    /// The bucket that an intensity belongs to.
    pub fn of(intensity: f64) -> Self {
        let at = Self::ALL.iter().position(|bucket| intensity <= bucket.range().1);
        at.map_or(Self::Thirty, |at| Self::ALL[at])
    }

    /// The smallest and largest logarithm it stands for.
    pub fn range(self) -> (f64, f64) {
        let root = |square: f64| maths::ln(square) / 2.0;
        match self {
            Self::Same => (0.0, root(2.0)),
            Self::Two => (root(2.0), root(10.0)),
            Self::Five => (root(10.0), root(50.0)),
            Self::Ten => (root(50.0), root(300.0)),
            Self::Thirty => (root(300.0), f64::INFINITY),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_bucket_holds_what_it_is_counted_as_and_they_join() {
        for (at, bucket) in Bucket::ALL.into_iter().enumerate() {
            assert_eq!(Bucket::of(bucket.intensity()), bucket);
            let next = Bucket::ALL.get(at + 1).map_or(f64::INFINITY, |next| next.range().0);
            assert_eq!(bucket.range().1.to_bits(), next.to_bits());
        }
        assert_eq!(Bucket::of(maths::ln(17.0)), Bucket::Ten);
        assert_eq!(Bucket::of(maths::ln(18.0)), Bucket::Thirty);
        assert_eq!(Bucket::of(0.0), Bucket::Same);
    }
}
