// Tests of the report page's pure parts. Run with: node --test crates/allonet-cli/tests/

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const files = ["money.js", "graph.js", "layout.js", "dom.js", "table.js", "exhibits.js"];
const source = files
  .map((file) => readFileSync(new URL(`../src/report/${file}`, import.meta.url), "utf8"))
  .join("\n");
const names = [
  "formatUnits",
  "exactDigits",
  "listDigits",
  "compactUnits",
  "formatShare",
  "roundBelow",
  "compareIds",
  "prepare",
  "assetView",
  "buildFlow",
  "layoutFlow",
  "csvCell",
  "pickRows",
  "shortNumber",
  "intervalOf",
  "intervalShares",
];
const app = new Function(`"use strict";\n${source}\nreturn { ${names.join(", ")} };`)();

// ---- fixtures -----------------------------------------------------------------------------

/** A report from [from, to, amount, kind?] rows; nodes s… are sources, r… recipients. */
function report(rows, { parts = {}, retained = {} } = {}) {
  const ids = [...new Set(rows.flatMap(([from, to]) => [from, to]))];
  const kinds = { s: "source", r: "recipient" };
  const amount = (units) => (units > 0n ? [{ asset: 0, amount: String(units) }] : []);
  const add = (list) => list.reduce((all, [, , units]) => all + BigInt(units), 0n);
  const nodes = ids.map((id) => {
    const out = add(rows.filter(([from]) => from === id));
    const into = add(rows.filter(([, to]) => to === id));
    return {
      id,
      title: null,
      kind: kinds[id[0]] ?? "neuron",
      mechanism: null,
      rule: null,
      part: parts[id] ?? null,
      merged: null,
      inflow: amount(kinds[id[0]] === "source" ? out : into),
      paid_out: amount(out),
      retained: amount(BigInt(retained[id] ?? 0)),
      unspent: [],
    };
  });
  const links = rows.map(([from, to, units, kind = "value"]) => {
    return { from: ids.indexOf(from), to: ids.indexOf(to), asset: 0, amount: String(units), kind };
  });
  const totals = { brought_in: "0", paid: "0", retained: "0", unspent: "0", in_flight: "0" };
  return {
    assets: [{ id: "a", symbol: "A", decimals: 2, totals }],
    nodes,
    links,
    payouts: [],
    rest: null,
  };
}

function flowOf(data, options = {}) {
  const model = app.prepare(data);
  return app.buildFlow(model, app.assetView(model, 0), { top: 100, ...options });
}

function laidOut(data, options = {}) {
  const flow = flowOf(data, options);
  const plan = app.layoutFlow(flow, { width: 900, left: 0, right: 200, order: options.order });
  return { flow, plan };
}

const SMALL = [
  ["s1", "n1", 60],
  ["s2", "n1", 40],
  ["n1", "r1", 50],
  ["n1", "n2", 40, "pinch"],
  ["n2", "r2", 30],
  ["n2", "r1", 10],
];

const near = (a, b) =>
  assert.ok(Math.abs(a - b) <= 1e-6 * Math.max(1, Math.abs(b)), `${a} is not ${b}`);
const widths = (bands) => bands.reduce((all, band) => all + band.width, 0);

// ---- drawing ------------------------------------------------------------------------------

test("what enters a box is as wide as what leaves it and stays in it", () => {
  for (const order of ["id", "amount", "crossings"]) {
    const { flow, plan } = laidOut(report(SMALL, { retained: { n1: 10 } }), { order });
    for (const box of flow.boxes.filter((box) => box.kind === "neuron")) {
      const stays = box.stubs.reduce((all, stub) => all + stub.height, 0);
      near(widths(box.bandsIn), widths(box.bandsOut) + stays);
      near(box.height, widths(box.bandsIn));
    }
    near(widths(flow.bands.filter((band) => band.from.kind === "source")), 100 * plan.scale);
  }
});

test("boxes of a column keep their distance and stay inside the drawing", () => {
  const rows = Array.from({ length: 80 }, (_, i) => ["s1", `r${i}`, 1 + ((i * 37) % 50)]);
  const { plan } = laidOut(report(rows));
  const column = plan.columns[1];
  column.slice(1).forEach((box, i) => assert.ok(box.y >= column[i].y + column[i].height + 16.9));
  assert.ok(column[0].y >= -1e-6);
  assert.ok(column.at(-1).y + column.at(-1).height <= plan.height + 1e-6);
});

test("a column is ordered by id, numbers by value, others last", () => {
  const rows = [
    ["s1", "r10", 5],
    ["s1", "r9", 4],
    ["s1", "r2", 3],
    ["s1", "r1", 2],
    ["s1", "r3", 1],
  ];
  const { plan } = laidOut(report(rows), { top: 3 });
  assert.deepEqual(
    plan.columns[1].map((box) => box.label),
    ["r2", "r9", "r10", "2 other recipients"],
  );
});

test("every forward band goes to a later column, with loops drawn for the rest", () => {
  const rows = [
    ["s1", "a", 10],
    ["a", "b", 9],
    ["b", "c", 8],
    ["c", "a", 4],
    ["c", "r1", 4],
    ["b", "a", 1, "delayed"],
    ["a", "a", 2, "delayed"],
  ];
  const { flow } = laidOut(report(rows));
  const loops = flow.bands
    .filter((band) => band.loop)
    .map((band) => `${band.from.label}${band.to.label}`);
  assert.deepEqual(loops.sort(), ["aa", "ba", "ca"]);
  for (const band of flow.bands) if (!band.loop) assert.ok(band.from.column < band.to.column);
  for (const band of flow.bands) if (band.loop) assert.ok(band.laneY > 0);
});

test("a strongly connected part is one box without its inner links", () => {
  const rows = [
    ["s1", "a", 10],
    ["a", "b", 6],
    ["b", "a", 3],
    ["b", "r1", 3],
    ["a", "r2", 7],
  ];
  const flow = flowOf(report(rows, { parts: { a: 0, b: 0 } }));
  const part = flow.boxes.find((box) => box.kind === "part");
  assert.equal(part.label, "Cycle of 2: a, b");
  assert.deepEqual([part.inner, part.inflow, part.paid_out], [9n, 10n, 10n]);
  assert.equal(flow.bands.length, 3);
});

test("a node that pays itself keeps its name and carries the mark", () => {
  const flow = flowOf(
    report(
      [
        ["s1", "a", 4],
        ["a", "a", 2],
        ["a", "r1", 4],
      ],
      { parts: { a: 3 } },
    ),
  );
  const box = flow.boxes.find((box) => box.label === "a");
  assert.deepEqual([box.kind, box.cyclic, box.inner, box.inflow], ["neuron", true, 2n, 4n]);
});

test("a chain of 5,000 nodes and a dense tangle end, without false loops in the chain", () => {
  const chain = [
    ["s", "n0", 9],
    ...Array.from({ length: 5000 }, (_, i) => [`n${i}`, `n${i + 1}`, 9]),
    ["n5000", "r", 9],
  ];
  const { flow } = laidOut(report(chain), { top: 20 });
  assert.equal(flow.bands.filter((band) => band.loop).length, 0);
  const tangle = [["s", "n0", 1]];
  for (let i = 0; i < 60; i += 1)
    for (let j = 0; j < 60; j += 1) tangle.push([`n${i}`, `n${j}`, 1 + i]);
  laidOut(report(tangle), { order: "crossings" });
});

test("merging into others loses no money", () => {
  const rows = Array.from({ length: 300 }, (_, i) => [
    ["s1", `n${i % 40}`, 7],
    [`n${i % 40}`, `r${i}`, 7],
  ]).flat();
  const added = Object.values(
    rows.reduce((all, [from, to, units]) => {
      const key = `${from} ${to}`;
      return { ...all, [key]: [from, to, (all[key]?.[2] ?? 0) + units] };
    }, {}),
  );
  for (const top of [1, 5, 20, 1000]) {
    const flow = flowOf(report(added), { top });
    const paid = flow.bands.filter((band) => band.to.kind === "recipient");
    assert.equal(
      paid.reduce((all, band) => all + band.amount, 0n),
      2100n,
    );
    assert.ok(flow.boxes.length <= 3 * (top + 1));
  }
});

test("focus shows the part that passes through a box", () => {
  const data = report(SMALL);
  const flow = flowOf(data, { focus: data.nodes.findIndex((node) => node.id === "r2") });
  const width = Object.fromEntries(
    flow.bands.map((band) => [`${band.from.label}${band.to.label}`, band.flow]),
  );
  near(width.n2r2, 30);
  near(width.n1n2, 30);
  near(width.s1n1 + width.s2n1, 30);
  assert.equal("n1r1" in width, false);
  assert.equal(
    flow.bands.find((band) => band.from.label === "n1").amount,
    40n,
    "booked amount stays",
  );
});

test("hiding the largest recipient takes its part out of every band before it", () => {
  const flow = flowOf(report(SMALL), { hide: true });
  assert.equal(flow.hidden.label, "r1");
  assert.equal(
    flow.boxes.some((box) => box.label === "r1"),
    false,
  );
  near(flow.bands.find((band) => band.from.label === "s1").flow, 18 + 60 * 0.1);
});

test("no links give an empty drawing", () => {
  const { flow, plan } = laidOut(report([]));
  assert.deepEqual([flow.boxes.length, plan.columns.length, plan.scale], [0, 0, 0]);
});

// ---- text ---------------------------------------------------------------------------------

test("amounts are written exactly", () => {
  const max = 2n ** 255n;
  assert.equal(app.formatUnits(0n, 6), "0");
  assert.equal(app.formatUnits(1500000n, 6, 2), "1.50");
  assert.equal(app.formatUnits(-1234567899n, 6, 2), "−1,234.57");
  assert.equal(app.formatUnits(1n, 18, 2), "<0.01");
  assert.equal(app.formatUnits(1n, 18), "0.000000000000000001");
  assert.equal(app.formatUnits(max, 0).replaceAll(",", ""), max.toString());
  assert.equal(app.exactDigits([1500000n, 0n], 6), 2);
  assert.equal(app.exactDigits([1500001n], 6), 6);
  assert.equal(app.exactDigits([7n], 0), 0);
  assert.equal(app.listDigits(5000000000n, 6), 2);
  assert.equal(app.compactUnits(48_230_000_000000n, 6, 2), "48.2 M");
  assert.equal(app.compactUnits(max, 0, 0), "5.78 × 10⁷⁶");
  assert.equal(app.roundBelow(7300), 5000n);
});

test("shares never round to what they are not", () => {
  assert.equal(app.formatShare(1n, 3n), "33.33%");
  assert.equal(app.formatShare(1n, 10n ** 30n), "<0.01%");
  assert.equal(app.formatShare(10n ** 30n - 1n, 10n ** 30n), ">99.99%");
  assert.equal(app.formatShare(5n, 5n), "100%");
  assert.equal(app.formatShare(0n, 0n), "–");
});

test("CSV cells are quoted and cannot start a formula", () => {
  assert.equal(app.csvCell('a "b", c'), '"a ""b"", c"');
  assert.equal(app.csvCell("=1+1"), "'=1+1");
  assert.equal(app.csvCell(-5n), "-5");
});

test("search needs every word, sorting is by value", () => {
  const table = {
    rows: [
      { name: "b 2", units: 2n },
      { name: "a 10", units: 10n },
      { name: "a 9", units: 9n },
    ],
    search: (row) => row.name,
    columns: [{ value: (row) => row.name }, { value: (row) => row.units }],
  };
  const names = (options) => app.pickRows(table, { query: "", ...options }).map((row) => row.name);
  assert.deepEqual(names({ query: "A 1" }), ["a 10"]);
  assert.deepEqual(names({ sort: { column: 0, sign: 1 } }), ["a 9", "a 10", "b 2"]);
  assert.deepEqual(names({ sort: { column: 1, sign: -1 } }), ["a 10", "a 9", "b 2"]);
});

// ---- exhibits -----------------------------------------------------------------------------

test("figures of exhibits are short, and whole numbers stay whole", () => {
  assert.equal(app.shortNumber(0.123456), "0.1235");
  assert.equal(app.shortNumber(1234), "1,234");
  assert.equal(app.shortNumber(0.0000123), "1.23e-5");
});

test("an interval is drawn on one scale that holds all rows and zero", () => {
  const exhibit = {
    columns: ["item", "weight", "low", "high"],
    rows: [
      ["a", 0.5, 0.25, 1],
      ["b", 0.1, 0, "NaN"],
    ],
  };
  const interval = app.intervalOf(exhibit);
  assert.deepEqual(app.intervalShares(exhibit.rows[0], interval), [0.25, 0.5, 1]);
  assert.equal(app.intervalShares(exhibit.rows[1], interval), null);
  assert.equal(app.intervalOf({ columns: ["low"], rows: [[1]] }), null);
});
