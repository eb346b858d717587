// What is looked at: the pipelines, the columns of the one that is open, and its rows, as the state asks for them.

import { ask } from "./api.js";
import { computed, effect, signal } from "./dom.js";
import { Rows } from "./rows.js";
import { go, state } from "./state.js";

const FIRST = ["id", "event", "status"];
const LAST = ["creation", "start", "stop", "attempt", "site", "user", "tags", "plots", "products", "pipeline"];
const ASIDE = ["parameters", "config", "notify"];
const SHOWN_RESULTS = 9;
const SHORT_LIST = 6;
const LONG_TEXT = 60;
const ALWAYS = ["id", "status", "results.locked"];

/** The pipelines, by name, with counts and rates; null until they are known. */
export const pipelines = signal(null);
export const pipelinesError = signal(null);

/** The columns that the open pipeline could be shown in. */
export const available = signal({ columns: [], loading: true, error: null, pipeline: "" });

let counts = null;

function loadPipelines() {
  counts = ask("api/pipelines").then(
    (found) => {
      pipelines.value = found.pipelines;
      pipelinesError.value = null;
      return found.pipelines;
    },
    (error) => {
      pipelinesError.value = error;
      return [];
    },
  );
  return counts;
}

function ordered(columns) {
  const rank = ({ path }) => {
    const [top] = path.split(".");
    if (FIRST.includes(path)) return FIRST.indexOf(path);
    if (top === "results") return 10;
    if (LAST.includes(top)) return 30 + LAST.indexOf(top);
    return ASIDE.includes(top) ? 50 + ASIDE.indexOf(top) : 20;
  };
  return [...columns].sort((one, other) => rank(one) - rank(other));
}

/** Whether a column is shown unless somebody says otherwise: it tells results apart, and has room in a cell. */
export function isTelling(column) {
  const isLong = column.longest > (column.types.includes("list") ? SHORT_LIST : LONG_TEXT);
  return !column.empty && !column.constant && !isLong && column.path !== "results.locked";
}

function usual(columns) {
  const telling = columns.filter(isTelling).map(({ path }) => path);
  const found = telling.filter((path) => path.startsWith("results.")).slice(0, SHOWN_RESULTS);
  const others = ["creation", "site", "user", "tags"].filter((path) => telling.includes(path));
  return [...new Set(["id", ...FIRST.filter((path) => telling.includes(path)), ...found, ...others])];
}

const storedAs = (pipeline) => `columns:${pipeline}`;

function remembered(pipeline) {
  try {
    const paths = JSON.parse(localStorage.getItem(storedAs(pipeline)));
    return Array.isArray(paths) && paths.every((path) => typeof path === "string") ? paths : null;
  } catch {
    return null;
  }
}

/** Choose the columns; null goes back to the usual ones. */
export function choose(paths) {
  const { pipeline } = state.peek();
  try {
    if (paths) localStorage.setItem(storedAs(pipeline), JSON.stringify(paths));
    else localStorage.removeItem(storedAs(pipeline));
  } catch {
    // Where nothing can be kept, the address still holds them.
  }
  go({ columns: paths }, { replace: true });
}

/** The paths of the columns that are shown. */
export const shown = computed(() => {
  const { pipeline, columns } = state.value;
  const found = available.value;
  if (columns?.length) return columns;
  if (found.pipeline !== pipeline || found.loading) return null;
  return remembered(pipeline) ?? usual(found.columns);
});

/** Columns by their paths. */
export const byPath = computed(() => new Map(available.value.columns.map((column) => [column.path, column])));

export const numeric = computed(() =>
  available.value.columns.filter(({ types }) => types.some((type) => ["int", "double", "date"].includes(type))),
);

let aborting = new AbortController();

async function loadColumns(pipeline) {
  aborting.abort();
  aborting = new AbortController();
  available.value = { columns: [], loading: true, error: null, pipeline };
  try {
    const found = await ask("api/columns", { pipeline }, aborting.signal);
    available.value = { ...found, columns: ordered(found.columns), loading: false, error: null, pipeline };
  } catch (error) {
    if (error.name !== "AbortError") available.value = { columns: [], loading: false, error, pipeline };
  }
}

/** The rows of the table; null while it is not known what they hold. */
export const rows = signal(null);

const asked = computed(() => {
  const { pipeline, query, sort } = state.value;
  const paths = shown.value;
  if (!pipeline || !paths) return "";
  const fields = [...new Set([...ALWAYS, ...paths])];
  return JSON.stringify({ pipeline, query, sort, fields });
});

async function countOf(pipeline) {
  const found = (await counts)?.find((each) => each.name === pipeline);
  return found?.count ?? 0;
}

/** Counts the changes of what is shown whole, so that it is loaded again. */
export const changed = signal(0);

/** Load the rows again, as they are now, and the columns if they could not be loaded. */
export function reload() {
  const { error, pipeline: named } = available.peek();
  if (error && named === state.peek().pipeline) loadColumns(named);
  else loadRows();
}

function loadRows() {
  const before = rows.peek();
  before?.close();
  const text = asked.peek();
  const wanted = text && JSON.parse(text);
  const isSame = before && wanted && ["pipeline", "query"].every((name) => before.asked[name] === wanted[name]);
  rows.value = wanted ? new Rows(wanted, () => countOf(wanted.pipeline), isSame && !before.asked.sort ? before : null) : null;
}

const pipeline = computed(() => state.value.pipeline);

/** Follow the state, once it is known who is looking. */
export function begin() {
  loadPipelines();
  effect(() => {
    if (pipeline.value) loadColumns(pipeline.value);
  });
  effect(() => {
    asked.value;
    loadRows();
  });
  setInterval(() => document.hidden || loadPipelines(), 10000);
}
