// Elements, and numbers in words. Whatever text comes from a run becomes a text node, never markup.

const SVG = "http://www.w3.org/2000/svg";

/** Make an element. `on` holds listeners, `style` custom properties; null children are left out. */
function el(tag, attributes = {}, ...children) {
  return dress(document.createElement(tag), attributes, children);
}

function svg(tag, attributes = {}, ...children) {
  return dress(document.createElementNS(SVG, tag), attributes, children);
}

function dress(node, { on = {}, style = {}, ...attributes }, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined && value !== false) node.setAttribute(name, value === true ? "" : value);
  }
  for (const [name, value] of Object.entries(style)) node.style.setProperty(name, value);
  for (const [name, listener] of Object.entries(on)) node.addEventListener(name, listener);
  node.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return node;
}

const $ = (selector) => document.querySelector(selector);
const fill = (selector, ...children) =>
  $(selector).replaceChildren(...children.flat().filter((child) => child !== null));

const UNKNOWN = "unknown";
const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const short = new Intl.NumberFormat("en", { maximumSignificantDigits: 3, notation: "compact" });

const count = (n) => (n < 10 && n % 1 ? n.toFixed(1) : n < 10000 ? whole.format(n) : short.format(n));
const plural = (n, one, many = `${one}s`) => `${count(n)} ${n === 1 ? one : many}`;
const percent = (share, digits = 0) => `${(100 * share).toFixed(digits)}\u00a0%`;
const range = ([, low, high]) => `${(100 * low).toFixed(0)}–${percent(high)}`;
const signed = (share) => {
  const points = Math.abs(100 * share).toFixed(1);
  return points === "0.0" ? points : `${share < 0 ? "−" : "+"}${points}`;
};
const seconds = (s) => (s < 10 ? `${s.toFixed(1)} s` : s < 120 ? `${s.toFixed(0)} s` : `${(s / 60).toFixed(0)} min`);

function dollars(usd) {
  if (usd === null || usd === undefined) return UNKNOWN;
  if (usd === 0) return "$0";
  if (Math.abs(usd) >= 1) return `$${usd.toFixed(usd >= 1000 ? 0 : 2)}`;
  return `$${usd.toFixed(Math.min(9, Math.max(3, 1 - Math.floor(Math.log10(Math.abs(usd))))))}`;
}

const COSTS = {
  usd: { name: "Dollars", of: "dollars per question", text: dollars },
  tokens: { name: "Tokens", of: "tokens per question", text: (n) => count(n) },
  calls: { name: "Calls", of: "model calls per question", text: (n) => count(n) },
};

const MARKS = {
  true: { glyph: "✓", word: "right", kind: "good" },
  false: { glyph: "✗", word: "wrong", kind: "bad" },
  null: { glyph: "?", word: "not scored", kind: "open" },
};

const mark = (correct, what = "") =>
  el(
    "span",
    {
      class: `mark ${MARKS[correct].kind}`,
      role: "img",
      "aria-label": `${what} ${MARKS[correct].word}`.trim(),
      title: `${what} ${MARKS[correct].word}`.trim(),
    },
    MARKS[correct].glyph,
  );

const chip = (text, kind = "") => el("span", { class: `chip ${kind}` }, text);
const VERDICTS = { better: "good", worse: "bad", "not distinguishable": "open" };

/** A table in a frame of its own, so that a narrow screen scrolls the table and not the page. */
function table(label, columns, rows, sort = null) {
  const head = columns.map((column, place) =>
    el(
      "th",
      {
        scope: "col",
        class: column.left ? "left" : "",
        title: column.title,
        "aria-sort": sort && sort.by === place ? "descending" : null,
      },
      sort && column.key
        ? el("button", { type: "button", on: { click: () => sort.choose(place) } }, column.name)
        : column.name,
    ),
  );
  const cells = (row) =>
    columns.map((column, place) =>
      el(place ? "td" : "th", { class: column.left ? "left" : "", scope: place ? null : "row" }, column.cell(row)),
    );
  return el(
    "div",
    { class: "scroll", role: "region", tabindex: "0", "aria-label": label },
    el(
      "table",
      {},
      el("thead", {}, el("tr", {}, head)),
      el(
        "tbody",
        {},
        rows.map((row) => el("tr", {}, cells(row))),
      ),
    ),
  );
}

function choice(label, options, chosen, choose, name = null) {
  const select = el(
    "select",
    { name, on: { change: () => choose(select.value) } },
    options.map(([value, name]) => el("option", { value, selected: value === chosen }, name)),
  );
  return el("label", { class: "choice" }, el("span", {}, label), select);
}

const intervalText = (interval) => [
  el("b", {}, percent(interval[0])),
  " ",
  el("span", { class: "range" }, range(interval)),
];
