//! Addresses of EVM chains, with the EIP-55 checksum.
//!
//! Text is `0x` and 40 hexadecimal digits. All lower or all upper case carries
//! no checksum and is accepted; mixed case must carry the right one, so that a
//! mistyped or shortened address does not pass. Printing always checksums.
//!
//! Source: V. Buterin, A. Van de Sande (2016), EIP-55,
//! <https://eips.ethereum.org/EIPS/eip-55>.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;

use super::keccak;

/// A 20-byte address.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address20([u8; 20]);

/// Why a text is no address, or not one to pay.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum AddressError {
    /// Not the right form.
    #[error("`{found}` is not an EVM address; write 0x followed by 40 hexadecimal digits")]
    NotAddress {
        /// The text found.
        found: String,
    },
    /// Mixed case that is not the checksum.
    #[error(
        "`{found}` has a wrong EIP-55 checksum (letter {position} has the wrong case), so it may \
         be mistyped; copy it again from its owner"
    )]
    WrongChecksum {
        /// The text found.
        found: String,
        /// Place of the first wrong letter, counted from 1 after `0x`.
        position: usize,
    },
    /// The zero address.
    #[error("the zero address cannot be paid, the money would be lost; leave the address empty")]
    Zero,
}

impl Address20 {
    /// From its bytes.
    pub const fn from_bytes(bytes: [u8; 20]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    pub const fn as_bytes(&self) -> &[u8; 20] {
        &self.0
    }

    /// Whether this is the zero address.
    pub fn is_zero(self) -> bool {
        self.0 == [0; 20]
    }

    /// Reads the address of someone who is to be paid: the zero address is refused.
    pub fn parse_payee(text: &str) -> Result<Self, AddressError> {
        let address: Self = text.parse()?;
        if address.is_zero() { Err(AddressError::Zero) } else { Ok(address) }
    }

    /// The 40 digits after `0x`, in checksum case.
    fn digits(self) -> [u8; 40] {
        let mut digits = [0; 40];
        hex_digits(&self.0, &mut digits);
        let hash = keccak(&digits);
        for (index, digit) in digits.iter_mut().enumerate() {
            let nibble = if index % 2 == 0 { hash[index / 2] >> 4 } else { hash[index / 2] & 15 };
            if nibble >= 8 {
                digit.make_ascii_uppercase();
            }
        }
        digits
    }
}

impl FromStr for Address20 {
    type Err = AddressError;

    /// Reads an address; the zero address is one, see [`Address20::parse_payee`].
    fn from_str(text: &str) -> Result<Self, AddressError> {
        let refused = || AddressError::NotAddress { found: text.to_owned() };
        let digits = text.trim().strip_prefix("0x").ok_or_else(refused)?.as_bytes();
        let bytes = hex_bytes::<20>(digits).ok_or_else(refused)?;
        let address = Self(bytes);
        let upper = digits.iter().any(u8::is_ascii_uppercase);
        let lower = digits.iter().any(u8::is_ascii_lowercase);
        if upper && lower {
            let wrong =
                digits.iter().zip(address.digits()).position(|(found, right)| *found != right);
            if let Some(index) = wrong {
                let (found, position) = (text.to_owned(), index + 1);
                return Err(AddressError::WrongChecksum { found, position });
            }
        }
        Ok(address)
    }
}

/// Writes two lower-case digits for each byte.
pub(super) fn hex_digits(bytes: &[u8], digits: &mut [u8]) {
    const LOWER: &[u8; 16] = b"0123456789abcdef";
    for (pair, byte) in digits.chunks_exact_mut(2).zip(bytes) {
        pair[0] = LOWER[usize::from(byte >> 4)];
        pair[1] = LOWER[usize::from(byte & 15)];
    }
}

/// Reads exactly `2 N` hexadecimal digits.
pub(super) fn hex_bytes<const N: usize>(digits: &[u8]) -> Option<[u8; N]> {
    if digits.len() != 2 * N {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let high = char::from(pair[0]).to_digit(16)?;
        let low = char::from(pair[1]).to_digit(16)?;
        *byte = u8::try_from(high * 16 + low).ok()?;
    }
    Some(bytes)
}

impl fmt::Display for Address20 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.digits();
        f.write_str("0x")?;
        f.write_str(std::str::from_utf8(&digits).expect("hexadecimal digits are ASCII"))
    }
}

impl fmt::Debug for Address20 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Address20 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Address20 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The examples in EIP-55 itself.
    const EXAMPLES: [&str; 8] = [
        "0x52908400098527886E0F7030069857D2E4169EE7",
        "0x8617E340B3D01FA5F11F306F4090FD50E238070D",
        "0xde709f2102306220921060314715629080e2fb77",
        "0x27b1fdb04752bbc536007a920d24acb045561c26",
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
        "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
        "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
        "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
    ];

    #[test]
    fn the_examples_of_the_standard_survive() {
        for text in EXAMPLES {
            assert_eq!(text.parse::<Address20>().unwrap().to_string(), text);
            assert_eq!(text.to_lowercase().parse::<Address20>().unwrap().to_string(), text);
            let upper = format!("0x{}", text[2..].to_uppercase());
            assert_eq!(upper.parse::<Address20>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn a_wrong_checksum_is_refused() {
        let error = "0x5aaeb6053F3E94C9b9A09f33669435E7Ef1BeAed".parse::<Address20>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "`0x5aaeb6053F3E94C9b9A09f33669435E7Ef1BeAed` has a wrong EIP-55 checksum (letter 3 \
             has the wrong case), so it may be mistyped; copy it again from its owner"
        );
    }

    #[test]
    fn what_is_no_address_is_refused() {
        let short = "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beae";
        let bare = "5aaeb6053f3e94c9b9a09f33669435e7ef1beaed";
        let letter = "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaeg";
        let wide = "0xéééééééééééééééééééé";
        for text in ["", "0x", "vitalik.eth", short, bare, letter, wide, &format!("{bare}00")] {
            let error = text.parse::<Address20>().unwrap_err();
            assert!(matches!(error, AddressError::NotAddress { .. }), "{text}");
        }
    }

    #[test]
    fn the_zero_address_is_no_payee() {
        let zero = format!("0x{}", "0".repeat(40));
        assert!(zero.parse::<Address20>().unwrap().is_zero());
        assert_eq!(Address20::parse_payee(&zero), Err(AddressError::Zero));
        assert!(Address20::parse_payee(EXAMPLES[0]).is_ok());
    }

    proptest! {
        #[test]
        fn printing_and_parsing_agree(bytes: [u8; 20]) {
            let address = Address20::from_bytes(bytes);
            prop_assert_eq!(address.to_string().parse::<Address20>(), Ok(address));
        }

        #[test]
        fn one_flipped_case_is_noticed(bytes: [u8; 20], at in 2_usize..42) {
            let right = Address20::from_bytes(bytes).to_string();
            let mut text = right.clone().into_bytes();
            let found = text[at];
            text[at] = if found.is_ascii_lowercase() {
                found.to_ascii_uppercase()
            } else {
                found.to_ascii_lowercase()
            };
            let text = String::from_utf8(text).unwrap();
            let uniform = text[2..].to_lowercase() == text[2..] || text[2..].to_uppercase() == text[2..];
            prop_assert_eq!(text.parse::<Address20>().is_ok(), text == right || uniform);
        }

        #[test]
        fn no_text_panics(text in ".*") {
            let _ = text.parse::<Address20>();
        }
    }
}
