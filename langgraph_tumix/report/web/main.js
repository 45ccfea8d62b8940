// Where the page begins: its data, its head, and news while a run goes on.

const live = document.documentElement.dataset.mode === "live";
let summary = JSON.parse($("#summary").textContent);
let packed = null;

/** Everything about a question: from this file, where it lies packed line by line, or from the server. */
async function details(place, id) {
  if (live) {
    const reply = await fetch(`question?id=${encodeURIComponent(id)}`);
    if (!reply.ok) throw new Error(`the server says ${reply.status}`);
    return reply.json();
  }
  if (!("DecompressionStream" in window))
    throw new Error("this browser is too old to unpack them (it needs one from 2023 or later)");
  packed ??= $("#details").textContent.trim().split("\n");
  const bytes = Uint8Array.from(atob(packed[place]), (letter) => letter.charCodeAt(0));
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).json();
}

function drawHead({ about }) {
  document.title = `${about.tasks} · TUMIX report`;
  const created = new Date(about.created);
  const when = Number.isNaN(created.getTime())
    ? about.created
    : created.toLocaleString("en-GB", { dateStyle: "long", timeStyle: "short" });
  const fact = (value, name) => el("div", {}, el("dt", {}, name), el("dd", {}, value));
  const ended = about.done >= about.expected;
  const share = about.expected ? about.done / about.expected : 0;
  fill(
    "#about",
    el(
      "p",
      { class: "eyebrow" },
      "TUMIX report",
      live ? el("span", { class: "live" }, ended ? " · complete" : " · live") : null,
    ),
    el("h1", {}, about.tasks),
    el(
      "p",
      { class: "meta" },
      [
        about.model,
        when,
        `langgraph-tumix ${about.version}${about.commit ? ` (${about.commit.slice(0, 10)})` : ""}`,
        about.name,
      ].join(" · "),
    ),
    about.simulated
      ? el(
          "p",
          { class: "banner", role: "note" },
          el("b", {}, "Simulated."),
          " The offline model spoke. These numbers show how the page works; they are no results.",
        )
      : null,
    el(
      "dl",
      { class: "facts" },
      fact(count(about.questions), "questions"),
      fact(count(about.presets.length), about.presets.length === 1 ? "preset" : "presets"),
      about.repeats > 1 ? fact(count(about.repeats), "repeats") : null,
      fact(dollars(about.usd), "total cost"),
      fact(count(about.calls), "model calls"),
      fact(count(about.tokens), "tokens"),
    ),
    ended
      ? null
      : el(
          "div",
          { class: "progress" },
          el("progress", { max: about.expected, value: about.done, "aria-label": "Results so far" }),
          el("span", {}, `${whole.format(about.done)} of ${whole.format(about.expected)} results (${percent(share)})`),
        ),
    about.problems.length
      ? el(
          "ul",
          { class: "problems", "aria-label": "What should be known" },
          about.problems.map((problem) => el("li", {}, problem)),
        )
      : null,
  );
}

function drawAll() {
  drawHead(summary);
  for (const draw of [drawCost, drawRounds, drawAgents, drawStopping, drawFilters, drawList, drawQuestion])
    draw(summary);
}

let shownPage = readState().page;

function followAddress() {
  const hash = location.hash.slice(1),
    was = opened.key;
  if (hash && !hash.includes("=")) return; // a place on this page
  drawList(summary);
  drawQuestion(summary).then(() => {
    if (readState().q && opened.key !== was) showQuestion();
  });
  if (readState().page === shownPage) return;
  shownPage = readState().page;
  $("#questions .listing").scrollTop = 0;
  if ($("#questions .list").getBoundingClientRect().top < 0) $("#questions .filters").scrollIntoView();
}

function showQuestion() {
  const place = $("#questions .question");
  place.focus({ preventScroll: true });
  $(".list a[aria-current]")?.scrollIntoView({ block: "nearest" });
  if (place.getBoundingClientRect().top < 0 || matchMedia("(max-width: 860px)").matches)
    place.scrollIntoView({ block: "start" });
}

/** Ask for news every two seconds; what is open stays open. */
async function follow() {
  let tag = "";
  for (;;) {
    try {
      const reply = document.hidden && summary ? null : await fetch("summary", { headers: { "If-None-Match": tag } });
      if (reply?.status === 200) {
        summary = await reply.json();
        tag = reply.headers.get("ETag") ?? "";
        drawAll();
      }
      document.documentElement.classList.remove("lost");
    } catch {
      document.documentElement.classList.add("lost"); // the server has ended; what is on the page stays
    }
    await new Promise((resolve) => setTimeout(resolve, 2000));
  }
}

addEventListener("hashchange", followAddress);
if (summary) {
  drawAll();
  if (readState().q) $("#questions").scrollIntoView();
}
if (live) follow();
