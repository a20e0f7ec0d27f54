//! External: any program as a neuron.
//!
//! Use it for a rule that this catalogue lacks, in any language. Each turn the
//! program gets one question and gives one answer; the answer is checked as
//! strictly as any rule, so a faulty program cannot create or lose money.
//!
//! # Formula
//!
//! ```text
//! answer = program(question)
//! Σ payouts + Σ retain ≤ available, for each asset; the rest stays unspent
//! ```
//!
//! The question is one JSON object on one line:
//!
//! | field       | what                                                                  |
//! |-------------|-----------------------------------------------------------------------|
//! | `protocol`  | `"allonet-neuron/1"`                                                  |
//! | `neuron`    | id of the neuron that asks                                            |
//! | `epoch`     | number of the epoch, from 0                                           |
//! | `ends`      | when the epoch ends, `"2026-01-31T00:00:00Z"`, or `null`              |
//! | `assets`    | list of `{id, symbol, decimals}`; the first is the main asset         |
//! | `inflow`    | what came in this epoch: asset id → base units, as a text of digits   |
//! | `available` | what may be spent: inflow and what was unspent before                 |
//! | `payees`    | everyone who may be paid                                              |
//! | `signals`   | list of `{from, name, data}`; `data` is a number or id → number       |
//! | `events`    | list of `{time, actor, action, …}` of this epoch, in order of time    |
//! | `state`     | what the program answered as `state` last, at first `null`            |
//! | `data`      | text of the file given as setting `data`, or `null`                   |
//!
//! Later versions of the engine may add fields; a program ignores those it does
//! not know. The answer is one JSON object:
//!
//! | field      | what                                                                   |
//! |------------|------------------------------------------------------------------------|
//! | `payouts`  | required list of `{to, amount, asset, steps}`; `asset` defaults to the main asset |
//! | `retain`   | what stays for good: asset id → base units                             |
//! | `signals`  | `scores`, `value`, `weights`: each a number or id → number             |
//! | `state`    | any JSON to get back next time; absent: as before; `null`: forget      |
//! | `remarks`  | list of texts for the operator                                         |
//! | `protocol` | may repeat `"allonet-neuron/1"`                                        |
//! | `error`    | instead of all others: why the program refuses its input               |
//!
//! `steps` explain a payout, as a list of `{label, change, note}` whose changes
//! (`"+1500"`, `"-20"`) add up to its amount. Unknown fields, keys that stand
//! twice (but for what is inside `state`) and leading zeros are refused.
//!
//! # Units and rounding
//!
//! | quantity        | unit                                    | rounding          |
//! |-----------------|-----------------------------------------|-------------------|
//! | amounts         | base units, texts of digits below 2^256 | the program's own |
//! | signals         | finite JSON numbers                     | nearest `f64`     |
//! | `time_limit`    | milliseconds                            | none              |
//! | `answer_limit`  | bytes                                   | none              |
//!
//! # Limits
//!
//! * The answer may have `answer_limit` bytes and take `time_limit`
//!   milliseconds; the host ends a program that exceeds them.
//! * JSON nested deeper than 128 levels is refused, but for `state`.
//! * Each turn is a new question; whatever the program is to remember it must
//!   put into `state`.
//!
//! # Known weaknesses
//!
//! * The engine cannot see whether a program is a pure function of its
//!   question. One that uses a clock, chance or the network gives runs that
//!   cannot be repeated; hosts record questions and answers for that reason.
//! * A program runs with the rights the host gives it.
//!
//! # Sources
//!
//! * Own protocol; [`crate::program::conformance`] is its test suite.
//! * RFC 8259, *The JavaScript Object Notation (JSON) Data Interchange Format*.
//!
//! # Example
//!
//! ```
//! use std::sync::Arc;
//!
//! use allonet_core::mechanism::{Oracle, Refusal};
//! use allonet_core::money::Amount;
//! use allonet_mechanisms::trial::trial_of;
//!
//! #[derive(Debug)]
//! struct Half;
//!
//! impl Oracle for Half {
//!     fn ask(&self, question: &str) -> Result<String, Refusal> {
//!         assert!(question.contains(r#""available":{"USD":"100"}"#));
//!         Ok(r#"{"payouts": [{"to": "alice", "amount": "50"}]}"#.to_owned())
//!     }
//! }
//!
//! let mut trial = trial_of("external").list("command", &["half"]).list("to", &["alice"]);
//! trial.oracle = Some(Arc::new(Half));
//! assert_eq!(trial.run(100)?.unspent.of(0), Amount::from_base(50));
//! # Ok::<(), allonet_mechanisms::trial::NoTrial>(())
//! ```

use std::sync::Arc;

use allonet_core::card::{Absent, Action, Card, Family, Kind, Setting, Settings, Source, Status};
use allonet_core::fault::{Fault, SourceFile};
use allonet_core::mechanism::{
    Allocation, Blueprint, Mechanism, Oracle, Outcome, Program, Refusal, Turn,
};

use crate::protocol::{SIGNALS, follow, question};

// --- Card -------------------------------------------------------------------

/// What the rule says of itself.
pub static CARD: Card = Card {
    id: "external",
    title: "External program",
    family: Family::Program,
    formula: "answer = program(question), with Σ payouts + Σ retain ≤ available",
    status: Status::Preview { since: "0.1.0" },
    sources: &[Source {
        cite: "RFC 8259, The JavaScript Object Notation (JSON) Data Interchange Format",
        url: "https://www.rfc-editor.org/rfc/rfc8259",
    }],
    settings: &[
        Setting {
            name: "command",
            kind: Kind::List,
            default: Absent::Required,
            doc: "The program and its arguments, one text each.",
        },
        Setting {
            name: "to",
            kind: Kind::List,
            default: Absent::Required,
            doc: "Everyone the program may ever pay.",
        },
        Setting {
            name: "time_limit",
            kind: Kind::Integer { min: 1, max: 3_600_000 },
            default: Absent::Default("10000"),
            doc: "Milliseconds within which it must have answered.",
        },
        Setting {
            name: "answer_limit",
            kind: Kind::Integer { min: 2, max: 1 << 30 },
            default: Absent::Default("1048576"),
            doc: "Most bytes that its answer may have.",
        },
        Setting {
            name: "data",
            kind: Kind::File,
            default: Absent::None("the question carries no data"),
            doc: "A text file whose content every question carries.",
        },
    ],
    actions: &[Action {
        name: "*",
        fields: &[],
        optional: &[],
        doc: "Any event of the log is handed to the program.",
    }],
    reads: &["*"],
    emits: SIGNALS,
};

const TIME_LIMIT_MS: u64 = 10_000;
const ANSWER_LIMIT_BYTES: u64 = 1 << 20;

// --- Settings ---------------------------------------------------------------

/// The rule: whom to ask, and whom it may pay.
#[derive(Debug)]
pub struct External {
    pub(crate) neuron: Arc<str>,
    /// Sorted, but for the conformance suite.
    pub(crate) payees: Vec<Arc<str>>,
    pub(crate) data: Option<Arc<SourceFile>>,
    pub(crate) oracle: Arc<dyn Oracle>,
    pub(crate) answer_limit_bytes: u64,
}

/// Builds the rule from its settings; the host must grant the program.
pub fn build(blueprint: &Blueprint<'_>) -> Result<Box<dyn Mechanism>, Vec<Fault>> {
    let settings = blueprint.settings;
    let payees = payees(settings)?;
    let command: Vec<String> =
        settings.list("command").iter().map(|part| part.value.clone()).collect();
    if command.first().is_none_or(String::is_empty) {
        return Err(vec![no_command().at_some(settings.place("command"))]);
    }
    let limit = |name, default| settings.integer(name).map_or(default, i64::unsigned_abs);
    let answer_limit_bytes = limit("answer_limit", ANSWER_LIMIT_BYTES);
    let program = Program {
        neuron: Arc::clone(blueprint.id),
        command,
        time_limit_ms: limit("time_limit", TIME_LIMIT_MS),
        answer_limit_bytes,
    };
    let oracle = blueprint.oracle.oracle(program).map_err(|fault| {
        let place = fault.place.clone().or(settings.place("command"));
        vec![fault.at_some(place)]
    })?;
    Ok(Box::new(External {
        neuron: Arc::clone(blueprint.id),
        payees,
        data: settings.file("data").cloned(),
        oracle,
        answer_limit_bytes,
    }))
}

fn payees(settings: &Settings) -> Result<Vec<Arc<str>>, Vec<Fault>> {
    let mut listed: Vec<_> = settings.list("to").iter().collect();
    listed.sort_by(|a, b| a.value.cmp(&b.value));
    let twice = listed.windows(2).filter(|pair| pair[0].value == pair[1].value);
    let mut faults: Vec<Fault> = twice
        .map(|pair| {
            Fault::new("listed-twice", format!("payee `{}` is listed twice", pair[1].value))
                .at_some(pair[1].place.clone())
        })
        .collect();
    if listed.is_empty() {
        let fault = Fault::new("no-payees", "`to` names nobody whom the program may pay");
        faults.push(fault.at_some(settings.place("to")).help("list its payees: to = [\"alice\"]"));
    }
    if faults.is_empty() {
        Ok(listed.into_iter().map(|payee| payee.value.as_str().into()).collect())
    } else {
        Err(faults)
    }
}

// --- Signals ----------------------------------------------------------------

// Whatever reaches it goes into the question; see the module's page.

// --- Refusals ---------------------------------------------------------------

fn no_command() -> Fault {
    Fault::new("no-command", "`command` names no program")
        .help("write for example: command = [\"python3\", \"even_split.py\"]")
}

fn too_long(neuron: &str, found: usize, limit: u64) -> Refusal {
    let message = format!(
        "the answer of `{neuron}`'s program has {found} bytes, more than the {limit} allowed"
    );
    Refusal::new("answer-too-long", message).help("shorten it, or raise `answer_limit`")
}

// --- Rule -------------------------------------------------------------------

impl Mechanism for External {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn payees(&self) -> &[Arc<str>] {
        &self.payees
    }

    fn step(&self, turn: &Turn<'_>, allocation: &mut Allocation<'_>) -> Result<Outcome, Refusal> {
        let data = self.data.as_ref().map(|file| file.text.as_str());
        let question = question(&self.neuron, &self.payees, data, turn, allocation.available())?;
        let answer = self.oracle.ask(&question)?;
        if u64::try_from(answer.len()).is_ok_and(|bytes| bytes > self.answer_limit_bytes) {
            return Err(too_long(&self.neuron, answer.len(), self.answer_limit_bytes));
        }
        follow(&self.neuron, &answer, &self.payees, turn, allocation)
    }
}

// --- Tests ------------------------------------------------------------------

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use allonet_core::card::Value as Setting;
    use allonet_core::mechanism::{Purse, State};
    use allonet_core::money::{Amount, Asset};
    use allonet_core::signal::SignalData;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::trial::{Trial, TurnResult, trial_of};

    /// Gives one answer to everything and remembers the last question.
    #[derive(Debug, Default)]
    struct Parrot {
        answer: String,
        heard: Mutex<String>,
    }

    impl Oracle for Parrot {
        fn ask(&self, question: &str) -> Result<String, Refusal> {
            question.clone_into(&mut self.heard.lock().unwrap());
            Ok(self.answer.clone())
        }
    }

    fn trial(oracle: Arc<dyn Oracle>) -> Trial {
        let mut trial =
            trial_of("external").list("command", &["rule"]).list("to", &["bob", "alice"]);
        trial.oracle = Some(oracle);
        trial
    }

    fn answer(answer: &str) -> Result<TurnResult, String> {
        let parrot = Parrot { answer: answer.to_owned(), ..Parrot::default() };
        trial(Arc::new(parrot)).run(1_000).map_err(|error| error.to_string())
    }

    // Worked examples.

    #[test]
    fn the_question_says_all_there_is() {
        let parrot = Arc::new(Parrot { answer: r#"{"payouts":[]}"#.into(), ..Parrot::default() });
        let mut trial =
            trial(parrot.clone()).file("data", "a,b\n").scores("weights", &[("bob", 0.5)]);
        trial.assets.push(Asset { chain: Some("optimism".into()), ..Asset::new("ETH", 18) });
        let trial = trial
            .log(r#"{"time":"2026-01-01","actor":"ann","action":"vote","for":"bob"}"#)
            .unwrap();
        let rule = trial.build().unwrap();
        let inflow = Purse::new(vec![Amount::from_base(7)]);
        let available = Purse::new(vec![Amount::from_base(9), Amount::MAX]);
        let state = State::from_bytes(br#"{"n":123456789012345678901234567890}"#);
        let result = trial.turn(&*rule, 3, &inflow, &available, &trial.events, &state).unwrap();
        assert_eq!(result.outcome.state, state);

        let question = parrot.heard.lock().unwrap().clone();
        assert!(!question.contains('\n'));
        assert!(question.contains(r#""state":{"n":123456789012345678901234567890}"#));
        let mut question: Value = serde_json::from_str(&question).unwrap();
        question.as_object_mut().unwrap().remove("state");
        assert_eq!(
            question,
            json!({
                "protocol": "allonet-neuron/1",
                "neuron": "trial",
                "epoch": 3,
                "ends": null,
                "assets": [
                    {"id": "USD", "symbol": "USD", "decimals": 2},
                    {"id": "ETH@optimism", "symbol": "ETH", "decimals": 18},
                ],
                "inflow": {"USD": "7", "ETH@optimism": "0"},
                "available": {"USD": "9", "ETH@optimism": Amount::MAX.to_string()},
                "payees": ["alice", "bob"],
                "signals": [{"from": "elsewhere", "name": "weights", "data": {"bob": 0.5}}],
                "events": [{
                    "time": "2026-01-01T00:00:00Z", "actor": "ann", "action": "vote", "for": "bob",
                }],
                "data": "a,b\n",
            })
        );
    }

    #[test]
    fn the_answer_is_followed() {
        let result = answer(
            r#"{
                "protocol": "allonet-neuron/1",
                "payouts": [
                    {"to": "alice", "amount": "600", "asset": "USD", "steps": [
                        {"label": "score", "change": "+700", "note": "rank 1"},
                        {"label": "cap", "change": "-100"}
                    ]},
                    {"to": "bob", "amount": "1"}
                ],
                "retain": {"USD": "9"},
                "signals": {"value": 1.5, "weights": {"alice": 2}},
                "state": {"seen": [1, "a \" b"],
                          "big": 1e400},
                "remarks": ["bob is late"]
            }"#,
        )
        .unwrap();
        assert_eq!(result.paid("alice"), Amount::from_base(600));
        assert_eq!(result.paid("bob"), Amount::from_base(1));
        assert_eq!(result.retained.of(0), Amount::from_base(9));
        assert_eq!(result.unspent.of(0), Amount::from_base(390));
        let notes: Vec<_> =
            result.payouts[0].steps.iter().map(|step| step.note.as_deref().unwrap()).collect();
        assert_eq!(notes, ["score: rank 1", "cap"]);
        assert_eq!(result.outcome.state.bytes(), br#"{"seen":[1,"a \" b"],"big":1e400}"#);
        assert_eq!(
            result.outcome.signals,
            [
                ("value", SignalData::Number(1.5)),
                ("weights", SignalData::Scores([("alice".to_owned(), 2.0)].into())),
            ]
        );
        assert_eq!(result.outcome.remarks, ["bob is late"]);
    }

    #[test]
    fn null_forgets_the_state() {
        for (text, kept) in [(r#"{"payouts":[]}"#, true), (r#"{"payouts":[],"state":null}"#, false)]
        {
            let parrot = Parrot { answer: text.to_owned(), ..Parrot::default() };
            let trial = trial(Arc::new(parrot));
            let (rule, purse, old) =
                (trial.build().unwrap(), Purse::empty(1), State::from_bytes(b"7"));
            let result = trial.turn(&*rule, 0, &purse, &purse, &[], &old).unwrap();
            assert_eq!(result.outcome.state, if kept { old } else { State::empty() });
        }
    }

    // Refusals.

    #[test]
    fn faulty_answers_are_refused_by_field() {
        for (given, expected) in [
            (r#"{"payout": []}"#, "`payout`: there is no such field"),
            (r"{}", "`payouts`: it is missing; write [] to pay nobody"),
            (r#"{"payouts": {}}"#, "`payouts`: found {}; write a list"),
            (r#"{"payouts": [7]}"#, "`payouts[0]`: found 7; write an object"),
            (
                r#"{"protocol": "allonet-neuron/2", "payouts": []}"#,
                "`protocol`: found \"allonet-neuron/2\"; write \"allonet-neuron/1\", or leave it out",
            ),
            (
                r#"{"payouts": [{"to": "eve", "amount": "1"}]}"#,
                "`payouts[0].to`: found \"eve\"; write one of the question's `payees`",
            ),
            (
                r#"{"payouts": [{"amount": "1"}]}"#,
                "`payouts[0].to`: found null; write one of the question's `payees`",
            ),
            (
                r#"{"payouts": [{"to": "bob", "amount": "1", "asset": "EUR"}]}"#,
                "`payouts[0].asset`: found \"EUR\"; write the `id` of one of the question's `assets`",
            ),
            (
                r#"{"payouts": [{"to": "bob", "amount": "1", "memo": ""}]}"#,
                "`payouts[0].memo`: there is no such field",
            ),
            (
                r#"{"payouts": [{"to": "bob", "amount": "600"}, {"to": "bob", "amount": "401"}]}"#,
                "`payouts[1]`: it would pay 401 base units of USD to `bob`, but only 400 of its \
                 1000 are left",
            ),
            (
                r#"{"payouts": [], "retain": {"USD": "1001"}}"#,
                "`retain.USD`: it would pay 1001 base units of USD to `itself`, but only 1000 of \
                 its 1000 are left",
            ),
            (
                r#"{"payouts": [{"to": "bob", "amount": "5",
                    "steps": [{"label": "a", "change": "+4"}]}]}"#,
                "`payouts[0]`: the steps of the payout to `bob` do not add up to its 5 base units",
            ),
            (
                r#"{"payouts": [{"to": "bob", "amount": "5", "steps": [{"label": "a", "change": "5"}]}]}"#,
                "`payouts[0].steps[0].change`: found \"5\"; write a text of a sign and digits, in \
                 base units: \"+1500\" or \"-20\"",
            ),
            (
                r#"{"payouts": [], "signals": {"price": 1}}"#,
                "`signals.price`: there is no such field",
            ),
            (
                r#"{"payouts": [], "signals": {"value": 1e999}}"#,
                "`signals`: found {\"value\": 1e999}, which cannot be read: number out of range at \
                 line 1 column 15",
            ),
            (
                r#"{"payouts": [], "signals": {"weights": {"a": "1"}}}"#,
                "`signals.weights.a`: found \"1\"; write a finite number",
            ),
            (
                r#"{"payouts": [], "retain": {"USD": "1", "USD": "2"}}"#,
                "`retain`: found {\"USD\": \"1\", \"USD\": \"2\"}, which cannot be read: the key `USD` \
                 stands twice at line 1 column 18",
            ),
            (
                r#"{"payouts": [{"to": "bob", "amount": "1", "amount": "2"}]}"#,
                "`payouts`: found [{\"to\": \"bob\", \"amount\": \"1\", \"amount\": \"2\"}], which cannot \
                 be read: the key `amount` stands twice at line 1 column 38",
            ),
            (r#"{"payouts": [], "remarks": [1]}"#, "`remarks`: found 1; write a list of texts"),
        ] {
            let refusal = answer(given).unwrap_err();
            assert_eq!(refusal, format!("the answer of `trial`'s program, {expected}"), "{given}");
        }
    }

    #[test]
    fn amounts_are_texts_of_digits() {
        let shown = [
            "-1", "1.5", "7", "1e3", "null", "true", r#""-1""#, r#""1.5""#, r#""1_0""#, r#""""#,
            r#""010""#, r#""00""#,
        ];
        for found in shown {
            let text = format!(r#"{{"payouts": [{{"to": "bob", "amount": {found}}}]}}"#);
            let refusal = answer(&text).unwrap_err();
            assert!(refusal.contains("`payouts[0].amount`: found "), "{refusal}");
            let wanted =
                "a text of digits below 2^256 without leading zeros, in base units: \"1500\"";
            assert!(refusal.ends_with(wanted));
        }
    }

    #[test]
    fn garbage_is_refused() {
        assert_eq!(
            answer(r#"{"payouts": [], "payouts": []}"#).unwrap_err(),
            "the answer of `trial`'s program cannot be read: the key `payouts` stands twice at \
             line 1 column 25"
        );
        assert!(answer(" \n").unwrap_err().contains("program is empty"));
        for text in [
            "[]",
            "hello",
            r#"{"payouts": [NaN]}"#,
            r#"{"payouts": []} {}"#,
            "{\"payouts\": [",
            "null",
        ] {
            let refusal = answer(text).unwrap_err();
            assert!(refusal.contains("is no JSON object"), "{text}: {refusal}");
        }
        let deep = format!(r#"{{"payouts": {}}}"#, "[".repeat(100_000));
        assert!(answer(&deep).is_err());
        assert_eq!(
            answer(r#"{"error": "the data has no column `score`"}"#).unwrap_err(),
            "the program of `trial` refuses: the data has no column `score`"
        );
    }

    #[test]
    fn limits_are_kept() {
        let parrot = Parrot { answer: r#"{"payouts": []}"#.into(), ..Parrot::default() };
        let trial = trial(Arc::new(parrot)).set("answer_limit", Setting::Integer(10));
        assert_eq!(
            trial.run(0).unwrap_err().to_string(),
            "the answer of `trial`'s program has 15 bytes, more than the 10 allowed"
        );
    }

    #[test]
    fn settings_that_cannot_work_are_refused() {
        let refusal = |trial: Trial| trial.build().unwrap_err().to_string();
        assert_eq!(
            refusal(trial_of("external").list("command", &["x"]).list("to", &["a"])),
            "`trial` asks for a program, and none may run here"
        );
        let parrot: Arc<dyn Oracle> = Arc::new(Parrot::default());
        assert_eq!(
            refusal(trial(parrot.clone()).list("to", &["a", "a"])),
            "payee `a` is listed twice"
        );
        assert!(refusal(trial(parrot.clone()).list("to", &[])).starts_with("`to` names nobody"));
        assert!(
            refusal(trial(parrot).list("command", &[])).starts_with("`command` names no program")
        );
    }

    // Laws.

    proptest! {
        #[test]
        fn no_answer_panics_or_makes_money(
            text in r#"(\{"payouts": ?\[(\{"to":"(bob|alice|x)","amount":"[0-9]{0,5}"\},?){0,3}\](,"retain":\{"USD":"[0-9]{1,4}"\})?\}|.{0,40})"#,
        ) {
            if let Ok(result) = answer(&text) {
                let paid = Amount::sum(result.payouts.iter().map(|payout| payout.amount), "").unwrap();
                let all = paid.add(result.retained.of(0), "").unwrap();
                prop_assert_eq!(all.add(result.unspent.of(0), "").unwrap(), Amount::from_base(1_000));
            }
        }

        #[test]
        fn a_state_survives_unchanged(words in prop::collection::vec(".{0,12}", 0..6)) {
            let state = json!({"words": words, "deep": [[{"a b": " \\ \" "}]]});
            let pretty = serde_json::to_string_pretty(&state).unwrap();
            let result = answer(&format!(r#"{{"payouts": [], "state": {pretty}}}"#)).unwrap();
            prop_assert_eq!(result.outcome.state, State::from_bytes(state.to_string().as_bytes()));
        }
    }

    // Reference: a program that repeats a rule of the catalogue gives its result.

    #[derive(Debug)]
    struct SplitInPlainIntegers;

    impl Oracle for SplitInPlainIntegers {
        fn ask(&self, question: &str) -> Result<String, Refusal> {
            let question: Value = serde_json::from_str(question).unwrap();
            let money: u128 = question["available"]["USD"].as_str().unwrap().parse().unwrap();
            let (third, rest) = (money / 3, money % 3);
            let alice = third + u128::from(rest == 2);
            let payouts = json!([
                {"to": "alice", "amount": alice.to_string()},
                {"to": "bob", "amount": (money - alice).to_string()},
            ]);
            Ok(json!({"payouts": payouts}).to_string())
        }
    }

    proptest! {
        #[test]
        fn it_agrees_with_a_split(money: u128) {
            let own = trial_of("split").weights("to", &[("alice", "1"), ("bob", "2")]);
            let (own, other) =
                (own.run(money).unwrap(), trial(Arc::new(SplitInPlainIntegers)).run(money).unwrap());
            prop_assert_eq!(own.paid("bob"), other.paid("bob"));
            // Thirds of one and of two: the larger remainder decides.
            prop_assert_eq!(own.paid("alice"), other.paid("alice"));
        }
    }
}
