// Choosing questions and finding contradictions. No page here: node tests these functions.
//
// Answers are { left, right, choice, times, time } with places of items, choice "left", "right"
// or "tie", times null or what a bucket is counted as.

/** Precision of the prior on log weights, as on the command line. */
const PRIOR = 0.3;

/** How much more: what is shown, what it is counted as, and the ratios it stands for. */
const BUCKETS = [
  { words: "about the same", times: 1.2, low: 1, high: Math.sqrt(2) },
  { words: "2 times", times: 2, low: Math.sqrt(2), high: Math.sqrt(10) },
  { words: "5 times", times: 5, low: Math.sqrt(10), high: Math.sqrt(50) },
  { words: "10 times", times: 10, low: Math.sqrt(50), high: Math.sqrt(300) },
  { words: "30 times or more", times: 30, low: Math.sqrt(300), high: Infinity },
];

/** Numbers in [0, 1) that a seed determines (mulberry32). */
function randomFrom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let word = Math.imul(state ^ (state >>> 15), state | 1);
    word ^= word + Math.imul(word ^ (word >>> 7), word | 61);
    return ((word ^ (word >>> 14)) >>> 0) / 4294967296;
  };
}

/** The items in an order that the seed determines. */
function shuffled(count, seed) {
  const random = randomFrom(seed);
  const way = Array.from({ length: count }, (_, at) => at);
  for (let end = count - 1; end > 0; end--) {
    const at = Math.floor(random() * (end + 1));
    [way[end], way[at]] = [way[at], way[end]];
  }
  return way;
}

function pairKey(a, b) {
  return a < b ? `${a}-${b}` : `${b}-${a}`;
}

/** Wins and answers by pair, of others and of the juror. */
function evidenceOf(known, answers) {
  const pairs = new Map();
  const add = (a, b, wins, count) => {
    const key = pairKey(a, b);
    const pair = pairs.get(key) ?? { a: Math.min(a, b), b: Math.max(a, b), wins: 0, count: 0 };
    pair.wins += a < b ? wins : count - wins;
    pair.count += count;
    pairs.set(key, pair);
  };
  for (const [a, b, wins, count] of known) add(a, b, wins, count);
  const won = { left: 1, right: 0, tie: 0.5 };
  for (const answer of answers) add(answer.left, answer.right, won[answer.choice], 1);
  return [...pairs.values()];
}

/**
 * The most probable log weights under Bradley–Terry with a normal prior, one item after the other
 * until none moves, and the curvature of each: about one by its variance.
 */
function fit(count, pairs) {
  const beside = Array.from({ length: count }, () => []);
  for (const { a, b, wins, count: times } of pairs) {
    beside[a].push({ other: b, wins, times });
    beside[b].push({ other: a, wins: times - wins, times });
  }
  const logs = new Array(count).fill(0);
  const curvature = new Array(count).fill(PRIOR);
  for (let sweep = 0; sweep < 500; sweep++) {
    let furthest = 0;
    for (let item = 0; item < count; item++) {
      let slope = -PRIOR * logs[item];
      let bend = PRIOR;
      for (const { other, wins, times } of beside[item]) {
        const chance = 1 / (1 + Math.exp(logs[other] - logs[item]));
        slope += wins - times * chance;
        bend += times * chance * (1 - chance);
      }
      const step = Math.max(-1, Math.min(1, slope / bend));
      logs[item] += step;
      curvature[item] = bend;
      furthest = Math.max(furthest, Math.abs(step));
    }
    if (furthest < 1e-6) break;
  }
  return { logs, curvature };
}

function weightsOf(logs) {
  const top = Math.max(...logs);
  const parts = logs.map((log) => Math.exp(log - top));
  const sum = parts.reduce((all, part) => all + part, 0);
  return parts.map((part) => part / sum);
}

/** For each item the smallest item that answers join it to. */
function islandsOf(count, pairs) {
  const parents = Array.from({ length: count }, (_, at) => at);
  const root = (item) => {
    while (parents[item] !== item) item = parents[item] = parents[parents[item]];
    return item;
  };
  for (const { a, b } of pairs) {
    const [low, high] = [root(a), root(b)].sort((x, y) => x - y);
    parents[high] = low;
  }
  return parents.map((_, item) => root(item));
}

/**
 * The next pair, [left, right], or null. First items that nothing joins, along a random way; then
 * the open question about heavy and little known items: p(1−p)(1/c_a + 1/c_b)(w_a + w_b).
 */
function nextPair({ count, seed, known, answers, skipped }) {
  const pairs = evidenceOf(known, answers);
  const asked = new Set(answers.map((answer) => pairKey(answer.left, answer.right)));
  for (const [a, b] of skipped) asked.add(pairKey(a, b));
  const found = bridge(count, seed, pairs, asked) ?? telling(count, pairs, asked);
  if (!found) return null;
  const [low, high] = found[0] < found[1] ? found : [found[1], found[0]];
  const swap = randomFrom(seed + 7919 * low + 104729 * high)() < 0.5;
  return swap ? [high, low] : [low, high];
}

function bridge(count, seed, pairs, asked) {
  const island = islandsOf(count, pairs);
  if (island.every((root) => root === 0)) return null;
  const way = shuffled(count, seed);
  for (let distance = 1; distance < count; distance++) {
    for (let at = 0; at + distance < count; at++) {
      const [a, b] = [way[at], way[at + distance]];
      if (island[a] !== island[b] && !asked.has(pairKey(a, b))) return [a, b];
    }
  }
  return null;
}

function telling(count, pairs, asked) {
  const { logs, curvature } = fit(count, pairs);
  const weights = weightsOf(logs);
  let best = null;
  let most = 0;
  for (let a = 0; a < count; a++) {
    for (let b = a + 1; b < count; b++) {
      const chance = weights[a] / (weights[a] + weights[b]);
      const unknown = 1 / curvature[a] + 1 / curvature[b];
      const gain = chance * (1 - chance) * unknown * (weights[a] + weights[b]);
      if (gain > most && !asked.has(pairKey(a, b))) [best, most] = [[a, b], gain];
    }
  }
  return best;
}

function winnerLoser({ left, right, choice }) {
  if (choice === "tie") return null;
  return choice === "left" ? [left, right] : [right, left];
}

/**
 * What the answer at `at` contradicts, it being taken for the newest: { kind, answers, implied },
 * kind "turned", "circle" or "triangle".
 */
function contradictionsOf(answers, at) {
  const newest = answers[at];
  const latest = new Map();
  answers.forEach((answer, place) => {
    if (place !== at) latest.set(pairKey(answer.left, answer.right), place);
  });
  const found = [];
  const own = pairKey(newest.left, newest.right);
  const before = latest.get(own);
  latest.delete(own);
  const now = winnerLoser(newest);
  const then = before === undefined ? null : winnerLoser(answers[before]);
  if (now && then && now[0] !== then[0]) found.push({ kind: "turned", answers: [at, before] });
  const path = now && wayBack(answers, latest, now);
  if (path) found.push({ kind: "circle", answers: [at, ...path] });
  if (path?.length !== 2) found.push(...triangles(answers, latest, at));
  return found;
}

/** The shortest chain of answers from the loser back to the winner. */
function wayBack(answers, latest, [winner, loser]) {
  const beaten = new Map();
  for (const place of [...latest.values()].sort((a, b) => a - b)) {
    const pair = winnerLoser(answers[place]);
    if (!pair) continue;
    if (!beaten.has(pair[0])) beaten.set(pair[0], []);
    beaten.get(pair[0]).push([pair[1], place]);
  }
  const reached = new Map([[loser, null]]);
  const queue = [loser];
  while (queue.length && !reached.has(winner)) {
    const item = queue.shift();
    for (const [next, place] of beaten.get(item) ?? []) {
      if (!reached.has(next)) {
        reached.set(next, [item, place]);
        queue.push(next);
      }
    }
  }
  if (!reached.has(winner)) return null;
  const path = [];
  for (let step = reached.get(winner); step; step = reached.get(step[0])) path.unshift(step[1]);
  return path;
}

/** Between which ratios `value of from / value of the other` lies; null if that was not said. */
function ratioRange(answer, from) {
  if (answer.choice === "tie") return [1 / BUCKETS[0].high, BUCKETS[0].high];
  const bucket = BUCKETS.find((known) => known.times === answer.times);
  if (!bucket) return null;
  const wins = winnerLoser(answer)[0] === from;
  return wins ? [bucket.low, bucket.high] : [1 / bucket.high, 1 / bucket.low];
}

function triangles(answers, latest, at) {
  const [top, bottom] = winnerLoser(answers[at]) ?? [answers[at].left, answers[at].right];
  const said = ratioRange(answers[at], top);
  if (!said) return [];
  const found = [];
  for (const first of latest.values()) {
    const { left, right } = answers[first];
    if (left !== top && right !== top) continue;
    const third = left === top ? right : left;
    const second = latest.get(pairKey(third, bottom));
    if (second === undefined) continue;
    const [one, two] = [ratioRange(answers[first], top), ratioRange(answers[second], third)];
    if (!one || !two) continue;
    const [least, most] = [one[0] * two[0], one[1] * two[1]];
    if (least > said[1] * (1 + 1e-9) || most < said[0] * (1 - 1e-9)) {
      const implied = least > said[1] ? least : most;
      found.push({ kind: "triangle", answers: [at, first, second], implied });
    }
  }
  return found;
}

/** All contradictions, each told once, by the answer that completed it. */
function allContradictions(answers) {
  return answers.flatMap((_, at) => contradictionsOf(answers.slice(0, at + 1), at));
}

/** Half of the sum of absolute differences: which part of the money goes elsewhere. */
function movedShare(before, after) {
  return before.reduce((all, weight, at) => all + Math.abs(weight - after[at]), 0) / 2;
}

/** A word for a tie that names neither item. */
function tieWord(left, right) {
  return ["tie", "draw", "equal"].find((word) => word !== left && word !== right);
}

/** Names stay as they are, so that what is read back are the same items. */
function cell(text) {
  return /[",;\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** The table that `allonet weights fit` reads. */
function answersCsv(items, answers, juror) {
  const rows = answers.map((answer) => {
    const [left, right] = [items[answer.left], items[answer.right]];
    const winner = { left, right, tie: tieWord(left, right) }[answer.choice];
    const times = answer.times === null ? "" : String(answer.times);
    return [juror, left, right, winner, times, answer.time].map(cell).join(",");
  });
  return `${["juror,item_a,item_b,winner,multiplier,time", ...rows].join("\n")}\n`;
}

/** What was saved, if it is about this ballot and whole; otherwise nothing. */
function restored(text, count) {
  const none = { answers: [], skipped: [], history: [], juror: "" };
  try {
    const saved = JSON.parse(text);
    const item = (at) => Number.isInteger(at) && at >= 0 && at < count;
    const pair = (a, b) => item(a) && item(b) && a !== b;
    const times = [null, ...BUCKETS.map((bucket) => bucket.times)];
    const right = saved.answers.every(
      (answer) =>
        pair(answer.left, answer.right) &&
        ["left", "right", "tie"].includes(answer.choice) &&
        times.includes(answer.times) &&
        typeof answer.time === "string",
    );
    const whole =
      right &&
      saved.skipped.every(([a, b]) => pair(a, b)) &&
      saved.history.filter((was) => was === "answer").length === saved.answers.length &&
      saved.history.length === saved.answers.length + saved.skipped.length;
    return whole ? { ...none, ...saved, juror: String(saved.juror) } : none;
  } catch {
    return none;
  }
}
