// Panel 2: how many rounds the questions took.

function drawRounds({ compared: { rows } }) {
  const taken = [...new Set(rows.flatMap((row) => Object.keys(row.rounds.counts).map(Number)))].sort((a, b) => a - b);
  const shades = new Map(taken.map((rounds, place) => [rounds, shade(place, taken.length)]));
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
    taken.map((rounds) => el("li", {}, el("i", { class: `shade s${shades.get(rounds)}` }), plural(rounds, "round"))),
  );
  fill(
    "#rounds .figure",
    rows.length
      ? [
          legend,
          el(
            "ul",
            { class: "bars" },
            rows.map((row) => roundsBar(row, shades)),
          ),
        ]
      : empty("No question has ended yet."),
  );
}

/** Of six shades, one for each number of rounds that occurs: the further apart, the fewer there are. */
const shade = (place, many) => 1 + (many <= 6 ? place : Math.floor((6 * place) / many));

function roundsBar(row, shades) {
  const entries = Object.entries(row.rounds.counts);
  const words = entries
    .map(([rounds, questions]) => `${plural(questions, "result")} in ${plural(Number(rounds), "round")}`)
    .join(", ");
  const parts = entries.map(([rounds, questions]) =>
    el(
      "i",
      {
        class: `shade s${shades.get(Number(rounds))}`,
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
