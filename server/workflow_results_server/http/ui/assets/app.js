// The page: who is looking, what at, and its parts around that.

import { loadSession, logOut, session } from "./api.js";
import { choosing, Columns } from "./columns.js";
import { Chart } from "./chart.js";
import { Compare } from "./compare.js";
import { html, render, signal, use, useEffect } from "./dom.js";
import { exporting, Exporting } from "./exporting.js";
import { Filters } from "./filters.js";
import { comparing, Help, helping, listen } from "./keys.js";
import { begin as beginLive, live } from "./live.js";
import { Locking } from "./locking.js";
import { loggingIn, Login } from "./login.js";
import { begin, pipelines, reload } from "./model.js";
import { Pipelines } from "./pipelines.js";
import { Result } from "./result.js";
import { go, state } from "./state.js";
import { Count, Table } from "./table.js";

const VIEWS = [["table", "Table"], ["scatter", "Scatter"], ["histogram", "Histogram"]];
const LIVE = { off: "Live", connecting: "Connecting …", on: "Live", broken: "Reconnecting …", refused: "Not allowed", wrong: "Wrong query" };

const failure = signal(null);
const drawer = signal(false);

function Who() {
  const who = use(session);
  if (who.open) return html`<span class="who hint">no login needed</span>`;
  return html`
    <span class="who"><strong>${who.caller}</strong> <small>${who.role}</small>
      ${who.anonymous
        ? html`<button class="plain" onClick=${() => (loggingIn.value = true)}>Log in</button>`
        : html`<button class="plain" onClick=${logOut}>Log out</button>`}
    </span>
  `;
}

function Top() {
  const { pipeline } = use(state);
  const isOpen = use(drawer);
  return html`
    <header class="top">
      <button class="plain menu" aria-expanded=${isOpen} aria-label="Pipelines" onClick=${() => (drawer.value = !isOpen)}>☰</button>
      <h1><a href="#" onClick=${() => (drawer.value = false)}>Workflow Results</a></h1>
      ${pipeline && html`<span class="crumb">${pipeline}</span>`}
      <span class="space"></span>
      <${Who} />
      <button class="plain" aria-label="Keyboard help" title="Keyboard (?)" onClick=${() => (helping.value = true)}>?</button>
    </header>
  `;
}

function Tools() {
  const now = use(state);
  const { status, problem } = use(live);
  const isComparing = use(comparing);
  const number = now.compare.length;
  return html`
    <div class="tools">
      <div class="views" role="group" aria-label="View">
        ${VIEWS.map(
          ([name, title]) => html`<button key=${name} aria-pressed=${now.view === name && !isComparing} onClick=${() => {
            comparing.value = false;
            go({ view: name });
          }}>${title}</button>`,
        )}
      </div>
      <${Count} />
      <span class="space"></span>
      ${number > 0 && html`<button class="main" aria-pressed=${isComparing} onClick=${() => (comparing.value = true)}>Compare ${number}</button>`}
      ${number > 0 && html`<button aria-label="Choose none" onClick=${() => {
        comparing.value = false;
        go({ compare: [] }, { replace: true });
      }}>×</button>`}
      <button class="live ${status}" aria-pressed=${now.live} title=${problem || "Show results as they arrive (l)"} onClick=${() => go({ live: !now.live }, { replace: true })}>
        <i></i>${LIVE[status]}
      </button>
      <button onClick=${reload} title="Load again">Reload</button>
      <button onClick=${() => (choosing.value = true)} title="Choose columns (v)">Columns</button>
      <button onClick=${() => (exporting.value = true)} title="Export all that match (e)">Export</button>
    </div>
  `;
}

function Welcome() {
  const found = use(pipelines);
  return html`
    <div class="welcome">
      <h2>${found?.length ? "Choose a pipeline" : "No results yet"}</h2>
      <p>${found?.length ? "Its results are shown here, newest first." : "They show up here when pipelines deposit them."}</p>
    </div>
  `;
}

function Main() {
  const { pipeline, view, compare } = use(state);
  const isComparing = use(comparing) && compare.length > 0;
  if (!pipeline) return html`<main class="main-part"><${Welcome} /></main>`;
  return html`
    <main class="main-part">
      <${Tools} />
      <${Filters} />
      ${isComparing ? html`<${Compare} onClose=${() => (comparing.value = false)} />` : view === "table" ? html`<${Table} />` : html`<${Chart} />`}
    </main>
  `;
}

function Page() {
  const { pipeline, open } = use(state);
  const isDrawn = use(drawer);
  useEffect(() => {
    document.title = pipeline ? `${pipeline} - Workflow Results` : "Workflow Results";
  }, [pipeline]);
  return html`
    <${Top} />
    <div class="parts ${open ? "with-result" : ""}">
      <nav class="side ${isDrawn || !pipeline ? "drawn" : ""}" aria-label="Pipelines"><${Pipelines} onChosen=${() => (drawer.value = false)} /></nav>
      <${Main} />
      ${open && html`<${Result} />`}
    </div>
    <${Columns} /><${Exporting} /><${Locking} /><${Help} />
  `;
}

let begun = false;

function App() {
  const who = use(session);
  const error = use(failure);
  const isLoggingIn = use(loggingIn);
  useEffect(() => {
    if (who && !who.problem && !begun) {
      begun = true;
      begin();
      beginLive();
    }
  }, [who]);
  if (error) return html`<p class="notice wrong" role="alert">${error.message}</p>`;
  if (!who) return html`<p class="notice">Loading …</p>`;
  return who.problem || isLoggingIn ? html`<${Login} />` : html`<${Page} />`;
}

comparing.value = state.peek().compare.length > 1;
listen();
const root = document.getElementById("app");
root.replaceChildren();
render(html`<${App} />`, root);
loadSession().catch((error) => {
  failure.value = error;
});
