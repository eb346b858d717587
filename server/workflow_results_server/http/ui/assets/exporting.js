// Export: all results that match, not only those that have been loaded.

import { ask, save } from "./api.js";
import { Dialog, html, Notice, signal, use, useLoaded, useState } from "./dom.js";
import { numberOf, thousands } from "./format.js";
import { shown } from "./model.js";
import { state } from "./state.js";

export const exporting = signal(false);

export function Exporting() {
  return use(exporting) && html`<${Question} />`;
}

function Question() {
  const { pipeline, query } = use(state);
  const paths = use(shown) ?? ["id"];
  const [format, setFormat] = useState("csv");
  const [whole, setWhole] = useState(false);
  const { value, error } = useLoaded((signal) => ask("api/count", { pipeline, query }, signal), [pipeline, query]);
  const close = () => (exporting.value = false);
  const [failure, setFailure] = useState(null);
  const download = (event) => {
    event.preventDefault();
    save({ pipeline, query, format, fields: format === "csv" || !whole ? paths : [] }).then(close, setFailure);
  };
  const count = value && numberOf(value.count);
  return html`
    <${Dialog} title="Export ${pipeline}" onClose=${close}>
      <form onSubmit=${download}>
        ${error ? html`<${Notice} error=${error} />` : html`<p role="status">${value ? `All ${thousands(count)} results that match` : "Counting …"}</p>`}
        <fieldset>
          <legend>Format</legend>
          <label class="choice"><input type="radio" name="format" checked=${format === "csv"} onChange=${() => setFormat("csv")} />
            <span>CSV: the ${paths.length} columns of the table. Text that begins like a formula gets an apostrophe before it.</span></label>
          <label class="choice"><input type="radio" name="format" checked=${format === "jsonl"} onChange=${() => setFormat("jsonl")} />
            <span>JSON lines: MongoDB's Extended JSON, which keeps every type.</span></label>
          ${format === "jsonl" && html`<label class="choice inner"><input type="checkbox" checked=${whole} onChange=${(event) => setWhole(event.target.checked)} /> <span>whole results, not only the columns of the table</span></label>`}
        </fieldset>
        ${failure && html`<${Notice} error=${failure} />`}
        <div class="buttons">
          <button type="submit" class="main" disabled=${Boolean(error)}>Download</button>
          <button type="button" onClick=${close}>Cancel</button>
        </div>
      </form>
    </${Dialog}>
  `;
}
