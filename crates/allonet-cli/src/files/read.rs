//! Reads one file, and says what is wrong with it in terms of the file.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use allonet_core::fault::{Fault, SourceFile, closest};

/// Largest file that is read: places in tables are kept in 31 bits.
const BYTES_MAX: u64 = (1 << 31) - 1;

/// Reads a text file; `shown` is its name in messages.
pub(crate) fn read_file(path: &Path, shown: &str) -> Result<Arc<SourceFile>, Fault> {
    let bytes = read_bytes(path, shown)?;
    match String::from_utf8(bytes) {
        Ok(text) => Ok(SourceFile::new(shown, text)),
        Err(error) => Err(not_utf8(error.as_bytes(), error.utf8_error().valid_up_to(), shown)),
    }
}

/// Reads a file as it is.
pub(crate) fn read_bytes(path: &Path, shown: &str) -> Result<Vec<u8>, Fault> {
    read_up_to(path, shown, BYTES_MAX)
}

fn read_up_to(path: &Path, shown: &str, most: u64) -> Result<Vec<u8>, Fault> {
    let refused = |error: io::Error| unreadable(path, shown, &error);
    let file = File::open(path).map_err(refused)?;
    let described = file.metadata().map_err(refused)?;
    if described.is_dir() {
        return Err(is_folder(path, shown));
    }
    let size = described.len();
    let mut bytes = Vec::new();
    if size <= most {
        bytes.try_reserve(usize::try_from(size).unwrap_or(0)).map_err(|_| {
            Fault::new(
                "too-large",
                format!("`{shown}` has {size} bytes, more than there is memory"),
            )
        })?;
        file.take(most + 1).read_to_end(&mut bytes).map_err(refused)?;
    }
    if size > most || bytes.len() as u64 > most {
        let message = format!("`{shown}` has {} bytes or more", size.max(bytes.len() as u64));
        return Err(Fault::new("too-large", message).help(format!(
            "a file may have {most} bytes; split it, or drop columns nobody reads"
        )));
    }
    Ok(bytes)
}

fn unreadable(path: &Path, shown: &str, error: &io::Error) -> Fault {
    if error.kind() != io::ErrorKind::NotFound {
        let reason = match error.kind() {
            io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
            _ => error.to_string(),
        };
        return Fault::new("unreadable", format!("cannot read `{shown}`: {reason}"));
    }
    let mut fault = Fault::new("no-file", format!("cannot read `{shown}`: not found"));
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    if !folder.is_dir() {
        return fault.help(format!("there is no folder `{}`", folder.display()));
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let names = file_names(folder);
    fault.help = closest(&name, names.iter().map(String::as_str)).map(|name| {
        let near = Path::new(shown).with_file_name(name);
        format!("did you mean `{}`?", near.display())
    });
    fault
}

fn is_folder(path: &Path, shown: &str) -> Fault {
    let fault = Fault::new("is-folder", format!("cannot read `{shown}`: it is a folder"));
    let networks: Vec<String> =
        file_names(path).into_iter().filter(|name| name.ends_with(".allonet.toml")).collect();
    match networks.as_slice() {
        [] => fault,
        [name, ..] => {
            fault.help(format!("did you mean `{}`?", Path::new(shown).join(name).display()))
        }
    }
}

/// Names of the files in a folder, sorted; none where it cannot be read.
fn file_names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<String> =
        entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

fn not_utf8(bytes: &[u8], valid: usize, shown: &str) -> Fault {
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Fault::new("not-utf8", format!("`{shown}` is written in UTF-16"))
            .help("save it as UTF-8 (in a spreadsheet: export as \"CSV UTF-8\")");
    }
    let line = bytes[..valid].split(|byte| *byte == b'\n').count();
    let message =
        format!("`{shown}` is not UTF-8: byte {valid}, on line {line}, is {:#04x}", bytes[valid]);
    Fault::new("not-utf8", message).help("save it as UTF-8; is it a text file at all?")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> tempfile::TempDir {
        tempfile::tempdir().unwrap()
    }

    fn told(path: &Path) -> String {
        let shown = path.file_name().unwrap().to_string_lossy();
        read_file(path, &shown).unwrap_err().to_string()
    }

    #[test]
    fn a_missing_file_is_guessed_from_its_neighbours() {
        let folder = folder();
        std::fs::write(folder.path().join("votes.csv"), "x").unwrap();
        let told = told(&folder.path().join("vote.csv"));
        assert_eq!(told, "cannot read `vote.csv`: not found (did you mean `votes.csv`?)");
        let far = folder.path().join("no/where.csv");
        let fault = read_file(&far, "no/where.csv").unwrap_err();
        assert!(fault.help.unwrap().starts_with("there is no folder"));
    }

    #[test]
    fn a_folder_is_no_file() {
        let folder = folder();
        std::fs::write(folder.path().join("a.allonet.toml"), "").unwrap();
        let fault = read_file(folder.path(), "spring").unwrap_err();
        assert_eq!(
            fault.to_string(),
            "cannot read `spring`: it is a folder (did you mean `spring/a.allonet.toml`?)"
        );
    }

    #[test]
    fn other_encodings_are_named() {
        let folder = folder();
        let path = folder.path().join("a.csv");
        std::fs::write(&path, [0xff, 0xfe, b'a', 0]).unwrap();
        assert!(told(&path).contains("is written in UTF-16 (save it as UTF-8"));
        std::fs::write(&path, b"a\nb\xe4c").unwrap();
        assert!(told(&path).contains("byte 3, on line 2, is 0xe4"), "{}", told(&path));
    }

    #[test]
    fn too_much_is_refused_before_it_is_read() {
        let folder = folder();
        let path = folder.path().join("a.csv");
        std::fs::write(&path, "12345").unwrap();
        assert!(read_up_to(&path, "a.csv", 5).is_ok());
        let fault = read_up_to(&path, "a.csv", 4).unwrap_err();
        assert_eq!(fault.message, "`a.csv` has 5 bytes or more");
        #[cfg(unix)]
        assert_eq!(read_up_to(Path::new("/dev/zero"), "zero", 9).unwrap_err().code, "too-large");
    }
}
