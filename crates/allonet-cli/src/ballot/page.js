// The page: shows the question, takes answers by mouse, touch and keyboard, keeps them.

const data = JSON.parse(byId("data").textContent);
const place = `allonet-ballot ${data.seed} ${data.title} ${data.items.join("\n")}`;
const state = { ...restored(load(), data.items.length), changing: null, pending: null };
let pair = null;

function load() {
  try {
    return localStorage.getItem(place);
  } catch {
    return null;
  }
}

/** Whether the browser keeps the answers. */
function save() {
  try {
    const { answers, skipped, history, juror } = state;
    localStorage.setItem(place, JSON.stringify({ answers, skipped, history, juror }));
    return true;
  } catch {
    return false;
  }
}

function weightsNow() {
  return weightsOf(fit(data.items.length, evidenceOf(data.known, state.answers)).logs);
}

function percent(share) {
  return `${(100 * share).toFixed(1)} %`;
}

function proceed() {
  state.changing = null;
  state.pending = null;
  pair = nextPair({ ...data, ...state, count: data.items.length });
}

// ---- what the juror does ----

function choose(choice) {
  if (!pair || state.pending !== null) return;
  const before = weightsNow();
  const time = new Date().toISOString().replace(/\.\d+Z$/, "Z");
  const answer = { left: pair[0], right: pair[1], choice, times: null, time };
  const at = state.changing ?? state.answers.length;
  state.answers[at] = answer;
  if (state.changing === null) state.history.push("answer");
  if (data.how_much && choice !== "tie") {
    state.pending = at;
    show(at, before);
    byId("amount").querySelector("button").focus();
    return;
  }
  proceed();
  show(at, before);
}

function howMuch(times) {
  const at = state.pending;
  if (at === null) return;
  state.answers[at].times = times;
  proceed();
  show(at, null);
  byId("ask").focus({ preventScroll: true });
}

function skip() {
  if (state.pending !== null) return howMuch(null);
  if (!pair) return;
  if (state.changing === null) {
    state.skipped.push(pair);
    state.history.push("skip");
  }
  proceed();
  show(null, null);
}

function undo() {
  if (state.changing !== null && state.pending === null) {
    proceed();
    return show(null, null);
  }
  // An answer in the middle was changed: which of the two after all?
  if (state.pending !== null && state.pending + 1 < state.answers.length) return change(state.pending);
  const last = state.history.pop();
  if (!last) return;
  const back = last === "answer" ? state.answers.pop() : state.skipped.pop();
  proceed();
  pair = Array.isArray(back) ? back : [back.left, back.right];
  show(null, null);
}

function change(at) {
  proceed();
  state.changing = at;
  pair = [state.answers[at].left, state.answers[at].right];
  show(null, null);
  byId("ask").focus();
}

function startAgain() {
  if (!window.confirm("Remove all answers from this browser?")) return;
  Object.assign(state, { answers: [], skipped: [], history: [] });
  proceed();
  show(null, null);
}

document.addEventListener("keydown", (event) => {
  if (event.target.closest("input") || event.ctrlKey || event.metaKey || event.altKey) return;
  const key = event.key;
  if (state.pending !== null && key >= "1" && key <= String(BUCKETS.length)) {
    howMuch(BUCKETS[Number(key) - 1].times);
  } else if (key === "1" || key === "ArrowLeft") choose("left");
  else if (key === "2" || key === "ArrowRight") choose("right");
  else if (key === "=" || key === "0") choose("tie");
  else if (key === "s") skip();
  else if (key === "u") undo();
  else return;
  event.preventDefault();
});

// ---- what the juror sees ----

function show(at, before) {
  const kept = save();
  const weights = weightsNow();
  showQuestion();
  showTold(at, before, weights);
  showWeights(weights);
  showAnswers(kept);
  const given = state.answers.length;
  byId("progress").max = data.goal;
  byId("progress").value = Math.min(given, data.goal);
  const enough = given >= data.goal ? ", enough" : "";
  byId("progress-text").textContent = `${given} of ${data.goal} answers${enough}`;
}

function showQuestion() {
  byId("question").textContent = pair ? data.question : "Thank you";
  const changing = state.changing !== null;
  byId("changing").hidden = !changing;
  byId("changing").textContent = changing ? `Changing answer ${state.changing + 1}` : "";
  const pending = state.pending === null ? null : state.answers[state.pending];
  const card = (item, choice, key) =>
    el(
      "button",
      {
        type: "button",
        class: "item",
        disabled: pending !== null,
        "aria-pressed": pending ? String(pending.choice === choice) : null,
        onclick: () => choose(choice),
      },
      data.items[item],
      el("kbd", { "aria-hidden": "true" }, key),
    );
  const done = el("p", { class: "done" }, "Every pair was asked. Download your answers below.");
  const cards = pair ? [card(pair[0], "left", "1 or ←"), card(pair[1], "right", "2 or →")] : [done];
  byId("pair").replaceChildren(...cards);
  showAmount(pending);
  const button = (text, key, onclick, disabled) =>
    el(
      "button",
      { type: "button", class: "button", onclick, disabled },
      text,
      el("kbd", { "aria-hidden": "true" }, key),
    );
  byId("others").replaceChildren(
    button("Worth the same", "=", () => choose("tie"), !pair || pending !== null),
    button(pending ? "Do not say" : "Skip", "s", skip, !pair),
    button("Undo", "u", undo, !state.history.length && state.changing === null),
  );
}

function showAmount(pending) {
  byId("amount").hidden = pending === null;
  if (!pending) return byId("amount").replaceChildren();
  const winner = data.items[winnerLoser(pending)[0]];
  byId("amount").replaceChildren(
    el("p", {}, `How much more is ${winner} worth?`),
    ...BUCKETS.map(({ words, times }, at) =>
      el(
        "button",
        { type: "button", class: "button", onclick: () => howMuch(times) },
        words,
        el("kbd", { "aria-hidden": "true" }, String(at + 1)),
      ),
    ),
  );
}

function showTold(at, before, weights) {
  const told = [];
  if (before) {
    const moves = weights.map((weight, item) => [Math.abs(weight - before[item]), item]);
    const [, most] = moves.reduce((best, move) => (move[0] > best[0] ? move : best));
    told.push(
      el(
        "p",
        { class: "effect" },
        `Your answer moved ${percent(movedShare(before, weights))} of the weight: ` +
          `${data.items[most]} ${percent(before[most])} → ${percent(weights[most])}`,
      ),
    );
  }
  const found = at === null || !state.answers[at] ? [] : contradictionsOf(state.answers, at);
  byId("told").replaceChildren(...told, ...found.map(against));
}

function against(found) {
  const reasons = {
    turned: "You answered this pair both ways.",
    circle: "The answers go round in a circle.",
    triangle: `The ratios do not fit: by the other two answers the first would be about ${(
      found.implied ?? 1
    ).toFixed(1)} times.`,
  };
  return el(
    "div",
    { class: "against" },
    el("strong", {}, "These cannot all be right. "),
    reasons[found.kind],
    el(
      "ul",
      {},
      found.answers.map((at) =>
        el("li", {}, `${sentence(state.answers[at])} `, changeButton(at)),
      ),
    ),
  );
}

function sentence(answer) {
  const [left, right] = [data.items[answer.left], data.items[answer.right]];
  if (answer.choice === "tie") return `${left} = ${right}`;
  const [winner, loser] = answer.choice === "left" ? [left, right] : [right, left];
  const bucket = BUCKETS.find((known) => known.times === answer.times);
  return `${winner} > ${loser}${bucket ? ` (${bucket.words})` : ""}`;
}

function changeButton(at) {
  const label = `Change answer ${at + 1}`;
  return el(
    "button",
    { type: "button", class: "link", "aria-label": label, onclick: () => change(at) },
    "change",
  );
}

function showWeights(weights) {
  const order = weights.map((_, item) => item).sort((a, b) => weights[b] - weights[a] || a - b);
  const shown = order.slice(0, 12);
  const rest = order.length - shown.length;
  const others = data.known.length ? "your answers and those of others" : "your answers";
  byId("weights-note").textContent =
    `What ${others} say so far` + (rest ? `; ${rest} more items below these.` : ".");
  byId("weights").replaceChildren(
    ...shown.map((item) =>
      el(
        "li",
        {},
        el("span", { class: "name", title: data.items[item] }, data.items[item]),
        el(
          "span",
          { class: "track", "aria-hidden": "true" },
          el("span", {
            class: "fill",
            style: { width: `${(100 * weights[item]) / weights[shown[0]]}%` },
          }),
        ),
        el("span", { class: "share" }, percent(weights[item])),
      ),
    ),
  );
}

function showAnswers(kept) {
  const none = !state.answers.length;
  byId("saved").textContent = kept
    ? "Kept in this browser until you download them; nothing is sent anywhere."
    : "This browser keeps nothing: download your answers before you close the page.";
  byId("tools").replaceChildren(
    el(
      "button",
      { type: "button", class: "button primary", disabled: none, onclick: downloadAnswers },
      "Download answers.csv",
    ),
    el("button", { type: "button", class: "button", disabled: none, onclick: startAgain }, "Start again"),
  );
  const open = new Set(allContradictions(state.answers).flatMap((found) => found.answers));
  const row = (answer, at) =>
    el(
      "li",
      { class: open.has(at) ? "open" : null },
      el("span", { class: "number" }, `${at + 1}.`),
      el("span", { class: "text" }, sentence(answer) + (open.has(at) ? " (contradicted)" : "")),
      changeButton(at),
    );
  byId("answers").replaceChildren(...state.answers.map(row).reverse());
}

function downloadAnswers() {
  const juror = state.juror.trim();
  if (!juror) {
    byId("juror").focus();
    byId("saved").textContent = "Please give your name above first.";
    return;
  }
  download("answers.csv", answersCsv(data.items, state.answers, juror));
}

byId("juror").value = state.juror;
byId("juror").addEventListener("input", (event) => {
  state.juror = event.target.value;
  save();
});
proceed();
show(null, null);
