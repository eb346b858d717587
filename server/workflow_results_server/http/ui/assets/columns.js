// The columns: which are shown, and in what order.

import { Dialog, html, signal, use, useState } from "./dom.js";
import { available, byPath, choose, isTelling, shown } from "./model.js";

export const choosing = signal(false);

function why(column) {
  if (column.empty) return "empty";
  if (column.constant) return "always the same";
  return column.types.filter((type) => type !== "null").join(", ");
}

function Chosen({ paths }) {
  const known = use(byPath);
  const [dragged, setDragged] = useState(null);
  const move = (from, to) => {
    if (to < 0 || to >= paths.length) return;
    const next = [...paths];
    next.splice(to, 0, ...next.splice(from, 1));
    choose(next);
  };
  const onKeyDown = (event, at) => {
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (!step || !event.altKey) return;
    event.preventDefault();
    move(at, at + step);
  };
  return html`
    <ol class="chosen" aria-label="Columns that are shown, in order">
      ${paths.map(
        (path, at) => html`
          <li key=${path} draggable="true" class=${dragged === at ? "dragged" : ""}
            onDragStart=${() => setDragged(at)} onDragOver=${(event) => event.preventDefault()}
            onDrop=${() => {
              move(dragged, at);
              setDragged(null);
            }}>
            <span class="name ${known.has(path) ? "" : "faint"}">${path}</span>
            <button class="plain" aria-label="Move ${path} up" disabled=${at === 0} onClick=${() => move(at, at - 1)} onKeyDown=${(event) => onKeyDown(event, at)}>↑</button>
            <button class="plain" aria-label="Move ${path} down" disabled=${at === paths.length - 1} onClick=${() => move(at, at + 1)} onKeyDown=${(event) => onKeyDown(event, at)}>↓</button>
            <button class="plain" aria-label="Leave out ${path}" disabled=${paths.length === 1} onClick=${() => choose(paths.filter((each) => each !== path))}>×</button>
          </li>
        `,
      )}
    </ol>
  `;
}

export function Columns() {
  const isOpen = use(choosing);
  return isOpen && html`<${Chooser} />`;
}

function Chooser() {
  const found = use(available);
  const paths = use(shown) ?? [];
  const [text, setText] = useState("");
  const others = found.columns.filter(({ path }) => !paths.includes(path) && path.toLowerCase().includes(text.toLowerCase()));
  const close = () => (choosing.value = false);
  return html`
    <${Dialog} title="Columns" wide onClose=${close}>
      <div class="chooser">
        <section>
          <h3>Shown</h3>
          <${Chosen} paths=${paths} />
          <button onClick=${() => choose(null)}>Back to the usual ones</button>
        </section>
        <section>
          <h3><label for="find-column">Others</label></h3>
          <input id="find-column" type="search" placeholder="Find a field" autofocus value=${text} onInput=${(event) => setText(event.target.value)} />
          <ul class="others" aria-label="Other columns">
            ${others.map(
              (column) => html`
                <li key=${column.path}>
                  <button class="plain ${isTelling(column) ? "" : "faint"}" onClick=${() => choose([...paths, column.path])}>
                    <span class="name">${column.path}</span> <small>${why(column)}</small>
                  </button>
                </li>
              `,
            )}
          </ul>
          <p class="hint">
            Fields of the newest ${found.sampled ?? 0} results.${found.has_more ? " There are more: type a path into a filter." : ""}
          </p>
        </section>
      </div>
    </${Dialog}>
  `;
}
