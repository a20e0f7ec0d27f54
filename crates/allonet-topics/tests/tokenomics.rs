//! Emission, budget and figure 4 beside the authors' simulation and an
//! independent reference.

use std::collections::BTreeMap;

use allonet_core::money::{Amount, Asset, Share};
use allonet_topics::budget::{Budget, Weighing};
use allonet_topics::emission::{
    Emission, Parameters, Supply, Treasury, cadence, monthly_yield, smoothed, stakers_part,
};
use allonet_topics::tokenomics::{Month, Plan};

type Row<'a> = BTreeMap<&'a str, &'a str>;

fn rows(text: &str) -> Vec<Row<'_>> {
    let mut lines = text.lines();
    let head: Vec<&str> = lines.next().unwrap().split(',').collect();
    lines.map(|line| head.iter().copied().zip(line.split(',')).collect()).collect()
}

fn number(row: &Row<'_>, column: &str) -> f64 {
    row[column].parse().unwrap()
}

fn near(found: f64, expected: f64, tolerance: f64, what: &str) {
    let off = (found - expected).abs();
    assert!(off <= tolerance * expected.abs().max(1e-300), "{what}: {found} is not {expected}");
}

/// Tokens in base units of 10⁻¹².
fn tokens(row: &Row<'_>, column: &str) -> Amount {
    let asset = Asset::new("ALLO", 12);
    let (whole, part) = row[column].split_once('.').unwrap();
    asset.parse(&format!("{whole}.{}", &part[..part.len().min(12)])).unwrap()
}

const LOCKED: [&str; 3] = ["investors_preseed", "investors_seed", "team"];

/// The supply of a month: last month's, and what came free since.
fn supply(before: &Row<'_>, row: &Row<'_>) -> Supply {
    let freed: f64 = LOCKED.iter().map(|who| number(row, &format!("{who}_tokens_emission"))).sum();
    Supply {
        circulating: number(before, "network_tokens_circulating") + freed,
        staked: number(before, "network_tokens_staked") + 0.75 * freed,
        total: number(before, "network_tokens_total"),
    }
}

#[test]
fn rates_and_emissions_are_those_of_the_authors_simulation() {
    let Some(text) = allonet_testdata::text("allora/tokenomics_sim_months_0_59.csv") else {
        return;
    };
    let rows = rows(&text);
    let parameters = Parameters { greatest_yield: monthly_yield(0.12), ..Parameters::default() };
    let part = stakers_part(0.25, 1.0 / 3.0);
    for row in &rows {
        near(parameters.cap(part).unwrap(), number(row, "ehat_max_i"), 1e-12, "cap");
    }
    let mut before_rate = None;
    for pair in rows.windows(2) {
        let (before, row) = (&pair[0], &pair[1]);
        let supply = supply(before, row);
        let treasury = number(before, "ecosystem_tokens_total");
        let target = parameters.target(treasury, &supply).unwrap();
        near(target, number(row, "ehat_target_i"), 1e-12, "target");
        let capped = parameters.capped(treasury, &supply, part).unwrap();
        near(capped, number(row, "ehat_i"), 1e-12, "capped");
        let rate = smoothed(parameters.smoothing, capped, before_rate);
        near(rate, number(row, "e_i"), 1e-12, "rate");
        before_rate = Some(number(row, "e_i"));
        near(rate * supply.staked, number(row, "ecosystem_tokens_emission"), 1e-12, "emission");
    }
    assert_eq!(rows.len(), 60);
}

/// The ledger in base units goes the same way as the authors' floats, from the
/// genesis on and without ever being set right.
#[test]
fn sixty_months_in_base_units_stay_with_the_authors_floats() {
    const UNITS: f64 = 1e12;
    let Some(text) = allonet_testdata::text("allora/tokenomics_sim_months_0_59.csv") else {
        return;
    };
    let rows = rows(&text);
    let parameters = Parameters { greatest_yield: monthly_yield(0.12), ..Parameters::default() };
    let mintable = tokens(&rows[0], "ecosystem_tokens_total");
    let treasury = Treasury { fees: Amount::ZERO, mintable };
    let mut emission = Emission::new(parameters, treasury).unwrap();
    for pair in rows.windows(2) {
        let supply = supply(&pair[0], &pair[1]);
        let units = Supply {
            circulating: supply.circulating * UNITS,
            staked: supply.staked * UNITS,
            total: supply.total * UNITS,
        };
        let rate = emission.update(&units, 0.5, 1.0);
        near(rate, number(&pair[1], "e_i"), 1e-12, "rate");
        let paid = emission.pay(units.staked, 1.0).unwrap();
        let expected = number(&pair[1], "ecosystem_tokens_emission");
        near(paid.minted.to_f64() / UNITS, expected, 1e-12, "paid");
        let left = number(&pair[1], "ecosystem_tokens_total");
        near(emission.treasury().mintable.to_f64() / UNITS, left, 1e-12, "treasury");
    }
}

#[test]
fn budgets_are_those_of_the_authors_simulation() {
    let Some(text) = allonet_testdata::text("allora/tokenomics_sim_months_0_59.csv") else {
        return;
    };
    let (mut topics, mut validators) = (0, 0);
    for row in rows(&text).iter().skip(1) {
        let emission = tokens(row, "ecosystem_tokens_emission");
        // Those in the table and all the others as one more.
        let known = |kind: &str, column: &str| -> Vec<f64> {
            let shown = (0..3).filter(|at| number(row, &format!("{kind}_id_{at}")) != 0.0);
            shown.map(|at| number(row, &format!("{column}_{at}"))).collect()
        };
        let mut weights = known("topic", "topic_weights");
        weights.push((number(row, "all_topic_weight_sum") - weights.iter().sum::<f64>()).max(0.0));
        let shown: Vec<Amount> = (0..3)
            .filter(|at| number(row, &format!("validator_id_{at}")) != 0.0)
            .map(|at| tokens(row, &format!("validator_stake_{at}")))
            .collect();
        let quarter = Share::new(1, 4).unwrap();
        let budget = Budget::divide(emission, quarter, &shown, &weights).unwrap();
        let of =
            |amounts: &[Amount]| Amount::sum(amounts.iter().copied(), "test").unwrap().to_f64();
        near(of(&budget.topics) / 1e12, number(row, "topics_rewards"), 1e-12, "topics");
        near(of(&budget.validators) / 1e12, number(row, "validator_rewards"), 1e-12, "validators");
        for (paid, expected) in budget.topics.iter().zip(known("topic", "topic_rewards")) {
            near(paid.to_f64() / 1e12, expected, 1e-12, "a topic");
            topics += 1;
        }
        // The sum of stakes was taken after some had left: only ratios hold.
        let rewards = known("validator", "validator_rewards");
        for (paid, expected) in budget.validators.iter().zip(&rewards) {
            let ratio = paid.to_f64() / budget.validators[0].to_f64();
            near(ratio, expected / rewards[0], 1e-12, "a validator");
            validators += 1;
        }
    }
    assert!(topics > 150 && validators > 150, "{topics} {validators}");
}

#[test]
fn topic_weights_are_those_of_the_authors_simulation() {
    let Some(text) = allonet_testdata::text("allora/tokenomics_sim_months_0_59.csv") else {
        return;
    };
    let rows = rows(&text);
    let weighing = Weighing::default();
    assert_eq!(cadence(weighing.smoothing, 4.0).to_bits(), 0.9375_f64.to_bits());
    let (mut first, mut later) = (0, 0);
    for pair in rows.windows(2) {
        let (before, row) = (&pair[0], &pair[1]);
        for at in 0..3 {
            let topic = row[format!("topic_id_{at}").as_str()];
            if topic == "0" {
                continue;
            }
            let new = row[format!("topic_months_live_{at}").as_str()] == "1";
            let known = (0..3).find(|other| before[format!("topic_id_{other}").as_str()] == topic);
            let last = known.map(|other| number(before, &format!("topic_weights_{other}")));
            if !new && last.is_none() {
                continue;
            }
            let stake = tokens(row, &format!("topic_total_stake_{at}"));
            let fees = tokens(row, &format!("topic_total_fee_revenue_{at}"));
            let scaled = last.filter(|_| !new).map(|weight| weight * 1e12);
            let weight = weighing.weight(stake, fees, scaled, 4.0) / 1e12;
            near(weight, number(row, &format!("topic_weights_{at}")), 1e-12, "weight");
            *(if new { &mut first } else { &mut later }) += 1;
        }
    }
    assert!(first > 0 && later > 100, "{first} {later}");
}

#[test]
fn figure_4_is_that_of_the_reference() {
    let Some(text) = allonet_testdata::text("allora/own_tokenomics_fig4.csv") else { return };
    let expected = rows(&text);
    let found = Plan::figure_4().map(|(name, plan)| (name, plan.run(95)));
    let found = found.iter().flat_map(|(name, rows)| rows.iter().map(move |row| (*name, row)));
    let found: Vec<(&str, &Month)> = found.collect();
    assert_eq!((found.len(), expected.len()), (285, 285));
    for ((name, month), row) in found.into_iter().zip(&expected) {
        assert_eq!((name, month.month as f64), (row["setup"], number(row, "month")));
        let columns = [
            ("ehat_target", month.target),
            ("ehat", month.capped),
            ("e", month.rate),
            ("emission", month.emission),
            ("treasury", month.treasury),
            ("circulating", month.circulating),
            ("staked", month.staked),
            ("apy", month.yearly_yield),
        ];
        for (column, value) in columns {
            near(value, number(row, column), 1e-9, &format!("{name} {} {column}", month.month));
        }
    }
}

/// What figure 4 is said to show, as numbers.
#[test]
fn smoothing_and_fees_keep_the_yield() {
    let [raw, smooth, fees] = Plan::figure_4().map(|(_, plan)| plan.run(95));
    let yields = |rows: &[Month]| -> Vec<f64> { rows.iter().map(|row| row.yearly_yield).collect() };
    let drop_at = |rows: &[f64], month: usize| rows[month - 2] - rows[month - 1];
    let [raw_yields, smooth_yields, fee_yields] = [&raw, &smooth, &fees].map(|rows| yields(rows));
    for rows in [&raw_yields, &smooth_yields, &fee_yields] {
        assert!(rows.iter().all(|value| *value <= 0.12 + 1e-12 && *value > 0.0));
    }
    let (sharp, soft) = (drop_at(&raw_yields, 12), drop_at(&smooth_yields, 12));
    assert!((sharp - 0.0157).abs() < 1e-4 && (soft - 0.0016).abs() < 1e-4, "{sharp} {soft}");
    assert!(sharp / soft >= 5.0);
    let largest = (2..=95).map(|month| drop_at(&smooth_yields, month)).fold(0.0, f64::max);
    assert!(largest <= 0.0020, "{largest}");
    assert!(fee_yields[94] > 0.07 && smooth_yields[94] < 0.02 && raw_yields[94] < 0.02);
    let late = (61..=95).map(|month| drop_at(&fee_yields, month)).fold(0.0, f64::max);
    assert!(late < 0.0006, "{late}");
    assert!((smooth[94].treasury / 1e6 - 39.4).abs() < 0.05, "{}", smooth[94].treasury);
    assert!((fees[94].treasury / 1e6 - 300.5).abs() < 0.5, "{}", fees[94].treasury);
    let staked = |month: usize| smooth[month - 1].staked / smooth[month - 1].circulating;
    let expected = [(1, 0.30), (12, 0.53), (36, 0.62), (95, 0.605)];
    for (month, part) in expected {
        assert!((staked(month) - part).abs() < 0.005, "{month} {}", staked(month));
    }
}
