//! How much of an epoch's money Octant matches with.
//!
//! ```text
//! matched = share · proceeds + patrons           if ratio < ire
//!         = (tr − ratio) · proceeds + patrons    if ire ≤ ratio < tr
//!         = patrons                              else
//! ```
//!
//! `ratio` is the locked part of all tokens. All is rounded down to a base unit.

use allonet_core::card::Settings;
use allonet_core::fault::Fault;
use allonet_core::money::{Amount, Asset, Share};
use ruint::aliases::{U256, U512};

/// What is known of an epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Matched {
    pub(super) ratio: Share,
    pub(super) proceeds: Amount,
    pub(super) patrons: Amount,
    pub(super) ire: Share,
    pub(super) tr: Share,
    pub(super) share: Share,
}

impl Matched {
    /// From the settings, if they say anything of it.
    pub(super) fn read(settings: &Settings, asset: &Asset) -> Result<Option<Self>, Vec<Fault>> {
        let amount = |name: &str| match settings.text(name) {
            None => Ok(None),
            Some(text) => asset.parse(text).map(Some).map_err(|error| {
                let fault = Fault::new("bad-amount", error.to_string());
                vec![fault.at_some(settings.place(name))]
            }),
        };
        let (proceeds, patrons) = (amount("proceeds")?, amount("patrons")?);
        let (ratio, proceeds) = match (settings.share("locked_ratio"), proceeds) {
            (None, None) if patrons.is_none_or(Amount::is_zero) => return Ok(None),
            (Some(ratio), Some(proceeds)) => (ratio, proceeds),
            _ => {
                let message = "`locked_ratio` and `proceeds` say together how much is matched";
                let place =
                    ["locked_ratio", "proceeds", "patrons"].map(|name| settings.place(name));
                let fault =
                    Fault::new("matched", message).at_some(place.into_iter().flatten().next());
                return Err(vec![fault.help("give both, or leave both and `patrons` out")]);
            }
        };
        let percent = |name: &str, default| {
            settings.share(name).or(Share::new(default, 100)).unwrap_or(Share::ONE)
        };
        let found = Self {
            ratio,
            proceeds,
            patrons: patrons.unwrap_or_default(),
            ire: percent("ire", 35),
            tr: percent("tr", 70),
            share: percent("matched_share", 35),
        };
        if found.ire > found.tr {
            let message = format!("ire = {} is above tr = {}", found.ire, found.tr);
            let fault = Fault::new("matched", message).at_some(settings.place("ire"));
            return Err(vec![fault.help("the matched part falls from `ire` to `tr`")]);
        }
        Ok(Some(found))
    }

    /// Base units to match with.
    pub(super) fn amount(&self) -> Amount {
        let of_proceeds = if self.ratio < self.ire {
            self.share.of(self.proceeds).expect("a share of an amount fits")
        } else if self.ratio < self.tr {
            difference(self.tr, self.ratio, self.proceeds)
        } else {
            Amount::ZERO
        };
        of_proceeds.add(self.patrons, "matched rewards").unwrap_or(Amount::MAX)
    }
}

/// `⌊(a − b) · amount⌋`, for `a > b`.
fn difference(a: Share, b: Share, amount: Amount) -> Amount {
    let wide = |part: u64| U256::from(part);
    let above =
        wide(a.numerator()) * wide(b.denominator()) - wide(b.numerator()) * wide(a.denominator());
    let below = wide(a.denominator()) * wide(b.denominator());
    let product: U512 = amount.to_u256().widening_mul(above);
    Amount::from_u256((product / U512::from(below)).to::<U256>())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn amount(percent: u64) -> Amount {
        let share = |percent| Share::new(percent, 100).unwrap();
        let matched = Matched {
            ratio: share(percent),
            proceeds: Amount::from_base(1_000),
            patrons: Amount::from_base(7),
            ire: share(35),
            tr: share(70),
            share: share(35),
        };
        matched.amount()
    }

    #[test]
    fn less_is_matched_the_more_is_locked() {
        for (percent, expected) in [(0, 357), (34, 357), (35, 357), (50, 207), (69, 17), (70, 7)] {
            assert_eq!(amount(percent), Amount::from_base(expected), "{percent}%");
        }
        assert_eq!(amount(100), Amount::from_base(7));
        let third = difference(Share::ONE, Share::new(1, 3).unwrap(), Amount::MAX);
        assert_eq!(third.to_u256(), U256::MAX / U256::from(3) * U256::from(2));
    }
}
