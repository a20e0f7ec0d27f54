//! Places where nothing can be written.

use snapbox::str;

use crate::room::Room;

#[cfg(unix)]
#[expect(clippy::print_stdout, reason = "a test that does nothing says so")]
fn skipped(reason: &str) {
    println!("skipped: {reason}");
}

#[test]
fn a_file_stands_where_the_folder_should_be() {
    let room = Room::usual().file("taken", "mine");
    room.tells(
        "allonet run pay.allonet.toml --out taken",
        str![[r#"
── standard error
not-writable

  × cannot write `taken` in `.`: a file stands where a folder is needed
  help: choose another folder with --out, or remove that file; older files are untouched
── exit 2
"#]],
    );
    room.tells(
        "allonet run pay.allonet.toml --out taken/deep",
        str![[r#"
── standard error
not-writable

  × cannot write `deep` in `taken`: a file stands where a folder is needed
  help: choose another folder with --out, or remove that file; older files are untouched
── exit 2
"#]],
    );
    assert_eq!(room.read("taken"), "mine");
}

#[cfg(unix)]
#[test]
fn a_folder_may_be_read_only() {
    use std::os::unix::fs::PermissionsExt;

    let room = Room::usual().file("locked/keep", "");
    let mode = |bits| std::fs::Permissions::from_mode(bits);
    std::fs::set_permissions(room.path("locked"), mode(0o555)).unwrap();
    if std::fs::write(room.path("locked/probe"), "").is_ok() {
        return skipped("this user may write anywhere");
    }
    room.tells(
        "allonet run pay.allonet.toml --out locked/out",
        str![[r#"
── standard error
not-writable

  × cannot write `out` in `locked`: permission denied
  help: choose another folder with --out; older files are untouched
── exit 2
"#]],
    );
    std::fs::set_permissions(room.path("locked"), mode(0o755)).unwrap();
}

/// A disk of its own, seen by this one command alone and gone after it.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_leaves_older_files_as_they_were() {
    use std::process::Command;

    const SCRIPT: &str = r#"mount -t tmpfs -o size=64k,nr_inodes=32 small full || exit 77
echo older > full/payouts.csv
"$0" run pay.allonet.toml --out full
code=$?
echo "left: $(ls -A full) with $(cat full/payouts.csv)"
exit $code"#;
    let room = Room::usual();
    std::fs::create_dir(room.path("full")).unwrap();
    let mut command = Command::new("sh");
    command.args(["-c", "exec unshare --user --map-root-user --mount sh -c \"$1\" \"$0\""]);
    command.args([env!("CARGO_BIN_EXE_allonet"), SCRIPT]).current_dir(room.path(""));
    let told = room.finish(command);
    if told.code == 77 || told.err.contains("unshare") {
        return skipped("no disk may be mounted here");
    }
    told.is(str![[r#"
── standard error
disk-full

  × cannot write `report.html` in `full`: no space is left
  help: free some space, or choose another folder with --out; older files are untouched
── standard output
left: payouts.csv with older
── exit 2
"#]]);
}

#[cfg(target_os = "linux")]
#[test]
fn standard_output_may_be_full_too() {
    use std::process::Command;

    let room = Room::usual();
    let mut command = Command::new("sh");
    command.args(["-c", "\"$0\" check pay.allonet.toml > /dev/full"]);
    command.arg(env!("CARGO_BIN_EXE_allonet")).current_dir(room.path(""));
    room.finish(command).is(str![[r#"
── standard error
no-output

  × cannot write to standard output: No space left on device (os error 28)
── exit 2
"#]]);
}
