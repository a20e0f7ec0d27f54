//! What a model says at an epoch does not depend on what is known only later.

use allonet_core::random::Random;
use allonet_topics::models::situation::Watcher;
use allonet_topics::models::{FORECASTERS, INFERERS, Parameters, forecaster, inferer};

const EPOCHS: usize = 160;
/// The first epoch whose truth and losses are changed.
const CHANGED: usize = 120;
const COUNT: usize = 3;

/// A series and losses by epoch.
struct World {
    truths: Vec<f64>,
    losses: Vec<[f64; COUNT]>,
}

/// The same world every time, or one that is another from [`CHANGED`] on.
fn world(changed: bool) -> World {
    let mut random = Random::new(11);
    let (mut level, mut world) = (50.0, World { truths: Vec::new(), losses: Vec::new() });
    for epoch in 0..EPOCHS {
        level += random.normal();
        let losses = [0; COUNT].map(|_| -1.0 + 0.5 * random.normal());
        let by = if changed && epoch >= CHANGED { 2.0 } else { 0.0 };
        world.truths.push(level + by);
        world.losses.push(losses.map(|loss| loss + by));
    }
    world
}

/// The bits of all that an inferer says, by epoch.
fn inferred(name: &str, lag: usize, world: &World) -> Vec<Option<u64>> {
    let mut model = inferer(name, &Parameters::new()).expect("there is this model");
    let mut said = Vec::new();
    for epoch in 0..EPOCHS {
        if let Some(known) = epoch.checked_sub(lag) {
            model.learn(world.truths[known]);
        }
        said.push(model.infer(lag).map(f64::to_bits));
    }
    said
}

/// The bits of all that a forecaster says, by epoch.
fn forecast(name: &str, lag: usize, world: &World) -> Vec<Vec<u64>> {
    let mut model = forecaster(name, &Parameters::new(), COUNT, 1).expect("there is this model");
    let mut watcher = Watcher::new(COUNT);
    let (mut said, mut situations) = (Vec::new(), Vec::new());
    for epoch in 0..EPOCHS {
        if let Some(known) = epoch.checked_sub(lag) {
            model.learn(&situations[known], &world.losses[known]);
            watcher.see_truth(world.truths[known]);
            watcher.see_losses(world.losses[known][0], &world.losses[known]);
        }
        let now = watcher.situation();
        let mut out = [0.0; COUNT];
        model.forecast(&now, &mut out);
        situations.push(now);
        said.push(out.iter().map(|value| value.to_bits()).collect());
    }
    said
}

/// The first epoch at which two sequences differ.
fn first_difference<T: PartialEq>(one: &[T], other: &[T]) -> Option<usize> {
    one.iter().zip(other).position(|(one, other)| one != other)
}

#[test]
fn inferers_do_not_see_the_future() {
    let (one, other) = (world(false), world(true));
    for card in INFERERS {
        for lag in [1, 2, 7] {
            let said = [&one, &other].map(|world| inferred(card.name, lag, world));
            // A season later at the latest it shows that something is different.
            let first = first_difference(&said[0], &said[1]).expect("the change is learned");
            let allowed = CHANGED + lag..CHANGED + lag + 24;
            assert!(allowed.contains(&first), "{} with lag {lag}: {first}", card.name);
        }
    }
}

#[test]
fn forecasters_do_not_see_the_future() {
    let (one, other) = (world(false), world(true));
    for card in FORECASTERS {
        for lag in [1, 3] {
            let said = [&one, &other].map(|world| forecast(card.name, lag, world));
            // What changed is in the features at once.
            let first = first_difference(&said[0], &said[1]);
            assert_eq!(first, Some(CHANGED + lag), "{} with lag {lag}", card.name);
        }
    }
}
