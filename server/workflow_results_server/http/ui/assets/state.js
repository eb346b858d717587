// The whole state of the page, which stands in the address: whoever gets that sees the same.
//
// It stands behind `#`, so that it is sent to no server and stands in no log.

import { signal } from "./dom.js";

const EMPTY = {
  pipeline: "",
  query: "",
  columns: null,
  sort: null,
  view: "table",
  x: "",
  y: "",
  color: "",
  log: "",
  open: "",
  tab: "fields",
  compare: [],
  all: false,
  live: false,
};

export const state = signal(read());

function read() {
  const [path, search = ""] = location.hash.slice(1).split("?");
  const given = new URLSearchParams(search);
  const text = (name) => given.get(name) ?? "";
  const sort = text("sort");
  return {
    ...EMPTY,
    pipeline: decoded(path),
    query: text("query"),
    columns: given.has("column") ? given.getAll("column") : null,
    sort: sort ? { by: sort.slice(1), ascending: sort[0] === "+" } : null,
    view: ["scatter", "histogram"].includes(text("view")) ? text("view") : "table",
    x: text("x"),
    y: text("y"),
    color: text("color"),
    log: text("log"),
    open: text("open"),
    tab: text("tab") || "fields",
    compare: given.getAll("compare"),
    all: text("all") === "yes",
    live: text("live") === "yes",
  };
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return "";
  }
}

function written(now) {
  const search = new URLSearchParams();
  for (const name of ["query", "x", "y", "color", "log", "open"]) if (now[name]) search.set(name, now[name]);
  for (const column of now.columns ?? []) search.append("column", column);
  if (now.sort) search.set("sort", (now.sort.ascending ? "+" : "-") + now.sort.by);
  if (now.view !== "table") search.set("view", now.view);
  if (now.open && now.tab !== "fields") search.set("tab", now.tab);
  for (const id of now.compare) search.append("compare", id);
  if (now.all) search.set("all", "yes");
  if (now.live) search.set("live", "yes");
  const shown = search.toString();
  return `#${encodeURIComponent(now.pipeline)}${shown ? `?${shown}` : ""}`;
}

/** Change a part of the state; `replace` makes no step to go back to. */
export function go(changes, { replace = false } = {}) {
  const next = { ...state.peek(), ...changes };
  const address = written(next);
  if (address !== location.hash) history[replace ? "replaceState" : "pushState"](null, "", address);
  state.value = next;
}

/** Look at another pipeline, from the beginning. */
export function enter(pipeline) {
  go({ ...EMPTY, pipeline, live: state.peek().live });
}

addEventListener("popstate", () => {
  state.value = read();
});
