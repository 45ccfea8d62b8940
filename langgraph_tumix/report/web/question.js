// One question: its presets, rounds, agents and what each of them did. Built only when somebody opens it.

const opened = { key: null }; // what is shown: question, preset, repeat, and how many results it had

async function drawQuestion({ questions }) {
  const place = $("#questions .question"),
    state = readState();
  const one = questions.find((each) => each.id === state.q);
  $("#questions .browser").classList.toggle("open", Boolean(state.q));
  place.hidden = !state.q;
  if (!state.q) return void place.replaceChildren();
  if (!one) return void place.replaceChildren(back(), empty(`No question with results has the id ${state.q}.`));
  const key = `${state.q} ${state.p} ${state.r} ${one.results.length}`;
  if (opened.key === key) return;
  opened.key = key;
  try {
    const found = await details(questions.indexOf(one), one.id);
    if (opened.key === key) place.replaceChildren(back(), ...questionParts(found, one, state));
  } catch (error) {
    opened.key = null;
    place.replaceChildren(back(), empty(`The details could not be read: ${error.message}`));
  }
}

const back = () => el("a", { class: "back", href: addressOf({ q: "", p: "", r: "" }) }, "← All questions");

function questionParts(found, one, state) {
  const chosen =
    found.results.find((result) => result.preset === state.p && (!state.r || String(result.repeat) === state.r)) ??
    found.results[0];
  const several = new Set(found.results.map((result) => result.repeat)).size > 1;
  const tabs = found.results.map((result) =>
    el(
      "a",
      {
        href: addressOf({ p: result.preset, r: String(result.repeat) }),
        "aria-current": result === chosen ? "true" : null,
      },
      mark(result.score.correct),
      ` ${result.preset}${several ? ` · ${result.repeat + 1}` : ""}`,
    ),
  );
  return [
    el("p", { class: "where" }, one.id, one.topic ? chip(one.topic) : null),
    el("h3", { class: "asked", dir: "auto" }, found.question),
    found.answer === null
      ? null
      : el("p", {}, el("span", { class: "range" }, "right answer "), el("b", { dir: "auto" }, found.answer)),
    found.tests ? fold("Tests", () => [el("pre", {}, found.tests)]) : null,
    el("nav", { class: "tabs", "aria-label": "Presets" }, tabs),
    ...resultParts(chosen),
  ].filter(Boolean);
}

const SCORED = {
  key: "scored by its key",
  tests: "scored by the tests",
  model: "scored by the grading model",
  none: "not scored by anyone",
};

function resultParts({ outcome, notes, score, right }) {
  const usage = outcome.usage;
  return [
    el(
      "div",
      { class: "verdict" },
      el("p", { class: "answer" }, mark(score.correct), " ", el("b", { dir: "auto" }, outcome.answer ?? "no answer")),
      el(
        "p",
        {},
        chip(outcome.status.replace("_", " "), outcome.status === "complete" ? "" : "warn"),
        outcome.tie ? chip("tie, drawn by seed", "warn") : null,
        outcome.simulated ? chip("simulated", "simulated") : null,
        ` ${percent(outcome.confidence)} behind it; stopped: ${outcome.stop_reason}`,
      ),
      el("p", { class: "small" }, [SCORED[score.by] ?? score.by, score.why].filter(Boolean).join(": ")),
      votesList(outcome.votes, right),
      el("p", { class: "small" }, spentWords(usage), ` · ${seconds(outcome.seconds)}`),
      ...Object.entries(outcome.left_out).map(([name, why]) =>
        el("p", { class: "small warn" }, `did not take part: ${name}: ${why}`),
      ),
      ...outcome.warnings.map((warning) => el("p", { class: "small warn" }, warning)),
    ),
    ...outcome.rounds.map((report) =>
      roundPart(
        report,
        notes.filter((note) => note.round === report.round),
        outcome,
        right,
      ),
    ),
    ...(notes.length ? [] : [empty("This result holds no notes.")]),
  ];
}

/** Whether an answer is right, null if that is not known; an answer may be any word, such as "constructor". */
const verdictOn = (right, answer) => (right && Object.hasOwn(right, answer) ? right[answer] : null);

const spentWords = (usage) =>
  `${dollars(usage.usd)}${usage.usd === null ? " price" : ""} · ${plural(usage.model_calls, "call")} · ${plural(usage.tool_calls, "tool use")} · ` +
  `${count(usage.input_tokens)} tokens in, ${count(usage.output_tokens)} out`;

function votesList(votes, right) {
  const entries = Object.entries(votes),
    total = entries.reduce((sum, [, n]) => sum + n, 0);
  if (!total) return null;
  const rest = entries.slice(6);
  const rows = entries.slice(0, 6).map(([answer, n]) => voteRow(answer, n, total, verdictOn(right, answer)));
  if (rest.length)
    rows.push(
      voteRow(
        `${rest.length} other answers`,
        rest.reduce((sum, [, n]) => sum + n, 0),
        total,
        null,
      ),
    );
  return el("ul", { class: "votes", "aria-label": "Votes" }, rows);
}

const voteRow = (answer, n, total, correct) =>
  el(
    "li",
    {},
    el("span", { class: "name", dir: "auto", title: answer }, answer),
    el(
      "span",
      { class: "vote" },
      el("i", { class: correct === null ? "" : MARKS[correct].kind, style: { width: `${(100 * n) / total}%` } }),
    ),
    el("span", {}, String(n)),
  );

function roundPart(report, notes, outcome, right) {
  const spent = outcome.by_round[report.round];
  return el(
    "section",
    { class: "round" },
    el(
      "h4",
      {},
      `Round ${report.round}`,
      el(
        "span",
        { class: "range" },
        ` ${percent(report.agreement)} agree${spent ? ` · ${dollars(spent.usd)} · ${count(spent.input_tokens + spent.output_tokens)} tokens` : ""}`,
      ),
    ),
    el(
      "div",
      { class: "notes" },
      notes.map((note) => notePart(note, right)),
    ),
    el("p", { class: "small" }, `${report.stop ? "stopped" : "went on"}: ${report.reason}`),
    report.verdict
      ? fold("What the judge wrote", () => [
          el("p", { class: "message", dir: "auto" }, report.verdict),
          el("p", { class: "small" }, spentWords(report.usage)),
        ])
      : null,
  );
}

/** Something that is built when it is opened for the first time. */
function fold(title, build, kind = "") {
  const place = el(
    "details",
    {
      class: kind,
      on: {
        toggle: () => {
          if (place.open && place.children.length === 1) place.append(...build().filter(Boolean));
        },
      },
    },
    el("summary", {}, title),
  );
  return place;
}

const LOST_WORDS = {
  no_answer: "no answer",
  failed: "failed",
  timed_out: "timed out",
  cancelled: "cancelled",
  abstained: "abstained",
};

function notePart(note, right) {
  const correct = note.answer === null ? null : verdictOn(right, note.answer.trim());
  const tools = Object.entries(
    note.evidence.reduce((sums, { kind }) => ({ ...sums, [kind]: (sums[kind] ?? 0) + 1 }), {}),
  );
  const title = [
    note.status === "ok"
      ? mark(correct, note.agent)
      : el("span", { class: "mark open", role: "img", "aria-label": LOST_WORDS[note.status] }, "–"),
    el("span", { class: "agent" }, note.sample ? `${note.agent} · ${note.sample + 1}` : note.agent),
    el("span", { class: "given", dir: "auto" }, note.answer ?? `${LOST_WORDS[note.status]}${note.reason ? `: ${note.reason}` : ""}`),
    el("span", { class: "range" }, tools.map(([kind, n]) => `${n} ${kind}`).join(", ")),
  ];
  return fold(title, () => noteParts(note), "note");
}

function noteParts(note) {
  return [
    note.reason ? el("p", { class: "small warn" }, `${LOST_WORDS[note.status] ?? note.status}: ${note.reason}`) : null,
    ...note.evidence.flatMap(stepParts),
    el("h5", {}, "Message"),
    el("p", { class: "message", dir: "auto" }, note.text),
    el("p", { class: "small" }, `${note.model} · ${spentWords(note.usage)} · ${seconds(note.seconds)}`),
    note.saw.length
      ? fold(`Read ${plural(note.saw.length, "note")}`, () => [el("p", { class: "small" }, note.saw.join(", "))])
      : null,
  ];
}

const STEPS = {
  code: "Program",
  search: "Search",
  tool: "Tool",
  guide: "Guidance",
  check: "Check",
  message: "Whole message",
};
const PROSE = ["guide", "check", "message"];

function stepParts(step) {
  const sources = step.sources.map((address) => el("li", {}, sourceLink(address)));
  return [
    el(
      "h5",
      {},
      STEPS[step.kind] ?? step.kind,
      step.ok ? null : chip(step.kind === "check" ? "not passed" : "failed", "bad"),
      el("span", { class: "range" }, ` ${seconds(step.seconds)}`),
    ),
    step.input ? el("pre", { class: step.kind === "code" ? "code" : "", dir: step.kind === "code" ? null : "auto" }, step.input) : null,
    step.output
      ? el(PROSE.includes(step.kind) ? "p" : "pre", { class: PROSE.includes(step.kind) ? "message" : "output", dir: "auto" }, step.output)
      : null,
    sources.length ? el("ul", { class: "sources", "aria-label": "Sources" }, sources) : null,
  ].filter(Boolean);
}

/** A link if the address is one of the web; else its words. */
function sourceLink(address) {
  const url = /^https?:\/\//i.test(address) && URL.canParse?.(address) ? new URL(address) : null;
  return url ? el("a", { href: url.href, rel: "noopener noreferrer nofollow", target: "_blank" }, address) : address;
}
