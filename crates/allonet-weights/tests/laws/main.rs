//! Every mechanism of the catalogue keeps the laws: makers of random input.

use allonet_laws::{Maker, keeps_the_laws};
use allonet_weights::catalogue;

mod deep_funding;
mod jury;
mod prediction_market;
mod sources;

/// One test for each file of makers, and the list of all.
macro_rules! laws_of {
    ($($file:ident),* $(,)?) => {
        const MAKERS: &[&[Maker]] = &[$($file::MAKERS),*];

        mod laws_of {
            $(
                #[test]
                fn $file() {
                    super::$file::MAKERS.iter().for_each(super::keeps_the_laws);
                }
            )*
        }
    };
}

laws_of! {
    deep_funding,
    jury,
    prediction_market,
    sources,
}

#[test]
fn every_mechanism_is_under_the_laws() {
    let known: Vec<&str> = catalogue().iter().map(|entry| entry.card.id).collect();
    let mut drawn: Vec<&str> = MAKERS.iter().copied().flatten().map(|(id, _)| *id).collect();
    drawn.sort_unstable();
    assert_eq!(drawn, known);
}
