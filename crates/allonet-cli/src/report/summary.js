// The page around the drawing and the tables: header, totals, checks, and how to verify.

function drawHeader(report) {
  const { network } = report;
  byId("engine").textContent = `${report.engine} · run report`;
  byId("name").textContent = network.title || network.name || "Untitled network";
  byId("description").textContent = network.description ?? "";
  byId("description").hidden = !network.description;
  const fact = (name, ...value) => el("div", {}, el("dt", {}, name), el("dd", {}, ...value));
  byId("facts").append(
    fact("Network", network.name),
    fact(
      "Run",
      el(
        "code",
        { title: report.run_id },
        `${report.run_id.slice(0, 12)}${report.run_id.length > 12 ? "…" : ""}`,
      ),
      copyButton("Copy", () => report.run_id),
    ),
    fact("Epochs", groupDigits(String(report.epochs))),
  );
  byId("foot").textContent =
    `Run ${report.run_id}. Made by ${report.engine}. This file is complete: it loads nothing and sends nothing.`;
  choices(
    byId("assets"),
    report.assets.map((asset, index) => [String(index), asset.symbol]),
    "0",
    (value) => chooseAsset(Number(value)),
  );
  byId("assets").hidden = report.assets.length < 2;
}

const WHERE = [
  ["paid", "paid"],
  ["retained", "retained"],
  ["unspent", "unspent"],
  ["in_flight", "in flight"],
];

function drawTotals() {
  const { asset, totals } = page.view;
  const digits = exactDigits(Object.values(totals), asset.decimals);
  const texts = (name) => formatUnits(totals[name], asset.decimals, digits);
  const term = (sign, name, words, css) =>
    el(
      "div",
      { class: css },
      el("dt", {}, el("span", { class: "sign", "aria-hidden": "true" }, sign), words),
      el(
        "dd",
        { class: "num" },
        ...breakable(texts(name)),
        css === "first" ? el("span", { class: "symbol" }, ` ${asset.symbol}`) : null,
      ),
    );
  const equation = byId("equation");
  equation.replaceChildren(
    term("", "brought_in", "brought in", "first"),
    ...WHERE.map(([name, words], i) =>
      term(i ? "+" : "=", name, words, `${name}${totals[name] ? "" : " none"}`),
    ),
  );
  const longest = Math.max(...Object.keys(totals).map((name) => texts(name).length));
  equation.classList.toggle("long", longest > 14);
  byId("stack").replaceChildren(
    ...WHERE.filter(([name]) => totals[name] > 0n).map(([name]) =>
      el("span", {
        class: name,
        style: { "flex-grow": String(Math.max(0.004, ratio(totals[name], totals.brought_in))) },
      }),
    ),
  );
  const gone = sum(WHERE.map(([name]) => totals[name]));
  const line = byId("conservation");
  const good = gone === totals.brought_in;
  const nothing = good && gone === 0n;
  line.className = `check ${nothing ? "" : good ? "good" : "bad"}`;
  line.textContent = nothing
    ? `No ${asset.symbol} was brought in.`
    : good
      ? `✓ Adds up exactly, to the last of ${asset.decimals} decimals`
      : `✗ Does not add up: ${page.text.exact(gone)} accounted for, ${page.text.exact(totals.brought_in)} brought in`;
  drawAllAssets();
}

/** With several assets, all conservation lines in one table. */
function drawAllAssets() {
  const { assets } = page.model.report;
  if (assets.length < 2) return;
  const list = (value, { decimals }, digits) => {
    const text = formatUnits(value, decimals, digits);
    return text.length > 20 ? compactUnits(value, decimals, digits) : text;
  };
  const row = (asset, index) => {
    const units = ["brought_in", ...WHERE.map(([name]) => name)].map((name) =>
      BigInt(asset.totals[name]),
    );
    const digits = listDigits(units[0], asset.decimals);
    const place = [asset.chain, asset.address].filter(Boolean).join(" ");
    return el(
      "tr",
      { class: index === state.asset ? "current" : null },
      el(
        "th",
        { scope: "row", title: place || null },
        asset.symbol,
        asset.chain ? el("span", { class: "id" }, asset.chain) : null,
      ),
      units.map((value) =>
        el(
          "td",
          { class: "num", title: formatUnits(value, asset.decimals) },
          list(value, asset, digits),
        ),
      ),
    );
  };
  byId("all-assets").replaceChildren(
    scroller(
      "All assets",
      el(
        "table",
        { class: "small" },
        el(
          "thead",
          {},
          el(
            "tr",
            {},
            ["Asset", "Brought in", "Paid", "Retained", "Unspent", "In flight"].map((name, i) =>
              el("th", { scope: "col", class: i ? "num" : null }, name),
            ),
          ),
        ),
        el("tbody", {}, assets.map(row)),
      ),
    ),
  );
}

function drawChecks(report) {
  const { promises, warnings } = report;
  const broken = promises.filter((promise) => !promise.held).length;
  const heading =
    promises.length === 0
      ? "None declared"
      : broken
        ? `${broken} of ${plural(promises.length, "promise")} broken`
        : `${promises.length === 1 ? "Held" : `All ${promises.length} held`}`;
  byId("checks").replaceChildren(
    card(
      "Promises",
      heading,
      broken ? "bad" : promises.length ? "good" : "",
      [...promises]
        .sort((a, b) => a.held - b.held)
        .map((promise) =>
          el(
            "li",
            {},
            el(
              "span",
              { class: `glyph ${promise.held ? "good" : "bad"}` },
              promise.held ? "✓" : "✗",
            ),
            el(
              "span",
              {},
              el("span", { class: "away" }, promise.held ? "Held: " : "Broken: "),
              promise.text,
              promise.detail ? el("span", { class: "note" }, promise.detail) : null,
            ),
          ),
        ),
      "The operator of this network declares no bounds.",
    ),
    card(
      "Warnings",
      warnings.length ? plural(warnings.length, "warning") : "None",
      warnings.length ? "warn" : "good",
      warnings.map((warning) => {
        const node = page.model.nodes[warning.node];
        return el(
          "li",
          {},
          el("span", { class: "glyph warn", "aria-hidden": "true" }, "!"),
          el(
            "span",
            {},
            warning.text,
            node ? el("span", { class: "note" }, nodeButton(node, page)) : null,
          ),
        );
      }),
      "Nothing needs a second look.",
    ),
  );
}

const CARD_ITEMS = 3;

function card(title, heading, css, items, empty) {
  const list = (part) => el("ul", { class: "items" }, part);
  return el(
    "article",
    { class: "card" },
    el("h2", {}, title),
    el("p", { class: `state ${css}` }, heading),
    items.length ? list(items.slice(0, CARD_ITEMS)) : el("p", { class: "empty" }, empty),
    items.length > CARD_ITEMS
      ? el(
          "details",
          {},
          el("summary", {}, `${items.length - CARD_ITEMS} more`),
          list(items.slice(CARD_ITEMS)),
        )
      : null,
  );
}

function drawVerify(report) {
  const command = report.verify_command || "allonet verify receipt.json";
  byId("verify").append(
    el(
      "p",
      { class: "lead" },
      "Nobody has to be trusted here. With the receipt and the input files, this command recomputes every amount on your machine and names the first difference:",
    ),
    el(
      "p",
      { class: "command" },
      el("code", {}, command),
      copyButton("Copy", () => command),
    ),
    el(
      "p",
      { class: "muted" },
      "It must report run ",
      el("code", {}, ...breakable(report.run_id, 8)),
      ".",
    ),
  );
  if (!report.inputs.length) {
    byId("verify").append(
      el("p", { class: "empty" }, "This run read no input files beside the network itself."),
    );
    return;
  }
  byId("verify").append(
    el("h3", {}, plural(report.inputs.length, "input file")),
    el(
      "ul",
      { class: "inputs" },
      report.inputs.map((input) =>
        el(
          "li",
          {},
          el("span", { class: "path" }, ...breakable(input.path, 8)),
          el("span", { class: "num muted" }, plural(input.bytes, "byte")),
          el("code", {}, ...breakable(input.blake3, 8)),
        ),
      ),
    ),
  );
}
