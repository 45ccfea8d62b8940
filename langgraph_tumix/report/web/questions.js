// The list of questions: found by words and filters, a page of it at a time. Its state is the address, so links keep it.

const PER_PAGE = 25;
const STATE = { q: "", p: "", r: "", find: "", preset: "", mark: "", status: "", topic: "", sort: "", page: "" };
const ORDERS = {
  "": ["as asked", null],
  cost: ["dearest first", (one) => Math.max(...one.results.map((result) => result.usd || result.tokens / 1e9))],
  doubt: ["least agreement first", (one) => 1 - Math.min(...one.results.map((result) => result.confidence))],
  rounds: ["most rounds first", (one) => Math.max(...one.results.map((result) => result.rounds))],
};

function readState() {
  const given = new URLSearchParams(location.hash.slice(1));
  return Object.fromEntries(Object.keys(STATE).map((key) => [key, given.get(key) ?? STATE[key]]));
}

/** The address of this page with some entries of its state changed. */
function addressOf(changes) {
  const state = Object.entries({ ...readState(), ...changes }).filter(([, value]) => value !== "");
  return `#${new URLSearchParams(state)}`;
}

function change(changes) {
  history.replaceState(null, "", addressOf({ page: "", ...changes }));
  drawList(summary);
}

let offered = ""; // what can be chosen now; the controls are made anew only when that changes, not under somebody's hands

function drawFilters({ about, questions }) {
  const names = (values) => [["", "all"], ...values.map((value) => [value, value])];
  const statuses = [...new Set(questions.flatMap((one) => one.results.map((result) => result.status)))].sort();
  const offers = JSON.stringify([about.presets, about.topics, statuses]);
  if (offers === offered) return;
  offered = offers;
  const search = el("input", {
    type: "search",
    name: "find",
    placeholder: "Words of the question or answer",
    autocomplete: "off",
    on: { input: () => change({ find: search.value }) },
  });
  const pick = (name, label, options) => choice(label, options, "", (value) => change({ [name]: value }), name);
  fill(
    "#questions .filters",
    el("label", { class: "choice wide" }, el("span", {}, "Search"), search),
    pick("preset", "Preset", names(about.presets)),
    pick("mark", "Answer", [
      ["", "all"],
      ["true", "right"],
      ["false", "wrong"],
      ["null", "not scored"],
    ]),
    pick(
      "status",
      "Status",
      names(statuses).map(([value, name]) => [value, name.replace("_", " ")]),
    ),
    about.topics.length ? pick("topic", "Topic", names(about.topics)) : null,
    pick(
      "sort",
      "Order",
      Object.entries(ORDERS).map(([value, [name]]) => [value, name]),
    ),
  );
}

function matching(questions, state) {
  const words = state.find.toLowerCase().split(/\s+/).filter(Boolean);
  const fits = (result) =>
    (!state.preset || result.preset === state.preset) &&
    (!state.mark || String(result.correct) === state.mark) &&
    (!state.status || result.status === state.status);
  const says = (one) => {
    const said =
      `${one.id} ${one.question} ${one.results.map((result) => result.answer ?? "").join(" ")}`.toLowerCase();
    return words.every((word) => said.includes(word));
  };
  const found = questions.filter(
    (one) => (!state.topic || one.topic === state.topic) && one.results.some(fits) && (!words.length || says(one)),
  );
  const weight = Object.hasOwn(ORDERS, state.sort) ? ORDERS[state.sort][1] : null;
  return weight ? found.sort((one, other) => weight(other) - weight(one)) : found;
}

function drawList({ questions, about }) {
  const state = readState(),
    found = matching(questions, state);
  for (const control of $("#questions .filters").elements)
    if (control.value !== state[control.name]) control.value = state[control.name];
  const pages = Math.max(1, Math.ceil(found.length / PER_PAGE));
  const ofChosen =
    1 +
    Math.floor(
      Math.max(
        0,
        found.findIndex((one) => one.id === state.q),
      ) / PER_PAGE,
    );
  const page = Math.min(pages, Math.max(1, Number(state.page) || ofChosen));
  fill(
    "#questions .finding",
    questions.length
      ? `${count(found.length)} of ${plural(about.questions, "question")}`
      : "No question has ended yet.",
  );
  fill(
    "#questions .list",
    found.slice((page - 1) * PER_PAGE, page * PER_PAGE).map((one) => item(one, state)),
  );
  $("#questions .list").start = (page - 1) * PER_PAGE + 1;
  const turn = (to, words) =>
    el(
      to >= 1 && to <= pages ? "a" : "span",
      { class: "turn", href: to >= 1 && to <= pages ? addressOf({ page: to }) : null },
      words,
    );
  fill(
    "#questions .pages",
    pages > 1 ? [turn(page - 1, "← Previous"), el("span", {}, `${page} of ${pages}`), turn(page + 1, "Next →")] : [],
  );
}

function item(one, state) {
  const marks = one.results.filter((result) => !state.preset || result.preset === state.preset);
  return el(
    "li",
    {},
    el(
      "a",
      {
        href: addressOf({ q: one.id, p: state.preset, r: "" }),
        "aria-current": one.id === state.q ? "true" : null,
        "data-id": one.id,
      },
      el(
        "span",
        { class: "where" },
        el("span", {}, one.id),
        one.topic && one.topic !== one.id ? chip(one.topic) : null,
      ),
      el("span", { class: "asked", dir: "auto" }, one.question),
      el(
        "span",
        { class: "marks" },
        marks.slice(0, 24).map((result) => mark(result.correct, result.preset)),
        marks.length > 24 ? el("span", { class: "range" }, `+${marks.length - 24}`) : null,
      ),
    ),
  );
}
