//! Evidence fades.

use allonet_core::maths;
use allonet_core::time::Instant;

/// What is left of a statement's weight at a moment: half after each half-life.
///
/// One at its own date. A statement of the future is not known yet and weighs
/// nothing. A half-life of zero means that only what is stated at the very
/// moment counts.
///
/// ```
/// use allonet_core::time::Instant;
/// use allonet_weights::eras::decay;
///
/// let at = Instant::from_unix;
/// assert_eq!(decay(at(0), at(300), 100), 0.125);
/// assert_eq!(decay(at(0), at(0), 100), 1.0);
/// assert_eq!(decay(at(1), at(0), 100), 0.0);
/// ```
pub fn decay(stated: Instant, moment: Instant, half_life_secs: u64) -> f64 {
    let age = i128::from(moment.unix()) - i128::from(stated.unix());
    match (age, half_life_secs) {
        (0, _) => 1.0,
        (..0, _) | (_, 0) => 0.0,
        _ => maths::pow(0.5, age as f64 / half_life_secs as f64),
    }
}
