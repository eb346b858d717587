// The keyboard: everything can be done with it.

import { Dialog, html, signal, use } from "./dom.js";
import { choosing } from "./columns.js";
import { exporting } from "./exporting.js";
import { editing } from "./filters.js";
import { rows } from "./model.js";
import { close } from "./result.js";
import { go, state } from "./state.js";
import { cursor, moves, open, toggle } from "./table.js";

const PAGE = 20;

const KEYS = [
  ["j, ↓", "next result"],
  ["k, ↑", "previous result"],
  ["Enter", "open the result"],
  ["x, Space", "choose the result, to compare it"],
  ["c", "compare what is chosen"],
  ["Esc", "close what is open"],
  ["/", "add a filter"],
  ["q", "edit the query as JSON"],
  ["v", "choose columns"],
  ["e", "export"],
  ["t, s, h", "table, scatter, histogram"],
  ["l", "live tail on and off"],
  ["Home, End", "first and last result"],
  ["?", "this help"],
];

export const helping = signal(false);
/** Whether the comparison is shown instead of the table. */
export const comparing = signal(false);

export function Help() {
  const isOpen = use(helping);
  return (
    isOpen &&
    html`
      <${Dialog} title="Keyboard" onClose=${() => (helping.value = false)}>
        <dl class="keys">${KEYS.map(([key, what]) => html`<div key=${key}><dt>${key.split(", ").map((each) => html`<kbd>${each}</kbd>`)}</dt><dd>${what}</dd></div>`)}</dl>
      </${Dialog}>
    `
  );
}

function move(by) {
  const table = rows.peek();
  if (!table?.length) return;
  cursor.value = Math.max(0, Math.min(table.length - 1, cursor.peek() + by));
  moves.value += 1;
  const row = table.at(cursor.peek());
  if (state.peek().open && row) go({ open: row.id }, { replace: true });
}

const idAtCursor = () => rows.peek()?.at(cursor.peek())?.id;

function choose() {
  const id = idAtCursor();
  if (id) toggle(id);
}

function closeTop() {
  if (editing.peek()) editing.value = "";
  else if (state.peek().open) close();
  else if (comparing.peek()) comparing.value = false;
  else if (state.peek().compare.length) go({ compare: [] }, { replace: true });
}

const ACTIONS = {
  j: () => move(1),
  k: () => move(-1),
  ArrowDown: () => move(1),
  ArrowUp: () => move(-1),
  PageDown: () => move(PAGE),
  PageUp: () => move(-PAGE),
  Home: () => move(-Infinity),
  End: () => move(Infinity),
  Enter: () => open(idAtCursor()),
  x: choose,
  " ": choose,
  c: () => (comparing.value = state.peek().compare.length > 0),
  Escape: closeTop,
  "/": () => (editing.value = "add"),
  q: () => (editing.value = "json"),
  v: () => (choosing.value = true),
  e: () => (exporting.value = true),
  t: () => go({ view: "table" }),
  s: () => go({ view: "scatter" }),
  h: () => go({ view: "histogram" }),
  l: () => go({ live: !state.peek().live }, { replace: true }),
  "?": () => (helping.value = true),
};
const OF_THE_GRID = new Set(["ArrowDown", "ArrowUp", "PageDown", "PageUp", "Home", "End", "Enter", " "]);

export function listen() {
  addEventListener("keydown", (event) => {
    const { target } = event;
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    const isTyping = target.matches("input:not([type=checkbox]), textarea, select");
    if (isTyping && event.key !== "Escape") return;
    const isOnGrid = target.id === "grid" || target === document.body;
    if (OF_THE_GRID.has(event.key) && !isOnGrid) return;
    if (!state.peek().pipeline && event.key !== "?") return;
    const action = ACTIONS[event.key];
    if (!action) return;
    event.preventDefault();
    action();
    if (["j", "k"].includes(event.key) && !isOnGrid && !state.peek().open) document.getElementById("grid")?.focus();
  });
}
