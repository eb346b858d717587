// What the page asks the server for. Tokens stay in a cookie that no script can read.

import { parse } from "./format.js";
import { signal } from "./dom.js";

/** Who is looking: `{caller, role, can_lock, open, problem, plots}`; null until that is known. */
export const session = signal(null);

/** A request was refused, or got no answer. */
class Failure extends Error {
  constructor(message, status = 0, body = {}) {
    super(message);
    this.status = status;
    this.reason = body.reason ?? "";
    this.refusals = body.refusals ?? [];
  }
}

async function fetched(path, body, signal) {
  const options = { signal };
  if (body) {
    options.method = "POST";
    options.body = JSON.stringify(body);
    options.headers = { "content-type": "application/json" };
  }
  let response;
  try {
    response = await fetch(`/ui/${path}`, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Failure("the server can't be reached: is it running?");
  }
  if (response.ok) return response;
  const said = await response.json().catch(() => ({}));
  if (response.status === 401 && path !== "login") loadSession();
  throw new Failure(said.message ?? `the server answered ${response.status}`, response.status, said);
}

/** Ask for one JSON document. */
export async function ask(path, body, signal) {
  const response = await fetched(path, body, signal);
  return parse(await response.text());
}

/** Ask for a document that holds plain numbers, many of them. */
export async function askNumbers(path, body, signal) {
  return (await fetched(path, body, signal)).json();
}

/** Ask for lines of JSON, and yield each as soon as it is there; a turn for the page is left between many. */
export async function* lines(path, body, signal) {
  const response = await fetched(path, body, signal);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  let turn = performance.now();
  try {
    for (;;) {
      const { done, value } = await reader.read().catch((error) => {
        throw error.name === "AbortError" ? error : new Failure("the answer broke off: load again");
      });
      if (done) break;
      const parts = (rest + value).split("\n");
      rest = parts.pop();
      for (const part of parts) {
        yield parse(part);
        if (performance.now() - turn > 12) {
          await new Promise((resolve) => setTimeout(resolve));
          turn = performance.now();
        }
      }
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

/** Ask for lines of JSON, and return them all. */
export async function list(path, body, signal) {
  const all = [];
  for await (const each of lines(path, body, signal)) all.push(each);
  return all;
}

export async function loadSession() {
  session.value = await ask("api/session");
}

export async function logIn(token) {
  await ask("login", { token });
  location.reload(); // with what this caller may see, and without what was refused before
}

export async function logOut() {
  await ask("logout", {});
  location.reload(); // so that nothing of it is left
}

/**
 * Let the browser save what a request answers, whatever its size: a form does that, fetch would hold it all.
 *
 * What is refused would be shown instead of the page, so that it is asked for one result before.
 */
export async function save(body) {
  const { pipeline, query } = body;
  await list("api/results", { pipeline, query, limit: 1 });
  const form = document.createElement("form");
  form.method = "post";
  form.action = "/ui/api/export";
  const field = document.createElement("input");
  field.type = "hidden";
  field.name = "request";
  field.value = JSON.stringify(body);
  form.append(field);
  document.body.append(form);
  form.submit();
  form.remove();
}

export const plotUrl = (pipeline, id, index) => `/ui/api/plot?${new URLSearchParams({ pipeline, id, index })}`;
