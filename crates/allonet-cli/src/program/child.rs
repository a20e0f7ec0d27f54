//! Runs a program for one question: the question on its standard input, the
//! answer from its standard output, within limits of time and bytes.

use std::io::{self, Read, Write};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use allonet_core::mechanism::{Program, Refusal};
use wait_timeout::ChildExt;

use crate::diagnose::clean;

/// How much of what it says on standard error is shown.
const SAID_BYTES: usize = 2_048;
/// Code of an answer that was cut off.
const TOO_LONG: &str = "answer-too-long";
/// All that a program sees of the environment: passwords and keys that stand
/// there are none of its business.
const KEPT: &[&str] = &[
    "PATH",
    "HOME",
    "LANG",
    "LC_ALL",
    "TMPDIR",
    #[cfg(windows)]
    "SystemRoot",
];
/// How long to wait for the rest of it once the program has ended.
const LAST_WORDS: Duration = Duration::from_millis(200);

/// Asks once. Nothing of the program is left running afterwards, unless it took
/// itself out of its process group.
pub(super) fn ask(
    program: &Program,
    executable: &Path,
    folder: &Path,
    question: &str,
) -> Result<String, Refusal> {
    let mut child = start(program, executable, folder)?;
    let deadline = Instant::now() + Duration::from_millis(program.time_limit_ms);
    write_question(&mut child, question);
    let said = read_tail(&mut child);
    let answer = read_answer(&mut child, program.answer_limit_bytes);
    let outcome = wait(&mut child, &answer, deadline, program);
    // Also after a good answer: it may have left something behind.
    end(&mut child);
    let (status, answer) = outcome.map_err(|refusal| match refusal.code {
        // It would complain of the pipe that was closed on it.
        TOO_LONG => refusal,
        _ => with_words(refusal, &said),
    })?;
    if !status.success() {
        let message = format!("the program of `{}` failed: {status}", program.neuron);
        return Err(with_words(Refusal::new("program-failed", message), &said));
    }
    String::from_utf8(answer).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let message =
            format!("the answer of `{}`'s program is not UTF-8 at byte {at}", program.neuron);
        with_words(Refusal::new("bad-answer", message), &said)
    })
}

fn start(program: &Program, executable: &Path, folder: &Path) -> Result<Child, Refusal> {
    let mut command = Command::new(executable);
    command
        .args(&program.command[1..])
        .current_dir(folder)
        .env_clear()
        .envs(KEPT.iter().filter_map(|name| Some((name, std::env::var_os(name)?))))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    command.spawn().map_err(|error| {
        let shown = program.command.join(" ");
        let message = format!("the program of `{}` cannot start: {error}", program.neuron);
        let help = match error.kind() {
            io::ErrorKind::NotFound => "install it, or correct `command`".to_owned(),
            io::ErrorKind::PermissionDenied => "mark it as a program: chmod +x".to_owned(),
            _ => format!(
                "try it yourself: {shown}; a script begins with a line such as \
                          #!/usr/bin/env python3"
            ),
        };
        Refusal::new("no-program", message).help(help)
    })
}

/// Hands the question over in a thread of its own: the program may answer
/// before it has read all of it, or never read it.
fn write_question(child: &mut Child, question: &str) {
    let Some(mut stdin) = child.stdin.take() else { return };
    let question = format!("{question}\n");
    thread::spawn(move || {
        // A program that does not read its question is no fault.
        let _ = stdin.write_all(question.as_bytes());
    });
}

/// The answer, or the bytes of one that is too long.
type Answer = io::Result<Result<Vec<u8>, usize>>;

fn read_answer(child: &mut Child, limit: u64) -> Receiver<Answer> {
    let (send, receive) = channel();
    if let Some(stdout) = child.stdout.take() {
        thread::spawn(move || {
            let mut bytes = Vec::new();
            let read = stdout.take(limit.saturating_add(1)).read_to_end(&mut bytes);
            let short = bytes.len() as u64 <= limit;
            let answer = read.map(|count| if short { Ok(bytes) } else { Err(count) });
            // Past the deadline nobody listens any more.
            let _ = send.send(answer);
        });
    }
    receive
}

/// The last that the program says on standard error.
fn read_tail(child: &mut Child) -> Receiver<Vec<u8>> {
    let (send, receive) = channel();
    if let Some(mut stderr) = child.stderr.take() {
        thread::spawn(move || {
            let (mut tail, mut piece) = (Vec::new(), [0; SAID_BYTES]);
            while let Ok(count @ 1..) = stderr.read(&mut piece) {
                tail.extend_from_slice(&piece[..count]);
                tail.drain(..tail.len().saturating_sub(SAID_BYTES));
            }
            // Past the deadline nobody listens any more.
            let _ = send.send(tail);
        });
    }
    receive
}

/// Waits for the end of the answer and of the program.
fn wait(
    child: &mut Child,
    answer: &Receiver<Answer>,
    deadline: Instant,
    program: &Program,
) -> Result<(ExitStatus, Vec<u8>), Refusal> {
    let neuron = &program.neuron;
    let left = || deadline.saturating_duration_since(Instant::now());
    let late = || {
        let limit = program.time_limit_ms;
        let message = format!("the program of `{neuron}` took longer than {limit} ms");
        Refusal::new("program-too-slow", message).help("make it faster, or raise `time_limit`")
    };
    let broken = |error: io::Error| {
        let message = format!("the program of `{neuron}` cannot be followed: {error}");
        Refusal::new("program-failed", message)
    };
    let answer = match answer.recv_timeout(left()) {
        Ok(answer) => answer.map_err(broken)?.map_err(|_| {
            let limit = program.answer_limit_bytes;
            let message = format!(
                "the answer of `{neuron}`'s program has more than the {limit} bytes allowed"
            );
            Refusal::new(TOO_LONG, message).help("shorten it, or raise `answer_limit`")
        })?,
        Err(RecvTimeoutError::Timeout) => return Err(late()),
        Err(RecvTimeoutError::Disconnected) => Vec::new(),
    };
    let status = child.wait_timeout(left()).map_err(broken)?.ok_or_else(late)?;
    Ok((status, answer))
}

/// Ends the program and all that it started.
fn end(child: &mut Child) {
    #[cfg(unix)]
    if let Ok(Some(group)) = i32::try_from(child.id()).map(rustix::process::Pid::from_raw) {
        // It may have ended by itself meanwhile.
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
    let _ = child.kill();
    let _ = child.wait();
}

/// A refusal with what the program said last.
fn with_words(mut refusal: Refusal, said: &Receiver<Vec<u8>>) -> Refusal {
    let said = said.recv_timeout(LAST_WORDS).unwrap_or_default();
    let said = clean(String::from_utf8_lossy(&said).trim());
    if !said.is_empty() {
        refusal.message = format!("{}; it said:\n{said}", refusal.message);
    }
    refusal
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn run(script: &str, question: &str, limits: (u64, u64)) -> Result<String, Refusal> {
        let program = Program {
            neuron: "team".into(),
            command: ["sh", "-c", script].map(str::to_owned).to_vec(),
            time_limit_ms: limits.0,
            answer_limit_bytes: limits.1,
        };
        ask(&program, Path::new("/bin/sh"), Path::new("."), question)
    }

    const PLENTY: (u64, u64) = (20_000, 1_000);

    #[test]
    fn the_question_goes_in_and_the_answer_comes_out() {
        assert_eq!(run("cat", "{\"a\":1}", PLENTY).unwrap(), "{\"a\":1}\n");
    }

    #[test]
    fn a_program_need_not_read_its_question() {
        let long = "x".repeat(1 << 20);
        assert_eq!(run("echo yes", &long, PLENTY).unwrap(), "yes\n");
    }

    #[test]
    fn an_endless_answer_is_cut_off() {
        let refusal = run("yes", "", PLENTY).unwrap_err();
        assert_eq!(refusal.code, "answer-too-long");
        assert_eq!(run("printf %01000d 0", "", PLENTY).unwrap().len(), 1_000);
        assert!(run("printf %01001d 0", "", PLENTY).is_err());
    }

    #[test]
    fn a_slow_program_is_ended_with_all_it_started() {
        let folder = tempfile::tempdir().unwrap();
        let mark = folder.path().join("mark");
        let script = format!("(sleep 1; echo late > '{}') & sleep 60", mark.display());
        let started = Instant::now();
        let refusal = run(&script, "", (150, 1_000)).unwrap_err();
        assert_eq!(refusal.code, "program-too-slow");
        assert!(started.elapsed() < Duration::from_secs(30));
        thread::sleep(Duration::from_millis(1_500));
        assert!(!mark.exists(), "what it had started went on");
    }

    #[test]
    fn what_a_program_leaves_behind_is_ended_too() {
        let folder = tempfile::tempdir().unwrap();
        let mark = folder.path().join("mark");
        let later = format!("(sleep 1; echo late > '{}') >&- 2>&- &", mark.display());
        assert_eq!(run(&format!("{later} echo yes"), "", PLENTY).unwrap(), "yes\n");
        assert!(run(&format!("{later} exit 1"), "", PLENTY).is_err());
        thread::sleep(Duration::from_millis(1_500));
        assert!(!mark.exists(), "what it had started went on");
    }

    #[test]
    fn the_environment_is_kept_back() {
        // Cargo sets this one for tests.
        assert!(std::env::var_os("CARGO_MANIFEST_DIR").is_some());
        assert_eq!(run("echo \"$CARGO_MANIFEST_DIR\"", "", PLENTY).unwrap(), "\n");
        let names = run("env | cut -d= -f1", "", PLENTY).unwrap();
        // The shell itself adds the last three.
        let known = |name: &str| KEPT.contains(&name) || ["PWD", "SHLVL", "_"].contains(&name);
        assert!(names.contains("PATH") && names.lines().all(known), "{names}");
    }

    #[test]
    fn silence_on_an_open_pipe_is_slow_too() {
        let refusal = run("exec 1>&-; sleep 60", "", (150, 1_000)).unwrap_err();
        assert_eq!(refusal.code, "program-too-slow");
        // The program ends at once, but what it started holds the pipe.
        assert_eq!(run("sleep 60 &", "", (150, 1_000)).unwrap_err().code, "program-too-slow");
    }

    #[test]
    fn a_failure_carries_its_last_words() {
        let refusal = run("printf '%05000d' 7 >&2; echo ' no weights' >&2; exit 3", "", PLENTY);
        let message = refusal.unwrap_err().message;
        assert!(message.starts_with("the program of `team` failed: exit status: 3; it said:\n0"));
        assert!(message.ends_with("07 no weights"), "{message}");
        assert!(message.len() < SAID_BYTES + 100);
        assert_eq!(run("kill -9 $$", "", PLENTY).unwrap_err().code, "program-failed");
    }

    #[test]
    fn an_answer_is_text() {
        let refusal = run("printf 'a\\377'", "", PLENTY).unwrap_err();
        assert!(refusal.message.contains("not UTF-8 at byte 1"), "{refusal}");
    }

    #[test]
    fn what_is_no_program_is_explained() {
        let program = Program {
            neuron: "team".into(),
            command: vec!["./rule".to_owned()],
            time_limit_ms: 1_000,
            answer_limit_bytes: 10,
        };
        let missing = ask(&program, Path::new("/no/rule"), Path::new("."), "").unwrap_err();
        assert_eq!(missing.code, "no-program");
        assert!(missing.message.contains("the program of `team` cannot start"), "{missing}");
    }
}
