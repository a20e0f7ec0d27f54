// The panel about one node: why a recipient got its amount, what a neuron does, what is in a cycle.

function nodePanel(node, page) {
  const { view, model } = page;
  const payout = view.payouts.find((entry) => entry.node === node);
  const members = model.parts.get(node.part);
  const blocks = [];
  if (payout) blocks.push(...payoutBlocks(payout, page));
  else if (node.kind === "recipient") {
    blocks.push(
      el(
        "p",
        { class: "empty" },
        `No ${view.asset.symbol} payout to ${node.label} is listed in this report.`,
      ),
    );
  }
  if (node.kind !== "recipient") blocks.push(ledgerBlock(view.money[node.index], node.kind, page));
  if (node.rule) blocks.push(section("Rule", el("p", { class: "rule" }, node.rule)));
  if (members) blocks.push(...insideBlocks(members, page));
  blocks.push(...linkBlocks([node], page));
  const subtitle = [KIND_NAME[node.kind], node.mechanism, node.id].filter(Boolean).join(" · ");
  return { title: node.label, subtitle, blocks, linked: true };
}

/** The inside view of a cycle: its members, what moves between them, and its edges to the rest. */
function partPanel(members, page) {
  const list = members.map((node) =>
    el(
      "li",
      {},
      el("span", { class: "what" }, nodeButton(node, page)),
      el(
        "span",
        { class: "num" },
        ...breakable(page.text.list(page.view.money[node.index].inflow)),
      ),
    ),
  );
  return {
    title: `Cycle of ${members.length}`,
    subtitle:
      "These nodes pay each other, directly or over others, so the drawing shows them as one box.",
    blocks: [
      ...insideBlocks(members, page),
      section("Members, with all that entered them", el("ol", { class: "pairs" }, list)),
      ...linkBlocks(members, page),
    ],
    linked: false,
  };
}

function section(title, ...content) {
  return el("section", {}, el("h3", {}, title), ...content);
}

function payoutBlocks(payout, page) {
  const { view, text } = page;
  const arrivals = [...payout.arrivals]
    .map((arrival) => ({
      ...arrival,
      from: page.model.nodes[arrival.from],
      amount: BigInt(arrival.amount),
    }))
    .sort((a, b) => a.epoch - b.epoch || a.from.rank - b.from.rank);
  const head = el(
    "div",
    { class: "figure" },
    el("p", { class: "big" }, ...breakable(text.exact(payout.amount))),
    el(
      "p",
      { class: "muted" },
      `Rank ${groupDigits(String(payout.place))} of ${plural(view.payouts.length + Number(view.rest?.recipients ?? 0), "recipient")}, ` +
        `${formatShare(payout.amount, view.totals.paid)} of all ${view.asset.symbol} paid`,
    ),
  );
  const blocks = [head];
  const epochs = new Set(arrivals.map((arrival) => arrival.epoch));
  if (epochs.size > 1 && epochs.size <= 12)
    blocks.push(section("Arrivals by neuron and epoch", arrivalMatrix(arrivals, page)));
  if (arrivals.length) {
    blocks.push(
      section(
        "How the amount came about",
        ...arrivals.map((arrival, i) =>
          arrivalBlock(arrival, i === 0 || arrivals.length <= 3, payout, page),
        ),
        sumLine(
          sum(arrivals.map((a) => a.amount)),
          payout.amount,
          plural(arrivals.length, "arrival"),
          page,
        ),
      ),
    );
  }
  if (payout.sources.length) blocks.push(sourceBlock(payout, page));
  return blocks;
}

function arrivalBlock(arrival, open, payout, page) {
  const summary = el(
    "summary",
    {},
    el(
      "span",
      { class: "grow" },
      arrival.from.label,
      page.model.report.epochs > 1
        ? el("span", { class: "muted" }, ` epoch ${arrival.epoch}`)
        : null,
    ),
    el("span", { class: "num" }, ...breakable(page.text.exact(arrival.amount))),
  );
  const rule = arrival.from.rule ? el("p", { class: "rule" }, arrival.from.rule) : null;
  const steps = arrival.steps.map((step) => ({ ...step, amount: BigInt(step.amount) }));
  const body = steps.length
    ? waterfall(steps, arrival.amount, page)
    : [
        el(
          "p",
          { class: "muted" },
          arrival.from.kind === "source"
            ? "Paid directly by the source."
            : "This rule gives no single steps.",
        ),
      ];
  const said = (arrival.said ?? []).map(sayingBlock);
  return el("details", { open, class: "arrival" }, summary, rule, ...body, ...said);
}

/** What the rule, or a signal it heard, says of the recipient. */
function sayingBlock({ from, score, reasons }) {
  return el(
    "div",
    { class: "saying" },
    el("p", {}, "Said by ", el("strong", {}, from), score ? `: ${score}` : null),
    reasons.length ? el("ul", {}, ...reasons.map((reason) => el("li", {}, reason))) : null,
  );
}

/** One bar per step, each starting where the one before ended. */
function waterfall(steps, amount, page) {
  let at = 0n;
  const spans = steps.map((step) => {
    const span = { ...step, start: at, end: at + step.amount };
    at = span.end;
    return span;
  });
  const edges = spans.flatMap((span) => [span.start, span.end, amount]).map(Number);
  const low = Math.min(0, ...edges);
  const width = Math.max(...edges, 0) - low || 1;
  const percent = (value) => `${((100 * (value - low)) / width).toFixed(3)}%`;
  const bar = (start, end, css) => {
    const [a, b] = [Number(start), Number(end)].sort((x, y) => x - y);
    return el(
      "span",
      { class: "track", "aria-hidden": "true" },
      el("span", {
        class: `bar ${css}`,
        style: { left: percent(a), width: `${((100 * (b - a)) / width).toFixed(3)}%` },
      }),
    );
  };
  const digits = exactDigits(
    [amount, ...steps.map((step) => step.amount)],
    page.view.asset.decimals,
  );
  const signed = (units) => (units > 0n ? "+" : "") + page.text.plain(units, digits);
  const rows = spans.map((span) =>
    el(
      "li",
      {},
      el(
        "span",
        { class: "what" },
        span.label,
        span.note ? el("span", { class: "note" }, span.note) : null,
      ),
      bar(span.start, span.end, span.amount < 0n ? "minus" : "plus"),
      el("span", { class: "num" }, ...breakable(signed(span.amount))),
    ),
  );
  rows.push(
    el(
      "li",
      { class: "result" },
      el("span", { class: "what" }, "Amount"),
      bar(0n, amount, "all"),
      el("span", { class: "num" }, ...breakable(page.text.plain(amount, digits))),
    ),
  );
  return [
    el("ol", { class: "waterfall" }, rows),
    sumLine(at, amount, plural(steps.length, "step"), page),
  ];
}

/** "3 steps add up to 1,200.00 USDC exactly", or by how much they do not. */
function sumLine(total, amount, what, page) {
  const verb = /^1 /.test(what) ? "adds" : "add";
  if (total === amount)
    return el(
      "p",
      { class: "check good" },
      `✓ ${what} ${verb} up to ${page.text.exact(amount)} exactly`,
    );
  return el(
    "p",
    { class: "check bad" },
    `✗ ${what} ${verb} up to ${page.text.exact(total)}, not to ${page.text.exact(amount)}`,
  );
}

function arrivalMatrix(arrivals, page) {
  const epochs = [...new Set(arrivals.map((a) => a.epoch))];
  const neurons = [...new Set(arrivals.map((a) => a.from))].sort((a, b) => a.rank - b.rank);
  const cell = (pick) =>
    el("td", { class: "num" }, page.text.list(sum(arrivals.filter(pick).map((a) => a.amount))));
  return scroller(
    "Arrivals by neuron and epoch",
    el(
      "table",
      { class: "small" },
      el(
        "thead",
        {},
        el(
          "tr",
          {},
          el("th", { scope: "col" }, "Paid by"),
          epochs.map((epoch) => el("th", { scope: "col", class: "num" }, `Epoch ${epoch}`)),
          el("th", { scope: "col", class: "num" }, "All"),
        ),
      ),
      el(
        "tbody",
        {},
        neurons.map((neuron) =>
          el(
            "tr",
            {},
            el("th", { scope: "row" }, neuron.label),
            epochs.map((epoch) => cell((a) => a.from === neuron && a.epoch === epoch)),
            cell((a) => a.from === neuron),
          ),
        ),
      ),
    ),
  );
}

function scroller(label, ...content) {
  return el(
    "div",
    { class: "scroll", tabindex: 0, role: "region", "aria-label": label },
    ...content,
  );
}

function sourceBlock(payout, page) {
  const shares = payout.sources
    .map((share) => ({ node: page.model.nodes[share.source], amount: BigInt(share.amount) }))
    .sort((a, b) => compareBig(b.amount, a.amount) || a.node.rank - b.node.rank);
  const digits = exactDigits(
    shares.map((share) => share.amount),
    page.view.asset.decimals,
  );
  const list = shares.map(({ node, amount }) =>
    el(
      "li",
      {},
      el("span", { class: "what" }, nodeButton(node, page)),
      el(
        "span",
        { class: "track", "aria-hidden": "true" },
        el("span", {
          class: "bar source",
          style: { left: "0", width: `${100 * ratio(amount, payout.amount)}%` },
        }),
      ),
      el(
        "span",
        { class: "num" },
        ...breakable(page.text.plain(amount, digits)),
        el("span", { class: "note" }, formatShare(amount, payout.amount)),
      ),
    ),
  );
  return section(
    "Where the money came from",
    el("ol", { class: "waterfall" }, list),
    sumLine(
      sum(shares.map((share) => share.amount)),
      payout.amount,
      plural(shares.length, "source"),
      page,
    ),
  );
}

function nodeButton(node, page) {
  return el(
    "button",
    { type: "button", class: "name", onclick: () => page.openNode(node.index) },
    node.label,
  );
}

function ledgerBlock(money, kind, page) {
  const rows = [
    [kind === "source" ? "Brought in" : "In", money.inflow],
    ["Passed on", money.paid_out],
    ["Retained", money.retained],
    ["Unspent", money.unspent],
  ];
  const digits = exactDigits(
    rows.map(([, units]) => units),
    page.view.asset.decimals,
  );
  return section(
    `Its ${page.view.asset.symbol}`,
    el(
      "dl",
      { class: "ledger" },
      rows.map(([name, units]) =>
        el(
          "div",
          {},
          el("dt", {}, name),
          el("dd", { class: "num" }, ...breakable(page.text.plain(units, digits))),
        ),
      ),
    ),
  );
}

/** A cycle from inside: who pays whom, as a matrix when small, and what passes through. */
function insideBlocks(members, page) {
  const inside = new Set(members);
  const links = page.view.links.filter(
    (link) => inside.has(link.from) && inside.has(link.to) && link.kind !== "delayed",
  );
  const title = members.length > 1 ? `Inside the cycle of ${members.length}` : "Pays itself";
  if (!links.length)
    return [
      section(
        title,
        el("p", { class: "empty" }, `No ${page.view.asset.symbol} moves between its members.`),
      ),
    ];
  if (members.length <= 8 && members.length > 1)
    return [section(title, insideMatrix(members, links, page))];
  return [section(title, linkList(links, page))];
}

function insideMatrix(members, links, page) {
  const most = links.reduce((best, link) => (link.amount > best ? link.amount : best), 0n);
  const cell = (from, to) => {
    const amount = sum(
      links.filter((link) => link.from === from && link.to === to).map((link) => link.amount),
    );
    const tint = `${Math.round(8 + 40 * ratio(amount, most))}%`;
    return amount
      ? el("td", { class: "num tinted", style: { "--tint": tint } }, page.text.list(amount))
      : el("td", { class: "num muted" }, "·");
  };
  return scroller(
    "Money inside the cycle",
    el(
      "table",
      { class: "small matrix" },
      el(
        "thead",
        {},
        el(
          "tr",
          {},
          el("th", { scope: "col" }, "From ↓ to →"),
          members.map((to) => el("th", { scope: "col", class: "num" }, to.label)),
        ),
      ),
      el(
        "tbody",
        {},
        members.map((from) =>
          el(
            "tr",
            {},
            el("th", { scope: "row" }, nodeButton(from, page)),
            members.map((to) => cell(from, to)),
          ),
        ),
      ),
    ),
  );
}

/** Who pays the node (or the members of a cycle, from outside), and whom it pays. */
function linkBlocks(members, page) {
  const inside = new Set(members);
  const alone = members.length === 1;
  const of = (here, there) =>
    page.view.links.filter((link) => inside.has(link[here]) && (alone || !inside.has(link[there])));
  return [
    ["Paid by", of("to", "from"), "from"],
    ["Pays", of("from", "to"), "to"],
  ]
    .filter(([, list]) => list.length)
    .map(([title, list, end]) =>
      section(
        alone ? title : `${title}, outside the cycle`,
        linkList(list, page, alone ? end : null),
      ),
    );
}

const LINK_ROWS = 50;

/** Largest links first; `end` shows only that end of each. */
function linkList(links, page, end = null) {
  const ordered = [...links].sort(
    (a, b) => compareBig(b.amount, a.amount) || a.from.rank - b.from.rank || a.to.rank - b.to.rank,
  );
  const words = { pinch: "pinch", delayed: "later epoch", value: null };
  const rows = ordered
    .slice(0, LINK_ROWS)
    .map((link) =>
      el(
        "li",
        {},
        el(
          "span",
          { class: "what" },
          end
            ? nodeButton(link[end], page)
            : [nodeButton(link.from, page), " → ", nodeButton(link.to, page)],
          words[link.kind] ? el("span", { class: "note" }, words[link.kind]) : null,
        ),
        el("span", { class: "num" }, ...breakable(page.text.list(link.amount))),
      ),
    );
  const more =
    links.length > LINK_ROWS
      ? el(
          "p",
          { class: "muted" },
          `and ${plural(links.length - LINK_ROWS, "more link")} in the table of flows`,
        )
      : null;
  return el("div", {}, el("ol", { class: "pairs" }, rows), more);
}
