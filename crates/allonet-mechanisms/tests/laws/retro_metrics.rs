//! Random rounds of retroactive funding by metrics and by categories.

use std::fmt::Write as _;

use allonet_core::card::Value;
use allonet_core::fault::SourceFile;
use allonet_mechanisms::trial::{Trial, trial_of};

use allonet_laws::Draw;
use allonet_laws::{Case, Maker};

pub(crate) const MAKERS: &[Maker] = &[
    ("category-ballots", category_ballots),
    ("impact-metrics", impact_metrics),
    ("metric-shares", metric_shares),
];

/// Rows for most pairs of one of so many and one of a few others.
fn pairs(
    draw: &mut Draw,
    header: &str,
    (one, ones): (char, usize),
    (other, others): (char, usize),
    cell: impl Fn(&mut Draw) -> String,
) -> String {
    let mut table = format!("{header}\n");
    for at in 0..ones {
        for to in 0..others {
            if !draw.chance(5) {
                let cell = cell(draw);
                writeln!(table, "{one}{at},{other}{to},{cell}").expect("a text grows");
            }
        }
    }
    table
}

/// A share that several of can be given; sometimes blank.
fn share(draw: &mut Draw, most: usize) -> String {
    match draw.below(8) {
        0 => String::new(),
        1 => "0".to_owned(),
        _ => format!("{}.{}", draw.below(most), draw.below(100)),
    }
}

/// Cap, minimum and power, each now and then.
fn terms(draw: &mut Draw, mut trial: Trial) -> Trial {
    if draw.chance(2) {
        let cap = draw.one(&["20%", "1/3", "0.001%"]);
        trial = trial.set("cap", Value::Share(cap.parse().expect("a share")));
    }
    if draw.chance(3) {
        trial = trial.text("minimum", draw.one(&["0.01", "10", "1000"]));
    }
    if draw.chance(4) {
        trial = trial.scores("power", &[("v0", 1.0), ("v1", 1e300), ("v2", 1e-300), ("v3", 0.0)]);
    }
    trial
}

fn metric_shares(draw: &mut Draw) -> Case {
    let (projects, metrics, voters) = (1 + draw.below(6), 1 + draw.below(4), 1 + draw.below(6));
    let values = pairs(draw, "project,metric,value", ('p', projects), ('m', metrics), Draw::amount);
    let ballots =
        pairs(draw, "voter,metric,share", ('v', voters), ('m', metrics), |draw| share(draw, 24));
    let mut list = "id,direction\n".to_owned();
    for metric in 0..metrics {
        let direction = draw.one(&["", "increasing", "decreasing"]);
        writeln!(list, "m{metric},{direction}").expect("a text grows");
    }
    let mut trial = trial_of("metric-shares")
        .file("values", &values)
        .file("ballots", &ballots)
        .file("metrics", &list);
    if draw.chance(4) {
        trial = trial.file("voters", "voter,weight\nv0,50\nv1,100\nv2,0\n");
    }
    if draw.chance(4) {
        trial = trial.file("projects", "id\np0\np1\nz\n");
    }
    if draw.chance(3) {
        trial = trial.text("without_votes", "equal").text("cap_overflow", "keep");
    }
    let trial = terms(draw, trial);
    let unordered = &["values", "ballots", "metrics", "voters", "projects"];
    Case { trial, pool: draw.pool(), unordered }
}

fn impact_metrics(draw: &mut Draw) -> Case {
    let (projects, metrics, voters) = (1 + draw.below(6), 1 + draw.below(4), 1 + draw.below(6));
    let values = pairs(draw, "project,metric,value", ('p', projects), ('m', metrics), Draw::amount);
    let ballots = pairs(draw, "voter,metric,weight", ('v', voters), ('m', metrics), Draw::amount);
    let mut trial = trial_of("impact-metrics").file("values", &values).file("ballots", &ballots);
    if draw.chance(2) {
        trial = trial
            .file("projects", "id,open_source\np0,true\np1,false\np2,\np3,1\nz,no\n")
            .file("voters", "voter,os_multiplier\nv0,1.5\nv1,3\nv2,\n");
    }
    if draw.chance(2) {
        trial = trial.text("parity", "optimism");
    }
    let trial = terms(draw, trial);
    let unordered = &["values", "ballots", "projects", "voters"];
    Case { trial, pool: draw.pool(), unordered }
}

fn category_ballots(draw: &mut Draw) -> Case {
    let (projects, voters) = (1 + draw.below(6), 1 + draw.below(6));
    let mut trial = trial_of("category-ballots");
    if draw.chance(3) {
        let file = SourceFile::new("ballots.json", json(draw, voters, projects));
        trial = trial.set("ballots", Value::File(file));
    } else {
        let mut list = "id,category\n".to_owned();
        for project in 0..projects {
            writeln!(list, "p{project},c{}", draw.below(3)).expect("a text grows");
        }
        let ballots = pairs(draw, "voter,project,share", ('v', voters), ('p', projects), |draw| {
            share(draw, 16)
        });
        let on_categories =
            pairs(draw, "voter,category,share", ('v', voters), ('c', 3), |draw| share(draw, 32));
        trial = trial
            .file("projects", &list)
            .file("ballots", &ballots)
            .file("category_votes", &on_categories);
        if draw.chance(2) {
            let mut budgets = "voter,budget\n".to_owned();
            for voter in 0..voters {
                writeln!(budgets, "v{voter},{}", draw.amount()).expect("a text grows");
            }
            trial = trial.file("budgets", &budgets);
        }
    }
    if draw.chance(2) {
        trial = trial.text("parity", "optimism");
    }
    let trial = terms(draw, trial);
    let unordered = &["projects", "category_votes", "budgets"];
    Case { trial, pool: draw.pool(), unordered }
}

/// Ballots as they are published; rows of `ballots` are therefore not shuffled.
fn json(draw: &mut Draw, voters: usize, projects: usize) -> String {
    let mut ballots = Vec::new();
    for voter in 0..voters {
        let (category, budget) = (voter % 2, draw.amount());
        let own: Vec<String> = (category..projects)
            .step_by(2)
            .map(|project| match share(draw, 16) {
                blank if blank.is_empty() => format!("\"p{project}\": null"),
                share => format!("\"p{project}\": \"{share}\""),
            })
            .collect();
        ballots.push(format!(
            "{{\"voter_id\": \"v{voter}\", \"budget\": \"{budget}\",\n \
             \"category_assignment\": \"c{category}\",\n \
             \"category_allocations\": {{\"c0\": {}, \"c1\": 20}},\n \
             \"project_allocations\": {{{}}}}}",
            draw.below(80),
            own.join(",\n ")
        ));
    }
    format!("[{}]\n", ballots.join(",\n"))
}
