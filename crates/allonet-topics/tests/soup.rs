//! Laws of the life of a topic under any events, sensible or not: it never
//! breaks, replays to the same bytes however it is split, keeps its money and
//! its numbers.

mod kit;

use allonet_core::event::Event;
use allonet_topics::commitment::{Committed, hash};
use allonet_topics::life::{Closed, Places, Rules, Topic};
use kit::{Stage, at, base, event, rules};
use proptest::prelude::*;
use serde_json::{Value, json};

const SALT: &str = "0123456789abcdef";
const IDS: [&str; 6] = ["ann", "ben", "cat", "dan", "eve", ""];

/// One event: how many seconds after the one before, by whom, what.
#[derive(Clone, Debug)]
struct Spoon {
    wait: i64,
    who: usize,
    whom: usize,
    what: usize,
    epoch_back: u64,
    number: f64,
    amount: u64,
    reward: bool,
}

fn spoon() -> impl Strategy<Value = Spoon> {
    let wait = prop_oneof![8 => 0_i64..12, 2 => 0_i64..70, 1 => Just(5_000)];
    let number = prop_oneof![
        6 => -3.0..3.0_f64,
        1 => Just(0.0),
        1 => Just(1e40),
        1 => Just(-300.0),
        1 => Just(1e301),
        1 => Just(5e-324),
    ];
    let amount = prop_oneof![4 => 0_u64..50, 1 => Just(u64::MAX)];
    let ids = (0..IDS.len(), 0..IDS.len(), 0_usize..22, 0_u64..3);
    (wait, ids, number, amount, prop::bool::weighted(0.2)).prop_map(
        |(wait, (who, whom, what, epoch_back), number, amount, reward)| Spoon {
            wait,
            who,
            whom,
            what,
            epoch_back,
            number,
            amount,
            reward,
        },
    )
}

fn pour(spoons: &[Spoon], rules: &Rules) -> Vec<Event> {
    let mut now = 0;
    let each = spoons.iter().map(|spoon| {
        now += spoon.wait;
        let (action, fields) = fields(spoon, now, rules);
        event(now, IDS[spoon.who], action, fields)
    });
    each.collect()
}

fn fields(spoon: &Spoon, now: i64, rules: &Rules) -> (&'static str, Value) {
    let newest = rules.schedule.epoch_at(at(now)).unwrap_or(0);
    let epoch = newest.saturating_sub(spoon.epoch_back / 2);
    let before = newest.saturating_sub(rules.schedule.truth_lag_epochs);
    let (x, whom, amount) = (spoon.number, IDS[spoon.whom], spoon.amount);
    let who = IDS[spoon.who];
    // What somebody commits to is always the same, what it reveals mostly that.
    let own = if spoon.what == 4 || spoon.amount > 3 { who.len() as f64 } else { x };
    match spoon.what {
        0 => ("register", json!({"role": "inferer"})),
        1 => ("register", json!({"role": "forecaster"})),
        2 => ("register", json!({"role": "reputer"})),
        3 => {
            let role = ["inferer", "forecaster", "reputer", "?"][spoon.whom % 4];
            ("leave", json!({"role": role}))
        }
        4..=5 if rules.commit_reveal => {
            let hash = hash("t", epoch, who, Committed::Inference(&[own]), SALT);
            ("commit", json!({"epoch": epoch, "role": "inferer", "hash": hash}))
        }
        6..=7 if rules.commit_reveal => {
            ("reveal", json!({"epoch": epoch, "value": own, "salt": SALT}))
        }
        4..=7 => ("infer", json!({"epoch": epoch, "value": x})),
        8 | 9 => ("forecast", json!({"epoch": epoch, "losses": {"ann": x, whom: -x, "ben": 0.1}})),
        10..=12 => ("report", json!({"epoch": before, "truth": x})),
        13 => {
            let losses = json!({"network": x, "inferers": {whom: -x}});
            ("report", json!({"epoch": before, "losses": losses}))
        }
        14 => ("stake", json!({"amount": amount})),
        15 => ("unstake", json!({"amount": amount / 2})),
        16 => ("cancel-unstake", json!({})),
        17 => ("delegate", json!({"reputer": whom, "amount": amount.to_string()})),
        18 => ("undelegate", json!({"reputer": whom, "amount": amount / 3})),
        19 => ("claim", json!({"reputer": whom})),
        20 => ("fund", json!({"amount": amount})),
        _ => ("nonsense", json!({"epoch": x, "value": whom})),
    }
}

/// Takes an event; pays for the oldest epoch now and then.
fn step(topic: &mut Topic, spoon: &Spoon, event: &Event) -> bool {
    let taken = topic.take(event);
    let oldest = topic.unpaid().next().filter(|_| spoon.reward);
    if let Some(epoch) = oldest {
        let payouts = topic.reward(epoch, base(1_000_003)).expect("it was scored");
        let all = payouts.iter().map(|paid| paid.own.add(paid.delegated, "all").expect("fits"));
        let all = allonet_core::money::Amount::sum(all, "all").expect("fits");
        assert_eq!(all, base(1_000_003));
    }
    taken.is_ok()
}

/// No number of a state is missing where one must be: JSON has no other sign
/// for infinities and what is no number.
fn assert_finite(topic: &Topic) {
    let bytes = topic.bytes();
    let again = Topic::restore(&bytes).expect("a state reads back");
    assert_eq!(again.bytes(), bytes);
}

fn kitchens() -> [Rules; 3] {
    let plain = rules();
    let mut tight = rules();
    tight.places = Places { inferers: 2, forecasters: 1, reputers: 1 };
    tight.unstake_delay_secs = 40;
    tight.activation.minimum = 10.0;
    tight.schedule.truth_lag_epochs = 2;
    let mut secret = rules();
    secret.commit_reveal = true;
    secret.minimum_stake = base(3);
    [plain, tight, secret]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn any_events_leave_a_sound_topic(
        spoons in prop::collection::vec(spoon(), 1..250),
        kitchen in 0_usize..3,
        split in 0_usize..250,
    ) {
        let rules = kitchens()[kitchen].clone();
        let events = pour(&spoons, &rules);
        let mut stage = Stage::new(rules.clone(), &["ann", "ben"], &["cat"], &["dan", "eve"]);
        let mut split_up = Topic::restore(&stage.topic.bytes()).unwrap();
        for (index, (spoon, event)) in spoons.iter().zip(&events).enumerate() {
            let mut before = stage.topic.clone();
            if !step(&mut stage.topic, spoon, event) && !spoon.reward {
                before.advance(event.time);
                prop_assert_eq!(before.bytes(), stage.topic.bytes());
            }
            // Told of time twice, and read back from bytes in the middle.
            split_up.advance(event.time);
            if index == split {
                split_up = Topic::restore(&split_up.bytes()).unwrap();
            }
            step(&mut split_up, spoon, event);
            stage.assert_conserved();
        }
        assert_finite(&stage.topic);
        prop_assert_eq!(stage.topic.bytes(), split_up.bytes());
        let end = at(events.last().unwrap().time.unix() + 10_000);
        let closed = stage.topic.advance(end);
        split_up.advance(end);
        prop_assert_eq!(stage.topic.bytes(), split_up.bytes());
        stage.assert_conserved();
        assert_finite(&stage.topic);
        assert_told_once(&closed);
    }
}

/// Each epoch has one inference or is skipped, in order, and comes to scores at
/// most once.
fn assert_told_once(closed: &[Closed]) {
    let (mut next, mut open) = (0, std::collections::BTreeSet::new());
    for closed in closed {
        match closed {
            Closed::Inference(inference) => {
                assert_eq!(inference.epoch, next);
                open.insert(next);
                next += 1;
                for label in &inference.labels {
                    assert!(label.network().is_finite() && label.naive().is_finite());
                }
                let sum: f64 = inference.weights.iter().sum();
                assert!((sum - 1.0).abs() < 1e-9 && inference.labels[0].interval.is_sorted());
            }
            Closed::Skipped(skipped) if open.remove(&skipped.first) => {
                assert_eq!(skipped.first, skipped.last);
            }
            Closed::Skipped(skipped) => {
                assert_eq!(skipped.first, next);
                next = skipped.last + 1;
            }
            Closed::Scored(scored) => assert!(open.remove(&scored.epoch)),
            Closed::Released(_) => {}
        }
    }
}

#[test]
fn sensible_soups_come_to_scores() {
    // The generator above must reach what it is meant to test.
    let config = ProptestConfig::with_cases(1);
    let mut runner = proptest::test_runner::TestRunner::new_with_rng(
        config,
        proptest::test_runner::TestRng::deterministic_rng(
            proptest::test_runner::RngAlgorithm::ChaCha,
        ),
    );
    for rules in kitchens() {
        let mut reached = [0_usize; 4];
        for _ in 0..12 {
            let tree = prop::collection::vec(spoon(), 250).new_tree(&mut runner).unwrap();
            let spoons = proptest::strategy::ValueTree::current(&tree);
            let mut stage = Stage::new(rules.clone(), &["ann", "ben"], &["cat"], &["dan", "eve"]);
            for (spoon, event) in spoons.iter().zip(pour(&spoons, &rules)) {
                reached[0] += usize::from(step(&mut stage.topic, spoon, &event));
            }
            for closed in stage.advance(100_000) {
                match closed {
                    Closed::Inference(_) => reached[1] += 1,
                    Closed::Scored(_) => reached[2] += 1,
                    Closed::Released(_) => reached[3] += 1,
                    Closed::Skipped(_) => {}
                }
            }
        }
        assert!(reached.iter().all(|times| *times > 0), "{reached:?}");
    }
}
