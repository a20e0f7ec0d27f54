//! What `run`, `explain` and `verify` share: running what was read, what the
//! receipt says of it, and files of JSON that cannot be read.

use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use allonet_core::engine::{Run, RunOptions, run};
use allonet_core::fault::{Fault, Place, SourceFile};
use allonet_core::receipt::{Context, Extent, FileHash, Receipt};

use super::Loaded;
use crate::diagnose::Failure;
use crate::files::{Input, folder_of};

impl Loaded {
    /// Runs the network as far as `extent` says.
    pub(crate) fn run(&self, extent: Extent) -> Result<Run, Failure> {
        let options = RunOptions { until: extent.until, before: extent.before_epoch, resume: None };
        Ok(run(&self.network, options)?)
    }

    /// What the receipt says of the files; `folder` is where it stands, `engine`
    /// what wrote it.
    pub(crate) fn context(&self, folder: &Path, engine: &str, extent: Extent) -> Context {
        let mut inputs: Vec<FileHash> = self.inputs.files()[1..].iter().map(hash).collect();
        inputs.sort_by(|a, b| a.path.cmp(&b.path));
        let mut file = hash(&self.inputs.files()[0]);
        file.path = relative(folder, &self.inputs.files()[0].location);
        Context { engine: engine.to_owned(), file, inputs, extent }
    }
}

/// The hash of a file that was read.
pub(crate) fn hash(input: &Input) -> FileHash {
    FileHash { path: input.path.clone(), bytes: input.bytes() as u64, blake3: input.blake3.clone() }
}

/// A file of JSON that ends early or has a slip, at its place.
pub(super) fn not_json(file: &Arc<SourceFile>, error: &serde_json::Error, what: &str) -> Fault {
    let lines = file.text.split_inclusive('\n');
    let start: usize = lines.take(error.line().saturating_sub(1)).map(str::len).sum();
    let at = (start + error.column().saturating_sub(1)).min(file.text.len());
    let text = error.to_string();
    let reason = text.split(" at line ").next().unwrap_or(&text);
    let message = if error.is_eof() {
        format!("the {what} is cut off")
    } else {
        format!("this is no {what}: {reason}")
    };
    Fault::new("bad-json", message).at(Place::new(file, at..at))
}

/// The network file that a receipt was made from, as a path from here.
pub(crate) fn network_of(receipt: &Receipt, at: &Path) -> PathBuf {
    let folder = folder_of(at);
    let plain = tidy(&folder.join(&receipt.file.path));
    // Where the folder is reached through a link, `..` leads elsewhere.
    match tidy(&real(&folder).join(&receipt.file.path)).canonicalize() {
        Ok(found) if plain.canonicalize().is_ok_and(|plain| plain == found) => plain,
        Ok(found) => found,
        Err(_) => plain,
    }
}

/// A folder without links, as far as it exists yet.
fn real(folder: &Path) -> PathBuf {
    let Ok(folder) = std::path::absolute(folder) else { return folder.to_owned() };
    let known = folder.ancestors().find_map(|part| Some((part, part.canonicalize().ok()?)));
    let Some((part, known)) = known else { return folder };
    tidy(&known.join(folder.strip_prefix(part).expect("it is one of its ancestors")))
}

/// `a/b/../c` as `a/c`, where nothing is lost by it.
fn tidy(path: &Path) -> PathBuf {
    let mut tidy = PathBuf::new();
    for part in path.components() {
        match (part, tidy.components().next_back()) {
            (Component::ParentDir, Some(Component::Normal(_))) => drop(tidy.pop()),
            (Component::CurDir, _) => {}
            _ => tidy.push(part),
        }
    }
    tidy
}

/// The way from a folder to a file, with `/` between the parts.
fn relative(folder: &Path, file: &Path) -> String {
    let from = real(folder);
    let to = real(&folder_of(file)).join(file.file_name().unwrap_or_default());
    let common = from.components().zip(to.components()).take_while(|(a, b)| a == b).count();
    let up = from.components().skip(common).map(|_| "..".to_owned());
    let down = to.components().skip(common).map(|c| c.as_os_str().to_string_lossy().into_owned());
    up.chain(down).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_from_a_folder_to_a_file() {
        let way = |from: &str, to: &str| relative(Path::new(from), Path::new(to));
        assert_eq!(way("out/spring", "spring.allonet.toml"), "../../spring.allonet.toml");
        assert_eq!(way("examples/x/out", "examples/x/a.toml"), "../a.toml");
        assert_eq!(way(".", "a.toml"), "a.toml");
        assert_eq!(tidy(Path::new("out/x/../../a.toml")), Path::new("a.toml"));
        assert_eq!(tidy(Path::new("../a/./b")), Path::new("../a/b"));
    }
}
