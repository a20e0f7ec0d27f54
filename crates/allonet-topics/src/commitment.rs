//! Commitments: a worker binds itself to a payload before it shows it, so that
//! nobody can copy it while the window is open.
//!
//! # Formula
//!
//! ```text
//! hash = BLAKE3(text), printed as 64 lower-case hexadecimal digits
//! text = ["allonet-commitment-1",topic,epoch,role,actor,payload,salt]   JSON, no spaces
//! ```
//!
//! `payload` is the list of an inference's values, in the order of the topic's
//! labels (one value without labels), or the map of a forecast, sorted by id.
//! Numbers are the shortest decimals that read back as the same double, always
//! with a fraction or an exponent: `1.0`, `0.1`, `1e+21`.
//!
//! # Limits
//!
//! The name of the actor is part of the text: a commitment copied from somebody
//! else cannot be revealed, even with that one's payload and salt. A salt has
//! at least [`SHORTEST_SALT`] bytes, since few payloads are likely and a hash
//! without a secret part could be guessed.
//!
//! # Sources
//!
//! Brassard, Chaum, Crépeau (1988), *Minimum disclosure proofs of knowledge*.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

/// Least length of a salt, in bytes.
pub const SHORTEST_SALT: usize = 16;
/// Greatest length of a salt, in bytes.
pub const LONGEST_SALT: usize = 256;

/// What somebody committed to.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Committed<'a> {
    /// Values of an inference.
    Inference(&'a [f64]),
    /// log10 losses that a forecaster expects, by inferer.
    Forecast(&'a BTreeMap<Arc<str>, f64>),
}

/// The hash that commits an actor to a payload of an epoch.
///
/// ```
/// use allonet_topics::commitment::{Committed, hash};
///
/// let salt = "0123456789abcdef";
/// let ann = hash("eth", 7, "ann", Committed::Inference(&[3141.5]), salt);
/// assert_eq!(ann.len(), 64);
/// assert_ne!(ann, hash("eth", 7, "ben", Committed::Inference(&[3141.5]), salt));
/// ```
pub fn hash(topic: &str, epoch: u64, actor: &str, payload: Committed<'_>, salt: &str) -> String {
    let text = text(topic, epoch, actor, payload, salt);
    blake3::hash(text.as_bytes()).to_hex().to_string()
}

/// The text that is hashed.
pub fn text(topic: &str, epoch: u64, actor: &str, payload: Committed<'_>, salt: &str) -> String {
    let role = match payload {
        Committed::Inference(_) => "inferer",
        Committed::Forecast(_) => "forecaster",
    };
    let all = ("allonet-commitment-1", topic, epoch, role, actor, payload, salt);
    serde_json::to_string(&all).expect("texts, lists and maps by text are JSON")
}

/// Whether a text looks like a hash.
pub fn is_hash(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SALT: &str = "a salt of 16 byt";

    #[test]
    fn the_text_is_as_documented() {
        let value = Committed::Inference(&[1.0, 0.1]);
        let expected =
            r#"["allonet-commitment-1","eth",3,"inferer","a\"n",[1.0,0.1],"a salt of 16 byt"]"#;
        assert_eq!(text("eth", 3, "a\"n", value, SALT), expected);
        let losses = BTreeMap::from([("b".into(), -1.5), ("a".into(), 1e21)]);
        let expected = r#"["allonet-commitment-1","eth",3,"forecaster","ann",{"a":1e+21,"b":-1.5},"a salt of 16 byt"]"#;
        assert_eq!(text("eth", 3, "ann", Committed::Forecast(&losses), SALT), expected);
    }

    #[test]
    fn everything_is_bound() {
        let base = hash("eth", 3, "ann", Committed::Inference(&[1.0]), SALT);
        assert!(is_hash(&base));
        for other in [
            hash("btc", 3, "ann", Committed::Inference(&[1.0]), SALT),
            hash("eth", 4, "ann", Committed::Inference(&[1.0]), SALT),
            hash("eth", 3, "ben", Committed::Inference(&[1.0]), SALT),
            hash("eth", 3, "ann", Committed::Inference(&[1.0 + f64::EPSILON]), SALT),
            hash("eth", 3, "ann", Committed::Inference(&[1.0]), "a salt of 16 bit"),
        ] {
            assert_ne!(base, other);
        }
    }
}
