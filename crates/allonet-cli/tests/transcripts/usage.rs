//! Command lines that mean nothing.

use snapbox::str;

use crate::room::Room;

#[test]
fn a_verb_that_is_none() {
    Room::new().tells(
        "allonet rnu pay.allonet.toml",
        str![[r#"
── standard error
error: unrecognized subcommand 'rnu'

Usage: allonet [OPTIONS] <COMMAND>

For more information, try '--help'.
── exit 2
"#]],
    );
}

#[test]
fn an_option_that_is_none() {
    Room::new().tells(
        "allonet run pay.allonet.toml --output x",
        str![[r#"
── standard error
error: unexpected argument '--output' found

  tip: a similar argument exists: '--out'

Usage: allonet run --out <DIR> <NETWORK>

For more information, try '--help'.
── exit 2
"#]],
    );
}

#[test]
fn nothing_to_check() {
    Room::new().tells(
        "allonet check",
        str![[r#"
── standard error
error: the following required arguments were not provided:
  <NETWORK|--plugin <CMD>...>

Usage: allonet check <NETWORK|--plugin <CMD>...>

For more information, try '--help'.
── exit 2
"#]],
    );
}

#[test]
fn no_threads_at_all() {
    Room::usual().tells(
        "allonet check pay.allonet.toml --threads 0",
        str![[r#"
── standard error
error: invalid value '0' for '--threads <N>': 0 is not in 1..=65535

For more information, try '--help'.
── exit 2
"#]],
    );
}

#[test]
fn a_moment_that_is_none() {
    Room::usual().tells("allonet run pay.allonet.toml --until tomorrow", str![[r#"
── standard error
error: invalid value 'tomorrow' for '--until <TIME>': `tomorrow` is not a moment; write for example 2026-01-31T18:30:00Z, 2026-01-31T18:30:00+02:00 or 2026-01-31

For more information, try '--help'.
── exit 2
"#]]);
}

#[test]
fn colours_only_when_asked_for() {
    let room = Room::usual();
    assert!(!room.done("allonet check pay.allonet.toml").out.contains('\u{1b}'));
    assert!(room.done("allonet check pay.allonet.toml --color always").out.contains('\u{1b}'));
}
