// What neurons show beside their payouts: tables, with intervals drawn where a row has them.

/** A number short enough to read: four significant digits, thousands grouped. */
function shortNumber(value) {
  if (Number.isInteger(value) && Math.abs(value) < 1e15) return value.toLocaleString("en-US");
  const size = Math.abs(value);
  if (size >= 1e6 || size < 1e-4) return value.toExponential(2);
  return value.toLocaleString("en-US", { maximumSignificantDigits: 4 });
}

/** Where a table has an interval: places of low, high and the column before them, and the scale. */
function intervalOf({ columns, rows }) {
  const low = columns.indexOf("low");
  const high = columns.indexOf("high");
  if (low < 1 || high < 0) return null;
  const middle = Math.min(low, high) - 1;
  const ends = rows.flatMap((row) => [row[low], row[high]]).filter((x) => typeof x === "number");
  if (!ends.length) return null;
  const from = Math.min(0, ...ends);
  const to = Math.max(...ends);
  return to > from ? { low, high, middle, from, to } : null;
}

/** Shares of the drawing's width for one row, or null where a cell is no number. */
function intervalShares(row, interval) {
  const { low, high, middle, from, to } = interval;
  const cells = [row[low], row[middle], row[high]];
  if (!cells.every((cell) => typeof cell === "number")) return null;
  return cells.map((cell) => (cell - from) / (to - from));
}

function intervalBar(row, interval) {
  const shares = intervalShares(row, interval);
  if (!shares) return "";
  const [low, middle, high] = shares.map((share) => 2 + share * 116);
  return svg(
    "svg",
    { width: 120, height: 12, viewBox: "0 0 120 12", "aria-hidden": "true", class: "interval" },
    svg("line", { x1: low, x2: high, y1: 6, y2: 6 }),
    svg("circle", { cx: middle, cy: 6, r: 3 }),
  );
}

const EXHIBIT_ROWS = 12;

function exhibitTable(exhibit) {
  const interval = intervalOf(exhibit);
  const figures = exhibit.columns.map((_, at) =>
    exhibit.rows.some((row) => typeof row[at] === "number"),
  );
  const head = exhibit.columns.map((name, at) =>
    el("th", { scope: "col", class: figures[at] ? "num" : null }, name),
  );
  if (interval) head.push(el("th", { scope: "col" }, el("span", { class: "away" }, "interval")));
  const line = (row) => {
    const cells = row.map((cell, at) =>
      typeof cell === "number"
        ? el("td", { class: "num", title: String(cell) }, shortNumber(cell))
        : el("td", { class: figures[at] ? "num" : "prose" }, cell),
    );
    if (interval) cells.push(el("td", {}, intervalBar(row, interval)));
    return el("tr", {}, cells);
  };
  const body = el("tbody", {}, exhibit.rows.slice(0, EXHIBIT_ROWS).map(line));
  const rest = exhibit.rows.length - EXHIBIT_ROWS;
  const more =
    rest > 0
      ? el("button", { type: "button", class: "button quiet" }, `Show ${plural(rest, "more row")}`)
      : null;
  more?.addEventListener("click", () => {
    body.append(...exhibit.rows.slice(EXHIBIT_ROWS).map(line));
    more.remove();
  });
  const table = el("table", { class: "small" }, el("thead", {}, el("tr", {}, head)), body);
  return [scroller(exhibit.title, table), more];
}

function drawExhibits(report) {
  const section = byId("exhibits");
  section.hidden = report.exhibits.length === 0;
  if (section.hidden) return;
  section.append(
    ...report.exhibits.map((exhibit) => {
      const node = page.model.nodes[exhibit.node];
      return el(
        "article",
        { class: "exhibit" },
        el("h3", {}, exhibit.title),
        el(
          "p",
          { class: "muted" },
          exhibit.about,
          node ? el("span", { class: "note" }, "Shown by ", nodeButton(node, page)) : null,
        ),
        exhibit.rows.length
          ? exhibitTable(exhibit)
          : el("p", { class: "empty" }, "Nothing: this table is empty."),
      );
    }),
  );
}
