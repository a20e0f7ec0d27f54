//! Why a verb did not do what it was asked to, and the exit code for it.

mod excerpt;
mod render;

use std::process::ExitCode;

use allonet_core::engine::RunError;
use allonet_core::fault::{Fault, Severity};

pub(crate) use render::{Look, clean, json_line, text};

/// What kind of failure it is; the exit code says so to programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// A check, promise or verification did not hold.
    NotHeld = 1,
    /// The command was wrong, or there is no place for its results.
    Usage = 2,
    /// An input is wrong.
    Invalid = 3,
    /// A mechanism said no.
    Refused = 4,
    /// A bug in allonet.
    Bug = 5,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why a verb did not do what it was asked to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    /// What kind of failure it is.
    pub(crate) exit: Exit,
    /// What is wrong, in the order of the files.
    pub(crate) faults: Vec<Fault>,
}

impl Failure {
    /// A check, promise or verification that did not hold.
    pub(crate) fn not_held(faults: Vec<Fault>) -> Self {
        Self { exit: Exit::NotHeld, faults }
    }

    /// A command that cannot be carried out as it was given.
    pub(crate) fn usage(fault: Fault) -> Self {
        Self { exit: Exit::Usage, faults: vec![fault] }
    }
}

impl From<Fault> for Failure {
    /// An input that is wrong.
    fn from(fault: Fault) -> Self {
        vec![fault].into()
    }
}

impl From<Vec<Fault>> for Failure {
    /// Inputs that are wrong.
    fn from(faults: Vec<Fault>) -> Self {
        Self { exit: Exit::Invalid, faults }
    }
}

impl From<RunError> for Failure {
    fn from(error: RunError) -> Self {
        let exit = match &error {
            RunError::Refused { .. } => Exit::Refused,
            RunError::Broken { .. } => Exit::NotHeld,
            RunError::Conservation { .. } => Exit::Bug,
            _ => Exit::Invalid,
        };
        Self { exit, faults: vec![fault_of(error)] }
    }
}

fn fault_of(error: RunError) -> Fault {
    let message = error.to_string();
    match error {
        RunError::Refused { refusal, place, .. } => {
            let mut fault = Fault::new(refusal.code, message).at_some(place);
            fault.help = refusal.help;
            fault.label("this neuron refuses")
        }
        RunError::Broken { place, .. } => Fault::new("promise-broken", message)
            .at_some(place)
            .label("promised here")
            .help("nothing was paid; change the network or the promise"),
        RunError::Loop { .. } => Fault::new("loop", message),
        RunError::Money { .. } => Fault::new("amount", message),
        RunError::Apportion { .. } => Fault::new("apportion", message),
        RunError::Checkpoint { .. } => Fault::new("checkpoint", message)
            .help("resume with the network file that the state was written for"),
        RunError::Conservation { .. } => Fault::new("conservation", message),
        _ => Fault::new("run", message),
    }
}

/// `3 errors, 1 warning`.
pub(crate) fn tally(faults: &[Fault]) -> String {
    let warnings = faults.iter().filter(|fault| fault.severity == Severity::Warning).count();
    let count = |count: usize, word: &str| {
        let plural = if count == 1 { "" } else { "s" };
        (count > 0).then(|| format!("{count} {word}{plural}"))
    };
    let parts = [count(faults.len() - warnings, "error"), count(warnings, "warning")];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use allonet_core::mechanism::Refusal;
    use allonet_core::money::Amount;

    #[test]
    fn faults_are_counted() {
        let error = || Fault::new("a", "a");
        assert_eq!(tally(&[]), "");
        assert_eq!(tally(&[error()]), "1 error");
        assert_eq!(tally(&[error(), error(), error().warning()]), "2 errors, 1 warning");
    }

    #[test]
    fn each_end_of_a_run_has_its_exit_code() {
        let refusal = Refusal::new("no", "no money").help("bring some");
        let refused = RunError::Refused { node: "a".into(), epoch: 0, refusal, place: None };
        let failure = Failure::from(refused);
        assert_eq!((failure.exit, failure.faults[0].code), (Exit::Refused, "no"));
        assert_eq!(failure.faults[0].help.as_deref(), Some("bring some"));
        let conservation = RunError::Conservation {
            asset: "USDC".into(),
            epoch: 0,
            brought_in: Amount::from_base(2),
            accounted: Amount::from_base(1),
        };
        assert_eq!(Failure::from(conservation).exit, Exit::Bug);
        let checkpoint = RunError::Checkpoint { reason: "nodes differ".into() };
        assert_eq!(Failure::from(checkpoint).exit, Exit::Invalid);
    }
}
