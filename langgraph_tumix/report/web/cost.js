// Panel 1: accuracy against cost.

const costPanel = { axis: null };

function drawCost({ compared }) {
  const rows = compared.rows;
  const usable = Object.keys(COSTS).filter((cost) => rows.some((row) => row[cost] > 0));
  if (!usable.includes(costPanel.axis)) costPanel.axis = usable[0] ?? "calls";
  const choose = (axis) => {
    costPanel.axis = axis;
    drawCost(summary);
  };
  const axes = Object.entries(COSTS).map(([value, { name }]) => ({ value, name, disabled: !usable.includes(value) }));
  fill("#cost .controls", rows.length ? segments("Cost in", axes, costPanel.axis, choose) : []);
  fill("#cost .finding", costFinding(compared));
  const shown = rows.filter((row) => row.accuracy && row[costPanel.axis] !== null);
  if (shown.length) picture($("#cost .figure"), (width) => scatter(shown, compared.fronts[costPanel.axis], width));
  else
    fill(
      "#cost .figure",
      empty(rows.length ? "No accuracy to draw: nothing could be scored." : "No question has ended yet."),
    );
  fill("#cost .table", rows.length ? costTable(rows) : []);
  fill("#cost .small", rows.length ? costNotes(compared, rows, shown) : []);
}

function segments(label, options, chosen, choose) {
  return el(
    "div",
    { class: "segments", role: "group", "aria-label": label },
    options.map(({ value, name, disabled }) =>
      el(
        "button",
        {
          type: "button",
          disabled,
          "aria-pressed": String(value === chosen),
          "data-value": value,
          title: disabled ? "not known, or nothing" : null,
          on: { click: () => choose(value) },
        },
        name,
      ),
    ),
  );
}

const empty = (words) => el("p", { class: "empty" }, words);

function costFinding({ rows }) {
  const known = rows.filter((row) => row.accuracy);
  if (!known.length) return [];
  const [first] = rows;
  const best = known.reduce((one, other) => (other.accuracy[0] > one.accuracy[0] ? other : one));
  const price = best.usd > 0 ? `${dollars(best.usd)} a question` : `${count(best.tokens)} tokens a question`;
  const words = [
    el("b", {}, best.name),
    ` is right most often: ${percent(best.accuracy[0])} (${range(best.accuracy)}), for ${price}. `,
  ];
  const same = rows.filter((row) => row.difference?.verdict === "not distinguishable").map((row) => row.name);
  if (same.length) words.push(`Not distinguishable from ${first.name}: ${same.join(", ")}.`);
  return words;
}

function costNotes(compared, rows, shown) {
  const words = [
    "Bars are 95 % Wilson intervals. The line joins the presets that no other beats at its cost or below.",
  ];
  if (compared.detectable) {
    words.push(
      ` With ${plural(Math.max(...rows.map((row) => row.scored)), "question")}, a paired comparison notices differences from about ${(100 * compared.detectable).toFixed(0)} points.`,
    );
  }
  const missing = rows.filter((row) => !shown.includes(row)).map((row) => row.name);
  if (missing.length && shown.length)
    words.push(` Not in the picture, because cost or accuracy is unknown: ${missing.join(", ")}.`);
  return words;
}

function scatter(rows, front, width) {
  const axis = COSTS[costPanel.axis],
    costs = rows.map((row) => row[costPanel.axis]);
  const height = width < 560 ? 360 : 400,
    left = 52,
    right = width - 20,
    top = 26,
    bottom = height - 48;
  const least = Math.min(...costs),
    most = Math.max(...costs);
  const wide = least > 0 && most / least > 5;
  const x = wide ? logarithmic(least / 1.6, most * 1.6, left, right) : linear(0, most * 1.15 || 1, left, right);
  const y = linear(...accuracyRange(rows.map((row) => row.accuracy)), bottom, top);
  const at = (row) => [x(row[costPanel.axis]), y(row.accuracy[0])];
  const drawn = canvas(width, height, `Accuracy against ${axis.of}, for ${rows.map((row) => row.name).join(", ")}`);
  accuracyAxis(drawn, y, left, right);
  for (const tick of x.ticks) {
    drawn.append(
      line(x(tick), bottom, x(tick), bottom + 5, "grid"),
      text(
        x(tick),
        bottom + 20,
        axis
          .text(tick)
          .replace(/(\.\d*?)0+$/, "$1")
          .replace(/\.$/, ""),
        { class: "tick", "text-anchor": "middle" },
      ),
    );
  }
  drawn.append(
    text((left + right) / 2, height - 8, `${axis.of}${wide ? " (logarithmic)" : ""}`, {
      class: "axis",
      "text-anchor": "middle",
    }),
  );
  const best = rows.filter((row) => front.includes(row.name)).sort((one, other) => at(one)[0] - at(other)[0]);
  if (best.length) drawn.append(svg("path", { class: "front", d: stairs(best.map(at), right) }));
  for (const row of rows) drawn.append(whisker(at(row)[0], y, row.accuracy));
  const taken = rows.flatMap((row) => [
    box(at(row)[0] - 7, at(row)[1] - 7, 14, 14),
    box(at(row)[0] - 2, y(row.accuracy[2]), 4, y(row.accuracy[1]) - y(row.accuracy[2])),
  ]);
  for (const row of rows)
    drawn.append(...label(row, at(row), taken, [left, right, bottom]), point(row, at(row), front.includes(row.name), axis));
  return drawn;
}

const stairs = (points, right) =>
  points.map(([x, y], place) => (place ? `H${x}V${y}` : `M${x} ${y}`)).join("") + `H${right}`;
const box = (x, y, width, height) => ({ x, y, width, height });
const overlap = (one, other) =>
  one.x < other.x + other.width &&
  other.x < one.x + one.width &&
  one.y < other.y + other.height &&
  other.y < one.y + one.height;

function point(row, [cx, cy], onFront, axis) {
  const words = `${row.name}: ${percent(row.accuracy[0], 1)} (${range(row.accuracy)}) for ${axis.text(row[costPanel.axis])}`;
  return svg(
    "circle",
    {
      cx,
      cy,
      r: 6,
      class: onFront ? "point front" : "point",
      "data-name": row.name,
      "data-accuracy": row.accuracy[0],
      "data-cost": row[costPanel.axis],
    },
    svg("title", {}, words),
  );
}

/** Write a name near its point where it covers nothing; one that ends up far from it is tied to it by a line. */
function label(row, [x, y], taken, [left, right, bottom]) {
  const name = row.name.length > 28 ? `${row.name.slice(0, 27)}…` : row.name,
    width = name.length * (right < 540 ? 6.3 : 7.4) + 4;
  const beside = [-22, 6, -9, -38, 22, -54, 38, -70, 54].flatMap((rise) => [
    [x + 9, y + rise],
    [x - 9 - width, y + rise],
  ]);
  const places = beside
    .map(([px, py]) => box(px, py, width, 17))
    .filter((each) => each.x >= left && each.x + width <= right + 16 && each.y >= 0 && each.y + 17 <= bottom);
  const free = places.find((each) => !taken.some((other) => overlap(each, other)));
  const place = free ?? places[0] ?? box(left, y - 22, width, 17);
  taken.push(place);
  const near = [x < place.x ? place.x : place.x + width, place.y + 9];
  const tie = Math.abs(near[1] - y) > 26 ? line(x, y, ...near, "tie") : null;
  return [tie, text(place.x + 2, place.y + 13, name, { class: right < 540 ? "label narrow" : "label" })].filter(
    Boolean,
  );
}

function costTable(rows) {
  const difference = (row, show) =>
    row.difference ? show(row.difference) : row === rows[0] && rows.length > 1 ? "" : "–";
  return table(
    "The presets in numbers",
    [
      { name: "Preset", left: true, cell: (row) => row.name },
      { name: "Accuracy", cell: (row) => (row.accuracy ? intervalText(row.accuracy) : UNKNOWN) },
      {
        name: `Against ${rows[0].name}`,
        title: "points of accuracy, paired by question, with the 95 % interval of a bootstrap",
        cell: (row) =>
          difference(row, ({ interval }) => [
            `${signed(interval[0])} `,
            el("span", { class: "range" }, `${signed(interval[1])} to ${signed(interval[2])}`),
          ]),
      },
      {
        name: "Verdict",
        left: true,
        title: "whether the interval holds 0; p is of McNemar's exact test",
        cell: (row) =>
          difference(row, ({ verdict, p }) => [
            chip(verdict, VERDICTS[verdict]),
            el("span", { class: "range" }, p === null ? "" : p < 0.001 ? "p < 0.001" : `p = ${p.toFixed(3)}`),
          ]),
      },
      { name: "$ / question", cell: (row) => dollars(row.usd) },
      { name: "$ / right answer", cell: (row) => (row.usd_per_correct === null ? "–" : dollars(row.usd_per_correct)) },
      { name: "Tokens", cell: (row) => count(row.tokens) },
      { name: "Calls", cell: (row) => count(row.calls) },
      { name: "Time", title: "wall time of a question", cell: (row) => seconds(row.seconds) },
      {
        name: "Scored",
        title: "questions that count in the accuracy; results that could not be told right or wrong",
        cell: (row) =>
          [
            count(row.scored),
            row.unscored ? el("span", { class: "range" }, ` (${count(row.unscored)} not)`) : null,
          ].filter(Boolean),
      },
      { name: "Lost", title: "agents that were lost, over all questions and rounds", cell: (row) => count(row.lost) },
    ],
    rows,
  );
}
