//! `allonet topic run`, `replay` and `series`.

use snapbox::str;

use crate::room::Room;

const TOPIC: &str = r#"[topic]
name     = "pond"
title    = "Water in the pond"
target   = "level"
emission = "100 ALLO"

[[inferer]]
id    = "stays"
model = "naive"

[[inferer]]
id         = "smooth"
model      = "ema"
parameters = { alpha = 0.5 }

[[inferer]]
id     = "desk"
column = "desk_a"

[[forecaster]]
id    = "usual"
model = "mean"
"#;

/// Twelve levels, and a desk that is half a unit off.
fn series() -> String {
    let levels = [10.0, 11.2, 12.1, 13.3, 12.6, 11.4, 10.1, 9.3, 10.2, 11.6, 12.4, 13.1];
    let rows = levels.iter().map(|level| format!("{level},{}\n", level + 0.5));
    format!("level,desk_a\n{}", rows.collect::<String>())
}

fn room() -> Room {
    Room::new().file("topic.toml", TOPIC).file("series.csv", series())
}

const RUN: &str = "allonet topic run topic.toml --data series.csv";

#[test]
fn a_run_tells_who_was_how_good_and_why_they_earned() {
    room().tells(RUN, str![[r#"
── standard error
note: results are in out/pond; see report.html
── standard output
Water in the pond
 participant  role        log10 loss  rank  weight     adds    score   beaten       reward
 stays        inferer         -0.018     4   0.025  -0.1044   -0.104  100.0 %   33.92 ALLO
 smooth       inferer         -0.068     3   0.029  -0.1000   -0.100   81.8 %   35.42 ALLO
 desk         inferer         -0.602     2   0.490   0.8052    0.738   58.3 %  632.37 ALLO
 usual        forecaster      -0.630     1   0.456   0.0183    0.000   63.6 %   87.21 ALLO
 reputer      reputer                                        100.000           411.08 ALLO
 network                      -0.670
 naive                        -0.653

The network and the best inferer in hindsight, desk, cannot be told apart: -0.068 [-0.109, +0.002] in log10 loss. The network and the best forecaster in hindsight, usual, cannot be told apart: -0.045 [-0.065, +0.001] in log10 loss.
In 50.0 % [25.4 %, 74.6 %] of epochs it was nearer to the truth than every participant.
Whether forecasts helped cannot be told: network less naive -0.017 [-0.073, +0.054] in log10 loss.
── exit 0
"#]]);
}

#[test]
fn a_run_writes_all_files_and_its_replay_holds() {
    let room = room();
    room.done(RUN);
    let names = [
        "events.jsonl",
        "feed.csv",
        "inferences.csv",
        "inferences.svg",
        "losses.csv",
        "losses.svg",
        "receipt.json",
        "report.html",
        "rewards.csv",
        "rewards.svg",
        "weights.csv",
        "weights.svg",
    ];
    assert_eq!(room.names("out/pond"), names);
    assert!(room.read("out/pond/feed.csv").contains("\n5,truth,,,11.4\n"));
    room.done(&format!("{RUN} --out again --threads 1"));
    room.same("out/pond", "again");
    let line = "allonet topic replay out/pond/events.jsonl --topic topic.toml --receipt \
                out/pond/receipt.json";
    room.tells(
        line,
        str![[r#"
── standard output
 participant                       reward
 desk         632.366883839922387574 ALLO
 reputer      411.081231142850913503 ALLO
 smooth        35.424677583804016745 ALLO
 stays         33.917123293751861442 ALLO
 usual         87.210084139670820736 ALLO

63 events, 0 refused, 12 epochs scored
PASS all is as the receipt says
── exit 0
"#]],
    );
    let told = room.done(&format!("{line} --format json"));
    let value: serde_json::Value = serde_json::from_str(&told.out).unwrap();
    assert_eq!(value["holds"], true);
}

#[test]
fn what_was_changed_after_a_run_is_found() {
    let room = room();
    room.done(RUN);
    let line = "allonet topic replay out/pond/events.jsonl --topic topic.toml --receipt \
                out/pond/receipt.json";
    let event = r#""actor":"desk","action":"infer","epoch":7,"value":9.8"#;
    room.edit("out/pond/events.jsonl", event, &event.replace("9.8", "8.8"));
    room.tells(
        line,
        str![[r#"
── standard error
receipt-differs

  × epoch 7: the receipt has 9.810503447040025 (log10 loss -0.584002642216209), the replay
  │ 8.825555179260514 (log10 loss -0.6476285799268867)
  help: the events, the topic file or the receipt were changed after the run
── standard output
 participant                       reward
 desk          632.36903593930671313 ALLO
 reputer      411.244480013095029511 ALLO
 smooth        35.659154604909058211 ALLO
 stays         33.488312287355863079 ALLO
 usual         87.239017155333336069 ALLO

63 events, 0 refused, 12 epochs scored
── exit 1
"#]],
    );
    room.edit("out/pond/events.jsonl", &event.replace("9.8", "8.8"), event);
    room.done(line);
    room.edit("topic.toml", "100 ALLO", "101 ALLO");
    let told = room.run(line);
    assert_eq!(told.code, 1);
    assert!(told.err.contains("the emission: the receipt has 100.00 ALLO"), "{}", told.err);
}

#[test]
fn later_values_change_nothing_before_them() {
    let room = room();
    room.done(RUN);
    room.edit("series.csv", "9.3,9.8", "90,9.8");
    room.done(&format!("{RUN} --out other"));
    let (one, other) = (room.read("out/pond/inferences.csv"), room.read("other/inferences.csv"));
    // Epoch 7 is the one changed: what is inferred for it stays, its truth does not.
    let before = |text: &str| text.split("\n7,").next().map(str::to_owned);
    assert_eq!(before(&one), before(&other));
    let row = |text: &str| text.split("\n7,").nth(1).unwrap().lines().next().unwrap().to_owned();
    assert_eq!(row(&one).split_once(',').unwrap().1, row(&other).split_once(',').unwrap().1);
    assert_ne!(one, other);
}

#[test]
fn wrong_models_are_told() {
    let room = room();
    room.edit("topic.toml", "\"ema\"", "\"emma\"");
    room.tells(
        RUN,
        str![[r#"
── standard error
bad-model

  × there is no inferer `emma`: did you mean `ema`?
    ╭─[topic.toml:13:14]
 12 │ id         = "smooth"
 13 │ model      = "emma"
    ·              ───┬──
    ·                 ╰── here
 14 │ parameters = { alpha = 0.5 }
    ╰────

1 error
── exit 3
"#]],
    );
}

#[test]
fn wrong_cells_are_told_with_their_line() {
    let room = room();
    room.edit("series.csv", "13.3,13.8", "13.3,13.8x");
    room.tells(
        RUN,
        str![[r#"
── standard error
bad-number

  × `13.8x` in column `desk_a` is no number
   ╭─[series.csv:5:6]
 4 │ 12.1,12.6
 5 │ 13.3,13.8x
   ·      ──┬──
   ·        ╰── here
 6 │ 12.6,13.1
   ╰────
  help: write a number such as 101.5, of at most 1e40

1 error
── exit 3
"#]],
    );
}

#[test]
fn missing_columns_are_told() {
    let room = room();
    room.edit("topic.toml", "desk_a", "desk_b");
    room.tells(
        RUN,
        str![[r#"
── standard error
missing-column

  × series.csv has no column `desk_b`
    ╭─[topic.toml:18:10]
 17 │ id     = "desk"
 18 │ column = "desk_b"
    ·          ────┬───
    ·              ╰── here
    ╰────
  help: did you mean `desk_a`?

1 error
── exit 3
"#]],
    );
}

#[test]
fn other_wrong_inputs_are_told() {
    let told = |from: &str, to: &str, part: &str| {
        let room = room();
        room.edit("topic.toml", from, to);
        let told = room.run(RUN);
        assert_eq!(told.code, 3, "{}", told.err);
        assert!(told.err.contains(part), "{part}\n{}", told.err);
        assert!(!room.path("out").exists(), "a failed run writes nothing");
    };
    told("\"smooth\"", "\"stays\"", "there are two participants `stays`");
    told("\"100 ALLO\"", "\"100\"", "`100` is no emission");
    told("alpha", "alpah", "did you mean `alpha`?");
    told("\"level\"", "\"level\"\nlos = \"squared\"", "unknown field `los`");
    told("\"level\"", "\"level\"\nloss = \"sqared\"", "there is no loss `sqared`");
    told("\"level\"", "\"level\"\nlag = 11", "with a lag of 11 a topic takes at least 13");
    told("\"level\"", "\"level\"\ntime = \"level\"", "is not a moment");
    told("model = \"mean\"", "model = \"mean\"\nprogram = [\"x\"]", "it is not clear what");
    told("\"pond\"", "\"..\"", "`..` is no id");
    told("\"100 ALLO\"", "\"100 ALLO\"\nepoch_secs = 20_000_000_000", "end after the year 9999");
    told("\"100 ALLO\"", "\"100 ALLO\"\nstart = \"1969-12-31\"", "`topic.start` is 1969-12-31");
    let reputer = "model = \"mean\"\n\n[[reputer]]\nid = \"far\"\nbias = 1e300";
    told("model = \"mean\"", reputer, "an error of 1e300");
}

#[test]
fn settings_out_of_bounds_are_told_where_they_stand() {
    let room = room();
    room.edit("topic.toml", "[[forecaster]]", "[settings]\nregret_alpha = 2.0\n\n[[forecaster]]");
    room.tells(
        RUN,
        str![[r#"
── standard error
bad-rules

  × `settings.regret_alpha` is 2.0
    ╭─[topic.toml:21:16]
 20 │ [settings]
 21 │ regret_alpha = 2.0
    ·                ─┬─
    ·                 ╰── here
    ╰────
  help: allowed is: above 0 and at most 1

1 error
── exit 3
"#]],
    );
}

#[test]
fn a_replay_holds_where_nobody_inferred_at_the_end() {
    let topic = "[topic]\nname = \"pond\"\ntarget = \"level\"\nemission = \"1 ALLO\"\n\n\
                 [[inferer]]\nid = \"desk\"\ncolumn = \"desk_a\"\n";
    let series = "level,desk_a\n1,1\n2,3\n3,3\n4,\n5,\n6,\n";
    let room = Room::new().file("topic.toml", topic).file("series.csv", series);
    room.done(RUN);
    let line = "allonet topic replay out/pond/events.jsonl --topic topic.toml \
                --receipt out/pond/receipt.json";
    room.done(line);
}

#[test]
fn times_are_in_order() {
    let times = "time,level,desk_a\n2026-01-01,1,1\n2026-01-03,2,2\n2026-01-02,3,3\n";
    let room = Room::new().file("topic.toml", TOPIC).file("series.csv", times);
    room.edit("topic.toml", "\"level\"", "\"level\"\ntime = \"time\"");
    let told = room.run(RUN);
    assert_eq!(told.code, 3);
    assert!(told.err.contains("2026-01-02T00:00:00Z does not come after"), "{}", told.err);
    assert!(told.err.contains("series.csv:4:1"), "{}", told.err);
}

#[test]
fn a_series_is_written_again_the_same() {
    let room = Room::new();
    room.tells(
        "allonet topic series --epochs 3 --seed 5",
        str![[r#"
── standard output
time,value,regime
2026-01-01T00:00:00Z,101.6591,trend
2026-01-01T01:00:00Z,103.3336,trend
2026-01-01T02:00:00Z,103.9509,trend
── exit 0
"#]],
    );
    room.done("allonet topic series --epochs 40 --seed 5 --out s.csv");
    let text = room.read("s.csv");
    assert_eq!(text.lines().count(), 41);
    assert!(text.starts_with(&room.run("allonet topic series --epochs 3 --seed 5").out));
    assert_eq!(room.run("allonet topic series --epochs 0").code, 2);
}

/// Infers one more than the newest truth, and counts how often it was asked.
#[cfg(unix)]
const PROGRAM: &str = r#"import json, sys
question = json.load(sys.stdin)
state = question["state"] or {"asked": 0, "last": None}
state["asked"] += 1
for news in question["news"]:
    state["last"] = news["truth"]
if state["last"] is None:
    json.dump({"state": state}, sys.stdout)
elif question["role"] == "inferer":
    json.dump({"value": state["last"] + 1, "state": state}, sys.stdout)
else:
    json.dump({"losses": {"stays": -1.5}, "state": state}, sys.stdout)
"#;

#[cfg(unix)]
#[test]
fn programs_take_part() {
    let room = room().with_python().file("up.py", PROGRAM);
    room.edit("topic.toml", "column = \"desk_a\"", "program = [\"python3\", \"up.py\"]");
    room.edit("topic.toml", "model = \"mean\"", "program = [\"python3\", \"up.py\"]");
    room.done(RUN);
    let inferences = room.read("out/pond/inferences.csv");
    let header: Vec<&str> = inferences.lines().next().unwrap().split(',').collect();
    let desk = header.iter().position(|name| *name == "desk").unwrap();
    // In epoch 1 it knows the first level, 10.
    assert_eq!(inferences.lines().nth(1).unwrap().split(',').nth(desk), Some("11"));
    assert!(room.read("out/pond/feed.csv").contains(",forecasted-loss,usual,stays,-1.5\n"));
    assert_eq!(room.read("out/pond/programs.jsonl").lines().count(), 24);
    room.done(
        "allonet topic replay out/pond/events.jsonl --topic topic.toml --receipt \
               out/pond/receipt.json",
    );
    let told = room.run(&format!("{RUN} --no-programs"));
    assert!(told.err.contains("`desk` is a program"), "{}", told.err);
    room.edit("up.py", "\"value\"", "\"valeu\"");
    let told = room.run(RUN);
    assert_eq!(told.code, 4, "{}", told.err);
    assert!(told.err.contains("the answer of `desk` in epoch 1: unknown field"), "{}", told.err);
}
