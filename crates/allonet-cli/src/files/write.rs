//! Writes files so that each appears whole or not at all.
//!
//! All outputs go to a hidden folder beside their place first and are flushed
//! to the disk there. Only when the last one is complete are they renamed, in
//! the order in which they were added: a full disk or a lost machine leaves the
//! old files as they were.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use allonet_core::fault::Fault;
use tempfile::TempDir;

use super::folder_of;
use crate::diagnose::Failure;

/// Files that are to appear in one folder, together.
#[derive(Debug)]
pub(crate) struct Outputs {
    folder: PathBuf,
    staging: TempDir,
    names: Vec<String>,
}

impl Outputs {
    /// Prepares to write into a folder, which need not exist yet.
    pub(crate) fn new(folder: &Path) -> Result<Self, Failure> {
        // Beside its place, so that renaming never crosses a disk.
        let beside = if folder.is_dir() { folder.to_owned() } else { folder_of(folder) };
        let refused = |error| cannot_write(folder, &error);
        fs::create_dir_all(&beside).map_err(refused)?;
        let staging = tempfile::Builder::new().prefix(".allonet-").tempdir_in(&beside);
        Ok(Self {
            folder: folder.to_owned(),
            staging: staging.map_err(refused)?,
            names: Vec::new(),
        })
    }

    /// Writes one file to the staging folder, by its name in the target folder.
    pub(crate) fn add(&mut self, name: &str, bytes: &[u8]) -> Result<(), Failure> {
        self.add_with(name, |file| file.write_all(bytes))
    }

    /// The same, piece by piece.
    pub(crate) fn add_with(
        &mut self,
        name: &str,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<(), Failure> {
        let staged = self.staging.path().join(name);
        let written = || {
            let mut file = io::BufWriter::new(File::create(&staged)?);
            write(&mut file)?;
            file.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()
        };
        written().map_err(|error| cannot_write(&self.folder.join(name), &error))?;
        self.names.push(name.to_owned());
        Ok(())
    }

    /// Lets all files appear, in the order they were added.
    pub(crate) fn commit(self) -> Result<Vec<PathBuf>, Failure> {
        fs::create_dir_all(&self.folder).map_err(|error| cannot_write(&self.folder, &error))?;
        let mut paths = Vec::with_capacity(self.names.len());
        for name in &self.names {
            let path = self.folder.join(name);
            fs::rename(self.staging.path().join(name), &path)
                .map_err(|error| stopped(cannot_write(&path, &error), &paths))?;
            paths.push(path);
        }
        sync_folder(&self.folder);
        Ok(paths)
    }
}

/// Makes renames last. Not every file system can; the files are whole anyway.
fn sync_folder(folder: &Path) {
    if let Ok(folder) = File::open(folder) {
        let _ = folder.sync_all();
    }
}

/// A failure while files were put into their places, after some already were.
fn stopped(mut failure: Failure, replaced: &[PathBuf]) -> Failure {
    if !replaced.is_empty() {
        let name =
            |path: &PathBuf| path.file_name().map(|name| name.to_string_lossy().into_owned());
        let names: Vec<String> = replaced.iter().filter_map(name).collect();
        for fault in &mut failure.faults {
            let help = fault.help.take().unwrap_or_default();
            let help = help.trim_end_matches(UNTOUCHED);
            let names = names.join("`, `");
            fault.help = Some(format!("{help}; these files are new already: `{names}`"));
        }
    }
    failure
}

/// What is true as long as nothing was renamed.
const UNTOUCHED: &str = "; older files are untouched";

fn cannot_write(path: &Path, error: &io::Error) -> Failure {
    let shown = path.file_name().unwrap_or(OsStr::new("")).to_string_lossy();
    let shown = if shown.is_empty() { path.to_string_lossy() } else { shown };
    let (code, reason, help) = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => (
            "disk-full",
            "no space is left".to_owned(),
            "free some space, or choose another folder with --out",
        ),
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            ("not-writable", "permission denied".to_owned(), "choose another folder with --out")
        }
        io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => (
            "not-writable",
            "a file stands where a folder is needed".to_owned(),
            "choose another folder with --out, or remove that file",
        ),
        _ => ("not-writable", error.to_string(), "choose another folder with --out"),
    };
    let message = format!("cannot write `{shown}` in `{}`: {reason}", folder_of(path).display());
    Failure::usage(Fault::new(code, message).help(format!("{help}{UNTOUCHED}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let mut names: Vec<String> =
            entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn files_appear_together() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("out/spring");
        let mut outputs = Outputs::new(&folder).unwrap();
        outputs.add("a.csv", b"1").unwrap();
        outputs.add("b.csv", b"2").unwrap();
        assert!(!folder.exists());
        assert_eq!(outputs.commit().unwrap(), [folder.join("a.csv"), folder.join("b.csv")]);
        assert_eq!(names(&folder), ["a.csv", "b.csv"]);
        assert_eq!(names(&root.path().join("out")), ["spring"]);
    }

    #[test]
    fn a_failure_midway_says_what_was_replaced() {
        let root = tempfile::tempdir().unwrap();
        // A folder with something in it cannot be replaced by a file.
        fs::create_dir_all(root.path().join("c.csv/x")).unwrap();
        let mut outputs = Outputs::new(root.path()).unwrap();
        for name in ["a.csv", "b.csv", "c.csv", "d.csv"] {
            outputs.add(name, b"new").unwrap();
        }
        let fault = outputs.commit().unwrap_err().faults.remove(0);
        assert!(fault.message.starts_with("cannot write `c.csv`"), "{fault}");
        let help = fault.help.unwrap();
        assert!(help.ends_with("; these files are new already: `a.csv`, `b.csv`"), "{help}");
        assert!(!help.contains("untouched"), "{help}");
        assert_eq!(names(root.path()), ["a.csv", "b.csv", "c.csv"]);
    }

    #[test]
    fn what_is_given_up_leaves_no_trace() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("a.csv"), "old").unwrap();
        let mut outputs = Outputs::new(root.path()).unwrap();
        outputs.add("a.csv", b"new").unwrap();
        drop(outputs);
        assert_eq!(names(root.path()), ["a.csv"]);
        assert_eq!(fs::read(root.path().join("a.csv")).unwrap(), b"old");
        let mut outputs = Outputs::new(root.path()).unwrap();
        outputs.add("a.csv", b"new").unwrap();
        outputs.commit().unwrap();
        assert_eq!(fs::read(root.path().join("a.csv")).unwrap(), b"new");
    }

    #[test]
    fn a_writer_that_fails_changes_nothing() {
        let root = tempfile::tempdir().unwrap();
        let mut outputs = Outputs::new(root.path()).unwrap();
        let full = |_: &mut dyn Write| Err(io::ErrorKind::StorageFull.into());
        let failure = outputs.add_with("a.csv", full).unwrap_err();
        assert_eq!(failure.faults[0].code, "disk-full");
        assert!(failure.faults[0].message.contains("cannot write `a.csv`"), "{failure:?}");
        drop(outputs);
        assert_eq!(names(root.path()), [""; 0]);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_is_named() {
        let mut full = File::options().write(true).open("/dev/full").unwrap();
        let error = full.write_all(b"x").unwrap_err();
        let failure = cannot_write(Path::new("out/a.csv"), &error);
        assert_eq!(failure.faults[0].message, "cannot write `a.csv` in `out`: no space is left");
    }

    #[test]
    fn a_file_in_the_way_is_named() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("out"), "a file").unwrap();
        let failure = Outputs::new(&root.path().join("out/spring")).unwrap_err();
        assert!(failure.faults[0].message.contains("a file stands where"), "{failure:?}");
    }
}
