// Draws the flow: boxes for nodes, bands for money, loops for money that arrives later.

const KIND_NAME = { source: "Source", neuron: "Neuron", part: "Cycle", recipient: "Recipient" };
const CHAR_WIDTH = 6.7;
const STUB_WIDTH = 18;

/**
 * Draws `flow` into `host`. `text` has money(units), share(units) and compact(units); `on` has
 * box(box) for a click on a box, band(band) for a click on a band, hint(lines, event) for the tip.
 */
function drawChart(host, flow, { order, text, on }) {
  const room = host.clientWidth;
  const phone = room < 640;
  const ends = flow.boxes.filter((box) => box.column === flow.columnCount - 1);
  const right = endMargin(ends, phone, text);
  const gap = !phone ? 120 : flow.columnCount <= 4 ? 68 : 96;
  const least = right + BOX_WIDTH + (flow.columnCount - 1) * gap;
  const options = { order, right, flowHeight: phone ? 260 : 400 };
  let plan = layoutFlow(flow, { ...options, left: 0, width: Math.max(room, least) });
  const entering = flow.bands.filter((band) => band.loop && band.to.column === 0);
  if (entering.length) {
    const left = 20 + Math.max(...entering.map((band) => band.width));
    plan = layoutFlow(flow, { ...options, left, width: Math.max(room, least + left) });
  }
  const top = 26;
  const root = svg("svg", {
    width: plan.width,
    height: plan.height + top + 4,
    viewBox: `0 0 ${plan.width} ${plan.height + top + 4}`,
    role: "group",
    class: "chart",
    "aria-labelledby": "chart-title chart-desc",
  });
  root.append(
    svg("title", { id: "chart-title" }, "Flow of money"),
    svg("desc", { id: "chart-desc" }, describeChart(flow, text)),
    definitions(),
  );
  // The empty title keeps browsers from showing the drawing's title as a tooltip everywhere.
  const scene = svg("g", { transform: `translate(0 ${top})` }, svg("title"));
  scene.append(
    svg("rect", { y: -top, width: plan.width, height: plan.height + top, fill: "none" }),
    columnHeads(plan),
    svg("g", {}, ...flow.bands.map((band, i) => drawBand(band, i, phone))),
    svg("g", {}, ...flow.boxes.map((box, i) => drawBox(box, i, flow, plan, phone, right, text))),
  );
  root.append(scene);
  host.replaceChildren(el("div", {}, root));
  listen(root, flow, plan, text, on);
  return plan;
}

/** Room to the right of the last column: name, gap, amount. */
function endMargin(ends, phone, text) {
  if (phone) return 112;
  const longest = (pick) => Math.max(0, ...ends.map((box) => pick(box).length));
  const name = Math.min(
    26,
    longest((box) => box.label),
  );
  return Math.max(
    120,
    Math.round((name + longest((box) => text.compact(throughput(box))) + 5) * CHAR_WIDTH),
  );
}

function describeChart(flow, text) {
  const of = (kind) => flow.boxes.filter((box) => box.kind === kind && !box.rest).length;
  return (
    `${plural(of("source"), "source")}, ${plural(of("neuron") + of("part"), "neuron")} and ` +
    `${plural(of("recipient"), "recipient")} drawn one by one, ${text.money(text.totals.brought_in)} ` +
    "brought in. Arrow keys move between boxes, Enter selects. The tables below hold the same data."
  );
}

function definitions() {
  const kinds = ["source", "neuron", "part", "recipient"];
  const gradients = kinds.flatMap((from) =>
    kinds.map((to) =>
      svg(
        "linearGradient",
        { id: `from-${from}-to-${to}` },
        svg("stop", { offset: "0.05", class: `stop-${from}` }),
        svg("stop", { offset: "0.95", class: `stop-${to}` }),
      ),
    ),
  );
  const pattern = (id, size, turn, ...shapes) =>
    svg(
      "pattern",
      {
        id,
        width: size,
        height: size,
        patternUnits: "userSpaceOnUse",
        patternTransform: turn,
      },
      ...shapes,
    );
  return svg(
    "defs",
    {},
    ...gradients,
    pattern(
      "pinch",
      7,
      "rotate(45)",
      svg("rect", { width: 7, height: 7, class: "ground-pinch" }),
      svg("rect", { width: 2.4, height: 7, class: "ink-pinch" }),
    ),
    pattern(
      "retained",
      5,
      "rotate(-45)",
      svg("rect", { width: 1.8, height: 5, class: "ink-retained" }),
    ),
    pattern("unspent", 6, null, svg("circle", { cx: 2, cy: 2, r: 1.3, class: "ink-unspent" })),
    pattern(
      "part",
      6,
      "rotate(45)",
      svg("rect", { width: 6, height: 6, class: "ground-part" }),
      svg("rect", { width: 2, height: 6, class: "ink-part" }),
    ),
  );
}

function columnHeads({ columns }) {
  const head = (column, index) => {
    const kinds = new Set(column.map((box) => box.kind));
    const last = index === columns.length - 1;
    const name =
      index === 0 && kinds.has("source")
        ? "Sources"
        : last && kinds.has("recipient")
          ? "Recipients"
          : `Step ${index}`;
    const middle = index > 0 && !last;
    return svg(
      "text",
      {
        class: "column-head",
        x: column[0].x + (middle ? BOX_WIDTH / 2 : 0),
        y: -12,
        "text-anchor": middle ? "middle" : "start",
      },
      name,
    );
  };
  return svg("g", { "aria-hidden": "true" }, ...columns.map(head));
}

function drawBand(band, index, phone) {
  const shared = { "data-band": index };
  if (band.loop) {
    return svg("path", {
      ...shared,
      d: loopPath(band),
      class: `loop ${band.kind}`,
      "stroke-width": Math.max(1.5, band.width),
    });
  }
  const fill =
    band.kind === "pinch" ? "url(#pinch)" : `url(#from-${band.from.kind}-to-${band.to.kind})`;
  return svg("path", { ...shared, d: bandPath(band, phone), class: `band ${band.kind}`, fill });
}

/** A ribbon of constant vertical width. */
function bandPath({ x0, y0, x1, y1, width }, phone) {
  const w = Math.max(0.8, width);
  const bend = (x1 - x0) * (phone ? 0.5 : 0.48);
  return (
    `M${x0} ${y0}C${x0 + bend} ${y0} ${x1 - bend} ${y1} ${x1} ${y1}` +
    `v${w}C${x1 - bend} ${y1 + w} ${x0 + bend} ${y0 + w} ${x0} ${y0 + w}Z`
  );
}

/** Out to the right, down to the band's lane, back to the left and up into the box. */
function loopPath({ from, x0, y0, x1, y1, width, laneY }) {
  const r = 8 + width / 2;
  const out = from.stubs.length ? STUB_WIDTH + 6 + width / 2 : 4;
  const [start, end] = [y0 + width / 2, y1 + width / 2];
  return (
    `M${x0} ${start}h${out}a${r} ${r} 0 0 1 ${r} ${r}V${laneY - r}a${r} ${r} 0 0 1 ${-r} ${r}` +
    `H${x1 - 4}a${r} ${r} 0 0 1 ${-r} ${-r}V${end + r}a${r} ${r} 0 0 1 ${r} ${-r}h4`
  );
}

function drawBox(box, index, flow, plan, phone, right, text) {
  const group = svg("g", {
    "data-box": index,
    class: `box ${box.kind}${box.rest ? " rest" : ""}${box === flow.focused ? " chosen" : ""}`,
    tabindex: -1,
    role: "button",
    "aria-label": spoken(boxLines(box, text)),
  });
  for (const stub of box.stubs) {
    group.append(
      svg("rect", {
        class: `stub ${stub.kind}`,
        x: box.x + BOX_WIDTH,
        y: stub.y,
        width: STUB_WIDTH,
        height: stub.height,
        fill: `url(#${stub.kind})`,
      }),
    );
  }
  group.append(
    svg("rect", {
      class: "bar",
      x: box.x,
      y: box.y,
      width: BOX_WIDTH,
      height: box.height,
      rx: Math.min(2, box.height / 2),
      fill: box.kind === "part" ? "url(#part)" : null,
    }),
  );
  const last = box.column === flow.columnCount - 1;
  const x = box.x + BOX_WIDTH + 7 + (box.stubs.length ? STUB_WIDTH : 0);
  const y = box.y + box.height / 2;
  const room = last ? right - 12 : plan.step - BOX_WIDTH - 14;
  const money = drawnAmount(box, text);
  const amount = last && !phone ? money : null;
  const name = fit(
    `${box.label}${box.cyclic ? " ↻" : ""}`,
    room - (amount ? (amount.length + 2) * CHAR_WIDTH : 0),
  );
  group.append(
    svg("text", { x, y, dy: "0.33em", class: "label", "aria-hidden": "true" }, `${name} `),
  );
  if (amount) {
    group.append(
      svg(
        "text",
        {
          x: plan.width - 2,
          y,
          dy: "0.33em",
          class: "label amount",
          "text-anchor": "end",
          "aria-hidden": "true",
        },
        amount,
      ),
    );
  } else if (!last && box.height > 34 && money.length * CHAR_WIDTH < room) {
    group.append(
      svg(
        "text",
        { x, y: y + 15, dy: "0.33em", class: "label amount", "aria-hidden": "true" },
        money,
      ),
    );
  }
  return group;
}

/** Shortens names at the end, long ids in the middle, because ids often differ in their last part. */
function fit(label, room) {
  const letters = [...label];
  const most = Math.max(3, Math.floor(room / CHAR_WIDTH));
  if (letters.length <= most) return label;
  const tail = most >= 14 && !label.includes(" ") ? Math.floor(most / 3) : 0;
  const head = letters
    .slice(0, most - 1 - tail)
    .join("")
    .trimEnd();
  return `${head}…${tail ? letters.slice(-tail).join("") : ""}`;
}

/** The booked amount, or about what is drawn of it when only a part is. */
function drawnAmount(box, text) {
  const booked = throughput(box);
  if (box.size > Number(booked) * 0.9999) return text.compact(booked);
  return `≈ ${text.compact(BigInt(Math.round(box.size)))}`;
}

function throughput(box) {
  const out = box.paid_out + box.retained + box.unspent;
  return box.inflow > out ? box.inflow : out;
}

/** What the tip and the screen reader say about a box. */
function boxLines(box, text) {
  const lines = [box.label];
  const [node] = box.members;
  if (box.rest) lines.push("Taken together; select to show more one by one");
  else if (box.kind === "part")
    lines.push(`${plural(box.members.length, "member")}; select for the inside view`);
  else
    lines.push(
      [KIND_NAME[box.kind], node.mechanism, node.id === node.label ? null : node.id]
        .filter(Boolean)
        .join(" · "),
    );
  if (box.kind === "recipient") {
    lines.push(`${text.money(box.inflow)} received, ${text.share(box.inflow)} of all money`);
    return lines;
  }
  lines.push(
    `${text.money(box.inflow)} ${box.kind === "source" ? "brought in" : "in"}, ${text.share(box.inflow)} of all money`,
  );
  for (const [name, words] of [
    ["paid_out", "passed on"],
    ["retained", "retained"],
    ["unspent", "unspent"],
  ]) {
    if (box[name] > 0n) lines.push(`${text.money(box[name])} ${words}`);
  }
  if (box.inner > 0n) lines.push(`${text.money(box.inner)} moves inside`);
  return lines;
}

/** Name and amount first, as they are seen, then what kind of box it is. */
function spoken([name, kind, amount, ...others]) {
  return [`${name} ${amount ?? ""}`.trim(), ...others, kind].join(". ");
}

function bandLines(band, flow, text) {
  const { from, to } = band;
  const lines = [`${from.label} → ${to.label}`, text.money(band.amount)];
  const passed = sum(from.bandsOut.map((other) => other.amount));
  lines.push(
    `${text.share(band.amount)} of all money` +
      (band.loop ? "" : `, ${formatShare(band.amount, passed)} of what this box passes on`),
  );
  const part = band.flow / Number(band.amount);
  if (part < 0.9999) {
    const shown = text.money(BigInt(Math.round(band.flow)));
    lines.push(
      flow.focused
        ? `about ${shown} of it passes through ${flow.focused.label}`
        : `drawn without the hidden part: about ${shown}`,
    );
  }
  const kind = { pinch: "fixed share passed upstream", delayed: "arrives in a later epoch" }[
    band.kind
  ];
  if (kind || band.loop) lines.push(kind ?? "flows back");
  if (band.links > 1) lines.push(`${plural(band.links, "link")} added up`);
  return lines;
}

/**
 * Hover, focus, click and arrow keys. Listens on the frame, because browsers make an <svg> with
 * focus listeners a tab stop of its own.
 */
function listen(root, flow, plan, text, on) {
  const frame = root.parentNode;
  const groups = [...root.querySelectorAll("[data-box]")];
  const paths = [...root.querySelectorAll("[data-band]")];
  let lit = null;
  const light = (target, bands) => {
    if (target === lit) return;
    lit = target;
    root.classList.toggle("hovering", Boolean(bands));
    paths.forEach((path, i) =>
      path.classList.toggle("lit", Boolean(bands) && bands.includes(flow.bands[i])),
    );
  };
  const show = (target, event) => {
    const box = flow.boxes[target?.closest("[data-box]")?.dataset.box];
    const band = flow.bands[target?.closest("[data-band]")?.dataset.band];
    light(box ?? band ?? null, box ? [...box.bandsIn, ...box.bandsOut] : band ? [band] : null);
    on.hint(box ? boxLines(box, text) : band ? bandLines(band, flow, text) : null, event, target);
  };
  frame.addEventListener("pointermove", (event) => show(event.target, event));
  frame.addEventListener("pointerleave", () => show(null));
  frame.addEventListener("focusin", (event) => show(event.target, null));
  frame.addEventListener("focusout", () => show(null));
  const choose = (target) => {
    const box = flow.boxes[target.closest("[data-box]")?.dataset.box];
    const band = flow.bands[target.closest("[data-band]")?.dataset.band];
    if (box) on.box(box);
    else if (band) on.band(band, bandLines(band, flow, text));
  };
  frame.addEventListener("click", (event) => choose(event.target));
  const start = flow.boxes.indexOf(flow.focused ?? plan.columns[0]?.[0]);
  groups[Math.max(0, start)]?.setAttribute("tabindex", "0");
  frame.addEventListener("keydown", (event) => {
    const here = event.target.closest("[data-box]");
    if (!here) return;
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      choose(here);
      return;
    }
    const next = neighbour(plan.columns, flow.boxes[here.dataset.box], event.key);
    if (!next) return;
    event.preventDefault();
    here.setAttribute("tabindex", "-1");
    const target = groups[flow.boxes.indexOf(next)];
    target.setAttribute("tabindex", "0");
    target.focus();
  });
}

function neighbour(columns, box, key) {
  const column = columns[box.column];
  const place = column.indexOf(box);
  if (key === "ArrowDown") return column[place + 1];
  if (key === "ArrowUp") return column[place - 1];
  const side = { ArrowRight: 1, ArrowLeft: -1 }[key];
  const other = side && columns[box.column + side];
  if (!other) return null;
  const distance = (at) => Math.abs(at.y + at.height / 2 - box.y - box.height / 2);
  return other.reduce((best, at) => (distance(at) < distance(best) ? at : best));
}

/** Swatches for what the drawing contains, and the width scale. */
function drawLegend(host, flow, plan, text) {
  const swatch = (shape, label) =>
    el("li", {}, svg("svg", { width: 24, height: 12, "aria-hidden": "true" }, shape), label);
  const items = [];
  for (const kind of ["source", "neuron", "part", "recipient"]) {
    if (!flow.boxes.some((box) => box.kind === kind)) continue;
    const bar = svg("rect", {
      class: "bar",
      x: 6,
      width: 12,
      height: 12,
      rx: 2,
      fill: kind === "part" ? "url(#part)" : null,
    });
    items.push(
      swatch(
        svg("g", { class: `box ${kind}` }, bar),
        kind === "part" ? "Cycle ↻ (select to look inside)" : KIND_NAME[kind],
      ),
    );
  }
  const area = (fill, css) => svg("rect", { width: 24, height: 12, fill, class: css });
  if (flow.bands.some((band) => band.kind === "pinch"))
    items.push(swatch(area("url(#pinch)", "band pinch"), "Pinch (passed upstream)"));
  const line = (css) => svg("path", { d: "M0 6H24", class: css, "stroke-width": 7 });
  if (flow.bands.some((band) => band.kind === "delayed"))
    items.push(swatch(line("loop delayed"), "Arrives in a later epoch"));
  if (flow.bands.some((band) => band.loop && band.kind !== "delayed"))
    items.push(swatch(line("loop"), "Flows back"));
  for (const kind of ["retained", "unspent"]) {
    if (flow.boxes.some((box) => box.stubs.some((stub) => stub.kind === kind))) {
      items.push(
        swatch(area(`url(#${kind})`, `stub ${kind}`), kind === "retained" ? "Retained" : "Unspent"),
      );
    }
  }
  const unit = roundBelow(26 / plan.scale);
  const height = Math.max(1, Number(unit) * plan.scale);
  const measure = svg(
    "svg",
    { width: 24, height: Math.max(14, height), "aria-hidden": "true" },
    svg("path", { class: "measure", d: `M4 .5h16M4 ${height - 0.5}h16M12 .5V${height - 0.5}` }),
  );
  items.push(el("li", { class: "scale" }, measure, `Width: ${text.round(unit)}`));
  host.replaceChildren(items.pop(), ...items);
}
