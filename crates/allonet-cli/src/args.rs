//! What can be typed behind `allonet`.

use std::path::PathBuf;

use allonet_core::time::Instant;
use clap::{ArgGroup, Args, Parser, Subcommand, ValueEnum};

use crate::verbs::topic::TopicArgs;
use crate::verbs::weights::WeightsArgs;

const EXAMPLES: &str = "\
Examples:
  allonet new --from Cargo.lock --budget \"10_000 USDC\"
  allonet check spring.allonet.toml
  allonet run spring.allonet.toml
  allonet explain out/spring/receipt.json alice
  allonet verify out/spring/receipt.json

Data goes to standard output, everything else to standard error.
Exit codes: 0 done, 1 a check or verification did not hold, 2 wrong usage or no place to write,
3 invalid input, 4 a mechanism refused, 5 a bug in allonet.";

/// Networks of capital-allocation mechanisms: describe in one file how money
/// should flow, check it, run it, explain every base unit, verify the result.
#[derive(Debug, Parser)]
#[command(name = "allonet", version, after_help = EXAMPLES, max_term_width = 100)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) common: Common,
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

/// Heads the options of all verbs in help texts.
const COMMON: &str = "Options of all verbs";

/// What goes with every verb.
#[derive(Debug, Args)]
pub(crate) struct Common {
    /// How to print results and faults
    #[arg(long, global = true, help_heading = COMMON, value_name = "FORMAT")]
    #[arg(value_enum, default_value_t)]
    pub(crate) format: Format,
    /// When to use colours; `auto` means on a terminal, unless NO_COLOR is set
    #[arg(long, global = true, help_heading = COMMON, value_name = "WHEN")]
    #[arg(value_enum, default_value_t)]
    pub(crate) color: When,
    /// How many threads may work; the result does not depend on it [default: all cores]
    #[arg(long, global = true, help_heading = COMMON, value_name = "N")]
    #[arg(value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) threads: Option<u16>,
}

/// How to print results and faults.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    #[default]
    Text,
    /// For programs: results as one JSON value, faults as JSON lines
    Json,
}

/// When to use colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum When {
    /// On a terminal, unless NO_COLOR is set
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Write a network file from votes, payments, a lock file or a bill of materials
    New(NewArgs),
    /// Check a network file, or a program that is to be a neuron
    Check(CheckArgs),
    /// Run a network and write payouts, report and receipt
    Run(RunArgs),
    /// Show how an amount came about, and from whom; or what a mechanism does
    Explain(ExplainArgs),
    /// Recompute a run from its receipt and inputs
    Verify(VerifyArgs),
    /// Make weights of comparisons, and see how good they are
    Weights(WeightsArgs),
    /// Combine the inferences of many into one that beats each of them
    Topic(TopicArgs),
}

/// `allonet new`
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  allonet new                                   lists what can be read
  allonet new --list                            lists the mechanisms, by family
  allonet new --from Cargo.lock --budget \"10_000 USDC\"
  allonet new --from go.mod --graph go.mod.graph --name kubernetes
  allonet new --from votes.csv --budget \"50_000 USDC\" --out round.allonet.toml
  allonet new --from funding.csv --asset USD")]
pub(crate) struct NewArgs {
    /// List the mechanisms that a network may use, by family
    #[arg(long, conflicts_with = "from")]
    pub(crate) list: bool,
    /// The file to read; without it, what can be read is listed
    #[arg(long, value_name = "PATH")]
    pub(crate) from: Option<PathBuf>,
    /// What kind of file it is [default: by its name and content]
    #[arg(long, value_enum, value_name = "KIND", requires = "from")]
    pub(crate) kind: Option<Kind>,
    /// Output of `go mod graph`, beside a go.mod
    #[arg(long, value_name = "FILE", requires = "from")]
    pub(crate) graph: Option<PathBuf>,
    /// Metrics of the projects, beside ballots over metrics: project and a column each
    #[arg(long, value_name = "FILE", requires = "from")]
    pub(crate) metrics: Option<PathBuf>,
    /// Name of the network [default: from the file]
    #[arg(long, value_name = "NAME", requires = "from")]
    pub(crate) name: Option<String>,
    /// The money to divide [default: "10_000 USDC"]
    #[arg(long, value_name = "AMOUNT", requires = "from")]
    pub(crate) budget: Option<String>,
    /// Symbol of the asset that payments are made in [default: USD]
    #[arg(long, value_name = "SYMBOL", requires = "from")]
    pub(crate) asset: Option<String>,
    /// Decimals of the asset [default: 6, or those of a well-known asset]
    #[arg(long, value_name = "N", requires = "from")]
    pub(crate) decimals: Option<u8>,
    /// How dependencies are weighed where nobody has judged them [default: need]
    #[arg(long, value_enum, value_name = "RULE", requires = "from")]
    pub(crate) rule: Option<Rule>,
    /// The project's own node, where the file does not say (may be repeated)
    #[arg(long, value_name = "ID", requires = "from")]
    pub(crate) root: Vec<String>,
    /// Judged weights, columns repo,parent,weight
    #[arg(long, value_name = "FILE", requires = "from")]
    pub(crate) weights: Option<PathBuf>,
    /// What projects keep for themselves, columns repo,originality
    #[arg(long, value_name = "FILE", requires = "from")]
    pub(crate) originality: Option<PathBuf>,
    /// Renamed repositories, columns alias,repo
    #[arg(long, value_name = "FILE", requires = "from")]
    pub(crate) aliases: Option<PathBuf>,
    /// Where to write the network file; its data files stand next to it
    /// [default: NAME.allonet.toml]
    #[arg(long, value_name = "FILE", requires = "from")]
    pub(crate) out: Option<PathBuf>,
    /// Overwrite files that are there already
    #[arg(long)]
    pub(crate) force: bool,
}

/// Kinds of files that become a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    /// CSV of votes with money, as from Grants Stack: voter, project, amount
    Votes,
    /// Retro ballots, as from EasyRetroPGF: voter, project, amount; CSV or JSON
    Ballots,
    /// Ballots over metrics, as of Retro Funding 4: voter, metric, weight; CSV or JSON
    Rf4,
    /// A poll, as from Snapshot: voter, choice, voting power; CSV or JSON
    Snapshot,
    /// Allocations of an Octant epoch: donor, project, amount; CSV or JSON
    Octant,
    /// CSV of payments: payer, payee, amount
    Payments,
    /// Rust's Cargo.lock
    CargoLock,
    /// The output of `cargo metadata --format-version 1`
    CargoMetadata,
    /// npm's package-lock.json, version 2 or 3
    PackageLock,
    /// Go's go.mod, best with --graph
    GoMod,
    /// uv.lock (Python)
    UvLock,
    /// poetry.lock (Python)
    PoetryLock,
    /// CycloneDX bill of materials in JSON
    Cyclonedx,
    /// SPDX document in JSON
    Spdx,
    /// Node-link JSON of a dependency graph
    NodeLink,
    /// JSON of seeds and their dependencies
    SeedMap,
    /// CSV of edges with weights: repo, parent, weight
    WeightCsv,
    /// CSV of edges: seed_repo, dependency_repo
    EdgesCsv,
}

/// How dependencies are weighed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Rule {
    /// By how much each brings in that nothing else does
    #[default]
    Need,
    /// All the same
    Uniform,
}

/// `allonet check`
#[derive(Debug, Args)]
#[command(
    group = ArgGroup::new("subject").required(true).args(["network", "plugin"]),
    after_help = "\
Examples:
  allonet check spring.allonet.toml
  allonet check spring.allonet.toml --format json
  allonet check --plugin python3 even_split.py

Exit codes: 0 sound, 1 the program breaks the protocol, 3 the network has errors."
)]
pub(crate) struct CheckArgs {
    /// The network file
    #[arg(value_name = "NETWORK")]
    pub(crate) network: Option<PathBuf>,
    /// A program and its arguments: put the cases of the protocol to it (last option)
    #[arg(long, value_name = "CMD", num_args = 1.., allow_hyphen_values = true)]
    pub(crate) plugin: Vec<String>,
}

/// `allonet run`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  allonet run spring.allonet.toml
  allonet run spring.allonet.toml --out results --open
  allonet run stream.allonet.toml --before-epoch 3
  allonet run stream.allonet.toml --resume out/stream/state.json")]
pub(crate) struct RunArgs {
    /// The network file
    #[arg(value_name = "NETWORK")]
    pub(crate) network: PathBuf,
    /// Folder for the results [default: out/<name of the network>]
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Stop after the last event up to this moment, such as 2026-01-31T18:30:00Z
    #[arg(long, value_name = "TIME")]
    pub(crate) until: Option<Instant>,
    /// Stop before this epoch, counted from 0
    #[arg(long, value_name = "N")]
    pub(crate) before_epoch: Option<u32>,
    /// Go on from the state file of an earlier run
    #[arg(long, value_name = "STATE")]
    pub(crate) resume: Option<PathBuf>,
    /// Open the report when done
    #[arg(long)]
    pub(crate) open: bool,
    /// Refuse neurons that are programs
    #[arg(long)]
    pub(crate) no_programs: bool,
    /// How many recipients to print
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub(crate) top: usize,
}

/// `allonet explain`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  allonet explain spring.allonet.toml alice
  allonet explain out/spring/receipt.json alice --paths 20 --epoch 0
  allonet explain --mechanism quadratic")]
pub(crate) struct ExplainArgs {
    /// A network file, or the receipt of a run
    #[arg(value_name = "NETWORK|RECEIPT", required_unless_present = "mechanism")]
    pub(crate) subject: Option<PathBuf>,
    /// Whose amount to explain, by id
    #[arg(value_name = "RECIPIENT", required_unless_present = "mechanism")]
    pub(crate) recipient: Option<String>,
    /// Explain a mechanism of the catalogue instead: its rule, settings and sources
    #[arg(long, value_name = "ID", conflicts_with_all = ["subject", "recipient"])]
    pub(crate) mechanism: Option<String>,
    /// How many of the ways from a source to show
    #[arg(long, value_name = "N", default_value_t = 5)]
    pub(crate) paths: usize,
    /// Explain this epoch alone, counted from 0 [default: all]
    #[arg(long, value_name = "N")]
    pub(crate) epoch: Option<u32>,
    /// Refuse neurons that are programs; for a receipt none is run anyway
    #[arg(long)]
    pub(crate) no_programs: bool,
}

/// `allonet verify`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  allonet verify out/spring/receipt.json
  allonet verify out/spring/receipt.json --rerun-programs

Exit codes: 0 all is as the receipt says, 1 something differs.")]
pub(crate) struct VerifyArgs {
    /// The receipt
    #[arg(value_name = "RECEIPT")]
    pub(crate) receipt: PathBuf,
    /// Run programs again instead of taking their recorded answers
    #[arg(long)]
    pub(crate) rerun_programs: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    fn parse(line: &str) -> Result<Arguments, clap::Error> {
        Arguments::try_parse_from(line.split_whitespace())
    }

    #[test]
    fn the_definition_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn a_plugin_keeps_its_own_options() {
        let parsed = parse("allonet check --plugin python3 -u x.py --fast").unwrap();
        let Verb::Check(check) = parsed.verb else { panic!("check was asked for") };
        assert_eq!(check.plugin, ["python3", "-u", "x.py", "--fast"]);
        assert!(check.network.is_none());
    }

    #[test]
    fn one_subject_is_checked() {
        assert!(parse("allonet check").is_err());
        assert!(parse("allonet check a.toml --plugin b").is_err());
    }

    #[test]
    fn what_is_common_may_stand_anywhere() {
        for line in ["allonet --format json check a", "allonet check a --format json"] {
            assert_eq!(parse(line).unwrap().common.format, Format::Json);
        }
        assert!(parse("allonet check a --threads 0").is_err());
    }

    #[test]
    fn a_moment_is_checked_at_once() {
        assert!(parse("allonet run a --until 2026-01-31").is_ok());
        let error = parse("allonet run a --until soon").unwrap_err().to_string();
        assert!(error.contains("is not a moment"), "{error}");
    }
}
