import { invalid } from "./errors.js";
import { shown } from "./settings.js";

/** Ends what is under way when one of several signals says so. It has no listeners left on them once it is disposed. */
export class Cancellation {
  /** Aborts when one of the signals does, with its reason. */
  readonly signal: AbortSignal;
  readonly #controller = new AbortController();
  readonly #signals: readonly AbortSignal[];
  readonly #abort: (event: Event) => void;

  constructor(...signals: (AbortSignal | undefined)[]) {
    signals.forEach(checkSignal);
    this.signal = this.#controller.signal;
    this.#abort = ({ target }) => {
      this.#controller.abort((target as AbortSignal).reason);
    };
    this.#signals = signals.filter((each) => each !== undefined);
    for (const signal of this.#signals) {
      if (signal.aborted) {
        this.#controller.abort(signal.reason);
      }
      signal.addEventListener("abort", this.#abort);
    }
  }

  /** Abort, for a reason of one's own. */
  abort(reason: unknown): void {
    this.#controller.abort(reason);
  }

  /** Take the listeners off. */
  dispose(): void {
    for (const signal of this.#signals) {
      signal.removeEventListener("abort", this.#abort);
    }
  }
}

/** Check the signal of a caller, of whatever realm its class is. */
export function checkSignal(signal: AbortSignal | undefined): void {
  if (signal !== undefined && typeof (signal as Partial<AbortSignal> | null)?.addEventListener !== "function") {
    throw invalid(`signal must be an AbortSignal, not ${shown(signal)}`);
  }
}

/**
 * Cancel a call when a signal aborts, at once if it has.
 *
 * @returns What ends that.
 */
export function cancelOn(signal: AbortSignal, call: { cancel(): void }): () => void {
  const cancel = (): void => {
    call.cancel();
  };
  signal.addEventListener("abort", cancel);
  if (signal.aborted) {
    cancel();
  }
  return () => {
    signal.removeEventListener("abort", cancel);
  };
}
