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
//! use allonet_mechanisms::trial::Trial;
//!
//! let weights = "simulation:
//!   alpha: 0.5
//!   onchain_project_pretrust_weights: { gas: 1.0 }
//!   devtooling_project_pretrust_weights: { star_count: 0.0 }
//!   link_type_time_decays:
//!     { package_dependency: 1, onchain_project_to_developer: 1, developer_to_devtooling_project: 1 }
//!   link_type_weights: { package_dependency: 1.0 }
//!   event_type_weights: { npm: 1.0 }
//!   eligibility_thresholds: { num_projects_with_package_links: 1, num_onchain_developers_with_links: 1 }
//! allocation: { budget: 1000, min_amount_per_project: 1, max_share_per_project: 1 }
//! ";
//! // One application uses both tools, the other one of them.
//! let uses = "onchain_builder_project_id,devtooling_project_id,dependency_source\n\
//!             swap,wallet-kit,NPM\nswap,chain-client,NPM\nmint,chain-client,NPM\n";
//! let result = Trial::new("dev-tooling")
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
use super::trust::{Files, Plan, Ranked, Trust};

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
