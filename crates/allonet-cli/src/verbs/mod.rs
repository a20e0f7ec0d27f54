//! The verbs of the command line, one file each.

mod cards;
mod check;
mod explain;
mod new;
mod run;
mod session;
pub(crate) mod topic;
mod verify;
pub(crate) mod weights;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::ExitCode;
use std::sync::LazyLock;

use allonet_core::fault::Fault;
use allonet_core::mechanism::{Entry, OracleFactory, merged};
use allonet_core::network::{Network, file};
use clap::Parser;

use crate::args::{Arguments, Verb};
use crate::diagnose::{Exit, Failure};
use crate::files::Inputs;
use crate::ui::Ui;

/// Does what the command line says.
pub(crate) fn start() -> ExitCode {
    let arguments = Arguments::parse();
    let ui = Ui::new(&arguments.common);
    let done = catch_unwind(AssertUnwindSafe(|| dispatch(&arguments, &ui)));
    let code = match done {
        Ok(Ok(code)) => code,
        Ok(Err(failure)) => ui.fail(&failure),
        Err(_) => ui.fail(&Failure { exit: Exit::Bug, faults: vec![bug()] }),
    };
    // Results that were not printed outweigh how the verb went.
    let other = Ui::new(&arguments.common);
    ui.close().map_or_else(|failure| other.fail(&failure), |()| code)
}

fn bug() -> Fault {
    Fault::new("bug", "allonet came to a point that its authors held impossible; see above")
        .help("this is a bug: please report it, with the network file if you can")
}

fn dispatch(arguments: &Arguments, ui: &Ui) -> Result<ExitCode, Failure> {
    if let Some(threads) = arguments.common.threads {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(usize::from(threads));
        pool.build_global().map_err(|error| {
            let message = format!("{threads} threads cannot be started: {error}");
            Failure::usage(Fault::new("no-threads", message).help("lower --threads"))
        })?;
    }
    match &arguments.verb {
        Verb::New(arguments) => new::run(arguments, ui),
        Verb::Check(arguments) => check::run(arguments, ui),
        Verb::Run(arguments) => run::run(arguments, ui),
        Verb::Explain(arguments) => explain::explain(arguments, ui),
        Verb::Verify(arguments) => verify::verify(arguments, ui),
        Verb::Weights(arguments) => weights::run(arguments, ui),
        Verb::Topic(arguments) => topic::run(arguments, ui),
    }
}

/// The mechanisms of all catalogues, by id.
pub(crate) fn catalogue() -> &'static [Entry] {
    static ALL: LazyLock<Vec<Entry>> = LazyLock::new(|| {
        merged(&[
            allonet_mechanisms::catalogue(),
            allonet_topics::catalogue(),
            allonet_weights::catalogue(),
        ])
    });
    &ALL
}

/// A network and all the files it was read from.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) network: Network,
    pub(crate) inputs: Inputs,
}

/// Reads a network file with the whole catalogue.
pub(crate) fn load(path: &Path, oracles: &dyn OracleFactory, ui: &Ui) -> Result<Loaded, Failure> {
    let _working = ui.working("reading");
    read(Inputs::open(path)?, oracles)
}

/// Reads the network of a file that is open already.
pub(crate) fn read(mut inputs: Inputs, oracles: &dyn OracleFactory) -> Result<Loaded, Failure> {
    let file = std::sync::Arc::clone(inputs.network());
    let network = file::read(&file, catalogue(), &mut inputs, oracles)?;
    Ok(Loaded { network, inputs })
}
