// Panel 3: what each agent contributes.

const agentsPanel = { preset: null, by: 1 };

const AGENT_COLUMNS = [
  { name: "Agent", left: true, cell: (row) => row.name },
  {
    name: "Own accuracy",
    key: (row) => row.own?.[0] ?? -1,
    title: "in round 1, before it has read another's note",
    cell: (row) => (row.own ? intervalText(row.own) : "–"),
  },
  {
    name: "0 to 100 %",
    cell: (row) => (row.own ? dumbbell(row) : ""),
    title: "dot: round 1, with its 95 % interval; ring: last round",
  },
  {
    name: "Last round",
    key: (row) => row.last?.[0] ?? -1,
    title: "after reading the others' notes",
    cell: (row) => (row.last ? percent(row.last[0]) : "–"),
  },
  {
    name: "Coverage added",
    key: (row) => row.only,
    title: "points of coverage that go without it: the questions that no other agent has right in round 1",
    cell: coverageCell,
  },
  {
    name: "Vote worth",
    key: (row) => row.worth?.value ?? -9,
    title: "points of accuracy that the vote loses without its votes in the round that decides",
    cell: worthCell,
  },
  { name: "$ / question", key: (row) => row.usd ?? -1, cell: (row) => dollars(row.usd) },
  { name: "Tokens", key: (row) => row.tokens, cell: (row) => count(row.tokens) },
  { name: "Calls", key: (row) => row.calls, cell: (row) => count(row.calls) },
  {
    name: "Lost",
    key: (row) => row.lost,
    title: "notes without an answer because the agent was lost",
    cell: (row) => (row.lost === null ? "" : count(row.lost)),
  },
];

function drawAgents({ agents }) {
  const presets = Object.keys(agents);
  if (!presets.includes(agentsPanel.preset)) agentsPanel.preset = presets[0];
  fill("#agents .controls", presets.length > 1 ? presetChoice(presets) : []);
  const found = agents[agentsPanel.preset];
  if (!found?.rows.length) {
    fill("#agents .finding");
    fill("#agents .small");
    fill(
      "#agents .table",
      empty(
        found
          ? "This preset's results hold no notes, so its agents cannot be told apart."
          : "No question has ended yet.",
      ),
    );
    return;
  }
  const { key } = AGENT_COLUMNS[agentsPanel.by];
  const rows = found.rows.map((row) => ({ ...row, questions: found.questions }));
  rows.sort((one, other) => key(other) - key(one));
  const choose = (by) => {
    agentsPanel.by = by;
    drawAgents(summary);
  };
  const offices = found.offices.map((row) => ({
    ...row,
    own: null,
    last: null,
    only: null,
    worth: null,
    lost: null,
    office: true,
  }));
  const columns = AGENT_COLUMNS.map((column) => ({
    ...column,
    cell: (row) => (row.office && !OFFICE_CELLS.includes(column.name) ? "" : column.cell(row)),
  }));
  fill(
    "#agents .table",
    table("The agents in numbers", columns, [...rows, ...offices], { by: agentsPanel.by, choose }),
  );
  fill("#agents .finding", agentsFinding(found));
  fill(
    "#agents .small",
    `Vote worth: answers saved and spoiled by the agent's votes stand in brackets; grey where that could be chance (McNemar, p ≥ 0.05). From ${plural(found.questions, "question")} whose right answer can be compared with the agents' answers.`,
  );
}

const OFFICE_CELLS = ["Agent", "$ / question", "Tokens", "Calls"];

function agentsFinding({ rows, coverage }) {
  if (!coverage) return [];
  const best = Math.max(...rows.map((row) => row.own?.[0] ?? 0));
  return [
    `In round 1 at least one agent is right on `,
    el("b", {}, percent(coverage[0])),
    ` of the questions (coverage, ${range(coverage)}); the best single agent on ${percent(best)}.`,
  ];
}

function presetChoice(presets) {
  return choice(
    "Preset",
    presets.map((preset) => [preset, preset]),
    agentsPanel.preset,
    (preset) => {
      agentsPanel.preset = preset;
      drawAgents(summary);
      drawStopping(summary);
    },
  );
}

function dumbbell({ name, own, last }) {
  const width = 150,
    x = (share) => 6 + share * (width - 12),
    y = 9;
  const drawn = svg("svg", {
    width,
    height: 18,
    viewBox: `0 0 ${width} 18`,
    class: "dumbbell",
    role: "img",
    "aria-label": `${name}: ${percent(own[0])} alone${last ? `, ${percent(last[0])} in the last round` : ""}`,
  });
  drawn.append(line(x(0), y, x(1), y, "grid"), line(x(own[1]), y, x(own[2]), y, "interval"));
  drawn.append(svg("circle", { cx: x(own[0]), cy: y, r: 3.5, class: "dot" }));
  if (last) drawn.append(svg("circle", { cx: x(last[0]), cy: y, r: 5.5, class: "ring" }));
  return drawn;
}

function coverageCell({ only, questions }) {
  if (!questions) return "–";
  const words = only ? plural(only, "question") : "none";
  return [signed(only / questions), " ", el("span", { class: "range" }, `(${words})`)];
}

function worthCell({ worth }) {
  if (!worth) return "–";
  const kind = worth.distinguishable ? (worth.value > 0 ? "gain" : "loss") : "range";
  return [
    el("span", { class: kind }, signed(worth.value)),
    " ",
    el("span", { class: "range" }, `(${count(worth.saved)} saved, ${count(worth.spoiled)} spoiled)`),
  ];
}
