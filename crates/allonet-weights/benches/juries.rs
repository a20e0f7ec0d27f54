//! How well models of jurors do on juries that never were, and on real duels.
//!
//! ```text
//! juries                        times of fits
//! juries accuracy FOLDER SEEDS  juries as CSV files, and errors of our rules
//! juries coverage SEEDS         how often 90 % intervals hold the truth
//! juries holdout FILE…          each juror of real comparisons left out once
//! ```
//!
//! `bench/peers/juries.sh` runs other libraries on the same files.

#![expect(clippy::print_stdout, reason = "a bench tells its figures")]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;
use std::time::Instant;

use allonet_core::fault::SourceFile;
use allonet_core::maths;
use allonet_weights::comparisons::{Builder, Choice, Comparisons, Reading};
use allonet_weights::estimate::{centre, logistic};
use allonet_weights::juror_model::{
    JurorModel, NINETY_PER_CENT, ReliabilitySettings, ScaleSettings, juror_scale, reliability,
};
use allonet_weights::rules::{FitError, Parameters, fit};
use allonet_weights::synthetic::{Drawn, Jury};

fn main() {
    let arguments: Vec<String> =
        std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["accuracy", folder, seeds] => accuracy(Path::new(folder), number(seeds)),
        ["coverage", seeds] => coverage(number(seeds)),
        ["holdout", ref files @ ..] => holdout(files),
        _ => times(),
    }
}

fn number(text: &str) -> u64 {
    text.parse().expect("a number of seeds")
}

/// A jury, how much it is asked, and what is wrong with it.
struct Scenario {
    name: &'static str,
    jury: Jury,
    answers: usize,
    reversed: usize,
}

fn scenarios() -> Vec<Scenario> {
    let scenario = |name, jury, reversed| Scenario { name, jury, answers: 3_000, reversed };
    let third = 1.0 / 3.0;
    vec![
        scenario("random 33 %", Jury { random: third, ..Jury::default() }, 0),
        scenario("clean", Jury::default(), 0),
        scenario("random 50 %", Jury { random: 0.5, ..Jury::default() }, 0),
        scenario("reversed 10 %", Jury::default(), 3),
        scenario("side bias", Jury { side: 1.5, ..Jury::default() }, 0),
        scenario(
            "10 answers each and random 33 %",
            Jury { jurors: 300, random: third, ..Jury::default() },
            0,
        ),
    ]
}

impl Scenario {
    fn draw(&self, seed: u64) -> (Drawn, Comparisons) {
        let mut drawn = self.jury.draw(seed);
        let comparisons = drawn.comparisons(self.answers);
        if self.reversed == 0 {
            return (drawn, comparisons);
        }
        let mut builder = drawn.builder();
        for row in comparisons.rows() {
            let reversed = (row.juror as usize) < self.reversed;
            let choice = match row.choice {
                Choice::Left if reversed => Choice::Right,
                Choice::Right if reversed => Choice::Left,
                choice => choice,
            };
            builder.push(row.juror, (row.left, row.right), choice, None);
        }
        (drawn, builder.finish())
    }
}

fn accuracy(folder: &Path, seeds: u64) {
    std::fs::create_dir_all(folder).expect("the folder can be made");
    println!("scenario,seed,method,tau,rmse");
    for (at, scenario) in scenarios().iter().enumerate() {
        for seed in 0..seeds {
            let (drawn, comparisons) = scenario.draw(seed);
            write_jury(folder, (at, scenario, seed), &drawn, &comparisons);
            let tell = |method: &str, log_weights: &[f64]| {
                let (tau, rmse) = errors(&drawn.truth, log_weights);
                println!("{},{seed},{method},{tau:.6},{rmse:.6}", scenario.name);
            };
            let model = reliability(&comparisons, &ReliabilitySettings::default());
            tell("allonet reliability", &model.expect("it settles").estimate.log_weights);
            tell("(knows who answers at random)", &knowing(scenario, &drawn, &comparisons));
        }
    }
}

/// The same fit told which jurors are at random or reversed: what no method that
/// must find out can be expected to pass by much.
fn knowing(scenario: &Scenario, drawn: &Drawn, comparisons: &Comparisons) -> Vec<f64> {
    let left = comparisons.filter(|row| !drawn.random[row.juror as usize]);
    let mut builder = drawn.builder();
    for row in left.rows() {
        let (left, right) = (row.left, row.right);
        let pair =
            if (row.juror as usize) < scenario.reversed { (right, left) } else { (left, right) };
        builder.push(row.juror, pair, row.choice, None);
    }
    // That the rest are diligent is then soon learnt.
    let told = ReliabilitySettings { prior_jurors: 0.1, reversed: false, ..Default::default() };
    let model = reliability(&builder.finish(), &told).expect("it settles");
    model.estimate.log_weights
}

fn write_jury(
    folder: &Path,
    (at, scenario, seed): (usize, &Scenario, u64),
    drawn: &Drawn,
    comparisons: &Comparisons,
) {
    let mut text = String::from("juror,left,right,right_wins\n");
    for row in comparisons.rows() {
        let right_wins = u8::from(row.choice == Choice::Right);
        writeln!(text, "{},{},{},{right_wins}", row.juror, row.left, row.right)
            .expect("text grows");
    }
    let mut truth = format!("{}\n", scenario.name);
    for log_weight in &drawn.truth {
        writeln!(truth, "{log_weight}").expect("text grows");
    }
    std::fs::write(folder.join(format!("{at}-{seed}.csv")), text).expect("it can be written");
    std::fs::write(folder.join(format!("{at}-{seed}.truth")), truth).expect("it can be written");
}

/// Kendall's τ, and the root mean square error of centred log weights.
fn errors(truth: &[f64], found: &[f64]) -> (f64, f64) {
    let (mut truth, mut found) = (truth.to_vec(), found.to_vec());
    centre(&mut truth);
    centre(&mut found);
    let (mut agreed, mut pairs) = (0.0, 0.0);
    for a in 0..truth.len() {
        for b in 0..a {
            agreed += ((truth[a] - truth[b]) * (found[a] - found[b])).signum();
            pairs += 1.0;
        }
    }
    let squares = truth.iter().zip(&found).map(|(a, b)| (a - b) * (a - b));
    (agreed / pairs, (maths::sum(squares) / truth.len() as f64).sqrt())
}

fn coverage(seeds: u64) {
    let directions =
        |comparisons: &Comparisons| reliability(comparisons, &ReliabilitySettings::default());
    let intensities =
        |comparisons: &Comparisons| juror_scale(comparisons, &ScaleSettings::default());
    let scales = Jury { noise: 1.0, scale: 0.3, side: 0.3, ..Jury::default() };
    let third = 1.0 / 3.0;
    println!("jury                           coverage  mean error  mean deviation  bias");
    cover("clean", &Jury::default(), seeds, directions);
    cover("random 33 %", &Jury { random: third, ..Jury::default() }, seeds, directions);
    cover("scales", &scales, seeds, intensities);
    cover("scales, random 33 %", &Jury { random: third, ..scales }, seeds, intensities);
}

/// How often intervals hold the truth, over all items of so many juries.
fn cover(
    name: &str,
    jury: &Jury,
    seeds: u64,
    model: impl Fn(&Comparisons) -> Result<JurorModel, FitError>,
) {
    let (mut held, mut count, mut error, mut deviation) = (0_u64, 0_u64, 0.0, 0.0);
    let (mut along, mut square) = (0.0, 0.0);
    for seed in 0..seeds {
        let mut drawn = jury.draw(1_000 + seed);
        let fitted = model(&drawn.comparisons(3_000)).expect("it settles");
        centre(&mut drawn.truth);
        for (item, truth) in drawn.truth.iter().enumerate() {
            let (low, high) = fitted.interval(item, NINETY_PER_CENT);
            held += u64::from((low..=high).contains(truth));
            count += 1;
            let found = fitted.estimate.log_weights[item];
            error += (found - truth) * (found - truth);
            deviation += fitted.deviations[item];
            along += found * truth;
            square += truth * truth;
        }
    }
    let all = count as f64;
    println!(
        "{name:<30} {:>7.1}%  {:>10.4}  {:>14.4}  {:>+.4}",
        100.0 * held as f64 / all,
        (error / all).sqrt(),
        deviation / all,
        along / square - 1.0
    );
}

/// The comparisons of all files, by juror; those without one are one juror's.
fn read(files: &[&str]) -> Comparisons {
    let mut builder = Builder::default();
    for path in files {
        let text = std::fs::read_to_string(path).expect("the file can be read");
        let read = read_what_can_be(path, text);
        for row in read.rows() {
            let juror = builder.juror(&read.jurors()[row.juror as usize]);
            let left = builder.item(&read.items()[row.left as usize]);
            let right = builder.item(&read.items()[row.right as usize]);
            builder.push(juror, (left, right), row.choice, row.intensity);
        }
    }
    builder.finish()
}

/// Leaves out rows that cannot be read, such as an item beside itself.
fn read_what_can_be(path: &str, mut text: String) -> Comparisons {
    loop {
        let file = SourceFile::new(path, text.as_str());
        let faults = match Comparisons::read(&file, &Reading::default()) {
            Ok(read) => return read,
            Err(faults) => faults,
        };
        let places = faults.iter().filter_map(|fault| fault.place.as_ref());
        let bad: BTreeSet<usize> =
            places.map(|place| text[..place.span.start].matches('\n').count()).collect();
        assert!(!bad.is_empty(), "{path}: {}", faults[0]);
        println!("{path}: left out {} rows, such as: {}", bad.len(), faults[0]);
        let good = text.lines().enumerate().filter(|(line, _)| !bad.contains(line));
        text = good.map(|(_, line)| [line, "\n"].concat()).collect();
    }
}

fn holdout(files: &[&str]) {
    let all = read(files);
    println!("{} items, {} answers", all.items().len(), all.len());
    let started = Instant::now();
    let model = reliability(&all, &ReliabilitySettings::default()).expect("it settles");
    println!("reliability in {:.2} s: spread {:.2}", started.elapsed().as_secs_f64(), model.spread);
    for (name, juror) in all.jurors().iter().zip(&model.jurors) {
        let kept = juror.reliability.expect("this model has one");
        println!(
            "{name:<20} answers {:>6} effective {:>7.0} reliability {:.2} ({:.2} to {:.2}) \
             side {:+.2}",
            juror.answers,
            juror.effective_answers,
            kept.value,
            kept.low,
            kept.high,
            juror.side.value
        );
    }
    if all.jurors().len() < 2 {
        return;
    }
    println!("left out,rule,accuracy,log loss");
    for (place, name) in all.jurors().iter().enumerate() {
        let others = all.filter(|row| row.juror as usize != place);
        let asked = all.filter(|row| row.juror as usize == place);
        let model = reliability(&others, &ReliabilitySettings::default()).expect("it settles");
        let plain = plain(&others);
        for (rule, log_weights) in
            [("reliability", &model.estimate.log_weights), ("ridge Bradley-Terry", &plain)]
        {
            let (accuracy, loss) = foretold(&asked, log_weights);
            println!("{name},{rule},{accuracy:.4},{loss:.4}");
        }
    }
}

/// Bradley–Terry with the same prior on items, all jurors alike: all answers
/// come from one juror who is diligent for sure.
fn plain(comparisons: &Comparisons) -> Vec<f64> {
    let mut builder = Builder::default();
    for item in comparisons.items() {
        builder.item(item);
    }
    let juror = builder.juror("all");
    for row in comparisons.rows() {
        builder.push(juror, (row.left, row.right), row.choice, None);
    }
    let parameters = Parameters::default().with("side-bias", 0.0).with("reversed", 0.0);
    let fitted = fit("reliability", &builder.finish(), &parameters).expect("it settles");
    fitted.log_weights
}

/// Share of answers foretold, and the mean of `−ln` of the probability given to
/// each.
fn foretold(asked: &Comparisons, log_weights: &[f64]) -> (f64, f64) {
    let (mut right, mut loss) = (0.0, 0.0);
    for row in asked.rows() {
        let gap = log_weights[row.right as usize] - log_weights[row.left as usize];
        let sign = row.choice.sign();
        right += if sign == 0.0 { 0.5 } else { f64::from(u8::from(sign * gap > 0.0)) };
        loss -= maths::ln(logistic(sign * gap).max(1e-12));
    }
    (right / asked.len() as f64, loss / asked.len() as f64)
}

fn times() {
    for (items, answers, jurors) in [(100, 3_000, 30), (1_000, 100_000, 300)] {
        let jury = Jury { items, jurors, random: 0.3, noise: 1.0, ..Jury::default() };
        let comparisons = jury.draw(1).comparisons(answers);
        for rule in ["reliability", "juror-scale"] {
            let started = Instant::now();
            let fitted = fit(rule, &comparisons, &Parameters::default()).expect("it settles");
            let seconds = started.elapsed().as_secs_f64();
            println!(
                "{rule}: {items} items, {answers} answers, {jurors} jurors: {seconds:.3} s, \
                 {} iterations",
                fitted.iterations
            );
        }
    }
}
