// Elements and signals: what all parts of the page are written with.

import { h } from "./vendor/preact.js";
import { useEffect, useLayoutEffect, useRef, useState } from "./vendor/hooks.js";
import htm from "./vendor/htm.js";

export { render } from "./vendor/preact.js";
export { useEffect, useLayoutEffect, useMemo, useRef, useState } from "./vendor/hooks.js";
export { batch, computed, effect, signal } from "./vendor/signals-core.js";

export const html = htm.bind(h);

/** Return the value of a signal, and draw the component again when it changes. */
export function use(signal) {
  const [value, set] = useState(signal.peek());
  useLayoutEffect(() => signal.subscribe((now) => set(() => now)), [signal]);
  return value;
}

/**
 * Load something, again whenever `what` changes; the answer to an older question is dropped.
 *
 * @returns {{value?: any, error?: Error, loading: boolean}}
 */
export function useLoaded(load, what) {
  const [found, set] = useState({ loading: true });
  useEffect(() => {
    const aborting = new AbortController();
    set((before) => ({ ...before, loading: true }));
    load(aborting.signal).then(
      (value) => aborting.signal.aborted || set({ value, loading: false }),
      (error) => aborting.signal.aborted || set({ error, loading: false }),
    );
    return () => aborting.abort();
  }, what);
  return found;
}

/** What is said instead of contents: while they load, or when they can't be shown. */
export function Notice({ error, children }) {
  if (error) return html`<p class="notice wrong" role="alert">${error.message}</p>`;
  return html`<p class="notice">${children}</p>`;
}

/** A dialog that is open for as long as it is drawn; Escape and a click beside it close it. */
export function Dialog({ title, onClose, children, wide }) {
  const element = useRef(null);
  useLayoutEffect(() => element.current.showModal(), []);
  const onClick = (event) => {
    if (event.target === event.currentTarget) onClose();
  };
  return html`
    <dialog ref=${element} class=${wide ? "wide" : ""} aria-label=${title} onClose=${onClose} onClick=${onClick}>
      <div class="dialog">
        <header>
          <h2>${title}</h2>
          <button class="plain" aria-label="Close" onClick=${onClose}>×</button>
        </header>
        ${children}
      </div>
    </dialog>
  `;
}
