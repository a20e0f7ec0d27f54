//! Every mechanism of the catalogue keeps the laws: makers of random input.

use allonet_laws::laws_of;
use allonet_mechanisms::catalogue;

mod clusters;
mod flow;
mod funds;
mod governed;
mod graph;
mod identity;
mod platforms;
mod polls;
mod program;
mod quadratic;
mod retro_ballots;
mod retro_funding;
mod retro_metrics;
mod vote_rounds;

laws_of! {
    catalogue();
    clusters,
    flow,
    funds,
    governed,
    graph,
    identity,
    platforms,
    polls,
    program,
    quadratic,
    retro_ballots,
    retro_funding,
    retro_metrics,
    vote_rounds,
}
