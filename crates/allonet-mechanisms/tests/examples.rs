//! The networks under `examples/` do what they say.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use allonet_core::engine::Run;
use allonet_core::fault::Fault;
use allonet_core::mechanism::{Oracle, OracleFactory, Program, Refusal};
use allonet_core::network::Network;
use allonet_core::trace::Trace;
use allonet_mechanisms::catalogue;

mod support;

use support::{Files, network, run_checked, sum};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// An example by the path of its network file, from the root.
struct Example {
    path: String,
    text: String,
    folder: PathBuf,
}

impl Example {
    fn open(path: &str) -> Self {
        let full = Path::new(ROOT).join(path);
        let text = fs::read_to_string(&full).expect("the example can be read");
        let folder = full.parent().expect("it lies in a folder").to_owned();
        Self { path: path.to_owned(), text, folder }
    }

    fn named(name: &str) -> Self {
        Self::open(&format!("examples/{name}/{name}.allonet.toml"))
    }

    fn network(&self) -> Network {
        let programs = Programs { folder: self.folder.clone() };
        network(&self.text, Files { folder: self.folder.clone(), texts: &[] }, &programs)
    }

    /// Whether it can run here; says so if not.
    fn can_run(&self) -> bool {
        let can = !self.text.contains("\"external\"")
            || Command::new("python3").arg("--version").output().is_ok();
        if !can {
            println!("skipped: {} needs python3", self.path);
        }
        can
    }
}

/// All network files below `examples/`, in order of their paths.
fn examples() -> Vec<Example> {
    let (mut folders, mut paths) = (vec!["examples".to_owned()], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(Path::new(ROOT).join(&folder)).expect("a folder") {
            let entry = entry.expect("a folder can be listed");
            let path = format!("{folder}/{}", entry.file_name().to_string_lossy());
            if entry.path().is_dir() {
                folders.push(path);
            } else if path.ends_with(".allonet.toml") {
                paths.push(path);
            }
        }
    }
    paths.sort();
    paths.iter().map(|path| Example::open(path)).collect()
}

/// Runs programs in the folder of the network file.
struct Programs {
    folder: PathBuf,
}

#[derive(Debug)]
struct Runner {
    folder: PathBuf,
    command: Vec<String>,
}

impl OracleFactory for Programs {
    fn oracle(&self, program: Program) -> Result<Arc<dyn Oracle>, Fault> {
        Ok(Arc::new(Runner { folder: self.folder.clone(), command: program.command }))
    }
}

impl Oracle for Runner {
    fn ask(&self, question: &str) -> Result<String, Refusal> {
        let mut program = Command::new(&self.command[0])
            .args(&self.command[1..])
            .current_dir(&self.folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut input = program.stdin.take().expect("standard input is piped");
        input.write_all(question.as_bytes()).expect("the program reads its question");
        drop(input);
        let output = program.wait_with_output().expect("the program ends");
        assert!(output.status.success(), "the program failed");
        Ok(String::from_utf8(output.stdout).expect("the answer is UTF-8"))
    }
}

#[test]
fn each_is_read_without_a_word_and_adds_up() {
    let examples = examples();
    assert!(!examples.is_empty());
    for example in examples.iter().filter(|example| example.can_run()) {
        println!("{}", example.path);
        let network = example.network();
        assert_eq!(network.warnings(), [], "{}", example.path);
        let result = run_checked(&network);
        check_origins(&network, &result);
        for (at, node) in (0_u32..).zip(network.nodes()).filter(|(_, node)| node.is_recipient()) {
            let paid = (0..network.assets().len()).any(|asset| !result.inflow(at, asset).is_zero());
            assert!(paid, "{}: {} is paid nothing", example.path, node.id);
        }
    }
}

/// Sources and ways of each recipient's money add up to it.
fn check_origins(network: &Network, result: &Run) {
    let trace = Trace::new(network, result);
    for asset in 0..network.assets().len() {
        let sources = trace.sources(asset).expect("examples are small");
        for (at, node) in (0_u32..).zip(network.nodes()).filter(|(_, node)| node.is_recipient()) {
            let paid = result.inflow(at, asset);
            if paid.is_zero() {
                continue;
            }
            let told = sum(sources[&at].iter().map(|(_, amount)| *amount));
            assert_eq!(told, paid, "sources of {}", node.id);
            let (paths, others) = trace.paths(at, asset, 5);
            let told = sum(paths.iter().map(|path| path.amount).chain([others]));
            assert_eq!(told, paid, "ways to {}", node.id);
        }
    }
}

#[test]
fn together_they_show_every_mechanism() {
    let mut shown = BTreeSet::new();
    for example in examples() {
        let network = example.network();
        let details = network.nodes().iter().filter_map(|node| node.details.as_ref());
        shown.extend(details.filter_map(|details| details.mechanism));
    }
    let known: BTreeSet<&str> = catalogue().iter().map(|entry| entry.card.id).collect();
    assert_eq!(shown, known);
}

#[test]
fn each_names_its_schema_and_stands_in_the_list() {
    let list = fs::read_to_string(Path::new(ROOT).join("examples/README.md")).expect("the list");
    for example in examples() {
        let path = &example.path;
        let first = example.text.lines().next().unwrap_or_default();
        let schema = first.strip_prefix("#:schema ").unwrap_or_else(|| panic!("{path}: {first}"));
        assert!(example.folder.join(schema).is_file(), "{path}: there is no {schema}");
        assert!(list.contains(&format!("run {path}`")), "{path} is not in examples/README.md");
        let file = path.rsplit('/').next().and_then(|name| name.strip_suffix(".allonet.toml"));
        assert_eq!(Some(example.network().name.as_str()), file, "{path}: the network's name");
    }
}

/// What each recipient gets of each asset, as a table.
fn paid(network: &Network, result: &Run) -> String {
    let mut lines = String::new();
    for (at, node) in (0_u32..).zip(network.nodes()).filter(|(_, node)| node.is_recipient()) {
        for (asset, money) in network.assets().iter().enumerate() {
            let amount = result.inflow(at, asset);
            if !amount.is_zero() {
                lines.push_str(&format!("{} {}\n", node.id, money.show(amount)));
            }
        }
    }
    lines
}

fn result_of(name: &str) -> (Network, Run) {
    let network = Example::named(name).network();
    let result = run_checked(&network);
    (network, result)
}

#[test]
fn dump() {
    for e in examples() {
        let n = e.network();
        let r = run_checked(&n);
        println!("== {}\n{}", e.path, paid(&n, &r));
        for rec in &r.records {
            for rule in &rec.rules {
                println!(
                    "{} {} {:?} unspent {:?}",
                    rec.epoch,
                    n.node(rule.node).id,
                    rule.remarks,
                    rule.unspent
                );
            }
        }
        println!("{:?}", r.totals);
    }
    let _ = result_of("splits");
}
