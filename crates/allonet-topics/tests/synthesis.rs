//! Synthesis and regrets against 40 epochs of our own reference and four of the
//! authors' simulator, weights and intervals against cases of our own.

use std::collections::BTreeMap;

use allonet_topics::layout::Layout;
use allonet_topics::memory::Regrets;
use allonet_topics::settings::{Form, Potential, Settings};
use allonet_topics::spread;
use allonet_topics::synthesis::intervals::{Interval, QUANTILES, intervals};
use allonet_topics::synthesis::{Inputs, Synthesis, synthesise};
use serde_json::Value;

const INFERERS: usize = 5;
const FORECASTERS: usize = 3;
const WORKERS: usize = INFERERS + FORECASTERS;

/// A row of a table, by column.
struct Row(BTreeMap<String, f64>);

impl Row {
    fn get(&self, column: &str) -> f64 {
        *self.0.get(column).unwrap_or_else(|| panic!("there is no column {column}"))
    }

    /// Columns `before0after`, `before1after` and so on.
    fn all(&self, before: &str, count: usize, after: &str) -> Vec<f64> {
        (0..count).map(|number| self.get(&format!("{before}{number}{after}"))).collect()
    }

    /// In the order of the layout: inferences, or their losses.
    fn layout(&self, names: [&str; 6]) -> Vec<f64> {
        let [network, naive, inference, implied, out, r#in] = names;
        let mut values = vec![self.get(network), self.get(naive)];
        values.extend(self.all(inference, INFERERS, ""));
        values.extend(self.all(implied, FORECASTERS, ""));
        for inferer in 0..INFERERS {
            values.extend(self.all(implied, FORECASTERS, &format!("_oneout_{inferer}")));
        }
        values.extend(self.all(out, WORKERS, ""));
        values.extend(self.all(r#in, FORECASTERS, ""));
        values
    }

    fn inferences(&self) -> Vec<f64> {
        self.layout([
            "network_inference",
            "network_naive_inference",
            "inference_",
            "forecast_implied_inference_",
            "network_inference_oneout_",
            "network_naive_inference_onein_",
        ])
    }

    fn losses(&self) -> Vec<f64> {
        self.layout([
            "network_loss",
            "network_naive_loss",
            "inference_loss_",
            "forecast_implied_inference_loss_",
            "network_loss_oneout_",
            "network_naive_loss_onein_",
        ])
    }

    fn regrets(&self) -> Regrets {
        let worker = "inference_regret_worker_";
        let out = |left_out| self.all(worker, WORKERS, &format!("_oneout_{left_out}"));
        let r#in = |let_in| self.all(worker, INFERERS + 1, &format!("_onein_{let_in}"));
        Regrets {
            network: self.all(worker, WORKERS, ""),
            naive: self.all("naive_inference_regret_worker_", INFERERS, ""),
            one_out: (0..WORKERS).flat_map(out).collect(),
            one_in: (0..FORECASTERS).flat_map(r#in).collect(),
        }
    }

    fn forecasts(&self) -> Vec<f64> {
        (0..FORECASTERS)
            .flat_map(|k| self.all(&format!("forecasted_loss_{k}_for_"), INFERERS, ""))
            .collect()
    }
}

fn rows(file: &str) -> Option<Vec<Row>> {
    let text = allonet_testdata::text(file)?;
    let mut lines = text.lines();
    let columns: Vec<&str> = lines.next().expect("a header").split(',').collect();
    let row = |line: &str| {
        let cells = line.split(',').map(|cell| cell.parse().unwrap_or(f64::NAN));
        Row(columns.iter().map(ToString::to_string).zip(cells).collect())
    };
    Some(lines.map(row).collect())
}

fn assert_close(what: &str, got: &[f64], want: &[f64], tolerance: f64) {
    assert_eq!(got.len(), want.len(), "{what}");
    for (place, (got, want)) in got.iter().zip(want).enumerate() {
        let off = (got - want).abs() / want.abs().max(1e-12);
        assert!(off <= tolerance, "{what} {place}: {got} is not {want} ({off:e})");
    }
}

fn clip() -> Settings {
    Settings { form: Form::Clip, ..Settings::default() }
}

/// The synthesis of a row from the regrets of the row before.
fn synthesis(settings: &Settings, row: &Row, regrets: &Regrets, loss: Option<f64>) -> Synthesis {
    let mut out = Synthesis::default();
    let inputs = Inputs {
        layout: Layout::new(INFERERS, FORECASTERS),
        inferences: &row.all("inference_", INFERERS, ""),
        forecasts: &row.forecasts(),
        last_loss: loss,
        regrets,
    };
    synthesise(settings, &inputs, &mut out);
    out
}

fn assert_intervals(out: &Synthesis, row: &Row) {
    let own = &out.values[out.layout.workers_own()];
    let got = intervals(Interval::Plain, own, &out.weights, out.network(), &QUANTILES);
    assert_close("interval", &got, &row.all("network_inference_errorbar_", 5, ""), 1e-12);
}

fn assert_regrets(got: &Regrets, want: &Regrets) {
    assert_close("regret", &got.network, &want.network, 1e-12);
    assert_close("naive regret", &got.naive, &want.naive, 1e-12);
    assert_close("one-out regret", &got.one_out, &want.one_out, 1e-12);
    assert_close("one-in regret", &got.one_in, &want.one_in, 1e-12);
}

#[test]
fn forty_epochs_of_our_own_reference() {
    let Some(rows) = rows("allora/own_vectors_topic.csv") else { return };
    assert_eq!(rows.len(), 40);
    let layout = Layout::new(INFERERS, FORECASTERS);
    let mut regrets = Regrets::even(layout, 0.0);
    let mut loss = None;
    for (epoch, row) in rows.iter().enumerate() {
        let out = synthesis(&clip(), row, &regrets, loss);
        let what = format!("epoch {epoch}: inference");
        assert_close(&what, &out.values, &row.inferences(), 1e-12);
        let weights = row.all("network_weight_", WORKERS, "");
        let sum: f64 = weights.iter().sum();
        let shares: Vec<f64> = weights.iter().map(|weight| weight / sum).collect();
        assert_close(&format!("epoch {epoch}: share"), &out.weights, &shares, 1e-12);
        assert_intervals(&out, row);
        regrets.update(layout, &row.losses(), 0.1);
        assert_regrets(&regrets, &row.regrets());
        // Back on the reference, so that each epoch is judged alone.
        regrets = row.regrets();
        loss = Some(row.get("network_loss"));
    }
}

#[test]
fn epochs_of_the_authors_simulator() {
    let Some(rows) = rows("allora/topic_sim_epochs_300_303.csv") else { return };
    let layout = Layout::new(INFERERS, FORECASTERS);
    for pair in rows.windows(2) {
        let [before, row] = pair else { unreachable!("windows of two") };
        let (mut regrets, loss) = (before.regrets(), Some(before.get("network_loss")));
        let out = synthesis(&clip(), row, &regrets, loss);
        assert_close("inference", &out.values, &row.inferences(), 1e-12);
        assert_intervals(&out, row);
        let ratio = synthesis(&Settings::default(), row, &regrets, loss);
        let want = row.inferences();
        // Without inferer 4, two sets of forecasted regrets are so low that the
        // clip shows in the fifth digit of what is made of them.
        let (own, without) = (..layout.implied_without().start, layout.implied_without_one(4));
        assert_close("ratio", &ratio.values[own], &want[own], 1e-6);
        assert_close("ratio without 4", &ratio.values[without.clone()], &want[without], 2e-5);
        for place in layout.implied_without().start..layout.one_outs().start - FORECASTERS {
            assert_close("ratio", &ratio.values[place..=place], &want[place..=place], 1e-6);
        }
        for (worker, place) in layout.one_outs().enumerate() {
            let tolerance = if worker == 4 { 2e-5 } else { 1e-6 };
            assert_close("ratio", &ratio.values[place..=place], &want[place..=place], tolerance);
        }
        let ins = layout.one_ins();
        assert_close("ratio", &ratio.values[ins.clone()], &want[ins], 1e-6);
        regrets.update(layout, &row.losses(), 0.1);
        assert_regrets(&regrets, &row.regrets());
    }
}

fn numbers(value: &Value) -> Vec<f64> {
    let list = value.as_array().expect("a list");
    list.iter().map(|number| number.as_f64().unwrap_or(f64::NAN)).collect()
}

fn cases(name: &str) -> Option<Vec<Value>> {
    let text = allonet_testdata::text("allora/own_cases.json")?;
    // The reference writes 0/0 as NaN, which JSON has not.
    let all: Value = serde_json::from_str(&text.replace("NaN", "null")).expect("JSON");
    Some(all[name].as_array().expect("a list").clone())
}

#[test]
fn weights_of_our_own_cases() {
    let Some(cases) = cases("weights") else { return };
    assert_eq!(cases.len(), 60);
    let potential = Potential { p: 3.0, c: 0.75 };
    for case in &cases {
        let regrets = numbers(&case["regrets"]);
        let weigh = |form, scale| {
            let mut weights = regrets.clone();
            potential.weigh(form, scale, &mut weights);
            weights
        };
        let most = regrets.iter().fold(0.0_f64, |most, regret| most.max(regret.abs()));
        // Normalised regrets of thousands have no more digits than this in the
        // reference, of which the weight is an exponential.
        let tolerance = |scale: f64| 1e-12_f64.max(3.0 * 2.0 * f64::EPSILON * most / scale);
        let scale = spread::standard_deviation(&regrets) + 0.01;
        let clipped = weigh(Form::Clip, scale);
        assert_close("clip", &clipped, &numbers(&case["chain_v06_ddof1_clip"]), tolerance(scale));
        let scale = spread::MAD_SCALE * spread::median_deviation(&mut regrets.clone()) + 0.01;
        let ratios = weigh(Form::Ratio, scale);
        assert_close("ratio", &ratios, &numbers(&case["chain_v016_mad_ratio"]), tolerance(scale));
    }
}

#[test]
fn intervals_of_our_own_cases() {
    let Some(cases) = cases("ci") else { return };
    assert_eq!(cases.len(), 20);
    for case in &cases {
        let (inferences, weights) = (numbers(&case["inferences"]), numbers(&case["weights"]));
        let network = case["network_inference"].as_f64().expect("a number");
        let quantiles = numbers(&case["quantiles"]);
        for (interval, name) in
            [(Interval::Plain, "no_shrink"), (Interval::Shrunk, "eq16_shrink_N")]
        {
            let got = intervals(interval, &inferences, &weights, network, &quantiles);
            assert_close(name, &got, &numbers(&case[name]), 1e-12);
        }
    }
}
