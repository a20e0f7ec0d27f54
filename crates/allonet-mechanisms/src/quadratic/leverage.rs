//! What one voter's gifts move to the projects they went to.
//!
//! ```text
//! leverage_v = Σ_p |match_p − match_p without v| / Σ_p gift_vp    over p with a gift of v
//! ```

use allonet_core::money::Amount;

use super::division::DivisionError;
use super::influence::Round;
use super::matching::{Matching, Tally};
use super::scores::Scores;

/// For each voter the leverage; 0 for who gives nothing. One division of the
/// pool for each voter.
pub(super) fn individual(
    matching: &Matching,
    tally: &Tally,
    pool: Amount,
    given: &[Amount],
) -> Result<Vec<f64>, DivisionError> {
    let Tally { pairs, scoring, scores, .. } = tally;
    let round = Round { pairs, scoring, scores };
    let divide = |scores: &Scores| matching.division.divide_under(scores, pool, &matching.caps);
    let after = divide(scores)?.matches;
    given
        .iter()
        .enumerate()
        .map(|(voter, given)| {
            if given.is_zero() {
                return Ok(0.0);
            }
            let before = divide(&round.without(voter))?.matches;
            let own = (0..after.len()).filter(|project| pairs.has(*project, voter));
            let moved = own.map(|project| {
                let (after, before) = (after[project], before[project]);
                after.saturating_sub(before).max(before.saturating_sub(after))
            });
            Ok(Amount::sum(moved, "money moved")?.to_f64() / given.to_f64())
        })
        .collect()
}
