//! `allonet weights market simulate`: what a market design costs.

use std::process::ExitCode;

use allonet_core::fault::Fault;
use allonet_weights::market::simulate::attack::{self, Plan, Settlement};
use allonet_weights::market::simulate::entry::{self, Mechanism};
use allonet_weights::market::simulate::{Figure, Report, World, self_share, simulate, thin};
use clap::Args;

use crate::diagnose::Failure;
use crate::ui::{Tone, Ui};

/// `allonet weights market simulate`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  allonet weights market simulate
  allonet weights market simulate --outcomes 45 --traders 30 --liquidity 500 --pot 350000
  allonet weights market simulate --runs 1000 --seed 7 --format json")]
pub(super) struct SimulateArgs {
    /// How many projects
    #[arg(long, default_value_t = World::default().outcomes)]
    outcomes: usize,
    /// How many traders
    #[arg(long, default_value_t = World::default().traders)]
    traders: usize,
    /// What each trader can lose, in units of collateral
    #[arg(long, value_name = "UNITS", default_value_t = World::default().budget)]
    budget: f64,
    /// Liquidity `b` of the market maker; pools are as deep at the start
    #[arg(long, value_name = "UNITS", default_value_t = World::default().liquidity)]
    liquidity: f64,
    /// Money that is paid out by the weights
    #[arg(long, value_name = "UNITS", default_value_t = World::default().pot)]
    pot: f64,
    /// Fee of the pools in parts per million
    #[arg(long, value_name = "PPM", default_value_t = World::default().fee_ppm)]
    fee_ppm: u32,
    /// Traders in one batch of the auction
    #[arg(long, default_value_t = World::default().batch)]
    batch: usize,
    /// Steps in the window before the close
    #[arg(long, value_name = "STEPS", default_value_t = World::default().window)]
    window: usize,
    /// What the attacker adds to a price, 0.05 for five percentage points
    #[arg(long, value_name = "PRICE", default_value_t = World::default().push)]
    push: f64,
    /// Gap between last price and mean that calls a jury
    #[arg(long, value_name = "PRICE", default_value_t = World::default().alarm)]
    alarm: f64,
    /// Comparisons of the jury for each project
    #[arg(long, value_name = "COUNT", default_value_t = World::default().comparisons)]
    comparisons: usize,
    /// How many times each market is played
    #[arg(long, default_value_t = World::default().runs)]
    runs: usize,
    /// What all randomness comes from
    #[arg(long, default_value_t = World::default().seed)]
    seed: u64,
}

/// Simulates.
pub(super) fn run(args: &SimulateArgs, ui: &Ui) -> Result<ExitCode, Failure> {
    let world = World {
        outcomes: args.outcomes,
        traders: args.traders,
        budget: args.budget,
        liquidity: args.liquidity,
        pot: args.pot,
        fee_ppm: args.fee_ppm,
        batch: args.batch,
        window: args.window,
        push: args.push,
        alarm: args.alarm,
        comparisons: args.comparisons,
        runs: args.runs,
        seed: args.seed,
        ..World::default()
    };
    let refused = |error| Failure::usage(Fault::from(error));
    world.check().map_err(refused)?;
    let working = ui.working("playing markets");
    let report = simulate(&world).map_err(Fault::from)?;
    drop(working);
    if ui.is_json() {
        ui.print_json(&report);
        return Ok(ExitCode::SUCCESS);
    }
    ui.print(&ui.tone(Tone::Strong, "What this market design costs"));
    ui.print(&format!(
        "{} projects, {} traders who can lose {} each, liquidity {}, played {} times; means with \
         95% intervals",
        world.outcomes, world.traders, world.budget, world.liquidity, world.runs
    ));
    entries(&report, ui);
    attacks(&report, ui);
    thinness(&report, ui);
    claims(&report, ui);
    Ok(ExitCode::SUCCESS)
}

fn heading(text: &str, ui: &Ui) {
    ui.print("");
    ui.print(&ui.tone(Tone::Strong, text));
}

/// `1.23 [1.10, 1.35]`; a dash for what has no finite value.
fn figure(figure: &Figure, places: usize) -> String {
    let part = |x: f64| {
        if x.abs() < 1e15 { format!("{x:.places$}") } else { "none".to_owned() }
    };
    format!("{} [{}, {}]", part(figure.mean), part(figure.low), part(figure.high))
}

fn entries(report: &Report, ui: &Ui) {
    heading("Does the better model earn more, or who comes first?", ui);
    let rows: Vec<Vec<String>> = report
        .entry
        .iter()
        .map(|row| {
            vec![
                row.mechanism.id().to_owned(),
                figure(&row.quality, 2),
                figure(&row.entry, 2),
                figure(&row.lost_per_step, 2),
                percent(&row.lost_of_paid),
                percent(&row.first_quarter),
                figure(&row.error, 3),
                figure(&row.paid, 1),
            ]
        })
        .collect();
    let head = [
        "mechanism",
        "r(quality, profit)",
        "r(entry, profit)",
        "lost per step later",
        "of what is paid",
        "first quarter earns",
        "price error",
        "sponsor pays",
    ];
    ui.print(&ui.table(&head, &rows, &[1, 2, 3, 4, 5, 6, 7]));
    let of = |mechanism| find(&report.entry, |row: &&entry::Row| row.mechanism == mechanism);
    let (plain, batch) = (of(Mechanism::Lmsr), of(Mechanism::BatchAuction));
    let timed = of(Mechanism::TimeWeighted);
    ui.print(&format!(
        "With one market maker the first quarter of the traders earns {:.0}% of all gains, in a \
         batch auction {:.0}%, with time-weighted scoring {:.0}%. {} than when they come.",
        100.0 * plain.first_quarter.mean,
        100.0 * batch.first_quarter.mean,
        100.0 * timed.first_quarter.mean,
        if plain.quality.mean.abs() < plain.entry.mean.abs() {
            "How good their model is explains less of what traders of one market maker earn"
        } else {
            "How good their model is explains more of what traders of one market maker earn"
        }
    ));
    let fairest = report.entry.iter().min_by(|a, b| {
        let ratio = |row: &entry::Row| row.entry.mean.abs() - row.quality.mean;
        ratio(a).total_cmp(&ratio(b))
    });
    if let Some(fairest) = fairest {
        ui.print(&format!(
            "Quality counts most against entry under {}: correlations {:.2} and {:.2}.",
            fairest.mechanism.id(),
            fairest.quality.mean,
            fairest.entry.mean
        ));
    }
}

fn attacks(report: &Report, ui: &Ui) {
    let world = &report.world;
    heading("What does a percentage point of weight cost an attacker?", ui);
    let rows: Vec<Vec<String>> = report
        .attack
        .iter()
        .map(|row| {
            vec![
                row.settlement.id().to_owned(),
                row.plan.id().to_owned(),
                figure(&row.moved_points, 2),
                figure(&row.cost, 2),
                figure(&row.cost_per_point, 2),
                figure(&row.safe_pot, 0),
                figure(&row.profit, 1),
            ]
        })
        .collect();
    let profit = format!("profit, pot {}", world.pot);
    let head =
        ["weights by", "attack", "points moved", "cost", "cost per point", "safe pot", &profit];
    ui.print(&ui.table(&head, &rows, &[2, 3, 4, 5, 6]));
    let of = |settlement, plan| {
        find(&report.attack, |row: &&attack::Row| row.settlement == settlement && row.plan == plan)
    };
    let spot = of(Settlement::Spot, Plan::LastStep);
    let twap = of(Settlement::Twap, Plan::LastStep);
    ui.print(&format!(
        "Buying in the last step moves the weight by {:.1} points for {:.2}: {:.2} a point. A mean \
         over {} steps makes the same purchase cost {:.2} a point.",
        spot.moved_points.mean,
        spot.cost.mean,
        spot.cost_per_point.mean,
        world.window,
        twap.cost_per_point.mean
    ));
    let weakest = |settlement| {
        let plans = Plan::ALL.map(|plan| of(settlement, plan));
        let best = plans.into_iter().max_by(|a, b| a.profit.mean.total_cmp(&b.profit.mean));
        best.expect("there are two plans")
    };
    for settlement in Settlement::ALL {
        let best = weakest(settlement);
        let verdict = if best.profit.low > 0.0 {
            "the attack pays"
        } else if best.profit.high < 0.0 {
            "the attack does not pay"
        } else {
            "these runs do not tell whether the attack pays"
        };
        ui.print(&format!(
            "  {}: {verdict}; the better plan is {}, with {}.",
            settlement.id(),
            best.plan.id(),
            figure(&best.profit, 1)
        ));
    }
}

fn thinness(report: &Report, ui: &Ui) {
    heading("How far off are prices, and what does the subsidy buy?", ui);
    let rows: Vec<Vec<String>> = report
        .thin
        .iter()
        .map(|row| {
            vec![
                format!("{}", row.liquidity),
                row.traders.to_string(),
                figure(&row.error, 3),
                figure(&row.jury_error, 3),
                figure(&row.paid, 1),
                format!("{:.1}", row.bound),
            ]
        })
        .collect();
    let head = ["liquidity", "traders", "price error", "jury error", "sponsor pays", "at most"];
    ui.print(&ui.table(&head, &rows, &[0, 1, 2, 3, 4, 5]));
    let best = report.thin.iter().min_by(|a, b| a.error.mean.total_cmp(&b.error.mean));
    if let Some(thin::Row { liquidity, traders, error, jury_error, paid, .. }) = best {
        ui.print(&format!(
            "The smallest error is {:.3}, at liquidity {liquidity} with {traders} traders, for \
             {:.1} of subsidy; the jury alone is off by {:.3}.",
            error.mean, paid.mean, jury_error.mean
        ));
    }
}

fn claims(report: &Report, ui: &Ui) {
    heading("What does it cost a project to claim more of its money as its own work?", ui);
    let rows: Vec<Vec<String>> = report
        .self_share
        .iter()
        .map(|row| {
            vec![
                format!("{:.0}%", 100.0 * row.judged),
                format!("{:.1}", row.leverage),
                figure(&row.gain, 2),
                figure(&row.cost, 2),
                figure(&row.profit, 2),
            ]
        })
        .collect();
    let head = ["judged", "leverage", "gain by weights", "lost on tokens", "profit"];
    ui.print(&ui.table(&head, &rows, &[0, 1, 2, 3, 4]));
    let pays = |row: &&self_share::Row| row.profit.high < 0.0;
    ui.print(&match report.self_share.iter().find(pays) {
        Some(row) => format!(
            "The claim stops paying once {:.0}% of the projects are judged (of the parts played).",
            100.0 * row.judged
        ),
        None => "The claim pays, or may pay, whatever part is judged: the market is too thin for \
                 the money that hangs on it."
            .to_owned(),
    });
}

fn find<T>(rows: &[T], test: impl Fn(&&T) -> bool) -> &T {
    rows.iter().find(test).expect("all are played")
}

fn percent(part: &Figure) -> String {
    let [mean, low, high] = [part.mean, part.low, part.high].map(|x| 100.0 * x);
    format!("{mean:.1}% [{low:.1}, {high:.1}]")
}
