//! Laws that hold for every mechanism of a catalogue, on random input.
//!
//! Each mechanism has one function that draws a network's worth of input for
//! it ([`Case`]). Two thousand and more such cases are run for each: as drawn,
//! with the rows of its tables in another order, and with one cell replaced by
//! something nasty. Whatever happens, nothing panics and no money is lost.

use std::sync::Arc;

use allonet_core::card::Value;
use allonet_core::fault::SourceFile;
use allonet_core::mechanism::{Purse, State};
use allonet_core::money::{Amount, Asset};
use allonet_core::trial::{NoTrial, Trial, TurnResult};

use crate::draw::Draw;

/// How many cases are drawn for each mechanism.
const CASES: u64 = 2_000;

/// One mechanism with random input.
#[derive(Debug)]
pub struct Case {
    /// The mechanism and its settings.
    pub trial: Trial,
    /// Base units of the main asset that come in.
    pub pool: u128,
    /// Settings whose tables may have their rows in any order.
    pub unordered: &'static [&'static str],
}

/// A mechanism and how to draw a case for it.
pub type Maker = (&'static str, fn(&mut Draw) -> Case);

/// Runs all cases of one mechanism.
///
/// # Panics
///
/// If it breaks a law, or hardly ever comes to a result.
pub fn keeps_the_laws((id, make): &Maker) {
    let (mut came_to_a_result, mut did_something) = (0, 0);
    for seed in 0..CASES {
        let mut draw = Draw::new(seed);
        let mut case = make(&mut draw);
        case.trial.assets = assets(&mut draw, case.trial.assets[0].clone());
        let about = format!("{id}, seed {seed}");
        let result = check(&case, &about);
        if let Ok(result) = &result {
            came_to_a_result += 1;
            let TurnResult { payouts, outcome, .. } = result;
            let quiet =
                payouts.is_empty() && outcome.signals.is_empty() && outcome.state.is_empty();
            did_something += u32::from(!quiet);
        }
        let mut shuffled = Case { trial: case.trial.clone(), ..case };
        case.unordered.iter().for_each(|name| shuffle(&mut shuffled.trial, name, &mut draw));
        match (&result, check(&shuffled, &about)) {
            (Ok(first), Ok(second)) => assert_eq!(told(first), told(&second), "{about}: order"),
            (first, second) => {
                assert_eq!(first.is_ok(), second.is_ok(), "{about}: order\n{first:?}\n{second:?}");
            }
        }
        let mut hostile = Case { trial: case.trial.clone(), ..case };
        spoil(&mut hostile.trial, &mut draw);
        let _: Result<TurnResult, NoTrial> = check(&hostile, &format!("{about}, spoiled"));
    }
    let half = u32::try_from(CASES / 2).expect("a small number");
    assert!(came_to_a_result >= half, "{id}: only {came_to_a_result} of {CASES} cases have input");
    assert!(did_something >= half / 2, "{id}: only {did_something} of {CASES} cases do something");
}

/// Runs a case twice: both give the same, and no money is lost or made.
fn check(case: &Case, about: &str) -> Result<TurnResult, NoTrial> {
    let trial = &case.trial;
    let rule = trial.build()?;
    let mut purse = Purse::new(vec![Amount::from_base(case.pool)]);
    for asset in 1..trial.assets.len() {
        purse.put(asset, Amount::from_base(case.pool % 1_009)).expect("small amounts");
    }
    let turn = |rule| trial.turn(rule, 0, &purse, &purse, &trial.events, &State::empty());
    let result = turn(&*rule)?;
    assert_eq!(turn(&*trial.build()?).as_ref(), Ok(&result), "{about}: determinism");
    for asset in 0..trial.assets.len() {
        let paid = result.payouts.iter().filter(|payout| payout.asset == asset);
        let paid = paid.map(|payout| payout.amount);
        let kept = [result.retained.of(asset), result.unspent.of(asset)];
        let all = Amount::sum(paid.chain(kept), "a test").expect("parts of one purse");
        assert_eq!(all, purse.of(asset), "{about}: conservation of asset {asset}");
    }
    Ok(result)
}

/// What must not depend on the order of rows. Remarks may name lines.
fn told(result: &TurnResult) -> impl PartialEq + std::fmt::Debug + '_ {
    let TurnResult { payees, payouts, retained, unspent, outcome } = result;
    (payees, payouts, retained, unspent, &outcome.signals, &outcome.state)
}

/// The main asset, and one more in a third of all cases.
fn assets(draw: &mut Draw, main: Asset) -> Vec<Asset> {
    let mut assets = vec![main];
    if draw.chance(3) {
        assets.push(Asset::new("TOKEN", 18));
    }
    assets
}

fn text_of(trial: &Trial, name: &str) -> Option<Arc<SourceFile>> {
    trial.settings.file(name).cloned()
}

/// Puts the rows of a table into another order; its header stays.
fn shuffle(trial: &mut Trial, name: &'static str, draw: &mut Draw) {
    let Some(file) = text_of(trial, name) else { return };
    let (header, rows) = file.text.split_once('\n').unwrap_or((&file.text, ""));
    let mut rows: Vec<&str> = rows.lines().collect();
    draw.shuffle(&mut rows);
    let text = format!("{header}\n{}\n", rows.join("\n"));
    *trial = trial.clone().file(name, &text);
}

/// Cells that have surprised somebody before.
const NASTY: &[&str] = &[
    "",
    "-1",
    "0",
    "NaN",
    "inf",
    "-inf",
    "1e400",
    "1e308",
    "-0",
    "null",
    "79228162514264337593543950336",
    "340282366920938463463374607431768211456",
    "115792089237316195423570985008687907853269984665640564039457584007913129639936",
    "0.000000000000000000000000000001",
    "1,000",
    "0x00000000000000000000000000000000000000aA",
    "a b",
    "\u{feff}é\u{0}",
    "2026-13-01",
    "true",
    "\"",
];

/// Replaces one cell of one table, or doubles or drops one of its rows.
fn spoil(trial: &mut Trial, draw: &mut Draw) {
    let settings = trial.entry.card.settings;
    let files: Vec<&'static str> =
        settings.iter().map(|s| s.name).filter(|name| text_of(trial, name).is_some()).collect();
    if files.is_empty() {
        return;
    }
    let name = files[draw.below(files.len())];
    let file = text_of(trial, name).expect("it was found");
    let mut rows: Vec<Vec<String>> =
        file.text.lines().map(|row| row.split(',').map(str::to_owned).collect()).collect();
    if rows.len() < 2 {
        return;
    }
    let row = 1 + draw.below(rows.len() - 1);
    match draw.below(8) {
        0 => rows.push(rows[row].clone()),
        1 => drop(rows.remove(row)),
        2 => rows.truncate(1),
        _ => {
            let cell = draw.below(rows[row].len());
            NASTY[draw.below(NASTY.len())].clone_into(&mut rows[row][cell]);
        }
    }
    let text: Vec<String> = rows.iter().map(|row| row.join(",")).collect();
    let path = file.path.clone();
    let file = SourceFile::new(path, text.join("\n") + "\n");
    *trial = trial.clone().set(name, Value::File(file));
}
