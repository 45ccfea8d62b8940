// Scales, axes and pictures that are drawn anew when their place changes its width.

function linear(low, high, from, to) {
  const scale = (value) => from + ((value - low) / (high - low || 1)) * (to - from);
  return Object.assign(scale, { ticks: steps(low, high) });
}

function logarithmic(low, high, from, to) {
  const scale = linear(Math.log10(low), Math.log10(high), from, to);
  const ticks = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); power += 1) {
    for (const digit of [1, 2, 5]) ticks.push(digit * 10 ** power);
  }
  const inside = ticks.filter((tick) => tick >= low * 0.999 && tick <= high * 1.001);
  const sparse = inside.filter((tick) => /^1/.test(tick.toExponential()));
  return Object.assign((value) => scale(Math.log10(value)), {
    ticks: inside.length > 7 && sparse.length > 1 ? sparse : inside,
  });
}

function steps(low, high) {
  const rough = (high - low) / 5 || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((digit) => digit * power).find((size) => size >= rough);
  const first = Math.ceil(low / step - 1e-9);
  return Array.from(
    { length: Math.max(0, Math.floor(high / step + 1e-9) - first + 1) },
    (_, place) => (first + place) * step,
  );
}

const watched = new WeakMap();
const observer = new ResizeObserver((entries) => {
  for (const { target, contentRect } of entries) {
    const seen = watched.get(target);
    if (seen && Math.abs(seen.width - contentRect.width) > 1) redraw(target);
  }
});

/** Let `draw(width)` fill `host`, now and whenever its width changes. */
function picture(host, draw) {
  watched.set(host, { draw, width: 0 });
  redraw(host);
  observer.observe(host);
}

function redraw(host) {
  const seen = watched.get(host);
  seen.width = host.clientWidth || 640;
  host.replaceChildren(seen.draw(seen.width));
}

function canvas(width, height, label) {
  return svg("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": label });
}

const text = (x, y, words, attributes = {}) => svg("text", { x, y, ...attributes }, words);
const line = (x1, y1, x2, y2, kind) => svg("line", { x1, y1, x2, y2, class: kind });

/** Accuracy upwards: grid lines with their values. */
function accuracyAxis(picture, scale, left, right) {
  for (const tick of scale.ticks) {
    picture.append(
      line(left, scale(tick), right, scale(tick), "grid"),
      text(left - 8, scale(tick) + 4, percent(tick), { class: "tick", "text-anchor": "end" }),
    );
  }
}

/** The range of accuracies that a picture shows, to tens of per cent, within 0 and 1. */
function accuracyRange(intervals) {
  const low = Math.min(...intervals.map((each) => each[1])),
    high = Math.max(...intervals.map((each) => each[2]));
  return [Math.max(0, Math.floor(low * 10 - 0.2) / 10), Math.min(1, Math.ceil(high * 10 + 0.2) / 10)];
}

function whisker(x, y, interval) {
  const [, low, high] = interval;
  return svg(
    "g",
    { class: "whisker" },
    line(x, y(low), x, y(high)),
    line(x - 4, y(low), x + 4, y(low)),
    line(x - 4, y(high), x + 4, y(high)),
  );
}
