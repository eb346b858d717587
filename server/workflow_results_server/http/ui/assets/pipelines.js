// The pipelines: how many results each has, how fast they come, and when the last one did.

import { askNumbers } from "./api.js";
import { html, Notice, use, useLoaded, useState } from "./dom.js";
import { ago, thousands } from "./format.js";
import { pipelines, pipelinesError } from "./model.js";
import { enter, state } from "./state.js";

const MANY = 12;
const RATED = 50;

function rateOf({ newest, per_minute: rate }) {
  if (newest === null || newest === undefined) return "";
  if (rate > 0) return `${rate >= 10 ? Math.round(rate) : Number(rate.toPrecision(2))}/min`;
  return ago(newest);
}

function describe({ newest, per_minute: rate }) {
  if (newest === undefined) return "";
  if (newest === null) return "its ids don't tell when results were made";
  return `newest result ${ago(newest)}; ${rate} a minute in the last hour`;
}

export function Pipelines({ onChosen }) {
  const found = use(pipelines);
  const error = use(pipelinesError);
  const { pipeline } = use(state);
  const [text, setText] = useState("");
  const matching = (found ?? []).filter(({ name }) => name.toLowerCase().includes(text.toLowerCase()));
  const names = matching.slice(0, RATED).map(({ name }) => name);
  const load = async (signal) => (names.length ? askNumbers("api/rates", { pipelines: names }, signal) : {});
  const rates = useLoaded(load, [found, names.join()]).value ?? {};
  if (error && !found) return html`<${Notice} error=${error} />`;
  if (!found) return html`<${Notice}>Loading …</${Notice}>`;
  if (!found.length && !error) return html`<${Notice}>No results yet. They show up here when pipelines deposit them.</${Notice}>`;
  return html`
    ${error && html`<${Notice} error=${error} />`}
    ${found.length > MANY &&
    html`<input class="find" type="search" placeholder="Find a pipeline" aria-label="Find a pipeline" value=${text}
      onInput=${(event) => setText(event.target.value)} />`}
    <ul class="pipelines">
      ${matching.map(
        (each) => html`
          <li key=${each.name}>
            <button class="plain" aria-current=${each.name === pipeline ? "page" : undefined} title=${describe(rates[each.name] ?? {})}
              onClick=${() => {
                enter(each.name);
                onChosen?.();
              }}>
              <span class="name">${each.name}</span>
              <span class="count">${thousands(each.count)}</span>
              <span class="rate ${rates[each.name]?.per_minute > 0 ? "running" : ""}">${rateOf(rates[each.name] ?? {})}</span>
            </button>
          </li>
        `,
      )}
    </ul>
    ${found.length > 0 && !matching.length && html`<${Notice}>No pipeline has such a name.</${Notice}>`}
  `;
}
