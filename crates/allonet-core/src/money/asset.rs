//! What the base units are units of.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Amount, DecimalError, format_grouped, parse_units};

/// A currency or token.
///
/// Two assets with one symbol on different chains are different assets; their
/// ids differ ([`Asset::id`]).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Asset {
    /// Ticker, such as `USDC`.
    pub symbol: String,
    /// Base units per unit, as a power of ten.
    pub decimals: u8,
    /// The chain it lives on, if any.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub chain: Option<String>,
    /// Its contract on that chain; none for the chain's own coin.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub address: Option<String>,
}

impl Asset {
    /// An asset that lives on no chain.
    pub fn new(symbol: &str, decimals: u8) -> Self {
        Self { symbol: symbol.to_owned(), decimals, chain: None, address: None }
    }

    /// Stable text that tells this asset from all others: `USDC`,
    /// `USDC@optimism` or `USDC@optimism:0x0b2c…`.
    pub fn id(&self) -> String {
        let mut id = self.symbol.clone();
        if let Some(chain) = &self.chain {
            id.push('@');
            id.push_str(chain);
        }
        if let Some(address) = &self.address {
            id.push(':');
            id.push_str(&address.to_lowercase());
        }
        id
    }

    /// Reads a decimal in units of this asset.
    pub fn parse(&self, text: &str) -> Result<Amount, DecimalError> {
        parse_units(text, self.decimals).map(Amount::from_u256)
    }

    /// Prints an amount for people: `1,250.75 USDC`.
    pub fn show(&self, amount: Amount) -> String {
        format!("{} {}", format_grouped(amount.to_u256(), self.decimals), self.symbol)
    }
}

impl fmt::Display for Asset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.id())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_symbols_on_two_chains_stay_apart() {
        let on = |chain: &str| Asset { chain: Some(chain.into()), ..Asset::new("USDC", 6) };
        assert_ne!(on("optimism").id(), on("base").id());
        assert_ne!(on("optimism").id(), Asset::new("USDC", 6).id());
    }
}
