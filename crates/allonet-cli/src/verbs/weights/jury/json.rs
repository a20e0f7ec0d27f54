//! The report on a jury, for programs.

use allonet_weights::comparisons::Comparisons;
use allonet_weights::jury::alpha::Agreement;
use allonet_weights::jury::cycles::Cycles;
use allonet_weights::jury::influence::LeftOut;
use allonet_weights::jury::repeats::Couples;
use serde_json::{Value, json};

use super::findings::{Findings, SEPARABLE};

/// All of it as one value.
pub(super) fn report(comparisons: &Comparisons, findings: &Findings) -> Value {
    let effective = &findings.effective;
    let sides = &findings.sides;
    let bounds = &findings.bounds;
    let names = |places: &[usize]| -> Vec<&str> {
        places.iter().map(|item| comparisons.items()[*item].as_str()).collect()
    };
    json!({
        "comparisons": comparisons.len(),
        "items": comparisons.items().len(),
        "jurors_with_answers": effective.jurors,
        "model": findings.model.name(),
        "rule": findings.rule,
        "level": findings.level,
        "effective": {
            "jurors_by_answers": effective.by_answers,
            "design_effect": effective.design_effect,
            "correlation_within_jurors": effective.correlation,
            "independent_answers": effective.answers,
        },
        "alpha": {
            "nominal": findings.nominal.as_ref().map(alpha),
            "interval": findings.interval.as_ref().map(alpha),
        },
        "side_bias": {
            "left": sides.pooled.left, "answers": sides.pooled.answers,
            "p_value": sides.pooled.p_value, "mean_absolute": sides.mean_absolute,
            "mean_absolute_of_coins": sides.mean_absolute_of_coins,
        },
        "repeats": {
            "within": couples(&findings.repeats.within),
            "between": couples(&findings.repeats.between),
            "shared_pairs": findings.repeats.shared_pairs,
            "spread_within": findings.repeats.spread_within,
        },
        "cycles": cycles(comparisons, &findings.cycles.overall),
        "camps": findings.clusters.as_ref().map(|clusters| json!({
            "count": clusters.count, "eigenvalues": clusters.eigenvalues,
            "threshold": clusters.threshold,
        })),
        "jurors": (0..comparisons.jurors().len())
            .map(|juror| of_juror(comparisons, findings, juror))
            .collect::<Vec<_>>(),
        "contradictions": contradictions(comparisons, findings),
        "pairs_that_move_most": pairs(comparisons, findings),
        "islands": findings.islands.iter().map(|island| names(island)).collect::<Vec<_>>(),
        "weights": weights(comparisons, findings),
        "groups": bounds.groups.iter().map(|group| names(group)).collect::<Vec<_>>(),
        "told_apart_at": SEPARABLE,
        "bootstrap": {
            "drawn": bounds.drawn, "replicates": bounds.replicates,
            "apart": bounds.apart, "refused": bounds.refused,
        },
    })
}

fn alpha(found: &Agreement) -> Value {
    json!({
        "alpha": found.alpha, "low": found.interval.0, "high": found.interval.1,
        "pairs": found.pairs, "values": found.values,
    })
}

fn couples(found: &Couples) -> Value {
    json!({ "couples": found.count, "disagree": found.disagree, "rate": found.rate() })
}

fn cycles(comparisons: &Comparisons, found: &Cycles) -> Value {
    let worst: Vec<Value> = (found.worst.iter())
        .map(|one| {
            let items = one.items.map(|item| comparisons.items()[item as usize].as_str());
            json!({ "items": items, "order_cycle": one.order_cycle, "gap": one.gap })
        })
        .collect();
    json!({
        "triangles": found.triangles, "order_cycles": found.order_cycles,
        "loops": found.loops, "wide_loops": found.wide_loops, "worst": worst,
        "energy": found.energy.map(|energy| json!({
            "total": energy.total, "gradient": energy.gradient, "cyclic": energy.cyclic,
            "disagreement": energy.disagreement,
        })),
    })
}

fn of_juror(comparisons: &Comparisons, findings: &Findings, juror: usize) -> Value {
    let (sides, fit) = (&findings.sides.jurors[juror], &findings.fits[juror]);
    let part = &findings.influence.left_out[juror];
    json!({
        "juror": comparisons.jurors()[juror],
        "answers": part.rows.len(),
        "left": {
            "share": sides.share(), "low": sides.interval.0, "high": sides.interval.1,
            "p_value": sides.p_value, "adjusted": sides.adjusted,
        },
        "repeats": couples(&findings.repeats.jurors[juror]),
        "spread": findings.repeats.spread[juror],
        "cycles": cycles(comparisons, &findings.cycles.jurors[juror]),
        "others": {
            "answers": fit.answers, "hits": fit.hits, "expected": fit.expected,
            "accuracy": fit.accuracy(), "log_loss": fit.log_loss,
            "better_than_coin": fit.better_than_coin, "too_few": fit.too_few,
            "adjusted": fit.adjusted, "suspect": fit.suspect,
        },
        "influence": influence(comparisons, part),
        "camp": findings.clusters.as_ref().map(|clusters| clusters.of[juror]),
        "weight": findings.capped.as_ref().map(|capped| capped.juror_weights[juror]),
        "doubts": findings.doubts(juror),
    })
}

fn influence(comparisons: &Comparisons, part: &LeftOut) -> Value {
    let items = comparisons.items();
    json!({
        "cut_off": part.cut_off.iter().map(|item| items[*item].as_str()).collect::<Vec<_>>(),
        "moved": part.change.as_ref().map(|change| change.moved),
        "item": part.change.as_ref().map(|change| items[change.item].as_str()),
        "change": part.change.as_ref().map(|change| change.weights[change.item]),
    })
}

fn contradictions(comparisons: &Comparisons, findings: &Findings) -> Vec<Value> {
    let lines =
        |rows: &[usize]| -> Vec<u32> { rows.iter().map(|at| comparisons.line(*at)).collect() };
    let found = findings.repeats.contradictions.iter();
    found
        .map(|one| {
            let (a, b) = one.pair;
            json!({
                "juror": comparisons.jurors()[one.juror as usize],
                "items": [comparisons.items()[a as usize], comparisons.items()[b as usize]],
                "lines": [lines(&one.first), lines(&one.second)],
            })
        })
        .collect()
}

/// Pairs that are listed.
const LISTED: usize = 10;

fn pairs(comparisons: &Comparisons, findings: &Findings) -> Vec<Value> {
    let mut parts: Vec<&LeftOut> = findings.pairs.left_out.iter().collect();
    let moved = |part: &LeftOut| part.change.as_ref().map_or(f64::INFINITY, |one| one.moved);
    parts.sort_by(|a, b| moved(b).total_cmp(&moved(a)).then(a.rows.cmp(&b.rows)));
    let with_pair = |part: &LeftOut| {
        let (a, b) = comparisons.row(part.rows[0]).pair();
        json!({
            "items": [comparisons.items()[a as usize], comparisons.items()[b as usize]],
            "answers": part.rows.len(),
            "influence": influence(comparisons, part),
        })
    };
    parts.into_iter().take(LISTED).map(with_pair).collect()
}

fn weights(comparisons: &Comparisons, findings: &Findings) -> Vec<Value> {
    let bounds = &findings.bounds;
    let of_item = |item: &usize| {
        let (bound, ranks) = (bounds.intervals[*item], bounds.ranks[*item]);
        json!({
            "item": comparisons.items()[*item], "weight": bounds.weights[*item],
            "low": bound.low, "high": bound.high,
            "best_rank": ranks.best, "worst_rank": ranks.worst,
        })
    };
    bounds.superiority.order().iter().map(of_item).collect()
}
