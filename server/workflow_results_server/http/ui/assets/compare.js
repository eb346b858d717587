// Several results side by side: what differs, or all of it.

import { ask, session } from "./api.js";
import { html, Notice, use, useLoaded } from "./dom.js";
import { kindOf, numberOf, short, stringify, valueAt, whole } from "./format.js";
import { locking } from "./locking.js";
import { go, state } from "./state.js";
import { isCurve, Spark } from "./spark.js";
import { open, toggle } from "./table.js";

const MOST = 12;
const LONG = 400;
const VISIBLE = 0.01;

/** Return what is in a document, by paths, in which a name with a dot in it is quoted. */
function leaves(document, prefix = "") {
  return Object.entries(document).flatMap(([name, value]) => {
    const isDeep = kindOf(value) === "document" && Object.keys(value).length > 0;
    const path = prefix + (name.includes(".") ? JSON.stringify(name) : name);
    return isDeep ? leaves(value, `${path}.`) : [[path, value]];
  });
}

/** Return the paths of some results with their values; whether they differ; and the largest number, if bars show how. */
function compared(results) {
  const found = results.map((result) => new Map(leaves(result)));
  const paths = [...new Set(found.flatMap((each) => [...each.keys()]))];
  return paths.map((path) => {
    const values = results.map((result, at) => (found[at].has(path) ? found[at].get(path) : valueAt(result, path)));
    const differs = new Set(values.map((value) => (value === undefined ? "" : stringify(value)))).size > 1;
    const numbers = values.filter((value) => kindOf(value) === "number").map(numberOf);
    const areNumbers = numbers.length > 0 && values.every((value) => ["number", "missing", "null"].includes(kindOf(value)));
    const most = Math.max(...numbers.map(Math.abs));
    const spread = Math.max(...numbers) - Math.min(...numbers);
    return { path, values, differs, areNumbers, most: areNumbers && spread > most * VISIBLE ? most : 0 };
  });
}

function Bar({ value, most }) {
  const share = Math.abs(numberOf(value)) / most;
  return Number.isFinite(share) ? html`<i class="bar" style=${{ width: `${share * 100}%` }}></i>` : null;
}

function inWords(value, path) {
  if (value === undefined) return html`<em>missing</em>`;
  if (isCurve(value)) return html`<small>${value.length} values</small>`;
  const kind = kindOf(value);
  const text = ["document", "list", "null"].includes(kind) ? stringify(value) : whole(value);
  const time = ["creation", "start", "stop"].includes(path) ? html` <small>${short(value, path)}</small>` : "";
  return html`${text.length > LONG ? `${text.slice(0, LONG)}…` : text}${time}`;
}

export function Compare({ onClose }) {
  const { pipeline, compare, all } = use(state);
  const who = use(session);
  const ids = compare.slice(0, MOST);
  const load = (signal) => Promise.all(ids.map((id) => ask("api/result", { pipeline, id }, signal).catch((error) => ({ id, error }))));
  const { value, error, loading } = useLoaded(load, [pipeline, ids.join("\n")]);
  if (error) return html`<${Notice} error=${error} />`;
  if (!value || loading) return html`<${Notice}>Loading …</${Notice}>`;
  const missing = value.filter((result) => result.error instanceof Error);
  const results = value.filter((result) => !(result.error instanceof Error));
  const lines = compared(results);
  const drawn = lines.filter(({ path, differs }) => (all || differs) && path !== "id");
  const same = lines.length - 1 - lines.filter(({ path, differs }) => differs && path !== "id").length;
  return html`
    <section class="compare" aria-label="Comparison">
      <header>
        <h2>${results.length} results compared</h2>
        <label class="choice"><input type="checkbox" checked=${!all} onChange=${(event) => go({ all: !event.target.checked }, { replace: true })} /> <span>differences only</span></label>
        <span class="hint">${same} ${same === 1 ? "field is" : "fields are"} the same${compare.length > MOST ? `; of ${compare.length} results the first ${MOST} are compared` : ""}</span>
        <span class="space"></span>
        ${who?.can_lock && html`<button onClick=${() => (locking.value = { lock: true, ids: compare })}>Lock …</button>`}
        ${who?.can_lock && html`<button onClick=${() => (locking.value = { lock: false, ids: compare })}>Unlock …</button>`}
        <button onClick=${onClose}>Back to the table</button>
      </header>
      ${missing.map((each) => html`<${Notice} key=${each.id} error=${each.error} />`)}
      <div class="scroll" tabindex="0" role="region" aria-label="Values">
        <table>
          <thead>
            <tr>
              <th scope="col">field</th>
              ${results.map(
                (result) => html`<th scope="col" key=${result.id}>
                  <button class="plain id" onClick=${() => open(result.id)}>${result.id}</button>
                  <button class="plain remove" aria-label="Leave out ${result.id}" onClick=${() => toggle(result.id)}>×</button>
                </th>`,
              )}
            </tr>
          </thead>
          <tbody>
            ${drawn.map(
              ({ path, values, differs, areNumbers, most }) => html`
                <tr key=${path} class=${differs ? "differs" : ""}>
                  <th scope="row" title=${path}>${path}</th>
                  ${values.map((value, at) => html`<td key=${at} class=${areNumbers ? "number" : kindOf(value)}>
                    ${most > 0 && html`<${Bar} value=${value} most=${most} />`}
                    ${isCurve(value) && html`<${Spark} values=${value} />`}
                    <span>${inWords(value, path)}</span>
                  </td>`)}
                </tr>
              `,
            )}
          </tbody>
        </table>
        ${!drawn.length && html`<${Notice}>${results.length > 1 ? "These results have the same content." : "Choose another result to compare this one with."}</${Notice}>`}
      </div>
    </section>
  `;
}
