// Filters: the conditions of the query one by one, a way to add others, and the whole query as JSON.

import { ask } from "./api.js";
import { html, Notice, signal, use, useLayoutEffect, useLoaded, useRef, useState } from "./dom.js";
import { numberOf, parse, short, stringify, thousands } from "./format.js";
import { available, byPath } from "./model.js";
import { added, conditionOf, conditionsOf, OPERATORS, replaced, textOf, wording } from "./query.js";
import { go, state } from "./state.js";

const WITHOUT_VALUE = ["$exists", "$missing"];
const TIMES = ["creation", "start", "stop"];

/** Which editor is open: "" for none, "add" or "json". */
export const editing = signal("");

export const setQuery = (query) => go({ query, open: "" });

/** Dates of works are seconds, unless a pipeline stores dates. */
function fitted(condition, path) {
  const types = byPath.peek().get(path)?.types ?? [];
  if (!TIMES.includes(path) || types.includes("date")) return condition;
  const seconds = (value) => (value?.$date ? numberOf(value) : value);
  const value = condition[path];
  if (value?.$date) return { [path]: seconds(value) };
  if (value === null || typeof value !== "object") return condition;
  return { [path]: Object.fromEntries(Object.entries(value).map(([name, each]) => [name, seconds(each)])) };
}

function Values({ path, onChosen }) {
  const { pipeline, query } = use(state);
  const { value, error, loading } = useLoaded((signal) => ask("api/values", { pipeline, query, field: path }, signal), [path, pipeline, query]);
  if (error) return html`<${Notice} error=${error} />`;
  if (loading && !value) return html`<p class="hint">Counting values …</p>`;
  return html`
    <ul class="values" aria-label="Values of ${path}">
      ${value.values.map(
        (each) => html`
          <li key=${stringify(each.value)}>
            <button type="button" class="plain" onClick=${() => onChosen(each.value)}>
              <span>${short(each.value, path) || "“”"}</span> <span class="count">${thousands(numberOf(each.count))}</span>
            </button>
          </li>
        `,
      )}
    </ul>
    ${value.has_more && html`<p class="hint">Only the most frequent values are shown.</p>`}
  `;
}

function Adder({ onDone }) {
  const found = use(available);
  const { query } = use(state);
  const [path, setPath] = useState("");
  const [operator, setOperator] = useState("=");
  const [text, setText] = useState("");
  const field = useRef(null);
  useLayoutEffect(() => field.current.focus(), []); // at once: the next key is meant for it
  const types = use(byPath).get(path)?.types ?? [];
  const isCounted = types.length > 0 && path !== "id" && !types.includes("double") && operator === "=";
  const add = (event) => {
    event.preventDefault();
    // As it stands in the form: who types fast is ahead of what was drawn last.
    const given = new FormData(event.target);
    const path = given.get("path").trim();
    const text = given.get("text") ?? "";
    if (!path || (!text && !WITHOUT_VALUE.includes(operator))) return;
    setQuery(added(query, fitted(conditionOf(path, operator, text), path)));
    onDone();
  };
  return html`
    <form class="adder" onSubmit=${add} aria-label="Add a filter">
      <label>Field
        <input ref=${field} name="path" list="paths" value=${path} spellcheck=${false} autocomplete="off" placeholder="results.dm" onInput=${(event) => setPath(event.target.value.trim())} />
      </label>
      <datalist id="paths">${found.columns.map((each) => html`<option key=${each.path} value=${each.path}></option>`)}</datalist>
      <label>Condition
        <select value=${operator} onChange=${(event) => setOperator(event.target.value)}>
          ${OPERATORS.map(([name, shown]) => html`<option key=${name} value=${name}>${shown}</option>`)}
        </select>
      </label>
      ${!WITHOUT_VALUE.includes(operator) &&
      html`<label>Value
        <input name="text" value=${text} spellcheck=${false} autocomplete="off" placeholder=${TIMES.includes(path) ? "2025-06-01 12:00" : "12.5, text, true"} onInput=${(event) => setText(event.target.value)} />
      </label>`}
      <div class="buttons">
        <button type="submit" class="main">Add filter</button>
        <button type="button" onClick=${onDone}>Cancel</button>
      </div>
      ${isCounted && html`<${Values} path=${path} onChosen=${(value) => {
        setQuery(added(query, { [path]: value }));
        onDone();
      }} />`}
    </form>
  `;
}

function pretty(text) {
  try {
    return stringify(parse(text || "{}"), 2);
  } catch {
    return text;
  }
}

function Editor({ onDone }) {
  const { query } = use(state);
  const [text, setText] = useState(() => pretty(query));
  const [problem, setProblem] = useState("");
  const field = useRef(null);
  useLayoutEffect(() => field.current.focus(), []); // at once: the next key is meant for it
  const apply = (event) => {
    event?.preventDefault();
    const text = field.current.value;
    try {
      JSON.parse(text.trim() || "{}");
    } catch (error) {
      setProblem(`This is not JSON: ${error.message}`);
      return;
    }
    const trimmed = text.trim();
    setQuery(trimmed === "{}" ? "" : stringify(parse(trimmed || "{}")).replace(/^\{\}$/, ""));
    onDone();
  };
  const onKeyDown = (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) apply();
  };
  return html`
    <form class="adder" onSubmit=${apply} aria-label="The query as JSON">
      <label>Query, as JSON in MongoDB's query language
        <textarea ref=${field} rows="8" spellcheck=${false} value=${text} onInput=${(event) => setText(event.target.value)} onKeyDown=${onKeyDown}></textarea>
      </label>
      ${problem && html`<p class="wrong" role="alert">${problem}</p>`}
      <div class="buttons">
        <button type="submit" class="main">Apply</button>
        <button type="button" onClick=${onDone}>Cancel</button>
        <span class="hint">Ctrl+Enter applies</span>
      </div>
    </form>
  `;
}

const QUICK = [
  ["failed", { status: "failure" }],
  ["locked", { "results.locked": true }],
];
const SINCE = [["1 hour", 3600], ["24 hours", 86400], ["7 days", 604800], ["30 days", 2592000]];

function Quick({ query }) {
  const conditions = (conditionsOf(query) ?? []).map((each) => stringify(each));
  const since = (seconds) => {
    const time = { $date: new Date(Math.floor(Date.now() / 1000 - seconds) * 1000).toISOString() };
    setQuery(replaced(query, "creation", ...(seconds ? [fitted({ creation: { $gte: time } }, "creation")] : [])));
  };
  return html`
    ${QUICK.filter(([, condition]) => !conditions.includes(stringify(condition))).map(
      ([name, condition]) => html`<button key=${name} class="chip quick" onClick=${() => setQuery(added(query, condition))}>${name}</button>`,
    )}
    <select class="chip quick" aria-label="Made within" value="" onChange=${(event) => since(Number(event.target.value))}>
      <option value="" disabled hidden>made within</option>
      ${SINCE.map(([name, seconds]) => html`<option key=${name} value=${seconds}>${name}</option>`)}
    </select>
  `;
}

export function Filters() {
  const { query } = use(state);
  const open = use(editing);
  const conditions = conditionsOf(query);
  const close = () => {
    editing.value = "";
    document.getElementById("add-filter")?.focus();
  };
  const onKeyDown = (event) => {
    if (event.key === "Escape" && open) {
      event.stopPropagation();
      close();
    }
  };
  return html`
    <div class="filters" onKeyDown=${onKeyDown}>
      <div class="chips">
        ${conditions === null
          ? html`<span class="chip wrong">the query is no JSON document</span>`
          : conditions.map(
              (condition, at) => html`
                <span class="chip" key=${stringify(condition)}>
                  <button class="plain" title="Edit the query" onClick=${() => (editing.value = "json")}>${wording(condition)}</button>
                  <button class="plain remove" aria-label="Remove the filter ${wording(condition)}"
                    onClick=${() => setQuery(textOf(conditions.filter((_, other) => other !== at)))}>×</button>
                </span>
              `,
            )}
        <button id="add-filter" class="chip add" aria-expanded=${open === "add"} onClick=${() => (editing.value = open === "add" ? "" : "add")}>+ filter</button>
        ${conditions !== null && html`<${Quick} query=${query} />`}
        <button class="chip quick" aria-expanded=${open === "json"} onClick=${() => (editing.value = open === "json" ? "" : "json")}>JSON</button>
        ${query && html`<button class="chip quick" onClick=${() => setQuery("")}>clear</button>`}
      </div>
      ${open === "add" && html`<${Adder} onDone=${close} />`}
      ${open === "json" && html`<${Editor} onDone=${close} />`}
    </div>
  `;
}
