// Panel 2: how many rounds the questions took.

function drawRounds({ compared: { rows } }) {
  const most = Math.max(0, ...rows.flatMap((row) => Object.keys(row.rounds.counts).map(Number)));
  const several = rows.filter((row) => Object.keys(row.rounds.counts).length > 1);
  fill(
    "#rounds .finding",
    several.length
      ? several.map((row) => `${row.name} takes ${row.rounds.mean.toFixed(1)} rounds on average`).join(", ") + "."
      : rows.length
        ? "Each preset takes the same number of rounds for every question."
        : "",
  );
  const legend = el(
    "ul",
    { class: "legend", "aria-hidden": "true" },
    Array.from({ length: most }, (_, place) =>
      el("li", {}, el("i", { class: `shade s${shade(place + 1, most)}` }), plural(place + 1, "round")),
    ),
  );
  fill(
    "#rounds .figure",
    rows.length
      ? [
          legend,
          el(
            "ul",
            { class: "bars" },
            rows.map((row) => roundsBar(row, most)),
          ),
        ]
      : empty("No question has ended yet."),
  );
}

const shade = (rounds, most) => (most <= 6 ? rounds : Math.ceil((6 * rounds) / most));

function roundsBar(row, most) {
  const entries = Object.entries(row.rounds.counts);
  const words = entries
    .map(([rounds, questions]) => `${plural(questions, "result")} in ${plural(Number(rounds), "round")}`)
    .join(", ");
  const parts = entries.map(([rounds, questions]) =>
    el(
      "i",
      {
        class: `shade s${shade(Number(rounds), most)}`,
        style: { "flex-grow": questions },
        "data-rounds": rounds,
        "data-count": questions,
        title: `${plural(questions, "result")} in ${plural(Number(rounds), "round")}`,
      },
      questions / row.results > 0.06 ? count(questions) : "",
    ),
  );
  return el(
    "li",
    { "data-name": row.name },
    el("span", { class: "name" }, row.name),
    el("span", { class: "bar", role: "img", "aria-label": words }, parts),
    el("span", { class: "mean" }, el("span", { class: "range" }, "mean "), row.rounds.mean.toFixed(2)),
  );
}
