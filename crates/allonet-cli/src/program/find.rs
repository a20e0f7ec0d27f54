//! Finds the program that a command means.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use allonet_core::fault::Fault;

/// The file behind a command: a path from the folder of the network file, or a
/// bare name on the search path.
pub(super) fn executable(command: &[String], folder: &Path) -> Result<PathBuf, Fault> {
    let search = std::env::var_os("PATH").unwrap_or_default();
    find(command, folder, &search)
}

fn find(command: &[String], folder: &Path, search: &OsStr) -> Result<PathBuf, Fault> {
    let Some(name) = command.first().filter(|name| !name.is_empty()) else {
        return Err(Fault::new("no-program", "the command names no program"));
    };
    let missing = |message: String| Fault::new("no-program", message).label("this program");
    if Path::new(name).components().count() > 1 || name.starts_with('.') {
        let path = std::path::absolute(folder.join(name)).unwrap_or_else(|_| folder.join(name));
        if !path.is_file() {
            return Err(missing(format!("there is no program `{name}`"))
                .help("paths of programs start from the folder of the network file"));
        }
        if !may_run(&path) {
            return Err(missing(format!("`{name}` may not be run"))
                .help(format!("mark it as a program: chmod +x {name}; or name its interpreter")));
        }
        return Ok(path);
    }
    let folders = std::env::split_paths(search);
    if let Some(path) = folders.flat_map(|folder| named(&folder, name)).find(|path| may_run(path)) {
        return Ok(path);
    }
    let help = if folder.join(name).is_file() {
        format!("write \"./{name}\" for the file beside the network file, or name its interpreter")
    } else {
        "install it, or write its path from the folder of the network file".to_owned()
    };
    Err(missing(format!("there is no program `{name}` on the search path")).help(help))
}

/// What a bare name may mean in a folder.
fn named(folder: &Path, name: &str) -> Vec<PathBuf> {
    if cfg!(windows) {
        return vec![folder.join(name), folder.join(format!("{name}.exe"))];
    }
    vec![folder.join(name)]
}

#[cfg(unix)]
fn may_run(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    let found = path.metadata();
    found.is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn may_run(path: &Path) -> bool {
    path.is_file()
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn names_are_searched_and_paths_start_from_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        let bin = folder.path().join("bin");
        std::fs::create_dir(&bin).unwrap();
        std::fs::write(bin.join("rule"), "").unwrap();
        let found = |command: &str| find(&[command.to_owned()], folder.path(), bin.as_os_str());
        let told = |command: &str| found(command).unwrap_err().to_string();
        assert!(told("rule").contains("on the search path (install it"), "{}", told("rule"));
        assert!(told("bin/rule").contains("chmod +x bin/rule"));
        let mode = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(bin.join("rule"), mode).unwrap();
        assert_eq!(found("rule").unwrap(), bin.join("rule"));
        assert!(found("bin/rule").unwrap().ends_with("bin/rule"));
        assert!(told("./rule").contains("there is no program `./rule`"));
        std::fs::write(folder.path().join("own.py"), "").unwrap();
        assert!(told("own.py").contains("write \"./own.py\""));
        assert!(find(&[], folder.path(), OsStr::new("")).is_err());
    }
}
