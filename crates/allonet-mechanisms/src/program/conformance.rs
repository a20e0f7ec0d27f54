//! What a program must hold to, as questions that any host can put to it.
//!
//! ```
//! use allonet_core::mechanism::{Oracle, Refusal};
//! use allonet_mechanisms::program::conformance::{Verdict, run};
//!
//! /// Pays nobody, whatever it is asked.
//! #[derive(Debug)]
//! struct Miser;
//!
//! impl Oracle for Miser {
//!     fn ask(&self, _question: &str) -> Result<String, Refusal> {
//!         Ok(r#"{"payouts": []}"#.to_owned())
//!     }
//! }
//!
//! assert!(run(&Miser).iter().all(|result| result.verdict == Verdict::Passed));
//! ```

use std::collections::BTreeMap;
use std::sync::Arc;

use allonet_core::event::Event;
use allonet_core::fault::SourceFile;
use allonet_core::mechanism::{Allocation, Oracle, Outcome, Payout, Purse, Refusal, State, Turn};
use allonet_core::money::{Amount, Asset};
use allonet_core::signal::{Signal, SignalData};
use allonet_core::time::Instant;
use ruint::aliases::U256;
use serde_json::{Map, Value};

use crate::protocol::{follow, question};

/// One thing that is checked.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// Stable name: `one-unit`.
    pub name: &'static str,
    /// What a program must do to pass, in one sentence.
    pub checks: &'static str,
    check: fn(&Bench<'_>) -> Result<(), Verdict>,
}

/// What came of one case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseResult {
    /// The case's name.
    pub name: &'static str,
    /// What it checks.
    pub checks: &'static str,
    /// How the program did.
    pub verdict: Verdict,
}

/// How a program did in one case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// As it should.
    Passed,
    /// It works, but perhaps not as meant.
    Warning(String),
    /// It breaks the protocol: what was asked, what came, what to do.
    Failed(String),
}

/// All cases, in the order in which they are best mended.
pub fn suite() -> Vec<Case> {
    CASES.to_vec()
}

/// Puts all cases to a program, with three made-up payees and no data.
pub fn run(oracle: &dyn Oracle) -> Vec<CaseResult> {
    run_with(oracle, &["alice".into(), "bob".into(), "zoë \"z\" 7".into()], None)
}

/// Puts all cases to a program, with its own payees and data.
pub fn run_with(
    oracle: &dyn Oracle,
    payees: &[Arc<str>],
    data: Option<&Arc<SourceFile>>,
) -> Vec<CaseResult> {
    let bench = Bench { oracle, payees, data };
    let verdict = |case: &Case| (case.check)(&bench).err().unwrap_or(Verdict::Passed);
    CASES
        .iter()
        .map(|case| CaseResult { name: case.name, checks: case.checks, verdict: verdict(case) })
        .collect()
}

const CASES: &[Case] = &[
    Case {
        name: "nothing",
        checks: "with no money at all it answers and pays nothing",
        check: |bench| bench.valid("no money at all", &Scene::usd(0)),
    },
    Case {
        name: "one-unit",
        checks: "it divides a single base unit without paying it twice",
        check: |bench| bench.valid("one base unit", &Scene::usd(1)),
    },
    Case {
        name: "many-amounts",
        checks: "what it pays and retains is never more than what is available",
        check: |bench| {
            [2, 3, 7, 10, 99, 100, 101, 1_000_003, 10_u128.pow(18) + 7, u128::MAX]
                .into_iter()
                .try_for_each(|units| {
                    bench.valid(&format!("{units} base units"), &Scene::usd(units))
                })
        },
    },
    Case {
        name: "huge",
        checks: "amounts of 2^255 base units stay exact: they are texts, not numbers",
        check: |bench| {
            let huge = Amount::from_u256(U256::from(1) << 255);
            bench.valid("2^255 base units", &Scene { inflow: vec![huge], ..Scene::usd(0) })
        },
    },
    Case {
        name: "carried-over",
        checks: "it may spend what was unspent before, not only the inflow",
        check: |bench| {
            let carried = vec![Amount::from_base(1_000)];
            bench.valid("1000 base units from before", &Scene { carried, ..Scene::usd(0) })
        },
    },
    Case {
        name: "several-assets",
        checks: "it keeps assets apart and names them by their id",
        check: |bench| {
            let inflow = [1_000, 7, 10_u128.pow(18)].map(Amount::from_base).to_vec();
            let assets = vec![
                Asset::new("USD", 2),
                Asset { chain: Some("optimism".into()), ..Asset::new("USDC", 6) },
                Asset::new("ETH", 18),
            ];
            bench.valid("three assets", &Scene { assets, inflow, ..Scene::usd(0) })
        },
    },
    Case {
        name: "second-asset",
        checks: "it copes with money in another than the main asset",
        check: |bench| {
            let inflow = vec![Amount::ZERO, Amount::from_base(55)];
            let assets = vec![Asset::new("USD", 2), Asset::new("ETH", 18)];
            bench.valid("money in the second asset", &Scene { assets, inflow, ..Scene::usd(0) })
        },
    },
    Case {
        name: "later-epoch",
        checks: "it answers in any epoch, whether or not that has an end",
        check: |bench| {
            let ends = Some(Instant::from_unix(1_769_877_000));
            bench.valid("epoch 41", &Scene { epoch: 41, ends, ..Scene::usd(500) })
        },
    },
    Case {
        name: "unknown-field",
        checks: "it passes over fields of the question that it does not know",
        check: unknown_field,
    },
    Case {
        name: "unknown-signal",
        checks: "it passes over signals that it does not know",
        check: |bench| {
            let data = SignalData::Scores([("nobody".to_owned(), 0.5)].into());
            let signal = Signal { from: "elsewhere".into(), name: "x-unknown".to_owned(), data };
            bench.valid("an unknown signal", &Scene { signals: vec![signal], ..Scene::usd(500) })
        },
    },
    Case {
        name: "unknown-event",
        checks: "it passes over events whose action it does not know",
        check: |bench| {
            let event = Event {
                time: Instant::from_unix(0),
                actor: "somebody".to_owned(),
                action: "x-unknown".to_owned(),
                fields: Map::new(),
            };
            bench.valid("an unknown event", &Scene { events: vec![event], ..Scene::usd(500) })
        },
    },
    Case {
        name: "same-question-same-answer",
        checks: "the same question gets the same answer, byte for byte",
        check: determinism,
    },
    Case {
        name: "state-round-trip",
        checks: "it understands the state that it answered itself, turn after turn",
        check: state_round_trip,
    },
    Case {
        name: "order-of-payees",
        checks: "who gets what does not depend on the order of the payees",
        check: order_of_payees,
    },
];

/// A program on the bench.
struct Bench<'a> {
    oracle: &'a dyn Oracle,
    payees: &'a [Arc<str>],
    data: Option<&'a Arc<SourceFile>>,
}

/// What one question is about.
struct Scene {
    epoch: u32,
    ends: Option<Instant>,
    assets: Vec<Asset>,
    inflow: Vec<Amount>,
    carried: Vec<Amount>,
    signals: Vec<Signal>,
    events: Vec<Event>,
    state: State,
}

impl Scene {
    /// So many base units of the only asset, in the first epoch.
    fn usd(units: u128) -> Self {
        Self {
            epoch: 0,
            ends: None,
            assets: vec![Asset::new("USD", 2)],
            inflow: vec![Amount::from_base(units)],
            carried: Vec::new(),
            signals: Vec::new(),
            events: Vec::new(),
            state: State::empty(),
        }
    }

    fn purses(&self) -> Result<(Purse, Purse), Refusal> {
        let inflow = Purse::new(self.inflow.clone());
        let mut available = inflow.clone();
        available.put_all(&Purse::new(self.carried.clone()))?;
        Ok((inflow, available))
    }

    /// Has `act` work on the turn of this scene.
    fn turn<T>(
        &self,
        act: impl FnOnce(&Turn<'_>, &Purse) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        let (inflow, available) = self.purses()?;
        let turn = Turn {
            epoch: self.epoch,
            ends: self.ends,
            assets: &self.assets,
            inflow: &inflow,
            signals: &self.signals,
            events: &self.events,
            state: &self.state,
        };
        act(&turn, &available)
    }
}

const NEURON: &str = "conformance";

impl Bench<'_> {
    fn question(&self, scene: &Scene, payees: &[Arc<str>]) -> Result<String, Refusal> {
        let data = self.data.map(|file| file.text.as_str());
        scene.turn(|turn, available| question(NEURON, payees, data, turn, available))
    }

    /// Checks an answer as the engine would.
    fn book(
        scene: &Scene,
        payees: &[Arc<str>],
        answer: &str,
    ) -> Result<(Outcome, Vec<Payout>), Refusal> {
        scene.turn(|turn, available| {
            let mut allocation = Allocation::new(available, payees, turn.assets);
            let outcome = follow(NEURON, answer, payees, turn, &mut allocation)?;
            Ok((outcome, allocation.close().0))
        })
    }

    fn ask(&self, scene: &Scene) -> Result<(Outcome, Vec<Payout>), Refusal> {
        let answer = self.oracle.ask(&self.question(scene, self.payees)?)?;
        Self::book(scene, self.payees, &answer)
    }

    /// Passes where the program answers a question validly.
    fn valid(&self, about: &str, scene: &Scene) -> Result<(), Verdict> {
        self.ask(scene).map(|_| ()).map_err(|refusal| failed(about, &refusal))
    }
}

fn failed(about: &str, refusal: &Refusal) -> Verdict {
    let help = refusal.help.as_ref().map(|help| format!(" ({help})")).unwrap_or_default();
    Verdict::Failed(format!("asked about {about}: {refusal}{help}"))
}

fn unknown_field(bench: &Bench<'_>) -> Result<(), Verdict> {
    const ABOUT: &str = "500 base units, with the unknown field `x-future`";
    let scene = Scene::usd(500);
    let answered = || {
        let question = bench.question(&scene, bench.payees)?;
        let body = question.strip_prefix('{').unwrap_or_default();
        let answer = bench.oracle.ask(&format!("{{\"x-future\":{{\"a\":[1]}},{body}"))?;
        Bench::book(&scene, bench.payees, &answer)
    };
    answered().map(|_| ()).map_err(|refusal| failed(ABOUT, &refusal))
}

fn determinism(bench: &Bench<'_>) -> Result<(), Verdict> {
    let about = "the same 1001 base units several times";
    let answers = || {
        let question = bench.question(&Scene::usd(1_001), bench.payees)?;
        (0..3).map(|_| bench.oracle.ask(&question)).collect::<Result<Vec<_>, _>>()
    };
    let answers = answers().map_err(|refusal| failed(about, &refusal))?;
    match answers.iter().find(|answer| **answer != answers[0]) {
        None => Ok(()),
        Some(other) => Err(Verdict::Failed(format!(
            "asked about {about}, it answered first `{}`, then `{}` (sort whatever comes from a \
             set or map, and use no clock, chance or network)",
            answers[0].trim_end(),
            other.trim_end()
        ))),
    }
}

fn state_round_trip(bench: &Bench<'_>) -> Result<(), Verdict> {
    let mut scene = Scene::usd(100);
    for epoch in 0..4 {
        scene.epoch = epoch;
        let about = format!("epoch {epoch}, with the state of the epoch before");
        let (outcome, _) = bench.ask(&scene).map_err(|refusal| failed(&about, &refusal))?;
        let (again, _) = bench.ask(&scene).map_err(|refusal| failed(&about, &refusal))?;
        if outcome.state != again.state {
            return Err(Verdict::Failed(format!(
                "asked twice about {about}, it answered the state {:?}, then {:?} (the state may \
                 depend on nothing but the question)",
                outcome.state, again.state
            )));
        }
        scene.state = outcome.state;
    }
    Ok(())
}

fn order_of_payees(bench: &Bench<'_>) -> Result<(), Verdict> {
    let about = "1001 base units, with the payees in another order";
    let scene = Scene::usd(1_001);
    let mut reversed = bench.payees.to_vec();
    reversed.reverse();
    let paid = |payees: &[Arc<str>]| {
        let answer = bench.oracle.ask(&bench.question(&scene, payees)?)?;
        let (_, payouts) = Bench::book(&scene, payees, &answer)?;
        let mut paid: BTreeMap<Arc<str>, Amount> = BTreeMap::new();
        for Payout { payee, amount, .. } in payouts {
            let total = paid.entry(Arc::clone(&payees[payee as usize])).or_default();
            *total = total.add(amount, "payouts")?;
        }
        Ok(paid)
    };
    let given = paid(bench.payees).map_err(|refusal| failed(about, &refusal))?;
    let other = paid(&reversed).map_err(|refusal| failed(about, &refusal))?;
    if given == other {
        return Ok(());
    }
    let show = |paid: &BTreeMap<Arc<str>, Amount>| {
        let map = paid.iter().map(|(payee, amount)| (payee.to_string(), amount.to_string()));
        Value::from(map.map(|(payee, amount)| (payee, Value::from(amount))).collect::<Map<_, _>>())
    };
    Err(Verdict::Warning(format!(
        "asked about {about}, it pays {} instead of {} (sort the payees before dividing)",
        show(&other),
        show(&given)
    )))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use serde_json::json;

    use super::*;

    /// An oracle from a function.
    struct Answers<F>(F);

    impl<F> std::fmt::Debug for Answers<F> {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("Answers")
        }
    }

    impl<F: Fn(&Value) -> String + Send + Sync> Oracle for Answers<F> {
        fn ask(&self, question: &str) -> Result<String, Refusal> {
            Ok((self.0)(&serde_json::from_str(question).unwrap()))
        }
    }

    fn units(text: &Value) -> U256 {
        text.as_str().unwrap().parse().unwrap()
    }

    /// Divides every asset evenly; the first by name get the units left over.
    fn even(question: &Value) -> Value {
        let mut payees: Vec<&str> =
            question["payees"].as_array().unwrap().iter().map(|id| id.as_str().unwrap()).collect();
        payees.sort_unstable();
        let count = U256::from(payees.len());
        let mut payouts = Vec::new();
        for (asset, amount) in question["available"].as_object().unwrap() {
            let (each, left) = units(amount).div_rem(count);
            for (place, payee) in payees.iter().enumerate() {
                let amount = each + U256::from(u8::from(U256::from(place) < left));
                payouts.push(json!({"to": payee, "asset": asset, "amount": amount.to_string()}));
            }
        }
        json!({"payouts": payouts, "state": {"turns": question["state"]["turns"].as_u64().unwrap_or(0) + 1}})
    }

    fn verdicts(
        answer: impl Fn(&Value) -> String + Send + Sync,
    ) -> BTreeMap<&'static str, Verdict> {
        run(&Answers(answer)).into_iter().map(|result| (result.name, result.verdict)).collect()
    }

    fn text(verdict: &Verdict) -> &str {
        match verdict {
            Verdict::Passed => "",
            Verdict::Warning(text) | Verdict::Failed(text) => text,
        }
    }

    #[test]
    fn an_honest_program_passes_everything() {
        for (name, verdict) in verdicts(|question| even(question).to_string()) {
            assert_eq!(verdict, Verdict::Passed, "{name}");
        }
        let names: Vec<&str> = suite().iter().map(|case| case.name).collect();
        assert_eq!(names.len(), 14);
    }

    #[test]
    fn an_overspender_fails_wherever_there_is_money() {
        let verdicts = verdicts(|question| {
            let all = question["available"]["USD"].as_str().unwrap();
            json!({"payouts": [{"to": "alice", "amount": all}, {"to": "bob", "amount": "1"}]})
                .to_string()
        });
        assert_eq!(
            text(&verdicts["one-unit"]),
            "asked about one base unit: the answer of `conformance`'s program, `payouts[1]`: it \
             would pay 1 base units of USD to `bob`, but only 0 of its 1 are left"
        );
        assert!(verdicts.values().all(|verdict| matches!(verdict, Verdict::Failed(_))
            || *verdict == verdicts["same-question-same-answer"]));
    }

    #[test]
    fn garbage_fails_with_its_beginning() {
        let verdicts = verdicts(|_| "Traceback (most recent call last):\n".to_owned());
        assert!(text(&verdicts["nothing"]).contains("is no JSON object: expected value"));
        assert!(
            text(&verdicts["nothing"])
                .ends_with("(print one JSON object such as {\"payouts\": []}, and nothing else)")
        );
    }

    #[test]
    fn a_fickle_program_is_found_out() {
        let asked = AtomicU32::new(0);
        let verdicts = verdicts(|_| {
            let count = asked.fetch_add(1, Ordering::Relaxed);
            json!({"payouts": [], "state": count}).to_string()
        });
        assert!(text(&verdicts["same-question-same-answer"]).contains("no clock, chance"));
        assert!(text(&verdicts["state-round-trip"]).contains("nothing but the question"));
    }

    #[test]
    fn a_program_that_looks_at_the_order_is_warned() {
        let verdicts = verdicts(|question| {
            let all = question["available"]["USD"].as_str().unwrap();
            json!({"payouts": [{"to": question["payees"][0], "amount": all}]}).to_string()
        });
        let Verdict::Warning(text) = &verdicts["order-of-payees"] else { panic!() };
        assert!(
            text.contains("it pays {\"zoë \\\"z\\\" 7\":\"1001\"} instead of {\"alice\":\"1001\"}"),
            "{text}"
        );
        assert_eq!(verdicts["huge"], Verdict::Passed);
    }

    #[test]
    fn a_program_that_counts_in_floats_fails_on_huge_amounts() {
        let verdicts = verdicts(|question| {
            let all: f64 = question["available"]["USD"].as_str().unwrap().parse().unwrap();
            json!({"payouts": [{"to": "alice", "amount": format!("{all:.0}")}]}).to_string()
        });
        assert!(matches!(verdicts["many-amounts"], Verdict::Failed(_)));
        assert_eq!(verdicts["one-unit"], Verdict::Passed);
    }

    #[test]
    fn a_strict_program_fails_on_what_it_does_not_know() {
        let verdicts = verdicts(|question| {
            if question.get("x-future").is_some() {
                return json!({"error": "what is x-future?"}).to_string();
            }
            even(question).to_string()
        });
        assert_eq!(
            text(&verdicts["unknown-field"]),
            "asked about 500 base units, with the unknown field `x-future`: the program of \
             `conformance` refuses: what is x-future?"
        );
    }
}
