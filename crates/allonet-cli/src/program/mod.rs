//! Programs as neurons: run once for each question, or played back from the
//! record of an earlier run.

mod child;
mod find;
mod transcript;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use allonet_core::fault::Fault;
use allonet_core::mechanism::{Oracle, OracleFactory, Program, Refusal};

pub(crate) use transcript::{Replay, Transcript};

/// Runs programs, and keeps what they were asked and answered.
#[derive(Debug)]
pub(crate) struct RunPrograms {
    folder: PathBuf,
    transcript: Arc<Transcript>,
}

impl RunPrograms {
    /// Programs are found from this folder and run in it.
    pub(crate) fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), transcript: Arc::default() }
    }

    /// What was asked and answered so far.
    pub(crate) fn transcript(&self) -> &Transcript {
        &self.transcript
    }

    /// Whether any neuron is a program; each of them holds the transcript.
    pub(crate) fn any(&self) -> bool {
        Arc::strong_count(&self.transcript) > 1
    }
}

impl OracleFactory for RunPrograms {
    fn oracle(&self, program: Program) -> Result<Arc<dyn Oracle>, Fault> {
        let executable = find::executable(&program.command, &self.folder)?;
        Ok(Arc::new(Runner {
            program,
            executable,
            folder: self.folder.clone(),
            transcript: Arc::clone(&self.transcript),
        }))
    }
}

/// One program that was found.
#[derive(Debug)]
struct Runner {
    program: Program,
    executable: PathBuf,
    folder: PathBuf,
    transcript: Arc<Transcript>,
}

impl Oracle for Runner {
    fn ask(&self, question: &str) -> Result<String, Refusal> {
        // A resumed run replays what came before; programs are not asked again.
        if let Some(answer) = self.transcript.known(&self.program.neuron, question) {
            return Ok(answer);
        }
        let answer = child::ask(&self.program, &self.executable, &self.folder, question)?;
        self.transcript.record(&self.program.neuron, question, &answer);
        Ok(answer)
    }
}
