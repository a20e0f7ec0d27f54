//! Attacks on a topic, each refused or harmless. Most of them once worked
//! against a chain with topics of this kind.

#![allow(clippy::float_cmp, reason = "equal to the last bit, or a value given")]

mod kit;

use std::sync::Arc;

use allonet_core::event::{Event, EventLog};
use allonet_core::fault::SourceFile;
use allonet_core::money::Amount;
use allonet_topics::commitment::Committed;
use allonet_topics::life::{Places, Reason, Role, Topic, Whitelist};
use kit::{EPOCH, Stage, at, base, event, inferences, names, rules, scored, skipped};
use serde_json::{Value, json};

const SALT: &str = "0123456789abcdef";

// --- Forecasts --------------------------------------------------------------

#[test]
fn duplicate_forecast_elements_do_not_reach_the_topic() {
    let twice = r#"{"time":"1970-01-01T00:00:01Z","actor":"flo","action":"forecast","epoch":0,"losses":{"ann":-1,"ann":-9}}"#;
    let faults = EventLog::read(&SourceFile::new("log", twice)).unwrap_err();
    assert!(faults[0].message.contains("the key `ann` stands"), "{}", faults[0]);
    let mut stage = Stage::new(rules(), &["ann"], &["flo"], &["rob"]);
    let list = json!({"epoch": 0, "losses": [{"ann": -1}, {"ann": -9}]});
    assert_eq!(stage.refused(1, "flo", "forecast", list), "bad-field");
}

#[test]
fn forecasts_for_unknown_inferers_are_dropped_alone() {
    let mut stage = Stage::new(rules(), &["ann", "ben", "cat"], &["flo", "fay"], &["rob"]);
    stage.infer(0, "ann", 1.0);
    stage.infer(0, "ben", 2.0);
    stage.forecast(0, "flo", json!({"ann": -1, "ghost": -9}));
    let ghosts = json!({"epoch": 0, "losses": {"ghost": -9, "spook": -9}});
    assert_eq!(stage.refused(56, "fay", "forecast", ghosts), "nobody-forecast");
    // Cat is registered and infers nothing: fay has no part in the epoch.
    stage.must(57, "fay", "forecast", json!({"epoch": 0, "losses": {"cat": -9}}));
    let inference = stage.inference(60);
    assert_eq!(names(&inference.forecasters), ["flo"]);
    // Only ann's loss was forecast: flo's inference is ann's.
    assert_eq!(inference.labels[0].values[inference.layout().implied().start], 1.0);
}

#[test]
fn a_flood_of_forecast_elements_leaves_the_twelve_best() {
    let ids: Vec<String> = (0..40).map(|n| format!("w{n:02}")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let mut stage = Stage::new(rules(), &ids, &["flo"], &["rob"]);
    for id in &ids {
        stage.infer(0, id, 1.0);
    }
    let mut losses: serde_json::Map<String, Value> =
        (0..100_000).map(|n| (format!("ghost{n}"), json!(-9))).collect();
    losses.extend(ids.iter().map(|id| ((*id).to_owned(), json!(-1))));
    stage.forecast(0, "flo", Value::Object(losses));
    let state: Value = serde_json::from_slice(&stage.topic.bytes()).unwrap();
    let kept = state["collecting"]["0"]["forecasts"]["flo"].as_object().unwrap();
    assert_eq!(kept.len(), 12);
    // Nobody has a score yet: ties go by id.
    assert!(kept.keys().all(|id| id.as_str() < "w12"), "{kept:?}");
}

#[test]
fn forecast_scores_and_inference_scores_of_one_actor_are_two() {
    let mut stage = Stage::new(rules(), &["ann", "ben", "cat"], &["ann", "flo"], &["rob"]);
    for (id, value) in [("ann", 1.0), ("ben", 2.0), ("cat", 3.5)] {
        stage.infer(0, id, value);
    }
    stage.forecast(0, "ann", json!({"ann": 0.5, "ben": 0.2, "cat": -2}));
    stage.forecast(0, "flo", json!({"ann": -2, "ben": 0.2, "cat": 0.5}));
    stage.report(0, "rob", 1.1);
    let settled = stage.scored(150).settled;
    let score = |role| stage.topic.score("ann", role).unwrap();
    // The first score of a role is taken as it is.
    assert_eq!(score(Role::Inferer).to_bits(), settled.inferer_scores[0].to_bits());
    assert_eq!(score(Role::Forecaster).to_bits(), settled.forecaster_scores[0].to_bits());
    assert!(score(Role::Inferer) > 0.0 && score(Role::Forecaster) < 0.0);
    assert_ne!(
        stage.topic.regret("ann", Role::Inferer),
        stage.topic.regret("ann", Role::Forecaster)
    );
}

// --- Payloads ---------------------------------------------------------------

#[test]
fn one_bad_payload_blocks_nobody() {
    let mut stage = Stage::new(rules(), &["ann", "bad", "ben"], &["flo"], &["rob", "bad"]);
    stage.must(0, "ann", "infer", json!({"epoch": 0, "value": 1}));
    for (fields, code) in [
        (json!({}), "no-field"),
        (json!({"epoch": 0}), "no-field"),
        (json!({"epoch": 0, "value": null}), "bad-number"),
        (json!({"epoch": 0, "value": "NaN"}), "bad-number"),
        (json!({"epoch": 0, "value": 1e300}), "bad-number"),
        (json!({"epoch": 0, "value": -1e41}), "bad-number"),
        (json!({"epoch": 0, "value": [1, 2]}), "bad-number"),
        (json!({"epoch": -1, "value": 1}), "bad-field"),
        (json!({"epoch": 0.5, "value": 1}), "bad-field"),
        (json!({"epoch": u64::MAX, "value": 1}), "too-early"),
    ] {
        assert_eq!(stage.refused(1, "bad", "infer", fields.clone()), code, "{fields}");
    }
    for (fields, code) in [
        (json!({"epoch": 0, "losses": {"ann": 1e9}}), "bad-number"),
        (json!({"epoch": 0, "losses": {"ann": {"ann": 1}}}), "bad-number"),
        (json!({"epoch": 0, "losses": {"": 1}}), "bad-id"),
        (json!({"epoch": 0, "losses": {}}), "nobody-forecast"),
        (json!({"epoch": 0, "losses": 7}), "bad-field"),
    ] {
        assert_eq!(stage.refused(1, "flo", "forecast", fields.clone()), code, "{fields}");
    }
    stage.must(2, "ben", "infer", json!({"epoch": 0, "value": 2}));
    assert_eq!(stage.inference(60).labels[0].network(), 1.5);
    for (fields, code) in [
        (json!({"epoch": 0}), "bad-report"),
        (json!({"epoch": 0, "truth": 1, "losses": {}}), "bad-report"),
        (json!({"epoch": 0, "losses": {}}), "bad-report"),
        (json!({"epoch": 0, "losses": {"netwrk": 1}}), "bad-report"),
        (json!({"epoch": 0, "losses": {"inferers": {"ghost": 1}}}), "not-taking-part"),
        (
            json!({"epoch": 0, "losses": {"implied-without": {"ann": {"flo": 1}}}}),
            "not-taking-part",
        ),
        (json!({"epoch": 0, "losses": {"network": 301}}), "bad-number"),
    ] {
        assert_eq!(stage.refused(100, "bad", "report", fields.clone()), code, "{fields}");
    }
    stage.report(0, "rob", 1.0);
    assert_eq!(names(&stage.scored(150).reputers), ["rob"]);
}

#[test]
fn numbers_that_are_none_cannot_be_written() {
    for value in ["NaN", "Infinity", "1e999", "-1e999"] {
        let line = format!(
            r#"{{"time":"1970-01-01","actor":"ann","action":"infer","epoch":0,"value":{value}}}"#
        );
        assert!(EventLog::read(&SourceFile::new("log", line)).is_err(), "{value}");
    }
}

#[test]
fn the_largest_values_and_losses_leave_everything_finite() {
    let mut stage = Stage::new(rules(), &["ann", "ben", "cat"], &["flo", "fay"], &["rob", "sam"]);
    for epoch in 0..6 {
        for (id, value) in [("ann", 1e40), ("ben", -1e40), ("cat", 1e-300)] {
            stage.infer(epoch, id, value);
        }
        stage.forecast(epoch, "flo", json!({"ann": 300, "ben": -300, "cat": 0}));
        stage.forecast(epoch, "fay", json!({"ann": -300, "ben": 300}));
        stage.report(epoch, "rob", if epoch % 2 == 0 { 1e40 } else { -1e40 });
        let fields = json!({"epoch": epoch, "losses": {"network": 300, "naive": -300}});
        stage.must(EPOCH * (epoch + 1), "sam", "report", fields);
        for scored in scored(&stage.advance(EPOCH * (epoch + 1) + 50)) {
            let settled = &scored.settled;
            for part in [
                &settled.inferer_fractions,
                &settled.forecaster_fractions,
                &settled.reputer_fractions,
            ] {
                assert!((part.iter().sum::<f64>() - 1.0).abs() < 1e-9, "{settled:?}");
            }
        }
        let state = String::from_utf8(stage.topic.bytes()).unwrap();
        assert!(Topic::restore(state.as_bytes()).is_ok());
        assert!(stage.topic.reward(u64::try_from(epoch).unwrap(), base(1000)).is_ok());
    }
    stage.assert_conserved();
}

#[test]
fn of_several_payloads_the_first_counts() {
    let mut stage = Stage::new(rules(), &["ann", "ben"], &["flo"], &["rob"]);
    stage.infer(0, "ann", 1.0);
    stage.infer(0, "ben", 1.0);
    stage.forecast(0, "flo", json!({"ann": -1}));
    let again = json!({"epoch": 0, "value": 100});
    assert_eq!(stage.refused(57, "ann", "infer", again), "second-payload");
    let again = json!({"epoch": 0, "losses": {"ben": -1}});
    assert_eq!(stage.refused(57, "flo", "forecast", again), "second-payload");
    assert_eq!(stage.inference(60).labels[0].naive(), 1.0);
    stage.report(0, "rob", 2.0);
    let again = json!({"epoch": 0, "truth": 1});
    assert_eq!(stage.refused(149, "rob", "report", again), "second-payload");
}

#[test]
fn strangers_are_refused() {
    let mut stage = Stage::new(rules(), &["ann"], &["flo"], &["rob"]);
    stage.infer(0, "ann", 1.0);
    let infer = json!({"epoch": 0, "value": 1});
    let forecast = json!({"epoch": 0, "losses": {"ann": 1}});
    let report = json!({"epoch": 0, "truth": 1});
    for (time, actor, action, fields) in [
        (56, "eve", "infer", infer),
        (56, "ann", "forecast", forecast),
        (100, "flo", "report", report),
        (100, "eve", "stake", json!({"amount": 5})),
        (100, "eve", "delegate", json!({"reputer": "ann", "amount": 5})),
        (100, "eve", "leave", json!({"role": "inferer"})),
    ] {
        assert_eq!(stage.refused(time, actor, action, fields), "not-registered", "{action}");
    }
    assert_eq!(stage.refused(101, "eve", "steal", json!({})), "unknown-action");
    let again = json!({"role": "inferer"});
    assert_eq!(stage.refused(101, "ann", "register", again), "registered-already");
}

#[test]
fn a_closed_topic_lets_in_whom_it_lists() {
    let mut rules = rules();
    let of = |ids: &[&str]| ids.iter().map(|id| Arc::from(*id)).collect();
    rules.whitelist = Some(Whitelist { workers: of(&["ann"]), reputers: of(&["rob"]) });
    let mut stage = Stage::new(rules, &["ann"], &["ann"], &["rob"]);
    assert_eq!(stage.refused(1, "eve", "register", json!({"role": "inferer"})), "not-listed");
    assert_eq!(stage.refused(1, "ann", "register", json!({"role": "reputer"})), "not-listed");
}

#[test]
fn time_does_not_go_back() {
    let mut stage = Stage::new(rules(), &["ann"], &[], &["rob"]);
    stage.advance(60);
    let before = stage.topic.bytes();
    let late = stage.take(59, "ann", "infer", json!({"epoch": 0, "value": 1})).unwrap_err();
    assert_eq!((late.code, stage.topic.bytes() == before), ("event-order", true));
}

// --- Commitments ------------------------------------------------------------

fn committed() -> Stage {
    let mut rules = rules();
    rules.commit_reveal = true;
    let mut stage = Stage::new(rules, &["ann", "eve"], &[], &["rob"]);
    let hash = stage.topic.commitment(0, "ann", Committed::Inference(&[3.5]), SALT);
    let commit = json!({"epoch": 0, "role": "inferer", "hash": hash});
    stage.must(1, "ann", "commit", commit.clone());
    // Eve copies what she sees.
    stage.must(2, "eve", "commit", commit);
    stage
}

#[test]
fn a_copied_commitment_cannot_be_revealed() {
    let mut stage = committed();
    let reveal = json!({"epoch": 0, "value": 3.5, "salt": SALT});
    stage.must(60, "ann", "reveal", reveal.clone());
    assert_eq!(stage.refused(61, "eve", "reveal", reveal), "wrong-reveal");
    assert_eq!(names(&stage.inference(80).inferers), ["ann"]);
}

#[test]
fn a_late_an_altered_and_a_missing_reveal_are_refused() {
    let mut stage = committed();
    let altered = json!({"epoch": 0, "value": 3.6, "salt": SALT});
    assert_eq!(stage.refused(60, "ann", "reveal", altered), "wrong-reveal");
    let other_salt = json!({"epoch": 0, "value": 3.5, "salt": "0123456789abcdeg"});
    assert_eq!(stage.refused(60, "ann", "reveal", other_salt), "wrong-reveal");
    let short = json!({"epoch": 0, "value": 3.5, "salt": "0"});
    assert_eq!(stage.refused(60, "ann", "reveal", short), "bad-salt");
    let forecast = json!({"epoch": 0, "losses": {"ann": 1}, "salt": SALT});
    assert_eq!(stage.refused(60, "ann", "reveal", forecast), "no-commitment");
    assert_eq!(skipped(&stage.advance(80))[0].reason, Reason::NoInferences);
    let reveal = json!({"epoch": 0, "value": 3.5, "salt": SALT});
    assert_eq!(stage.refused(80, "ann", "reveal", reveal), "too-late");
}

#[test]
fn commitments_come_first_once_and_in_time() {
    let mut stage = committed();
    let bare = json!({"epoch": 0, "value": 3.5});
    assert_eq!(stage.refused(3, "ann", "infer", bare), "commit-first");
    let commit = |hash: &str| json!({"epoch": 0, "role": "inferer", "hash": hash});
    assert_eq!(stage.refused(3, "ann", "commit", commit(&"0".repeat(64))), "second-payload");
    assert_eq!(stage.refused(3, "ann", "commit", commit("0xbad")), "bad-hash");
    let reputer = json!({"epoch": 0, "role": "reputer", "hash": "0".repeat(64)});
    assert_eq!(stage.refused(3, "rob", "commit", reputer), "bad-field");
    assert_eq!(stage.refused(60, "ann", "commit", commit(&"0".repeat(64))), "too-late");
    let mut open = Stage::new(rules(), &["ann"], &[], &[]);
    assert_eq!(open.refused(1, "ann", "commit", commit(&"0".repeat(64))), "no-commitments");
    let reveal = json!({"epoch": 0, "value": 3.5, "salt": SALT});
    assert_eq!(open.refused(1, "ann", "reveal", reveal), "no-commitments");
}

// --- Reports ----------------------------------------------------------------

#[test]
fn the_truth_cannot_be_reported_before_its_time() {
    let mut stage = Stage::new(rules(), &["ann"], &[], &["rob"]);
    stage.infer(0, "ann", 1.0);
    let report = json!({"epoch": 0, "truth": 1});
    assert_eq!(stage.refused(60, "rob", "report", report.clone()), "too-early");
    assert_eq!(stage.refused(99, "rob", "report", report.clone()), "too-early");
    stage.must(100, "rob", "report", report);
    // Nothing was inferred in epoch 1.
    let report = json!({"epoch": 1, "truth": 1});
    assert_eq!(stage.refused(200, "rob", "report", report), "nothing-to-report");
}

#[test]
fn little_stake_is_not_heard() {
    let mut rules = rules();
    rules.minimum_stake = base(1001);
    let mut stage = Stage::new(rules, &["ann", "ben"], &[], &["rob", "sam"]);
    stage.infer(0, "ann", 1.0);
    stage.infer(0, "ben", 2.0);
    let report = json!({"epoch": 0, "truth": 1});
    assert_eq!(stage.refused(100, "rob", "report", report.clone()), "too-little-stake");
    stage.must(101, "del", "delegate", json!({"reputer": "rob", "amount": 1}));
    stage.must(101, "rob", "report", report);
    assert_eq!(names(&stage.scored(150).reputers), ["rob"]);
}

#[test]
fn stake_that_left_in_the_meantime_is_not_heard_either() {
    let mut rules = rules();
    rules.minimum_stake = base(1000);
    rules.unstake_delay_secs = 120;
    let mut stage = Stage::new(rules, &["ann"], &[], &["rob"]);
    stage.must(0, "rob", "unstake", json!({"amount": 1}));
    stage.infer(0, "ann", 1.0);
    stage.report(0, "rob", 1.0);
    let closed = stage.advance(150);
    assert_eq!(skipped(&closed)[0].reason, Reason::NoReports);
}

#[test]
fn stake_cannot_flee_a_report_that_is_about_to_be_scored() {
    // The delay is longer than the window of reports.
    let mut stage = Stage::new(rules(), &["ann", "ben"], &[], &["rob", "sam"]);
    stage.infer(0, "ann", 1.0);
    stage.infer(0, "ben", 2.0);
    stage.report(0, "rob", 1000.0);
    stage.report(0, "sam", 1.0);
    stage.must(149, "rob", "unstake", json!({"amount": 1000}));
    let scored = stage.scored(150);
    assert_eq!(scored.stakes, [base(1000), base(1000)]);
    assert_eq!(stage.topic.stakes().own("rob"), base(1000));
    stage.advance(149 + 500);
    assert_eq!(stage.topic.stakes().own("rob"), base(0));
}

#[test]
fn a_reputer_who_reports_only_some_values_decides_nothing_else() {
    let all = &["rob", "sam", "tom"];
    let mut stage = Stage::new(rules(), &["ann", "ben"], &["flo"], all);
    stage.infer(0, "ann", 1.0);
    stage.infer(0, "ben", 2.0);
    stage.forecast(0, "flo", json!({"ann": -1, "ben": 0}));
    stage.report(0, "rob", 1.5);
    stage.report(0, "sam", 1.5);
    let part = json!({"epoch": 0, "losses": {"inferers": {"ann": -7}}});
    stage.must(100, "tom", "report", part);
    let mut without = Stage::new(rules(), &["ann", "ben"], &["flo"], all);
    without.infer(0, "ann", 1.0);
    without.infer(0, "ben", 2.0);
    without.forecast(0, "flo", json!({"ann": -1, "ben": 0}));
    without.report(0, "rob", 1.5);
    without.report(0, "sam", 1.5);
    let (with, without) = (stage.scored(150).settled, without.scored(150).settled);
    for (at, (with, without)) in with.losses.iter().zip(&without.losses).enumerate() {
        assert_eq!(at == 2, (with - without).abs() > 1e-12, "{at}: {with} {without}");
    }
    assert!(with.heard.scores[2] < with.heard.scores[0]);
    assert!(with.reputer_fractions[2] < with.reputer_fractions[0]);
}

#[test]
fn reports_without_the_network_loss_settle_nothing() {
    let mut stage = Stage::new(rules(), &["ann", "ben"], &[], &["rob"]);
    stage.infer(0, "ann", 1.0);
    stage.infer(0, "ben", 2.0);
    let part = json!({"epoch": 0, "losses": {"inferers": {"ann": -7}}});
    stage.must(100, "rob", "report", part);
    assert_eq!(skipped(&stage.advance(150))[0].reason, Reason::NoReports);
    assert_eq!(stage.topic.regret("ann", Role::Inferer), None);
    assert!(stage.topic.reward(0, base(1)).is_err());
}

// --- Stake ------------------------------------------------------------------

#[test]
fn a_long_queue_of_stake_on_its_way_out_delays_nobody() {
    let mut stage = Stage::new(rules(), &["ann"], &[], &["rob"]);
    for n in 0..5_000 {
        let id = format!("d{n}");
        stage.must(2, &id, "delegate", json!({"reputer": "rob", "amount": 1}));
        stage.must(2, &id, "undelegate", json!({"reputer": "rob", "amount": 1}));
    }
    stage.must(2, "rob", "unstake", json!({"amount": 1000}));
    let again = json!({"reputer": "rob", "amount": 1});
    assert_eq!(stage.refused(2, "d7", "undelegate", again), "already-unstaking");
    stage.infer(0, "ann", 1.0);
    assert_eq!(inferences(&stage.advance(60)).len(), 1);
    stage.advance(501);
    assert_eq!(stage.topic.stakes().queue().count(), 5_001);
    stage.advance(502);
    assert_eq!(stage.topic.stakes().queue().count(), 0);
    assert_eq!(stage.topic.stakes().staked(), base(0));
    assert_eq!(stage.topic.paid()["rob"], base(1000));
    stage.assert_conserved();
}

#[test]
fn no_more_stake_leaves_than_there_is() {
    let mut stage = Stage::new(rules(), &[], &[], &["rob"]);
    let amount = |units: u64| json!({"amount": units});
    assert_eq!(stage.refused(1, "rob", "unstake", amount(1001)), "too-little-stake");
    assert_eq!(stage.refused(1, "rob", "unstake", amount(0)), "zero");
    assert_eq!(stage.refused(1, "eve", "unstake", amount(1)), "too-little-stake");
    stage.must(1, "rob", "unstake", amount(1000));
    assert_eq!(stage.refused(1, "rob", "unstake", amount(1)), "already-unstaking");
    assert_eq!(stage.refused(1, "rob", "stake", json!({"amount": "-5"})), "amount");
    assert_eq!(stage.refused(1, "rob", "stake", json!({"amount": 1.5})), "amount");
    assert_eq!(stage.refused(1, "eve", "cancel-unstake", json!({})), "nothing-to-cancel");
    let most = (money_limit() - 1).to_string();
    assert_eq!(stage.refused(1, "rob", "stake", json!({"amount": most})), "too-much");
    stage.assert_conserved();
}

/// Stakes and fees of a topic stay below this.
fn money_limit() -> u128 {
    1 << 126
}

#[test]
fn the_greatest_stake_leaves_room_for_rewards() {
    let mut stage = Stage::new(rules(), &["ann", "ben"], &[], &["rob"]);
    let most = (money_limit() - 1_001).to_string();
    stage.must(0, "rob", "stake", json!({"amount": most}));
    assert_eq!(stage.refused(1, "rob", "fund", json!({"amount": "1"})), "too-much");
    stage.infer(0, "ann", 1.0);
    stage.infer(0, "ben", 2.0);
    stage.report(0, "rob", 1.1);
    stage.scored(150);
    let emission = base(1 << 125);
    let paid = stage.topic.reward(0, emission).unwrap();
    let parts = paid.iter().map(|payout| payout.own);
    assert_eq!(Amount::sum(parts, "rewards").unwrap(), emission);
    stage.assert_conserved();
}

#[test]
fn nobody_delegates_to_oneself_and_circles_are_harmless() {
    let mut stage = Stage::new(rules(), &[], &[], &["rob", "sam"]);
    let own = json!({"reputer": "rob", "amount": 5});
    assert_eq!(stage.refused(1, "rob", "delegate", own), "self-delegation");
    stage.must(1, "rob", "delegate", json!({"reputer": "sam", "amount": 5}));
    stage.must(1, "sam", "delegate", json!({"reputer": "rob", "amount": 7}));
    let stakes = stage.topic.stakes();
    assert_eq!((stakes.of("rob"), stakes.of("sam")), (base(1007), base(1005)));
    assert_eq!(stakes.staked(), base(2012));
}

#[test]
fn leaving_and_coming_back_clears_no_record() {
    let mut stage = Stage::new(rules(), &["ann", "ben"], &[], &["rob"]);
    stage.infer(0, "ann", 50.0);
    stage.infer(0, "ben", 1.0);
    stage.report(0, "rob", 1.0);
    stage.advance(150);
    let before =
        (stage.topic.regret("ann", Role::Inferer), stage.topic.score("ann", Role::Inferer));
    stage.must(151, "ann", "leave", json!({"role": "inferer"}));
    let infer = json!({"epoch": 1, "value": 1});
    assert_eq!(stage.refused(152, "ann", "infer", infer), "not-registered");
    stage.must(153, "ann", "register", json!({"role": "inferer"}));
    let after = (stage.topic.regret("ann", Role::Inferer), stage.topic.score("ann", Role::Inferer));
    assert_eq!(before, after);
    assert!(before.0 < Some(0.0) && before.1 < Some(0.0));
}

#[test]
fn staying_away_never_raises_a_score() {
    let mut rules = rules();
    rules.places = Places { inferers: 2, forecasters: 6, reputers: 6 };
    let mut stage = Stage::new(rules, &["ann", "ben", "eve"], &[], &["rob"]);
    // Eve is drawn at first, with ben or ann, and does harm.
    for epoch in 0..8 {
        for (id, value) in [("ann", 1.0), ("ben", 1.5), ("eve", 90.0)] {
            if epoch < 4 || id != "eve" {
                stage.infer(epoch, id, value);
            }
        }
        stage.report(epoch, "rob", 1.2);
        stage.advance(EPOCH * (epoch + 1) + 50);
    }
    let before = stage.topic.score("eve", Role::Inferer);
    stage.infer(8, "eve", 1.2);
    stage.advance(8 * EPOCH + 60);
    assert!(stage.topic.score("eve", Role::Inferer) <= before);
}

#[test]
fn a_topic_without_fees_lives_and_weighs_nothing() {
    let mut stage = Stage::new(rules(), &["ann"], &[], &["rob"]);
    stage.infer(0, "ann", 1.0);
    stage.report(0, "rob", 1.0);
    assert_eq!(scored(&stage.advance(150)).len(), 1);
    assert_eq!(stage.topic.weight().to_bits(), 0);
    assert_eq!(stage.refused(150, "zoe", "fund", json!({"amount": 0})), "zero");
}

// --- Determinism ------------------------------------------------------------

#[test]
fn payloads_of_one_moment_may_come_in_any_order() {
    let ids = ["ann", "ben", "cat", "dan"];
    let play = |order: &[usize]| {
        let mut stage = Stage::new(rules(), &ids, &["flo", "fay"], &["rob", "sam", "tom"]);
        for epoch in 0..4_i64 {
            let mut submitted: Vec<Event> = Vec::new();
            for (id, value) in ids.iter().zip([1.0, 2.0, 4.0, 3.0]) {
                let fields = json!({"epoch": epoch, "value": value});
                submitted.push(event(EPOCH * epoch + 55, id, "infer", fields));
            }
            for (id, loss) in [("flo", -1.0), ("fay", 0.5)] {
                let fields = json!({"epoch": epoch, "losses": {"ann": loss, "dan": 0.1}});
                submitted.push(event(EPOCH * epoch + 55, id, "forecast", fields));
            }
            let mut reported: Vec<Event> = Vec::new();
            for (id, truth) in [("rob", 1.1), ("sam", 1.2), ("tom", 1.3)] {
                let fields = json!({"epoch": epoch, "truth": truth});
                reported.push(event(EPOCH * (epoch + 1), id, "report", fields));
                let fields = json!({"reputer": id, "amount": 5});
                reported.push(event(EPOCH * (epoch + 1), "del", "delegate", fields));
            }
            for events in [&submitted, &reported] {
                for at in order.iter().filter(|at| **at < events.len()) {
                    stage.topic.take(&events[*at]).unwrap();
                }
            }
        }
        stage.advance(1_000);
        stage.topic.bytes()
    };
    let first = play(&[0, 1, 2, 3, 4, 5]);
    assert_eq!(play(&[5, 4, 3, 2, 1, 0]), first);
    assert_eq!(play(&[3, 0, 5, 1, 4, 2]), first);
}

#[test]
fn registering_in_another_order_changes_nothing() {
    let play = |order: [&str; 3]| {
        let mut stage = Stage::new(rules(), &order, &[], &["rob"]);
        for id in order {
            stage.infer(0, id, f64::from(u32::from(id.as_bytes()[0])));
        }
        stage.report(0, "rob", 98.5);
        stage.topic.advance(at(150));
        stage.topic.bytes()
    };
    assert_eq!(play(["ann", "ben", "cat"]), play(["cat", "ann", "ben"]));
}
