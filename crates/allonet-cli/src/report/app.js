// Puts the page together and keeps its state.

const state = {
  asset: 0,
  top: 20,
  order: "id",
  hide: false,
  focus: null,
  table: "recipients",
  query: "",
  sort: null,
  limit: FIRST_ROWS,
  link: null,
};

/** What the other files need: model, view of the chosen asset, texts, and ways to move around. */
const page = { openNode };

function start() {
  const report = JSON.parse(byId("data").textContent);
  page.model = prepare(report);
  state.top = window.innerWidth < 640 ? 10 : 20;
  drawHeader(report);
  drawChecks(report);
  drawVerify(report);
  drawExhibits(report);
  connectControls();
  if (report.assets.length) chooseAsset(0);
  else
    document
      .querySelector("main")
      .prepend(
        el(
          "p",
          { class: "page empty" },
          "This network has no assets, so there is nothing to show.",
        ),
      );
  openFromAddress();
  window.addEventListener("hashchange", openFromAddress);
}

// ---- choices ------------------------------------------------------------------------------

/** A row of buttons of which one is pressed; a select when there are many. */
function choices(host, options, chosen, onChoose) {
  if (options.length > 6) {
    const select = el(
      "select",
      { "aria-label": host.getAttribute("aria-label") },
      options.map(([value, label]) => el("option", { value }, label)),
    );
    select.value = chosen;
    select.addEventListener("change", () => onChoose(select.value));
    host.replaceChildren(select);
    return;
  }
  host.replaceChildren(
    ...options.map(([value, label]) =>
      el(
        "button",
        {
          type: "button",
          "aria-pressed": String(value === chosen),
          onclick: (event) => {
            for (const button of host.children)
              button.setAttribute("aria-pressed", String(button === event.currentTarget));
            onChoose(value);
          },
        },
        label,
      ),
    ),
  );
}

function chooseAsset(index) {
  Object.assign(state, {
    asset: index,
    focus: null,
    link: null,
    sort: null,
    limit: FIRST_ROWS,
    hide: false,
  });
  byId("hide").checked = false;
  const view = assetView(page.model, index);
  const { asset, totals } = view;
  const digits = listDigits(totals.brought_in, asset.decimals);
  const exact = (units, places = exactDigits([units], asset.decimals)) =>
    formatUnits(units, asset.decimals, places);
  const list = (units) => formatUnits(units, asset.decimals, digits);
  Object.assign(page, {
    view,
    digits,
    text: {
      totals,
      plain: exact,
      list,
      exact: (units) => `${exact(units)} ${asset.symbol}`,
      money: (units) => `${list(units)} ${asset.symbol}`,
      round: (units) =>
        `${
          units < 10n ** 15n * 10n ** BigInt(asset.decimals)
            ? formatUnits(units, asset.decimals, exactDigits([units], asset.decimals, 0))
            : compactUnits(units, asset.decimals, digits)
        } ${asset.symbol}`,
      share: (units) => formatShare(units, totals.brought_in),
      compact: (units) => compactUnits(units, asset.decimals, digits),
    },
  });
  drawTotals();
  drawFlow();
  chooseTable(state.table);
}

// ---- flow ---------------------------------------------------------------------------------

const TOPS = [5, 10, 20, 50, 100, 200];
let drawnWidth = 0;

function drawFlow() {
  const { model, view, text } = page;
  const flow = buildFlow(model, view, state);
  const empty = flow.boxes.length === 0;
  for (const id of ["legend", "flow-controls", "hint"]) byId(id).hidden = empty;
  const host = byId("drawing");
  drawnWidth = host.clientWidth;
  drawFocus(flow);
  if (empty) {
    host.replaceChildren(el("p", { class: "empty" }, `No ${view.asset.symbol} moved in this run.`));
    return;
  }
  const plan = drawChart(host, flow, {
    order: state.order,
    text,
    on: { box: chooseBox, band: chooseBand, hint: showTip },
  });
  const wide = plan.width > host.clientWidth;
  for (const [name, value] of [
    ["tabindex", "0"],
    ["role", "region"],
    ["aria-label", "Drawing, scrolls sideways"],
  ]) {
    if (wide) host.setAttribute(name, value);
    else host.removeAttribute(name);
  }
  drawLegend(byId("legend"), flow, plan, text);
  drawTops();
  const tick = byId("hide");
  tick.disabled = !flow.largest || state.focus !== null;
  tick.nextElementSibling.textContent = flow.largest
    ? `Hide the largest (${fit(flow.largest.label, 160)}, ${formatShare(flow.largest.inflow, view.totals.brought_in)})`
    : "Hide the largest";
  showHint();
}

function drawTops() {
  const most = Math.max(
    ...["source", "neuron", "recipient"].map(
      (kind) => page.model.nodes.filter((node) => node.kind === kind).length,
    ),
  );
  const sizes = TOPS.filter((size) => size < most);
  const options = sizes.map((size) => [size, `the ${size} largest of each kind`]);
  if (most <= 300) options.push([300, "all"]);
  const select = byId("top");
  select.replaceChildren(...options.map(([value, label]) => el("option", { value }, label)));
  const fitting = options.filter(([value]) => value <= state.top);
  select.value = String((fitting[fitting.length - 1] ?? options[0])[0]);
  if (most <= state.top && most <= 300) select.value = "300";
  select.disabled = options.length < 2;
}

function drawFocus(flow) {
  const line = byId("focus");
  line.hidden = !flow.focused && !flow.hidden;
  if (flow.focused) {
    line.replaceChildren(
      el(
        "span",
        { class: "grow" },
        "Only what passes through ",
        el("strong", {}, flow.focused.label),
        ". Bands and labels show that part, in proportion at each step; tips and tables give the booked amounts.",
      ),
      el(
        "button",
        { type: "button", class: "button", onclick: () => openBox(flow.focused) },
        "Details",
      ),
      el("button", { type: "button", class: "button", onclick: () => setFocus(null) }, "Show all"),
    );
  } else if (flow.hidden) {
    line.replaceChildren(
      el(
        "span",
        {},
        el("strong", {}, flow.hidden.label),
        ` (${page.text.money(flow.hidden.inflow)}) is left out, with its part of every band before it.`,
      ),
    );
  }
}

function setFocus(index) {
  state.focus = index;
  drawFlow();
  byId("drawing").querySelector(".chosen")?.focus({ preventScroll: true });
}

function chooseBox(box) {
  showTip(null);
  if (box.rest) {
    const next = [...byId("top").options]
      .map((option) => Number(option.value))
      .find((value) => value > state.top);
    if (next) {
      state.top = next;
      drawFlow();
    } else chooseTable(box.kind === "recipient" ? "recipients" : "neurons", true);
  } else if (box.kind === "part") openPart(box.members);
  else setFocus(box.members[0].index === state.focus ? null : box.members[0].index);
}

function chooseBand(band, lines) {
  const side = (box) => new Set(box.members.map((node) => node.index));
  const show = () => {
    state.link = {
      from: side(band.from),
      to: side(band.to),
      kind: band.kind,
      label: `${band.from.label} → ${band.to.label}`,
    };
    chooseTable("links", true);
  };
  byId("hint").replaceChildren(
    el("strong", {}, lines[0]),
    ` ${lines.slice(1).join(" · ")} `,
    el("button", { type: "button", class: "button", onclick: show }, "Show its rows"),
  );
}

function showHint() {
  byId("hint").textContent =
    "Point at a band or box for its amount. Select a box to see only what passes through it, a band for its rows.";
}

function showTip(lines, event, target) {
  const tip = byId("tip");
  tip.hidden = !lines;
  if (!lines) return;
  tip.replaceChildren(
    el("strong", {}, lines[0]),
    ...lines.slice(1).map((line) => el("span", {}, line)),
  );
  const mark = target.closest("g[data-box]")?.querySelector(".bar") ?? target;
  const box = event
    ? { left: event.clientX, bottom: event.clientY, top: event.clientY }
    : mark.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = tip;
  const below = box.bottom + 14 + height < window.innerHeight;
  tip.style.left = `${Math.max(8, Math.min(box.left + 12, window.innerWidth - width - 8))}px`;
  tip.style.top = `${below ? box.bottom + 14 : Math.max(8, box.top - height - 12)}px`;
}

// ---- tables -------------------------------------------------------------------------------

const TABLES = [
  ["recipients", "Recipients"],
  ["neurons", "Sources and neurons"],
  ["links", "Flows"],
];

function chooseTable(name, scroll = false) {
  Object.assign(state, { table: name, sort: null, limit: FIRST_ROWS, query: "" });
  byId("query").value = "";
  if (name !== "links") state.link = null;
  choices(byId("views"), TABLES, name, chooseTable);
  page.table = page.view.payouts.length || name !== "recipients" ? tableOf(name, page) : null;
  drawRows();
  if (scroll) byId("tables").scrollIntoView({ behavior: calm() ? "auto" : "smooth" });
}

function calm() {
  return window.matchMedia("(prefers-reduced-motion: reduce)").matches;
}

function drawRows() {
  const { table } = page;
  const { asset } = page.view;
  const [, title] = TABLES.find(([name]) => name === state.table);
  const filter = byId("link-filter");
  filter.hidden = !state.link;
  if (state.link) {
    filter.replaceChildren(
      el("span", { class: "grow" }, "Only ", el("strong", {}, state.link.label)),
      el(
        "button",
        {
          type: "button",
          class: "button",
          onclick: () => {
            state.link = null;
            drawRows();
          },
        },
        "Show all flows",
      ),
    );
  }
  byId("table-buttons").hidden = !table;
  if (!table || table.rows.length === 0) {
    byId("count").textContent = "";
    const words =
      state.table === "recipients"
        ? `Nobody was paid ${asset.symbol} in this run.`
        : `No ${asset.symbol} moved in this run.`;
    byId("table").replaceChildren(el("p", { class: "empty" }, words));
    byId("more").replaceChildren();
    byId("rounding").textContent = "";
    return;
  }
  const rows = pickRows(table, state);
  page.rows = rows;
  byId("count").textContent =
    rows.length === table.rows.length
      ? plural(rows.length, "row")
      : `${groupDigits(String(rows.length))} of ${plural(table.rows.length, "row")}`;
  drawTable(byId("table"), table, rows, page, {
    ...state,
    caption: `${title}, ${asset.symbol}`,
    onSort: sortBy,
  });
  if (!rows.length) byId("table").append(el("p", { class: "empty" }, "No row matches the search."));
  const left = rows.length - state.limit;
  byId("more").replaceChildren(
    ...(left > 0
      ? [
          el(
            "button",
            {
              type: "button",
              class: "button",
              onclick: () => {
                state.limit += MORE_ROWS;
                drawRows();
              },
            },
            `Show ${left > MORE_ROWS ? `${MORE_ROWS} more of ${groupDigits(String(left))}` : `the last ${left}`}`,
          ),
        ]
      : []),
  );
  byId("rounding").textContent =
    page.digits < asset.decimals
      ? `Tables show ${plural(page.digits, "decimal")}; a rounded amount gives its exact value on hover, in the details and in the CSV.`
      : "";
}

function sortBy(column) {
  const { num } = page.table.columns[column];
  const first = num && column > 0 ? -1 : 1;
  if (state.sort?.column === column) state.sort = { column, sign: -state.sort.sign };
  else state.sort = { column, sign: first };
  drawRows();
  byId("table").querySelectorAll("thead button")[column].focus();
}

// ---- panel and controls --------------------------------------------------------------------

function openBox(box) {
  if (box.kind === "part") openPart(box.members);
  else openNode(box.members[0].index);
}

function openPart(members) {
  openPanel(partPanel(members, page), members[0].index);
}

function openNode(index) {
  const node = page.model.nodes[index];
  openPanel(nodePanel(node, page), index);
  setAddress(`#node=${encodeURIComponent(node.id)}`);
}

function openPanel({ title, subtitle, blocks, linked }, index) {
  byId("panel-title").textContent = title;
  byId("panel-subtitle").textContent = subtitle;
  byId("panel-body").replaceChildren(...blocks);
  const drawn = throughput(page.view.money[index]) > 0n;
  byId("panel-tools").replaceChildren(
    el(
      "button",
      {
        type: "button",
        class: "button",
        disabled: !drawn,
        onclick: () => {
          closePanel();
          setFocus(index);
          byId("flow-title").scrollIntoView();
        },
      },
      "Show its flow",
    ),
    ...(linked ? [copyButton("Copy link to this", () => window.location.href)] : []),
  );
  const panel = byId("panel");
  if (!panel.open) panel.showModal();
  panel.scrollTop = 0;
  byId("panel-title").focus();
}

function closePanel() {
  byId("panel").close();
}

function setAddress(hash) {
  window.history.replaceState(null, "", hash || window.location.pathname + window.location.search);
}

function openFromAddress() {
  const found = /^#node=(.+)$/.exec(window.location.hash);
  if (!found || !page.view) return;
  let id = found[1];
  try {
    id = decodeURIComponent(id);
  } catch {
    /* a half-typed escape is looked up as it stands */
  }
  const node = page.model.nodes.find((entry) => entry.id === id);
  if (node) openNode(node.index);
}

function connectControls() {
  const redraw = (change) => (event) => {
    change(event.target);
    drawFlow();
  };
  byId("top").addEventListener(
    "change",
    redraw((input) => {
      state.top = Number(input.value);
    }),
  );
  byId("order").addEventListener(
    "change",
    redraw((input) => {
      state.order = input.value;
    }),
  );
  byId("hide").addEventListener(
    "change",
    redraw((input) => {
      state.hide = input.checked;
    }),
  );
  byId("query").addEventListener("input", (event) => {
    Object.assign(state, { query: event.target.value, limit: FIRST_ROWS });
    if (page.table) drawRows();
  });
  const fileName = () =>
    [page.model.report.network.name, state.table, page.view.asset.symbol]
      .join("-")
      .replace(/[^\p{L}\p{N}._-]+/gu, "_");
  byId("table-buttons").append(
    copyButton("Copy table", () => toTabs(tableCells(page.table, page.rows))),
    el(
      "button",
      {
        type: "button",
        class: "button quiet",
        onclick: () => download(`${fileName()}.csv`, toCsv(tableCells(page.table, page.rows))),
      },
      "Download CSV",
    ),
  );
  byId("panel-close").addEventListener("click", closePanel);
  byId("panel").addEventListener("click", (event) => {
    if (event.target === byId("panel")) closePanel();
  });
  byId("panel").addEventListener("close", () => setAddress(""));
  window.addEventListener("resize", () => {
    if (page.view && byId("drawing").clientWidth !== drawnWidth) drawFlow();
  });
  connectTheme();
}

function connectTheme() {
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const isDark = () =>
    (document.documentElement.dataset.theme ?? (dark.matches ? "dark" : "light")) === "dark";
  const label = () => {
    byId("theme").textContent = isDark() ? "Light" : "Dark";
  };
  byId("theme").addEventListener("click", () => {
    document.documentElement.dataset.theme = isDark() ? "light" : "dark";
    label();
  });
  dark.addEventListener("change", label);
  label();
}

start();
