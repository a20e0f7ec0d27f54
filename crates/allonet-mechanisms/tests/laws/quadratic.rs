//! Random rounds of quadratic funding.

use allonet_core::card::Value;
use allonet_mechanisms::trial::Trial;

use super::draw::Draw;
use super::{Case, Maker};

pub(crate) const MAKERS: &[Maker] = &[("quadratic", quadratic)];

fn quadratic(draw: &mut Draw) -> Case {
    let mut trial = Trial::new("quadratic").file("votes", &draw.votes(12, 6));
    if draw.chance(2) {
        trial = trial.text("saturation", "fill");
    }
    if draw.chance(3) {
        trial = trial.set("cap", Value::Share("20%".parse().expect("a share")));
        trial = trial.text("cap_overflow", draw.one(&["keep", "redistribute"]));
    }
    match draw.below(4) {
        0 => trial = trial.text("variant", "with-own"),
        1 => trial = trial.text("arithmetic", "float"),
        2 => trial = trial.text("min_donation", "3"),
        _ => {}
    }
    Case { trial, pool: draw.pool(), unordered: &["votes"] }
}
