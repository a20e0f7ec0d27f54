//! Random rounds of quadratic funding.

use allonet_core::card::Value;
use allonet_mechanisms::trial::trial_of;

use super::platforms::{list, scores, trust};
use allonet_laws::Draw;
use allonet_laws::{Case, Maker};

pub(crate) const MAKERS: &[Maker] = &[("quadratic", quadratic)];

fn quadratic(draw: &mut Draw) -> Case {
    let mut trial = trial_of("quadratic").file("votes", &draw.votes(12, 6));
    if draw.chance(2) {
        trial = trial.text("saturation", "fill");
    }
    if draw.chance(3) {
        trial = trial.set("cap", Value::Share("20%".parse().expect("a share")));
        trial = trial.text("cap_overflow", draw.one(&["keep", "redistribute"]));
    }
    match draw.below(7) {
        0 => trial = trial.text("variant", "with-own"),
        1 => trial = trial.text("arithmetic", "float"),
        2 => trial = trial.text("min_donation", "3"),
        3 => trial = trial.text("min_donation", "3").text("min_donation_per", "donor"),
        4 => trial = trial.text("rounding", "largest-recipient"),
        5 => trial = trial.file("scores", &scores(draw, 30)),
        _ => {}
    }
    if draw.chance(4) {
        trial = trial.file(["allow", "deny"][draw.below(2)], &list(draw, "voter", 'v', 12));
    }
    if draw.chance(4) {
        let projects = "id,recipient,cap\np0,v0,\np1,v1,10%\np2,,50%\np3,,\np4,,\n";
        trial = trial.file("projects", projects).text("self_votes", "exclude");
    }
    if draw.chance(4) {
        trial = trust(draw, trial);
    }
    let unordered = &["votes", "scores", "allow", "deny", "projects"];
    Case { trial, pool: draw.pool(), unordered }
}
