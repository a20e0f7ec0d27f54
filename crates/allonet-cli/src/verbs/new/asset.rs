//! The asset and the budget of a new network.

use allonet_core::fault::Fault;
use allonet_core::money::{Amount, Asset, format_units};

use super::plan::{key, shortened};
use crate::args::NewArgs;
use crate::diagnose::Failure;

const BUDGET: &str = "10_000 USDC";

/// Decimals of assets that everybody knows.
const DECIMALS: [(&str, u8); 12] = [
    ("USDC", 6),
    ("USDT", 6),
    ("EURC", 6),
    ("DAI", 18),
    ("ETH", 18),
    ("WETH", 18),
    ("OP", 18),
    ("ARB", 18),
    ("GTC", 18),
    ("BTC", 8),
    ("XLM", 7),
    ("SOL", 9),
];
/// Decimals of all others.
const USUAL: u8 = 6;

/// The money of a network.
#[derive(Clone, Debug)]
pub(super) struct Budget {
    pub(super) asset: Asset,
    pub(super) amount: Amount,
}

impl Budget {
    /// As the options say, else the usual one.
    pub(super) fn of(args: &NewArgs) -> Result<Self, Failure> {
        let text = args.budget.as_deref().unwrap_or(BUDGET).trim();
        let (digits, symbol) = text.split_once(char::is_whitespace).unwrap_or((text, "USDC"));
        let asset = asset(symbol.trim(), args)?;
        let amount = asset.parse(digits).map_err(|error| {
            let fault = Fault::new("bad-amount", format!("--budget: {error}"));
            Failure::usage(fault.help(format!("an amount and an asset, such as \"{BUDGET}\"")))
        })?;
        if amount.is_zero() {
            let fault = Fault::new("bad-amount", "--budget is nothing, so nobody would be paid");
            return Err(Failure::usage(fault.help(format!("for example \"{BUDGET}\""))));
        }
        Ok(Self { asset, amount })
    }

    /// The amount as it stands in a network file: `10_000 USDC`.
    pub(super) fn written(&self) -> String {
        written(&self.asset, self.amount)
    }
}

/// An amount as it stands in a network file: `10_000.5 USDC`.
pub(super) fn written(asset: &Asset, amount: Amount) -> String {
    format!("{} {}", grouped(&decimal(asset, amount)), asset.symbol)
}

/// An amount as a plain decimal.
pub(super) fn decimal(asset: &Asset, amount: Amount) -> String {
    shortened(&format_units(amount.to_u256(), asset.decimals)).to_owned()
}

fn grouped(decimal: &str) -> String {
    let (whole, fraction) = decimal.split_once('.').unwrap_or((decimal, ""));
    let mut text = String::new();
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place).is_multiple_of(3) {
            text.push('_');
        }
        text.push(digit);
    }
    if fraction.is_empty() { text } else { format!("{text}.{fraction}") }
}

/// An asset by its symbol.
pub(super) fn asset(symbol: &str, args: &NewArgs) -> Result<Asset, Failure> {
    let odd = |c: char| c.is_control() || c.is_whitespace();
    if symbol.is_empty() || symbol.len() > 200 || symbol.contains(odd) {
        let fault = Fault::new("bad-asset", format!("{symbol:?} is no symbol of an asset"));
        return Err(Failure::usage(fault.help("a symbol is one word, such as USDC")));
    }
    let known = DECIMALS.iter().find(|(name, _)| name.eq_ignore_ascii_case(symbol));
    let decimals = args.decimals.or(known.map(|(_, decimals)| *decimals)).unwrap_or(USUAL);
    Ok(Asset::new(symbol, decimals))
}

/// The table of an asset in a network file.
pub(super) fn table(asset: &Asset) -> String {
    format!("[assets.{}]\ndecimals = {}\n", key(&asset.symbol), asset.decimals)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::{Arguments, Verb};
    use clap::Parser;

    fn budget(options: &[&str]) -> Result<String, String> {
        let line = ["allonet", "new", "--from", "x"].into_iter().chain(options.iter().copied());
        let Verb::New(args) = Arguments::parse_from(line).verb else { panic!("new was asked for") };
        let told = |failure: Failure| failure.faults[0].to_string();
        Budget::of(&args)
            .map(|budget| format!("{} of {}", budget.written(), budget.asset.decimals))
            .map_err(told)
    }

    #[test]
    fn a_budget_is_an_amount_of_an_asset() {
        assert_eq!(budget(&[]).unwrap(), "10_000 USDC of 6");
        assert_eq!(budget(&["--budget", "1234567.50 ETH"]).unwrap(), "1_234_567.5 ETH of 18");
        assert_eq!(budget(&["--budget", "100"]).unwrap(), "100 USDC of 6");
        assert_eq!(budget(&["--budget", "3 GOLD", "--decimals", "2"]).unwrap(), "3 GOLD of 2");
    }

    #[test]
    fn what_is_no_budget_is_refused() {
        assert!(budget(&["--budget", "lots"]).unwrap_err().starts_with("--budget: `lots` is not"));
        assert!(budget(&["--budget", "0 USDC"]).unwrap_err().contains("is nothing"));
        assert!(budget(&["--budget", "1 US DC"]).unwrap_err().contains("one word"));
        assert!(budget(&["--budget", "1.5 X", "--decimals", "0"]).is_err());
    }
}
