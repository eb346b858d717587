// How points and bars are drawn, with uPlot and on its canvas.

import uPlot from "./vendor/uPlot.js";

const SIZE = 5;
const STEPS = 24;
const LARGE = 1e7;
const SMALL = 1e-5;
// uPlot has no marks for numbers beyond these, nor for more decades.
const DIGITS = 15;
const DECADES = [1, 2, 5, 10, 20, 50, 100, 200];
// Cividis, which those who see few colours tell apart as well: from low to high, for light and for dark pages.
const LIGHT = ["#00306f", "#31446b", "#4f576c", "#666970", "#7d7c78", "#958f78", "#aea371", "#c1a94f", "#c99b00"];
const DARK = ["#5b86d6", "#7a93bf", "#96a1ad", "#a9a99b", "#bdb088", "#d0b973", "#e4c55c", "#f3d55a", "#ffea46"];

const isDark = () => matchMedia("(prefers-color-scheme: dark)").matches;

function style(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/** Return the color of a share from 0 to 1. */
export function colorOf(share) {
  const colors = isDark() ? DARK : LIGHT;
  const at = Math.min(0.9999, Math.max(0, share)) * (colors.length - 1);
  const mix = (one, other) => Math.round(one + (other - one) * (at % 1));
  const parts = (color) => [1, 3, 5].map((start) => parseInt(color.slice(start, start + 2), 16));
  const [low, high] = [parts(colors[Math.floor(at)]), parts(colors[Math.floor(at) + 1])];
  return `rgb(${low.map((part, index) => mix(part, high[index])).join(" ")})`;
}

function axis(label, { isDate, from, steps }) {
  const look = { stroke: style("--muted"), grid: { stroke: style("--line"), width: 1 }, ticks: { stroke: style("--line"), width: 1, size: 4 } };
  const fonts = { font: "12px system-ui", labelFont: "12px system-ui", labelSize: 22, size: isDate ? 44 : 36 };
  const marks = (_, numbers) => marked(numbers.map((number) => (number === null ? null : from(number))));
  return { ...look, ...fonts, label, ...(isDate ? {} : { values: marks }), ...(steps && { incrs: steps }) };
}

/** Write the numbers at an axis: those with many digits would cover each other. */
function marked(numbers) {
  const isLong = numbers.some((number) => Math.abs(number) >= LARGE || (number && Math.abs(number) < SMALL));
  return numbers.map((number) => {
    if (number === null) return "";
    if (!isLong || !number) return number.toLocaleString("en", { maximumFractionDigits: 16 });
    return Number(number.toPrecision(12)).toExponential().replace("e+", "e").replace(/e0$/, "");
  });
}

const AS_THEY_ARE = { to: (value) => value, from: (value) => value };

/** Return how an axis shows numbers, and whether it is logarithmic: very large and very small ones in a unit of their own. */
function measured(values, isLog, isDate) {
  if (isDate) return { ...AS_THEY_ARE, isLog, isDate };
  let least = Infinity;
  let most = 0;
  for (const value of values) {
    const size = Math.abs(value);
    if (size && size < least) least = size;
    if (size > most) most = size;
  }
  const [low, high] = [Math.floor(Math.log10(least)), Math.floor(Math.log10(most))];
  const isUsual = !most || (high < DIGITS && (isLog ? low : high) > -DIGITS);
  if (isUsual) return { ...AS_THEY_ARE, isLog, isDate };
  if (isLog && high - low > DIGITS) return { to: Math.log10, from: (value) => 10 ** value, steps: DECADES, isLog: false, isDate };
  const exponent = Math.max(isLog ? low : high, -307);
  const unit = 10 ** exponent;
  return { to: (value) => value / unit, from: (value) => value * unit, isLog, isDate };
}

function scale(isLog, isDate, range) {
  return { time: isDate, distr: isLog ? 3 : 1, range };
}

/** Round down to one digit: uPlot counts its marks from the end of a logarithmic axis. */
function rounded(value) {
  const unit = 10 ** Math.floor(Math.log10(value));
  return Math.floor(value / unit) * unit;
}

function spanned(values, isLog) {
  let least = Infinity;
  let most = -Infinity;
  for (const value of values) {
    if (value < least) least = value;
    if (value > most) most = value;
  }
  if (isLog) return [rounded(least / 1.15), most * 1.15];
  const room = (most - least || Math.abs(most) || 1) * 0.04;
  return [least - room, most + room];
}

function plot(element, { x, y, data, draw, onHover, onClick, xLabel, yLabel }) {
  const rect = element.getBoundingClientRect();
  const xAxis = axis(xLabel, x);
  const yAxis = { ...axis(yLabel, y), size: 64 };
  const options = {
    width: Math.max(240, rect.width),
    height: Math.max(220, rect.height),
    legend: { show: false },
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "UTC"),
    scales: { x: scale(x.isLog, x.isDate, x.range), y: scale(y.isLog, y.isDate, y.range) },
    axes: [xAxis, yAxis],
    series: [{}, { paths: draw, points: { show: false }, stroke: style("--accent") }],
    cursor: { drag: { x: true, y: true, uni: 20 }, points: { show: false }, x: false, y: false },
  };
  const made = new uPlot(options, data, element);
  const at = (event) => {
    const { left, top } = made.over.getBoundingClientRect();
    return [event.clientX - left, event.clientY - top];
  };
  let pressed = [0, 0];
  made.over.addEventListener("mousedown", (event) => (pressed = at(event)));
  made.over.addEventListener("mousemove", (event) => onHover?.(made, ...at(event)));
  made.over.addEventListener("mouseleave", () => onHover?.(made, -1e9, -1e9));
  made.over.addEventListener("click", (event) => {
    const [left, top] = at(event);
    if (Math.hypot(left - pressed[0], top - pressed[1]) < 4) onClick?.(made, left, top);
  });
  const observer = new ResizeObserver(() => {
    const now = element.getBoundingClientRect();
    made.setSize({ width: Math.max(240, now.width), height: Math.max(220, now.height) });
  });
  observer.observe(element);
  return () => {
    observer.disconnect();
    made.destroy();
  };
}

/** Draw points; returns what removes them. */
export function scatter(element, { values, shares, xLog, yLog, dates, xLabel, yLabel, onHover, onClick }) {
  const x = measured(values[0], xLog, dates[0]);
  const y = measured(values[1], yLog, dates[1]);
  const [xs, ys] = [values[0].map(x.to), values[1].map(y.to)];
  const draw = (u) => {
    const { ctx } = u;
    const size = SIZE * devicePixelRatio;
    const { left, top, width, height } = u.bbox;
    ctx.save();
    ctx.beginPath();
    ctx.rect(left, top, width, height);
    ctx.clip();
    ctx.globalAlpha = xs.length > 3000 ? 0.55 : 0.75;
    // By colors, so that the canvas changes its color a few times and not for each point.
    const byColor = new Map();
    for (let at = 0; at < xs.length; at += 1) {
      const step = shares ? Math.round(shares[at] * STEPS) : -1;
      if (!byColor.has(step)) byColor.set(step, []);
      byColor.get(step).push(at);
    }
    for (const [step, places] of [...byColor].sort(([one], [other]) => one - other)) {
      ctx.fillStyle = step < 0 ? style("--accent") : colorOf(step / STEPS);
      ctx.beginPath();
      for (const at of places) {
        const px = u.valToPos(xs[at], "x", true);
        const py = u.valToPos(ys[at], "y", true);
        ctx.moveTo(px + size / 2, py);
        ctx.arc(px, py, size / 2, 0, 2 * Math.PI);
      }
      ctx.fill();
    }
    ctx.restore();
    return null;
  };
  const nearest = (u, left, top) => {
    let found = -1;
    let least = 14 ** 2;
    for (let at = 0; at < xs.length; at += 1) {
      const away = (u.valToPos(xs[at], "x") - left) ** 2 + (u.valToPos(ys[at], "y") - top) ** 2;
      if (away < least) [least, found] = [away, at];
    }
    return found;
  };
  return plot(element, {
    x: { ...x, range: ranged(spanned(xs, x.isLog), x.isLog) },
    y: { ...y, range: ranged(spanned(ys, y.isLog), y.isLog) },
    data: [xs, ys],
    draw,
    xLabel,
    yLabel,
    onHover: (u, left, top) => onHover(nearest(u, left, top), left + u.over.offsetLeft, top + u.over.offsetTop),
    onClick: (u, left, top) => onClick(nearest(u, left, top)),
  });
}

/** Zoomed in, a scale has the range that was chosen; else the whole one. */
function ranged([low, high], isLog) {
  return (u, least, most) => {
    const isZoomed = u.status !== 0 && least > low && most < high && most > least;
    return isZoomed ? [isLog ? rounded(least) : least, most] : [low, high];
  };
}

/** Draw the bars of a histogram; returns what removes them. */
export function bars(element, { bounds, counts, xLog, isDate, label, onHover, onClick }) {
  const x = measured(bounds, xLog, isDate);
  const edges = bounds.map(x.to);
  const most = Math.max(1, ...counts);
  const middles = counts.map((_, at) => (x.isLog ? Math.sqrt(edges[at] * edges[at + 1]) : (edges[at] + edges[at + 1]) / 2));
  const draw = (u) => {
    const { ctx } = u;
    ctx.save();
    ctx.fillStyle = style("--accent");
    counts.forEach((count, at) => {
      if (!count) return;
      const left = u.valToPos(edges[at], "x", true);
      const right = u.valToPos(edges[at + 1], "x", true);
      const top = u.valToPos(count, "y", true);
      const bottom = u.valToPos(0, "y", true);
      ctx.fillRect(left + 0.5, top, Math.max(1, right - left - 1), Math.max(1, bottom - top));
    });
    ctx.restore();
    return null;
  };
  const barAt = (u, left) => {
    const value = u.posToVal(left, "x");
    return edges.findIndex((edge, at) => at < counts.length && value >= edge && value < edges[at + 1]);
  };
  return plot(element, {
    x: { ...x, range: () => [x.isLog ? rounded(edges[0]) : edges[0], edges.at(-1)] },
    y: { ...AS_THEY_ARE, isLog: false, isDate: false, range: () => [0, most * 1.06] },
    data: [middles, counts],
    draw,
    xLabel: label,
    yLabel: "results",
    onHover: (u, left, top) => onHover(barAt(u, left), left + u.over.offsetLeft, top + u.over.offsetTop),
    onClick: (u, left) => onClick(barAt(u, left)),
  });
}
