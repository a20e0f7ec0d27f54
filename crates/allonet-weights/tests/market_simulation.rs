//! Small markets, played often enough to see the documented directions.

use allonet_core::maths;
use allonet_weights::market::MarketError;
use allonet_weights::market::simulate::attack::{Plan, Settlement};
use allonet_weights::market::simulate::entry::Mechanism;
use allonet_weights::market::simulate::{Report, World, attack, entry, self_share, simulate, thin};

fn small() -> World {
    World { outcomes: 8, traders: 16, runs: 48, batch: 4, window: 10, ..World::default() }
}

#[test]
fn who_comes_late_earns_less_under_every_mechanism() {
    let rows = entry::play(&small()).unwrap();
    for row in &rows {
        assert!(row.lost_per_step.low > 0.0, "{row:?}");
        assert!(row.entry.high < 0.0, "{row:?}");
    }
    let lmsr = rows.iter().find(|row| row.mechanism == Mechanism::Lmsr).unwrap();
    assert!(lmsr.quality.low > 0.0, "{lmsr:?}");
    // Nobody loses more than was put in.
    assert!(lmsr.paid.high <= 100.0 * maths::ln(8.0));
}

#[test]
fn a_mean_over_time_makes_the_last_minute_dear() {
    let rows = attack::play(&small()).unwrap();
    let of = |settlement, plan| {
        rows.iter().find(|row| row.settlement == settlement && row.plan == plan).unwrap()
    };
    let spot = of(Settlement::Spot, Plan::LastStep);
    assert!((spot.moved_points.mean - 5.0).abs() < 1e-6, "{spot:?}");
    assert!(spot.profit.low > 0.0);
    let twap = of(Settlement::Twap, Plan::LastStep);
    // Ten steps, a tenth of the move, at the same cost.
    assert!((twap.moved_points.mean - 0.5).abs() < 1e-6, "{twap:?}");
    assert!((twap.cost.mean - spot.cost.mean).abs() < 1e-9);
    assert!(twap.cost_per_point.low > spot.cost_per_point.high, "{twap:?} {spot:?}");
    assert!(twap.profit.high < spot.profit.low);
    // The jury takes the last step back.
    let challenged = of(Settlement::Challenge, Plan::LastStep);
    assert!(challenged.profit.high < spot.profit.low, "{challenged:?}");
    let random = of(Settlement::RandomClose, Plan::LastStep);
    assert!(random.moved_points.mean < spot.moved_points.mean);
    // Holding the price moves the mean, and costs more than the last step.
    let held = of(Settlement::Twap, Plan::Hold);
    assert!(held.moved_points.low > twap.moved_points.high, "{held:?}");
    assert!(held.cost.low > twap.cost.high, "{held:?} {twap:?}");
}

#[test]
fn thin_markets_are_wrong_and_subsidies_bounded() {
    let rows = thin::play(&small()).unwrap();
    for row in &rows {
        assert!(row.paid.high <= row.bound, "{row:?}");
        assert!((row.bound - row.liquidity * maths::ln(8.0)).abs() < 1e-9);
    }
    let of = |liquidity: f64, traders| {
        let found = rows
            .iter()
            .find(|row| (row.liquidity - liquidity).abs() < 1e-9 && row.traders == traders);
        found.unwrap()
    };
    // Too thin: the last trader decides. Too thick: budgets hardly move prices.
    assert!(of(100.0, 16).error.high < of(10.0, 16).error.low, "{rows:?}");
    assert!(of(100.0, 16).error.high < of(1_000.0, 16).error.low, "{rows:?}");
    // The fewer traders, the more so.
    assert!(of(100.0, 2).error.low > of(100.0, 16).error.high, "{rows:?}");
    assert!(of(1_000.0, 16).paid.low > of(10.0, 16).paid.high);
}

#[test]
fn a_claim_of_own_work_pays_less_the_more_is_judged() {
    let rows = self_share::play(&World { runs: 200, ..small() }).unwrap();
    let gains: Vec<f64> = rows.iter().map(|row| row.gain.mean).collect();
    assert!(gains[0] > gains[2] && gains[2] > gains[4] && gains[4].abs() < 1e-300, "{gains:?}");
    let all = rows.last().unwrap();
    assert!(all.cost.low > 0.0 && all.profit.high < 0.0, "{all:?}");
    assert!(rows[0].profit.low > 0.0);
}

#[test]
fn the_same_bytes_on_any_number_of_threads() {
    let world = World { outcomes: 5, traders: 6, runs: 6, window: 4, ..World::default() };
    let on = |threads: usize| -> String {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let report: Report = pool.install(|| simulate(&world)).unwrap();
        serde_json::to_string(&report).unwrap()
    };
    assert_eq!(on(1), on(3));
    let other = simulate(&World { seed: 2, ..world.clone() }).unwrap();
    assert_ne!(serde_json::to_string(&other).unwrap(), on(1));
}

#[test]
fn worlds_that_cannot_be_are_refused() {
    let refused = |world: World| {
        assert!(matches!(simulate(&world), Err(MarketError::Setting { .. })), "{world:?}");
    };
    refused(World { outcomes: 1, ..small() });
    refused(World { traders: 3, ..small() });
    refused(World { runs: 1, ..small() });
    refused(World { liquidity: 0.0, ..small() });
    refused(World { spread: f64::NAN, ..small() });
    refused(World { noise: (1.0, 0.5), ..small() });
    refused(World { push: 0.9, ..small() });
    let fee = simulate(&World { fee_ppm: 1_000_000, ..small() });
    assert!(matches!(fee, Err(MarketError::Fee { .. })));
}
