// Lock and unlock: the only changes that can be made here, each with a question that names what happens.

import { ask } from "./api.js";
import { Dialog, html, signal, use, useState } from "./dom.js";
import { thousands } from "./format.js";
import { changed, reload } from "./model.js";
import { state } from "./state.js";

const NAMED = 5;

/** What is to be confirmed: `{lock, ids}`; null for nothing. */
export const locking = signal(null);

export function Locking() {
  const asked = use(locking);
  return asked && html`<${Question} ...${asked} />`;
}

function Question({ lock, ids }) {
  const { pipeline, live } = use(state);
  const [reason, setReason] = useState("");
  const [error, setError] = useState(null);
  const [busy, setBusy] = useState(false);
  const close = () => (locking.value = null);
  const what = ids.length === 1 ? "this result" : `these ${thousands(ids.length)} results`;
  const change = async (event) => {
    event.preventDefault();
    const reason = new FormData(event.target).get("reason");
    setBusy(true);
    setError(null);
    try {
      await ask(`api/${lock ? "lock" : "unlock"}`, { pipeline, ids, reason });
      changed.value += 1;
      if (!live) reload();
      close();
    } catch (failure) {
      setError(failure);
      setBusy(false);
    }
  };
  return html`
    <${Dialog} title=${lock ? `Lock ${what}?` : `Unlock ${what}?`} onClose=${close}>
      <form onSubmit=${change}>
        <p>
          ${lock
            ? "While locked, a result can be neither updated nor deleted by anyone. It can be unlocked again."
            : "Unlocked, a result can be updated and deleted by everyone who may do that in this pipeline."}
          ${" "}The change and its reason stand in the history.
        </p>
        <ul class="named">
          ${ids.slice(0, NAMED).map((id) => html`<li key=${id}><code>${pipeline}</code> <code>${id}</code></li>`)}
          ${ids.length > NAMED && html`<li>and ${thousands(ids.length - NAMED)} others</li>`}
        </ul>
        <label>Reason
          <input name="reason" value=${reason} maxlength="1000" placeholder=${lock ? "published" : "wrong calibration"} onInput=${(event) => setReason(event.target.value)} autofocus />
        </label>
        ${error && html`<p class="wrong" role="alert">${error.message}${error.refusals.length ? html`: ${error.refusals.slice(0, NAMED).map((each) => `${each.id} (${each.reason.toLowerCase().replace("_", " ")})`).join(", ")}` : ""}</p>`}
        <div class="buttons">
          <button type="submit" class="main" disabled=${busy}>${lock ? "Lock" : "Unlock"}</button>
          <button type="button" onClick=${close}>Cancel</button>
        </div>
      </form>
    </${Dialog}>
  `;
}
