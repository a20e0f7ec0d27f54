// From the report's nodes and links to the boxes and bands of one drawing.
// Nothing in this file touches the page, so it can be tested alone.

const MANY_COLUMNS = 14;

/** Order of ids: runs of digits by value, the rest by code unit; the same in every locale. */
function compareIds(left, right) {
  const a = left.match(/\d+|\D+/g) ?? [];
  const b = right.match(/\d+|\D+/g) ?? [];
  for (let i = 0; i < Math.min(a.length, b.length); i += 1) {
    if (a[i] === b[i]) continue;
    if (/\d/.test(a[i]) && /\d/.test(b[i]) && BigInt(a[i]) !== BigInt(b[i])) {
      return BigInt(a[i]) < BigInt(b[i]) ? -1 : 1;
    }
    return a[i] < b[i] ? -1 : 1;
  }
  return a.length - b.length;
}

/** Nodes with label and rank (place by id), and the members of each strongly connected part. */
function prepare(report) {
  const nodes = report.nodes.map((node, index) => {
    return { ...node, index, label: node.title || node.id || "(no name)" };
  });
  const byId = [...nodes].sort((a, b) => compareIds(a.id, b.id) || a.index - b.index);
  const parts = new Map();
  byId.forEach((node, rank) => {
    node.rank = rank;
    if (node.part === null || node.part === undefined) return;
    if (!parts.has(node.part)) parts.set(node.part, []);
    parts.get(node.part).push(node);
  });
  return { report, nodes, parts };
}

/** The report seen through one asset. */
function assetView(model, assetIndex) {
  const { report, nodes } = model;
  const of = (list) => sum(list.filter((x) => x.asset === assetIndex).map((x) => BigInt(x.amount)));
  const links = report.links
    .filter((link) => link.asset === assetIndex && BigInt(link.amount) > 0n)
    .map(({ from, to, amount, kind }) => {
      return { from: nodes[from], to: nodes[to], amount: BigInt(amount), kind };
    });
  const payouts = report.payouts
    .filter((payout) => payout.asset === assetIndex)
    .map((payout) => ({ ...payout, node: nodes[payout.node], amount: BigInt(payout.amount) }))
    .sort((a, b) => compareBig(b.amount, a.amount) || a.node.rank - b.node.rank);
  payouts.forEach((payout, place) => {
    payout.place = place + 1;
  });
  const asset = report.assets[assetIndex];
  const totals = Object.fromEntries(
    Object.entries(asset.totals).map(([name, units]) => [name, BigInt(units)]),
  );
  const rest = report.rest
    ? { recipients: report.rest.recipients, amount: of(report.rest.amounts) }
    : null;
  const money = nodes.map((node) => ({
    inflow: of(node.inflow),
    paid_out: of(node.paid_out),
    retained: of(node.retained),
    unspent: of(node.unspent),
  }));
  return { index: assetIndex, asset, totals, links, payouts, rest, money };
}

function compareBig(a, b) {
  return a < b ? -1 : a > b ? 1 : 0;
}

/**
 * Boxes and bands for the drawing.
 * `top`: boxes kept one by one per kind. `focus`: node index, or null. `hide`: leave out the
 * largest recipient. A band has its booked `amount` and the `flow` (a Number) that gives its width.
 */
function buildFlow(model, view, { top = 20, focus = null, hide = false } = {}) {
  const { units, unitOf } = collapse(model, view);
  const bands = gatherBands(view.links, unitOf);
  markLayers(units, bands);
  const largest = dominant(units);
  const hidden = hide && focus === null ? largest : null;
  const focused = focus === null ? null : unitOf[focus];
  if (focused) keepThrough(units, bands, focused);
  else if (hidden) dropUpstream(units, bands, hidden);
  const shown = bands.filter((band) => band.flow > 0);
  const boxes = mergeRest(units, shown, top, focused);
  return { ...boxes, largest, hidden, focused };
}

/** One unit per node, or per strongly connected part with several members. */
function collapse(model, view) {
  const units = [];
  const unitOf = [];
  for (const node of model.nodes) {
    if (unitOf[node.index]) continue;
    const inPart = node.part !== null && node.part !== undefined;
    const members = inPart ? model.parts.get(node.part) : [node];
    const unit = newBox(`n${members[0].index}`, members);
    unit.cyclic = inPart;
    if (members.length > 1) {
      unit.kind = "part";
      unit.label = `Cycle of ${members.length}: ${members.map((m) => m.label).join(", ")}`;
    }
    for (const member of members) {
      unitOf[member.index] = unit;
      addMoney(unit, view.money[member.index]);
    }
    units.push(unit);
  }
  units.sort((a, b) => a.rank - b.rank);
  return { units, unitOf };
}

function newBox(key, members) {
  const [lead] = members;
  return {
    key,
    members,
    kind: lead.kind,
    label: lead.label,
    rank: lead.rank,
    cyclic: false,
    rest: false,
    count: members.reduce((count, node) => count + Number(node.merged ?? 1), 0),
    merged: members.some((node) => node.merged),
    layer: 0,
    keep: 1,
    inner: 0n,
    inflow: 0n,
    paid_out: 0n,
    retained: 0n,
    unspent: 0n,
    retainedSize: 0,
    unspentSize: 0,
  };
}

function addMoney(box, money) {
  for (const name of ["inflow", "paid_out", "retained", "unspent"]) box[name] += money[name];
}

/** Links between units, added up per (from, to, kind); links inside a unit only count as inner. */
function gatherBands(links, unitOf) {
  const bands = new Map();
  for (const link of links) {
    const from = unitOf[link.from.index];
    const to = unitOf[link.to.index];
    if (from === to && link.kind !== "delayed") from.inner += link.amount;
    else addBand(bands, from, to, link.kind, link.amount, 0, 1);
  }
  for (const unit of new Set(unitOf)) takeInner(unit, unit.inner);
  for (const band of bands.values()) band.size = band.flow = Number(band.amount);
  return [...bands.values()].sort((a, b) => a.from.rank - b.from.rank || a.to.rank - b.to.rank);
}

/** What moves inside a box neither enters nor leaves it. */
function takeInner(box, amount) {
  box.inflow -= amount;
  box.paid_out -= amount;
}

function addBand(bands, from, to, kind, amount, flow, links) {
  const key = `${from.key} ${to.key} ${kind}`;
  const band = bands.get(key) ?? { key, from, to, kind, amount: 0n, flow: 0, size: 0, links: 0 };
  band.amount += amount;
  band.flow += flow;
  band.links += links;
  bands.set(key, band);
}

/** Layer = longest way from a start; bands that would close a circle are marked `back`. */
function markLayers(units, bands) {
  for (const unit of units) Object.assign(unit, { into: [], outOf: [], state: 0, waiting: 0 });
  for (const band of bands) {
    if (band.kind !== "delayed") band.from.outOf.push(band);
  }
  const starts = units.filter((unit) => unit.kind === "source");
  for (const unit of [...starts, ...units]) markBackBands(unit);
  for (const unit of units) unit.outOf = unit.outOf.filter((band) => !band.back);
  for (const unit of units) for (const band of unit.outOf) band.to.into.push(band);
  for (const unit of units) unit.waiting = unit.into.length;
  const ready = units.filter((unit) => unit.waiting === 0);
  for (let i = 0; i < ready.length; i += 1) {
    for (const { to } of ready[i].outOf) {
      to.layer = Math.max(to.layer, ready[i].layer + 1);
      to.waiting -= 1;
      if (to.waiting === 0) ready.push(to);
    }
  }
  const ends = units.filter((unit) => unit.kind === "recipient" && unit.outOf.length === 0);
  const last = units.reduce((most, unit) => Math.max(most, unit.layer), 0);
  for (const unit of ends) unit.layer = last;
  for (const unit of units) {
    unit.inSize = unit.into.reduce((total, band) => total + band.size, 0);
    unit.outSize = unit.outOf.reduce((total, band) => total + band.size, 0);
  }
}

/** Depth-first without recursion, so that long chains do not exhaust the stack. */
function markBackBands(start) {
  if (start.state) return;
  const path = [{ unit: start, next: 0 }];
  start.state = 1;
  while (path.length) {
    const step = path[path.length - 1];
    const band = step.unit.outOf[step.next];
    step.next += 1;
    if (!band) {
      step.unit.state = 2;
      path.pop();
    } else if (band.to.state === 1) {
      band.back = true;
    } else if (band.to.state === 0) {
      band.to.state = 1;
      path.push({ unit: band.to, next: 0 });
    }
  }
}

/** The recipient with the most money, if there are others beside it. */
function dominant(units) {
  const recipients = units.filter((unit) => unit.kind === "recipient" && unit.inSize > 0);
  if (recipients.length < 2) return null;
  return recipients
    .filter((unit) => !unit.merged)
    .reduce((best, unit) => (best && best.inSize >= unit.inSize ? best : unit), null);
}

/** How much of each band ends in `unit` when every box mixes its inflows in proportion. */
function upstreamOf(units, unit) {
  const taken = new Map();
  const need = new Map([[unit, unit.inSize]]);
  for (const at of [...units].sort((a, b) => b.layer - a.layer)) {
    const amount = need.get(at);
    if (!amount || !at.inSize) continue;
    for (const band of at.into) {
      const part = amount * (band.size / at.inSize);
      taken.set(band, part);
      need.set(band.from, (need.get(band.from) ?? 0) + part);
    }
  }
  return taken;
}

/** How much of each band comes out of `unit`; sets the share each box below keeps. */
function downstreamOf(units, unit) {
  const given = new Map();
  const share = new Map([[unit, 1]]);
  for (const at of [...units].sort((a, b) => a.layer - b.layer)) {
    if (at !== unit) {
      const arrived = at.into.reduce((total, band) => total + (given.get(band) ?? 0), 0);
      if (!arrived) continue;
      share.set(at, Math.min(1, arrived / at.inSize));
    }
    for (const band of at.outOf) given.set(band, band.size * share.get(at));
  }
  return { given, share };
}

/** Narrows every band to the part that passes through `unit`. */
function keepThrough(units, bands, unit) {
  const taken = upstreamOf(units, unit);
  const { given, share } = downstreamOf(units, unit);
  for (const at of units) at.keep = share.get(at) ?? 0;
  for (const band of bands) {
    const loop = band.back || band.kind === "delayed";
    const touches = band.from === unit || band.to === unit;
    if (loop) band.flow = touches ? band.size : 0;
    else band.flow = (taken.get(band) ?? 0) + (given.get(band) ?? 0);
  }
}

function dropUpstream(units, bands, unit) {
  const taken = upstreamOf(units, unit);
  for (const band of bands) {
    band.flow = band.to === unit ? 0 : Math.max(0, band.size - (taken.get(band) ?? 0));
    if (band.flow < band.size * 1e-9) band.flow = 0;
  }
}

/** Keeps the `top` largest boxes of each kind; the others of a kind and layer become one box. */
function mergeRest(units, bands, top, focused) {
  for (const unit of units) {
    unit.flow = { into: 0, outOf: 0 };
    unit.retainedSize = Number(unit.retained) * unit.keep;
    unit.unspentSize = Number(unit.unspent) * unit.keep;
  }
  for (const band of bands) {
    band.from.flow.outOf += band.flow;
    band.to.flow.into += band.flow;
  }
  const size = (unit) => Math.max(unit.flow.into, unit.flow.outOf);
  const used = units.filter((unit) => size(unit) > 0);
  const kinds = [["source"], ["neuron", "part"], ["recipient"]];
  const ranked = kinds.map((names) =>
    used
      .filter((unit) => names.includes(unit.kind))
      .sort((a, b) => a.merged - b.merged || size(b) - size(a) || a.rank - b.rank),
  );
  const stays = (unit, place) => (place < top && !unit.merged) || unit === focused;
  const kept = new Set(ranked.flatMap((list) => list.filter(stays)));
  const columnOf = columns(used, kept);
  const boxOf = new Map([...kept].map((unit) => [unit, unit]));
  ranked.forEach((list, index) => {
    const groups = new Map();
    for (const unit of list.filter((other) => !kept.has(other))) {
      if (!groups.has(columnOf(unit))) groups.set(columnOf(unit), []);
      groups.get(columnOf(unit)).push(unit);
    }
    for (const [column, group] of groups) restBox(kinds[index][0], column, group, boxOf);
  });
  const boxes = [...new Set(boxOf.values())];
  for (const box of boxes) box.column = columnOf(box);
  const merged = new Map();
  for (const band of bands) {
    const from = boxOf.get(band.from);
    const to = boxOf.get(band.to);
    if (from === to && from.rest) {
      from.inner += band.amount;
      takeInner(from, band.amount);
    } else addBand(merged, from, to, band.kind, band.amount, band.flow, band.links);
  }
  const drawn = [...merged.values()];
  for (const band of drawn)
    band.loop = band.kind === "delayed" || band.to.column <= band.from.column;
  return { boxes, bands: drawn, columnCount: columnOf.count };
}

function restBox(kind, column, group, boxOf) {
  if (group.length === 1 && !group[0].merged) {
    boxOf.set(group[0], group[0]);
    return;
  }
  const box = newBox(
    `rest ${kind} ${column}`,
    group.flatMap((unit) => unit.members),
  );
  const [lead] = group;
  Object.assign(box, { kind, rest: true, layer: lead.layer, cyclic: false });
  box.label = `${groupDigits(String(box.count))} other ${kind}s`;
  box.rank = Infinity;
  for (const unit of group) {
    addMoney(box, unit);
    box.inner += unit.inner;
    box.retainedSize += unit.retainedSize;
    box.unspentSize += unit.unspentSize;
    boxOf.set(unit, box);
  }
}

/**
 * Column of each unit: layers in use, without gaps. When there are very many, neighbouring layers
 * of which no unit is kept share a column, so that no band starts and ends in the same one.
 */
function columns(units, kept) {
  const layers = [...new Set(units.map((unit) => unit.layer))].sort((a, b) => a - b);
  const own = new Set([...kept].map((unit) => unit.layer));
  const last = layers[layers.length - 1];
  const place = new Map();
  layers.forEach((layer, index) => {
    const before = layers[index - 1];
    const shares =
      layers.length > MANY_COLUMNS &&
      index > 0 &&
      layer !== last &&
      !own.has(layer) &&
      !own.has(before);
    place.set(layer, index === 0 ? 0 : place.get(before) + (shares ? 0 : 1));
  });
  const columnOf = (unit) => place.get(unit.layer);
  columnOf.count = layers.length ? place.get(last) + 1 : 0;
  return columnOf;
}
