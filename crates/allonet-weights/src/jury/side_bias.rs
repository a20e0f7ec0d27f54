//! Whether jurors prefer the side an item stands on.
//!
//! # Formula
//!
//! Of the answers that are no tie, the share that chose the left item, with
//! Wilson's interval; an exact two-sided test against a fair coin for each
//! juror (Benjamini–Hochberg adjusted) and for all answers together. The mean
//! absolute bias is the mean over jurors of `|share − ½|`; beside it stands
//! what fair coins of so many tosses would show, which is far from zero for
//! jurors with few answers.
//!
//! # Known weaknesses
//!
//! * A test against a coin supposes that sides were drawn at random. Where the
//!   better item was put on the left, a share above ½ is no bias.
//!
//! # Sources
//!
//! * Wilson (1927), *Probable inference, the law of succession, and statistical
//!   inference*; Benjamini and Hochberg (1995).

use allonet_core::maths;

use crate::comparisons::{Choice, Comparisons};
use crate::statistics::{benjamini_hochberg, coin_test, normal_quantile, wilson};

/// How the sides were chosen.
#[derive(Debug, Clone, PartialEq)]
pub struct SideBias {
    /// Each juror, in their order.
    pub jurors: Vec<Sides>,
    /// All answers together.
    pub pooled: Sides,
    /// Mean of `|share − ½|` over jurors with answers that are no tie.
    pub mean_absolute: f64,
    /// What it would be if all tossed fair coins.
    pub mean_absolute_of_coins: f64,
}

/// Choices of a juror, or of all.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sides {
    /// How often the left item was preferred.
    pub left: usize,
    /// Answers that are no tie.
    pub answers: usize,
    /// The bounds of the share of left choices.
    pub interval: (f64, f64),
    /// Of the exact two-sided test against ½; 1 without answers.
    pub p_value: f64,
    /// For as many tests as there are jurors with answers.
    pub adjusted: f64,
}

impl Sides {
    /// The share of left choices; none without answers.
    pub fn share(&self) -> Option<f64> {
        (self.answers > 0).then(|| self.left as f64 / self.answers as f64)
    }
}

/// Counts left choices; `level` is that of the intervals, such as 0.95.
///
/// # Panics
///
/// If the level is not between 0 and 1.
pub fn side_bias(comparisons: &Comparisons, level: f64) -> SideBias {
    assert!(level > 0.0 && level < 1.0, "a level is between 0 and 1");
    let z = normal_quantile(0.5 + level / 2.0);
    let mut counts = vec![(0, 0); comparisons.jurors().len()];
    for row in comparisons.rows().filter(|row| row.choice != Choice::Tie) {
        let (left, answers) = &mut counts[row.juror as usize];
        *left += usize::from(row.choice == Choice::Left);
        *answers += 1;
    }
    let mut jurors: Vec<Sides> = counts.iter().map(|count| sides(*count, z)).collect();
    let active: Vec<usize> = (0..jurors.len()).filter(|at| jurors[*at].answers > 0).collect();
    let p_values: Vec<f64> = active.iter().map(|at| jurors[*at].p_value).collect();
    for (at, adjusted) in active.iter().zip(benjamini_hochberg(&p_values)) {
        jurors[*at].adjusted = adjusted;
    }
    let all = counts.iter().fold((0, 0), |sum, count| (sum.0 + count.0, sum.1 + count.1));
    let mean = |value: &dyn Fn(&Sides) -> f64| {
        let sum = maths::sum(active.iter().map(|at| value(&jurors[*at])));
        sum / active.len().max(1) as f64
    };
    SideBias {
        pooled: sides(all, z),
        mean_absolute: mean(&|sides| sides.share().map_or(0.0, |share| (share - 0.5).abs())),
        mean_absolute_of_coins: mean(&|sides| coin_distance(sides.answers)),
        jurors,
    }
}

fn sides((left, answers): (usize, usize), z: f64) -> Sides {
    let p_value = if answers == 0 { 1.0 } else { coin_test(left, answers) };
    let interval = wilson(left as f64 / answers as f64, answers as f64, z);
    Sides { left, answers, interval, p_value, adjusted: p_value }
}

/// `E|X/n − ½|` of a fair coin (de Moivre): `C(n−1, ⌊n/2⌋) / 2ⁿ`.
fn coin_distance(tosses: usize) -> f64 {
    let n = tosses as f64;
    let half = (tosses / 2) as f64;
    let ways = maths::ln_gamma(n) - maths::ln_gamma(half + 1.0) - maths::ln_gamma(n - half);
    maths::exp(ways - n * maths::ln(2.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::comparisons::Builder;
    use crate::synthetic::Jury;

    fn answers(lists: &[(&str, &str)]) -> Comparisons {
        let mut builder = Builder::default();
        let pair = (builder.item("x"), builder.item("y"));
        for (name, choices) in lists {
            let juror = builder.juror(name);
            for choice in choices.chars() {
                let choice = match choice {
                    'L' => Choice::Left,
                    'R' => Choice::Right,
                    _ => Choice::Tie,
                };
                builder.push(juror, pair, choice, None);
            }
        }
        builder.finish()
    }

    #[test]
    fn a_count_by_hand() {
        let found =
            side_bias(&answers(&[("ann", "LLLLLLLL"), ("bob", "LRTT"), ("eve", "T")]), 0.95);
        assert_eq!((found.jurors[0].left, found.jurors[0].answers), (8, 8));
        assert!((found.jurors[0].p_value - 2.0 / 256.0).abs() < 1e-15);
        // Two jurors are tested.
        assert!((found.jurors[0].adjusted - 4.0 / 256.0).abs() < 1e-15);
        assert_eq!(found.jurors[2].share(), None);
        assert_eq!((found.pooled.left, found.pooled.answers), (9, 10));
        // (½ + 0) / 2.
        assert!((found.mean_absolute - 0.25).abs() < 1e-15);
        // Two tosses: ½ half of the time. Eight: 35/256.
        let coins = f64::midpoint(0.25, 35.0 / 256.0);
        assert!((found.mean_absolute_of_coins - coins).abs() < 1e-14);
    }

    #[test]
    fn a_jury_pulled_to_the_right_is_found_and_a_fair_one_is_not() {
        let shape = Jury { items: 20, jurors: 10, ..Jury::default() };
        let fair = side_bias(&shape.draw(4).comparisons(800), 0.95);
        assert!(fair.pooled.p_value > 0.05 && fair.jurors.iter().all(|one| one.adjusted > 0.05));
        let pulled = Jury { side: 2.0, ..shape }.draw(4).comparisons(800);
        let pulled = side_bias(&pulled, 0.95);
        assert!(pulled.jurors.iter().filter(|one| one.adjusted < 0.05).count() >= 5);
        assert!(pulled.mean_absolute > 2.0 * pulled.mean_absolute_of_coins);
    }
}
