// Panel 4: where the runs stop, and what each round adds.

function drawStopping({ stopping, agents }) {
  const preset = agentsPanel.preset,
    rows = stopping[preset] ?? [];
  fill("#stopping .controls", Object.keys(agents).length > 1 ? presetChoice(Object.keys(agents)) : []);
  fill("#stopping .finding", rows.length ? stoppingFinding(rows) : []);
  if (!rows.length) {
    fill("#stopping .figure", empty("No question has ended yet."));
    fill("#stopping .table");
    fill("#stopping .small");
    return;
  }
  const gains = el(
    "figure",
    {},
    el("figcaption", {}, "Accuracy of the vote, had the round been the last"),
    el("div", {}),
  );
  const stops = el("figure", {}, el("figcaption", {}, "Share of the results that stop after the round"), el("div", {}));
  fill("#stopping .figure", gains, stops);
  if (rows[0].accuracy) picture(gains.lastChild, (width) => gainPicture(rows, width));
  else gains.lastChild.append(empty("No accuracy: no right answers or no notes."));
  picture(stops.lastChild, (width) => stopPicture(rows, width));
  fill("#stopping .table", stoppingTable(rows));
  fill(
    "#stopping .small",
    "Results that ended earlier keep their answer, so all rounds speak of the same questions. Votes are recounted from the notes by their keys, without the grouping call; a tie counts as its chance.",
  );
}

function stoppingFinding(rows) {
  const stops = rows
    .filter((row) => row.stopped)
    .map((row) => `${percent(row.stopped / row.reached)} in round ${row.round}`);
  const last = [...rows].reverse().find((row) => row.gain);
  const words = [`Of the results that reach a round, these stop there: ${stops.join(", ")}.`];
  if (last)
    words.push(
      ` Round ${last.round} adds ${signed(last.gain[0])} points (${signed(last.gain[1])} to ${signed(last.gain[2])}): ${VERDICT_WORDS[last.verdict]}.`,
    );
  return words;
}

const VERDICT_WORDS = { better: "better", worse: "worse", "not distinguishable": "not distinguishable from nothing" };

function gainPicture(rows, width) {
  const height = 240,
    left = 52,
    right = width - 16,
    top = 22,
    bottom = height - 40;
  const x = linear(0.5, rows.length + 0.5, left, right);
  const y = linear(...accuracyRange(rows.map((row) => row.accuracy)), bottom, top);
  const drawn = canvas(width, height, rows.map((row) => `round ${row.round}: ${percent(row.accuracy[0])}`).join(", "));
  accuracyAxis(drawn, y, left, right);
  drawn.append(
    svg("path", {
      class: "front",
      d: rows.map((row, place) => `${place ? "L" : "M"}${x(row.round)} ${y(row.accuracy[0])}`).join(""),
    }),
  );
  for (const row of rows) {
    drawn.append(
      whisker(x(row.round), y, row.accuracy),
      svg("circle", {
        cx: x(row.round),
        cy: y(row.accuracy[0]),
        r: 5,
        class: "point front",
        "data-round": row.round,
        "data-accuracy": row.accuracy[0],
      }),
      text(x(row.round), y(row.accuracy[2]) - 7, percent(row.accuracy[0], 1), {
        class: "label",
        "text-anchor": "middle",
      }),
    );
  }
  drawn.append(...roundTicks(rows, x, bottom, height));
  return drawn;
}

function stopPicture(rows, width) {
  const height = 240,
    left = 52,
    right = width - 16,
    top = 16,
    bottom = height - 40;
  const x = linear(0.5, rows.length + 0.5, left, right),
    y = linear(0, 1, bottom, top);
  const drawn = canvas(
    width,
    height,
    rows.map((row) => `round ${row.round}: ${row.stopped} of ${row.reached} stop`).join(", "),
  );
  accuracyAxis(drawn, y, left, right);
  const wide = Math.min(64, ((right - left) / rows.length) * 0.5);
  for (const row of rows) {
    const share = row.stopped / rows[0].reached;
    drawn.append(
      svg(
        "rect",
        {
          x: x(row.round) - wide / 2,
          y: y(share),
          width: wide,
          height: bottom - y(share),
          rx: 3,
          class: "column",
          "data-round": row.round,
          "data-stopped": row.stopped,
        },
        svg("title", {}, `${row.stopped} of ${rows[0].reached}`),
      ),
      text(x(row.round), y(share) - 6, count(row.stopped), { class: "label", "text-anchor": "middle" }),
    );
  }
  drawn.append(...roundTicks(rows, x, bottom, height));
  return drawn;
}

const roundTicks = (rows, x, bottom, height) => [
  ...rows.map((row) => text(x(row.round), bottom + 18, row.round, { class: "tick", "text-anchor": "middle" })),
  text((x(0.5) + x(rows.length + 0.5)) / 2, height - 4, "round", { class: "axis", "text-anchor": "middle" }),
];

function stoppingTable(rows) {
  return table(
    "The rounds in numbers",
    [
      { name: "Round", left: true, cell: (row) => row.round },
      { name: "Reached", cell: (row) => count(row.reached) },
      {
        name: "Stopped",
        cell: (row) => [count(row.stopped), " ", el("span", { class: "range" }, percent(row.stopped / row.reached))],
      },
      {
        name: "Judge asked",
        title: "in the others a rule or a limit decided",
        cell: (row) =>
          [
            count(row.judged),
            row.judged ? el("span", { class: "range" }, ` ${percent(row.judged_enough / row.judged)} stop`) : null,
          ].filter(Boolean),
      },
      { name: "Accuracy after", cell: (row) => (row.accuracy ? intervalText(row.accuracy) : UNKNOWN) },
      {
        name: "Gain",
        title: "points over the round before, paired by question",
        cell: (row) =>
          row.gain
            ? [
                `${signed(row.gain[0])} `,
                el("span", { class: "range" }, `${signed(row.gain[1])} to ${signed(row.gain[2])}`),
              ]
            : "–",
      },
      { name: "Verdict", left: true, cell: (row) => (row.verdict ? chip(row.verdict, VERDICTS[row.verdict]) : "") },
      { name: "$ / question", cell: (row) => dollars(row.usd) },
      { name: "Tokens", cell: (row) => count(row.tokens) },
      {
        name: "$ / further right answer",
        title: "the round's cost for each answer that it puts right",
        cell: (row) => (row.usd_per_extra === null ? "–" : dollars(row.usd_per_extra)),
      },
    ],
    rows,
  );
}
