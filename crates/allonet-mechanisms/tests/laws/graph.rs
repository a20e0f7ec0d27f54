//! Random dependency graphs.

use std::fmt::Write as _;

use allonet_mechanisms::trial::trial_of;

use allonet_laws::Draw;
use allonet_laws::{Case, Maker};

pub(crate) const MAKERS: &[Maker] = &[("dependency", dependency)];

fn dependency(draw: &mut Draw) -> Case {
    let mut edges = "parent,repo,weight\nr0,r1,0.5\n".to_owned();
    let nodes = 2 + draw.below(9);
    for from in 0..nodes {
        for to in 0..nodes {
            if from != to && (from, to) != (0, 1) && draw.chance(4) {
                let weight = 1 + draw.below(99);
                writeln!(edges, "r{from},r{to},0.000{weight}").expect("a text grows");
            }
        }
    }
    let trial = trial_of("dependency").file("edges", &edges).list("roots", &["r0"]);
    Case { trial, pool: draw.pool(), unordered: &["edges"] }
}
