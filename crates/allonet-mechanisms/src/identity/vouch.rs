//! Vouches: trust from a public graph of who vouches for whom.
//!
//! Use it ahead of rules that count voters: a cluster of false names can vouch
//! for itself as often as it likes, and has together no more trust than real
//! people give it. It needs no money; it emits `trust`, a number for each
//! person.
//!
//! # Formula
//!
//! `method = "max-flow"`: trust flows from the seeds along vouches. A person at
//! `l` vouches from the seeds has the capacity `c_l` (`capacities`): they take
//! up to 1 of what reaches them, which is their trust, and pass on up to
//! `c_l − 1`.
//!
//! ```text
//! room(v → w) = (c_v − 1) · weight(v → w) / Σ_u weight(v → u)     capacity = "shared"
//! room(v → w) =  c_v − 1                                          capacity = "open"
//! ```
//!
//! With `"shared"` each vouch makes the others of the same person smaller; with
//! `"open"` vouches are free, as at Advogato. What can flow is shared as evenly
//! as the vouches allow: the least trusted gets as much as possible, then the
//! next. So for every group of people without a seed
//!
//! ```text
//! Σ trust of the group ≤ Σ room of the vouches that lead into it from outside
//! ```
//!
//! `method = "eigentrust"`: the resting state of a walk along vouches.
//!
//! ```text
//! t = (1 − a)·Cᵀt + a·p,   C_vw = weight(v → w) / Σ_u weight(v → u)
//! trust = t / max t
//! ```
//!
//! `p` is `1/n` for each of `n` seeds, `a` is `pretrust`. Who vouches for nobody
//! passes everything back to the seeds. A group without a seed has at most
//! `(1 − a)/a · Σ t_v C_vw` over the vouches that lead into it.
//!
//! # Units and rounding
//!
//! | quantity            | unit                | rounding                          |
//! |---------------------|---------------------|-----------------------------------|
//! | flow, room, trust of `max-flow` | 2⁻³² of a trust of 1 | room by largest remainder; trust down |
//! | trust of `eigentrust` | `f64`, largest 1  | until less than 10⁻¹² moves in a round |
//!
//! The largest trust is 1 under both methods: seeds have it under `max-flow`.
//! It pays nobody: money that reaches it stays unspent.
//!
//! # Limits
//!
//! * At least one seed. Nobody vouches twice for the same person; an optional
//!   `weight` says how strongly. A weight of 0 is no vouch, nor is one for
//!   oneself, which is remarked.
//! * `max-flow` looks at all vouches once for each level of trust that comes
//!   out: up to a few thousand people. `capacities` are whole, from 1 to
//!   1,000,000.
//!
//! # Known weaknesses
//!
//! * Seeds decide. Choose them widely and in public.
//! * One careless person near the seeds lets in as many false names as they
//!   have room for.
//! * Scattered people with few friends count little, however honest.
//!
//! # Sources
//!
//! * R. Levien (2004), *Attack-Resistant Trust Metrics*: Advogato's metric, for
//!   `max-flow`.
//! * S. D. Kamvar, M. T. Schlosser, H. Garcia-Molina (2003), *The EigenTrust
//!   Algorithm for Reputation Management in P2P Networks*.
//! * N. Megiddo (1974), *Optimal flows in networks with multiple sources and
//!   sinks*, for the most even of all largest flows.
//!
//! # Example
//!
//! ```
//! use allonet_mechanisms::trial::trial_of;
//!
//! // Ann may pass on 2: one to bob, one to cem, who shares it with a false name.
//! let result = trial_of("vouch")
//!     .file("seeds", "voter\nann\n")
//!     .file("vouches", "voter,vouched\nann,bob\nann,cem\ncem,false\n")
//!     .list("capacities", &["3", "2", "1"])
//!     .run(0)?;
//! let told = serde_json::to_string(&result.outcome.signals[0].1).expect("numbers");
//! assert_eq!(told, r#"{"ann":1.0,"bob":1.0,"cem":0.5,"false":0.5}"#);
//! # Ok::<(), allonet_mechanisms::trial::NoTrial>(())
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use allonet_core::card::{Absent, Card, Family, Kind, Setting, Settings, Source, Status};
use allonet_core::fault::Fault;
use allonet_core::mechanism::{Allocation, Blueprint, Mechanism, Outcome, Refusal, Turn};
use allonet_core::signal::SignalData;
use allonet_core::table::{Column, Faults, Table};

use super::eigentrust::{rest, shares};
use super::max_flow::{Capacities, divide};
use crate::people::{PERSON, figure_in, largest, listed_twice, person, shown};

// --- Card -------------------------------------------------------------------

/// What the rule says of itself.
pub static CARD: Card = Card {
    id: "vouch",
    title: "Trust by vouches",
    family: Family::Identity,
    formula: "trust = flow from the seeds along vouches; or t = (1 − a)·Cᵀt + a·p",
    status: Status::Preview { since: "0.1.0" },
    sources: &[
        Source {
            cite: "Levien (2004), Attack-Resistant Trust Metrics",
            url: "https://www.levien.com/thesis/compact.pdf",
        },
        Source {
            cite: "Kamvar, Schlosser, Garcia-Molina (2003), The EigenTrust Algorithm",
            url: "https://doi.org/10.1145/775152.775242",
        },
    ],
    settings: &[
        Setting {
            name: "vouches",
            kind: Kind::File,
            default: Absent::Required,
            doc: "Table of vouches, columns `voter` (who vouches), `vouched`, and if wished \
                  `weight`.",
        },
        Setting {
            name: "seeds",
            kind: Kind::File,
            default: Absent::Required,
            doc: "List of those whom everybody trusts, column `voter`.",
        },
        Setting {
            name: "method",
            kind: Kind::Choice(&["max-flow", "eigentrust"]),
            default: Absent::Default("max-flow"),
            doc: "Whether trust is a flow with limits or the resting state of a walk.",
        },
        Setting {
            name: "capacity",
            kind: Kind::Choice(&["shared", "open"]),
            default: Absent::Default("shared"),
            doc: "For `max-flow`: whether a person's room is divided over their vouches or each \
                  has all of it.",
        },
        Setting {
            name: "capacities",
            kind: Kind::List,
            default: Absent::None("800, 200, 50, 12, 4, 2, 1"),
            doc: "For `max-flow`: capacity of seeds, of those they vouch for, and so on; the last \
                  holds for all further people.",
        },
        Setting {
            name: "pretrust",
            kind: Kind::Number { min: 0.01, max: 1.0 },
            default: Absent::Default("0.15"),
            doc: "For `eigentrust`: how much trust returns to the seeds in each round, `a`.",
        },
    ],
    actions: &[],
    reads: &[],
    emits: &["trust"],
};

const VOUCHES: &[Column] = &[
    Column::required(&["voter", "voucher", "from", "source", "truster"]),
    Column::required(&["vouched", "vouchee", "to", "target", "trusted"]),
    Column::optional(&["weight", "stake", "amount"]),
];
const SEEDS: &[Column] = &[Column::required(PERSON)];

// --- Settings ---------------------------------------------------------------

/// The rule with its graph.
#[derive(Debug)]
pub struct Vouching {
    /// Sorted.
    people: Vec<String>,
    /// By giver, then receiver.
    vouches: Vec<Vouch>,
    seeds: Vec<usize>,
    method: Method,
    remarks: Vec<String>,
}

#[derive(Clone, Debug)]
enum Method {
    MaxFlow(Capacities),
    EigenTrust(f64),
}

/// One person vouches for another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Vouch {
    /// Index of the giver.
    pub(super) from: usize,
    /// Index of the receiver.
    pub(super) to: usize,
    /// Above zero.
    pub(super) weight: f64,
}

/// Builds the rule from its settings.
pub fn build(blueprint: &Blueprint<'_>) -> Result<Box<dyn Mechanism>, Vec<Fault>> {
    let settings = blueprint.settings;
    let method = method(settings).map_err(|fault| vec![fault])?;
    let table = |name: &str, columns: &'static [Column]| match settings.file(name) {
        Some(file) => Table::read(file, columns),
        None => Err(vec![Fault::new("missing", format!("there is no table `{name}`"))]),
    };
    let (given, seeds) = (table("vouches", VOUCHES)?, table("seeds", SEEDS)?);
    let mut faults = Faults::new();
    let (edges, own) = read_vouches(&given, &mut faults);
    let mut seed_names = BTreeSet::new();
    for row in seeds.rows() {
        let Some(seed) = person(row, 0, &mut faults) else { continue };
        if !seed_names.insert(seed) {
            faults.push(listed_twice(row, 0));
        }
    }
    if seed_names.is_empty() && faults.is_empty() {
        faults.push(no_seeds(settings));
    }
    faults.or(())?;
    let named = edges.keys().flat_map(|(from, to)| [from, to]).chain(&seed_names);
    let people: Vec<String> = named.collect::<BTreeSet<_>>().into_iter().cloned().collect();
    let find = |name: &String| people.binary_search(name).expect("all names are listed");
    let vouches = edges.iter().filter(|(_, weight)| **weight > 0.0);
    let vouches = vouches
        .map(|((from, to), weight)| Vouch { from: find(from), to: find(to), weight: *weight })
        .collect();
    let seeds = seed_names.iter().map(find).collect();
    let remarks = match own {
        0 => Vec::new(),
        own => vec![format!("for oneself and not counted: {}", several(own, "vouch", "vouches"))],
    };
    Ok(Box::new(Vouching { people, vouches, seeds, method, remarks }))
}

fn method(settings: &Settings) -> Result<Method, Fault> {
    if settings.text("method") == Some("eigentrust") {
        return Ok(Method::EigenTrust(settings.number("pretrust").unwrap_or(0.15)));
    }
    let mut levels = Vec::new();
    for level in settings.list("capacities") {
        let found = level.value.trim().parse::<u64>().ok();
        let Some(found) = found.filter(|found| (1..=CAPACITY_MAX).contains(found)) else {
            let fault = Fault::new("capacity", format!("`{}` is no capacity", level.value));
            let fault = fault.at_some(level.place.clone().or(settings.place("capacities")));
            return Err(fault.help("write whole numbers from 1 to 1000000, of the seeds first"));
        };
        levels.push(found);
    }
    if levels.is_empty() {
        levels = ADVOGATO.to_vec();
    }
    Ok(Method::MaxFlow(Capacities { levels, shared: settings.text("capacity") != Some("open") }))
}

/// Who vouches for whom, and how often somebody does for themselves.
fn read_vouches(table: &Table, faults: &mut Faults) -> (BTreeMap<(String, String), f64>, usize) {
    let (mut edges, mut own) = (BTreeMap::new(), 0);
    for row in table.rows() {
        let weight = figure_in(row, 2, 1.0, faults);
        let (from, to) = (person(row, 0, faults), person(row, 1, faults));
        let (Some(from), Some(to), Some(weight)) = (from, to, weight) else { continue };
        if from == to {
            own += 1;
        } else if edges.insert((from, to), weight).is_some() {
            let message = format!("`{}` vouches for `{}` twice", row.cell(0), row.cell(1));
            faults.push(row.fault(1, "double-vouch", message).help("remove one of the lines"));
        }
    }
    (edges, own)
}

fn several(count: usize, one: &str, more: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {more}") }
}

// --- Signals ----------------------------------------------------------------

// It reads none and emits `trust`.

// --- Refusals ---------------------------------------------------------------

fn no_seeds(settings: &Settings) -> Fault {
    Fault::new("no-seeds", "the list of seeds is empty")
        .at_some(settings.place("seeds"))
        .help("name at least one person whom everybody trusts")
}

// --- Rule -------------------------------------------------------------------

/// The capacities of Advogato.
const ADVOGATO: [u64; 7] = [800, 200, 50, 12, 4, 2, 1];
const CAPACITY_MAX: u64 = 1_000_000;

impl Mechanism for Vouching {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn payees(&self) -> &[Arc<str>] {
        &[]
    }

    fn step(&self, _: &Turn<'_>, _: &mut Allocation<'_>) -> Result<Outcome, Refusal> {
        let mut outcome = Outcome { remarks: self.remarks.clone(), ..Outcome::default() };
        let people = self.people.len();
        let (trust, carried) = match &self.method {
            Method::MaxFlow(capacities) => {
                let found = divide(people, &self.vouches, &self.seeds, capacities);
                for (name, level) in self.people.iter().zip(&found.levels) {
                    let why = match level {
                        None => "no vouch leads here from the seeds".to_owned(),
                        Some(0) => format!("a seed, capacity {}", capacities.of(0)),
                        Some(level) => format!(
                            "{} from the seeds, capacity {}",
                            several(*level, "vouch", "vouches"),
                            capacities.of(*level)
                        ),
                    };
                    outcome.reasons.insert(name.clone(), vec![why]);
                }
                (found.trust, found.carried)
            }
            Method::EigenTrust(pretrust) => self.walk(*pretrust),
        };
        self.name_vouchers(&carried, &mut outcome);
        let none = trust.iter().filter(|trust| **trust == 0.0).count();
        if none > 0 {
            let who = several(none, "person", "people");
            outcome.remarks.push(format!("without any trust: {who}"));
        }
        let named = self.people.iter().cloned().zip(trust).collect();
        outcome.signals.push(("trust", SignalData::Scores(named)));
        Ok(outcome)
    }
}

impl Vouching {
    /// Trust of each person by `eigentrust`, and what comes over each vouch,
    /// both in parts of the largest trust.
    fn walk(&self, pretrust: f64) -> (Vec<f64>, Vec<f64>) {
        let people = self.people.len();
        let mut trust = rest(people, &self.vouches, &self.seeds, pretrust);
        let top = trust.iter().copied().fold(0.0, f64::max);
        for value in &mut trust {
            *value /= top;
        }
        let shares = shares(people, &self.vouches);
        let carried = self.vouches.iter().zip(shares);
        let carried = carried.map(|(vouch, share)| (1.0 - pretrust) * trust[vouch.from] * share);
        let carried = carried.collect();
        (trust, carried)
    }

    /// Says over whose vouches a person's trust came, and what they pass on.
    fn name_vouchers(&self, carried: &[f64], outcome: &mut Outcome) {
        let mut vouchers: BTreeMap<usize, Vec<(&str, f64)>> = BTreeMap::new();
        for (vouch, carried) in self.vouches.iter().zip(carried).filter(|(_, c)| **c > 0.0) {
            let voucher = self.people[vouch.from].as_str();
            vouchers.entry(vouch.to).or_default().push((voucher, *carried));
        }
        for (person, vouchers) in vouchers {
            let sum: f64 = vouchers.iter().map(|(_, carried)| carried).sum();
            let line = format!("{} came through {}", shown(sum), largest(vouchers));
            outcome.reasons.entry(self.people[person].clone()).or_default().push(line);
        }
    }
}

// --- Tests ------------------------------------------------------------------

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use allonet_core::card::Value;
    use proptest::prelude::*;

    use super::*;
    use crate::people::Figures;
    use crate::trial::{Trial, trial_of};

    fn trial(vouches: &str, seeds: &str) -> Trial {
        let vouches = format!("voter,vouched,weight\n{vouches}");
        trial_of("vouch").file("vouches", &vouches).file("seeds", &format!("voter\n{seeds}"))
    }

    fn trust(trial: &Trial) -> Figures {
        match trial.run(5).unwrap().outcome.signals.remove(0) {
            ("trust", SignalData::Scores(scores)) => scores,
            other => panic!("not trust: {other:?}"),
        }
    }

    fn near(found: &Figures, expected: &[(&str, f64)]) {
        assert_eq!(found.len(), expected.len(), "{found:?}");
        for (name, expected) in expected {
            assert!((found[*name] - expected).abs() < 1e-8, "{name}: {found:?}");
        }
    }

    // Worked examples.

    #[test]
    fn a_chain_within_its_capacity() {
        let chain = trial("ann,bob,\nbob,cem,\ncem,dan,\n", "ann\n")
            .list("capacities", &["4", "3", "2", "1"]);
        near(&trust(&chain), &[("ann", 1.0), ("bob", 1.0), ("cem", 1.0), ("dan", 1.0)]);
        let short = chain.list("capacities", &["3", "2", "1"]);
        // Two leave ann; bob takes one and passes one to cem, who passes none.
        near(&trust(&short), &[("ann", 1.0), ("bob", 1.0), ("cem", 1.0), ("dan", 0.0)]);
        let outcome = short.run(0).unwrap().outcome;
        assert_eq!(outcome.remarks, ["without any trust: 1 person"]);
        assert_eq!(
            outcome.reasons["cem"],
            ["2 vouches from the seeds, capacity 1", "1 came through `bob` 1"]
        );
    }

    #[test]
    fn vouching_for_many_gives_each_less() {
        // Ann passes on 1: all of it to bob, or a quarter to each of four.
        let one = trial("ann,bob,\n", "ann\n").list("capacities", &["2", "1"]);
        near(&trust(&one), &[("ann", 1.0), ("bob", 1.0)]);
        let four = trial("ann,bob,1\nann,x,1\nann,y,1\nann,z,1\n", "ann\n")
            .list("capacities", &["2", "1"]);
        let quarter = [("ann", 1.0), ("bob", 0.25), ("x", 0.25), ("y", 0.25), ("z", 0.25)];
        near(&trust(&four), &quarter);
        near(&trust(&four.text("capacity", "open")), &quarter);
        let weighed = trial("ann,bob,3\nann,x,1\n", "ann\n").list("capacities", &["2", "1"]);
        near(&trust(&weighed), &[("ann", 1.0), ("bob", 0.75), ("x", 0.25)]);
        // An open vouch may carry all that ann has: it is shared evenly.
        near(&trust(&weighed.text("capacity", "open")), &[("ann", 1.0), ("bob", 0.5), ("x", 0.5)]);
    }

    #[test]
    fn a_walk_comes_to_rest() {
        // t_ann = 0.5 + 0.5·t_bob (bob vouches for nobody), t_bob = 0.5·t_ann.
        let walk = trial("ann,bob,\n", "ann\n")
            .text("method", "eigentrust")
            .set("pretrust", Value::Number(0.5));
        near(&trust(&walk), &[("ann", 1.0), ("bob", 0.5)]);
        let outcome = walk.run(0).unwrap().outcome;
        assert_eq!(outcome.reasons["bob"], ["0.5 came through `ann` 0.5"]);
    }

    #[test]
    fn vouches_that_say_nothing_are_passed_over() {
        let graph = trial("ann,ann,\nann,bob,0\ncem,ann,\n", "ann\n0xAB\n");
        let found = trust(&graph);
        near(&found, &[("0xAB", 1.0), ("ann", 1.0), ("bob", 0.0), ("cem", 0.0)]);
        let outcome = graph.run(0).unwrap().outcome;
        assert_eq!(
            outcome.remarks,
            ["for oneself and not counted: 1 vouch", "without any trust: 2 people"]
        );
        assert_eq!(outcome.reasons["bob"], ["no vouch leads here from the seeds"]);
    }

    // Refusals.

    #[test]
    fn graphs_that_cannot_be_meant_are_refused() {
        let fine = trial("ann,bob,\n", "ann\n");
        for (trial, expected) in [
            (trial("ann,bob,\nann,bob,2\n", "ann\n"), "`ann` vouches for `bob` twice"),
            (trial("ann,,\n", "ann\n"), "names nobody"),
            (trial("ann,bob,-1\n", "ann\n"), "`-1` is below zero"),
            (trial("ann,bob,NaN\n", "ann\n"), "`NaN` is no number"),
            (trial("ann,bob,1e31\n", "ann\n"), "`1e31` is too much"),
            (trial("ann,bob,\n", ""), "the list of seeds is empty"),
            (trial("ann,bob,\n", "ann\nann\n"), "`ann` is listed twice"),
            (fine.clone().list("capacities", &["2", "0"]), "`0` is no capacity"),
            (fine.list("capacities", &["2.5"]), "`2.5` is no capacity"),
            (trial_of("vouch"), "there is no table `vouches`"),
        ] {
            let told = trial.run(0).unwrap_err().to_string();
            assert!(told.contains(expected), "{told}");
        }
    }

    // Laws.

    /// Vouches among honest people `h0…`, among false names `s0…`, and from the
    /// first to the second; all with weights. `h0` is the seed.
    #[derive(Clone, Debug)]
    struct Attack {
        honest: BTreeMap<(usize, usize), u8>,
        false_names: BTreeMap<(usize, usize), u8>,
        into: BTreeMap<(usize, usize), u8>,
        back: BTreeSet<(usize, usize)>,
    }

    fn attacks() -> impl Strategy<Value = Attack> {
        let edges = |from: usize, to: usize, most| {
            prop::collection::btree_map((0..from, 0..to), 1_u8..9, 0..most)
        };
        let back = prop::collection::btree_set((0_usize..8, 0_usize..6), 0..4);
        (edges(6, 6, 14), edges(8, 8, 30), edges(6, 8, 4), back).prop_map(
            |(honest, false_names, into, back)| Attack { honest, false_names, into, back },
        )
    }

    impl Attack {
        fn vouches(&self) -> Vec<(String, String, f64)> {
            let named = |edges: &BTreeMap<(usize, usize), u8>, from: &str, to: &str| {
                let name = |((a, b), weight): (&(usize, usize), &u8)| {
                    (format!("{from}{a}"), format!("{to}{b}"), f64::from(*weight))
                };
                edges.iter().map(name).filter(|(a, b, _)| a != b).collect::<Vec<_>>()
            };
            let back = self.back.iter().map(|(s, h)| (format!("s{s}"), format!("h{h}"), 1.0));
            let honest = named(&self.honest, "h", "h");
            let within = named(&self.false_names, "s", "s");
            let into = named(&self.into, "h", "s");
            honest.into_iter().chain(within).chain(into).chain(back).collect()
        }

        fn trial(&self) -> Trial {
            let mut rows = String::new();
            for (from, to, weight) in self.vouches() {
                writeln!(rows, "{from},{to},{weight}").unwrap();
            }
            trial(&rows, "h0\n")
        }
    }

    /// Trust of all false names together.
    fn cluster(trust: &Figures) -> f64 {
        trust.iter().filter(|(name, _)| name.starts_with('s')).map(|(_, trust)| trust).sum()
    }

    /// Hops from `h0`.
    fn hops(vouches: &[(String, String, f64)]) -> BTreeMap<&str, usize> {
        let mut hops = BTreeMap::from([("h0", 0)]);
        for round in 0..20 {
            for (from, to, _) in vouches {
                if hops.get(from.as_str()) == Some(&round) {
                    hops.entry(to).or_insert(round + 1);
                }
            }
        }
        hops
    }

    const CAPACITIES: [f64; 4] = [9.0, 5.0, 3.0, 2.0];

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(96))]

        #[test]
        fn false_names_have_no_more_than_the_cut(attack in attacks()) {
            let vouches = attack.vouches();
            let hops = hops(&vouches);
            let into = vouches.iter().filter(|(a, b, _)| a.starts_with('h') && b.starts_with('s'));
            let room = |(from, _, weight): &(String, String, f64), shared: bool| {
                let Some(hops) = hops.get(from.as_str()) else { return 0.0 };
                let capacity = CAPACITIES[(*hops).min(3)] - 1.0;
                let all: f64 = vouches.iter().filter(|(a, ..)| a == from).map(|(.., w)| w).sum();
                if shared { capacity * weight / all } else { capacity }
            };
            for shared in [true, false] {
                let bound: f64 = into.clone().map(|vouch| room(vouch, shared)).sum();
                let trial = attack.trial().list("capacities", &["9", "5", "3", "2"]);
                let trial = trial.text("capacity", if shared { "shared" } else { "open" });
                let found = cluster(&trust(&trial));
                prop_assert!(found <= bound + 1e-6, "{found} {bound}");
            }
        }

        #[test]
        fn a_walk_enters_a_cluster_only_over_the_cut(attack in attacks()) {
            let (vouches, a) = (attack.vouches(), 0.15);
            let found = trust(&attack.trial().text("method", "eigentrust"));
            let into = vouches.iter().filter(|(a, b, _)| a.starts_with('h') && b.starts_with('s'));
            let entering: f64 = into
                .map(|(from, _, weight)| {
                    let own = vouches.iter().filter(|(giver, ..)| giver == from);
                    let all: f64 = own.map(|(.., weight)| weight).sum();
                    found[from] * weight / all
                })
                .sum();
            prop_assert!(cluster(&found) <= (1.0 - a) / a * entering + 1e-9);
            prop_assert!(found.values().all(|trust| (0.0..=1.0).contains(trust)));
        }

        #[test]
        fn names_do_not_matter(attack in attacks(), eigentrust: bool) {
            let renamed = |name: &str| name.replace('h', "z");
            let mut rows = String::new();
            for (from, to, weight) in attack.vouches() {
                writeln!(rows, "{},{},{weight}", renamed(&from), renamed(&to)).unwrap();
            }
            let method = if eigentrust { "eigentrust" } else { "max-flow" };
            let first = trust(&attack.trial().text("method", method));
            let second = trust(&trial(&rows, "z0\n").text("method", method));
            for (name, trust) in first {
                prop_assert!((trust - second[&renamed(&name)]).abs() < 1e-7);
            }
        }
    }

    // Reference: the linear equations of the walk, solved by elimination. (That
    // of `max-flow`, all cuts one by one, stands in `max_flow`.)

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn the_walk_solves_its_equations(attack in attacks(), percent in 1_u32..=100) {
            let a = f64::from(percent) / 100.0;
            let trial = attack.trial().text("method", "eigentrust");
            let trial = trial.set("pretrust", Value::Number(a));
            let found = trust(&trial);
            let names: Vec<&String> = found.keys().collect();
            let at = |name: &String| names.binary_search(&name).unwrap();
            let (n, seed) = (names.len(), at(&"h0".to_owned()));
            // (I − (1 − a)·Cᵀ) t = a·p, idle people at the seed.
            let mut rows = vec![vec![0.0; n + 1]; n];
            for (i, row) in rows.iter_mut().enumerate() {
                row[i] += 1.0;
            }
            rows[seed][n] = a;
            let vouches = attack.vouches();
            for (i, name) in names.iter().enumerate() {
                let given: Vec<_> = vouches.iter().filter(|(from, ..)| from == *name).collect();
                let all: f64 = given.iter().map(|(.., weight)| weight).sum();
                if given.is_empty() {
                    rows[seed][i] -= 1.0 - a;
                }
                for (_, to, weight) in given {
                    rows[at(to)][i] -= (1.0 - a) * weight / all;
                }
            }
            for pivot in 0..n {
                let size = |row: &usize| rows[*row][pivot].abs();
                let best = (pivot..n).max_by(|a, b| size(a).total_cmp(&size(b)));
                rows.swap(pivot, best.unwrap());
                let top = rows[pivot].clone();
                for (_, row) in rows.iter_mut().enumerate().filter(|(i, _)| *i != pivot) {
                    let factor = row[pivot] / top[pivot];
                    for (cell, above) in row.iter_mut().zip(&top) {
                        *cell -= factor * above;
                    }
                }
            }
            let solved: Vec<f64> = (0..n).map(|i| rows[i][n] / rows[i][i]).collect();
            let top = solved.iter().copied().fold(0.0, f64::max);
            for (name, solved) in names.iter().zip(&solved) {
                prop_assert!((found[*name] - solved / top).abs() < 1e-9);
            }
        }
    }
}
