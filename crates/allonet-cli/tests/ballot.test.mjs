// Tests of the ballot's pure parts. Run with: node --test crates/allonet-cli/tests/ballot.test.mjs

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const source = readFileSync(new URL("../src/ballot/ask.js", import.meta.url), "utf8");
const names = [
  "BUCKETS",
  "evidenceOf",
  "fit",
  "weightsOf",
  "islandsOf",
  "nextPair",
  "contradictionsOf",
  "allContradictions",
  "movedShare",
  "answersCsv",
  "restored",
];
const ask = new Function(`"use strict";\n${source}\nreturn { ${names.join(", ")} };`)();

function said(left, right, choice, times = null) {
  return { left, right, choice, times, time: "2026-01-31T18:30:00Z" };
}

const over = (winner, loser) => said(loser, winner, "right");

/** Asks until nothing is left; item 0 is worth most. */
function interview(count, most, seed = 1) {
  const answers = [];
  for (let asked = 0; asked < most; asked++) {
    const pair = ask.nextPair({ count, seed, known: [], answers, skipped: [] });
    if (!pair) break;
    answers.push(said(...pair, pair[0] < pair[1] ? "left" : "right"));
  }
  return answers;
}

test("two items by hand", () => {
  // 3 wins of 4: 3 − 4/(1 + e^{−2x}) = 0.3 x.
  const { logs } = ask.fit(2, [{ a: 0, b: 1, wins: 3, count: 4 }]);
  const x = logs[0];
  assert.ok(Math.abs(3 - 4 / (1 + Math.exp(-2 * x)) - 0.3 * x) < 1e-4, String(x));
  assert.ok(Math.abs(logs[0] + logs[1]) < 1e-4);
  const [first, second] = ask.weightsOf([Math.log(3), 0]);
  assert.ok(Math.abs(first - 0.75) < 1e-12 && Math.abs(second - 0.25) < 1e-12);
});

test("ties are half, and the side does not matter", () => {
  const answers = [said(0, 1, "left"), said(1, 0, "right"), said(1, 0, "tie")];
  assert.deepEqual(ask.evidenceOf([[0, 1, 1, 3]], answers), [{ a: 0, b: 1, wins: 3.5, count: 6 }]);
});

test("items are joined first, every pair is asked once, then none", () => {
  for (const seed of [0, 1, 2, 3]) {
    const first = interview(9, 8, seed);
    assert.equal(new Set(ask.islandsOf(9, ask.evidenceOf([], first))).size, 1);
    const all = interview(9, 100, seed);
    assert.equal(all.length, 36);
    const pairs = new Set(all.map(({ left, right }) => [left, right].sort().join()));
    assert.equal(pairs.size, 36);
    const { logs } = ask.fit(9, ask.evidenceOf([], all));
    assert.ok(logs.every((log, at) => at === 0 || log < logs[at - 1]), logs.join());
  }
});

test("a skipped pair is not asked again, what others said counts", () => {
  const state = { count: 3, seed: 5, known: [], answers: [], skipped: [] };
  const first = ask.nextPair(state);
  const second = ask.nextPair({ ...state, skipped: [first] });
  assert.notDeepEqual(first.slice().sort(), second.slice().sort());
  const known = [
    [0, 1, 40, 80],
    [1, 2, 1, 1],
  ];
  assert.notDeepEqual(ask.nextPair({ ...state, known }).sort(), [0, 1], "well known already");
});

test("chosen questions find the top sooner than random ones", () => {
  const count = 16;
  const truth = Array.from({ length: count }, (_, at) => -0.45 * at);
  const target = ask.weightsOf(truth);
  let state = 12345;
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 4294967296;
  };
  const errors = { chosen: 0, random: 0 };
  for (let trial = 0; trial < 20; trial++) {
    for (const how of ["chosen", "random"]) {
      const answers = [];
      for (let asked = 0; asked < 45; asked++) {
        const a = Math.floor(random() * count);
        const b = (a + 1 + Math.floor(random() * (count - 1))) % count;
        const chosen = () => ask.nextPair({ count, seed: trial, known: [], answers, skipped: [] });
        const [left, right] = how === "chosen" ? chosen() : [a, b];
        const wins = random() < 1 / (1 + Math.exp(truth[right] - truth[left]));
        answers.push(said(left, right, wins ? "left" : "right"));
      }
      const { logs } = ask.fit(count, ask.evidenceOf([], answers));
      errors[how] += ask.movedShare(ask.weightsOf(logs), target) / 20;
    }
  }
  assert.ok(errors.chosen < 0.95 * errors.random, JSON.stringify(errors));
});

test("circles are as short as can be", () => {
  const answers = [over(0, 1), over(1, 2), over(2, 3), over(1, 3), over(3, 0)];
  assert.deepEqual(ask.allContradictions(answers), [{ kind: "circle", answers: [4, 0, 3] }]);
  assert.deepEqual(ask.contradictionsOf(answers, 0)[0].answers, [0, 3, 4]);
  assert.deepEqual(ask.allContradictions(answers.slice(0, 4)), []);
});

test("turning round is told once", () => {
  const answers = [over(0, 1), over(1, 0)];
  assert.deepEqual(ask.allContradictions(answers), [{ kind: "turned", answers: [1, 0] }]);
});

test("ratios that no rounding explains", () => {
  const two = [said(0, 1, "left", 2), said(1, 2, "left", 2)];
  const kinds = (last) => ask.allContradictions([...two, last]).map((found) => found.kind);
  assert.deepEqual(kinds(said(0, 2, "left", 5)), []);
  assert.deepEqual(kinds(said(2, 0, "right", 10)), []);
  assert.deepEqual(kinds(said(2, 0, "right", 30)), ["triangle"]);
  assert.deepEqual(kinds(said(0, 2, "tie")), ["triangle"]);
  assert.deepEqual(kinds(said(0, 2, "right", 30)), ["circle"]);
  const [found] = ask.allContradictions([...two, said(0, 2, "left", 30)]);
  assert.ok(Math.abs(found.implied - 10) < 1e-9);
});

test("buckets are those of the command line and join", () => {
  assert.deepEqual(
    ask.BUCKETS.map((bucket) => bucket.times),
    [1.2, 2, 5, 10, 30],
  );
  for (const [at, bucket] of ask.BUCKETS.entries()) {
    assert.ok(bucket.low <= bucket.times && bucket.times <= bucket.high);
    assert.equal(bucket.high, ask.BUCKETS[at + 1]?.low ?? Infinity);
  }
});

test("the table keeps names as they are", () => {
  const items = ['a "b", c', "tie", "<i>&"];
  const answers = [said(0, 1, "tie"), said(2, 0, "left", 1.2)];
  assert.equal(
    ask.answersCsv(items, answers, "ann"),
    "juror,item_a,item_b,winner,multiplier,time\n" +
      'ann,"a ""b"", c",tie,draw,,2026-01-31T18:30:00Z\n' +
      'ann,<i>&,"a ""b"", c",<i>&,1.2,2026-01-31T18:30:00Z\n',
  );
});

test("only a whole save is restored", () => {
  const saved = {
    answers: [said(0, 1, "left", 2)],
    skipped: [[1, 2]],
    history: ["answer", "skip"],
    juror: "ann",
  };
  assert.deepEqual(ask.restored(JSON.stringify(saved), 3), saved);
  const refused = [
    null,
    "{",
    "{}",
    JSON.stringify({ ...saved, answers: [said(0, 7, "left")] }),
    JSON.stringify({ ...saved, answers: [said(0, 1, "up")] }),
    JSON.stringify({ ...saved, history: [] }),
  ];
  for (const text of refused) assert.deepEqual(ask.restored(text, 3).answers, []);
});
