// Small helpers to build the page. Text only ever becomes text nodes, never markup.

function byId(id) {
  return document.getElementById(id);
}

/** <tag> with properties (attributes when they hold "-", or `role`) and children. */
function el(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "class") node.className = value;
    else if (name === "style")
      for (const [k, v] of Object.entries(value)) node.style.setProperty(k, v);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return node;
}

function svg(tag, attributes = {}, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined) node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

/** Long numbers and ids may break after commas and every 16 characters, so they never overflow. */
function breakable(text, every = 0) {
  const pieces = every
    ? (text.match(new RegExp(`.{1,${every}}`, "gsu")) ?? [])
    : text.split(/(?<=,)/);
  if (pieces.length < 5) return [text];
  return pieces.flatMap((piece, i) => (i ? [el("wbr"), piece] : [piece]));
}

function plural(count, one, many = `${one}s`) {
  return `${groupDigits(String(count))} ${Number(count) === 1 ? one : many}`;
}

/** Button that copies `text()` and says so. */
function copyButton(label, text) {
  const button = el("button", { type: "button", class: "button quiet" }, label);
  button.addEventListener("click", async () => {
    const done = await copyText(text());
    button.textContent = done ? "Copied" : "Copying is blocked";
    setTimeout(() => {
      button.textContent = label;
    }, 1600);
  });
  return button;
}

async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = el("textarea", { class: "away", readonly: true });
    area.value = text;
    (document.querySelector("dialog[open]") ?? document.body).append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  }
}

function download(name, text) {
  const url = URL.createObjectURL(new Blob([text], { type: "text/csv;charset=utf-8" }));
  const link = el("a", { href: url, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}

/** One CSV cell. A leading = + - @ gets an apostrophe in text, so that no sheet runs it. */
function csvCell(value) {
  if (typeof value === "bigint" || typeof value === "number") return String(value);
  const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
