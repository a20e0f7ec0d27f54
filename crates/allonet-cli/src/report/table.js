// The tables: the same data as the drawing, to search, sort, copy and download.

const FIRST_ROWS = 25;
const MORE_ROWS = 200;
const MOST_SOURCE_COLUMNS = 3;

/**
 * The three tables. A column has title, `value(row)` to sort by (BigInt, Number or string),
 * `cell(row)` for the page, and optionally `csv(row)`; `num` aligns it right.
 */
function tableOf(name, page) {
  const { view } = page;
  if (name === "recipients") return recipientTable(page);
  if (name === "links") return linkTable(page);
  const rows = page.model.nodes
    .filter((node) => node.kind !== "recipient" && throughput(view.money[node.index]) > 0n)
    .map((node) => ({ node, ...view.money[node.index] }))
    .sort((a, b) => KIND_ORDER[a.node.kind] - KIND_ORDER[b.node.kind] || a.node.rank - b.node.rank);
  return {
    rows,
    search: (row) => `${row.node.id} ${row.node.label} ${row.node.mechanism ?? ""}`,
    columns: [
      nodeColumn("Name", (row) => row.node, page),
      { title: "Kind", css: "wide", value: (row) => row.node.mechanism ?? row.node.kind },
      moneyColumn("In", (row) => row.inflow, page, { share: true }),
      moneyColumn("Passed on", (row) => row.paid_out, page, { css: "wide" }),
      moneyColumn("Retained", (row) => row.retained, page, { css: "wide" }),
      moneyColumn("Unspent", (row) => row.unspent, page, { css: "wide" }),
    ],
  };
}

const KIND_ORDER = { source: 0, neuron: 1, recipient: 2 };

function recipientTable(page) {
  const { view, model } = page;
  const used = new Set(
    view.payouts.flatMap((payout) => payout.sources.map((share) => share.source)),
  );
  const sources = model.nodes
    .filter((node) => used.has(node.index))
    .sort((a, b) => a.rank - b.rank);
  const from = (row, node) =>
    sum(row.sources.filter((s) => s.source === node.index).map((s) => BigInt(s.amount)));
  const columns = [
    { title: "#", num: true, value: (row) => row.place, csvTitle: "rank" },
    nodeColumn("Recipient", (row) => row.node, page),
    moneyColumn("Amount", (row) => row.amount, page, { share: true }),
    {
      title: "Share of paid",
      num: true,
      css: "wide",
      value: (row) => row.amount,
      cell: (row) => shareBar(row.amount, view.totals.paid, view.payouts[0].amount),
      csv: (row) => formatShare(row.amount, view.totals.paid),
    },
  ];
  if (view.payouts.some((payout) => payout.arrivals.length)) {
    columns.push({ title: "Paid by", css: "wide", value: (row) => payers(row, model) });
  }
  if (sources.length > 1 && sources.length <= MOST_SOURCE_COLUMNS) {
    for (const node of sources)
      columns.push(
        moneyColumn(`From ${node.label}`, (row) => from(row, node), page, { css: "wide" }),
      );
  } else if (sources.length > 1) {
    columns.push({
      title: "Main source",
      css: "wide",
      value: (row) => mainSource(row, model),
      csvTitle: "sources",
      csv: (row) => row.sources.map((s) => `${model.nodes[s.source].id}=${s.amount}`).join("; "),
    });
  }
  const listed = sum(view.payouts.map((payout) => payout.amount));
  const total = listed + (view.rest?.amount ?? 0n);
  return {
    rows: view.payouts,
    columns,
    search: (row) => `${row.node.id} ${row.node.label}`,
    after:
      view.rest && view.rest.recipients > 0
        ? [
            `${groupDigits(String(view.rest.recipients))} more recipients, not listed in this file`,
            view.rest.amount,
          ]
        : null,
    total: { amount: total, agrees: total === view.totals.paid, column: 2 },
  };
}

function payers(row, model) {
  const paid = new Map();
  for (const { from, amount } of row.arrivals)
    paid.set(from, (paid.get(from) ?? 0n) + BigInt(amount));
  const [first, ...others] = [...paid].sort((a, b) => compareBig(b[1], a[1]) || a[0] - b[0]);
  if (!first) return DASH;
  return `${model.nodes[first[0]].label}${others.length ? ` and ${plural(others.length, "other")}` : ""}`;
}

function mainSource(row, model) {
  const best = row.sources.reduce(
    (a, b) => (BigInt(b.amount) > BigInt(a?.amount ?? -1) ? b : a),
    null,
  );
  if (!best) return DASH;
  return `${model.nodes[best.source].label}, ${formatShare(BigInt(best.amount), row.amount)}`;
}

function linkTable(page) {
  const { links } = page.view;
  const most = links.reduce((best, link) => (link.amount > best ? link.amount : best), 0n);
  const words = { value: "by rule", pinch: "pinch", delayed: "later epoch" };
  return {
    rows: [...links].sort((a, b) => a.from.rank - b.from.rank || a.to.rank - b.to.rank),
    search: (row) =>
      `${row.from.id} ${row.from.label} → ${row.to.label} ${row.to.id} ${words[row.kind]}`,
    columns: [
      nodeColumn("From", (row) => row.from, page),
      nodeColumn("To", (row) => row.to, page),
      { title: "Kind", css: "wide", value: (row) => words[row.kind] },
      moneyColumn("Amount", (row) => row.amount, page, { share: true }),
      {
        title: "Share of all",
        num: true,
        css: "wide",
        value: (row) => row.amount,
        cell: (row) => shareBar(row.amount, page.view.totals.brought_in, most),
        csv: (row) => formatShare(row.amount, page.view.totals.brought_in),
      },
    ],
  };
}

function nodeColumn(title, node, page) {
  const cell = (row) => {
    const { id, label, index } = node(row);
    const name = el(
      "button",
      { type: "button", class: "name", onclick: () => page.openNode(index) },
      label,
    );
    return id === label ? name : [name, el("span", { class: "id" }, id)];
  };
  const id = (row) => node(row).id;
  return {
    title,
    css: "text",
    value: (row) => node(row).label,
    cell,
    csv: (row) => node(row).label,
    csvTitle: title,
    extra: [`${title} id`, id],
  };
}

function moneyColumn(title, amount, page, { css = "", share = false } = {}) {
  const { asset, totals } = page.view;
  return {
    title,
    num: true,
    css: `money ${css}`,
    value: amount,
    cell: (row) => [
      exactSpan(amount(row), asset, page.digits),
      share
        ? el("span", { class: "under narrow" }, formatShare(amount(row), totals.brought_in))
        : null,
    ],
    csv: (row) => formatUnits(amount(row), asset.decimals).replaceAll(",", ""),
    csvTitle: `${title} ${asset.symbol}`,
    extra: [`${title} base units`, amount],
  };
}

/** The amount at list precision, with the exact one in the title when digits were cut. */
function exactSpan(units, asset, digits) {
  const text = formatUnits(units, asset.decimals, digits);
  const exact = formatUnits(units, asset.decimals);
  const cut = BigInt(units) % 10n ** BigInt(asset.decimals - digits) !== 0n;
  return el("span", { title: cut ? `${exact} ${asset.symbol}` : null }, ...breakable(text));
}

function shareBar(part, whole, largest) {
  const width = `${(100 * ratio(part, largest)).toFixed(2)}%`;
  return el(
    "span",
    { class: "share" },
    el("span", { class: "bar" }, el("span", { style: { width } })),
    el("span", { class: "percent" }, formatShare(part, whole)),
  );
}

/** Rows after search and sort. */
function pickRows(table, { query, sort, link }) {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  let rows = table.rows;
  if (link)
    rows = rows.filter(
      (row) => link.from.has(row.from.index) && link.to.has(row.to.index) && row.kind === link.kind,
    );
  if (words.length) {
    rows = rows.filter((row) => {
      const text = table.search(row).toLowerCase();
      return words.every((word) => text.includes(word));
    });
  }
  if (!sort) return rows;
  const { value } = table.columns[sort.column];
  const compare = (a, b) => (typeof a === "string" ? compareIds(a, b) : compareBig(a, b));
  return [...rows].sort((a, b) => sort.sign * compare(value(a), value(b)));
}

function drawTable(host, table, rows, page, { sort, limit, caption, onSort }) {
  const head = el(
    "tr",
    {},
    table.columns.map((column, index) => {
      const active = sort?.column === index;
      const mark = active ? (sort.sign > 0 ? "▲" : "▼") : "";
      return el(
        "th",
        {
          scope: "col",
          class: `${column.css ?? ""}${column.num ? " num" : ""}`,
          "aria-sort": active ? (sort.sign > 0 ? "ascending" : "descending") : null,
        },
        el(
          "button",
          { type: "button", onclick: () => onSort(index) },
          column.title,
          el("span", { class: "mark", "aria-hidden": "true" }, mark),
        ),
      );
    }),
  );
  const body = rows.slice(0, limit).map((row) =>
    el(
      "tr",
      {},
      table.columns.map((column) => {
        const content = column.cell ? column.cell(row) : String(column.value(row));
        return el("td", { class: `${column.css ?? ""}${column.num ? " num" : ""}` }, content);
      }),
    ),
  );
  const foot = table.total ? footRows(table, page) : [];
  host.replaceChildren(
    el(
      "table",
      {},
      el("caption", { class: "away" }, caption),
      el("thead", {}, head),
      el("tbody", {}, body),
      foot.length ? el("tfoot", {}, foot) : null,
    ),
  );
}

function footRows(table, page) {
  const { asset } = page.view;
  const row = (label, amount, css) =>
    el(
      "tr",
      { class: css },
      el("td", {}),
      el("th", { scope: "row" }, label),
      el("td", { class: "num money" }, exactSpan(amount, asset, page.digits)),
      table.columns.slice(3).map((column) => el("td", { class: column.css })),
    );
  const rows = table.after ? [row(...table.after, "after")] : [];
  const { amount, agrees } = table.total;
  rows.push(
    row(
      agrees ? "Total, equal to all money paid" : "Total, which differs from all money paid",
      amount,
      agrees ? "total" : "total wrong",
    ),
  );
  return rows;
}

/** Heads and cells as text, for CSV and for pasting into a sheet. */
function tableCells(table, rows) {
  const columns = table.columns.flatMap((column) => {
    const main = { title: column.csvTitle ?? column.title, get: column.csv ?? column.value };
    return column.extra ? [main, { title: column.extra[0], get: column.extra[1] }] : [main];
  });
  return [columns.map((c) => c.title), ...rows.map((row) => columns.map((c) => c.get(row)))];
}

function toCsv(cells) {
  return cells.map((row) => `${row.map(csvCell).join(",")}\r\n`).join("");
}

function toTabs(cells) {
  return cells
    .map((row) => row.map((cell) => csvCell(cell).replace(/[\t\r\n]+/g, " ")).join("\t"))
    .join("\n");
}
