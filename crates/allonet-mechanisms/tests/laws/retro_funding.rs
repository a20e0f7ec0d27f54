//! Random rounds of Optimism's retro funding.

use std::fmt::Write as _;

use allonet_mechanisms::trial::{Trial, trial_of};

use allonet_laws::Draw;
use allonet_laws::{Case, Maker};

pub(crate) const MAKERS: &[Maker] = &[
    ("dev-tooling", dev_tooling),
    ("metric-scores", metric_scores),
    ("onchain-builders", onchain_builders),
];

/// A section that both weight files have.
fn allocation(draw: &mut Draw) -> String {
    let (budget, least) = (draw.below(1_000_000), draw.below(50));
    let share = draw.one(&["1", "0.05", "0.3"]);
    format!(
        "allocation:\n  budget: {budget}\n  min_amount_per_project: {least}\n  \
         max_share_per_project: {share}\n"
    )
}

/// A number of small size for each name.
fn weights(draw: &mut Draw, names: &[&str]) -> String {
    let mut lines = String::new();
    for name in names {
        let weight = draw.below(5);
        writeln!(lines, "    {name}: 0.{weight}").expect("a text grows");
    }
    lines
}

fn rounding(trial: Trial, draw: &mut Draw) -> Trial {
    if draw.chance(6) { trial.text("rounding", "published") } else { trial }
}

fn onchain_builders(draw: &mut Draw) -> Case {
    let mut file = format!(
        "simulation:\n  periods:\n    previous: Nov\n    current: Dec\n  \
         eligibility_filter: {}\n  chains:\n    base: 1\n    side: 0.5\n  tvl_maximum: 5000\n  \
         tvl_minimum: 50\n  percentile_cap: {}\n  metrics:\n    calls: 1\n{}  metric_variants:\n{}",
        draw.one(&["true", "false"]),
        draw.one(&["100", "97.5", "50"]),
        weights(draw, &["fees", "defi_tvl"]),
        weights(draw, &["adoption", "growth", "retention"]),
    );
    file.push_str(&allocation(draw));
    let mut projects = "project_id,display_name,is_eligible\n".to_owned();
    // So that every metric and period has a row.
    let mut rows = "project_id,chain,metric_name,measurement_period,amount\n\
                    p0,BASE,calls,Nov,1\np0,BASE,fees,Dec,1\np0,BASE,defi_tvl,Dec,1\n"
        .to_owned();
    for at in 0..=draw.below(7) {
        let eligible = draw.one(&["True", "True", "False"]);
        writeln!(projects, "p{at},P{at},{eligible}").expect("a text grows");
        for _ in 0..draw.below(8) {
            let chain = draw.one(&["BASE", "SIDE", "OTHER"]);
            let metric = draw.one(&["calls", "fees", "defi_tvl"]);
            let (period, amount) = (draw.one(&["Nov", "Dec"]), draw.amount());
            writeln!(rows, "p{at},{chain},{metric},{period},{amount}").expect("a text grows");
        }
    }
    let trial = trial_of("onchain-builders")
        .file("weights", &file)
        .file("projects", &projects)
        .file("metrics", &rows);
    let trial = rounding(trial, draw);
    Case { trial, pool: draw.pool(), unordered: &["projects", "metrics"] }
}

fn dev_tooling(draw: &mut Draw) -> Case {
    let mut file = format!(
        "simulation:\n  alpha: 0.{}\n  onchain_project_pretrust_weights:\n{}  \
         devtooling_project_pretrust_weights:\n{}  link_type_time_decays:\n    \
         package_dependency: 1\n    onchain_project_to_developer: 0.8\n    \
         developer_to_devtooling_project: 0.6\n  link_type_weights:\n{}  event_type_weights:\n    \
         npm: 1\n{}  utility_weights:\n{}  eligibility_thresholds:\n    \
         num_projects_with_package_links: 1\n    num_onchain_developers_with_links: 2\n",
        draw.below(9),
        weights(draw, &["gas", "calls"]),
        weights(draw, &["star_count", "num_package_connections", "num_developer_connections"]),
        weights(draw, &["package_dependency", "developer_to_devtooling_project"]),
        weights(draw, &["commit_code", "starred", "issue_comment"]),
        weights(draw, &["Core", "Others"]),
    );
    file.push_str(&allocation(draw));
    let (apps, tools) = (1 + draw.below(5), 1 + draw.below(5));
    let mut onchain = "project_id,display_name,gas,calls\n".to_owned();
    for at in 0..apps {
        writeln!(onchain, "a{at},A{at},{},{}", draw.amount(), draw.amount()).expect("a text grows");
    }
    let mut kits = "project_id,project_name,star_count\n".to_owned();
    let mut labels = "project_name,recommendation\n".to_owned();
    for at in 0..tools {
        writeln!(kits, "t{at},0xt{at},{}", draw.below(900)).expect("a text grows");
        writeln!(labels, "0xt{at},{}", draw.one(&["Core", "Others", "?"])).expect("a text grows");
    }
    // An application that is a tool as well.
    kits.push_str("a0,0xa0,3\n");
    let mut uses =
        "onchain_builder_project_id,devtooling_project_id,dependency_source\n".to_owned();
    for _ in 0..draw.below(12) {
        let (from, to) = (draw.below(apps), draw.below(tools));
        writeln!(uses, "a{from},t{to},{}", draw.one(&["NPM", "GO"])).expect("a text grows");
    }
    let mut work = "bucket_month,event_type,developer_id,developer_name,project_id\n".to_owned();
    for _ in 0..draw.below(25) {
        let (month, who) = (1 + draw.below(12), draw.below(4));
        let event = draw.one(&["COMMIT_CODE", "COMMIT_CODE", "STARRED", "ISSUE_COMMENT"]);
        let project = match draw.below(4) {
            0 => format!("t{}", draw.below(tools)),
            _ => format!("a{}", draw.below(apps)),
        };
        let project = if draw.chance(2) { format!("t{}", draw.below(tools)) } else { project };
        writeln!(work, "2025-{month:02}-01,{event},d{who},D{who},{project}").expect("a text grows");
    }
    let mut trial = trial_of("dev-tooling")
        .file("weights", &file)
        .file("onchain_projects", &onchain)
        .file("devtooling_projects", &kits)
        .file("dependencies", &uses)
        .file("developers", &work)
        .file("utility_labels", &labels);
    if draw.chance(3) {
        trial = trial.scores("pretrust", &[("a0", 3.0), ("a1", 1.0), ("zz", 2.0)]);
    }
    trial = rounding(trial, draw);
    if draw.chance(4) {
        // There the order of rows is the rule.
        trial = trial.text("parity", "retro-funding");
        let unordered = &["onchain_projects", "devtooling_projects", "utility_labels"];
        return Case { trial, pool: draw.pool(), unordered };
    }
    let unordered = &[
        "onchain_projects",
        "devtooling_projects",
        "dependencies",
        "developers",
        "utility_labels",
    ];
    Case { trial, pool: draw.pool(), unordered }
}

fn metric_scores(draw: &mut Draw) -> Case {
    let mut table = "project,gas,calls\n".to_owned();
    for at in 0..draw.below(9) {
        writeln!(table, "p{at},{},{}", draw.amount(), draw.amount()).expect("a text grows");
    }
    let mut trial =
        trial_of("metric-scores").file("metrics", &table).list("weights", &["gas: 2", "calls: 1"]);
    if draw.chance(2) {
        trial = trial.text("scale", "identity");
    }
    Case { trial, pool: draw.pool(), unordered: &["metrics"] }
}
