// The table: an ARIA grid of which only the rows in sight are drawn.

import { html, signal, use, useEffect, useLayoutEffect, useRef, useState } from "./dom.js";
import { kindOf, short, thousands, valueAt, whole } from "./format.js";
import { arrivals } from "./live.js";
import { available, byPath, rows as rowsSignal, shown } from "./model.js";
import { MOST_ROWS } from "./rows.js";
import { go, state } from "./state.js";

const ROW = 30;
const AROUND = 8;
const DRAWN = 256; // more than there are at a time: each is drawn anew with what comes into sight
const MARK = "46px";
const DECIMALS = 4;
const NEW = 4000;
const ENDING = 9;
const narrow = matchMedia("(max-width: 720px)");

/** The place of the row that the keyboard is on, and how often that has moved, so that it is brought into sight. */
export const cursor = signal(0);
export const moves = signal(0);

/** Which rows are chosen to be compared, by id. */
export function toggle(id) {
  const { compare } = state.peek();
  go({ compare: compare.includes(id) ? compare.filter((each) => each !== id) : [...compare, id] }, { replace: true });
}

export function open(id) {
  if (id) go({ open: id }, { replace: Boolean(state.peek().open) });
}

/** Look at the first rows: how wide each column should be, and how many decimals its numbers have. */
function measured(paths, rows) {
  const sample = Array.from({ length: Math.min(60, rows.length) }, (_, place) => rows.at(place)).filter(Boolean);
  const columns = paths.map((path) => {
    const texts = sample.map((row) => short(valueAt(row, path), path));
    const decimals = isNumeric(path) ? Math.min(DECIMALS, Math.max(0, ...texts.map(decimalsOf))) : 0;
    const lengths = texts.map((text) => text.length + (decimals ? Math.max(0, decimals - decimalsOf(text)) : 0));
    const longest = lengths.sort((one, other) => one - other)[Math.floor(lengths.length * 0.95)] ?? 0; // but for a few
    const title = path.split(".").at(-1).length;
    const room = { id: 0.9, status: 5 }[path] ?? 3;
    if (path === "id" && narrow.matches) return { decimals, width: `${Math.min(ENDING + 3, longest + 2)}ch` };
    return { decimals, width: `${Math.min(34, Math.max(6, title + 3, longest + room))}ch` };
  });
  const all = [MARK, ...columns.map(({ width }) => width)];
  return { text: `${all.join(" ")} 1fr`, width: `calc(${all.join(" + ")})`, decimals: columns.map(({ decimals }) => decimals) };
}

const decimalsOf = (text) => /\.(\d+)$/.exec(text)?.[1].length ?? 0;

/** Write a number so that its point stands below those of the others: spaces as wide as digits fill it up. */
function aligned(text, decimals) {
  if (!decimals || !/\d$/.test(text) || /e/.test(text)) return text;
  const own = decimalsOf(text);
  return own >= decimals ? text : text + (own ? "" : "\u2008") + "\u2007".repeat(decimals - own);
}

function isNumeric(path) {
  const types = byPath.peek().get(path)?.types ?? [];
  return types.length > 0 && types.every((type) => ["int", "double", "null"].includes(type)) && !types.every((type) => type === "null");
}

const canSort = (path) => path !== "id" && (byPath.peek().get(path)?.types ?? []).some((type) => ["int", "double"].includes(type));

function sortBy(path) {
  const { sort } = state.peek();
  if (sort?.by !== path) go({ sort: { by: path, ascending: false } });
  else go({ sort: sort.ascending ? null : { by: path, ascending: true } });
}

function Head({ paths }) {
  const { sort } = use(state);
  return html`
    <div role="rowgroup" class="head">
      <div role="row" class="row" aria-rowindex="1">
        <div role="columnheader" class="cell mark"><span class="hidden">Compare</span></div>
        ${paths.map((path) => {
          const parts = path.split(".");
          const name = parts.pop();
          const direction = sort?.by === path ? (sort.ascending ? "ascending" : "descending") : undefined;
          const isUnique = parts[0] === "results" && !paths.some((other) => other !== path && other.split(".").at(-1) === name);
          const within = parts.length > 0 && !isUnique && html`<small>${parts.join(".")}.</small>`;
          return html`
            <div role="columnheader" key=${path} class="cell ${isNumeric(path) ? "number" : ""}" aria-sort=${direction} title=${path}>
              ${canSort(path)
                ? html`<button class="plain" onClick=${() => sortBy(path)}>
                    ${within}${name}${direction && html`<i class="direction">${direction === "ascending" ? "↑" : "↓"}</i>`}
                  </button>`
                : html`<span>${within}${name}</span>`}
            </div>
          `;
        })}
      </div>
    </div>
  `;
}

function Cell({ row, path, decimals }) {
  const value = valueAt(row, path);
  const kind = kindOf(value);
  if (path === "status") {
    return html`<div role="gridcell" class="cell status ${value === "failure" ? "failure" : ""}"><span>${short(value)}</span></div>`;
  }
  const isNumber = kind === "number" && path !== "creation" && path !== "start" && path !== "stop";
  const isOdd = kind === "null" || (isNumber && !Number.isFinite(Number(whole(value))));
  const classes = `cell ${isNumber ? "number" : ""} ${path === "id" ? "id" : ""} ${isOdd ? "faint" : ""}`;
  if (path === "id" && narrow.matches) return html`<div role="gridcell" class=${classes} title=${value}>${ending(value)}</div>`;
  const text = isNumber ? aligned(short(value, path), decimals) : short(value, path);
  const title = kind === "document" || kind === "list" ? text : whole(value);
  return html`<div role="gridcell" class=${classes} title=${title.length > 500 ? `${title.slice(0, 500)}…` : title}>${text}</div>`;
}

/** On a phone, ids are told apart by how they end. */
const ending = (id) => (id.length > ENDING + 1 ? `…${id.slice(-ENDING)}` : id);

function Row({ row, place, paths, decimals, isCursor, isChosen, isOpen }) {
  if (!row) {
    return html`
      <div role="row" id="row-${place}" class="row waiting" aria-rowindex=${place + 2}>
        <div role="gridcell" class="cell mark"></div>
        ${paths.map((path) => html`<div role="gridcell" key=${path} class="cell"><i></i></div>`)}
      </div>
    `;
  }
  const isLocked = valueAt(row, "results.locked") === true;
  const isNew = Date.now() - (row.touched ?? 0) < NEW;
  const classes = `row ${isCursor ? "cursor" : ""} ${isOpen ? "open" : ""} ${isNew ? "new" : ""} ${row.gone ? "gone" : ""}`;
  const onClick = () => {
    cursor.value = place;
    open(row.id);
  };
  return html`
    <div role="row" id="row-${place}" class=${classes} aria-rowindex=${place + 2} aria-selected=${isOpen} onClick=${onClick}>
      <div role="gridcell" class="cell mark" onClick=${(event) => event.stopPropagation()}>
        <input type="checkbox" tabindex="-1" checked=${isChosen} aria-label="Compare ${row.id}" onChange=${() => toggle(row.id)} />
        ${isLocked && html`<span class="lock" title="locked" role="img" aria-label="locked"></span>`}
      </div>
      ${paths.map((path, at) => html`<${Cell} key=${path} row=${row} path=${path} decimals=${decimals[at]} />`)}
    </div>
  `;
}

function Body({ rows, paths }) {
  use(rows.changed);
  const now = use(state);
  const at = use(cursor);
  const moved = use(moves);
  const [view, setView] = useState({ from: 0, to: 40 });
  const grid = useRef(null);
  const came = use(arrivals);
  const seen = useRef(came.at);

  // What comes before the rows in sight moves them down: the place is kept, but for who looks at the newest.
  useLayoutEffect(() => {
    if (seen.current === came.at) return;
    seen.current = came.at;
    if (grid.current.scrollTop > 0) {
      grid.current.scrollTop += came.number * ROW;
      cursor.value += came.number;
    }
  }, [came]);

  const look = () => {
    if (!grid.current) return;
    const { scrollTop, clientHeight } = grid.current;
    const from = Math.max(0, Math.floor(scrollTop / ROW) - AROUND);
    const to = Math.ceil((scrollTop + clientHeight) / ROW) + AROUND;
    setView((before) => (before.from === from && before.to === to ? before : { from, to }));
  };
  const waiting = useRef(0);
  const onScroll = () => {
    waiting.current ||= requestAnimationFrame(() => {
      waiting.current = 0;
      look();
    });
  };
  useLayoutEffect(look, [rows]);
  useEffect(() => {
    const observer = new ResizeObserver(look);
    observer.observe(grid.current);
    return () => observer.disconnect();
  }, []);
  useEffect(() => {
    const later = setTimeout(() => rows.want(view.from, view.to), 60);
    return () => clearTimeout(later);
  }, [rows, view, rows.length]);
  useEffect(() => {
    if (!moved) return;
    const top = at * ROW;
    const { scrollTop, clientHeight } = grid.current;
    if (top < scrollTop) grid.current.scrollTop = top;
    else if (top + 2 * ROW > scrollTop + clientHeight) grid.current.scrollTop = top + 2 * ROW - clientHeight;
  }, [moved]);

  const columns = useRef({ key: "", text: "", width: "max-content", decimals: [] });
  const key = `${paths.join("\n")}|${rows.loading}|${rows.asked.pipeline}`;
  if (columns.current.key !== key && !rows.loading) columns.current = { key, ...measured(paths, rows) };

  // The rows in sight follow each other, without a place of their own: a style for each would cost browsers far more.
  const drawn = [];
  for (let place = view.from; place < Math.min(view.to, rows.length); place += 1) {
    const row = rows.at(place);
    drawn.push(html`
      <${Row} key=${place % DRAWN} row=${row} place=${place} paths=${paths} decimals=${columns.current.decimals} isCursor=${place === at}
        isChosen=${row && now.compare.includes(row.id)} isOpen=${row && row.id === now.open} />
    `);
  }
  return html`
    <div class="grid" role="grid" id="grid" tabindex="0" ref=${grid} onScroll=${onScroll} aria-label="Results"
      aria-rowcount=${rows.length + 1} aria-colcount=${paths.length + 1} aria-multiselectable="true"
      aria-activedescendant=${rows.length && at >= view.from && at < view.to ? `row-${at}` : undefined}
      style=${{ "--columns": columns.current.text || `${MARK} repeat(${paths.length}, 12ch)`, "--width": columns.current.width }}>
      <${Head} paths=${paths} />
      <div role="rowgroup" class="body" style=${{ height: `${rows.length * ROW}px`, "padding-top": `${view.from * ROW}px` }}>${drawn}</div>
      ${!rows.loading && rows.length === 0 && !rows.error && html`<p class="notice">No result matches.</p>`}
      ${rows.error && html`<p class="notice wrong" role="alert">${rows.error.message}</p>`}
    </div>
  `;
}

export function Table() {
  const rows = use(rowsSignal);
  const paths = use(shown);
  const found = use(available);
  if (found.error) return html`<p class="notice wrong" role="alert">${found.error.message}</p>`;
  if (!rows || !paths) return html`<p class="notice">Loading …</p>`;
  return html`<${Body} rows=${rows} paths=${paths} />`;
}

/** How many results there are, in words. */
export function Count() {
  const rows = use(rowsSignal);
  return rows && html`<${Counted} rows=${rows} />`;
}

function Counted({ rows }) {
  use(rows.changed);
  if (rows.loading && !rows.total) return html`<span class="count">…</span>`;
  const number = rows.head.length + rows.total;
  const { sort } = rows.asked;
  const text = `${rows.exact ? "" : "at least "}${thousands(number)} ${number === 1 ? "result" : "results"}${sort ? ` with ${sort.by}` : ""}`;
  return html`
    <span class="count" role="status">
      ${rows.isCut ? `the ${sort.ascending ? "lowest" : "highest"} ${thousands(number)} by ${sort.by}` : text}
      ${number > MOST_ROWS && html`<em>, of which the first ${thousands(MOST_ROWS)} are shown</em>`}
      ${rows.isFull && html`<em>; more are coming: reload to see them</em>`}
    </span>
  `;
}
