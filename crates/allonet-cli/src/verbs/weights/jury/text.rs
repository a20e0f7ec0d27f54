//! The report on a jury, to be read.

use allonet_weights::comparisons::Comparisons;
use allonet_weights::jury::alpha::Agreement;

use super::findings::{FEW, Findings, SEPARABLE, named};
use crate::ui::{Tone, Ui, counted, grouped, percent};

/// Prints all of it.
pub(super) fn report(comparisons: &Comparisons, findings: &Findings, ui: &Ui) {
    heading(ui, "The jury");
    for line in facts(comparisons, findings) {
        ui.print(&line);
    }
    heading(ui, "Jurors");
    jurors(comparisons, findings, ui);
    contradictions(comparisons, findings, ui);
    heading(ui, "Weights");
    weights(comparisons, findings, ui);
    heading(ui, "What these comparisons do not support");
    let unsupported = unsupported(comparisons, findings);
    if unsupported.is_empty() {
        ui.print("Nothing was found.");
    }
    for line in unsupported {
        ui.print(&format!("* {line}"));
    }
}

fn heading(ui: &Ui, text: &str) {
    if text != "The jury" {
        ui.print("");
    }
    ui.print(&ui.tone(Tone::Strong, text));
}

fn facts(comparisons: &Comparisons, findings: &Findings) -> Vec<String> {
    let effective = &findings.effective;
    let mut lines = vec![format!(
        "{} of {} by {}, worth {:.1} who had answered as much as each other.",
        counted(comparisons.len(), "comparison"),
        counted(comparisons.items().len(), "item"),
        counted(effective.jurors, "juror"),
        effective.by_answers,
    )];
    if let Some(effect) = effective.design_effect.filter(|effect| *effect > 1.0) {
        lines.push(format!(
            "Answers of one juror hang together: they are worth {:.0} independent ones (design \
             effect {effect:.2}).",
            effective.answers
        ));
    }
    lines.extend(agreement("which item is worth more", findings.nominal.as_ref(), findings));
    lines.extend(agreement("how much more", findings.interval.as_ref(), findings));
    let repeats = &findings.repeats;
    if let Some(rate) = repeats.between.rate() {
        lines.push(format!(
            "On the {} that several jurors answered, two of them disagree {} of the time.",
            counted(repeats.shared_pairs, "pair"),
            percent(rate)
        ));
    }
    if let Some(rate) = repeats.within.rate() {
        let spread = repeats.spread_within.map_or_else(String::new, |spread| {
            format!(", and say how much with a spread of {spread:.2} nats")
        });
        lines.push(format!(
            "Asked again, jurors contradict themselves {} of the time{spread}.",
            percent(rate)
        ));
    }
    let sides = &findings.sides;
    if let Some(share) = sides.pooled.share() {
        lines.push(format!(
            "The left side was chosen {} of the time (p = {:.3} for a fair coin); jurors are \
             {} off one half, fair coins would be {}.",
            percent(share),
            sides.pooled.p_value,
            percent(sides.mean_absolute),
            percent(sides.mean_absolute_of_coins)
        ));
    }
    lines.extend(circles(findings));
    if effective.jurors > 1 {
        lines.push(camps(comparisons, findings));
    }
    lines
}

fn agreement(what: &str, found: Option<&Agreement>, findings: &Findings) -> Option<String> {
    let found = found?;
    let (low, high) = found.interval;
    Some(format!(
        "Jurors agree on {what} with alpha {:.2} ({:.0} %: {low:.2} to {high:.2}); 0 is chance, 1 \
         is always.",
        found.alpha,
        100.0 * findings.level
    ))
}

fn circles(findings: &Findings) -> Option<String> {
    let all = &findings.cycles.overall;
    if all.triangles == 0 {
        return None;
    }
    let own: usize = findings.cycles.jurors.iter().map(|one| one.order_cycles).sum();
    let tried: usize = findings.cycles.jurors.iter().map(|one| one.triangles).sum();
    let counts = format!(
        "{} of {} go in a circle (coins: a quarter); within single jurors {} of {}.",
        grouped(all.order_cycles),
        counted(all.triangles, "triangle"),
        grouped(own),
        grouped(tried)
    );
    let Some(energy) = all.energy.filter(|energy| energy.total > 0.0) else {
        return Some(counts);
    };
    Some(format!(
        "{counts} Of what was said about how much, weights explain {}, {} goes in circles, {} is \
             disagreement on the same pair.",
        percent(energy.gradient / energy.total),
        percent(energy.cyclic / energy.total),
        percent(energy.disagreement / energy.total)
    ))
}

fn camps(comparisons: &Comparisons, findings: &Findings) -> String {
    let Some(clusters) = &findings.clusters else {
        return "Camps were not looked for.".to_owned();
    };
    if clusters.count < 2 {
        return "No camps: jurors do not differ from the consensus in a common direction."
            .to_owned();
    }
    let camps: Vec<String> = (0..clusters.count)
        .map(|camp| {
            let members: Vec<usize> =
                (0..clusters.of.len()).filter(|juror| clusters.of[*juror] == camp).collect();
            named(comparisons.jurors(), &members)
        })
        .collect();
    format!("{} camps of jurors: {}.", clusters.count, camps.join("; "))
}

fn jurors(comparisons: &Comparisons, findings: &Findings, ui: &Ui) {
    let rows = comparisons.rows_by_juror();
    let mut order: Vec<usize> = (0..rows.len()).filter(|at| !rows[*at].is_empty()).collect();
    let moved = |juror: usize| {
        findings.influence.left_out[juror].change.as_ref().map(|change| 0.5 * change.moved)
    };
    order.sort_by(|a, b| {
        let key = |at: usize| moved(at).unwrap_or(f64::INFINITY);
        key(*b).total_cmp(&key(*a)).then(a.cmp(b))
    });
    let none = || "–".to_owned();
    let table: Vec<Vec<String>> = order
        .iter()
        .map(|juror| {
            let fit = &findings.fits[*juror];
            let doubts = findings.doubts(*juror);
            let verdict = if !doubts.is_empty() {
                ui.tone(Tone::Doubtful, &doubts.join("; "))
            } else if rows[*juror].len() < FEW {
                "too few answers to say".to_owned()
            } else {
                "nothing against".to_owned()
            };
            let mut cells = vec![
                shown(&comparisons.jurors()[*juror]),
                grouped(rows[*juror].len()),
                findings.sides.jurors[*juror].share().map_or_else(none, percent),
                findings.repeats.jurors[*juror]
                    .rate()
                    .map_or_else(none, |rate| percent(1.0 - rate)),
                fit.accuracy().map_or_else(none, percent),
                moved(*juror).map_or_else(|| "islands".to_owned(), percent),
            ];
            if let Some(capped) = &findings.capped {
                cells.push(format!("{:.3}", capped.juror_weights[*juror]));
            }
            cells.push(verdict);
            cells
        })
        .collect();
    let mut head = vec!["juror", "answers", "left", "same again", "with others", "moves"];
    if findings.capped.is_some() {
        head.push("weight");
    }
    head.push("verdict");
    let right: Vec<usize> = (1..head.len() - 1).collect();
    ui.print(&ui.table(&head, &table, &right));
    ui.print(
        "“with others”: how often the item that all other jurors hold better was preferred. \
         “moves”: the part of the money that goes elsewhere without this juror.",
    );
}

fn shown(juror: &str) -> String {
    if juror.is_empty() { "(no name)".to_owned() } else { juror.to_owned() }
}

/// Contradictions that fit on a page.
const CONTRADICTIONS: usize = 10;

fn contradictions(comparisons: &Comparisons, findings: &Findings, ui: &Ui) {
    let found = &findings.repeats.contradictions;
    if found.is_empty() {
        return;
    }
    heading(ui, "Contradictions");
    for one in found.iter().take(CONTRADICTIONS) {
        let lines = |rows: &[usize]| {
            let lines: Vec<String> =
                rows.iter().map(|at| comparisons.line(*at).to_string()).collect();
            lines.join(", ")
        };
        let items = comparisons.items();
        ui.print(&format!(
            "{} prefers {} to {} (line {}) and the other way round (line {})",
            shown(&comparisons.jurors()[one.juror as usize]),
            items[one.pair.0 as usize],
            items[one.pair.1 as usize],
            lines(&one.first),
            lines(&one.second),
        ));
    }
    if found.len() > CONTRADICTIONS {
        ui.print(&format!("and {} more", grouped(found.len() - CONTRADICTIONS)));
    }
}

fn weights(comparisons: &Comparisons, findings: &Findings, ui: &Ui) {
    let bounds = &findings.bounds;
    let rows: Vec<Vec<String>> = bounds
        .superiority
        .order()
        .iter()
        .enumerate()
        .map(|(rank, item)| {
            let (bound, ranks) = (bounds.intervals[*item], bounds.ranks[*item]);
            vec![
                (rank + 1).to_string(),
                comparisons.items()[*item].clone(),
                percent(bounds.weights[*item]),
                percent(bound.low),
                percent(bound.high),
                format!("{}–{}", ranks.best, ranks.worst),
            ]
        })
        .collect();
    ui.print(&ui.table(
        &["rank", "item", "weight", "from", "to", "ranks"],
        &rows,
        &[0, 2, 3, 4, 5],
    ));
    let how = if bounds.drawn {
        format!("{} draws of the jurors", grouped(bounds.replicates))
    } else {
        "the formula of independent answers".to_owned()
    };
    ui.print(&format!(
        "Weights by {}; {:.0} % bounds from {how}; ranks told apart at {:.0} %.",
        findings.rule,
        100.0 * findings.level,
        100.0 * SEPARABLE
    ));
}

/// From this part of the money on, one juror is one too many.
const MUCH: f64 = 0.05;

fn unsupported(comparisons: &Comparisons, findings: &Findings) -> Vec<String> {
    let items = comparisons.items();
    let mut lines = ranking(comparisons, findings);
    lines.extend(hanging(comparisons, findings));
    if let Some((_, change)) = findings.pairs.worst().filter(|found| 0.5 * found.1.moved >= MUCH) {
        lines.push(format!(
            "The answers on a single pair move {} of the money, {} by {:+.1} points.",
            percent(0.5 * change.moved),
            items[change.item],
            -100.0 * change.weights[change.item]
        ));
    }
    if findings.islands.len() > 1 {
        let islands: Vec<String> =
            findings.islands.iter().take(5).map(|island| named(items, island)).collect();
        lines.push(format!(
            "Any ratio between {} islands that no comparison joins: {}.",
            findings.islands.len(),
            islands.join("; ")
        ));
    }
    let mut counts = vec![0_usize; items.len()];
    for row in comparisons.rows() {
        counts[row.left as usize] += 1;
        counts[row.right as usize] += 1;
    }
    let rare: Vec<usize> = (0..items.len()).filter(|item| counts[*item] < FEW).collect();
    if !rare.is_empty() {
        lines.push(format!(
            "The weights of {} with fewer than {FEW} comparisons: {}.",
            counted(rare.len(), "item"),
            named(items, &rare)
        ));
    }
    let bounds = &findings.bounds;
    if bounds.apart * 20 > bounds.replicates || bounds.refused > 0 {
        lines.push(format!(
            "A graph that holds: in {} of {} draws items lose connection, in {} there is no fit at \
             all. Bounds are then partly a convention.",
            grouped(bounds.apart),
            grouped(bounds.replicates),
            grouped(bounds.refused)
        ));
    }
    lines
}

fn ranking(comparisons: &Comparisons, findings: &Findings) -> Vec<String> {
    let items = comparisons.items();
    let bounds = &findings.bounds;
    let order = bounds.superiority.order();
    let close: usize =
        order.windows(2).filter(|two| bounds.superiority.of(two[0], two[1]) < SEPARABLE).count();
    let mut lines = Vec::new();
    if close > 0 {
        lines.push(format!(
            "The order of {close} of {} neighbours in the ranking; items fall into {} that can be \
             told apart.",
            order.len() - 1,
            counted(bounds.groups.len(), "group"),
        ));
    }
    if let Some(first) = bounds.groups.first().filter(|group| group.len() > 1) {
        lines.push(format!("Which item comes first: {} might.", named(items, first)));
    }
    lines
}

/// What a single juror decides.
fn hanging(comparisons: &Comparisons, findings: &Findings) -> Vec<String> {
    let (items, jurors) = (comparisons.items(), comparisons.jurors());
    let weights = &findings.influence.weights;
    let first = |weights: &[f64]| {
        (0..weights.len()).fold(0, |top, at| if weights[at] > weights[top] { at } else { top })
    };
    let top = first(weights);
    let mut lines = Vec::new();
    if findings.effective.jurors < 2 {
        return lines;
    }
    for (juror, part) in findings.influence.left_out.iter().enumerate() {
        let name = shown(&jurors[juror]);
        let Some(change) = &part.change else {
            lines.push(format!(
                "Anything that joins {} to the rest without {name}.",
                named(items, &part.cut_off)
            ));
            continue;
        };
        let without: Vec<f64> = weights.iter().zip(&change.weights).map(|(w, d)| w + d).collect();
        if 0.5 * change.moved >= MUCH {
            lines.push(format!(
                "What hangs on {name}: without it {} of the money goes elsewhere, {} has {} \
                 instead of {}.",
                percent(0.5 * change.moved),
                items[change.item],
                percent(without[change.item]),
                percent(weights[change.item])
            ));
        }
        if first(&without) != top {
            lines.push(format!(
                "That {} is first: without {name} it is {}.",
                items[top],
                items[first(&without)]
            ));
        }
    }
    lines
}
