//! A network file and the files it names, as they were read.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use allonet_core::fault::{Fault, SourceFile};
use allonet_core::network::file::Loader;

use super::read_file;

/// One file that was read.
#[derive(Clone, Debug)]
pub(crate) struct Input {
    /// Its path as the network file names it; for the network file its name.
    pub(crate) path: String,
    /// Where it was found.
    pub(crate) location: PathBuf,
    /// What stands in it.
    pub(crate) file: Arc<SourceFile>,
    /// BLAKE3 of its bytes in hexadecimal.
    pub(crate) blake3: String,
}

impl Input {
    fn read(path: String, location: PathBuf, shown: &str) -> Result<Self, Fault> {
        let file = read_file(&location, shown)?;
        let blake3 = blake3::hash(file.text.as_bytes()).to_hex().to_string();
        Ok(Self { path, location, file, blake3 })
    }

    /// How many bytes it has.
    pub(crate) fn bytes(&self) -> usize {
        self.file.text.len()
    }
}

/// The network file and all files it names, each read once.
///
/// Paths in the network file start from its folder. They may be absolute or
/// lead out of the folder; the record keeps them as they are written.
#[derive(Debug)]
pub(crate) struct Inputs {
    folder: PathBuf,
    files: Vec<Input>,
    index: BTreeMap<String, usize>,
}

impl Inputs {
    /// Reads the network file itself.
    pub(crate) fn open(network: &Path) -> Result<Self, Fault> {
        let name = network.file_name().unwrap_or(network.as_os_str());
        let name = name.to_string_lossy().into_owned();
        let input = Input::read(name, network.to_owned(), &network.to_string_lossy())?;
        Ok(Self { folder: folder_of(network), files: vec![input], index: BTreeMap::new() })
    }

    /// The network file.
    pub(crate) fn network(&self) -> &Arc<SourceFile> {
        &self.files[0].file
    }

    /// All that was read: the network file, then the others in the order in
    /// which they were asked for.
    pub(crate) fn files(&self) -> &[Input] {
        &self.files
    }

    /// A data file by its path as the network file names it.
    pub(crate) fn find(&self, path: &str) -> Option<&Input> {
        self.index.get(path).map(|at| &self.files[*at])
    }
}

impl Loader for Inputs {
    fn load(&mut self, path: &str) -> Result<Arc<SourceFile>, Fault> {
        if let Some(known) = self.find(path) {
            return Ok(Arc::clone(&known.file));
        }
        if path.is_empty() {
            return Err(Fault::new("no-file", "a file has no name"));
        }
        let input = Input::read(path.to_owned(), self.folder.join(path), path)?;
        let file = Arc::clone(&input.file);
        self.index.insert(path.to_owned(), self.files.len());
        self.files.push(input);
        Ok(file)
    }
}

/// The folder that a file lies in.
pub(crate) fn folder_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_file_is_read_once_and_kept_as_written() {
        let folder = tempfile::tempdir().unwrap();
        let network = folder.path().join("a.allonet.toml");
        std::fs::write(&network, "[network]\n").unwrap();
        std::fs::create_dir(folder.path().join("data")).unwrap();
        std::fs::write(folder.path().join("data/votes.csv"), "voter\n").unwrap();
        let mut inputs = Inputs::open(&network).unwrap();
        let first = inputs.load("data/votes.csv").unwrap();
        std::fs::write(folder.path().join("data/votes.csv"), "changed\n").unwrap();
        assert!(Arc::ptr_eq(&first, &inputs.load("data/votes.csv").unwrap()));
        let paths: Vec<&str> = inputs.files().iter().map(|input| input.path.as_str()).collect();
        assert_eq!(paths, ["a.allonet.toml", "data/votes.csv"]);
        let votes = inputs.find("data/votes.csv").unwrap();
        assert_eq!(votes.blake3, blake3::hash(b"voter\n").to_hex().to_string());
        assert_eq!((votes.bytes(), first.path.as_str()), (6, "data/votes.csv"));
        assert!(inputs.load("data/vote.csv").is_err() && inputs.load("").is_err());
        assert_eq!(inputs.files().len(), 2);
    }
}
