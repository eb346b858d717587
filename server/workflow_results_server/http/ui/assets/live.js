// The live tail: changes of the open pipeline as they are made. One stream, and none while nobody looks.

import { lines, list } from "./api.js";
import { computed, effect, signal } from "./dom.js";
import { changed, reload, rows } from "./model.js";
import { state } from "./state.js";

const SILENCE = 40000; // the server says something every 15 s
const ENDS = { 400: "wrong", 401: "refused", 403: "refused" };
const PAUSES = [500, 1000, 2000, 5000, 10000];

/** Whether changes are coming: "off", "connecting", "on", "broken" or, where none will come, "refused" or "wrong"; and why. */
export const live = signal({ status: "off", problem: "" });

/** Tells the table that so many rows have come before all others. */
export const arrivals = signal({ number: 0, at: 0 });

let aborting = null;

/** How far the last stream has come: one that asks for the same goes on there. */
let last = { asked: "", token: "" };

function stop() {
  aborting?.abort();
  aborting = null;
}

async function follow(text) {
  const asked = JSON.parse(text);
  const own = new AbortController();
  aborting = own;
  const { signal: end } = own;
  let token = last.asked === text ? last.token : "";
  let isNew = !token;
  let failures = 0;
  while (!end.aborted) {
    const attempt = new AbortController();
    const cancel = () => attempt.abort();
    end.addEventListener("abort", cancel);
    let silence = setTimeout(cancel, SILENCE);
    live.value = { status: failures ? "broken" : "connecting", problem: live.peek().problem };
    try {
      for await (const said of lines("api/watch", { ...asked, token }, attempt.signal)) {
        clearTimeout(silence);
        silence = setTimeout(cancel, SILENCE);
        if (end.aborted) break;
        token = said.token || token;
        last = { asked: text, token };
        failures = 0;
        if (isNew) catchUp(asked, end);
        isNew = false;
        if (live.peek().status !== "on") live.value = { status: "on", problem: "" };
        if (said.events.length) take(said);
      }
    } catch (error) {
      if (end.aborted) break;
      const isOld = token && (error.status === 400 || error.status === 409);
      const final = isOld ? "" : ENDS[error.status];
      live.value = { status: final || "broken", problem: error.message };
      if (final) break;
      if (isOld) {
        token = ""; // begin anew
        isNew = true;
        reload();
      }
    } finally {
      clearTimeout(silence);
      end.removeEventListener("abort", cancel);
    }
    if (end.aborted) break;
    await new Promise((resolve) => setTimeout(resolve, PAUSES[Math.min(failures, PAUSES.length - 1)]));
    failures += 1;
  }
}

/** Take in what has come after the table was loaded, and before the stream began. */
async function catchUp(asked, end) {
  const table = rows.peek();
  await table.ready;
  const newest = await list("api/results", { ...asked, limit: 100 }, end).catch(() => []);
  if (end.aborted || table !== rows.peek() || table.error) return;
  const events = newest.filter(({ id }) => table.isNewer(id)).map(({ id }, at) => ({ kind: "deposited", id, result: at }));
  if (events.length) take({ events, results: newest });
}

function take(said) {
  if (said.events.some(({ id }) => id === state.peek().open)) changed.value += 1;
  const table = rows.peek();
  if (!table) return;
  let number = 0;
  for (const event of said.events) number += table.take(event, said.results[event.result]);
  if (number) arrivals.value = { number, at: arrivals.peek().at + 1 };
  table.tell();
}

const visible = signal(!document.hidden);
document.addEventListener("visibilitychange", () => {
  visible.value = !document.hidden;
});

const wanted = computed(() => {
  const table = rows.value;
  if (!state.value.live || !visible.value || !table) return "";
  const { pipeline, query, fields } = table.asked;
  return JSON.stringify({ pipeline, query, fields });
});

export function begin() {
  effect(() => {
    const asked = wanted.value;
    stop();
    if (asked) follow(asked);
    else live.value = { status: "off", problem: "" };
  });
}
