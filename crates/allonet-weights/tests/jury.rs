//! Published juries, where the data is at hand. Expected figures were counted
//! and solved apart from this code, with numpy.

use allonet_core::fault::SourceFile;
use allonet_weights::comparisons::{Comparisons, Reading};
use allonet_weights::jury::Model;
use allonet_weights::jury::caps::{Bound, capped};
use allonet_weights::jury::cycles::{QUARTER, jury_cycles};
use allonet_weights::jury::influence::{Unit, influence};
use allonet_weights::jury::outliers::outliers;
use allonet_weights::jury::repeats::repeats;
use allonet_weights::jury::side_bias::side_bias;
use allonet_weights::synthetic::Jury;

fn comparisons(name: &str, text: &str) -> Comparisons {
    Comparisons::read(&SourceFile::new(name, text), &Reading::default())
        .expect("published files are valid")
}

/// The three runs of the GG24 duels as one table, without the twelve rows that
/// compare an item with itself.
fn duels() -> Option<Comparisons> {
    let mut table = String::new();
    for run in ["20251022103108", "20251023081111", "20251023101554"] {
        let text = allonet_testdata::text(&format!("deep-funding/gg24-duels/{run}.csv"))?;
        for line in text.lines().skip(usize::from(!table.is_empty())) {
            let mut cells = line.split(',').skip(2);
            if cells.next() != cells.next() {
                table += line;
                table.push('\n');
            }
        }
    }
    Some(comparisons("duels.csv", &table))
}

fn level_one() -> Option<Comparisons> {
    let text = allonet_testdata::text("deep-funding/gg24-level1/pairwise_data.csv")?;
    Some(comparisons("pairwise_data.csv", &text))
}

#[test]
fn duels_repeat_and_disagree_as_counted() {
    let Some(duels) = duels() else { return };
    assert_eq!((duels.len(), duels.items().len(), duels.jurors().len()), (41_406, 98, 6));
    let found = repeats(&duels);
    assert_eq!((found.within.count, found.between.count), (14_022, 173_625));
    assert!((found.within.disagree - 1_097.0).abs() < 1e-9);
    assert!((found.between.disagree - 13_383.0).abs() < 1e-9);
    assert_eq!(found.shared_pairs, 4_730);
    let sides = side_bias(&duels, 0.95);
    assert_eq!((sides.pooled.left, sides.pooled.answers), (20_870, 41_406));
    // Machines that answer nearly alike: nobody stands out.
    let fits = outliers(&duels, 0.5, 0.1).expect("valid");
    assert!(fits.iter().all(|fit| fit.accuracy().is_some_and(|part| part > 0.8)));
}

#[test]
fn level_one_is_explained_as_solved_elsewhere() {
    let Some(level_one) = level_one() else { return };
    assert_eq!((level_one.len(), level_one.items().len()), (171, 59));
    let circles = jury_cycles(&level_one, QUARTER, 3).overall;
    let unexplained = circles.energy.expect("it says how much").unexplained();
    assert!((unexplained - (1.0 - 0.808_994_348_892_387_7)).abs() < 1e-10, "{unexplained}");
    let model = Model::LeastSquares { ridge: 0.0 };
    let rows = influence(&level_one, model, Unit::Row).expect("valid");
    let vyper = level_one.item("vyperlang/vyper").expect("it was compared") as usize;
    assert!((rows.weights[vyper] - 0.101_776_720_676_533_87).abs() < 1e-10);
    let (worst, change) = rows.worst().expect("finite");
    assert_eq!((worst, change.item), (13, vyper));
    assert!((change.moved - 0.133_053_392_898_681_12).abs() < 1e-10, "{}", change.moved);
    assert_eq!(side_bias(&level_one, 0.95).pooled.left, 81);
}

/// Mean squared error of log ratios on answers of other juries.
fn held_out_loss(log_weights: &[f64], answers: &Comparisons) -> f64 {
    let losses = answers.rows().map(|row| {
        let gap = log_weights[row.right as usize] - log_weights[row.left as usize];
        let off = row.log_ratio().expect("it says how much") - gap;
        off * off
    });
    losses.sum::<f64>() / answers.len() as f64
}

#[test]
fn a_cap_costs_at_most_a_hundredth() {
    let shape =
        Jury { items: 20, jurors: 20, noise: 1.5, scale: 0.5, random: 0.1, ..Jury::default() };
    let model = Model::LeastSquares { ridge: 0.0 };
    for seed in 0..4 {
        let mut drawn = shape.draw(seed);
        let answers = drawn.comparisons(600);
        let others = drawn.comparisons(3_000);
        let free = influence(&answers, model, Unit::Juror).expect("valid");
        let before = free.worst().expect("finite").1.moved;
        let cap = 0.7 * before;
        let found = capped(&answers, model, Bound::Total, cap).expect("it can be met");
        assert!(found.worst <= cap);
        let loss = held_out_loss(&free.log_weights, &others);
        let capped_loss = held_out_loss(&found.influence.log_weights, &others);
        assert!(capped_loss <= 1.01 * loss, "seed {seed}: {capped_loss} {loss}");
    }
}
