//! Dependency graphs before money flows through them.

use snapbox::str;

use crate::room::Room;

const OLD: &str = "repo,parent,weight\nold/a,x/app,0.5\nb/b,x/app,0.5\nb/b,b/b,1\n";
const NEW: &str = "repo,parent,weight\nnew/a,x/app,0.75\nb/b,x/app,0.25\n";
const RENAMES: &str = "alias,repo\nold/a,new/a\n";
const ENTITIES: &str = "entity,level,parent,weight\nacme,organisation,,6\n\
    acme/db,repository,acme,3\nacme/ui,repository,acme,1\nsolo/x,repository,,2\n";

fn room() -> Room {
    Room::new()
        .file("old.csv", OLD)
        .file("new.csv", NEW)
        .file("renames.csv", RENAMES)
        .file("entities.csv", ENTITIES)
        .file("overlays.csv", "overlay,file,curator,fee_ppm\nguild,guild.csv,ann,20000\n")
        .file("guild.csv", "repo,parent,weight\nnew/a,x/app,0.5\n")
        .file(
            "divided.csv",
            "repo,parent,weight\nSELF,app,0.5\nlib,app,0.3\nOTHER_UNKNOWN,app,0.2\n",
        )
}

#[test]
fn a_graph_is_counted() {
    room().tells(
        "allonet weights graph show old.csv",
        str![[r#"
── standard output
 what                  count  which
 nodes                     3
 roots                     1
 edges                     3  unknown 3
 given weights             3
 packages as evidence      0
 under OSI licences        0
 under other licences      0
 stating no licence        0
 on themselves             1  b/b
 on each other             0
 not described             0
 no root leads to          0
 deepest, in steps         1  b/b
 widest                    2  x/app 2, b/b 1
 most depended on          2  b/b 2, old/a 1
content [HASH]
── exit 0
"#]],
    );
}

#[test]
fn two_snapshots_differ_in_edges_and_money() {
    room().tells(
        "allonet weights graph diff old.csv new.csv --aliases renames.csv --budget 1_000",
        str![[r#"
── standard output
 change           count  which
 renamed              1  old/a is new/a
 edges removed        1  b/b → b/b
 weights changed      2  x/app → b/b 0.500000 → 0.250000, x/app → new/a 0.500000 → 0.750000

 node   before  after  change
 b/b       500    250    -250
 new/a     500    750    +250
250 of 1000 go to somebody else than before
── exit 0
"#]],
    );
}

#[test]
fn applicants_that_hold_each_other_are_found() {
    room().tells(
        "allonet weights graph entities entities.csv --budget 800",
        str![[r#"
── standard error
note: `acme` weighs 6, what is below it 4 together
── standard output
 entity   level           weight  made to agree  paid
 acme     organisation  6.000000       6.000000   200
 acme/db  repository    3.000000       3.000000   300
 acme/ui  repository    1.000000       1.000000   100
 solo/x   repository    2.000000       2.000000   200
conflict: `acme` holds `acme/db`, and both apply
conflict: `acme` holds `acme/ui`, and both apply
── exit 0
"#]],
    );
}

#[test]
fn overlays_pay_their_curators() {
    room().tells(
        "allonet weights graph overlays new.csv overlays.csv",
        str![[r#"
── standard output
 overlay     share  moves alone  curator
 guild    100.00 %       250000  ann

 who              paid
 b/b            490000
 new/a          490000
 ann (curator)   20000
── exit 0
"#]],
    );
}

#[test]
fn an_unknown_share_waits() {
    room().tells(
        "allonet weights graph export divided.csv --unknown escrow",
        str![[r#"
── standard output
parent,repo,weight
app,app:OTHER_UNKNOWN,0.400000000000000022
app,lib,0.599999999999999978
── exit 0
"#]],
    );
}

#[test]
fn three_tables_are_written() {
    room().tells(
        "allonet weights graph export new.csv --out deps.csv",
        str![[r#"
── standard output
2 weights over 3 nodes in ./deps.csv, ./deps-sources.csv, ./deps-originality.csv
── exit 0
"#]],
    );
}

#[test]
fn a_misspelt_licence_is_refused() {
    room().tells(
        "allonet weights graph show old.csv --licences mitt",
        str![[r#"
── standard error
bad-option

  × --licences: `mitt` is no SPDX licence; write `any`, `osi`, `permissive`, or identifiers such
  │ as `MIT,Apache-2.0`
── exit 2
"#]],
    );
}
