//! How far each voter is trusted, from the signal `trust`.
//!
//! ```text
//! c′ = ⌊c · trust⌋
//! ```
//!
//! for all that a voter gives to a project. Trust is read to nine decimals; a
//! voter that the signal does not name is not trusted.

use allonet_core::mechanism::{Refusal, Turn};
use ruint::aliases::U256;

use super::kernel::Pairs;
use crate::hearing::heard;
use crate::paying::several;

/// Name of the signal.
pub(super) const TRUST: &str = "trust";

/// Parts of a whole trust.
const PARTS: u64 = 1_000_000_000;
/// The largest trust.
const MOST: f64 = 1e6;

/// What is left of the votes, with remarks; nothing where no trust is wired.
pub(super) fn weigh(
    turn: &Turn<'_>,
    voters: &[Box<str>],
    pairs: &Pairs,
) -> Result<Option<(Pairs, Vec<String>)>, Refusal> {
    let Some(trust) = heard(turn, TRUST, MOST)? else { return Ok(None) };
    let part = |voter: &str| trust.get(voter).map(|trust| in_parts(*trust));
    let parts: Vec<Option<u64>> = voters.iter().map(|voter| part(voter)).collect();
    let mut unknown = vec![false; voters.len()];
    let trusted = pairs.with_totals(|voter, total| {
        let part = parts[voter as usize].unwrap_or(0);
        unknown[voter as usize] |= parts[voter as usize].is_none();
        if part == 0 { Ok(None) } else { times(total, part, &voters[voter as usize]).map(Some) }
    })?;
    let unknown = unknown.iter().filter(|unknown| **unknown).count();
    let mut remarks = Vec::new();
    if unknown > 0 {
        remarks.push(format!(
            "not counted, as nobody vouches for them: {}",
            several(unknown, "voter")
        ));
    }
    Ok(Some((trusted, remarks)))
}

/// The nearest whole number of parts.
#[expect(clippy::cast_possible_truncation, reason = "at most 10^15, and rounded")]
#[expect(clippy::cast_sign_loss, reason = "trust is not negative")]
fn in_parts(trust: f64) -> u64 {
    (trust * PARTS as f64).round() as u64
}

fn times(total: u128, part: u64, voter: &str) -> Result<u128, Refusal> {
    let product = U256::from(total) * U256::from(part) / U256::from(PARTS);
    u128::try_from(product).map_err(|_| {
        let message = format!("with the trust in `{voter}`, a vote is 2^128 base units or more");
        Refusal::new("vote-too-large", message).help("scale the trust down; 1 counts in full")
    })
}

#[cfg(test)]
mod tests {
    use allonet_core::mechanism::{Purse, State};
    use allonet_core::signal::{Signal, SignalData};

    use super::super::kernel::Columns;
    use super::*;

    type Weighed = (Vec<(u32, u128)>, Vec<String>);

    fn weighed(trust: &[(&str, f64)]) -> Result<Weighed, String> {
        let columns = Columns {
            voters: vec![0, 1, 2],
            projects: vec![0; 3],
            amounts: vec![100, 100, 100],
            voter_count: 3,
            project_count: 1,
        };
        let pairs = Pairs::gather(&columns).unwrap();
        let address = format!("0x{}", "ab".repeat(20));
        let voters: Vec<Box<str>> = vec![address.into(), "a".into(), "b".into()];
        let trust = trust.iter().map(|(id, trust)| ((*id).to_owned(), *trust)).collect();
        let data = SignalData::Scores(trust);
        let signals = [Signal { from: "elsewhere".into(), name: TRUST.to_owned(), data }];
        let turn = Turn {
            epoch: 0,
            ends: None,
            assets: &[],
            inflow: &Purse::empty(0),
            signals: &signals,
            events: &[],
            state: &State::empty(),
        };
        match weigh(&turn, &voters, &pairs) {
            Ok(found) => {
                let (pairs, remarks) = found.unwrap();
                Ok((pairs.of(0).collect(), remarks))
            }
            Err(refusal) => Err(refusal.to_string()),
        }
    }

    #[test]
    fn trust_is_exact_to_nine_decimals() {
        let upper = format!("0x{}", "AB".repeat(20));
        // 0.57 as a float is a little less.
        let found = weighed(&[(&upper, 0.57), ("a", 0.0), ("c", 3.0)]).unwrap();
        let remark = "not counted, as nobody vouches for them: 1 voter".to_owned();
        assert_eq!(found, (vec![(0, 57)], vec![remark]));
        let found = weighed(&[(&upper, 1.0), ("a", 2.5), ("b", 0.009_999)]).unwrap();
        assert_eq!(found, (vec![(0, 100), (1, 250), (2, 0)], vec![]));
    }

    #[test]
    fn too_much_trust_is_refused() {
        let found = weighed(&[("a", 1e7)]).unwrap_err();
        assert_eq!(found, "the signal `trust` from `elsewhere` gives `a` 10000000");
        assert!(times(u128::MAX, 2 * PARTS, "a").is_err());
    }
}
