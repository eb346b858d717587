// One result: its fields, its JSON, plots, products, history and lock.

import { ask, save, session } from "./api.js";
import { html, Notice, use, useEffect, useLoaded, useRef, useState } from "./dom.js";
import { kindOf, moment, numberOf, short, stringify, thousands, timeOf, whole } from "./format.js";
import { Gallery, Place } from "./gallery.js";
import { locking } from "./locking.js";
import { changed, rows } from "./model.js";
import { go, state } from "./state.js";
import { isCurve, Spark } from "./spark.js";
import { toggle } from "./table.js";

const TABS = [["fields", "Fields"], ["json", "JSON"], ["plots", "Plots"], ["products", "Products"], ["history", "History"]];
const METHODS = { update: "updated", delete_ids: "deleted", lock: "locked", unlock: "unlocked", drop_pipeline: "pipeline dropped" };
const ELSEWHERE = ["id", "pipeline", "status", "plots", "products"];
const SHORT = 8;
const MANY = 200;

export const close = () => {
  go({ open: "" });
  document.getElementById("grid")?.focus({ preventScroll: true });
};

function List({ value, path }) {
  if (value.some((each) => kindOf(each) === "document")) {
    return html`<${Fields} document=${Object.fromEntries(value.slice(0, MANY).map((each, at) => [at, each]))} path=${path} />`;
  }
  const text = stringify(value);
  if (value.length <= SHORT) return html`<span class="value list">${text}</span>`;
  return html`
    ${isCurve(value) && html`<${Spark} values=${value} />`}
    <details><summary>${thousands(value.length)} values</summary><span class="value list">${text}</span></details>
  `;
}

function Value({ value, path }) {
  const kind = kindOf(value);
  if (kind === "list" && value.length) return html`<${List} value=${value} path=${path} />`;
  const text = kind === "null" ? "null" : kind === "string" ? value : whole(value) || "[]";
  const time = kind === "number" ? timeOf(value, path) : "";
  return html`<span class="value ${kind}">${text}</span>${time && html` <small>${time} UTC</small>`}`;
}

function Fields({ document, path = "" }) {
  return html`
    <dl class="fields">
      ${Object.entries(document).map(([name, value]) => {
        const inner = path ? `${path}.${name}` : name;
        const isDeep = kindOf(value) === "document" && Object.keys(value).length > 0;
        return isDeep
          ? html`<div key=${name} class="deep"><dd><details open=${inner.startsWith("results")}><summary>${name}</summary><${Fields} document=${value} path=${inner} /></details></dd></div>`
          : html`<div key=${name}><dt>${name}</dt><dd><${Value} value=${value} path=${inner} /></dd></div>`;
      })}
    </dl>
  `;
}

/** What a pipeline has found comes first; documents that only describe how come last. */
function arranged(result) {
  const { results, ...others } = result;
  const entries = Object.entries(others).filter(([name]) => !ELSEWHERE.includes(name));
  const isDeep = ([, value]) => kindOf(value) === "document";
  return Object.fromEntries([["results", results], ...entries.filter((each) => !isDeep(each)), ...entries.filter(isDeep)]);
}

function Json({ result }) {
  const [said, setSaid] = useState("");
  const text = stringify(result, 2);
  const copy = () => navigator.clipboard.writeText(text).then(() => setSaid("Copied."), () => setSaid("The browser doesn't allow that: select the text."));
  return html`
    <p class="buttons"><button onClick=${copy}>Copy</button> <span class="hint" role="status">${said}</span></p>
    <pre tabindex="0" aria-label="The result as JSON">${text}</pre>
  `;
}

function Products({ products }) {
  const found = Array.isArray(products) ? products : [];
  if (!found.length) return html`<${Notice}>This result has no products.</${Notice}>`;
  return html`<ul class="places">${found.map((each, at) => html`<li key=${at}><${Place} where=${each} /></li>`)}</ul>`;
}

function History({ pipeline, id }) {
  const count = use(changed);
  const [pages, setPages] = useState([]);
  const load = (page, signal) => ask(`api/history?${new URLSearchParams({ pipeline, id, page })}`, undefined, signal);
  const { value, error, loading } = useLoaded((signal) => load("", signal), [pipeline, id, count]);
  useEffect(() => setPages([]), [pipeline, id, count]);
  if (error) return html`<${Notice} error=${error} />`;
  if (!value && loading) return html`<${Notice}>Loading …</${Notice}>`;
  const entries = [value, ...pages].flatMap((page) => page.entries);
  const more = [value, ...pages].at(-1).next_page;
  if (!entries.length) return html`<${Notice}>Nothing has been changed since this result was deposited.</${Notice}>`;
  return html`
    <ol class="history">
      ${entries.map(
        (entry, at) => html`
          <li key=${at}>
            <strong>${METHODS[entry.method] ?? entry.method}</strong>
            ${entry.caller && html` by <strong>${entry.caller}</strong>`}
            <time>${moment(numberOf(entry.time) * 1000)} UTC</time>
            ${entry.reason && html`<q>${entry.reason}</q>`}
            ${entry.fields.length > 0 && html`<small>${entry.fields.join(", ")}</small>`}
            ${entry.result_count > 1 && html`<small>with ${thousands(entry.result_count - 1)} others</small>`}
          </li>
        `,
      )}
    </ol>
    ${more && html`<button onClick=${() => load(more).then((page) => setPages([...pages, page]))}>Older changes</button>`}
  `;
}

/** Open the result that stands so many rows away from this one. */
function step(by) {
  const table = rows.peek();
  const { open } = state.peek();
  if (!table) return;
  for (let place = 0; place < table.length; place += 1) {
    if (table.at(place)?.id === open) {
      const next = table.at(place + by);
      if (next) go({ open: next.id }, { replace: true });
      return;
    }
  }
}

function Tabs({ tab, result }) {
  const number = { plots: result?.plots?.length, products: result?.products?.length };
  const onKeyDown = (event) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!by) return;
    event.preventDefault();
    event.stopPropagation();
    const names = TABS.map(([name]) => name);
    const next = names[(names.indexOf(tab) + by + names.length) % names.length];
    go({ tab: next }, { replace: true });
    document.getElementById(`tab-${next}`)?.focus();
  };
  return html`
    <div class="tabs" role="tablist" aria-label="Parts of the result" onKeyDown=${onKeyDown}>
      ${TABS.map(
        ([name, title]) => html`
          <button key=${name} id="tab-${name}" role="tab" class="plain" aria-selected=${tab === name} aria-controls="tab-panel" tabindex=${tab === name ? 0 : -1}
            onClick=${() => go({ tab: name }, { replace: true })}>${title}${number[name] ? html` <small>${number[name]}</small>` : ""}</button>
        `,
      )}
    </div>
  `;
}

export function Result() {
  const { pipeline, open: id, tab, compare } = use(state);
  const who = use(session);
  const count = use(changed);
  const panel = useRef(null);
  const { value, error, loading } = useLoaded((signal) => ask("api/result", { pipeline, id }, signal), [pipeline, id, count]);
  useEffect(() => panel.current?.focus({ preventScroll: true }), []);
  const result = value && value.id === id ? value : null;
  const isLocked = result?.results?.locked === true;
  const created = kindOf(result?.creation) === "date" ? short(result.creation) : timeOf(result?.creation, "creation");
  const [failure, setFailure] = useState(null);
  useEffect(() => setFailure(null), [pipeline, id]);
  const download = () => save({ pipeline, query: JSON.stringify({ id }), format: "jsonl" }).then(() => setFailure(null), setFailure);
  return html`
    <aside class="result" ref=${panel} tabindex="-1" aria-label="Result ${id}">
      <header>
        <h2 title=${id}>${isLocked && html`<span class="lock" role="img" aria-label="locked" title="locked"></span>`}${id}</h2>
        <div class="steps">
          <button class="plain" aria-label="Previous result" title="Previous (k)" onClick=${() => step(-1)}>↑</button>
          <button class="plain" aria-label="Next result" title="Next (j)" onClick=${() => step(1)}>↓</button>
          <button class="plain" aria-label="Close the result" title="Close (Esc)" onClick=${close}>×</button>
        </div>
      </header>
      ${result &&
      html`<p class="facts">
        <span class="status ${result.status === "failure" ? "failure" : ""}"><span>${short(result.status)}</span></span>
        ${result.creation !== undefined && html`<time>${created ? `${created} UTC` : short(result.creation)}</time>`}
        ${isLocked && html`<span>locked</span>`}
      </p>`}
      <p class="buttons">
        <button aria-pressed=${compare.includes(id)} onClick=${() => toggle(id)}>${compare.includes(id) ? "Don't compare" : "Compare"}</button>
        <button onClick=${download}>Download</button>
        ${who?.can_lock && result && html`<button onClick=${() => (locking.value = { lock: !isLocked, ids: [id] })}>${isLocked ? "Unlock …" : "Lock …"}</button>`}
      </p>
      ${failure && html`<${Notice} error=${failure} />`}
      <${Tabs} tab=${tab} result=${result} />
      <div class="contents" id="tab-panel" role="tabpanel" aria-labelledby="tab-${tab}" tabindex="0">
        ${error
          ? html`<${Notice} error=${error} />`
          : !result
            ? html`<${Notice}>${loading ? "Loading …" : ""}</${Notice}>`
            : tab === "json"
              ? html`<${Json} result=${result} />`
              : tab === "plots"
                ? html`<${Gallery} pipeline=${pipeline} result=${result} />`
                : tab === "products"
                  ? html`<${Products} products=${result.products} />`
                  : tab === "history"
                    ? html`<${History} pipeline=${pipeline} id=${id} />`
                    : html`<${Fields} document=${arranged(result)} />`}
      </div>
    </aside>
  `;
}
