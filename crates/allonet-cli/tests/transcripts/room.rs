//! A folder of its own for each test, and the program run in it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use snapbox::cmd::Command as Limited;
use snapbox::{Assert, IntoData, assert};
use tempfile::TempDir;

/// No command of these tests needs as long.
const PATIENCE: Duration = Duration::from_mins(1);

/// What would change how the program prints or works.
const CHANGERS: [&str; 10] = [
    "CLICOLOR",
    "CLICOLOR_FORCE",
    "COLUMNS",
    "FORCE_COLOR",
    "LINES",
    "NO_COLOR",
    "RAYON_NUM_THREADS",
    "RUST_BACKTRACE",
    "RUST_LIB_BACKTRACE",
    "TERM",
];

/// Two shares, two recipients: the smallest network that pays anybody.
pub(crate) const PAY: &str = r#"[network]
name = "pay"

[assets.USDC]
decimals = 6

[sources.treasury]
gives = "100 USDC"
to    = { alice = "70%", bob = "30%" }

[recipients]
alice = { title = "Alice" }
bob   = {}
"#;

/// A matching pool; wants [`VOTES`].
pub(crate) const ROUND: &str = r#"[network]
name = "round"

[assets.USDC]
decimals = 6

[sources.treasury]
gives = "100 USDC"
to    = "matching"

[neurons.matching]
mechanism  = "quadratic"
votes      = "votes.csv"
saturation = "fill"
"#;

/// Scores: garden (√1 + √1)² − 2 = 2, park (√4 + √9)² − 13 = 12.
pub(crate) const VOTES: &str = "\
voter,project,amount
ann,garden,1
ben,garden,1
ann,park,4
cem,park,9
";

/// A folder of its own, with input files in it.
#[derive(Debug)]
pub(crate) struct Room {
    folder: TempDir,
    /// Goes before the search path.
    programs: Option<PathBuf>,
}

/// What a command did.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Room {
    /// An empty one.
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("there is a place for files"), programs: None }
    }

    /// The same with a file in it.
    pub(crate) fn file(self, name: &str, content: impl AsRef<[u8]>) -> Self {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().expect("it lies in the room")).unwrap();
        std::fs::write(path, content).unwrap();
        self
    }

    /// With [`PAY`] and the network of [`ROUND`], each in its file.
    pub(crate) fn usual() -> Self {
        Self::new()
            .file("pay.allonet.toml", PAY)
            .file("round.allonet.toml", ROUND)
            .file("votes.csv", VOTES)
    }

    /// Where `python3` is the interpreter itself: a wrapper that looks for one
    /// each time is slow.
    pub(crate) fn with_python(mut self) -> Self {
        let mut command = Command::new("python3");
        command.args(["-c", "import sys; print(sys.executable)"]);
        let output = command.output().ok().filter(|output| output.status.success());
        let output = output.expect("these tests run small programs: install python3");
        let path = PathBuf::from(String::from_utf8(output.stdout).unwrap().trim());
        self.programs = path.parent().map(Path::to_owned);
        self
    }

    /// Where a file of the room is.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What stands in a file.
    #[track_caller]
    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// Replaces a text that stands somewhere in a file.
    #[track_caller]
    pub(crate) fn edit(&self, name: &str, from: &str, to: &str) {
        let text = self.read(name);
        assert!(text.contains(from), "`{from}` is not in {name}:\n{text}");
        std::fs::write(self.path(name), text.replacen(from, to, 1)).unwrap();
    }

    /// Names of all files in a folder, sorted.
    pub(crate) fn names(&self, folder: &str) -> Vec<String> {
        let entries = std::fs::read_dir(self.path(folder)).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// Two folders hold the same files with the same bytes.
    #[track_caller]
    pub(crate) fn same(&self, one: &str, other: &str) {
        assert_eq!(self.names(one), self.names(other), "{one} and {other} have other files");
        for name in self.names(one) {
            let bytes = |folder: &str| std::fs::read(self.path(folder).join(&name)).unwrap();
            assert!(bytes(one) == bytes(other), "{name} differs between {one} and {other}");
        }
    }

    /// Runs a command line; double quotes keep spaces together.
    pub(crate) fn run(&self, line: &str) -> Told {
        self.typing(line, "")
    }

    /// Runs a command line while somebody types.
    pub(crate) fn typing(&self, line: &str, typed: &str) -> Told {
        let mut words = words(line);
        assert_eq!(words.remove(0), "allonet");
        let mut command = Command::new(env!("CARGO_BIN_EXE_allonet"));
        command.args(words).current_dir(self.folder.path());
        for name in CHANGERS {
            command.env_remove(name);
        }
        if let Some(programs) = &self.programs {
            let search = std::env::var_os("PATH").unwrap_or_default();
            let folders = [programs.clone()].into_iter().chain(std::env::split_paths(&search));
            command.env("PATH", std::env::join_paths(folders).unwrap());
        }
        self.take_down(command, typed)
    }

    /// Runs a command and takes down what it does.
    pub(crate) fn finish(&self, command: Command) -> Told {
        self.take_down(command, "")
    }

    fn take_down(&self, command: Command, typed: &str) -> Told {
        let output = Limited::from_std(command).stdin(typed).timeout(PATIENCE).output().unwrap();
        let text = |bytes| self.redacted(&String::from_utf8(bytes).expect("it prints UTF-8"));
        let code = output.status.code().expect("it ends by itself");
        Told { code, out: text(output.stdout), err: text(output.stderr) }
    }

    /// What differs from machine to machine, by its name.
    fn redacted(&self, text: &str) -> String {
        let text = hashes(text);
        text.replace(&*self.folder.path().to_string_lossy(), "[ROOM]")
    }

    /// A command that does what it should.
    #[track_caller]
    pub(crate) fn done(&self, line: &str) -> Told {
        let told = self.run(line);
        assert_eq!(told.code, 0, "{line}\n{}", told.text());
        told
    }

    /// All that a command says.
    #[track_caller]
    pub(crate) fn tells(&self, line: &str, expected: impl IntoData) {
        self.run(line).is(expected);
    }
}

impl Told {
    /// Compares with what was written down; see the top of `main.rs`.
    #[track_caller]
    pub(crate) fn is(&self, expected: impl IntoData) {
        let comparison = Assert::new().action_env(assert::DEFAULT_ACTION_ENV);
        // Nothing here prints paths with backslashes, but some data has them.
        comparison.normalize_paths(false).eq(self.text(), expected);
    }

    /// As one text: standard error, standard output, exit code. Spaces at the
    /// end of lines are left out.
    pub(crate) fn text(&self) -> String {
        let mut lines = Vec::new();
        for (name, part) in [("standard error", &self.err), ("standard output", &self.out)] {
            if !part.is_empty() {
                lines.push(format!("── {name}"));
                lines.extend(part.lines().map(|line| line.trim_end().to_owned()));
            }
        }
        lines.push(format!("── exit {}", self.code));
        lines.join("\n")
    }
}

fn words(line: &str) -> Vec<String> {
    let parts = line.split('"').enumerate();
    parts
        .flat_map(|(at, part)| {
            let quoted = at % 2 == 1;
            let words: Vec<&str> =
                if quoted { vec![part] } else { part.split_whitespace().collect() };
            words.into_iter().map(str::to_owned)
        })
        .collect()
}

/// Digests, whole or their first 16 digits, become `[HASH]`: they change with
/// every word of a fixture and say nothing to a reader.
fn hashes(text: &str) -> String {
    let is_hex = |c: char| matches!(c, '0'..='9' | 'a'..='f');
    let mut redacted = String::new();
    let mut rest = text;
    while let Some(start) = rest.find(is_hex) {
        redacted.push_str(&rest[..start]);
        rest = &rest[start..];
        let end = rest.find(|c| !is_hex(c)).unwrap_or(rest.len());
        let (run, after) = rest.split_at(end);
        let digest = end == 64 && run.contains(|c: char| c.is_ascii_lowercase())
            || end == 16 && redacted.ends_with("blake3 ");
        redacted.push_str(if digest { "[HASH]" } else { run });
        rest = after;
    }
    redacted + rest
}
