//! Random splits.

use allonet_mechanisms::trial::trial_of;

use allonet_laws::Draw;
use allonet_laws::{Case, Maker};

pub(crate) const MAKERS: &[Maker] = &[("pass-through", pass_through), ("split", split)];

fn pass_through(draw: &mut Draw) -> Case {
    let trial = trial_of("pass-through").weights("to", &[("a", "1")]);
    Case { trial, pool: draw.pool(), unordered: &[] }
}

fn split(draw: &mut Draw) -> Case {
    let weights: Vec<(String, String)> =
        (0..=draw.below(9)).map(|at| (format!("p{at}"), draw.below(1_000).to_string())).collect();
    let weights: Vec<(&str, &str)> =
        weights.iter().map(|(payee, weight)| (payee.as_str(), weight.as_str())).collect();
    let trial = trial_of("split").weights("to", &weights);
    Case { trial, pool: draw.pool(), unordered: &[] }
}
