// Logging in: with a token, which only the server and a cookie of the browser keep.

import { logIn, session } from "./api.js";
import { html, signal, use, useState } from "./dom.js";

/** Whether somebody who may look without a token shows one, to see or to do more. */
export const loggingIn = signal(false);

export function Login() {
  const { problem } = use(session);
  const [token, setToken] = useState("");
  const [error, setError] = useState("");
  const submit = async (event) => {
    event.preventDefault();
    try {
      await logIn(new FormData(event.target).get("token"));
    } catch (failure) {
      setError(failure.message);
    }
  };
  return html`
    <main class="login">
      <h1>Workflow Results</h1>
      <form onSubmit=${submit}>
        <label>Token
          <input type="password" name="token" autocomplete="current-password" placeholder="wr_…" value=${token} autofocus onInput=${(event) => setToken(event.target.value)} />
        </label>
        <p class="hint">An administrator creates one: <code>workflow-results token create NAME --role reader --pipelines 'frb-*'</code></p>
        <p class=${error ? "wrong" : "hint"} role=${error ? "alert" : undefined}>${error || problem}</p>
        <div class="buttons"><button type="submit" class="main" disabled=${!token}>Log in</button>
          ${!problem && html`<button type="button" onClick=${() => (loggingIn.value = false)}>Cancel</button>`}</div>
      </form>
    </main>
  `;
}
