//! Dev tooling: a monthly budget for tools, by the trust that applications and
//! their developers put in them.
//!
//! The rule of Optimism's Retro Funding in its seasons 7 and 8. Use it to reward
//! what successful applications are built with, when it is known who depends on
//! which packages and which developers work where.
//!
//! # Formula
//!
//! Three kinds of links, each row of a table one link:
//!
//! ```text
//! application → tool        it depends on a package of the tool
//! application → developer   the developer committed code to it
//! developer   → tool        the developer did something on GitHub for it
//! ```
//!
//! What developers do for a tool that is their own application is left out. A
//! link weighs `exp(−ln 2 / h · years) · event weight`, links to tools times the
//! weight of the tool's label; `h` is the half-life of its kind, and years of
//! 365 days are counted back from the latest month in the table of developers.
//! Dependencies have no age. All links from one node to another are added up.
//!
//! ```text
//! standing   = Σ weight · minmax(ln(1 + metric)),  as part of all: of applications
//!              by `onchain_project_pretrust_weights`, of tools by
//!              `devtooling_project_pretrust_weights`
//! reputation = Σ over months of the mean standing of the applications that a
//!              developer committed to in that month
//! rank_1     = PageRank of application → tool, α = alpha_onchain
//! rank_2     = PageRank of the other links,    α = alpha_devtooling
//! score      = w_1 · rank_1 / Σ rank_1 + w_2 · rank_2 / Σ rank_2,   sums over tools
//! pay        = pool by the scores of eligible tools, capped, above a minimum
//! ```
//!
//! Both PageRanks teleport to nodes of the pass in proportion to standing and
//! reputation, and so does what is left at nodes without a way out. `α` is the
//! part that moves on. They start from equal ranks and end when the ranks change
//! by less than `N · 10⁻⁸` in all, after at most 100 steps, as in networkx.
//!
//! A tool is eligible with enough applications that depend on it or enough
//! developers (`eligibility_thresholds`). Metrics that are the same for all count
//! a half. `num_package_connections` and `num_developer_connections` count rows.
//!
//! All numbers come from a weight file (`weights`, YAML), in the format of
//! Optimism's own. The budget in it is a limit: the pool is what the neuron has,
//! up to the budget, and the largest share is of that pool. Whoever would get
//! less than the minimum gets nothing, and the others share it.
//!
//! The signal `pretrust` takes the place of the applications' standing: a number
//! for each application, taken as part of their sum.
//!
//! # Units and rounding
//!
//! | quantity  | unit                 | rounding                                |
//! |-----------|----------------------|-----------------------------------------|
//! | metrics, ranks | numbers         | `f64`, summed in order                  |
//! | score     | part of all scores   | `f64`                                   |
//! | reward    | base units           | largest remainder, earliest id first    |
//! | `rounding = "published"` | 0.01 of the asset | each reward by itself, halves to even |
//!
//! Rewards rounded one by one add up to a little more or less than the pool:
//! 500,000.04 OP of a budget of 500,000 in August and in December 2025. The
//! neuron must have what they come to, else it refuses.
//!
//! `parity = "retro-funding"` repeats Optimism's program, and with it all
//! published rewards of season 8: of several links from one node to another only
//! the last row of the table counts, and a developer's own application is the
//! one of the last commit in the table.
//!
//! # Limits
//!
//! * Metrics: from 0 to 10^60. Half-lives: from 10⁻⁶ to 10^6 years.
//! * Rows of projects that stand in neither list do not count.
//! * `link_type_weights.onchain_project_to_developer` is read and has no effect.
//! * With `alpha` near 1 the ranks may not settle in 100 steps; the rule refuses
//!   its turn then.
//!
//! # Known weaknesses
//!
//! * With `parity = "retro-funding"` the order of rows decides: shuffling the
//!   table of December 2025 moves more than 600 OP for one tool. Published tables
//!   are in no order that means anything.
//! * Stars and forks cost nothing, and one event counts as much as a month of
//!   work.
//! * Old developers gain: reputation adds up over months without decay.
//!
//! # Sources
//!
//! * Optimism, Retro-Funding, `eval-algos/core/models/devtooling.py` and
//!   `allocator.py`.
//! * L. Page, S. Brin, R. Motwani, T. Winograd (1999), *The PageRank Citation
//!   Ranking*; networkx, `pagerank`.
//!
//! # Example
//!
//! ```
//! use allonet_core::money::Amount;
//! use allonet_mechanisms::trial::trial_of;
//!
//! let weights = "simulation:
//!   alpha: 0.5
//!   onchain_project_pretrust_weights: { gas: 1.0 }
//!   devtooling_project_pretrust_weights: { star_count: 0.0 }
//!   link_type_time_decays:
//!     package_dependency: 1
//!     onchain_project_to_developer: 1
//!     developer_to_devtooling_project: 1
//!   link_type_weights: { package_dependency: 1.0 }
//!   event_type_weights: { npm: 1.0 }
//!   eligibility_thresholds:
//!     num_projects_with_package_links: 1
//!     num_onchain_developers_with_links: 1
//! allocation: { budget: 1000, min_amount_per_project: 1, max_share_per_project: 1 }
//! ";
//! // One application uses both tools, the other one of them.
//! let uses = "onchain_builder_project_id,devtooling_project_id,dependency_source\n\
//!             swap,wallet-kit,NPM\nswap,chain-client,NPM\nmint,chain-client,NPM\n";
//! let result = trial_of("dev-tooling")
//!     .file("weights", weights)
//!     .file("onchain_projects", "project_id,gas\nswap,5\nmint,5\n")
//!     .file("devtooling_projects", "project_id\nwallet-kit\nchain-client\n")
//!     .file("dependencies", uses)
//!     .file("developers", "project_id,developer_id,event_type,bucket_month\n")
//!     .run(1_000_00)?;
//! // A half of `swap` goes to each tool, all of `mint` to one: 1 to 3.
//! assert_eq!(result.paid("wallet-kit"), Amount::from_base(250_00));
//! assert_eq!(result.paid("chain-client"), Amount::from_base(750_00));
//! # Ok::<(), allonet_mechanisms::trial::NoTrial>(())
//! ```

use std::collections::BTreeMap;
use std::sync::Arc;

use allonet_core::card::{Absent, Card, Family, Kind, Setting, Source, Status};
use allonet_core::fault::Fault;
use allonet_core::mechanism::{Allocation, Blueprint, Mechanism, Outcome, Refusal, Turn};
use allonet_core::signal::{Signal, SignalData};

use super::award::{Award, ROUNDING};
use super::conferral::{Conferral, conferrals};
use super::metric::{parts, percent};
use super::onchain_builders::file;
use super::trust::{Files, Ranked, Trust};
use super::trust_plan::Plan;

// --- Card -------------------------------------------------------------------

/// What the rule says of itself.
pub static CARD: Card = Card {
    id: "dev-tooling",
    title: "Dev tooling (Retro Funding)",
    family: Family::Retro,
    formula: "score = w₁ · pagerank(packages) + w₂ · pagerank(developers), over eligible tools",
    status: Status::Preview { since: "0.1.0" },
    sources: &[
        Source {
            cite: "Optimism, Retro-Funding, devtooling.py: seasons 7 and 8",
            url: "https://github.com/ethereum-optimism/Retro-Funding/blob/main/eval-algos/core/models/devtooling.py",
        },
        Source {
            cite: "Page, Brin, Motwani, Winograd (1999), The PageRank Citation Ranking",
            url: "http://ilpubs.stanford.edu:8090/422/",
        },
        Source {
            cite: "networkx, pagerank",
            url: "https://networkx.org/documentation/stable/reference/algorithms/generated/networkx.algorithms.link_analysis.pagerank_alg.pagerank.html",
        },
    ],
    settings: SETTINGS,
    actions: &[],
    reads: &["pretrust"],
    emits: &["score"],
};

const SETTINGS: &[Setting] = &[
    Setting {
        name: "weights",
        kind: Kind::File,
        default: Absent::Required,
        doc: "Weight file (YAML) with `simulation` and `allocation`, in Optimism's format.",
    },
    Setting {
        name: "onchain_projects",
        kind: Kind::File,
        default: Absent::Required,
        doc: "Table of applications, columns `project_id`, `display_name` and their metrics.",
    },
    Setting {
        name: "devtooling_projects",
        kind: Kind::File,
        default: Absent::Required,
        doc: "Table of tools, columns `project_id`, `project_name`, `display_name` and their \
              metrics.",
    },
    Setting {
        name: "dependencies",
        kind: Kind::File,
        default: Absent::Required,
        doc: "Table of dependencies, columns `onchain_builder_project_id`, \
              `devtooling_project_id` and `dependency_source`.",
    },
    Setting {
        name: "developers",
        kind: Kind::File,
        default: Absent::Required,
        doc: "Table of what developers did, columns `bucket_month`, `event_type`, \
              `developer_id`, `project_id`, and if wished `developer_name`.",
    },
    Setting {
        name: "utility_labels",
        kind: Kind::File,
        default: Absent::None("all tools are of equal use"),
        doc: "Table of labels, columns `project_name` and `recommendation`.",
    },
    ROUNDING,
    Setting {
        name: "parity",
        kind: Kind::Choice(&["none", "retro-funding"]),
        default: Absent::Default("none"),
        doc: "Whose treatment of repeated links to repeat; `retro-funding` lets the last row win.",
    },
];

// --- Settings ---------------------------------------------------------------

/// The links, which are the same in every turn.
#[derive(Debug)]
pub struct DevTooling {
    award: Award,
    trust: Trust,
    /// Ids of the eligible tools.
    payees: Vec<Arc<str>>,
    /// Their places in the list of tools.
    places: Vec<usize>,
}

/// Reads the weight file and the tables.
pub fn build(blueprint: &Blueprint<'_>) -> Result<Box<dyn Mechanism>, Vec<Fault>> {
    let settings = blueprint.settings;
    let plan = Plan::read(file(settings, "weights")?, settings, &blueprint.assets[0])?;
    let files = Files {
        onchain: file(settings, "onchain_projects")?,
        tools: file(settings, "devtooling_projects")?,
        dependencies: file(settings, "dependencies")?,
        developers: file(settings, "developers")?,
        labels: settings.file("utility_labels"),
    };
    let trust = Trust::read(&plan, &files, settings.text("parity") == Some("retro-funding"))?;
    let places: Vec<usize> =
        (0..trust.eligible.len()).filter(|place| trust.eligible[*place]).collect();
    let payees = places.iter().map(|place| Arc::clone(&trust.tools.projects[*place])).collect();
    Ok(Box::new(DevTooling { award: plan.award, trust, payees, places }))
}

// --- Signals ----------------------------------------------------------------

// It emits `score`: each tool's part of all scores, zero for those that are not
// eligible.

impl DevTooling {
    /// The standing of applications that a signal gives, in their order.
    fn heard(&self, signal: &Signal, remarks: &mut Vec<String>) -> Result<Vec<f64>, Refusal> {
        let scores = signal.scores().ok_or_else(|| not_scores(signal))?;
        let mut standing = vec![0.0; self.trust.onchain.projects.len()];
        let mut strangers = 0_usize;
        for (project, number) in scores {
            if !number.is_finite() || *number < 0.0 {
                return Err(bad_pretrust(signal, project, *number));
            }
            match self.trust.onchain.find(project) {
                Some(at) => standing[at] = *number,
                None => strangers += 1,
            }
        }
        if strangers > 0 {
            remarks.push(format!("pretrust of projects that are no application here: {strangers}"));
        }
        let largest = standing.iter().copied().fold(0.0, f64::max);
        // Sums of the largest numbers would not be finite.
        let scaled: Vec<f64> =
            standing.iter().map(|n| if largest > 0.0 { n / largest } else { 0.0 }).collect();
        if largest == 0.0 {
            remarks.push("the signal `pretrust` trusts no application".to_owned());
        }
        Ok(parts(&scaled))
    }

    fn reasons(&self, ranked: &Ranked, found: &[Conferral]) -> BTreeMap<String, Vec<String>> {
        let trust = &self.trust;
        let reason = |(place, tool): (usize, &Arc<str>)| {
            let title = &trust.tools.titles[place];
            let (projects, developers) = trust.counts[place];
            let links = format!("{projects} applications and {developers} developers link to it");
            let score = percent(ranked.scores[place]);
            let mut lines = if trust.eligible[place] {
                vec![format!("{title}: {score} of all scores; {links}")]
            } else {
                vec![format!("{title}: not eligible; only {links}")]
            };
            lines.extend(found[place].lines(trust));
            (tool.to_string(), lines)
        };
        trust.tools.projects.iter().enumerate().map(reason).collect()
    }
}

// --- Refusals ---------------------------------------------------------------

fn not_scores(signal: &Signal) -> Refusal {
    let message = format!("the signal `{}` of `{}` is one number", signal.name, signal.from);
    Refusal::new("signal-kind", message).help("it must give a number for each application")
}

fn bad_pretrust(signal: &Signal, project: &str, number: f64) -> Refusal {
    let message = format!("`{}` gives `{project}` the pretrust {number}", signal.from);
    Refusal::new("bad-pretrust", message).help("pretrust is a finite number of zero or more")
}

// --- Rule -------------------------------------------------------------------

impl Mechanism for DevTooling {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn payees(&self) -> &[Arc<str>] {
        &self.payees
    }

    fn step(&self, turn: &Turn<'_>, allocation: &mut Allocation<'_>) -> Result<Outcome, Refusal> {
        let mut remarks = self.trust.remarks.clone();
        let signal = turn.signal("pretrust");
        let heard = signal.map(|signal| self.heard(signal, &mut remarks)).transpose()?;
        let ranked = self.trust.rank(heard.as_deref())?;
        let found = conferrals(&self.trust, &ranked);
        let scores: Vec<f64> = self.places.iter().map(|place| ranked.scores[*place]).collect();
        let why = |payee: usize| {
            let place = self.places[payee];
            found[place].note(&self.trust, ranked.scores[place])
        };
        remarks.extend(self.award.pay(turn, allocation, &scores, why)?);
        let named = self.trust.tools.projects.iter().map(ToString::to_string);
        let signal = SignalData::Scores(named.zip(ranked.scores.iter().copied()).collect());
        Ok(Outcome {
            signals: vec![("score", signal)],
            remarks,
            reasons: self.reasons(&ranked, &found),
            ..Outcome::default()
        })
    }
}

// --- Tests ------------------------------------------------------------------

#[cfg(test)]
#[expect(clippy::inconsistent_digit_grouping, reason = "dollars and cents")]
mod tests {
    use allonet_core::maths;
    use allonet_core::money::Amount;
    use proptest::prelude::*;

    use super::*;
    use crate::trial::{Trial, TurnResult, trial_of};

    const WEIGHTS: &str = "simulation:
  alpha_onchain: 0.5
  alpha_devtooling: 0.5
  onchain_project_pretrust_weights:
    gas: 1.0
  devtooling_project_pretrust_weights:
    num_developer_connections: 0
  link_type_time_decays:
    package_dependency: 1.0
    onchain_project_to_developer: 1.0
    developer_to_devtooling_project: 1.0
  link_type_weights:
    package_dependency: 1.0
    developer_to_devtooling_project: 1.0
  event_type_weights:
    npm: 1.0
    commit_code: 1.0
    starred: 1.0
    issue_comment: 0.0
  utility_weights:
    Core: 3.0
  eligibility_thresholds:
    num_projects_with_package_links: 1
    num_onchain_developers_with_links: 1
allocation:
  budget: 1000
  min_amount_per_project: 10
  max_share_per_project: 1
";
    const USES: &str = "onchain_builder_project_id,devtooling_project_id,dependency_source\n";
    const WORK: &str = "bucket_month,event_type,developer_id,developer_name,project_id\n";

    /// Applications `a` and `b`, tools `t`, `u` and `v`; `a` is a tool as well.
    fn trial(weights: &str, uses: &str, work: &str) -> Trial {
        trial_of("dev-tooling")
            .file("weights", weights)
            .file("onchain_projects", "project_id,display_name,gas\na,Ace,5\nb,Bee,5\n")
            .file(
                "devtooling_projects",
                "project_id,project_name,display_name\nt,0xt,Tau\nu,0xu,Ypsilon\nv,,\na,0xa,Ace kit\n",
            )
            .file("dependencies", &format!("{USES}{uses}"))
            .file("developers", &format!("{WORK}{work}"))
    }

    fn run(trial: &Trial) -> TurnResult {
        trial.run(1_000_00).unwrap_or_else(|error| panic!("{error}"))
    }

    fn paid(result: &TurnResult) -> [u128; 4] {
        ["t", "u", "v", "a"].map(|tool| result.paid(tool).to_u128().unwrap())
    }

    fn refused(trial: &Trial) -> String {
        trial.run(1_000_00).unwrap_err().to_string()
    }

    // Worked examples.

    #[test]
    fn packages_pass_on_standing() {
        // Half of `a` to each tool, all of `b` to one; both of equal standing.
        let result = run(&trial(WEIGHTS, "a,t,NPM\na,u,NPM\nb,u,NPM\n", ""));
        assert_eq!(paid(&result), [250_00, 750_00, 0, 0]);
        assert_eq!(
            result.outcome.reasons["u"],
            [
                "Ypsilon: 75.0% of all scores; 2 applications and 0 developers link to it",
                "100.0% by applications that use its packages: Bee 66.7%, Ace 33.3%",
                "100.0% in all by applications, through packages and developers: Bee 66.7%, \
                 Ace 33.3%",
            ]
        );
        let told = "v: not eligible; only 0 applications and 0 developers link to it";
        assert_eq!(result.outcome.reasons["v"], [told]);
        let note = result.payouts[0].steps[0].note.as_deref();
        assert_eq!(
            note,
            Some("25.0% of all scores: 100.0% by packages of Ace 100.0%; 0.0% its own standing")
        );
    }

    #[test]
    fn labels_and_repeated_links_weigh() {
        let labels = "project_name,recommendation\n0xt,Core\n0xu,Odd\n";
        let uses = "a,t,NPM\na,u,NPM\na,u,npm\n";
        let trial = trial(WEIGHTS, uses, "").file("utility_labels", labels);
        // 3 · 1 to 1 + 1; the last row alone is 3 to 1.
        let result = run(&trial);
        assert_eq!(paid(&result), [600_00, 400_00, 0, 0]);
        assert!(result.outcome.remarks[0].starts_with("the label `Odd` has no weight"));
        let last = run(&trial.text("parity", "retro-funding"));
        assert_eq!(paid(&last), [750_00, 250_00, 0, 0]);
    }

    #[test]
    fn developers_carry_reputation_to_tools() {
        // Ann commits to `a` and stars `t`; Bob to `b`, and stars `t` and `u`.
        // Both have half the reputation, so `t` gets 3/4.
        let work = "2025-12-01,COMMIT_CODE,d1,ann,a\n2025-12-01,COMMIT_CODE,d2,bob,b\n\
                    2025-12-01,STARRED,d1,ann,t\n2025-12-01,STARRED,d2,bob,t\n\
                    2025-12-01,STARRED,d2,bob,u\n2025-12-01,ISSUE_COMMENT,d2,bob,v\n";
        let result = run(&trial(WEIGHTS, "", work));
        assert_eq!(paid(&result), [750_00, 250_00, 0, 0]);
        assert_eq!(
            result.outcome.reasons["t"][1..],
            [
                "100.0% by developers who work on it or watch it: ann 66.7%, bob 33.3%",
                "100.0% in all by applications, through packages and developers: Ace 66.7%, \
                 Bee 33.3%",
            ]
        );
        // `v` is eligible by a comment that weighs nothing.
        assert!(result.payees.contains(&"v".into()));
    }

    #[test]
    fn links_fade_by_their_half_life() {
        // A year of 365 days before the other star: 1/2 to 1.
        let work = "2025-12-01,COMMIT_CODE,d1,ann,b\n2024-12-01,STARRED,d1,ann,t\n\
                    2025-12-01,STARRED,d1,ann,u\n";
        let result = run(&trial(WEIGHTS, "", work));
        assert_eq!(paid(&result), [333_33, 666_67, 0, 0]);
    }

    #[test]
    fn nobody_confers_trust_on_a_tool_of_ones_own() {
        let work = "2025-12-01,COMMIT_CODE,d1,ann,a\n2025-12-01,COMMIT_CODE,d1,ann,b\n\
                    2025-12-01,STARRED,d1,ann,a\n2025-12-01,STARRED,d1,ann,t\n";
        let result = run(&trial(WEIGHTS, "", work));
        assert_eq!(paid(&result), [1_000_00, 0, 0, 0]);
        // The reference knows only the application of the last commit: `b`.
        let repeated = run(&trial(WEIGHTS, "", work).text("parity", "retro-funding"));
        assert!(repeated.paid("a") > Amount::ZERO);
    }

    #[test]
    fn a_signal_takes_the_place_of_the_metrics() {
        let trial = trial(WEIGHTS, "a,t,NPM\na,u,NPM\nb,u,NPM\n", "");
        let trusting = trial.clone().scores("pretrust", &[("a", 8.0), ("b", 0.0), ("x", 9.0)]);
        let result = run(&trusting);
        assert_eq!(paid(&result), [500_00, 500_00, 0, 0]);
        let told = "pretrust of projects that are no application here: 1";
        assert_eq!(result.outcome.remarks, [told]);
        // Trust in nobody leaves all nodes alike.
        let nobody = run(&trial.scores("pretrust", &[]));
        assert_eq!(nobody.outcome.remarks, ["the signal `pretrust` trusts no application"]);
    }

    #[test]
    fn without_links_nobody_is_paid() {
        let result = run(&trial(WEIGHTS, "", ""));
        assert!(result.payouts.is_empty() && result.payees.is_empty());
        let strangers = run(&trial(WEIGHTS, "x,t,NPM\n", "2025-12-01,STARRED,d,dan,x\n"));
        assert_eq!(
            strangers.outcome.remarks,
            [
                "rows of projects that are not listed, not counted: 2",
                "no project has a score above zero: nothing is paid",
            ]
        );
    }

    // Refusals.

    #[test]
    fn slips_in_the_weight_file_are_told_with_their_place() {
        for (from, to, part) in [
            (
                "alpha_onchain: 0.5",
                "alpha_onchain: 1.5",
                "weights.csv:2:18: `simulation.alpha_onchain` is `1.5`",
            ),
            ("alpha_onchain", "alpha_onchian", "did you mean `alpha_onchain`?"),
            ("num_developer_connections", "num_devs", "is not known here"),
            (
                "    package_dependency: 1.0\n    onchain",
                "    onchain",
                "time_decays.package_dependency` is missing",
            ),
            (
                "commit_code: 1.0",
                "commit_code: much",
                "`simulation.event_type_weights.commit_code` is `much`",
            ),
            (
                "  min_amount_per_project: 10\n",
                "",
                "`allocation.min_amount_per_project` is missing",
            ),
        ] {
            let found = refused(&trial(&WEIGHTS.replace(from, to), "", ""));
            assert!(found.contains(part), "{to}: {found}");
        }
    }

    #[test]
    fn bad_tables_and_signals_are_refused() {
        let good = trial(WEIGHTS, "a,t,NPM\n", "");
        let number = |value: f64| good.clone().scores("pretrust", &[("a", value)]);
        let mut one = good.clone();
        one.signals.push(Signal {
            from: "elsewhere".into(),
            name: "pretrust".to_owned(),
            data: SignalData::Number(1.0),
        });
        let labels = "project_name,recommendation\n0xt,Core\n0xt,Core\n";
        for (trial, part) in [
            (trial(WEIGHTS, "", "soon,STARRED,d,dan,t\n"), "developers.csv:2:1: "),
            (trial(WEIGHTS, "", "2025-12-01,STARRED,,dan,t\n"), "this row names no developer"),
            (
                good.clone().file("utility_labels", labels),
                "`0xt` is labelled twice; first on line 2",
            ),
            (number(-1.0), "`elsewhere` gives `a` the pretrust -1"),
            (number(f64::NAN), "the pretrust NaN"),
            (one, "the signal `pretrust` of `elsewhere` is one number"),
            (trial_of("dev-tooling"), "the setting `weights` is missing"),
        ] {
            let found = refused(&trial);
            assert!(found.contains(part), "{part}: {found}");
        }
    }

    #[test]
    fn ranks_that_do_not_settle_are_refused() {
        // Ann and `a`, which is a tool too, hand the same ranks to and fro.
        let weights = WEIGHTS.replace("alpha_devtooling: 0.5", "alpha_devtooling: 1");
        let work = "2025-12-01,COMMIT_CODE,d1,ann,a\n2025-12-01,COMMIT_CODE,d1,ann,b\n\
                    2025-12-01,STARRED,d1,ann,a\n";
        let trial = trial(&weights, "", work).text("parity", "retro-funding");
        assert!(refused(&trial).contains("the ranks do not settle with alpha = 1"));
    }

    // Laws.

    type Rows = (Vec<(u8, u8)>, Vec<(u8, u8, u8, u8)>);

    fn rows() -> impl Strategy<Value = Rows> {
        let uses = prop::collection::vec((0_u8..2, 0_u8..4), 0..8);
        let work = prop::collection::vec((0_u8..3, 0_u8..3, 0_u8..5, 1_u8..12), 0..20);
        (uses, work)
    }

    fn texts((uses, work): &Rows) -> (Vec<String>, Vec<String>) {
        let tools = ["t", "u", "v", "a"];
        let project = |at: u8| ["t", "u", "v", "a", "b"][usize::from(at)];
        let uses = uses.iter().map(|(from, to)| {
            format!("{},{},NPM\n", ["a", "b"][usize::from(*from)], tools[usize::from(*to)])
        });
        let work = work.iter().map(|(event, developer, of, month)| {
            let event = ["COMMIT_CODE", "STARRED", "ISSUE_COMMENT"][usize::from(*event)];
            format!("2025-{month:02}-01,{event},d{developer},,{}\n", project(*of))
        });
        (uses.collect(), work.collect())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn money_is_conserved_and_order_does_not_matter(rows in rows(), money in 0_u64..200_000) {
            let (mut uses, mut work) = texts(&rows);
            let first = trial(WEIGHTS, &uses.concat(), &work.concat()).run(u128::from(money)).unwrap();
            let spent: u128 = paid(&first).iter().sum();
            prop_assert_eq!(spent + first.unspent.of(0).to_u128().unwrap(), u128::from(money));
            uses.reverse();
            work.reverse();
            let other = trial(WEIGHTS, &uses.concat(), &work.concat()).run(u128::from(money)).unwrap();
            prop_assert_eq!(first, other);
        }

        // Reference: dense steps over names, many more than the rule takes.
        #[test]
        fn agrees_with_dense_steps(rows in rows()) {
            let (uses, work) = texts(&rows);
            let result = run(&trial(WEIGHTS, &uses.concat(), &work.concat()));
            let SignalData::Scores(found) = &result.outcome.signals[0].1 else {
                panic!("scores are emitted")
            };
            let expected = reference(&uses, &work);
            for (tool, score) in expected {
                prop_assert!((found[&tool] - score).abs() < 1e-5, "{tool}: {score} {found:?}");
            }
        }
    }

    type Edges = BTreeMap<(String, String), f64>;

    fn reference(uses: &[String], work: &[String]) -> BTreeMap<String, f64> {
        let cells =
            |line: &String| -> Vec<String> { line.trim().split(',').map(str::to_owned).collect() };
        let work: Vec<Vec<String>> = work.iter().map(cells).collect();
        let month = |row: &[String]| row[0][5..7].parse::<u8>().unwrap();
        let days = |month: u8| {
            [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334][usize::from(month) - 1]
        };
        let latest = work.iter().map(|row| days(month(row))).max().unwrap_or(0);
        let age = |row: &[String]| f64::from(latest - days(month(row))) / 365.0;
        let (mut packages, mut people) = (Edges::new(), Edges::new());
        let mut linked: Vec<String> = Vec::new();
        for row in uses.iter().map(cells) {
            *packages.entry((row[0].clone(), row[1].clone())).or_default() += 1.0;
            linked.push(row[1].clone());
        }
        let is_commit = |row: &[String]| row[1] == "COMMIT_CODE" && ["a", "b"].contains(&&*row[4]);
        let commits: Vec<&Vec<String>> = work.iter().filter(|row| is_commit(row)).collect();
        let mut trust = BTreeMap::from([("a".to_owned(), 0.5), ("b".to_owned(), 0.5)]);
        let mut months: BTreeMap<(String, String), Vec<&str>> = BTreeMap::new();
        for row in &commits {
            *people.entry((row[4].clone(), row[2].clone())).or_default() +=
                maths::pow(0.5, age(row));
            months.entry((row[2].clone(), row[0].clone())).or_default().push(&row[4]);
        }
        // The mean of equal standings is that standing.
        for (developer, _) in months.keys() {
            *trust.entry(developer.clone()).or_default() += 0.5;
        }
        for row in work.iter().filter(|row| row[4] != "b") {
            if commits.iter().any(|commit| commit[2] == row[2] && commit[4] == row[4]) {
                continue;
            }
            linked.push(row[4].clone());
            if row[1] != "ISSUE_COMMENT" {
                let edge = people.entry((row[2].clone(), row[4].clone())).or_default();
                *edge += maths::pow(0.5, age(row));
            }
        }
        let mut sums: BTreeMap<String, f64> = BTreeMap::new();
        for edges in [packages, people] {
            let rank = dense(&edges, &trust);
            let tools = |node: &&String| ["t", "u", "v", "a"].contains(&node.as_str());
            let all: f64 = rank.keys().filter(tools).map(|tool| rank[tool]).sum();
            for tool in rank.keys().filter(tools) {
                let part = if all > 0.0 { rank[tool] / all } else { 0.0 };
                *sums.entry(tool.clone()).or_default() += part;
            }
        }
        sums.retain(|tool, _| linked.contains(tool));
        let all: f64 = sums.values().sum();
        if all > 0.0 {
            for sum in sums.values_mut() {
                *sum /= all;
            }
        }
        sums
    }

    fn dense(edges: &Edges, trust: &BTreeMap<String, f64>) -> BTreeMap<String, f64> {
        let nodes: std::collections::BTreeSet<&String> =
            edges.keys().flat_map(|(from, to)| [from, to]).collect();
        let given = |node: &String| trust.get(node).copied().unwrap_or(0.0);
        let all: f64 = nodes.iter().map(|node| given(node)).sum();
        let teleport = |node: &String| {
            if all > 0.0 { given(node) / all } else { 1.0 / nodes.len() as f64 }
        };
        let out = |node: &String| -> f64 {
            edges.iter().filter(|((from, _), _)| from == node).map(|(_, weight)| weight).sum()
        };
        let mut rank: BTreeMap<String, f64> =
            nodes.iter().map(|node| ((*node).clone(), 1.0 / nodes.len() as f64)).collect();
        for _ in 0..400 {
            let ends = nodes.iter().filter(|node| out(node) == 0.0);
            let stuck: f64 = ends.map(|node| rank[*node]).sum();
            let next = |node: &&String| {
                let into = edges.iter().filter(|((_, to), _)| to == *node);
                let flow: f64 = into.map(|((from, _), w)| rank[from] * w / out(from)).sum();
                let value = 0.5 * (flow + stuck * teleport(node)) + 0.5 * teleport(node);
                ((*node).clone(), value)
            };
            rank = nodes.iter().map(next).collect();
        }
        rank
    }
}
