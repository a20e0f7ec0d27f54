//! What every mechanism of every catalogue keeps: laws on random input, and one
//! floor plan for its file. For tests alone.

mod draw;
mod floor_plan;
mod laws;

pub use draw::Draw;
pub use floor_plan::check_floor_plan;
pub use laws::{Case, Maker, keeps_the_laws};

/// One test for each of a catalogue's files of makers, and one that the files
/// miss no mechanism: `laws_of! { CATALOGUE; flow, votes }`.
#[macro_export]
macro_rules! laws_of {
    ($catalogue:expr; $($file:ident),* $(,)?) => {
        mod laws_of {
            $(
                #[test]
                fn $file() {
                    super::$file::MAKERS.iter().for_each($crate::keeps_the_laws);
                }
            )*
        }

        #[test]
        fn every_mechanism_is_under_the_laws() {
            let makers: &[&[$crate::Maker]] = &[$($file::MAKERS),*];
            let known: Vec<&str> = $catalogue.iter().map(|entry| entry.card.id).collect();
            let drawn = makers.iter().copied().flatten().map(|(id, _)| *id);
            let mut drawn: Vec<&str> = drawn.collect();
            drawn.sort_unstable();
            assert_eq!(drawn, known);
        }
    };
}
