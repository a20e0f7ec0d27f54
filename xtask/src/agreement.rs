//! Tests that the schema of network files and their reader agree: what fits the
//! one is read by the other. Each sample stands in a network that is sound but
//! for it.

use std::sync::Arc;

use allonet_core::card::{Absent, Action, Card, Family, Kind, Setting, Status};
use allonet_core::fault::{Fault, SourceFile};
use allonet_core::mechanism::{
    Allocation, Blueprint, Entry, Mechanism, NoOracles, Outcome, Refusal, Turn,
};
use allonet_core::network::file::{Loader, read};
use allonet_core::schema::network_schema;
use proptest::prelude::*;

use crate::json_schema;

// --- A catalogue with every kind of setting ---------------------------------

const fn setting(name: &'static str, kind: Kind) -> Setting {
    Setting { name, kind, default: Absent::None("none"), doc: "What it is." }
}

const fn card(id: &'static str, settings: &'static [Setting], actions: &'static [Action]) -> Card {
    Card {
        id,
        title: "Test",
        family: Family::Flow,
        formula: "payout = 0",
        status: Status::Preview { since: "0.1.0" },
        sources: &[],
        settings,
        actions,
        reads: &["*"],
        emits: &["*"],
    }
}

const fn action(name: &'static str) -> Action {
    Action { name, fields: &[], optional: &[], doc: "Takes part." }
}

static EVERY: Card = card(
    "every",
    &[
        Setting { default: Absent::Required, ..setting("to", Kind::Weights) },
        setting("votes", Kind::File),
        setting("strict", Kind::Bool),
        setting("rounds", Kind::Integer { min: 1, max: 9 }),
        setting("slope", Kind::Number { min: 0.0, max: 2.0 }),
        setting("cap", Kind::Share),
        setting("floor", Kind::Decimal),
        setting("note", Kind::Text),
        setting("fee_to", Kind::Text),
        setting("mode", Kind::Choice(&["mean", "median"])),
        setting("tags", Kind::List),
        setting("payees", Kind::List),
        setting("until", Kind::Time),
    ],
    &[action("join")],
);
static ASKED: Card = card("asked", &[], &[action("*")]);
static SILENT: Card = card("silent", &[], &[]);

static CATALOGUE: [Entry; 3] = [
    Entry { card: &EVERY, build: |blueprint| Ok(Box::new(Rule(&EVERY, payees(blueprint)))) },
    Entry { card: &ASKED, build: |_| Ok(Box::new(Rule(&ASKED, Vec::new()))) },
    Entry { card: &SILENT, build: |_| Ok(Box::new(Rule(&SILENT, Vec::new()))) },
];

#[derive(Debug)]
struct Rule(&'static Card, Vec<Arc<str>>);

impl Mechanism for Rule {
    fn card(&self) -> &'static Card {
        self.0
    }

    fn payees(&self) -> &[Arc<str>] {
        &self.1
    }

    fn step(&self, _: &Turn<'_>, _: &mut Allocation<'_>) -> Result<Outcome, Refusal> {
        Ok(Outcome::default())
    }
}

fn payees(blueprint: &Blueprint<'_>) -> Vec<Arc<str>> {
    let to = blueprint.settings.weights("to");
    to.iter().map(|(payee, _)| payee.value.as_str().into()).collect()
}

// --- Both judges ------------------------------------------------------------

/// Each `# …` is a place where a sample may stand.
const NETWORK: &str = r#"
[network]
name = "n"
# in the network
[assets.USDC]
decimals = 6
# in the asset
[sources.source]
gives = "1 USDC"
to = "rule"
# in the source
[neurons.rule]
mechanism = "every"
to = "alice"
# in the rule
[neurons.asked]
mechanism = "asked"
# in the asked
[neurons.silent]
mechanism = "silent"
# in the silent
[recipients.alice]
# in the recipient
[recipients.bob]
# at the end
"#;

struct Files;

impl Loader for Files {
    fn load(&mut self, path: &str) -> Result<Arc<SourceFile>, Fault> {
        let text = match path {
            "votes.csv" => "voter\nann\n",
            "people.csv" => "id,title\ncarol,Carol\n",
            "log.jsonl" => "{\"time\":\"2026-01-01\",\"actor\":\"ann\",\"action\":\"join\"}\n",
            _ => return Err(Fault::new("no-file", format!("there is no file `{path}`"))),
        };
        Ok(SourceFile::new(path, text))
    }
}

fn faults(network: &str) -> Vec<Fault> {
    let file = SourceFile::new("n", network);
    read(&file, &CATALOGUE, &mut Files, &NoOracles).err().unwrap_or_default()
}

fn misfits(network: &str) -> Vec<String> {
    let table: toml::Table = network.parse().unwrap_or_else(|error| panic!("{network}\n{error}"));
    json_schema::problems(&network_schema(&CATALOGUE), &json_schema::from_toml(&table.into()))
}

/// The network with a sample in the place of what stands there.
fn with(written: &str, sample: &str) -> String {
    assert_eq!(NETWORK.matches(written).count(), 1, "{written}");
    NETWORK.replacen(written, sample, 1)
}

// --- Samples ----------------------------------------------------------------

const TO: &str = "to = \"rule\"";
const GIVES: &str = "gives = \"1 USDC\"";
const RULE_TO: &str = "to = \"alice\"";

const GOOD: &[(&str, &[&str])] = &[
    (
        TO,
        &[
            r#"to = { rule = "70%", alice = "rest" }"#,
            r#"to = { rule = "0.5", alice = "1.25" }"#,
            r#"to = { rule = "1_000", alice = " 500. ", bob = ".5" }"#,
            "to = { rule = 2, alice = 1 }",
            r#"to = { rule = "1/3", alice = "2 / 3" }"#,
            r#"to = { rule = { share = "rest" }, alice = { share = "12.5 %" } }"#,
            r#"to = { rule = { share = 3, delay = 1, pinch = { share = "2%", to = "bob" } } }"#,
            r#"to = { rule = "100%" }"#,
            "[sources.source.to]\nrule = 1",
        ],
    ),
    (
        GIVES,
        &[
            "gives = 500_000",
            "gives = 0",
            r#"gives = "7""#,
            r#"gives = "1_250.75""#,
            r#"gives = " .5   USDC ""#,
            r#"gives = "1.""#,
            r#"gives = { amount = "1.5 USDC", epoch = 0 }"#,
            "gives = { amount = 3 }",
            r#"gives = ["1 USDC", 2, { amount = "3" }]"#,
        ],
    ),
    ("# in the source", &["every_epoch = true", r#"pinch = { share = "0%", to = "bob" }"#]),
    (
        RULE_TO,
        &[
            r#"to = { alice = "3", bob = 0 }"#,
            r#"to = { alice = "0%", bob = "rest" }"#,
            r#"to = { alice = { share = "0.0", delay = 1 } }"#,
            "to = {}",
        ],
    ),
    (
        "# in the rule",
        &[
            "floor = 10",
            r#"floor = "10.5""#,
            r#"floor = "10 USDC""#,
            "until = 2026-01-31",
            "until = 2026-01-31T18:30:00Z",
            "until = 2026-01-31 18:30:00.0+02:00",
            r#"until = "2026-01-31""#,
            r#"until = "2026-01-31T18:30:00.0-11:30""#,
            r#"events = "log.jsonl""#,
            r#"votes = "votes.csv""#,
            "strict = false",
            "rounds = 9",
            "slope = 1",
            "slope = 0.5",
            r#"cap = "12.5%""#,
            r#"cap = "1/25""#,
            r#"cap = "1""#,
            r#"note = """#,
            r#"fee_to = "bob""#,
            r#"mode = "median""#,
            r#"tags = ["", "x"]"#,
            r#"payees = ["bob"]"#,
            "title = \"Rule\"\nretain = \"5%\"\npinch = { share = \"1/4\", to = \"bob\" }",
        ],
    ),
    ("# in the asked", &[r#"events = "log.jsonl""#]),
    (
        "# in the network",
        &[
            "title = \"N\"\ndescription = \"\"\nasset = \"USDC\"\nmax_depth = 9",
            "epochs = 3",
            r#"epoch_ends = [2026-01-31, "2026-02-28T00:00:00Z"]"#,
            r#"recipients = "people.csv""#,
        ],
    ),
    (
        "# in the asset",
        &[
            "symbol = \"USD\"\nchain = \"optimism\"",
            r#"address = "0x00000000000000000000000000000000000000aa""#,
            r#"address = "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v""#,
            r#"address = "0.0.456858""#,
            r#"address = """#,
        ],
    ),
    ("# in the recipient", &[r#"address = " 0x00000000000000000000000000000000000000AA ""#]),
    (
        "# at the end",
        &[
            "[recipients.\"b b\"]\ntitle = \"B\"",
            "[[edges]]\nfrom = \"rule\"\nto = \"alice\"\ndelay = 2",
            "[[signals]]\nfrom = \"rule\"\nto = \"asked\"\nname = \"x\"\nas = \"y\"\ndelay = 1",
            "[[promises]]\non = \"rule\"\nmax_share = \"80%\"\nmin_recipients = 0",
            "[[promises]]\nbudget_min = 1\nbudget_max = \"600_000 USDC\"",
        ],
    ),
];

const BAD: &[(&str, &[&str])] = &[
    (
        TO,
        &[
            r#"to = { rule = "0%", alice = "rest" }"#,
            r#"to = { rule = "0.00", alice = "1" }"#,
            r#"to = { rule = "0/3", alice = "rest" }"#,
            "to = { rule = 0, alice = 1 }",
            "to = { rule = { share = 0 }, alice = 1 }",
            "to = { rule = -1, alice = 1 }",
            "to = { rule = 0.5, alice = 1 }",
            r#"to = { rule = "150%" }"#,
            r#"to = { rule = "half" }"#,
            r#"to = { rule = "1/0" }"#,
            r#"to = { rule = "+1/2", alice = "rest" }"#,
            r#"to = { rule = "" }"#,
            "to = { rule = true }",
            "to = { rule = { delay = 1 } }",
            "to = { rule = { share = 1, weight = 2 } }",
            "to = { rule = { share = 1, delay = -1 } }",
            "to = {}",
            r#"to = """#,
            r#"to = " rule""#,
            r#"to = ["rule"]"#,
            "",
        ],
    ),
    (
        GIVES,
        &[
            "gives = 1.5",
            "gives = -1",
            r#"gives = "-1""#,
            r#"gives = "1,000""#,
            r#"gives = "1e5""#,
            r#"gives = "_""#,
            r#"gives = "1.2_3""#,
            r#"gives = "USDC""#,
            r#"gives = """#,
            "gives = true",
            "gives = []",
            "gives = [[1]]",
            "gives = { epoch = 0 }",
            "gives = { amount = 1, epoch = -1 }",
            "gives = { amount = 1, epochs = 0 }",
            "",
        ],
    ),
    ("# in the source", &["every_epoch = 1", "retain = \"5%\"", "pinch = \"2%\""]),
    (
        RULE_TO,
        &[r#"to = { alice = "x" }"#, "to = { alice = -1 }", "to = { alice = 1.0 }", "to = 1", ""],
    ),
    (
        "# in the rule",
        &[
            "floor = 1.5",
            r#"floor = "ten""#,
            "until = 2026-01-31T18:30:00.25Z",
            "until = 2026-01-31T18:30:00",
            "until = 18:30:00",
            "until = 1_769_877_000",
            r#"until = "2026-13-01""#,
            r#"until = "yesterday""#,
            r#"events = " ""#,
            r#"votes = """#,
            "votes = 1",
            "strict = \"true\"",
            "rounds = 0",
            "rounds = 1.0",
            "slope = 2.5",
            "slope = nan",
            "slope = \"1\"",
            "cap = 1",
            r#"cap = "100.5%""#,
            r#"cap = "1.5""#,
            r#"cap = "2 percent""#,
            "note = 1",
            r#"fee_to = """#,
            r#"mode = "mode""#,
            "tags = \"x\"",
            "tags = [1]",
            r#"payees = [""]"#,
            "unknown = 1",
            r#"retain = "-5%""#,
            r#"pinch = { share = "2%" }"#,
        ],
    ),
    ("# in the silent", &[r#"events = "log.jsonl""#]),
    (
        "# in the network",
        &[
            "title = 1",
            "epochs = 0",
            "epochs = 10_001",
            "epochs = 1\nepoch_ends = [2026-01-31]",
            "epoch_ends = []",
            "epoch_ends = [1]",
            "max_depth = 0",
            r#"recipients = """#,
            "sources = 1",
        ],
    ),
    ("name = \"n\"", &["", "name = \"\"", "name = \" n\"", "name = \"a\\u0007\"", "name = 1"]),
    ("decimals = 6", &["", "decimals = 256", "decimals = \"6\""]),
    (
        "# in the asset",
        &[r#"symbol = """#, r#"address = "0x12""#, r#"address = "0X12""#, "price = 1"],
    ),
    ("[assets.USDC]\ndecimals = 6", &["", "[assets]"]),
    (
        "[sources.source]\ngives = \"1 USDC\"\nto = \"rule\"",
        &["", "[sources]", "[[sources]]\ngives = 1\nto = \"rule\""],
    ),
    (
        "# in the recipient",
        &[
            r#"address = "0x0000000000000000000000000000000000000000""#,
            r#"address = "00000000000000000000000000000000000000aa""#,
            "pinch = { share = \"2%\", to = \"bob\" }",
        ],
    ),
    ("mechanism = \"every\"", &["", "mechanism = \"other\"", "mechanism = 1"]),
    (
        "# at the end",
        &[
            "[recipients.\"\"]",
            "[recipients.\" b\"]",
            "[edges]\nfrom = \"rule\"\nto = \"alice\"\ndelay = 2",
            "[[edges]]\nfrom = \"rule\"\ndelay = 2",
            "[[signals]]\nfrom = \"rule\"\nto = \"asked\"",
            "[[promises]]\non = \"rule\"",
            "[[promises]]\nmax_share = 0.5",
            "[[promises]]\nmin_recipients = -1",
            "[extra]",
        ],
    ),
];

#[test]
fn good_samples_fit_and_are_read() {
    assert_eq!((misfits(NETWORK), faults(NETWORK)), (Vec::new(), Vec::new()));
    for (written, samples) in GOOD {
        for sample in *samples {
            let network = with(written, sample);
            assert_eq!(misfits(&network), [""; 0], "{sample}");
            assert_eq!(faults(&network), [], "{sample}");
        }
    }
}

#[test]
fn bad_samples_neither_fit_nor_are_read() {
    for (written, samples) in BAD {
        for sample in *samples {
            let network = with(written, sample);
            assert_ne!(misfits(&network), [""; 0], "fits: {sample}");
            assert_ne!(faults(&network), [], "is read: {sample}");
        }
    }
}

#[test]
fn a_slip_is_told_by_its_path() {
    for (written, slip, problem) in [
        ("name = \"n\"", "", "network: the key `name` is missing"),
        ("# in the rule", "retian = \"5%\"", "neurons.rule.retian: nothing is allowed here"),
        ("# in the rule", "cap = \"2 percent\"", "neurons.rule.cap: \"2 percent\" does not"),
        ("\"every\"", "\"evry\"", "neurons.rule.mechanism: \"evry\" is not of the enum"),
        (GIVES, "gives = []", "sources.source.gives: fits none of what"),
        ("# in the source", "pinch = { share = 1, to = \"bob\" }", "sources.source.pinch.share: 1"),
        ("# at the end", "[[promises]]\non = \"rule\"", "promises[0]: fits none of what"),
    ] {
        let problems = misfits(&with(written, slip));
        assert!(problems.iter().any(|found| found.contains(problem)), "{slip}: {problems:#?}");
    }
}

// --- Any text ---------------------------------------------------------------

/// What no pattern can see: a fraction above one, a sum of shares.
fn is_beyond_patterns(fault: &Fault) -> bool {
    let fraction = fault.message.contains('/') && fault.message.contains("more than the whole");
    fault.code == "weights-sum" || fraction
}

fn check_agreement(written: &str, sample: &str) -> Result<(), TestCaseError> {
    let network = with(written, sample);
    let misfits = misfits(&network);
    let mut faults = faults(&network);
    faults.retain(|fault| !is_beyond_patterns(fault));
    prop_assert_eq!(
        misfits.is_empty(),
        faults.is_empty(),
        "{}\n{:?}\n{:?}",
        sample,
        misfits,
        faults
    );
    Ok(())
}

fn number() -> impl Strategy<Value = String> {
    prop_oneof![
        "[0-9_]{0,3}(\\.[0-9_]{0,3})?( ?%)?",
        "[0_]{0,2}1?[0_]{0,3}(\\.0{0,2})?%?",
        "[+-]?[0-9_]{1,2} ?/ ?[0-9]{1,2}%?",
        "[0-9_./%rest +-]{0,6}",
    ]
}

fn moment() -> impl Strategy<Value = String> {
    (
        prop::sample::select(&["2026-01-31", "2026-12-01", "2026-00-01", "2026-01-32", "26-01-01"]),
        prop::sample::select(&["", "T", "t", " ", "x"]),
        prop::sample::select(&[
            "",
            "18",
            "18:30",
            "18:30:00",
            "23:59:60.5",
            "24:00:00",
            "18:60:00",
        ]),
        prop::sample::select(&[
            "",
            "Z",
            "z",
            "+02",
            "-02:30",
            "+0230",
            "+25:59:59",
            "+26:00",
            " Z",
        ]),
    )
        .prop_map(|(date, sign, time, zone)| format!("{date}{sign}{time}{zone}"))
}

proptest! {
    #[test]
    fn any_weight_is_judged_alike(text in number()) {
        check_agreement(TO, &format!("to = {{ rule = '{text}' }}"))?;
        check_agreement(RULE_TO, &format!("to = {{ alice = '{text}' }}"))?;
    }

    #[test]
    fn any_share_is_judged_alike(text in number()) {
        check_agreement("# in the rule", &format!("cap = '{text}'"))?;
    }

    #[test]
    fn any_amount_is_judged_alike(text in number(), symbol in "( {0,2}USDC)? ?") {
        // Behind a space stands the name of an asset.
        let text = text.replace(' ', "");
        check_agreement(GIVES, &format!("gives = '{text}{symbol}'"))?;
        check_agreement("# in the rule", &format!("floor = '{text}{symbol}'"))?;
    }

    #[test]
    fn any_moment_is_judged_alike(text in moment()) {
        check_agreement("# in the rule", &format!("until = '{text}'"))?;
    }

    #[test]
    fn any_id_is_judged_alike(text in "[a \u{7f}\u{85}\u{e4}]{0,3}") {
        check_agreement("name = \"n\"", &format!("name = {}", toml::Value::from(text)))?;
    }
}
