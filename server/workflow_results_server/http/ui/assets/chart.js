// Charts: two numbers against each other with a third as color, or how one is distributed.

import { askNumbers } from "./api.js";
import { html, Notice, use, useEffect, useLoaded, useMemo, useRef, useState } from "./dom.js";
import { bars, colorOf, scatter } from "./drawing.js";
import { moment, short, thousands } from "./format.js";
import { setQuery } from "./filters.js";
import { numeric } from "./model.js";
import { replaced } from "./query.js";
import { go, state } from "./state.js";
import { open } from "./table.js";

const BARS = 60;
const ERROR = /err|sigma|uncert/i;
const TIMES = ["creation", "start", "stop"];

/** Return the fields that a chart begins with: what a pipeline has found comes first. */
function usual(columns, now) {
  const isFound = ({ path, constant }) => path.startsWith("results.") && !constant && !ERROR.test(path);
  const found = columns.filter(isFound).map(({ path }) => path);
  const others = columns.map(({ path }) => path);
  const [x = others[0] ?? "", y = x] = found;
  return { x: now.x || x, y: now.y || y, color: now.color === "none" ? "" : now.color || (found[2] ?? "") };
}

const shown = (value, path, isDate) => (isDate || TIMES.includes(path) ? moment(value * 1000) : short(value));

function Choice({ label, value, columns, onChange, none }) {
  const paths = columns.map(({ path }) => path);
  return html`
    <label>${label}
      <select value=${value} onChange=${(event) => onChange(event.target.value)}>
        ${none && html`<option value="none">no color</option>`}
        ${value && !paths.includes(value) && html`<option value=${value}>${value}</option>`}
        ${paths.map((path) => html`<option key=${path} value=${path}>${path}</option>`)}
      </select>
    </label>
  `;
}

/** Keep the points that an axis can show, sorted along it. */
function arranged({ ids, values, dates }, isLog) {
  const places = ids.map((_, at) => at).filter((at) => isLog.every((log, axis) => !log || values[axis][at] > 0));
  places.sort((one, other) => values[0][one] - values[0][other]);
  return {
    ids: places.map((at) => ids[at]),
    values: values.map((column) => places.map((at) => column[at])),
    hidden: ids.length - places.length,
    dates,
  };
}

function Remarks({ found, hidden }) {
  const remarks = [`${thousands(found.ids.length - hidden)} results`];
  if (found.partial) remarks.push(`only the newest ${thousands(found.ids.length)} that have these fields`);
  if (found.passed) remarks.push(`${thousands(found.passed)} without a finite number left out`);
  if (hidden) remarks.push(`${thousands(hidden)} not above 0 left out of the logarithmic axis`);
  return html`<p class="hint remarks" role="status">${remarks.join("; ")}</p>`;
}

function Drawn({ make, children, label, what }) {
  const element = useRef(null);
  useEffect(() => {
    let remove = make(element.current);
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    const again = () => {
      remove();
      remove = make(element.current);
    };
    scheme.addEventListener("change", again);
    return () => {
      scheme.removeEventListener("change", again);
      remove();
    };
  }, what);
  return html`<div class="canvas"><div class="plot" ref=${element} role="img" aria-label=${label}></div>${children}</div>`;
}

function Tip({ tip, children }) {
  if (!tip) return null;
  return html`<div class="tip" style=${{ left: `${tip.left}px`, top: `${tip.top}px` }}>${children}</div>`;
}

function Scatter({ found, x, y, color, xLog, yLog }) {
  const [tip, setTip] = useState(null);
  const points = useMemo(() => arranged(found, [xLog, yLog]), [found, xLog, yLog]);
  const [xs, ys, cs] = points.values;
  const [least, most] = useMemo(() => {
    const sorted = cs ? [...cs].sort((one, other) => one - other) : [];
    return [sorted[0], sorted.at(-1)];
  }, [points]);
  const byId = useMemo(() => {
    const sorted = cs ? cs.map((value, at) => [value, at]).sort(([one], [other]) => one - other) : [];
    const shares = new Array(sorted.length);
    sorted.forEach(([, at], rank) => (shares[at] = sorted.length > 1 ? rank / (sorted.length - 1) : 0.5));
    return shares;
  }, [points]);
  const make = (element) =>
    scatter(element, {
      values: [xs, ys],
      shares: cs && byId,
      xLog,
      yLog,
      dates: [found.dates[0] || TIMES.includes(x), found.dates[1] || TIMES.includes(y)],
      xLabel: x,
      yLabel: y,
      onHover: (at, left, top) => {
        element.classList.toggle("over", at >= 0);
        setTip(at < 0 ? null : { at, left, top });
      },
      onClick: (at) => at >= 0 && open(points.ids[at]),
    });
  const at = tip?.at;
  return html`
    <${Drawn} make=${make} what=${[points, x, y, color]} label="${y} against ${x}${color ? `, colored by ${color}` : ""}, ${points.ids.length} results">
      <${Tip} tip=${tip}>
        <strong>${points.ids[at]}</strong>
        <span>${x}: ${shown(xs[at], x, found.dates[0])}</span><span>${y}: ${shown(ys[at], y, found.dates[1])}</span>
        ${cs && html`<span>${color}: ${shown(cs[at], color, found.dates[2])}</span>`}
      </${Tip}>
    </${Drawn}>
    <div class="under">
      <${Remarks} found=${found} hidden=${points.hidden} />
      ${cs && points.ids.length > 0 && html`<p class="legend"><span>${shown(least, color, found.dates[2])}</span>
        ${[...Array(12).keys()].map((step) => html`<i key=${step} style=${{ background: colorOf(step / 11) }}></i>`)}
        <span>${shown(most, color, found.dates[2])}</span> <small>${color}, by rank</small></p>`}
    </div>
  `;
}

function binned(values, isLog) {
  const least = values[0];
  const most = values.at(-1);
  const number = Math.max(5, Math.min(BARS, Math.ceil(Math.sqrt(values.length))));
  const scale = Number.isFinite(most - least) ? 1 : 0.25; // there are no numbers for some widths
  const to = isLog ? Math.log10 : (value) => value * scale;
  const from = isLog ? (value) => 10 ** value : (value) => value / scale;
  const low = to(least);
  const width = (to(most) - low || Math.abs(low) || 1) / number;
  const edges = Array.from({ length: number + 1 }, (_, at) => from(low + at * width));
  edges[0] = least;
  if (most > least) edges[number] = most;
  const counts = new Array(number).fill(0);
  for (const value of values) counts[Math.min(number - 1, Math.max(0, Math.floor((to(value) - low) / width)))] += 1;
  return { edges, counts };
}

function Histogram({ found, x, xLog }) {
  const { query } = use(state);
  const [tip, setTip] = useState(null);
  const points = useMemo(() => arranged(found, [xLog]), [found, xLog]);
  const { edges, counts } = useMemo(() => binned(points.values[0], xLog), [points]);
  const isDate = found.dates[0] || TIMES.includes(x);
  const bound = (value) => (found.dates[0] ? { $date: new Date(value * 1000).toISOString() } : Number(value.toPrecision(12)));
  const make = (element) =>
    bars(element, {
      bounds: edges,
      counts,
      xLog,
      isDate,
      label: x,
      onHover: (at, left, top) => setTip(at < 0 ? null : { at, left, top }),
      onClick: (at) => {
        if (at < 0) return;
        const end = at === counts.length - 1 ? "$lte" : "$lt";
        const upper = end === "$lte" && !found.dates[0] ? points.values[0].at(-1) : bound(edges[at + 1]);
        setQuery(replaced(query, x, { [x]: { $gte: at ? bound(edges[at]) : found.dates[0] ? bound(edges[0]) : edges[0], [end]: upper } }));
      },
    });
  return html`
    <${Drawn} make=${make} what=${[points, x]} label="Histogram of ${x}, ${points.ids.length} results">
      <${Tip} tip=${tip}>
        <strong>${thousands(counts[tip?.at] ?? 0)} results</strong>
        <span>${shown(edges[tip?.at], x, isDate)} to ${shown(edges[tip?.at + 1], x, isDate)}</span>
        <span>a click filters by that</span>
      </${Tip}>
    </${Drawn}>
    <div class="under"><${Remarks} found=${found} hidden=${points.hidden} /></div>
  `;
}

export function Chart() {
  const now = use(state);
  const columns = use(numeric);
  const { x, y, color } = usual(columns, now);
  const isScatter = now.view === "scatter";
  const fields = (isScatter ? [x, y, color] : [x]).filter(Boolean);
  const load = async (signal) => (x ? askNumbers("api/points", { pipeline: now.pipeline, query: now.query, fields }, signal) : null);
  const { value, error, loading } = useLoaded(load, [now.pipeline, now.query, fields.join("\n")]);
  const xLog = now.log.includes("x");
  const yLog = now.log.includes("y");
  const set = (changes) => go(changes, { replace: true });
  const setLog = (axis, isOn) => set({ log: ["x", "y"].filter((each) => (each === axis ? isOn : now.log.includes(each))).join("") });
  const fits = value && value.values.length === fields.length;
  return html`
    <section class="chart" aria-label="Chart">
      <div class="axes">
        <${Choice} label=${isScatter ? "x" : "Field"} value=${x} columns=${columns} onChange=${(path) => set({ x: path, y })} />
        <label class="choice"><input type="checkbox" checked=${xLog} onChange=${(event) => setLog("x", event.target.checked)} /> <span>log</span></label>
        ${isScatter &&
        html`
          <${Choice} label="y" value=${y} columns=${columns} onChange=${(path) => set({ y: path, x })} />
          <label class="choice"><input type="checkbox" checked=${yLog} onChange=${(event) => setLog("y", event.target.checked)} /> <span>log</span></label>
          <${Choice} label="color" value=${color || "none"} columns=${columns} none onChange=${(path) => set({ color: path })} />
        `}
        <span class="hint">${isScatter ? "Click a point to open its result; drag to zoom, double-click to zoom out." : ""}</span>
      </div>
      ${error
        ? html`<${Notice} error=${error} />`
        : !x
          ? html`<${Notice}>This pipeline has no numbers to draw.</${Notice}>`
          : !value || !fits || (loading && !value)
            ? html`<${Notice}>Loading …</${Notice}>`
            : !value.ids.length
              ? html`<${Notice}>No result that matches has a number in ${fields.join(" and ")}.</${Notice}>`
              : isScatter
                ? html`<${Scatter} found=${value} x=${x} y=${y} color=${color} xLog=${xLog} yLog=${yLog} />`
                : html`<${Histogram} found=${value} x=${x} xLog=${xLog} />`}
    </section>
  `;
}
