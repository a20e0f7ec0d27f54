//! What programs were asked and answered: written beside a run's results, and
//! played back to verify it.
//!
//! One JSON object a line: `neuron`, `epoch`, `question` (BLAKE3 of its text)
//! and `answer` (its text).

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

use allonet_core::fault::{Fault, Place, SourceFile};
use allonet_core::mechanism::{Oracle, OracleFactory, Program, Refusal};
use serde::{Deserialize, Serialize};

/// One question and its answer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Exchange {
    epoch: Option<u32>,
    neuron: String,
    question: String,
    answer: String,
}

/// Questions and answers, as they come.
#[derive(Debug, Default)]
pub(crate) struct Transcript(Mutex<Vec<Exchange>>);

impl Transcript {
    pub(super) fn record(&self, neuron: &str, question: &str, answer: &str) {
        let exchange = Exchange {
            epoch: epoch(question),
            neuron: neuron.to_owned(),
            question: fingerprint(question),
            answer: answer.to_owned(),
        };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(exchange);
    }

    /// What a neuron answered to this question before, if it was asked.
    pub(super) fn known(&self, neuron: &str, question: &str) -> Option<String> {
        let print = fingerprint(question);
        let exchanges = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let asked = |known: &&Exchange| known.neuron == neuron && known.question == print;
        exchanges.iter().find(asked).map(|known| known.answer.clone())
    }

    /// Takes over what an earlier run recorded before an epoch.
    pub(crate) fn take_over(&self, file: &Arc<SourceFile>, before: u32) -> Result<(), Vec<Fault>> {
        let earlier = exchanges(file)?.into_iter().map(|(exchange, _)| exchange);
        let earlier = earlier.filter(|exchange| exchange.epoch.is_some_and(|at| at < before));
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend(earlier);
        Ok(())
    }

    /// As JSON lines, by epoch and neuron, whoever answered first.
    pub(crate) fn to_json_lines(&self) -> String {
        let mut exchanges = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        exchanges.sort();
        let mut text = String::new();
        for exchange in exchanges {
            let line = serde_json::to_string(&exchange).expect("texts and numbers");
            writeln!(text, "{line}").expect("text takes all");
        }
        text
    }
}

fn fingerprint(question: &str) -> String {
    blake3::hash(question.as_bytes()).to_hex().to_string()
}

/// The epoch that a question is about.
fn epoch(question: &str) -> Option<u32> {
    #[derive(Deserialize)]
    struct Asked {
        epoch: u32,
    }
    serde_json::from_str::<Asked>(question).ok().map(|asked| asked.epoch)
}

/// Reads what [`Transcript::to_json_lines`] wrote.
fn exchanges(file: &Arc<SourceFile>) -> Result<Vec<(Exchange, Place)>, Vec<Fault>> {
    let mut exchanges = Vec::new();
    let mut start = 0;
    for line in file.text.split_inclusive('\n') {
        let place = Place::new(file, start..start + line.trim_end().len());
        start += line.len();
        if line.trim().is_empty() {
            continue;
        }
        let exchange: Exchange = serde_json::from_str(line).map_err(|error| {
            let message = format!("this line is no answer of a program: {error}");
            let fault = Fault::new("bad-transcript", message).at(place.clone());
            vec![fault.help("take the file as the run wrote it")]
        })?;
        exchanges.push((exchange, place));
    }
    Ok(exchanges)
}

type Answers = BTreeMap<(String, String), String>;

/// Answers from a transcript; runs nothing.
#[derive(Debug)]
pub(crate) struct Replay {
    answers: Arc<Answers>,
    used: Arc<Transcript>,
}

impl Replay {
    /// From what [`Transcript::to_json_lines`] wrote.
    pub(crate) fn read(file: &Arc<SourceFile>) -> Result<Self, Vec<Fault>> {
        let mut answers = Answers::new();
        for (exchange, place) in exchanges(file)? {
            let key = (exchange.neuron, exchange.question);
            if answers.get(&key).is_some_and(|known| *known != exchange.answer) {
                let message = format!("`{}` answers one question in two ways", key.0);
                return Err(vec![Fault::new("bad-transcript", message).at(place)]);
            }
            answers.insert(key, exchange.answer);
        }
        Ok(Self { answers: Arc::new(answers), used: Arc::default() })
    }

    /// The answers that were asked for so far.
    pub(crate) fn transcript(&self) -> &Transcript {
        &self.used
    }
}

impl OracleFactory for Replay {
    fn oracle(&self, program: Program) -> Result<Arc<dyn Oracle>, Fault> {
        let (answers, used) = (Arc::clone(&self.answers), Arc::clone(&self.used));
        Ok(Arc::new(Player { neuron: program.neuron, answers, used }))
    }
}

#[derive(Debug)]
struct Player {
    neuron: Arc<str>,
    answers: Arc<Answers>,
    used: Arc<Transcript>,
}

impl Oracle for Player {
    fn ask(&self, question: &str) -> Result<String, Refusal> {
        let key = (self.neuron.to_string(), fingerprint(question));
        let answer = self.answers.get(&key).cloned().ok_or_else(|| {
            let when = epoch(question).map_or(String::new(), |epoch| format!(" in epoch {epoch}"));
            let message = format!(
                "the program of `{}` was not asked this question{when} when the answers were \
                 recorded",
                self.neuron
            );
            Refusal::new("other-question", message).help(
                "an input, a setting or an earlier step differs from the recorded run; to run the \
                 program itself: --rerun-programs",
            )
        })?;
        self.used.record(&self.neuron, question, &answer);
        Ok(answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program(neuron: &str) -> Program {
        Program {
            neuron: neuron.into(),
            command: vec!["rule".to_owned()],
            time_limit_ms: 1,
            answer_limit_bytes: 1,
        }
    }

    #[test]
    fn what_was_recorded_is_played_back() {
        let transcript = Transcript::default();
        assert_eq!(transcript.to_json_lines(), "");
        transcript.record("b", "{\"epoch\":1}", "{\"later\":1}\n");
        transcript.record("b", "{\"epoch\":0}", "{\"b\":1}");
        transcript.record("a", "{\"epoch\":0}", "{\"a\":1}");
        let text = transcript.to_json_lines();
        let order: Vec<&str> = text.lines().map(|line| &line[..24]).collect();
        let expected = [
            r#"{"epoch":0,"neuron":"a","#,
            r#"{"epoch":0,"neuron":"b","#,
            r#"{"epoch":1,"neuron":"b","#,
        ];
        assert_eq!(order, expected);
        let replay = Replay::read(&SourceFile::new("programs.jsonl", text)).unwrap();
        let ask = |neuron, question| replay.oracle(program(neuron)).unwrap().ask(question);
        assert_eq!(ask("a", "{\"epoch\":0}").unwrap(), "{\"a\":1}");
        assert_eq!(ask("b", "{\"epoch\":1}").unwrap(), "{\"later\":1}\n");
        // What nobody asked for is not taken for used.
        assert_eq!(replay.transcript().to_json_lines().lines().count(), 2);
        let refusal = ask("a", "{\"epoch\":1}").unwrap_err();
        assert_eq!(refusal.code, "other-question");
        assert!(refusal.message.contains("this question in epoch 1 when"), "{refusal}");
    }

    #[test]
    fn a_later_part_of_a_run_takes_over_what_came_before_it() {
        let (first, second) = (Transcript::default(), Transcript::default());
        first.record("a", "{\"epoch\":0}", "0");
        let before = first.to_json_lines();
        first.record("a", "{\"epoch\":1}", "1");
        let file = SourceFile::new("programs.jsonl", first.to_json_lines());
        second.take_over(&file, 1).unwrap();
        assert_eq!(second.to_json_lines(), before);
        assert!(second.take_over(&SourceFile::new("programs.jsonl", "x\n"), 1).is_err());
    }

    #[test]
    fn a_damaged_transcript_is_refused_at_its_line() {
        let good = Transcript::default();
        good.record("a", "q", "1");
        let text = format!("{}\n{{\"neuron\":1}}\n", good.to_json_lines());
        let faults = Replay::read(&SourceFile::new("p.jsonl", text)).unwrap_err();
        assert!(faults[0].to_string().starts_with("p.jsonl:3:1: this line"), "{faults:?}");
        let other = Transcript::default();
        other.record("a", "q", "2");
        let text = good.to_json_lines() + &other.to_json_lines();
        let faults = Replay::read(&SourceFile::new("p.jsonl", text)).unwrap_err();
        assert!(faults[0].message.contains("in two ways"), "{faults:?}");
    }
}
