//! Transcripts of the command line: small inputs, one command, and all that it
//! prints, word for word, with its exit code.
//!
//! After a message has changed on purpose, `SNAPSHOTS=overwrite cargo test -p
//! allonet-cli --test transcripts` writes the new text into these files; read
//! the difference before you keep it.

#![expect(clippy::needless_raw_string_hashes, reason = "snapshots are written this way")]

mod asking;
mod cards;
mod check;
mod compare_and_mix;
mod explain;
mod figures;
mod market;
mod network;
mod new;
mod places;
mod programs;
mod reading;
mod resume;
mod room;
mod run;
mod topic;
mod usage;
mod verify;
mod weights_board;
mod weights_graph;
mod weights_hostile;
mod weights_jury;
mod weights_score;
