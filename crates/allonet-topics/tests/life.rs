//! The life of a topic: windows, what is closed, and the outcome of the unusual.

#![allow(clippy::float_cmp, reason = "equal to the last bit, or a value given")]

mod kit;

use allonet_core::random::Random;
use allonet_topics::commitment::Committed;
use allonet_topics::consensus::Reports;
use allonet_topics::epoch::{Scratch, settle};
use allonet_topics::layout::Layout;
use allonet_topics::life::{Places, Reason, Role};
use allonet_topics::loss::Loss;
use allonet_topics::memory::Memory;
use allonet_topics::settings::Settings;
use allonet_topics::synthesis::{Inputs, Synthesis, synthesise};
use kit::{EPOCH, Stage, at, base, inferences, names, rules, scored, skipped};
use serde_json::json;

#[test]
fn an_epoch_by_hand() {
    let mut stage = Stage::new(rules(), &["ann", "ben"], &["flo"], &["rob"]);
    stage.infer(0, "ben", 2.0);
    stage.infer(0, "ann", 1.0);
    // Of ann a loss of 10^-2 is expected, of ben one of 10^0.
    stage.forecast(0, "flo", json!({"ann": -2.0, "ben": 0.0}));
    assert!(stage.advance(59).is_empty());
    let inference = stage.inference(60);
    assert_eq!((inference.epoch, inference.time), (0, at(60)));
    assert_eq!(names(&inference.inferers), ["ann", "ben"]);
    assert_eq!(names(&inference.forecasters), ["flo"]);
    let (label, layout) = (&inference.labels[0], inference.layout());
    assert_eq!(label.values[layout.inferences()], [1.0, 2.0]);
    assert!((label.naive() - 1.5).abs() < 1e-15);
    let implied = label.values[layout.implied().start];
    assert!(implied > 1.0 && implied < 1.1, "{implied}");
    // All regrets are 0: the three count alike.
    assert!((label.network() - (3.0 + implied) / 3.0).abs() < 1e-15);
    assert!(label.interval.is_sorted() && label.interval.len() == 5);

    stage.report(0, "rob", 1.0);
    assert!(stage.advance(149).is_empty());
    let scored = stage.scored(150);
    assert_eq!((scored.epoch, scored.time), (0, at(150)));
    assert_eq!(scored.stakes, [base(1000)]);
    // Ben lost (2 − 1)² = 1, ann nothing at all.
    let own = &scored.settled.losses[layout.inferences()];
    assert_eq!(own, [-300.0, 0.0]);
    assert!(scored.settled.inferer_scores[0] > scored.settled.inferer_scores[1]);
    let network = scored.settled.losses[0];
    assert_eq!(stage.topic.network_loss(), Some(network));
    assert!(stage.topic.regret("ann", Role::Inferer) > Some(0.0));
    assert!((stage.topic.regret("ben", Role::Inferer).unwrap() - 0.1 * network).abs() < 1e-14);

    let payouts = stage.topic.reward(0, base(1_000_000)).unwrap();
    assert_eq!(payouts.len(), 4);
    assert_eq!(payouts.iter().map(|paid| paid.own.to_u128().unwrap()).sum::<u128>(), 1_000_000);
    stage.assert_conserved();
}

#[test]
fn windows_contain_their_first_second_and_not_their_last() {
    let mut stage = Stage::new(rules(), &["ann", "ben", "cat"], &[], &["rob", "sam", "tom"]);
    let infer = json!({"epoch": 1, "value": 1.0});
    assert_eq!(stage.refused(99, "ann", "infer", infer.clone()), "too-early");
    stage.must(100, "ann", "infer", infer.clone());
    stage.must(159, "ben", "infer", infer.clone());
    assert_eq!(stage.refused(160, "cat", "infer", infer), "too-late");
    let report = json!({"epoch": 1, "truth": 1.5});
    assert_eq!(stage.refused(199, "rob", "report", report.clone()), "too-early");
    stage.must(200, "rob", "report", report.clone());
    stage.must(249, "sam", "report", report.clone());
    assert_eq!(names(&stage.scored(250).reputers), ["rob", "sam"]);
    assert_eq!(stage.refused(250, "tom", "report", report), "too-late");
}

#[test]
fn several_epochs_are_under_way_where_the_truth_lags() {
    let mut rules = rules();
    rules.schedule.truth_lag_epochs = 3;
    let mut stage = Stage::new(rules, &["ann", "ben"], &[], &["rob"]);
    for epoch in 0..3 {
        stage.infer(epoch, "ann", 1.0);
        stage.infer(epoch, "ben", 2.0);
    }
    assert_eq!(inferences(&stage.advance(290)).len(), 3);
    assert_eq!(stage.topic.awaiting_truth().collect::<Vec<_>>(), [0, 1, 2]);
    for epoch in 0..3 {
        let time = (epoch + 3) * EPOCH;
        stage.must(time, "rob", "report", json!({"epoch": epoch, "truth": 1.25}));
    }
    let epochs: Vec<u64> = scored(&stage.advance(600)).iter().map(|scored| scored.epoch).collect();
    assert_eq!(epochs, [0, 1, 2]);
}

#[test]
fn empty_epochs_are_passed_over_in_one_go() {
    let mut stage = Stage::new(rules(), &["ann"], &[], &["rob"]);
    let closed = skipped(&stage.advance(100_000 * EPOCH + 60));
    assert_eq!(closed.len(), 1);
    assert_eq!((closed[0].first, closed[0].last), (0, 100_000));
    assert_eq!((closed[0].reason, closed[0].time), (Reason::Empty, at(100_000 * EPOCH + 60)));
    // A billion years at once cost no more.
    stage.topic.advance(at(i64::MAX));
    assert_eq!(stage.refused_time(), "event-time");
}

trait Late {
    fn refused_time(&mut self) -> &'static str;
}

impl Late for Stage {
    fn refused_time(&mut self) -> &'static str {
        self.take(i64::MAX, "ann", "fund", json!({"amount": 1})).unwrap_err().code
    }
}

#[test]
fn nobody_to_infer_or_to_report_skips_the_epoch() {
    let mut stage = Stage::new(rules(), &["ann"], &["flo"], &["rob"]);
    stage.forecast(0, "flo", json!({"ann": -1.0}));
    assert_eq!(skipped(&stage.advance(60))[0].reason, Reason::NoInferences);
    stage.infer(1, "ann", 4.0);
    assert_eq!(inferences(&stage.advance(160)).len(), 1);
    let closed = skipped(&stage.advance(250));
    assert_eq!((closed[0].first, closed[0].reason), (1, Reason::NoReports));
    assert_eq!(stage.topic.network_loss(), None);
    assert_eq!(stage.topic.unpaid().count(), 0);
}

#[test]
fn one_inferer_is_the_network_inference() {
    let mut stage = Stage::new(rules(), &["ann"], &[], &["rob"]);
    stage.infer(0, "ann", 4.0);
    let inference = stage.inference(60);
    assert_eq!((inference.labels[0].network(), inference.labels[0].naive()), (4.0, 4.0));
    assert_eq!(inference.labels[0].interval, [4.0; 5]);
    stage.report(0, "rob", 5.0);
    let scored = stage.scored(150);
    assert_eq!(scored.settled.inferer_scores, [0.0]);
    assert_eq!(stage.topic.score("ann", Role::Inferer), None);
    let payouts = stage.topic.reward(0, base(100)).unwrap();
    assert_eq!(payouts.iter().map(|paid| paid.own.to_u128().unwrap()).sum::<u128>(), 100);
}

#[test]
fn without_forecasters_network_and_naive_begin_alike() {
    let mut stage = Stage::new(rules(), &["ann", "ben", "cat"], &[], &["rob"]);
    for epoch in 0..3 {
        for (id, value) in [("ann", 1.0), ("ben", 2.0), ("cat", 4.0)] {
            stage.infer(epoch, id, value);
        }
        let label = &stage.inference(EPOCH * epoch + 60).labels[0];
        assert!((label.network() - label.naive()).abs() < 1e-14);
        stage.report(epoch, "rob", 1.5);
        stage.advance(EPOCH * (epoch + 1) + 50);
    }
}

#[test]
fn all_stake_with_one_reputer_makes_its_report_the_truth() {
    let mut stage = Stage::new(rules(), &["ann", "ben"], &[], &["rob"]);
    stage.must(0, "sam", "register", json!({"role": "reputer"}));
    stage.infer(0, "ann", 1.0);
    stage.infer(0, "ben", 3.0);
    stage.report(0, "rob", 0.0);
    stage.report(0, "sam", 5.0);
    let scored = stage.scored(150);
    assert_eq!(scored.settled.losses[2..4], [0.0, scored.settled.losses[3]]);
    assert!((scored.settled.losses[3] - 9.0_f64.log10_of()).abs() < 1e-14);
    assert_eq!(scored.settled.reputer_fractions, [1.0, 0.0]);
}

trait Log10 {
    fn log10_of(self) -> f64;
}

impl Log10 for f64 {
    fn log10_of(self) -> f64 {
        allonet_core::maths::ln(self) / std::f64::consts::LN_10
    }
}

#[test]
fn without_any_stake_all_reputers_count_alike() {
    let mut stage = Stage::new(rules(), &["ann", "ben"], &[], &[]);
    for id in ["rob", "sam"] {
        stage.must(0, id, "register", json!({"role": "reputer"}));
    }
    stage.infer(0, "ann", 1.0);
    stage.infer(0, "ben", 2.0);
    stage.report(0, "rob", 0.0);
    stage.report(0, "sam", 11.0);
    // Ann lost 1 and 100: 0 and 2 in log10, 1 on average.
    let scored = stage.scored(150);
    assert!((scored.settled.losses[2] - 1.0).abs() < 1e-14);
    assert_eq!(scored.settled.reputer_fractions.len(), 2);
}

#[test]
fn coefficients_of_zero_are_listened_to_again() {
    let mut stage = Stage::new(rules(), &["ann", "ben"], &[], &["rob", "sam"]);
    stage.infer(0, "ann", 1.0);
    stage.infer(0, "ben", 2.0);
    stage.report(0, "rob", 1.25);
    stage.report(0, "sam", 1.5);
    stage.advance(150);
    // The state of a topic whose reputers nobody listens to any more.
    let text = String::from_utf8(stage.topic.bytes()).unwrap();
    let mut state: serde_json::Value = serde_json::from_str(&text).unwrap();
    state["books"]["coefficients"] = json!({"rob": 0.0, "sam": 0.0});
    let bytes = serde_json::to_vec(&state).unwrap();
    stage.topic = allonet_topics::life::Topic::restore(&bytes).unwrap();
    stage.infer(1, "ann", 1.0);
    stage.infer(1, "ben", 2.0);
    stage.report(1, "rob", 1.25);
    stage.report(1, "sam", 1.5);
    let heard = stage.scored(250).settled.heard;
    assert!(heard.coefficients.iter().any(|coefficient| *coefficient > 0.0), "{heard:?}");
    assert!(heard.listened >= 0.5);
    assert!(heard.scores.iter().all(|score| score.is_finite()));
}

#[test]
fn inferences_for_several_labels_share_their_weights() {
    let mut rules = rules();
    rules.labels = ["up".into(), "down".into()].into();
    rules.loss = "cross-entropy".parse().unwrap();
    let mut stage = Stage::new(rules, &["ann", "ben"], &[], &["rob"]);
    for (id, up) in [("ann", 0.75), ("ben", 0.5)] {
        let fields = json!({"epoch": 0, "values": {"up": up, "down": 1.0 - up}});
        stage.must(1, id, "infer", fields);
    }
    let inference = stage.inference(60);
    assert_eq!(inference.labels.len(), 2);
    assert_eq!(inference.labels[0].name, "up");
    assert_eq!((inference.labels[0].network(), inference.labels[1].network()), (0.625, 0.375));
    let truth = json!({"epoch": 0, "truth": {"up": 1.0, "down": 0.0}});
    stage.must(100, "rob", "report", truth);
    let losses = stage.scored(150).settled.losses;
    let expected = (-allonet_core::maths::ln(0.75)).log10_of();
    assert!((losses[2] - expected).abs() < 1e-14);
}

#[test]
fn values_that_the_loss_cannot_take_are_refused() {
    let mut rules = rules();
    rules.loss = "binary-cross-entropy".parse().unwrap();
    let mut stage = Stage::new(rules, &["ann"], &[], &["rob"]);
    let infer = json!({"epoch": 0, "value": 1.5});
    assert_eq!(stage.refused(1, "ann", "infer", infer), "bad-value");
    stage.infer(0, "ann", 0.5);
    let report = json!({"epoch": 0, "truth": -1});
    assert_eq!(stage.refused(100, "rob", "report", report), "bad-value");
}

#[test]
fn commitments_are_revealed_when_submissions_have_closed() {
    let mut rules = rules();
    rules.commit_reveal = true;
    let mut stage = Stage::new(rules, &["ann", "ben"], &["ann"], &["rob"]);
    let salt = "0123456789abcdef";
    let hash = stage.topic.commitment(0, "ann", Committed::Inference(&[3.5]), salt);
    stage.must(5, "ann", "commit", json!({"epoch": 0, "role": "inferer", "hash": hash}));
    let losses = [("ann".into(), -1.0), ("ben".into(), 0.5)].into();
    let hash = stage.topic.commitment(0, "ann", Committed::Forecast(&losses), salt);
    stage.must(5, "ann", "commit", json!({"epoch": 0, "role": "forecaster", "hash": hash}));
    let reveal = json!({"epoch": 0, "value": 3.5, "salt": salt});
    assert_eq!(stage.refused(59, "ann", "reveal", reveal.clone()), "too-early");
    stage.must(60, "ann", "reveal", reveal.clone());
    assert_eq!(stage.refused(61, "ann", "reveal", reveal), "second-payload");
    let reveal = json!({"epoch": 0, "losses": {"ben": 0.5, "ann": -1}, "salt": salt});
    stage.must(79, "ann", "reveal", reveal);
    let inference = stage.inference(80);
    assert_eq!((inference.time, inference.labels[0].network()), (at(80), 3.5));
    assert_eq!(names(&inference.forecasters), ["ann"]);
}

#[test]
fn places_go_to_the_best_and_the_others_move_towards_a_quantile() {
    let mut rules = rules();
    rules.places = Places { inferers: 2, forecasters: 6, reputers: 6 };
    let mut stage = Stage::new(rules, &["ann", "ben", "cat"], &[], &["rob"]);
    let mut places = std::collections::BTreeMap::<String, u32>::new();
    for epoch in 0..30 {
        for (id, value) in [("ann", 1.1), ("ben", 0.9), ("cat", 9.0)] {
            stage.infer(epoch, id, value);
        }
        stage.report(epoch, "rob", 1.0);
        for scored in scored(&stage.advance(EPOCH * (epoch + 1) + 50)) {
            assert_eq!(scored.inferers.len(), 2);
            for id in &scored.inferers {
                *places.entry(id.to_string()).or_default() += 1;
            }
        }
    }
    assert!(places["ann"] > 20 && places["ben"] > 20, "{places:?}");
    assert!(places.get("cat").is_none_or(|times| *times < 10), "{places:?}");
}

#[test]
fn regrets_and_scores_survive_a_thousand_epochs_away() {
    let mut stage = Stage::new(rules(), &["ann", "ben", "cat"], &[], &["rob"]);
    for epoch in 0..3 {
        for (id, value) in [("ann", 1.1), ("ben", 1.9), ("cat", 3.0)] {
            stage.infer(epoch, id, value);
        }
        stage.report(epoch, "rob", 1.0);
    }
    stage.advance(350);
    let regret = stage.topic.regret("cat", Role::Inferer);
    let score = stage.topic.score("cat", Role::Inferer).unwrap();
    for epoch in 3..1003 {
        stage.infer(epoch, "ann", 1.1);
        stage.infer(epoch, "ben", 1.9);
        stage.report(epoch, "rob", 1.0);
    }
    stage.infer(1003, "cat", 1.0);
    stage.advance(1003 * EPOCH + 60);
    assert_eq!(stage.topic.regret("cat", Role::Inferer), regret);
    assert!(stage.topic.score("cat", Role::Inferer).unwrap() <= score);
}

#[test]
fn newcomers_start_with_the_quantile_of_regrets() {
    let mut stage = Stage::new(rules(), &["ann", "ben", "cat", "dan"], &[], &["rob"]);
    assert_eq!(stage.topic.initial_regret().to_bits(), 0);
    for (id, value) in [("ann", 2.0), ("ben", 4.0), ("cat", 8.0)] {
        stage.infer(0, id, value);
    }
    stage.report(0, "rob", 1.0);
    stage.advance(150);
    let regret = |id| stage.topic.regret(id, Role::Inferer).unwrap();
    // A quarter of the way along three: between the lowest and the middle one.
    let expected = f64::midpoint(regret("cat"), regret("ben"));
    assert!((stage.topic.initial_regret() - expected).abs() < 1e-15);
    assert_eq!(stage.topic.regret("dan", Role::Inferer), None);
}

#[test]
fn ten_experienced_workers_put_newcomers_two_deviations_below() {
    let ids: Vec<String> = (0..10).map(|n| format!("w{n}")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let mut stage = Stage::new(rules(), &ids, &[], &["rob"]);
    for epoch in 0..10 {
        for (id, value) in ids.iter().zip(1_i32..) {
            stage.infer(epoch, id, f64::from(value));
        }
        stage.report(epoch, "rob", 0.5);
        stage.advance(EPOCH * (epoch + 1) + 50);
        let mut regrets: Vec<f64> =
            ids.iter().map(|id| stage.topic.regret(id, Role::Inferer).unwrap()).collect();
        regrets.sort_by(f64::total_cmp);
        let quantile = regrets[2] + (regrets[3] - regrets[2]) * 0.25;
        let mean = regrets.iter().sum::<f64>() / 10.0;
        let variance = regrets.iter().map(|r| (r - mean) * (r - mean)).sum::<f64>() / 9.0;
        // α = 0.1: with the tenth epoch all ten are experienced. c − 8.25/p = −2.
        let below = if epoch < 9 { 0.0 } else { 2.0 * (variance.sqrt() + 0.01) };
        assert!((stage.topic.initial_regret() - (quantile - below)).abs() < 1e-12, "{epoch}");
    }
}

#[test]
fn a_topic_that_weighs_too_little_is_not_served() {
    let mut rules = rules();
    rules.activation.minimum = 100.0;
    rules.activation.fee_epochs = 2;
    let mut stage = Stage::new(rules, &["ann"], &[], &["rob"]);
    stage.infer(0, "ann", 1.0);
    assert_eq!(skipped(&stage.advance(60))[0].reason, Reason::BelowWeight);
    // √(1000 × 10) = 100.
    stage.must(100, "zoe", "fund", json!({"amount": "10"}));
    for epoch in 1..3 {
        stage.infer(epoch, "ann", 1.0);
        assert_eq!(inferences(&stage.advance(EPOCH * epoch + 60)).len(), 1);
        assert!((stage.topic.weight() - 100.0).abs() < 1e-9);
    }
    // The fee has counted for two epochs.
    stage.infer(3, "ann", 1.0);
    let closed = stage.advance(360);
    assert_eq!(skipped(&closed).last().map(|skipped| skipped.reason), Some(Reason::BelowWeight));
    assert_eq!(stage.topic.weight().to_bits(), 0);
    assert_eq!(stage.topic.held(), base(1010));
}

#[test]
fn what_reputers_earn_is_staked_or_paid() {
    for compound in [true, false] {
        let mut rules = rules();
        rules.compound = compound;
        let mut stage = Stage::new(rules, &["ann"], &[], &["rob"]);
        stage.infer(0, "ann", 1.0);
        stage.report(0, "rob", 2.0);
        stage.advance(150);
        let before = stage.topic.stakes().of("rob");
        let payouts = stage.topic.reward(0, base(801)).unwrap();
        let earned = payouts.iter().find(|paid| &*paid.id == "rob").unwrap().own;
        let grown = stage.topic.stakes().of("rob").saturating_sub(before);
        assert_eq!(grown, if compound { earned } else { base(0) });
        assert_eq!(stage.topic.paid().contains_key("rob"), !compound);
        stage.assert_conserved();
    }
}

#[test]
fn delegators_have_their_part_of_rewards_and_stake_leaves_after_the_delay() {
    let mut stage = Stage::new(rules(), &["ann"], &[], &["rob"]);
    stage.must(0, "del", "delegate", json!({"reputer": "rob", "amount": 3000}));
    stage.infer(0, "ann", 1.0);
    stage.report(0, "rob", 2.0);
    stage.advance(150);
    let payouts = stage.topic.reward(0, base(801)).unwrap();
    let rob = payouts.iter().find(|paid| &*paid.id == "rob").unwrap();
    let whole = rob.own.add(rob.delegated, "rob").unwrap().to_u128().unwrap();
    assert_eq!(rob.delegated, base(whole * 3 / 4));
    assert_eq!(stage.topic.stakes().due("del", "rob"), rob.delegated);
    stage.must(160, "del", "claim", json!({"reputer": "rob"}));
    assert_eq!(stage.refused(160, "del", "claim", json!({"reputer": "rob"})), "nothing-due");
    assert_eq!(stage.topic.paid()["del"], rob.delegated);
    stage.must(200, "del", "undelegate", json!({"reputer": "rob", "amount": 3000}));
    stage.must(200, "rob", "unstake", json!({"amount": 400}));
    stage.must(210, "rob", "cancel-unstake", json!({}));
    stage.advance(699);
    let own = 1000 + rob.own.to_u128().unwrap();
    assert_eq!(stage.topic.stakes().of("rob"), base(own + 3000));
    stage.advance(700);
    assert_eq!(stage.topic.stakes().of("rob"), base(own));
    assert!(!stage.topic.paid().contains_key("rob"));
    assert_eq!(stage.topic.paid()["del"], base(rob.delegated.to_u128().unwrap() + 3000));
    stage.assert_conserved();
}

#[test]
fn an_epoch_is_paid_for_once() {
    let mut stage = Stage::new(rules(), &["ann"], &[], &["rob"]);
    stage.infer(0, "ann", 1.0);
    stage.report(0, "rob", 2.0);
    stage.advance(150);
    let too_much = stage.topic.reward(0, allonet_core::money::Amount::MAX).unwrap_err();
    assert!(too_much.to_string().contains("more than a topic may see"));
    assert!(stage.topic.reward(0, base(10)).is_ok());
    assert!(stage.topic.reward(0, base(10)).is_err());
    assert!(stage.topic.reward(7, base(10)).is_err());
}

/// The same participants in all epochs: the topic is the dense engine, to the
/// last bit.
#[test]
fn constant_participants_are_the_dense_engine() {
    let (inferers, forecasters) = (["ann", "ben", "cat", "dan"], ["fay", "flo"]);
    let mut stage = Stage::new(rules(), &inferers, &forecasters, &["rob", "sam"]);
    let (layout, settings) = (Layout::new(4, 2), Settings::default());
    let mut memory = Memory::new(layout, 2);
    let (mut synthesis, mut scratch) = (Synthesis::default(), Scratch::default());
    let mut random = Random::new(7);
    for epoch in 0..40 {
        let inferences: Vec<f64> = inferers.iter().map(|_| random.normal()).collect();
        let forecasts: Vec<f64> = (0..8).map(|_| 0.3 * random.normal() - 1.0).collect();
        let truths = [0.1 * random.normal(), 0.1 * random.normal()];
        for (id, value) in inferers.iter().zip(&inferences) {
            stage.infer(epoch, id, *value);
        }
        for (id, row) in forecasters.iter().zip(forecasts.chunks(4)) {
            let losses = inferers.iter().zip(row).map(|(id, loss)| ((*id).to_owned(), json!(loss)));
            stage.forecast(epoch, id, serde_json::Value::Object(losses.collect()));
        }
        let inputs = Inputs {
            layout,
            inferences: &inferences,
            forecasts: &forecasts,
            last_loss: memory.network_loss,
            regrets: &memory.regrets,
        };
        synthesise(&settings, &inputs, &mut synthesis);
        let inference = stage.inference(EPOCH * epoch + 60);
        assert_eq!(inference.labels[0].values, synthesis.values);
        assert_eq!(inference.weights, synthesis.weights);
        let mut losses = Vec::new();
        for (id, truth) in ["rob", "sam"].iter().zip(truths) {
            stage.report(epoch, id, truth);
            let mut own = Vec::new();
            Loss::Squared.log10_losses(&synthesis.values, &[truth], &mut own);
            losses.extend(own);
        }
        let reports = Reports { losses: &losses, stakes: &[1000.0, 1000.0] };
        let settled = settle(&settings, layout, &mut memory, &reports, &mut scratch);
        let scored = stage.scored(EPOCH * (epoch + 1) + 50);
        assert_eq!(scored.settled, settled, "{epoch}");
        assert_eq!(stage.topic.network_loss(), memory.network_loss);
    }
}
